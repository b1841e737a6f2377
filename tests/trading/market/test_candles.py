"""Ticks become candles; quotes reach whoever listens."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kit import START, HandClock, HandMarket
from tests.trading.market.builder import CandleBuilder
from trading.errors import ConfigError, IntentError
from trading.instruments import Symbol
from trading.market.candles import MAX_SPEED, Tape, bar_start, check_speed, scaled
from trading.quotes import Candle, timeframe_seconds

BTC = Symbol("BTC/USDT")
PRICES = st.decimals(min_value=1, max_value=99999, places=2)
TIMEFRAMES = st.sampled_from(["1s", "7s", "1m", "5m", "1h"])


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def bar(start: float, prices: str, volume: str) -> Candle:
    first, high, low, last = (Decimal(p) for p in prices.split())
    return Candle(BTC, "1m", at(start), first, high, low, last, Decimal(volume))


@pytest.mark.parametrize(
    ("moment", "timeframe", "expected"),
    [
        ("2026-01-05T12:34:56.789", "1m", "2026-01-05T12:34:00"),
        ("2026-01-05T12:34:56.789", "15m", "2026-01-05T12:30:00"),
        ("2026-01-05T12:00:00", "4h", "2026-01-05T12:00:00"),
        ("2026-01-05T23:59:59", "1d", "2026-01-05T00:00:00"),
        ("1969-12-31T23:59:30", "1m", "1969-12-31T23:59:00"),
    ],
)
def test_a_bar_starts_at_a_multiple_of_its_timeframe(moment: str, timeframe: str, expected: str) -> None:
    aligned = bar_start(datetime.fromisoformat(moment).replace(tzinfo=UTC), timeframe)
    assert aligned == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_an_unknown_timeframe_is_refused() -> None:
    with pytest.raises(IntentError, match="'1w' is not a timeframe"):
        CandleBuilder(BTC, "1w")


def test_ticks_of_a_minute_make_one_candle_when_the_next_begins() -> None:
    builder = CandleBuilder(BTC, "1m")
    for second, price in ((0, "100"), (10, "103"), (40, "98"), (59.9, "101")):
        assert builder.add(at(second), Decimal(price), Decimal(2)) == []
    assert builder.add(at(60), Decimal("101.5"), Decimal(1)) == [bar(0, "100 103 98 101", "8")]
    assert builder.forming == bar(60, "101.5 101.5 101.5 101.5", "1")


def test_a_bar_without_ticks_repeats_the_close_and_the_next_opens_at_its_own_first_tick() -> None:
    builder = CandleBuilder(BTC, "1m")
    builder.add(at(5), Decimal(100), Decimal(1))
    closed = builder.add(at(185), Decimal(90), Decimal(1))
    assert closed == [
        bar(0, "100 100 100 100", "1"),
        bar(60, "100 100 100 100", "0"),
        bar(120, "100 100 100 100", "0"),
    ]
    assert builder.close(at(240)) == [bar(180, "90 90 90 90", "1")]


def test_time_alone_closes_a_bar_once_and_a_late_tick_does_not_change_it() -> None:
    builder = CandleBuilder(BTC, "1m")
    assert builder.close(at(600)) == []
    builder.add(at(0), Decimal(100), Decimal(1))
    assert builder.close(at(59.999)) == []
    assert builder.close(at(60)) == [bar(0, "100 100 100 100", "1")]
    assert builder.close(at(60)) == []
    assert builder.add(at(59), Decimal(500), Decimal(7)) == []
    assert builder.close(at(120)) == [bar(60, "100 100 100 100", "0")]


@given(ticks=st.lists(st.tuples(st.integers(0, 4000), PRICES, st.integers(0, 9)), min_size=1), timeframe=TIMEFRAMES)
def test_candles_are_what_grouping_the_ticks_says(ticks: list[tuple[int, Decimal, int]], timeframe: str) -> None:
    ticks.sort(key=lambda tick: tick[0])
    length = timedelta(seconds=timeframe_seconds(timeframe))
    builder, closed = CandleBuilder(BTC, timeframe), list[Candle]()
    for second, price, volume in ticks:
        closed += builder.add(at(second), price, Decimal(volume))
    closed += builder.close(at(ticks[-1][0]) + length)

    assert [b.start - a.start for a, b in pairwise(closed)] == [length] * (len(closed) - 1)
    bars = {candle.start: candle for candle in closed}
    for start, group in groupby(ticks, key=lambda tick: bar_start(at(tick[0]), timeframe)):
        members = list(group)
        prices = [price for _, price, _ in members]
        candle = bars.pop(start)
        assert (candle.open, candle.close) == (prices[0], prices[-1])
        assert (candle.high, candle.low) == (max(prices), min(prices))
        assert candle.volume == sum(volume for _, _, volume in members)
    assert all(c.volume == 0 and c.open == c.high == c.low == c.close for c in bars.values())


@pytest.mark.parametrize("speed", ["0", "-1", "NaN", "Infinity", str(MAX_SPEED + 1)])
def test_a_speed_out_of_range_is_a_settings_error(speed: str) -> None:
    with pytest.raises(ConfigError, match="Set speed above 0"):
        check_speed(Decimal(speed))


@given(micro=st.integers(-(10**15), 10**15), speed=st.decimals(min_value="0.001", max_value=1000, places=3))
def test_scaled_time_is_exact_to_the_microsecond_below(micro: int, speed: Decimal) -> None:
    market = scaled(timedelta(microseconds=micro), speed) // timedelta(microseconds=1)
    assert market <= micro * speed < market + 1


def test_the_tape_keeps_the_latest_and_tells_listeners_in_order_until_they_leave() -> None:
    quote = HandMarket(HandClock()).show("BTC/USDT", "100", "101")
    tape, heard = Tape(), list[str]()
    leave = tape.subscribe(lambda _: heard.append("first"))
    tape.subscribe(lambda _: (heard.append("second"), leave())[0])
    tape.publish(quote)
    tape.publish(quote)
    leave()
    assert heard == ["first", "second", "second"]
    assert tape.latest == {BTC: quote}


async def test_a_feed_that_fails_is_told_at_once_and_can_still_be_stopped() -> None:
    told = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.set_result(context))

    async def broken() -> None:
        raise ZeroDivisionError

    tape = Tape()
    tape.run(broken())
    context: dict[str, Any] = await told
    assert context["message"] == "Prices have stopped"
    assert isinstance(context["exception"], ZeroDivisionError)
    await tape.stop()
    await tape.stop()
