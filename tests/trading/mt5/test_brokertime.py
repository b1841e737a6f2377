"""The broker's clock, measured from ticks."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.mt5.brokertime import BrokerTime

NOW = datetime(2026, 3, 27, 12, 0, tzinfo=UTC)


def ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


@given(quarters=st.integers(-48, 56), late_ms=st.integers(-4000, 15_000))
def test_a_fresh_tick_tells_the_offset_to_the_quarter_hour(quarters: int, late_ms: int) -> None:
    time, offset = BrokerTime(), timedelta(minutes=15 * quarters)
    time.hear(ms(NOW + offset - timedelta(milliseconds=late_ms)), NOW)
    assert (time.offset, time.is_measured) == (offset, True)
    assert time.utc(ms(NOW + offset)) == NOW
    assert time.broker_s(NOW) == int((NOW + offset).timestamp())


@pytest.mark.parametrize("old", [timedelta(seconds=40), timedelta(minutes=7), timedelta(days=2), timedelta(hours=40)])
def test_an_old_tick_tells_nothing(old: timedelta) -> None:
    time = BrokerTime()
    time.hear(ms(NOW + timedelta(hours=3) - old), NOW)
    assert not time.is_measured
    assert "not known" in time.text


def test_the_first_tick_may_be_of_any_age_and_is_a_guess() -> None:
    """Two hours old to the second looks like a broker two hours further west."""
    time = BrokerTime()
    time.hear(ms(NOW + timedelta(hours=3) - timedelta(hours=2)), NOW, is_fresh=False)
    assert (time.is_measured, time.text) == (False, "probably UTC+1: the next price tells")
    time.hear(ms(NOW + timedelta(hours=3)), NOW)
    assert (time.is_measured, time.text) == (True, "UTC+3")
    time.hear(ms(NOW + timedelta(hours=1)), NOW, is_fresh=False)
    assert time.text == "UTC+3"


def test_daylight_saving_is_believed_when_three_ticks_agree() -> None:
    time = BrokerTime()
    time.hear(ms(NOW + timedelta(hours=2)), NOW)
    assert time.text == "UTC+2"
    for _ in range(2):
        time.hear(ms(NOW + timedelta(hours=3)), NOW)
        assert time.text == "UTC+2"
    time.hear(ms(NOW + timedelta(hours=2)), NOW)  # the others were odd
    for expected in ("UTC+2", "UTC+2", "UTC+3"):
        time.hear(ms(NOW + timedelta(hours=3)), NOW)
        assert time.text == expected


def test_half_hours() -> None:
    time = BrokerTime()
    time.hear(ms(NOW - timedelta(hours=3, minutes=30)), NOW)
    assert time.text == "UTC-3:30"
