"""Public requests, market streams and limits of the emulated spot exchange (rest-api.md, web-socket-streams.md)."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.emulators.binance.caller import Socket
from tests.emulators.binance.limits import Limit
from tests.emulators.binance.prices import Prices, Walk
from tests.emulators.spot_desk import NOW, Desk, trading


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with trading(NOW) as desk:
        yield desk


async def test_ping_and_time(desk: Desk) -> None:
    assert await desk.call.public("/api/v3/ping") == (200, {})
    assert await desk.call.public("/api/v3/time") == (200, {"serverTime": NOW})


async def test_exchange_info_by_symbol_and_status(desk: Desk) -> None:
    info = (await desk.call.public("/api/v3/exchangeInfo"))[1]
    assert [row["symbol"] for row in info["symbols"]] == ["BTCUSDT", "ETHUSDT", "BNBUSDT"]
    assert {row["rateLimitType"] for row in info["rateLimits"]} == {"REQUEST_WEIGHT", "ORDERS", "RAW_REQUESTS"}
    desk.spot.exchange.set_status("ETHUSDT", "CANCEL_ONLY")

    async def names(**params: object) -> Any:
        body = (await desk.call.public("/api/v3/exchangeInfo", **params))[1]
        return [row["symbol"] for row in body["symbols"]] if "symbols" in body else body["code"]

    assert await names(symbol="ETHUSDT") == ["ETHUSDT"]
    assert await names(symbols='["BNBUSDT","BTCUSDT"]') == ["BNBUSDT", "BTCUSDT"]
    assert await names(symbolStatus="TRADING") == ["BTCUSDT", "BNBUSDT"]
    assert await names(symbol="NOTHING") == -1121
    assert await names(symbol="BTCUSDT", symbolStatus="TRADING") == -1128
    assert await names(symbols="[BTC") == -1135


async def test_the_book_shows_the_accounts_own_orders_too(desk: Desk) -> None:
    await desk.limit("BUY", "0.5", "60000.5")
    await desk.limit("SELL", "0.5", "60001", icebergQty="0.1")
    body = (await desk.call.public("/api/v3/depth", symbol="BTCUSDT", limit=1))[1]
    assert body["bids"] == [["60000.50000000", "0.50000000"]]
    assert body["asks"] == [["60001.00000000", "10.10000000"]]  # of an iceberg only its tip
    touch = (await desk.call.public("/api/v3/ticker/bookTicker", symbol="BTCUSDT"))[1]
    assert (touch["bidPrice"], touch["askQty"]) == ("60000.50000000", "10.10000000")


async def test_trades_make_bars(desk: Desk) -> None:
    desk.venue.now_ms = NOW + 60_000 - NOW % 60_000
    for price in ("60500", "61000", "60200"):
        desk.spot.trade("BTCUSDT", price, "0.5")
    desk.venue.now_ms += 60_000
    desk.spot.trade("BTCUSDT", "60300", "0.5")
    rows = (await desk.call.public("/api/v3/klines", symbol="BTCUSDT", interval="1m", limit=2))[1]
    assert [row[1:6] for row in rows] == [
        ["60500.00000000", "61000.00000000", "60200.00000000", "60200.00000000", "1.50000000"],
        ["60300.00000000", "60300.00000000", "60300.00000000", "60300.00000000", "0.50000000"],
    ]
    average = (await desk.call.public("/api/v3/avgPrice", symbol="BTCUSDT"))[1]
    # 0.5 x (60500 + 61000 + 60200 + 60300) and the coin of the first price, 60000: over 3 coins.
    assert average["price"] == "60333.33333333"
    assert (await desk.call.public("/api/v3/klines", symbol="BTCUSDT", interval="7m"))[1]["code"] == -1120


async def test_bars_set_by_hand(desk: Desk) -> None:
    for number in range(3):
        start = NOW - NOW % 60_000 - number * 60_000
        desk.spot.prices.kline("BTCUSDT", "1m", start, [str(number)] * 5)

    async def starts(**params: object) -> list[str]:
        rows = (await desk.call.public("/api/v3/klines", symbol="BTCUSDT", interval="1m", **params))[1]
        return [row[1] for row in rows]

    assert await starts() == ["2", "1", "0"]
    assert await starts(limit=1) == ["0"]  # without a start the newest
    assert await starts(limit=1, startTime=0) == ["2"]  # with it the oldest


async def test_only_what_was_traded_moves_the_last_price(desk: Desk) -> None:
    desk.around("59000", "61000")  # around the last price: it stays
    assert (await desk.call.public("/api/v3/ticker/price", symbol="BTCUSDT"))[1]["price"] == "60000.00000000"
    desk.around("60500", "60501")
    assert (await desk.call.public("/api/v3/ticker/price", symbol="BTCUSDT"))[1]["price"] == "60500.00000000"
    await desk.order("BUY", "MARKET", quantity="0.1")
    rows = (await desk.call.public("/api/v3/trades", symbol="BTCUSDT", limit=1))[1]
    assert [(row["price"], row["qty"], row["isBuyerMaker"]) for row in rows] == [
        ("60501.00000000", "0.10000000", False)
    ]


async def test_unknown_paths_symbols_and_parameters(desk: Desk) -> None:
    async with desk.call.session.get(f"{desk.venue.rest_url}/api/v3/nothing") as answer:
        assert answer.status == 404
    assert (await desk.call.public("/api/v3/depth", symbol="NOTHING"))[1] == {"code": -1121, "msg": "Invalid symbol."}
    assert (await desk.call.public("/api/v3/depth"))[1]["code"] == -1102


# Streams


async def _listen(desk: Desk, path: str) -> Socket:
    socket = await desk.call.connect(path)
    await socket.ws.send_json({"method": "LIST_SUBSCRIPTIONS", "id": 1})
    await socket.next()
    return socket


async def test_raw_and_combined_streams(desk: Desk) -> None:
    raw = await _listen(desk, "/ws/btcusdt@bookTicker")
    combined = await _listen(desk, "/stream?streams=btcusdt@bookTicker/btcusdt@depth5@100ms")
    desk.around("60100", "60101", "3")
    told = await raw.next()
    assert told == {
        "u": told["u"],
        "s": "BTCUSDT",
        "b": "60100.00000000",
        "B": "3.00000000",
        "a": "60101.00000000",
        "A": "3.00000000",
    }
    wrapped = [await combined.next() for _ in range(2)]
    assert [message["stream"] for message in wrapped] == ["btcusdt@bookTicker", "btcusdt@depth5@100ms"]
    assert wrapped[0]["data"] == told
    assert wrapped[1]["data"]["bids"] == [["60100.00000000", "3.00000000"]]
    await raw.close()
    await combined.close()


async def test_streams_are_subscribed_and_left_while_connected(desk: Desk) -> None:
    socket = await desk.call.connect("/stream/ws")  # a client that tells spot by "/stream" in the address
    for method, result in (("SUBSCRIBE", None), ("LIST_SUBSCRIPTIONS", ["btcusdt@trade"]), ("UNSUBSCRIBE", None)):
        await socket.ws.send_json({"method": method, "params": ["btcusdt@trade"], "id": 5})
        assert await socket.next() == {"result": result, "id": 5}
    await socket.ws.send_json({"method": "SUBSCRIBE", "params": ["btcusdt@trade"], "id": "x"})
    await socket.next()
    desk.spot.trade("BTCUSDT", "60100", "0.3")
    trade = await socket.next()
    assert (trade["e"], trade["p"], trade["q"]) == ("trade", "60100.00000000", "0.30000000")
    await socket.ws.send_json({"method": "GET_PROPERTY", "params": ["combined"], "id": 6})
    assert await socket.next() == {"result": False, "id": 6}
    await socket.close()


async def test_bars_are_streamed_and_closed(desk: Desk) -> None:
    start = NOW - NOW % 60_000 + 60_000
    desk.venue.now_ms = start
    socket = await _listen(desk, "/ws/btcusdt@kline_1m")
    for price in ("60100", "60300", "60200"):
        desk.spot.trade("BTCUSDT", price)
    desk.venue.now_ms = start + 60_000
    desk.spot.trade("BTCUSDT", "60250")
    bars = [(await socket.next())["k"] for _ in range(5)]
    assert [(bar["t"], bar["c"][:5], bar["x"]) for bar in bars] == [
        (start, "60100", False),
        (start, "60300", False),
        (start, "60200", False),
        (start, "60200", True),
        (start + 60_000, "60250", False),
    ]
    assert (bars[3]["h"][:5], bars[3]["l"][:5], bars[3]["n"]) == ("60300", "60100", 3)
    desk.venue.now_ms = start + 120_000
    desk.spot.published.close_bars()
    desk.spot.published.close_bars()
    desk.spot.trade("BTCUSDT", "60260")
    assert [(await socket.next())["k"]["x"] for _ in range(2)] == [True, False]
    await socket.close()


async def test_depth_changes_add_up_to_the_book(desk: Desk) -> None:
    socket = await _listen(desk, "/ws/btcusdt@depth@100ms")
    book: dict[str, dict[str, str]] = {"b": {}, "a": {}}
    desk.spot.show("BTCUSDT", [["60000", "1"], ["59999", "2"]], [["60001", "3"]])
    desk.spot.show("BTCUSDT", [["60000", "4"]], [["60001", "3"], ["60002", "1"]])
    for _ in range(2):
        event = await socket.next()
        for side in ("b", "a"):
            book[side].update(dict(event[side]))
    assert {price: qty for price, qty in book["b"].items() if float(qty)} == {"60000.00000000": "4.00000000"}
    assert event["a"] == [["60002.00000000", "1.00000000"]]
    await socket.close()


# Limits


async def test_weight_is_counted_by_the_minute(desk: Desk) -> None:
    desk.venue.now_ms = NOW - NOW % 60_000
    await desk.call("GET /api/v3/account")
    await desk.call("GET /api/v3/openOrders")
    assert desk.call.headers["x-mbx-used-weight-1m"] == "100"  # 20, and 80 without a symbol
    await desk.limit("BUY", "0.1", "59000")
    assert desk.call.headers["x-mbx-used-weight-1m"] == "100"  # an order that succeeds costs nothing
    assert (desk.call.headers["x-mbx-order-count-10s"], desk.call.headers["x-mbx-order-count-1d"]) == ("1", "1")
    await desk.refused("POST /api/v3/order", side="BUY")
    assert desk.call.headers["x-mbx-used-weight-1m"] == "101"
    desk.venue.now_ms += 60_000
    await desk.call("GET /api/v3/account")
    assert desk.call.headers["x-mbx-used-weight-1m"] == "20"


async def test_too_much_weight_is_refused_and_then_banned(desk: Desk) -> None:
    desk.venue.now_ms = NOW - NOW % 60_000 + 15_000
    desk.spot.limits.limits = [Limit("REQUEST_WEIGHT", "MINUTE", 1, 50)]
    statuses = [(await desk.call("GET /api/v3/account"))[0] for _ in range(13)]
    assert statuses == [200] * 2 + [429] * 10 + [418]
    assert desk.call.headers["retry-after"] == "120"
    desk.venue.now_ms += 119_999
    assert (await desk.call("GET /api/v3/account"))[0] == 418
    desk.venue.now_ms += 1
    assert (await desk.call("GET /api/v3/account"))[0] == 200


async def test_unfilled_orders_are_counted(desk: Desk) -> None:
    # The second example of faqs/order_count_decrement.md in short: what trades is taken off the count.
    desk.venue.now_ms = NOW - NOW % 10_000
    desk.spot.limits.limits = [Limit("ORDERS", "SECOND", 10, 2)]
    await desk.limit("BUY", "0.1", "59000")
    await desk.limit("BUY", "0.1", "58000")
    code, text = await desk.refused("POST /api/v3/order", side="SELL", type="MARKET", quantity="0.1")
    assert (code, text) == (-1015, "Too many new orders; current limit is 2 orders per 10 SECOND.")
    assert desk.call.headers["retry-after"] == "10"
    desk.around("58990", "59000")
    assert (await desk.order("SELL", "MARKET", quantity="0.1"))["status"] == "FILLED"
    counts = (await desk.call("GET /api/v3/rateLimit/order"))[1]
    assert [row["count"] for row in counts] == [1]


async def test_limits_are_told_on_the_websocket(desk: Desk) -> None:
    socket = await desk.call.connect()
    answer = await socket.request("time", signed=False)
    assert answer["rateLimits"] == [
        {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000, "count": 3}
    ]
    silent = await socket.request("time", signed=False, returnRateLimits=False)
    assert "rateLimits" not in silent
    await socket.ws.send_str("not json")
    assert (await socket.next())["error"] == {"code": -1135, "msg": "Invalid JSON Request"}
    await socket.close()


def test_a_walk_is_the_same_for_the_same_seed() -> None:
    def books(seed: int) -> list[object]:
        prices = Prices(lambda: NOW)
        walk = Walk(prices, "BTCUSDT", seed, "60000")
        seen: list[object] = []
        for _ in range(50):
            walk.step()
            market = prices["BTCUSDT"]
            seen.append((list(market.bids), list(market.asks)))
            assert market.bids[0][0] < market.asks[0][0]
        return seen

    assert books(1) == books(1)
    assert books(1) != books(2)
