"""An order, its states as one table, and how each event changes it."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec

from trading.errors import JournalError
from trading.instruments import ZERO, Money, Side, Symbol
from trading.intent import AccountId, Leg, Mode, OrderType, TimeInForce, Trail


class OrderStatus(StrEnum):
    INITIALIZED = "INITIALIZED"
    DENIED = "DENIED"  # ours: the risk gate
    SUBMITTED = "SUBMITTED"  # told the venue, do not know yet
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"  # theirs: the venue
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    PENDING_CANCEL = "PENDING_CANCEL"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"


S = OrderStatus
TRANSITIONS: dict[OrderStatus, frozenset[OrderStatus]] = {
    S.INITIALIZED: frozenset({S.DENIED, S.SUBMITTED}),
    S.SUBMITTED: frozenset(
        {S.ACCEPTED, S.REJECTED, S.PARTIALLY_FILLED, S.FILLED, S.PENDING_CANCEL, S.CANCELED, S.EXPIRED}
    ),
    S.ACCEPTED: frozenset({S.PENDING_CANCEL, S.PARTIALLY_FILLED, S.FILLED, S.CANCELED, S.EXPIRED, S.REJECTED}),
    S.PARTIALLY_FILLED: frozenset({S.PARTIALLY_FILLED, S.FILLED, S.PENDING_CANCEL, S.CANCELED, S.EXPIRED}),
    # A refused cancel, or a fill that crosses a cancel on the wire, takes the order back.
    S.PENDING_CANCEL: frozenset({S.CANCELED, S.EXPIRED, S.FILLED, S.PARTIALLY_FILLED, S.ACCEPTED, S.REJECTED}),
    # A fill reported after the end is a real-world event: the venue had executed before it cancelled.
    S.CANCELED: frozenset({S.PARTIALLY_FILLED, S.FILLED}),
    S.EXPIRED: frozenset({S.PARTIALLY_FILLED, S.FILLED}),
    S.DENIED: frozenset(),
    S.REJECTED: frozenset(),
    S.FILLED: frozenset(),
}
OPEN = frozenset({S.SUBMITTED, S.ACCEPTED, S.PARTIALLY_FILLED, S.PENDING_CANCEL})
"""The states in which the venue may still act on the order."""


MAKING_ROOM = "to make room"
"""The reason of a protective order that was cancelled so that something else could close its position."""

POSITION_CLOSED = "the position is closed"
"""The reason of a level that ended because what it stood on has been closed by something else."""

_ASKED = "asked by "


def cancel_reason(actor: str, source: str) -> str:
    """Why an order is being cancelled, as its `reason`: who asked, or that the desk did for its protection."""
    return MAKING_ROOM if source == "protection" else f"{_ASKED}{actor}"


class Order(msgspec.Struct, frozen=True):
    """One order from its intent to its end. Prices in quote currency, quantities in units."""

    id: str
    key: str
    account: str
    mode: Mode
    symbol: Symbol
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    quantity: Decimal
    status: OrderStatus
    actor: str
    source: str
    text: str
    created_at: datetime
    updated_at: datetime
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail: Trail | None = None
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    trail_loss: Trail | None = None
    reduce_only: bool = False
    post_only: bool = False
    iceberg: Decimal | None = None  # how much of it the book shows at a time
    leg: Leg = Leg.ENTRY
    parent_id: str = ""
    group: str = ""
    filled_quantity: Decimal = ZERO
    filled_value: Decimal = ZERO
    fees: tuple[Money, ...] = ()
    venue_order_id: str = ""
    reason: str = ""
    in_doubt: bool = False
    initial_quantity: Decimal = ZERO  # before any amendment
    is_amending: bool = False  # a change was asked for, and the venue has not answered it

    @property
    def pk(self) -> str:
        return self.id

    @property
    def account_id(self) -> AccountId:
        return AccountId(self.account, self.mode)

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def is_unheard(self) -> bool:
        """Sent, and the venue has not said a word of it: whether it arrived is not known."""
        return self.is_open and not self.venue_order_id and not self.filled_quantity

    @property
    def is_waiting_exit(self) -> bool:
        """Waits for a price, and then only closes."""
        return self.reduce_only and self.type is not OrderType.MARKET

    @property
    def canceled_by(self) -> str:
        """Who asked for its cancel, once it is canceled; empty if nobody did, or protection made room."""
        asked = self.status is OrderStatus.CANCELED and self.reason.startswith(_ASKED)
        return self.reason.removeprefix(_ASKED) if asked else ""

    @property
    def remaining(self) -> Decimal:
        return self.quantity - self.filled_quantity

    @property
    def average_price(self) -> Decimal | None:
        """Value over quantity of what was filled, or None."""
        return self.filled_value / self.filled_quantity if self.filled_quantity else None

    def fee_in(self, currency: str) -> Decimal:
        """What was paid in `currency` so far."""
        return sum((fee.amount for fee in self.fees if fee.currency == currency), ZERO)


def move(order: Order, status: OrderStatus, at: datetime, **changes: Any) -> Order:
    """The order in its next state.

    Raises:
        JournalError: the table has no such step.
    """
    if status not in TRANSITIONS[order.status]:
        raise JournalError(f"Order {order.id} cannot go from {order.status} to {status}.", code="BAD_TRANSITION")
    return msgspec.structs.replace(order, status=status, updated_at=at, **changes)


def add_fee(fees: tuple[Money, ...], fee: Money) -> tuple[Money, ...]:
    """One entry a currency, in order of first appearance."""
    if not fee.amount:
        return fees
    if any(f.currency == fee.currency for f in fees):
        return tuple(Money(f.amount + fee.amount, f.currency) if f.currency == fee.currency else f for f in fees)
    return (*fees, fee)
