"""The paper venue behind the executor port: live or simulated prices, pretended money, real bookkeeping.

Its books are its own, in a `VenueStore` apart from our journal, as a real venue's would be. One serialised section
matches, saves, then tells: what was told is saved, so a process killed at any instant finds the venue as consistent
as it would find Binance. What was saved but never consumed is found again through `fills` and `lookup`.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import datetime
from decimal import Decimal

import msgspec

from trading.clock import Clock
from trading.errors import ConfigError, JournalError, OutcomeUnknown, VenueRefused, VenueUnreachable
from trading.executors.paper.funds import Fees, Lending
from trading.executors.paper.ledger import NOTHING, Outcome
from trading.executors.paper.order import sentence
from trading.executors.paper.venue import PaperVenue
from trading.instruments import Instrument, Money, Settlement, Symbol
from trading.intent import OrderType, TimeInForce
from trading.order import Order
from trading.ports import Approved, Capabilities, Funds, Market, VenueStore
from trading.quotes import Quote
from trading.reports import Filled, Report, VenueOrder

RETRY_S = 1.0  # between attempts to save what a broken store refused
_SETTLEMENT = {"spot": Settlement.SPOT, "usdm": Settlement.LINEAR}


class PaperExecutor:
    """One paper account, kept in `store` under `name`; `funds` is what it starts with the first time.

    `latency_s` is how long a request takes to reach the venue; it meets the prices of its arrival. `products` are
    `spot` and `usdm` (linear); where the market lists only spot, a `usdm` account trades the same symbols as linear
    contracts. `fee_currency` and `lending` are those of `PaperVenue`; what is lent is asked for at each start.

    Raises:
        ConfigError: another product.
    """

    venue = "paper"

    def __init__(
        self,
        name: str,
        market: Market,
        store: VenueStore,
        clock: Clock,
        *,
        funds: Sequence[Money],
        fees: Fees | None = None,
        fee_currency: str = "quote",
        lending: Callable[[], Lending] = Lending,
        latency_s: float = 0.0,
        products: Sequence[str] = ("spot",),
    ) -> None:
        for product in products:
            if product not in _SETTLEMENT:
                raise ConfigError(f"{product!r} is not a product of the paper venue.", "Use spot or usdm.")
        self.capabilities = Capabilities(
            order_types=frozenset(OrderType),
            time_in_force=frozenset(TimeInForce),
            lists=True,
            iceberg=True,  # what the book shows of an order is nothing to a venue that only looks at prices
            shorting="usdm" in products,
            maker_fee=(fees or Fees()).maker,
            taker_fee=(fees or Fees()).taker,
            fee_in_received=fee_currency == "received",
        )
        self.problem = ""  # why nothing can be saved now, in one line
        self._name = name
        self._market = market
        self._store = store
        self._clock = clock
        self._funds = tuple(funds)
        self._fees = fees
        self._fee_currency = fee_currency
        self._lending = lending
        self._latency_s = latency_s
        self._products = tuple(products)
        self._offered: Mapping[Symbol, Instrument] = {}
        self._books: PaperVenue | None = None
        self._matcher: asyncio.Task[None] | None = None
        self._unsubscribe: Callable[[], None] = lambda: None
        self._lock = asyncio.Lock()  # match, save, tell: one after the other
        self._coming: dict[str, Order] = {}  # orders on their way to the venue, new or changed
        self._heard: deque[Quote] = deque()
        self._wake = asyncio.Event()
        self._unsaved: dict[str, str | None] = {}
        self._untold: list[Report] = []
        self._told: asyncio.Queue[Report | None] = asyncio.Queue()

    @property
    def instruments(self) -> Mapping[Symbol, Instrument]:
        return self._offered

    async def start(self) -> None:
        """Open the books, or found them with `funds`, and listen to the market (which must be started).

        Raises:
            JournalError: the books cannot be read or written.
        """
        self._offered = _offered(self._market.instruments, self._products)
        state = await self._store.load(self._name)
        try:
            books = PaperVenue(
                self._offered,
                self._funds,
                self._fees,
                fee_currency=self._fee_currency,
                lending=self._lending(),
                state=state,
            )
        except (msgspec.MsgspecError, KeyError, ValueError) as why:
            text = f"The paper account {self._name} cannot be read: {why}."
            raise JournalError(text, "Restore a backup with tiller db restore.") from why
        if not state:
            await self._store.save(self._name, books.snapshot())
        await self._commit(books.delist(self._clock.now()))
        self._books = books
        self._unsubscribe = self._market.subscribe(self._hear)
        for symbol in self._offered:
            if (quote := self._market.quote(symbol)) is not None:
                self._hear(quote)
        self._matcher = asyncio.create_task(self._match(books), name=f"paper {self._name}")

    async def stop(self) -> None:
        if self._matcher is None:
            return
        self._unsubscribe()
        self._matcher.cancel()
        with suppress(asyncio.CancelledError):
            await self._matcher
        async with self._lock:
            with suppress(JournalError):  # untold and unsaved: it never happened, as after a kill
                await self._commit(NOTHING)
        self._books = self._matcher = None
        for left in (self._heard, self._unsaved, self._untold):
            left.clear()
        self._told.put_nowait(None)
        self._told = asyncio.Queue()

    def found(self) -> Sequence[str]:
        return ()

    def describe(self, approved: Approved) -> str:
        return "paper: " + "; then ".join(sentence(order) for order in (approved.order, *approved.legs))

    def vet(self, order: Order, reference: Decimal | None) -> None:
        """A paper venue has no rules beside its instruments'."""

    def margin(self, order: Order) -> Funds | None:
        """What it takes, with its fee, when what is on its way has arrived; by the same sum the venue decides."""
        return self._books.margin(order, self._coming.values()) if self._books is not None else None

    async def place(self, approved: Approved) -> None:
        with self._on_its_way(approved.order):
            await self._request(lambda books: books.place(approved, self._clock.now()))

    async def cancel(self, order: Order) -> None:
        await self._request(lambda books: books.cancel(order.id, self._clock.now()))

    async def amend(
        self, order: Order, quantity: Decimal, limit_price: Decimal | None, stop_price: Decimal | None
    ) -> None:
        changed = msgspec.structs.replace(order, quantity=quantity, limit_price=limit_price, stop_price=stop_price)
        with self._on_its_way(changed):
            await self._request(
                lambda books: books.amend(order.id, quantity, limit_price, stop_price, self._clock.now()),
            )

    async def withdraw(self, order: VenueOrder) -> None:
        await self._request(lambda books: books.cancel(order.order_id, self._clock.now()))

    async def set_leverage(self, symbol: Symbol, leverage: int) -> None:
        raise VenueRefused("A paper account's leverage is set in its settings.", "Limit it: /limit max_leverage 3.")

    async def reports(self) -> AsyncIterator[Report]:
        told = self._told
        while (report := await told.get()) is not None:
            yield report

    async def lookup(self, order: Order) -> VenueOrder | None:
        async with self._caught_up() as books:
            return books.find(order.id)

    async def open_orders(self) -> Sequence[VenueOrder]:
        async with self._caught_up() as books:
            return books.open_orders()

    async def fills(self, since: datetime) -> Sequence[Filled]:
        async with self._caught_up() as books:
            return [trade for trade in books.trades if trade.at >= since]

    async def balances(self) -> Sequence[Money]:
        async with self._caught_up() as books:
            return books.balances()

    async def positions(self) -> Mapping[Symbol, Decimal]:
        async with self._caught_up() as books:
            return books.positions()

    # --- the serialised section --------------------------------------------------------------

    async def _request(self, apply: Callable[[PaperVenue], Outcome]) -> None:
        if self._latency_s:
            await asyncio.sleep(self._latency_s)
        async with self._caught_up() as books:
            try:
                await self._commit(apply(books))
            except JournalError as why:
                raise OutcomeUnknown("The paper venue could not save its books.", why.text) from why

    @contextmanager
    def _on_its_way(self, order: Order) -> Iterator[None]:
        self._coming[order.id] = order
        try:
            yield
        finally:
            self._coming.pop(order.id, None)

    @asynccontextmanager
    async def _caught_up(self) -> AsyncIterator[PaperVenue]:
        """The books, to ourselves, after every quote heard so far, and with nothing unsaved in them.

        Raises:
            VenueUnreachable: not running, or what happened before cannot be saved.
        """
        async with self._lock:
            if self._books is None or self._matcher is None or self._matcher.done():
                raise VenueUnreachable("The paper venue is not running.", "Start it first.")
            try:
                try:
                    await self._catch_up(self._books)
                except JournalError as why:
                    raise VenueUnreachable("The paper venue cannot save its books.", why.text) from why
                yield self._books
            finally:
                if self._unsaved or self._untold or self._heard:
                    self._wake.set()  # it failed or was interrupted: the matcher saves and tells the rest

    def _hear(self, quote: Quote) -> None:
        """Every quote of the market, in order. With nothing open it is a store of one reference."""
        if self._books is None:
            return
        if self._heard or self._books.watches(quote.symbol):
            self._heard.append(quote)
            self._wake.set()
        else:
            self._books.quotes[quote.symbol] = quote

    async def _match(self, books: PaperVenue) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                async with self._lock:
                    await self._catch_up(books)
                self.problem = ""
            except JournalError as why:
                self.problem = str(why)
                await asyncio.sleep(RETRY_S)
                self._wake.set()

    async def _catch_up(self, books: PaperVenue) -> None:
        await self._commit(NOTHING)
        while self._heard:
            await self._commit(books.on_quote(self._heard.popleft()))

    async def _commit(self, outcome: Outcome) -> None:
        """Save, then tell. What could not be saved is kept, untold, until a later commit can."""
        self._unsaved |= outcome.changes
        self._untold += outcome.reports
        if self._unsaved:
            await self._store.save(self._name, self._unsaved)
            self._unsaved = {}
        for report in self._untold:
            self._told.put_nowait(report)
        self._untold.clear()


def _offered(listed: Mapping[Symbol, Instrument], products: Sequence[str]) -> Mapping[Symbol, Instrument]:
    """What of the market's list this account trades; see `PaperExecutor`."""
    wanted = {_SETTLEMENT[product] for product in products}
    offered = {symbol: instrument for symbol, instrument in listed.items() if instrument.settlement in wanted}
    if offered or Settlement.LINEAR not in wanted:
        return offered
    return {s: msgspec.structs.replace(i, settlement=Settlement.LINEAR) for s, i in listed.items()}
