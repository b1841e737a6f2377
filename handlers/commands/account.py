"""What accounts hold, earn and pay; their mode; their books against the venue's."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from handlers.cards import mode_label
from handlers.context import Context, Role
from handlers.figures import moment, money, number, percent, price, signed, span
from handlers.reply import Button, Reply, Table, Tone
from handlers.spec import Arg, command
from handlers.values import AccountName
from trading import events as e
from trading.control import AccountMode, Latch
from trading.errors import IntentError
from trading.events import TradingState
from trading.instruments import ZERO, Symbol
from trading.intent import AccountId, Leg, Mode
from trading.portfolio import Position

Period = Literal["day", "week", "month", "all"]
EVERY = 1_000_000  # fills: all there are


def _accounts(ctx: Context, name: str | None) -> list[AccountId]:
    """The named account in its present mode, or every account."""
    names = [name] if name else list(ctx.desk.accounts)
    return [AccountId(each, ctx.book.mode(each)) for each in names]


@command(group="account")
async def status(ctx: Context, account: Annotated[AccountName | None, Arg("Only this account")] = None) -> Reply:
    """How the desk stands: state, equity, today, positions, orders, doubts."""
    desk, currency = ctx.desk, ctx.desk.valuation.currency
    state = ctx.book.state()
    lines = [f"{state}{' - NOT READY: ' + desk.not_ready if desk.not_ready else ''}"]
    lines += [f"{latch.scope}: {latch.state} by {latch.actor} ({latch.reason})" for latch in _latches(ctx)]
    rows = []
    for each in _accounts(ctx, account):
        worth = desk.valuation.equity(each)
        today = desk.gate.day_pnl(each)
        open_ = len(ctx.book.open_orders(each))
        rows.append(
            (mode_label(each), money(worth.total), signed(today), money(desk.gate.room_today(each)),
             str(len(ctx.book.positions(each))), str(open_))
        )  # fmt: skip
        if worth.unpriced:
            lines.append(f"{each.name}: no price for {', '.join(worth.unpriced)}; not counted")
    doubts = [order for order in ctx.book.open_orders() if order.in_doubt]
    lines += [f"UNKNOWN - checking: {order.side} {order.symbol} {order.id[:6]}" for order in doubts]
    drifts = desk.reconciler.open_drifts()
    lines += [f"{len(drifts)} differences with the venue: /reconcile"] if drifts else []
    running = [name for name in desk.strategies if desk.runner.running(name)]
    lines.append(f"Strategies running: {', '.join(running) or 'none'}")
    lines.append(f"Totals in {currency}; days begin at midnight {desk.timezone}")
    table = Table.of(("Account", "Equity", "Today", "Room", "Pos", "Orders"), rows)
    bad = state is not TradingState.ACTIVE or doubts or drifts
    return Reply("\n".join(lines), table=table, tone=Tone.WARN if bad else Tone.INFO, private=True)


def _latches(ctx: Context) -> list[Latch]:
    return [latch for latch in ctx.book.all(Latch) if latch.state is not TradingState.ACTIVE]


@command(group="account", aliases=("pos",), private=True)
async def positions(ctx: Context, account: Annotated[AccountName | None, Arg("Only this account")] = None) -> Reply:
    """List the open positions with their profit and protection."""
    found = [p for each in _accounts(ctx, account) for p in ctx.book.positions(each)]
    others = [p for p in ctx.book.positions() if p not in found and account is None]
    if not found and not others:
        return Reply("No open positions.", private=True)
    rows = [_position(ctx, p) for p in (*found, *others)]
    table = Table.of(("Account", "Symbol", "Quantity", "Average", "Mark", "Unrealized", "Stop", "Target"), rows)
    buttons = tuple(Button(f"Close {p.symbol}", f"/close {p.symbol} account={p.account}") for p in found[:4])
    return Reply(f"{len(rows)} open positions", table=table, buttons=buttons, private=True)


def _position(ctx: Context, p: Position) -> tuple[str, ...]:
    account = AccountId(p.account, p.mode)
    legs = {leg.leg: leg for leg in ctx.desk.protection.legs(account, p.symbol)}
    stop, target = legs.get(Leg.STOP_LOSS), legs.get(Leg.TAKE_PROFIT)
    stop_text = "-" if stop is None else (f"trail {stop.trail}" if stop.trail else price(stop.stop_price))
    return (
        mode_label(account), p.symbol, number(p.quantity), price(p.average_price), price(ctx.desk.valuation.mark(p)),
        signed(ctx.desk.valuation.unrealized(p), p.currency), stop_text, price(target.limit_price) if target else "-",
    )  # fmt: skip


@command(group="account", private=True)
async def balance(ctx: Context, account: Annotated[AccountName | None, Arg("Only this account")] = None) -> Reply:
    """List what the accounts hold."""
    rows, total = [], ZERO
    for each in _accounts(ctx, account):
        for held in sorted(ctx.book.balances(each), key=lambda b: b.currency):
            worth = ctx.desk.valuation.worth(each, held.amount, held.currency)
            total += worth or ZERO
            if held.amount:
                rows.append((mode_label(each), held.currency, number(held.amount), money(worth)))
    currency = ctx.desk.valuation.currency
    table = Table.of(("Account", "Currency", "Amount", f"In {currency}"), rows)
    return Reply(f"Total {money(total, currency)}", table=table, private=True)


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
    for each in _accounts(ctx, account):
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
            rows.append((mode_label(each), symbol, signed(gained), money(paid), signed(unrealized), str(count)))
    today = sum((ctx.desk.gate.day_pnl(each) for each in _accounts(ctx, account)), ZERO)
    table = Table.of(("Account", "Symbol", "Realized", "Fees", "Unrealized", "Fills"), rows) if rows else None
    text = (
        f"{period}: realized {signed(realized)} net of {money(fees)} fees, unrealized {signed(open_)}\n"
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
    fills = await ctx.desk.history.fills(account=account or "", limit=min(count, 100))
    rows = [
        (moment(f["traded_at"], ctx.desk.timezone), f"{f['side']} {number(f['quantity'])} {f['symbol']}",
         price(f["price"]), money(f["fee_amount"], f["fee_currency"]), signed(f["realized"]), f["order_id"][:6])
        for f in fills
    ]  # fmt: skip
    table = Table.of(("When", "Trade", "Price", "Fee", "Realized", "Order"), rows)
    return Reply(f"The last {len(rows)} fills" if rows else "No fills yet.", table=table if rows else None)


@command(group="account", private=True)
async def equity(
    ctx: Context,
    period: Annotated[Period, Arg("Over which time")] = "week",
    *,
    account: Annotated[AccountName | None, Arg("Only this account")] = None,
) -> Reply:
    """The equity curve in figures: start, end, best, worst, drawdown."""
    rows = []
    for each in _accounts(ctx, account):
        points = await ctx.desk.history.equity(account=each.name, mode=each.mode, since=_since(ctx, period))
        curve = [point["equity"] for point in points] + [ctx.desk.valuation.equity(each).total]
        peak, deepest = curve[0], ZERO
        for value in curve:
            peak = max(peak, value)
            deepest = max(deepest, peak - value)
        rows.append(
            (mode_label(each), money(curve[0]), money(curve[-1]), signed(curve[-1] - curve[0]),
             percent(curve[-1] - curve[0], curve[0]), money(max(curve)), money(min(curve)), money(deepest))
        )  # fmt: skip
    columns = ("Account", "Start", "Now", "Change", "In %", "Best", "Worst", "Drawdown")
    text = f"Equity over the {period}, in {ctx.desk.valuation.currency}"
    return Reply(text, table=Table.of(columns, rows), private=True)


@command(group="account", private=True)
async def fees(ctx: Context, period: Annotated[Period, Arg("Over which time")] = "month") -> Reply:
    """Fees paid, by account and currency."""
    paid: dict[tuple[str, str], list[Decimal]] = {}
    for each in _accounts(ctx, None):
        for fill in await ctx.desk.history.fills(
            account=each.name, mode=each.mode, since=_since(ctx, period), limit=EVERY
        ):
            sums = paid.setdefault((mode_label(each), fill["fee_currency"]), [ZERO, ZERO])
            sums[0] += fill["fee_amount"]
            sums[1] += fill["fee_value"]
    rows = [(who, currency, number(amount), money(value)) for (who, currency), (amount, value) in paid.items()]
    if not rows:
        return Reply("No fees paid.", private=True)
    return Reply(f"Fees of the {period}", table=Table.of(("Account", "Currency", "Paid", "Value"), rows), private=True)


@command(group="account")
async def accounts(ctx: Context) -> Reply:
    """List the accounts: venue, market, mode, state."""
    rows = []
    for each in _accounts(ctx, None):
        executor = ctx.desk.oms.executors[each]
        market = ctx.desk.valuation.markets[each.name]
        rows.append((each.name, executor.venue, market.name, each.mode.upper(), ctx.book.state(each.name)))
    return Reply("", table=Table.of(("Account", "Venue", "Prices", "Mode", "State"), rows))


# --- mode ------------------------------------------------------------------------------------


@command(role=Role.VIEWER, group="control", audit=True)
async def mode(
    ctx: Context,
    account: Annotated[AccountName | None, Arg("Which account")] = None,
    to: Annotated[Literal["paper", "live"] | None, Arg("paper or live; shows the mode if left out")] = None,
    duration: Annotated[timedelta | None, Arg("Back to paper after this: 8h")] = None,
) -> Reply:
    """Show an account's mode, or switch it between paper and live."""
    if to is None:
        return _modes(ctx, account)
    where = ctx.account(account)
    if to == "paper":
        return await _to_paper(ctx, where)
    if ctx.actor.role < Role.ADMIN:
        raise IntentError(f"Going live needs admin; you are {ctx.actor.role}.", "Ask an admin.", code="NOT_ALLOWED")
    live = AccountId(where.name, Mode.LIVE)
    if live not in ctx.desk.oms.executors:
        raise IntentError(
            f"{where.name} has nothing live to switch to.", "Its venue is in the settings.", code="NO_LIVE_VENUE"
        )
    if where.mode is Mode.LIVE and duration is None:
        return Reply(f"{where.name} is LIVE already.")
    if not ctx.confirmed:
        return await ctx.ask(_live_card(ctx, live, duration), phrase=f"go live {where.name}")
    until = ctx.now + duration if duration else None
    await ctx.book.record(e.ModeChanged(where.name, Mode.LIVE, ctx.actor.id, until))
    return Reply(f"{where.name} is LIVE{f' for {span(duration)}' if duration else ''}.", tone=Tone.WARN)


