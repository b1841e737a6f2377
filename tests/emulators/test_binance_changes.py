"""Cancel-replace, amend, self-trade prevention: rest-api.md and the FAQs on amending and on self-trades."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.emulators.binance.limits import Limit
from tests.emulators.spot_desk import NOW, Desk, trading

REPLACE = "POST /api/v3/order/cancelReplace"
AMEND = "PUT /api/v3/order/amend/keepPriority"


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with trading(NOW) as desk:
        yield desk


async def _replace(desk: Desk, mode: str, **params: object) -> tuple[int, Any]:
    sent = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.2", **params}
    return await desk.call(REPLACE, cancelReplaceMode=mode, **sent)


async def test_both_halves_succeed(desk: Desk) -> None:
    await desk.limit("BUY", "0.1", "59000", newClientOrderId="old")
    ids = {"cancelOrigClientOrderId": "old", "cancelNewClientOrderId": "old", "newClientOrderId": "new"}
    status, body = await _replace(desk, "STOP_ON_FAILURE", price="58000", **ids)
    assert (status, body["cancelResult"], body["newOrderResult"]) == (200, "SUCCESS", "SUCCESS")
    assert (body["cancelResponse"]["status"], body["newOrderResponse"]["status"]) == ("CANCELED", "NEW")
    assert await desk.statuses() == {"old": "CANCELED", "new": "NEW"}


async def test_the_new_order_may_have_the_id_of_the_one_that_goes(desk: Desk) -> None:
    await desk.limit("BUY", "0.1", "59000", newClientOrderId="same")
    ids = {"cancelOrigClientOrderId": "same", "newClientOrderId": "same"}
    status, body = await _replace(desk, "STOP_ON_FAILURE", price="58000", **ids)
    assert (status, body["newOrderResponse"]["clientOrderId"]) == (200, "same")


@pytest.mark.parametrize(
    ("mode", "there", "price", "kind", "status", "code", "cancel", "new"),
    [
        # The rows of the table in rest-api.md, within the limits.
        ("STOP_ON_FAILURE", False, "58000", "LIMIT", 400, -2022, "FAILURE", "NOT_ATTEMPTED"),
        ("STOP_ON_FAILURE", True, "60001", "LIMIT_MAKER", 409, -2021, "SUCCESS", "FAILURE"),
        ("ALLOW_FAILURE", False, "58000", "LIMIT", 409, -2021, "FAILURE", "SUCCESS"),
        ("ALLOW_FAILURE", False, "60001", "LIMIT_MAKER", 400, -2022, "FAILURE", "FAILURE"),
        ("ALLOW_FAILURE", True, "60001", "LIMIT_MAKER", 409, -2021, "SUCCESS", "FAILURE"),
    ],
)
async def test_halves_that_fail(
    desk: Desk, mode: str, there: bool, price: str, kind: str, status: int, code: int, cancel: str, new: str
) -> None:
    if there:
        await desk.limit("BUY", "0.1", "59000", newClientOrderId="old")
    sent: dict[str, object] = {"type": kind, "price": price, "cancelOrigClientOrderId": "old", "newClientOrderId": "n"}
    if kind == "LIMIT":
        sent["timeInForce"] = "GTC"
    order = {"symbol": "BTCUSDT", "side": "BUY", "quantity": "0.2", "cancelReplaceMode": mode, **sent}
    answered, body = await desk.call(REPLACE, **order)
    assert (answered, body["code"]) == (status, code)
    assert (body["data"]["cancelResult"], body["data"]["newOrderResult"]) == (cancel, new)
    if cancel == "FAILURE":
        assert body["data"]["cancelResponse"] == {"code": -2011, "msg": "Unknown order sent."}
    if new == "FAILURE":
        refused = {"code": -2010, "msg": "Order would immediately match and take."}
        assert body["data"]["newOrderResponse"] == refused
    if new == "NOT_ATTEMPTED":
        assert body["data"]["newOrderResponse"] is None
    assert ("n" in await desk.statuses()) is (new == "SUCCESS")


async def test_filters_come_before_either_half(desk: Desk) -> None:
    await desk.limit("BUY", "0.1", "59000", newClientOrderId="old")
    status, body = await _replace(desk, "STOP_ON_FAILURE", price="58000.001", cancelOrigClientOrderId="old")
    assert (status, body["msg"]) == (400, "Filter failure: PRICE_FILTER")
    assert await desk.statuses() == {"old": "NEW"}


@pytest.mark.parametrize(("mode", "gone"), [("DO_NOTHING", False), ("CANCEL_ONLY", True)])
async def test_too_many_orders(desk: Desk, mode: str, gone: bool) -> None:
    desk.spot.limits.limits = [Limit("ORDERS", "SECOND", 10, 1)]
    await desk.limit("BUY", "0.1", "59000", newClientOrderId="old")
    ids = {"cancelOrigClientOrderId": "old", "cancelNewClientOrderId": "old"}
    status, body = await _replace(desk, "STOP_ON_FAILURE", price="58000", orderRateLimitExceededMode=mode, **ids)
    assert (status, body["code"]) == (429, -2021 if gone else -1015)
    assert await desk.statuses() == {"old": "CANCELED" if gone else "NEW"}
    if gone:
        text = "Too many new orders; current limit is 1 orders per 10 SECOND."
        assert body["data"]["newOrderResponse"] == {"code": -1015, "msg": text}


async def test_an_amended_order_keeps_its_place(desk: Desk) -> None:
    first = await desk.limit("SELL", "0.5", "61000", newClientOrderId="first")
    await desk.limit("SELL", "0.5", "61000", newClientOrderId="second")
    ids = {"symbol": "BTCUSDT", "orderId": first["orderId"], "newClientOrderId": "first"}
    status, body = await desk.call(AMEND, newQty="0.2", **ids)
    assert (status, body["amendedOrder"]["qty"], body["amendedOrder"]["clientOrderId"]) == (200, "0.20000000", "first")
    assert desk.spot.balances("main")["BTC"] == ("0.30000000", "0.70000000")
    desk.spot.show("BTCUSDT", [["61000", "0.3"]], [])
    assert await desk.statuses() == {"first": "FILLED", "second": "PARTIALLY_FILLED"}
    told = (await desk.call("GET /api/v3/order/amendments", symbol="BTCUSDT", orderId=first["orderId"]))[1]
    assert [(row["origQty"], row["newQty"]) for row in told] == [("0.50000000", "0.20000000")]


async def test_an_amendment_unlocks_what_is_not_needed_any_more(desk: Desk) -> None:
    placed = await desk.limit("SELL", "0.5", "61000")
    desk.spot.show("BTCUSDT", [["61000", "0.1"]], [])
    assert desk.spot.balances("main")["BTC"] == ("0.50000000", "0.40000000")
    await desk.call(AMEND, symbol="BTCUSDT", orderId=placed["orderId"], newQty="0.3")
    assert desk.spot.balances("main")["BTC"] == ("0.70000000", "0.20000000")


@pytest.mark.parametrize(
    ("qty", "code", "words"),
    [
        ("0.6", -2038, "Order amend (quantity increase) is not supported."),
        ("0.5", -2038, "The requested action would change no state; rejecting."),
        ("0", -1102, "Mandatory parameter 'newQty' was not sent, was empty/null, or malformed."),
        ("0.000001", -1013, "Filter failure: LOT_SIZE"),
    ],
)
async def test_amendments_that_are_refused(desk: Desk, qty: str, code: int, words: str) -> None:
    placed = await desk.limit("SELL", "0.5", "61000")
    assert await desk.refused(AMEND, orderId=placed["orderId"], newQty=qty) == (code, words)


async def test_an_amendment_to_less_than_was_filled_ends_the_order(desk: Desk) -> None:
    placed = await desk.limit("SELL", "0.5", "61000", newClientOrderId="a")
    desk.spot.show("BTCUSDT", [["61000", "0.3"]], [])
    sent = {"symbol": "BTCUSDT", "orderId": placed["orderId"], "newQty": "0.2", "newClientOrderId": "a"}
    assert (await desk.call(AMEND, **sent))[0] == 200
    assert ((await desk.query(origClientOrderId="a"))["executedQty"], await desk.statuses()) == (
        "0.30000000",
        {"a": "EXPIRED"},
    )
    assert desk.spot.balances("main")["BTC"] == ("0.70000000", "0.00000000")


async def test_an_amendment_of_nothing(desk: Desk) -> None:
    assert (await desk.refused(AMEND, orderId=7, newQty="1"))[0] == -2038


async def _against_oneself(desk: Desk, mode: str) -> dict[str, dict[str, Any]]:
    """Scenario B of stp_faq.md: three bids of one's own, and a sell of three that would take them."""
    desk.spot.show("BTCUSDT", [], [], last=60000)
    for name, qty, price in (("maker-1", "0.12", "60200"), ("maker-2", "0.13", "60100"), ("maker-3", "0.81", "60000")):
        await desk.limit("BUY", qty, price, newClientOrderId=name, selfTradePreventionMode="NONE")
    await desk.limit("SELL", "0.3", "60000", newClientOrderId="taker", selfTradePreventionMode=mode)
    rows = (await desk.call("GET /api/v3/allOrders", symbol="BTCUSDT"))[1]
    return {row["clientOrderId"]: row for row in rows}


