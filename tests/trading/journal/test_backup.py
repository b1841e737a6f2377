"""A backup is one file that holds everything, and comes back as it was."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.postgres import Server
from tests.trading.journal.facts import NOON, noticed, order_row
from trading.errors import JournalError
from trading.journal.store import open_journal, restore_journal


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite://{tmp_path}/tiller.db"


async def test_a_backup_of_a_journal_in_use_has_its_last_entry(url: str, tmp_path: Path) -> None:
    """A copy of the file alone would not: the last entries are in the log beside it."""
    target = tmp_path / "kept" / "backup.db"
    target.parent.mkdir()
    async with await open_journal(url) as journal:
        await journal.append([noticed(1), noticed(2)], NOON, [order_row("o1")])
        await journal.backup(target)
        await journal.append([noticed(3)], NOON, [])
    assert os.listdir(target.parent) == ["backup.db"], "one file, nothing beside it"
    assert target.read_bytes()[18:20] == b"\x01\x01", "without a log: it can be read where nothing may be written"
    async with await open_journal(f"sqlite://{target}") as copy:
        assert await copy.verify_chain() == 2
        assert [key async for key, _ in copy.rows("orders")] == ["o1"]


async def test_a_backup_overwrites_nothing(url: str, tmp_path: Path) -> None:
    target = tmp_path / "backup.db"
    target.write_text("precious")
    async with await open_journal(url) as journal:
        with pytest.raises(JournalError, match="is there already"):
            await journal.backup(target)
        with pytest.raises(JournalError, match="cannot be written"):
            await journal.backup(tmp_path / "no" / "folder" / "backup.db")
    assert target.read_text() == "precious"


async def test_restoring_brings_the_journal_back_and_keeps_what_was_there(url: str, tmp_path: Path) -> None:
    backup = tmp_path / "backup.db"
    async with await open_journal(url) as journal:
        await journal.append([noticed(1)], NOON, [order_row("o1")])
        await journal.backup(backup)
        before = [entry async for entry in journal.read()]
        await journal.append([noticed(2)], NOON, [order_row("o2")])
    kept = await restore_journal(url, backup)
    async with await open_journal(url) as journal:
        assert [entry async for entry in journal.read()] == before
        assert [key async for key, _ in journal.rows("orders")] == ["o1"]
        await journal.append([noticed(9)], NOON, [])
        assert await journal.verify_chain() == 2
    assert kept is not None
    async with await open_journal(f"sqlite://{kept}") as replaced:
        assert await replaced.verify_chain() == 2
        assert [key async for key, _ in replaced.rows("orders")] == ["o1", "o2"]


async def test_restoring_where_nothing_is(url: str, tmp_path: Path) -> None:
    backup = tmp_path / "backup.db"
    async with await open_journal(f"sqlite://{tmp_path}/other.db") as journal:
        await journal.append([noticed(1)], NOON, [])
        await journal.backup(backup)
    assert await restore_journal(url, backup) is None
    async with await open_journal(url) as journal:
        assert journal.last_seq == 1


async def test_a_journal_in_use_is_not_replaced(url: str, tmp_path: Path) -> None:
    backup = tmp_path / "backup.db"
    async with await open_journal(url) as journal:
        await journal.append([noticed(1)], NOON, [])
        await journal.backup(backup)
        with pytest.raises(JournalError, match="nother Tiller is using this database"):
            await restore_journal(url, backup)
        await journal.append([noticed(2)], NOON, [])
        assert await journal.verify_chain() == 2


async def test_what_is_no_backup_replaces_nothing(url: str, tmp_path: Path) -> None:
    text, other, damaged = (tmp_path / name for name in ("text", "other.db", "damaged.db"))
    text.write_bytes(b"not a database" * 1000)
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE trades (id INTEGER)")
    async with await open_journal(url) as journal:
        await journal.append([noticed(1)], NOON, [order_row(f"o{number}") for number in range(200)])
        await journal.backup(damaged)
    with damaged.open("r+b") as pages:
        pages.seek(-8192, os.SEEK_END)
        pages.write(b"\xa5" * 8192)
    for source in (text, other, damaged, tmp_path / "absent.db"):
        with pytest.raises(JournalError):
            await restore_journal(url, source)
    async with await open_journal(url) as journal:
        assert await journal.verify_chain() == 1


@pytest.mark.postgres
@pytest.mark.xdist_group("postgres")
async def test_postgres_has_its_own(postgres_server: Server, shared: str, tmp_path: Path) -> None:
    url = postgres_server.url(shared)
    async with await open_journal(url, writer=False) as journal:
        with pytest.raises(JournalError, match="pg_dump"):
            await journal.backup(tmp_path / "backup.db")
    with pytest.raises(JournalError, match="pg_restore"):
        await restore_journal(url, tmp_path / "backup.db")
