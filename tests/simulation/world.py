"""One seed: a market, two venues behind bad lines, people who ask for things, crashes, and quiet points."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from tests.loop import LoopClock, VirtualLoop
from tests.simulation import invariants
from tests.simulation.acts import Act, People
from tests.simulation.desk import Around, Desk, Parts
from tests.simulation.destination import Destination
from tests.simulation.exchange import Exchange
from tests.simulation.kept import InMemory, InSqlite, Kept
from tests.simulation.market import BTC, ETH, PERP, SeededMarket
from tests.simulation.venue import FAIR, LONGEST_S, STORM, SURE, FaultyVenue
from tests.simulation.watch import Broken, Watch
from trading.errors import IntentError, TradingError
from trading.instruments import Symbol, trap_floats
from trading.intent import AccountId, Mode, OrderType, Origin, TimeInForce
from trading.ports import Capabilities
from trading.risk.limits import Limits

SPOT, LINEAR = AccountId("spot", Mode.PAPER), AccountId("perp", Mode.PAPER)
SYMBOLS: dict[AccountId, tuple[Symbol, ...]] = {SPOT: (BTC, ETH), LINEAR: (PERP,)}
LIMITS = Limits(
    max_order_value=Decimal(2000),
    max_position_value=Decimal(3000),
    max_total_exposure=Decimal(8000),
    max_daily_loss=Decimal(0),
    max_drawdown=Decimal(0),
    max_open_orders_per_symbol=4,
    stale_price_s=30,
    max_orders_per_minute=0,
)
SQLITE = 7  # of ten seeds, the one whose journal is the product's own
CHAPTERS = 3
ACTS = 22  # a chapter
STILL_S = 35.0  # longer than the reconciler's own round


@dataclass(frozen=True)
class Result:
    """What a seed came to; `digest` names its journal."""

    seed: int
    events: int
    crashes: int
    digest: str


class World:
    """Everything of one seed. `note` is told each step."""

    def __init__(self, seed: int, parts: Parts, note: Callable[[str], None]) -> None:
        self.chance = Random(f"world {seed}")
        self.parts = parts
        self.loop = asyncio.get_running_loop()
        self.clock = LoopClock(self.loop)
        self._note = note
        self.watch = Watch(LIMITS, self.note)
        self.market = SeededMarket(self.clock, Random(f"market {seed}"))
        self.stormy = self.chance.choice((0.3, 1.0, 1.0, 1.8))
        self.cuts = 0.004 * self.stormy
        self.around = Around(
            clock=self.clock,
            chance=Random(f"desk {seed}"),
            market=self.market,
            venues={account: self._venue(account, seed) for account in SYMBOLS},
            destinations=[Destination(name, Random(f"{name} {seed}")) for name in ("chat", "audit")],
            watch=self.watch,
        )
        self.people = People(self.market, SYMBOLS, Random(f"people {seed}"))
        self.hand = invariants.Hand()
        self.past: list[Act] = []
        self.working: list[tuple[Act, asyncio.Task[object]]] = []
        self.crashes = 0
        self.moving = True  # the prices, and with them the trouble
        self.kept: Kept = InSqlite() if seed % 10 == SQLITE else InMemory()
        self.desk: Desk

    def _venue(self, account: AccountId, seed: int) -> FaultyVenue:
        chance = Random(f"{account} {seed}")
        spot = account == SPOT
        fee_in = chance.choice(("quote", "quote", "received", "BNB") if spot else ("quote", "BNB"))
        funds = {"USDT": Decimal(20000), "BNB": Decimal("0.5")}
        funds |= {"BTC": Decimal("0.2"), "ETH": Decimal(0)} if spot else {}
        rate = Decimal("0.001")
        exchange = Exchange(self.market, chance, SYMBOLS[account], funds, rate, fee_in)
        capabilities = Capabilities(
            order_types=frozenset(OrderType),
            time_in_force=frozenset(TimeInForce),
            amend_types=frozenset(chance.choice(((), (OrderType.LIMIT,), OrderType, OrderType, OrderType))),
            amend_in_lists=chance.random() < 0.5,
            lists=spot,
            reduce_only=not spot,
            shorting=not spot,
            maker_fee=rate,
            taker_fee=rate,
            fee_in_received=fee_in == "received",
        )
        return FaultyVenue(account.name, exchange, capabilities, self.clock, chance)

    def note(self, text: str) -> None:
        """Tell a step, with the time it happened."""
        self._note(f"{self.loop.time():9.3f} {text}")

    # --- the story ---------------------------------------------------------------------------

    async def live(self) -> None:
        """Chapters of trouble, each closed by a quiet point at which everything must be right."""
        tides = self.loop.create_task(self._tides())
        await self._begin()
        try:
            await self._start()
            for number in range(CHAPTERS):
                self.note(f"--- chapter {number + 1}, storm x{self.stormy}")
                self._weather(self.stormy)
                for _ in range(ACTS):
                    await self._scene()
                await self._quiet()
        finally:
            tides.cancel()
            await self.desk.crash("the end")
            await self.kept.close()
            self.kept.remove()

    async def _tides(self) -> None:
        while True:
            await asyncio.sleep(2)
            if not self.moving:
                self.market.show()
            elif self.chance.random() < 0.06 * self.stormy:
                symbol = self.chance.choice((BTC, ETH, PERP))
                self.note(f"{symbol} jumps {self.market.jump(symbol)}%")
            else:
                self.market.tick()
            for venue in self.around.venues.values():
                if self.moving and not venue.is_cut and venue.happens(2 * venue.weather.cut):
                    self.note(f"{venue.name}: the line is cut")
                    venue.cut()
                    self.loop.call_later(self.chance.uniform(1, 12), venue.mend)

    def _weather(self, factor: float) -> None:
        for venue in self.around.venues.values():
            venue.set(STORM.scaled(factor) if factor else FAIR)
        for destination in self.around.destinations:
            destination.faults = 0.05 * factor
        self.cuts = 0.004 * factor
        self.desk.journal.cuts = self.cuts
        self.moving = bool(factor)

    async def _begin(self) -> None:
        self.desk = Desk(self.around, await self.kept.open(), self.parts, self.cuts)

    async def _start(self) -> None:
        """Start a desk; one that crashes while it starts is started again."""
        while True:
            if self.chance.random() < 0.1 * self.stormy and self.moving:
                self.loop.call_later(self.chance.uniform(0, 1), self.desk.life.end, "killed while starting")
            starting = self.desk.spawn(self.desk.start())
            ended = self.loop.create_task(self.desk.life.ended.wait())
            await asyncio.wait({starting, ended}, return_when=asyncio.FIRST_COMPLETED)
            ended.cancel()
            self.watch.check()
            if self.desk.life.alive:
                return
            await self._bury()

    async def _bury(self) -> None:
        self.note(f"CRASH {self.desk.life.cause}")
        self.crashes += 1
        await self.desk.crash(self.desk.life.cause)
        await self.kept.close()
        await self._begin()

    async def _revive(self) -> None:
        """If the desk has died, start the next one, and let people repeat what got no answer."""
        if self.desk.life.alive:
            return
        unanswered = [act for act, task in self.working if not task.done()]
        self.working.clear()
        await self._bury()
        await asyncio.sleep(self.chance.uniform(0, 3))
        await self._start()
        for act in unanswered:
            if self.chance.random() < 0.7:
                self.note("again, for want of an answer:")
                self._ask(act)

    async def _scene(self) -> None:
        if self.chance.random() < 0.04 * self.stormy:
            self.loop.call_later(self.chance.uniform(0, 1), self.desk.life.end, "killed")
        if self.chance.random() < 0.06:
            self._by_hand()
        act = self.people.draw()
        if self.past and self.chance.random() < 0.12:
            act = self.chance.choice(self.past[-6:])
            self.note("the same again:")
        self.past.append(act)
        self._ask(act)
        await asyncio.sleep(self.chance.choice((0.0, 0.01, 0.2, 2.0, 5.0, 9.0)))
        await self._revive()
        self.watch.check()

    def _ask(self, act: Act) -> None:
        self.note(f"> {act.text}")
        self.working.append((act, self.desk.spawn(self._perform(act))))

    async def _perform(self, act: Act) -> None:
        try:
            await act.perform(self.desk)
        except IntentError as why:
            self.note(f"< {why}")

    def _by_hand(self) -> None:
        """Somebody does something in the venue's own app."""
        account = self.chance.choice(list(SYMBOLS))
        exchange, symbol = self.around.venues[account].exchange, self.chance.choice(SYMBOLS[account])
        ours = [deal for deal in exchange.deals if deal.is_open and deal.client]
        what = self.chance.choice(("trade", "deposit", "cancel", "rest"))
        self.note(f"by hand at {account.name}: {what}")
        if what == "cancel" and ours:
            deal = self.chance.choice(ours)
            exchange.cancel(deal.client)
        elif what == "trade":
            if exchange.buy_by_hand(symbol):
                self.hand.touched.add(account)
        elif what == "deposit":
            exchange.deposit("USDT", Decimal(self.chance.randint(1, 50)))
            self.hand.touched.add(account)
        elif what == "rest":
            exchange.rest_by_hand(symbol)

    # --- quiet points ------------------------------------------------------------------------

    async def _quiet(self) -> None:
        """Fair weather until nothing moves any more, then look at everything."""
        self.note("--- quiet")
        self._weather(0)
        await asyncio.sleep(SURE.total_seconds() + LONGEST_S)
        await self._revive()
        if self.working:
            await asyncio.wait([task for _, task in self.working], timeout=60)
        self.working.clear()
        # What was traded by hand may keep a kill from its end until a person has adopted it.
        await self._still(must=not self.hand.touched)
        await self._show_drifts()
        await self._still()
        await asyncio.sleep(1)
        self.watch.check()
        for problem in await invariants.at_rest(self.desk, self.hand):
            self.watch.broken(*problem)
        self.watch.check()

    async def _still(self, *, must: bool = True) -> None:
        """Wait until a whole round of reconciling and protecting changes nothing."""
        for _ in range(12 if must else 4):
            before = self.watch.moves
            for account in SYMBOLS:
                await self.desk.reconciler.reconcile(account, thorough=True)
            await self.desk.protection.check_all()
            await asyncio.sleep(STILL_S)
            self.watch.check()
            if self.watch.moves == before:
                return
        if must:
            self.watch.broken("the desk comes to rest", "after 12 rounds something still moves")

    async def _show_drifts(self) -> None:
        """What was done by hand shows as drifts; a person adopts or ignores each."""
        for problem in await invariants.drifts_shown(self.desk, self.hand):
            self.watch.broken(*problem)
        self.watch.check()
        for _ in range(5):
            open_ = self.desk.reconciler.open_drifts()
            for drift in open_:
                resolution = "adopted" if drift.kind in ("balance", "position") else "ignored"
                await self.desk.reconciler.resolve(drift, resolution, Origin("person:ana", "terminal"))
            for account in SYMBOLS:
                await self.desk.reconciler.reconcile(account, thorough=True)
            if not self.desk.reconciler.open_drifts():
                return
        self.watch.broken("an adopted drift is gone", str(self.desk.reconciler.open_drifts()))


async def _run(seed: int, parts: Parts, note: Callable[[str], None]) -> Result:
    world = World(seed, parts, note)
    try:
        await world.live()
    except TradingError as why:
        raise Broken(f"no part of the desk fails: {type(why).__name__}: {why}") from why
    return Result(seed, world.watch.last_seq, world.crashes, world.watch.digest.hexdigest()[:16])


def simulate(seed: int, parts: Parts | None = None, note: Callable[[str], None] = lambda text: None) -> Result:
    """Run one seed to its end.

    Raises:
        Broken: an invariant does not hold.
    """
    trap_floats()
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(_run(seed, parts or Parts(), note))
