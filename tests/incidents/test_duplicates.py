"""One wish, one order: whatever the line does to the request, its answer or the report."""

import asyncio
from decimal import Decimal

from handlers.cards import outcome
from tests.incidents.desk import BTC, DEMO, Desk, at_a_venue
from tests.incidents.venue import DONE_UNHEARD, LOST, UNREACHABLE, UNSURE, everything, nothing, refused, twice
from trading import events as e
from trading.instruments import Side
from trading.intent import Origin
from trading.order import OrderStatus
from trading.reports import Canceled, Filled

D = Decimal
HOUR_S = 3600


@at_a_venue()
async def test_a_timed_out_order_that_the_stream_reports_is_not_sent_again(desk: Desk) -> None:
    """inc00: the answer timed out, the stream said the order works, and the retry was sent all the same."""
    desk.venue.faults.set("place", DONE_UNHEARD)
    order = await desk.buy("0.5", "90")
    assert order.status is OrderStatus.ACCEPTED
    await asyncio.sleep(HOUR_S)
    assert desk.venue.sent == 1
    (there,) = await desk.venue.open_orders()
    assert there.order_id == order.id
    assert not desk.now(order).in_doubt


@at_a_venue()
async def test_a_market_order_whose_connection_broke_is_bought_once(desk: Desk) -> None:
    """inc01: the order was executed before the connection broke, and a blind retry bought again."""
    desk.venue.faults.set("place", DONE_UNHEARD)
    desk.venue.deliver = nothing
    order = await desk.buy("0.5")
    await asyncio.sleep(HOUR_S)
    assert desk.venue.sent == 1
    assert len(await desk.venue.trades()) == 1
    assert desk.now(order).status is OrderStatus.FILLED
    assert desk.held() == D("0.5")


@at_a_venue()
async def test_an_order_that_the_venue_turned_down_is_not_tried_again(desk: Desk) -> None:
    """inc01: one retry for every exception also sent again what could only be refused again."""
    desk.venue.faults.set("place", refused("INSUFFICIENT_FUNDS", "Account has insufficient balance."))
    order = await desk.buy("0.5")
    await asyncio.sleep(HOUR_S)
    assert desk.venue.sent == 1
    assert order.status is OrderStatus.REJECTED
    assert order.reason == "INSUFFICIENT_FUNDS: Account has insufficient balance."


@at_a_venue()
async def test_an_unknown_state_is_shown_as_unknown_and_asked_about(desk: Desk) -> None:
    """inc02: a gateway timeout said neither yes nor no; the order is unknown until the venue was asked for it."""
    desk.venue.faults.set("place", DONE_UNHEARD)
    desk.venue.deliver = nothing
    sending = desk.begin(desk.buy("0.5"))
    await asyncio.sleep(0.5)  # it has arrived
    desk.venue.cut()
    asked = await sending
    assert asked.in_doubt
    assert outcome(asked).startswith("UNKNOWN - checking")
    await asyncio.sleep(HOUR_S)
    assert outcome(desk.now(asked)).startswith("UNKNOWN - checking")
    desk.venue.mend()
    await asyncio.sleep(12)
    assert outcome(desk.now(asked)).startswith("Filled 0.5")
    assert desk.venue.sent == 1


@at_a_venue()
async def test_not_found_twice_and_then_filled_is_filled(desk: Desk) -> None:
    """inc03: after a timeout the venue denied the order twice, then showed it filled."""
    desk.venue.faults.set("place", DONE_UNHEARD)
    desk.venue.faults.set("lookup", UNSURE, times=2)
    desk.venue.faults.hides_trades = True
    desk.venue.deliver = nothing
    order = await desk.buy("0.5")
    await asyncio.sleep(30)
    assert desk.venue.faults.asked["lookup"] > 2
    desk.venue.faults.hides_trades = False
    await asyncio.sleep(60)
    assert desk.now(order).status is OrderStatus.FILLED
    assert desk.venue.sent == 1


