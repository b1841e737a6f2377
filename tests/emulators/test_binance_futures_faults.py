"""Faults, limits, the WebSocket API and the control endpoint of the emulator's USDT-M futures."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import ccxt
import pytest

from tests.emulators.binance.caller import Caller
from tests.emulators.binance.futures import Futures
from tests.emulators.binance.limits import Limit
from tests.emulators.binance.signing import ApiKey
from tests.emulators.binance.venue import Binance
from tests.emulators.futures_desk import KEY, SECRET, ccxt_client, code_of, events, exchange, listen

MARKET = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"}
LIMIT = MARKET | {"type": "LIMIT", "timeInForce": "GTC", "price": "59000"}


@pytest.fixture
async def desk() -> AsyncIterator[tuple[Binance, Futures, Any]]:
    async with exchange() as (venue, futures), ccxt_client(futures) as client:
        yield venue, futures, client


@pytest.fixture
async def web() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.mark.parametrize(
    ("fault", "detail", "executed"),
    [
        ("drop_before", {}, 0),
        ("drop_after", {}, 1),
        ("status_502", {}, 0),
        ("code_-1007", {"executed": True}, 1),
        ("code_-1008", {}, 0),
        ("truncated", {}, 1),
        ("429", {}, 0),
    ],
)
async def test_faults_strike_as_on_spot(
    desk: tuple[Binance, Futures, Any], fault: str, detail: dict[str, Any], executed: int
) -> None:
    venue, futures, client = desk
    venue.faults.arm(fault, on="POST /fapi/v1/order", **detail)
    with pytest.raises(ccxt.BaseError):
        await client.fapiPrivatePostOrder(MARKET | {"newClientOrderId": "f"})
    assert len(venue.executed.of("trade", client_order_id="f")) == executed
    if executed:
        found = await client.fapiPrivateGetOrder({"symbol": "BTCUSDT", "origClientOrderId": "f"})
        assert found["status"] == "FILLED"
    assert len(futures.account().held()) == executed


async def test_look_ups_may_lag(desk: tuple[Binance, Futures, Any]) -> None:
    venue, _, client = desk
    venue.faults.arm("lookup_lag", on="POST /fapi/v1/order", lookups=2, lists=True)
    await client.fapiPrivatePostOrder(LIMIT | {"newClientOrderId": "lag"})
    assert await client.fapiPrivateGetOpenOrders({"symbol": "BTCUSDT"}) == []
    look = {"symbol": "BTCUSDT", "origClientOrderId": "lag"}
    assert [await code_of(client.fapiPrivateGetOrder(look)) for _ in range(2)] == [-2013, -2013]
    assert (await client.fapiPrivateGetOrder(look))["status"] == "NEW"
    assert len(await client.fapiPrivateGetOpenOrders({"symbol": "BTCUSDT"})) == 1


async def test_events_may_go_wrong(desk: tuple[Binance, Futures, Any], web: aiohttp.ClientSession) -> None:
    venue, futures, client = desk
    socket = await listen(futures, client, web, "/private/ws?listenKey={}&events=ORDER_TRADE_UPDATE")
    venue.faults.arm("doubled", on="ORDER_TRADE_UPDATE:TRADE")
    venue.faults.arm("missing", on="ORDER_TRADE_UPDATE:NEW")
    futures.place(**MARKET)
    heard = await events(socket, 2)
    assert [event["o"]["x"] for event in heard] == ["TRADE", "TRADE"]
    assert heard[0]["o"]["t"] == heard[1]["o"]["t"]
    venue.faults.arm("stream_cut", on="ORDER_TRADE_UPDATE:NEW")
    futures.place(**MARKET)
    assert (await asyncio.wait_for(socket.receive(), 2)).type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)


async def test_the_websocket_api(desk: tuple[Binance, Futures, Any]) -> None:
    venue, _, _ = desk
    async with Caller(venue, ApiKey(KEY, secret=SECRET)) as caller:
        ask = (await caller.connect("/ws-fapi/v1")).request
        placed = await ask("order.place", **LIMIT, newClientOrderId="w1")
        assert (placed["status"], placed["result"]["clientOrderId"]) == (200, "w1")
        assert {row["rateLimitType"] for row in placed["rateLimits"]} == {"ORDERS", "REQUEST_WEIGHT"}
        again = await ask("order.place", **LIMIT, newClientOrderId="w1")
        assert (again["status"], again["error"]) == (400, {"code": -4116, "msg": "clientOrderId is duplicated"})
        look = {"symbol": "BTCUSDT", "origClientOrderId": "w1"}
        assert (await ask("order.status", **look))["result"]["status"] == "NEW"
        assert (await ask("order.cancel", **look))["result"]["status"] == "CANCELED"
        [balance] = (await ask("v2/account.balance"))["result"]
        assert balance["availableBalance"] == "10000.00000000"
        venue.faults.arm("code_-1007", on="order.place", executed=True)
        unknown = await ask("order.place", **LIMIT, newClientOrderId="w2")
        assert unknown["error"]["code"] == -1007
        assert (await ask("order.status", symbol="BTCUSDT", origClientOrderId="w2"))["result"]["status"] == "NEW"
        started = await ask("userDataStream.start", signed=False, apiKey=KEY)
        assert (await ask("userDataStream.ping", signed=False, apiKey=KEY))["result"] == started["result"]


async def test_another_process_works_it_by_control(
    desk: tuple[Binance, Futures, Any], web: aiohttp.ClientSession
) -> None:
    venue, _, _ = desk

    async def do(name: str, **params: Any) -> Any:
        async with web.post(venue.url + "/__control__", json={"do": name, **params}) as answer:
            told = await answer.json()
            assert answer.status == 200, told
            return told["result"]

    await do("usdm_show", symbol="ETHUSDT", bids=[["3000", "1"]], asks=[["3001", "1"]])
    order = await do("usdm_place", symbol="ETHUSDT", side="BUY", type="MARKET", quantity="0.5")
    assert (order["status"], order["avgPrice"]) == ("FILLED", "3001.00000")
    assert await do("usdm_positions") == [{"symbol": "ETHUSDT", "side": "BOTH", "amount": "0.5", "entry": "3001"}]
    assert [fact["by"] for fact in await do("ledger") if fact["kind"] == "trade"] == ["somebody"]


async def test_order_counts_are_limited(desk: tuple[Binance, Futures, Any]) -> None:
    _, futures, client = desk
    await client.fapiPrivatePostOrder(LIMIT)
    told = {name.lower(): value for name, value in client.last_response_headers.items()}
    assert (told["x-mbx-order-count-10s"], told["x-mbx-order-count-1m"]) == ("1", "1")
    futures.limits.limits = [Limit("REQUEST_WEIGHT", "MINUTE", 1, 2400), Limit("ORDERS", "DAY", 1, 1)]
    await client.fapiPrivatePostOrder(LIMIT)
    assert await code_of(client.fapiPrivatePostOrder(LIMIT)) == -1015
