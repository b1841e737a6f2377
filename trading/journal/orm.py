"""Tortoise for one database: its configuration, and a context that any task may query in.

Tortoise 1.x finds its connections through a context variable, so what one task initialises another does not see
(a web server's request, say). Every query here therefore runs inside `Orm.active()`, whichever task asks.
"""

import copy
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import TortoiseContext
from tortoise.exceptions import BaseORMException

from trading.errors import JournalError

APP = "tiller"
MODELS = "trading.journal.models"
Failures = tuple[type[Exception], ...]
FAILURES: Failures = (BaseORMException, sqlite3.Error, OSError, ValueError, ArithmeticError)
"""What can come instead of a result: no answer (OSError includes timeouts), or a time or an amount that is damaged.
PostgreSQL's driver, when loaded, has its own."""


def configuration(dialect: str, credentials: Mapping[str, Any], migrations: str) -> dict[str, Any]:
    """Tortoise's configuration. The connection is named after the dialect: Tortoise keeps statements by that name."""
    engine = {"sqlite": "tortoise.backends.sqlite", "postgres": "tortoise.backends.asyncpg"}[dialect]
    return {
        "connections": {dialect: {"engine": engine, "credentials": dict(credentials)}},
        "apps": {APP: {"models": [MODELS], "migrations": migrations, "default_connection": dialect}},
    }


class Orm:
    """Queries on one database; `name` is how messages call it, `failures` what its driver raises."""

    def __init__(self, config: dict[str, Any], name: str, failures: Failures = FAILURES) -> None:
        self.name = name
        self._failures = failures
        self._config = config
        self._context = TortoiseContext()

    async def open(self) -> None:
        """Load the models. The connection itself is made by the first query."""
        with self._context:
            await self._context.init(self._config)

    @property
    def client(self) -> BaseDBAsyncClient:
        """Tortoise's own connection or pool."""
        return self._context.db()

    @contextmanager
    def active(self) -> Iterator[None]:
        """Run queries inside.

        Raises:
            JournalError: the database did not answer, or is damaged.
        """
        # A copy for each use: it holds the token that ends it, and tasks overlap.
        with copy.copy(self._context), failing(f"{self.name} cannot be read", self._failures):
            yield

    async def close(self) -> None:
        await self._context.close_connections()


@contextmanager
def failing(what: str, failures: Failures = FAILURES, remedy: str = "Is it there and whole?") -> Iterator[None]:
    """Turn what a database answers instead of a result into one line: `what`, and the database's reason.

    Raises:
        JournalError
    """
    try:
        yield
    except failures as why:
        raise JournalError(f"{what}: {reason(why)}.", remedy) from None


def reason(why: BaseException) -> str:
    """The first line of what the database said."""
    return (str(why).splitlines() or [type(why).__name__])[0].rstrip(".")
