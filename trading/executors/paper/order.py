"""One order on the paper venue's books: its terms, its state, and which prices trigger or allow it."""

from decimal import Decimal
from enum import StrEnum

import msgspec

from trading.instruments import ZERO, Instrument, Side, Symbol, plain
from trading.intent import OrderType, TimeInForce, Trail
from trading.order import Order
from trading.reports import Amended, VenueOrder

LIMITED = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT})
STOPPED = frozenset({OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT})
TARGETS = frozenset({OrderType.LIMIT, OrderType.TAKE_PROFIT})
"""What takes the profit of an OCO pair."""

_FIRST = Decimal("-Infinity")


class State(StrEnum):
    PENDING = "pending"  # a bracket's leg whose entry is not filled: on the books, reserves nothing
    WAITING = "waiting"  # a stop that has not seen its price
    WORKING = "working"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"


_OPEN = frozenset({State.PENDING, State.WAITING, State.WORKING})


class BookOrder(msgspec.Struct, omit_defaults=True):
    """One order, as it is saved.

    `mark` is the best price a trailing stop has seen. `budget` is what is left of the quote currency that a spot
    BUY reserved: one that fills dearer than it reckoned lives on free funds, never on what others have reserved.
    """

    order_id: str
    venue_order_id: str
    symbol: Symbol
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    quantity: Decimal
    state: State = State.WORKING
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail: Trail | None = None
    mark: Decimal | None = None
    budget: Decimal = ZERO
    reduce_only: bool = False
    post_only: bool = False
    filled: Decimal = ZERO
    list_id: str = ""
    parent: str = ""  # venue order id of the bracket's entry
    reason: str = ""

    @classmethod
    def of(cls, order: Order, venue_order_id: str, list_id: str, parent: str) -> "BookOrder":
        """What was asked, without prices its type does not use. With a `parent` it is a leg, and pending."""
        return cls(
            order.id,
            venue_order_id,
            order.symbol,
            order.side,
            order.type,
            order.time_in_force,
            order.quantity,
            state=State.PENDING if parent else first_state(order.type),
            limit_price=order.limit_price if order.type in LIMITED else None,
            stop_price=order.stop_price if order.type in STOPPED else None,
            trail=order.trail if order.type is OrderType.TRAILING_STOP else None,
            reduce_only=order.reduce_only,
            post_only=order.post_only,
            list_id=list_id,
            parent=parent,
        )

    @property
    def is_open(self) -> bool:
        return self.state in _OPEN

    @property
    def remaining(self) -> Decimal:
        return self.quantity - self.filled

    @property
    def price(self) -> Decimal | None:
        """What it reckons to trade at; None is the market."""
        return self.limit_price or self.stop_price

    @property
    def number(self) -> int:
        """Its place in time among all orders."""
        return int(self.venue_order_id[1:])

    @property
    def priority(self) -> tuple[Decimal, int]:
        """Market orders, then the better limit, then the older."""
        return _FIRST if self.limit_price is None else -self.side.sign * self.limit_price, self.number

    @property
    def lot(self) -> str:
        """What reserves funds once: its list, or itself."""
        return self.list_id or self.venue_order_id

    def accepts(self, price: Decimal) -> bool:
        """Whether its limit, if any, allows trading at `price`."""
        return self.limit_price is None or self.side.sign * (self.limit_price - price) >= 0

    def triggered_by(self, price: Decimal) -> bool:
        """A BUY stop by an ask at or above it, a SELL stop by a bid at or below; take-profits the other way."""
        if self.stop_price is None:
            return False
        beyond = self.side.sign * (price - self.stop_price)
        return beyond <= 0 if self.type is OrderType.TAKE_PROFIT else beyond >= 0

    def follow(self, price: Decimal, instrument: Instrument) -> bool:
        """Move a trailing stop after a better price, to a tick, at least one away; whether it moved."""
        if self.trail is None or (self.mark is not None and self.side.sign * (self.mark - price) <= 0):
            return False
        self.mark = price
        stop = instrument.round_price(price + self.side.sign * self.trail.distance(price), self.side)
        self.stop_price = price + self.side.sign * instrument.tick if stop == price else stop
        return True

    def changed(self, quantity: Decimal, limit_price: Decimal | None, stop_price: Decimal | None) -> "BookOrder":
        """It with these terms, as far as its type and state have them; a price left out stays as it is."""
        order = msgspec.structs.replace(self, quantity=quantity)
        if order.type in LIMITED and limit_price is not None:
            order.limit_price = limit_price
        if order.state is not State.WORKING and order.type in STOPPED and stop_price is not None:
            order.stop_price = stop_price
        return order

    def shown(self) -> VenueOrder:
        return VenueOrder(
            venue_order_id=self.venue_order_id,
            order_id=self.order_id,
            symbol=self.symbol,
            status="open" if self.is_open else self.state.value,
            quantity=self.quantity,
            filled_quantity=self.filled,
            limit_price=self.limit_price,
            stop_price=self.stop_price,
            reason=self.reason,
        )

    def amended(self) -> Amended:
        return Amended(self.order_id, self.quantity, self.limit_price, self.stop_price, self.venue_order_id)


def first_state(kind: OrderType) -> State:
    """Of an order that comes to the market."""
    return State.WORKING if kind in (OrderType.MARKET, OrderType.LIMIT) else State.WAITING


def sentence(order: Order) -> str:
    """What was asked, in words."""
    words = [order.side.value, plain(order.quantity), order.symbol, order.type.value]
    words += [plain(order.limit_price)] if order.limit_price is not None else []
    words += [f"stop={plain(order.stop_price)}"] if order.stop_price is not None else []
    words += [f"trail={order.trail}"] if order.trail is not None else []
    words += [order.time_in_force.value]
    words += ["post-only"] if order.post_only else []
    words += [f"iceberg={plain(order.iceberg)}"] if order.iceberg is not None else []
    words += ["reduce-only"] if order.reduce_only else []
    return " ".join([*words, f"id={order.id}"])
