"""Orders that Binance would refuse, refused by us; against filters.md, worked out anew for each drawn order."""

import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trading.executors.binance.samples import (
    SPOT,
    SPOT_ROW,
    USDM,
    USDM_ROW,
    D,
    order,
    rules_from,
    with_filter,
)
from trading.binance.products import Product
from trading.errors import VenueRefused
from trading.executors.binance.filters import Held, check
from trading.executors.binance.rules import SymbolRules
from trading.instruments import Side
from trading.intent import OrderType, TimeInForce, Trail
from trading.order import Order


def refusal(placed: Order, rules: SymbolRules = SPOT, reference: Decimal | None = None, **known: Any) -> VenueRefused:
    with pytest.raises(VenueRefused) as caught:
        check(placed, rules, reference, **known)
    return caught.value


def code_of(placed: Order, rules: SymbolRules, reference: Decimal | None = None) -> str:
    """The filter that an order breaks, or nothing."""
    try:
        check(placed, rules, reference)
    except VenueRefused as why:
        return why.code
    return ""


def offered(error: VenueRefused) -> Decimal:
    """The last number of the remedy: the nearest value that passes."""
    return D(re.findall(r"[0-9]+(?:\.[0-9]+)?", error.remedy)[-1])


def numbers(most: int, places: int) -> st.SearchStrategy[Decimal]:
    return st.integers(0, most * 10**places).map(lambda n: D(n).scaleb(-places))


def test_a_good_order_passes() -> None:
    for kind, changes in (
        (OrderType.LIMIT, {}),
        (OrderType.MARKET, {}),
        (OrderType.STOP, {"stop_price": D("51000")}),
        (OrderType.STOP_LIMIT, {"stop_price": D("49900")}),
        (OrderType.TAKE_PROFIT, {"stop_price": D("48000")}),
        (OrderType.TRAILING_STOP, {"trail": Trail(D("1.5"), percent=True)}),
    ):
        check(order(kind, **changes), SPOT, D("50000"))
        check(order(kind, **changes), USDM, D("50000"))


@given(
    price=numbers(40, 3),
    least=st.sampled_from(["0", "0.5", "1.3"]),
    most=st.sampled_from(["0", "20", "20.7"]),
    tick=st.sampled_from(["0.001", "0.1", "0.25", "1"]),
)
def test_price_filter(price: Decimal, least: str, most: str, tick: str) -> None:
    row = with_filter(SPOT_ROW, "PRICE_FILTER", minPrice=least, maxPrice=most, tickSize=tick)
    rules = rules_from(with_filter(row, "NOTIONAL", minNotional="0"))
    passes = price > 0 and price >= D(least) and (D(most) == 0 or price <= D(most)) and price % D(tick) == 0
    placed = order(limit_price=price)
    assert code_of(placed, rules) == ("" if passes else "PRICE_FILTER")
    if not passes:
        near = offered(refusal(placed, rules))
        assert code_of(order(limit_price=near), rules) == ""
        assert abs(near - price) <= max(D(least) - price, price - (D(most) or price), D(0)) + D(tick)


@given(
    quantity=numbers(30, 3),
    least=st.sampled_from(["0.001", "0.3", "1"]),
    most=st.sampled_from(["10", "25.5"]),
    step=st.sampled_from(["0.001", "0.1", "0.5", "1"]),
)
def test_lot_size(quantity: Decimal, least: str, most: str, step: str) -> None:
    row = with_filter(SPOT_ROW, "LOT_SIZE", minQty=least, maxQty=most, stepSize=step)
    rules = rules_from(with_filter(row, "NOTIONAL", minNotional="0"))
    passes = D(least) <= quantity <= D(most) and quantity % D(step) == 0
    placed = order(quantity=quantity)
    assert code_of(placed, rules) == ("" if passes else "LOT_SIZE")
    if not passes:
        near = offered(refusal(placed, rules))
        assert code_of(order(quantity=near), rules) == ""
        assert near <= max(quantity, D(least) + D(step))


