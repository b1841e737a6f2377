"""Stops and targets as the venue sees them: they equal what was filled, and come back when something went wrong."""

import asyncio
from decimal import Decimal

import pytest

from tests.trading.scripted import ANA, DEMO, Desk
from trading import events as e
from trading import reports
from trading.errors import IntentError, VenueRefused, VenueUnreachable
from trading.instruments import Side
from trading.intent import Leg, OrderType, Origin, Trail
from trading.order import Order, OrderStatus

D = Decimal
BUY, SELL = Side.BUY, Side.SELL


@pytest.fixture
async def desk() -> Desk:
    """A contract, at a venue that leaves pairs and brackets to us."""
    return await Desk().start()


def stops(desk: Desk) -> list[tuple[OrderType, Decimal, Decimal | None]]:
    """The stops that work: type, what is left, price."""
    return [(leg.type, leg.remaining, leg.stop_price) for leg in desk.working() if leg.leg is Leg.STOP_LOSS]


def targets(desk: Desk) -> list[tuple[Decimal, Decimal | None]]:
    return [(leg.remaining, leg.limit_price) for leg in desk.working() if leg.leg is Leg.TAKE_PROFIT]


def notices(desk: Desk) -> list[str]:
    return [f"{event.severity}: {event.text}" for event in desk.told(e.Noticed)]


async def accept_all(desk: Desk) -> list[Order]:
    return [await desk.accept(leg) for leg in desk.working()]


async def later(desk: Desk, seconds: float) -> None:
    """The next sweep that comes so much later."""
    desk.clock.move(seconds)
    desk.show("59999", "60000")
    await desk.protection.check_all()


# --- brackets --------------------------------------------------------------------------------


async def test_a_filled_entry_gets_its_stop_and_its_target(desk: Desk) -> None:
    entry = await desk.entry(BUY, "2", stop_loss=D(58000), take_profit=D(65000))
    assert stops(desk) == [(OrderType.STOP, D(2), D(58000))]
    assert targets(desk) == [(D(2), D(65000))]
    legs = desk.working()
    assert all(leg.reduce_only and leg.side is SELL and leg.parent_id == entry.id for leg in legs)
    assert legs[0].group == legs[1].group != ""


async def test_nothing_is_placed_before_something_is_filled(desk: Desk) -> None:
    order = await desk.submit(BUY, "2", type=OrderType.LIMIT, limit_price=D(59000), stop_loss=D(58000))
    await desk.protection.check((await desk.accept(order)).id)
    assert len(desk.venue.placed) == 1


async def test_each_part_of_a_resting_entry_is_covered_as_it_is_filled(desk: Desk) -> None:
    resting = {"type": OrderType.LIMIT, "limit_price": D(59000), "stop_loss": D(58000)}
    order = await desk.accept(await desk.submit(BUY, "2", **resting))
    await desk.fill(order, "0.5", "59000")
    assert stops(desk) == [(OrderType.STOP, D("0.5"), D(58000))]
    await desk.fill(order, "1.5", "59000")
    assert sum(size for _, size, _ in stops(desk)) == D(2)


async def test_the_parts_of_a_market_order_share_one_stop(desk: Desk) -> None:
    order = await desk.accept(await desk.submit(BUY, "2", stop_loss=D(58000)))
    await desk.fill(order, "0.5", "60000")
    assert stops(desk) == []
    await desk.fill(order, "1.5", "60000")
    assert stops(desk) == [(OrderType.STOP, D(2), D(58000))]


async def test_a_market_order_that_stalls_is_covered_as_far_as_it_got(desk: Desk) -> None:
    order = await desk.accept(await desk.submit(BUY, "2", stop_loss=D(58000)))
    await desk.fill(order, "0.5", "60000")
    await later(desk, 3)
    assert stops(desk) == [(OrderType.STOP, D("0.5"), D(58000))]


async def test_looking_twice_places_nothing_twice(desk: Desk) -> None:
    entry = await desk.entry(BUY, "2", stop_loss=D(58000), take_profit=D(65000))
    await asyncio.gather(*(desk.protection.check(entry.id) for _ in range(3)))
    await desk.protection.check_all()
    assert len(desk.venue.placed) == 3


