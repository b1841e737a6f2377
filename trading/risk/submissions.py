"""The orders sent a moment ago, for the limits on pace.

Seeded from the book at the first question, so that a restart forgets nothing, and from then on
told by the book's entries: a question costs the same however many orders there are.
"""

from collections import OrderedDict, deque
from datetime import datetime, timedelta
from typing import NamedTuple

from trading.book import Book
from trading.events import OrderSubmitted, Recorded
from trading.intent import AccountId, Leg
from trading.order import Order, OrderStatus

MINUTE = timedelta(seconds=60)
TWINS = 10_000  # likenesses remembered: far more than any window needs
_UNSENT = frozenset({OrderStatus.INITIALIZED, OrderStatus.DENIED})


class Sent(NamedTuple):
    """One order that went out."""

    at: datetime
    order: Order


class Submissions:
    """Reads the book, changes nothing."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._seeded = False
        self._minutes: dict[AccountId, deque[datetime]] = {}
        self._twins: OrderedDict[tuple[object, ...], Sent] = OrderedDict()

    def last_minute(self, account: AccountId) -> deque[datetime]:
        """When the account sent its orders of the last 60 seconds, oldest first."""
        self._seed()
        return self._since(account, self._book.clock.now() - MINUTE)

    def _since(self, account: AccountId, oldest: datetime) -> deque[datetime]:
        times = self._minutes.setdefault(account, deque())
        while times and times[0] <= oldest:
            times.popleft()
        return times

    def twin(self, order: Order) -> Sent | None:
        """The last order that was the same in every respect, from the same actor, unless the venue refused it."""
        self._seed()
        sent = self._twins.get(_likeness(order))
        if sent is None or sent.order.id == order.id:
            return None
        now = self._book.order(sent.order.id)
        return None if now is not None and now.status is OrderStatus.REJECTED else sent

    def _seed(self) -> None:
        if not self._seeded:
            self._seeded = True
            for order in reversed(self._book.recent_orders()):
                if order.status not in _UNSENT:
                    self._add(Sent(order.created_at, order))
            self._book.subscribe(self._told)

    def _told(self, entry: Recorded) -> None:
        if isinstance(entry.event, OrderSubmitted) and (order := self._book.order(entry.event.order_id)):
            self._add(Sent(entry.at, order))

    def _add(self, sent: Sent) -> None:
        self._since(sent.order.account_id, sent.at - MINUTE).append(sent.at)
        if may_repeat(sent.order):
            return
        likeness = _likeness(sent.order)
        self._twins[likeness] = sent
        self._twins.move_to_end(likeness)
        if len(self._twins) > TWINS:
            self._twins.popitem(last=False)


def may_repeat(order: Order) -> bool:
    """Protective orders come in equal pairs, and a strategy's key is a bar, which cannot be asked twice."""
    return order.leg is not Leg.ENTRY or bool(order.parent_id) or order.actor.partition(":")[0] in ("strategy", "desk")


def _likeness(order: Order) -> tuple[object, ...]:
    return (
        order.account, order.mode, order.actor, order.symbol, order.side, order.type, order.quantity,
        order.limit_price, order.stop_price, order.trail, order.reduce_only,
    )  # fmt: skip
