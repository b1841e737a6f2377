"""`python -m tests.crash --rounds N [--venue binance]`: kill -9 a real desk under load, at random moments, and compare.

Each round starts the bot on the same data directory, sends orders with keys, kills the process, starts it again, sends
everything that was answered, and some of what never was, once more with the same keys, and then holds the journal
against the venue's books. Closes with `N rounds, 0 doubled, 0 lost`.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from tests.crash.rounds import VENUES, crash


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--venue", choices=sorted(VENUES), default="paper")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="tiller-crash-"))
    failed = crash(asked.venue, folder, asked.rounds, asked.seed)
    if failed:
        print(f"The journal is kept in {folder}.")
    else:
        shutil.rmtree(folder)
    return failed


if __name__ == "__main__":
    sys.exit(main())
