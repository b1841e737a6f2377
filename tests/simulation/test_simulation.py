"""Seeds that must hold, and wrong parts that must be found out."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal

import pytest

from tests.loop import Stuck, VirtualLoop
from tests.simulation.desk import Parts
from tests.simulation.venue import Line
from tests.simulation.watch import Broken
from tests.simulation.world import simulate
from trading import events as e
from trading import reports
from trading.book import Book
from trading.clock import Clock
from trading.control import Drift, Kill
from trading.drifts import Drifts
from trading.errors import OutcomeUnknown
from trading.fold import fold
from trading.ids import order_id
from trading.instruments import Money, Symbol
from trading.intent import AccountId, Intent
from trading.kill import Killer
from trading.oms import Oms
from trading.order import Order
from trading.ports import Approved, Journal
from trading.protection import Protection
from trading.reconcile import Reconciler
from trading.risk.gate import Denied, RiskGate

SEEDS = 200
CHUNK = 25
REPLAY = "python -m tests.simulation --seed {} --steps"


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_every_seed_holds(first: int) -> None:
    for seed in range(first, first + CHUNK):
        try:
            simulate(seed)
        except Broken as why:
            pytest.fail(f"seed {seed}: {why}\n{REPLAY.format(seed)}")


@pytest.mark.parametrize("seed", [3, 7])  # 7: the product's own journal
def test_the_same_seed_is_the_same_journal(seed: int) -> None:
    assert simulate(seed) == simulate(seed)


def test_the_same_seed_is_the_same_journal_in_another_process() -> None:
    here = simulate(3).digest
    for hashing in ("1", "2"):  # sets of text have another order
        ran = subprocess.run(
            [sys.executable, "-m", "tests.simulation", "--seed", "3"],
            env={**os.environ, "PYTHONHASHSEED": hashing},
            capture_output=True,
            text=True,
            check=True,
        )
        assert here in ran.stdout


# --- the loop --------------------------------------------------------------------------------


def test_time_jumps_to_the_next_timer() -> None:
    async def sleep() -> tuple[float, list[str]]:
        loop, order = asyncio.get_running_loop(), list[str]()
        loop.call_later(2, order.append, "second")
        loop.call_later(1, order.append, "first")
        await asyncio.sleep(86400)
        return loop.time(), order

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        assert runner.run(sleep()) == (86400, ["first", "second"])


def test_waiting_for_what_never_comes_is_an_error() -> None:
    async def wait() -> None:
        await asyncio.Event().wait()

    with asyncio.Runner(loop_factory=lambda: VirtualLoop(patience_s=0)) as runner, pytest.raises(Stuck):
        runner.run(wait())


# --- wrong parts -----------------------------------------------------------------------------


class Resends(Oms):
    """Sends an order again when its outcome is not known."""

    async def _send(self, approved: Approved) -> None:
        await super()._send(approved)
        if self._now(approved.order).in_doubt:
            await super()._send(approved)


class SendsFirst(Oms):
    """On the wire before it is in the journal."""

    async def submit(self, *intents: Intent) -> Order:
        if self.book.order(order_id(intents[0].key)) is None:
            order = self.drafting.draft(intents[0])
            verdict = self.gate.judge(order)
            if isinstance(verdict, Approved):
                await self.executors[order.account_id].place(verdict)
        return await super().submit(*intents)


class Lenient(RiskGate):
    """Denies nothing."""

    def judge(self, order: Order, legs: Sequence[Order] = (), confirmed_duplicate: bool = False) -> Approved | Denied:
        super().judge(order, legs, confirmed_duplicate)
        return Approved(order, (), tuple(legs))


class NeverHeld(asyncio.Lock):
    """Lets everybody in at once."""

    async def acquire(self) -> Literal[True]:
        return True

    def release(self) -> None: ...


class Unlocked(Book):
    """A verdict and its journal entry are two steps."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        super().__init__(journal, clock)
        self.lock = NeverHeld()


class ForgetsFills(Book):
    """Hears the same trade twice."""

    def has_fill(self, account: AccountId, symbol: Symbol, trade_id: str) -> bool:
        return False


class KeepsToItself(Book):
    """Knows of locks that are not in the journal."""

    async def write(self, *events: e.AnyEvent) -> Sequence[e.Recorded]:
        for event in events:
            if isinstance(event, e.SymbolLocked):
                for entity in fold(e.Recorded(0, self.clock.now(), event), self.get):
                    self._install(entity)
        kept = [event for event in events if not isinstance(event, e.SymbolLocked)]
        return await super().write(*kept) if kept else []


class BelievesNotFound(Line):
    """Takes the first `not found` for `never arrived`."""

    async def lookup(self, order: Order) -> reports.VenueOrder | None:
        try:
            return await super().lookup(order)
        except OutcomeUnknown:
            return None


class ShowsNoFills(Line):
    """Leaves it to the stream to tell of trades."""

    async def fills(self, since: datetime) -> Sequence[reports.Filled]:
        return ()


class Absorbs(Drifts):
    """Makes our books the venue's without a word."""

    async def found(
        self, account: AccountId, kind: str, wrong: dict[str, tuple[str, str]], keep: set[str] | None = None
    ) -> list[Drift]:
        for subject, (ours, theirs) in wrong.items() if kind == "balance" else ():
            change = Money(Decimal(theirs) - Decimal(ours), subject)
            await self.book.record(e.BalanceAdjusted(account.name, account.mode, change, "", "desk"))
        return []


class AsksAbsorber(Reconciler):
    """Leaves its differences to `Absorbs`."""

    def __init__(self, oms: Oms, every_s: float = 30.0) -> None:
        super().__init__(oms, every_s)
        self.drifts = Absorbs(oms)


class LeavesBare(Protection):
    """Never places a stop over what was filled."""

    async def _cover(self, entry: Order) -> list[Order]:
        return []


class GivesUp(Killer):
    """Says that it is done."""

    async def step(self, kill: Kill) -> None:
        await self._finish(kill, [])


WITHIN = 60  # seeds
WRONG = {
    "resends": (Parts(oms=Resends), "nothing is sent twice"),
    "sends before the journal": (Parts(oms=SendsFirst), "journalled before the wire"),
    "denies nothing": (Parts(gate=Lenient), "no entry while|max_"),
    "judges without the lock": (Parts(book=Unlocked), "."),  # whatever it ruins first
    "forgets fills": (Parts(book=ForgetsFills), "our books|every fill|a difference|an adopted"),
    "keeps facts to itself": (Parts(book=KeepsToItself), "replay is the live state"),
    "believes the first not found": (Parts(line=BelievesNotFound), "every order is where the venue has it|our books"),
    "shows no fills": (Parts(line=ShowsNoFills), "our books|every fill|a difference|every order|a cancel"),
    "absorbs differences": (Parts(reconciler=AsksAbsorber), "a difference shows as a drift"),
    "leaves positions bare": (Parts(protection=LeavesBare), "a filled bracket is protected"),
    "gives up a kill": (Parts(killer=GivesUp), "a kill "),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_part_is_found_out(wrong: str) -> None:
    parts, invariant = WRONG[wrong]
    with pytest.raises(Broken, match=invariant):
        hunt(parts)


def hunt(parts: Parts) -> None:
    for seed in range(WITHIN):
        simulate(seed, parts)
