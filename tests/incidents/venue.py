"""A paper venue that lives on while our process dies, and a line to it on which anything can go wrong.

What happens at the venue is the product's own matching engine; only the line lies.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import chain, repeat
from typing import TypeVar

from msgspec.structs import replace

from tests.kit import MemoryVenueStore
from tests.trading.executors.contract import FakeMarket, make_order
from trading.clock import Clock
from trading.errors import OutcomeUnknown, VenueError, VenueRefused, VenueUnreachable
from trading.executors.paper.executor import PaperExecutor
from trading.executors.paper.funds import Fees, Lending
from trading.instruments import ZERO, Instrument, Money, Side, Symbol
from trading.intent import OrderType
from trading.order import Order
from trading.ports import Approved, Capabilities, Executor
from trading.reports import Filled, Reconnected, Report, VenueOrder

T = TypeVar("T")
LATENCY_S = 0.05
EVER = 1_000_000


@dataclass(frozen=True)
class Fault:
    """What becomes of a request: whether it is carried out all the same, and what we are told instead of its answer."""

    told: VenueError
    arrives: bool = False
    after_s: float = 0.0


LOST = Fault(OutcomeUnknown("No answer."), after_s=10)
"""It timed out, and never arrived."""
DONE_UNHEARD = Fault(OutcomeUnknown("No answer."), arrives=True, after_s=10)
"""It timed out, and was carried out all the same."""
UNREACHABLE = Fault(VenueUnreachable("The venue cannot be reached."))
"""It never left."""
UNSURE = Fault(OutcomeUnknown("Order does not exist."))
"""The venue does not find it, which may change."""


def refused(code: str, text: str = "The venue says no.") -> Fault:
    """It was looked at and turned down."""
    return Fault(VenueRefused(text, code=code))


class Faults:
    """What goes wrong with the next requests of each kind (place, cancel, amend, lookup, open_orders, fills, ...)."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.hides_trades = False  # the venue's list of trades lags behind
        self.forgets_orders = False  # the venue is sure that it has none of our orders
        self._next: dict[str, Iterator[Fault | None]] = {}

    def set(self, what: str, fault: Fault, times: int = 1, *, after: int = 0) -> None:
        """The next `times` requests of this kind go wrong, once `after` of them have not."""
        self._next[what] = chain(repeat(None, after), repeat(fault, times))

    def clear(self) -> None:
        """Fair weather."""
        self.hides_trades = self.forgets_orders = False
        self._next.clear()

    async def carry(self, what: str, request: Callable[[], Awaitable[T]]) -> T:
        """Carry one request to the venue and its answer back, or not."""
        self.asked[what] += 1
        fault = next(self._next.get(what, iter(())), None)
        await asyncio.sleep(LATENCY_S)
        if fault is None:
            return await request()
        if fault.arrives:
            await request()
        await asyncio.sleep(fault.after_s)
        raise fault.told


class Line:
    """The executor of one run of our process."""

    venue = "paper"
    problem = ""

    def __init__(self, inner: Executor, faults: Faults, capabilities: Capabilities | None = None) -> None:
        self.inner = inner
        self.faults = faults
        self.capabilities = capabilities or inner.capabilities
        self.heard: asyncio.Queue[Report] = asyncio.Queue()

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    @property
    def instruments(self) -> Mapping[Symbol, Instrument]:
        return self.inner.instruments

    def found(self) -> Sequence[str]:
        return self.inner.found()

    def vet(self, order: Order, reference: Decimal | None) -> None: ...

    def describe(self, approved: Approved) -> str:
        return self.inner.describe(approved)

    async def place(self, approved: Approved) -> None:
        await self.faults.carry("place", lambda: self.inner.place(approved))

    async def cancel(self, order: Order) -> None:
        await self.faults.carry("cancel", lambda: self.inner.cancel(order))

    async def amend(
        self, order: Order, quantity: Decimal, limit_price: Decimal | None, stop_price: Decimal | None
    ) -> None:
        await self.faults.carry("amend", lambda: self.inner.amend(order, quantity, limit_price, stop_price))

    async def withdraw(self, order: VenueOrder) -> None:
        await self.faults.carry("withdraw", lambda: self.inner.withdraw(order))

    async def set_leverage(self, symbol: Symbol, leverage: int) -> None:
        await self.inner.set_leverage(symbol, leverage)

    async def reports(self) -> AsyncIterator[Report]:
        while True:
            yield await self.heard.get()

    async def lookup(self, order: Order) -> VenueOrder | None:
        found = await self.faults.carry("lookup", lambda: self.inner.lookup(order))
        return None if self.faults.forgets_orders else found

    async def open_orders(self) -> Sequence[VenueOrder]:
        found = await self.faults.carry("open_orders", self.inner.open_orders)
        return [] if self.faults.forgets_orders else found

    async def fills(self, since: datetime) -> Sequence[Filled]:
        found = await self.faults.carry("fills", lambda: self.inner.fills(since))
        return [] if self.faults.hides_trades else found

    async def balances(self) -> Sequence[Money]:
        return await self.faults.carry("balances", self.inner.balances)

    async def positions(self) -> Mapping[Symbol, Decimal]:
        return await self.faults.carry("positions", self.inner.positions)


