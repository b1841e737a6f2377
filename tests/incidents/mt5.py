"""The same desk at a MetaTrader 5 broker: the real executor at the emulated terminal, in jumping time.

Calls are made in line and not in a thread, which would not know of the jumps. The terminal's clock, which is in the
broker's time zone, goes with the loop's.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from decimal import Decimal
from functools import wraps
from typing import Any

from tests.emulators.mt5.decimals import Number
from tests.incidents.hands import DEMO, Hands, Journal
from tests.kit import HandClock
from tests.loop import VirtualLoop
from tests.trading.executors.mt5.stage import EURUSD, HEDGING, NETTING, Broker
from trading.executors.mt5.executor import Mt5Executor
from trading.executors.mt5.tracks import Books
from trading.instruments import Symbol
from trading.market.mt5 import Mt5Market
from trading.mt5.link import Link
from trading.order import Order
from trading.risk.limits import Value

BOTH = (HEDGING, NETTING)
STEP_S = 0.25


class Clock(HandClock):
    """The loop's time as a date."""

    def now(self) -> datetime:
        return self.at + timedelta(seconds=asyncio.get_running_loop().time())


class World:
    """What outlives a crash: the broker and its terminal, the journal, the clock. `desk` is the process of now."""

    def __init__(self, mode: int, settings: dict[str, Any], broker: Broker | None = None) -> None:
        self.broker = broker or Broker(mode, **settings)
        self.broker.clock = self.clock = Clock()
        self.terminal = self.broker.terminal
        self.journal = Journal()
        self.limits: dict[str, Value] = {}
        self.desk: Desk

    async def run(self) -> None:
        """The broker's time goes with ours."""
        while True:
            await asyncio.sleep(STEP_S)
            self.terminal.advance(STEP_S)


class Desk(Hands):
    """A process beside that terminal."""

    line: Mt5Executor
    symbol: Symbol = EURUSD

    def __init__(self, world: World) -> None:
        self.world, self.broker, self.terminal = world, world.broker, world.terminal
        self.faults, self.person = world.broker.faults, world.broker.person
        self.link: Link = world.broker.link()
        self.market = Mt5Market(self.link)
        super().__init__(world.clock, self.market, world.journal, world.limits)
        self.valuation.currency = "USD"
        self.gate.margin = lambda order: self.line.margin(order)

    def connect(self) -> Mt5Executor:
        def recent() -> list[Order]:
            return [order for order in self.book.recent_orders() if order.account_id == DEMO]

        return Mt5Executor(self.link, Books(lambda: self.book.open_orders(DEMO), recent))

    async def start(self) -> Any:
        await self.market.start()
        return await super().start()

    async def crash(self) -> None:
        """Killed."""
        await self.drop()
        await self.line.stop()
        await self.market.stop()

    async def restart(self) -> "Desk":
        """The next process, on the same journal, beside the same terminal; it has been started."""
        await self.crash()
        self.world.desk = Desk(self.world)
        await self.world.desk.start()
        return self.world.desk

    async def show(self, bid: Number, ask: Number, name: str = "EURUSD") -> None:
        """A new price, and two seconds go by."""
        self.terminal.show(name, bid, ask)
        await asyncio.sleep(2)

    # --- what is to be seen there ------------------------------------------------------------

    @property
    def sent(self) -> int:
        """How many orders of ours the broker has accepted."""
        return len(self.terminal.executed.of("order", "order_send"))

    def traded(self) -> Decimal:
        """How many lots of ours were executed, in all."""
        return sum((Decimal(fact.volume) for fact in self.terminal.executed.of("deal", "order_send")), Decimal(0))

    def net(self, name: str = "EURUSD") -> Decimal:
        """What the account holds of a symbol, both sides together."""
        held = self.terminal.current.of(name)
        return sum((one.volume * (1 if one.long else -1) for one in held), Decimal(0))

    def waiting(self) -> dict[str, Decimal]:
        """What waits there, by our id."""
        found: dict[str, Decimal] = defaultdict(Decimal)  # one of ours may take several
        for one in self.terminal.current.orders.values():
            found[one.asked.partition("-")[0]] += one.rest
        return found

    def levels(self, name: str = "EURUSD") -> set[tuple[Decimal, Decimal]]:
        """Stops and targets of the open positions."""
        return {(one.sl, one.tp) for one in self.terminal.current.of(name)}


Play = Callable[[Desk], Coroutine[Any, Any, None]]


def at_mt5(
    mode: int = HEDGING,
    *,
    limits: dict[str, Value] | None = None,
    starts: bool = True,
    agrees: bool = True,
    **settings: Any,
) -> Callable[[Play], Callable[[], None]]:
    """Play on a desk that has just started (or has not); EURUSD is at 1.08000 / 1.08010.

    In the end its books must be the broker's, unless the story ends with a difference (`agrees=False`), and nothing may
    have been done twice.
    """

    def decorate(play: Play) -> Callable[[], None]:
        @wraps(play)
        def test() -> None:
            with asyncio.Runner(loop_factory=VirtualLoop) as runner:
                runner.run(played(play, mode, limits or {}, starts, agrees, settings))

        del test.__wrapped__  # pytest would ask for a fixture called desk
        return test

    return decorate


async def played(
    play: Play, mode: int, limits: dict[str, Value], starts: bool, agrees: bool, settings: dict[str, Any]
) -> None:
    world = World(mode, settings)
    world.limits.update(limits)
    time = asyncio.create_task(world.run())
    world.terminal.show("EURUSD", "1.08000", "1.08010")
    world.desk = Desk(world)
    try:
        if starts:
            await world.desk.start()
        await play(world.desk)
        if agrees:
            await agree(world)
    finally:
        time.cancel()
        await asyncio.wait([time])
        await world.desk.crash()


async def agree(world: World) -> None:
    """After 80 seconds of fair weather our books are the broker's: lots, money, orders; nothing was doubled."""
    world.broker.faults.disarm()
    world.broker.faults.release()
    world.terminal.catch_up()
    world.terminal.reconnect()
    await asyncio.sleep(80)
    desk = world.desk
    assert desk.mishaps == [], "no part of the desk fails"
    assert world.terminal.executed.doubled() == {}
    names = {one.symbol for one in world.terminal.current.positions.values()} | {"EURUSD"}
    assert {name: desk.held(Symbol(name)) for name in names} == {name: desk.net(name) for name in names}
    money = {each.currency: each.amount for each in desk.book.balances(DEMO) if each.amount}
    assert money == {"USD": world.terminal.current.balance}
    plain = {order.id: order.remaining for order in desk.open() if not order.is_waiting_exit}
    assert plain == desk.waiting()
    assert not any(order.in_doubt for order in desk.open())
    assert not desk.reconciler.open_drifts()
