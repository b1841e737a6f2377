"""What fails at an emulated Binance is bridged by asking, and told; nothing that is wrong is shown."""

import asyncio
from datetime import timedelta

import pytest

from tests.kit import BTC
from tests.loop import LoopClock, run_virtually
from tests.trading.market.binance_spot import REASONS, asked, exchange, following, shown, virtually
from trading.errors import VenueUnreachable


@virtually
async def test_while_the_stream_is_down_prices_are_asked_for(clock: LoopClock) -> None:
    async with exchange(clock) as spot, following(spot, clock) as market:
        await spot.wires.close()
        for step in range(60):
            spot.price("BTCUSDT", 60000 + step)
            await asyncio.sleep(1)
            age = clock.now() - shown(market).at
            assert age < timedelta(seconds=6 if step < 6 else 1.5)
        assert shown(market).bid >= 60058
        assert market.problem.startswith("The price stream is down, prices are asked for instead: binance cannot be ")
        assert "://" not in market.problem

        await spot.wires.open()
        await asyncio.sleep(61)
        assert market.problem == ""
        before = asked(spot, "depth")
        for step in range(300):
            spot.price("BTCUSDT", 61000 + step)
            spot.price("ETHUSDT", 3000 + step)
            await asyncio.sleep(0.1)
        assert shown(market).bid == 61299
        assert asked(spot, "depth") == before


@virtually
async def test_asking_leaves_most_of_the_request_limit_to_the_orders(clock: LoopClock) -> None:
    names = [f"A{number:02}USDT" for number in range(60)]
    async with exchange(clock, *names) as spot, following(spot, clock, *(f"{name[:3]}/USDT" for name in names)):
        await spot.wires.close()
        await asyncio.sleep(59.4 - clock.now().second)  # a minute begins
        limit = next(each for each in spot.limits.limits if each.kind == "REQUEST_WEIGHT")
        await asyncio.sleep(59)
        assert 600 < spot.limits.used(limit) <= 1300  # of 6000


@virtually
async def test_when_nothing_answers_the_quote_gets_stale_and_it_is_told_why(clock: LoopClock) -> None:
    async with exchange(clock) as spot, following(spot, clock) as market:
        quote = shown(market)
        await spot.wires.close()
        await spot.venue.close()
        await asyncio.sleep(600)
        assert market.quote(BTC.symbol) is quote
        assert market.problem.startswith("No new prices of BTC/USDT, ETH/USDT: binance cannot be reached. The price st")
        assert "\n" not in market.problem
        assert "127.0.0.1" not in market.problem
        spot.venue.requests.clear()
        await spot.venue.open()
        spot.venue.faults.arm("status_502", on="*", times=0)
        await asyncio.sleep(600)
        assert asked(spot, "depth") <= 22  # each symbol once a minute
        spot.venue.faults.disarm()
        await asyncio.sleep(61)
        assert shown(market).at > quote.at + timedelta(seconds=1200)
        assert "No new prices" not in market.problem


@pytest.mark.parametrize("fault", REASONS)
def test_any_fault_leaves_the_quote_and_says_why_until_it_is_over(fault: str) -> None:
    async def play(clock: LoopClock) -> None:
        async with exchange(clock) as spot, following(spot, clock, timeout_s=0.3) as market:
            before = shown(market)
            spot.venue.faults.arm(fault, on="GET /api/v3/depth", times=0)
            assert not await market.poll(BTC.symbol)
            assert market.quote(BTC.symbol) is before
            assert market.problem.startswith(f"No new prices of BTC/USDT: {REASONS[fault]}")
            spot.venue.faults.disarm()
            spot.price("BTCUSDT", 61000, told=False)
            assert await market.poll(BTC.symbol)
            assert (shown(market).bid, market.problem) == (61000, "")

    run_virtually(play)


@pytest.mark.parametrize(("fault", "seconds"), [("429", 7), ("418", 300)])
def test_a_venue_that_asks_for_patience_is_not_asked_again_before(fault: str, seconds: int) -> None:
    async def play(clock: LoopClock) -> None:
        async with exchange(clock) as spot, following(spot, clock) as market:
            await spot.wires.close()
            spot.venue.faults.arm(fault, on="GET /api/v3/depth", seconds=seconds)
            assert not await market.poll(BTC.symbol)
            assert "binance asks us to slow down." in market.problem
            before = len(spot.venue.requests)
            with pytest.raises(VenueUnreachable, match=f"slow down for another {seconds} s"):
                await market.candles(BTC.symbol, "1m", 3)
            await asyncio.sleep(seconds - 0.5)
            assert len(spot.venue.requests) == before
            await asyncio.sleep(61)
            assert len(spot.venue.requests) > before
            assert "slow down" not in market.problem

    run_virtually(play)


@virtually
async def test_a_stream_that_is_connected_but_silent_is_replaced(clock: LoopClock) -> None:
    async with exchange(clock) as spot, following(spot, clock, "BTC/USDT") as market:
        (first,) = spot.streams.connections
        for step in range(40):
            spot.price("BTCUSDT", 60000 + step, told=False)
            await asyncio.sleep(1)
        assert first not in spot.streams.connections
        assert shown(market).bid >= 60037
        assert market.problem == "The price stream is down, prices are asked for instead: it is connected but silent."
        spot.price("BTCUSDT", 61000)
        await asyncio.sleep(0.1)
        assert (shown(market).bid, market.problem) == (61000, "")