async def test_a_restart_covers_what_was_filled_just_before(desk: Desk) -> None:
    order = await desk.accept(await desk.submit(BUY, "2", stop_loss=D(58000)))
    desk.clock.move(1)
    await desk.oms.on_report(DEMO, desk.trade(order, "2", "60000"))  # and then the process was gone
    await desk.restart()
    assert stops(desk) == [(OrderType.STOP, D(2), D(58000))]


async def test_what_only_closed_the_other_side_needs_no_stop(desk: Desk) -> None:
    await desk.entry(SELL, "3")
    await desk.entry(BUY, "2", stop_loss=D(58000))
    assert desk.position == -1
    assert stops(desk) == []


async def test_a_venue_with_lists_holds_a_resting_bracket_itself() -> None:
    spot = await Desk(linear=False).start()
    resting = {"type": OrderType.LIMIT, "limit_price": D(59000), "stop_loss": D(58000), "take_profit": D(65000)}
    order = await spot.submit(BUY, "1", **resting)
    assert [len(approved.legs) for approved in spot.venue.placed] == [2]
    for each in spot.venue.sent:
        await spot.accept(each)
    await spot.fill(order, "0.5", "59000")
    assert len(spot.venue.placed) == 1
    assert spot.working() == []  # they wait for the rest


async def test_an_entry_cancelled_after_a_part_is_covered_by_us() -> None:
    spot = await Desk(linear=False).start()
    resting = {"type": OrderType.LIMIT, "limit_price": D(59000), "stop_loss": D(58000), "take_profit": D(65000)}
    order = await spot.submit(BUY, "1", **resting)
    for each in spot.venue.sent:
        await spot.accept(each)
    await spot.fill(order, "0.5", "59000")
    for each in spot.venue.sent:
        await spot.end(each, "its entry ended")
    assert stops(spot) == [(OrderType.STOP, D("0.5"), D(58000))]
    assert targets(spot) == [(D("0.5"), D(65000))]


# --- what does not get through ---------------------------------------------------------------


async def test_a_stop_that_never_reached_the_venue_is_sent_again_until_it_does(desk: Desk) -> None:
    gone = VenueUnreachable("Nobody there.")
    desk.venue.errors["place"] = [None, *[gone] * 3]
    await desk.entry(BUY, "2", stop_loss=D(58000))
    for _ in range(10):
        await later(desk, 20)
    assert stops(desk) == [(OrderType.STOP, D(2), D(58000))]
    assert sum("tried again" in notice for notice in notices(desk)) == 3


async def test_what_has_been_mended_is_not_told_again_after_a_restart(desk: Desk) -> None:
    desk.venue.errors["place"] = [None, VenueUnreachable("Nobody there.")]
    entry = await desk.entry(BUY, "2", stop_loss=D(58000))
    await desk.protection.check(entry.id)
    await accept_all(desk)
    assert len(notices(desk)) == 1
    await desk.restart()
    assert len(notices(desk)) == 1


async def test_attempts_are_further_and_further_apart(desk: Desk) -> None:
    desk.venue.errors["place"] = [None, *[VenueUnreachable("Nobody there.")] * 1000]
    await desk.entry(BUY, "2", stop_loss=D(58000))
    for _ in range(600):
        await later(desk, 1)
    assert 8 <= len(desk.venue.placed) <= 20  # within ten minutes


async def test_a_target_alone_is_taken_back_and_sent_again_with_its_stop(desk: Desk) -> None:
    desk.venue.errors["place"] = [None, VenueUnreachable("Nobody there.")]
    entry = await desk.entry(BUY, "2", stop_loss=D(58000), take_profit=D(65000))
    await desk.protection.check(entry.id)
    (target,) = await accept_all(desk)
    assert desk.venue.cancelled == [target.id]
    await desk.end(target)
    assert stops(desk) == [(OrderType.STOP, D(2), D(58000))]
    assert targets(desk) == [(D(2), D(65000))]


async def test_a_stop_that_the_venue_refuses_is_said_once_and_not_sent_again(desk: Desk) -> None:
    desk.venue.errors["place"] = [None, VenueRefused("Not here.", code="NOT_HERE")]
    await desk.entry(BUY, "2", stop_loss=D(58000))
    for _ in range(3):
        await later(desk, 60)
    assert len(desk.venue.placed) == 2
    (notice,) = notices(desk)
    assert notice.startswith("critical: ")
    assert "NOT_HERE" in notice


