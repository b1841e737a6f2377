"""`python -m tests.simulation --seeds N [--seed S] [--steps]`: many seeds over two processes, or one with its steps."""

import argparse

from tests.simulation.world import simulate

if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("--seed", type=int)
    ap.add_argument("--steps", action="store_true")
    a = ap.parse_args()
    print(simulate(a.seed, note=print if a.steps else (lambda t: None)))
