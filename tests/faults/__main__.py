"""`python -m tests.faults --seeds N`: every fault x every action x N seeds; `--only FAULT:ACTION:SEED` is one."""

import argparse
import logging
import sys
import traceback
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import chain, product

import structlog

from tests.faults.actions import ACTIONS
from tests.faults.books import Difference
from tests.faults.case import play
from tests.faults.kinds import KINDS
from tests.faults.mt5 import case as mt5
from tests.faults.mt5.actions import ACTIONS as MT5_ACTIONS
from tests.faults.mt5.kinds import FAULTS as MT5_FAULTS
from tests.faults.naming import VENUES, Case

PROCESSES = 2
SHOWN = 20
PLAYS = {"binance": play, "mt5": mt5.play}


def outcome(case: Case) -> Difference:
    """What is wrong with a case; one that breaks down has lost everything."""
    try:
        return PLAYS[case.venue](case)
    except Exception:  # noqa: BLE001 - whatever it was, what is needed is the case
        return Difference(lost=[traceback.format_exc()])


def cases(venue: str, seeds: int) -> list[Case]:
    """Every fault x every action, in so many ways."""
    if venue == "mt5":
        return [mt5.case_of(*each) for each in product(MT5_FAULTS, MT5_ACTIONS, range(1, seeds + 1))]
    return [Case(*each) for each in product(VENUES[venue], KINDS, ACTIONS, range(1, seeds + 1))]


def quiet() -> None:
    """The bridge's log would be longer than everything else."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def many(chosen: Sequence[Case]) -> int:
    """Play them all over two processes; tells those that failed. Answers the exit code."""
    doubled = lost = failed = 0
    with ProcessPoolExecutor(PROCESSES, initializer=quiet) as pool:
        for number, (case, found) in enumerate(zip(chosen, pool.map(outcome, chosen, chunksize=8), strict=True), 1):
            doubled, lost = doubled + bool(found.doubled), lost + bool(found.lost)
            if found:
                failed += 1
                if failed <= SHOWN:
                    print(f"{case.product} {case}\n{found}\n  {case.command}", file=sys.stderr, flush=True)
            if number % 500 == 0:
                print(f"{number} of {len(chosen)} cases", flush=True)
    print(f"{len(chosen)} cases, {doubled} doubled, {lost} lost")
    return 1 if failed else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--venue", choices=VENUES, default="binance")
    parser.add_argument("--seeds", type=int, default=25, help="how many ways of each fault and action")
    parser.add_argument("--product", choices=[*chain(*VENUES.values())], help="only this one of the venue's")
    parser.add_argument("--only", metavar="FAULT:ACTION:SEED", help="only this case (* for all of a kind)")
    asked = parser.parse_args()
    wanted = asked.only.split(":") if asked.only else ["*"] * 3
    chosen = [
        case
        for case in cases(asked.venue, 1000 if asked.only else asked.seeds)
        if asked.product in (None, case.product)
        and all(w in ("*", name) for w, name in zip(wanted, str(case).split(":"), strict=True))
    ]
    return many(chosen)


if __name__ == "__main__":
    sys.exit(main())
