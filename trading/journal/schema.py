"""Which migrations a database has, which this version knows, and how the missing ones are applied."""

import importlib.util
import pkgutil
from collections.abc import Iterable
from typing import Any

from tortoise.context import TortoiseContext
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget
from tortoise.transactions import in_transaction

from trading.errors import JournalError
from trading.journal.orm import APP

APPLIED = f"SELECT name FROM tortoise_migrations WHERE app = '{APP}'"
TAIL = "SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1"


def is_current(applied: Iterable[str], migrations: str, name: str) -> bool:
    """Whether the database `name` has every migration of the package `migrations`.

    Raises:
        JournalError: it has one that this version does not know.
    """
    spec = importlib.util.find_spec(migrations)
    folders = spec.submodule_search_locations if spec else None
    known = {module.name for module in pkgutil.iter_modules(folders) if module.name[0] not in "_~"}
    if unknown := set(applied) - known:
        raise JournalError(
            f"{name} was made by a newer Tiller (it has {max(unknown)}).",
            "Update Tiller, or restore the backup made before the update.",
            code="JOURNAL_NEWER",
        )
    return known == set(applied)


def in_use(name: str) -> JournalError:
    return JournalError(f"Another Tiller is using this database: {name}.", "Stop it first.", code="JOURNAL_IN_USE")


def moved() -> JournalError:
    return JournalError("Another program wrote to the journal.", "Stop it, then restart Tiller.", code="JOURNAL_MOVED")


def read_only(name: str) -> JournalError:
    return JournalError(f"{name} was opened for reading.", "Ask the running bot, or stop it first.")


def outdated(name: str) -> JournalError:
    return JournalError(f"{name} is from an older Tiller.", "Run: tiller db upgrade", code="JOURNAL_OLDER")


async def upgrade(config: dict[str, Any], *, atomic: bool) -> None:
    """Apply what is missing; with `atomic`, all of it and the record of it in one transaction.

    On SQLite it cannot be atomic (Tortoise's script of its own table commits): migrate a copy there.
    """
    (connection,) = config["connections"]
    target = [MigrationTarget(APP, "__latest__")]
    async with TortoiseContext() as context:
        await context.init(config)
        if atomic:
            # First the table of migrations alone: asking for it in vain would abort the transaction.
            await MigrationExecutor(context.db(), config["apps"]).migrate([])
            async with in_transaction(connection) as transaction:
                await MigrationExecutor(transaction, config["apps"]).migrate(target, direction="forward")
        else:
            await MigrationExecutor(context.db(), config["apps"]).migrate(target, direction="forward")
