"""One run of the desk's process, and the ways it ends: between any two instructions."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from random import Random

from trading.events import AnyEvent, Recorded
from trading.ports import Journal, Row


class PowerLost(BaseException):
    """The process is gone. Not an Exception: nothing in the desk may catch it."""


class Life:
    """One run of the process. Once `alive` is false nothing it does reaches the world any more."""

    def __init__(self) -> None:
        self.alive = True
        self.ended = asyncio.Event()
        self.cause = ""

    def end(self, cause: str) -> None:
        if self.alive:
            self.alive, self.cause = False, cause
            self.ended.set()

    def check(self) -> None:
        """Raises PowerLost when the process is gone."""
        if not self.alive:
            raise PowerLost(self.cause)


class FragileJournal:
    """A journal whose process may lose power just before an append, or just after it."""

    def __init__(
        self,
        kept: Journal,
        life: Life,
        chance: Random,
        cuts: float,
        asked: Callable[[Sequence[AnyEvent]], None],
        written: Callable[[Sequence[Recorded]], None],
    ) -> None:
        self.kept = kept
        self.life = life
        self.chance = chance
        self.cuts = cuts  # probability of losing power, an append
        self.asked = asked
        self.written = written

    @property
    def last_seq(self) -> int:
        return self.kept.last_seq

    async def append(self, events: Sequence[AnyEvent], at: datetime, rows: Sequence[Row]) -> Sequence[Recorded]:
        self.life.check()
        self.asked(events)
        await asyncio.sleep(self.chance.choice((0, 0, 0.001, 0.02)))
        self._cut("before an append")
        entries = await self.kept.append(events, at, rows)
        self.written(entries)
        self._cut("right after an append")
        await asyncio.sleep(self.chance.choice((0, 0, 0.001, 0.02)))
        self.life.check()
        return entries

    def _cut(self, where: str) -> None:
        if self.chance.random() < self.cuts:
            self.life.end(where)
        self.life.check()

    def read(self, after: int = 0, order_id: str = "", limit: int = 0) -> AsyncIterator[Recorded]:
        return self.kept.read(after, order_id, limit)

    async def cursor(self, destination: str) -> int:
        return await self.kept.cursor(destination)

    async def move_cursor(self, destination: str, seq: int) -> None:
        self.life.check()
        await self.kept.move_cursor(destination, seq)
