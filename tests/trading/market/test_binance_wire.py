"""What Binance says, as its documentation and recordings show it, in our words."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.errors import ConfigError
from trading.instruments import Settlement, Symbol, plain
from trading.market import binance_wire as wire

NULLS = dict.fromkeys(("maxPrice", "minPrice", "tickSize", "maxQty", "minQty", "stepSize", "limit", "notional"))


def future(symbol: str, base: str, **changes: object) -> dict[str, object]:
    """A contract as recorded on 2026-03-31, with the nulls that rows of filters have there."""
    filters = [
        {**NULLS, "filterType": "PRICE_FILTER", "maxPrice": "809484", "minPrice": "261.10", "tickSize": "0.10"},
        {**NULLS, "filterType": "LOT_SIZE", "maxQty": "1000", "minQty": "0.0001", "stepSize": "0.0001"},
        {**NULLS, "filterType": "MIN_NOTIONAL", "notional": "100"},
    ]
    names = {"symbol": symbol, "baseAsset": base, "quoteAsset": "USDT", "marginAsset": "USDT"}
    return {**names, "contractType": "PERPETUAL", "status": "TRADING", "filters": filters, **changes}


def info(*rows: dict[str, object]) -> wire.ExchangeInfo:
    text = json.dumps({"timezone": "UTC", "serverTime": 1, "rateLimits": [], "symbols": rows})
    return msgspec.json.decode(text, type=wire.ExchangeInfo)


def test_of_the_futures_perpetuals_settled_in_their_quote_are_listed_by_the_venues_own_names() -> None:
    rows = (
        future("BTCUSDT_260626", "BTC", contractType="CURRENT_QUARTER"),
        future("BTCUSDT", "BTC"),
        future("币安人生USDT", "币安人生"),
        future("XAUUSDT", "XAU", contractType="TRADIFI_PERPETUAL"),
        future("BTCUSD_PERP", "BTC", quoteAsset="USD", marginAsset="BTC"),
    )
    wanted = ["XAU/USDT:USDT", "BTC/USDT:USDT", "币安人生/USDT:USDT", "BTC/USD:USD", "DOGE/USDT:USDT"]
    found = wire.listed(info(*rows), wire.USDM, wanted)
    assert {symbol: one.venue_symbol for symbol, one in found.items()} == {
        "XAU/USDT:USDT": "XAUUSDT",
        "BTC/USDT:USDT": "BTCUSDT",
        "币安人生/USDT:USDT": "币安人生USDT",
    }
    contract = found[Symbol("BTC/USDT:USDT")].instrument
    numbers = (contract.tick, contract.step, contract.min_quantity, contract.max_quantity, contract.min_notional)
    assert [plain(x) for x in numbers] == ["0.1", "0.0001", "0.0001", "1000", "100"]
    assert (contract.settlement, contract.multiplier) == (Settlement.LINEAR, 1)
    assert wire.book_stream("币安人生USDT") == "币安人生usdt@depth5@100ms"


# web-socket-streams.md, "Partial Book Depth Streams"; the futures' page of the same name.
SPOT_BOOK = '{"lastUpdateId":160,"bids":[["0.0024","10"]],"asks":[["0.0026","100"]]}'
USDM_BOOK = (
    '{"e":"depthUpdate","E":1571889248277,"T":1571889248276,"s":"BTCUSDT","U":390497796,"u":390497878,'
    '"pu":390497794,"b":[["7403.89","0.002"],["7403.90","3.906"]],"a":[["7405.96","3.340"]]}'
)


def test_books_of_both_products_are_read() -> None:
    book = wire.book(wire.SPOT, SPOT_BOOK.encode())
    assert (book.update_id, book.bids, book.asks) == (
        160,
        [(Decimal("0.0024"), Decimal(10))],
        [(Decimal("0.0026"), Decimal(100))],
    )
    book = wire.book(wire.USDM, USDM_BOOK.encode())
    assert (book.update_id, plain(wire.levels(book.asks)[0].quantity)) == (390497878, "3.34")
    for product, other in ((wire.SPOT, USDM_BOOK), (wire.USDM, SPOT_BOOK), (wire.SPOT, '{"bids":[["x","1"]]}')):
        with pytest.raises(msgspec.MsgspecError):
            wire.book(product, other.encode())


@given(
    price=st.decimals(min_value=Decimal("1e-8"), max_value=10**15, places=8),
    quantity=st.decimals(min_value=Decimal("1e-8"), max_value=10**15, places=8),
)
def test_numbers_are_the_venues_own_to_the_last_digit(price: Decimal, quantity: Decimal) -> None:
    row = f'["{price:f}","{quantity:f}"]'
    book = wire.book(wire.SPOT, f'{{"lastUpdateId":1,"bids":[{row}],"asks":[{row}]}}'.encode())
    (level,) = wire.levels(book.bids)
    assert (level.price, level.quantity) == (price, quantity)
    event = f'{{"e":"aggTrade","E":1,"s":"BNBBTC","a":1,"p":"{price:f}","q":"{quantity:f}","f":1,"l":5,"T":1,"m":true}}'
    assert (wire.trade(event).price, wire.trade(event).quantity) == (price, quantity)


def test_levels_are_at_most_five_and_have_a_quantity() -> None:
    rows = [(Decimal(price), Decimal(price % 2)) for price in range(20)]
    assert [level.price for level in wire.levels(rows)] == [1, 3, 5, 7, 9]


@pytest.mark.parametrize(
    ("text", "shutdown", "refusal"),
    [
        ('{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}', True, ""),
        ('{"e":"serverShutdown","E":1770123456789}', True, ""),
        ('{"result":null,"id":3}', False, ""),
        ('{"stream":"btcusdt@aggTrade","data":{"e":"aggTrade"}}', False, ""),
        ('{"code":0,"msg":"Unknown property","id":1}', False, "0 Unknown property"),
        ('{"error":{"code":2,"msg":"Invalid request"},"id":1}', False, "2 Invalid request"),
    ],
)
def test_frames_are_told_apart(text: str, shutdown: bool, refusal: str) -> None:
    frame = wire.frame(text)
    assert (frame.is_shutdown, frame.refusal) == (shutdown, refusal)


def test_a_kline_is_a_candle() -> None:
    # rest-api.md, "Kline/Candlestick data"
    text = (
        '[[1499040000000,"0.01634790","0.80000000","0.01575800","0.01577100","148976.11427815",1499644799999,'
        '"2434.19055334",308,"1756.87402397","28.46694368","0"]]'
    )
    (kline,) = msgspec.json.decode(text, type=list[wire.Kline])
    candle = kline.candle(Symbol("ETH/BTC"), "1d")
    assert candle.start == datetime(2017, 7, 3, tzinfo=UTC)
    numbers = (candle.open, candle.high, candle.low, candle.close, candle.volume)
    assert [str(x) for x in numbers] == ["0.01634790", "0.80000000", "0.01575800", "0.01577100", "148976.11427815"]
    assert kline.end == 1499644799999


ADDRESSES = {
    # rest-api.md and web-socket-streams.md; testnet/general-info.md; demo-mode/general-info.md
    (wire.SPOT, "live"): ("https://api.binance.com/api/v3", *["wss://stream.binance.com:9443/stream"] * 2),
    (wire.SPOT, "testnet"): (
        "https://testnet.binance.vision/api/v3",
        *["wss://stream.testnet.binance.vision/stream"] * 2,
    ),
    (wire.SPOT, "demo"): ("https://demo-api.binance.com/api/v3", *["wss://demo-stream.binance.com/stream"] * 2),
    # USDS-M futures, "Websocket Market Streams" and "Important WebSocket Change Notice"
    (wire.USDM, "live"): (
        "https://fapi.binance.com/fapi/v1",
        "wss://fstream.binance.com/public/stream",
        "wss://fstream.binance.com/market/stream",
    ),
}


@pytest.mark.parametrize(("endpoints", "environment"), ADDRESSES)
def test_the_addresses_are_the_documented_ones(endpoints: wire.Endpoints, environment: str) -> None:
    found = (endpoints.rest_url(environment), *endpoints.stream_urls(environment))
    assert found == ADDRESSES[endpoints, environment]


def test_a_given_address_replaces_scheme_and_host() -> None:
    assert wire.SPOT.rest_url("live", "http://127.0.0.1:8080/") == "http://127.0.0.1:8080/api/v3"
    assert wire.USDM.stream_urls("live", "ws://proxy/binance") == (
        "ws://proxy/binance/public/stream",
        "ws://proxy/binance/market/stream",
    )
    for given_url in ("proxy", "https://proxy", "ws://"):
        with pytest.raises(ConfigError, match="stream_url is not an address"):
            wire.SPOT.stream_urls("live", given_url)


def test_candles_of_the_futures_cost_what_their_number_does() -> None:
    # USDS-M futures, "Kline/Candlestick Data": [1,100) 1, [100,500) 2, [500,1000] 5
    assert [wire.USDM.kline_weight(count) for count in (1, 99, 100, 499, 500, 1000)] == [1, 1, 2, 2, 5, 5]
    assert {wire.SPOT.kline_weight(count) for count in (1, 1000)} == {2}
    assert "1s" in wire.SPOT.intervals
    assert "1s" not in wire.USDM.intervals
