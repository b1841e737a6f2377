"""Getting out always works, and only getting out counts as getting out."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trading.risk.desk import PERP, D, Desk, approved, denied, off
from trading import events as e
from trading.instruments import Money, Side, Symbol
from trading.intent import Leg, OrderType
from trading.order import Order
from trading.ports import Approved
from trading.risk.limits import Limits

SPOT = "BTC/USDT"
TIGHT = Limits(
    max_order_value=D("0.01"), max_position_value=D("0.01"), max_total_exposure=D("0.01"), max_daily_loss=D("0.01"),
    max_open_orders_per_symbol=1, min_order_value=D(10**9), max_open_positions=1, max_drawdown=D("0.01"),
    price_band=D("0.01"), stale_price_s=1, max_orders_per_minute=1, duplicate_window_s=3600, allow=("NOTHING",),
    deny=("*",), loss_streak=1, cooldown_s=86400, max_leverage=D("0.01"),
)  # fmt: skip


def lock_everything(desk: Desk, state: e.TradingState) -> None:
    """Every latch and lock there is, a loss, a stale price."""
    for scope in ("all", "demo", SPOT, PERP.symbol):
        desk.record(e.TradingStateChanged(scope, state, "person:ana"))
    for symbol in (SPOT, PERP.symbol):
        desk.record(e.SymbolLocked(Symbol(symbol), None, "", "person:ana"))
    desk.sample("900000", "2026-01-04")
    desk.sample("100000")
    desk.clock.move(100)


@pytest.mark.parametrize("state", e.TradingState)
@pytest.mark.parametrize(
    ("held", "symbol", "side"),
    [("0.5", SPOT, Side.SELL), ("0.5", PERP.symbol, Side.SELL), ("-0.5", PERP.symbol, Side.BUY)],
)
def test_a_close_passes_whatever_is_shut(held: str, symbol: str, side: Side, state: e.TradingState) -> None:
    desk = Desk(TIGHT)
    desk.hold(held, symbol)
    lock_everything(desk, state)
    verdict = approved(desk.judge(desk.order(side, "0.5", symbol)))
    told = {finding.code: finding.text for finding in verdict.findings}
    assert told["NOTHING_TO_REDUCE"] == "closes 0.5 BTC of 0.5 BTC held: the limits on new positions do not apply"
    assert "MAX_ORDER_VALUE" not in told
    approved(desk.judge(desk.order(side, "0.2", symbol, reduce_only=True)))
    approved(desk.judge(desk.order(side, "0.5", symbol, limit_price="1000" if side is Side.SELL else "99000")))


def test_one_step_more_is_an_entry() -> None:
    desk = Desk()
    desk.hold("0.5", PERP.symbol)
    desk.record(e.TradingStateChanged("all", e.TradingState.HALTED, "person:ana"))
    approved(desk.judge(desk.order(Side.SELL, "0.5", PERP.symbol)))
    denied(desk.judge(desk.order(Side.SELL, "0.501", PERP.symbol)), "KILLED")
    denied(desk.judge(desk.order(Side.BUY, "0.1", PERP.symbol)), "KILLED")


def test_what_is_being_closed_already_cannot_be_closed_again() -> None:
    desk = Desk()
    desk.hold("0.5", PERP.symbol)
    closing = desk.place(desk.order(Side.SELL, "0.3", PERP.symbol, limit_price="61000"))
    desk.record(e.TradingStateChanged("all", e.TradingState.HALTED, "person:ana"))
    approved(desk.judge(desk.order(Side.SELL, "0.2", PERP.symbol, reduce_only=True)))
    verdict = denied(desk.judge(desk.order(Side.SELL, "0.201", PERP.symbol, reduce_only=True)), "NOTHING_TO_REDUCE")
    assert verdict.remedy.startswith("Close at most 0.2 BTC;")
    desk.fill(closing, "0.1", "61000")  # 0.4 left, of which 0.2 are being closed
    approved(desk.judge(desk.order(Side.SELL, "0.2", PERP.symbol, reduce_only=True)))
    denied(desk.judge(desk.order(Side.SELL, "0.201", PERP.symbol, reduce_only=True)), "NOTHING_TO_REDUCE")
    desk.record(e.OrderCanceled(closing.id))
    approved(desk.judge(desk.order(Side.SELL, "0.4", PERP.symbol, reduce_only=True)))


def test_what_holds_all_that_is_open_is_named() -> None:
    desk = Desk()
    reduce = desk.order(Side.SELL, "0.1", PERP.symbol, reduce_only=True)
    none = denied(desk.judge(reduce), "NOTHING_TO_REDUCE")
    assert none.remedy == "There is nothing to close; /positions shows what is open."
    desk.hold("0.5", PERP.symbol)
    desk.place(desk.order(Side.BUY, "0.1", PERP.symbol, limit_price="50000"))
    first = desk.place(desk.order(Side.SELL, "0.5", PERP.symbol, limit_price="61000"))
    end = f"already: cancel what is in the way; /orders {PERP.symbol}."
    verdict = denied(desk.judge(reduce), "NOTHING_TO_REDUCE")
    assert verdict.remedy == f"Nothing is left, order {first.id} closes it {end}"
    others = [desk.place(desk.order(Side.SELL, "0.1", PERP.symbol, limit_price="61000")) for _ in range(3)]
    verdict = denied(desk.judge(reduce), "NOTHING_TO_REDUCE")
    names = ", ".join(each.id for each in (first, *others[:2]))
    assert verdict.remedy == f"Nothing is left, orders {names} and 1 more close it {end}"


def test_an_order_in_doubt_may_have_closed_already() -> None:
    desk = Desk()
    desk.hold("0.5", PERP.symbol)
    lost = desk.place(desk.order(Side.SELL, "0.5", PERP.symbol, limit_price="60000"))
    desk.record(e.OrderInDoubt(lost.id, "timeout"))
    denied(desk.judge(desk.order(Side.SELL, "0.5", PERP.symbol)), "IN_DOUBT")
    denied(desk.judge(desk.order(Side.SELL, "0.5", PERP.symbol, reduce_only=True)), "NOTHING_TO_REDUCE")


def test_reduce_only_with_nothing_open() -> None:
    desk = Desk()
    denied(desk.judge(desk.order(Side.SELL, "0.1", PERP.symbol, reduce_only=True)), "NOTHING_TO_REDUCE")
    desk.hold("0.5", PERP.symbol)
    denied(desk.judge(desk.order(Side.BUY, "0.1", PERP.symbol, reduce_only=True)), "NOTHING_TO_REDUCE")
    denied(desk.judge(desk.order(Side.BUY, "0.1", SPOT, reduce_only=True)), "NOTHING_TO_REDUCE")


def test_on_spot_selling_what_was_there_before_is_getting_out() -> None:
    desk = Desk(balances=(Money(D("0.7"), "BTC"),))
    desk.record(e.TradingStateChanged("all", e.TradingState.HALTED, "person:ana"))
    approved(desk.judge(desk.order(Side.SELL, "0.7")))
    desk.place(desk.order(Side.SELL, "0.5", limit_price="70000"))
    approved(desk.judge(desk.order(Side.SELL, "0.2")))
    denied(desk.judge(desk.order(Side.SELL, "0.20001")), "KILLED")
    desk.record(e.TradingStateChanged("all", e.TradingState.ACTIVE, "person:ana"))
    verdict = denied(desk.judge(desk.order(Side.SELL, "0.20001")), "INSUFFICIENT_FUNDS")
    assert verdict.reason == "needs 0.20001 BTC, free 0.2 BTC"


# --- protective orders -----------------------------------------------------------------------


def stop(desk: Desk, quantity: str, parent: str = "", group: str = "", symbol: str = PERP.symbol) -> Order:
    return desk.order(
        Side.SELL, quantity, symbol, stop_price="55000", type=OrderType.STOP, leg=Leg.STOP_LOSS,
        parent_id=parent, group=group, reduce_only=True,
    )  # fmt: skip


def target(desk: Desk, quantity: str, parent: str = "", group: str = "", symbol: str = PERP.symbol) -> Order:
    return desk.order(
        Side.SELL, quantity, symbol, limit_price="65000", leg=Leg.TAKE_PROFIT, parent_id=parent, group=group,
        reduce_only=True,
    )  # fmt: skip


@pytest.mark.parametrize("symbol", [SPOT, PERP.symbol])
@pytest.mark.parametrize(("parent", "group"), [("entry", ""), ("entry", "pair"), ("", "pair")])
def test_stop_and_target_of_one_position_count_once(parent: str, group: str, symbol: str) -> None:
    desk = Desk()
    desk.hold("1", symbol)
    desk.record(e.TradingStateChanged("all", e.TradingState.HALTED, "person:ana"))
    approved(desk.judge(stop(desk, "1", parent, group, symbol)))
    desk.place(stop(desk, "1", parent, group, symbol))
    approved(desk.judge(target(desk, "1", parent, group, symbol)))
    desk.place(target(desk, "1", parent, group, symbol))
    assert isinstance(desk.judge(stop(desk, "1", "other", "", symbol)), Approved) is False
    assert isinstance(desk.judge(desk.order(Side.SELL, "0.1", symbol)), Approved) is False


def test_each_part_of_a_bracket_has_its_own_pair() -> None:
    desk = Desk()
    desk.hold("1", PERP.symbol)
    for part in ("1", "2"):
        approved(desk.judge(stop(desk, "0.5", "entry", f"pair{part}")))
        desk.place(stop(desk, "0.5", "entry", f"pair{part}"))
        approved(desk.judge(target(desk, "0.5", "entry", f"pair{part}")))
        desk.place(target(desk, "0.5", "entry", f"pair{part}"))
    denied(desk.judge(stop(desk, "0.001", "entry", "pair3")), "NOTHING_TO_REDUCE")


def test_the_legs_of_a_waiting_entry_do_not_hold_the_position_back() -> None:
    desk = Desk()
    desk.hold("1", PERP.symbol)
    entry = desk.place(desk.order(quantity="1", symbol=PERP.symbol, limit_price="50000"))
    desk.place(stop(desk, "1", entry.id))
    desk.place(target(desk, "1", entry.id))
    approved(desk.judge(desk.order(Side.SELL, "1", PERP.symbol, reduce_only=True)))
    desk.fill(entry, "0.4", "50000")  # 1.4 held, and the legs may close the 0.4
    approved(desk.judge(desk.order(Side.SELL, "1", PERP.symbol, reduce_only=True)))
    denied(desk.judge(desk.order(Side.SELL, "1.001", PERP.symbol, reduce_only=True)), "NOTHING_TO_REDUCE")


def test_an_open_order_is_not_held_against_its_own_change() -> None:
    desk = Desk()
    desk.hold("1", PERP.symbol)
    leg = desk.place(stop(desk, "1"))
    approved(desk.judge(leg))
    desk.place(desk.order(Side.SELL, "0.5", PERP.symbol, limit_price="70000"))
    denied(desk.judge(leg), "NOTHING_TO_REDUCE")


def test_a_leg_larger_than_what_is_left_is_no_close() -> None:
    desk = Desk()
    desk.hold("1", PERP.symbol)
    desk.place(stop(desk, "1", "entry"))
    desk.place(desk.order(Side.SELL, "0.6", PERP.symbol), "0.6", "60000")
    denied(desk.judge(target(desk, "1", "entry")), "NOTHING_TO_REDUCE")
    approved(desk.judge(target(desk, "0.4", "entry")))


# --- over many books -------------------------------------------------------------------------

steps = st.lists(
    st.tuples(
        st.sampled_from(Side),
        st.integers(1, 12),
        st.sampled_from(["single", "stop", "target"]),
        st.sampled_from(["a", "b"]),
        st.sampled_from([0, 0, 1, 2]),
    ),
    max_size=10,
)


@given(st.integers(-8, 8), steps, st.sampled_from([e.TradingState.HALTED, e.TradingState.REDUCING]))
def test_nothing_that_passes_while_halted_can_turn_a_position(held: int, plan: object, state: e.TradingState) -> None:
    """Whatever is asked for, and in whatever order it fills: the position only shrinks, and never turns."""
    desk = Desk(off(loss_streak=1))
    if held:
        desk.hold(str(D(held) / 10), PERP.symbol)
    desk.record(e.TradingStateChanged("all", state, "person:ana"))
    for side, tenths, kind, bond, fill in plan:  # type: ignore[attr-defined]
        quantity, up = str(D(tenths) / 10), side is Side.SELL
        prices = {
            "single": {"limit_price": "70000" if up else "50000"},
            "stop": {"stop_price": "50000" if up else "70000", "type": OrderType.STOP, "leg": Leg.STOP_LOSS},
            "target": {"limit_price": "70000" if up else "50000", "leg": Leg.TAKE_PROFIT},
        }[kind]
        order = desk.order(side, quantity, PERP.symbol, parent_id="" if kind == "single" else bond, **prices)
        closable = position(desk)
        if isinstance(desk.judge(order), Approved):
            assert closable * side.sign < 0
            assert D(quantity) <= abs(closable)
            desk.place(order)
            if fill:
                done = min(D(fill) / 10, D(quantity))
                desk.fill(order, str(done), "60000")
                settle(desk, order, done)
        assert abs(position(desk)) <= abs(D(held)) / 10
        assert worst(desk) >= 0, "more is being closed than is open"


def position(desk: Desk) -> Decimal:
    found = [p.quantity for p in desk.book.positions() if p.symbol == PERP.symbol]
    return found[0] if found else D(0)


def settle(desk: Desk, filled: Order, done: Decimal) -> None:
    """What the venue or the desk does to the other orders of a bracket when one of them fills: it cancels them."""
    if filled.parent_id:
        for other in desk.book.open_orders():
            if other.parent_id == filled.parent_id and other.id != filled.id:
                desk.record(e.OrderCanceled(other.id))


def worst(desk: Desk) -> Decimal:
    """What is left if all that is open fills, of each bracket its larger kind: told from the orders alone."""
    single, brackets = D(0), dict[tuple[str, str], Decimal]()
    for order in desk.book.open_orders():
        if order.parent_id:
            key = (order.parent_id, str(order.leg))
            brackets[key] = brackets.get(key, D(0)) + order.remaining
        else:
            single += order.remaining
    for bond in {bond for bond, _ in brackets}:
        single += max(amount for (each, _), amount in brackets.items() if each == bond)
    return abs(position(desk)) - single


@given(st.integers(1, 9), st.integers(1, 9), st.sampled_from([SPOT, PERP.symbol]), st.sampled_from(e.TradingState))
def test_any_part_of_any_position_can_be_closed(held: int, part: int, symbol: str, state: e.TradingState) -> None:
    desk = Desk(TIGHT)
    desk.hold(str(D(held) / 10), symbol)
    lock_everything(desk, state)
    verdict = desk.judge(desk.order(Side.SELL, str(D(part) / 10), symbol))
    assert isinstance(verdict, Approved) is (part <= held)
