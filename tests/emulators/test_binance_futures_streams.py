"""Streams, the WebSocket API and faults of the emulator's USDT-M futures, driven by several independent clients."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import binance as python_binance
import binance_sdk_derivatives_trading_usds_futures.derivatives_trading_usds_futures as sdk
import pytest
from binance_common.configuration import ConfigurationRestAPI

from tests.emulators.binance.futures import Futures
from tests.emulators.binance.venue import Binance
from tests.emulators.futures_desk import BTC, KEY, SECRET, around, ccxt_client, code_of, events, exchange, listen

MARKET = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"}
LIMIT = MARKET | {"type": "LIMIT", "timeInForce": "GTC", "price": "59000"}


@pytest.fixture
async def desk() -> AsyncIterator[tuple[Binance, Futures, Any]]:
    async with exchange() as (venue, futures), ccxt_client(futures) as client:
        yield venue, futures, client


@pytest.fixture
async def peer(desk: tuple[Binance, Futures, Any]) -> AsyncIterator[Any]:
    """python-binance on the same exchange."""
    _, futures, _ = desk
    client = python_binance.AsyncClient(KEY, SECRET)
    client.FUTURES_URL = futures.rest_url + "/fapi"
    yield client
    await client.close_connection()


@pytest.fixture
async def web() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def test_python_binance_trades_and_hears_of_it(desk: tuple[Binance, Futures, Any], peer: Any) -> None:
    venue, futures, _ = desk
    sockets = python_binance.BinanceSocketManager(peer)
    sockets.FSTREAM_URL = futures.stream_url + "/"
    await peer.futures_change_leverage(symbol="BTCUSDT", leverage=10)
    async with sockets.futures_user_socket() as socket:
        await peer.futures_create_order(**MARKET, newClientOrderId="p1")
        heard = [await asyncio.wait_for(socket.recv(), 2) for _ in range(4)]
        venue.cut_streams()  # else its goodbye takes ten seconds
    assert [event["e"] for event in heard] == [
        "ORDER_TRADE_UPDATE",
        "TRADE_LITE",
        "ACCOUNT_UPDATE",
        "ORDER_TRADE_UPDATE",
    ]
    new, lite, account, trade = heard
    assert (new["o"]["x"], new["o"]["X"], new["o"]["c"]) == ("NEW", "NEW", "p1")
    assert (trade["o"]["x"], trade["o"]["X"], trade["o"]["l"], trade["o"]["L"]) == (
        "TRADE",
        "FILLED",
        "0.010",
        "60000.10",
    )
    assert (trade["o"]["n"], trade["o"]["N"], trade["o"]["t"]) == ("0.30000050", "USDT", lite["t"])
    [position] = account["a"]["P"]
    assert (account["a"]["m"], position["pa"], position["ep"], position["ps"]) == ("ORDER", "0.010", "60000.1", "BOTH")
    assert account["a"]["B"] == [{"a": "USDT", "wb": "9999.69999950", "cw": "9999.69999950", "bc": "0"}]
    [held] = await peer.futures_position_information(symbol="BTCUSDT")
    assert held["positionAmt"] == "0.010"
    [traded] = await peer.futures_account_trades(symbol="BTCUSDT")
    assert traded["id"] == lite["t"]


async def test_python_binance_sends_stops_and_batches(desk: tuple[Binance, Futures, Any], peer: Any) -> None:
    _, _, client = desk
    stop = await peer.futures_create_order(
        symbol="BTCUSDT", side="BUY", type="STOP_MARKET", quantity="0.01", stopPrice="61000", newClientOrderId="ps"
    )
    assert (stop["algoStatus"], stop["triggerPrice"]) == ("NEW", "61000.00")
    [waiting] = await peer.futures_get_open_algo_orders(symbol="BTCUSDT")
    assert waiting["algoId"] == stop["algoId"]
    good, bad = await peer.futures_place_batch_order(batchOrders=[dict(LIMIT), LIMIT | {"price": "59000.05"}])
    assert (good["status"], bad["code"]) == ("NEW", -4014)
    modified = await peer.futures_modify_order(
        symbol="BTCUSDT", side="BUY", orderId=good["orderId"], quantity="0.02", price="58000"
    )
    assert (modified["origQty"], modified["price"]) == ("0.020", "58000.00")
    numbers = [str(good["orderId"]), "1"]
    gone, unknown = await client.fapiPrivateDeleteBatchOrders({"symbol": "BTCUSDT", "orderidlist": numbers})
    assert (gone["status"], unknown["code"]) == ("CANCELED", -2011)


async def test_the_exchange_s_own_client(desk: tuple[Binance, Futures, Any]) -> None:
    """Its models check every field of every answer."""
    _, futures, _ = desk
    rest = sdk.DerivativesTradingUsdsFutures(
        config_rest_api=ConfigurationRestAPI(api_key=KEY, api_secret=SECRET, base_path=futures.rest_url)
    ).rest_api

    def trade() -> tuple[Any, ...]:
        order = rest.new_order(symbol="BTCUSDT", side="BUY", type="MARKET", quantity=0.01, new_order_resp_type="RESULT")
        stop = rest.new_algo_order(
            algo_type="CONDITIONAL",
            symbol="BTCUSDT",
            side="SELL",
            type="STOP_MARKET",
            quantity=0.01,
            trigger_price=59000,
        )
        found = rest.query_order(symbol="BTCUSDT", order_id=order.data().order_id)
        waiting = rest.current_all_algo_open_orders()
        account = rest.account_information_v3()
        risk = rest.position_information_v3()
        rows = rest.account_trade_list(symbol="BTCUSDT")
        return order.data(), stop.data(), found.data(), waiting.data(), account.data(), risk.data(), rows.data()

    order, stop, found, waiting, account, risk, rows = await asyncio.to_thread(trade)
    assert (order.status, order.executed_qty, found.avg_price) == ("FILLED", "0.010", "60000.10000")
    assert (stop.algo_status, [row.algo_id for row in waiting]) == ("NEW", [stop.algo_id])
    assert (account.positions[0].position_amt, risk[0].entry_price, rows[0].price) == ("0.010", "60000.1", "60000.10")


async def test_ccxt_watches_orders_and_books(desk: tuple[Binance, Futures, Any]) -> None:
    venue, futures, client = desk
    await client.load_markets()
    watched = asyncio.create_task(client.watch_orders(BTC))
    book = asyncio.create_task(client.watch_order_book(BTC, 5))
    await until(lambda: futures.users.listening("main"))
    futures.place(**LIMIT)
    [order] = await asyncio.wait_for(watched, 2)
    assert (order["status"], order["price"], order["amount"]) == ("open", 59000, 0.01)
    await until(venue.streams["usdm-public"].names)
    assert (await asyncio.wait_for(book, 2))["bids"][0] == [60000.0, 10]
    around(futures, "60100.0")
    shown = await asyncio.wait_for(client.watch_order_book(BTC, 5), 2)
    assert (shown["bids"][0], shown["asks"][0]) == ([60100.0, 10], [60100.1, 10]), "what is gone is told as gone"


async def until(holds: Any) -> None:
    """Let the loop run until something holds."""
    for _ in range(2000):
        if holds():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it did not come to hold")


async def test_a_conditional_order_s_events(desk: tuple[Binance, Futures, Any], web: aiohttp.ClientSession) -> None:
    """The order of the exchange's own: TRIGGERING, TRIGGERED with the order's id, that order's events, FINISHED."""
    _, futures, client = desk
    socket = await listen(futures, client, web, "/private/stream?listenKey={}")
    algo = {"algoType": "CONDITIONAL", "type": "STOP_MARKET", "triggerPrice": "60500", "clientAlgoId": "st"}
    await client.fapiPrivatePostAlgoOrder(MARKET | algo)
    futures.print("BTCUSDT", "60500")
    heard = [event["data"] for event in await events(socket, 8)]
    told = [(e["e"], e["o"]["X"]) if "o" in e and isinstance(e["o"], dict) else (e["e"], "") for e in heard]
    assert told == [
        ("ALGO_UPDATE", "NEW"),
        ("ALGO_UPDATE", "TRIGGERING"),
        ("ALGO_UPDATE", "TRIGGERED"),
        ("ORDER_TRADE_UPDATE", "NEW"),
        ("TRADE_LITE", ""),
        ("ACCOUNT_UPDATE", ""),
        ("ORDER_TRADE_UPDATE", "FILLED"),
        ("ALGO_UPDATE", "FINISHED"),
    ]
    triggered, filled, finished = heard[2]["o"], heard[6]["o"], heard[7]["o"]
    assert (filled["c"], str(filled["i"])) == ("st", triggered["ai"])
    assert (finished["aq"], finished["act"], finished["tt"] > 0) == ("0.010", "MARKET", True)