def _modes(ctx: Context, account: str | None) -> Reply:
    rows = []
    for each in _accounts(ctx, account):
        switch = ctx.book.get(AccountMode, each.name)
        until = moment(switch.until, ctx.desk.timezone) if switch and switch.until and each.mode is Mode.LIVE else "-"
        rows.append((each.name, ctx.desk.oms.executors[each].venue, each.mode.upper(), until))
    return Reply("", table=Table.of(("Account", "Venue", "Mode", "Until"), rows))


def _live_card(ctx: Context, live: AccountId, duration: timedelta | None) -> Reply:
    desk, currency = ctx.desk, ctx.desk.valuation.currency
    limits = desk.gate.effective(live)
    number_ = desk.account_number(live.name)
    lines = [
        f"{live.name} goes LIVE at {desk.oms.executors[live].venue}, account {number_}"
        + (f", for {span(duration)}." if duration else ", until switched back."),
        f"From then on its orders are real there. Order limit {money(limits.max_order_value, currency)},"
        f" daily loss limit {money(limits.max_daily_loss, currency)}.",
    ]
    running = [name for name in desk.strategies if desk.runner.running(name) and desk.runner.account(name) == live.name]
    lines += [f"Strategies that will trade it: {', '.join(running)}."] if running else []
    lines.append(f"To go on, type: confirm TOKEN go live {live.name}")
    return Reply("\n".join(lines), tone=Tone.WARN)


