"""The real ccxt talks to an emulator of Binance: prices exact, outages visible, candles closed."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.emulators.binance.rules import listing
from tests.emulators.binance.spot import Spot
from tests.emulators.binance.venue import Binance
from tests.kit import BTC, HandClock
from trading.errors import ConfigError, IntentError, VenueUnreachable
from trading.instruments import Settlement, Symbol, plain
from trading.market.feed import CcxtMarket, instrument_of, quote_of
from trading.quotes import Quote

NOW = datetime(2026, 1, 5, 12, 0, 30, tzinfo=UTC)
NOW_MS = 1767614430000
ETH = Symbol("ETH/USDT")


@pytest.fixture
async def venue() -> AsyncIterator[Binance]:
    async with Binance(NOW_MS) as emulator:
        yield emulator


@pytest.fixture
def spot(venue: Binance) -> Spot:
    exchange = Spot(venue)
    exchange.show("BTCUSDT", [["61500.01000000", "0.30000000"]], [["61500.03000000", "1.20000000"]])
    exchange.show("ETHUSDT", [["3200.00000000", "2.00000000"]], [["3200.02000000", "3.00000000"]])
    return exchange


@pytest.fixture
def clock() -> HandClock:
    return HandClock(NOW)


@pytest.fixture
async def market(venue: Binance, spot: Spot, clock: HandClock) -> AsyncIterator[CcxtMarket]:
    """Started; polled by hand, as its own polls are an hour apart."""
    market = CcxtMarket("binance", ["BTC/USDT", "ETH/USDT"], clock, venue.url, poll_s=3600)
    await market.start()
    yield market
    await market.stop()


def bid(market: CcxtMarket, symbol: Symbol = BTC.symbol) -> str:
    quote = market.quote(symbol)
    assert quote is not None
    return plain(quote.bid)


# --- prices -----------------------------------------------------------------------------------


async def test_it_starts_with_quotes_and_the_venues_filters_from_public_addresses_only(
    market: CcxtMarket, venue: Binance
) -> None:
    quote = market.quote(BTC.symbol)
    assert quote is not None
    assert [(plain(x.price), plain(x.quantity)) for x in (*quote.bids, *quote.asks)] == [
        ("61500.01", "0.3"),
        ("61500.03", "1.2"),
    ]
    assert (quote.last, quote.at, quote.traded) == (Decimal("61500.02"), NOW, 0)
    assert bid(market, ETH) == "3200"
    assert (market.name, market.problem, market.speed, market.now()) == ("binance", "", 1, NOW)
    bitcoin = market.instruments[BTC.symbol]
    assert (bitcoin.base, bitcoin.quote, bitcoin.settlement) == ("BTC", "USDT", Settlement.SPOT)
    assert [str(x) for x in (bitcoin.tick, bitcoin.step, bitcoin.min_quantity)] == ["0.01", "0.00001", "0.00001"]
    assert [str(x) for x in (bitcoin.max_quantity, bitcoin.min_notional, bitcoin.max_notional)] == [
        "9000",
        "5",
        "9000000",
    ]
    assert list(market.instruments) == ["BTC/USDT", "ETH/USDT"]
    assert sorted(venue.requests) == [
        "/api/v3/depth?symbol=BTCUSDT&limit=5",
        "/api/v3/depth?symbol=ETHUSDT&limit=5",
        "/api/v3/exchangeInfo",
    ]


async def test_levels_are_sorted_as_numbers_and_at_most_five(market: CcxtMarket, spot: Spot) -> None:
    bids = [[f"{price}.50000000", "1.00000000"] for price in (10000, 9999, 9998, 999, 998, 99)]
    asks = [[f"{price}.50000000", "1.00000000"] for price in (10001, 10002, 20000, 99999, 100000, 100001)]
    spot.show("BTCUSDT", bids, asks)
    await market.poll(BTC.symbol)
    quote = market.quote(BTC.symbol)
    assert quote is not None
    assert [int(level.price) for level in quote.bids] == [10000, 9999, 9998, 999, 998]
    assert [int(level.price) for level in quote.asks] == [10001, 10002, 20000, 99999, 100000]


@given(cents=st.integers(2, 10**14), units=st.integers(1, 10**15 - 1))
def test_numbers_survive_ccxts_floats_to_the_last_digit(cents: int, units: int) -> None:
    price, quantity = Decimal(cents).scaleb(-2), Decimal(units).scaleb(-8)
    book = {"bids": [[float(price), float(quantity)]], "asks": [[float(price + 1), 1.0]]}
    quote = quote_of(book, BTC, NOW)
    assert (quote.bid, quote.bids[0].quantity) == (price, quantity)
    assert quote.last % BTC.tick == 0


async def test_its_own_task_shows_new_prices_to_listeners(venue: Binance, spot: Spot, clock: HandClock) -> None:
    market = CcxtMarket("binance", ["BTC/USDT"], clock, venue.url, poll_s=0.01)
    await market.start()
    arrived: asyncio.Future[Quote] = asyncio.get_running_loop().create_future()
    leave = market.subscribe(lambda quote: arrived.set_result(quote) if quote.bid == 60000 else None)
    spot.show("BTCUSDT", [["60000.00000000", "1.00000000"]], [["60000.01000000", "1.00000000"]])
    assert (await asyncio.wait_for(arrived, 10)).ask == Decimal("60000.01")
    leave()
    await market.stop()
    asked = len(venue.requests)
    await market.stop()
    assert len(venue.requests) == asked


# --- outages ----------------------------------------------------------------------------------

SHAPELESS = '{"symbols": [7], "bids": [["much", null]], "asks": [[null, "1"]]}'
ARMED: dict[str, tuple[str, dict[str, object]]] = {
    "503": ("code_-1001", {"status": 503}),
    "429": ("429", {}),
    "418": ("418", {"seconds": 0}),
    "html": ("html_200", {}),
    "null": ("text_200", {"text": "null"}),
    "odd": ("text_200", {"text": SHAPELESS}),
    "cut": ("truncated", {}),
}
FAULTS = {
    "503": "Internal error; unable to process",
    "429": "asks us to slow down",
    "418": "asks us to slow down",
    "html": "answers with something else than JSON",
    "null": "answers with something else than JSON",
    "odd": "answers in another shape",
    "cut": "answers with an error",
}


def break_down(venue: Binance, fault: str) -> None:
    """Let every request go wrong in one way from now on."""
    venue.faults.disarm()
    name, detail = ARMED[fault]
    venue.faults.arm(name, times=0, **detail)


async def test_any_fault_leaves_the_quote_to_get_stale_and_says_why_until_it_is_over(
    market: CcxtMarket, venue: Binance, spot: Spot, clock: HandClock
) -> None:
    for price, (fault, reason) in enumerate(FAULTS.items(), 61000):
        before = market.quote(BTC.symbol)
        break_down(venue, fault)
        clock.move(20)
        await market.poll(BTC.symbol)
        assert market.quote(BTC.symbol) == before
        assert market.problem.startswith("No new prices of BTC/USDT: binance ")
        assert reason in market.problem
        assert "\n" not in market.problem
        assert "://" not in market.problem
        assert len(market.problem) < 200

        venue.faults.disarm()
        spot.show("BTCUSDT", [[f"{price}.00000000", "1.00000000"]], [[f"{price}.01000000", "1.00000000"]])
        await market.poll(BTC.symbol)
        after = market.quote(BTC.symbol)
        assert after is not None
        assert (after.bid, after.at, market.problem) == (Decimal(price), clock.now(), "")


async def test_the_pause_doubles_to_a_minute_and_one_good_answer_ends_it(
    venue: Binance, spot: Spot, clock: HandClock
) -> None:
    market = CcxtMarket("binance", ["BTC/USDT", "ETH/USDT"], clock, venue.url, poll_s=1.5)
    await market.start()
    spot.exchange.set_status("BTCUSDT", "BREAK")
    spot.show("BTCUSDT", [], [["61000.01000000", "1.00000000"]])
    assert [await market.poll(BTC.symbol) for _ in range(9)] == [1.5, 2, 4, 8, 16, 32, 60, 60, 60]
    assert await market.poll(ETH) == 1.5  # one bad symbol does not slow the others down
    assert market.problem == "No new prices of BTC/USDT: The book of BTC/USDT is empty or crossed."
    spot.show("BTCUSDT", [["61000.00000000", "1.00000000"]], [["61000.01000000", "1.00000000"]])
    assert await market.poll(BTC.symbol) == 1.5
    assert market.problem == ""
    spot.show("BTCUSDT", [["61000.01000000", "1.00000000"]], [["61000.01000000", "1.00000000"]])
    assert [await market.poll(BTC.symbol) for _ in range(3)] == [1.5, 2, 4]  # counted anew; crossed is no market
    await market.stop()


async def test_an_answer_that_never_comes_is_not_waited_for(venue: Binance, spot: Spot, clock: HandClock) -> None:
    market = CcxtMarket("binance", ["BTC/USDT"], clock, venue.url, poll_s=3600, timeout_s=1)
    venue.faults.arm("hang_before", times=0)
    with pytest.raises(VenueUnreachable, match=r"^binance did not answer in time\. Check the network"):
        await market.start()
    venue.faults.disarm()
    await market.start()
    before = market.quote(BTC.symbol)
    venue.faults.arm("hang_before", times=0)
    await market.poll(BTC.symbol)
    assert market.quote(BTC.symbol) == before
    assert market.problem == "No new prices of BTC/USDT: binance did not answer in time."
    with pytest.raises(VenueUnreachable, match=r"^binance did not answer in time\. Check the network"):
        await market.candles(BTC.symbol, "1m", 3)
    await market.stop()


async def test_a_venue_that_went_away_comes_back(market: CcxtMarket, venue: Binance) -> None:
    await venue.close()
    await market.poll(BTC.symbol)
    await market.poll(ETH)
    assert market.problem == "No new prices of BTC/USDT, ETH/USDT: binance cannot be reached."
    await venue.open()
    await market.poll(BTC.symbol)
    assert market.problem == "No new prices of ETH/USDT: binance cannot be reached."


@pytest.mark.parametrize("fault", ["503", "html", "odd"])
async def test_a_start_without_an_answer_fails_and_leaves_nothing_open(
    fault: str, venue: Binance, spot: Spot, clock: HandClock
) -> None:
    break_down(venue, fault)
    market = CcxtMarket("binance", ["BTC/USDT"], clock, venue.url)
    with pytest.raises(VenueUnreachable, match=r"^binance .*Check the network"):
        await market.start()
    assert market.quote(BTC.symbol) is None


@pytest.mark.parametrize(
    ("exchange", "symbol", "why"),
    [
        ("binance", "DOGE/USDT", "binance does not list 'DOGE/USDT'"),
        ("binanse", "BTC/USDT", "ccxt knows no exchange 'binanse'"),
        ("bitfinex", "BTC/USDT", "bitfinex does not publish its price steps"),
    ],
)
async def test_wrong_settings_are_refused(
    exchange: str, symbol: str, why: str, venue: Binance, spot: Spot, clock: HandClock
) -> None:
    with pytest.raises(ConfigError, match=why):
        await CcxtMarket(exchange, [symbol], clock, venue.url).start()


@pytest.mark.parametrize("address", ["api.binance.com", "ftp://api.binance.com", "https://", "ana:pass@host"])
def test_an_address_that_is_none_is_refused_without_repeating_it(address: str, clock: HandClock) -> None:
    with pytest.raises(ConfigError, match="rest_url of the market is not an address") as refused:
        CcxtMarket("binance", ["BTC/USDT"], clock, address)
    assert "pass" not in str(refused.value)


# --- candles ----------------------------------------------------------------------------------


def minute(back: int) -> int:
    """The start of the bar `back` minutes before the one that is forming, in ms."""
    return NOW_MS - 30_000 - 60_000 * back


async def test_candles_are_the_closed_ones_with_exact_numbers(market: CcxtMarket, spot: Spot) -> None:
    for back in range(5):
        row = (f"6150{back}.10000000", "61510.00000000", "61490.00000000", "61505.55000000", "12.34567000")
        spot.prices.kline("BTCUSDT", "1m", minute(back), row)
    candles = await market.candles(BTC.symbol, "1m", 3)
    assert [plain(candle.open) for candle in candles] == ["61503.1", "61502.1", "61501.1"]
    last = candles[-1]
    assert (last.start, last.end) == (NOW - timedelta(seconds=90), NOW - timedelta(seconds=30))
    assert [plain(x) for x in (last.high, last.low, last.close, last.volume)] == [
        "61510",
        "61490",
        "61505.55",
        "12.34567",
    ]
    assert len(await market.candles(BTC.symbol, "1m", 100)) == 4
    assert await market.candles(ETH, "1m", 100) == []


async def test_more_candles_than_a_page_are_fetched_in_pages(market: CcxtMarket, venue: Binance, spot: Spot) -> None:
    for back in range(2300):
        spot.prices.kline("BTCUSDT", "1m", minute(back), (str(back + 1),) * 4 + ("1",))
    venue.requests.clear()
    candles = await market.candles(BTC.symbol, "1m", 2200)
    assert [int(candle.open) for candle in candles] == list(range(2201, 1, -1))
    assert len(venue.requests) == 3


async def test_candles_that_cannot_be_had_are_an_error(market: CcxtMarket, venue: Binance) -> None:
    for fault in ("503", "429", "html", "null", "cut"):
        break_down(venue, fault)
        with pytest.raises(VenueUnreachable, match=r"^binance .*Check the network"):
            await market.candles(BTC.symbol, "1m", 3)


async def test_other_symbols_and_timeframes_are_refused(market: CcxtMarket) -> None:
    with pytest.raises(IntentError, match="DOGE/USDT is not followed"):
        await market.candles(Symbol("DOGE/USDT"), "1m", 1)
    with pytest.raises(IntentError, match="binance has no 7m candles"):
        await market.candles(BTC.symbol, "7m", 1)
    with pytest.raises(IntentError, match="not a timeframe"):
        await market.candles(BTC.symbol, "soon", 1)


# --- instruments of other exchanges -----------------------------------------------------------


def other(**changes: Any) -> dict[str, Any]:
    """A market as ccxt describes it for an exchange without Binance's filters."""
    return {
        "symbol": "BTC/USD:USD",
        "base": "BTC",
        "quote": "USD",
        "info": [],
        "linear": True,
        "inverse": False,
        "contractSize": "0.001",
        "precision": {"price": "0.5", "amount": "1E-8"},
        "limits": {"amount": {"min": "0.0001", "max": None}, "cost": {"min": "0.5", "max": None}},
        **changes,
    }


