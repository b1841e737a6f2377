"""A pair that is moved is taken away and placed anew; if the new one is refused for good, the old one comes back."""

from decimal import Decimal

import pytest

from tests.trading.scripted import Desk
from tests.trading.test_protection import accept_all, change, later, notices, stops, targets
from trading.errors import VenueError, VenueRefused, VenueUnreachable
from trading.instruments import Side
from trading.intent import OrderType
from trading.order import OrderStatus

D = Decimal
BUY, SELL = Side.BUY, Side.SELL
NO = VenueRefused("Too close to the market.", code="STOPS_LEVEL")
OLD = [(OrderType.STOP, D(2), D(58000))], [(D(2), D(65000))]


@pytest.fixture
async def desk() -> Desk:
    """At a venue that changes nothing in place."""
    return await Desk(amend=False).start()


@pytest.mark.parametrize("bracket", [True, False], ids=["bracket", "by itself"])
@pytest.mark.parametrize("errors", [[NO], [None, NO], [NO, NO]], ids=["stop", "target", "both"])
async def test_whichever_half_is_refused_the_pair_is_as_it_was(
    desk: Desk, bracket: bool, errors: list[VenueError | None]
) -> None:
    if bracket:
        entry = await desk.entry(BUY, "2", stop_loss=D(58000), take_profit=D(65000))
    else:
        entry = await desk.entry(BUY, "2")
        await change(desk, stop=D(58000))
        await accept_all(desk)
        await change(desk, target=D(65000))
    await accept_all(desk)
    assert (stops(desk), targets(desk)) == OLD
    desk.venue.errors["place"] = [*errors]
    changed = await change(desk, stop=D(59000))
    assert any(leg.status is OrderStatus.REJECTED for leg in map(desk.now, changed)), "whoever asked is told"
    assert (stops(desk), targets(desk)) == OLD
    await accept_all(desk)
    for _ in range(3):
        await later(desk, 20)
    assert (stops(desk), targets(desk)) == OLD
    assert notices(desk) == [], "nothing is bare"
    if bracket:
        assert desk.now(entry).stop_loss == D(58000)
    legs = {leg.id for leg in desk.working()}
    await desk.entry(SELL, "2")
    assert set(desk.venue.cancelled[-2:]) == legs, "they go with what they protect"


async def test_what_never_got_there_is_tried_again_as_it_was_wished_for(desk: Desk) -> None:
    await desk.entry(BUY, "2", stop_loss=D(58000), take_profit=D(65000))
    await accept_all(desk)
    desk.venue.errors["place"] = [VenueUnreachable("Nobody there.")] * 2
    await change(desk, stop=D(59000))
    assert (stops(desk), targets(desk)) == ([], [])
    await later(desk, 20)
    assert (stops(desk), targets(desk)) == ([(OrderType.STOP, D(2), D(59000))], [(D(2), D(65000))])


async def test_where_the_old_pair_is_refused_too_it_is_told_as_critical(desk: Desk) -> None:
    await desk.entry(BUY, "2", stop_loss=D(58000), take_profit=D(65000))
    await accept_all(desk)
    desk.venue.errors["place"] = [NO] * 4
    await change(desk, stop=D(59000))
    await later(desk, 6)
    assert (stops(desk), targets(desk)) == ([], [])
    assert any(notice.startswith("critical: ") and "does not work" in notice for notice in notices(desk))


async def test_a_first_stop_that_is_refused_has_nothing_to_go_back_to(desk: Desk) -> None:
    await desk.entry(BUY, "2")
    desk.venue.errors["place"] = [NO]
    [refused] = await change(desk, stop=D(58000))
    assert desk.now(refused).status is OrderStatus.REJECTED
    assert len(desk.venue.placed) == 2
