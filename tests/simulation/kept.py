"""Where a seed's journal is kept, across the crashes of the processes that write it."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Protocol

from tests.kit import MemoryJournal
from tests.loop import VirtualLoop
from trading.events import AnyEvent, Recorded
from trading.journal.store import JournalStore, open_journal
from trading.ports import Journal, Row


class Kept(Protocol):
    """Opened by every process in turn."""

    async def open(self) -> Journal: ...

    async def close(self) -> None:
        """The process that had it open is gone."""
        ...

    def remove(self) -> None:
        """Nobody needs it any more."""
        ...


class InMemory:
    """Kept as long as the seed runs."""

    def __init__(self) -> None:
        self.journal = MemoryJournal()

    async def open(self) -> Journal:
        return self.journal

    async def close(self) -> None: ...

    def remove(self) -> None: ...


class InSqlite:
    """The product's own journal in a file. Its threads are really waited for, while virtual time stands still."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="simulation-"))
        self._store: JournalStore | None = None

    async def open(self) -> Journal:
        with _real_time():
            self._store = await open_journal(f"sqlite://{self.folder / 'tiller.db'}")
        return Waiting(self._store)

    async def close(self) -> None:
        if self._store is not None:
            with _real_time():
                await self._store.close()

    def remove(self) -> None:
        shutil.rmtree(self.folder)


class Waiting:
    """A journal in a database, whose reading threads do not know of virtual time."""

    def __init__(self, store: JournalStore) -> None:
        self.store = store

    @property
    def last_seq(self) -> int:
        return self.store.last_seq

    async def append(self, events: Sequence[AnyEvent], at: datetime, rows: Sequence[Row]) -> Sequence[Recorded]:
        return await self.store.append(events, at, rows)

    async def read(self, after: int = 0, order_id: str = "", limit: int = 0) -> AsyncIterator[Recorded]:
        with _real_time():
            entries = [entry async for entry in self.store.read(after, order_id, limit)]
        for entry in entries:
            yield entry

    async def cursor(self, destination: str) -> int:
        with _real_time():
            return await self.store.cursor(destination)

    async def move_cursor(self, destination: str, seq: int) -> None:
        await self.store.move_cursor(destination, seq)

    async def verify(self) -> dict[str, dict[str, dict[str, object]]]:
        """Prove the chain unbroken; answers the rows of the projections."""
        with _real_time():
            await self.store.verify_chain()
            return {
                table: {key: values async for key, values in self.store.rows(table)}
                for table in ("orders", "fills", "positions", "balances", "equity")
            }


def _real_time() -> AbstractContextManager[None]:
    loop = asyncio.get_running_loop()
    return loop.waiting() if isinstance(loop, VirtualLoop) else nullcontext()
