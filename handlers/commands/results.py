"""What the accounts earned and paid: profit, fills, the equity curve, fees."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from handlers.accounts import chosen
from handlers.context import Context
from handlers.curve import PAYMENTS, Curve, Sample, curve_of, payments_of, together
from handlers.drawings import EquityDrawing, FillMark
from handlers.figures import moment, money, number, price, signed, signed_percent
from handlers.literals import at_most
from handlers.reply import Reply, Table, Tone
from handlers.spec import Arg, command
from handlers.values import AccountName
from trading.instruments import ZERO, Side, Symbol
from trading.intent import AccountId, Mode
from trading.journal.queries import Columns
from trading.words import counted

Period = Literal["day", "week", "month", "all"]
PERIODS = {"day": "Today", "week": "This week", "month": "This month", "all": "Since the beginning"}
EVERY = 1_000_000  # fills, payments: all there are
FEWEST = 4  # samples of which a picture is made; a start has up to two, and there is one of now
MOST_DOTS = 40  # fills on a curve


def _since(ctx: Context, period: str) -> datetime:
    """When a period of the desk's calendar began: today, this Monday, the first of the month, or ever."""
    zone = ZoneInfo(ctx.desk.timezone)
    today = ctx.now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    starts = {
        "day": today,
        "week": today - timedelta(days=today.weekday()),
        "month": today.replace(day=1),
        "all": datetime(2000, 1, 1, tzinfo=zone),
    }
    return starts[period]


@command(group="account", private=True)
async def pnl(
    ctx: Context,
    period: Annotated[Period, Arg("Over which time")] = "day",
    *,
    account: Annotated[AccountName | None, Arg("Only this account")] = None,
) -> Reply:
    """Profit and loss, net of fees, by symbol."""
    valuation, rows, unpriced = ctx.desk.valuation, [], set()
    sums_of: dict[Mode, list[Decimal]] = {}
    for each in chosen(ctx, account):
        total = sums_of.setdefault(each.mode, [ZERO, ZERO, ZERO, ZERO])
        total[3] += ctx.desk.gate.day_pnl(each)
        fills = await ctx.desk.history.fills(account=each.name, mode=each.mode, since=_since(ctx, period), limit=EVERY)
        by_symbol: dict[str, list[Decimal]] = {}
        for fill in fills:
            sums = by_symbol.setdefault(fill["symbol"], [ZERO, ZERO, ZERO])
            sums[0] += fill["realized"]
            sums[1] += fill["fee_value"]
            sums[2] += 1
        for p in ctx.book.positions(each):
            by_symbol.setdefault(p.symbol, [ZERO, ZERO, ZERO])
        for symbol, (gained, paid, count) in sorted(by_symbol.items()):
            position = ctx.book.position(each, Symbol(symbol))
            unrealized = (valuation.unrealized(position) if position else None) or ZERO
            quote, rate = _quoted(ctx, each, symbol)
            if rate is None:
                unpriced.add(quote)
            for at, amount in enumerate((gained, paid, unrealized)):
                total[at] += amount * (rate or ZERO)
            unit = "" if quote == valuation.currency else quote
            rows.append(
                (str(each), symbol, signed(gained, unit), money(paid, unit), signed(unrealized, unit), str(count))
            )
    columns = ("Account", "Symbol", "Realized", "Fees", "Unrealized", "Fills")
    table = Table.of(columns, rows, ("Symbol", "Realized", "Fees", "Unrealized")) if rows else None
    lines = []
    for mode, (gained, paid, unrealized, today) in sums_of.items():
        which = f"{mode.upper()} " if len(sums_of) > 1 else ""  # paper money is not added to what is live
        lines.append(
            f"{which}{PERIODS[period]}: realized {signed(gained)} net of {money(paid)} fees,"
            f" unrealized {signed(unrealized)}\n{which}Equity today {signed(today, valuation.currency)}"
        )
    lines += [f"No price of {', '.join(sorted(unpriced))} in {valuation.currency}: not counted"] if unpriced else []
    profit = next((gained + open_ for _, (gained, _, open_, _) in sorted(sums_of.items())), ZERO)  # LIVE first
    return Reply("\n".join(lines), table=table, tone=Tone.BAD if profit < 0 else Tone.GOOD, private=True)


