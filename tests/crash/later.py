"""`python -m tests.crash.later SECONDS --data-dir DIR --port N`: `tiller run`, so many seconds after now.

It is the real one but for its clock: the time that went by while nobody was up. What it waits for it waits out.
"""

import argparse
import asyncio
import os
from datetime import datetime, timedelta
from pathlib import Path

from bot.cli import say
from bot.serve import serve
from bot.settings.loading import load
from trading.clock import SystemClock
from trading.instruments import trap_floats


class Later:
    """The machine's clock, so much later."""

    def __init__(self, by: timedelta) -> None:
        self._machine, self._by = SystemClock(), by

    def now(self) -> datetime:
        return self._machine.now() + self._by


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.crash.later", description=__doc__)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    asked = parser.parse_args()
    trap_floats()
    settings = load(None, asked.data_dir, asked.port, os.environ)
    asyncio.run(serve(settings, say, Later(timedelta(seconds=asked.seconds))))


if __name__ == "__main__":
    main()
