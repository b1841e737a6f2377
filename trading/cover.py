"""What of a bracket's entry still needs its stop and target: decided from the book alone, so that a restart
goes on where a crash stopped.

A bracket protects what its entry received, up to what is held, for as long as the position it opened lasts.
Its stop and target are sent as a *pair* over a part of the entry, numbered in the key. A pair that was sent by
itself, as `/oco` does, is the first of a bracket that has no entry. What became of each pair says how much is
still to be covered::

    need = received - done - live - let go - lost
"""

from collections import defaultdict
from collections.abc import Collection
from decimal import Decimal
from enum import Enum, auto
from typing import NamedTuple

from msgspec.structs import replace

from trading.book import Book
from trading.drafting import WITH_ENTRY
from trading.instruments import ZERO, Instrument, Settlement
from trading.intent import Leg, OrderType, Trail
from trading.order import MAKING_ROOM, Order, OrderStatus
from trading.portfolio import Balance, balance_key

NEVER_THERE = frozenset({"VENUE_UNREACHABLE", "NEVER_ARRIVED", "NOT_READY"})
"""Why a leg does not work although nobody said no to it: it is sent again for as long as it takes."""

IN_THE_WAY = frozenset({"NOTHING_TO_REDUCE", "REDUCE_ONLY", "INSUFFICIENT_FUNDS"})
"""What another order may have caused that is on its way out: it is sent again a few times."""

PATIENCE = 6  # how often a pair that something is in the way of is sent before it counts as lost


class Fate(Enum):
    """What became of a pair."""

    LIVE = auto()
    DONE = auto()
    UNUSED = auto()  # sent with an entry that ended before it was complete: the venue dropped it
    AGAIN = auto()  # made room for an order, never got there, or was due: to be sent again
    LAME = auto()  # the same of its stop, while its target still works
    LET_GO = auto()  # somebody cancelled it
    LOST = auto()  # the venue or the gate said no to its stop, or the venue ended it


class Pair(NamedTuple):
    """A stop and a target, or one of them, over a part of an entry."""

    number: str
    legs: tuple[Order, ...]

    @property
    def size(self) -> Decimal:
        return max(leg.quantity for leg in self.legs)

    @property
    def done(self) -> Decimal:
        return sum((leg.filled_quantity for leg in self.legs), ZERO)

    @property
    def live(self) -> Decimal:
        """What it may still close: what one leg has done, the other will not."""
        most = max((leg.remaining for leg in self.legs if leg.is_open), default=ZERO)
        return max(min(most, self.size - self.done), ZERO)

    @property
    def main(self) -> Order:
        """The stop, or the target of a bracket without one."""
        return next((leg for leg in self.legs if leg.leg is Leg.STOP_LOSS), self.legs[0])

    @property
    def failed(self) -> str:
        """The code with which its main leg did not get to the venue's books, or an empty text."""
        refused = self.main.status in (OrderStatus.REJECTED, OrderStatus.DENIED)
        return self.main.reason.partition(":")[0] if refused else ""

    @property
    def was_due(self) -> bool:
        """Refused because it would have been done at once."""
        return self.failed == "STOP_WRONG_SIDE" or (bool(self.failed) and "TRIGGER" in self.main.reason.upper())

    @property
    def _was_dropped(self) -> bool:
        """The venue ended the main leg because the other one traded, as of an OCO pair."""
        traded = any(leg.filled_quantity for leg in self.legs if leg is not self.main)
        return traded and not self.failed and self.main.reason != MAKING_ROOM and not self.main.canceled_by

    def fate(self, entry: Order, patient: bool) -> Fate:
        """`patient`: what is in the way of it may still go."""
        if self.main.is_open or (self.live and self._was_dropped):
            return Fate.LIVE
        if self.number == WITH_ENTRY and not self.done and entry.status is not OrderStatus.FILLED:
            return Fate.UNUSED
        if self.done >= self.size:
            return Fate.DONE
        if any(leg.canceled_by for leg in self.legs):
            return Fate.LIVE if self.live else Fate.LET_GO
        made_room = any(leg.status is OrderStatus.CANCELED and leg.reason == MAKING_ROOM for leg in self.legs)
        missed = self.was_due or self.failed in NEVER_THERE or (patient and self.failed in IN_THE_WAY)
        if made_room or (missed and self.main.parent_id):  # of a pair by itself whoever sent it has the answer
            return Fate.LAME if self.live else Fate.AGAIN
        return Fate.LOST


