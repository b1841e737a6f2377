"""Order lists on the emulated spot exchange: OCO, OTO, OTOCO, OPO, OPOCO (rest-api.md, faqs/opo.md, enums.md)."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from tests.emulators.spot_desk import NOW, Desk, trading

OCO = {
    "side": "SELL",
    "quantity": "0.5",
    "aboveType": "LIMIT_MAKER",
    "abovePrice": "62000",
    "aboveClientOrderId": "above",
    "belowType": "STOP_LOSS_LIMIT",
    "belowStopPrice": "58000",
    "belowPrice": "57900",
    "belowTimeInForce": "GTC",
    "belowClientOrderId": "below",
    "listClientOrderId": "pair",
}
WORKING = {
    "workingType": "LIMIT",
    "workingSide": "BUY",
    "workingPrice": "59000",
    "workingQuantity": "0.5",
    "workingTimeInForce": "GTC",
    "workingClientOrderId": "entry",
    "pendingSide": "SELL",
}
PAIR = {
    "pendingAboveType": "LIMIT_MAKER",
    "pendingAbovePrice": "62000",
    "pendingAboveClientOrderId": "above",
    "pendingBelowType": "STOP_LOSS",
    "pendingBelowStopPrice": "58000",
    "pendingBelowClientOrderId": "below",
}
STOP = {"pendingType": "STOP_LOSS", "pendingStopPrice": "58000", "pendingClientOrderId": "stop"}


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with trading(NOW) as desk:
        yield desk


async def _place(desk: Desk, kind: str, params: dict[str, Any], **changes: object) -> Any:
    status, body = await desk.call(f"POST /api/v3/orderList/{kind}", symbol="BTCUSDT", **{**params, **changes})
    assert status == 200, body
    return body


async def _list_status(desk: Desk, number: int) -> str:
    return str((await desk.call("GET /api/v3/orderList", orderListId=number))[1]["listOrderStatus"])


async def test_the_limit_leg_of_an_oco_ends_the_stop_with_its_first_trade(desk: Desk) -> None:
    placed = await _place(desk, "oco", OCO)
    assert [(row["clientOrderId"], row["status"]) for row in placed["orderReports"]] == [
        ("above", "NEW"),
        ("below", "NEW"),
    ]
    assert desk.spot.balances("main")["BTC"] == ("0.50000000", "0.50000000")
    desk.spot.show("BTCUSDT", [["62000", "0.1"]], [["62010", "1"]])
    assert await desk.statuses() == {"above": "PARTIALLY_FILLED", "below": "EXPIRED"}
    assert (await desk.query(origClientOrderId="below"))["expiryReason"] == "OCO_TRIGGER"
    assert await _list_status(desk, placed["orderListId"]) == "EXECUTING"
    desk.spot.show("BTCUSDT", [["62000", "5"]], [["62010", "1"]])
    assert await _list_status(desk, placed["orderListId"]) == "ALL_DONE"
    assert desk.spot.balances("main")["BTC"] == ("0.50000000", "0.00000000")


async def test_a_triggered_stop_ends_the_limit_leg_even_if_it_then_rests(desk: Desk) -> None:
    await _place(desk, "oco", OCO)
    desk.spot.show("BTCUSDT", [["57000", "1"]], [["57001", "1"]])  # gapped through the limit of the stop
    assert await desk.statuses() == {"above": "EXPIRED", "below": "NEW"}
    assert (await desk.query(origClientOrderId="below"))["isWorking"] is True
    assert desk.spot.balances("main")["BTC"] == ("0.50000000", "0.50000000")


@pytest.mark.parametrize("by", ["leg", "list", "symbol"])
async def test_any_cancel_ends_the_whole_list(desk: Desk, by: str) -> None:
    placed = await _place(desk, "oco", OCO)
    operation, ids = {
        "leg": ("DELETE /api/v3/order", {"origClientOrderId": "below"}),
        "list": ("DELETE /api/v3/orderList", {"listClientOrderId": "pair"}),
        "symbol": ("DELETE /api/v3/openOrders", {}),
    }[by]
    status, body = await desk.call(operation, symbol="BTCUSDT", **ids)
    body = body[0] if by == "symbol" else body
    assert (status, body["listOrderStatus"]) == (200, "ALL_DONE")
    assert sorted(row["origClientOrderId"] for row in body["orderReports"]) == ["above", "below"]
    assert set((await desk.statuses()).values()) == {"CANCELED"}
    assert (await desk.call("GET /api/v3/openOrderList"))[1] == []
    assert desk.spot.balances("main")["BTC"] == ("1.00000000", "0.00000000")
    again = await desk.refused("DELETE /api/v3/orderList", orderListId=placed["orderListId"])
    assert again == (-2011, "Unknown order sent.")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"abovePrice": "59999"}, -2010),
        ({"belowStopPrice": "60000"}, -2010),
        ({"aboveType": "MARKET", "abovePrice": ""}, -1158),
        ({"side": "BUY"}, -1165),  # a limit order in a buy OCO must be below
        ({"belowType": "LIMIT_MAKER", "belowStopPrice": "", "belowTimeInForce": ""}, -1168),
        ({"aboveType": "STOP_LOSS", "abovePrice": "", "aboveStopPrice": "62000"}, -1197),
        ({"belowType": "TAKE_PROFIT_LIMIT"}, -1199),
        ({"belowClientOrderId": "above"}, -2010),
    ],
)
async def test_pairs_that_do_not_go_together(desk: Desk, changes: dict[str, str], code: int) -> None:
    sent = {name: value for name, value in {**OCO, **changes}.items() if value}
    assert (await desk.refused("POST /api/v3/orderList/oco", **sent))[0] == code
    assert desk.spot.orders("main") == []
    assert desk.spot.balances("main")["BTC"] == ("1.00000000", "0.00000000")


async def test_a_buy_oco_locks_what_the_dearer_leg_needs(desk: Desk) -> None:
    sent = {
        "side": "BUY",
        "quantity": "1",
        "aboveType": "STOP_LOSS_LIMIT",
        "aboveStopPrice": "62000",
        "abovePrice": "62500",
        "aboveTimeInForce": "GTC",
        "belowType": "LIMIT_MAKER",
        "belowPrice": "58000",
    }
    await _place(desk, "oco", sent)
    assert desk.spot.balances("main")["USDT"] == ("37500.00000000", "62500.00000000")
    desk.spot.show("BTCUSDT", [["57000", "1"]], [["57999", "0.4"]])
    assert desk.spot.balances("main")["USDT"] == ("42000.00000000", "34800.00000000")  # 0.6 more at 58000


async def test_the_id_of_a_list_is_free_again_when_it_is_done(desk: Desk) -> None:
    small = {**OCO, "quantity": "0.1"}
    await _place(desk, "oco", small)
    ids = {"aboveClientOrderId": "other-1", "belowClientOrderId": "other-2"}
    assert await desk.refused("POST /api/v3/orderList/oco", **{**small, **ids}) == (-2010, "Duplicate order sent.")
    await desk.call("DELETE /api/v3/orderList", symbol="BTCUSDT", listClientOrderId="pair")
    assert (await _place(desk, "oco", {**small, **ids}))["listOrderStatus"] == "EXECUTING"


async def test_a_pending_order_waits_for_the_whole_of_the_working_one(desk: Desk) -> None:
    await _place(desk, "oto", {**WORKING, **STOP, "pendingQuantity": "0.4"})
    assert desk.spot.balances("main")["BTC"] == ("1.00000000", "0.00000000")  # nothing locked for it yet
    desk.spot.show("BTCUSDT", [["58900", "1"]], [["59000", "0.4"]])
    assert await desk.statuses() == {"entry": "PARTIALLY_FILLED", "stop": "PENDING_NEW"}
    desk.spot.show("BTCUSDT", [["58900", "1"]], [["59000", "0.4"]])
    assert await desk.statuses() == {"entry": "FILLED", "stop": "NEW"}
    assert desk.spot.balances("main")["BTC"][1] == "0.40000000"


async def test_a_working_order_that_fills_at_once_still_answers_with_pending(desk: Desk) -> None:
    sent = {**WORKING, **PAIR, "workingPrice": "60001", "pendingQuantity": "0.4"}
    placed = await _place(desk, "otoco", sent)
    assert [row["status"] for row in placed["orderReports"]] == ["FILLED", "PENDING_NEW", "PENDING_NEW"]
    assert await desk.statuses() == {"entry": "FILLED", "above": "NEW", "below": "NEW"}


async def test_a_bracket_ends_with_its_stop(desk: Desk) -> None:
    placed = await _place(desk, "otoco", {**WORKING, **PAIR, "pendingQuantity": "0.4"})
    desk.around("58990", "59000")
    desk.around("57000", "57001")
    assert await desk.statuses() == {"entry": "FILLED", "above": "EXPIRED", "below": "FILLED"}
    assert await _list_status(desk, placed["orderListId"]) == "ALL_DONE"


async def test_a_working_order_that_expires_ends_the_list(desk: Desk) -> None:
    sent = {**WORKING, **PAIR, "workingTimeInForce": "IOC", "pendingQuantity": "0.4"}
    await _place(desk, "otoco", sent)
    assert set((await desk.statuses()).values()) == {"EXPIRED"}
    assert (await desk.query(origClientOrderId="above"))["expiryReason"] == "OTO_PHASE_ONE_EXPIRED"


async def test_a_cancelled_entry_that_had_filled_in_part_takes_its_protection_along(desk: Desk) -> None:
    await _place(desk, "otoco", {**WORKING, **PAIR, "pendingQuantity": "0.4"})
    desk.spot.show("BTCUSDT", [["58900", "1"]], [["59000", "0.4"]])
    await desk.call("DELETE /api/v3/order", symbol="BTCUSDT", origClientOrderId="entry")
    assert set((await desk.statuses()).values()) == {"CANCELED"}
    assert desk.spot.balances("main")["BTC"] == ("1.39960000", "0.00000000")


async def test_a_pending_pair_that_the_book_does_not_take_expires_whole(desk: Desk) -> None:
    # A stop above the entry: the fill of the entry is already below it.
    await _place(desk, "otoco", {**WORKING, **PAIR, "pendingBelowStopPrice": "59500", "pendingQuantity": "0.4"})
    desk.around("58990", "59000")
    assert await desk.statuses() == {"entry": "FILLED", "above": "EXPIRED", "below": "EXPIRED"}
    reasons = [(await desk.query(origClientOrderId=leg))["expiryReason"] for leg in ("above", "below")]
    assert reasons == ["OCO_TRIGGER", "REJECTED"]
    assert desk.spot.balances("main")["BTC"] == ("1.49950000", "0.00000000")


async def test_a_fall_through_entry_and_stop_ends_with_the_stop(desk: Desk) -> None:
    await _place(desk, "otoco", {**WORKING, **PAIR, "pendingQuantity": "0.4"})
    desk.around("57000", "57001")
    assert await desk.statuses() == {"entry": "FILLED", "above": "EXPIRED", "below": "FILLED"}


async def test_pending_orders_without_funds_are_rejected_then(desk: Desk) -> None:
    await _place(desk, "oto", {**WORKING, **STOP, "pendingQuantity": "5"})
    desk.around("58990", "59000")
    stop = await desk.query(origClientOrderId="stop")
    assert (stop["status"], stop["expiryReason"]) == ("EXPIRED", "REJECTED")


async def test_opo_sells_what_was_received_without_the_commission(desk: Desk) -> None:
    desk.spot.exchange.deposit("main", "BTC", -1)  # no other coin to pay the commission from
    placed = await _place(desk, "opoco", {**WORKING, **PAIR})
    assert ["origQty" in row for row in placed["orderReports"]] == [True, False, False]
    desk.around("58990", "59000")
    above = await desk.query(origClientOrderId="above")
    # 0.5 less 0.1 % is 0.4995, a whole number of lots of 0.00001.
    assert (above["status"], above["origQty"]) == ("NEW", "0.49950000")
    assert desk.spot.balances("main")["BTC"] == ("0.00000000", "0.49950000")
    desk.around("62000", "62001")
    assert await desk.statuses() == {"entry": "FILLED", "above": "FILLED", "below": "EXPIRED"}
    assert "BTC" not in desk.spot.balances("main")


async def test_opo_takes_the_commission_from_the_free_balance_if_there_is_enough(desk: Desk) -> None:
    await _place(desk, "opo", {**WORKING, **STOP})
    desk.around("58990", "59000")
    assert (await desk.query(origClientOrderId="stop"))["origQty"] == "0.50000000"
    assert desk.spot.balances("main")["BTC"] == ("0.99950000", "0.50000000")


async def test_opo_locks_what_was_received_until_it_is_cancelled(desk: Desk) -> None:
    await _place(desk, "opo", {**WORKING, **STOP})
    desk.spot.show("BTCUSDT", [["58900", "1"]], [["59000", "0.4"]])
    assert Decimal(desk.spot.balances("main")["BTC"][1]) == Decimal("0.4")
    await desk.call("DELETE /api/v3/order", symbol="BTCUSDT", origClientOrderId="entry")
    assert desk.spot.balances("main")["BTC"] == ("1.39960000", "0.00000000")


@pytest.mark.parametrize(
    ("kind", "changes", "code"),
    [
        ("opo", {**STOP, "workingSide": "SELL"}, -1222),
        ("opo", {**STOP, "pendingSide": "BUY"}, -1223),
        ("opo", {**STOP, "pendingQuantity": "0.5"}, -1104),
        ("oto", {**STOP}, -1102),
        ("oto", {**STOP, "pendingQuantity": "0.5", "workingType": "MARKET"}, -1116),
    ],
)
async def test_lists_that_are_refused(desk: Desk, kind: str, changes: dict[str, str], code: int) -> None:
    assert (await desk.refused(f"POST /api/v3/orderList/{kind}", **{**WORKING, **changes}))[0] == code


@pytest.mark.parametrize("flag", ["oco", "oto", "opo"])
async def test_symbols_without_lists(desk: Desk, flag: str) -> None:
    desk.spot.exchange.symbol("BTCUSDT").info[f"{flag}Allowed"] = False
    code, text = await desk.refused("POST /api/v3/orderList/opoco", **{**WORKING, **PAIR})
    assert (code, text.startswith(f"{flag.upper()} orders are not supported for this symbol")) == (-2010, True)


async def test_both_legs_of_a_pair_are_amended(desk: Desk) -> None:
    await _place(desk, "oco", OCO)
    sent = {"origClientOrderId": "above", "newClientOrderId": "above", "newQty": "0.3"}
    status, body = await desk.call("PUT /api/v3/order/amend/keepPriority", symbol="BTCUSDT", **sent)
    assert (status, body["listStatus"]["listClientOrderId"]) == (200, "pair")
    assert (await desk.query(origClientOrderId="below"))["origQty"] == "0.30000000"
    assert desk.spot.balances("main")["BTC"] == ("0.70000000", "0.30000000")


async def test_too_many_lists(desk: Desk) -> None:
    desk.spot.exchange.symbol("BTCUSDT").with_filter("MAX_NUM_ORDER_LISTS", maxNumOrderLists=1)
    await _place(desk, "oco", {**OCO, "quantity": "0.1"})
    ids = {"aboveClientOrderId": "1", "belowClientOrderId": "2", "listClientOrderId": "3", "quantity": "0.1"}
    assert await desk.refused("POST /api/v3/orderList/oco", **{**OCO, **ids}) == (
        -1013,
        "Filter failure: MAX_NUM_ORDER_LISTS",
    )
