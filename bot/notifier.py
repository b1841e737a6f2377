"""Alerts on their way: each destination has its own place in the journal, and goes on from it after any crash.

The journal is the queue. An alert is sent, then the destination's cursor moves: a crash in between sends that
one again, and no other; none is left out. What cannot be sent is tried again, in order, until it can.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

import structlog

from bot.supervise import Supervisor
from handlers.alerts import Alert, alert_of
from trading.book import Book
from trading.errors import TradingError
from trading.events import Recorded
from trading.ports import Journal

CHUNK = 200  # entries read at a time
KEPT = 1000  # entries kept at hand: a destination that is not further behind needs no reading
PAUSES_S = (1, 2, 5, 15, 60)
SETTLE_S = 1.0  # without news for so long, the cursor moves whatever `repeat` allows
SILENT = 1000  # entries without an alert, after which the cursor moves too
NOTHING = -1  # the cursor of a destination that is known and was told nothing yet

log = structlog.get_logger("tiller.notifier")

Send = Callable[[Alert], Awaitable[None]]
"""Tells one alert to one destination; raises Undelivered or OSError (a timeout is one) if it may not have arrived."""


Lag = Callable[[str, int], None]
"""Hears how many entries of the journal a destination has not seen."""


def _unheard(destination: str, entries: int) -> None:
    """Nobody asks."""


class Undelivered(TradingError):
    """An alert did not reach its destination; `after_s` is how long that asks us to wait, if it does."""

    code = "UNDELIVERED"

    def __init__(self, text: str, after_s: float = 0) -> None:
        super().__init__(text)
        self.after_s = after_s


class Notifier:
    """Tells every destination every alert, in the order of the journal."""

    def __init__(self, journal: Journal, book: Book, supervisor: Supervisor, lag: Lag = _unheard) -> None:
        self._journal = journal
        self._book = book
        self._supervisor = supervisor
        self._lag = lag
        self._lines: dict[str, _Line] = {}
        self._started = False
        self._recent: deque[Recorded] = deque(maxlen=KEPT)
        self._unsubscribe = book.subscribe(self._hear)

    async def attach(self, destination: str, send: Send, *, repeat: int = 1) -> None:
        """Tell `destination` from where it was left; a new one, what happens from now on.

        `repeat` is how many alerts a crash may tell again: more than 1 where a durable write for each costs too much.

        Raises:
            JournalError: its cursor cannot be read or written.
        """
        told = await self._journal.cursor(destination)
        if told == 0:
            told = self._journal.last_seq or NOTHING
            await self._journal.move_cursor(destination, told)
        line = _Line(destination, send, repeat, self._journal, self._book, self._recent, self._lag)
        line.told = told
        self._lines[destination] = line
        if self._started:
            self._start(line)

    def start(self) -> None:
        """Begin to tell; the book must be open by now, because what is told speaks of the orders in it."""
        self._started = True
        for line in self._lines.values():
            self._start(line)

    def _start(self, line: "_Line") -> None:
        self._supervisor.start(f"alerts to {line.name}", line.follow)

    async def drain(self, timeout_s: float) -> bool:
        """Wait until every destination has been told everything, at most `timeout_s`; answers whether it has."""
        try:
            async with asyncio.timeout(timeout_s if self._started else 0):
                for line in self._lines.values():
                    await line.caught_up.wait()
        except TimeoutError:
            return False
        return True

    async def stop(self) -> None:
        """Tell nothing more; what was not told is told at the next start."""
        self._unsubscribe()
        await self._supervisor.stop()
        for line in self._lines.values():
            await line.settle()

    def _hear(self, entry: Recorded) -> None:
        self._recent.append(entry)
        for line in self._lines.values():
            line.wake()
            self._lag(line.name, entry.seq - max(line.told, 0))


class _Line:
    """One destination's way along the journal: `told` is the last entry it is done with, `moved` the durable one."""

    def __init__(
        self, name: str, send: Send, repeat: int, journal: Journal, book: Book, recent: Sequence[Recorded], lag: Lag
    ) -> None:
        self.name = name
        self.told = self._moved = NOTHING
        self.caught_up = asyncio.Event()
        self._send = send
        self._repeat = repeat
        self._journal = journal
        self._book = book
        self._recent = recent
        self._lag = lag
        self._news = asyncio.Event()
        self._unmoved = 0  # alerts told since the cursor moved

    def wake(self) -> None:
        self.caught_up.clear()
        self._news.set()

    async def follow(self) -> None:
        """Tell what is new, for ever."""
        self.told = self._moved = await self._journal.cursor(self.name)
        self._unmoved = 0
        while True:
            self._news.clear()
            entries = await self._ahead()
            for entry in entries:
                await self._tell(entry)
            if not entries:
                self.caught_up.set()
                self._lag(self.name, 0)
                await self._rest()

    async def settle(self) -> None:
        """Make the place on the journal durable."""
        if self._unmoved or self.told - self._moved >= SILENT:
            await self._journal.move_cursor(self.name, self.told)
            self._moved, self._unmoved = self.told, 0

    async def _ahead(self) -> list[Recorded]:
        """The next entries: from memory where they follow on what was told, else from the journal."""
        after = max(self.told, 0)
        if self._recent and self._recent[0].seq <= after + 1 <= self._recent[-1].seq:
            return [entry for entry in self._recent if entry.seq > after]
        return [entry async for entry in self._journal.read(after=after, limit=CHUNK)]

    async def _tell(self, entry: Recorded) -> None:
        if (alert := alert_of(entry, self._book)) is not None:
            await self._deliver(alert)
            self._unmoved += 1
        self.told = entry.seq
        if self._unmoved >= self._repeat or self.told - self._moved >= SILENT:
            await self.settle()

    async def _deliver(self, alert: Alert) -> None:
        failed = 0
        while True:
            try:
                await self._send(alert)
            except (Undelivered, OSError) as why:
                pause = max(PAUSES_S[min(failed, len(PAUSES_S) - 1)], getattr(why, "after_s", 0))
                # Only the log: an alert about an alert that cannot be told would be one more that cannot.
                log.warning("an alert was not told", destination=self.name, seq=alert.seq, why=str(why), again_in=pause)
                await asyncio.sleep(pause)
                failed += 1
            else:
                return

    async def _rest(self) -> None:
        """Wait for news; when there is none for a while, bring the cursor up to date."""
        if self._unmoved:
            try:
                async with asyncio.timeout(SETTLE_S):
                    await self._news.wait()
            except TimeoutError:
                await self.settle()
        await self._news.wait()