async def test_a_stop_that_the_venue_drops_is_said(desk: Desk) -> None:
    await desk.entry(BUY, "2", stop_loss=D(58000))
    (stop,) = await accept_all(desk)
    await desk.end(stop, "maintenance")
    (notice,) = notices(desk)
    assert notice.startswith("critical: ")
    assert "maintenance" in notice


async def test_what_stays_in_the_way_is_said_for_good_in_the_end(desk: Desk) -> None:
    busy = VenueRefused("Something is in the way.", code="INSUFFICIENT_FUNDS")
    desk.venue.errors["place"] = [None, *[busy] * 100]
    await desk.entry(BUY, "2", stop_loss=D(58000))
    for _ in range(30):
        await later(desk, 60)
    said = notices(desk)
    assert 3 <= sum("tried again" in notice for notice in said) <= 10
    assert "tried again" not in said[-1]
    assert len(desk.venue.placed) < 12


async def test_a_pair_waiting_at_the_venue_is_no_room_for_another() -> None:
    """A part of a bracket that the venue holds is already promised to its legs."""
    spot = await Desk(linear=False).start()
    resting = {"type": OrderType.LIMIT, "limit_price": D(59000), "stop_loss": D(58000), "take_profit": D(65000)}
    order = await spot.submit(BUY, "1", **resting)
    for each in spot.venue.sent:
        await spot.accept(each)
    await spot.fill(order, "0.4", "59000")
    await spot.entry(BUY, "0.5", stop_loss=D(57000))
    assert stops(spot) == [(OrderType.STOP, D("0.5"), D(57000))]


async def test_a_stop_that_somebody_cancelled_stays_away(desk: Desk) -> None:
    await desk.entry(BUY, "2", stop_loss=D(58000))
    (stop,) = await accept_all(desk)
    await desk.oms.cancel(stop, ANA)
    await desk.end(stop, "asked")
    await later(desk, 60)
    await desk.restart()
    assert stops(desk) == []
    assert notices(desk) == []


@pytest.mark.parametrize("why", ["the market", "the venue"])
async def test_a_stop_that_was_due_already_closes_at_the_market(desk: Desk, why: str) -> None:
    order = await desk.accept(await desk.submit(BUY, "2", stop_loss=D(58000), take_profit=D(65000)))
    if why == "the market":
        desk.show("57000", "57001")
        await desk.fill(order, "2", "60000")
    else:
        desk.venue.errors["place"] = [VenueRefused("Order would trigger immediately.", code="WOULD_TRIGGER")]
        await desk.fill(order, "2", "60000")
        await desk.protection.check(order.id)
        await desk.end(await desk.accept(desk.working()[0]))  # the target makes room
    (closing,) = desk.working()
    assert (closing.type, closing.side, closing.quantity, closing.reduce_only) == (OrderType.MARKET, SELL, D(2), True)


async def test_orders_in_the_way_of_a_stop_are_named(desk: Desk) -> None:
    sell = {"type": OrderType.LIMIT, "limit_price": D(65000)}
    resting = await desk.accept(await desk.submit(SELL, "2", **sell))
    await desk.entry(BUY, "2", stop_loss=D(58000))
    assert stops(desk) == []
    (notice,) = notices(desk)
    assert notice.startswith("critical: ")
    await desk.end(resting, "asked")
    assert stops(desk) == [(OrderType.STOP, D(2), D(58000))]


# --- what is left of a position --------------------------------------------------------------


async def test_what_closes_a_position_takes_its_stop_along(desk: Desk) -> None:
    await desk.entry(BUY, "2", stop_loss=D(58000), take_profit=D(65000))
    legs = await accept_all(desk)
    await desk.entry(SELL, "2")
    assert sorted(desk.venue.cancelled) == sorted(leg.id for leg in legs)


async def test_a_part_sold_shrinks_both_legs(desk: Desk) -> None:
    await desk.entry(BUY, "2", stop_loss=D(58000), take_profit=D(65000))
    legs = await accept_all(desk)
    await desk.entry(SELL, "0.5")
    assert [(order, size) for order, size, *_ in desk.venue.amended] == [(leg.id, D("1.5")) for leg in legs]


async def test_one_leg_filled_shrinks_the_other(desk: Desk) -> None:
    await desk.entry(BUY, "2", stop_loss=D(58000), take_profit=D(65000))
    stop, target = await accept_all(desk)
    await desk.fill(target, "0.5", "65000")
    assert desk.venue.amended[0][:2] == (stop.id, D("1.5"))
    await desk.fill(target, "1.5", "65000")
    assert desk.venue.cancelled == [stop.id]


