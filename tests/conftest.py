"""Every test runs with the float trap on, as the process does; property tests draw the same cases in every run.

`make properties` draws new ones, and more. No case has a time limit: a busy machine is no fault of the code.
"""

import pytest
from hypothesis import HealthCheck, settings

from trading.instruments import trap_floats

settings.register_profile("same", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("new", settings.get_profile("same"), derandomize=False, max_examples=1000)
settings.load_profile("same")


@pytest.fixture(autouse=True)
def _money_is_decimal() -> None:
    trap_floats()
