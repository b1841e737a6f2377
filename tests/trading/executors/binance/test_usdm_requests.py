"""What is sent to the USDT-M futures; parameters as New-Order, New-Algo-Order and Modify-Order list them."""

from typing import Any

import pytest

from tests.trading.executors.binance.samples import ENTRY, USDM, D, order
from trading.errors import VenueRefused
from trading.executors.binance import usdm_requests as requests
from trading.executors.binance.requests import Request
from trading.instruments import Side, Symbol
from trading.intent import OrderType, TimeInForce, Trail
from trading.order import Order
from trading.ports import Approved
from trading.reports import VenueOrder

PERPETUAL = Symbol("BTC/USDT:USDT")


def perpetual(kind: OrderType = OrderType.LIMIT, side: Side = Side.BUY, **changes: Any) -> Order:
    return order(kind, side, symbol=PERPETUAL, **changes)


def placed(sent: Order, **known: Any) -> Request:
    return requests.place(Approved(sent, ()), USDM, **known)


COMMON = {"symbol": "BTCUSDT", "quantity": "0.5", "newOrderRespType": "RESULT"}
PLAIN = {**COMMON, "newClientOrderId": ENTRY}
ALGO = {**COMMON, "clientAlgoId": ENTRY, "algoType": "CONDITIONAL", "workingType": "CONTRACT_PRICE"}


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (perpetual(OrderType.MARKET), {"side": "BUY", "type": "MARKET"}),
        (
            perpetual(OrderType.MARKET, Side.SELL, reduce_only=True),
            {"side": "SELL", "type": "MARKET", "reduceOnly": "true"},
        ),
        (perpetual(), {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "price": "50000"}),
        (
            perpetual(time_in_force=TimeInForce.FOK),
            {"side": "BUY", "type": "LIMIT", "timeInForce": "FOK", "price": "50000"},
        ),
        (perpetual(post_only=True), {"side": "BUY", "type": "LIMIT", "timeInForce": "GTX", "price": "50000"}),
    ],
)
def test_plain_orders(sent: Order, expected: dict[str, str]) -> None:
    request = placed(sent)
    assert (request.method, request.path, request.is_order) == ("POST", "/fapi/v1/order", True)
    assert request.params == {**PLAIN, **expected}


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (
            perpetual(OrderType.STOP, Side.SELL, stop_price=D("48000"), reduce_only=True),
            {"side": "SELL", "type": "STOP_MARKET", "triggerPrice": "48000", "reduceOnly": "true"},
        ),
        (
            perpetual(OrderType.STOP_LIMIT, stop_price=D("51000")),
            {"side": "BUY", "type": "STOP", "triggerPrice": "51000", "price": "50000", "timeInForce": "GTC"},
        ),
        (
            perpetual(OrderType.TAKE_PROFIT, Side.SELL, stop_price=D("55000")),
            {"side": "SELL", "type": "TAKE_PROFIT_MARKET", "triggerPrice": "55000"},
        ),
        (
            perpetual(OrderType.TRAILING_STOP, Side.SELL, trail=Trail(D("1.5"), percent=True)),
            {"side": "SELL", "type": "TRAILING_STOP_MARKET", "callbackRate": "1.5"},
        ),
    ],
)
def test_conditional_orders_go_to_the_algo_service(sent: Order, expected: dict[str, str]) -> None:
    request = placed(sent)
    assert (request.method, request.path, request.is_order) == ("POST", "/fapi/v1/algoOrder", True)
    assert request.params == {**ALGO, **expected}


def test_a_trailing_distance_in_money_needs_a_price() -> None:
    sent = perpetual(OrderType.TRAILING_STOP, trail=Trail(D("500")))
    assert placed(sent, reference=D("50000")).params["callbackRate"] == "1"
    with pytest.raises(VenueRefused, match="percent"):
        placed(sent)


def test_the_mark_price_can_trigger() -> None:
    sent = perpetual(OrderType.STOP, stop_price=D("51000"))
    assert placed(sent, working_type="MARK_PRICE").params["workingType"] == "MARK_PRICE"


