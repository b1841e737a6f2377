"""Trouble while writing: a database held by another program, a full disk, a server that goes away."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from tests.postgres import Server
from tests.trading.journal.conftest import Place
from tests.trading.journal.facts import NOON, noticed, order_row
from trading.errors import JournalError
from trading.events import Recorded
from trading.journal.store import JournalStore, open_journal, sqlite_path

on_sqlite = pytest.mark.parametrize("place", ["sqlite"], indirect=True)


@on_sqlite
async def test_a_fill_waits_for_a_locked_database_and_the_loop_goes_on(place: Place, journal: JournalStore) -> None:
    turned = asyncio.Event()

    async def live() -> None:
        for _ in range(1000):
            await asyncio.sleep(0)
        turned.set()

    with closing(sqlite3.connect(sqlite_path(place.url), isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        first = asyncio.create_task(journal.append([noticed(1)], NOON, [order_row("o1")]))
        second = asyncio.create_task(journal.append([noticed(2)], NOON, []))
        living = asyncio.create_task(live())
        await turned.wait()
        assert not first.done()
        other.execute("ROLLBACK")
    assert [entry.seq for entry in await first + await second] == [1, 2], "first come, first written"
    await living
    assert await journal.verify_chain() == 2


@on_sqlite
async def test_a_wait_that_is_given_up_writes_nothing(place: Place, journal: JournalStore) -> None:
    with closing(sqlite3.connect(sqlite_path(place.url), isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        waiting = asyncio.create_task(journal.append([noticed(1)], NOON, []))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    assert (await journal.append([noticed(2)], NOON, []))[0].seq == 1
    assert await journal.verify_chain() == 1


@on_sqlite
async def test_a_full_disk_records_nothing_and_is_told(place: Place) -> None:
    path = sqlite_path(place.url)
    async with await open_journal(place.url) as journal:
        await journal.append([noticed(1)], NOON, [])
    with closing(sqlite3.connect(path)) as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
    async with await open_journal(place.url) as journal:
        writing = journal._database._connection  # type: ignore[attr-defined] # a smaller disk, for this one
        writing.execute(f"PRAGMA max_page_count = {pages}")
        big = [noticed(number) for number in range(500)]
        with pytest.raises(JournalError, match=r"database or disk is full.*Free space"):
            await journal.append(big, NOON, [order_row("o1")])
        assert journal.last_seq == 1
        assert await journal.verify_chain() == 1
        assert [key async for key, _ in journal.rows("orders")] == []
        writing.execute(f"PRAGMA max_page_count = {pages * 100}")
        assert (await journal.append([noticed(2)], NOON, []))[0].seq == 2


# --- a server --------------------------------------------------------------------------------


class Wire:
    """A PostgreSQL server reached over a wire that can be cut at a statement, before or after it is answered."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.folder = folder
        self._server = server
        self._at = b""
        self._answered = False
        self._pairs: list[asyncio.StreamWriter] = []

    def cut(self, statement: bytes, *, answered: bool) -> None:
        """Cut every connection when `statement` passes next: before the server hears it, or after it answered."""
        self._at, self._answered = statement, answered

    @asynccontextmanager
    async def up(self) -> AsyncIterator[None]:
        socket = self.folder / ".s.PGSQL.5432"
        server = await asyncio.start_unix_server(self._connect, socket)
        try:
            yield
        finally:
            server.close()
            self._hang_up()
            await server.wait_closed()

    def url(self, database: str) -> str:
        return self._server.url(database).replace(str(self._server.folder), str(self.folder))

    def _hang_up(self) -> None:
        for writer in self._pairs:
            writer.close()
        self._pairs.clear()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_unix_connection(self._server.folder / ".s.PGSQL.5432")
        self._pairs += [writer, to_server]
        cutting = asyncio.Event()
        await asyncio.gather(
            self._forward(reader, to_server, lambda sent: self._asked(sent, cutting)),
            self._forward(from_server, writer, lambda _: not cutting.is_set()),
        )
        writer.close()
        to_server.close()

    def _asked(self, sent: bytes, cutting: asyncio.Event) -> bool:
        if not self._at or self._at not in sent:
            return True
        self._at = b""
        cutting.set()  # the answer, when it comes, is not passed on
        return self._answered

    async def _forward(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, passes: Callable[[bytes], bool]
    ) -> None:
        try:
            while sent := await source.read(65536):
                if not passes(sent):
                    self._hang_up()
                    return
                target.write(sent)
                await target.drain()
        except OSError:
            pass
        target.close()


@pytest.mark.postgres
@pytest.mark.xdist_group("postgres")
@pytest.mark.parametrize("place", ["postgres"], indirect=True)
class TestServers:
    async def test_a_session_that_was_ended_is_taken_up_again(self, place: Place, journal: JournalStore) -> None:
        await journal.append([noticed(1)], NOON, [])
        await place.forget_sessions()
        (entry,) = await journal.append([noticed(2)], NOON, [order_row("o1")])
        assert entry.seq == 2
        with pytest.raises(JournalError, match="nother Tiller is using"):
            await open_journal(place.url)
        assert await journal.verify_chain() == 2

    @pytest.mark.parametrize("statement", [b"BEGIN", b"events", b"COMMIT"])
    @pytest.mark.parametrize("answered", [False, True])
    async def test_a_cut_wire_neither_loses_nor_doubles(
        self,
        place: Place,
        postgres_server: Server,
        tmp_path_factory: pytest.TempPathFactory,
        statement: bytes,
        answered: bool,
    ) -> None:
        wire = Wire(postgres_server, tmp_path_factory.mktemp("w"))
        async with wire.up(), await open_journal(wire.url(place.url.partition("@/")[2].partition("?")[0])) as journal:
            await journal.append([noticed(1)], NOON, [])
            wire.cut(statement, answered=answered)
            written = await journal.append([noticed(2), noticed(3)], NOON, [order_row("o1")])
            assert [entry.seq for entry in written] == [2, 3]
            wire.cut(statement, answered=answered)
            await journal.move_cursor("web", 3)
            assert await journal.verify_chain() == 3
            assert [entry async for entry in journal.read(after=1)] == written
            assert await journal.cursor("web") == 3

    async def test_another_writer_while_we_were_away_stops_us(self, place: Place, journal: JournalStore) -> None:
        await journal.append([noticed(1)], NOON, [])
        await place.forget_sessions()
        await place.execute("INSERT INTO events SELECT 2, at, type, account, order_id, payload, hash FROM events")
        with pytest.raises(JournalError, match="Another program wrote to the journal"):
            await journal.append([noticed(2)], NOON, [])

    async def test_a_cancelled_append_is_known_to_whoever_asked(self, place: Place, journal: JournalStore) -> None:
        """A cancellation must not leave an entry that the caller does not know of."""
        known: list[Recorded] = []

        async def append() -> None:
            known.extend(await journal.append([noticed(1)], NOON, []))
            await asyncio.sleep(0)
            known.clear()

        async def append_in_time() -> None:
            async with asyncio.timeout(0):
                await append()

        task = asyncio.create_task(append())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(TimeoutError):
            await append_in_time()
        assert [entry async for entry in journal.read()] == known
        assert len(known) == 2
        recorded = await journal.append([noticed(3)], NOON, [])
        assert await journal.verify_chain() == recorded[0].seq == journal.last_seq
