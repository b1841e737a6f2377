"""What the contract suite needs of a venue: a `Stage`. A new executor joins by one more entry in `STAGES`."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal
from typing import Protocol

from tests.kit import START, HandClock, HandMarket
from trading.errors import VenueRefused
from trading.executors.paper.executor import MemoryVenueStore, PaperExecutor
from trading.executors.paper.funds import Fees
from trading.instruments import Instrument, Money, Settlement, Side, Symbol
from trading.intent import Mode, OrderType, TimeInForce
from trading.order import Order, OrderStatus
from trading.ports import Approved, Executor, Rejected, Report
from trading.quotes import Level, Quote

SYMBOL = Symbol("BTC/USDT")
INSTRUMENT = Instrument(
    symbol=SYMBOL,
    base="BTC",
    quote="USDT",
    tick=Decimal("0.01"),
    step=Decimal("0.001"),
    min_quantity=Decimal("0.001"),
    max_quantity=Decimal(1000),
    min_notional=Decimal(5),
)


def levels(text: str) -> tuple[Level, ...]:
    """`100x1 101x2.5`: price x quantity, best first."""
    pairs = (word.split("x") for word in text.split())
    return tuple(Level(Decimal(price), Decimal(quantity)) for price, quantity in pairs)


class FakeMarket(HandMarket):
    """A hand-driven market with depth."""

    def set_quote(self, quote: Quote) -> None:
        self._quotes[quote.symbol] = quote
        for listener in tuple(self._listeners):
            listener(quote)

    def book(self, bids: str, asks: str, symbol: Symbol = SYMBOL) -> Quote:
        """Show this depth from now on, a second later than what was shown before."""
        self.clock.move(1)
        quote = quote_of(bids, asks, symbol, self.clock)
        self.set_quote(quote)
        return quote


def quote_of(bids: str, asks: str, symbol: Symbol = SYMBOL, clock: HandClock | None = None) -> Quote:
    shown, offered = levels(bids), levels(asks)
    last = shown[0].price if shown else offered[0].price
    return Quote(symbol, shown, offered, last, clock.now() if clock else START)


def make_order(order_id: str, side: Side, quantity: str, type: OrderType = OrderType.MARKET, **more: object) -> Order:
    """An order as the desk submits it; prices may be written as text."""
    for name in ("limit_price", "stop_price"):
        if isinstance(more.get(name), str):
            more[name] = Decimal(str(more[name]))
    fields: dict[str, object] = {
        "id": order_id,
        "key": f"test:{order_id}",
        "account": "demo",
        "mode": Mode.PAPER,
        "symbol": SYMBOL,
        "side": side,
        "type": type,
        "time_in_force": TimeInForce.GTC,
        "quantity": Decimal(quantity),
        "status": OrderStatus.SUBMITTED,
        "actor": "ana",
        "source": "terminal",
        "text": "",
        "created_at": START,
        "updated_at": START,
    }
    return Order(**{**fields, **more})  # type: ignore[arg-type]


class Stage(Protocol):
    """One account at one venue: 10,000 of quote currency, and on spot 10 of base; prices around 100."""

    @property
    def executor(self) -> Executor: ...

    @property
    def symbol(self) -> Symbol: ...

    async def show(self, bids: str, asks: str) -> None:
        """Make the market show this depth, and nothing else."""
        ...

    async def settle(self) -> None:
        """Return when all that was shown and asked so far has been dealt with and told."""
        ...

    async def restart(self) -> None:
        """Our process dies and comes back to the same account; `executor` is a new one."""
        ...


class PaperStage:
    def __init__(self, settlement: Settlement) -> None:
        spot = settlement is Settlement.SPOT
        self.symbol = SYMBOL
        self.clock = HandClock()
        self.market = FakeMarket(self.clock, INSTRUMENT)
        self.store = MemoryVenueStore()
        self._products = ("spot",) if spot else ("usdm",)
        self._funds = (Money(Decimal(10000), "USDT"), *((Money(Decimal(10), "BTC"),) if spot else ()))
        self.executor = self._make()

    def _make(self) -> PaperExecutor:
        return PaperExecutor(
            "demo",
            self.market,
            self.store,
            self.clock,
            funds=self._funds,
            fees=Fees(Decimal("0.001"), Decimal("0.002")),
            leverage=Decimal(2),
            products=self._products,
        )

    async def show(self, bids: str, asks: str) -> None:
        self.market.book(bids, asks)

    async def settle(self) -> None:
        await self.executor.open_orders()  # is answered after all that was heard before
        for _ in range(3):
            await asyncio.sleep(0)

    async def restart(self) -> None:
        await self.executor.stop()
        self.executor = self._make()
        await self.executor.start()


@asynccontextmanager
async def paper_stage(settlement: Settlement) -> AsyncIterator[Stage]:
    stage = PaperStage(settlement)
    await stage.executor.start()
    try:
        yield stage
    finally:
        await stage.executor.stop()


STAGES: dict[str, Callable[[], AbstractAsyncContextManager[Stage]]] = {
    "paper spot": lambda: paper_stage(Settlement.SPOT),
    "paper linear": lambda: paper_stage(Settlement.LINEAR),
}


class Desk:
    """Our side of the port: sends orders, and writes down every report in the order it comes."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.reports: list[Report] = []
        self._number = 0
        self._consumer = asyncio.create_task(self._consume())

    async def _consume(self) -> None:
        async for report in self.stage.executor.reports():
            self.reports.append(report)

    async def close(self) -> None:
        self._consumer.cancel()
        await asyncio.gather(self._consumer, return_exceptions=True)

    async def restart(self) -> None:
        await self.close()
        await self.stage.restart()
        self._consumer = asyncio.create_task(self._consume())

    def draft(self, side: Side, quantity: str, type: OrderType = OrderType.MARKET, **more: object) -> Order:
        self._number += 1
        return make_order(f"contract{self._number}", side, quantity, type, symbol=self.stage.symbol, **more)

    async def send(self, order: Order, *legs: Order) -> Order:
        """Place it. A venue may refuse by raising or by a report: both are written down as `Rejected`."""
        try:
            await self.stage.executor.place(Approved(order, (), legs))
        except VenueRefused as why:
            self.reports.append(Rejected(order.id, why.code, why.text))
        await self.stage.settle()
        return order

    async def place(self, side: Side, quantity: str, type: OrderType = OrderType.MARKET, **more: object) -> Order:
        return await self.send(self.draft(side, quantity, type, **more))

    async def cancel(self, order: Order) -> None:
        await self.stage.executor.cancel(order)
        await self.stage.settle()

    async def amend(self, order: Order, quantity: str, limit: str | None = None, stop: str | None = None) -> None:
        prices = (Decimal(text) if text else None for text in (limit, stop))
        await self.stage.executor.amend(order, Decimal(quantity), *prices)
        await self.stage.settle()

    async def show(self, bids: str, asks: str) -> None:
        await self.stage.show(bids, asks)
        await self.stage.settle()

    def told(self, order: Order, kind: type[Report] | None = None) -> list[Report]:
        """The reports about an order, in their order."""
        return [r for r in self.reports if getattr(r, "order_id", "") == order.id and (kind is None or type(r) is kind)]

    def kinds(self, order: Order) -> list[str]:
        return [type(report).__name__ for report in self.told(order)]

    async def status(self, order: Order) -> str:
        """As the venue has it; `unknown` if it never had it."""
        found = await self.stage.executor.lookup(order)
        return found.status if found else "unknown"

    async def held(self) -> Decimal:
        """Units of base held, or the signed position."""
        positions = await self.stage.executor.positions()
        if self.stage.symbol in positions:
            return positions[self.stage.symbol]
        base = self.stage.executor.instruments[self.stage.symbol].base
        return sum((m.amount for m in await self.stage.executor.balances() if m.currency == base), Decimal(0))
