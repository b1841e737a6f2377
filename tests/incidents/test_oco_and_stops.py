"""A position that was meant to be protected is, or people know that it is not; and nothing exits twice."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from tests.incidents.desk import ANA, BTC, DEMO, LINEAR, SPOT, Desk, at_a_venue
from tests.incidents.venue import DONE_UNHEARD, everything, nothing, refused
from trading.errors import IntentError
from trading.instruments import Side
from trading.intent import Leg
from trading.order import MAKING_ROOM, OrderStatus

D = Decimal
HOUR_S = 3600
EVER = 10**6


# --- a pair that the venue will not take -----------------------------------------------------


@pytest.mark.parametrize("venue", [SPOT, LINEAR])
def test_a_refused_pair_is_told_and_tried_again_until_the_stop_is_live(venue: dict[str, Any]) -> None:
    """inc24: the pair after a buy was refused, the code crashed on the answer, and the position stood naked."""

    @at_a_venue(**venue)
    async def story(desk: Desk) -> None:
        refusal = refused("INSUFFICIENT_FUNDS", "Account has insufficient balance.")
        desk.venue.faults.set("place", refusal, times=4, after=1)
        await desk.buy("1", stop_loss="80", take_profit="120")
        assert desk.covered() == 0
        await asyncio.sleep(10)
        assert "Account has insufficient balance." in desk.warnings()[0]
        assert "tried again" in desk.warnings()[0]
        await asyncio.sleep(5 * 60)
        assert desk.covered() == 1
        assert desk.now(desk.open()[0]).quantity == 1

    story()


@at_a_venue()
async def test_a_pair_the_venue_never_takes_is_told_and_the_desk_lives(desk: Desk) -> None:
    """inc36: the exchange had renamed the parameters of its order lists: every pair was refused, and nobody told."""
    refusal = refused("BAD_PARAMETER", "Mandatory parameter 'aboveType' was not sent.")
    desk.venue.faults.set("place", refusal, EVER, after=1)
    await desk.buy("1", stop_loss="80", take_profit="120")
    await asyncio.sleep(HOUR_S)
    assert len(desk.warnings()) == 1
    assert "Mandatory parameter 'aboveType' was not sent." in desk.warnings()[0]
    assert desk.venue.sent < 20
    desk.venue.faults.clear()
    await desk.protection.change("web:sl", DEMO, BTC.symbol, ANA, stop=D(80))  # by hand, once it works again
    await asyncio.sleep(1)
    assert desk.covered() == 1


@pytest.mark.parametrize("venue", [SPOT, LINEAR])
def test_a_stop_that_would_trigger_at_once_closes_the_position(venue: dict[str, Any]) -> None:
    """inc40: the price had gone through the stop before it was placed; it was refused and the loss ran on."""

    @at_a_venue(**venue)
    async def story(desk: Desk) -> None:
        desk.venue.faults.set("place", refused("WOULD_TRIGGER", "Order would trigger immediately."), after=1)
        await desk.buy("1", stop_loss="80")
        await asyncio.sleep(60)
        assert desk.held() == 0
        assert desk.open() == []
        assert any("would trigger immediately" in text for text in desk.warnings())

    story()


@pytest.mark.parametrize("venue", [SPOT, LINEAR])
def test_a_price_that_falls_through_the_stop_while_the_entry_fills_closes_it(venue: dict[str, Any]) -> None:
    """inc40: the same, when we see it before the venue does."""

    @at_a_venue(**venue)
    async def story(desk: Desk) -> None:
        desk.venue.faults.set("place", DONE_UNHEARD)
        desk.venue.deliver = nothing
        entry = desk.begin(desk.buy("1", stop_loss="80", take_profit="120"))
        await desk.show("70x1000", "70.01x1000")
        await entry
        await asyncio.sleep(60)
        assert desk.held() == 0
        assert list(await desk.venue.open_orders()) == []

    story()


# --- changing protection ---------------------------------------------------------------------


@pytest.mark.parametrize("venue", [SPOT, LINEAR])
def test_adding_a_target_keeps_the_stop(venue: dict[str, Any]) -> None:
    """inc34: the stop was taken away to place a target, and the price fell while the position had neither."""

    @at_a_venue(**venue)
    async def story(desk: Desk) -> None:
        await desk.buy("1", stop_loss="80")
        await asyncio.sleep(1)
        assert desk.covered() == 1
        bare_since: list[float] = []
        loop = asyncio.get_running_loop()

        async def watch() -> None:
            while True:
                there = await desk.venue.open_orders()
                if not any(order.stop_price for order in there):
                    bare_since.append(loop.time())
                await asyncio.sleep(0.01)

        desk.begin(watch())
        await desk.protection.change("web:tp", DEMO, BTC.symbol, ANA, target=D(120))
        await asyncio.sleep(5)
        assert desk.covered() == 1
        assert [order.limit_price for order in desk.legs(Leg.TAKE_PROFIT)] == [120]
        assert len(bare_since) * 0.01 < 1  # seconds for which it had none

    story()


@pytest.mark.parametrize("venue", [SPOT, LINEAR])
def test_a_stop_taken_away_for_a_change_that_fails_comes_back(venue: dict[str, Any]) -> None:
    """inc34: the new pair was refused after the old stop had gone."""

    @at_a_venue(**venue)
    async def story(desk: Desk) -> None:
        await desk.buy("1", stop_loss="80")
        await asyncio.sleep(1)
        desk.venue.faults.set("place", refused("INSUFFICIENT_FUNDS"), times=2)
        await desk.protection.change("web:tp", DEMO, BTC.symbol, ANA, target=D(120))
        await asyncio.sleep(5 * 60)
        assert desk.covered() == 1
        assert desk.warnings()

    story()


@pytest.mark.parametrize("venue", [SPOT, LINEAR])
def test_a_part_with_a_target_of_its_own_leaves_the_stop_of_the_rest(venue: dict[str, Any]) -> None:
    """inc35: a target was for two of three units, and the stop covered only one or none until it filled."""

    @at_a_venue(**venue)
    async def story(desk: Desk) -> None:
        await desk.buy("2", stop_loss="80", take_profit="120")
        await desk.buy("1", stop_loss="80")
        await asyncio.sleep(5)
        assert desk.covered() == 3
        await desk.show("121x1000", "121.01x1000")
        await asyncio.sleep(10)
        assert desk.held() == desk.covered() == 1
        assert desk.legs(Leg.TAKE_PROFIT) == []

    story()


# --- room beside other orders ---------------------------------------------------------------


@pytest.mark.parametrize("venue", [SPOT, LINEAR])
def test_a_stop_that_a_resting_sale_leaves_no_room_for_is_refused_with_the_reason(venue: dict[str, Any]) -> None:
    """A resting sale held all there was; the stop that could not be placed beside it was passed over in silence."""

    @at_a_venue(**venue)
    async def story(desk: Desk) -> None:
        await desk.buy("1")
        await desk.sell("1", "110")
        with pytest.raises(IntentError, match="open orders"):
            await desk.protection.change("web:sl", DEMO, BTC.symbol, ANA, stop=D(80))
        assert desk.covered() == 0

    story()


@at_a_venue()
async def test_an_entry_whose_stop_has_no_room_beside_a_resting_sale_is_told(desk: Desk) -> None:
    """The same for the stop of an entry: it waits until there is room, and people know."""
    await desk.buy("1", "90", stop_loss="80")
    desk.venue.deliver = nothing
    desk.world.market.book("89x1000", "90x1000")
    await asyncio.sleep(0.1)
    hand = await desk.venue.by_hand(BTC.symbol, Side.SELL, "1", "110")
    desk.venue.deliver = everything
    await desk.show("100x1000", "100.01x1000")
    await asyncio.sleep(60)
    assert desk.covered() == 0
    assert "BTC/USDT" in desk.warnings()[0]
    await desk.venue.cancel_by_hand(hand)
    await asyncio.sleep(120)
    assert desk.covered() == 1


@at_a_venue(**LINEAR)
async def test_room_that_was_made_for_a_close_that_never_came_is_given_back(desk: Desk) -> None:
    """The stop was cancelled for an exit; the exit failed, and the position was left without either."""
    await desk.buy("1", stop_loss="80")
    await asyncio.sleep(5)
    await desk.protection.make_room(DEMO, BTC.symbol, D(1), ANA)
    assert desk.covered() == 0
    desk.venue.faults.set("place", refused("MARKET_CLOSED"))
    assert (await desk.sell("1", reduce_only=True)).status is OrderStatus.REJECTED
    await asyncio.sleep(60)
    assert desk.covered() == 1
    made_room = [order for order in desk.book.recent_orders() if order.reason == MAKING_ROOM]
    assert len(made_room) == 1
