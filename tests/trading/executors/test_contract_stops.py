"""The contract of every executor for what waits: stops, trailing stops, pairs and brackets."""

from decimal import Decimal

import pytest

from tests.trading.executors.contract import Desk, fills, needs
from trading.instruments import Side
from trading.intent import OrderType, Trail
from trading.order import Order
from trading.reports import Canceled, Rejected, Triggered

D = Decimal
BUY, SELL = Side.BUY, Side.SELL
LIMIT, STOP, STOP_LIMIT = OrderType.LIMIT, OrderType.STOP, OrderType.STOP_LIMIT
TAKE_PROFIT, TRAILING = OrderType.TAKE_PROFIT, OrderType.TRAILING_STOP


# --- stops -----------------------------------------------------------------------------------


async def test_a_sell_stop_waits_for_the_bid_and_fills_at_what_is_shown(desk: Desk) -> None:
    needs(desk, STOP)
    order = await desk.place(SELL, "2", STOP, stop_price="95")
    await desk.show("95.01x5", "95.02x5")
    assert desk.kinds(order) == ["Accepted"]
    await desk.show("90x1 89x5", "91x5")  # a gap: the stop price was never shown
    if desk.stage.habits.is_deep:
        assert desk.kinds(order) == ["Accepted", "Triggered", "Filled", "Filled"]
    assert desk.kinds(order)[:3] == ["Accepted", "Triggered", "Filled"]
    assert fills(desk, order) == [(D(1), D(90)), (D(1), D(89))][: 2 if desk.stage.habits.is_deep else 1]


async def test_a_buy_stop_waits_for_the_ask(desk: Desk) -> None:
    needs(desk, STOP)
    order = await desk.place(BUY, "1", STOP, stop_price="105")
    await desk.show("104.90x5", "104.99x5", last=BUY)
    assert fills(desk, order) == []
    await desk.show("104.90x5", "105x5", last=BUY)
    assert fills(desk, order) == [(D(1), D(105))]


@pytest.mark.parametrize("limit", ["94", "96"])
async def test_a_stop_limit_rests_at_its_limit_after_a_gap(desk: Desk, limit: str) -> None:
    """One beyond its stop could be done at once when that is seen."""
    needs(desk, STOP_LIMIT, *(["crosses"] if limit == "94" else []))
    order = await desk.place(SELL, "1", STOP_LIMIT, stop_price="95", limit_price=limit)
    await desk.show("90x5", "91x5")
    assert desk.kinds(order) == ["Accepted", "Triggered"]
    found = await desk.lookup(order)
    assert found is not None
    assert (found.status, found.limit_price, found.stop_price) == ("open", D(limit), D(95))
    shown = D(limit) + D("0.50")
    await desk.show(f"{shown}x5", "97x5")
    assert fills(desk, order) == [(D(1), shown if desk.stage.habits.improves else D(limit))]
    assert desk.kinds(order) == ["Accepted", "Triggered", "Filled"]


async def test_a_stop_limit_is_changed_in_both_of_its_prices(desk: Desk) -> None:
    needs(desk, STOP_LIMIT, "amend")
    if STOP_LIMIT not in desk.stage.executor.capabilities.amend_types:
        pytest.skip("this venue changes no stop-limit")
    order = await desk.place(SELL, "2", STOP_LIMIT, stop_price="95", limit_price="96")
    await desk.amend(order, "2", limit="98", stop="97")
    found = await desk.lookup(order)
    assert found is not None
    assert (found.limit_price, found.stop_price) == (D(98), D(97))
    await desk.amend(order, "1.5", limit="98.50", stop="97")
    await desk.show("96x5", "97x5")
    assert fills(desk, order) == []
    await desk.show("98.50x5", "99x5")
    assert fills(desk, order) == [(D("1.5"), D("98.50"))]


async def test_a_take_profit_triggers_the_other_way(desk: Desk) -> None:
    needs(desk, TAKE_PROFIT)
    order = await desk.place(SELL, "1", TAKE_PROFIT, stop_price="110")
    await desk.show("109.99x5", "110.50x5")
    assert fills(desk, order) == []
    await desk.show("110.20x5", "110.50x5")
    assert fills(desk, order) == [(D(1), D("110.20"))]


@pytest.mark.parametrize(
    ("type", "side", "stop"), [(STOP, BUY, "101"), (STOP, SELL, "100"), (TAKE_PROFIT, SELL, "100")]
)
async def test_a_stop_that_would_trigger_at_once_is_refused(desk: Desk, type: OrderType, side: Side, stop: str) -> None:
    needs(desk, type)
    await desk.show("100x5", "101x5", last=side)
    order = await desk.place(side, "1", type, stop_price=stop)
    assert desk.kinds(order) == ["Rejected"]


