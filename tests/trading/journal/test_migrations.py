"""The schema in the models is the one the migrations make, and no migration loses a row."""

import importlib.util
import pkgutil
from decimal import Decimal

import pytest
from tortoise.context import TortoiseContext
from tortoise.migrations.autodetector import MigrationAutodetector

from tests.trading.journal.conftest import TABLES, Place
from tests.trading.journal.facts import (
    NOON,
    balance_row,
    equity_row,
    fill_row,
    initialized,
    noticed,
    order_row,
    position_row,
    signal_row,
)
from trading.errors import JournalError
from trading.journal.orm import configuration
from trading.journal.store import JournalStore, open_journal

NEWER = "tests.trading.journal.newer"
FAILING = "tests.trading.journal.failing"


async def fill_every_table(journal: JournalStore) -> None:
    rows = [
        order_row("o1"),
        fill_row("f1"),
        position_row("BTC/USDT"),
        balance_row("USDT", Decimal(5)),
        equity_row(1, "demo", 0),
        signal_row("s1", "trend", 0),
    ]
    await journal.append([initialized("o1"), noticed(1)], NOON, rows)
    await journal.move_cursor("web", 1)
    await journal.save("paper", {"a": "1"})
    await journal.tokens.add("ana", "admin", "hash", NOON)


async def counts(place: Place) -> dict[str, object]:
    return {table: (await place.execute(f"SELECT count(*) FROM {table}"))[0][0] for table in TABLES}


async def test_the_migrations_make_what_the_models_say() -> None:
    config = configuration("sqlite", {"file_path": "never-opened"}, "migrations")
    with TortoiseContext() as context:
        await context.init(config, init_connections=False)
        assert context.apps is not None
        changes = await MigrationAutodetector(context.apps, config["apps"]).changes()
    assert changes == [], "write a migration: the models have changed"


async def test_every_index_that_the_reads_need_is_there(empty: Place) -> None:
    async with await open_journal(empty.url):
        pass
    if empty.url.startswith("sqlite"):
        found = await empty.execute("SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
    else:
        found = await empty.execute("SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'")
    definitions = [str(sql).replace('"', "") for (sql,) in found]
    for table, columns in (
        ("events", "(order_id, seq)"),
        ("events", "(type)"),
        ("orders", "(status, created_at)"),
        ("orders", "(account, created_at)"),
        ("fills", "(order_id)"),
        ("fills", "(account, traded_at)"),
        ("equity", "(account, at, mode, equity)"),
        ("signals", "(strategy, at)"),
    ):
        assert any(f" {table} " in f"{sql} ".replace("public.", "") and columns in sql for sql in definitions), columns


async def test_opening_twice_changes_nothing(empty: Place) -> None:
    async with await open_journal(empty.url) as journal:
        await fill_every_table(journal)
    before = await counts(empty)
    async with await open_journal(empty.url) as journal:
        assert journal.last_seq == 2
    assert await counts(empty) == before
    assert 0 not in before.values()


async def test_an_upgrade_keeps_every_row_and_the_chain(empty: Place) -> None:
    async with await open_journal(empty.url) as journal:
        await fill_every_table(journal)
    before = await counts(empty)
    async with await open_journal(empty.url, migrations=NEWER) as journal:
        assert await counts(empty) == before
        assert await journal.verify_chain() == 2
        await journal.append([noticed(2)], NOON, [order_row("o2")])
        assert {key async for key, _ in journal.rows("orders")} == {"o1", "o2"}
    assert await empty.execute("SELECT id, text FROM notes") == []


async def test_a_database_from_a_newer_version_is_refused(empty: Place) -> None:
    async with await open_journal(empty.url, migrations=NEWER) as journal:
        await fill_every_table(journal)
    before = await counts(empty)
    for writer in (True, False):
        with pytest.raises(JournalError, match=r"made by a newer Tiller .*0003_venue_fees.*Update Tiller"):
            await open_journal(empty.url, writer=writer)
    assert await counts(empty) == before


async def test_a_migration_that_fails_leaves_everything_as_it_was(empty: Place) -> None:
    """Also what those before it did: the version that was running can be started again."""
    async with await open_journal(empty.url) as journal:
        await fill_every_table(journal)
    before = await counts(empty)
    with pytest.raises(JournalError, match=r"cannot be upgraded.*there_is_no_such_table"):
        await open_journal(empty.url, migrations=FAILING)
    assert await counts(empty) == before
    async with await open_journal(empty.url) as journal:
        assert await journal.verify_chain() == 2


async def test_a_reader_does_not_upgrade(empty: Place) -> None:
    async with await open_journal(empty.url) as journal:
        await fill_every_table(journal)
    with pytest.raises(JournalError, match=r"older Tiller.*tiller db upgrade"):
        await open_journal(empty.url, writer=False, migrations=NEWER)


def test_the_migrations_are_numbered_one_after_another() -> None:
    spec = importlib.util.find_spec("migrations")
    assert spec is not None
    names = sorted(module.name for module in pkgutil.iter_modules(spec.submodule_search_locations))
    assert [name[:4] for name in names] == [f"{number:04d}" for number in range(1, len(names) + 1)]
