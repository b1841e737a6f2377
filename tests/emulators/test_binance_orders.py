"""Orders on the emulated spot exchange: types, times in force, fills, funds, fees, filters, ids, changes.

Expected values are derived from rest-api.md, filters.md, enums.md and the FAQs named at each test.
"""

from collections.abc import AsyncIterator

import pytest

from tests.emulators.binance.rules import listing
from tests.emulators.spot_desk import NOW, Desk, trading


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with trading(NOW) as desk:
        yield desk


async def test_a_limit_order_rests_then_fills_in_part_as_a_maker(desk: Desk) -> None:
    placed = await desk.limit("BUY", "1", "59000", newClientOrderId="a")
    assert (placed["status"], placed["fills"], placed["workingTime"]) == ("NEW", [], NOW)
    assert desk.spot.balances("main")["USDT"] == ("41000.00000000", "59000.00000000")
    desk.spot.show("BTCUSDT", [["58990", "1"]], [["58999", "0.4"], ["59001", "9"]])
    found = await desk.query(origClientOrderId="a")
    # What rests sets the price, whatever the taker would have given.
    assert (found["status"], found["executedQty"], found["cummulativeQuoteQty"]) == (
        "PARTIALLY_FILLED",
        "0.40000000",
        "23600.00000000",
    )
    [trade] = desk.spot.trades("main")
    assert (trade["isMaker"], trade["isBuyer"], trade["commission"]) == (True, True, "0.00040000")
    assert desk.spot.balances("main") == {
        "USDT": ("41000.00000000", "35400.00000000"),
        "BTC": ("1.39960000", "0.00000000"),
    }


async def test_a_better_price_gives_back_what_was_locked(desk: Desk) -> None:
    await desk.limit("BUY", "1", "61000")
    assert desk.spot.balances("main")["USDT"] == ("39999.00000000", "0.00000000")


async def test_a_market_order_that_runs_out_of_book_expires_with_what_it_got(desk: Desk) -> None:
    # The example of faqs/market_orders_faq.md: 6 wanted, 2 and 2 there.
    desk.spot.show("BTCUSDT", [["60000", "2"], ["59999", "2"]], [["60001", "1"]])
    desk.spot.exchange.deposit("main", "BTC", 5)
    sold = await desk.order("SELL", "MARKET", quantity="6")
    assert (sold["status"], sold["origQty"], sold["executedQty"]) == ("EXPIRED", "6.00000000", "4.00000000")
    assert sold["expiryReason"] == "INSUFFICIENT_LIQUIDITY"
    assert [fill["qty"] for fill in sold["fills"]] == ["2.00000000", "2.00000000"]


async def test_a_market_order_by_value_spends_as_much_as_the_lot_allows(desk: Desk) -> None:
    bought = await desk.order("BUY", "MARKET", quoteOrderQty="1000")
    # 1000 / 60001 = 0.016666..., in lots of 0.00001.
    assert (bought["status"], bought["executedQty"], bought["origQuoteOrderQty"]) == (
        "FILLED",
        "0.01666000",
        "1000.00000000",
    )


async def test_a_market_order_by_value_needs_a_book(desk: Desk) -> None:
    sent = {"side": "BUY", "type": "MARKET", "quoteOrderQty": "1000"}
    desk.spot.show("BTCUSDT", [["60000", "1"]], [["60001", "0.000001"]])
    assert await desk.refused("POST /api/v3/order", **sent) == (
        -2010,
        "Order book liquidity is less than LOT_SIZE filter minimum quantity.",
    )
    desk.spot.show("BTCUSDT", [["60000", "1"]], [])
    assert await desk.refused("POST /api/v3/order", **sent) == (
        -2010,
        "Order book liquidity is less than symbol minimum quantity.",
    )