class Wish(NamedTuple):
    """What is to be another; None stays as it is."""

    stop: Decimal | None
    target: Decimal | None
    trail: Trail | None

    def over(self, legs: list[Order]) -> "Wish":
        """What a pair becomes: the wish, and what the pair has of what is not wished for."""
        stop, target, trail = self
        for leg in legs:
            if leg.leg is Leg.TAKE_PROFIT and target is None:
                target = leg.limit_price
            elif leg.leg is Leg.STOP_LOSS and self.stop is None and self.trail is None:
                stop, trail = None if leg.trail else leg.stop_price, leg.trail
        return Wish(stop, target, trail)


class Cover(NamedTuple):
    """How far an entry is covered; pairs are oldest first."""

    need: Decimal  # received, and neither covered nor given up
    again: tuple[Pair, ...]  # did not get there, since one did
    lame: tuple[Pair, ...]
    lost: tuple[Pair, ...]
    next_number: str
    is_venue_held: bool  # the venue holds the list and activates it when the entry is complete


def look(entry: Order, book: Book, instrument: Instrument) -> Cover:
    """How far the legs that were placed so far cover what the entry received."""
    pairs = pairs_of(entry, book)
    patient = sum(1 for pair in pairs if pair.failed in IN_THE_WAY) <= PATIENCE
    fates = [(pair, pair.fate(entry, patient)) for pair in pairs]
    well = max((int(pair.number) for pair, fate in fates if fate in (Fate.LIVE, Fate.DONE)), default=0)
    used = sum((pair.done + pair.live for pair in pairs), ZERO)
    given_up = (Fate.LOST, Fate.LET_GO)
    gone = sum((pair.size - pair.done - pair.live for pair, fate in fates if fate in given_up), ZERO)
    received = entry.filled_quantity - (entry.fee_in(instrument.base) if entry.side.sign > 0 else ZERO)
    position = book.position(entry.account_id, entry.symbol)
    held = max(entry.side.sign * position.quantity, ZERO) if position else ZERO
    # What room was made for and closed wants no protection in the place of what somebody let go of.
    closed = max(received - sum((pair.done for pair in pairs), ZERO) - held, ZERO)
    gone += min(closed, _given_up(pairs))
    return Cover(
        need=received - used - gone if is_its_position(entry, book) else ZERO,
        again=tuple(pair for pair, fate in fates if fate is Fate.AGAIN and pair.failed and int(pair.number) > well),
        lame=tuple(pair for pair, fate in fates if fate is Fate.LAME),
        lost=tuple(pair for pair, fate in fates if fate is Fate.LOST),
        next_number=str(max((int(pair.number) for pair in pairs), default=0) + 1),
        is_venue_held=entry.is_open and any(pair.number == WITH_ENTRY and pair.live for pair in pairs),
    )


def _given_up(pairs: list[Pair]) -> Decimal:
    """How much pairs gave up to make room, by becoming smaller or by going, that no later one took up again."""
    total = ZERO
    for place, pair in enumerate(pairs):
        # Legs become smaller one after the other: it gives up nothing while one of them would still do it.
        total += pair.main.initial_quantity - max(leg.quantity for leg in pair.legs if leg.is_open or leg is pair.main)
        if any(leg.status is OrderStatus.CANCELED and leg.reason == MAKING_ROOM for leg in pair.legs):
            taken_up = sum((later.size for later in pairs[place + 1 :]), ZERO)
            total += max(pair.size - pair.done - taken_up, ZERO)
    return total


def bracket_of(leg: Order) -> str:
    """The name of the bracket that a leg is of (see `entry_of`); empty for one by itself."""
    return leg.parent_id or leg.group


