"""A venue that closes a position for want of money: our books follow, once, and people are told at once."""

import asyncio
from decimal import Decimal

from tests.incidents.desk import DEMO, LINEAR, Desk, at_a_venue
from tests.incidents.venue import everything, nothing, twice
from trading import events as e
from trading.executors.paper.funds import Lending
from trading.order import OrderStatus

D = Decimal
LENT = {**LINEAR, "lending": Lending(D(20), D("0.05")), "funds": ("1000 USDT",)}
FALLEN = ("90x1000", "90.01x1000")  # 80 bought at 100.01 have lost 800.80 and a fee; 7200.40 / 20 must stay


def told(desk: Desk) -> list[str]:
    return [notice.text for notice in desk.events(e.Noticed) if notice.severity == "critical"]


def is_settled(desk: Desk) -> bool:
    return desk.held() == 0 and desk.open() == [] and len(told(desk)) == 1


@at_a_venue(**LENT)
async def test_it_is_an_order_of_ours_that_nobody_sent(desk: Desk) -> None:
    await desk.buy("80", take_profit="120")
    await desk.show(*FALLEN)
    await asyncio.sleep(5)
    assert is_settled(desk)
    [text] = told(desk)
    assert text.startswith("PAPER demo: LIQUIDATED by the venue, SELL 80 BTC/USDT at 90: the equity of ")
    order = next(order for order in desk.book.recent_orders() if order.source == "liquidation")
    assert (order.status, order.actor, order.average_price) == (OrderStatus.FILLED, "venue", D(90))
    assert desk.book.balances(DEMO)[0].amount == 1000 - 80 * D("10.01") - 80 * D("190.01") / 1000


@at_a_venue(**LENT)
async def test_heard_twice_it_is_booked_once(desk: Desk) -> None:
    await desk.buy("80")
    desk.venue.deliver = twice
    await desk.show(*FALLEN)
    assert is_settled(desk)


@at_a_venue(**LENT)
async def test_unheard_it_is_found_by_the_next_look(desk: Desk) -> None:
    await desk.buy("80")
    desk.venue.deliver = nothing
    await desk.show(*FALLEN)
    assert desk.held() == 80
    await asyncio.sleep(60)
    assert is_settled(desk)
    desk.venue.deliver = everything


@at_a_venue(**LENT)
async def test_while_the_desk_was_down_it_is_found_at_its_start(desk: Desk) -> None:
    await desk.buy("80")
    await desk.crash()
    await desk.show(*FALLEN)
    again = await desk.restart()
    assert is_settled(again)
    once_more = await again.restart()
    assert is_settled(once_more)
