"""Cancels that time out, come too late, cross a fill, or are never answered."""

import asyncio
from decimal import Decimal

from tests.incidents.desk import ANA, Desk, at_a_venue
from tests.incidents.venue import DONE_UNHEARD, LOST, UNREACHABLE, everything, nothing, refused
from trading import events as e
from trading.order import OrderStatus

D = Decimal
HOUR_S = 3600


@at_a_venue()
async def test_a_cancel_that_timed_out_is_asked_for_again_until_the_order_is_gone(desk: Desk) -> None:
    """inc17: the desk said canceled, while the order still worked at the exchange."""
    order = await desk.buy("1", "90")
    desk.venue.faults.set("cancel", LOST, times=2)
    after = await desk.cancel(order)
    assert after.status is OrderStatus.PENDING_CANCEL
    assert len(await desk.venue.open_orders()) == 1
    await asyncio.sleep(60)
    assert desk.now(order).status is OrderStatus.CANCELED
    assert await desk.venue.open_orders() == []
    assert desk.venue.faults.asked["cancel"] == 3


@at_a_venue()
async def test_an_order_that_is_still_there_is_never_called_cancelled(desk: Desk) -> None:
    """inc17: for as long as no cancel gets through, the order shows as being cancelled."""
    order = await desk.buy("1", "90")
    desk.venue.faults.set("cancel", UNREACHABLE, times=10**6)
    await desk.cancel(order)
    for _ in range(60):
        await asyncio.sleep(60)
        assert desk.now(order).status is OrderStatus.PENDING_CANCEL
    desk.venue.faults.clear()
    await asyncio.sleep(60)
    assert desk.now(order).status is OrderStatus.CANCELED


@at_a_venue()
async def test_a_cancel_of_what_is_gone_ends_with_what_became_of_it(desk: Desk) -> None:
    """inc18: the exchange did not know the order any more, and it was cancelled again and again without end."""
    order = await desk.buy("1", "90")
    desk.venue.deliver = nothing
    await desk.show("89x1000", "90x1000")  # it fills, and nobody tells
    desk.venue.faults.set("cancel", refused("UNKNOWN_ORDER", "Unknown order sent."), times=10**6)
    await desk.cancel(order)
    await asyncio.sleep(HOUR_S)
    assert desk.now(order).status is OrderStatus.FILLED
    assert desk.held() == 1
    assert desk.venue.faults.asked["cancel"] == 1


@at_a_venue()
async def test_a_cancel_of_what_somebody_cancelled_by_hand_ends(desk: Desk) -> None:
    """inc18: the same, when the order had been cancelled in the venue's own app."""
    order = await desk.buy("1", "90")
    desk.venue.deliver = nothing
    await desk.venue.cancel_by_hand(order)
    await desk.cancel(order)
    await asyncio.sleep(HOUR_S)
    assert desk.now(order).status is OrderStatus.CANCELED
    assert desk.venue.faults.asked["cancel"] == 1


@at_a_venue()
async def test_cancels_are_done_in_time_although_the_stream_is_silent(desk: Desk) -> None:
    """inc19: after a drop of the network the stream was silent, and orders stayed uncancelled for hours."""
    orders = [await desk.buy("0.1", price) for price in ("90", "89", "88")]
    desk.venue.deliver = nothing
    for order in orders:
        await desk.cancel(order)
    assert await desk.venue.open_orders() == []
    await asyncio.sleep(35)  # a round of the continuous reconciliation
    assert {desk.now(order).status for order in orders} == {OrderStatus.CANCELED}


@at_a_venue()
async def test_an_order_that_fills_while_its_cancel_is_on_its_way_is_filled(desk: Desk) -> None:
    """A cancel for a timeout lost the race; the order was written off, and its fill was unknown to the bot."""
    order = await desk.buy("1", "90")
    desk.venue.faults.set("cancel", LOST)
    cancelling = desk.begin(desk.oms.cancel(order, ANA))
    await desk.show("89x1000", "90x1000")
    await cancelling
    await asyncio.sleep(60)
    assert desk.now(order).status is OrderStatus.FILLED
    assert desk.held() == 1


@at_a_venue()
async def test_a_fill_heard_after_the_cancel_counts(desk: Desk) -> None:
    """The stream told the end of an order before its last trade, which was then dropped as coming too late."""
    order = await desk.buy("1", "90")
    desk.venue.deliver = nothing
    await desk.show("89x1000", "90x0.3")
    (trade,) = await desk.venue.trades()
    desk.venue.deliver = everything
    await desk.cancel(order)
    assert desk.now(order).status is OrderStatus.CANCELED
    await desk.oms.on_report(order.account_id, trade)
    assert desk.held() == D("0.3")
    assert desk.now(order).filled_quantity == D("0.3")
    assert desk.now(order).status is OrderStatus.CANCELED


@at_a_venue()
async def test_an_order_whose_send_is_unknown_can_be_cancelled(desk: Desk) -> None:
    """What timed out could not be cancelled because it had no exchange id yet, and then it filled."""
    desk.venue.faults.set("place", DONE_UNHEARD)
    desk.venue.deliver = nothing
    sending = desk.begin(desk.buy("1", "90"))
    await asyncio.sleep(0.5)
    order = desk.open()[0]
    await desk.cancel(order)
    await sending
    await asyncio.sleep(60)
    assert desk.now(order).status is OrderStatus.CANCELED
    assert await desk.venue.open_orders() == []


@at_a_venue()
async def test_a_cancel_that_overtakes_its_order_is_repeated(desk: Desk) -> None:
    """The cancel arrived before the order did, was refused as unknown, and the order worked unseen from then on."""
    desk.venue.faults.set("place", DONE_UNHEARD)
    desk.venue.faults.set("cancel", refused("UNKNOWN_ORDER", "Unknown order sent."))
    desk.venue.deliver = nothing
    sending = desk.begin(desk.buy("1", "90"))
    await asyncio.sleep(0.01)  # the request is on its way
    await desk.cancel(desk.open()[0])
    order = await sending
    await asyncio.sleep(60)
    assert desk.now(order).status is OrderStatus.CANCELED
    assert await desk.venue.open_orders() == []


@at_a_venue()
async def test_a_refused_cancel_leaves_the_order_working(desk: Desk) -> None:
    """The venue refused a cancel, and the order was shown as cancelled for ever."""
    order = await desk.buy("1", "90")
    desk.venue.faults.set("cancel", refused("BUSY", "Try again later."))
    await desk.cancel(order)
    await asyncio.sleep(60)
    assert desk.now(order).status is OrderStatus.ACCEPTED
    (said,) = desk.events(e.OrderCancelRefused)
    assert "Try again later." in said.reason
    assert (await desk.cancel(order)).status is OrderStatus.CANCELED
