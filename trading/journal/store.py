"""The journal: facts appended with the projections they change, read back in order, proven unbroken."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from trading.errors import ConfigError, JournalError
from trading.events import AnyEvent, Recorded
from trading.journal import backup, chain
from trading.journal.chain import Entry, Tail
from trading.journal.models import CursorRow, EventRow, VenueStateRow
from trading.journal.orm import Orm
from trading.journal.queries import Queries, Tokens
from trading.journal.rows import Row, Statement, projection, upsert, upsert_text
from trading.journal.sqlite import SqliteDatabase
from trading.journal.values import NORMAL, utc

CHUNK = 1000  # rows read at a time
ENTRY = "INSERT INTO events (seq, at, type, account, order_id, payload, hash) VALUES (?, ?, ?, ?, ?, ?, ?)"
MOVE = upsert_text("cursors", ("destination",), ("seq",))
SAVE = upsert_text("venue_state", ("venue", "key"), ("value",))
FORGET = "DELETE FROM venue_state WHERE venue = ? AND key = ?"


class Database(Protocol):
    """What differs between SQLite and PostgreSQL."""

    orm: Orm

    async def write(self, statements: Sequence[Statement], before: Tail, after: Tail) -> None:
        """All of it in one durable transaction, if the journal ends at `before`; then it ends at `after`."""
        ...

    async def tail(self) -> Tail: ...

    async def close(self) -> None: ...


class JournalStore:
    """Implements `Journal` and `VenueStore` of trading.ports. Made by `open_journal`."""

    def __init__(self, database: Database, tail: Tail) -> None:
        self._database = database
        self._orm = database.orm
        self._tail = tail
        self._turn = asyncio.Lock()  # first come, first written
        self._closed = False
        self.queries = Queries(database.orm)
        self.tokens = Tokens(database.orm)

    async def __aenter__(self) -> "JournalStore":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, why: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Release the database. Without it the process does not end: the reader is a thread. Safe to repeat."""
        async with self._turn:
            self._closed = True
            await self._database.close()

    @property
    def last_seq(self) -> int:
        """Of the entry written last, by us; when only reading, as it was when opened."""
        return self._tail.seq

    # --- writing -----------------------------------------------------------------------------

    async def append(self, events: Sequence[AnyEvent], at: datetime, rows: Sequence[Row] = ()) -> list[Recorded]:
        """Record `events` and put `rows` into their projections: all or nothing, durable when it returns.

        Raises:
            JournalError: it could not be written, or cannot be: nothing may be acted on.
        """
        at = utc(at)
        async with self._turn:
            entries, end = chain.link(self._tail, events, at)
            await self._write([*((ENTRY, entry) for entry in entries), *map(upsert, rows)], end)
        return [Recorded(entry.seq, at, event, entry.hash) for entry, event in zip(entries, events, strict=True)]

    async def upsert(self, rows: Sequence[Row]) -> None:
        """Put `rows` into their projections without an event, as a rebuild from the journal does.

        Raises:
            JournalError
        """
        async with self._turn:
            await self._write([upsert(row) for row in rows], self._tail)

    async def move_cursor(self, destination: str, seq: int) -> None:
        """`destination` has been told everything up to `seq`; durable when it returns.

        Raises:
            JournalError
        """
        async with self._turn:
            await self._write([(MOVE, (destination, seq))], self._tail)

    async def save(self, venue: str, changes: Mapping[str, str | None]) -> None:
        """Change keys of a venue's own books: all or nothing, durable when it returns; None deletes.

        Raises:
            JournalError
        """
        statements: list[Statement] = [
            (FORGET, (venue, key)) if value is None else (SAVE, (venue, key, value)) for key, value in changes.items()
        ]
        async with self._turn:
            await self._write(statements, self._tail)

    async def _write(self, statements: Sequence[Statement], end: Tail) -> None:
        if self._closed:
            raise JournalError("The journal is closed.", "Tiller is stopping: ask again when it runs.")
        if statements:
            await self._database.write(statements, self._tail, end)
            self._tail = end

    # --- reading -----------------------------------------------------------------------------

    async def read(self, after: int = 0, order_id: str = "", limit: int = 0) -> AsyncIterator[Recorded]:
        """Events in order from `after` (exclusive), of one order if given, at most `limit` if not 0.

        Raises:
            JournalError: an entry cannot be read; it names the entry.
        """
        whole = not (after or order_id or limit)
        end = Tail()
        async for entry in self._entries(after, order_id, limit):
            recorded = entry.recorded()
            if whole:  # a replay stands on every entry: the seals are checked on the way
                end = chain.check(end, entry)
            yield recorded

    async def verify_chain(self) -> int:
        """Prove that no entry is missing, altered or moved, and that none was told of that is not there.

        Returns how many there are.

        Raises:
            JournalError: naming the first entry that is wrong.
        """
        with self._orm.active():
            told = await CursorRow.all().order_by("-seq").limit(1).values("seq")
        least = max(self._tail.seq, *(cursor["seq"] for cursor in told), 0)
        end = Tail()
        async for entry in self._entries():
            end = chain.check(end, entry)
        if end.seq < least:
            raise chain.broken(end.seq + 1, "is missing")
        return end.seq

    async def rows(self, table: str) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        """Key and columns of every row of a projection, in order of the key, in the form of `rows.normalize`.

        Raises:
            JournalError: there is no such projection, or it cannot be read.
        """
        source = projection(table)
        after: str | None = None
        while True:
            beyond = {} if after is None else {f"{source.key}__gt": after}
            with self._orm.active():
                query = source.model.filter(**beyond)
                found = await query.order_by(source.key).limit(CHUNK).values(source.key, *source.columns)
            for values in found:
                after = values.pop(source.key)
                yield str(after), {name: NORMAL[type(value)](value) for name, value in values.items()}
            if len(found) < CHUNK:
                return

    async def cursor(self, destination: str) -> int:
        """The last entry that `destination` has been told of; 0 when new."""
        with self._orm.active():
            found = await CursorRow.filter(destination=destination).values("seq")
        return int(found[0]["seq"]) if found else 0

    async def load(self, venue: str) -> dict[str, str]:
        """Every key of a venue's own books with its value."""
        with self._orm.active():
            return dict(await VenueStateRow.filter(venue=venue).values_list("key", "value"))

    async def _entries(self, after: int = 0, order_id: str = "", limit: int = 0) -> AsyncIterator[Entry]:
        """Rows of the journal. A chunk that cannot be read is read again one by one, to name the damaged row."""
        chunk, seen = CHUNK, 0
        while not limit or seen < limit:
            wanted = min(chunk, limit - seen) if limit else chunk
            try:
                with self._orm.active():
                    query = EventRow.filter(seq__gt=after, **({"order_id": order_id} if order_id else {}))
                    found = await query.order_by("seq").limit(wanted).values_list(*Entry._fields)
            except JournalError as why:
                if chunk == 1:
                    raise JournalError(f"Journal entry {after + 1}: {why.text}", chain.REMEDY, code=why.code) from None
                chunk = 1
                continue
            for row in found:
                entry = Entry(*row)
                yield entry
                after = entry.seq
            seen += len(found)
            if len(found) < wanted:
                return

    # --- keeping -----------------------------------------------------------------------------

    async def backup(self, target: Path) -> None:
        """A consistent copy of the database in one file, made while it is in use.

        Raises:
            JournalError: there is a file already, it cannot be written, or the database is PostgreSQL.
        """
        if not isinstance(self._database, SqliteDatabase):
            raise JournalError("PostgreSQL has its own backups.", "Run pg_dump.", code="BACKUP_ELSEWHERE")
        await backup.backup(self._database.path, target)


