"""`python -m tests.simulation --seeds N` runs many seeds over two processes; `--seed S --steps` tells one in full."""

import argparse
import sys
import traceback
from concurrent.futures import ProcessPoolExecutor

from tests.simulation.watch import Broken
from tests.simulation.world import simulate

PROCESSES = 2
SHOWN = 5


def problem(seed: int) -> str:
    """What is wrong with a seed, or an empty text."""
    try:
        simulate(seed)
    except Broken as why:
        return str(why)
    except Exception:  # noqa: BLE001 - whatever it was, what is needed is the seed
        return traceback.format_exc()
    return ""


def many(first: int, count: int) -> int:
    """Run `count` seeds; says which failed and how each is run again. Answers the exit code."""
    seeds = range(first, first + count)
    with ProcessPoolExecutor(PROCESSES) as pool:
        failed = [(seed, text) for seed, text in zip(seeds, pool.map(problem, seeds, chunksize=5), strict=True) if text]
    for seed, text in failed[:SHOWN]:
        print(f"seed {seed}: {text}\n  python -m tests.simulation --seed {seed} --steps", file=sys.stderr)
    print(f"{count} seeds, {len(failed)} failed")
    return 1 if failed else 0


def one(seed: int, steps: bool) -> int:
    """Run one seed; answers the exit code."""
    try:
        result = simulate(seed, note=print if steps else lambda text: None)
    except Broken as why:
        print(f"seed {seed}: {why}", file=sys.stderr)
        return 1
    print(f"seed {seed}: {result.events} events, {result.crashes} crashes, journal {result.digest}")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many seeds to run")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--seed", type=int, help="run only this one")
    parser.add_argument("--steps", action="store_true", help="tell every step of it")
    asked = parser.parse_args()
    return many(asked.first, asked.seeds) if asked.seed is None else one(asked.seed, asked.steps)


if __name__ == "__main__":
    sys.exit(main())
