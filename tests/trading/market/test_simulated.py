"""The simulated market: one history for each seed, within its bounds, on its grid, and lifelike."""

import asyncio
import math
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kit import START, HandClock
from tests.loop import LoopClock, run_virtually
from tests.trading.market.builder import CandleBuilder
from trading.errors import ConfigError, IntentError
from trading.instruments import Symbol
from trading.market.simulated import SimulatedMarket
from trading.quotes import Candle, Quote, timeframe_seconds

BTC, EUR = Symbol("BTC/USDT"), Symbol("EUR/USDT")
BASES = {"BTC/USDT": 61500, "ETH/USDT": 3200, "SOL/USDT": 170, "BNB/USDT": 640, "EUR/USDT": "1.09"}
MOMENTS = st.integers(-(10**8), 10**9).map(lambda s: START + timedelta(seconds=s))
SEEDS = st.integers(0, 2**64)


def shown_at(at: datetime, seed: int = 1) -> dict[Symbol, Quote]:
    """What a market that is started at `at` shows first."""
    market = SimulatedMarket(HandClock(at), seed)
    market.tick()
    return {symbol: known(market, symbol) for symbol in market.instruments}


def known(market: SimulatedMarket, symbol: Symbol) -> Quote:
    quote = market.quote(symbol)
    assert quote is not None
    return quote


def watch(market: SimulatedMarket, clock: HandClock, seconds: int) -> list[Quote]:
    """Every quote of the next seconds, one tick a second."""
    seen: list[Quote] = []
    leave = market.subscribe(seen.append)
    for _ in range(seconds):
        market.tick()
        clock.move(1)
    leave()
    return seen


def returns(candles: Sequence[Candle], lag: int = 1) -> list[float]:
    closes = [math.log(candle.close) for candle in candles]
    return [b - a for a, b in zip(closes, closes[lag:], strict=False)]


async def history(symbol: Symbol, timeframe: str, limit: int, seed: int = 1) -> Sequence[Candle]:
    return await SimulatedMarket(HandClock(), seed).candles(symbol, timeframe, limit)


# --- one history ------------------------------------------------------------------------------


@settings(max_examples=25)
@given(at=MOMENTS, seed=SEEDS)
def test_the_same_seed_and_time_show_the_same_quotes(at: datetime, seed: int) -> None:
    assert shown_at(at, seed) == shown_at(at, seed)


def test_another_seed_or_symbol_takes_another_path() -> None:
    def path(symbol: str, seed: int) -> list[bool]:
        quotes = [shown_at(START + timedelta(minutes=m), seed)[Symbol(symbol)].last for m in range(0, 60, 3)]
        return [b > a for a, b in pairwise(quotes)]

    paths = [path("BTC/USDT", 1), path("BTC/USDT", 2), path("ETH/USDT", 1)]
    assert len({tuple(p) for p in paths}) == 3


def test_jumping_to_a_second_shows_what_walking_there_shows() -> None:
    clock = HandClock(START + timedelta(seconds=900))  # so that the walk crosses 1024 s boundaries
    walked = watch(SimulatedMarket(clock), clock, 1200)
    for quote in walked[1::211]:
        jumped = shown_at(quote.at)[quote.symbol]
        assert msgspec.structs.replace(jumped, traded=quote.traded) == quote


async def test_a_restart_goes_on_as_if_there_had_been_none() -> None:
    clock = HandClock()
    through = watch(SimulatedMarket(clock), clock, 600)
    clock = HandClock()
    first = watch(SimulatedMarket(clock), clock, 300)
    after = SimulatedMarket(clock)
    assert first + watch(after, clock, 300) == through
    uninterrupted = await SimulatedMarket(clock).candles(BTC, "1m", 30)
    assert await after.candles(BTC, "1m", 30) == uninterrupted


async def test_candles_are_the_quotes_that_were_shown() -> None:
    clock = HandClock(START - timedelta(minutes=20))
    market = SimulatedMarket(clock)
    builders = {symbol: CandleBuilder(symbol, "1m") for symbol in market.instruments}
    closed: dict[Symbol, list[Candle]] = {symbol: [] for symbol in builders}
    for quote in watch(market, clock, 20 * 60):
        closed[quote.symbol] += builders[quote.symbol].add(quote.at, quote.last, quote.traded)
    for symbol, builder in builders.items():
        closed[symbol] += builder.close(market.now())
        assert len(closed[symbol]) == 20
        assert await market.candles(symbol, "1m", 20) == closed[symbol]


async def test_long_candles_are_made_of_short_ones_and_only_closed_ones_are_given() -> None:
    clock = HandClock(START + timedelta(minutes=59, seconds=59))
    market = SimulatedMarket(clock)
    (hour,) = await market.candles(BTC, "1h", 1)
    assert hour.end == START
    minutes = [m for m in await market.candles(BTC, "1m", 119) if m.start < START]
    assert [m.start for m in minutes] == [START + timedelta(minutes=m) for m in range(-60, 0)]
    assert (hour.open, hour.close) == (minutes[0].open, minutes[-1].close)
    assert (hour.high, hour.low) == (max(m.high for m in minutes), min(m.low for m in minutes))
    assert hour.volume == sum(m.volume for m in minutes)
    clock.move(1)
    (later,) = await market.candles(BTC, "1h", 1)
    assert later.start == START


