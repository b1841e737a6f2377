"""When things are due, as pure functions."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.scheduler import CandleClose, Daily, Every, Planned, missed, plan_of
from tests.kit import HandClock, HandMarket
from trading.control import Schedule
from trading.market.candles import UNIX, bar_start

VIENNA = ZoneInfo("Europe/Vienna")
ZONES = (
    "UTC",
    "Europe/Vienna",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Cairo",
)
moments = st.timedeltas(timedelta(days=30 * 365), timedelta(days=67 * 365)).map(lambda since: UNIX + since)
plans = st.one_of(
    st.integers(1, 10**6).map(Every),
    st.builds(
        Daily, st.times().map(lambda t: t.replace(second=0, microsecond=0)), st.sampled_from(ZONES).map(ZoneInfo)
    ),
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@given(plans, moments)
def test_next_and_last_are_neighbours(plan: Every | Daily, moment: datetime) -> None:
    last, following = plan.last(moment), plan.next(moment)
    assert last <= moment < following
    assert plan.last(following) == following
    assert plan.next(last) == following
    assert plan.last(following - timedelta(microseconds=1)) == last
    assert timedelta(hours=48) > following - last or isinstance(plan, Every)


@given(st.integers(1, 10**6), moments)
def test_every_is_counted_from_1970_whenever_it_was_set(seconds: int, moment: datetime) -> None:
    assert Every(seconds).next(moment).timestamp() % seconds == 0
    assert Every(seconds).next(moment) - Every(seconds).last(moment) == timedelta(seconds=seconds)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("at", [time(0, 0), time(2, 15), time(2, 30), time(8, 30), time(23, 59)])
def test_daily_is_once_each_date_at_that_time_where_there_is_one(zone: str, at: time) -> None:
    plan, moment = Daily(at, ZoneInfo(zone)), utc("2026-01-01")
    dates: list[date] = []
    for _ in range(400):
        moment = plan.next(moment)
        local = moment.astimezone(plan.zone)
        dates.append(local.date())
        if local.time() != at:  # it was skipped, by the hour (on Lord Howe the half hour) that day was short of
            before = moment - timedelta(hours=1)
            assert local.utcoffset() != before.astimezone(plan.zone).utcoffset()
    assert dates == [dates[0] + timedelta(days=n) for n in range(400)]


def test_daily_through_both_changes_of_the_clock() -> None:
    plan = Daily(time(2, 30), VIENNA)  # UTC+1 in winter, UTC+2 in summer
    assert plan.next(utc("2026-03-28T12:00")) == utc("2026-03-29T01:30")  # 02:30 winter time, 03:30 on the new clock
    assert plan.next(utc("2026-03-29T01:30")) == utc("2026-03-30T00:30")
    assert plan.next(utc("2026-10-24T12:00")) == utc("2026-10-25T00:30")  # the first 02:30, in summer time
    assert plan.next(utc("2026-10-25T00:30")) == utc("2026-10-26T01:30")  # not the second


def test_after_a_stall_it_goes_on_from_now() -> None:
    planned = Planned(Every(10).next)
    assert planned.get_next_fire_time(None, utc("2026-01-05T12:00:03")) == utc("2026-01-05T12:00:10")
    assert planned.get_next_fire_time(utc("2026-01-05T11:00"), utc("2026-01-05T12:00:03")) == utc("2026-01-05T12:00:10")


def test_a_schedule_is_read_from_the_book_with_the_desk_s_zone() -> None:
    assert plan_of(Schedule("a", "status", "person:ana", "trader", every_s=900), VIENNA) == Every(900)
    assert plan_of(Schedule("a", "status", "person:ana", "trader", at="08:30"), VIENNA) == Daily(time(8, 30), VIENNA)


class OtherMarket(HandMarket):
    """A market with a clock and a speed of its own."""

    def __init__(self, at: datetime, speed: str) -> None:
        super().__init__(HandClock(at))
        self._speed = Decimal(speed)

    @property
    def speed(self) -> Decimal:
        return self._speed


@given(
    moments,
    moments,
    st.sampled_from(["0.5", "1", "2.5", "60"]),
    st.sampled_from(["1m", "15m", "1d"]),
)
def test_a_strategy_is_called_within_a_third_of_a_second_after_the_market_s_close(
    now: datetime, there: datetime, speed: str, timeframe: str
) -> None:
    fires = CandleClose(OtherMarket(there, speed), timeframe).next(now)
    then = there + timedelta(seconds=(fires - now).total_seconds() * float(Decimal(speed)))  # the market's time
    after_s = (then - bar_start(then, timeframe)).total_seconds() / float(Decimal(speed))
    assert 0.1 < after_s < 0.3
    assert bar_start(then, timeframe) > bar_start(there, timeframe)  # the close of a candle that was still open


def test_a_strategy_is_called_at_most_four_times_a_second() -> None:
    market = OtherMarket(utc("2026-01-05T12:00:59"), "1000")  # a minute takes 0.06 s
    assert CandleClose(market, "1m").next(utc("2026-01-05")) == utc("2026-01-05T00:00:00.25")


@pytest.mark.parametrize(
    ("at", "every", "lines"),
    [
        ("21:55", 0, ["missed, and not made up for: close all (due 2026-01-06 21:55 Europe/Vienna)"]),
        ("08:00", 0, []),  # it ran before the desk went down
        ("", 4 * 3600, ["missed, and not made up for: close all (due 2026-01-07 01:00 Europe/Vienna)"]),
        ("", 60, []),  # it runs again in a minute
    ],
)
def test_what_was_due_while_nobody_was_there_is_known(at: str, every: int, lines: list[str]) -> None:
    schedule = Schedule("s", "close all", "person:ana", "trader", every, at)
    gone = Schedule("t", "close all", "person:ana", "trader", every, at, active=False)
    down, up = utc("2026-01-06T12:00"), utc("2026-01-07T00:30")
    assert missed([schedule, gone], down, up, VIENNA) == lines
    assert missed([schedule], up, up, VIENNA) == []