async def test_a_shrink_that_did_not_get_there_is_asked_for_again(desk: Desk) -> None:
    await desk.entry(BUY, "2", stop_loss=D(58000))
    await accept_all(desk)
    desk.venue.errors["amend"] = [VenueUnreachable("Nobody there.")]
    await desk.entry(SELL, "0.5")
    await later(desk, 6)
    assert [size for _, size, *_ in desk.venue.amended] == [D("1.5"), D("1.5")]


async def test_a_venue_that_cannot_amend_gets_a_smaller_stop_instead() -> None:
    desk = await Desk(amend=False).start()
    await desk.entry(BUY, "2", stop_loss=D(58000))
    (stop,) = await accept_all(desk)
    await desk.entry(SELL, "0.5")
    assert desk.venue.cancelled == [stop.id]
    await desk.end(stop)
    assert stops(desk) == [(OrderType.STOP, D("1.5"), D(58000))]


async def test_a_stop_does_not_outlive_its_position_into_the_next(desk: Desk) -> None:
    await desk.entry(BUY, "2", stop_loss=D(58000))
    (stop,) = await accept_all(desk)
    await desk.entry(SELL, "2")
    desk.clock.move(60)
    await desk.entry(BUY, "2")  # another one, for which nobody wanted a stop
    await desk.end(stop)
    await later(desk, 60)
    assert stops(desk) == []


async def test_nor_when_nobody_looked_in_between(desk: Desk) -> None:
    await desk.entry(BUY, "2", stop_loss=D(58000))
    (stop,) = await accept_all(desk)
    closing = await desk.accept(await desk.submit(SELL, "2"))
    opening = await desk.accept(await desk.submit(BUY, "2"))
    for order in (closing, opening):
        desk.clock.move(1)
        await desk.oms.on_report(DEMO, desk.trade(order, "2", "60000"))
    await desk.protection.check(opening.id)
    assert desk.position == 2
    assert desk.venue.cancelled == [stop.id]


async def test_a_late_fill_of_an_old_pair_shrinks_the_one_in_its_place(desk: Desk) -> None:
    """It was cancelled, and had sold a part of which nobody had heard when the next was placed."""
    await desk.entry(BUY, "3")
    await desk.entry(BUY, "2", stop_loss=D(58000))
    (old,) = await accept_all(desk)
    late = desk.trade(old, "0.5", "58000")
    await desk.oms.cancel(old, Origin("desk", "protection"))
    await desk.end(old)
    (new,) = await accept_all(desk)
    assert new.quantity == D(2)
    await desk.oms.on_report(DEMO, late)
    await desk.protection.check(old.id)
    assert desk.venue.amended == [(new.id, D("1.5"), None, D(58000))]


# --- making room -----------------------------------------------------------------------------


async def ended(desk: Desk) -> None:
    """The venue carries out every cancel that was asked for."""
    for name in desk.venue.cancelled:
        order = desk.book.order(name)
        if order is not None and order.is_open:
            await desk.oms.on_report(DEMO, reports.Canceled(name, "asked"))


async def make_room(desk: Desk, quantity: str) -> None:
    making = asyncio.create_task(desk.protection.make_room(DEMO, desk.symbol, D(quantity), ANA))
    while not making.done():
        await asyncio.sleep(0)
        await ended(desk)
        for name, size, limit, stop in desk.venue.amended:
            await desk.oms.on_report(DEMO, reports.Amended(name, size, limit, stop))
    await making


async def test_a_close_that_fails_gets_its_stop_back(desk: Desk) -> None:
    await desk.entry(BUY, "2", stop_loss=D(58000))
    await accept_all(desk)
    await make_room(desk, "2")
    desk.venue.errors["place"] = [VenueUnreachable("Nobody there.")]
    assert (await desk.submit(SELL, "2", reduce_only=True)).status is OrderStatus.REJECTED
    await later(desk, 1)
    assert stops(desk) == []  # the room is kept for another attempt
    await later(desk, 15)
    assert stops(desk) == [(OrderType.STOP, D(2), D(58000))]