@pytest.mark.parametrize(
    ("tif", "status", "executed", "reason"),
    [
        ("IOC", "EXPIRED", "0.50000000", "UNFILLED_IOC_QUANTITY_EXPIRED"),
        ("FOK", "EXPIRED", "0.00000000", "UNFILLED_FOK_ORDER_EXPIRED"),
        ("GTC", "PARTIALLY_FILLED", "0.50000000", None),
    ],
)
async def test_times_in_force(desk: Desk, tif: str, status: str, executed: str, reason: str | None) -> None:
    desk.spot.show("BTCUSDT", [["60000", "1"]], [["60001", "0.5"], ["60010", "5"]])
    placed = await desk.order("BUY", "LIMIT", timeInForce=tif, quantity="1", price="60001")
    assert (placed["status"], placed["executedQty"], placed.get("expiryReason")) == (status, executed, reason)


async def test_a_fill_or_kill_that_can_be_filled_is(desk: Desk) -> None:
    placed = await desk.order("BUY", "LIMIT", timeInForce="FOK", quantity="1", price="60001")
    assert placed["status"] == "FILLED"


@pytest.mark.parametrize(
    ("side", "kind", "params", "code", "words"),
    [
        ("BUY", "LIMIT_MAKER", {"quantity": "0.1", "price": "60001"}, -2010, "Order would immediately match and take."),
        ("SELL", "STOP_LOSS", {"quantity": "0.1", "stopPrice": "60000"}, -2010, "Order would trigger immediately."),
        ("BUY", "STOP_LOSS", {"quantity": "0.1", "stopPrice": "59999"}, -2010, "Order would trigger immediately."),
        ("SELL", "MARKET", {"quantity": "2"}, -2010, "Account has insufficient balance for requested action."),
        ("BUY", "MARKET", {"quantity": "2"}, -2010, "Account has insufficient balance for requested action."),
        ("BUY", "LIMIT", {"quantity": "1", "price": "60000"}, -1102, "Mandatory parameter 'timeInForce' was not sent"),
        ("BUY", "MARKET", {"quantity": "1", "timeInForce": "GTC"}, -1106, "'timeInForce' sent when not required"),
        ("BUY", "MARKET", {"quantity": "1", "price": "1"}, -1106, "'price' sent when not required"),
        ("BUY", "MARKET", {}, -1102, "Param 'quantity' or 'quoteOrderQty' must be sent"),
        ("BUY", "MARKET", {"quantity": "1e-1"}, -1100, "Illegal characters found in parameter 'quantity'"),
        ("BUY", "MARKET", {"quantity": "0.1", "reduceOnly": "true"}, -1104, "Not all sent parameters were read"),
        ("BUY", "MARKET", {"quantity": "0.123456789"}, -1111, "'quantity' has too much precision"),
        (
            "BUY",
            "LIMIT",
            {"quantity": "0.1", "price": "59000.000000001", "timeInForce": "GTC"},
            -1111,
            "'price' has too much precision",
        ),
        ("HOLD", "MARKET", {"quantity": "1"}, -1117, "Invalid side."),
        ("BUY", "STOP", {"quantity": "1"}, -1116, "Invalid orderType."),
        ("BUY", "STOP_LOSS", {"quantity": "1"}, -1102, "Param 'stopPrice' or 'trailingDelta' must be sent"),
    ],
)
async def test_refused_orders(desk: Desk, side: str, kind: str, params: dict[str, str], code: int, words: str) -> None:
    refused = await desk.refused("POST /api/v3/order", side=side, type=kind, **params)
    assert refused[0] == code
    assert words in refused[1]
    assert [fact.kind for fact in desk.venue.executed] == ["transfer", "transfer"]


