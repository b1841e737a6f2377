"""One life of our process, built of the real parts, and a trader's hands on it."""

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from bot.supervise import Supervisor
from tests.kit import MemoryJournal
from tests.trading.executors.contract import INSTRUMENT
from tests.trading.risk.desk import off
from trading import events as e
from trading.book import Book
from trading.clock import Clock
from trading.drafting import Drafting
from trading.errors import JournalError
from trading.instruments import ZERO, Side, Symbol
from trading.intent import AccountId, Intent, Leg, Mode, OrderType, Origin, Size
from trading.kill import Killer
from trading.oms import Oms
from trading.order import Order
from trading.ports import Executor, Market, Row
from trading.protection import Protection
from trading.reconcile import Outcome, Reconciler
from trading.risk.gate import RiskGate
from trading.risk.limits import Value
from trading.valuation import Valuation

D = Decimal
DEMO = AccountId("demo", Mode.PAPER)
BTC = INSTRUMENT
ANA = Origin("person:ana", "web", "as typed")
PRICES = ("stop_price", "stop_loss", "take_profit")
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


class Hands:
    """Everything that a crash throws away; what outlives it is handed in. `symbol` is what is traded unless told."""

    symbol = BTC.symbol

    def __init__(self, clock: Clock, market: Market, journal: Journal, limits: dict[str, Value]) -> None:
        self.journal = journal
        self.mishaps: list[str] = []
        self.ready = False
        self._begun: list[asyncio.Task[Any]] = []
        self._keys = 0
        self.book = Book(journal, clock)
        self.line = self.connect()
        executors = {DEMO: self.line}
        self.valuation = Valuation(self.book, {"demo": market}, "USDT")
        self.gate = RiskGate(
            self.book,
            self.valuation,
            off(**limits),
            {},
            "UTC",
            lambda account: self.line.capabilities,
            lambda account: "" if self.ready else "the account has not been reconciled yet",
            lambda account, symbol: self.line.instruments.get(symbol),
            lambda order, reference: self.line.vet(order, reference),
        )
        self.oms = Oms(self.book, self.gate, Drafting(self.book, self.valuation, executors), executors)
        self.protection = Protection(self.oms)
        self.reconciler = Reconciler(self.oms)
        self.killer = Killer(self.oms, self.protection)
        self.supervisor = Supervisor(self._mishap)

    def connect(self) -> Executor:
        """The executor of this life; it is not started."""
        raise NotImplementedError

    # --- its life ----------------------------------------------------------------------------

    async def start(self) -> Outcome:
        """Replay, connect, reconcile, then accept; answers what the reconciliation found."""
        await self.book.open()
        await self.line.start()
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

    async def drop(self) -> None:
        """Killed: every task ends where it stands."""
        await self.supervisor.stop()
        for task in self._begun:
            task.cancel()
        await asyncio.gather(*self._begun, return_exceptions=True)

    # --- a trader's hands --------------------------------------------------------------------

    def intent(self, side: Side, size: str, limit: str | None = None, **fields: Any) -> Intent:
        """What somebody wants, under a new key unless one is given; prices may be written as text."""
        self._keys += 1
        key = fields.pop("key", f"web:{self.journal.last_seq}.{self._keys}")
        prices = {
            name: D(value) if isinstance(value, str) and name in PRICES else value for name, value in fields.items()
        }
        kind = OrderType.LIMIT if limit else OrderType.STOP if "stop_price" in prices else OrderType.MARKET
        shared: dict[str, Any] = {"symbol": self.symbol, "origin": ANA, "type": kind} | prices
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

    def held(self, symbol: Symbol | None = None) -> Decimal:
        position = self.book.position(DEMO, symbol or self.symbol)
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
        return [entry.event for entry in self.journal.entries if isinstance(entry.event, kind)]

    def warnings(self) -> list[str]:
        """What people were told is critical."""
        return [event.text for event in self.events(e.Noticed) if event.severity == "critical"]
