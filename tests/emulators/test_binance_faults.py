"""Every fault switch: what the client sees, and whether the exchange has executed the order.

Each request fault is armed against one order; the ledger then says what really happened.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.emulators.binance.caller import sign
from tests.emulators.spot_desk import KEY, Desk, trading, until

ORDER = "POST /api/v3/order"
SELL = {"symbol": "BTCUSDT", "side": "SELL", "type": "MARKET", "quantity": "0.1", "newClientOrderId": "mine"}


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with trading() as desk:
        yield desk


def _executed(desk: Desk) -> int:
    return len(desk.venue.executed.of("order", client_order_id="mine"))


async def _raw(desk: Desk, **options: Any) -> tuple[int, str]:
    """Place the order; status and text of the answer, whatever it is."""
    body = "&".join(f"{name}={value}" for name, value in SELL.items()) + f"&timestamp={desk.venue.now_ms}"
    headers = {"X-MBX-APIKEY": KEY.key, "Content-Type": "application/x-www-form-urlencoded"}
    url = f"{desk.venue.rest_url}/api/v3/order"
    data = f"{body}&signature={sign(KEY.secret, body)}"
    async with desk.call.session.post(url, data=data, headers=headers, **options) as answer:
        desk.call.headers = {name.lower(): value for name, value in answer.headers.items()}
        return answer.status, await answer.text()


@pytest.mark.parametrize(("fault", "executed"), [("drop_before", 0), ("drop_after", 1)])
async def test_a_dropped_connection(desk: Desk, fault: str, executed: int) -> None:
    desk.venue.faults.arm(fault, on=ORDER)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await _raw(desk)
    assert _executed(desk) == executed
    assert desk.venue.faults.struck == [(fault, ORDER)]


@pytest.mark.parametrize(("fault", "executed"), [("hang_before", 0), ("hang_after", 1)])
async def test_a_hang(desk: Desk, fault: str, executed: int) -> None:
    desk.venue.faults.arm(fault, on=ORDER)
    sent = asyncio.create_task(_raw(desk))
    await until(lambda: desk.venue.faults.struck)
    await asyncio.sleep(0)
    assert (sent.done(), _executed(desk)) == (False, executed)
    desk.venue.release()
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await sent


@pytest.mark.parametrize("executed", [False, True])
@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        ("status_502", 502, "502 Bad Gateway"),
        ("status_503", 503, "Service Unavailable"),
        ("status_504", 504, "504 Gateway Time-out"),
        ("status_524", 524, "524"),
        ("status_403", 403, "403 ERROR"),
        ("html_200", 200, "<!DOCTYPE html>"),
        ("empty", 200, ""),
        ("code_-1000", 500, '{"code":-1000,"msg":"An unknown error occurred while processing the request."}'),
        ("code_-1001", 500, '{"code":-1001,"msg":"Internal error; unable to process your request.'),
        ("code_-1006", 500, '{"code":-1006,"msg":"An unexpected response was received from the message bus.'),
        ("code_-1007", 504, '{"code":-1007,"msg":"Timeout waiting for response from backend server.'),
        ("code_-1008", 503, '{"code":-1008,"msg":"Server is currently overloaded with other requests.'),
    ],
)
async def test_answers_that_do_not_tell_what_happened(
    desk: Desk, fault: str, status: int, words: str, executed: bool
) -> None:
    desk.venue.faults.arm(fault, on=ORDER, executed=executed)
    answer = await _raw(desk)
    assert (answer[0], words in answer[1], _executed(desk)) == (status, True, int(executed))
    assert (await desk.call("GET /api/v3/account"))[0] == 200  # only the one request


async def test_a_truncated_answer(desk: Desk) -> None:
    desk.venue.faults.arm("truncated", on=ORDER)
    with pytest.raises(aiohttp.ClientPayloadError):
        await _raw(desk)
    assert _executed(desk) == 1


@pytest.mark.parametrize(
    ("fault", "detail", "status", "body"),
    [
        ("-1021", {}, 400, '{"code":-1021,"msg":"Timestamp for this request is outside of the recvWindow."}'),
        ("code_-2010", {"text": "Duplicate order sent."}, 400, '{"code":-2010,"msg":"Duplicate order sent."}'),
        ("code_-2010", {"text": "Market is closed."}, 400, '{"code":-2010,"msg":"Market is closed."}'),
        ("code_-2011", {"text": "Unknown order sent."}, 400, '{"code":-2011,"msg":"Unknown order sent."}'),
        ("code_-9999", {"text": "Something new."}, 400, '{"code":-9999,"msg":"Something new."}'),
    ],
)
async def test_refusals_are_never_executed(
    desk: Desk, fault: str, detail: dict[str, Any], status: int, body: str
) -> None:
    desk.venue.faults.arm(fault, on=ORDER, **detail)
    assert await _raw(desk) == (status, body)
    assert _executed(desk) == 0
    with pytest.raises(ValueError, match="cannot be executed"):
        desk.venue.faults.arm(fault, on=ORDER, executed=True, **detail)


async def test_429_says_how_long_and_418_lasts(desk: Desk) -> None:
    desk.venue.faults.arm("429", on=ORDER, seconds=7)
    assert ((await _raw(desk))[0], desk.call.headers["retry-after"]) == (429, "7")
    assert (await desk.call("GET /api/v3/account"))[0] == 200
    desk.venue.now_ms = desk.venue.now_ms
    desk.venue.faults.arm("418", on=ORDER, seconds=30)
    status, text = await _raw(desk)
    assert (status, desk.call.headers["retry-after"], "IP banned until" in text) == (418, "30", True)
    assert (await desk.call("GET /api/v3/account"))[0] == 418
    assert (await desk.call("DELETE /api/v3/order", symbol="BTCUSDT", orderId=1))[0] == 418
    desk.venue.now_ms += 30_000
    assert (await desk.call("GET /api/v3/account"))[0] == 200
    assert _executed(desk) == 0


async def test_a_redirect_is_only_told(desk: Desk) -> None:
    desk.venue.faults.arm("redirect_307", on=ORDER)
    assert (await _raw(desk, allow_redirects=False))[0] == 307
    assert _executed(desk) == 0


async def test_a_slow_answer_and_a_slow_queue(desk: Desk) -> None:
    desk.venue.faults.arm("slow", on=ORDER, seconds=0.01)
    assert (await _raw(desk))[0] == 200
    assert _executed(desk) == 1
    # A request that waits before the engine is checked once more when its turn comes.
    desk.venue.now_ms = desk.venue.now_ms
    desk.venue.faults.arm("slow", on=ORDER, seconds=0.01, queued=True)
    sent = asyncio.create_task(_raw(desk))
    await until(lambda: len(desk.venue.faults.struck) == 2)
    desk.venue.now_ms += 5001
    assert '"code":-1021' in (await sent)[1]
    assert _executed(desk) == 1


async def test_an_order_may_be_executed_after_its_answer(desk: Desk) -> None:
    desk.venue.faults.arm("code_-1007", on=ORDER, executed=True, after=0.02)
    assert (await _raw(desk))[0] == 504
    assert _executed(desk) == 0
    await until(lambda: _executed(desk))


async def test_faults_are_counted_skipped_and_disarmed(desk: Desk) -> None:
    desk.venue.faults.arm("code_-1000", on=ORDER, times=2, skip=1)
    assert [(await _raw(desk))[0] for _ in range(4)] == [200, 500, 500, 200]
    desk.venue.faults.arm("code_-1000", on="GET /api/v3/*", times=0)
    assert [(await desk.call("GET /api/v3/account"))[0] for _ in range(3)] == [500, 500, 500]
    desk.venue.faults.disarm()
    assert (await desk.call("GET /api/v3/account"))[0] == 200
    with pytest.raises(ValueError, match="no fault is called"):
        desk.venue.faults.arm("sunspots")


async def test_look_ups_lag(desk: Desk) -> None:
    desk.venue.faults.arm("lookup_lag", on=ORDER, lookups=2)
    await _raw(desk)
    assert len((await desk.call("GET /api/v3/allOrders", symbol="BTCUSDT"))[1]) == 1
    found = [(await desk.call("GET /api/v3/order", symbol="BTCUSDT", origClientOrderId="mine"))[1] for _ in range(3)]
    assert [body.get("code") for body in found] == [-2013, -2013, None]
    assert len((await desk.call("GET /api/v3/myTrades", symbol="BTCUSDT"))[1]) == 1


async def test_lists_may_lag_as_well(desk: Desk) -> None:
    desk.venue.now_ms = desk.venue.now_ms
    desk.venue.faults.arm("lookup_lag", on="*", client_order_id="mine", seconds=3, lists=True)
    await desk.limit("BUY", "0.1", "59000", newClientOrderId="other")
    await _raw(desk)

    async def seen() -> list[int]:
        paths = ("GET /api/v3/allOrders", "GET /api/v3/myTrades")
        return [len((await desk.call(path, symbol="BTCUSDT"))[1]) for path in paths]

    assert await seen() == [1, 0]
    assert (await desk.call("GET /api/v3/order", symbol="BTCUSDT", origClientOrderId="mine"))[1]["code"] == -2013
    desk.venue.now_ms += 3000
    assert await seen() == [2, 1]
    assert (await desk.call("GET /api/v3/order", symbol="BTCUSDT", origClientOrderId="mine"))[0] == 200


@pytest.mark.parametrize(
    ("fault", "detail", "executed"),
    [
        ("drop_before", {}, 0),
        ("drop_after", {}, 1),
        ("status_502", {"executed": True}, 1),
        ("status_504", {}, 0),
        ("code_-1007", {"executed": True}, 1),
        ("code_-1008", {}, 0),
        ("429", {"seconds": 5}, 0),
        ("truncated", {}, 1),
        ("html_200", {"executed": True}, 1),
    ],
)
async def test_the_same_faults_on_the_websocket_api(
    desk: Desk, fault: str, detail: dict[str, Any], executed: int
) -> None:
    socket = await desk.call.connect()
    desk.venue.faults.arm(fault, on="order.place", **detail)
    try:
        answer = await socket.request("order.place", **SELL)
    except ConnectionResetError:
        assert fault in ("drop_before", "drop_after", "status_502", "status_504")
    except ValueError:
        assert fault in ("truncated", "html_200")
    else:
        assert answer["error"]["code"] == (-1003 if fault == "429" else int(fault[5:]))
        assert fault != "429" or answer["error"]["data"]["retryAfter"] > desk.venue.now_ms
    assert _executed(desk) == executed
    await socket.close()


async def test_a_hang_on_the_websocket_lets_other_requests_through(desk: Desk) -> None:
    socket = await desk.call.connect()
    desk.venue.faults.arm("hang_after", on="order.place")
    sent = asyncio.create_task(socket.ws.send_json({"id": "x", "method": "order.place", "params": {}}))
    await sent
    assert (await socket.request("time", signed=False))["status"] == 200
    await socket.close()


@pytest.mark.parametrize(
    ("fault", "detail", "seen"),
    [
        ("missing", {}, ["NEW", "CANCELED"]),
        ("doubled", {}, ["NEW", "TRADE", "TRADE", "CANCELED"]),
        ("reordered", {"seconds": 5}, ["NEW", "CANCELED", "TRADE"]),
        ("late", {"seconds": 0.05}, ["NEW", "CANCELED", "TRADE"]),
        ("slow", {"seconds": 0.01}, ["NEW", "TRADE", "CANCELED"]),
    ],
)
async def test_events_go_astray(desk: Desk, fault: str, detail: dict[str, Any], seen: list[str]) -> None:
    socket = await desk.call.connect()
    await socket.subscribe()
    desk.venue.faults.arm(fault, on="executionReport:TRADE", **detail)
    if fault == "reordered":  # only the reports, so that the next event is the cancel
        desk.venue.faults.arm("missing", on="outboundAccountPosition", times=0)
    placed = await desk.limit("BUY", "1", "59000")
    desk.spot.show("BTCUSDT", [["58900", "1"]], [["59000", "0.4"]])
    await desk.call("DELETE /api/v3/order", symbol="BTCUSDT", orderId=placed["orderId"])
    assert [(await socket.event("executionReport"))["x"] for _ in seen] == seen
    await socket.close()


async def test_an_event_held_back_comes_in_the_end(desk: Desk) -> None:
    socket = await desk.call.connect()
    await socket.subscribe()
    desk.venue.faults.arm("reordered", on="balanceUpdate", seconds=0.01)
    desk.venue.faults.arm("missing", on="outboundAccountPosition")
    desk.spot.exchange.deposit("main", "BTC", 1)
    assert (await socket.event())["e"] == "balanceUpdate"
    await socket.close()


@pytest.mark.parametrize("sent", [False, True])
async def test_a_stream_is_cut(desk: Desk, sent: bool) -> None:
    socket = await desk.call.connect()
    await socket.subscribe()
    desk.venue.faults.arm("stream_cut", on="executionReport", sent=sent)
    await desk.limit("BUY", "1", "59000")
    if sent:
        assert (await socket.event())["x"] == "NEW"
    with pytest.raises(ConnectionResetError):
        await socket.event("nothing more")
    await until(lambda: not desk.venue.subscribers("spot", "main"))
    again = await desk.call.connect()
    await again.subscribe()
    await again.close()
    await socket.close()