def test_lists_and_icebergs_are_refused() -> None:
    stop = perpetual(OrderType.STOP, Side.SELL, stop_price=D("48000"))
    with pytest.raises(VenueRefused, match="brackets"):
        requests.place(Approved(perpetual(), (), (stop,)), USDM)
    with pytest.raises(VenueRefused, match="icebergs"):
        placed(perpetual(), visible=D("0.1"))


PLAIN_ID = {"symbol": "BTCUSDT", "origClientOrderId": ENTRY}
STOP = perpetual(OrderType.STOP, stop_price=D("51000"))


def test_a_conditional_order_is_found_and_cancelled_where_it_stands() -> None:
    for request, method, path, params in (
        (requests.cancel(perpetual(), USDM), "DELETE", "/fapi/v1/order", PLAIN_ID),
        (requests.cancel(STOP, USDM), "DELETE", "/fapi/v1/algoOrder", {"clientAlgoId": ENTRY}),
        (requests.cancel(STOP, USDM, triggered=True), "DELETE", "/fapi/v1/order", PLAIN_ID),
        (requests.lookup(perpetual(), USDM), "GET", "/fapi/v1/order", PLAIN_ID),
        (requests.lookup(STOP, USDM), "GET", "/fapi/v1/algoOrder", {"clientAlgoId": ENTRY}),
        (requests.lookup(STOP, USDM, triggered=True), "GET", "/fapi/v1/order", PLAIN_ID),
    ):
        assert (request.method, request.path, request.params) == (method, path, params)
        assert request.is_order is (method == "DELETE")


def shown(price: str = "50000") -> VenueOrder:
    return VenueOrder("28", ENTRY, PERPETUAL, "open", D("0.5"), D("0.1"), limit_price=D(price))


def test_a_limit_order_is_modified_in_place() -> None:
    request = requests.amend(perpetual(quantity=D("0.4"), limit_price=D("50100.5")), shown(), USDM)
    assert (request.method, request.path, request.is_order) == ("PUT", "/fapi/v1/order", True)
    assert request.params == {**PLAIN_ID, "side": "BUY", "quantity": "0.4", "price": "50100.5"}


def test_what_cannot_be_modified_is_refused() -> None:
    with pytest.raises(VenueRefused) as caught:
        requests.amend(perpetual(), shown(), USDM)
    assert caught.value.code == "NO_CHANGE"
    with pytest.raises(VenueRefused) as caught:
        requests.amend(STOP, shown(), USDM)
    assert caught.value.code == "NOT_SUPPORTED"


@pytest.mark.parametrize(
    ("request_", "method", "path", "params"),
    [
        (requests.open_orders(), "GET", "/fapi/v1/openOrders", {}),
        (requests.open_algo_orders(), "GET", "/fapi/v1/openAlgoOrders", {}),
        (requests.all_orders(USDM, from_id="28"), "GET", "/fapi/v1/allOrders", {"orderId": "28"}),
        (requests.all_algo_orders(USDM, since_ms=17), "GET", "/fapi/v1/allAlgoOrders", {"startTime": "17"}),
        (requests.trades(USDM, since_ms=17), "GET", "/fapi/v1/userTrades", {"startTime": "17"}),
        (requests.trades(USDM, order_id="28"), "GET", "/fapi/v1/userTrades", {"orderId": "28"}),
        (requests.balances(), "GET", "/fapi/v3/balance", {}),
        (requests.account(), "GET", "/fapi/v3/account", {}),
        (requests.positions(), "GET", "/fapi/v3/positionRisk", {}),
        (requests.account_config(), "GET", "/fapi/v1/accountConfig", {}),
        (requests.commission(USDM), "GET", "/fapi/v1/commissionRate", {}),
        (requests.exchange_info(), "GET", "/fapi/v1/exchangeInfo", {}),
        (requests.leverage(USDM, 5), "POST", "/fapi/v1/leverage", {"leverage": "5"}),
    ],
)
def test_questions_and_settings(request_: Request, method: str, path: str, params: dict[str, str]) -> None:
    assert (request_.method, request_.path) == (method, path)
    assert {key: value for key, value in request_.params.items() if key not in ("symbol", "limit")} == params
    assert request_.is_order is (method == "POST")
