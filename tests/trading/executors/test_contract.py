"""What every executor must do, whatever is behind it; only what its `Capabilities` disclaim is skipped."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import cast

import pytest

from tests.kit import START
from tests.trading.executors.contract import STAGES, Desk, Stage
from trading.errors import VenueRefused
from trading.instruments import Side
from trading.intent import OrderType, TimeInForce, Trail
from trading.order import Order
from trading.ports import Accepted, Amended, Approved, Canceled, CancelRefused, Expired, Filled, Rejected, Triggered

D = Decimal
BUY, SELL = Side.BUY, Side.SELL
LIMIT, STOP, STOP_LIMIT = OrderType.LIMIT, OrderType.STOP, OrderType.STOP_LIMIT
TAKE_PROFIT, TRAILING = OrderType.TAKE_PROFIT, OrderType.TRAILING_STOP
IOC, FOK = TimeInForce.IOC, TimeInForce.FOK


@pytest.fixture(params=STAGES)
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    async with STAGES[request.param]() as stage:
        yield stage


@pytest.fixture
async def desk(stage: Stage) -> AsyncIterator[Desk]:
    desk = Desk(stage)
    await desk.show("100x5 99x5", "101x5 102x5")
    yield desk
    await desk.close()


def needs(desk: Desk, *wanted: OrderType | TimeInForce | str) -> None:
    can = desk.stage.executor.capabilities
    for word in wanted:
        if isinstance(word, OrderType):
            able = word in can.order_types
        elif isinstance(word, TimeInForce):
            able = word in can.time_in_force
        elif word == "amend":
            able = LIMIT in can.amend_types
        else:
            able = getattr(can, word)
        if not able:
            pytest.skip(f"this venue has no {word}")


def fills(desk: Desk, order: Order) -> list[tuple[Decimal, Decimal]]:
    return [(fill.quantity, fill.price) for fill in cast(list[Filled], desk.told(order, Filled))]


# --- market ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("side", "price", "change"), [(BUY, "101", 1), (SELL, "100", -1)])
async def test_a_market_order_is_accepted_then_filled_at_the_price_shown(
    desk: Desk, side: Side, price: str, change: int
) -> None:
    before = await desk.held()
    order = await desk.place(side, "2")
    assert desk.kinds(order) == ["Accepted", "Filled"]
    assert fills(desk, order) == [(D(2), D(price))]
    assert not cast(Filled, desk.told(order, Filled)[0]).maker
    assert await desk.held() - before == 2 * change
    assert await desk.status(order) == "filled"


async def test_a_market_order_sweeps_the_levels_and_goes_on_with_the_next_quote(desk: Desk) -> None:
    order = await desk.place(BUY, "12")
    assert fills(desk, order) == [(D(5), D(101)), (D(5), D(102))]
    assert await desk.status(order) == "open"
    await desk.show("100x5", "103x5")
    assert fills(desk, order)[2:] == [(D(2), D(103))]
    assert await desk.status(order) == "filled"


async def test_one_quote_is_not_had_twice(desk: Desk) -> None:
    await desk.place(BUY, "4")
    second = await desk.place(BUY, "4")
    assert fills(desk, second) == [(D(1), D(101)), (D(3), D(102))]


async def test_a_fee_is_paid_on_every_fill(desk: Desk) -> None:
    order = await desk.place(BUY, "1")
    fee = cast(Filled, desk.told(order, Filled)[0]).fee
    assert fee.amount > 0
    assert fee.currency


# --- limit -----------------------------------------------------------------------------------


async def test_a_limit_order_rests_until_the_market_reaches_it(desk: Desk) -> None:
    order = await desk.place(BUY, "1", LIMIT, limit_price="99.50")
    assert desk.kinds(order) == ["Accepted"]
    [found] = await desk.stage.executor.open_orders()
    assert (found.order_id, found.limit_price, found.filled_quantity) == (order.id, D("99.50"), D(0))
    assert found.venue_order_id == cast(Accepted, desk.told(order)[0]).venue_order_id
    await desk.show("99x5", "99.51x5")
    assert fills(desk, order) == []
    await desk.show("99x5", "99.40x5")
    assert fills(desk, order) == [(D(1), D("99.50"))]
    assert cast(Filled, desk.told(order, Filled)[0]).maker
    assert await desk.stage.executor.open_orders() == []


async def test_a_limit_order_that_crosses_takes_what_is_within_its_limit_and_rests(desk: Desk) -> None:
    order = await desk.place(BUY, "8", LIMIT, limit_price="101.50")
    assert fills(desk, order) == [(D(5), D(101))]
    found = await desk.stage.executor.lookup(order)
    assert found is not None
    assert (found.status, found.quantity, found.filled_quantity) == ("open", D(8), D(5))


async def test_a_resting_limit_is_filled_in_part_when_little_is_shown(desk: Desk) -> None:
    order = await desk.place(SELL, "3", LIMIT, limit_price="105")
    await desk.show("105x1 104x9", "106x5")
    assert fills(desk, order) == [(D(1), D(105))]
    await desk.show("106x1 105x0.5 104x9", "107x5")
    assert sum(quantity for quantity, _ in fills(desk, order)) == D("2.5")
    assert all(price == 105 for _, price in fills(desk, order))
    assert await desk.status(order) == "open"


# --- time in force ---------------------------------------------------------------------------


@pytest.mark.parametrize(("type", "limit"), [(OrderType.MARKET, None), (LIMIT, "101")])
async def test_ioc_takes_what_is_there_and_expires(desk: Desk, type: OrderType, limit: str | None) -> None:
    needs(desk, IOC)
    await desk.show("100x5", "101x5")
    order = await desk.place(BUY, "7", type, limit_price=limit, time_in_force=IOC)
    assert desk.kinds(order) == ["Accepted", "Filled", "Expired"]
    assert fills(desk, order) == [(D(5), D(101))]
    assert await desk.status(order) == "expired"


async def test_fok_is_all_or_nothing(desk: Desk) -> None:
    needs(desk, FOK)
    nothing = await desk.place(BUY, "5.001", LIMIT, limit_price="101", time_in_force=FOK)
    assert (desk.kinds(nothing)[-1], fills(desk, nothing)) == ("Expired", [])
    whole = await desk.place(BUY, "5", LIMIT, limit_price="101", time_in_force=FOK)
    assert fills(desk, whole) == [(D(5), D(101))]
    assert not desk.told(whole, Expired)


async def test_post_only_is_refused_when_it_would_take(desk: Desk) -> None:
    needs(desk, "post_only")
    taker = await desk.place(BUY, "1", LIMIT, limit_price="101", post_only=True)
    assert desk.kinds(taker) == ["Rejected"]
    maker = await desk.place(BUY, "1", LIMIT, limit_price="100.99", post_only=True)
    assert await desk.status(maker) == "open"


# --- cancel and amend ------------------------------------------------------------------------


async def test_a_canceled_order_stays_canceled(desk: Desk) -> None:
    order = await desk.place(BUY, "1", LIMIT, limit_price="90")
    await desk.cancel(order)
    await desk.cancel(order)
    assert len(desk.told(order, Canceled)) == 1
    assert await desk.status(order) == "canceled"
    await desk.show("80x5", "81x5")
    assert fills(desk, order) == []
    assert await desk.stage.executor.open_orders() == []


async def test_a_cancel_that_comes_too_late_is_refused(desk: Desk) -> None:
    order = await desk.place(BUY, "1")
    await desk.cancel(order)
    assert desk.told(order, CancelRefused)
    assert not desk.told(order, Canceled)
    assert await desk.status(order) == "filled"


async def test_a_cancel_keeps_what_was_filled(desk: Desk) -> None:
    order = await desk.place(BUY, "8", LIMIT, limit_price="101")
    await desk.cancel(order)
    found = await desk.stage.executor.lookup(order)
    assert found is not None
    assert (found.status, found.filled_quantity) == ("canceled", D(5))


async def test_amending_changes_quantity_and_price(desk: Desk) -> None:
    needs(desk, "amend")
    order = await desk.place(BUY, "2", LIMIT, limit_price="95")
    await desk.amend(order, "1.5", "96")
    amended = cast(Amended, desk.told(order, Amended)[-1])
    assert (amended.quantity, amended.limit_price) == (D("1.5"), D(96))
    await desk.show("95x5", "95.50x5")
    assert fills(desk, order) == [(D("1.5"), D(96))]


async def test_amending_a_limit_across_the_market_takes(desk: Desk) -> None:
    needs(desk, "amend")
    order = await desk.place(BUY, "2", LIMIT, limit_price="95")
    await desk.amend(order, "2", "101.50")
    assert fills(desk, order) == [(D(2), D(101))]


async def test_amending_what_is_over_is_refused(desk: Desk) -> None:
    needs(desk, "amend")
    order = await desk.place(BUY, "1")
    with pytest.raises(VenueRefused):
        await desk.amend(order, "2", "95")
    assert not desk.told(order, Amended)


async def test_a_refused_amend_changes_nothing(desk: Desk) -> None:
    needs(desk, "amend")
    order = await desk.place(BUY, "1", LIMIT, limit_price="95")
    for quantity, limit in (("1", "95.001"), ("1.0001", "95"), ("100000", "95")):
        with pytest.raises(VenueRefused):
            await desk.amend(order, quantity, limit)
    found = await desk.stage.executor.lookup(order)
    assert found is not None
    assert (found.status, found.quantity, found.limit_price) == ("open", D(1), D(95))


# --- refusals --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quantity", "limit"),
    [("1.0001", "95"), ("0", "95"), ("1001", "95"), ("1", "95.001"), ("0.002", "95"), ("900", "95")],
    ids=["off step", "zero", "over the maximum", "off tick", "under the notional", "beyond the funds"],
)
async def test_an_order_against_the_rules_is_refused_and_leaves_nothing(desk: Desk, quantity: str, limit: str) -> None:
    order = await desk.place(BUY, quantity, LIMIT, limit_price=limit)
    assert desk.kinds(order) == ["Rejected"]
    refused = cast(Rejected, desk.told(order)[0])
    assert refused.code
    assert refused.reason
    assert await desk.status(order) in ("rejected", "unknown")
    assert await desk.stage.executor.open_orders() == []


async def test_an_id_that_is_open_is_refused_and_the_open_order_is_unharmed(desk: Desk) -> None:
    order = await desk.place(BUY, "1", LIMIT, limit_price="95")
    with pytest.raises(VenueRefused):
        await desk.stage.executor.place(Approved(order, ()))
    assert len(await desk.stage.executor.open_orders()) == 1
    assert await desk.status(order) == "open"


async def test_an_order_never_placed_is_not_found(desk: Desk) -> None:
    assert await desk.stage.executor.lookup(desk.draft(BUY, "1")) is None


# --- stops -----------------------------------------------------------------------------------


async def test_a_sell_stop_waits_for_the_bid_and_fills_at_what_is_shown(desk: Desk) -> None:
    needs(desk, STOP)
    order = await desk.place(SELL, "2", STOP, stop_price="95")
    await desk.show("95.01x5", "95.02x5")
    assert desk.kinds(order) == ["Accepted"]
    await desk.show("90x1 89x5", "91x5")  # a gap: the stop price was never shown
    assert desk.kinds(order) == ["Accepted", "Triggered", "Filled", "Filled"]
    assert fills(desk, order) == [(D(1), D(90)), (D(1), D(89))]


async def test_a_buy_stop_waits_for_the_ask(desk: Desk) -> None:
    needs(desk, STOP)
    order = await desk.place(BUY, "1", STOP, stop_price="105")
    await desk.show("104.90x5", "104.99x5")
    assert fills(desk, order) == []
    await desk.show("104.90x5", "105x5")
    assert fills(desk, order) == [(D(1), D(105))]


async def test_a_stop_limit_rests_at_its_limit_after_a_gap(desk: Desk) -> None:
    needs(desk, STOP_LIMIT)
    order = await desk.place(SELL, "1", STOP_LIMIT, stop_price="95", limit_price="94")
    await desk.show("90x5", "91x5")
    assert desk.kinds(order) == ["Accepted", "Triggered"]
    assert await desk.status(order) == "open"
    await desk.show("94.50x5", "95x5")
    assert fills(desk, order) == [(D(1), D(94))]


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
    order = await desk.place(side, "1", type, stop_price=stop)
    assert desk.kinds(order) == ["Rejected"]


async def test_a_trailing_stop_follows_the_best_price_only(desk: Desk) -> None:
    needs(desk, TRAILING)
    order = await desk.place(SELL, "1", TRAILING, trail=Trail(D(5)))
    for bid in ("98", "110", "106"):
        await desk.show(f"{bid}x5", "120x5")
        assert not desk.told(order, Triggered), bid
    await desk.show("105x5", "120x5")  # 110 less 5
    assert fills(desk, order) == [(D(1), D(105))]


async def test_a_trailing_stop_in_percent_on_the_buy_side(desk: Desk) -> None:
    needs(desk, TRAILING)
    order = await desk.place(BUY, "1", TRAILING, trail=Trail(D(10), percent=True))
    await desk.show("79x5", "80x5")
    await desk.show("87x5", "87.99x5")
    assert fills(desk, order) == []
    await desk.show("87x5", "88x5")  # 80 and a tenth
    assert fills(desk, order) == [(D(1), D(88))]


# --- reduce-only -----------------------------------------------------------------------------


async def test_reduce_only_never_opens(desk: Desk) -> None:
    needs(desk, "reduce_only")
    before = await desk.held()
    order = await desk.place(BUY, "1", reduce_only=True)
    assert desk.kinds(order) == ["Rejected"]
    assert await desk.held() == before


async def test_reduce_only_sells_no_more_than_is_held(desk: Desk) -> None:
    needs(desk, "reduce_only")
    await desk.place(BUY, "2")
    await desk.show("100x50", "101x50")
    held = await desk.held()
    order = await desk.place(SELL, str(held + 3), reduce_only=True)
    assert sum(quantity for quantity, _ in fills(desk, order)) == held
    assert await desk.held() == 0
    assert await desk.status(order) in ("filled", "expired")


async def test_a_position_can_be_short_and_turned(desk: Desk) -> None:
    needs(desk, "shorting")
    await desk.place(SELL, "2")
    assert await desk.held() == -2
    await desk.place(BUY, "5")
    assert await desk.held() == 3


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


async def test_the_target_of_a_pair_cancels_the_stop(desk: Desk) -> None:
    target, stop = oco(desk)
    await desk.send(target, stop)
    assert len(await desk.stage.executor.open_orders()) == 2
    await desk.show("111x0.4", "112x5")  # it only starts to fill
    assert fills(desk, target) == [(D("0.4"), D(110))]
    assert [cast(Canceled, r).reason for r in desk.told(stop, Canceled)] == ["OCO"]
    await desk.show("80x5", "81x5")
    assert fills(desk, stop) == []


async def test_the_stop_of_a_pair_cancels_the_target(desk: Desk) -> None:
    target, stop = oco(desk)
    await desk.send(target, stop)
    await desk.show("89x5", "91x5")
    assert fills(desk, stop) == [(D(1), D(89))]
    assert await desk.status(target) == "canceled"
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
    assert await desk.status(stop) == "canceled"


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


# --- what can be asked afterwards ------------------------------------------------------------


async def test_the_trades_asked_for_are_the_trades_told(desk: Desk) -> None:
    await desk.place(BUY, "7")
    middle = START + timedelta(seconds=1)
    await desk.show("100x5", "101x5")
    await desk.place(SELL, "1")
    told = [report for report in desk.reports if isinstance(report, Filled)]
    assert list(await desk.stage.executor.fills(START - timedelta(days=1))) == told
    assert len({fill.trade_id for fill in told}) == len(told) == 3
    late = await desk.stage.executor.fills(middle + timedelta(milliseconds=1))
    assert list(late) == told[2:]


async def test_the_account_outlives_our_process(desk: Desk) -> None:
    resting = await desk.place(BUY, "1", LIMIT, limit_price="95")
    done = await desk.place(BUY, "1")
    held = await desk.held()
    before = list(await desk.stage.executor.fills(START))
    await desk.restart()
    assert await desk.status(done) == "filled"
    assert await desk.held() == held
    assert list(await desk.stage.executor.fills(START)) == before
    assert [o.order_id for o in await desk.stage.executor.open_orders()] == [resting.id]
    await desk.show("94x5", "94.50x5")
    assert fills(desk, resting) == [(D(1), D(95))]
    trades = await desk.stage.executor.fills(START)
    assert len({trade.trade_id for trade in trades}) == len(trades) == 2


async def test_the_request_can_be_read_before_it_is_sent(desk: Desk) -> None:
    text = desk.stage.executor.describe(Approved(desk.draft(BUY, "0.01", LIMIT, limit_price="59000"), ()))
    for part in ("BUY", "0.01", "LIMIT", "59000"):
        assert part in text
    assert await desk.stage.executor.open_orders() == []
