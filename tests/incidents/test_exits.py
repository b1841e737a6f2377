"""Nothing exits twice: whatever fills, is closed by hand or comes late, the position never turns round."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from tests.incidents.desk import ANA, BTC, DEMO, LINEAR, SPOT, Desk, at_a_venue
from tests.incidents.venue import DONE_UNHEARD, LATENCY_S
from trading import events as e
from trading.instruments import Money, Side
from trading.intent import Leg, OrderType
from trading.order import OrderStatus
from trading.reports import Filled

D = Decimal
HOUR_S = 3600
EVER = 10**6


@at_a_venue(**LINEAR)
async def test_both_legs_of_a_pair_cannot_turn_the_position(desk: Desk) -> None:
    """inc37: the price ran through the target and back through the stop, and both legs were filled."""
    await desk.buy("1", stop_loss="80", take_profit="120")
    await asyncio.sleep(5)
    assert len(desk.open()) == 2
    desk.venue.faults.set("cancel", DONE_UNHEARD, EVER)  # our cancel of the other leg is slow, too
    desk.world.market.book("121x1000", "121.01x1000")
    await asyncio.sleep(0)
    desk.world.market.book("79x1000", "79.01x1000")
    await asyncio.sleep(60)
    assert desk.held() == 0
    assert desk.open() == []
    assert len(await desk.venue.trades()) == 2


@at_a_venue(**LINEAR, agrees=False)
async def test_a_pair_of_which_a_venue_filled_both_legs_is_told(desk: Desk) -> None:
    """inc37: the venue filled the second leg although the first had been; nobody knew of the short that was left."""
    await desk.buy("1", stop_loss="80", take_profit="120")
    await asyncio.sleep(5)
    stop = desk.legs(Leg.STOP_LOSS)[0]
    await desk.show("121x1000", "121.01x1000")
    assert desk.held() == 0
    late = Filled(stop.id, "T77", D(1), D(80), Money(D("0.08"), "USDT"), desk.world.clock.now())
    await desk.oms.on_report(DEMO, late)
    await asyncio.sleep(60)
    assert desk.held() == -1
    assert desk.warnings() == [
        "BTC/USDT: stop and target were both filled, 2 instead of 1. The position is now -1: "
        "close what should not be there."
    ]


@at_a_venue(**LINEAR)
async def test_a_position_closed_by_hand_while_its_stop_is_placed_gets_none(desk: Desk) -> None:
    """inc38: the sale was filled between the check and the stop, which would have sold a second time."""
    entry = desk.begin(desk.buy("1", stop_loss="80"))
    await asyncio.sleep(1.5 * LATENCY_S)  # the entry has filled, its stop is on its way
    assert (desk.held(), await desk.venue.open_orders()) == (D(1), [])
    await desk.protection.make_room(DEMO, BTC.symbol, D(1), ANA)
    await desk.sell("1", reduce_only=True)
    await entry
    await asyncio.sleep(60)
    assert desk.held() == 0
    assert await desk.venue.open_orders() == []


@pytest.mark.parametrize("venue", [SPOT, LINEAR])
def test_a_stop_that_was_done_is_not_placed_again(venue: dict[str, Any]) -> None:
    """inc39: after the stop had closed the position, the next round of refreshing stops placed it anew."""

    @at_a_venue(**venue)
    async def story(desk: Desk) -> None:
        await desk.buy("1", stop_loss="80", take_profit="120")
        await asyncio.sleep(5)
        await desk.show("79x1000", "79.01x1000")
        await asyncio.sleep(5)
        assert desk.held() == 0
        sent = desk.venue.sent
        await desk.show("100x1000", "100.01x1000")
        await desk.protection.check_all()
        await asyncio.sleep(HOUR_S)
        desk = await desk.restart()
        await asyncio.sleep(HOUR_S)
        assert desk.venue.sent == sent
        assert await desk.venue.open_orders() == []

    story()


@at_a_venue(agrees=False)
async def test_a_position_sold_by_hand_ends_the_stop_and_shows_as_a_difference(desk: Desk) -> None:
    """inc41: the coin was sold in the exchange's own app, and the bot tried its stop for ever without funds."""
    await desk.buy("1", stop_loss="80")
    await asyncio.sleep(5)
    (stop,) = desk.legs(Leg.STOP_LOSS)
    await desk.venue.cancel_by_hand(stop)
    await desk.venue.by_hand(BTC.symbol, Side.SELL, "1")
    await asyncio.sleep(5 * 60)
    sent = desk.venue.sent
    assert sent < 10
    await asyncio.sleep(HOUR_S)
    assert desk.venue.sent == sent
    assert {drift.subject for drift in desk.reconciler.open_drifts()} == {"BTC", "USDT"}
    assert {event.subject for event in desk.events(e.DriftFound)} == {"BTC", "USDT"}


@at_a_venue()
async def test_a_triggered_stop_limit_that_does_not_fill_still_shows_as_open(desk: Desk) -> None:
    """A stop-limit triggered and was jumped over; the bot took the position for closed."""
    await desk.buy("1")
    stop = await desk.sell("1", "94", type=OrderType.STOP_LIMIT, stop_price="95")
    await desk.show("90x1000", "90.01x1000")
    await asyncio.sleep(60)
    assert desk.events(e.OrderTriggered)[0].order_id == stop.id
    assert desk.now(stop).is_open
    assert desk.held() == 1


@at_a_venue(**LINEAR)
async def test_two_closes_at_once_close_once(desk: Desk) -> None:
    """Two closing alerts came together, and the second opened a position the other way round."""
    await desk.buy("1")
    both = [desk.intent(Side.SELL, "1", reduce_only=True, key=f"alert:{number}") for number in range(2)]
    first, second = await asyncio.gather(*(desk.oms.submit(intent) for intent in both))
    await asyncio.sleep(1)
    assert desk.now(first).status is OrderStatus.FILLED
    assert second.status is OrderStatus.DENIED
    assert second.reason.startswith("NOTHING_TO_REDUCE: ")
    assert desk.held() == 0