def _quoted(ctx: Context, account: AccountId, symbol: str) -> tuple[str, Decimal | None]:
    """What a symbol's profit and fees are counted in, with its worth in the desk's currency, if any market says."""
    instrument = ctx.book.instrument(account, Symbol(symbol))
    quote = instrument.quote if instrument else ctx.desk.valuation.currency
    return quote, ctx.desk.valuation.rate(account, quote)


@command(group="account", private=True)
async def trades(
    ctx: Context,
    count: Annotated[int, Arg("How many")] = 10,
    *,
    account: Annotated[AccountName | None, Arg("Only this account")] = None,
) -> Reply:
    """List the last fills."""
    fills = await ctx.desk.history.fills(account=account or "", limit=at_most(count, 100))
    rows = [
        (moment(f["traded_at"], ctx.desk.timezone), str(AccountId(f["account"], Mode(f["mode"]))),
         f"{f['side']} {number(f['quantity'])} {f['symbol']}",
         price(f["price"]), money(f["fee_amount"], f["fee_currency"]), signed(f["realized"]), f["order_id"][:6])
        for f in fills
    ]  # fmt: skip
    columns = ("When", "Account", "Trade", "Price", "Fee", "Realized", "Order")
    table = Table.of(columns, rows, ("When", "Trade", "Price", "Realized"))
    return Reply(f"The last {counted(len(rows), 'fill')}" if rows else "No fills yet.", table=table if rows else None)


@command(group="account", private=True)
async def equity(
    ctx: Context,
    period: Annotated[Period, Arg("Over which time")] = "week",
    *,
    account: Annotated[AccountName | None, Arg("Only this account")] = None,
) -> Reply:
    """Draw the equity curve, without what was paid in or out, and its drawdown."""
    since = _since(ctx, period)
    payments = [each for kind in PAYMENTS for each in await ctx.desk.history.latest(kind, limit=EVERY)]
    curves = {each: (await _curves(ctx, [each], since, payments))[0] for each in chosen(ctx, account)}
    rows = [_equity_row(each, curve) for each, curve in curves.items()]
    columns = ("Account", "Start", "Now", "Paid in", "Change", "In %", "Best", "Worst", "Drawdown")
    table = Table.of(columns, rows, ("Account", "Now", "Change", "Drawdown"))
    live = [each for each in curves if each.mode is Mode.LIVE]
    drawn = live or list(curves)
    whole = curves[drawn[0]]
    if len(drawn) > 1:
        began = [curves[each].samples[0].at for each in drawn]
        whole = together(await _curves(ctx, drawn, since, payments, began))
    parts = [f"{PERIODS[period]}: {_told(whole, ctx.desk.valuation.currency)}"]
    if live and len(live) < len(curves):
        parts.append("The curve is of what is live: paper money is not added to it.")
    if len(whole.samples) < FEWEST:
        parts.append("There is no curve to draw yet: it gets a point every five minutes.")
        return Reply("\n".join(parts), table=table, private=True)
    fills = await _few_fills(ctx, drawn, whole.samples[0].at)
    title = f"Equity  {drawn[0]}" if len(drawn) == 1 else f"Equity  {len(drawn)} accounts"
    currency, zone = ctx.desk.valuation.currency, ctx.desk.timezone
    image = await ctx.desk.draw(EquityDrawing(title, whole.points, currency, whole.payments, fills, zone))
    alone = len(curves) == 1 and ctx.shows_pictures
    return Reply("\n".join(parts), table=None if alone else table, image=image, private=True)