@at_a_venue()
async def test_one_of_five_orders_times_out_and_none_is_placed_again(desk: Desk) -> None:
    """inc04: four of a set were acknowledged, the fifth timed out but worked, and the whole set was placed again."""
    orders = [await desk.buy("0.5", price) for price in ("90", "89", "88", "87")]
    desk.venue.faults.set("place", DONE_UNHEARD)
    desk.venue.deliver = nothing
    orders.append(await desk.buy("0.5", "86"))
    await asyncio.sleep(HOUR_S)
    assert desk.venue.sent == 5
    assert sorted(order.order_id for order in await desk.venue.open_orders()) == sorted(order.id for order in orders)
    assert {desk.now(order).status for order in orders} == {OrderStatus.ACCEPTED}


@at_a_venue()
async def test_two_signals_in_the_same_second_are_two_orders(desk: Desk) -> None:
    """inc06: ids made of the second collided, and the venue refused the second order as a duplicate."""
    first, second = Origin("strategy:trend", "strategy"), Origin("strategy:mean", "strategy")
    await asyncio.gather(
        desk.oms.submit(desk.intent(Side.BUY, "0.5", "90", origin=first, key="strategy:trend:BTC/USDT:12:00")),
        desk.oms.submit(desk.intent(Side.BUY, "0.5", "90", origin=second, key="strategy:mean:BTC/USDT:12:00")),
    )
    await asyncio.sleep(1)
    assert [order.status for order in desk.open()] == [OrderStatus.ACCEPTED] * 2
    assert len({order.order_id for order in await desk.venue.open_orders()}) == 2


@at_a_venue(limits={"duplicate_window_s": 2})
async def test_two_equal_triggers_at_once_are_one_order(desk: Desk) -> None:
    """inc07: two ticks raced through the same check and both bought."""
    both = [desk.intent(Side.BUY, "0.5", key="tick:1"), desk.intent(Side.BUY, "0.5", key="tick:2")]
    orders = await asyncio.gather(*(desk.oms.submit(intent) for intent in both))
    await asyncio.sleep(1)
    assert [desk.now(order).status for order in orders] == [OrderStatus.FILLED, OrderStatus.DENIED]
    assert orders[1].reason.startswith("DUPLICATE: ")
    assert desk.venue.sent == 1


@at_a_venue()
async def test_one_trigger_delivered_twice_at_once_is_one_order(desk: Desk) -> None:
    """inc07: the same message was delivered twice at the same moment."""
    intent = desk.intent(Side.BUY, "0.5", key="tick:1")
    first, second = await asyncio.gather(desk.oms.submit(intent), desk.oms.submit(intent))
    await asyncio.sleep(1)
    assert first.id == second.id
    assert (desk.venue.sent, desk.held()) == (1, D("0.5"))


@at_a_venue()
async def test_a_stream_that_says_everything_twice_changes_the_position_once(desk: Desk) -> None:
    """inc08: after the stream was replaced each sale was counted twice."""
    desk.venue.deliver = twice
    await desk.buy("1")
    await desk.show("110x10", "110.01x10")
    await desk.sell("1")
    assert len(desk.events(e.OrderFilled)) == 2
    position = desk.book.position(DEMO, BTC.symbol)
    assert position is not None
    assert not position.quantity
    # bought at 100.01 and sold at 110, each with a fee of a thousandth
    assert position.realized == D("110") - D("100.01") - D("0.110") - D("0.10001")


@at_a_venue()
async def test_a_fill_told_again_when_a_cancel_is_sent_counts_once(desk: Desk) -> None:
    """inc09: asked to cancel a filled order, the venue told its last fill again."""
    order = await desk.buy("0.5")
    (trade,) = await desk.venue.trades()
    before = desk.world.journal.last_seq
    for report in (trade, Canceled(order.id, "late"), trade):
        await desk.oms.on_report(DEMO, report)
    assert desk.world.journal.last_seq == before
    assert desk.now(order).status is OrderStatus.FILLED


