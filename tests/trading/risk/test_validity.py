"""Sides of stops and targets, orders that travel as lists, what a venue can do."""

from typing import Any

import pytest

from tests.trading.risk.desk import ALL, PERP, D, Desk, approved, denied, like, off
from trading import events as e
from trading.instruments import Money, Side
from trading.intent import Leg, Mode, OrderType, TimeInForce, Trail
from trading.order import Order
from trading.ports import Capabilities
from trading.risk.limits import Limits

BUY, SELL = Side.BUY, Side.SELL
STOP, TAKE, STOP_LIMIT = OrderType.STOP, OrderType.TAKE_PROFIT, OrderType.STOP_LIMIT

# --- sides of stops and targets --------------------------------------------------------------


@pytest.mark.parametrize(
    ("side", "fields", "right"),
    [
        (BUY, {"type": STOP, "stop_price": "60000.01"}, True),
        (BUY, {"type": STOP, "stop_price": "60000"}, False),
        (SELL, {"type": STOP, "stop_price": "59998.99"}, True),
        (SELL, {"type": STOP, "stop_price": "59999"}, False),
        (BUY, {"type": TAKE, "stop_price": "59999.99"}, True),
        (BUY, {"type": TAKE, "stop_price": "60000"}, False),
        (SELL, {"type": TAKE, "stop_price": "59999.01"}, True),
        (SELL, {"type": TAKE, "stop_price": "59999"}, False),
        # a bracket at the market: the stop under the bid, the target over the ask
        (BUY, {"stop_loss": "59998.99"}, True),
        (BUY, {"stop_loss": "59999"}, False),
        (BUY, {"take_profit": "60000.01"}, True),
        (BUY, {"take_profit": "60000"}, False),
        (SELL, {"stop_loss": "60000.01", "take_profit": "59998.99"}, True),
        (SELL, {"stop_loss": "60000"}, False),
        (SELL, {"take_profit": "59999"}, False),
        # around a limit that waits, and one that is done at the market
        (BUY, {"limit_price": "50000", "stop_loss": "49999.99", "take_profit": "50000.01"}, True),
        (BUY, {"limit_price": "50000", "stop_loss": "50000"}, False),
        (BUY, {"limit_price": "50000", "take_profit": "50000"}, False),
        (BUY, {"limit_price": "61000", "stop_loss": "60500"}, False),
        (BUY, {"limit_price": "61000", "stop_loss": "59998"}, True),
        # around the stop of an entry that waits for it
        (BUY, {"type": STOP, "stop_price": "65000", "stop_loss": "64999.99", "take_profit": "65000.01"}, True),
        (BUY, {"type": STOP, "stop_price": "65000", "stop_loss": "65000"}, False),
        (SELL, {"type": STOP, "stop_price": "55000", "stop_loss": "55000"}, False),
    ],
)
def test_stops_and_targets_have_a_side(side: Side, fields: dict[str, Any], right: bool) -> None:
    desk = Desk(balances=(Money(D(100000), "USDT"), Money(D(1), "BTC")))
    verdict = desk.judge(desk.order(side, **fields))
    approved(verdict) if right else denied(verdict, "STOP_WRONG_SIDE")


def bracket(desk: Desk, **changes: Any) -> list[Order]:
    """An entry with its stop and target, as a venue that holds lists gets them."""
    entry = desk.order(limit_price="50000", stop_loss="49000", take_profit="52000")
    common: dict[str, Any] = {"parent_id": entry.id, "group": "pair", "reduce_only": True}
    stop = desk.order(SELL, stop_price="49000", type=STOP, leg=Leg.STOP_LOSS, **common)
    target = desk.order(SELL, limit_price="52000", leg=Leg.TAKE_PROFIT, **common)
    return [entry, like(stop, **changes), target]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, ""),
        ({"stop_price": D(50000)}, "STOP_WRONG_SIDE"),
        ({"side": BUY}, "STOP_WRONG_SIDE"),
        ({"quantity": D("0.000005")}, "LOT_SIZE"),
        ({"stop_price": D("49000.001")}, "TICK_SIZE"),
        ({"quantity": D("0.0001")}, "MIN_NOTIONAL"),
    ],
)
def test_the_legs_of_a_bracket(changes: dict[str, Any], code: str) -> None:
    desk = Desk()
    verdict = desk.judge(*bracket(desk, **changes))
    denied(verdict, code) if code else approved(verdict)


@pytest.mark.parametrize(
    ("stop", "target", "right"),
    [
        ("59998.99", "59999.01", True),
        ("59999", "61000", False),
        ("59000", "59999", False),
        ("61000", "59000", False),
    ],
)
def test_an_oco_pair_lies_on_both_sides_of_the_market(stop: str, target: str, right: bool) -> None:
    desk = Desk()
    desk.hold("0.01")
    one = desk.order(SELL, limit_price=target, leg=Leg.TAKE_PROFIT, group="pair")
    other = desk.order(SELL, stop_price=stop, type=STOP, leg=Leg.STOP_LOSS, group="pair")
    for first, second in ((one, other), (other, one)):
        verdict = desk.judge(first, second)
        approved(verdict) if right else denied(verdict, "STOP_WRONG_SIDE")


# --- who may trade what ----------------------------------------------------------------------

