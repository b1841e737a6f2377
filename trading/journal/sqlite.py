"""SQLite: one connection writes, inline on the loop, one durable transaction at a time.

A thread hop costs more than the commit itself (0.2 ms against 0.14 ms where this was measured), so the commit is
made where it is asked for and nothing is awaited between its start and its end. The write-ahead log is synchronised
at every commit (synchronous=FULL) and never truncated below `LOG_BYTES`: writing in place is the faster half.
"""

import asyncio
import os
import sqlite3
from collections.abc import Sequence
from contextlib import AsyncExitStack, closing
from pathlib import Path

from filelock import FileLock, Timeout

from trading.errors import ConfigError, JournalError
from trading.journal import schema
from trading.journal.chain import Tail
from trading.journal.files import copy_database, create, delete, exchange
from trading.journal.orm import Orm, configuration, failing, reason
from trading.journal.rows import Statement
from trading.journal.values import SQLITE

PAGE_BYTES = 2048  # half the default: a commit writes a page of every index it touches, and is a tenth faster
LOG_BYTES = 4 << 20  # twice the 1,000 pages at which SQLite moves the log into the database
PATIENCE_S = 15.0  # how long another program may hold the database before we give up
BUSY_S = 0.01  # of which the loop stands still at most this long at a time
REMEDIES = {
    sqlite3.SQLITE_BUSY: "Close the other program that holds the database.",
    sqlite3.SQLITE_FULL: "Free space on the disk.",
    sqlite3.SQLITE_IOERR: "Check the disk.",
    sqlite3.SQLITE_CORRUPT: "Restore the last backup (tiller db restore) and reconcile.",
    sqlite3.SQLITE_READONLY: "Give Tiller the right to write to the file.",
}
PRAGMAS = {
    "page_size": PAGE_BYTES,  # only heard by an empty file
    "journal_mode": "WAL",
    "synchronous": "FULL",
    "journal_size_limit": 16 * LOG_BYTES,
    "foreign_keys": "OFF",  # there are none, and a migration that rebuilds a table must not cascade
}