REQUESTS = ("place", "cancel", "amend", "lookup", "open_orders", "fills", "balances", "positions")


def everything(report: Report) -> Iterable[Report]:
    """A stream that works."""
    return (report,)


def nothing(report: Report) -> Iterable[Report]:
    """A stream that is silent, and looks alive."""
    return ()


def twice(report: Report) -> Iterable[Report]:
    """A stream that says everything twice."""
    return (report, report)


class Venue:
    """One account at a venue, and what can be seen there; it outlives our process.

    `lists` is whether it holds OCO pairs and brackets itself, or leaves them to us.
    """

    def __init__(
        self,
        clock: Clock,
        market: FakeMarket,
        funds: Sequence[Money],
        *,
        lists: bool = True,
        fee_currency: str = "quote",
        product: str = "spot",
        lending: Lending = Lending(Decimal(5)),  # noqa: B008
    ) -> None:
        self.market = market
        self.executor = PaperExecutor(
            "demo",
            market,
            MemoryVenueStore(),
            clock,
            funds=funds,
            fees=Fees(Decimal("0.001"), Decimal("0.001")),
            fee_currency=fee_currency,
            products=(product,),
            lending=lambda: lending,
        )
        self.capabilities = replace(self.executor.capabilities, lists=lists)
        self.faults = Faults()
        self.deliver: Callable[[Report], Iterable[Report]] = everything
        self.line: Line | None = None
        self._by_hand = 0
        self._pump: asyncio.Task[None] | None = None

    async def open(self) -> None:
        await self.executor.start()
        self._pump = asyncio.create_task(self._tell())

    async def close(self) -> None:
        if self._pump is not None:
            self._pump.cancel()
        await self.executor.stop()

    async def _tell(self) -> None:
        async for report in self.executor.reports():
            for each in self.deliver(report):
                if self.line is not None:
                    self.line.heard.put_nowait(each)

    def connect(self) -> Line:
        """A new process of ours connects; what was told before is gone."""
        self.line = Line(self.executor, self.faults, self.capabilities)
        return self.line

    def cut(self) -> None:
        """The network is gone: nothing is heard, and nothing leaves."""
        self.deliver = nothing
        for what in REQUESTS:
            self.faults.set(what, UNREACHABLE, EVER)

    def mend(self) -> None:
        """It is back, and the stream says so."""
        self.deliver = everything
        self.faults.clear()
        assert self.line is not None
        self.line.heard.put_nowait(Reconnected("the line was cut"))

    # --- what others do there ----------------------------------------------------------------

    async def by_hand(self, symbol: Symbol, side: Side, quantity: str, limit: str | None = None) -> Order:
        """Somebody places an order in the venue's own app."""
        self._by_hand += 1
        kind = OrderType.LIMIT if limit else OrderType.MARKET
        order = make_order(f"hand{self._by_hand}", side, quantity, kind, symbol=symbol, limit_price=limit)
        await self.executor.place(Approved(order, ()))
        return order

    async def cancel_by_hand(self, order: Order) -> None:
        await self.executor.cancel(order)

    # --- what is to be seen there ------------------------------------------------------------

    async def open_orders(self) -> Sequence[VenueOrder]:
        return await self.executor.open_orders()

    async def trades(self, order: Order | None = None) -> Sequence[Filled]:
        """Every trade, or those of one order."""
        start = datetime.fromisoformat("2000-01-01T00:00:00+00:00")
        return [trade for trade in await self.executor.fills(start) if order is None or trade.order_id == order.id]

    async def held(self, currency: str) -> Decimal:
        return next((money.amount for money in await self.executor.balances() if money.currency == currency), ZERO)

    @property
    def sent(self) -> int:
        """How many orders (or lists of them) have left us."""
        return self.faults.asked["place"]