@pytest.mark.parametrize("timeframe", ["1s", "15m", "4h"])
async def test_history_before_the_start_has_no_holes(timeframe: str) -> None:
    candles = await history(EUR, timeframe, 4)
    length = timedelta(seconds=timeframe_seconds(timeframe))
    assert [b.start - a.end for a, b in pairwise(candles)] == [timedelta(0)] * 3
    assert START - length < candles[-1].end <= START
    assert all(c.timeframe == timeframe and c.symbol == EUR for c in candles)


async def test_500_minutes_are_there_in_no_time() -> None:
    market = SimulatedMarket(HandClock())
    began = time.process_time()
    assert len(await market.candles(BTC, "1m", 500)) == 500
    assert time.process_time() - began < 0.5  # measured: 0.02


async def test_unknown_symbols_and_timeframes_are_refused() -> None:
    market = SimulatedMarket(HandClock())
    with pytest.raises(IntentError, match="DOGE/USDT is not simulated"):
        await market.candles(Symbol("DOGE/USDT"), "1m", 1)
    with pytest.raises(IntentError, match="not a timeframe"):
        await market.candles(BTC, "1x", 1)
    assert await market.candles(BTC, "1m", 0) == []
    assert market.quote(Symbol("DOGE/USDT")) is None


# --- bounds and grid --------------------------------------------------------------------------


def test_a_year_of_prices_stays_where_the_examples_make_sense() -> None:
    for sample in range(250):
        quotes = shown_at(datetime(2026, 1, 1, tzinfo=UTC) + sample * timedelta(days=365) / 250)
        for symbol, base in BASES.items():
            assert abs(quotes[Symbol(symbol)].last / Decimal(base) - 1) < Decimal("0.035")
        assert Decimal(59200) < quotes[BTC].bid < quotes[BTC].ask < Decimal(64500)


@settings(max_examples=60)
@given(at=MOMENTS, seed=SEEDS)
def test_every_quote_is_on_the_grid_and_never_crossed(at: datetime, seed: int) -> None:
    market = SimulatedMarket(HandClock(at), seed)
    market.tick()
    assert [str(symbol) for symbol in market.instruments] == list(BASES)
    for symbol, instrument in market.instruments.items():
        quote = known(market, symbol)
        assert quote.at == at
        assert quote.bid < quote.ask
        assert quote.bid <= quote.last <= quote.ask
        assert quote.ask - quote.bid <= max(instrument.tick, quote.last * 2 / 10000)
        assert len(quote.bids) == len(quote.asks) == 5
        prices = [level.price for level in (*quote.bids[::-1], *quote.asks)]
        assert prices == sorted(set(prices))
        assert abs(quote.last / Decimal(BASES[str(symbol)]) - 1) < Decimal("0.035")
        for level in (*quote.bids, *quote.asks):
            assert level.price % instrument.tick == 0
            assert level.quantity % instrument.step == 0
            assert not instrument.is_dust(level.quantity, level.price)
        assert quote.traded % instrument.step == 0


# --- lifelike ---------------------------------------------------------------------------------


@pytest.mark.parametrize("symbol", list(BASES))
async def test_a_typical_minute_moves_a_few_hundredths_of_a_percent(symbol: str) -> None:
    moves = returns(await history(Symbol(symbol), "1m", 3000))
    typical = statistics.median(map(abs, moves)) / 0.6745  # the standard deviation, were they normal
    assert 0.0002 < typical < 0.0015


async def test_wild_minutes_come_in_clusters_and_jumps_are_beyond_chance() -> None:
    moves = returns(await history(BTC, "1m", 8_000))
    squares = [move**2 for move in moves]
    for lag in (1, 10, 60):
        assert statistics.correlation(squares[:-lag], squares[lag:]) > 0.03  # chance alone: 0.00 +- 0.01
    assert abs(statistics.correlation(moves[:-1], moves[1:])) < 0.1  # but the direction is not to be told
    # Of normal returns with the spread of the hour around, one in 17 million is beyond six of them.
    spreads = [statistics.pstdev([*moves[i - 30 : i], *moves[i + 1 : i + 31]]) for i in range(30, len(moves) - 31)]
    assert sum(abs(move) > 6 * spread for move, spread in zip(moves[30:], spreads, strict=False)) >= 5


async def test_jumps_decay() -> None:
    candles = await history(BTC, "1m", 20_000)
    closes, moves = [math.log(c.close) for c in candles], returns(candles)
    typical = statistics.median(map(abs, moves))
    # What the hour after the largest moves gives back, as a part of them.
    back = [
        (closes[i + 1] - closes[i + 61]) / move
        for i, move in enumerate(moves[:-61])
        if abs(move) > 9 * typical and abs(move) > 4 * max(map(abs, moves[i - 10 : i]), default=1)
    ]
    assert len(back) >= 12
    assert statistics.fmean(back) > 0.4


