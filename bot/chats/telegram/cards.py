"""Messages that are changed or answered to later: cards that wait for a confirmation, and the cards of orders.

Both are remembered for as long as the process lives, and by a `Memory` for longer. Without one, after a
restart a fill is said by itself, and a card of before has its buttons until they are pressed.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from bot.chats.base import MessageRef, Place
from bot.chats.consent import ended
from bot.chats.memory import Memory
from handlers.confirm import AGREED, token_of
from handlers.parse import MissingArgument
from handlers.reply import Reply
from trading.book import Book
from trading.control import Confirmation
from trading.events import ConfirmationClosed, Recorded

MOST = 2000  # remembered of each kind

K = TypeVar("K")
V = TypeVar("V")
Change = Callable[[MessageRef, Reply], None]
"""Changes a message some time soon; must not block."""


class Cards:
    """Where the cards are. `change` is told of those that were answered, wherever they were."""

    def __init__(self, book: Book, change: Change, memory: Memory | None = None) -> None:
        self._book = book
        self._change = change
        self._memory = memory
        self._asking: dict[str, list[tuple[MessageRef, Reply | None]]] = {}
        self._orders: dict[tuple[Place, str], MessageRef] = {}
        self._forms: dict[MessageRef, None] = {}
        self._expected: dict[tuple[Place, str], MessageRef] = {}
        self.close = book.subscribe(self._hear)

    def recall(self) -> None:
        """Take up the cards of before a restart; what was answered or voided meanwhile, is changed."""
        for token, refs in list(self._memory.asked().items()) if self._memory else ():
            self._asking[token] = [(ref, None) for ref in refs]
            self._settle(token)

    @contextmanager
    def expecting(self, ref: MessageRef, request: str) -> Iterator[None]:
        """While a request is answered, its own message stands for the card of the order that it may lead to."""
        key = ref.place, self._book.order_id(request)
        self._expected[key] = ref
        try:
            yield
        finally:
            self._expected.pop(key, None)

    def sent(self, ref: MessageRef, reply: Reply, *, answer: bool = False) -> None:
        """Something was said, in answer to somebody or unasked: kept, if it is a card."""
        if reply.order_id and (answer or (ref.place, reply.order_id) not in self._expected):
            self._keep(reply.order_id, ref)
        if reply.error == MissingArgument.code:
            self._forms[ref] = None
            _forget(self._forms)
        if token := token_of(reply):
            self._asking.setdefault(token, []).append((ref, reply))
            _forget(self._asking)
            if self._memory:
                self._memory.ask(token, ref)
            self._settle(token)  # it may have been answered elsewhere before it was shown here

    def is_form(self, ref: MessageRef) -> bool:
        """Whether a message asks, with buttons, for what a line left out."""
        return ref in self._forms

    def order(self, place: Place, number: str) -> MessageRef | None:
        """The first message in a place that was about an order."""
        key = place, number
        kept = self._memory.card(number, place) if self._memory else None
        return self._orders.get(key) or kept or self._expected.get(key)

    def _hear(self, entry: Recorded) -> None:
        if isinstance(entry.event, ConfirmationClosed):
            self._settle(entry.event.token)

    def _keep(self, number: str, ref: MessageRef) -> None:
        if (ref.place, number) in self._orders or (self._memory and self._memory.card(number, ref.place)):
            return
        self._orders[ref.place, number] = ref
        _forget(self._orders)
        if self._memory:
            self._memory.keep_card(number, ref)

    def _settle(self, token: str) -> None:
        """Change the cards of a confirmation that is not waiting any more."""
        asked = self._book.get(Confirmation, token)
        if asked is not None and not asked.outcome:
            return
        for ref, reply in self._asking.pop(token, ()):
            if asked is not None and asked.outcome in AGREED:  # fills may be told before the press is answered
                self._keep(self._book.order_id(asked.key), ref)
            self._change(ref, ended(asked, reply))
        if self._memory:
            self._memory.closed(token)


def _forget(known: dict[K, V]) -> None:
    if len(known) > MOST:
        del known[next(iter(known))]
