"""What the desk does while a fault strikes, each in as many ways as there are seeds."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any, NamedTuple

from tests.incidents.hands import ANA, DEMO
from tests.incidents.mt5 import Desk
from trading.errors import IntentError
from trading.instruments import Side
from trading.order import Order

BID, POINT = Decimal("1.08000"), Decimal("0.00001")


@dataclass
class Scene:
    """A desk and chance. `long` is the side of what is opened first."""

    desk: Desk
    chance: Random
    long: bool
    waits: Order | None = None

    def lots(self, least: int, most: int) -> str:
        return f"0.{self.chance.randint(least, most):02}"

    def price(self, points: int) -> str:
        """Points below the market for somebody long, above it for somebody short."""
        return str(BID - points * POINT * (1 if self.long else -1))

    async def enter(self, size: str, limit: str | None = None, **fields: Any) -> Order:
        side = Side.BUY if self.long else Side.SELL
        return await self.desk.submit(self.desk.intent(side, size, limit, **fields))

    async def leave(self, size: str) -> None:
        side = Side.SELL if self.long else Side.BUY
        await self.desk.protection.make_room(DEMO, self.desk.symbol, Decimal(size), ANA)
        await self.desk.submit(self.desk.intent(side, size, reduce_only=True))

    async def position(self, size: str = "0.2") -> None:
        target = {"take_profit": self.price(-3000)} if self.chance.random() < 0.5 else {}
        await self.enter(size, stop_loss=self.price(3000), **target)

    async def weather(self) -> None:
        """The market moves a little, a few times."""
        for _ in range(self.chance.randint(0, 4)):
            await asyncio.sleep(self.chance.choice((0.1, 0.6, 3.0)))
            bid = BID + self.chance.randint(-40, 40) * POINT
            self.desk.terminal.show("EURUSD", str(bid), str(bid + 10 * POINT))


Part = Callable[[Scene], Awaitable[None]]


class Action(NamedTuple):
    """`prepare` in fair weather, `act` when the fault is armed on requests of this name."""

    prepare: Part
    act: Part


async def _nothing(scene: Scene) -> None: ...


async def _holding(scene: Scene) -> None:
    await scene.position(scene.lots(20, 40))
    await asyncio.sleep(4)


async def _waiting(scene: Scene) -> None:
    await _holding(scene)
    if scene.chance.random() < 0.3:
        scene.waits = await scene.enter(scene.lots(10, 20), stop_price=scene.price(-1000))
    else:
        scene.waits = await scene.enter(scene.lots(10, 20), scene.price(1000))


async def _open(scene: Scene) -> None:
    await scene.position(scene.lots(5, 40))


async def _close(scene: Scene) -> None:
    held = abs(scene.desk.held())
    await scene.leave(str(held if scene.chance.random() < 0.6 else Decimal(scene.lots(5, 19))))


async def _modify(scene: Scene) -> None:
    assert scene.waits is not None
    field, points = ("stop_price", -1100) if scene.waits.stop_price is not None else ("limit_price", 1100)
    with suppress(IntentError):
        await scene.desk.oms.amend(scene.waits, ANA, **{field: Decimal(scene.price(points))})
    await asyncio.sleep(scene.chance.choice((0.0, 1.0)))
    stop = Decimal(scene.price(2000))
    with suppress(IntentError):
        await scene.desk.protection.change("k", DEMO, scene.desk.symbol, ANA, stop=stop)


async def _remove(scene: Scene) -> None:
    assert scene.waits is not None
    await scene.desk.cancel(scene.waits)


async def _pending(scene: Scene) -> None:
    stops = {"stop_loss": scene.price(4000)} if scene.chance.random() < 0.5 else {}
    await scene.enter(scene.lots(5, 30), scene.price(scene.chance.randint(900, 1100)), **stops)


ACTIONS: dict[str, Action] = {
    "open": Action(_nothing, _open),
    "close": Action(_holding, _close),
    "modify": Action(_waiting, _modify),
    "remove": Action(_waiting, _remove),
    "pending": Action(_holding, _pending),
}
