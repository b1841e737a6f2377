"""One run of the desk, built of the real parts over the faulty venues, as the product wires them."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.simulation.destination import Deaf, Destination
from tests.simulation.market import SeededMarket
from tests.simulation.power import FragileJournal, Life, PowerLost
from tests.simulation.venue import FaultyVenue, Line
from tests.simulation.watch import Watch
from trading import events as e
from trading.book import Book
from trading.clock import Clock
from trading.drafting import Drafting
from trading.intent import AccountId
from trading.kill import Killer
from trading.oms import Oms
from trading.ports import Journal
from trading.protection import Protection
from trading.reconcile import Reconciler
from trading.risk.gate import RiskGate
from trading.valuation import Valuation

PATIENCE = 1000  # attempts to reach a venue at the start


@dataclass(frozen=True)
class Parts:
    """Which classes a desk is made of; a test passes a wrong one in to see the simulation fail."""

    book: type[Book] = Book
    gate: type[RiskGate] = RiskGate
    oms: type[Oms] = Oms
    protection: type[Protection] = Protection
    reconciler: type[Reconciler] = Reconciler
    killer: type[Killer] = Killer
    line: type[Line] = Line


@dataclass(frozen=True)
class Around:
    """What there is around a desk, and outlives it."""

    clock: Clock
    chance: Random
    market: SeededMarket
    venues: Mapping[AccountId, FaultyVenue]
    destinations: Sequence[Destination]
    watch: Watch


class Desk:
    """Everything that a crash throws away."""

    def __init__(self, around: Around, journal: Journal, parts: Parts, cuts: float) -> None:
        self.around = around
        self.life = Life()
        self.ready = False
        self.tasks: list[asyncio.Task[object]] = []
        self.journal = FragileJournal(journal, self.life, around.chance, cuts, self._asked, around.watch.written)
        self.book = parts.book(self.journal, around.clock)
        markets = {account.name: around.market for account in around.venues}
        self.valuation = Valuation(self.book, markets, "USDT")
        self.lines = {
            account: parts.line(venue, self.life, around.watch.sent) for account, venue in around.venues.items()
        }
        self.gate = parts.gate(
            self.book,
            self.valuation,
            around.watch.limits,
            {},
            "UTC",
            lambda account: self.lines[account].capabilities,
            lambda account: "" if self.ready else "the account has not been reconciled yet",
            lambda account, symbol: self.lines[account].instruments.get(symbol),
        )
        self.drafting = Drafting(self.book, self.valuation, self.lines)
        self.oms = parts.oms(self.book, self.gate, self.drafting, self.lines)
        self.protection = parts.protection(self.oms)
        self.reconciler = parts.reconciler(self.oms)
        self.killer = parts.killer(self.oms, self.protection)

    def _asked(self, events: Sequence[e.AnyEvent]) -> None:
        self.around.watch.asked(events, self.book, self.valuation)

    # --- its life ----------------------------------------------------------------------------

    async def start(self) -> None:
        """Replay, connect, reconcile, and only then accept; crash and start are one path."""
        await self.book.open()
        for line in self.lines.values():
            await line.start()
        for account in self.lines:
            for _ in range(PATIENCE):
                if not (await self.reconciler.reconcile(account, thorough=True)).problem:
                    break
                await asyncio.sleep(0.5)
        self.ready = True
        for account, line in self.lines.items():
            self.spawn(self._hear(account, line))
        reconciling = [self.reconciler.run(account) for account in self.lines]
        for work in (*reconciling, self.protection.run(), self.killer.run(), self._sample()):
            self.spawn(work)
        await self.protection.check_all()
        for destination in self.around.destinations:
            self.spawn(self._tell(destination))
        await self.book.record(e.DeskStarted("simulation"))

    def spawn(self, work: Coroutine[Any, Any, object]) -> "asyncio.Task[object]":
        """A task that ends with the desk; if it fails by itself, the desk is broken."""
        task = asyncio.get_running_loop().create_task(work)
        task.add_done_callback(self._ended)
        self.tasks.append(task)
        return task

    def _ended(self, task: "asyncio.Task[object]") -> None:
        if task.cancelled() or not self.life.alive:
            return
        why = task.exception()
        if isinstance(why, PowerLost):
            self.life.end(str(why))
        elif why is not None:
            self.around.watch.broken("no part of the desk fails", f"{task.get_coro()!r}: {type(why).__name__}: {why}")

    async def crash(self, cause: str) -> None:
        """The process is killed: every task ends where it waits, and nothing it still does reaches the world."""
        self.life.end(cause)
        for line in self.lines.values():
            await line.stop()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    # --- what the process does beside --------------------------------------------------------

    async def _hear(self, account: AccountId, line: Line) -> None:
        async for report in line.reports():
            await self.oms.on_report(account, report)

    async def _sample(self) -> None:
        while True:
            await asyncio.sleep(60)
            for account in self.lines:
                worth = self.valuation.equity(account)
                day = self.around.clock.now().date().isoformat()
                await self.book.record(
                    e.EquitySampled(account.name, account.mode, worth.total, worth.cash, worth.unrealized, day)
                )

    async def _tell(self, destination: Destination) -> None:
        """Bring one destination up to the journal's end, for ever; where it stands is kept in the journal."""
        news = asyncio.Event()
        self.book.subscribe(lambda entry: news.set())
        while True:
            news.clear()
            told = await self.journal.cursor(destination.name)
            async for entry in self.journal.read(after=told):
                self.life.check()
                while True:
                    try:
                        await destination.tell(entry.seq)
                        break
                    except Deaf:
                        await asyncio.sleep(0.2)
                await self.journal.move_cursor(destination.name, entry.seq)
            if self.journal.last_seq == await self.journal.cursor(destination.name):
                await news.wait()