def test_without_filters_ccxts_limits_count() -> None:
    one = instrument_of(other())
    assert [plain(x) for x in (one.tick, one.step, one.min_quantity, one.min_notional)] == [
        "0.5",
        "0.00000001",
        "0.0001",
        "0.5",
    ]
    assert (one.max_quantity, one.max_notional) == (0, 0)
    assert (one.settlement, one.multiplier) == (Settlement.LINEAR, Decimal("0.001"))


def test_a_filter_of_zero_is_switched_off() -> None:
    info = json.loads(json.dumps(listing("BTC", "USDT", "0.00000000", "0.00100000", "0.00000000")))
    one = instrument_of(other(info=info, linear=None, contractSize=None))
    assert (str(one.tick), str(one.step)) == ("0.5", "0.001")
    assert (one.settlement, one.multiplier) == (Settlement.SPOT, 1)


@pytest.mark.parametrize(
    "changes", [{"precision": {"price": None, "amount": "1"}}, {"precision": {"price": "1", "amount": None}}]
)
def test_a_market_without_steps_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="no price or quantity step"):
        instrument_of(other(**changes))


def test_a_market_settled_in_its_base_is_refused() -> None:
    with pytest.raises(ConfigError, match="settled in BTC"):
        instrument_of(other(inverse=True, linear=False))
