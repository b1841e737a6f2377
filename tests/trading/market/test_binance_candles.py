"""Candles of an emulated Binance: closed ones, by its own clock, within the limits of requests."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from tests.kit import BTC, START
from tests.loop import LoopClock, run_virtually
from tests.trading.market.binance_spot import REASONS, PublicSpot, asked, exchange, following, shown, virtually
from trading.errors import IntentError, VenueUnreachable
from trading.instruments import Symbol, plain

ETH = Symbol("ETH/USDT")
START_MS = int(START.timestamp() * 1000)


def minutes(spot: PublicSpot, *backs: int) -> None:
    """Bars that began so many minutes before the start; each opens at 60000 and that number."""
    for back in backs:
        row = (f"{60000 + back}.10000000", "61510.00000000", "59490.00000000", "60505.55000000", "12.34567000")
        spot.bar("BTCUSDT", "1m", START_MS - 60_000 * back, row)


@virtually
async def test_candles_are_the_closed_ones_with_exact_numbers(clock: LoopClock) -> None:
    async with exchange(clock) as spot, following(spot, clock) as market:
        minutes(spot, *range(5))
        candles = await market.candles(BTC.symbol, "1m", 3)
        assert [plain(candle.open) for candle in candles] == ["60003.1", "60002.1", "60001.1"]
        last = candles[-1]
        assert (last.start, last.end) == (START - timedelta(minutes=1), START)
        numbers = [plain(x) for x in (last.high, last.low, last.close, last.volume)]
        assert numbers == ["61510", "59490", "60505.55", "12.34567"]
        assert len(await market.candles(BTC.symbol, "1m", 100)) == 4
        assert await market.candles(BTC.symbol, "1m", 0) == []
        assert await market.candles(ETH, "1m", 100) == []


@virtually
async def test_a_bar_is_closed_once_the_next_has_begun_or_a_while_has_passed(clock: LoopClock) -> None:
    async with exchange(clock) as spot, following(spot, clock) as market:
        minutes(spot, 3, 2, 1)  # half a second after the end of the last its next has not begun: it may still change
        assert [plain(candle.open) for candle in await market.candles(BTC.symbol, "1m", 5)] == ["60003.1", "60002.1"]
        minutes(spot, 0)
        assert len(await market.candles(BTC.symbol, "1m", 5)) == 3
        spot.unbar("BTCUSDT", "1m", START_MS)
        await asyncio.sleep(2)
        assert len(await market.candles(BTC.symbol, "1m", 5)) == 3


@pytest.mark.parametrize("ahead_s", [-200, 200])
def test_it_is_the_venues_clock_that_closes_candles(ahead_s: int) -> None:
    async def play(clock: LoopClock) -> None:
        async with exchange(clock, ahead_ms=1000 * ahead_s) as spot, following(spot, clock) as market:
            assert market.now() - clock.now() == timedelta(seconds=ahead_s)
            assert shown(market).at == START  # how old a price is, is told by our own
            minutes(
                spot, *range(-4, 8)
            )  # at -200 s the one that began 4 minutes before is forming, at 200 s that of -3
            candles = await market.candles(BTC.symbol, "1m", 1)
            assert [plain(candle.open) for candle in candles] == [{-200: "60005.1", 200: "59998.1"}[ahead_s]]

    run_virtually(play)


@virtually
async def test_more_candles_than_a_page_are_fetched_in_pages_and_holes_stay_holes(clock: LoopClock) -> None:
    async with exchange(clock) as spot, following(spot, clock) as market:
        minutes(spot, *range(2300))
        candles = await market.candles(BTC.symbol, "1m", 2200)
        assert [int(candle.open) for candle in candles] == list(range(62200, 60000, -1))
        assert asked(spot, "klines") == 3
        for back in range(50, 60):
            spot.unbar("BTCUSDT", "1m", START_MS - 60_000 * back)
        assert len(await market.candles(BTC.symbol, "1m", 100)) == 90


@virtually
async def test_candles_that_cannot_be_had_are_an_error(clock: LoopClock) -> None:
    async with exchange(clock) as spot, following(spot, clock) as market:
        for fault in REASONS:
            spot.venue.faults.arm(fault, on="GET /api/v3/klines", times=0)
            with pytest.raises(VenueUnreachable, match=r"^binance .*Check the network"):
                await market.candles(BTC.symbol, "1m", 3)
            spot.venue.faults.disarm()
        with pytest.raises(IntentError, match="DOGE/USDT is not followed"):
            await market.candles(Symbol("DOGE/USDT"), "1m", 1)
        with pytest.raises(IntentError, match="binance has no 7m candles"):
            await market.candles(BTC.symbol, "7m", 1)
        with pytest.raises(IntentError, match="not a timeframe"):
            await market.candles(BTC.symbol, "soon", 1)


class Ledger:
    """Admits requests until told otherwise, and writes down what it hears of them."""

    def __init__(self) -> None:
        self.weights: list[int] = []
        self.used: list[str] = []
        self.sent_away: list[tuple[int, int | None, float | None]] = []
        self.full = False

    @asynccontextmanager
    async def room(self, weight: int) -> AsyncIterator["Ledger"]:
        if self.full:
            raise VenueUnreachable("Nothing was sent: the limit is used up.")
        self.weights.append(weight)
        yield self

    def heard(self, headers: Mapping[str, str], /) -> None:
        self.used.append(headers.get("x-mbx-used-weight-1m", ""))

    def turned_away(self, status: int, code: int | None, retry_after_s: float | None, /) -> None:
        self.sent_away.append((status, code, retry_after_s))


@virtually
async def test_every_request_is_admitted_with_its_documented_weight_and_tells_what_was_used(clock: LoopClock) -> None:
    ledger = Ledger()
    async with exchange(clock) as spot, following(spot, clock, admissions={"spot": ledger.room}) as market:
        await market.candles(BTC.symbol, "1m", 10)
        assert ledger.weights == [20, 1, 5, 5, 2]  # exchangeInfo, time, two books, klines: rest-api.md
        assert ledger.used == ["20", "21", "26", "31", "33"]
        spot.venue.faults.arm("429", on="GET /api/v3/klines", seconds=9)
        with pytest.raises(VenueUnreachable):
            await market.candles(BTC.symbol, "1m", 10)
        assert ledger.sent_away == [(429, -1003, 9)]
        ledger.full = True
        before = len(spot.venue.requests)
        assert not await market.poll(BTC.symbol)
        assert market.problem == "No new prices of BTC/USDT: Nothing was sent: the limit is used up."
        assert len(spot.venue.requests) == before