class SqliteDatabase:
    """The journal's file. Made by `open`; without `writer` it only reads, and shares the file with who writes."""

    def __init__(self, path: Path, migrations: str) -> None:
        self.path = path
        self.orm = Orm(_configuration(path, migrations), f"The database {path}")
        self._migrations = migrations
        self._connection: sqlite3.Connection | None = None
        self._closing = AsyncExitStack()

    @classmethod
    async def open(cls, path: Path, *, writer: bool, migrations: str) -> "SqliteDatabase":
        """Lock the file, bring its schema up to date, connect.

        Raises:
            ConfigError: the path is not one.
            JournalError: it cannot be read or written, is another program's, a newer Tiller's, or in use.
        """
        database = cls(path, migrations)
        async with AsyncExitStack() as stack:
            if writer:
                stack.callback(lock(path).release)
            applied = applied_migrations(path)
            if not schema.is_current(applied or (), migrations, database.orm.name):
                if not writer:
                    raise schema.outdated(database.orm.name) if applied is not None else absent(path)
                await database._upgrade()
            if writer:
                database._connection = _connect(path)
                stack.callback(database._connection.close)
            await database.orm.open()
            stack.push_async_callback(database.orm.close)
            database._closing = stack.pop_all()
        return database

    async def close(self) -> None:
        """Release the file. Safe to repeat."""
        await self._closing.aclose()

    async def write(self, statements: Sequence[Statement], before: Tail, after: Tail) -> None:
        """All of `statements` in one durable transaction, if the journal still ends at `before`.

        Raises:
            JournalError: it was not written.
        """
        connection = self._connection
        if connection is None:
            raise schema.read_only(self.orm.name)
        bound = [(text, [SQLITE[type(value)](value) for value in values]) for text, values in statements]
        try:
            await self._begin(connection)
            try:
                if before != after and tail(connection) != before:
                    raise schema.moved()
                for text, values in bound:
                    connection.execute(text, values)
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
        except sqlite3.Error as why:
            code = getattr(why, "sqlite_errorcode", 0) & 0xFF  # the module's own errors have none
            remedy = REMEDIES.get(code, "Nothing was recorded.")
            raise JournalError(f"The journal was not written: {reason(why)}.", remedy) from None

    async def tail(self) -> Tail:
        """Where the journal ends."""
        with failing(f"{self.orm.name} cannot be read"), closing(sqlite3.connect(self.path)) as connection:
            return tail(connection)

    async def _begin(self, connection: sqlite3.Connection) -> None:
        """Take the write lock. Only here may the loop go on to other things: nothing is written yet."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE_S
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as why:
                if why.sqlite_errorcode != sqlite3.SQLITE_BUSY or loop.time() > deadline:
                    raise
            else:
                return
            await asyncio.sleep(BUSY_S)

    async def _upgrade(self) -> None:
        """Migrate a copy, then put it in place of the original: a crash leaves one or the other, whole."""
        fresh = self.path.with_name(self.path.name + ".new")
        with failing(f"{self.orm.name} cannot be upgraded", remedy="It is as it was. Is it in use, or the disk full?"):
            delete(fresh)
            if applied_migrations(self.path) is None:
                create(fresh)
            else:
                copy_database(self.path, fresh)
            await schema.upgrade(_configuration(fresh, self._migrations, journal_mode="MEMORY"), atomic=False)
            exchange(fresh, self.path)


def lock(path: Path) -> FileLock:
    """Hold the file `path` + `.lock`: one Tiller writes to one database.

    Raises:
        ConfigError: the path is not one for a file.
        JournalError: another one does, or the folder cannot be written.
    """
    if path.is_dir() or path.name in ("", ":memory:"):
        raise ConfigError(f"{str(path)!r} is not a file for the database.", "Write sqlite://data/tiller.db.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        held = FileLock(f"{path}.lock", timeout=0, thread_local=False)
        held.acquire()
    except Timeout:
        raise schema.in_use(f"the database {path}") from None
    except OSError as why:
        raise JournalError(
            f"The database {path} cannot be written: {why.strerror}.", "Choose a folder that can."
        ) from None
    return held


def absent(path: Path) -> JournalError:
    return JournalError(f"There is no database {path}.", "Start Tiller once: tiller run", code="JOURNAL_ABSENT")


def applied_migrations(path: Path) -> frozenset[str] | None:
    """The migrations that a database file has; None if there is no file, or an empty one.

    Raises:
        JournalError: not a database, or not one of Tiller's.
    """
    if not path.exists() or path.stat().st_size == 0:
        return None
    try:
        with closing(sqlite3.connect(path)) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if "tortoise_migrations" in tables:
                return frozenset(name for (name,) in connection.execute(schema.APPLIED))
    except (sqlite3.Error, OSError) as why:
        raise JournalError(
            f"{path} cannot be read: {reason(why)}.", "Is it Tiller's database? Or restore a backup."
        ) from None
    if not tables:
        return None
    raise JournalError(f"{path} is a database, but not one of Tiller's.", "Choose another [database] url.")


def tail(connection: sqlite3.Connection) -> Tail:
    return Tail(*(connection.execute(schema.TAIL).fetchone() or Tail()))


def _connect(path: Path) -> sqlite3.Connection:
    with failing(f"The database {path} cannot be written"):
        connection = sqlite3.connect(path, isolation_level=None)
        for name, value in PRAGMAS.items():
            connection.execute(f"PRAGMA {name} = {value}")
        _grow_log(connection, path)
        connection.execute(f"PRAGMA busy_timeout = {int(BUSY_S * 1000)}")
        return connection


def _grow_log(connection: sqlite3.Connection, path: Path) -> None:
    """Give the write-ahead log its length beforehand: what is rolled back stays on the disk, to be written over."""
    connection.execute("PRAGMA cache_size = 10")  # so small that the pages go to the log before the rollback
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("CREATE TABLE growing (room)")
    connection.execute("INSERT INTO growing VALUES (zeroblob(?))", (LOG_BYTES,))
    connection.execute("ROLLBACK")
    connection.execute("PRAGMA cache_size = -16000")
    # Closing the log's descriptor drops no lock: SQLite's are on the database and on its shared memory.
    descriptor = os.open(f"{path}-wal", os.O_RDWR)
    os.fsync(descriptor)
    os.close(descriptor)


def _configuration(path: Path, migrations: str, **pragmas: str) -> dict[str, object]:
    credentials = {"file_path": str(path), **PRAGMAS, "busy_timeout": 10_000, **pragmas}
    return configuration("sqlite", credentials, migrations)
