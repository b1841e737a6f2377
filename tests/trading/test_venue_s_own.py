"""What a venue does by itself: a stop that it held for an entry, money that it paid. Each is in the books once."""

import asyncio
from decimal import Decimal

import pytest
from msgspec.structs import replace

from tests.trading.scripted import DEMO, Desk
from trading import events as e
from trading.errors import VenueRefused
from trading.instruments import Money, Side
from trading.intent import Leg, OrderType
from trading.order import Order, OrderStatus
from trading.reports import Filled, Paid

D = Decimal
BUY = Side.BUY


@pytest.fixture
async def desk() -> Desk:
    return await Desk().start()


def stopped(desk: Desk, entry: Order, quantity: str, price: str) -> Filled:
    return replace(desk.trade(entry, quantity, price), leg=Leg.STOP_LOSS)


def money(desk: Desk) -> Decimal:
    return sum((balance.amount for balance in desk.book.balances(DEMO)), D(0))


async def test_a_stop_that_the_venue_held_becomes_an_order_of_ours(desk: Desk) -> None:
    entry = await desk.submit(BUY, "2", stop_loss=D(58000))
    bought, sold = desk.trade(entry, "2", "60000"), stopped(desk, entry, "2", "57990")
    for report in (bought, sold, sold):
        await desk.oms.on_report(DEMO, report)
    await desk.protection.check(entry.id)
    [stop] = desk.book.children(entry.id)
    assert (stop.type, stop.side, stop.leg, stop.status) == (OrderType.STOP, Side.SELL, Leg.STOP_LOSS, "FILLED")
    assert (stop.stop_price, stop.average_price, stop.reduce_only) == (D(58000), D(57990), True)
    assert (desk.position, money(desk)) == (D(0), D(100000) - 2 * D(2010))
    assert [order.id for order in desk.venue.sent] == [entry.id], "nothing was sent for it"
    again = await desk.restart()
    await again.oms.on_report(DEMO, sold)
    assert (again.position, money(again)) == (D(0), D(100000) - 2 * D(2010))


async def test_the_rest_of_what_it_closed_in_part_is_protected(desk: Desk) -> None:
    entry = await desk.submit(BUY, "2", stop_loss=D(58000))
    await desk.oms.on_report(DEMO, desk.trade(entry, "2", "60000"))
    await desk.oms.on_report(DEMO, stopped(desk, entry, "0.5", "59000"))
    await desk.protection.check(entry.id)
    [rest] = desk.working()
    assert (rest.quantity, desk.position) == (D("1.5"), D("1.5"))


async def test_a_stop_that_is_just_being_placed_is_the_one(desk: Desk) -> None:
    """The venue refuses it then, because there is nothing left; what it had done counts."""
    entry = await desk.accept(await desk.submit(BUY, "2", stop_loss=D(58000)))
    await desk.oms.on_report(DEMO, desk.trade(entry, "2", "60000"))
    desk.venue.answers.clear()
    desk.venue.errors["place"] = [VenueRefused("Nothing is open.", code="REDUCE_ONLY")]
    placing = asyncio.create_task(desk.protection.check(entry.id))
    await desk.venue.until_placed(2)
    await desk.oms.on_report(DEMO, stopped(desk, entry, "2", "57990"))
    desk.venue.answers.set()
    await placing
    [stop] = desk.book.children(entry.id)
    assert (stop.status, stop.filled_quantity, desk.position) == (OrderStatus.FILLED, D(2), D(0))


async def test_a_stop_that_nobody_asked_us_for_is_told_beside_the_entry(desk: Desk) -> None:
    """It was set at the venue: the entry does not become one that wants to be protected."""
    entry = await desk.entry(BUY, "2")
    await desk.oms.on_report(DEMO, stopped(desk, entry, "0.5", "57990"))
    await desk.protection.check(entry.id)
    assert desk.book.children(entry.id) == desk.working() == []
    [stop] = [order for order in desk.book.recent_orders() if order.id != entry.id]
    assert (stop.status, stop.stop_price, desk.position) == (OrderStatus.FILLED, D(57990), D("1.5"))


async def test_the_same_payment_is_booked_once_whatever_happens_between(desk: Desk) -> None:
    payment = Paid("mt5:7", Money(D("12.5"), "USDT"), "dividend", desk.clock.now())
    for report in (payment, payment):
        await asyncio.gather(*(desk.oms.on_report(DEMO, report) for _ in range(2)))
    desk = await desk.restart()
    await desk.oms.on_report(DEMO, payment)
    assert [event.change.amount for event in desk.told(e.BalanceAdjusted)] == [D("12.5")]
    await desk.oms.on_report(DEMO, replace(payment, payment_id="mt5:8"))
    assert money(desk) == D(100025)
