"""The same words for the same things, and lengths of time that can be typed back."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.intent import AccountId, Mode
from trading.order import OrderStatus
from trading.words import STATUS, age, begun, counted, minute, passed, resume_line, scope_label, span

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@given(st.integers(min_value=0, max_value=366 * 86400))
def test_a_length_of_time_is_exact_in_its_largest_unit(seconds: int) -> None:
    told = span(timedelta(seconds=seconds))
    count, unit = int(told[:-1]), UNITS[told[-1]]
    assert count * unit == seconds
    assert not seconds or not any(seconds % larger == 0 for larger in UNITS.values() if larger > unit)


@pytest.mark.parametrize(
    ("length", "told"),
    [({}, "0s"), ({"seconds": 20}, "20s"), ({"minutes": 15}, "15m"), ({"minutes": 90}, "90m"), ({"hours": 8}, "8h"),
     ({"hours": 48}, "2d"), ({"seconds": 90}, "90s")],
)  # fmt: skip
def test_lengths_of_time(length: dict[str, int], told: str) -> None:
    assert span(timedelta(**length)) == told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "0s"),
        (95, "95s"),
        (121, "2m"),
        (3725, "62m"),
        (86400, "1d"),
        (90000, "25h"),
        (172799, "47h"),
        (27695901, "320d"),
    ],
)
def test_what_has_passed_is_told_in_a_unit_that_can_be_read(seconds: int, told: str) -> None:
    assert passed(timedelta(seconds=seconds)) == told


@pytest.mark.parametrize(("seconds", "told"), [(0.42, "0.4s"), (119.9, "119.9s"), (120, "2m"), (27695901.5, "320d")])
def test_a_price_is_so_old(seconds: float, told: str) -> None:
    assert age(seconds) == told


@pytest.mark.parametrize(
    ("number", "noun", "several", "told"),
    [
        (1, "open order", "", "1 open order"),
        (0, "fill", "", "0 fills"),
        (3, "difference", "", "3 differences"),
        (1, "strategy", "strategies", "1 strategy"),
        (2, "strategy", "strategies", "2 strategies"),
    ],
)
def test_counts_are_words(number: int, noun: str, several: str, told: str) -> None:
    assert counted(number, noun, several) == told


def test_scopes_are_named_and_released_by_a_right_line() -> None:
    assert (begun(scope_label("all")), resume_line("all")) == ("The desk", "/resume")
    assert (begun(scope_label("trend")), resume_line("trend")) == ("trend", "/resume trend")
    assert (begun(scope_label("BTC/USDT")), resume_line("BTC/USDT")) == ("BTC/USDT", "/resume BTC/USDT")


def test_accounts_moments_and_states_are_told_without_codes() -> None:
    assert str(AccountId("main", Mode.LIVE)) == "LIVE main"
    at = datetime(2026, 7, 1, 22, 30, 59, tzinfo=UTC)
    assert minute(at, ZoneInfo("Europe/Vienna")) == "2026-07-02 00:30 Europe/Vienna"
    assert set(STATUS) == set(OrderStatus)
    assert all(words == words.lower() and "_" not in words for words in STATUS.values())
