"""A venue behind a bad line: it refuses, times out before and after executing, and tells late, twice or never.

The exchange behind it outlives our crashes, and so do requests that were sent: they arrive whether or not
anybody still waits for the answer.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from tests.simulation.exchange import Exchange
from tests.simulation.power import Life
from trading.clock import Clock
from trading.errors import OutcomeUnknown, VenueError, VenueRefused, VenueUnreachable
from trading.instruments import Instrument, Money, Symbol
from trading.order import Order
from trading.ports import Approved, Capabilities
from trading.reports import CancelRefused, Filled, Reconnected, Rejected, Report, VenueOrder

LONGEST_S = 8.0  # how long a request may be on its way
SURE = timedelta(seconds=12)  # from when on an order not found has never arrived


@dataclass(frozen=True)
class Weather:
    """How often each thing goes wrong: probabilities a request, a report or (`cut`) a second."""

    refused: float = 0.0
    unreachable: float = 0.0
    lost: float = 0.0  # timed out, and it never arrives
    late: float = 0.0  # timed out, and it arrives before or after that
    told: float = 0.0  # a refusal comes as a report instead of an answer
    crash: float = 0.0  # our process dies while a request is on its way
    dropped: float = 0.0
    doubled: float = 0.0
    delayed: float = 0.0
    foreign: float = 0.0  # a report of an order that is not ours
    unanswered: float = 0.0  # questions: lookup, balances, fills, ...
    unsure: float = 0.0  # lookup does not find, for a while, what is there
    nudged: float = 0.0  # a resting order trades while its cancel is on its way
    cut: float = 0.0

    def scaled(self, factor: float) -> "Weather":
        return Weather(**{name: value * factor for name, value in vars(self).items()})


STORM = Weather(0.03, 0.05, 0.05, 0.1, 0.5, 0.01, 0.08, 0.1, 0.3, 0.03, 0.06, 0.2, 0.3, 0.01)
FAIR = Weather()


class FaultyVenue:
    """One account at one venue; survives the desk's crashes."""

    venue = "simulated"

    def __init__(self, name: str, exchange: Exchange, capabilities: Capabilities, clock: Clock, chance: Random) -> None:
        self.name = name
        self.exchange = exchange
        self.capabilities = capabilities
        self.clock = clock
        self.chance = chance
        self.weather = FAIR
        self.line: Line | None = None
        self.is_cut = False
        exchange.tell = self._tell

    def set(self, weather: Weather) -> None:
        self.weather = weather
        self.exchange.whole = weather == FAIR
        if weather == FAIR and self.is_cut:
            self.mend()

    def happens(self, probability: float) -> bool:
        return self.chance.random() < probability

    def cut(self) -> None:
        """The connection drops: reports are lost and requests cannot leave, until it is mended."""
        self.is_cut = True

    def mend(self) -> None:
        self.is_cut = False
        if self.line is not None:
            self.line.queue.put_nowait(Reconnected("the line was cut"))

    def _tell(self, report: Report) -> None:
        line = self.line
        if line is None or self.is_cut or self.happens(self.weather.dropped):
            return
        loop = asyncio.get_running_loop()
        for _ in range(2 if self.happens(self.weather.doubled) else 1):
            late = self.chance.uniform(0.5, 6) if self.happens(self.weather.delayed) else 0.01
            loop.call_later(late, line.queue.put_nowait, report)