@pytest.mark.parametrize(
    ("mode", "statuses"),
    [
        ("NONE", ["FILLED", "FILLED", "PARTIALLY_FILLED", "FILLED"]),
        ("EXPIRE_MAKER", ["EXPIRED_IN_MATCH", "EXPIRED_IN_MATCH", "EXPIRED_IN_MATCH", "NEW"]),
        ("EXPIRE_TAKER", ["NEW", "NEW", "NEW", "EXPIRED_IN_MATCH"]),
        ("EXPIRE_BOTH", ["EXPIRED_IN_MATCH", "NEW", "NEW", "EXPIRED_IN_MATCH"]),
        # 0.12 and 0.13 are prevented whole, then 0.05 of the third, and the taker is used up.
        ("DECREMENT", ["EXPIRED_IN_MATCH", "EXPIRED_IN_MATCH", "NEW", "EXPIRED_IN_MATCH"]),
    ],
)
async def test_self_trades_are_prevented(desk: Desk, mode: str, statuses: list[str]) -> None:
    rows = await _against_oneself(desk, mode)
    assert [rows[name]["status"] for name in ("maker-1", "maker-2", "maker-3", "taker")] == statuses
    if mode == "DECREMENT":
        assert (rows["maker-3"]["preventedQuantity"], rows["taker"]["preventedQuantity"]) == (
            "0.05000000",
            "0.30000000",
        )
    if mode != "NONE":
        assert desk.spot.trades("main") == []
        matches = (await desk.call("GET /api/v3/myPreventedMatches", symbol="BTCUSDT"))[1]
        assert {row["selfTradePreventionMode"] for row in matches} == {mode}


async def test_a_mode_that_the_symbol_does_not_allow(desk: Desk) -> None:
    sent = {"side": "SELL", "type": "MARKET", "quantity": "0.1", "selfTradePreventionMode": "TRANSFER"}
    assert await desk.refused("POST /api/v3/order", **sent) == (
        -1013,
        "This symbol does not allow the specified self-trade prevention mode.",
    )