async def _curves(
    ctx: Context,
    accounts: Sequence[AccountId],
    since: datetime,
    payments: Sequence[Columns],
    cuts: Sequence[datetime] = (),
) -> list[Curve]:
    """Of each account as many samples as can be seen, chosen by their sum, and its worth now if that is known."""
    paid = {each: payments_of(each, payments) for each in accounts}
    moments = {*cuts, *(payment.at for own in paid.values() for payment in own)}
    rows = await ctx.desk.history.curve([(each.name, each.mode) for each in accounts], since=since, cuts=moments)
    curves = []
    for each, own in paid.items():
        samples = [Sample(r["at"], r["equity"]) for r in rows if (r["account"], r["mode"]) == (each.name, each.mode)]
        if not samples or not ctx.desk.valuation.awaits_price(each):
            samples.append(Sample(max(ctx.now, samples[-1].at if samples else ctx.now), _worth(ctx, each)))
        curves.append(curve_of(samples, own))
    return curves


def _worth(ctx: Context, account: AccountId) -> Decimal:
    return ctx.desk.valuation.equity(account).total


def _equity_row(account: AccountId, curve: Curve) -> tuple[str, ...]:
    worths = [sample.worth for sample in curve.samples]
    return (
        str(account), money(curve.start), money(curve.end), signed(curve.paid), signed(curve.change),
        signed_percent(curve.growth), money(max(worths)), money(min(worths)), money(curve.deepest),
    )  # fmt: skip


def _told(curve: Curve, currency: str) -> str:
    """From what to what, the change, what was paid in or out, the deepest fall."""
    text = (
        f"{money(curve.start)} to {money(curve.end, currency)}\n"
        f"{signed(curve.change)} ({signed_percent(curve.growth)}), deepest fall {-curve.drawdown:.2f}%"
    )
    into = sum((each.amount for each in curve.payments if each.amount > 0), ZERO)
    out = sum((-each.amount for each in curve.payments if each.amount < 0), ZERO)
    paid = [f"{money(into, currency)} paid in"] * bool(into) + [f"{money(out, currency)} paid out"] * bool(out)
    return f"{text}\nNot counted as profit or loss: {', '.join(paid)}" if paid else text


async def _few_fills(ctx: Context, drawn: Sequence[AccountId], since: datetime) -> list[FillMark]:
    """Every fill of these accounts since then, if they are few enough to be told apart."""
    marks: list[FillMark] = []
    for each in drawn:
        found = await ctx.desk.history.fills(account=each.name, mode=each.mode, since=since, limit=MOST_DOTS + 1)
        marks += [FillMark(fill["traded_at"], fill["price"], Side(fill["side"])) for fill in found]
    return marks if len(marks) <= MOST_DOTS else []


@command(group="account", private=True)
async def fees(ctx: Context, period: Annotated[Period, Arg("Over which time")] = "month") -> Reply:
    """Fees paid, by account and currency."""
    currency = ctx.desk.valuation.currency
    paid: dict[tuple[str, str], list[Decimal]] = {}
    unpriced: set[tuple[str, str]] = set()
    for each in chosen(ctx, None):
        for fill in await ctx.desk.history.fills(
            account=each.name, mode=each.mode, since=_since(ctx, period), limit=EVERY
        ):
            row = str(each), fill["fee_currency"]
            _, rate = _quoted(ctx, each, fill["symbol"])
            sums = paid.setdefault(row, [ZERO, ZERO])
            sums[0] += fill["fee_amount"]
            sums[1] += fill["fee_value"] * (rate or ZERO)
            if rate is None:
                unpriced.add(row)
    rows = [(*row, number(amount), "-" if row in unpriced else money(value)) for row, (amount, value) in paid.items()]
    if not rows:
        return Reply(f"{PERIODS[period]}: no fees paid.", private=True)
    return Reply(
        f"{PERIODS[period]}, fees paid",
        table=Table.of(("Account", "Currency", "Paid", f"In {currency}"), rows),
        private=True,
    )
