"""A slice of the campaign: every fault x every action once, on spot, and of each fault one action on the futures."""

import pytest

from tests.faults.actions import ACTIONS
from tests.faults.case import play
from tests.faults.kinds import KINDS
from tests.faults.naming import Case

SLICE = [
    Case("usdm" if (row + column) % len(ACTIONS) == 0 else "spot", fault, action, 1)
    for row, fault in enumerate(KINDS)
    for column, action in enumerate(ACTIONS)
]


@pytest.mark.parametrize("case", SLICE, ids=lambda case: f"{case.product}-{case}")
def test_nothing_is_doubled_and_nothing_lost(case: Case) -> None:
    found = play(case)
    assert not found, f"{found}\n{case.command}"