async def test_listen_keys_and_their_paths(desk: tuple[Binance, Futures, Any], web: aiohttp.ClientSession) -> None:
    venue, futures, client = desk
    assert await code_of(client.fapiPrivatePutListenKey({})) == -1125
    old = await listen(futures, client, web, "/ws/{}")
    only = await listen(futures, client, web, "/private/ws?listenKey={}&events=ACCOUNT_UPDATE/listenKeyExpired")
    futures.place(**MARKET)
    [heard] = await events(only, 1)
    assert heard["e"] == "ACCOUNT_UPDATE", "the events that were asked for"
    with pytest.raises(TimeoutError):  # the old root stays open and hears nothing
        await asyncio.wait_for(old.receive_json(), 0.05)
    venue.offset_ms += 3_599_000
    await client.fapiPrivatePutListenKey({"timestamp": venue.now_ms})
    venue.offset_ms += 3_601_000
    futures.tick()
    [ended] = await events(only, 1)
    assert ended["e"] == "listenKeyExpired"
    futures.place(**MARKET)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(only.receive_json(), 0.05)
    assert await code_of(client.fapiPrivatePutListenKey({})) == -1125


async def test_market_streams_by_path(desk: tuple[Binance, Futures, Any], web: aiohttp.ClientSession) -> None:
    _, futures, _ = desk
    names = "btcusdt@bookTicker/btcusdt@depth5@100ms/btcusdt@kline_1m/btcusdt@markPrice"
    public = await web.ws_connect(f"{futures.stream_url}/public/stream?streams={names}")
    market = await web.ws_connect(f"{futures.stream_url}/market/ws/{names}")
    await events(public, 2)  # what is shown already
    futures.bar("BTCUSDT", "1m", 1_700_000_040_000, ["1", "3", "0.5", "2", "7"])
    futures.mark("BTCUSDT", "60001.5")
    around(futures, "60100.0")
    ticker, depth = await events(public, 2)
    assert (ticker["stream"], ticker["data"]["b"], ticker["data"]["a"]) == (
        "btcusdt@bookTicker",
        "60100.00",
        "60100.10",
    )
    assert (depth["stream"], depth["data"]["b"][0]) == ("btcusdt@depth5@100ms", ["60100.00", "10.000"])
    bar, mark = await events(market, 2)
    assert (bar["k"]["c"], bar["k"]["x"], mark["e"], mark["p"]) == ("2", True, "markPriceUpdate", "60001.50000000")


