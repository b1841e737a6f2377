"""How open orders are cancelled and changed at the spot exchange, and what it is asked; as rest-api.md lists it."""

import pytest

from tests.trading.executors.binance.samples import ENTRY, SPOT, SPOT_ROW, D, order, rules_from
from trading.errors import VenueRefused
from trading.executors.binance import requests
from trading.executors.binance.names import is_from_us, is_replaced, list_id, ours, replaced_id
from trading.executors.binance.requests import Request
from trading.executors.binance.rules import SymbolRules
from trading.order import Order
from trading.ports import Approved
from trading.reports import VenueOrder


def shown(quantity: str = "0.5", filled: str = "0", limit: str | None = "50000", stop: str | None = None) -> VenueOrder:
    """The order as the venue has it before the change."""
    at, trigger = (None if price is None else D(price) for price in (limit, stop))
    return VenueOrder("28", ENTRY, order().symbol, "open", D(quantity), D(filled), at, trigger)


def test_a_cancel_keeps_the_orders_id() -> None:
    request = requests.cancel(order(), SPOT)
    assert (request.method, request.path, request.is_order) == ("DELETE", "/api/v3/order", True)
    assert request.params == {"symbol": "BTCUSDT", "origClientOrderId": ENTRY, "newClientOrderId": ENTRY}


def test_less_of_the_same_keeps_its_place() -> None:
    request = requests.amend(order(quantity=D("0.3")), shown(filled="0.1"), SPOT, in_list=True)
    assert (request.method, request.path) == ("PUT", "/api/v3/order/amend/keepPriority")
    assert request.params == {
        "symbol": "BTCUSDT",
        "origClientOrderId": ENTRY,
        "newClientOrderId": ENTRY,
        "newQty": "0.3",
    }


@pytest.mark.parametrize(
    ("wished", "rules"),
    [
        (order(limit_price=D("50100")), SPOT),
        (order(quantity=D("0.3"), limit_price=D("50100")), SPOT),
        (order(quantity=D("0.3")), rules_from({**SPOT_ROW, "amendAllowed": False})),
    ],
)
def test_anything_else_is_one_cancel_replace_under_the_same_id(wished: Order, rules: SymbolRules) -> None:
    request = requests.amend(wished, shown(), rules)
    assert (request.method, request.path) == ("POST", "/api/v3/order/cancelReplace")
    assert request.params == {
        **requests.place(Approved(wished, ()), rules).params,
        "cancelReplaceMode": "STOP_ON_FAILURE",
        "cancelRestrictions": "ONLY_NEW",
        "cancelOrigClientOrderId": ENTRY,
        "cancelNewClientOrderId": f"{ENTRY}-old",
    }
    assert request.params["newClientOrderId"] == ENTRY


@pytest.mark.parametrize(
    ("wished", "before", "in_list", "code"),
    [
        (order(), shown(), False, "NO_CHANGE"),
        (order(limit_price=D("50100")), shown(filled="0.1"), False, "PARTLY_FILLED"),
        (order(limit_price=D("50100")), shown(), True, "IN_LIST"),
        (order(limit_price=D("50100")), shown(), False, "NOT_SUPPORTED"),
    ],
)
def test_changes_that_cannot_be_done_safely_are_refused(
    wished: Order, before: VenueOrder, in_list: bool, code: str
) -> None:
    rules = rules_from({**SPOT_ROW, "cancelReplaceAllowed": code != "NOT_SUPPORTED"})
    with pytest.raises(VenueRefused) as caught:
        requests.amend(wished, before, rules, in_list=in_list)
    assert caught.value.code == code


# --- ids -------------------------------------------------------------------------------------


def test_ids_fit_the_venue_and_tell_ours_from_others() -> None:
    made = {
        ENTRY,
        list_id(order()),
        replaced_id(order()),
    }
    assert len(made) == 3  # a list's id is distinct from those of its orders
    assert all(len(each) <= 36 and each.replace("-", "").isalnum() for each in made)
    assert ours(ENTRY) == ENTRY
    assert is_replaced(replaced_id(order()))
    assert not ours(replaced_id(order()))
    for stranger in ("", "web_fe2b1a", "x-TKT5PX2F0123456789abcdef", "ENTRYENTRYENTRYE", f"{ENTRY}a"):
        assert not ours(stranger)
        assert not is_from_us(stranger)
        assert not is_replaced(stranger)


# --- questions -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "path", "params", "weight"),
    [
        (requests.lookup(order(), SPOT), "/api/v3/order", {"symbol": "BTCUSDT", "origClientOrderId": ENTRY}, 4),
        (
            requests.lookup(order(venue_order_id="28"), SPOT, by_venue_id=True),
            "/api/v3/order",
            {"symbol": "BTCUSDT", "orderId": "28"},
            4,
        ),
        (requests.lookup_list(list_id(order())), "/api/v3/orderList", {"origClientOrderId": list_id(order())}, 4),
        (requests.open_orders(), "/api/v3/openOrders", {}, 80),
        (requests.open_orders(SPOT), "/api/v3/openOrders", {"symbol": "BTCUSDT"}, 6),
        (
            requests.all_orders(SPOT, since_ms=1700000000000),
            "/api/v3/allOrders",
            {"symbol": "BTCUSDT", "startTime": "1700000000000", "limit": "1000"},
            20,
        ),
        (
            requests.trades(SPOT, since_ms=1700000000000, from_id="28457"),
            "/api/v3/myTrades",
            {"symbol": "BTCUSDT", "fromId": "28457", "limit": "1000"},
            20,
        ),
        (requests.trades(SPOT, order_id="28"), "/api/v3/myTrades", {"symbol": "BTCUSDT", "orderId": "28"}, 5),
        (requests.account(), "/api/v3/account", {"omitZeroBalances": "true"}, 20),
        (requests.commission(SPOT), "/api/v3/account/commission", {"symbol": "BTCUSDT"}, 20),
        (requests.permissions(), "/sapi/v1/account/apiRestrictions", {}, 1),
        (requests.exchange_info(), "/api/v3/exchangeInfo", {}, 20),
    ],
)
def test_questions(request_: Request, path: str, params: dict[str, str], weight: int) -> None:
    assert (request_.method, request_.path, request_.params) == ("GET", path, params)
    assert request_.weight == weight
    assert not request_.is_order
    assert request_.is_signed is (path != "/api/v3/exchangeInfo")
