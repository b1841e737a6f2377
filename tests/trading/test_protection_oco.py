"""A pair that was sent by itself, as `/oco` does: what made room for an order that never came is put back."""

from decimal import Decimal

import pytest

from tests.trading.scripted import ANA, DEMO, Desk
from tests.trading.test_protection import accept_all, ended, later, make_room, notices, stops, targets
from tests.trading.test_protection_pairs import oco
from trading import reports
from trading.errors import VenueRefused, VenueUnreachable
from trading.instruments import Side
from trading.intent import Leg, OrderType
from trading.order import Order, OrderStatus

D = Decimal
BUY, SELL = Side.BUY, Side.SELL
PAIR = ([(OrderType.STOP, D(1), D(58000))], [(D(1), D(65000))])


@pytest.fixture(params=[True, False], ids=["pairs by us", "pairs by the venue"])
async def desk(request: pytest.FixtureRequest) -> Desk:
    """1 BTC long."""
    desk = await Desk(linear=request.param).start()
    await desk.entry(BUY, "1")
    return desk


def pairs(desk: Desk) -> tuple[list[tuple[OrderType, Decimal, Decimal | None]], list[tuple[Decimal, Decimal | None]]]:
    return stops(desk), targets(desk)


async def close_refused(desk: Desk, quantity: str) -> None:
    """Room is made for a close, and the venue does not take it; then the room is no longer kept."""
    await make_room(desk, quantity)
    desk.venue.errors["place"] = [VenueRefused("Not now.", code="NOT_NOW")]
    assert (await desk.submit(SELL, quantity, reduce_only=True)).status is OrderStatus.REJECTED
    assert sum(size for _, size, _ in stops(desk)) == D(1) - D(quantity)
    await sweeps(desk)


async def sweeps(desk: Desk) -> None:
    for _ in range(3):
        await later(desk, 15)
        await ended(desk)
        await accept_all(desk)


async def test_a_close_that_was_refused_gets_the_pair_back(desk: Desk) -> None:
    first = await oco(desk, "1", stop="58000", target="65000")
    await close_refused(desk, "1")
    assert pairs(desk) == PAIR
    stop, target = desk.working()
    assert stop.group == target.group != "", "one cancels the other"
    assert not {stop.id, target.id} & {leg.id for leg in first}
    assert stop.reduce_only
    assert target.reduce_only
    assert notices(desk) == []


async def test_and_gets_it_back_each_time(desk: Desk) -> None:
    await oco(desk, "1", stop="58000", target="65000")
    await close_refused(desk, "1")
    await close_refused(desk, "1")
    assert pairs(desk) == PAIR
    assert len({leg.id for leg in desk.venue.sent if leg.leg is Leg.STOP_LOSS}) == 3


async def test_a_crash_between_the_room_and_the_close_leaves_no_position_bare(desk: Desk) -> None:
    await oco(desk, "1", stop="58000", target="65000")
    await make_room(desk, "1")
    await desk.restart()
    assert pairs(desk) == PAIR


async def test_a_part_that_was_refused_is_covered_again(desk: Desk) -> None:
    await oco(desk, "1", stop="58000", target="65000")
    await close_refused(desk, "0.3")
    assert sum(size for _, size, _ in stops(desk)) == sum(size for size, _ in targets(desk)) == D(1)
    assert {price for *_, price in stops(desk)} == {D(58000)}
    assert {price for _, price in targets(desk)} == {D(65000)}


async def test_a_part_too_small_for_a_pair_of_its_own_is_given_back_too() -> None:
    desk = await Desk(linear=False).start()
    await desk.entry(BUY, "1")
    await oco(desk, "1", stop="48000", target="65000")
    await close_refused(desk, "0.0001")  # 6 USDT at the market, 4.80 at the stop, and 5 is the least
    assert pairs(desk) == ([(OrderType.STOP, D(1), D(48000))], [(D(1), D(65000))])


async def test_only_what_was_not_done_yet_comes_back(desk: Desk) -> None:
    stop, target = await oco(desk, "1", stop="58000", target="65000")
    await desk.fill(target, "0.3", "65000")
    await desk.oms.on_report(DEMO, reports.Amended(stop.id, D("0.7"), None, D(58000)))
    await make_room(desk, "0.7")
    await sweeps(desk)
    assert pairs(desk) == ([(OrderType.STOP, D("0.7"), D(58000))], [(D("0.7"), D(65000))])


async def test_a_pair_for_a_part_comes_back_over_that_part(desk: Desk) -> None:
    await oco(desk, "0.3", stop="58000", target="65000")
    await oco(desk, "0.6", stop="57000", target="70000")
    await make_room(desk, "1")
    await sweeps(desk)
    assert stops(desk) == [(OrderType.STOP, D("0.3"), D(58000)), (OrderType.STOP, D("0.6"), D(57000))]
    assert targets(desk) == [(D("0.3"), D(65000)), (D("0.6"), D(70000))]


async def test_a_stop_that_was_moved_comes_back_where_it_was_last(desk: Desk) -> None:
    stop, _ = await oco(desk, "1", stop="58000", target="65000")
    await desk.oms.amend(stop, ANA, stop_price=D(59000))
    await desk.oms.on_report(DEMO, reports.Amended(stop.id, D(1), None, D(59000)))
    await close_refused(desk, "1")
    assert stops(desk) == [(OrderType.STOP, D(1), D(59000))]


