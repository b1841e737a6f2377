"""What is heard of an order makes of the order; a fill moves the position and the money too."""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from trading import events as e
from trading.errors import JournalError
from trading.order import Order, OrderStatus, add_fee, cancel_reason, move
from trading.portfolio import (
    Account,
    Balance,
    Fill,
    Position,
    Tape,
    Trade,
    account_key,
    close_trip,
    fill_balances,
    fill_key,
    position_key,
)
from trading.steps.step import Entity, Get, Steps, balance_of, instrument_of

steps = Steps()


def _order(get: Get, order_id: str) -> Order:
    order = get(Order, order_id)
    if order is None:
        raise JournalError(f"The journal speaks of order {order_id} before it began.", code="UNKNOWN_ORDER")
    return order  # type: ignore[no-any-return]


@steps.on(e.OrderInitialized)
def _initialized(event: e.OrderInitialized, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    fields = {name: getattr(event, name) for name in event.__struct_fields__ if name not in ("order_id", "order_type")}
    yield Order(
        id=event.order_id,
        type=event.order_type,
        status=OrderStatus.INITIALIZED,
        created_at=entry.at,
        updated_at=entry.at,
        initial_quantity=event.quantity,
        **fields,
    )


@steps.on(e.OrderDenied)
def _denied(event: e.OrderDenied, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    reason = f"{event.code}: {event.reason}"
    yield move(_order(get, event.order_id), OrderStatus.DENIED, entry.at, reason=reason)


@steps.on(e.OrderSubmitted)
def _submitted(event: e.OrderSubmitted, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    yield move(_order(get, event.order_id), OrderStatus.SUBMITTED, entry.at)


@steps.on(e.OrderAccepted)
def _accepted(event: e.OrderAccepted, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    order = _order(get, event.order_id)
    changes = {"venue_order_id": event.venue_order_id or order.venue_order_id, "in_doubt": False}
    if order.status is OrderStatus.SUBMITTED:
        yield move(order, OrderStatus.ACCEPTED, entry.at, **changes)
    else:  # news that came after better news: only the venue's id is new
        yield msgspec.structs.replace(order, updated_at=entry.at, **changes)


@steps.on(e.OrderRejected)
def _rejected(event: e.OrderRejected, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    reason = f"{event.code}: {event.reason}"
    over = {"in_doubt": False, "is_amending": False}
    yield move(_order(get, event.order_id), OrderStatus.REJECTED, entry.at, reason=reason, **over)


@steps.on(e.OrderInDoubt)
def _in_doubt(event: e.OrderInDoubt, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    order = _order(get, event.order_id)
    reason = order.reason if order.status is OrderStatus.PENDING_CANCEL else event.reason
    yield msgspec.structs.replace(order, in_doubt=True, reason=reason, updated_at=entry.at)


@steps.on(e.OrderCancelRequested)
def _cancel_requested(event: e.OrderCancelRequested, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    order = _order(get, event.order_id)
    if order.status is not OrderStatus.PENDING_CANCEL:
        yield move(order, OrderStatus.PENDING_CANCEL, entry.at, reason=cancel_reason(event.actor, event.source))


@steps.on(e.OrderCancelRefused)
def _cancel_refused(event: e.OrderCancelRefused, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    order = _order(get, event.order_id)
    if order.status is OrderStatus.PENDING_CANCEL:
        status = OrderStatus.PARTIALLY_FILLED if order.filled_quantity else OrderStatus.ACCEPTED
        yield move(order, status, entry.at, reason=event.reason)


@steps.on(e.OrderCanceled, e.OrderExpired)
def _ended(event: e.OrderCanceled | e.OrderExpired, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    status = OrderStatus.CANCELED if isinstance(event, e.OrderCanceled) else OrderStatus.EXPIRED
    over = {"in_doubt": False, "is_amending": False}
    yield move(_order(get, event.order_id), status, entry.at, reason=event.reason, **over)


@steps.on(e.OrderAmendRequested, e.OrderAmendRefused)
def _amending(event: e.OrderAmendRequested | e.OrderAmendRefused, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    asked = isinstance(event, e.OrderAmendRequested)
    yield msgspec.structs.replace(_order(get, event.order_id), is_amending=asked, updated_at=entry.at)


@steps.on(e.OrderAmended)
def _amended(event: e.OrderAmended, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    order = _order(get, event.order_id)
    amended = msgspec.structs.replace(
        order,
        quantity=event.quantity,
        limit_price=event.limit_price,
        stop_price=event.stop_price,
        venue_order_id=event.venue_order_id or order.venue_order_id,
        is_amending=False,
        updated_at=entry.at,
    )
    # Heard after its last fill: with the smaller quantity it is complete.
    complete = amended.is_open and amended.remaining <= 0
    yield move(amended, OrderStatus.FILLED, entry.at) if complete else amended


@steps.on(e.ProtectionChanged)
def _protection(event: e.ProtectionChanged, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    order = _order(get, event.order_id)
    trails = event.trail_loss is not None  # a stop and a trailing stop take each other's place
    yield msgspec.structs.replace(
        order,
        stop_loss=None if trails else event.stop_loss or order.stop_loss,
        take_profit=event.take_profit or order.take_profit,
        trail_loss=event.trail_loss if trails else None if event.stop_loss else order.trail_loss,
        updated_at=entry.at,
    )


def _fill_status(order: Order, filled: Decimal, entry: e.Recorded) -> Order:
    """The order in the state that a fill brings it to."""
    if order.status is OrderStatus.FILLED:
        return msgspec.structs.replace(order, updated_at=entry.at)  # more than it was asked for is still a fact
    if filled >= order.quantity:  # there is nothing left that an unanswered change could change
        return move(order, OrderStatus.FILLED, entry.at, is_amending=False)
    part = move(order, OrderStatus.PARTIALLY_FILLED, entry.at)
    # A cancel that was asked for still is.
    return move(part, order.status, entry.at) if order.status is OrderStatus.PENDING_CANCEL else part


@steps.on(e.OrderFilled)
def _filled(event: e.OrderFilled, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    order = _order(get, event.order_id)
    account = order.account_id
    filled = order.filled_quantity + event.quantity
    instrument = instrument_of(get, account, order.symbol)
    before = get(Position, position_key(account, order.symbol)) or Position(
        account.name, account.mode, order.symbol, instrument.quote, multiplier=instrument.multiplier
    )
    tape = get(Tape, before.pk) or Tape(before)
    tape, after = tape.add(Trade(event, order.side, entry.at), before, instrument)
    gained = after.realized - before.realized
    yield msgspec.structs.replace(
        _fill_status(order, filled, entry),
        filled_quantity=filled,
        filled_value=order.filled_value + event.quantity * event.price,
        fees=add_fee(order.fees, event.fee),
        in_doubt=False,
    )
    yield after
    yield tape
    yield Fill(
        id=fill_key(account, order.symbol, event.trade_id),
        order_id=order.id,
        account=account.name,
        mode=account.mode,
        trade_id=event.trade_id,
        symbol=order.symbol,
        side=order.side,
        quantity=event.quantity,
        price=event.price,
        fee=event.fee,
        fee_value=event.fee_value,
        realized=gained,
        maker=event.maker,
        traded_at=event.traded_at,
        seq=entry.seq,
    )
    moved: dict[str, Balance] = {}
    for money in fill_balances(event, order, instrument, gained + event.fee_value):
        balance = moved.get(money.currency) or balance_of(get, account, money.currency)
        moved[money.currency] = msgspec.structs.replace(balance, amount=balance.amount + money.amount)
    yield from moved.values()
    if (figures := get(Account, account_key(account))) is not None:
        yield close_trip(figures, before, after, entry.at)
