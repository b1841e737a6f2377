"""The process died, or was away for long: what it finds is what the venue has, and only what is ours is touched."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from tests.incidents.desk import ANA, BTC, DEMO, LINEAR, SPOT, Desk, at_a_venue
from tests.incidents.venue import DONE_UNHEARD, UNREACHABLE, UNSURE
from trading import events as e
from trading.instruments import Side
from trading.intent import Leg
from trading.order import Order, OrderStatus

D = Decimal
HOUR_S = 3600
DAY_S = 24 * HOUR_S


def legs(desk: Desk) -> dict[Leg, Order]:
    return {order.leg: order for order in desk.open() if order.leg is not Leg.ENTRY}


async def away(desk: Desk, bids: str, asks: str, seconds: float = 60) -> Desk:
    """The process is killed, the market shows this meanwhile, and the process is started again."""
    await desk.crash()
    desk.world.market.book(bids, asks)
    await asyncio.sleep(seconds)
    return await desk.restart()


# --- orders on their way ---------------------------------------------------------------------


@at_a_venue()
async def test_killed_before_the_answer_the_order_is_found_and_can_be_cancelled(desk: Desk) -> None:
    """inc47: the process died between the send and the note of it, and the order was nobody's after the restart."""
    desk.venue.faults.set("place", DONE_UNHEARD)
    sending = desk.begin(desk.buy("1", "90"))
    await asyncio.sleep(0.06)  # it has just arrived
    (there,) = await desk.venue.open_orders()
    desk = await away(desk, "100x1000", "100.01x1000")
    assert sending.cancelled()
    (order,) = desk.open()
    assert order.id == there.order_id
    assert order.status is OrderStatus.ACCEPTED
    assert (await desk.cancel(order)).status is OrderStatus.CANCELED
    assert desk.venue.sent == 1


@at_a_venue()
async def test_an_order_whose_cancel_had_failed_is_still_known_and_cancelled_after_a_restart(desk: Desk) -> None:
    """inc47: orders whose cancel had failed were forgotten by the restart, and worked on."""
    order = await desk.buy("1", "90")
    desk.venue.faults.set("cancel", UNREACHABLE, times=10**6)
    await desk.cancel(order)
    desk = await away(desk, "100x1000", "100.01x1000")
    assert desk.now(order).status is OrderStatus.PENDING_CANCEL
    desk.venue.faults.clear()
    await asyncio.sleep(60)
    assert desk.now(order).status is OrderStatus.CANCELED


@at_a_venue()
async def test_not_found_at_the_start_is_not_taken_for_cancelled(desk: Desk) -> None:
    """A start-up check was always true: whatever the exchange did not find at once was cancelled locally."""
    order = await desk.buy("1", "90")
    desk.venue.faults.set("lookup", UNSURE, times=5)
    desk.venue.faults.set("open_orders", UNREACHABLE)
    desk = await desk.restart()
    assert not desk.ready
    assert desk.now(order).status is OrderStatus.ACCEPTED
    await asyncio.sleep(60)
    assert desk.now(order).status is OrderStatus.ACCEPTED


@at_a_venue()
async def test_a_question_that_failed_is_not_an_empty_answer(desk: Desk) -> None:
    """A failed question for the open orders was read as: there are none; and all were marked as cancelled."""
    orders = [await desk.buy("0.1", price) for price in ("90", "89")]
    for what in ("open_orders", "lookup", "fills", "balances"):
        desk.venue.faults.set(what, UNREACHABLE, times=10**6)
        await asyncio.sleep(5 * 60)
        desk.venue.faults.clear()
        assert {desk.now(order).status for order in orders} == {OrderStatus.ACCEPTED}
    assert not desk.events(e.DriftFound)


@at_a_venue()
async def test_a_wish_repeated_after_the_restart_is_not_bought_again(desk: Desk) -> None:
    """The source of a signal was restarted as well, and sent its last signals once more."""
    order = await desk.submit(desk.intent(Side.BUY, "1", key="alert:1"))
    desk = await away(desk, "100x1000", "100.01x1000")
    again = await desk.submit(desk.intent(Side.BUY, "1", key="alert:1"))
    assert again.id == order.id
    assert (desk.venue.sent, desk.held()) == (1, D(1))


