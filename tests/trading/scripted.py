"""A small desk on a clock moved by hand, at a venue that says what it is told to say."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.kit import BTC, ETH, START, HandClock, HandMarket, MemoryJournal
from tests.trading.risk.desk import PERP, off
from trading import events as e
from trading.book import Book
from trading.drafting import Drafting
from trading.errors import VenueError
from trading.instruments import ZERO, Instrument, Money, Side, Symbol
from trading.intent import AccountId, Intent, Mode, OrderType, Origin, Size, TimeInForce
from trading.kill import Killer
from trading.oms import Oms
from trading.order import Order, OrderStatus
from trading.ports import Approved, Capabilities
from trading.protection import Protection
from trading.reconcile import Reconciler
from trading.reports import Accepted, Canceled, Filled, Report, VenueOrder
from trading.risk.gate import RiskGate
from trading.valuation import Valuation

D = Decimal
DEMO = AccountId("demo", Mode.PAPER)
ANA = Origin("person:ana", "terminal", "as typed")


def make_order(**fields: Any) -> Order:
    """A market order to buy 1 BTC, as it was sent, but for these fields."""
    usual: dict[str, Any] = {
        "id": "one", "key": "chat:1", "account": "demo", "mode": Mode.PAPER, "symbol": BTC.symbol, "side": Side.BUY,
        "type": OrderType.MARKET, "time_in_force": TimeInForce.GTC, "quantity": D(1), "actor": "person:ana",
        "status": OrderStatus.SUBMITTED, "source": "terminal", "text": "", "created_at": START, "updated_at": START,
    }  # fmt: skip
    return Order(**{**usual, **fields})


class ScriptedVenue:
    """Keeps what it was asked; `errors` are raised by the next requests of a kind, `shown` is what it answers."""

    venue = "scripted"

    def __init__(self, clock: HandClock, capabilities: Capabilities, instruments: Sequence[Instrument]) -> None:
        self.clock = clock
        self.capabilities = capabilities
        self.listed = {instrument.symbol: instrument for instrument in instruments}
        self.errors: dict[str, list[VenueError | None]] = defaultdict(list)
        self.placed: list[Approved] = []
        self.cancelled: list[str] = []
        self.amended: list[tuple[str, Decimal, Decimal | None, Decimal | None]] = []
        self.shown: dict[str, VenueOrder] = {}
        self.strangers: list[VenueOrder] = []
        self.trades: list[Filled] = []
        self.money = {"USDT": D(100000)}
        self.held: dict[Symbol, Decimal] = {}
        self.answers = asyncio.Event()  # cleared, `place` waits for it
        self.answers.set()
        self._arrived = asyncio.Condition()

    async def until_placed(self, count: int) -> None:
        """Wait until so many requests to place something have arrived."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.placed) >= count)

    def _next(self, what: str) -> None:
        if self.errors[what] and (error := self.errors[what].pop(0)) is not None:
            raise error

    @property
    def sent(self) -> list[Order]:
        """Every order that was sent, legs included, in order."""
        return [order for approved in self.placed for order in (approved.order, *approved.legs)]

    @property
    def instruments(self) -> Mapping[Symbol, Instrument]:
        return self.listed

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def vet(self, order: Order, reference: Decimal | None) -> None: ...

    def describe(self, approved: Approved) -> str:
        return ""

    async def place(self, approved: Approved) -> None:
        self.placed.append(approved)
        async with self._arrived:
            self._arrived.notify_all()
        await self.answers.wait()
        self._next("place")

    async def cancel(self, order: Order) -> None:
        self.cancelled.append(order.id)
        self._next("cancel")

    async def amend(
        self, order: Order, quantity: Decimal, limit_price: Decimal | None, stop_price: Decimal | None
    ) -> None:
        self.amended.append((order.id, quantity, limit_price, stop_price))
        self._next("amend")

    async def reports(self) -> AsyncIterator[Report]:
        return
        yield

    async def lookup(self, order: Order) -> VenueOrder | None:
        self._next("lookup")
        return self.shown.get(order.id)

    async def open_orders(self) -> Sequence[VenueOrder]:
        self._next("open_orders")
        return [*(shown for shown in self.shown.values() if shown.status == "open"), *self.strangers]

    async def fills(self, since: datetime) -> Sequence[Filled]:
        self._next("fills")
        return [trade for trade in self.trades if trade.at >= since]

    async def balances(self) -> Sequence[Money]:
        return [Money(amount, currency) for currency, amount in self.money.items()]

    async def positions(self) -> Mapping[Symbol, Decimal]:
        return self.held