@pytest.mark.parametrize(
    ("name", "side", "params"),
    [
        ("PRICE_FILTER", "BUY", {"quantity": "0.1", "price": "59000.005"}),
        ("PRICE_FILTER", "SELL", {"quantity": "0.1", "price": "1000000.01"}),
        ("PERCENT_PRICE_BY_SIDE", "BUY", {"quantity": "0.1", "price": "11999"}),  # below 0.2 of 60000
        ("PERCENT_PRICE_BY_SIDE", "SELL", {"quantity": "0.1", "price": "300000.01"}),  # above 5 times it
        ("LOT_SIZE", "BUY", {"quantity": "0.000001", "price": "59000"}),
        ("LOT_SIZE", "BUY", {"quantity": "9000.00001", "price": "59000"}),
        ("NOTIONAL", "BUY", {"quantity": "0.00008", "price": "59000"}),  # 4.72, below 5
        ("ICEBERG_PARTS", "BUY", {"quantity": "1.01", "price": "59000", "icebergQty": "0.01"}),  # 101 parts
    ],
)
async def test_filters(desk: Desk, name: str, side: str, params: dict[str, str]) -> None:
    sent = {"side": side, "type": "LIMIT", "timeInForce": "GTC", **params}
    assert await desk.refused("POST /api/v3/order", **sent) == (-1013, f"Filter failure: {name}")
    assert await desk.refused("POST /api/v3/order/test", **sent) == (-1013, f"Filter failure: {name}")


@pytest.mark.parametrize(
    ("name", "numbers", "orders"),
    [
        ("MAX_NUM_ORDERS", {"maxNumOrders": 2}, 2),
        ("MAX_NUM_ICEBERG_ORDERS", {"maxNumIcebergOrders": 1}, 1),
        ("MAX_POSITION", {"maxPosition": "1.3"}, 3),  # 1 held, 0.1 each
    ],
)
async def test_filters_on_how_many(desk: Desk, name: str, numbers: dict[str, object], orders: int) -> None:
    desk.spot.exchange.symbol("BTCUSDT").with_filter(name, **numbers)
    order = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.1", "icebergQty": "0.01"}
    for number in range(orders):
        await desk.limit("BUY", "0.1", 59000 - number, icebergQty="0.01")
    assert await desk.refused("POST /api/v3/order", **order, price="50000") == (-1013, f"Filter failure: {name}")


async def test_market_orders_have_lots_of_their_own(desk: Desk) -> None:
    desk.spot.exchange.symbol("BTCUSDT").with_filter("MARKET_LOT_SIZE", stepSize="0.1")
    refused = await desk.refused("POST /api/v3/order", side="SELL", type="MARKET", quantity="0.15")
    assert refused == (-1013, "Filter failure: MARKET_LOT_SIZE")
    assert (await desk.limit("SELL", "0.15", "61000"))["status"] == "NEW"


async def test_a_cancel_gives_the_order_a_new_id_unless_told_to_keep_it(desk: Desk) -> None:
    first = await desk.limit("BUY", "0.1", "59000", newClientOrderId="one")
    status, gone = await desk.call("DELETE /api/v3/order", symbol="BTCUSDT", origClientOrderId="one")
    assert (status, gone["origClientOrderId"], gone["clientOrderId"] == "one") == (200, "one", False)
    assert await desk.refused("GET /api/v3/order", origClientOrderId="one") == (-2013, "Order does not exist.")
    assert (await desk.query(orderId=first["orderId"]))["clientOrderId"] == gone["clientOrderId"]
    await desk.limit("BUY", "0.1", "59000", newClientOrderId="two")
    await desk.call("DELETE /api/v3/order", symbol="BTCUSDT", origClientOrderId="two", newClientOrderId="two")
    assert (await desk.query(origClientOrderId="two"))["status"] == "CANCELED"


async def test_both_ids_must_be_of_one_order(desk: Desk) -> None:
    placed = await desk.limit("BUY", "0.1", "59000", newClientOrderId="one")
    ids = {"orderId": placed["orderId"], "origClientOrderId": "other"}
    assert (await desk.refused("GET /api/v3/order", **ids))[0] == -2039
    assert (await desk.refused("DELETE /api/v3/order", **ids))[0] == -2039