@given(side=st.sampled_from(Side), price=numbers(30, 2), reference=numbers(10, 1).filter(lambda x: x > 0))
def test_percent_price_by_side(side: Side, price: Decimal, reference: Decimal) -> None:
    rules = rules_from(with_filter(SPOT_ROW, "NOTIONAL", minNotional="0"))
    down, up = (D("0.2"), D("1.2")) if side is Side.BUY else (D("0.8"), D(5))
    far = not reference * down <= price <= reference * up
    placed = order(side=side, limit_price=price)
    expected = "PRICE_FILTER" if price <= 0 else "PERCENT_PRICE" if far else ""
    assert code_of(placed, rules, reference) == expected
    if expected == "PERCENT_PRICE":
        near = offered(refusal(placed, rules, reference))
        assert code_of(order(side=side, limit_price=near), rules, reference) == ""
    if expected != "PRICE_FILTER":
        assert code_of(placed, rules) == ""  # without a price of now it is Binance's to judge


@given(
    quantity=numbers(3, 2).filter(lambda x: x > 0),
    price=numbers(20, 1).filter(lambda x: x > 0),
    at_market=st.booleans(),
    least_at_market=st.booleans(),
    most_at_market=st.booleans(),
)
def test_notional(
    quantity: Decimal, price: Decimal, at_market: bool, least_at_market: bool, most_at_market: bool
) -> None:
    values = {"minNotional": "5", "maxNotional": "30", "applyMinToMarket": least_at_market}
    row = with_filter(SPOT_ROW, "NOTIONAL", **values, applyMaxToMarket=most_at_market)
    rules = rules_from(row)
    value = quantity * price
    low = value < 5 and (least_at_market or not at_market)
    high = value > 30 and (most_at_market or not at_market)
    kind = OrderType.MARKET if at_market else OrderType.LIMIT
    placed = order(kind, quantity=quantity, limit_price=None if at_market else price)
    assert code_of(placed, rules, price) == ("NOTIONAL" if low or high else "")
    if low or high:
        near = offered(refusal(placed, rules, price))
        again = order(kind, quantity=near, limit_price=None if at_market else price)
        assert code_of(again, rules, price) == ""


def test_the_value_is_checked_at_the_stop_too() -> None:
    small = order(OrderType.STOP, Side.SELL, quantity=D("0.0001"), stop_price=D("49999.99"))
    assert refusal(small).code == "NOTIONAL"
    check(order(OrderType.STOP, Side.SELL, quantity=D("0.0001"), stop_price=D("50000")), SPOT)
    both = order(OrderType.STOP_LIMIT, quantity=D("0.0001"), limit_price=D("60000"), stop_price=D("49999.99"))
    assert refusal(both).code == "NOTIONAL"


def test_what_executes_at_the_market_has_its_own_most() -> None:
    assert refusal(order(OrderType.MARKET, quantity=D("100.0001"))).code == "MARKET_LOT_SIZE"
    assert offered(refusal(order(OrderType.MARKET, quantity=D(150)))) == 100
    large = order(OrderType.STOP, Side.SELL, quantity=D(150), stop_price=D(100))
    assert refusal(large).code == "MARKET_LOT_SIZE"  # else it would be rejected when it is triggered
    check(order(quantity=D(150), limit_price=D(100)), SPOT)


@pytest.mark.parametrize(
    ("side", "percent", "nearest"),
    [
        (Side.BUY, "0.09", "0.1"),
        (Side.BUY, "20.01", "20"),
        (Side.SELL, "0.19", "0.2"),
        (Side.SELL, "10.01", "10"),
    ],
)
def test_trailing_delta_has_bounds_by_side(side: Side, percent: str, nearest: str) -> None:
    trail = order(OrderType.TRAILING_STOP, side, trail=Trail(D(percent), percent=True))
    error = refusal(trail)
    assert (error.code, offered(error)) == ("TRAILING_DELTA", D(nearest))
    check(order(OrderType.TRAILING_STOP, side, trail=Trail(D(nearest), percent=True)), SPOT)


