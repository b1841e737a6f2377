"""User data on the WebSocket API: user-data-stream.md, and "User Data Stream requests" of web-socket-api.md."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.emulators.binance.caller import Caller, Socket
from tests.emulators.binance.connections import Pulse
from tests.emulators.binance.signing import ApiKey
from tests.emulators.binance.spot import Spot
from tests.emulators.binance.venue import Binance
from tests.emulators.spot_desk import KEY, NOW, Desk, trading, until


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with trading(NOW) as desk:
        yield desk


@pytest.fixture
async def socket(desk: Desk) -> AsyncIterator[Socket]:
    socket = await desk.call.connect()
    await socket.subscribe()
    yield socket
    await socket.close()


async def _all(desk: Desk, socket: Socket, count: int) -> list[dict[str, Any]]:
    return [await socket.event() for _ in range(count)]


async def test_the_events_of_a_market_order_that_runs_dry(desk: Desk, socket: Socket) -> None:
    # The sequence of faqs/market_orders_faq.md: NEW, two trades, EXPIRED, then the balances once.
    desk.spot.exchange.deposit("main", "BTC", 5)
    desk.spot.show("BTCUSDT", [["60000", "2"], ["59999", "2"]], [])
    await desk.order("SELL", "MARKET", quantity="6", newClientOrderId="dry")
    told = [event for event in await _all(desk, socket, 7) if event["e"] != "balanceUpdate"][1:]
    reports, account = told[:4], told[4]
    assert [(report["x"], report["X"], report["l"], report["z"]) for report in reports] == [
        ("NEW", "NEW", "0.00000000", "0.00000000"),
        ("TRADE", "PARTIALLY_FILLED", "2.00000000", "2.00000000"),
        ("TRADE", "PARTIALLY_FILLED", "2.00000000", "4.00000000"),
        ("EXPIRED", "EXPIRED", "0.00000000", "4.00000000"),
    ]
    assert [(report["n"], report["N"], report["t"] > 0) for report in reports] == [
        ("0", None, False),
        ("120.00000000", "USDT", True),
        ("119.99800000", "USDT", True),
        ("0", None, False),
    ]
    assert {report["c"] for report in reports} == {"dry"}
    numbers = [report["I"] for report in reports]
    assert numbers == sorted(set(numbers))
    assert reports[3]["eR"] == "INSUFFICIENT_LIQUIDITY"
    assert account["e"] == "outboundAccountPosition"
    assert {row["a"]: (row["f"], row["l"]) for row in account["B"]} == {
        "BTC": ("2.00000000", "0.00000000"),
        "USDT": ("339758.00200000", "0.00000000"),
    }


async def test_a_cancel_tells_both_ids(desk: Desk, socket: Socket) -> None:
    placed = await desk.limit("BUY", "0.1", "59000", newClientOrderId="mine")
    sent = {"symbol": "BTCUSDT", "orderId": placed["orderId"], "newClientOrderId": "the-cancel"}
    await desk.call("DELETE /api/v3/order", **sent)
    new, gone = [await socket.event("executionReport") for _ in range(2)]
    assert (new["c"], new["C"], new["w"], new["W"]) == ("mine", "", True, NOW)
    assert (gone["x"], gone["c"], gone["C"], gone["w"]) == ("CANCELED", "the-cancel", "mine", False)


async def test_a_stop_tells_of_its_trigger(desk: Desk, socket: Socket) -> None:
    await desk.order("SELL", "STOP_LOSS_LIMIT", timeInForce="GTC", quantity="0.1", price="58000", stopPrice="59000")
    desk.spot.show("BTCUSDT", [["57000", "1"]], [["59000", "1"]], last="59000")
    first, second = [await socket.event("executionReport") for _ in range(2)]
    assert (first["x"], first["w"], "W" in first, first["P"]) == ("NEW", False, False, "59000.00000000")
    assert (second["x"], second["w"], second["W"]) == ("NEW", True, NOW)


async def test_an_amendment_is_told(desk: Desk, socket: Socket) -> None:
    placed = await desk.limit("SELL", "0.5", "61000", newClientOrderId="a")
    sent = {"symbol": "BTCUSDT", "orderId": placed["orderId"], "newQty": "0.2", "newClientOrderId": "b"}
    await desk.call("PUT /api/v3/order/amend/keepPriority", **sent)
    _, amended = [await socket.event("executionReport") for _ in range(2)]
    assert (amended["x"], amended["X"], amended["q"], amended["c"], amended["C"]) == (
        "REPLACED",
        "NEW",
        "0.20000000",
        "b",
        "a",
    )


async def test_a_list_is_told_from_its_start_to_its_end(desk: Desk, socket: Socket) -> None:
    sent = {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "quantity": "0.5",
        "aboveType": "LIMIT_MAKER",
        "abovePrice": "62000",
        "belowType": "STOP_LOSS",
        "belowStopPrice": "58000",
        "listClientOrderId": "pair",
    }
    placed = (await desk.call("POST /api/v3/orderList/oco", **sent))[1]
    desk.around("57999", "58000.01")
    desk.spot.trade("BTCUSDT", "58000")
    started = await socket.event("listStatus")
    assert (started["l"], started["L"], started["C"], started["g"]) == (
        "EXEC_STARTED",
        "EXECUTING",
        "pair",
        placed["orderListId"],
    )
    assert [row["i"] for row in started["O"]] == [row["orderId"] for row in placed["orders"]]
    done = await socket.event("listStatus")
    assert (done["l"], done["L"]) == ("ALL_DONE", "ALL_DONE")


async def test_deposits_and_withdrawals(desk: Desk, socket: Socket) -> None:
    desk.spot.exchange.deposit("main", "ETH", "2.5")
    desk.spot.exchange.deposit("main", "ETH", "-0.5")
    events = await _all(desk, socket, 4)
    assert [(event["e"], event.get("d")) for event in events] == [
        ("balanceUpdate", "2.50000000"),
        ("outboundAccountPosition", None),
        ("balanceUpdate", "-0.50000000"),
        ("outboundAccountPosition", None),
    ]
    assert events[3]["B"] == [{"a": "ETH", "f": "2.00000000", "l": "0.00000000"}]


async def test_somebody_else_trades_by_hand(desk: Desk, socket: Socket) -> None:
    placed = desk.spot.act("main", "POST /api/v3/order", symbol="BTCUSDT", side="SELL", type="MARKET", quantity="0.25")
    assert placed["status"] == "FILLED"
    assert (await socket.event("executionReport"))["i"] == placed["orderId"]
    assert {fact.by for fact in desk.venue.executed.of("trade")} == {"somebody"}


async def test_one_subscription_of_an_account_on_a_connection(desk: Desk, socket: Socket) -> None:
    again = await socket.request("userDataStream.subscribe.signature")
    assert again["error"] == {"code": -2035, "msg": "User Data Stream subscription already active."}
    assert (await socket.request("session.subscriptions", signed=False))["result"] == [{"subscriptionId": 0}]
    gone = await socket.request("userDataStream.unsubscribe", signed=False, subscriptionId=0)
    assert gone["result"] == {}
    assert (await socket.event())["e"] == "eventStreamTerminated"
    missing = await socket.request("userDataStream.unsubscribe", signed=False, subscriptionId=0)
    assert missing["error"]["code"] == -2036
    assert (await socket.request("userDataStream.subscribe.signature"))["result"] == {"subscriptionId": 1}


async def test_two_accounts_on_one_server_hear_only_of_themselves(desk: Desk, socket: Socket) -> None:
    key = ApiKey("o" * 64, "other", secret="hush")
    desk.spot.open_account("other", key, USDT=1000)
    async with Caller(desk.venue, key) as other:
        theirs = await other.connect()
        await theirs.subscribe()
        sent = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"}
        assert (await other("POST /api/v3/order", **sent))[1]["status"] == "FILLED"
        assert (await theirs.event("executionReport"))["S"] == "BUY"
        await theirs.close()
    await desk.order("SELL", "MARKET", quantity="0.01")
    assert (await socket.event("executionReport"))["S"] == "SELL"


async def test_accounts_trade_with_each_other(desk: Desk) -> None:
    key = ApiKey("o" * 64, "other", secret="hush")
    desk.spot.open_account("other", key, USDT=100_000)
    desk.spot.show("BTCUSDT", [], [], last=60000)
    await desk.limit("SELL", "0.5", "60500")
    async with Caller(desk.venue, key) as other:
        sent = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
        bought = (await other("POST /api/v3/order", **sent, quantity="0.2", price="61000"))[1]
    assert (bought["status"], bought["fills"][0]["price"]) == ("FILLED", "60500.00000000")
    maker, taker = desk.venue.executed.of("trade")[::-1]
    assert (maker.account, maker.maker, taker.account, taker.maker) == ("main", True, "other", False)
    assert maker.trade_id == taker.trade_id


async def test_a_shutdown_is_announced(desk: Desk, socket: Socket) -> None:
    desk.venue.shut_down()
    assert await socket.event() == {"e": "serverShutdown", "E": NOW}
    desk.venue.cut_streams()
    with pytest.raises(ConnectionResetError):
        await socket.event()
    await until(lambda: not desk.venue.connections)


async def test_a_ping_is_answered_with_its_payload(desk: Desk, socket: Socket) -> None:
    [connection] = desk.venue.connections
    await connection.ping(b"1790000000000")
    await socket.request("time", signed=False)
    assert connection.pings == [b"1790000000000"]


@pytest.mark.parametrize("pulse", [Pulse(ping=0.01, pong=0.03), Pulse(ping=0.01, life=0.03)])
async def test_a_connection_ends_without_pongs_or_after_its_life(pulse: Pulse) -> None:
    async with Binance(NOW, [KEY], pulse) as venue, Caller(venue, KEY) as call:
        Spot(venue)
        ws = await call.session.ws_connect(venue.ws_api_url, autoping=False)
        pings = 0
        while (message := await ws.receive(2)).type is aiohttp.WSMsgType.PING:
            pings += 1
            if pulse.life < 1:
                await ws.pong(message.data)
        assert (pings > 0, message.type) == (True, aiohttp.WSMsgType.CLOSED)
        await ws.close()


async def test_an_ended_stream_can_be_subscribed_again(desk: Desk, socket: Socket) -> None:
    desk.spot.users.terminate("main")
    assert (await socket.event())["e"] == "eventStreamTerminated"
    await socket.subscribe()
    desk.spot.exchange.deposit("main", "ETH", 1)
    assert (await socket.event())["e"] == "balanceUpdate"
