"""What every executor must do, whatever is behind it; only what its `Capabilities` disclaim is skipped."""

from datetime import timedelta
from decimal import Decimal
from typing import cast

import pytest

from tests.kit import START
from tests.trading.executors.contract import Desk, fills, needs
from trading.errors import VenueRefused
from trading.instruments import Side
from trading.intent import OrderType, TimeInForce
from trading.ports import Approved
from trading.reports import Accepted, Amended, Canceled, CancelRefused, Expired, Filled, Rejected

D = Decimal
BUY, SELL = Side.BUY, Side.SELL
LIMIT = OrderType.LIMIT
IOC, FOK = TimeInForce.IOC, TimeInForce.FOK


# --- market ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("side", "price", "change"), [(BUY, "101", 1), (SELL, "100", -1)])
async def test_a_market_order_is_accepted_then_filled_at_the_price_shown(
    desk: Desk, side: Side, price: str, change: int
) -> None:
    before = await desk.held()
    order = await desk.place(side, "2")
    fee = cast(Filled, desk.told(order, Filled)[0]).fee
    paid = fee.amount if fee.currency == desk.base else D(0)
    assert desk.kinds(order) == ["Accepted", "Filled"]
    assert fills(desk, order) == [(D(2), D(price))]
    assert not cast(Filled, desk.told(order, Filled)[0]).maker
    assert await desk.held() - before == 2 * change - paid
    assert await desk.status(order) == "filled"


async def test_a_market_order_sweeps_the_levels_and_then_waits_for_the_next_quote_or_expires(desk: Desk) -> None:
    needs(desk, "is_deep")
    order = await desk.place(BUY, "12")
    assert fills(desk, order) == [(D(5), D(101)), (D(5), D(102))]
    assert await desk.status(order) == ("open" if desk.stage.habits.market_waits else "expired")
    await desk.show("100x5", "103x5")
    if not desk.stage.habits.market_waits:
        assert desk.kinds(order) == ["Accepted", "Filled", "Filled", "Expired"]
        return
    assert fills(desk, order)[2:] == [(D(2), D(103))]
    assert await desk.status(order) == "filled"


async def test_one_quote_is_not_had_twice(desk: Desk) -> None:
    await desk.place(BUY, "4")
    second = await desk.place(BUY, "4")
    assert fills(desk, second) == [(D(1), D(101)), (D(3), D(102))][: 2 if desk.stage.habits.is_deep else 1]


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
    assert fills(desk, order) == [(D(1), D("99.40" if desk.stage.habits.improves else "99.50"))]
    assert cast(Filled, desk.told(order, Filled)[0]).maker
    assert await desk.stage.executor.open_orders() == []


async def test_a_limit_order_that_crosses_takes_what_is_within_its_limit_and_rests(desk: Desk) -> None:
    needs(desk, "crosses")
    order = await desk.place(BUY, "8", LIMIT, limit_price="101.50")
    assert fills(desk, order) == [(D(5), D(101))]
    found = await desk.lookup(order)
    assert found is not None
    assert (found.status, found.quantity, found.filled_quantity) == ("open", D(8), D(5))


async def test_a_resting_limit_is_filled_in_part_when_little_is_shown(desk: Desk) -> None:
    order = await desk.place(SELL, "3", LIMIT, limit_price="105")
    await desk.show("105x1 104x9", "106x5")
    assert fills(desk, order) == [(D(1), D(105))]
    await desk.show("106x1 105x0.5 104x9", "107x5")
    assert sum(quantity for quantity, _ in fills(desk, order)) == D("2.5" if desk.stage.habits.is_deep else 2)
    prices = [price for _, price in fills(desk, order)]
    assert all(price == 105 for price in prices) or desk.stage.habits.improves
    assert min(prices) == 105
    assert await desk.status(order) == "open"


# --- time in force ---------------------------------------------------------------------------


@pytest.mark.parametrize(("type", "limit"), [(OrderType.MARKET, None), (LIMIT, "101")])
async def test_ioc_takes_what_is_there_and_expires(desk: Desk, type: OrderType, limit: str | None) -> None:
    needs(desk, IOC, *(["crosses"] if limit else []))
    await desk.show("100x5", "101x5")
    order = await desk.place(BUY, "7", type, limit_price=limit, time_in_force=IOC)
    assert desk.kinds(order) == ["Accepted", "Filled", "Expired"]
    assert fills(desk, order) == [(D(5), D(101))]
    assert await desk.status(order) == "expired"