def entry_of(name: str, book: Book) -> Order | None:
    """The entry of a bracket; for legs placed over a position by themselves, an order that stands for it."""
    entry = book.order(name)
    legs = _legs_of(name, book)
    if entry is not None or not legs:
        return entry
    first, last = legs[0], _number(legs[-1])
    latest = [leg for leg in legs if _number(leg) == last]
    stop = next((leg for leg in latest if leg.leg is Leg.STOP_LOSS), None)
    target = next((leg for leg in latest if leg.leg is Leg.TAKE_PROFIT), None)
    price = next(price for leg in latest for price in (leg.limit_price, leg.stop_price, ZERO) if price is not None)
    return replace(
        first,
        id=name,
        key=first.key.removesuffix(f":{first.leg}:{_number(first)}"),
        side=first.side.opposite,
        type=OrderType.MARKET,
        status=OrderStatus.FILLED,
        leg=Leg.ENTRY,
        stop_loss=stop.stop_price if stop else None,
        trail_loss=stop.trail if stop else None,
        take_profit=target.limit_price if target else None,
        filled_quantity=first.initial_quantity,
        filled_value=first.initial_quantity * price,
        fees=(),
        updated_at=first.created_at,
    )


def pairs_of(entry: Order, book: Book) -> list[Pair]:
    """The pairs placed for an entry, oldest first."""
    numbered: dict[str, list[Order]] = defaultdict(list)
    for leg in _legs_of(entry.id, book):
        numbered[_number(leg)].append(leg)
    return [Pair(number, tuple(legs)) for number, legs in numbered.items()]


def _legs_of(name: str, book: Book) -> list[Order]:
    """The legs of a bracket: the pair it began with, where that was sent by itself, and those the desk placed."""
    return [*book.group(name), *book.children(name)]


def _number(leg: Order) -> str:
    return leg.key.rpartition(":")[2] if leg.parent_id else WITH_ENTRY


def is_its_position(entry: Order, book: Book) -> bool:
    """Whether the position is one that the entry opened or added to, and not a later one."""
    position = book.position(entry.account_id, entry.symbol)
    return (
        position is not None
        and position.quantity * entry.side.sign > 0
        and position.opened_at is not None
        and position.opened_at <= entry.updated_at
    )


def held_for(book: Book, leg: Order) -> Decimal:
    """How much there is that an order on the side of `leg` could close."""
    position = book.position(leg.account_id, leg.symbol)
    return max(-leg.side.sign * position.quantity, ZERO) if position else ZERO


class Room(NamedTuple):
    """How much of what is held a new protective order may close; what plain orders stand in the way of."""

    free: Decimal
    blocked: Decimal


def room(book: Book, entry: Order, instrument: Instrument, gone: Collection[Order] = ()) -> Room:
    """What is held of an entry's symbol and side, less what open orders are going to close, as if some were `gone`.

    On spot a plain order may sell what was held before: it only must not be sold twice.
    """
    position = book.position(entry.account_id, entry.symbol)
    held = max(entry.side.sign * position.quantity, ZERO) if position else ZERO
    protected: dict[str, Decimal] = {}
    plain = ZERO
    for order in book.open_orders(entry.account_id, entry.symbol):
        if order.side is entry.side or order in gone:
            continue
        if order.leg is Leg.ENTRY:
            plain += order.remaining
        else:
            bond = order.group or order.id
            protected[bond] = max(protected.get(bond, ZERO), _to_do(order, book))
    bare = held - sum(protected.values(), ZERO)
    if instrument.settlement is Settlement.SPOT:
        balance = book.get(Balance, balance_key(entry.account_id, instrument.base))
        plain = max(plain - max((balance.amount if balance else ZERO) - held, ZERO), ZERO)
    blocked = max(min(plain, bare), ZERO)
    return Room(bare - blocked, blocked)


def _to_do(leg: Order, book: Book) -> Decimal:
    """What a leg may still close; in a list that waits for its entry, no more than that has received."""
    parent = book.order(leg.parent_id) if waits(leg, book) else None
    return min(leg.remaining, parent.filled_quantity) if parent else leg.remaining


def waits(leg: Order, book: Book) -> bool:
    """Whether a leg is in a list that the venue holds until its entry is complete."""
    parent = book.order(leg.parent_id) if leg.parent_id else None
    return parent is not None and parent.is_open and leg.key.endswith(f":{WITH_ENTRY}")


def listed_with(order: Order, book: Book) -> list[Order]:
    """The open orders that are of one list with this one, where a venue holds lists.

    They are the other leg of a pair, the entry of a bracket that still waits, and the legs of such an entry.
    """
    bracket = order.parent_id if waits(order, book) else order.id
    return [
        other
        for other in book.open_orders(order.account_id, order.symbol)
        if other.id != order.id
        and (
            other.id == bracket
            or (other.parent_id == bracket and waits(other, book))
            or (order.group and other.group == order.group)
        )
    ]
