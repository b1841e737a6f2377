"""`python -m tests.bodies --count 100000`: random and mutated alerts; closes with `N bodies, 0 wrong`."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.bodies.campaign import campaign
from trading.instruments import trap_floats

ROUND = 2000  # bodies to a desk


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bodies", description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    trap_floats()
    orders = wrong = sent = 0
    while sent < asked.count:
        size = min(ROUND, asked.count - sent)
        with tempfile.TemporaryDirectory() as name:
            found = asyncio.run(campaign(Path(name), size, asked.seed + sent))
        sent, orders, wrong = sent + size, orders + found.orders, wrong + len(found.wrong)
        print(f"{sent} bodies, {orders} orders, {dict(sorted(found.statuses.items()))}", flush=True)
        for each in found.wrong:
            print(each)
    print(f"{sent} bodies, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
