"""The data directory: made if it is not there, and refused before anything starts if it cannot be written."""

import os
from pathlib import Path

from trading.errors import ConfigError


def prepare(folder: Path) -> None:
    """Make the folder, readable by its owner only, and see that a file can be made in it.

    Raises:
        ConfigError: it cannot be made or written.
    """
    trial = folder / f".writable-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        trial.touch()
        trial.unlink()
    except OSError as why:
        raise ConfigError(
            f"The data directory {folder} cannot be written: {why.strerror}.", "Choose another: --data-dir DIR."
        ) from None
