"""One life of our process after another, built of the real parts, at a venue that may lie; in virtual time."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from decimal import Decimal
from functools import wraps
from typing import Any

from tests.incidents.hands import ANA, BTC, DEMO, Hands, Journal
from tests.incidents.venue import Line, Venue
from tests.loop import VirtualLoop
from tests.trading.executors.contract import FakeMarket
from tests.trading.strategy_desk import Clock
from trading import events as e
from trading.instruments import Instrument, Money, Symbol
from trading.risk.limits import Value

__all__ = ["ANA", "BTC", "DEMO", "LINEAR", "SPOT", "Desk", "at_a_venue"]

D = Decimal
SPOT: dict[str, Any] = {}
"""A spot account whose venue holds OCO pairs and brackets."""
LINEAR: dict[str, Any] = {"product": "usdm", "lists": False}
"""Contracts, at a venue that leaves pairs and brackets to us."""


class World:
    """What outlives a crash: the venue, the journal, the clock. `desk` is the process that runs now."""

    def __init__(self, instruments: Sequence[Instrument], funds: Sequence[str], **venue: Any) -> None:
        self.clock = Clock()
        self.market = FakeMarket(self.clock, *instruments)
        money = [Money(D(amount), currency) for amount, currency in (each.split() for each in funds)]
        self.venue = Venue(self.clock, self.market, money, **venue)
        self.journal = Journal()
        self.limits: dict[str, Value] = {}
        self.desk = Desk(self)


class Desk(Hands):
    """A process at that venue."""

    line: Line

    def __init__(self, world: World) -> None:
        self.world = world
        self.venue = world.venue
        super().__init__(world.clock, world.market, world.journal, world.limits)

    def connect(self) -> Line:
        return self.venue.connect()

    async def crash(self) -> None:
        """Killed; the venue lives on."""
        if self.line is self.venue.line:
            self.venue.line = None
        await self.drop()

    async def restart(self) -> "Desk":
        """The next process, on the same journal, at the same venue; it has been started."""
        await self.crash()
        self.world.desk = Desk(self.world)
        self.found = await self.world.desk.start()
        return self.world.desk

    async def show(self, bids: str, asks: str, symbol: Symbol = BTC.symbol) -> None:
        """The market shows this depth (`100x1 99x5`), and a second goes by."""
        self.world.market.book(bids, asks, symbol)
        await asyncio.sleep(1)


Play = Callable[[Desk], Coroutine[Any, Any, None]]


def at_a_venue(
    *instruments: Instrument,
    funds: Sequence[str] = ("10000 USDT",),
    limits: dict[str, Value] | None = None,
    agrees: bool = True,
    **venue: Any,
) -> Callable[[Play], Callable[[], None]]:
    """Play on a desk that has just started, in virtual time; BTC/USDT is at 100.

    In the end its books must be the venue's, unless the story ends with a difference (`agrees=False`).
    """

    def decorate(play: Play) -> Callable[[], None]:
        @wraps(play)
        def test() -> None:
            async def go() -> None:
                world = World(instruments or (BTC,), funds, **venue)
                world.limits.update(limits or {})
                world.desk = Desk(world)
                for symbol in world.market.instruments:
                    world.market.book("100x1000", "100.01x1000", symbol)
                await world.venue.open()
                await world.desk.start()
                try:
                    await play(world.desk)
                    if agrees:
                        await _agree(world)
                finally:
                    await world.desk.crash()
                    await world.venue.close()

            with asyncio.Runner(loop_factory=VirtualLoop) as runner:
                runner.run(go())

        del test.__wrapped__  # pytest would ask for a fixture called desk
        return test

    return decorate


async def _agree(world: World) -> None:
    """After a minute of fair weather our books are the venue's: money, trades, open orders."""
    world.venue.faults.clear()
    await asyncio.sleep(60)
    book, venue = world.desk.book, world.venue
    assert not world.desk.mishaps, "no part of the desk fails"
    ours = {balance.currency: balance.amount for balance in book.balances(DEMO) if balance.amount}
    assert ours == {money.currency: money.amount for money in await venue.executor.balances() if money.amount}
    booked = sorted(fill.trade_id for fill in world.desk.events(e.OrderFilled))
    assert booked == sorted(trade.trade_id for trade in await venue.trades())
    held = {position.symbol: position.quantity for position in book.positions(DEMO)}
    assert await venue.executor.positions() in ({}, held)  # on spot the balances are the positions
    there = {order.order_id: (order.quantity, order.filled_quantity) for order in await venue.open_orders()}
    assert {order.id: (order.quantity, order.filled_quantity) for order in book.open_orders(DEMO)} == there
    assert not world.desk.reconciler.open_drifts()