ACTIVE, REDUCING, HALTED = e.TradingState


@pytest.mark.parametrize(
    ("states", "actor", "code"),
    [
        ({"all": REDUCING, "demo": HALTED}, "person:ana", "KILLED"),
        ({"all": HALTED, "demo": REDUCING}, "person:ana", "KILLED"),
        ({"all": ACTIVE, "BTC/USDT": REDUCING}, "person:ana", "PAUSED"),
        ({"demo": ACTIVE, "BTC/USDT": HALTED}, "person:ana", "KILLED"),
        ({"strategy:trend": HALTED}, "strategy:trend", "KILLED"),
        ({"trend": REDUCING}, "strategy:trend", "PAUSED"),
        ({"trend": HALTED, "ETH/USDT": HALTED, "main": HALTED}, "person:trend", ""),
        ({"all": ACTIVE, "demo": ACTIVE}, "person:ana", ""),
    ],
)
def test_the_strictest_latch_of_its_scopes_holds(states: dict[str, e.TradingState], actor: str, code: str) -> None:
    desk = Desk()
    for scope, state in states.items():
        desk.record(e.TradingStateChanged(scope, state, "person:ana"))
    verdict = desk.judge(desk.order(actor=actor))
    denied(verdict, code) if code else approved(verdict)


@pytest.mark.parametrize(
    ("allow", "deny", "fine"),
    [
        ((), ("ETH/*",), True),
        ((), ("btc/*",), False),
        (("BTC/USDT",), (), True),
        (("ETH/USDT", "*/USDC"), (), False),
        (("*/USDT&BTC/*",), (), True),
        (("*/USDT&ETH/*",), (), False),
        (("*",), ("*",), False),
    ],
)
def test_allow_and_deny_lists(allow: tuple[str, ...], deny: tuple[str, ...], fine: bool) -> None:
    desk = Desk(off(allow=allow, deny=deny))
    verdict = desk.judge(desk.order())
    approved(verdict) if fine else denied(verdict, "SYMBOL_DENIED")


@pytest.mark.parametrize("quantity", ["0", "-0.01", "0.000001"])
def test_what_is_no_quantity(quantity: str) -> None:
    assert denied(Desk().judge(Desk().order(quantity=quantity)), "LOT_SIZE").remedy == "Use 0.00001 BTC."


def test_a_price_below_the_first_step_has_one_that_would_do() -> None:
    order = Desk().order(limit_price="0.001")
    assert denied(Desk().judge(order), "TICK_SIZE").remedy == "Use 0.01."


# --- what a venue can do ---------------------------------------------------------------------

POOR = Capabilities(frozenset({OrderType.MARKET, OrderType.LIMIT}), frozenset({TimeInForce.GTC}), post_only=False)


@pytest.mark.parametrize(
    ("side", "fields", "can", "told"),
    [
        (BUY, {"limit_price": "60000", "time_in_force": TimeInForce.FOK}, POOR, "demo has no FOK orders"),
        (BUY, {"limit_price": "60000", "post_only": True}, POOR, "demo has no post-only orders"),
        (BUY, {"post_only": True}, ALL, "post-only is for LIMIT GTC orders, this is MARKET GTC"),
        (BUY, {"limit_price": "60000", "post_only": True, "time_in_force": TimeInForce.IOC}, ALL, "this is LIMIT IOC"),
        (BUY, {"type": OrderType.LIMIT}, ALL, "a LIMIT order needs a limit price"),
        (BUY, {"type": STOP}, ALL, "a STOP order needs a stop price"),
        (BUY, {"type": OrderType.TRAILING_STOP}, ALL, "a TRAILING_STOP order needs a distance"),
        (SELL, {}, POOR, "SELL 0.01 BTC with 0 BTC held, and demo has no short selling"),
    ],
)
def test_what_the_venue_cannot_do(side: Side, fields: dict[str, Any], can: Capabilities, told: str) -> None:
    desk = Desk(capabilities=can)
    verdict = denied(desk.judge(desk.order(side, symbol=PERP.symbol, **fields)), "UNSUPPORTED")
    assert told in verdict.reason


def test_without_short_selling_what_is_held_can_be_sold() -> None:
    desk = Desk(capabilities=POOR)
    desk.hold("0.01", PERP.symbol)
    approved(desk.judge(desk.order(SELL, "0.01", PERP.symbol)))
    denied(desk.judge(desk.order(SELL, "0.011", PERP.symbol)), "UNSUPPORTED")


def test_the_rest_of_a_contract_position_can_be_closed_however_small() -> None:
    desk = Desk()
    small = like(PERP, min_notional=D(100))
    desk.record(e.InstrumentListed("demo", Mode.PAPER, small))
    desk.hold("0.001", PERP.symbol)  # worth 60
    approved(desk.judge(desk.order(SELL, "0.001", PERP.symbol, reduce_only=True)))
    denied(desk.judge(desk.order(SELL, "0.001", PERP.symbol)), "MIN_NOTIONAL")


def test_a_trailing_stop_is_judged_without_a_price_of_its_own() -> None:
    desk = Desk(Limits())
    desk.hold("0.01")
    approved(desk.judge(desk.order(SELL, type=OrderType.TRAILING_STOP, trail=Trail(D(1), percent=True))))
