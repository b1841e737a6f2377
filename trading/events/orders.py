"""An order's life, from the intent before its verdict to the last fill."""

from datetime import datetime
from decimal import Decimal

from trading.events.fact import Event, Finding
from trading.instruments import Money, Side, Symbol
from trading.intent import Leg, Mode, OrderType, TimeInForce, Trail


class OrderInitialized(Event, frozen=True):
    """Somebody's intent, sized and rounded, before the verdict."""

    order_id: str
    key: str
    account: str
    mode: Mode
    symbol: Symbol
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    quantity: Decimal
    actor: str
    source: str
    text: str
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail: Trail | None = None
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    trail_loss: Trail | None = None
    reduce_only: bool = False
    post_only: bool = False
    iceberg: Decimal | None = None
    leg: Leg = Leg.ENTRY
    parent_id: str = ""
    group: str = ""


class OrderDenied(Event, frozen=True):
    """Our risk gate said no; it never left."""

    order_id: str
    code: str
    reason: str
    findings: tuple[Finding, ...] = ()


class OrderSubmitted(Event, frozen=True):
    """About to be sent: durable before the wire. From here on its outcome is the venue's to tell."""

    order_id: str
    findings: tuple[Finding, ...] = ()
    request: str = ""


class OrderAccepted(Event, frozen=True):
    order_id: str
    venue_order_id: str = ""


class OrderRejected(Event, frozen=True):
    """The venue said no, or it never reached the venue."""

    order_id: str
    code: str
    reason: str


class OrderInDoubt(Event, frozen=True):
    """It may have arrived. It is never sent again; reconcile finds out."""

    order_id: str
    reason: str


class OrderFilled(Event, frozen=True):
    """One trade. `trade_id` is the venue's, unique in the account: the same one again is the same fill.

    `fee_value` is the fee in the instrument's quote currency at the time of the fill. `settled` is the money that it
    brought, where the venue settles otherwise than the prices say, and `entry_price` that of the lots it closed.
    """

    order_id: str
    trade_id: str
    quantity: Decimal
    price: Decimal
    fee: Money
    fee_value: Decimal
    traded_at: datetime
    maker: bool = False
    settled: Money | None = None
    entry_price: Decimal | None = None


class OrderCancelRequested(Event, frozen=True):
    order_id: str
    actor: str
    source: str


class OrderCancelRefused(Event, frozen=True):
    order_id: str
    reason: str


class OrderCanceled(Event, frozen=True):
    order_id: str
    reason: str = ""


class OrderExpired(Event, frozen=True):
    order_id: str
    reason: str = ""


class OrderAmendRequested(Event, frozen=True):
    """Written before the wire; what stays as it is, is None."""

    order_id: str
    actor: str
    source: str
    quantity: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None


class OrderAmended(Event, frozen=True):
    order_id: str
    quantity: Decimal
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    venue_order_id: str = ""


class OrderAmendRefused(Event, frozen=True):
    order_id: str
    reason: str


class OrderTriggered(Event, frozen=True):
    """A stop or take-profit saw its price."""

    order_id: str


class ProtectionChanged(Event, frozen=True):
    """A bracket's stop or target was changed before its legs were placed, or wished for a position."""

    order_id: str
    actor: str
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    trail_loss: Trail | None = None
