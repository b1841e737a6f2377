"""One case: a fault, an action, a seed; the day goes on, and the desk's books are held against the broker's."""

import asyncio
import traceback
from collections.abc import Awaitable
from contextlib import suppress
from decimal import Decimal
from random import Random
from typing import Any

from tests.faults.books import Difference
from tests.faults.mt5.actions import ACTIONS, POINT, Scene
from tests.faults.mt5.bridged import Bridged, Patient
from tests.faults.mt5.kinds import FAULTS
from tests.faults.naming import VENUES, Case
from tests.incidents.hands import ANA
from tests.incidents.mt5 import Desk, World, agree
from tests.loop import VirtualLoop
from tests.trading.executors.mt5.stage import HEDGING, NETTING, Broker
from trading.errors import IntentError
from trading.mt5.link import Link


def case_of(fault: str, action: str, seed: int) -> Case:
    """Odd seeds are hedging accounts, even ones netting."""
    return Case(VENUES["mt5"][seed % 2], fault, action, seed)


class BridgedBroker(Broker):
    """A broker whose terminal is reached over a bridge."""

    def __init__(self, mode: int, loop: VirtualLoop) -> None:
        super().__init__(mode)
        self.bridged = Bridged(self.terminal, loop)

    def link(self, line: Any = None, **login: Any) -> Link:
        return Link(self.bridged.package, self.login._replace(**login), self.clock, line=line or Patient())


def play(case: Case) -> Difference:
    """Play a case on a loop of its own; answers what is not as it should be."""
    loop = VirtualLoop()
    mode = HEDGING if case.product == "hedging" else NETTING
    broker = BridgedBroker(mode, loop) if FAULTS[case.fault].is_cut else Broker(mode)
    try:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            return runner.run(_played(case, World(mode, {}, broker)))
    finally:
        if isinstance(broker, BridgedBroker):
            broker.bridged.close()


async def _played(case: Case, world: World) -> Difference:
    time = asyncio.create_task(world.run())
    world.terminal.show("EURUSD", "1.08000", "1.08010")
    world.desk = Desk(world)
    try:
        await world.desk.start()
        return await _struck(case, world)
    finally:
        time.cancel()
        await asyncio.wait([time])
        await world.desk.crash()


async def _struck(case: Case, world: World) -> Difference:
    chance = Random(str(case))
    scene, action, found = Scene(world.desk, chance, chance.random() < 0.6), ACTIONS[case.action], Difference()
    faults, bridged = world.broker.faults, world.broker.bridged if isinstance(world.broker, BridgedBroker) else None
    await action.prepare(scene)
    FAULTS[case.fault].arm(faults, bridged, case.action, chance)
    await asyncio.gather(_acted(action.act(scene)), scene.weather())
    await asyncio.sleep(chance.choice((5, 30, 90)))
    if not (bridged.struck if bridged is not None else faults.struck):
        found.lost.append("the fault has struck nothing: the case shows nothing")
    faults.disarm()
    if bridged is not None:
        bridged.disarm()
    if chance.random() < 0.5:
        await _next_day(scene)
    try:
        await agree(world)
    except AssertionError:
        found.lost.append(traceback.format_exc())
    doubled = world.terminal.executed.doubled()
    found.doubled += [f"{comment}: {count} times" for (_, _, comment), count in doubled.items()]
    return found


async def _acted(work: Awaitable[object]) -> None:
    with suppress(IntentError):  # it stays as it is, and whoever asked was told
        await work


async def _next_day(scene: Scene) -> None:
    """Everything that waits is cancelled, and the market goes where stops are."""
    await asyncio.sleep(60)
    for order in scene.desk.open():
        if not order.reduce_only:
            await _acted(scene.desk.oms.cancel(order, ANA))
    await asyncio.sleep(2)
    bid = Decimal(scene.price(4500))
    await scene.desk.show(str(bid), str(bid + 10 * POINT))
