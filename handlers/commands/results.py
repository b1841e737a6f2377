"""What the accounts earned and paid: profit, fills, the equity curve, fees."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from handlers.accounts import chosen
from handlers.context import Context
from handlers.figures import moment, money, number, percent, price, signed
from handlers.literals import at_most
from handlers.reply import Reply, Table, Tone
from handlers.spec import Arg, command
from handlers.values import AccountName
from trading.instruments import ZERO, Symbol
from trading.intent import AccountId, Mode
from trading.words import counted

Period = Literal["day", "week", "month", "all"]
PERIODS = {"day": "Today", "week": "This week", "month": "This month", "all": "Since the beginning"}
EVERY = 1_000_000  # fills: all there are


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
    rows, realized, fees, open_ = [], ZERO, ZERO, ZERO
    for each in chosen(ctx, account):
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
            unrealized = (ctx.desk.valuation.unrealized(position) if position else None) or ZERO
            realized, fees, open_ = realized + gained, fees + paid, open_ + unrealized
            rows.append((str(each), symbol, signed(gained), money(paid), signed(unrealized), str(count)))
    today = sum((ctx.desk.gate.day_pnl(each) for each in chosen(ctx, account)), ZERO)
    columns = ("Account", "Symbol", "Realized", "Fees", "Unrealized", "Fills")
    table = Table.of(columns, rows, ("Symbol", "Realized", "Fees", "Unrealized")) if rows else None
    text = (
        f"{PERIODS[period]}: realized {signed(realized)} net of {money(fees)} fees, unrealized {signed(open_)}\n"
        f"Equity today {signed(today, ctx.desk.valuation.currency)}"
    )
    return Reply(text, table=table, tone=Tone.BAD if realized + open_ < 0 else Tone.GOOD, private=True)


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
    """The equity curve in figures: start, end, best, worst, drawdown."""
    rows = []
    for each in chosen(ctx, account):
        points = await ctx.desk.history.equity(account=each.name, mode=each.mode, since=_since(ctx, period))
        curve = [point["equity"] for point in points] + [ctx.desk.valuation.equity(each).total]
        peak, deepest = curve[0], ZERO
        for value in curve:
            peak = max(peak, value)
            deepest = max(deepest, peak - value)
        rows.append(
            (str(each), money(curve[0]), money(curve[-1]), signed(curve[-1] - curve[0]),
             percent(curve[-1] - curve[0], curve[0]), money(max(curve)), money(min(curve)), money(deepest))
        )  # fmt: skip
    columns = ("Account", "Start", "Now", "Change", "In %", "Best", "Worst", "Drawdown")
    text = f"{PERIODS[period]}, in {ctx.desk.valuation.currency}"
    phone = ("Account", "Now", "Change", "Drawdown")
    return Reply(text, table=Table.of(columns, rows, phone), private=True)


@command(group="account", private=True)
async def fees(ctx: Context, period: Annotated[Period, Arg("Over which time")] = "month") -> Reply:
    """Fees paid, by account and currency."""
    paid: dict[tuple[str, str], list[Decimal]] = {}
    for each in chosen(ctx, None):
        for fill in await ctx.desk.history.fills(
            account=each.name, mode=each.mode, since=_since(ctx, period), limit=EVERY
        ):
            sums = paid.setdefault((str(each), fill["fee_currency"]), [ZERO, ZERO])
            sums[0] += fill["fee_amount"]
            sums[1] += fill["fee_value"]
    rows = [(who, currency, number(amount), money(value)) for (who, currency), (amount, value) in paid.items()]
    if not rows:
        return Reply(f"{PERIODS[period]}: no fees paid.", private=True)
    return Reply(
        f"{PERIODS[period]}, fees paid", table=Table.of(("Account", "Currency", "Paid", "Value"), rows), private=True
    )