@at_a_venue()
async def test_a_new_order_not_found_for_a_while_is_not_taken_for_rejected(desk: Desk) -> None:
    """inc10: an order asked for right after it was placed was not found, and given up although it worked."""
    desk.venue.faults.set("place", DONE_UNHEARD)
    desk.venue.faults.set("open_orders", UNREACHABLE, times=3)
    desk.venue.faults.set("lookup", UNSURE, times=3)
    desk.venue.deliver = nothing
    order = await desk.buy("0.5", "90")
    await asyncio.sleep(60)
    assert desk.now(order).status is OrderStatus.ACCEPTED
    assert not desk.events(e.OrderRejected)
    assert desk.venue.sent == 1


@at_a_venue(agrees=False)
async def test_an_order_that_is_never_found_stays_unknown_and_holds_its_symbol(desk: Desk) -> None:
    """inc11: an order was never found; it is not given up, people know, and new entries in its symbol wait."""
    desk.venue.faults.set("place", LOST)
    desk.venue.faults.set("lookup", UNSURE, times=1_000_000)
    order = await desk.buy("0.5", "90")
    await asyncio.sleep(HOUR_S)
    assert desk.now(order).in_doubt
    assert [event.order_id for event in desk.events(e.OrderInDoubt)] == [order.id]
    denied = await desk.buy("0.1")
    assert denied.status is OrderStatus.DENIED
    assert denied.reason.startswith("IN_DOUBT: ")
    asked = desk.venue.faults.asked["lookup"]
    assert asked < 2 * HOUR_S  # about once a second, not in a tight loop


@at_a_venue(agrees=False)
async def test_an_order_that_worked_and_is_not_known_any_more_ends_and_is_told(desk: Desk) -> None:
    """inc11: a known order was not found again; it stayed open on the books for ever, and no cancel could end it."""
    order = await desk.buy("0.5", "90")
    desk.venue.faults.forgets_orders = True
    await asyncio.sleep(60)
    assert desk.now(order).status is OrderStatus.CANCELED
    assert desk.now(order).reason == "the venue does not know it any more"
    (warning,) = desk.warnings()
    assert order.id in warning
    desk.venue.deliver = everything
    await desk.show("89x1000", "90x1000")  # it had worked all the time: its fill still counts
    assert desk.now(order).status is OrderStatus.FILLED
    assert desk.held() == D("0.5")


@at_a_venue()
async def test_an_order_the_venue_is_sure_never_came_is_rejected_and_not_sent_again(desk: Desk) -> None:
    """A create request got lost on its way: it is told as rejected, and left to a person to send again."""
    desk.venue.faults.set("place", LOST)
    order = await desk.buy("0.5", "90")
    await asyncio.sleep(HOUR_S)
    assert desk.now(order).status is OrderStatus.REJECTED
    assert desk.now(order).reason == "NEVER_ARRIVED: it never reached the venue"
    assert desk.venue.sent == 1


@at_a_venue()
async def test_an_outage_is_told_and_nothing_is_sent_by_itself_when_it_ends(desk: Desk) -> None:
    """A dropped network ended the trading loop; or what it had swallowed was sent hours later."""
    desk.venue.cut()
    order = await desk.buy("0.5")
    assert order.status is OrderStatus.REJECTED
    assert order.reason.startswith("VENUE_UNREACHABLE")
    await asyncio.sleep(HOUR_S)
    desk.venue.mend()
    await asyncio.sleep(HOUR_S)
    assert not await desk.venue.trades()
    assert (await desk.buy("0.5")).status is OrderStatus.FILLED


@at_a_venue()
async def test_filled_orders_reported_as_missing_do_not_multiply_the_position(desk: Desk) -> None:
    """Fills were reported as not found and tried again, until the position was many times too large."""
    for number in range(5):
        desk.venue.faults.set("place", DONE_UNHEARD)
        desk.venue.faults.set("lookup", UNSURE, times=5)
        desk.venue.deliver = nothing
        intent = desk.intent(Side.BUY, "0.1", key=f"alert:{number}")
        for _ in range(3):  # and the source repeats itself
            await desk.submit(intent)
        await asyncio.sleep(60)
    assert desk.held() == D("0.5")
    assert sum(trade.quantity for trade in await desk.venue.trades() if isinstance(trade, Filled)) == D("0.5")