async def test_fok_is_all_or_nothing(desk: Desk) -> None:
    needs(desk, FOK, "crosses")
    nothing = await desk.place(BUY, "5.001", LIMIT, limit_price="101", time_in_force=FOK)
    assert (type(desk.told(nothing)[-1]), fills(desk, nothing)) == (desk.stage.habits.unfillable, [])
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
    needs(desk, "crosses")
    order = await desk.place(BUY, "8", LIMIT, limit_price="101")
    await desk.cancel(order)
    found = await desk.lookup(order)
    assert found is not None
    assert (found.status, found.filled_quantity) == ("canceled", D(5))


async def test_amending_changes_quantity_and_price(desk: Desk) -> None:
    needs(desk, "amend")
    order = await desk.place(BUY, "2", LIMIT, limit_price="95")
    await desk.amend(order, "1.5", "96")
    amended = cast(Amended, desk.told(order, Amended)[-1])
    assert (amended.quantity, amended.limit_price) == (D("1.5"), D(96))
    await desk.show("95x5", "95.50x5")
    assert fills(desk, order) == [(D("1.5"), D("95.50" if desk.stage.habits.improves else 96))]


async def test_amending_a_limit_across_the_market_takes(desk: Desk) -> None:
    needs(desk, "amend", "crosses")
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
    found = await desk.lookup(order)
    assert found is not None
    assert (found.status, found.quantity, found.limit_price) == ("open", D(1), D(95))


# --- refusals --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quantity", "limit"),
    [("1.0001", "95"), ("0", "95"), ("1001", "95"), ("1", "95.001"), ("0.002", "95"), ("900", "95")],
    ids=["off step", "zero", "over the maximum", "off tick", "under the notional", "beyond the funds"],
)
async def test_an_order_against_the_rules_is_refused_and_leaves_nothing(desk: Desk, quantity: str, limit: str) -> None:
    if quantity == "900":
        needs(desk, "checks_funds")
    order = await desk.place(BUY, quantity, LIMIT, limit_price=limit)
    assert desk.kinds(order) == ["Rejected"]
    refused = cast(Rejected, desk.told(order)[0])
    assert refused.code
    assert refused.reason
    assert await desk.status(order) in ("rejected", "unknown")
    assert await desk.stage.executor.open_orders() == []


async def test_an_id_that_is_open_is_refused_and_the_open_order_is_unharmed(desk: Desk) -> None:
    order = await desk.place(BUY, "1", LIMIT, limit_price="95")
    with pytest.raises(desk.stage.habits.double):
        await desk.stage.executor.place(Approved(order, ()))
    assert len(await desk.stage.executor.open_orders()) == 1
    assert await desk.status(order) == "open"


async def test_an_order_never_placed_is_not_found(desk: Desk) -> None:
    assert await desk.lookup(desk.draft(BUY, "1")) is None


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


# --- what can be asked afterwards ------------------------------------------------------------


async def test_the_trades_asked_for_are_the_trades_told(desk: Desk) -> None:
    await desk.place(BUY, "7")
    middle = START + timedelta(seconds=1)
    await desk.show("100x5", "101x5")
    await desk.place(SELL, "1")
    told, habits = [report for report in desk.reports if isinstance(report, Filled)], desk.stage.habits
    assert list(await desk.stage.executor.fills(START - timedelta(days=1))) == told
    assert len({fill.trade_id for fill in told}) == len(told) == (3 if habits.is_deep or habits.market_waits else 2)
    since = middle + timedelta(milliseconds=1)
    late = [trade for trade in told if trade.at >= since]
    assert list(await desk.stage.executor.fills(since)) == late
    assert late[-1:] == told[-1:]
    assert len(late) < len(told)


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
    assert fills(desk, resting) == [(D(1), D("94.50" if desk.stage.habits.improves else 95))]
    trades = await desk.stage.executor.fills(START)
    assert len({trade.trade_id for trade in trades}) == len(trades) == 2


async def test_the_request_can_be_read_before_it_is_sent(desk: Desk) -> None:
    text = desk.stage.executor.describe(Approved(desk.draft(BUY, "0.01", LIMIT, limit_price="59000"), ()))
    for part in ("BUY", "0.01", "LIMIT", "59000"):
        assert part in text
    assert await desk.stage.executor.open_orders() == []
