"""Protection where the venue keeps stops and targets as levels of its positions, and ends them with these."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tests.trading.scripted import ANA, DEMO, Desk
from tests.trading.test_protection import accept_all, later, notices, stops, targets
from trading import reports
from trading.cover import look
from trading.instruments import Side
from trading.intent import Leg, OrderType
from trading.order import POSITION_CLOSED, OrderStatus
from trading.risk.gate import Denied

D = Decimal
BUY, SELL = Side.BUY, Side.SELL


@pytest.fixture
async def desk() -> Desk:
    desk = Desk()
    desk.venue.capabilities = replace(desk.venue.capabilities, levels=True, amend_types=frozenset())
    return await desk.start()


async def test_levels_stand_in_the_way_of_no_order_that_closes(desk: Desk) -> None:
    await desk.entry(BUY, "2", stop_loss=D(58000), take_profit=D(65000))
    await accept_all(desk)
    closing = await desk.submit(SELL, "2", reduce_only=True)
    assert closing.status is OrderStatus.SUBMITTED
    verdict = desk.gate.judge(desk.oms.drafting.draft(desk.intent(SELL, "1", reduce_only=True)))
    assert isinstance(verdict, Denied)
    assert f"Nothing is left, order {closing.id} closes it already" in verdict.remedy


async def test_a_part_that_is_closed_makes_the_levels_smaller_and_cancels_none(desk: Desk) -> None:
    await desk.entry(BUY, "2", stop_loss=D(58000), take_profit=D(65000))
    legs = await accept_all(desk)
    await desk.entry(SELL, "0.5", reduce_only=True)
    assert desk.venue.cancelled == []
    assert [(name, size) for name, size, *_ in desk.venue.amended] == [(leg.id, D("1.5")) for leg in legs]


async def test_a_leg_that_is_smaller_before_its_other_half_is_not_shrunk_again(desk: Desk) -> None:
    await desk.entry(BUY, "2", stop_loss=D(58000), take_profit=D(65000))
    stop, target = await accept_all(desk)
    await desk.entry(SELL, "0.5", reduce_only=True)
    for leg, limit, price in ((stop, None, D(58000)), (target, D(65000), None)):
        await desk.oms.on_report(DEMO, reports.Amended(leg.id, D("1.5"), limit, price))
        await desk.protection.check(leg.id)
    await later(desk, 20)
    assert (stops(desk), targets(desk)) == ([(OrderType.STOP, D("1.5"), D(58000))], [(D("1.5"), D(65000))])
    assert len(desk.venue.amended) == 2


async def test_what_a_stop_gave_up_counts_though_somebody_let_go_of_its_target_before(desk: Desk) -> None:
    entry = await desk.entry(BUY, "2", stop_loss=D(58000), take_profit=D(65000))
    stop, target = await accept_all(desk)
    await desk.oms.cancel(target, ANA)
    await desk.end(target)
    await desk.entry(SELL, "0.5", reduce_only=True)
    await desk.oms.on_report(DEMO, reports.Amended(stop.id, D("1.5"), None, D(58000)))
    assert look(entry, desk.book, desk.oms.drafting.instrument(DEMO, desk.symbol)).need == 0


async def test_of_two_brackets_the_older_ends_with_its_position_and_nobody_is_alarmed(desk: Desk) -> None:
    await desk.entry(BUY, "1", stop_loss=D(58000), take_profit=D(65000))
    await desk.entry(BUY, "1", stop_loss=D(57000), take_profit=D(66000))
    legs = await accept_all(desk)
    await desk.entry(SELL, "1", reduce_only=True)
    await later(desk, 6)
    assert (desk.venue.cancelled, desk.venue.amended) == ([], []), "the venue will say which of them have ended"
    for leg in legs[:2]:
        await desk.end(leg, POSITION_CLOSED)
        assert notices(desk) == []
    await later(desk, 60)
    assert (stops(desk), targets(desk)) == ([(OrderType.STOP, D(1), D(57000))], [(D(1), D(66000))])
    assert (notices(desk), desk.venue.cancelled, desk.venue.amended) == ([], [], [])


async def test_a_level_that_the_venue_does_not_end_is_cancelled_after_a_while(desk: Desk) -> None:
    await desk.entry(BUY, "1", stop_loss=D(58000))
    [stop] = await accept_all(desk)
    await desk.entry(SELL, "1")
    await later(desk, 20)
    assert desk.venue.cancelled == []
    await later(desk, 20)
    assert desk.venue.cancelled == [stop.id]


async def test_that_the_stop_went_with_the_position_of_its_own_is_told_where_another_stays_bare(desk: Desk) -> None:
    await desk.entry(BUY, "1", stop_loss=D(58000))
    await desk.entry(BUY, "1")
    [stop] = await accept_all(desk)
    await desk.entry(SELL, "1", reduce_only=True)
    await desk.end(stop, POSITION_CLOSED)
    [told] = notices(desk)
    assert told.startswith("critical:")
    assert f"the {Leg.STOP_LOSS} order {stop.id} over 1 does not work ({POSITION_CLOSED})" in told
