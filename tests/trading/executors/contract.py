"""What the contract suite needs of a venue: a `Stage`. Those there are stand in `stages.py`."""

import asyncio
from decimal import Decimal
from typing import NamedTuple, Protocol

import pytest
from msgspec.structs import replace

from tests.kit import START, HandClock, HandMarket
from trading.errors import OutcomeUnknown, VenueError, VenueRefused
from trading.ids import order_id
from trading.instruments import Instrument, Side, Symbol
from trading.intent import Mode, OrderType, TimeInForce
from trading.order import Order, OrderStatus
from trading.ports import Approved, Executor
from trading.quotes import Level, Quote
from trading.reports import Accepted, Amended, Canceled, CancelRefused, Expired, Filled, Rejected, Report, VenueOrder

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


def make_order(name: str, side: Side, quantity: str, type: OrderType = OrderType.MARKET, **more: object) -> Order:
    """An order as the desk submits it; prices may be written as text."""
    for price in ("limit_price", "stop_price"):
        if isinstance(more.get(price), str):
            more[price] = Decimal(str(more[price]))
    fields: dict[str, object] = {
        "id": name,
        "key": f"test:{name}",
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


class Habits(NamedTuple):
    """In what venues differ, each within the port."""

    tells_twice: bool = False  # the answer to a request tells what the stream tells too
    lookups: int = 1  # how often it is asked until it is sure of an order that it never had
    market_waits: bool = True  # what a market order does not get at once waits for the next quote; or it expires
    trails_in_money: bool = True  # a distance in money stays one; or it becomes a share of the price of then
    unfillable: type[Report] = Expired  # what becomes of a FOK order that cannot be filled at once
    paired: type[Report] = Canceled  # how an order of a pair ends when the other one goes ahead
    paired_reason: str = "OCO"
    double: type[VenueError] = VenueRefused  # what is said of an id that is open already
    is_deep: bool = True  # an order takes one level of the book after the other; or there is one price
    crosses: bool = True  # a limit order beyond the market takes what is there; or it is refused
    improves: bool = False  # a waiting limit order is filled at the price shown, where that is better
    checks_funds: bool = True  # a waiting order needs its money at once; or only when it is done


class Stage(Protocol):
    """One account at one venue: 10,000 of quote currency, and on spot 10 of base; prices around 100."""

    habits: Habits

    @property
    def executor(self) -> Executor: ...

    @property
    def symbol(self) -> Symbol: ...

    async def show(self, bids: str, asks: str, last: Side) -> None:
        """Make the market show this depth, and nothing else; `last` traded with the first of it: BUY at the ask."""
        ...

    async def settle(self, heard: list[Report]) -> None:
        """Return when all that was shown and asked so far has been dealt with, told, and is in `heard`."""
        ...

    async def wait(self, seconds: float) -> None:
        """Let time go by."""
        ...

    async def restart(self) -> None:
        """Our process dies and comes back to the same account; `executor` is a new one."""
        ...


class Desk:
    """Our side of the port: sends orders, and writes down every report in the order it comes."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.reports: list[Report] = []
        self._number = 0
        self._consumer = asyncio.create_task(self._consume())

    async def _consume(self) -> None:
        async for report in self.stage.executor.reports():
            self._note(report)

    def _note(self, report: Report) -> None:
        """Write it down. What is told twice is one piece of news where the venue does so, as it is to the desk."""
        if not (self.stage.habits.tells_twice and any(_is_same(report, each) for each in self.reports)):
            self.reports.append(report)

    async def close(self) -> None:
        self._consumer.cancel()
        await asyncio.gather(self._consumer, return_exceptions=True)

    async def settle(self) -> None:
        await self.stage.settle(self.reports)

    async def restart(self) -> None:
        await self.close()
        await self.stage.restart()
        self._consumer = asyncio.create_task(self._consume())

    def draft(self, side: Side, quantity: str, type: OrderType = OrderType.MARKET, **more: object) -> Order:
        self._number += 1
        name = order_id(f"contract {self._number}")
        return make_order(name, side, quantity, type, symbol=self.stage.symbol, **more)

    def now(self, order: Order) -> Order:
        """The order with what the venue calls it by now."""
        told = [r.venue_order_id for r in self.told(order) if isinstance(r, Accepted | Amended) and r.venue_order_id]
        return replace(order, venue_order_id=told[-1]) if told else order

    async def send(self, order: Order, *legs: Order) -> Order:
        """Place it. A venue may refuse by raising or by a report: both are written down as `Rejected`."""
        try:
            await self.stage.executor.place(Approved(order, (), legs))
        except VenueRefused as why:
            self._note(Rejected(order.id, why.code, why.text))
        await self.settle()
        return order

    async def place(self, side: Side, quantity: str, type: OrderType = OrderType.MARKET, **more: object) -> Order:
        return await self.send(self.draft(side, quantity, type, **more))

    async def cancel(self, order: Order) -> None:
        """Ask for a cancel. A venue may refuse by raising or by a report: both are written down as `CancelRefused`."""
        try:
            await self.stage.executor.cancel(self.now(order))
        except VenueRefused as why:
            self._note(CancelRefused(order.id, why.text))
        await self.settle()

    async def amend(self, order: Order, quantity: str, limit: str | None = None, stop: str | None = None) -> None:
        prices = (Decimal(text) if text else None for text in (limit, stop))
        await self.stage.executor.amend(self.now(order), Decimal(quantity), *prices)
        await self.settle()

    async def show(self, bids: str, asks: str, last: Side = Side.SELL) -> None:
        await self.stage.show(bids, asks, last)
        await self.settle()

    async def lookup(self, order: Order) -> VenueOrder | None:
        """The order as the venue has it, once it is sure."""
        for _ in range(self.stage.habits.lookups - 1):
            try:
                return await self.stage.executor.lookup(self.now(order))
            except OutcomeUnknown:
                await self.stage.wait(25)
        return await self.stage.executor.lookup(self.now(order))

    def told(self, order: Order, kind: type[Report] | None = None) -> list[Report]:
        """The reports about an order, in their order."""
        return [r for r in self.reports if getattr(r, "order_id", "") == order.id and (kind is None or type(r) is kind)]

    def kinds(self, order: Order) -> list[str]:
        return [type(report).__name__ for report in self.told(order)]

    async def status(self, order: Order) -> str:
        """As the venue has it; `unknown` if it never had it."""
        found = await self.lookup(order)
        return found.status if found else "unknown"

    async def held(self) -> Decimal:
        """Units of base held, or the signed position."""
        positions = await self.stage.executor.positions()
        if self.stage.symbol in positions:
            return positions[self.stage.symbol]
        return sum((m.amount for m in await self.stage.executor.balances() if m.currency == self.base), Decimal(0))

    @property
    def base(self) -> str:
        return self.stage.executor.instruments[self.stage.symbol].base


def _is_same(report: Report, before: Report) -> bool:
    """The same news: an order is accepted once, whatever the venue calls it from then on."""
    if isinstance(report, Accepted) and isinstance(before, Accepted):
        return report.order_id == before.order_id
    return report == before


def needs(desk: Desk, *wanted: OrderType | TimeInForce | str) -> None:
    """Skip the test where the venue disclaims one of these."""
    can = desk.stage.executor.capabilities
    for word in wanted:
        if isinstance(word, OrderType):
            able = word in can.order_types
        elif isinstance(word, TimeInForce):
            able = word in can.time_in_force
        elif word == "amend":
            able = OrderType.LIMIT in can.amend_types
        elif word in Habits._fields:
            able = getattr(desk.stage.habits, word)
        else:
            able = getattr(can, word)
        if not able:
            pytest.skip(f"this venue has no {word}")


def fills(desk: Desk, order: Order) -> list[tuple[Decimal, Decimal]]:
    """Quantity and price of what was told of an order's fills."""
    return [(fill.quantity, fill.price) for fill in desk.told(order) if isinstance(fill, Filled)]
