"""Changing a stop or target changes the pair it is of, over what the pair covers, and nothing else."""

import asyncio
from decimal import Decimal

import pytest

from tests.trading.scripted import ANA, Desk
from tests.trading.test_protection import accept_all, change, ended, later, stops, targets
from trading.errors import IntentError
from trading.instruments import Side
from trading.intent import Leg, OrderType, Trail
from trading.order import Order

D = Decimal
BUY, SELL = Side.BUY, Side.SELL
TRAIL = Trail(D(500))


@pytest.fixture
async def desk() -> Desk:
    """2 BTC long, a contract, at a venue that leaves pairs to us."""
    desk = await Desk().start()
    await desk.entry(BUY, "2")
    return desk


async def oco(desk: Desk, size: str, *, stop: str, target: str) -> list[Order]:
    """A pair over a part of the position, as `/oco` sends it."""
    key = f"chat:oco:{desk.journal.last_seq}"
    pair = {"reduce_only": True, "group": key}
    await desk.oms.submit(
        desk.intent(SELL, size, key=key, type=OrderType.STOP, stop_price=D(stop), leg=Leg.STOP_LOSS, **pair),
        desk.intent(
            SELL, size, key=f"{key}:tp", type=OrderType.LIMIT, limit_price=D(target), leg=Leg.TAKE_PROFIT, **pair
        ),
    )
    return [await desk.accept(leg) for leg in desk.working() if leg.group == key]


async def change_order(desk: Desk, order: Order, **wish: object) -> list[Order]:
    key = f"chat:change:{desk.journal.last_seq}"
    changing = asyncio.create_task(desk.protection.change_order(order, key, ANA, **wish))  # type: ignore[arg-type]
    while not changing.done():
        await asyncio.sleep(0)
        await ended(desk)
    return await changing


async def test_a_trailing_stop_for_a_part_leaves_its_target_at_that_part(desk: Desk) -> None:
    await oco(desk, "0.5", stop="58000", target="65000")
    await change(desk, trail=TRAIL)
    assert stops(desk) == [(OrderType.TRAILING_STOP, D("0.5"), None)]
    assert targets(desk) == [(D("0.5"), D(65000))]


async def test_each_pair_keeps_its_size_and_its_own_target(desk: Desk) -> None:
    await oco(desk, "0.5", stop="58000", target="65000")
    await oco(desk, "1.2", stop="57000", target="70000")
    await change(desk, trail=TRAIL)
    assert [(kind, size) for kind, size, _ in stops(desk)] == [
        (OrderType.TRAILING_STOP, D("0.5")),
        (OrderType.TRAILING_STOP, D("1.2")),
    ]
    assert targets(desk) == [(D("0.5"), D(65000)), (D("1.2"), D(70000))]
    pairs = {(leg.group, leg.quantity) for leg in desk.working()}
    assert len(pairs) == 2, "stop and target of one size are of one pair"


async def test_and_keeps_them_when_it_is_changed_again(desk: Desk) -> None:
    await oco(desk, "0.5", stop="58000", target="65000")
    await oco(desk, "1.2", stop="57000", target="70000")
    await change(desk, trail=TRAIL)
    await accept_all(desk)
    await change(desk, stop=D(59000))
    assert stops(desk) == [(OrderType.STOP, D("0.5"), D(59000)), (OrderType.STOP, D("1.2"), D(59000))]
    assert targets(desk) == [(D("0.5"), D(65000)), (D("1.2"), D(70000))]
    for _ in range(3):
        await later(desk, 15)
    assert sum(size for _, size, _ in stops(desk)) == D("1.7")


async def test_what_is_asked_of_one_order_is_done_to_its_pair_alone(desk: Desk) -> None:
    await oco(desk, "0.5", stop="58000", target="65000")
    stop, _ = await oco(desk, "1.2", stop="57000", target="70000")
    await change_order(desk, stop, trail=TRAIL)
    assert stops(desk) == [(OrderType.STOP, D("0.5"), D(58000)), (OrderType.TRAILING_STOP, D("1.2"), None)]
    assert targets(desk) == [(D("0.5"), D(65000)), (D("1.2"), D(70000))]


async def test_a_pair_beside_a_bracket_keeps_its_size_and_so_does_the_bracket() -> None:
    desk = await Desk().start()
    await desk.entry(BUY, "1", stop_loss=D(56000), take_profit=D(66000))
    await accept_all(desk)
    await desk.entry(BUY, "1")
    await oco(desk, "0.5", stop="58000", target="65000")
    await change(desk, trail=TRAIL)
    assert sorted(stops(desk)) == [(OrderType.TRAILING_STOP, D("0.5"), None), (OrderType.TRAILING_STOP, D(1), None)]
    assert sorted(targets(desk)) == [(D("0.5"), D(65000)), (D(1), D(66000))]


async def test_a_stop_where_there_was_none_covers_the_rest_too(desk: Desk) -> None:
    await change(desk, target=D(65000))
    (target,) = await accept_all(desk)
    assert target.quantity == 2
    await desk.entry(BUY, "1")  # 2 of 3 have a target
    await change(desk, stop=D(58000))
    assert stops(desk) == [(OrderType.STOP, D(2), D(58000)), (OrderType.STOP, D(1), D(58000))]
    assert targets(desk) == [(D(2), D(65000))]


async def test_a_bracket_that_the_venue_holds_is_changed_by_its_entry() -> None:
    spot = await Desk(linear=False).start()
    resting = {"type": OrderType.LIMIT, "limit_price": D(59000), "stop_loss": D(58000), "take_profit": D(65000)}
    await spot.submit(BUY, "1", **resting)
    _, stop, _ = [await spot.accept(each) for each in spot.venue.sent]
    with pytest.raises(IntentError) as refused:
        await change_order(spot, stop, trail=TRAIL)
    assert refused.value.code == "BRACKET_SENT"
    assert spot.venue.cancelled == []
