"""Every test runs with the float trap on, as the process does."""

import pytest

from trading.instruments import trap_floats


@pytest.fixture(autouse=True)
def _money_is_decimal() -> None:
    trap_floats()
