"""When a market is open, by the bars of its past weeks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.mt5.hours import SLOT_S, WEEK_S, Hours

DAY_S, HOUR_S = 86_400, 3600
MONDAY_S = 4 * DAY_S + 2922 * WEEK_S  # 1970 began on a Thursday
FOREX = [(5 * 60, 5 * DAY_S)]  # of a week from Monday: opens at 00:05, closes at the end of Friday
NIGHTS = [(day * DAY_S + HOUR_S, day * DAY_S + 23 * HOUR_S) for day in range(5)]


def bars(open_s: list[tuple[int, int]], weeks: int, until_s: int = 0) -> list[int]:
    """When the bars of the weeks before MONDAY_S opened, and those of the days after it."""
    span = range(MONDAY_S - weeks * WEEK_S, MONDAY_S + until_s, SLOT_S)
    return [at for at in span if any(first <= (at - MONDAY_S) % WEEK_S < last for first, last in open_s)]


def hours(open_s: list[tuple[int, int]], weeks: int = 4) -> Hours:
    found = Hours.of(bars(open_s, weeks))
    assert found is not None
    return found


@pytest.mark.parametrize("day", [5, 5.5, 6.99])
def test_a_weekend_ends_when_it_always_did(day: float) -> None:
    at = MONDAY_S + int(day * DAY_S)
    assert hours(FOREX).is_pause(at)
    assert hours(FOREX).opening_after(at) == MONDAY_S + WEEK_S + 5 * 60


def test_a_night_is_a_pause_and_the_day_is_none() -> None:
    there = hours(NIGHTS)
    tuesday = MONDAY_S + DAY_S
    assert there.is_pause(tuesday - 600)
    assert there.opening_after(tuesday - 600) == tuesday + HOUR_S
    assert not there.is_pause(tuesday + 12 * HOUR_S)
    assert there.opening_after(tuesday + 12 * HOUR_S) is None
    assert there.pause_after(tuesday + 12 * HOUR_S) == tuesday + 23 * HOUR_S
    assert there.pause_after(tuesday + 600) == tuesday + 600


def test_a_few_minutes_without_a_price_are_no_pause() -> None:
    """As where little is traded; but if the broker says that it is closed, they are when it opens."""
    gap = [(0, 10 * HOUR_S), (10 * HOUR_S + 1500, 7 * DAY_S)]
    at = MONDAY_S + 10 * HOUR_S + 60
    assert not hours(gap).is_pause(at)
    assert hours(gap).opening_after(at) == MONDAY_S + 10 * HOUR_S + 1500
    assert hours(gap).pause_after(at) is None


def test_what_never_closes_never_opens() -> None:
    there = hours([(0, WEEK_S)])
    assert not there.is_pause(MONDAY_S)
    assert there.opening_after(MONDAY_S) is None
    assert there.pause_after(MONDAY_S) is None


@pytest.mark.parametrize("times", [[], bars(FOREX, 1), bars(FOREX, 0, 3 * DAY_S)])
def test_less_than_a_week_tells_nothing(times: list[int]) -> None:
    """The bars of one week from Monday to Friday are a guess, and none is made."""
    assert Hours.of(times) is None


def test_one_strange_bar_is_a_chance() -> None:
    saturday = MONDAY_S - 2 * DAY_S
    found = Hours.of(sorted([*bars(FOREX, 4), saturday + 6 * HOUR_S]))
    assert found is not None
    assert found.opening_after(saturday) == MONDAY_S + 5 * 60


def test_what_was_more_than_four_weeks_ago_is_forgotten() -> None:
    """The broker has changed its hours."""
    old = [at - 5 * WEEK_S for at in bars([(5 * DAY_S, 6 * DAY_S)], 5)]
    found = Hours.of(old + bars(FOREX, 4))
    assert found is not None
    assert found.is_pause(MONDAY_S + 5 * DAY_S + HOUR_S)


@given(st.integers(0, WEEK_S), st.sampled_from([FOREX, NIGHTS]))
def test_an_opening_is_the_first_moment_after_at_which_it_was_open(second: int, open_s: list[tuple[int, int]]) -> None:
    there, at = hours(open_s), MONDAY_S + second
    was_open = any(first <= second % WEEK_S < last for first, last in open_s)
    opening = there.opening_after(at)
    assert (opening is None) is was_open
    if opening is not None:
        firsts = [MONDAY_S + week + first for week in (0, WEEK_S) for first, _ in open_s]
        assert opening == min(first for first in firsts if first > at)
