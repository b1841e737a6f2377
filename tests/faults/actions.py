"""What the desk does while a fault strikes: six actions, each in as many ways as there are seeds."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any, NamedTuple

from tests.faults.desk import ACCOUNT, ANA, Desk
from tests.faults.exchange import MIDDLE, Exchange
from trading.instruments import Side
from trading.intent import Intent, Leg, OrderType, Size, TimeInForce
from trading.order import Order

SETTLED_S = 2.0
FAR = 30  # quote currency between the market and what is to rest there


@dataclass
class Scene:
    """A desk at an exchange, and chance. `operations` is where the fault is to strike."""

    exchange: Exchange
    desk: Desk
    chance: Random
    operations: str = "POST *"
    keys: int = 0
    order: Order | None = None  # what the action acts on
    wanted: dict[str, Any] = field(default_factory=dict)

    # --- words -------------------------------------------------------------------------------

    def side(self) -> Side:
        return self.chance.choice((Side.BUY, Side.SELL))

    def size(self, least: int = 4, most: int = 60) -> Size:
        return Size(Decimal(self.chance.randint(least, most)) / 1000)

    def away(self, side: Side, least: int, most: int) -> Decimal:
        """A price below the market for a BUY and above it for a SELL; negative distances lie behind it."""
        return MIDDLE - side.sign * self.chance.randint(least, most)

    def intent(self, side: Side, size: Size, type: OrderType = OrderType.MARKET, **fields: Any) -> Intent:
        self.keys += 1
        return Intent(f"web:{self.keys}", ACCOUNT, self.exchange.symbol, side, size, ANA, type, **fields)

    async def rest(self, *intents: Intent) -> Order:
        """Send it in fair weather and wait until it is known."""
        order = await self.desk.oms.submit(*intents)
        await asyncio.sleep(SETTLED_S)
        return self.desk.now(order)

    async def market_order(self) -> None:
        await self.desk.oms.submit(self.intent(self.side(), self.size()))

    # --- the market --------------------------------------------------------------------------

    def show(self, middle: Decimal) -> None:
        """A book of up to three levels a side, thin now and then."""
        tick, chance = Decimal(1), self.chance
        thin = chance.random() < 0.4
        levels = range(chance.randint(1, 3))

        def size() -> Decimal:
            return Decimal(chance.randint(1, 15 if thin else 3000)) / 1000

        bids = [(middle - tick * level, size()) for level in levels]
        asks = [(middle + 1 + tick * level, size()) for level in levels]
        self.exchange.show(bids, asks)

    async def weather(self) -> None:
        """The market moves a few times."""
        for _ in range(self.chance.randint(1, 5)):
            await asyncio.sleep(self.chance.choice((0.01, 0.3, 1, 4)))
            self.show(MIDDLE + self.chance.randint(-80, 80))


Part = Callable[[Scene], Awaitable[None]]


class Action(NamedTuple):
    """`prepare` in fair weather, `act` when the fault is armed."""

    prepare: Part
    act: Part


async def _nothing(scene: Scene) -> None:
    scene.show(MIDDLE)


async def _market(scene: Scene) -> None:
    await scene.market_order()


async def _limit(scene: Scene) -> None:
    side, in_force = scene.side(), scene.chance.choice((*TimeInForce, TimeInForce.GTC, TimeInForce.GTC))
    post_only = in_force is TimeInForce.GTC and scene.chance.random() < 0.2
    price = scene.away(side, -10, 60)
    fields = {"limit_price": price, "time_in_force": in_force, "post_only": post_only}
    await scene.desk.oms.submit(scene.intent(side, scene.size(), OrderType.LIMIT, **fields))


async def _stop(scene: Scene) -> None:
    side = scene.side()
    stop = scene.away(side.opposite, 5, 90)
    kind = scene.chance.choice((OrderType.STOP, OrderType.STOP, OrderType.STOP_LIMIT))
    fields = {"limit_price": stop + side.sign * scene.chance.randint(-5, 20)} if kind is OrderType.STOP_LIMIT else {}
    await scene.desk.oms.submit(scene.intent(side, scene.size(), kind, stop_price=stop, **fields))


async def _position(scene: Scene) -> None:
    """Something to protect: a long position, on the futures a short one as well."""
    side = Side.BUY if scene.exchange.product == "spot" else scene.side()
    scene.order = await scene.rest(scene.intent(side, scene.size(20, 60)))
    scene.show(MIDDLE)


async def _oco_leg(scene: Scene) -> None:
    """A pair over the position, as `/oco` sends it; sometimes a bracket with its entry."""
    assert scene.order is not None
    long = scene.order.side
    stop, target = scene.away(long, 10, 70), scene.away(long.opposite, 10, 70)
    if scene.chance.random() < 0.3:
        fields = {"limit_price": scene.away(long, -5, 8), "stop_loss": stop, "take_profit": target}
        await scene.desk.oms.submit(scene.intent(long, scene.size(20, 60), OrderType.LIMIT, **fields))
        return
    shared: dict[str, Any] = {"reduce_only": True, "group": "pair of the campaign"}
    size, side = scene.size(4, 20), long.opposite
    await scene.desk.oms.submit(
        scene.intent(side, size, OrderType.STOP, stop_price=stop, leg=Leg.STOP_LOSS, **shared),
        scene.intent(side, size, OrderType.LIMIT, limit_price=target, leg=Leg.TAKE_PROFIT, **shared),
    )


async def _resting(scene: Scene, stops: bool = True) -> None:
    """An order on the book, sometimes filled in part, or a stop that waits."""
    side = scene.side()
    if stops and scene.chance.random() < 0.25:
        stop = scene.away(side.opposite, FAR, 90)
        scene.order = await scene.rest(scene.intent(side, scene.size(), OrderType.STOP, stop_price=stop))
        return
    price = scene.away(side, FAR, 60)
    order = await scene.rest(scene.intent(side, scene.size(20, 60), OrderType.LIMIT, limit_price=price))
    if scene.chance.random() < 0.3:
        part, deep = Decimal(scene.chance.randint(1, 15)) / 1000, Decimal(10)
        if side is Side.BUY:
            scene.exchange.show([(price - 1, deep)], [(price, part), (price + 1, deep)])
        else:
            scene.exchange.show([(price, part), (price - 1, deep)], [(price + 1, deep)])
        scene.show(MIDDLE)
        await asyncio.sleep(SETTLED_S)
    scene.order = scene.desk.now(order)


async def _to_cancel(scene: Scene) -> None:
    scene.operations = "DELETE *"
    await _resting(scene)


async def _cancel(scene: Scene) -> None:
    assert scene.order is not None
    await scene.desk.oms.cancel(scene.order, ANA)


async def _to_amend(scene: Scene) -> None:
    spot, chance = scene.exchange.product == "spot", scene.chance
    await _resting(scene, stops=spot)  # the futures change no stop
    order = scene.order
    assert order is not None
    less = chance.random() < 0.5 or (spot and order.filled_quantity > 0)  # spot changes no price of what is filled
    if less:
        most = int(order.remaining * 1000)
        left = order.filled_quantity + Decimal(chance.randint(1, max(most - 1, 1))) / 1000
        scene.wanted["quantity"] = max(left, Decimal("0.003"))
    elif order.type is OrderType.LIMIT:
        price = scene.away(order.side, FAR - 20, 70)
        scene.wanted["limit_price"] = price if price != order.limit_price else price + 1
    else:
        price = scene.away(order.side.opposite, FAR - 10, 90)
        scene.wanted["stop_price"] = price if price != order.stop_price else price + 1
    scene.operations = "POST *" if spot and not less else "PUT *"


async def _amend(scene: Scene) -> None:
    assert scene.order is not None
    await scene.desk.oms.amend(scene.order, ANA, **scene.wanted)


ACTIONS: dict[str, Action] = {
    "market": Action(_nothing, _market),
    "limit": Action(_nothing, _limit),
    "stop": Action(_nothing, _stop),
    "oco_leg": Action(_position, _oco_leg),
    "cancel": Action(_to_cancel, _cancel),
    "amend": Action(_to_amend, _amend),
}
