"""What is checked before anything is sent, and which request is made of an order."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.emulators.mt5.states import SymbolInfo
from tests.trading.executors.contract import make_order
from trading.errors import VenueRefused
from trading.executors.mt5 import plan, requests
from trading.executors.mt5.rules import (
    Shown,
    check_frozen,
    check_kind,
    check_levels,
    check_side,
    check_volume,
    check_waiting,
    price_of,
)
from trading.ids import order_id
from trading.instruments import Side, Symbol
from trading.intent import OrderType, TimeInForce
from trading.mt5.constants import Constants as mt5
from trading.mt5.listing import SymbolRules, rules_of
from trading.mt5.terminal import exact

D = Decimal
BUY, SELL = Side.BUY, Side.SELL
SHOWN = Shown(D("1.08000"), D("1.08010"))
FOK, IOC, RETURN = mt5.ORDER_FILLING_FOK, mt5.ORDER_FILLING_IOC, mt5.ORDER_FILLING_RETURN
MARKET, EXCHANGE = mt5.SYMBOL_TRADE_EXECUTION_MARKET, mt5.SYMBOL_TRADE_EXECUTION_EXCHANGE


def rules(**changes: Any) -> SymbolRules:
    info = SymbolInfo(
        name="EURUSD", currency_base="EUR", currency_profit="USD", digits=5, point=0.00001, trade_tick_size=0.00001,
        trade_contract_size=100_000.0, volume_min=0.01, volume_max=50.0, volume_step=0.01, trade_stops_level=20,
        trade_freeze_level=10, filling_mode=3, trade_exemode=MARKET, trade_mode=4, order_mode=127,
        expiration_mode=15,
    )  # fmt: skip
    return rules_of(info._replace(**changes), Symbol("EURUSD"), "USD")


def order(side: Side, type: OrderType = OrderType.MARKET, quantity: str = "0.1", **more: Any) -> Any:
    return make_order(order_id("rules"), side, quantity, type, symbol=Symbol("EURUSD"), **more)


@pytest.mark.parametrize(
    ("side", "type", "price", "code", "nearest"),
    [
        (BUY, OrderType.LIMIT, "1.07990", "", ""),
        (BUY, OrderType.LIMIT, "1.07991", "STOPS_LEVEL", "1.0799"),
        (BUY, OrderType.LIMIT, "1.08010", "WOULD_TAKE", "1.0799"),
        (SELL, OrderType.LIMIT, "1.08020", "", ""),
        (SELL, OrderType.LIMIT, "1.07000", "WOULD_TAKE", "1.0802"),
        (BUY, OrderType.STOP, "1.08030", "", ""),
        (BUY, OrderType.STOP, "1.08029", "STOPS_LEVEL", "1.0803"),
        (BUY, OrderType.STOP, "1.08000", "WOULD_TRIGGER", "1.0803"),
        (SELL, OrderType.STOP, "1.07980", "", ""),
        (SELL, OrderType.STOP, "1.08000", "WOULD_TRIGGER", "1.0798"),
        (SELL, OrderType.STOP, "1.079801", "PRICE_FILTER", "1.0798"),
    ],
)
def test_a_waiting_order_keeps_its_distance(side: Side, type: OrderType, price: str, code: str, nearest: str) -> None:
    """20 points from 1.08000 / 1.08010."""
    if not code:
        check_waiting(order(side, type), D(price), rules(), SHOWN)
        return
    with pytest.raises(VenueRefused) as why:
        check_waiting(order(side, type), D(price), rules(), SHOWN)
    assert why.value.code == code
    assert nearest in why.value.remedy


@pytest.mark.parametrize(
    ("side", "stop", "limit", "code", "nearest"),
    [
        (BUY, "1.08100", "1.08080", "", ""),
        (BUY, "1.08100", "1.08081", "WOULD_TAKE", "1.0808"),
        (BUY, "1.08100", "1.08200", "WOULD_TAKE", "1.0808"),
        (BUY, "1.08000", "1.07000", "WOULD_TRIGGER", "1.0803"),
        (SELL, "1.07900", "1.07920", "", ""),
        (SELL, "1.07900", "1.07919", "WOULD_TAKE", "1.0792"),
        (SELL, "1.07900", "1.07800", "WOULD_TAKE", "1.0792"),
        (SELL, "1.07900", "1.0799901", "PRICE_FILTER", "1.0799"),
    ],
)
def test_a_stop_limit_waits_twice(side: Side, stop: str, limit: str, code: str, nearest: str) -> None:
    """On an exchange the limit may be anywhere: it is not held against its stop."""
    asked = order(side, OrderType.STOP_LIMIT, stop_price=stop, limit_price=limit)
    there = rules(trade_exemode=EXCHANGE)
    if not code:
        check_waiting(asked, D(stop), rules(), SHOWN)
        return
    with pytest.raises(VenueRefused) as why:
        check_waiting(asked, D(stop), rules(), SHOWN)
    assert why.value.code == code
    assert nearest in why.value.remedy
    if code == "WOULD_TAKE":
        check_waiting(asked, D(stop), there, SHOWN)


def test_on_an_exchange_a_limit_may_be_beyond_the_market() -> None:
    there = rules(trade_exemode=EXCHANGE)
    check_waiting(order(BUY, OrderType.LIMIT), D("1.09"), there, SHOWN)
    with pytest.raises(VenueRefused, match="multiple"):
        check_waiting(order(BUY, OrderType.LIMIT), D("1.090001"), there, SHOWN)
    with pytest.raises(VenueRefused, match="trigger"):
        check_waiting(order(BUY, OrderType.STOP), D("1.07"), there, SHOWN)


GTC, NOW_IOC, NOW_FOK = TimeInForce
LIMIT, STOP, STOP_LIMIT = OrderType.LIMIT, OrderType.STOP, OrderType.STOP_LIMIT


@pytest.mark.parametrize(
    ("type", "tif", "symbol", "words"),
    [
        (LIMIT, GTC, {}, ""),
        (STOP_LIMIT, GTC, {}, ""),
        (OrderType.MARKET, NOW_FOK, {}, ""),
        (LIMIT, NOW_IOC, {"trade_exemode": EXCHANGE}, ""),
        (LIMIT, NOW_IOC, {}, "waits, and cannot be IOC: the broker does none at once. Leave out the limit, or tif=ioc"),
        (LIMIT, NOW_FOK, {"trade_exemode": EXCHANGE, "filling_mode": 2}, "no FOK orders of EURUSD. Leave out tif=fok"),
        (LIMIT, NOW_IOC, {"trade_exemode": EXCHANGE, "filling_mode": 1}, "no IOC orders of EURUSD. Leave out tif=ioc"),
        (STOP, NOW_IOC, {"trade_exemode": EXCHANGE}, "A STOP order waits, and cannot be IOC. Leave out tif=ioc"),
        (LIMIT, GTC, {"order_mode": 127 - 2}, "takes no limit orders of EURUSD. It takes orders at the market, stop"),
        (STOP_LIMIT, GTC, {"order_mode": 1}, "takes no stop-limit orders of EURUSD. It takes orders at the market."),
        (LIMIT, GTC, {"order_mode": 0}, ""),  # a broker that says nothing of it
        (LIMIT, GTC, {"expiration_mode": 2}, "only with an end, which the desk cannot give. Leave out the price."),
        (OrderType.MARKET, GTC, {"expiration_mode": 2}, ""),
        (OrderType.MARKET, GTC, {"trade_mode": 0}, "EURUSD cannot be traded."),
    ],
)
def test_what_a_symbol_takes(type: OrderType, tif: TimeInForce, symbol: dict[str, Any], words: str) -> None:
    asked = order(BUY, type, time_in_force=tif)
    if not words:
        check_kind(asked, rules(**symbol))
        return
    with pytest.raises(VenueRefused) as why:
        check_kind(asked, rules(**symbol))
    assert words in str(why.value)


@pytest.mark.parametrize(
    ("mode", "side", "words"),
    [
        (mt5.SYMBOL_TRADE_MODE_FULL, SELL, ""),
        (mt5.SYMBOL_TRADE_MODE_LONGONLY, BUY, ""),
        (mt5.SYMBOL_TRADE_MODE_LONGONLY, SELL, "only be bought"),
        (mt5.SYMBOL_TRADE_MODE_SHORTONLY, BUY, "only be sold"),
        (mt5.SYMBOL_TRADE_MODE_CLOSEONLY, BUY, "only be closed"),
    ],
)
def test_which_way_a_symbol_may_be_opened(mode: int, side: Side, words: str) -> None:
    if not words:
        check_side(side, rules(trade_mode=mode))
        return
    with pytest.raises(VenueRefused, match=words):
        check_side(side, rules(trade_mode=mode))


@pytest.mark.parametrize(
    ("side", "type", "tif", "kind", "filling"),
    [
        (BUY, LIMIT, GTC, mt5.ORDER_TYPE_BUY_LIMIT, RETURN),
        (SELL, LIMIT, NOW_IOC, mt5.ORDER_TYPE_SELL_LIMIT, IOC),
        (BUY, LIMIT, NOW_FOK, mt5.ORDER_TYPE_BUY_LIMIT, FOK),
        (SELL, STOP, GTC, mt5.ORDER_TYPE_SELL_STOP, RETURN),
        (BUY, STOP_LIMIT, GTC, mt5.ORDER_TYPE_BUY_STOP_LIMIT, RETURN),
        (SELL, STOP_LIMIT, GTC, mt5.ORDER_TYPE_SELL_STOP_LIMIT, RETURN),
    ],
)
def test_a_waiting_order_as_a_request(side: Side, type: OrderType, tif: TimeInForce, kind: int, filling: int) -> None:
    asked = order(side, type, time_in_force=tif, limit_price="1.07", stop_price="1.08")
    request = requests.waiting(asked, rules(), D("0.1"), price_of(asked, SHOWN), 1)
    assert (request["type"], request["type_filling"], request["volume"]) == (kind, filling, 0.1)
    stops = (1.08, 1.07) if type is STOP_LIMIT else (1.08, None) if type is STOP else (1.07, None)
    assert (request["price"], request.get("stoplimit")) == stops


@given(points=st.integers(-200, 200), side=st.sampled_from(Side), stop=st.booleans(), least=st.integers(0, 60))
def test_the_nearest_level_that_is_named_passes(points: int, side: Side, stop: bool, least: int) -> None:
    there, price = rules(trade_stops_level=least), D("1.08") + points * D("0.00001")
    market = SHOWN.closed(side)
    try:
        check_levels(side, market, price if stop else None, None if stop else price, there)
    except VenueRefused as why:
        nearest = D(why.remedy.split()[-1].rstrip("."))
        check_levels(side, market, nearest if stop else None, None if stop else nearest, there)
    else:
        away = (market - price if stop else price - market) * side.sign
        assert away >= max(least, 1) * D("0.00001")


@pytest.mark.parametrize("volume", ["0", "0.005", "0.015", "50.01"])
def test_lots_that_the_symbol_does_not_take(volume: str) -> None:
    with pytest.raises(VenueRefused, match=r"The minimum is 0\.01, in steps of 0\.01, up to 50\."):
        check_volume(D(volume), rules())


def test_nothing_is_changed_within_the_freeze_level() -> None:
    check_frozen(D("1.08021"), D("1.0801"), rules())
    with pytest.raises(VenueRefused, match="freeze level"):
        check_frozen(D("1.08020"), D("1.0801"), rules())


@pytest.mark.parametrize(
    ("bits", "execution", "tif", "modes"),
    [
        (1, MARKET, TimeInForce.GTC, [FOK, IOC, RETURN]),
        (2, MARKET, TimeInForce.GTC, [IOC, FOK, RETURN]),
        (3, MARKET, TimeInForce.GTC, [FOK, IOC, RETURN]),
        (0, MARKET, TimeInForce.GTC, [FOK, IOC, RETURN]),
        (2, EXCHANGE, TimeInForce.GTC, [RETURN, IOC, FOK]),
        (1, MARKET, TimeInForce.IOC, [IOC]),
        (2, MARKET, TimeInForce.FOK, [FOK]),
    ],
)
def test_filling_modes_come_from_the_symbol_s_bits(
    bits: int, execution: int, tif: TimeInForce, modes: list[int]
) -> None:
    there = rules(filling_mode=bits, trade_exemode=execution)
    assert requests.fillings(there, order(BUY, time_in_force=tif)) == modes


class Held:
    """A position."""

    def __init__(self, ticket: int, type: int, volume: float, sl: float = 0.0) -> None:
        self.ticket, self.type, self.volume, self.sl, self.tp, self.time_msc = ticket, type, volume, sl, 0.0, ticket


LOTS = st.integers(1, 300).map(lambda hundredths: hundredths / 100)


@given(held=st.lists(st.tuples(st.integers(0, 1), LOTS), max_size=6), lots=LOTS, side=st.sampled_from(Side))
def test_a_hedged_order_closes_before_it_opens_and_is_never_more_than_asked(
    held: list[tuple[int, float]], lots: float, side: Side
) -> None:
    ours = [Held(number, type, volume) for number, (type, volume) in enumerate(held, 1)]
    asked = order(side, quantity=f"{lots:.2f}")
    parts = plan.hedging(asked, rules(), ours, D(0), D(0))
    assert sum(part.volume for part in parts) == asked.quantity
    closed = [part.position for part in parts if part.position]
    assert closed == sorted(closed), "the oldest first"
    other = sum(exact(each.volume) for each in ours if (each.type == 0) is not (side is BUY))
    opened = [part for part in parts if not part.position]
    assert sum(part.volume for part in opened) == max(asked.quantity - other, 0)
    if other:
        less = plan.hedging(order(side, quantity=f"{lots:.2f}", reduce_only=True), rules(), ours, D(0), D(0))
        assert all(part.position for part in less)


def test_a_reducing_order_takes_no_more_than_there_is_on_a_netting_account() -> None:
    asked = order(SELL, quantity="0.5", reduce_only=True)
    assert plan.netting(asked, rules(), Held(1, 0, 0.2), D(0), D(0)) == [plan.Part(D("0.2"))]
    for held in (None, Held(1, 1, 0.2)):
        with pytest.raises(VenueRefused, match="could close"):
            plan.netting(asked, rules(), held, D(0), D(0))


def test_what_would_be_too_little_to_open_is_said_before_anything_is_closed() -> None:
    there = rules(volume_min=0.1)
    with pytest.raises(VenueRefused, match=r"then open 0\.05"):
        plan.hedging(order(SELL, quantity="0.15"), there, [Held(1, 0, 0.1)], D(0), D(0))


@given(st.integers(-(10**12), 10**12))
def test_floats_become_the_decimals_they_stand_for(number: int) -> None:
    value = number / 10**5
    assert exact(value) == D(number).scaleb(-5)
    assert exact(0.1 + 0.2) == D("0.3")
