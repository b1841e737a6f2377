"""Alerts on their way: each destination has its own place in the journal, and goes on from it after any crash.

The journal is the queue. An alert is sent, then the destination's cursor moves: a crash in between sends that
one again, and no other; none is left out. What cannot be sent is tried again, in order, until it can.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import structlog

from bot.supervise import Supervisor
from handlers.alerts import Alert, alert_of
from trading.book import Book
from trading.errors import TradingError
from trading.events import Recorded
from trading.journal.store import JournalStore

CHUNK = 200  # entries read at a time
KEPT = 1000  # entries kept at hand: a destination that is not further behind needs no reading
PAUSES_S = (1, 2, 5, 15, 60)
SETTLE_S = 1.0  # after this long without news the cursor moves, whatever `repeat` allows
SILENT = 1000  # entries without an alert, after which the cursor moves too
NOTHING = -1  # the cursor of a destination that is known and was told nothing yet

log = structlog.get_logger("tiller.notifier")

Send = Callable[[Alert], Awaitable[None]]
"""Tells one alert to one destination.

Raises:
    Undelivered, OSError: it was not told; it will be tried again.
"""


class Undelivered(TradingError):
    """An alert did not reach its destination; `after_s` is how long that asks us to wait, if it does."""

    code = "UNDELIVERED"

    def __init__(self, text: str, after_s: float = 0) -> None:
        super().__init__(text)
        self.after_s = after_s


class Destination(NamedTuple):
    """`repeat` is how many alerts a crash may tell again: 1 where every alert is worth a write of its own."""

    name: str
    send: Send
    repeat: int


class Notifier:
    """Tells every destination every alert, in the order of the journal."""

    def __init__(self, store: JournalStore, book: Book, supervisor: Supervisor) -> None:
        self.store = store
        self.book = book
        self.supervisor = supervisor
        self.told: dict[str, int] = {}
        self._recent: deque[Recorded] = deque(maxlen=KEPT)
        self._grown = asyncio.Condition()
        self._unsubscribe = book.subscribe(self._hear)
        self._wakes: dict[str, asyncio.Event] = {}

    async def attach(self, destination: str, send: Send, *, repeat: int = 1) -> None:
        """Begin to tell `destination`: from where it was left, or, when it is new, from now on.

        Raises:
            JournalError: its cursor cannot be read or written.
        """
        told = await self.store.cursor(destination)
        if told == 0:
            told = self.store.last_seq or NOTHING
            await self.store.move_cursor(destination, told)
        self.told[destination] = told
        self._wakes[destination] = asyncio.Event()
        to = Destination(destination, send, repeat)
        self.supervisor.start(f"alerts to {destination}", lambda: self._follow(to))

    def lag(self, destination: str) -> int:
        """How many entries of the journal `destination` has not seen."""
        return self.store.last_seq - max(self.told[destination], 0)

    async def drain(self, timeout_s: float) -> bool:
        """Wait until every destination has been told everything, at most `timeout_s`; answers whether it has."""
        try:
            async with asyncio.timeout(timeout_s):
                while any(self.lag(destination) for destination in self.told):
                    await asyncio.sleep(0.01)
        except TimeoutError:
            return False
        return True

    async def stop(self) -> None:
        """Tell nothing more; what was not told is told at the next start."""
        self._unsubscribe()
        await self.supervisor.stop()
