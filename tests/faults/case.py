"""One case: a fault, an action, a seed; the desk settles, and both sides are compared."""

import asyncio
from random import Random

from tests.faults.actions import ACTIONS, Scene
from tests.faults.books import Difference, compare
from tests.faults.desk import ACCOUNT, Desk
from tests.faults.exchange import open_exchange
from tests.faults.kinds import KINDS, Struck
from tests.faults.loop import JumpLoop
from tests.faults.naming import Case
from tests.loop import LoopClock
from trading.errors import IntentError

OVER_S = 15.0  # the fault is over at most so long after the action
SETTLED_S = 400  # the desk must have settled so long after that: a ban lasts two minutes
STUCK_S = 1200  # a case that takes longer is one in which the desk waits for ever


def play(case: Case) -> Difference:
    """Play a case on a loop of its own; answers what is not as it should be."""
    with asyncio.Runner(loop_factory=JumpLoop) as runner:
        return runner.run(_played(case))


async def _played(case: Case) -> Difference:
    clock = LoopClock(asyncio.get_running_loop())
    chance = Random(":".join(map(str, case)))
    async with open_exchange(case.product, clock) as exchange:
        desk = Desk(exchange, clock)
        try:
            await desk.start()
            async with asyncio.timeout(STUCK_S):
                return await _struck(case, Scene(exchange, desk, chance))
        finally:
            await desk.stop()


async def _struck(case: Case, scene: Scene) -> Difference:
    kind, action = KINDS[case.fault], ACTIONS[case.action]
    venue = scene.exchange.venue
    kind.early(Struck(venue, scene.operations, scene.chance))
    await action.prepare(scene)
    kind.arm(Struck(venue, scene.operations, scene.chance))
    await asyncio.gather(_acted(action.act(scene)), scene.weather())
    if not venue.faults.struck:  # the order was refused, and no event came of it
        await scene.market_order()
    await asyncio.sleep(scene.chance.uniform(0, OVER_S))
    struck = bool(venue.faults.struck)
    venue.faults.disarm()
    venue.release()
    found = await _settled(scene)
    if not struck:
        found.lost.append("the fault has struck nothing: the case shows nothing")
    return found


async def _acted(work: object) -> None:
    try:
        await work  # type: ignore[misc]
    except IntentError:
        return  # the order stays as it is, and whoever asked was told


async def _settled(scene: Scene) -> Difference:
    """What differs once the desk has had its time; it is at rest when it has looked again and both still agree."""
    for _ in range(SETTLED_S):
        await asyncio.sleep(1)
        if not compare(scene.desk.books(), scene.exchange.books()):
            outcome = await scene.desk.reconciler.reconcile(ACCOUNT, thorough=True)
            if not outcome.problem:
                break
    return compare(scene.desk.books(), scene.exchange.books())