async def test_a_trailing_stop_follows_the_best_price_only(desk: Desk) -> None:
    needs(desk, TRAILING)
    order = await desk.place(SELL, "1", TRAILING, trail=Trail(D(5)))
    # 110 less 5; or less the share that 5 was of 100
    last, trigger = ("105.01", "105") if desk.stage.habits.trails_in_money else ("104.51", "104.50")
    for bid in ("98", "110", "106", last):
        await desk.show(f"{bid}x5", "120x5")
        assert not desk.told(order, Triggered), bid
    await desk.show(f"{trigger}x5", "120x5")
    assert fills(desk, order) == [(D(1), D(trigger))]


async def test_a_trailing_stop_in_percent_on_the_buy_side(desk: Desk) -> None:
    needs(desk, TRAILING)
    order = await desk.place(BUY, "1", TRAILING, trail=Trail(D(10), percent=True))
    await desk.show("79x5", "80x5", last=BUY)
    await desk.show("87x5", "87.99x5", last=BUY)
    assert fills(desk, order) == []
    await desk.show("87x5", "88x5", last=BUY)  # 80 and a tenth
    assert fills(desk, order) == [(D(1), D(88))]


# --- lists -----------------------------------------------------------------------------------


def oco(desk: Desk) -> tuple[Order, Order]:
    needs(desk, "lists", LIMIT, STOP)
    target = desk.draft(SELL, "1", LIMIT, limit_price="110", group="pair")
    return target, desk.draft(SELL, "1", STOP, stop_price="90", group="pair")


def bracket(desk: Desk, **entry: object) -> tuple[Order, Order, Order]:
    needs(desk, "lists", LIMIT, STOP)
    first = desk.draft(BUY, "1", LIMIT, **{"limit_price": "95", **entry})
    tied: dict[str, object] = {"parent_id": first.id, "group": f"legs of {first.id}"}
    target = desk.draft(SELL, "1", LIMIT, limit_price="110", **tied)
    return first, desk.draft(SELL, "1", STOP, stop_price="90", **tied), target


def ended(desk: Desk) -> str:
    """The status of an order of a pair once the other one went ahead."""
    return "canceled" if desk.stage.habits.paired is Canceled else "expired"


async def test_the_target_of_a_pair_cancels_the_stop(desk: Desk) -> None:
    target, stop = oco(desk)
    await desk.send(target, stop)
    assert len(await desk.stage.executor.open_orders()) == 2
    await desk.show("111x0.4", "112x5")  # it only starts to fill
    assert fills(desk, target) == [(D("0.4"), D(110))]
    habits = desk.stage.habits
    assert [getattr(r, "reason", "") for r in desk.told(stop, habits.paired)] == [habits.paired_reason]
    await desk.show("80x5", "81x5")
    assert fills(desk, stop) == []


async def test_the_stop_of_a_pair_cancels_the_target(desk: Desk) -> None:
    target, stop = oco(desk)
    await desk.send(target, stop)
    await desk.show("89x5", "91x5")
    assert fills(desk, stop) == [(D(1), D(89))]
    assert await desk.status(target) == ended(desk)
    await desk.show("111x5", "112x5")
    assert fills(desk, target) == []


async def test_canceling_one_leg_of_a_pair_cancels_both(desk: Desk) -> None:
    target, stop = oco(desk)
    await desk.send(target, stop)
    await desk.cancel(stop)
    assert [await desk.status(order) for order in (target, stop)] == ["canceled", "canceled"]


async def test_a_pair_with_its_prices_the_wrong_way_round_is_refused_whole(desk: Desk) -> None:
    needs(desk, "lists", LIMIT, STOP)
    target = desk.draft(SELL, "1", LIMIT, limit_price="85", group="pair")
    await desk.send(target, desk.draft(SELL, "1", STOP, stop_price="90", group="pair"))
    assert await desk.stage.executor.open_orders() == []


async def test_the_legs_of_a_bracket_wait_for_the_whole_entry(desk: Desk) -> None:
    entry, stop, target = bracket(desk)
    await desk.send(entry, stop, target)
    await desk.show("80x5", "94x0.6")  # below the stop: it is not placed yet
    assert fills(desk, entry) == [(D("0.6"), D(95))]
    assert not desk.told(stop, Triggered)
    await desk.show("94x5", "95x5")
    assert await desk.status(entry) == "filled"
    assert {o.order_id for o in await desk.stage.executor.open_orders()} == {stop.id, target.id}
    await desk.show("110x5", "111x5")
    assert fills(desk, target) == [(D(1), D(110))]
    assert await desk.status(stop) == ended(desk)


async def test_the_legs_of_a_bracket_go_with_their_entry(desk: Desk) -> None:
    entry, stop, target = bracket(desk)
    await desk.send(entry, stop, target)
    await desk.cancel(entry)
    assert [await desk.status(order) for order in (entry, stop, target)] == ["canceled"] * 3


async def test_a_refused_entry_takes_its_legs_along(desk: Desk) -> None:
    entry, stop, target = bracket(desk, limit_price="95.001")
    await desk.send(entry, stop, target)
    assert desk.told(entry, Rejected)
    assert await desk.stage.executor.open_orders() == []
    await desk.show("80x5", "81x5")
    assert fills(desk, stop) == []
