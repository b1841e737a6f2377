"""Every test of the journal runs on SQLite and on PostgreSQL."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.postgres import Server, postgres_server, postgres_url  # noqa: F401
from trading.journal.rows import PROJECTIONS
from trading.journal.store import JournalStore, open_journal, sqlite_path

TABLES = ("events", *PROJECTIONS, "cursors", "venue_state", "api_tokens")
POSTGRES = pytest.param("postgres", marks=[pytest.mark.postgres, pytest.mark.xdist_group("postgres")])


class Place:
    """Where a journal is kept, and a way to it behind the journal's back."""

    def __init__(self, url: str, server: Server | None = None) -> None:
        self.url = url
        self._server = server

    async def execute(self, *statements: str) -> list[tuple[object, ...]]:
        """Run statements as another program would; the rows of the last one."""
        if self._server:
            name = self.url.partition("@/")[2].partition("?")[0]
            return [tuple(row) for row in await self._server.run(*statements, database=name)]
        with closing(sqlite3.connect(sqlite_path(self.url), isolation_level=None)) as connection:
            rows: list[tuple[object, ...]] = []
            for statement in statements:
                rows = connection.execute(statement).fetchall()
            return rows

    async def forget_sessions(self) -> None:
        """End what a killed process left open, which a server notices a moment later by itself."""
        if self._server:
            await self.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


async def migrate(url: str) -> None:
    await (await open_journal(url)).close()


@pytest.fixture(scope="session")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file to be copied: to migrate one for each test would take most of the time."""
    path = tmp_path_factory.mktemp("journal") / "tiller.db"
    asyncio.run(migrate(f"sqlite://{path}"))
    return path


@pytest.fixture(scope="session")
def shared(postgres_server: Server) -> str:  # noqa: F811
    """A migrated database on the server, for one test after another."""
    name = postgres_server.create()
    asyncio.run(migrate(postgres_server.url(name)))
    return name


@pytest.fixture(params=["sqlite", POSTGRES])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A place where nothing is yet."""
    if request.param == "sqlite":
        return Place(f"sqlite://{tmp_path}/tiller.db")
    return Place(request.getfixturevalue("postgres_url"), request.getfixturevalue("postgres_server"))


@pytest.fixture(params=["sqlite", POSTGRES])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A place for a journal of this test's own, with an up-to-date schema."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("file"), tmp_path)
        return Place(f"sqlite://{tmp_path}/tiller.db")
    server: Server = request.getfixturevalue("postgres_server")
    name = request.getfixturevalue("shared")
    server.execute(*(f"DELETE FROM {table}" for table in TABLES), database=name)
    return Place(server.url(name), server)


@pytest.fixture
async def journal(place: Place) -> AsyncIterator[JournalStore]:
    async with await open_journal(place.url) as journal:
        yield journal
