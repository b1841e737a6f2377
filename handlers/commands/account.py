"""What accounts hold and how they stand; their books against the venue's."""

from typing import Annotated

from handlers.accounts import chosen, closing_line, covered, is_dust, latch_text, stated_rates
from handlers.context import Context
from handlers.figures import money, number, price, signed
from handlers.reply import Button, Reply, Table, Tone
from handlers.spec import Arg, command
from handlers.values import AccountName
from trading.control import Latch
from trading.events import TradingState
from trading.instruments import ZERO
from trading.intent import AccountId, Leg
from trading.portfolio import Position
from trading.words import counted


@command(group="account")
async def status(ctx: Context, account: Annotated[AccountName | None, Arg("Only this account")] = None) -> Reply:
    """How the desk stands: state, equity, today, positions, orders, doubts."""
    desk, currency = ctx.desk, ctx.desk.valuation.currency
    state = ctx.book.state()
    lines = [f"{state}{' - NOT READY: ' + desk.not_ready if desk.not_ready else ''}"]
    lines += [latch_text(latch, desk.timezone) for latch in _latches(ctx)]
    lines += [f"NOT READY: {why}" for why in dict.fromkeys(desk.unready.values()) if why not in ("", desk.not_ready)]
    rows = []
    for each in chosen(ctx, account):
        worth = desk.valuation.equity(each)
        today = desk.gate.day_pnl(each)
        open_ = len(ctx.book.open_orders(each))
        rows.append(
            (str(each), money(worth.total), signed(today), money(desk.gate.room_today(each)),
             str(len(ctx.book.positions(each))), str(open_))
        )  # fmt: skip
        if worth.unpriced:
            lines.append(f"{each}: no price for {', '.join(worth.unpriced)}; not counted")
    doubts = [order for order in ctx.book.open_orders() if order.in_doubt]
    lines += [f"UNKNOWN - checking: {order.side} {order.symbol} {order.id[:6]}" for order in doubts]
    drifts = desk.reconciler.open_drifts()
    lines += [f"{counted(len(drifts), 'difference')} with the venue: /reconcile"] if drifts else []
    running = [name for name in desk.strategies if desk.runner.running(name)]
    lines.append(f"Strategies running: {', '.join(running) or 'none'}")
    lines += stated_rates(desk.valuation)
    lines.append(f"Totals in {currency}; days begin at midnight {desk.timezone}")
    table = Table.of(
        ("Account", "Equity", "Today", "Room", "Pos", "Orders"), rows, ("Account", "Equity", "Today", "Orders")
    )
    bad = state is not TradingState.ACTIVE or doubts or drifts
    return Reply("\n".join(lines), table=table, tone=Tone.WARN if bad else Tone.INFO, private=True)


def _latches(ctx: Context) -> list[Latch]:
    return [latch for latch in ctx.book.all(Latch) if latch.state is not TradingState.ACTIVE]


@command(group="account", aliases=("pos",), private=True)
async def positions(ctx: Context, account: Annotated[AccountName | None, Arg("Only this account")] = None) -> Reply:
    """List the open positions with their profit and protection."""
    found = [p for each in chosen(ctx, account) for p in ctx.book.positions(each)]
    if not found:
        return Reply("No open positions.", private=True)
    rows = [_position(ctx, p) for p in found]
    columns = ("Account", "Symbol", "Quantity", "Average", "Mark", "Unrealized", "Stop", "Target")
    table = Table.of(columns, rows, ("Symbol", "Quantity", "Mark", "Unrealized"))
    closable = [p for p in found if not is_dust(ctx.desk.oms, p)]
    buttons = tuple(Button(_closing(ctx, p), closing_line(ctx.book, p)) for p in closable[:4])
    return Reply(counted(len(rows), "open position"), table=table, buttons=buttons, private=True)


def _closing(ctx: Context, p: Position) -> str:
    """What the button says; the mode where it is not the one that new orders use."""
    other = ctx.book.mode(p.account) is not p.mode
    return f"Close {p.mode.upper()} {p.symbol}" if other else f"Close {p.symbol}"


def _position(ctx: Context, p: Position) -> tuple[str, ...]:
    account = AccountId(p.account, p.mode)
    oms, legs = ctx.desk.oms, ctx.desk.protection.legs(account, p.symbol)
    quantity = f"{number(p.quantity)}{' dust' if is_dust(oms, p) else ''}"
    return (
        str(account), p.symbol, quantity, price(p.average_price), price(ctx.desk.valuation.mark(p)),
        signed(ctx.desk.valuation.unrealized(p), p.currency),
        covered(oms, p, legs, Leg.STOP_LOSS), covered(oms, p, legs, Leg.TAKE_PROFIT),
    )  # fmt: skip


@command(group="account", private=True)
async def balance(ctx: Context, account: Annotated[AccountName | None, Arg("Only this account")] = None) -> Reply:
    """List what the accounts hold."""
    rows, total = [], ZERO
    for each in chosen(ctx, account):
        for held in sorted(ctx.book.balances(each), key=lambda b: b.currency):
            worth = ctx.desk.valuation.worth(each, held.amount, held.currency)
            total += worth or ZERO
            if held.amount:
                rows.append((str(each), held.currency, number(held.amount), money(worth)))
    currency = ctx.desk.valuation.currency
    table = Table.of(("Account", "Currency", "Amount", f"In {currency}"), rows)
    return Reply(f"Total {money(total, currency)}", table=table, private=True)


@command(group="account")
async def accounts(ctx: Context) -> Reply:
    """List the accounts: venue, market, mode, state."""
    rows = []
    for each in chosen(ctx, None):
        executor = ctx.desk.oms.executors[each]
        market = ctx.desk.valuation.markets[each.name]
        rows.append((each.name, executor.venue, market.name, each.mode.upper(), ctx.book.state(each.name)))
    table = Table.of(("Account", "Venue", "Prices", "Mode", "State"), rows, ("Account", "Mode", "State"))
    return Reply("\n".join(stated_rates(ctx.desk.valuation)), table=table)