@at_a_venue()
async def test_five_restarts_change_nothing(desk: Desk) -> None:
    """With a cache that survived, every restart booked the same fills and placed the same orders once more."""
    await desk.buy("1", stop_loss="80", take_profit="120")
    await desk.buy("0.5", "90")
    await asyncio.sleep(5)
    before = (desk.held(), len(desk.events(e.OrderFilled)), len(desk.events(e.OrderInitialized)), desk.venue.sent)
    for _ in range(5):
        desk = await away(desk, "100x1000", "100.01x1000")
        await asyncio.sleep(120)
        after = (desk.held(), len(desk.events(e.OrderFilled)), len(desk.events(e.OrderInitialized)), desk.venue.sent)
        assert after == before
        assert desk.now(desk.book.recent_orders()[0]).status is OrderStatus.ACCEPTED


# --- positions and what protects them --------------------------------------------------------


@pytest.mark.parametrize("venue", [SPOT, LINEAR])
def test_after_a_restart_the_pair_still_belongs_to_its_position(venue: dict[str, Any]) -> None:
    """inc48: after a restart the stop and the target were nobody's, and what had been bought was orphaned."""

    @at_a_venue(**venue)
    async def story(desk: Desk) -> None:
        await desk.buy("1", stop_loss="80", take_profit="120")
        await asyncio.sleep(5)
        desk = await away(desk, "100x1000", "100.01x1000")
        assert set(legs(desk)) == {Leg.STOP_LOSS, Leg.TAKE_PROFIT}
        await desk.protection.change("web:sl", DEMO, BTC.symbol, ANA, stop=D(85))
        await asyncio.sleep(1)
        assert legs(desk)[Leg.STOP_LOSS].stop_price == 85
        await desk.show("121x1000", "121.01x1000")
        await asyncio.sleep(60)
        assert desk.held() == 0
        assert legs(desk) == {}

    story()


@pytest.mark.parametrize("venue", [SPOT, LINEAR])
def test_a_stop_that_fills_while_we_are_away_takes_its_target_along(venue: dict[str, Any]) -> None:
    """inc49: the position was found again but not its stop and target; one filled, and the rest became a ghost."""

    @at_a_venue(**venue)
    async def story(desk: Desk) -> None:
        await desk.buy("1", stop_loss="80", take_profit="120")
        await asyncio.sleep(5)
        desk = await away(desk, "79x1000", "79.01x1000")
        await asyncio.sleep(1)
        assert desk.held() == 0
        assert await desk.venue.open_orders() == []
        await desk.show("121x1000", "121.01x1000")
        assert desk.held() == 0

    story()


@pytest.mark.parametrize("venue", [SPOT, LINEAR])
def test_a_stop_that_fills_right_after_the_restart_takes_its_target_along(venue: dict[str, Any]) -> None:
    """inc49: the same, in the moment after the start."""

    @at_a_venue(**venue)
    async def story(desk: Desk) -> None:
        await desk.buy("1", stop_loss="80", take_profit="120")
        await asyncio.sleep(5)
        desk = await desk.restart()
        await desk.show("79x1000", "79.01x1000")
        await asyncio.sleep(10)
        assert desk.held() == 0
        assert await desk.venue.open_orders() == []

    story()


@pytest.mark.parametrize("venue", [SPOT, LINEAR])
def test_killed_between_a_fill_and_its_stop_the_stop_is_placed_at_the_start(venue: dict[str, Any]) -> None:
    """inc48: the process died after the entry had filled and before its stop was sent."""

    @at_a_venue(**venue)
    async def story(desk: Desk) -> None:
        journal = desk.world.journal

        def cut_power(entry: e.Recorded) -> None:
            if isinstance(entry.event, e.OrderFilled):
                journal.problem = "no power"

        desk.book.subscribe(cut_power)
        desk.begin(desk.buy("1", stop_loss="80"))
        await asyncio.sleep(0.5)
        assert isinstance(journal.entries[-1].event, e.OrderFilled)
        await desk.crash()
        journal.problem = ""
        desk = await desk.restart()
        await asyncio.sleep(1)
        assert legs(desk)[Leg.STOP_LOSS].quantity == desk.held() == 1

    story()