@pytest.mark.parametrize(
    ("restriction", "filled", "allowed"),
    [("ONLY_NEW", False, True), ("ONLY_NEW", True, False), ("ONLY_PARTIALLY_FILLED", True, True)],
)
async def test_cancel_restrictions(desk: Desk, restriction: str, filled: bool, allowed: bool) -> None:
    placed = await desk.limit("BUY", "1", "59000")
    if filled:
        desk.spot.show("BTCUSDT", [["58900", "1"]], [["59000", "0.4"]])
    sent = {"symbol": "BTCUSDT", "orderId": placed["orderId"], "cancelRestrictions": restriction}
    status, body = await desk.call("DELETE /api/v3/order", **sent)
    assert (status == 200) is allowed
    assert allowed or body == {"code": -2011, "msg": "Order was not canceled due to cancel restrictions."}


async def test_all_orders_of_a_symbol_are_cancelled(desk: Desk) -> None:
    assert await desk.refused("DELETE /api/v3/openOrders") == (-2011, "Unknown order sent.")
    for price in ("59000", "58000"):
        await desk.limit("BUY", "0.1", price)
    status, gone = await desk.call("DELETE /api/v3/openOrders", symbol="BTCUSDT")
    assert (status, [row["status"] for row in gone]) == (200, ["CANCELED", "CANCELED"])
    assert desk.spot.balances("main")["USDT"] == ("100000.00000000", "0.00000000")


@pytest.mark.parametrize(("status", "cancels"), [("HALT", True), ("CANCEL_ONLY", True), ("BREAK", False)])
async def test_a_symbol_that_does_not_trade(desk: Desk, status: str, cancels: bool) -> None:
    placed = await desk.limit("BUY", "0.1", "59000")
    desk.spot.exchange.set_status("BTCUSDT", status)
    sent = {"side": "SELL", "type": "MARKET", "quantity": "0.1"}
    assert await desk.refused("POST /api/v3/order", **sent) == (-1013, "Market is closed.")
    gone = await desk.call("DELETE /api/v3/order", symbol="BTCUSDT", orderId=placed["orderId"])
    assert (gone[0] == 200) is cancels


async def test_a_delisting_expires_what_is_open(desk: Desk) -> None:
    placed = await desk.limit("BUY", "0.1", "59000")
    desk.spot.exchange.set_status("BTCUSDT", "BREAK", expire=True)
    found = await desk.query(orderId=placed["orderId"])
    assert (found["status"], found["expiryReason"]) == ("EXPIRED", "EXCHANGE_CANCELED")
    assert desk.spot.balances("main")["USDT"][1] == "0.00000000"


async def test_old_orders_without_fills_are_archived(desk: Desk) -> None:
    placed = await desk.limit("BUY", "0.1", "59000")
    await desk.call("DELETE /api/v3/order", symbol="BTCUSDT", orderId=placed["orderId"])
    desk.venue.now_ms = NOW + 91 * 86_400_000
    assert (await desk.refused("GET /api/v3/order", orderId=placed["orderId"]))[0] == -2026


async def test_an_account_that_may_not_trade(desk: Desk) -> None:
    desk.spot.exchange.accounts["main"].can_trade = False
    sent = {"side": "SELL", "type": "MARKET", "quantity": "0.1"}
    assert await desk.refused("POST /api/v3/order", **sent) == (
        -2010,
        "This account may not place or cancel orders.",
    )


async def test_another_symbol_may_be_listed(desk: Desk) -> None:
    desk.spot.list_symbol(listing("ETH", "BTC", "0.00001000", "0.00010000", "0.00010000", cancelReplaceAllowed=False))
    desk.spot.show("ETHBTC", [["0.05", "9"]], [["0.05001", "9"]])
    sent = {"symbol": "ETHBTC", "side": "BUY", "type": "MARKET", "quantity": "1"}
    assert (await desk.call("POST /api/v3/order", **sent))[1]["status"] == "FILLED"
    assert desk.spot.balances("main")["ETH"] == ("0.99900000", "0.00000000")
