"""`python -m tests.crash.later SECONDS --data-dir DIR --port N`: `tiller run`, so many seconds after now.

It is the real one but for its clock: the time that went by while nobody was up. What it waits for it waits out.
"""

import argparse
import asyncio
import os
from datetime import timedelta
from pathlib import Path

from bot.cli import say
from bot.serve import serve
from bot.settings.loading import load
from tests.running import Later
from trading.instruments import trap_floats


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