@pytest.mark.parametrize("venue", [SPOT, LINEAR])
def test_an_entry_that_fills_while_we_are_away_is_booked_protected_and_not_placed_again(venue: dict[str, Any]) -> None:
    """inc50: after a time offline it placed the orders again that had been filled meanwhile."""

    @at_a_venue(**venue)
    async def story(desk: Desk) -> None:
        entry = await desk.buy("1", "90", stop_loss="80")
        desk = await away(desk, "89x1000", "90x1000", HOUR_S)
        await asyncio.sleep(1)
        assert desk.now(entry).status is OrderStatus.FILLED
        assert desk.held() == legs(desk)[Leg.STOP_LOSS].quantity == 1
        assert len([order for order in desk.book.recent_orders() if order.leg is Leg.ENTRY]) == 1

    story()


@pytest.mark.parametrize("venue", [SPOT, LINEAR])
def test_a_waiting_entry_is_a_waiting_entry_after_the_restart(venue: dict[str, Any]) -> None:
    """inc51: rebooted with an entry that waited, the bot took it for an open position and placed its stop."""

    @at_a_venue(**venue)
    async def story(desk: Desk) -> None:
        entry = await desk.buy("1", "90", stop_loss="80", take_profit="120")
        desk = await away(desk, "100x1000", "100.01x1000")
        await asyncio.sleep(60)
        assert desk.now(entry).status is OrderStatus.ACCEPTED
        assert desk.book.positions(DEMO) == []
        assert not await desk.venue.trades()
        assert desk.venue.sent == 1

    story()


@at_a_venue()
async def test_a_position_held_for_months_needs_no_explanation(desk: Desk) -> None:
    """A position older than the venue's list of trades did not reconcile, and the start was refused."""
    await desk.buy("1")
    await desk.crash()
    await asyncio.sleep(90 * DAY_S)
    desk = await desk.restart()
    assert desk.ready
    assert desk.held() == 1
    assert not desk.reconciler.open_drifts()


# --- what is not ours ------------------------------------------------------------------------


@at_a_venue(agrees=False)
async def test_a_journal_older_than_the_venue_shows_as_differences_before_anything_is_sent(desk: Desk) -> None:
    """inc52: a database copied without its log took the bot back in time, and it traded on from there."""
    await desk.buy("1")
    copied = list(desk.world.journal.entries)
    await desk.buy("2")
    resting = await desk.buy("0.5", "90")
    await desk.crash()
    desk.world.journal.entries = copied
    before = desk
    desk = await desk.restart()
    shown = {(drift.kind, drift.subject): (drift.ours, drift.theirs) for drift in before.found.drifts}
    assert shown["balance", "BTC"] == ("1", "3")
    assert ("order", resting.venue_order_id) in shown
    assert "see /reconcile" in before.found.text
    # What a source sends again under the same key is refused by the venue while the first order works there.
    again = await desk.submit(desk.intent(Side.BUY, "0.5", "90", key=resting.key))
    assert again.reason.startswith("DUPLICATE_ORDER")
    assert len(await desk.venue.open_orders()) == 1


@at_a_venue(agrees=False)
async def test_orders_that_somebody_placed_by_hand_are_never_touched(desk: Desk) -> None:
    """inc53: at every start it cancelled all orders of the account, the manual ones too."""
    manual = await desk.venue.by_hand(BTC.symbol, Side.BUY, "1", "50")
    ours = await desk.buy("1", "90")
    desk = await away(desk, "100x1000", "100.01x1000")
    kill = await desk.killer.kill("panic", "all", ANA, flatten=True)
    assert (await desk.killer.finished(kill.id, 60)).done
    await asyncio.sleep(HOUR_S)
    assert desk.now(ours).status is OrderStatus.CANCELED
    assert [order.order_id for order in await desk.venue.open_orders()] == [manual.id]
    assert [drift.kind for drift in desk.reconciler.open_drifts()] == ["order"]
    assert desk.book.order(manual.id) is None  # shown, and not adopted
