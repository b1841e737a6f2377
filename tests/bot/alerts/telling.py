"""A notifier on a virtual clock: a journal that can die, and destinations that can be deaf."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from bot.alerts.bursts import Change
from bot.alerts.notifier import Notifier, Undelivered
from bot.supervise import Supervisor
from handlers.alerts import Alert
from tests.kit import MemoryJournal
from tests.loop import LoopClock, VirtualLoop
from trading.book import Book
from trading.events import EquitySampled, Noticed
from trading.instruments import ZERO
from trading.intent import Mode

T = TypeVar("T")
LONG_S = 3600.0  # of the virtual loop's time: beyond every back-off


def virtually(work: Coroutine[Any, Any, T]) -> T:
    """Run it on a virtual loop."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)


class Disk(MemoryJournal):
    """A journal that stops answering when a cursor is to be moved for the `moves`-th time: there the process dies."""

    moves: int | None = None

    async def move_cursor(self, destination: str, seq: int) -> None:
        if self.moves == 0:
            await asyncio.Event().wait()
        self.moves = None if self.moves is None else self.moves - 1
        await super().move_cursor(destination, seq)


class Ear:
    """A destination. `trouble` says of each attempt whether it fails; `can_change` whether what it said changes."""

    def __init__(self, trouble: list[bool] | None = None, after_s: float = 0, can_change: bool = False) -> None:
        self.heard: list[int] = []
        self.texts: list[str] = []
        self.silent: list[bool] = []
        self.changes: list[float] = []
        self.tries = 0
        self.deaf = False
        self._trouble = iter(trouble or [])
        self._after_s = after_s
        self._can_change = can_change

    async def tell(self, alert: Alert, silent: bool) -> Change | None:
        """As the notifier tells it."""
        self.tries += 1
        if self.deaf or next(self._trouble, False):
            raise Undelivered("Nobody is there.", self._after_s)
        self.heard.append(alert.seq)
        self.texts.append(alert.text)
        self.silent.append(silent)
        number = len(self.texts) - 1

        async def change(news: Alert) -> None:
            if self.deaf:
                raise Undelivered("Nobody is there.", self._after_s)
            self.changes.append(asyncio.get_running_loop().time())
            self.texts[number] = news.text

        return change if self._can_change else None


class Life:
    """One life of the process on a journal."""

    def __init__(self, journal: MemoryJournal) -> None:
        self.journal = journal
        self.book = Book(journal, LoopClock(asyncio.get_running_loop()))
        self.mishaps: list[Exception] = []
        self.supervisor = Supervisor(self._mishap)
        self.lag: dict[str, int] = {}
        self.notifier = Notifier(journal, self.book, self.supervisor, self.lag.__setitem__)

    async def _mishap(self, where: str, why: Exception) -> None:
        self.mishaps.append(why)

    async def begin(self, **ears: Ear) -> "Life":
        """Everybody is told everything, one by one."""
        for name, ear in ears.items():
            await self.notifier.attach(name, ear.tell)
        return await self.open()

    async def open(self) -> "Life":
        """Tell those that are attached."""
        await self.book.open()
        self.notifier.start()
        return self

    async def happen(self, count: int = 1) -> None:
        """Something to tell, and something that is not told."""
        for _ in range(count):
            seq = self.journal.last_seq
            await self.book.record(Noticed(str(seq), "warning", "test", f"number {seq + 1}"))
            await self.book.record(EquitySampled("demo", Mode.PAPER, ZERO, ZERO, ZERO, "2026-01-05"))


def told(journal: MemoryJournal) -> list[int]:
    """What everybody must hear."""
    return [entry.seq for entry in journal.entries if isinstance(entry.event, Noticed)]
