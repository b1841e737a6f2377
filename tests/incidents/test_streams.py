"""The stream of reports breaks, or is silent and looks alive: what the venue did is found all the same."""

import asyncio

from tests.incidents.desk import Desk, at_a_venue
from tests.incidents.venue import nothing
from trading import events as e
from trading.order import OrderStatus

HOUR_S = 3600


@at_a_venue()
async def test_fills_during_a_break_of_the_line_are_found_when_it_is_back(desk: Desk) -> None:
    """inc42: the stream had stopped without a word; fills were missed until the next restart."""
    order = await desk.buy("1", "90")
    desk.venue.cut()
    await desk.show("89x1000", "90x1000")
    await asyncio.sleep(HOUR_S)
    assert desk.now(order).status is OrderStatus.ACCEPTED
    desk.venue.mend()
    await asyncio.sleep(12)
    assert desk.now(order).status is OrderStatus.FILLED
    assert any("1 fill found" in event.text for event in desk.events(e.Reconciled))


@at_a_venue()
async def test_fills_are_found_while_the_stream_is_silent_and_looks_alive(desk: Desk) -> None:
    """inc45: pings were answered, and yet no order event came for hours, nor when a stop was done at the exchange."""
    await desk.buy("1", stop_loss="80")
    await asyncio.sleep(5)
    desk.venue.deliver = nothing
    await desk.show("79x1000", "79.01x1000")
    assert desk.held() == 1
    await asyncio.sleep(35)  # a round of the continuous reconciliation
    assert desk.held() == 0
