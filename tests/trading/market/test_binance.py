"""The market talks to an emulated Binance: prices exact and in order, outages bridged and told, candles closed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from itertools import groupby
from random import Random
from typing import Any

import pytest

from tests.emulators.binance.futures import Futures
from tests.emulators.binance.venue import Binance
from tests.kit import BTC
from tests.trading.market.binance_spot import PublicSpot
from tests.trading.market.virtual import START, LoopClock, run_virtually
from trading.errors import ConfigError, IntentError, VenueUnreachable
from trading.instruments import Settlement, Symbol, plain
from trading.market.binance import BinanceMarket
from trading.quotes import Quote

ETH = Symbol("ETH/USDT")
PERPETUAL = Symbol("BTC/USDT:USDT")
START_MS = int(START.timestamp() * 1000)


def virtually(play: Callable[[LoopClock], Awaitable[None]]) -> Callable[[], None]:
    """A test on a clock of its own, where hours take no time."""

    def test() -> None:
        run_virtually(play)

    test.__doc__, test.__name__ = play.__doc__, play.__name__  # type: ignore[attr-defined]
    return test


@asynccontextmanager
async def exchange(clock: LoopClock, *symbols: str, ahead_ms: int = 0) -> AsyncIterator[PublicSpot]:
    """Binance spot with a price for each symbol; its clock is `ahead_ms` ahead of the desk's."""

    def now_ms() -> int:
        return int(clock.now().timestamp() * 1000) + ahead_ms

    async with Binance(now_ms) as venue, Binance(now_ms) as wires:
        listed = symbols or ("BTCUSDT", "ETHUSDT")
        spot = PublicSpot(venue, wires, *listed)
        for number, name in enumerate(listed):
            spot.price(name, 60000 - 100 * number)
        yield spot


@asynccontextmanager
async def following(spot: PublicSpot, clock: LoopClock, *symbols: str, **settings: Any) -> AsyncIterator[BinanceMarket]:
    """A market of these spot symbols, running."""
    wanted = symbols or ("BTC/USDT", "ETH/USDT")
    venue, wires = spot.venue.rest_url, spot.wires.stream_url
    async with running(BinanceMarket(wanted, clock, Random(1), rest_url=venue, stream_url=wires, **settings)) as market:
        yield market


@asynccontextmanager
async def running(market: BinanceMarket) -> AsyncIterator[BinanceMarket]:
    """Started, and with its streams connected."""
    await market.start()
    try:
        await asyncio.sleep(0.5)
        yield market
    finally:
        await market.stop()


def shown(market: BinanceMarket, symbol: Symbol = BTC.symbol) -> Quote:
    quote = market.quote(symbol)
    assert quote is not None
    return quote


def asked(spot: PublicSpot, what: str) -> int:
    return sum(f"/{what}" in each for each in spot.venue.requests)


# --- prices -------------------------------------------------------------------------------------


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


# --- outages ------------------------------------------------------------------------------------


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


FAULTS = {
    "status_502": "binance answers with an error (HTTP 502).",
    "status_403": "binance answers with an error (HTTP 403).",
    "code_-1001": "binance answers with an error (-1001 ",
    "html_200": "binance answers with something else than JSON.",
    "empty": "binance answers with something else than JSON.",
    "truncated": "binance answers with an error (",
    "drop_before": "binance answers with an error (",
    "hang_before": "binance did not answer in time.",
    "redirect_307": "binance answers with an error (HTTP 307).",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_any_fault_leaves_the_quote_and_says_why_until_it_is_over(fault: str) -> None:
    async def play(clock: LoopClock) -> None:
        async with exchange(clock) as spot, following(spot, clock, timeout_s=0.3) as market:
            before = shown(market)
            spot.venue.faults.arm(fault, on="GET /api/v3/depth", times=0)
            assert not await market.poll(BTC.symbol)
            assert market.quote(BTC.symbol) is before
            assert market.problem.startswith(f"No new prices of BTC/USDT: {FAULTS[fault]}")
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


# --- starting and stopping ------------------------------------------------------------------------


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
        (["BTC/USDT"], {"environment": "paper"}, "Binance has no 'paper'"),
        (["BTC/USDT"], {"rest_url": "ftp://ana:pass@host"}, "rest_url of the market is not an address"),
        (["BTC/USDT"], {"stream_url": "https://ana:pass@host"}, "stream_url of the market is not an address"),
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


# --- candles ------------------------------------------------------------------------------------


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
        for fault in FAULTS:
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


# --- the request limit ----------------------------------------------------------------------------


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
