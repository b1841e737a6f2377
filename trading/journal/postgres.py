"""PostgreSQL: one session holds the lock that makes us the only writer, and writes.

Lock and writes share the session, so that losing the one is losing the other: no second writer can come between.
When the session is lost, the next one finds out from the journal's end whether the last commit had happened.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack, suppress
from functools import lru_cache
from itertools import chain, groupby, repeat
from operator import itemgetter
from typing import Any, TypeVar

import asyncpg  # type: ignore[import-untyped]
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.exceptions import ConfigurationError, DBConnectionError

from trading.errors import ConfigError, JournalError
from trading.journal import schema
from trading.journal.chain import Tail
from trading.journal.orm import FAILURES, Orm, configuration, failing, reason
from trading.journal.rows import Statement
from trading.journal.values import NORMAL

T = TypeVar("T")

WRITER_LOCK = int.from_bytes(b"tiller", "big")  # pg_try_advisory_lock: one writer to a database, held by its session
PATIENCE_S = 15.0  # how long a server that went away may take to come back
PAUSE_S = 0.25
CONNECT_S = 10.0
ANSWER_S = 60.0  # a statement that takes longer has failed
SETTINGS = {"application_name": "tiller", "synchronous_commit": "on", "timezone": "UTC"}
PG_FAILURES = (*FAILURES, asyncpg.PostgresError, asyncpg.InterfaceError)


class PostgresDatabase:
    """The journal on a server. Made by `open`; without `writer` it only reads."""

    def __init__(self, config: dict[str, Any], name: str, writer: bool) -> None:
        self.orm = Orm(config, name, PG_FAILURES)
        self._config = config
        self._writer = writer
        self._session: Any = None  # an asyncpg connection, taken out of Tortoise's pool
        self._held = AsyncExitStack()

    @classmethod
    async def open(cls, url: str, *, writer: bool, migrations: str) -> "PostgresDatabase":
        """Connect, take the writer's lock, bring the schema up to date.

        Raises:
            ConfigError: the address is not one, or the server does not know the user or database.
            JournalError: the server does not answer; the journal is in use, or a newer Tiller's.
        """
        credentials = _credentials(url)
        name = f"The PostgreSQL database {credentials['database']} at {credentials['host'] or 'its default host'}"
        database = cls(configuration("postgres", credentials, migrations), name, writer)
        await database.orm.open()
        try:
            await database._connect()
            if writer:
                await database._hold()
            if not schema.is_current(await database._applied(), migrations, name):
                if not writer:
                    raise schema.outdated(name)
                with failing(f"{name} cannot be upgraded", PG_FAILURES, "It is as it was."):
                    await schema.upgrade(database._config, atomic=True)
        except BaseException:
            await database.close()
            raise
        return database

    async def close(self) -> None:
        """Let go of the lock and the connections. Safe to repeat."""
        await self._let_go()
        await self.orm.close()

    async def write(self, statements: Sequence[Statement], before: Tail, after: Tail) -> None:
        """All of `statements` in one durable transaction, if the journal still ends at `before`.

        A cancellation reaches the caller only once it is known that they were written.

        Raises:
            JournalError: they were not; or, if the server stayed away, perhaps not: a restart finds out.
        """
        if not self._writer:
            raise schema.read_only(self.orm.name)
        with failing("The journal was not written", PG_FAILURES, "Is the server up? Then restart Tiller."):
            await finished(self._write(statements, before, after))

    async def tail(self) -> Tail:
        """Where the journal ends."""
        with failing(f"{self.orm.name} cannot be read", PG_FAILURES):
            async with self.orm.client.acquire_connection() as connection:
                return await _tail(connection)

    async def _write(self, statements: Sequence[Statement], before: Tail, after: Tail) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE_S
        for pause in chain([0.0], repeat(PAUSE_S)):  # a server that only dropped us is there at once
            try:
                if self._session is None and await self._resume(before, after):
                    return
                async with self._session.transaction():
                    for text, same in groupby(statements, itemgetter(0)):
                        await self._session.executemany(
                            _numbered(text), [[NORMAL[type(value)](value) for value in values] for _, values in same]
                        )
            except (*PG_FAILURES, JournalError):
                # Refused the lock, we are not connected either: the server may not have missed our last session yet.
                if self._is_connected() or loop.time() > deadline:
                    raise
                await self._let_go()
            else:
                return
            await asyncio.sleep(pause)

    async def _resume(self, before: Tail, after: Tail) -> bool:
        """A new session for the one that was lost; whether what was being written then had been."""
        await self._hold()
        end = await _tail(self._session)
        if end not in (before, after):
            raise schema.moved()
        return end == after != before

    async def _hold(self) -> None:
        """Take the writer's lock in a session of our own.

        Raises:
            JournalError: somebody has it.
        """
        session: Any = await self._held.enter_async_context(self.orm.client.acquire_connection())
        if not await session.fetchval("SELECT pg_try_advisory_lock($1)", WRITER_LOCK):
            await self._let_go()
            raise schema.in_use(self.orm.name)
        self._session = session

    async def _let_go(self) -> None:
        self._session = None
        with suppress(*PG_FAILURES):  # a lost session has nothing to give back
            await self._held.aclose()

    def _is_connected(self) -> bool:
        try:
            return self._session is not None and not self._session.is_closed()
        except asyncpg.InterfaceError:  # the pool has already dropped it
            return False

    async def _connect(self) -> None:
        """Make the pool now, so that what is wrong with the address shows at once."""
        name, client = self.orm.name, self.orm.client
        try:
            await client.create_connection(with_db=True)
        except (DBConnectionError, asyncpg.InvalidCatalogNameError):
            raise ConfigError(f"{name} does not exist.", "Create it (createdb), or correct [database] url.") from None
        except asyncpg.InvalidAuthorizationSpecificationError:
            raise ConfigError(f"{name} refuses the user or the password.", "Correct [database] url.") from None
        except (TypeError, ValueError) as why:
            raise ConfigError(f"{name} cannot be addressed: {reason(why)}.", "Correct [database] url.") from None
        except PG_FAILURES as why:
            raise JournalError(
                f"{name} does not answer: {reason(why)}.", "Start it, or correct [database] url."
            ) from None

    async def _applied(self) -> list[str]:
        with failing(f"{self.orm.name} cannot be read", PG_FAILURES):
            async with self.orm.client.acquire_connection() as connection:
                if await connection.fetchval("SELECT to_regclass('tortoise_migrations')") is None:
                    return []
                return [row["name"] for row in await connection.fetch(schema.APPLIED)]


async def finished(work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, which a cancellation does not interrupt: it reaches the caller at its next wait.

    The caller then knows what was written, and may take it into memory.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if task.cancelled():
            raise
        try:
            return await task
        finally:
            caller = asyncio.current_task()
            assert caller is not None
            caller.uncancel()  # one request came in and one goes on
            caller.cancel()


def _credentials(url: str) -> dict[str, Any]:
    """Tortoise's arguments from a URL.

    Raises:
        ConfigError: it is not the address of a PostgreSQL database.
    """
    try:
        credentials: dict[str, Any] = expand_db_url(url)["credentials"]
    except (ConfigurationError, ValueError):
        raise ConfigError("[database] url is not an address.", "Write postgres://user@host/tiller.") from None
    if not credentials["database"]:
        raise ConfigError("[database] url names no database.", "Write postgres://user@host/tiller.")
    if "sslmode" in credentials:  # libpq's word; the driver takes the same values
        credentials["ssl"] = credentials.pop("sslmode")
    password = credentials["password"]
    return {
        **credentials,
        # Tortoise logs a part of a password that is text; it asks a function only when it connects.
        "password": password and (lambda: password),
        "timeout": CONNECT_S,
        "command_timeout": ANSWER_S,
        "server_settings": SETTINGS,
    }


@lru_cache(maxsize=256)
def _numbered(text: str) -> str:
    """`?` as PostgreSQL writes it: $1, $2, ..."""
    parts = text.split("?")
    return "".join(f"{part}${number}" for number, part in enumerate(parts[:-1], 1)) + parts[-1]


async def _tail(connection: Any) -> Tail:
    row = await connection.fetchrow(schema.TAIL)
    return Tail(*row) if row else Tail()