def test_the_spread_is_wider_and_more_is_traded_when_it_is_wild() -> None:
    hours = []
    for hour in range(45):
        clock = HandClock(START + timedelta(hours=hour))
        quotes = [quote for quote in watch(SimulatedMarket(clock), clock, 40) if quote.symbol == BTC]
        move = statistics.pstdev(float(quote.last) for quote in quotes)
        hours.append((move, statistics.fmean(float(q.ask - q.bid) for q in quotes), sum(q.traded for q in quotes)))
    hours.sort()
    calm, wild = hours[:15], hours[-15:]
    assert statistics.fmean(h[1] for h in wild) > 1.3 * statistics.fmean(h[1] for h in calm)
    assert sum(h[2] for h in wild) > 2 * sum(h[2] for h in calm)


def test_depth_is_worth_about_the_same_everywhere() -> None:
    clock = HandClock()
    quotes = watch(SimulatedMarket(clock), clock, 200)
    bests = sorted(q.bids[0].quantity for q in quotes if q.symbol == BTC)
    assert Decimal("0.04") < bests[0]
    assert bests[-1] < Decimal("1.6")
    values = {
        symbol: statistics.median(q.bids[0].quantity * q.bid for q in quotes if q.symbol == symbol) for symbol in BASES
    }
    assert max(values.values()) < 2 * min(values.values())


# --- time -------------------------------------------------------------------------------------


async def test_a_faster_market_shows_the_same_path_sooner() -> None:
    epoch = START - timedelta(hours=1)
    clock = HandClock()
    fast = SimulatedMarket(clock, speed=Decimal(60), epoch=epoch)
    assert fast.speed == 60
    assert fast.now() == epoch + timedelta(hours=60)
    fast.tick()
    there = shown_at(epoch + timedelta(hours=60))[BTC]
    assert (known(fast, BTC).bids, known(fast, BTC).last) == (there.bids, there.last)
    assert known(fast, BTC).at == START  # the stale-price guard knows only real time
    (before,) = await fast.candles(BTC, "1m", 1)
    clock.move(1)
    (after,) = await fast.candles(BTC, "1m", 1)
    assert after.start - before.start == timedelta(minutes=1)
    slow = SimulatedMarket(clock, speed=Decimal("0.5"), epoch=START)
    clock.move(9)
    assert slow.now() == START + timedelta(seconds=5)


def test_what_a_blocked_loop_missed_is_not_shown_but_counted_as_traded() -> None:
    clock = HandClock()
    each = [q for q in watch(SimulatedMarket(clock), clock, 11) if q.symbol == BTC]
    clock = HandClock()
    market = SimulatedMarket(clock)
    market.tick()
    clock.move(10)
    seen: list[Quote] = []
    market.subscribe(seen.append)
    market.tick()
    assert Counter(q.symbol for q in seen) == Counter(iter(market.instruments))
    assert seen[0].traded == sum(q.traded for q in each[1:])
    market.tick()
    assert seen[-1].traded == 0  # the same second again: nothing new has changed hands


def test_running_it_shows_every_market_second_once_and_the_first_at_once() -> None:
    async def play(clock: LoopClock) -> list[Quote]:
        market = SimulatedMarket(clock)
        seen: list[Quote] = []
        market.subscribe(seen.append)
        await market.start()
        assert len(seen) == len(BASES)
        await asyncio.sleep(3600.5)
        clock.stall(10)
        await asyncio.sleep(3)
        await market.stop()
        await asyncio.sleep(10)
        return [quote for quote in seen if quote.symbol == BTC]

    seconds = [(q.at - START) // timedelta(seconds=1) for q in run_virtually(play)]
    assert seconds[:3601] == list(range(3601))
    assert seconds[3601:] == [3610, 3611, 3612, 3613]


@pytest.mark.parametrize(
    ("speed", "interval_s", "expected"),
    [("1", 1.0, 60), ("1", 5.0, 12), ("4", 1.0, 240), ("1000", 1.0, 600), ("0.01", 1.0, 60)],
)
def test_quotes_come_every_interval_but_ten_times_a_second_at_most(
    speed: str, interval_s: float, expected: int
) -> None:
    async def play(clock: LoopClock) -> int:
        market = SimulatedMarket(clock, speed=Decimal(speed), interval_s=interval_s, epoch=START)
        seen: list[Quote] = []
        await market.start()
        market.subscribe(seen.append)
        await asyncio.sleep(60.01)
        await market.stop()
        return len(seen) // len(BASES)

    assert run_virtually(play) == expected


@pytest.mark.parametrize("interval_s", [0.0, -1.0, 0.01, math.inf, math.nan])
def test_an_interval_out_of_range_is_a_settings_error(interval_s: float) -> None:
    with pytest.raises(ConfigError, match="Set the seconds between quotes"):
        SimulatedMarket(HandClock(), interval_s=interval_s)
