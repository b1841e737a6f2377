"""Alerts on their way: each destination has its own place in the journal, and goes on from it after any crash.

The journal is the queue. An alert is told, then the destination's cursor moves: a crash in between tells that
one again, and no other; none is left out. What cannot be told is tried again, in order, until it can; what waits
meanwhile is told together (`bursts`). Before several are told at once, a mark in the journal says up to which, so that
after a crash they are the same again: a chat that knows what it was told shows them once.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from zoneinfo import ZoneInfo

import structlog

from bot.alerts.bursts import Change, Message
from bot.alerts.waiting import Waiting
from bot.supervise import Supervisor
from handlers.alerts import Alert
from handlers.routing import Route
from trading.book import Book
from trading.errors import TradingError
from trading.events import Recorded
from trading.ports import Journal

KEPT = 1000  # entries kept at hand: a destination that is not further behind needs no reading
ROOM = 3000  # characters of what is told at once
PAUSES_S = (1, 2, 5, 15, 60)
SETTLE_S = 1.0  # without news for so long, the cursor moves whatever `repeat` allows
CHANGE_S = 5.0  # between two changes of a message that counts
COUNT_S = 600.0  # after which a count is told where nothing can be changed
SILENT = 1000  # entries without an alert, after which the cursor moves too
UTC = ZoneInfo("UTC")
NOTHING = -1  # the cursor of a destination that is known and was told nothing yet

log = structlog.get_logger("tiller.notifier")

Tell = Callable[[Alert, bool], Awaitable[Change | None]]
"""Tells one alert to one destination, without a sound if so; answers how to change what was told, where that can be.
Raises Undelivered or OSError (a timeout is one) if it may not have arrived, as does the change."""

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
    """Tells every destination what it is to be told, in the journal's order. `zone`: of quiet hours and times."""

    def __init__(
        self, journal: Journal, book: Book, supervisor: Supervisor, lag: Lag = _unheard, zone: ZoneInfo = UTC
    ) -> None:
        self._journal = journal
        self._book = book
        self._supervisor = supervisor
        self._lag = lag
        self._zone = zone
        self._lines: dict[str, _Line] = {}
        self._started = False
        self._recent: deque[Recorded] = deque(maxlen=KEPT)
        self._unsubscribe = book.subscribe(self._hear)

    async def attach(
        self,
        destination: str,
        tell: Tell,
        *,
        kinds: Iterable[str] | None = None,
        quiet: str = "",
        room: int = ROOM,
        repeat: int = 1,
    ) -> None:
        """Tell `destination` from where it was left; a new one, what happens from now on. Attached again: by `tell`.

        `kinds` are what the settings send there; None is everything, one by one, as a log wants it. `quiet` are
        hours without a sound (`22:00-07:00`). `room`: characters of several alerts at once. `repeat` is how many
        alerts a crash may tell again: more than 1 where a durable write for each costs too much.

        Raises:
            JournalError: its cursor cannot be read or written.
        """
        if (known := self._lines.get(destination)) is not None:
            known.tell = tell
            return
        await self.expect(destination)
        route = None if kinds is None else Route(destination, frozenset(kinds), quiet, self._zone)
        waiting = Waiting(self._journal, self._book, self._recent, route, self._zone, room)
        line = _Line(destination, tell, repeat, self._journal, waiting, self._lag)
        line.told = await self._journal.cursor(destination)
        self._lines[destination] = line
        if self._started:
            self._start(line)

    async def expect(self, *destinations: str) -> None:
        """What happens from now on is told to these, even if they are attached later.

        Raises:
            JournalError: their cursors cannot be read or written.
        """
        for destination in destinations:
            if await self._journal.cursor(destination) == 0:
                await self._journal.move_cursor(destination, self._journal.last_seq or NOTHING)

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
                    line.hurry()
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

    def __init__(self, name: str, tell: Tell, repeat: int, journal: Journal, waiting: Waiting, lag: Lag) -> None:
        self.name = name
        self.tell = tell
        self.told = self._moved = NOTHING
        self.caught_up = asyncio.Event()
        self._repeat = repeat
        self._journal = journal
        self._waiting = waiting
        self._lag = lag
        self._news = asyncio.Event()
        self._unmoved = 0  # alerts told or counted since the cursor moved
        self._mark = f"{name} begun"  # the cursor that says up to where a message was being told
        self._begun = 0  # what it says
        self._is_first = True  # of this life: it may have been told in the last one
        self._behind: dict[Message, float] = {}  # when messages that count may be changed
        self._hurried = False

    def wake(self) -> None:
        self.caught_up.clear()
        self._news.set()

    def hurry(self) -> None:
        """Counts are told now: it is the end."""
        self._hurried = True
        if self._behind:
            self.wake()

    async def follow(self) -> None:
        """Tell what is new, for ever."""
        self.told = self._moved = await self._journal.cursor(self.name)
        self._begun = await self._journal.cursor(self._mark)
        self._unmoved, self._is_first = 0, True
        self._behind.clear()
        self._waiting.forget()
        while True:
            self._news.clear()
            message = await self._next()
            if message is not None:
                await self._deliver(message)
            self._is_first = False
            await self._catch_up()
            if message is None:
                await self._rest()

    async def settle(self) -> None:
        """Make the place on the journal durable."""
        if self._unmoved or self.told - self._moved >= SILENT:
            await self._journal.move_cursor(self.name, self.told)
            self._moved, self._unmoved = self.told, 0

    # --- what is told ------------------------------------------------------------------------

    async def _next(self) -> Message | None:
        """What is told next: everything that waits and fits together; after a crash, what was being told."""
        message: Message | None = None
        begun, room = (self._begun, 0.0) if self._is_first else (0, float(self._waiting.room))
        while entries := await self._waiting.ahead(message.upto if message else self.told):
            for entry in entries:
                if message is not None and message.seq <= begun < entry.seq:
                    return message
                longer, is_full = self._take(message, entry, float("inf") if entry.seq <= begun else room)
                if is_full:
                    return message
                message = longer
                if message is None:
                    self.told = entry.seq
                else:
                    message.upto = entry.seq
            if message is None and self.told - self._moved >= SILENT:
                await self.settle()
        return message

    def _take(self, message: Message | None, entry: Recorded, room: float) -> tuple[Message | None, bool]:
        """The message with what is to be told of an entry; and whether that is too much for it."""
        wanted = self._waiting.wanted(entry)
        if wanted is None:
            return message, False
        counts = self._waiting.counted(wanted[0], entry)
        if counts is None:
            longer = self._waiting.put(message, *wanted, entry, room)
            return longer, longer is None
        if counts is not message:
            self._unmoved += 1
            wait = CHANGE_S if counts.change else COUNT_S
            self._behind.setdefault(counts, asyncio.get_running_loop().time() + wait)
        return message, False

    async def _deliver(self, message: Message) -> None:
        if self._unmoved >= self._repeat:  # what was counted before is not told again with this after a crash
            await self.settle()
        if message.is_several and message.seq != self._begun:
            await self._journal.move_cursor(self._mark, message.seq)
            self._begun = message.seq
        message.change = await self._insist(message.shown(), message.silent)
        message.was_told()
        self.told = message.upto
        self._unmoved += 1
        if self._unmoved >= self._repeat or self.told - self._moved >= SILENT:
            await self.settle()

    async def _insist(self, alert: Alert, silent: bool) -> Change | None:
        """Tell it until it is told."""
        failed = 0
        while True:
            try:
                change = await self.tell(alert, silent)
            except (Undelivered, OSError) as why:
                pause = max(PAUSES_S[min(failed, len(PAUSES_S) - 1)], getattr(why, "after_s", 0))
                # Only the log: an alert about an alert that cannot be told would be one more that cannot.
                log.warning("an alert was not told", destination=self.name, seq=alert.seq, why=str(why), again_in=pause)
                await asyncio.sleep(pause)
                failed += 1
            else:
                # A text that took several messages is not changed in one of them.
                return change if len(alert.text) <= self._waiting.room else None

    async def _catch_up(self) -> None:
        """Change the messages whose counts are behind, where it is time."""
        now = asyncio.get_running_loop().time()
        for message in [each for each, at in self._behind.items() if at <= now or self._hurried]:
            del self._behind[message]
            if message.change is None:
                await self._insist(message.counted(), message.silent)
                message.was_told()
                continue
            try:
                await message.change(message.shown())
                message.was_told()
            except (Undelivered, OSError) as why:
                log.warning("a count was not told", destination=self.name, seq=message.seq, why=str(why))
                if not self._hurried:
                    self._behind[message] = now + max(CHANGE_S, getattr(why, "after_s", 0))

    async def _rest(self) -> None:
        """Wait for news; when there is none for a while, bring the cursor up to date, and the counts."""
        loop = asyncio.get_running_loop()
        if not self._news.is_set() and not self._behind:
            self.caught_up.set()
            self._lag(self.name, 0)
        waits = [*(at - loop.time() for at in self._behind.values()), *([SETTLE_S] if self._unmoved else [])]
        try:
            async with asyncio.timeout(max(min(waits), 0) if waits else None):
                await self._news.wait()
        except TimeoutError:
            await self.settle()
