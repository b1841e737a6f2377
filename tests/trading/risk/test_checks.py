"""What the scenes leave open: prices, exposure, funds, repeats, and numbers out of all proportion."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kit import BTC, ETH
from tests.trading.risk.desk import DEMO, EURUSD, PERP, D, Desk, approved, denied, like, off
from trading import events as e
from trading.instruments import Money, Side, Symbol
from trading.intent import Leg, OrderType
from trading.ports import Approved
from trading.quotes import Level
from trading.risk.limits import Limits
from trading.risk.reasons import Reason

BUY, SELL = Side.BUY, Side.SELL
STOP, TAKE, STOP_LIMIT = OrderType.STOP, OrderType.TAKE_PROFIT, OrderType.STOP_LIMIT

# --- prices ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("side", "fields", "fine"),
    [
        (BUY, {"limit_price": "40000"}, True),  # far below the market is no slip that costs anything
        (SELL, {"limit_price": "90000"}, True),
        (BUY, {"limit_price": "63000"}, True),
        (SELL, {"limit_price": "56999.1"}, True),  # 59,999 less 5% is 56,999.05
        (SELL, {"limit_price": "56999"}, False),
        (BUY, {"type": STOP_LIMIT, "stop_price": "70000", "limit_price": "73500"}, True),  # against its own stop
        (BUY, {"type": STOP_LIMIT, "stop_price": "70000", "limit_price": "73500.1"}, False),
        (BUY, {"type": STOP, "stop_price": "90000"}, True),
    ],
)
def test_the_price_band(side: Side, fields: dict[str, Any], fine: bool) -> None:
    desk = Desk(off(price_band=D(5)))
    verdict = desk.judge(desk.order(side, "0.1", PERP.symbol, **fields))
    approved(verdict) if fine else denied(verdict, "PRICE_BAND")


def test_a_market_order_is_held_against_the_levels_it_would_take() -> None:
    desk = Desk(off(price_band=D(5)))
    thin = msgspec.structs.replace(
        desk.market.show("BTC/USDT", "59999", "60000"),
        asks=(Level(D(60000), D("0.1")), Level(D(63000), D("0.1")), Level(D(63001), D(5))),
    )
    desk.market._quotes[thin.symbol] = thin
    approved(desk.judge(desk.order(quantity="0.2")))
    verdict = denied(desk.judge(desk.order(quantity="0.20001")), "PRICE_BAND")
    assert verdict.reason == "63001 is 5.01% worse than the best price 60000, limit 5%"


def test_values_are_in_the_desks_currency() -> None:
    desk = Desk(off(max_order_value=D(121000)), currency="USD", balances=(Money(D(1000000), "USD"),))
    approved(desk.judge(desk.order(quantity="1.1", symbol="EURUSD")))  # 1.1 lots of 100,000 EUR at 1.1
    denied(desk.judge(desk.order(quantity="1.11", symbol="EURUSD")), "MAX_ORDER_VALUE")
    verdict = denied(desk.judge(desk.order(symbol=PERP.symbol)), "NO_RATE")  # nothing shows USDT in USD
    assert verdict.reason == "no rate from USDT to USD"


def test_a_sell_is_valued_at_what_it_would_get() -> None:
    desk = Desk(off(max_order_value=D(600)))
    approved(desk.judge(desk.order(SELL, "0.01", PERP.symbol, limit_price="1000")))
    verdict = denied(desk.judge(desk.order(SELL, "0.011", PERP.symbol, limit_price="1000")), "MAX_ORDER_VALUE")
    assert verdict.reason == "order value 659.99 USDT, limit 600 USDT"


# --- positions and exposure ------------------------------------------------------------------


def test_turning_a_position_counts_what_is_left_after_closing() -> None:
    desk = Desk(off(max_position_value=D(6000)))
    desk.hold("0.1", PERP.symbol)
    approved(desk.judge(desk.order(SELL, "0.2", PERP.symbol)))  # 0.1 closed and 0.1 short
    denied(desk.judge(desk.order(SELL, "0.201", PERP.symbol)), "MAX_POSITION_VALUE")
    denied(desk.judge(desk.order(BUY, "0.001", PERP.symbol)), "MAX_POSITION_VALUE")


def test_orders_that_only_close_add_no_exposure() -> None:
    desk = Desk(off(max_total_exposure=D(12000)))
    desk.hold("0.1", PERP.symbol)
    desk.place(desk.order(SELL, "0.1", PERP.symbol, limit_price="90000"))
    approved(desk.judge(desk.order(quantity="0.1")))
    denied(desk.judge(desk.order(quantity="0.10002")), "MAX_TOTAL_EXPOSURE")


def test_selling_on_spot_opens_nothing() -> None:
    desk = Desk(
        off(max_position_value=D(600), max_total_exposure=D(600)), balances=(Money(D(9), "BTC"), Money(D(600), "USDT"))
    )
    desk.place(desk.order(SELL, "9", limit_price="70000"))
    approved(desk.judge(desk.order()))
    assert {use.name: use.used for use in desk.gate.usage(DEMO)}["max_total_exposure"] == 0


def test_either_side_of_two_waiting_orders_counts_not_both() -> None:
    desk = Desk(off(max_position_value=D(6600)))
    desk.place(desk.order(BUY, "0.1", PERP.symbol, limit_price="50000"))
    approved(desk.judge(desk.order(SELL, "0.1", PERP.symbol, limit_price="66000")))
    denied(desk.judge(desk.order(SELL, "0.1", PERP.symbol, limit_price="66000.1")), "MAX_POSITION_VALUE")


def test_an_order_still_on_its_way_counts_at_the_market() -> None:
    desk = Desk(off(max_position_value=D("1200.01")))
    desk.place(desk.order())
    approved(desk.judge(desk.order()))
    desk.market.show("BTC/USDT", "60000", "60001")  # 600.01 each
    denied(desk.judge(desk.order()), "MAX_POSITION_VALUE")


def test_spot_cannot_be_leveraged_and_elsewhere_open_orders_count() -> None:
    desk = Desk(off(max_leverage=D(1)))
    approved(desk.judge(desk.order(quantity="1")))
    desk.place(desk.order(quantity="1", symbol=PERP.symbol, limit_price="40000"))
    approved(desk.judge(desk.order(quantity="1", symbol=PERP.symbol)))
    denied(desk.judge(desk.order(quantity="1.001", symbol=PERP.symbol)), "LEVERAGE")


def test_dust_is_no_position_and_adding_to_one_is_free() -> None:
    desk = Desk(off(max_open_positions=1))
    desk.hold("0.00005")  # worth 3, under the least that can be sold
    approved(desk.judge(desk.order(quantity="1", symbol="ETH/USDT")))
    desk.hold("1", "ETH/USDT", "3000")
    denied(desk.judge(desk.order()), "MAX_OPEN_POSITIONS")
    approved(desk.judge(desk.order(quantity="1", symbol="ETH/USDT")))


def test_stops_and_targets_do_not_count_as_open_orders() -> None:
    desk = Desk(off(max_open_orders_per_symbol=1))
    desk.hold("0.1", PERP.symbol)
    desk.place(desk.order(SELL, "0.1", PERP.symbol, stop_price="50000", type=STOP, leg=Leg.STOP_LOSS))
    approved(desk.judge(desk.order(BUY, "0.1", PERP.symbol, limit_price="50000")))


# --- funds -----------------------------------------------------------------------------------


def test_what_any_open_order_reserved_is_not_there() -> None:
    desk = Desk(balances=(Money(D(1000), "USDT"), Money(D("0.5"), "ETH")))
    desk.place(desk.order(quantity="0.1", symbol="ETH/USDT", limit_price="2500"))  # 250 USDT
    waiting = desk.place(desk.order(quantity="0.01", limit_price="50000"))  # 500 USDT
    desk.fill(waiting, "0.004", "50000")  # of which 200 are spent, 300 reserved
    verdict = denied(desk.judge(desk.order(quantity="0.00501", limit_price="50000")), "INSUFFICIENT_FUNDS")
    assert verdict.reason == "needs 250.50 USDT, free 250 USDT"
    approved(desk.judge(desk.order(quantity="0.005", limit_price="50000")))
    desk.place(desk.order(SELL, "0.3", "ETH/USDT", limit_price="4000"))
    approved(desk.judge(desk.order(SELL, "0.2", "ETH/USDT")))
    denied(desk.judge(desk.order(SELL, "0.2001", "ETH/USDT")), "INSUFFICIENT_FUNDS")


def test_both_legs_of_a_pair_reserve_once() -> None:
    desk = Desk(balances=(Money(D(1), "ETH"),))
    stop = desk.order(SELL, "1", "ETH/USDT", stop_price="2000", type=STOP, leg=Leg.STOP_LOSS, group="pair")
    target = desk.order(SELL, "1", "ETH/USDT", limit_price="4000", leg=Leg.TAKE_PROFIT, group="pair")
    desk.place(stop)
    approved(desk.judge(target))
    desk.place(target)
    verdict = denied(desk.judge(desk.order(SELL, "0.1", "ETH/USDT")), "INSUFFICIENT_FUNDS")
    assert verdict.reason == "needs 0.1 ETH, free 0 ETH"


# --- the same order twice --------------------------------------------------------------------


@pytest.mark.parametrize(
    "other",
    [
        {"actor": "person:bob"}, {"side": SELL}, {"quantity": D("0.011")}, {"limit_price": D(50001)},
        {"symbol": Symbol("ETH/USDT")}, {"leg": Leg.STOP_LOSS}, {"parent_id": "entry"}, {"id": "order1"},
        {"actor": "strategy:trend"},
    ],
    ids=lambda changes: str(next(iter(changes))),
)  # fmt: skip
def test_what_differs_is_no_duplicate(other: dict[str, Any]) -> None:
    desk = Desk(off(duplicate_window_s=60), balances=(Money(D(10000), "USDT"), Money(D(1), "BTC")))
    desk.place(desk.order(limit_price="50000"))
    desk.place(desk.order(limit_price="50000", actor="strategy:trend"))
    again = desk.order(limit_price="50000")
    denied(desk.judge(again), "DUPLICATE")
    approved(desk.judge(like(again, **other)))


def test_a_duplicate_can_be_meant_and_what_was_refused_can_be_tried_again() -> None:
    desk = Desk(off(duplicate_window_s=60))
    first = desk.place(desk.order(limit_price="50000"))
    verdict = approved(desk.judge(desk.order(limit_price="50000"), confirmed=True))
    assert any(finding.text.endswith("and confirmed") for finding in verdict.findings)
    desk.record(e.OrderRejected(first.id, "VENUE_REFUSED", "no"))
    approved(desk.judge(desk.order(limit_price="50000")))


def test_pace_is_followed_between_judgements() -> None:
    desk = Desk(off(max_orders_per_minute=2, duplicate_window_s=9))
    approved(desk.judge(desk.order()))
    desk.place(desk.order())
    denied(desk.judge(desk.order()), "DUPLICATE")
    approved(desk.judge(desk.order(quantity="0.02")))
    desk.place(desk.order(quantity="0.02"))
    denied(desk.judge(desk.order(quantity="0.03")), "ORDER_RATE")


def test_what_was_denied_or_never_judged_was_not_sent() -> None:
    desk = Desk(off(max_orders_per_minute=1, duplicate_window_s=9))
    order = desk.order()
    desk.initialize(order)
    approved(desk.judge(desk.order()))
    desk.record(e.OrderDenied(order.id, "MAX_ORDER_VALUE", ""))
    approved(desk.judge(desk.order()))


# --- anything at all -------------------------------------------------------------------------

amounts = st.one_of(
    st.decimals(D("0.000000000000000001"), D("999999999999999"), places=18),
    st.integers(1, 999999999999999).map(Decimal),
)
prices = st.one_of(st.none(), amounts)


@given(
    st.sampled_from(Side), st.sampled_from([BTC, ETH, PERP, EURUSD]), st.sampled_from(OrderType), amounts,
    prices, prices, prices, prices, st.booleans(), st.sampled_from(Leg),
)  # fmt: skip
def test_any_order_gets_a_verdict_with_numbers_and_a_remedy(
    side: Side, instrument: Any, kind: OrderType, quantity: Decimal, limit: Decimal | None, stop: Decimal | None,
    loss: Decimal | None, profit: Decimal | None, reduce: bool, leg: Leg,
) -> None:  # fmt: skip
    desk = Desk(Limits(loss_streak=1, allow=("*",)))
    order = like(
        desk.order(side, symbol=instrument.symbol, type=kind, reduce_only=reduce, leg=leg, parent_id="p"),
        quantity=quantity, limit_price=limit, stop_price=stop, stop_loss=loss, take_profit=profit,
    )  # fmt: skip
    verdict = desk.judge(order)
    for finding in verdict.findings:
        assert finding.code in set(Reason)
        assert finding.text
        assert bool(finding.remedy) is not finding.passed
        assert "{" not in finding.remedy
    if isinstance(verdict, Approved):
        assert quantity * (limit or stop or 60000) <= 10**6


def test_findings_fit_the_journal() -> None:
    desk = Desk(Limits())
    verdict = desk.judge(desk.order(quantity="5"))
    event = e.OrderDenied("x", denied(verdict, "MAX_ORDER_VALUE").code, "", verdict.findings)
    assert e.decode(e.encode(event)) == event
    assert desk.gate.effective(DEMO) == Limits()