async def open_journal(url: str, *, writer: bool = True, migrations: str = "migrations") -> JournalStore:
    """The journal at `sqlite://data/tiller.db` (relative; an absolute path has three slashes) or `postgres://...`.

    The writer is the only one: it brings the schema up to date with the package `migrations` and may append. Without
    `writer` the journal is read, beside a bot that is running; only API tokens may then be changed.

    Raises:
        ConfigError: the address is wrong, or the server does not know the user or the database.
        JournalError: it cannot be read or written, is in use, or was made by a newer Tiller.
    """
    database: Database
    if is_sqlite(url):
        database = await SqliteDatabase.open(sqlite_path(url), writer=writer, migrations=migrations)
    else:
        from trading.journal.postgres import PostgresDatabase  # its driver is loaded only where it is used

        database = await PostgresDatabase.open(url, writer=writer, migrations=migrations)
    try:
        return JournalStore(database, await database.tail())
    except BaseException:
        await database.close()
        raise


async def restore_journal(url: str, source: Path, *, migrations: str = "migrations") -> Path | None:
    """Put the backup `source` in place of the database at `url`; where what was there is kept, if anything was.

    Raises:
        ConfigError: the address is wrong.
        JournalError: it is PostgreSQL or in use, or the backup is not one, damaged, or a newer Tiller's.
    """
    if not is_sqlite(url):
        raise JournalError("PostgreSQL has its own backups.", "Run pg_restore.", code="BACKUP_ELSEWHERE")
    return await backup.restore(source, sqlite_path(url), migrations)


def is_sqlite(url: str) -> bool:
    """Whether `url` is a file's, not a server's.

    Raises:
        ConfigError: it is neither.
    """
    scheme = url.partition("://")[0]
    if scheme not in ("sqlite", "postgres", "postgresql"):
        raise ConfigError(
            "[database] url is not an address.", "Write sqlite://data/tiller.db or postgres://user@host/db."
        )
    return scheme == "sqlite"


def sqlite_path(url: str) -> Path:
    path = url.removeprefix("sqlite://")
    return Path(path[1:] if re.match(r"/[A-Za-z]:", path) else path)  # sqlite:///C:/... on Windows
