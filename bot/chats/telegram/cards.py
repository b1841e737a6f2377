"""Messages that are changed or answered to later: cards that wait for a confirmation, and the cards of orders.

Both are remembered for as long as the process lives, and by a `Memory` for longer. Without one, after a
restart a fill is said by itself, and a card of before has its buttons until they are pressed.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import msgspec

from bot.chats.base import MessageRef, Place
from bot.chats.memory import Memory
from handlers.parse import MissingArgument
from handlers.reply import Reply, Tone
from trading.book import Book
from trading.control import Confirmation
from trading.events import ConfirmationClosed, Recorded

MOST = 2000  # remembered of each kind
ASKING = ("confirm", "approve")  # the commands of a card's first button
AGREED = ("confirmed", "approved")
DESK = "desk"

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
        if token := asked_by(reply):
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
            self._closed(entry.event.token, entry.event.outcome, entry.event.actor)

    def _keep(self, number: str, ref: MessageRef) -> None:
        if (ref.place, number) in self._orders or (self._memory and self._memory.card(number, ref.place)):
            return
        self._orders[ref.place, number] = ref
        _forget(self._orders)
        if self._memory:
            self._memory.keep_card(number, ref)

    def _settle(self, token: str) -> None:
        asked = self._book.get(Confirmation, token)
        if asked is not None and asked.outcome:
            self._closed(token, asked.outcome, asked.closed_by)

    def _closed(self, token: str, outcome: str, actor: str) -> None:
        asked = self._book.get(Confirmation, token)
        for ref, reply in self._asking.pop(token, ()):
            if asked is not None and outcome in AGREED:  # the order's fills may be told before the press is answered
                self._keep(self._book.order_id(asked.key), ref)
            card = reply or Reply(f"{asked.summary if asked else ''}\nIt waits.")
            self._change(ref, answered(card, outcome, actor))
        if self._memory:
            self._memory.closed(token)


def asked_by(reply: Reply) -> str:
    """The token of the confirmation that a reply asks for; empty if it asks for none."""
    for button in reply.buttons:
        command, _, token = button.line.removeprefix("/").partition(" ")
        if command in ASKING and token.isalnum():
            return token
    return ""


def answered(card: Reply, outcome: str, actor: str) -> Reply:
    """A card that was closed: what it asked, and in place of how to answer, who did."""
    by = "" if actor == DESK else f" by {actor}"
    nothing = "" if outcome in AGREED else "; nothing was sent"
    asked, _, _ = card.text.rpartition("\n")
    text = f"{asked}\n{outcome.capitalize()}{by}{nothing}.".strip()
    tone = Tone.WARN if nothing else Tone.INFO
    return msgspec.structs.replace(card, text=text, tone=tone, buttons=(), phrase=None, image=None)


def _forget(known: dict[K, V]) -> None:
    if len(known) > MOST:
        del known[next(iter(known))]
