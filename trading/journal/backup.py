"""A SQLite journal as one file to keep, and back."""

import asyncio
import os
from contextlib import suppress
from pathlib import Path

from trading.errors import JournalError
from trading.journal import files, schema, sqlite
from trading.journal.orm import failing


async def backup(path: Path, target: Path) -> None:
    """Copy the database `path`, in use or not, to the new file `target`.

    Raises:
        JournalError: there is no database, there is such a file already, or it cannot be written.
    """
    if await asyncio.to_thread(sqlite.applied_migrations, path) is None:
        raise sqlite.absent(path)
    await asyncio.to_thread(_copy, path, target)


def _copy(path: Path, target: Path) -> None:
    part = target.with_name(target.name + ".part")
    with failing(f"{target} cannot be written", remedy="Choose another place."):
        if target.exists():
            raise JournalError(f"{target} is there already.", "Choose another name: no backup is overwritten.")
        try:
            files.copy_database(path, part)
            os.rename(part, target)
            files.synchronize(target.parent)
        finally:
            with suppress(OSError):
                files.delete(part)


async def restore(source: Path, path: Path, migrations: str) -> Path | None:
    """Put the backup `source` in place of the database `path`; where what was there is kept, if anything was.

    Raises:
        JournalError: the database is in use, or the backup is not one, damaged, or a newer Tiller's.
    """
    held = sqlite.lock(path)
    try:
        return await asyncio.to_thread(_restore, source, path, migrations)
    finally:
        held.release()


def _restore(source: Path, path: Path, migrations: str) -> Path | None:
    applied = sqlite.applied_migrations(source)
    if not applied:
        raise JournalError(f"{source} is not a backup of Tiller's.", "Name a file made by: tiller db backup")
    schema.is_current(applied, migrations, str(source))
    fresh, kept = (path.with_name(path.name + suffix) for suffix in (".new", ".replaced"))
    with failing(f"{source} cannot be restored", remedy="The database is as it was."):
        files.delete(fresh)
        files.copy_database(source, fresh)
        files.delete(kept)
        if not path.exists():
            files.exchange(fresh, path)
            return None
        files.settle(path)
        os.link(path, kept)
        files.exchange(fresh, path)
        return kept
