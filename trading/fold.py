"""What each event makes of the desk: one pure step, the same for live running, replay and verify.

`fold(entry, get)` answers the things an event changed, in their new version. Live state, the rows of
the projections and the proof that both agree all come from here.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from trading import control as c
from trading import events as e
from trading.errors import JournalError
from trading.instruments import ZERO, Instrument
from trading.intent import AccountId
from trading.order import Order, OrderStatus, add_fee, cancel_reason, move
from trading.portfolio import (
    Account,
    Balance,
    Fill,
    Position,
    Tape,
    Trade,
    account_key,
    balance_key,
    close_trip,
    fill_balances,
    fill_key,
    position_key,
    sample,
)

Entity = (
    Order | Position | Tape | Balance | Account | Fill | c.Latch | c.Kill | c.AccountMode | c.LimitOverride | c.Lock
    | c.Confirmation | c.Answer | c.StrategySwitch | c.Signal | c.Schedule | c.Drift | c.EquityPoint | c.Listing
    | c.Founding
)  # fmt: skip
T = TypeVar("T")
Get = Callable[[type[Any], str], Any]
"""Reads the present version of an entity by kind and key; None when there is none."""

Step = Callable[[Any, e.Recorded, Get], Iterator[Entity]]
_steps: dict[type[e.Event], Step] = {}


def on(*kinds: type[e.Event]) -> Callable[[Step], Step]:
    """This step folds these events."""

    def register(step: Step) -> Step:
        for kind in kinds:
            _steps[kind] = step
        return step

    return register


def fold(entry: e.Recorded, get: Get) -> Iterator[Entity]:
    """The entities that this entry changes, in their new version."""
    step = _steps.get(type(entry.event))
    return step(entry.event, entry, get) if step else iter(())


def _order(get: Get, order_id: str) -> Order:
    order = get(Order, order_id)
    if order is None:
        raise JournalError(f"The journal speaks of order {order_id} before it began.", code="UNKNOWN_ORDER")
    return order  # type: ignore[no-any-return]


# --- orders ----------------------------------------------------------------------------------


@on(e.OrderInitialized)
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


@on(e.OrderDenied)
def _denied(event: e.OrderDenied, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    reason = f"{event.code}: {event.reason}"
    yield move(_order(get, event.order_id), OrderStatus.DENIED, entry.at, reason=reason)


@on(e.OrderSubmitted)
def _submitted(event: e.OrderSubmitted, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    yield move(_order(get, event.order_id), OrderStatus.SUBMITTED, entry.at)


@on(e.OrderAccepted)
def _accepted(event: e.OrderAccepted, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    order = _order(get, event.order_id)
    changes = {"venue_order_id": event.venue_order_id or order.venue_order_id, "in_doubt": False}
    if order.status is OrderStatus.SUBMITTED:
        yield move(order, OrderStatus.ACCEPTED, entry.at, **changes)
    else:  # news that came after better news: only the venue's id is new
        yield msgspec.structs.replace(order, updated_at=entry.at, **changes)


@on(e.OrderRejected)
def _rejected(event: e.OrderRejected, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    reason = f"{event.code}: {event.reason}"
    yield move(_order(get, event.order_id), OrderStatus.REJECTED, entry.at, reason=reason, in_doubt=False)


@on(e.OrderInDoubt)
def _in_doubt(event: e.OrderInDoubt, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    order = _order(get, event.order_id)
    reason = order.reason if order.status is OrderStatus.PENDING_CANCEL else event.reason
    yield msgspec.structs.replace(order, in_doubt=True, reason=reason, updated_at=entry.at)


@on(e.OrderCancelRequested)
def _cancel_requested(event: e.OrderCancelRequested, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    order = _order(get, event.order_id)
    if order.status is not OrderStatus.PENDING_CANCEL:
        yield move(order, OrderStatus.PENDING_CANCEL, entry.at, reason=cancel_reason(event.actor, event.source))


@on(e.OrderCancelRefused)
def _cancel_refused(event: e.OrderCancelRefused, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    order = _order(get, event.order_id)
    if order.status is OrderStatus.PENDING_CANCEL:
        status = OrderStatus.PARTIALLY_FILLED if order.filled_quantity else OrderStatus.ACCEPTED
        yield move(order, status, entry.at, reason=event.reason)


@on(e.OrderCanceled, e.OrderExpired)
def _ended(event: e.OrderCanceled | e.OrderExpired, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    status = OrderStatus.CANCELED if isinstance(event, e.OrderCanceled) else OrderStatus.EXPIRED
    yield move(_order(get, event.order_id), status, entry.at, reason=event.reason, in_doubt=False)


@on(e.OrderAmendRequested, e.OrderAmendRefused)
def _amending(event: e.OrderAmendRequested | e.OrderAmendRefused, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    asked = isinstance(event, e.OrderAmendRequested)
    yield msgspec.structs.replace(_order(get, event.order_id), is_amending=asked, updated_at=entry.at)


@on(e.OrderAmended)
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


@on(e.ProtectionChanged)
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
    if filled >= order.quantity:
        return move(order, OrderStatus.FILLED, entry.at)
    part = move(order, OrderStatus.PARTIALLY_FILLED, entry.at)
    # A cancel that was asked for still is.
    return move(part, order.status, entry.at) if order.status is OrderStatus.PENDING_CANCEL else part


@on(e.OrderFilled)
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
        balance = moved.get(money.currency) or _balance(get, account, money.currency)
        moved[money.currency] = msgspec.structs.replace(balance, amount=balance.amount + money.amount)
    yield from moved.values()
    if (figures := get(Account, account_key(account))) is not None:
        yield close_trip(figures, before, after, entry.at)


# --- accounts --------------------------------------------------------------------------------


def instrument_of(get: Get, account: AccountId, symbol: str) -> Instrument:
    """The filters under which the account traded `symbol`."""
    listing = get(c.Listing, f"{account.name}:{account.mode}:{symbol}")
    if listing is None:
        raise JournalError(f"The journal has no listing of {symbol} for {account}.", code="UNKNOWN_INSTRUMENT")
    return listing.instrument  # type: ignore[no-any-return]


def _balance(get: Get, account: AccountId, currency: str) -> Balance:
    return get(Balance, balance_key(account, currency)) or Balance(account.name, account.mode, currency)


@on(e.InstrumentListed)
def _listed(event: e.InstrumentListed, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    yield c.Listing(event.account, event.mode, event.instrument)


@on(e.AccountOpened)
def _opened(event: e.AccountOpened, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    yield Account(event.account, event.mode, event.venue, event.currency, entry.at)
    for money in event.balances:
        yield Balance(event.account, event.mode, money.currency, money.amount)


@on(e.BalanceAdjusted)
def _balance_adjusted(event: e.BalanceAdjusted, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    account = AccountId(event.account, event.mode)
    balance = _balance(get, account, event.change.currency)
    yield msgspec.structs.replace(balance, amount=balance.amount + event.change.amount)
    figures = get(Account, account_key(account))
    if figures is not None and figures.day:
        yield msgspec.structs.replace(
            figures,
            equity=figures.equity + event.value,
            peak=figures.peak + event.value,
            day_start=figures.day_start + event.value,
        )


@on(e.PositionAdjusted)
def _position_adjusted(event: e.PositionAdjusted, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    account = AccountId(event.account, event.mode)
    instrument = instrument_of(get, account, event.symbol)
    before = get(Position, position_key(account, event.symbol)) or Position(
        account.name, account.mode, event.symbol, instrument.quote, multiplier=instrument.multiplier
    )
    cost = instrument.notional(abs(event.quantity), event.price)
    opened = (before.opened_at or entry.at) if event.quantity else None
    after = msgspec.structs.replace(
        before, quantity=event.quantity, cost=cost, trip=ZERO, opened_at=opened, updated_at=entry.at
    )
    yield after
    yield Tape(after)


@on(e.EquitySampled)
def _sampled(event: e.EquitySampled, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    figures = get(Account, account_key(AccountId(event.account, event.mode)))
    if figures is not None:
        yield sample(figures, event)
    yield c.EquityPoint(
        str(entry.seq), event.account, event.mode, entry.at, event.equity, event.cash, event.unrealized, event.day
    )


@on(e.Reconciled)
def _reconciled(event: e.Reconciled, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    figures = get(Account, account_key(AccountId(event.account, event.mode)))
    if figures is not None:
        yield msgspec.structs.replace(figures, reconciled_at=entry.at)


@on(e.DriftFound)
def _drift_found(event: e.DriftFound, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    yield c.Drift(event.drift_id, event.account, event.mode, event.kind, event.subject, event.ours, event.theirs)


@on(e.DriftResolved)
def _drift_resolved(event: e.DriftResolved, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    if (drift := get(c.Drift, event.drift_id)) is not None:
        yield msgspec.structs.replace(drift, resolution=event.resolution)


@on(e.ModeChanged)
def _mode(event: e.ModeChanged, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    yield c.AccountMode(event.account, event.mode, event.actor, event.until)


# --- control ---------------------------------------------------------------------------------


@on(e.DeskFounded)
def _founded(event: e.DeskFounded, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    yield c.Founding(event.desk_id)


@on(e.TradingStateChanged)
def _latch(event: e.TradingStateChanged, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    yield c.Latch(event.scope, event.state, event.actor, event.reason, entry.at)


@on(e.KillStarted)
def _kill(event: e.KillStarted, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    yield c.Kill(event.kill_id, event.scope, event.flatten, event.actor, entry.at)


@on(e.KillStep, e.KillFinished)
def _kill_step(event: e.KillStep | e.KillFinished, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    if (kill := get(c.Kill, event.kill_id)) is not None:
        done = kill.done or isinstance(event, e.KillFinished)  # a step told late does not begin it anew
        yield msgspec.structs.replace(kill, steps=(*kill.steps[-50:], event.text), done=done)


@on(e.LimitChanged)
def _limit(event: e.LimitChanged, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    yield c.LimitOverride(event.account, event.name, event.value, event.actor)


@on(e.SymbolLocked)
def _locked(event: e.SymbolLocked, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    yield c.Lock(event.symbol, event.until, event.reason, event.actor)


@on(e.SymbolUnlocked)
def _unlocked(event: e.SymbolUnlocked, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    if (lock := get(c.Lock, event.symbol)) is not None:
        yield msgspec.structs.replace(lock, active=False)


@on(e.ConfirmationAsked)
def _asked(event: e.ConfirmationAsked, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    yield c.Confirmation(**msgspec.structs.asdict(event))


@on(e.ConfirmationClosed)
def _closed(event: e.ConfirmationClosed, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    if (asked := get(c.Confirmation, event.token)) is not None:
        yield msgspec.structs.replace(asked, outcome=event.outcome, closed_by=event.actor)


@on(e.CommandRun)
def _ran(event: e.CommandRun, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    if event.key and event.answer:
        yield c.Answer(event.key, event.answer)


@on(e.StrategySwitched)
def _switched(event: e.StrategySwitched, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    yield c.StrategySwitch(event.strategy, event.running, event.actor)


@on(e.SignalEmitted)
def _signal(event: e.SignalEmitted, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    yield c.Signal(
        event.signal_id, event.strategy, event.account, event.symbol, event.side, event.bar_close, event.price,
        entry.at, event.order_id, event.outcome,
    )  # fmt: skip


@on(e.ScheduleSet)
def _scheduled(event: e.ScheduleSet, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    yield c.Schedule(event.schedule_id, event.line, event.actor, event.role, event.every_s, event.at)


@on(e.ScheduleRemoved)
def _unscheduled(event: e.ScheduleRemoved, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    if (schedule := get(c.Schedule, event.schedule_id)) is not None:
        yield msgspec.structs.replace(schedule, active=False)