class Line:
    """The executor of one run of the desk: what it asks of the venue, and what it hears."""

    def __init__(self, venue: FaultyVenue, life: Life, sent: Callable[[Sequence[Order]], None]) -> None:
        self.faulty = venue
        self.exchange = venue.exchange
        self.life = life
        self.sent = sent  # told of every order at the moment it leaves us
        self.queue: asyncio.Queue[Report] = asyncio.Queue()
        self.venue = venue.venue
        self.capabilities = venue.capabilities

    async def start(self) -> None:
        self.faulty.line = self

    async def stop(self) -> None:
        self.faulty.line = None

    @property
    def instruments(self) -> Mapping[Symbol, Instrument]:
        return self.exchange.instruments

    def vet(self, order: Order, reference: Decimal | None) -> None: ...

    def describe(self, approved: Approved) -> str:
        return f"simulated: {approved.order.side} {approved.order.quantity} {approved.order.symbol}"

    async def reports(self) -> AsyncIterator[Report]:
        while True:
            yield await self.queue.get()

    # --- requests: each is sent once and arrives once, never, or after we stopped waiting -----

    async def place(self, approved: Approved) -> None:
        orders = (approved.order, *approved.legs)
        self.life.check()
        self.sent(orders)
        try:
            await self._send(lambda: self.exchange.accept(orders))
        except VenueRefused as why:
            if not self.faulty.happens(self.faulty.weather.told):
                raise
            for order in orders:
                self.queue.put_nowait(Rejected(order.id, why.code, str(why)))

    async def cancel(self, order: Order) -> None:
        self.life.check()
        nudges = self.faulty.happens(self.faulty.weather.nudged)

        def arrive() -> None:
            if nudges:
                self.exchange.nudge(order.id)
            self.exchange.cancel(order.id)

        try:
            await self._send(arrive)
        except VenueRefused as why:
            if not self.faulty.happens(self.faulty.weather.told):
                raise
            self.queue.put_nowait(CancelRefused(order.id, str(why)))

    async def amend(
        self, order: Order, quantity: Decimal, limit_price: Decimal | None, stop_price: Decimal | None
    ) -> None:
        self.life.check()
        kept = self.exchange.find(order.id)
        same = kept is not None and (kept.limit, kept.stop) == (limit_price, stop_price)
        if not (self.capabilities.resizes(order) if same else self.capabilities.reprices(order)):
            raise VenueRefused("This venue does not change such an order.", code="UNSUPPORTED")
        await self._send(lambda: self.exchange.amend(order.id, quantity, limit_price, stop_price))

    async def _send(self, arrive: Callable[[], None]) -> None:
        """Carry one request: `arrive` happens at the exchange even if we are gone by then."""
        weather, happens, chance = self.faulty.weather, self.faulty.happens, self.faulty.chance
        if self.faulty.is_cut or happens(weather.unreachable):
            await asyncio.sleep(chance.uniform(0, 0.5))
            raise VenueUnreachable("The venue cannot be reached.")
        if happens(weather.refused):
            await asyncio.sleep(0.05)
            raise VenueRefused("The venue does not like it today.")
        if happens(weather.lost):
            await asyncio.sleep(chance.uniform(1, 6))
            raise OutcomeUnknown("No answer.")
        outcome: asyncio.Future[VenueError | None] = asyncio.get_running_loop().create_future()
        slow = happens(weather.late)
        self._on_its_way(arrive, outcome, chance.uniform(0.5, LONGEST_S) if slow else chance.uniform(0.005, 0.1))
        if happens(weather.crash):
            self.life.end("while a request was on its way")
        self.life.check()
        if slow:
            await asyncio.sleep(chance.uniform(0.5, LONGEST_S))
            raise OutcomeUnknown("No answer in time.")
        refusal = await outcome
        await asyncio.sleep(chance.uniform(0.0, 0.1))
        self.life.check()
        if refusal is not None:
            raise refusal

    def _on_its_way(
        self, arrive: Callable[[], None], outcome: "asyncio.Future[VenueError | None]", takes_s: float
    ) -> None:
        def land() -> None:
            refusal: VenueError | None = None
            try:
                arrive()
            except VenueRefused as why:
                refusal = why
            if not outcome.done():
                outcome.set_result(refusal)

        asyncio.get_running_loop().call_later(takes_s, land)

    # --- questions ---------------------------------------------------------------------------

    async def _ask(self) -> None:
        self.life.check()
        await asyncio.sleep(self.faulty.chance.uniform(0.005, 0.1))
        self.life.check()
        if self.faulty.is_cut or self.faulty.happens(self.faulty.weather.unanswered):
            raise VenueUnreachable("The venue does not answer.")

    async def lookup(self, order: Order) -> VenueOrder | None:
        await self._ask()
        deal = self.exchange.find(order.id)
        if deal is None and self.faulty.clock.now() - order.created_at < SURE:
            raise OutcomeUnknown("Not found, which is not sure yet.")
        if self.faulty.happens(self.faulty.weather.unsure):
            raise OutcomeUnknown("Not found, which is not sure yet.")
        return deal.shown() if deal else None

    async def open_orders(self) -> Sequence[VenueOrder]:
        await self._ask()
        shown = [deal.shown() for deal in self.exchange.deals if deal.is_open]
        await asyncio.sleep(self.faulty.chance.uniform(0, 0.1))  # the answer ages on its way
        return shown

    async def fills(self, since: datetime) -> Sequence[Filled]:
        await self._ask()
        return [trade.fill for trade in self.exchange.trades if trade.fill.at >= since]

    async def balances(self) -> Sequence[Money]:
        await self._ask()
        return self.exchange.balances()

    async def positions(self) -> Mapping[Symbol, Decimal]:
        await self._ask()
        return self.exchange.positions()
