"""The table of trade requests: what was begun is on the disk before the terminal hears of it; then comes its answer."""

import os
import secrets
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec

from trading.clock import Clock
from trading.errors import ConfigError
from trading.mt5.bridge.calls import Argument

KEPT = timedelta(days=90)
LOG_BYTES = 4 * 1024 * 1024
_TABLES = """
CREATE TABLE IF NOT EXISTS requests (
    key TEXT PRIMARY KEY, body TEXT NOT NULL, begun_at TEXT NOT NULL, answer BLOB
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS identity (name TEXT NOT NULL);
"""


class Stored(NamedTuple):
    """An answer as it is kept: the result as plain values, and last_error."""

    result: object
    code: int
    text: str


class Request(NamedTuple):
    """One row; without an answer it was begun and nobody knows how it ended."""

    body: str
    answer: Stored | None


class Requests:
    """The durable table, in a file of its own. `name` tells this table from any other.

    `begin`, `finish` and `forget` are for one thread, `find` for another: they have connections of their own.

    Raises:
        ConfigError: the file cannot be used.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path, self._clock = path, clock
        try:
            self._reading = self._connect("NORMAL")
            self._beginning = self._connect("FULL")  # on the disk before the call, even if the power fails
            self._ending = self._connect("NORMAL")  # survives the process; without power, nobody knows the outcome
            self._grow_log()
            self.name = self._prepare()
        except sqlite3.Error as why:
            raise ConfigError(f"The table of requests {path} cannot be used: {why}.", "Check its folder.") from None

    def begin(self, key: str, body: str) -> bool:
        """Write down, durably, that a request is about to be made; False if this key is there already.

        Raises:
            sqlite3.Error: it could not be written.
        """
        try:
            values = (key, body, self._clock.now().isoformat())
            self._beginning.execute("INSERT INTO requests (key, body, begun_at) VALUES (?, ?, ?)", values)
        except sqlite3.IntegrityError:
            return False
        return True

    def finish(self, key: str, answer: Stored) -> None:
        """Write down how a request ended.

        Raises:
            sqlite3.Error: it could not be written.
        """
        packed = msgspec.msgpack.encode(answer)
        self._ending.execute("UPDATE requests SET answer = ? WHERE key = ? AND answer IS NULL", (packed, key))

    def forget(self, key: str) -> None:
        """Take a request back that surely never left: its key may be used again.

        Raises:
            sqlite3.Error: it could not be written.
        """
        self._ending.execute("DELETE FROM requests WHERE key = ?", (key,))

    def find(self, key: str) -> Request | None:
        """What is known of a request."""
        rows = self._reading.execute("SELECT body, answer FROM requests WHERE key = ?", (key,)).fetchall()
        if not rows:
            return None
        body, answer = rows[0]
        return Request(body, None if answer is None else msgspec.msgpack.decode(answer, type=Stored))

    def unanswered(self) -> Sequence[str]:
        """The keys of requests that were begun and have no answer."""
        rows = self._reading.execute("SELECT key FROM requests WHERE answer IS NULL ORDER BY begun_at").fetchall()
        return [key for (key,) in rows]

    def close(self) -> None:
        """Close the file."""
        for database in (self._reading, self._beginning, self._ending):
            database.close()

    def _grow_log(self) -> None:
        """Give the write-ahead log its length beforehand: what is rolled back stays on the disk, to be written over."""
        database = self._beginning
        database.execute("PRAGMA cache_size = 10")  # so small that the pages go to the log before the rollback
        database.execute("BEGIN IMMEDIATE")
        database.execute("CREATE TABLE growing (room)")
        database.execute("INSERT INTO growing VALUES (zeroblob(?))", (LOG_BYTES,))
        database.execute("ROLLBACK")
        database.execute("PRAGMA cache_size = -2000")
        with Path(f"{self._path}-wal").open("r+b") as log:
            os.fsync(log.fileno())

    def _connect(self, synchronous: str) -> sqlite3.Connection:
        database = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute(f"PRAGMA journal_size_limit={4 * LOG_BYTES}")
        database.execute(f"PRAGMA synchronous={synchronous}")
        return database

    def _prepare(self) -> str:
        with closing(self._beginning.cursor()) as cursor:
            cursor.executescript(_TABLES)
            before = (self._clock.now() - KEPT).isoformat()
            cursor.execute("DELETE FROM requests WHERE begun_at < ? AND answer IS NOT NULL", (before,))
            cursor.execute(
                "INSERT INTO identity SELECT ? WHERE NOT EXISTS (SELECT 1 FROM identity)", (secrets.token_hex(8),)
            )
            return str(cursor.execute("SELECT name FROM identity").fetchone()[0])


def body_of(arguments: dict[str, Argument]) -> str:
    """Arguments as the same text whenever they are the same."""
    return msgspec.json.encode(arguments, order="sorted").decode()
