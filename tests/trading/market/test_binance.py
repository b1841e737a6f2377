"""The market talks to an emulated Binance: prices exact and in order, as its streams tell them."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from itertools import groupby
from random import Random
from typing import Any

import pytest

from tests.emulators.binance.futures import Futures
from tests.emulators.binance.venue import Binance
from tests.kit import BTC, START
from tests.loop import LoopClock, run_virtually
from tests.trading.market.binance_spot import asked, exchange, following, running, shown, virtually
from trading.errors import ConfigError, VenueUnreachable
from trading.instruments import Settlement, Symbol, plain
from trading.market.binance import BinanceMarket
from trading.quotes import Quote

ETH = Symbol("ETH/USDT")
PERPETUAL = Symbol("BTC/USDT:USDT")
START_MS = int(START.timestamp() * 1000)


@virtually
async def test_it_starts_with_quotes_and_filters_and_then_the_stream_tells(clock: LoopClock) -> None:
    async with exchange(clock) as spot, following(spot, clock) as market:
        assert spot.venue.requests == [
            "/api/v3/exchangeInfo?symbols=%5B%22BTCUSDT%22,%22ETHUSDT%22%5D",
            "/api/v3/time",
            "/api/v3/depth?symbol=BTCUSDT&limit=5",
            "/api/v3/depth?symbol=ETHUSDT&limit=5",
        ]
        assert (market.name, market.speed, market.problem) == ("binance", 1, "")
        assert list(market.instruments) == ["BTC/USDT", "ETH/USDT"]
        bitcoin = market.instruments[BTC.symbol]
        assert (bitcoin.base, bitcoin.quote, bitcoin.settlement) == ("BTC", "USDT", Settlement.SPOT)
        assert [str(x) for x in (bitcoin.tick, bitcoin.step, bitcoin.min_notional)] == ["0.01", "0.00001", "5"]
        assert (shown(market).bid, shown(market).at) == (60000, START)
        assert shown(market, ETH).bid == 59900

        await asyncio.sleep(1)
        bids = [["60000.12345678", "0.12345678"], ["60000.1", "0"], ["59999.9", "7"], ["9", "1"], ["8", "1"]]
        spot.show("BTCUSDT", bids, [["60001", "2.5"]])
        await asyncio.sleep(0.01)
        quote = shown(market)
        assert [(plain(x.price), plain(x.quantity)) for x in (*quote.bids, *quote.asks)] == [
            ("60000.12345678", "0.12345678"),
            ("59999.9", "7"),
            ("9", "1"),
            ("8", "1"),
            ("60001", "2.5"),
        ]
        assert quote.at == START + timedelta(seconds=1.5)
        assert len(spot.venue.requests) == 4


@virtually
async def test_as_long_as_the_stream_tells_nothing_is_asked_and_listeners_hear_all_in_order(clock: LoopClock) -> None:
    async with exchange(clock) as spot, following(spot, clock) as market:
        heard: list[Quote] = []
        leave = market.subscribe(heard.append)
        before = len(spot.venue.requests)
        for step in range(300):
            spot.price("BTCUSDT", 61000 + step)
            spot.price("ETHUSDT", 3000 + step)
            await asyncio.sleep(0.1)
        leave()
        spot.price("BTCUSDT", 1)
        await asyncio.sleep(0.1)
        assert len(spot.venue.requests) == before
        for symbol, first in ((BTC.symbol, 61000), (ETH, 3000)):
            bids = [bid for bid, _ in groupby(quote.bid for quote in heard if quote.symbol == symbol)]
            assert bids == list(range(first, first + 300))


@virtually
async def test_trades_give_the_last_price_and_the_volume_since_the_quote_before(clock: LoopClock) -> None:
    async with exchange(clock) as spot, following(spot, clock) as market:
        around = ([["60000.00", "1"]], [["60000.10", "2"]])
        spot.show("BTCUSDT", *around)
        await asyncio.sleep(0.1)
        assert (plain(shown(market).last), shown(market).traded) == ("60000.05", 0)  # the middle: no trade was heard
        heard: list[Quote] = []
        market.subscribe(heard.append)
        for price, quantity in (("60000.01", "0.5"), ("60000.00", "0.25"), ("60000.02", "0.125")):
            spot.trade("BTCUSDT", price, quantity)
        spot.trade("ETHUSDT", "59000", "3")
        spot.show("BTCUSDT", *around)
        await asyncio.sleep(0.1)
        bitcoin = [quote for quote in heard if quote.symbol == BTC.symbol]
        assert sum(quote.traded for quote in bitcoin) == Decimal("0.875")
        assert plain(bitcoin[-1].last) == "60000.02"
        spot.show("BTCUSDT", *around)
        await asyncio.sleep(0.1)
        assert (plain(shown(market).last), shown(market).traded) == ("60000.02", 0)
        await asyncio.sleep(120)
        spot.show("BTCUSDT", *around)
        await asyncio.sleep(0.1)
        assert plain(shown(market).last) == "60000.05"  # what was traded two minutes ago says less than the book


@virtually
async def test_a_book_older_than_the_shown_one_is_left_out_until_the_venue_counts_anew(clock: LoopClock) -> None:
    async with exchange(clock) as spot, following(spot, clock) as market:
        for _ in range(20):
            spot.price("BTCUSDT", 60001)
        await asyncio.sleep(0.1)
        spot.tell("BTCUSDT", 3, [["60000.00", "1"]], [["60000.01", "2"]])
        await asyncio.sleep(0.1)
        assert shown(market).bid == 60001
        spot.count_anew("BTCUSDT")
        spot.price("BTCUSDT", 70000)
        await asyncio.sleep(6)
        assert shown(market).bid == 70000


@virtually
async def test_a_book_that_is_no_market_is_not_shown(clock: LoopClock) -> None:
    async with exchange(clock) as spot, following(spot, clock) as market:
        one = [["60000.00", "1"]]
        for bids, asks in ((one, []), ([], one), (one, one), ([["60000.01", "1"]], one), ([["NaN", "1"]], one)):
            spot.tell("BTCUSDT", 100, bids, asks)
            await asyncio.sleep(0.1)
            assert market.problem == "No new prices of BTC/USDT: The book of BTC/USDT is empty or crossed."
            assert shown(market).at == START
        spot.tell("BTCUSDT", 100, [["61000.00", "1"]], [["61000.01", "1"]])
        await asyncio.sleep(0.1)
        assert (shown(market).bid, market.problem) == (61000, "")


@virtually
async def test_a_quiet_price_is_confirmed_every_few_seconds(clock: LoopClock) -> None:
    async with exchange(clock) as spot, following(spot, clock, "BTC/USDT") as market:
        for _ in range(100):
            await asyncio.sleep(0.7)
            assert clock.now() - shown(market).at < timedelta(seconds=6)
        assert 70 / 6 <= asked(spot, "depth") <= 70 / 4
        assert market.problem == ""


# --- the futures --------------------------------------------------------------------------------


@virtually
async def test_the_futures_tell_books_and_trades_on_two_paths(clock: LoopClock) -> None:
    async with Binance(lambda: int(clock.now().timestamp() * 1000)) as venue:
        futures = Futures(venue)
        futures.show("BTCUSDT", [["60000.0", "1.5"]], [["60000.1", "2"]])
        made = BinanceMarket([PERPETUAL], clock, Random(1), "testnet", futures.rest_url, futures.stream_url)
        async with running(made) as market:
            contract = market.instruments[PERPETUAL]
            assert (contract.base, contract.quote, contract.settlement) == ("BTC", "USDT", Settlement.LINEAR)
            assert plain(contract.tick) == plain(futures.exchange.contracts["BTCUSDT"].tick)
            assert {
                path: list(one.streams) for path, streams in venue.streams.items() for one in streams.connections
            } == {
                "usdm-public": ["btcusdt@depth5@100ms"],
                "usdm-market": ["btcusdt@aggTrade"],
            }
            futures.print("BTCUSDT", "60000.1", "0.25")
            await asyncio.sleep(0.1)  # the two connections are not in step
            futures.show("BTCUSDT", [["60000.1", "1.5"], ["59999.0", "3"]], [["60000.2", "2"]])
            await asyncio.sleep(0.1)
            quote = shown(market, PERPETUAL)
            assert [plain(level.price) for level in (*quote.bids, *quote.asks)] == ["60000.1", "59999", "60000.2"]
            assert (plain(quote.last), plain(quote.traded), market.problem) == ("60000.1", "0.25", "")
            assert [each.partition("?")[0] for each in venue.requests] == [
                "/fapi/v1/exchangeInfo",
                "/fapi/v1/time",
                "/fapi/v1/depth",
            ]
            for back in range(4):
                futures.bar(
                    "BTCUSDT", "1m", START_MS - 60_000 * back, [f"6000{back}.1", "60100.5", "59000", "60050", "12"]
                )
            candles = await market.candles(PERPETUAL, "1m", 2)
            assert [plain(candle.open) for candle in candles] == ["60002.1", "60001.1"]


@pytest.mark.parametrize("fault", ["status_502", "html_200", "hang_before", "drop_before"])
def test_a_start_without_an_answer_fails_and_can_be_tried_again(fault: str) -> None:
    async def play(clock: LoopClock) -> None:
        async with exchange(clock) as spot:
            urls = (spot.venue.rest_url, spot.wires.stream_url)
            market = BinanceMarket(["BTC/USDT"], clock, Random(1), "demo", *urls)
            spot.venue.faults.arm(fault, on="*", times=0)
            with pytest.raises(VenueUnreachable, match=r"^binance .*Check the network"):
                await market.start()
            assert market.quote(BTC.symbol) is None
            spot.venue.faults.disarm()
            await market.start()
            assert shown(market).bid == 60000
            await market.stop()

    run_virtually(play)


@virtually
async def test_a_symbol_that_is_not_listed_is_named(clock: LoopClock) -> None:
    async with exchange(clock) as spot:
        market = BinanceMarket(["BTC/USDT", "DOGE/USDT"], clock, Random(1), rest_url=spot.venue.rest_url)
        with pytest.raises(ConfigError, match="binance does not list 'DOGE/USDT'"):
            await market.start()


@pytest.mark.parametrize(
    ("symbols", "settings", "why"),
    [
        (["BTCUSDT"], {}, "'BTCUSDT' is not a symbol of Binance"),
        (["BTC/USD:BTC"], {}, "'BTC/USD:BTC' is not a symbol of Binance"),
        (["BTC/USDT"], {"environment": "paper"}, "Binance has no spot in 'paper'"),
        (["BTC/USDT"], {"rest_url": "ftp://ana:pass@host"}, "rest_url is not an address"),
        (["BTC/USDT"], {"stream_url": "https://ana:pass@host"}, "stream_url is not an address"),
    ],
)
def test_wrong_settings_are_refused(symbols: list[str], settings: dict[str, str], why: str) -> None:
    with pytest.raises(ConfigError, match=why) as refused:
        BinanceMarket(symbols, _Never(), Random(1), **settings)
    assert "pass" not in str(refused.value)


class _Never:
    def now(self) -> Any:
        raise AssertionError("nobody needs the time yet")


@virtually
async def test_stopped_means_stopped(clock: LoopClock) -> None:
    failures: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: failures.append(context))
    async with exchange(clock) as spot:
        async with following(spot, clock) as market:
            await spot.wires.close()
            await asyncio.sleep(30)
            await spot.wires.open()
        before = len(spot.venue.requests)
        await market.stop()
        await asyncio.sleep(600)
        assert len(spot.venue.requests) == before
        assert not spot.streams.connections
        assert not failures
