"""`python -m tests.faults --seeds N`: every fault x every action x N seeds; `--only FAULT:ACTION:SEED` is one."""

import argparse
import logging
import sys
import traceback
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor

import structlog

from tests.faults.actions import ACTIONS
from tests.faults.books import Difference
from tests.faults.case import Case, play
from tests.faults.kinds import KINDS
from tests.faults.mt5 import actions as mt5_actions
from tests.faults.mt5 import case as mt5
from tests.faults.mt5.kinds import FAULTS as MT5_FAULTS

PROCESSES = 2
SHOWN = 20
PRODUCTS = ("spot", "usdm")


def outcome(case: Case | mt5.Case) -> Difference:
    """What is wrong with a case; one that breaks down has lost everything."""
    try:
        return play(case) if isinstance(case, Case) else mt5.play(case)
    except Exception:  # noqa: BLE001 - whatever it was, what is needed is the case
        return Difference(lost=[traceback.format_exc()])


def cases(products: Iterable[str], seeds: int) -> list[Case]:
    return [
        Case(product, fault, action, seed)
        for product in products
        for seed in range(1, seeds + 1)
        for fault in KINDS
        for action in ACTIONS
    ]


def mt5_cases(seeds: int) -> list[mt5.Case]:
    return [
        mt5.Case(fault, action, seed)
        for seed in range(1, seeds + 1)
        for fault in MT5_FAULTS
        for action in mt5_actions.ACTIONS
    ]


def quiet() -> None:
    """The bridge's log would be longer than everything else."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def many(chosen: Sequence[Case | mt5.Case]) -> int:
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
    parser.add_argument("--venue", choices=("binance", "mt5"), default="binance")
    parser.add_argument("--seeds", type=int, default=25, help="how many ways of each fault and action")
    parser.add_argument("--product", choices=PRODUCTS, help="binance: only this one")
    parser.add_argument("--only", metavar="FAULT:ACTION:SEED", help="only this case (* for all of a kind)")
    asked = parser.parse_args()
    products = (asked.product,) if asked.product else PRODUCTS

    def up_to(seeds: int) -> Sequence[Case | mt5.Case]:
        return mt5_cases(seeds) if asked.venue == "mt5" else cases(products, seeds)

    chosen = up_to(asked.seeds)
    if asked.only:
        wanted = asked.only.split(":")
        parts = ((case, (case.fault, case.action, str(case.seed))) for case in up_to(1000))
        chosen = [case for case, names in parts if all(w in ("*", n) for w, n in zip(wanted, names, strict=True))]
    return many(chosen)


if __name__ == "__main__":
    sys.exit(main())
