"""Room for a close: never more than the venue could use, never less than it needs, and given back if nothing came."""

from decimal import Decimal

import pytest

from tests.trading.scripted import ANA, DEMO, Desk
from tests.trading.test_protection import accept_all, ended, later, make_room, notices, stops, targets
from trading.errors import IntentError, VenueRefused
from trading.instruments import Side
from trading.intent import OrderType, Trail
from trading.order import OrderStatus

D = Decimal
BUY, SELL = Side.BUY, Side.SELL


@pytest.fixture
async def desk() -> Desk:
    """0.01 BTC on spot at 60,000, with a stop at 50,000 and a target; the venue takes nothing under 5 USDT."""
    desk = await Desk(linear=False).start()
    await desk.entry(BUY, "0.01", stop_loss=D(50000), take_profit=D(65000))
    await accept_all(desk)
    return desk


async def test_a_rest_too_small_for_a_stop_is_left_without_one_and_that_is_said(desk: Desk) -> None:
    legs = desk.working()
    await make_room(desk, "0.00991")  # 0.00009 stays: 5.85 USDT at the target, 4.50 at the stop
    assert desk.venue.amended == []
    assert sorted(desk.venue.cancelled) == sorted(leg.id for leg in legs)
    (notice,) = notices(desk)
    assert notice.startswith("warning: BTC/USDT: 0.00009 stays without a stop or target")
    await desk.entry(SELL, "0.00991")
    for _ in range(3):
        await later(desk, 15)
    assert len(desk.venue.placed) == 3, "the entry, its pair and the close"
    assert len(notices(desk)) == 1


async def test_a_rest_large_enough_for_a_stop_keeps_it(desk: Desk) -> None:
    await make_room(desk, "0.0099")  # 0.0001 stays: 5 USDT at the stop
    assert (stops(desk), targets(desk)) == ([(OrderType.STOP, D("0.0001"), D(50000))], [(D("0.0001"), D(65000))])
    assert notices(desk) == []


async def test_a_trailing_stop_is_as_small_as_where_it_is_now() -> None:
    desk = await Desk(linear=False).start()
    await desk.entry(BUY, "0.01")
    await desk.protection.change("chat:trail", DEMO, desk.symbol, ANA, trail=Trail(D(20), percent=True))
    (stop,) = await accept_all(desk)
    await make_room(desk, "0.0099")  # 0.0001 stays: 6 USDT at the market, 4.80 a fifth below
    assert (desk.venue.amended, desk.venue.cancelled) == ([], [stop.id])


@pytest.mark.parametrize(
    ("quantity", "code"), [("0.00001", "MIN_NOTIONAL"), ("0.000001", "LOT_SIZE")], ids=["value", "step"]
)
async def test_what_the_venue_would_not_take_makes_no_room(desk: Desk, quantity: str, code: str) -> None:
    with pytest.raises(IntentError) as refused:
        await make_room(desk, quantity)
    assert refused.value.code == code
    assert refused.value.remedy
    assert (desk.venue.amended, desk.venue.cancelled) == ([], [])
    assert stops(desk) == [(OrderType.STOP, D("0.01"), D(50000))]


async def test_room_that_was_not_used_is_given_back_even_when_it_is_too_small_for_a_stop_of_its_own(desk: Desk) -> None:
    await make_room(desk, "0.00009")  # 5.40 USDT at the market, 4.50 at the stop
    assert stops(desk) == [(OrderType.STOP, D("0.00991"), D(50000))]
    desk.venue.errors["place"] = [VenueRefused("Not now.", code="NOT_NOW")]
    assert (await desk.submit(SELL, "0.00009", reduce_only=True)).status is OrderStatus.REJECTED
    for _ in range(4):
        await later(desk, 15)
        await ended(desk)
        await accept_all(desk)
    assert stops(desk) == [(OrderType.STOP, D("0.01"), D(50000))]
    assert targets(desk) == [(D("0.01"), D(65000))]
    assert len(desk.venue.placed) == 4, "the entry, its pair, the close and one pair more"


async def test_room_that_was_not_used_is_given_back(desk: Desk) -> None:
    await make_room(desk, "0.004")
    desk.venue.errors["place"] = [VenueRefused("Not now.", code="NOT_NOW")]
    assert (await desk.submit(SELL, "0.004", reduce_only=True)).status is OrderStatus.REJECTED
    await later(desk, 15)
    assert sum(size for _, size, _ in stops(desk)) == D("0.01")
    assert sum(size for size, _ in targets(desk)) == D("0.01")