async def test_a_stop_that_became_due_meanwhile_closes_at_the_market(desk: Desk) -> None:
    await oco(desk, "1", stop="58000", target="65000")
    await make_room(desk, "1")
    desk.clock.move(15)
    desk.show("57000", "57001")
    await desk.protection.check_all()
    (closing,) = desk.working()
    assert (closing.type, closing.side, closing.quantity, closing.reduce_only) == (OrderType.MARKET, SELL, D(1), True)


async def test_what_was_closed_takes_its_pair_along_for_good(desk: Desk) -> None:
    await oco(desk, "1", stop="58000", target="65000")
    await make_room(desk, "1")
    await desk.entry(SELL, "1")
    desk.clock.move(60)
    await desk.entry(BUY, "1")  # another one, for which nobody wanted a stop
    await sweeps(desk)
    await desk.restart()
    assert pairs(desk) == ([], [])


async def test_a_pair_does_not_outlive_its_position_into_the_next() -> None:
    desk = await Desk().start()
    await desk.entry(BUY, "1")
    legs = await oco(desk, "1", stop="58000", target="65000")
    closing = await desk.accept(await desk.submit(SELL, "1"))
    opening = await desk.accept(await desk.submit(BUY, "1"))
    for order in (closing, opening):  # nobody looked in between
        desk.clock.move(1)
        await desk.oms.on_report(DEMO, desk.trade(order, "1", "60000"))
    await desk.protection.check(opening.id)
    assert sorted(desk.venue.cancelled) == sorted(leg.id for leg in legs)


async def test_a_pair_that_somebody_cancelled_stays_away(desk: Desk) -> None:
    for leg in await oco(desk, "1", stop="58000", target="65000"):
        await desk.oms.cancel(leg, ANA)
    await ended(desk)
    await sweeps(desk)
    await desk.restart()
    assert pairs(desk) == ([], [])
    assert notices(desk) == []


async def test_a_pair_that_was_put_back_after_a_close_and_then_cancelled_stays_away(desk: Desk) -> None:
    await oco(desk, "1", stop="58000", target="65000")
    await make_room(desk, "0.4")
    await desk.entry(SELL, "0.4")
    await sweeps(desk)
    assert pairs(desk) == ([(OrderType.STOP, D("0.6"), D(58000))], [(D("0.6"), D(65000))])
    for leg in desk.working():
        await desk.oms.cancel(leg, ANA)
    await ended(desk)
    await sweeps(desk)
    await desk.restart()
    assert pairs(desk) == ([], []), "what was closed is not protected in the place of what was let go"


async def test_what_an_entry_receives_after_a_pair_was_let_go_is_protected() -> None:
    desk = await Desk().start()
    entry = await desk.submit(BUY, "2", type=OrderType.LIMIT, limit_price=D(60000), stop_loss=D(58000))
    await desk.accept(entry)
    await desk.fill(entry, "1", "60000")
    await accept_all(desk)
    await make_room(desk, "0.4")
    await desk.entry(SELL, "0.4")
    await sweeps(desk)
    for leg in [order for order in desk.working() if order.leg is Leg.STOP_LOSS]:
        await desk.oms.cancel(leg, ANA)
    await ended(desk)
    await desk.fill(entry, "1", "60000")
    await sweeps(desk)
    assert sum(size for _, size, _ in stops(desk)) == D(1)


async def refused_pair(desk: Desk, error: VenueRefused | VenueUnreachable) -> list[Order]:
    """The venue does not take the stop of a pair, nor its target."""
    desk.venue.errors["place"] = [error, error]
    return await oco(desk, "1", stop="58000", target="65000")


@pytest.mark.parametrize(
    "error",
    [VenueRefused("Order would trigger immediately.", code="WOULD_TRIGGER"), VenueUnreachable("Nobody there.")],
    ids=["due", "unreachable"],
)
async def test_a_pair_that_was_refused_is_whose_it_is_to_send_again(
    desk: Desk, error: VenueRefused | VenueUnreachable
) -> None:
    assert await refused_pair(desk, error) == []
    sent = len(desk.venue.placed)
    stop = next(leg for leg in desk.venue.sent if leg.leg is Leg.STOP_LOSS)
    await desk.protection.check(stop.id)
    await sweeps(desk)
    await desk.restart()
    assert len(desk.venue.placed) == sent, "neither sent again, nor closed at the market"
    (notice,) = notices(desk)
    assert notice.startswith(f"critical: {desk.symbol}: the stop {stop.id} over 1 does not work")


async def test_a_venue_that_cannot_amend_gets_a_smaller_pair_instead() -> None:
    desk = await Desk(amend=False).start()
    await desk.entry(BUY, "1")
    await oco(desk, "1", stop="58000", target="65000")
    await desk.entry(SELL, "0.3")
    await sweeps(desk)
    assert pairs(desk) == ([(OrderType.STOP, D("0.7"), D(58000))], [(D("0.7"), D(65000))])


async def test_a_stop_that_the_venue_ended_by_itself_is_told() -> None:
    desk = await Desk().start()
    await desk.entry(BUY, "1")
    stop, _ = await oco(desk, "1", stop="58000", target="65000")
    await desk.oms.on_report(DEMO, reports.Expired(stop.id, "delisted"))
    await desk.protection.check(stop.id)
    (notice,) = notices(desk)
    assert notice == f"critical: {desk.symbol}: the sl order {stop.id} over 1 does not work (delisted)."
