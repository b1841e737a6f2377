"""A stop whose price is reached before it is on the venue's books: the gate denies it, and the position is closed."""

import asyncio
from decimal import Decimal

import pytest

from tests.trading.scripted import DEMO, Desk
from tests.trading.test_protection import ended, later, notices, stops
from trading.errors import VenueUnreachable
from trading.instruments import Side
from trading.intent import OrderType
from trading.order import Order, OrderStatus

D = Decimal
BUY, SELL = Side.BUY, Side.SELL


@pytest.fixture
async def desk() -> Desk:
    """On spot, at a venue that holds pairs as lists."""
    return await Desk(linear=False).start()


async def denied(desk: Desk) -> Order:
    """A bracket whose stop the market passes between the decision to place it and its verdict."""
    order = await desk.accept(await desk.submit(BUY, "0.01", stop_loss=D(58000), take_profit=D(65000)))
    desk.clock.move(1)
    await desk.oms.on_report(DEMO, desk.trade(order, "0.01", "60000"))
    async with desk.book.lock:
        looking = asyncio.create_task(desk.protection.check(order.id))
        for _ in range(10):
            await asyncio.sleep(0)
        desk.show("57000", "57001")
    await looking
    stop = next(leg for leg in desk.book.children(order.id) if leg.type is OrderType.STOP)
    assert stop.status is OrderStatus.DENIED
    assert stop.reason.startswith("STOP_WRONG_SIDE: ")
    return desk.now(order)


async def look(desk: Desk, entry: Order) -> None:
    """What the guard does when it hears of the denial, and of the cancels that this leads to."""
    for _ in range(3):
        await desk.protection.check(entry.id)
        await ended(desk)


def closings(desk: Desk) -> list[Order]:
    return [order for order in desk.venue.sent if order.side is SELL and order.type is OrderType.MARKET]


@pytest.mark.parametrize("linear", [True, False], ids=["pairs by us", "pairs by the venue"])
@pytest.mark.parametrize("back", [False, True], ids=["still beyond", "back again"])
async def test_a_stop_that_the_gate_denies_as_due_closes_at_the_market(linear: bool, back: bool) -> None:
    desk = await Desk(linear=linear).start()
    entry = await denied(desk)
    if back:
        desk.show("59999", "60000")
    await look(desk, entry)
    (closing,) = closings(desk)
    assert (closing.quantity, closing.reduce_only, closing.parent_id) == (D("0.01"), True, entry.id)
    assert not [order for order in desk.venue.sent if order.type is OrderType.STOP]
    assert [order.id for order in desk.working()] == [closing.id], "its target is gone"
    (notice,) = notices(desk)
    assert notice.startswith("critical: ")
    assert notice.endswith("The position is closed at the market.")
    await desk.fill(await desk.accept(closing), "0.01", "57000")
    await later(desk, 60)
    assert desk.position == 0
    assert closings(desk) == [closing]


async def test_a_close_that_did_not_get_there_is_sent_again(desk: Desk) -> None:
    entry = await denied(desk)
    desk.venue.errors["place"] = [VenueUnreachable("Nobody there.")]
    await look(desk, entry)
    assert len(closings(desk)) == 1
    desk.clock.move(15)
    desk.show("57000", "57001")
    await look(desk, entry)
    assert [order.status for order in map(desk.now, closings(desk))] == [
        OrderStatus.REJECTED,
        OrderStatus.SUBMITTED,
    ]


async def test_and_is_a_stop_again_if_the_market_came_back_meanwhile(desk: Desk) -> None:
    entry = await denied(desk)
    desk.venue.errors["place"] = [VenueUnreachable("Nobody there.")]
    await look(desk, entry)
    await later(desk, 15)
    assert len(closings(desk)) == 1
    assert stops(desk) == [(OrderType.STOP, D("0.01"), D(58000))]