def test_trailing_needs_a_symbol_that_takes_it() -> None:
    rules = rules_from({**SPOT_ROW, "allowTrailingStop": False})
    assert refusal(order(OrderType.TRAILING_STOP, trail=Trail(D(1), percent=True)), rules).code == "NOT_SUPPORTED"


def test_icebergs() -> None:
    whole = order(quantity=D(10))
    check(whole, SPOT, visible=D("0.1"))
    assert refusal(whole, visible=D("0.0999")).code == "ICEBERG_PARTS"  # 100 parts at most
    assert offered(refusal(whole, visible=D("0.0999"))) == D("0.1")
    assert refusal(whole, visible=D("10.0001")).code == "ICEBERG"
    assert refusal(whole, visible=D("0.00005")).code == "LOT_SIZE"
    assert refusal(order(time_in_force=TimeInForce.IOC), visible=D("0.1")).code == "NOT_SUPPORTED"
    assert refusal(order(OrderType.MARKET), visible=D("0.1")).code == "NOT_SUPPORTED"
    assert refusal(whole, rules_from({**SPOT_ROW, "icebergAllowed": False}), visible=D("0.1")).code == "NOT_SUPPORTED"


@pytest.mark.parametrize(
    ("placed", "held", "code"),
    [
        (order(), Held(orders=200), "MAX_NUM_ORDERS"),
        (order(OrderType.STOP, stop_price=D("51000")), Held(algo_orders=5), "MAX_NUM_ALGO_ORDERS"),
        (order(group="pair"), Held(lists=20), "MAX_NUM_ORDER_LISTS"),
        (order(quantity=D(2)), Held(position=D("8.5")), "MAX_POSITION"),
    ],
)
def test_what_is_open_already_counts(placed: Order, held: Held, code: str) -> None:
    rules = rules_from(with_filter(SPOT_ROW, "MAX_POSITION", maxPosition="10"))
    assert refusal(placed, rules, held=held).code == code
    check(placed, rules, held=Held(orders=199, algo_orders=4, lists=19, position=D("8")))


def test_selling_is_not_bound_by_the_position() -> None:
    rules = rules_from(with_filter(SPOT_ROW, "MAX_POSITION", maxPosition="10"))
    check(order(side=Side.SELL), rules, held=Held(position=D(10)))
    assert offered(refusal(order(quantity=D(2)), rules, held=Held(position=D("9.25")))) == D("0.75")


@pytest.mark.parametrize("status", ["HALT", "BREAK", "CANCEL_ONLY", "END_OF_DAY", "SETTLING", "A_NEW_WORD"])
def test_a_symbol_that_does_not_trade(status: str) -> None:
    error = refusal(order(), rules_from({**SPOT_ROW, "status": status}))
    assert error.code == "MARKET_CLOSED"
    assert "BTC/USDT" in error.text
    assert error.remedy


def test_a_symbol_that_is_not_open_to_us() -> None:
    rules = rules_from({**SPOT_ROW, "isSpotTradingAllowed": False})
    assert refusal(order(), rules).code == "SYMBOL_NOT_PERMITTED"


def test_a_reduce_only_order_on_the_futures_may_be_of_any_value() -> None:
    assert refusal(order(quantity=D("0.001")), USDM).code == "NOTIONAL"
    check(order(quantity=D("0.001"), reduce_only=True), USDM)
    rules = rules_from({**USDM_ROW, "status": "PRE_SETTLE"}, Product.USDM)
    assert refusal(order(), rules).code == "MARKET_CLOSED"


def test_post_only_is_for_resting_limit_orders() -> None:
    assert refusal(order(OrderType.MARKET, post_only=True)).code == "BAD_ORDER"
    assert refusal(order(post_only=True, time_in_force=TimeInForce.IOC)).code == "BAD_ORDER"
    check(order(post_only=True), SPOT)
