"""The machine's clock is set back by an hour: what was to wait some seconds does not wait an hour."""

import asyncio
from decimal import Decimal

import pytest

from tests.trading.scripted import ANA, DEMO, Desk
from trading.errors import OutcomeUnknown, VenueUnreachable
from trading.instruments import Side
from trading.intent import OrderType
from trading.order import OrderStatus
from trading.reports import Filled

D = Decimal
HOUR_S = 3600
RESTING = {"type": OrderType.LIMIT, "limit_price": D(50000)}


@pytest.fixture
async def desk() -> Desk:
    return await Desk().start()


async def a_minute(desk: Desk) -> None:
    """A minute on a clock that was set back before it began."""
    desk.clock.move(-HOUR_S)
    for _ in range(12):
        desk.clock.move(5)
        await desk.reconciler.reconcile(DEMO)
        await desk.protection.check_all()


async def test_a_stop_that_did_not_get_there_is_sent_again(desk: Desk) -> None:
    desk.venue.errors["place"] = [None, VenueUnreachable("Nobody there.")]
    entry = await desk.entry(Side.BUY, "1", stop_loss=D(50000))
    desk.venue.shown[entry.id] = desk.venue_order(entry, "filled", filled_quantity=D(1))
    assert desk.working() == []
    await a_minute(desk)
    assert [leg.remaining for leg in desk.working()] == [D(1)]


async def test_the_stop_of_a_close_that_never_came_is_back(desk: Desk) -> None:
    await desk.entry(Side.BUY, "1", stop_loss=D(50000))
    stop = await desk.accept(desk.working()[0])
    released = asyncio.create_task(desk.protection.release(DEMO, desk.symbol, ANA))
    for _ in range(5):
        await asyncio.sleep(0)
    await desk.end(stop)
    await released
    assert desk.working() == []
    await a_minute(desk)
    assert [leg.remaining for leg in desk.working()] == [D(1)]


async def test_an_entry_that_stalled_is_protected(desk: Desk) -> None:
    entry = await desk.accept(await desk.submit(Side.BUY, "1", stop_loss=D(50000)))
    await desk.fill(entry, "0.5", "60000")
    desk.venue.shown[entry.id] = desk.venue_order(entry, "open", filled_quantity=D("0.5"))
    await a_minute(desk)
    assert [leg.remaining for leg in desk.working()] == [D("0.5")]


async def test_a_stop_that_is_too_large_is_shrunk(desk: Desk) -> None:
    await desk.entry(Side.BUY, "1", stop_loss=D(50000))
    await desk.accept(desk.working()[0])
    desk.venue.errors["amend"] = [VenueUnreachable("Nobody there.")]
    await desk.fill(await desk.accept(await desk.submit(Side.SELL, "0.5")), "0.5", "60000")
    assert len(desk.venue.amended) == 1
    await a_minute(desk)
    assert [quantity for _, quantity, *_ in desk.venue.amended[:2]] == [D("0.5"), D("0.5")]


async def test_an_order_of_which_nothing_is_heard_is_looked_up(desk: Desk) -> None:
    order = await desk.submit(Side.BUY, "1", **RESTING)
    await a_minute(desk)
    assert desk.now(order).status is OrderStatus.REJECTED


async def test_a_change_of_which_nothing_is_heard_is_looked_up(desk: Desk) -> None:
    order = await desk.accept(await desk.submit(Side.BUY, "1", **RESTING))
    desk.venue.errors["amend"] = [OutcomeUnknown("No answer.")]
    assert (await desk.oms.amend(order, ANA, limit_price=D(49000))).is_amending
    await a_minute(desk)
    assert not desk.now(order).is_amending


async def test_a_fill_of_now_is_asked_for(desk: Desk) -> None:
    """What was asked for last was told by the clock that was wrong."""
    order = await desk.accept(await desk.submit(Side.BUY, "1", **RESTING))
    await desk.reconciler.reconcile(DEMO)
    desk.clock.move(-HOUR_S)
    fill: Filled = desk.trade(order, "0.5", "50000")
    await desk.reconciler.reconcile(DEMO)
    assert desk.book.has_fill(DEMO, desk.symbol, fill.trade_id)
