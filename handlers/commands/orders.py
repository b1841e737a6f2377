"""Working orders: list, look at, change, cancel, and why they are as they are."""

from collections.abc import AsyncIterator
from typing import Annotated, Literal

from handlers.actor import Consent, Role
from handlers.alerts import alert_of
from handlers.cards import SETTLE_S, amended, consent_to_change, headline, outcome, told
from handlers.context import Context
from handlers.figures import ago, moment, number, price
from handlers.reply import Button, Reply, Table, Tone
from handlers.spec import Arg, command
from handlers.states import state
from handlers.story import tell
from handlers.values import AccountName, OrderRef
from trading.errors import IntentError
from trading.events import Recorded
from trading.instruments import Price, Quantity, Symbol
from trading.intent import Leg, OrderType
from trading.order import Order, OrderStatus
from trading.words import STATUS, counted

KINDS = {
    OrderType.STOP: "stop",
    OrderType.STOP_LIMIT: "stop-limit",
    OrderType.TAKE_PROFIT: "take-profit",
    OrderType.TRAILING_STOP: "trailing",
}
"""What lists call an order that is neither a market nor a limit order."""

SHORT = 6  # characters of an id that lists show; any unique beginning is understood


@command(group="orders")
async def orders(
    ctx: Context,
    symbol: Annotated[Symbol | None, Arg("Only this symbol")] = None,
    *,
    account: Annotated[AccountName | None, Arg("Only this account")] = None,
) -> Reply:
    """List the open orders."""
    found = [order for order in ctx.book.open_orders(symbol=symbol) if account is None or order.account == account]
    if not found:
        return Reply("No open orders.")
    rows = [_row(ctx, order) for order in found]
    table = Table.of(("ID", "Account", "Order", "Price", "Filled", "Status"), rows, ("ID", "Order", "Price", "Status"))
    buttons = [Button(f"Cancel {order.id[:SHORT]}", f"/cancel {order.id}") for order in found[:4]]
    return Reply(
        counted(len(found), "open order"), table=table, buttons=(*buttons, Button("Cancel all", "/cancel all"))
    )


def _row(ctx: Context, order: Order) -> tuple[str, ...]:
    at = "/".join(price(p) for p in (order.stop_price, order.limit_price) if p is not None)
    at = f"{at} trail {order.trail}".strip() if order.trail else at
    kind = KINDS.get(order.type, "") if order.leg is Leg.ENTRY else order.leg
    name = f"{order.side} {number(order.quantity)} {order.symbol} {kind}".strip()
    account, filled = str(order.account_id), number(order.filled_quantity)
    return order.id[:SHORT], account, name, at or "market", filled, state(order, ctx.book)


@command(group="orders")
async def order(ctx: Context, id_: Annotated[OrderRef, Arg("The order's id")]) -> Reply:
    """Show one order."""
    found = _known(ctx, id_)
    buttons = [Button("Why", f"/why {found.id}")]
    buttons += [Button("Cancel", f"/cancel {found.id}")] if found.is_open else []
    text = [
        headline(found),
        outcome(found, ctx.book),
        f"Asked by {found.actor} via {found.source}: {found.text or '-'}",
        f"Made {moment(found.created_at, ctx.desk.timezone)}, changed {ago(found.updated_at, ctx.now)}",
        f"Order {found.id}" + (f", the venue's {found.venue_order_id}" if found.venue_order_id else ""),
    ]
    for leg in ctx.book.children(found.id):
        text.append(f"{leg.leg}: {headline(leg)} - {state(leg, ctx.book)}")
    return Reply("\n".join(text), buttons=tuple(buttons), order_id=found.id)


def _known(ctx: Context, order_id: str) -> Order:
    found = ctx.book.order(order_id)
    if found is None:
        raise IntentError(f"There is no order {order_id}.", "/orders and /trades show ids.", code="UNKNOWN_ORDER")
    return found