async def test_the_account_s_events_and_their_reasons(
    desk: tuple[Binance, Futures, Any], web: aiohttp.ClientSession
) -> None:
    _, futures, client = desk
    await client.load_markets()
    socket = await listen(futures, client, web)
    await client.set_leverage(10, BTC)
    await client.set_margin_mode("isolated", BTC)
    futures.transfer("main", 250)
    leverage, margin, deposit = await events(socket, 3)
    assert (leverage["e"], leverage["ac"]) == ("ACCOUNT_CONFIG_UPDATE", {"s": "BTCUSDT", "l": 10})
    assert (margin["a"]["m"], margin["a"]["P"][0]["mt"]) == ("MARGIN_TYPE_CHANGE", "isolated")
    assert (deposit["a"]["m"], deposit["a"]["B"][0]["bc"], deposit["a"]["P"]) == ("DEPOSIT", "250.00000000", [])
    futures.place(**MARKET)
    await events(socket, 4)
    futures.mark("BTCUSDT", "60000")
    futures.fund("BTCUSDT", "-0.0002")
    [funding] = await events(socket, 1)
    # The short pays: 0.01 * 60000 * 0.0002; an isolated position is told with it.
    assert (funding["a"]["m"], funding["a"]["B"][0]["bc"]) == ("FUNDING_FEE", "0.12000000")
    assert funding["a"]["P"][0]["iw"] == "60.12010000"
    futures.account().isolated.clear()
    futures.fund("BTCUSDT", "0.0002")
    [funding] = await events(socket, 1)
    assert funding["a"]["P"] == [], "of a crossed position only the balance is told"
    resting = await client.fapiPrivatePostOrder(LIMIT)
    await client.fapiPrivatePutOrder(
        {"symbol": "BTCUSDT", "side": "BUY", "orderId": resting["orderId"], "quantity": "0.02", "price": "58000"}
    )
    await client.fapiPrivateDeleteAllOpenOrders({"symbol": "BTCUSDT"})
    heard = [event["o"] for event in await events(socket, 3)]
    assert [(o["x"], o["X"], o["q"]) for o in heard] == [
        ("NEW", "NEW", "0.010"),
        ("AMENDMENT", "NEW", "0.020"),
        ("CANCELED", "CANCELED", "0.020"),
    ]
