"""A slice of the campaign at MetaTrader 5: every fault on one action, and the bridge cut at each stage."""

import pytest

from tests.faults.mt5.actions import ACTIONS
from tests.faults.mt5.case import case_of, play
from tests.faults.mt5.kinds import FAULTS
from tests.faults.naming import Case

NAMES = list(ACTIONS)
PLAIN = [name for name, fault in FAULTS.items() if not fault.is_cut]
CUTS = [
    case_of("cut_before", "open", 1),
    case_of("cut_during_short", "close", 2),
    case_of("cut_after_long", "modify", 1),
]


@pytest.mark.parametrize("action", NAMES)
def test_nothing_is_doubled_and_nothing_lost(action: str) -> None:
    column = NAMES.index(action)
    cases = [case_of(fault, action, 1 + row % 2) for row, fault in enumerate(PLAIN) if row % len(NAMES) == column]
    wrong = {case.command: str(found) for case in cases if (found := play(case))}
    assert not wrong


@pytest.mark.parametrize("case", CUTS, ids=str)
def test_a_cut_line_to_the_bridge_neither_doubles_nor_loses(case: Case) -> None:
    found = play(case)
    assert not found, f"{found}\n{case.command}"