@command(role=Role.TRADER, group="orders", dry=True)
async def cancel(
    ctx: Context,
    what: Annotated[Symbol | OrderRef | Literal["all"], Arg("An order, a symbol, or all")],
    *,
    account: Annotated[AccountName | None, Arg("Only this account")] = None,
) -> Reply:
    """Cancel open orders."""
    if isinstance(what, OrderRef):
        found = [_known(ctx, what)]
        if not found[0].is_open:
            raise IntentError(f"Order {what} is not open: it is {STATUS[found[0].status]}.", code="NOT_OPEN")
    else:
        symbol = None if what == "all" else Symbol(what)
        found = [o for o in ctx.book.open_orders(symbol=symbol) if account is None or o.account == account]
    if not found:
        return Reply("There is nothing to cancel.")
    # The venue holds some orders as one list, and cancels all of it: what goes is told, asked for or not.
    along = {o.id: o for each in found for o in ctx.desk.protection.sent_with(each) if o not in found}
    if ctx.dry:
        lines = [f"Would cancel {headline(each)}" for each in found]
        return Reply("\n".join([*lines, *(f"and with it {headline(each)}" for each in along.values())]))
    lines, open_, as_of = [], 0, 0
    for each in found:
        await ctx.desk.oms.cancel(each, ctx.origin)
        after = await ctx.desk.oms.closed(each.id, SETTLE_S)
        as_of, open_ = ctx.book.journal.last_seq, open_ + after.is_open
        lines.append(f"{headline(after)}: {outcome(after)}")
    for each in along.values():
        after = await ctx.desk.oms.closed(each.id, SETTLE_S)
        if not after.is_open:
            lines.append(f"With it went {headline(after)}: {outcome(after)}")
    tone = Tone.WARN if open_ else Tone.GOOD
    one = found[0].id if len(found) == 1 else None
    return Reply("\n".join(lines), tone=tone, order_id=one, as_of=as_of)


@command(role=Role.TRADER, group="orders", dry=True)
async def amend(
    ctx: Context,
    id_: Annotated[OrderRef, Arg("The order's id")],
    *,
    price: Annotated[Price | None, Arg("New limit price", example="59000")] = None,
    quantity: Annotated[Quantity | None, Arg("New total quantity")] = None,
    stop: Annotated[Price | None, Arg("New stop price")] = None,
) -> Reply:
    """Change the price, quantity or stop of an open order."""
    if price is None and quantity is None and stop is None:
        remedy = "Give price=P, quantity=Q or stop=P."
        raise IntentError("Nothing to change.", remedy, code="NOTHING_TO_CHANGE")
    before = _known(ctx, id_)
    wish = {"quantity": quantity, "limit_price": price, "stop_price": stop}
    wished = ctx.desk.oms.changes.judged(before, ctx.origin, **wish)
    if ctx.dry:
        return Reply(f"Would change {headline(before)}\nto           {headline(wished)}\nNothing was sent.")
    moves = (wished.limit_price, wished.stop_price) != (before.limit_price, before.stop_price)
    need = consent_to_change(ctx, wished) if moves else Consent.NONE
    if need > ctx.consent:
        text = f"Before: {headline(before)}\nAfter:  {headline(wished)}"
        return await ctx.ask(Reply(text, tone=Tone.WARN), approval=need is Consent.APPROVED)
    await ctx.desk.oms.amend(before, ctx.origin, **wish)
    changed = await amended(ctx, before)
    text = f"Before: {headline(before)}\nAfter:  {headline(changed)}"
    return told(changed, text, "The venue has not answered the change yet." if changed.is_amending else "")


@command(group="orders")
async def why(ctx: Context, id_: Annotated[OrderRef, Arg("The order's id")]) -> Reply:
    """Tell an order's whole life: who asked, each check, the venue's words, the fills."""
    found = _known(ctx, id_)
    entries: AsyncIterator[Recorded] = ctx.book.journal.read(order_id=found.id)
    lines = [f"Order {found.id}: {headline(found)}", f"Now: {outcome(found, ctx.book)}", ""]
    last = 0
    async for entry in entries:
        last = entry.seq if alert_of(entry, ctx.book) else last
        for line in tell(entry):
            lines.append(f"{moment(entry.at, ctx.desk.timezone)}  {line}")
    places = {"log", *ctx.desk.destinations()}
    told = [name for name, seq in (await ctx.desk.history.cursors()).items() if last and seq >= last and name in places]
    lines += [f"Told to: {', '.join(sorted(told))}"] if told else []
    for leg in ctx.book.children(found.id):
        lines.append(f"{leg.leg} order {leg.id}: {state(leg, ctx.book)}")
    denied = found.status is OrderStatus.DENIED
    return Reply("\n".join(lines), tone=Tone.WARN if denied else Tone.INFO, order_id=found.id)
