"""`python -m tests.bridge --rounds N`: kill -9 the bridge, its client, and both.

Closes with `N rounds, 0 doubled, 0 lost`.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.bridge.crash import crash


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bridge", description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        return crash(Path(name), asked.rounds, asked.seed)


if __name__ == "__main__":
    sys.exit(main())
