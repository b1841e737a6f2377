"""What the executor knows of our orders that the broker may still act on, and what the desk's books know of them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from trading.executors.mt5.rules import is_stop
from trading.instruments import ZERO, Side, Symbol
from trading.intent import Trail
from trading.order import Order


class Books(NamedTuple):
    """An account's orders in the desk's books: those that are open, and the latest of all, newest first."""

    open: Callable[[], Iterable[Order]] = tuple
    recent: Callable[[], Iterable[Order]] = tuple

    def by_head(self, head: str) -> str:
        """The id that begins so; empty if there is none."""
        orders = (order for read in (self.open, self.recent) for order in read())
        return next((order.id for order in orders if order.id.startswith(head)), "")


@dataclass
class Level:
    """An order of ours that stands at the broker as the stop or the target of positions.

    `identifiers` are theirs, which stay when tickets change. `changed_at` is when we last set it.
    """

    is_stop: bool
    identifiers: tuple[int, ...]
    price: Decimal
    changed_at: datetime
    volumes: dict[int, Decimal] = field(default_factory=dict)
    is_lost: bool = False  # the broker dropped it when something was added to the position

    @property
    def venue_order_id(self) -> str:
        """What the order is called: the broker has no number for it."""
        return f"{'sl' if self.is_stop else 'tp'} {'+'.join(map(str, self.identifiers))}"


def identifiers_in(venue_order_id: str) -> tuple[int, ...]:
    """The positions that a level's name tells; empty if it is none."""
    kind, _, numbers = venue_order_id.partition(" ")
    return tuple(map(int, numbers.split("+"))) if kind in ("sl", "tp") and numbers else ()


@dataclass
class Track:
    """One order. `tickets` are the broker's orders that it took, the oldest first; a level has none."""

    order_id: str
    symbol: Symbol
    side: Side
    quantity: Decimal | None = None  # None where it was found there and not sent by this process
    tickets: list[int] = field(default_factory=list)
    level: Level | None = None
    trail: Trail | None = None
    price: Decimal | None = None  # that a waiting order with a trail waits for
    is_stop: bool = False
    busy: int = 0  # requests about it that are not answered
    unsure_until: datetime | None = None  # something may still come of a request that was not answered
    is_accepted: bool = False
    waits_twice: bool = False  # a stop-limit: seen as one at the broker
    is_triggered: bool = False
    filled: Decimal = ZERO

    @classmethod
    def of(cls, order: Order) -> "Track":
        """The track of an order that is about to be sent, or was."""
        return cls(
            order.id,
            order.symbol,
            order.side,
            order.quantity,
            trail=order.trail,
            is_stop=is_stop(order),
            filled=order.filled_quantity,
        )


def level_of(order: Order, now: datetime) -> Track | None:
    """The track of a level that the desk's books have open, after a restart; None if the order is none."""
    identifiers = identifiers_in(order.venue_order_id)
    if not order.is_waiting_exit or not identifiers:
        return None
    track = Track.of(order)
    price = (order.stop_price if is_stop(order) else order.limit_price) or ZERO
    track.level = Level(is_stop(order), identifiers, price, now)
    track.is_accepted = True
    return track