class Desk:
    """The real parts; BTC at 59,999 / 60,000 on spot (with lists) or as a contract (without)."""

    def __init__(self, *, linear: bool = True, amend: bool = True, journal: MemoryJournal | None = None) -> None:
        self.clock = HandClock()
        self.journal = journal or MemoryJournal()
        self.symbol = PERP.symbol if linear else BTC.symbol
        capabilities = Capabilities(
            frozenset(OrderType),
            frozenset(TimeInForce),
            amend_types=frozenset(OrderType) if amend else frozenset(),
            lists=not linear,
            shorting=linear,
        )
        self.market = HandMarket(self.clock, BTC, ETH, PERP)
        self.show("59999", "60000")
        self.venue = ScriptedVenue(self.clock, capabilities, [PERP] if linear else [BTC, ETH])
        self._wire()

    def _wire(self) -> None:
        self.book = Book(self.journal, self.clock)
        self.valuation = Valuation(self.book, {"demo": self.market}, "USDT")
        self.gate = RiskGate(self.book, self.valuation, off(), {}, "UTC", lambda account: self.venue.capabilities)
        executors = {DEMO: self.venue}
        self.oms = Oms(self.book, self.gate, Drafting(self.book, self.valuation, executors), executors)
        self.protection = Protection(self.oms)
        self.reconciler = Reconciler(self.oms)
        self.killer = Killer(self.oms, self.protection)

    async def start(self) -> "Desk":
        await self.book.open()
        await self.reconciler.reconcile(DEMO, thorough=True)
        await self.protection.check_all()
        return self

    async def restart(self) -> "Desk":
        """The process is gone; the next one starts on what it wrote."""
        self.clock.move(1)
        self._wire()
        return await self.start()

    # --- hands -------------------------------------------------------------------------------

    def show(self, bid: str, ask: str) -> None:
        for symbol in (BTC.symbol, PERP.symbol):
            self.market.show(symbol, bid, ask, "100")

    def intent(self, side: Side, size: str, **fields: Any) -> Intent:
        key = fields.pop("key", f"chat:{len(self.journal.entries)}")
        return Intent(key, DEMO, self.symbol, side, Size(D(size)), ANA, **fields)

    async def submit(self, side: Side, size: str, **fields: Any) -> Order:
        return await self.oms.submit(self.intent(side, size, **fields))

    async def accept(self, order: Order) -> Order:
        """The venue takes it, and shows it as open."""
        await self.oms.on_report(DEMO, Accepted(order.id, f"V-{order.id}"))
        self.venue.shown[order.id] = self.venue_order(order, "open")
        return self.now(order)

    def venue_order(self, order: Order, status: str, **fields: Any) -> VenueOrder:
        values = {"limit_price": order.limit_price, "stop_price": order.stop_price, "filled_quantity": ZERO}
        quantity = fields.pop("quantity", order.quantity)
        shown = {**values, **fields}
        return VenueOrder(f"V-{order.id}", order.id, order.symbol, status, quantity, **shown)

    def trade(self, order: Order, quantity: str, price: str, fee: str = "0") -> Filled:
        """Something is traded at the venue, and not told yet."""
        number = f"T{len(self.venue.trades) + 1}"
        fill = Filled(order.id, number, D(quantity), D(price), Money(D(fee), "USDT"), self.clock.now())
        self.venue.trades.append(fill)
        return fill

    async def fill(self, order: Order, quantity: str, price: str, fee: str = "0") -> Order:
        """Something is traded, told, and the protection has looked at it."""
        self.clock.move(1)
        await self.oms.on_report(DEMO, self.trade(order, quantity, price, fee))
        await self.protection.check(order.id)
        return self.now(order)

    async def entry(self, side: Side, size: str, **fields: Any) -> Order:
        """A market order, accepted and done at 60,000."""
        order = await self.accept(await self.submit(side, size, **fields))
        return await self.fill(order, size, "60000")

    async def end(self, order: Order, reason: str = "") -> Order:
        """The venue has cancelled it, and the protection has looked at it."""
        await self.oms.on_report(DEMO, Canceled(order.id, reason))
        self.venue.shown.pop(order.id, None)
        await self.protection.check(order.id)
        return self.now(order)

    # --- eyes --------------------------------------------------------------------------------

    def now(self, order: Order) -> Order:
        known = self.book.order(order.id)
        assert known is not None
        return known

    def told(self, kind: type[e.Event]) -> list[Any]:
        """Every event of a kind, oldest first."""
        return [entry.event for entry in self.journal.entries if isinstance(entry.event, kind)]

    @property
    def position(self) -> Decimal:
        position = self.book.position(DEMO, self.symbol)
        return position.quantity if position else ZERO

    def working(self) -> list[Order]:
        """Open protective orders, oldest first."""
        return self.protection.legs(DEMO, self.symbol)
