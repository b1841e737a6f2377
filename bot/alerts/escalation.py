"""Critical alerts that nobody has seen are told again, everywhere, until somebody has or they settle by themselves.

What is decided is in the journal, so a restart goes on where it was: a cursor stands somewhere before the oldest
alert that waits to be seen. For a desk that tells nobody anything there is no need of this.
"""

import asyncio
import contextlib
from datetime import datetime, timedelta

import msgspec

from handlers.alerts import alert_of, is_settled, must_be_seen
from trading import events as e
from trading.audience import Critical
from trading.book import Book
from trading.ports import Journal

CURSOR = "unseen alerts"
MOST = 3  # times that one is told again
LONGEST = timedelta(days=1)  # what is older is no news
STRIDE = 1000  # entries after which the cursor moves
SHORTEST_S = 0.05  # between two looks


class _Waiting(msgspec.Struct):
    """A critical alert that nobody has seen, and when it was told last."""

    entry: e.Recorded
    told_at: datetime


class Escalation:
    """Repeats critical alerts after `repeat_s` seconds; never if that is 0. `run` is for a supervisor."""

    def __init__(self, journal: Journal, book: Book, repeat_s: float) -> None:
        self._journal = journal
        self._book = book
        self._repeat = timedelta(seconds=repeat_s)
        self._waiting: dict[int, _Waiting] = {}
        self._read = self._moved = 0  # entries looked at; and the cursor, before the oldest that waits
        self._news = asyncio.Event()

    async def run(self) -> None:
        """Repeat what nobody has seen, for ever; the book must be open by now.

        Raises:
            JournalError: it cannot be read or written.
        """
        self._waiting.clear()
        self._read = self._moved = await self._journal.cursor(CURSOR)
        if not self._read or not self._repeat:  # what happened while nothing was told again, stays so
            self._read = self._moved = self._journal.last_seq
            await self._journal.move_cursor(CURSOR, self._read)
        if not self._repeat:
            return
        unsubscribe = self._book.subscribe(self._hear)
        try:
            while True:
                self._news.clear()
                await self._look()
                await self._tell_again()
                await self._settle()
                await self._rest()
        finally:
            unsubscribe()

    def _hear(self, entry: e.Recorded) -> None:
        repeated = isinstance(entry.event, e.AlertRepeated)
        if repeated or must_be_seen(entry.event) or entry.seq - self._read >= STRIDE:
            self._news.set()

    async def _look(self) -> None:
        """Read what is new."""
        now = self._book.clock.now()
        async for entry in self._journal.read(after=self._read):
            self._read = entry.seq
            if isinstance(entry.event, e.AlertRepeated) and (told := self._waiting.get(entry.event.seq)):
                told.told_at = entry.at
            elif now - entry.at < LONGEST and must_be_seen(entry.event):
                self._waiting[entry.seq] = _Waiting(entry, entry.at)
        for seq in [seq for seq, each in self._waiting.items() if self._is_over(each, now)]:
            del self._waiting[seq]

    def _is_over(self, waiting: _Waiting, now: datetime) -> bool:
        entry = waiting.entry
        known = self._book.get(Critical, str(entry.seq)) or Critical(entry.seq)
        if known.seen_by or known.repeats >= MOST:
            return True
        return now - entry.at >= LONGEST or is_settled(entry.event, self._book)

    async def _tell_again(self) -> None:
        now = self._book.clock.now()
        for waiting in list(self._waiting.values()):
            entry = waiting.entry
            if now - waiting.told_at < self._repeat or self._is_over(waiting, now):
                continue
            alert = alert_of(entry, self._book)
            times = (self._book.get(Critical, str(entry.seq)) or Critical(entry.seq)).repeats + 1
            text = f"NOBODY HAS SEEN THIS YET ({times} of {MOST}):\n{alert.text if alert else ''}".strip()
            await self._book.record(e.AlertRepeated(entry.seq, text))
            waiting.told_at = now

    async def _settle(self) -> None:
        """Move the cursor on now and then: what is read again after a restart is known to the book."""
        before = min(self._waiting, default=self._read + 1) - 1
        if before - self._moved >= STRIDE:
            await self._journal.move_cursor(CURSOR, before)
            self._moved = before

    async def _rest(self) -> None:
        """Wait for news, or until something is to be told again."""
        now = self._book.clock.now()
        due = [(each.told_at + self._repeat - now).total_seconds() for each in self._waiting.values()]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(min(due), SHORTEST_S) if due else None):
                await self._news.wait()
