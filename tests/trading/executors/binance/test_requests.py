"""What is sent for each thing the desk can ask of the spot exchange; parameters as rest-api.md lists them."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.trading.executors.binance.samples import (
    ENTRY,
    OLD_SPOT,
    SPOT,
    SPOT_ROW,
    STOP_LEG,
    TARGET_LEG,
    D,
    order,
    rules_from,
)
from trading.errors import VenueRefused
from trading.executors.binance import requests
from trading.executors.binance.names import AT_MARKET, list_id
from trading.executors.binance.requests import Request
from trading.executors.binance.rules import SymbolRules
from trading.instruments import Side
from trading.intent import Leg, OrderType, TimeInForce, Trail
from trading.order import Order
from trading.ports import Approved


def placed(*orders: Order, rules: SymbolRules = SPOT, **known: Any) -> Request:
    first, *legs = orders
    return requests.place(Approved(first, (), tuple(legs)), rules, **known)


def leg(kind: OrderType, side: Side = Side.SELL, **changes: Any) -> Order:
    """A stop or a target of 0.4995, what is left of 0.5 after a fee of 0.1%."""
    which = Leg.TAKE_PROFIT if kind in (OrderType.LIMIT, OrderType.TAKE_PROFIT) else Leg.STOP_LOSS
    order_id = TARGET_LEG if which is Leg.TAKE_PROFIT else STOP_LEG
    return order(kind, side, **{"id": order_id, "quantity": D("0.4995"), "leg": which, **changes})


SINGLE = {"symbol": "BTCUSDT", "quantity": "0.5", "newClientOrderId": ENTRY, "newOrderRespType": "FULL"}
STOP = leg(OrderType.STOP, stop_price=D("48000"))
TARGET = leg(OrderType.LIMIT, limit_price=D("55000.50"))


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (order(OrderType.MARKET), {"side": "BUY", "type": "MARKET"}),
        (order(OrderType.MARKET, Side.SELL, reduce_only=True), {"side": "SELL", "type": "MARKET"}),
        (order(), {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "price": "50000"}),
        (
            order(time_in_force=TimeInForce.IOC),
            {"side": "BUY", "type": "LIMIT", "timeInForce": "IOC", "price": "50000"},
        ),
        (
            order(time_in_force=TimeInForce.FOK),
            {"side": "BUY", "type": "LIMIT", "timeInForce": "FOK", "price": "50000"},
        ),
        (order(post_only=True), {"side": "BUY", "type": "LIMIT_MAKER", "price": "50000"}),
        (order(OrderType.STOP, stop_price=D("51000")), {"side": "BUY", "type": "STOP_LOSS", "stopPrice": "51000"}),
        (
            order(OrderType.STOP_LIMIT, Side.SELL, stop_price=D("50500.1")),
            {
                "side": "SELL",
                "type": "STOP_LOSS_LIMIT",
                "timeInForce": "GTC",
                "price": "50000",
                "stopPrice": "50500.1",
            },
        ),
        (
            order(OrderType.TAKE_PROFIT, Side.SELL, stop_price=D("55000")),
            {"side": "SELL", "type": "TAKE_PROFIT", "stopPrice": "55000"},
        ),
        (
            order(OrderType.TRAILING_STOP, Side.SELL, trail=Trail(D("1.5"), percent=True)),
            {"side": "SELL", "type": "STOP_LOSS", "trailingDelta": "150"},
        ),
    ],
)
def test_a_single_order(sent: Order, expected: dict[str, str]) -> None:
    request = placed(sent)
    assert (request.method, request.path) == ("POST", "/api/v3/order")
    assert request.params == {**SINGLE, **expected}
    assert request.is_order
    assert request.is_signed


def test_numbers_are_written_out() -> None:
    small = order(quantity=D("1E-4"), limit_price=D("5E+4"))
    assert placed(small).params["quantity"] == "0.0001"
    assert placed(small).params["price"] == "50000"


def test_an_iceberg_shows_a_part() -> None:
    assert placed(order(), visible=D("0.1")).params["icebergQty"] == "0.1"


def test_a_trailing_distance_in_money_is_told_as_a_share_of_the_stop_or_of_the_price_of_now() -> None:
    trailing = order(OrderType.TRAILING_STOP, Side.SELL, trail=Trail(D("500")))
    assert placed(trailing, reference=D("40000")).params["trailingDelta"] == "125"  # 500 / 40000 = 1.25%
    stopped = msgspec.structs.replace(trailing, stop_price=D("50000"))
    assert placed(stopped).params["trailingDelta"] == "100"
    assert "stopPrice" not in placed(stopped).params  # with one, Binance would only begin to trail there
    with pytest.raises(VenueRefused, match="percent") as caught:
        placed(trailing)
    assert "trail=1.5%" in caught.value.remedy


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        # 5% behind its trigger, to the tick, marked as a limit that is not ours
        (
            order(OrderType.STOP, Side.SELL, stop_price=D("48000.01")),
            {"type": "STOP_LOSS_LIMIT", "stopPrice": "48000.01", "price": "45600.01", "timeInForce": "GTC"},
        ),
        (
            order(OrderType.STOP, Side.BUY, stop_price=D("52000.01")),
            {"type": "STOP_LOSS_LIMIT", "stopPrice": "52000.01", "price": "54600.01", "timeInForce": "GTC"},
        ),
        (
            order(OrderType.TAKE_PROFIT, Side.SELL, stop_price=D("60000")),
            {"type": "TAKE_PROFIT_LIMIT", "stopPrice": "60000", "price": "57000", "timeInForce": "GTC"},
        ),
        # a sell that trails 50000 by 2% stands at 49000 first, and never lower
        (
            order(OrderType.TRAILING_STOP, Side.SELL, trail=Trail(D("2"), percent=True)),
            {"type": "STOP_LOSS_LIMIT", "trailingDelta": "200", "price": "46550", "timeInForce": "GTC"},
        ),
    ],
)
def test_a_symbol_without_stops_at_the_market_gets_a_limit_far_behind(sent: Order, expected: dict[str, str]) -> None:
    params = dict(placed(sent, rules=OLD_SPOT, reference=D("50000")).params)
    assert params.pop("strategyType") == str(AT_MARKET)
    assert params == {**SINGLE, "side": sent.side.value, **expected}


def test_a_kind_of_order_that_the_symbol_does_not_take_is_refused() -> None:
    rules = rules_from({**SPOT_ROW, "orderTypes": ["LIMIT", "MARKET"]})
    for sent in (
        order(post_only=True),
        order(OrderType.STOP, stop_price=D("51000")),
        order(OrderType.TRAILING_STOP, trail=Trail(D(1), percent=True)),
    ):
        with pytest.raises(VenueRefused) as caught:
            placed(sent, rules=rules)
        assert caught.value.code == "NOT_SUPPORTED"


# --- lists -----------------------------------------------------------------------------------


def test_a_selling_pair_has_its_target_above_and_its_stop_below() -> None:
    for pair in ((STOP, TARGET), (TARGET, STOP)):
        request = placed(*pair)
        assert (request.method, request.path) == ("POST", "/api/v3/orderList/oco")
        assert request.params == {
            "symbol": "BTCUSDT",
            "listClientOrderId": list_id(pair[0]),
            "newOrderRespType": "FULL",
            "side": "SELL",
            "quantity": "0.4995",
            "aboveType": "LIMIT_MAKER",
            "aboveClientOrderId": TARGET_LEG,
            "abovePrice": "55000.5",
            "belowType": "STOP_LOSS",
            "belowClientOrderId": STOP_LEG,
            "belowStopPrice": "48000",
        }


def test_a_buying_pair_has_its_stop_above_and_its_target_below() -> None:
    stop = leg(OrderType.STOP_LIMIT, Side.BUY, stop_price=D("55000"), limit_price=D("55100"))
    target = leg(OrderType.TAKE_PROFIT, Side.BUY, stop_price=D("45000"))
    params = placed(stop, target).params
    assert params["side"] == "BUY"
    assert {key: value for key, value in params.items() if key.startswith("above")} == {
        "aboveType": "STOP_LOSS_LIMIT",
        "aboveClientOrderId": STOP_LEG,
        "abovePrice": "55100",
        "aboveStopPrice": "55000",
        "aboveTimeInForce": "GTC",
    }
    assert {key: value for key, value in params.items() if key.startswith("below")} == {
        "belowType": "TAKE_PROFIT",
        "belowClientOrderId": TARGET_LEG,
        "belowStopPrice": "45000",
    }


def test_a_bracket_is_one_list_that_waits_for_its_entry() -> None:
    request = placed(order(leg=Leg.ENTRY), STOP, TARGET)
    assert (request.method, request.path) == ("POST", "/api/v3/orderList/otoco")
    assert request.params == {
        "symbol": "BTCUSDT",
        "listClientOrderId": list_id(order()),
        "newOrderRespType": "FULL",
        "workingType": "LIMIT",
        "workingSide": "BUY",
        "workingClientOrderId": ENTRY,
        "workingPrice": "50000",
        "workingQuantity": "0.5",
        "workingTimeInForce": "GTC",
        "pendingSide": "SELL",
        "pendingQuantity": "0.4995",
        "pendingAboveType": "LIMIT_MAKER",
        "pendingAboveClientOrderId": TARGET_LEG,
        "pendingAbovePrice": "55000.5",
        "pendingBelowType": "STOP_LOSS",
        "pendingBelowClientOrderId": STOP_LEG,
        "pendingBelowStopPrice": "48000",
    }


def test_a_bracket_may_be_post_only_an_iceberg_and_trail_from_its_entry() -> None:
    trailing = leg(OrderType.TRAILING_STOP, trail=Trail(D("1000")))
    params = placed(order(post_only=True), trailing, TARGET, visible=D("0.1")).params
    assert params["workingType"] == "LIMIT_MAKER"
    assert "workingTimeInForce" not in params
    assert params["workingIcebergQty"] == "0.1"
    assert params["pendingBelowTrailingDelta"] == "200"  # 1000 of 50000
    assert "pendingBelowStopPrice" not in params


def test_an_entry_with_one_leg() -> None:
    request = placed(order(), STOP)
    assert request.path == "/api/v3/orderList/oto"
    assert {key: value for key, value in request.params.items() if key.startswith("pending")} == {
        "pendingType": "STOP_LOSS",
        "pendingClientOrderId": STOP_LEG,
        "pendingSide": "SELL",
        "pendingQuantity": "0.4995",
        "pendingStopPrice": "48000",
    }


def test_stand_in_limits_are_marked_in_lists_too() -> None:
    params = placed(order(), STOP, TARGET, rules=OLD_SPOT).params
    assert params["pendingBelowType"] == "STOP_LOSS_LIMIT"
    assert params["pendingBelowPrice"] == "45600"
    assert params["pendingBelowTimeInForce"] == "GTC"
    assert params["pendingBelowStrategyType"] == str(AT_MARKET)
    assert "pendingAboveStrategyType" not in params


@pytest.mark.parametrize(
    ("orders", "code"),
    [
        ((TARGET, leg(OrderType.TAKE_PROFIT, stop_price=D("56000"))), "BAD_LIST"),  # two targets
        ((STOP, msgspec.structs.replace(TARGET, quantity=D("0.4"))), "BAD_LIST"),
        ((order(), STOP, msgspec.structs.replace(TARGET, side=Side.BUY)), "BAD_LIST"),
        ((order(OrderType.STOP, stop_price=D("51000")), STOP, TARGET), "NOT_SUPPORTED"),
        ((order(OrderType.MARKET), STOP), "NOT_SUPPORTED"),
    ],
)
def test_what_makes_no_list_is_refused(orders: tuple[Order, ...], code: str) -> None:
    with pytest.raises(VenueRefused) as caught:
        placed(*orders)
    assert caught.value.code == code


@pytest.mark.parametrize(("flag", "orders"), [("ocoAllowed", (STOP, TARGET)), ("otoAllowed", (order(), STOP, TARGET))])
def test_lists_need_a_symbol_that_takes_them(flag: str, orders: tuple[Order, ...]) -> None:
    with pytest.raises(VenueRefused) as caught:
        placed(*orders, rules=rules_from({**SPOT_ROW, flag: False}))
    assert caught.value.code == "NOT_SUPPORTED"


def test_a_request_is_told_without_what_is_secret_or_fleeting() -> None:
    request = placed(order())
    signed = {**request.params, "timestamp": "1", "recvWindow": "5000", "signature": "f00", "apiKey": "k"}
    expected = (
        "POST /api/v3/order symbol=BTCUSDT side=BUY type=LIMIT quantity=0.5 "
        f"newClientOrderId={ENTRY} timeInForce=GTC price=50000 newOrderRespType=FULL"
    )
    assert requests.text(request) == expected
    assert requests.text(msgspec.structs.replace(request, params=signed)) == expected


def test_the_smallest_limit_is_a_tick() -> None:
    cheap = order(OrderType.STOP, Side.SELL, stop_price=Decimal("0.01"))
    assert placed(cheap, rules=OLD_SPOT).params["price"] == "0.01"
