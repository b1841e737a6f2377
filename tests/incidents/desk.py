"""One life of our process after another, built of the real parts, at a venue that may lie; in virtual time."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from decimal import Decimal
from functools import wraps
from typing import Any, TypeVar

from bot.supervise import Supervisor
from tests.incidents.venue import Venue
from tests.kit import MemoryJournal
from tests.simulation.loop import VirtualLoop
from tests.trading.executors.contract import INSTRUMENT, FakeMarket
from tests.trading.risk.desk import off
from tests.trading.strategy_desk import Clock
from trading import events as e
from trading.book import Book
from trading.drafting import Drafting
from trading.errors import JournalError
from trading.instruments import ZERO, Instrument, Money, Side, Symbol
from trading.intent import AccountId, Intent, Leg, Mode, OrderType, Origin, Size
from trading.kill import Killer
from trading.oms import Oms
from trading.order import Order
from trading.ports import Row
from trading.protection import Protection
from trading.reconcile import Outcome, Reconciler
from trading.risk.gate import RiskGate
from trading.risk.limits import Value
from trading.valuation import Valuation

D = Decimal
DEMO = AccountId("demo", Mode.PAPER)
BTC = INSTRUMENT
SPOT: dict[str, Any] = {}
"""A spot account whose venue holds OCO pairs and brackets."""
LINEAR: dict[str, Any] = {"product": "usdm", "lists": False}
"""Contracts, at a venue that leaves pairs and brackets to us."""
ANA = Origin("person:ana", "web", "as typed")
Event = TypeVar("Event", bound=e.Event)


class Journal(MemoryJournal):
    """A journal that lets others run while it writes, and can be out of order for a while."""

    def __init__(self) -> None:
        super().__init__()
        self.problem = ""

    async def append(self, events: Sequence[e.AnyEvent], at: datetime, rows: Sequence[Row]) -> Sequence[e.Recorded]:
        if self.problem:
            raise JournalError(self.problem)
        await asyncio.sleep(0)
        entries = await super().append(events, at, rows)
        await asyncio.sleep(0)
        return entries


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


class Desk:
    """Everything that a crash throws away, and a trader's hands on it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.venue = world.venue
        self.mishaps: list[str] = []
        self.ready = False
        self._begun: list[asyncio.Task[Any]] = []
        self._keys = 0
        self.line = world.venue.connect()
        executors = {DEMO: self.line}
        self.book = Book(world.journal, world.clock)
        self.valuation = Valuation(self.book, {"demo": world.market}, "USDT")
        self.gate = RiskGate(
            self.book,
            self.valuation,
            off(**world.limits),
            {},
            "UTC",
            lambda account: self.line.capabilities,
            lambda account: "" if self.ready else "the account has not been reconciled yet",
            lambda account, symbol: self.line.instruments.get(symbol),
        )
        self.oms = Oms(self.book, self.gate, Drafting(self.book, self.valuation, executors), executors)
        self.protection = Protection(self.oms)
        self.reconciler = Reconciler(self.oms)
        self.killer = Killer(self.oms, self.protection)
        self.supervisor = Supervisor(self._mishap)

    # --- its life ----------------------------------------------------------------------------

    async def start(self) -> Outcome:
        """Replay, connect, reconcile, then accept; answers what the reconciliation found."""
        await self.book.open()
        outcome = await self.reconciler.reconcile(DEMO, thorough=True)
        self.ready = not outcome.problem
        for name, work in (
            ("reports", self._hear),
            ("reconcile", lambda: self.reconciler.run(DEMO)),
            ("protection", self.protection.run),
            ("kill switch", self.killer.run),
        ):
            self.supervisor.start(name, work)
        await self.protection.check_all()
        return outcome

    async def _hear(self) -> None:
        async for report in self.line.reports():
            await self.oms.on_report(DEMO, report)

    async def _mishap(self, where: str, why: Exception) -> None:
        self.mishaps.append(f"{where}: {type(why).__name__}: {why}")

    async def crash(self) -> None:
        """Killed: every task ends where it stands."""
        if self.world.venue.line is self.line:
            self.world.venue.line = None
        await self.supervisor.stop()
        for task in self._begun:
            task.cancel()
        await asyncio.gather(*self._begun, return_exceptions=True)

    async def restart(self) -> "Desk":
        """The next process, on the same journal, at the same venue; it has been started."""
        await self.crash()
        self.world.desk = Desk(self.world)
        self.found = await self.world.desk.start()
        return self.world.desk

    # --- a trader's hands --------------------------------------------------------------------

    def intent(self, side: Side, size: str, limit: str | None = None, **fields: Any) -> Intent:
        """What somebody wants, under a new key unless one is given; prices may be written as text."""
        self._keys += 1
        key = fields.pop("key", f"web:{self.world.journal.last_seq}.{self._keys}")
        prices = {
            name: D(value) if isinstance(value, str) and name in PRICES else value for name, value in fields.items()
        }
        kind = OrderType.LIMIT if limit else OrderType.STOP if "stop_price" in prices else OrderType.MARKET
        shared: dict[str, Any] = {"symbol": BTC.symbol, "origin": ANA, "type": kind} | prices
        return Intent(key, DEMO, side=side, size=Size.parse(size), limit_price=D(limit) if limit else None, **shared)

    async def submit(self, *intents: Intent) -> Order:
        """Send it, and wait a second for what becomes of it."""
        order = await self.oms.submit(*intents)
        await asyncio.sleep(1)
        return self.now(order)

    async def buy(self, size: str, limit: str | None = None, **fields: Any) -> Order:
        return await self.submit(self.intent(Side.BUY, size, limit, **fields))

    async def sell(self, size: str, limit: str | None = None, **fields: Any) -> Order:
        return await self.submit(self.intent(Side.SELL, size, limit, **fields))

    async def cancel(self, order: Order) -> Order:
        await self.oms.cancel(order, ANA)
        await asyncio.sleep(1)
        return self.now(order)

    async def show(self, bids: str, asks: str, symbol: Symbol = BTC.symbol) -> None:
        """The market shows this depth (`100x1 99x5`), and a second goes by."""
        self.world.market.book(bids, asks, symbol)
        await asyncio.sleep(1)

    def begin(self, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """Something that goes on meanwhile, and dies with the process."""
        task = asyncio.create_task(work)
        self._begun.append(task)
        return task

    # --- what is to be seen ------------------------------------------------------------------

    def now(self, order: Order) -> Order:
        found = self.book.order(order.id)
        assert found is not None
        return found

    def held(self, symbol: Symbol = BTC.symbol) -> Decimal:
        position = self.book.position(DEMO, symbol)
        return position.quantity if position else ZERO

    def open(self) -> list[Order]:
        return self.book.open_orders(DEMO)

    def legs(self, leg: Leg) -> list[Order]:
        """Open stops or targets."""
        return [order for order in self.open() if order.leg is leg]

    def covered(self) -> Decimal:
        """How much open stops cover."""
        return sum((order.remaining for order in self.legs(Leg.STOP_LOSS)), ZERO)

    def events(self, kind: type[Event]) -> list[Event]:
        """What the journal has of this kind."""
        return [entry.event for entry in self.world.journal.entries if isinstance(entry.event, kind)]

    def warnings(self) -> list[str]:
        """What people were told is critical."""
        return [event.text for event in self.events(e.Noticed) if event.severity == "critical"]


PRICES = ("stop_price", "stop_loss", "take_profit")
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