async def _to_paper(ctx: Context, where: AccountId) -> Reply:
    if ctx.actor.role < Role.TRADER:
        raise IntentError(f"This needs trader; you are {ctx.actor.role}.", "Ask a trader.", code="NOT_ALLOWED")
    live = AccountId(where.name, Mode.LIVE)
    await ctx.book.record(e.ModeChanged(where.name, Mode.PAPER, ctx.actor.id))
    stays = [f"{number(p.quantity)} {p.symbol}" for p in ctx.book.positions(live)]
    stays += [f"{o.side} {number(o.quantity)} {o.symbol} ({o.id[:6]})" for o in ctx.book.open_orders(live)]
    text = f"{where.name} is on PAPER; new orders are simulated."
    if stays:
        text += f"\nStill open at the venue: {', '.join(stays)}."
    return Reply(text, tone=Tone.WARN if stays else Tone.GOOD)


# --- reconcile -------------------------------------------------------------------------------


@command(role=Role.TRADER, group="account")
async def reconcile(
    ctx: Context,
    account: Annotated[AccountName | None, Arg("Only this account")] = None,
    *,
    adopt: Annotated[str | None, Arg("Take over the venue's figure of this difference")] = None,
    ignore: Annotated[str | None, Arg("Leave this difference as it is")] = None,
) -> Reply:
    """Hold our books against the venue's, and decide on differences."""
    reconciler = ctx.desk.reconciler
    for chosen, resolution in ((adopt, "adopted"), (ignore, "ignored")):
        if chosen is None:
            continue
        drift = next((d for d in reconciler.open_drifts() if d.id.startswith(chosen)), None)
        if drift is None:
            raise IntentError(f"There is no open difference {chosen[:20]!r}.", "/reconcile lists them.")
        await reconciler.resolve(drift, resolution, ctx.origin)
        return Reply.good(f"{drift.kind} {drift.subject}: {resolution}.")
    wanted = [a for a in ctx.desk.oms.executors if account is None or a.name == account]
    outcomes = [await reconciler.reconcile(each, thorough=True) for each in wanted]
    drifts = [d for outcome in outcomes for d in outcome.drifts]
    rows = [(d.id[:6], mode_label(d.account_id), f"{d.kind} {d.subject}", d.ours, d.theirs) for d in drifts]
    buttons = [
        Button(f"{label} {d.id[:6]}", f"/reconcile {word}={d.id}")
        for d in drifts[:3]
        for label, word in (("Adopt", "adopt"), ("Ignore", "ignore"))
    ]
    table = Table.of(("ID", "Account", "What", "Ours", "Venue's"), rows) if rows else None
    bad = drifts or any(outcome.problem for outcome in outcomes)
    text = "\n".join(outcome.text for outcome in outcomes)
    return Reply(text, table=table, buttons=tuple(buttons), tone=Tone.WARN if bad else Tone.GOOD)
