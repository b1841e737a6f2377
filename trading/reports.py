"""The words of a venue: what became of an order, and how it has one now. They may come late, twice, or out of order."""

from datetime import datetime
from decimal import Decimal

import msgspec

from trading.instruments import Money, Side, Symbol
from trading.intent import Leg


class Accepted(msgspec.Struct, frozen=True):
    """The venue has it on its books."""

    order_id: str
    venue_order_id: str


class Rejected(msgspec.Struct, frozen=True):
    order_id: str
    code: str
    reason: str


class CloseOut(msgspec.Struct, frozen=True):
    """A position, or a part of it, that the venue itself has closed for want of money: liquidation, stop out."""

    symbol: Symbol
    side: Side
    reason: str


class Filled(msgspec.Struct, frozen=True):
    """One trade at the venue; `trade_id` is unique within the account.

    Where contracts settle otherwise than their prices say (in another currency, or lot by lot), `settled` is what the
    trade brought before its fee, and `entry_price` what the lots that it closed were opened at.

    With a `leg` it is not a trade of the order, but of the stop or target that the venue has held for it since it was
    filled, and that no order of ours stands for. With `closed_out` it is of no order at all, and `order_id` is empty.
    """

    order_id: str
    trade_id: str
    quantity: Decimal
    price: Decimal
    fee: Money
    at: datetime
    maker: bool = False
    settled: Money | None = None
    entry_price: Decimal | None = None
    leg: Leg | None = None
    closed_out: CloseOut | None = None


class Canceled(msgspec.Struct, frozen=True):
    """`filled_quantity` is how much of it was filled in all, where the venue says so."""

    order_id: str
    reason: str = ""
    filled_quantity: Decimal | None = None


class Expired(msgspec.Struct, frozen=True):
    """`filled_quantity` as of `Canceled`: a market order that empties the book expires with fills."""

    order_id: str
    reason: str = ""
    filled_quantity: Decimal | None = None


class CancelRefused(msgspec.Struct, frozen=True):
    order_id: str
    reason: str


class Amended(msgspec.Struct, frozen=True):
    order_id: str
    quantity: Decimal
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    venue_order_id: str = ""


class Triggered(msgspec.Struct, frozen=True):
    order_id: str


class Paid(msgspec.Struct, frozen=True):
    """What the venue itself has paid or taken (then negative) for holding a position; told once."""

    payment_id: str
    money: Money
    reason: str
    at: datetime


class Reconnected(msgspec.Struct, frozen=True):
    """The stream was cut and is back: anything may have been missed."""

    reason: str = ""


Report = Accepted | Rejected | Filled | Canceled | Expired | CancelRefused | Amended | Triggered | Paid | Reconnected
"""The venue's words. Reports may come late, twice, or out of order."""


class VenueOrder(msgspec.Struct, frozen=True):
    """One order as the venue has it. `order_id` is ours where the venue carries it, else empty."""

    venue_order_id: str
    order_id: str
    symbol: Symbol
    status: str  # open | filled | canceled | expired | rejected
    quantity: Decimal
    filled_quantity: Decimal
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    text: str = ""
    reason: str = ""
