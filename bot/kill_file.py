"""The KILL file: halts the desk even when nothing else of it can be reached."""

from pathlib import Path

LONGEST = 1000  # characters of it that are read


def write(file: Path, *, flatten: bool) -> None:
    """Put it there, whole at once; a new one is a new kill.

    Raises:
        OSError
    """
    fresh = file.with_name(file.name + ".new")
    fresh.write_text("flatten\n" if flatten else "kill\n")
    fresh.replace(file)


def read(file: Path) -> tuple[str, bool] | None:
    """The key of the kill it asks for, and whether to flatten; None if it is not there."""
    try:
        written = file.stat().st_mtime_ns
        flatten = "flatten" in file.read_text(errors="replace")[:LONGEST].lower()
    except FileNotFoundError:
        return None
    return f"file:{written}:{flatten}", flatten
