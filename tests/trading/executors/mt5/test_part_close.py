"""A part of a position is closed: the broker keeps the stop and target on what stays, and is not asked for them."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from tests.emulators.mt5.symbols import LIMIT, MARKET, SL, STOP, TP, forex
from tests.incidents.hands import ANA, DEMO
from tests.incidents.mt5 import BOTH, Desk, at_mt5
from tests.trading.executors.mt5.stage import HEDGING
from trading import events as e
from trading.instruments import Side
from trading.intent import Leg, Trail
from trading.order import POSITION_CLOSED, Order, OrderStatus
from trading.trimming import DESK

D = Decimal
EACH = pytest.mark.parametrize("mode", BOTH)
PROTECTED = pytest.mark.parametrize(
    ("wish", "stop"),
    [({"stop_loss": "1.07", "take_profit": "1.09"}, "1.07"), ({"trail_loss": Trail(D("0.005"))}, "1.075")],
    ids=["stop and target", "trailing stop"],
)


async def _close(desk: Desk, lots: str) -> Order:
    """As a person's /close does it."""
    await desk.protection.make_room(DEMO, desk.symbol, D(lots), ANA)
    return await desk.submit(desk.intent(Side.SELL if desk.held() > 0 else Side.BUY, lots, reduce_only=True))


def _touched(desk: Desk) -> int:
    """How often the broker was asked to change the levels of a position."""
    return len(desk.terminal.executed.of("modify", "order_send"))


def _sizes(desk: Desk) -> list[Decimal]:
    """What each open leg would close, by the desk's books."""
    return [order.remaining for order in desk.open() if order.leg is not Leg.ENTRY]


@PROTECTED
@EACH
def test_what_stays_keeps_its_levels_and_they_work(mode: int, wish: dict[str, Any], stop: str) -> None:
    @at_mt5(mode)
    async def story(desk: Desk) -> None:
        await desk.buy("0.1", **wish)
        await asyncio.sleep(5)
        levels, touched, before = desk.levels(), _touched(desk), {order.id for order in desk.open()}
        assert (await _close(desk, "0.06")).status is OrderStatus.FILLED
        await asyncio.sleep(40)
        assert (desk.levels(), _touched(desk)) == (levels, touched)
        assert ({order.id for order in desk.open()}, set(_sizes(desk))) == (before, {D("0.04")})
        await desk.show(str(D(stop) - D("0.0001")), stop)
        await asyncio.sleep(5)
        assert (desk.held(), len(desk.open())) == (D(0), 0)
        assert not desk.events(e.Noticed)

    story()


@PROTECTED
@EACH
def test_a_part_close_that_the_broker_refuses_changes_nothing(mode: int, wish: dict[str, Any], stop: str) -> None:
    @at_mt5(mode)
    async def story(desk: Desk) -> None:
        await desk.buy("0.1", **wish)
        await asyncio.sleep(5)
        levels, touched = desk.levels(), _touched(desk)
        desk.faults.arm("retcode_10018")
        assert (await _close(desk, "0.06")).status is OrderStatus.REJECTED
        desk.faults.disarm()
        await asyncio.sleep(40)
        assert (desk.levels(), _touched(desk), set(_sizes(desk))) == (levels, touched, {D("0.1")})
        assert not desk.events(e.Noticed), "nobody is told that it has no stop"

    story()


@EACH
def test_after_a_restart_a_trailing_stop_is_not_taken_away_by_a_part_close(mode: int) -> None:
    """The desk does not know where it stands before it has looked."""

    @at_mt5(mode)
    async def story(desk: Desk) -> None:
        await desk.buy("0.1", trail_loss=Trail(D("0.005")))
        await asyncio.sleep(5)
        touched = _touched(desk)
        desk = await desk.restart()
        await desk.oms.amend(desk.legs(Leg.STOP_LOSS)[0], DESK, quantity=D("0.04"))
        assert (_touched(desk), desk.levels()) == (touched, {(D("1.075"), D(0))})

    story()


def test_of_two_tickets_the_one_that_is_closed_takes_its_levels_along() -> None:
    @at_mt5(HEDGING)
    async def story(desk: Desk) -> None:
        first = await desk.buy("0.05", stop_loss="1.07", take_profit="1.09")
        second = await desk.buy("0.05", stop_loss="1.075", take_profit="1.095")
        await asyncio.sleep(5)
        touched = _touched(desk)
        await _close(desk, "0.07")
        await asyncio.sleep(40)
        assert (desk.held(), desk.levels(), _touched(desk)) == (D("0.03"), {(D("1.075"), D("1.095"))}, touched)
        ended = [(leg.status, leg.reason) for leg in desk.book.children(first.id)]
        assert ended == [(OrderStatus.CANCELED, POSITION_CLOSED)] * 2
        assert [leg.remaining for leg in desk.book.children(second.id)] == [D("0.03")] * 2
        assert not desk.events(e.Noticed)

    story()


def test_a_level_that_has_nothing_left_to_close_is_taken_away() -> None:
    """The broker closes no tickets by each other: what was sold stays beside what was bought, and is all there is."""
    able = MARKET | LIMIT | STOP | SL | TP

    @at_mt5(HEDGING, symbols=[forex("EURUSD", order_mode=able)])
    async def story(desk: Desk) -> None:
        await desk.buy("0.1", stop_loss="1.07")
        await desk.sell("0.1", "1.0805")
        await desk.show("1.0806", "1.0807")
        await asyncio.sleep(60)
        assert (desk.held(), len(desk.terminal.current.positions)) == (D(0), 2)
        assert desk.levels() == {(D(0), D(0))}

    story()