async def test_what_is_opened_right_after_a_close_has_its_stop_at_once(desk: Desk) -> None:
    await desk.entry(BUY, "2", stop_loss=D(58000))
    await accept_all(desk)
    await make_room(desk, "2")
    closing = await desk.accept(await desk.submit(SELL, "2", reduce_only=True))
    await desk.oms.on_report(DEMO, desk.trade(closing, "2", "60000"))  # nobody looks before the next is done
    await desk.entry(BUY, "1", stop_loss=D(57000))
    assert stops(desk) == [(OrderType.STOP, D(1), D(57000))]


async def test_what_stays_after_a_part_is_closed_is_covered_at_once(desk: Desk) -> None:
    await desk.entry(BUY, "2", stop_loss=D(58000))
    await accept_all(desk)
    await make_room(desk, "0.5")
    await desk.entry(SELL, "0.5", reduce_only=True)
    await desk.entry(BUY, "1", stop_loss=D(57000))
    assert sum(size for _, size, _ in stops(desk)) == desk.position == D("2.5")


async def test_a_crash_between_the_room_and_the_close_leaves_no_position_bare(desk: Desk) -> None:
    await desk.entry(BUY, "2", stop_loss=D(58000))
    await accept_all(desk)
    await make_room(desk, "2")
    await desk.restart()
    assert stops(desk) == [(OrderType.STOP, D(2), D(58000))]


async def test_room_for_a_part_leaves_the_rest_protected(desk: Desk) -> None:
    await desk.entry(BUY, "2", stop_loss=D(58000), take_profit=D(65000))
    await accept_all(desk)
    await make_room(desk, "0.5")
    assert stops(desk) == [(OrderType.STOP, D("1.5"), D(58000))]
    assert targets(desk) == [(D("1.5"), D(65000))]


# --- changing --------------------------------------------------------------------------------


async def change(desk: Desk, **wish: object) -> list[Order]:
    key = f"chat:change:{desk.journal.last_seq}"
    changing = asyncio.create_task(desk.protection.change(key, DEMO, desk.symbol, ANA, **wish))  # type: ignore[arg-type]
    while not changing.done():
        await asyncio.sleep(0)
        await ended(desk)
    return await changing


async def test_a_stop_is_moved_in_place(desk: Desk) -> None:
    await desk.entry(BUY, "2", stop_loss=D(58000))
    (stop,) = await accept_all(desk)
    await change(desk, stop=D(59000))
    assert desk.venue.amended == [(stop.id, D(2), None, D(59000))]


async def test_a_trailing_stop_takes_the_place_of_a_stop(desk: Desk) -> None:
    entry = await desk.entry(BUY, "2", stop_loss=D(58000), take_profit=D(65000))
    await accept_all(desk)
    placed = await change(desk, trail=Trail(D(500)))
    assert placed[0].type is OrderType.TRAILING_STOP
    assert stops(desk) == [(OrderType.TRAILING_STOP, D(2), None)]
    assert targets(desk) == [(D(2), D(65000))]
    assert desk.now(entry).stop_loss is None


async def test_a_position_without_a_bracket_gets_a_stop_of_its_own(desk: Desk) -> None:
    await desk.entry(BUY, "2")
    await change(desk, stop=D(58000))
    assert stops(desk) == [(OrderType.STOP, D(2), D(58000))]


async def test_and_gets_it_back_when_its_close_fails(desk: Desk) -> None:
    await desk.entry(BUY, "2")
    await change(desk, stop=D(58000))
    await accept_all(desk)
    await make_room(desk, "2")
    await later(desk, 15)
    assert stops(desk) == [(OrderType.STOP, D(2), D(58000))]


@pytest.mark.parametrize("wish", [{"stop": D(61000)}, {"target": D(59000)}])
async def test_a_price_on_the_wrong_side_changes_nothing(desk: Desk, wish: dict[str, Decimal]) -> None:
    await desk.entry(BUY, "2", stop_loss=D(58000))
    await accept_all(desk)
    with pytest.raises(IntentError) as refused:
        await change(desk, **wish)
    assert refused.value.code == "STOP_WRONG_SIDE"
    assert not desk.venue.cancelled
    assert not desk.venue.amended
    assert len(desk.venue.placed) == 2


async def test_there_must_be_something_to_protect(desk: Desk) -> None:
    with pytest.raises(IntentError) as refused:
        await change(desk, stop=D(58000))
    assert refused.value.code == "NO_POSITION"
