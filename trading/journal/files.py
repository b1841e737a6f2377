"""SQLite databases as files: copied whole, exchanged in one step."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

SIDES = (
    "-wal",
    "-shm",
    "-journal",
)  # what SQLite keeps beside a database; without its log a copy has lost its last writes


def copy_database(source: Path, target: Path) -> None:
    """A consistent copy in one file, made while others read and write.

    Raises:
        sqlite3.Error, OSError
    """
    create(target)
    with closing(sqlite3.connect(source)) as reading, closing(sqlite3.connect(target)) as writing:
        reading.backup(writing)
        writing.execute("PRAGMA journal_mode = DELETE")
        (verdict,) = writing.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
    synchronize(target)


def exchange(fresh: Path, path: Path) -> None:
    """Put the database `fresh` in place of `path`, in one step.

    Raises:
        sqlite3.Error: `path` is in use.
        OSError
    """
    synchronize(fresh)
    if path.exists():
        settle(path)  # its log must be gone before: read with the other database, it would destroy that
    os.replace(fresh, path)
    synchronize(path.parent)


def settle(path: Path) -> None:
    """Move the log into the database, so that it is one file.

    Raises:
        sqlite3.Error: it is in use.
    """
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")


def create(path: Path) -> None:
    """An empty file that only we may read: the journal knows what we hold."""
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))


def delete(path: Path) -> None:
    """Remove a database and what stands beside it, if it is there."""
    for side in ("", *SIDES):
        Path(f"{path}{side}").unlink(missing_ok=True)


def synchronize(path: Path) -> None:
    """Make a file, or the names in a folder, durable."""
    if path.is_dir() and os.name == "nt":
        return  # Windows cannot open a folder, and needs not
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
