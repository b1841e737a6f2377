"""Opening a journal: one writer, and one clear line for everything that is wrong with the place."""

import asyncio
import os
import shutil
import socket
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from tests.postgres import LOCKED, PASSWORD, Server
from tests.trading.journal.conftest import Place
from tests.trading.journal.facts import NOON, noticed, order_row
from trading.errors import ConfigError, JournalError, TradingError
from trading.journal.store import open_journal


async def refused(url: str, *, writer: bool = True) -> TradingError:
    """How opening fails: always one line."""
    with pytest.raises(TradingError) as caught:
        await open_journal(url, writer=writer)
    assert "\n" not in str(caught.value)
    assert caught.value.remedy
    return caught.value


async def test_a_second_writer_is_refused_until_the_first_has_gone(place: Place) -> None:
    async with await open_journal(place.url) as journal:
        await journal.append([noticed(1)], NOON, [])
        why = await refused(place.url)
        assert isinstance(why, JournalError)
        assert "nother Tiller is using this database" in why.text
        await journal.append([noticed(2)], NOON, [])
    async with await open_journal(place.url) as journal:
        assert journal.last_seq == 2


async def test_a_reader_reads_beside_the_writer_and_may_not_write(place: Place) -> None:
    async with await open_journal(place.url) as writer, await open_journal(place.url, writer=False) as reader:
        await writer.append([noticed(1)], NOON, [order_row("o1")])
        assert [entry.seq async for entry in reader.read()] == [1]
        assert await reader.verify_chain() == 1
        assert (await reader.queries.order("o1"))["id"] == "o1"
        for attempt in (
            reader.append([noticed(2)], NOON, []),
            reader.move_cursor("web", 1),
            reader.save("paper", {"a": "1"}),
            reader.upsert([order_row("o2")]),
        ):
            with pytest.raises(JournalError, match="opened for reading"):
                await attempt
        number = await reader.tokens.add("ana", "admin", "hash", NOON)  # but tokens, by `tiller token`
        assert (await writer.tokens.list())[0]["id"] == number


async def test_closing_twice_is_closing(place: Place) -> None:
    journal = await open_journal(place.url)
    await journal.close()
    await journal.close()
    with pytest.raises(JournalError, match="closed"):
        await journal.append([noticed(1)], NOON, [])


@pytest.mark.parametrize("url", ["", "tiller.db", "mysql://root@localhost/tiller", "sqlite://", "sqlite://:memory:"])
async def test_an_address_that_is_none(url: str) -> None:
    why = await refused(url)
    assert isinstance(why, ConfigError)
    assert "sqlite://data/tiller.db" in str(why)


async def test_a_relative_path_and_folders_that_are_not_there_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with await open_journal("sqlite://some/data/tiller.db") as journal:
        await journal.append([noticed(1)], NOON, [])
    path = tmp_path / "some" / "data" / "tiller.db"
    assert path.exists()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600, "nobody else reads what we hold"


async def test_a_folder_or_a_path_through_a_file(tmp_path: Path) -> None:
    assert isinstance(await refused(f"sqlite://{tmp_path}"), ConfigError)
    (tmp_path / "file").write_text("x")
    why = await refused(f"sqlite://{tmp_path}/file/tiller.db")
    assert isinstance(why, JournalError)
    assert "cannot be written" in why.text


@pytest.mark.parametrize("writer", [True, False])
async def test_a_file_that_is_not_a_database(tmp_path: Path, writer: bool) -> None:
    path = tmp_path / "tiller.db"
    path.write_bytes(b"this is not a database, it is a text. " * 100)
    before = path.read_bytes()
    why = await refused(f"sqlite://{path}", writer=writer)
    assert "file is not a database" in why.text
    assert path.read_bytes() == before


async def test_a_database_of_another_program(tmp_path: Path) -> None:
    path = tmp_path / "tiller.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE trades (id INTEGER)")
    assert "not one of Tiller's" in (await refused(f"sqlite://{path}")).text
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("trades",)]


async def test_a_reader_where_nothing_is(tmp_path: Path) -> None:
    why = await refused(f"sqlite://{tmp_path}/tiller.db", writer=False)
    assert "There is no database" in why.text
    assert os.listdir(tmp_path) == []


async def test_a_database_whose_pages_are_damaged(tmp_path: Path, file: Path) -> None:
    path = tmp_path / "tiller.db"
    shutil.copy(file, path)
    with path.open("r+b") as pages:
        pages.seek(2048)
        pages.write(b"\xa5" * 200_000)
    assert "cannot be read" in (await refused(f"sqlite://{path}")).text


@pytest.mark.postgres
@pytest.mark.xdist_group("postgres")
class TestServers:
    async def test_a_server_that_is_not_there(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        why = await refused(f"postgres://ana:{PASSWORD}@127.0.0.1:{port}/tiller")
        assert isinstance(why, JournalError)
        assert "does not answer" in why.text
        assert PASSWORD not in str(why)

    async def test_a_wrong_password_is_not_repeated(self, postgres_server: Server) -> None:
        why = await refused(postgres_server.url("postgres", LOCKED, "wrong-horse"))
        assert isinstance(why, ConfigError)
        assert "refuses the user or the password" in why.text
        assert "wrong-horse" not in str(why)

    async def test_the_right_password_opens(self, postgres_server: Server, shared: str) -> None:
        await postgres_server.run(
            f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {LOCKED}",
            database=shared,
        )
        async with await open_journal(postgres_server.url(shared, LOCKED, PASSWORD), writer=False) as journal:
            assert journal.last_seq >= 0

    async def test_a_database_that_is_not_there(self, postgres_server: Server) -> None:
        why = await refused(postgres_server.url("no_such_database"))
        assert isinstance(why, ConfigError)
        assert "does not exist" in why.text

    @pytest.mark.parametrize("tail", ["", "?sslmode=nonsense", "?no_such_option=1"])
    async def test_an_address_that_is_half_one(self, postgres_server: Server, tail: str) -> None:
        address = f"postgres://{postgres_server.user}@127.0.0.1" + (f"/tiller{tail}" if tail else "")
        assert isinstance(await refused(address), ConfigError)

    async def test_only_one_of_many_openers_wins(self, postgres_url: str) -> None:
        """Upgrades at the same time: one makes the schema, the others are told."""
        results = await asyncio.gather(*(open_journal(postgres_url) for _ in range(3)), return_exceptions=True)
        opened = [result for result in results if not isinstance(result, BaseException)]
        assert len(opened) == 1
        await opened[0].append([noticed(1)], NOON, [])
        assert {type(result) for result in results} == {type(opened[0]), JournalError}
        await opened[0].close()
