"""A MetaTrader 5 account behind the executor port.

Quantities are lots. What is sent is sent once; what became of it is found by looking, twice a second and after each
request. On a hedging account an order first closes our own positions of the other side; stops and targets are levels
of the broker's positions on every account. The desk has one net position a symbol either way.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from trading.errors import OutcomeUnknown, VenueError, VenueRefused
from trading.executors.mt5 import requests, words
from trading.executors.mt5.hearing import Hearing
from trading.executors.mt5.history import History
from trading.executors.mt5.lookups import Doubts, Lookups
from trading.executors.mt5.margin import margin_of
from trading.executors.mt5.marks import BY_THE_BROKER, Whose, part_of
from trading.executors.mt5.orders import Orders
from trading.executors.mt5.protecting import Protecting
from trading.executors.mt5.rules import Shown, check_entry, check_kind
from trading.executors.mt5.sending import Sender, reading
from trading.executors.mt5.sessions import check_open
from trading.executors.mt5.tracks import Books
from trading.executors.mt5.wire import Found, prices_of, sentence
from trading.instruments import ZERO, Instrument, Money, Symbol
from trading.intent import OrderType, TimeInForce
from trading.mt5.link import Link
from trading.mt5.listing import SymbolRules
from trading.mt5.terminal import Terminal, exact
from trading.order import Order
from trading.ports import Approved, Capabilities, Funds
from trading.reports import Filled, Paid, Reconnected, Report, VenueOrder

LOOK_S = 0.5
CAPABILITIES = Capabilities(
    order_types=frozenset(OrderType) - {OrderType.TAKE_PROFIT},
    time_in_force=frozenset(TimeInForce),
    post_only=False,
    amend_types=frozenset({OrderType.LIMIT, OrderType.STOP, OrderType.STOP_LIMIT}),
    levels=True,
    shorting=True,
)


class Mt5Executor:
    """One account. `books` are the desk's, which know orders whatever the broker made of their comments."""

    venue = "mt5"
    capabilities = CAPABILITIES

    def __init__(self, link: Link, books: Books | None = None) -> None:
        self._link = link
        whose = Whose((books or Books()).by_head)
        self._hearing = Hearing(link, whose, books or Books())
        self._history = History(self._hearing)
        self._doubts = Doubts(link.clock)
        self._lookups = Lookups(self._hearing, self._doubts)
        self._sender = Sender(link)
        self._protecting = Protecting(self._hearing, self._sender)
        self._orders = Orders(self._hearing, self._sender, self._protecting)
        self._told: asyncio.Queue[Report | None] = asyncio.Queue()
        self._sending, self._looking = asyncio.Lock(), asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._problem = ""

    @property
    def instruments(self) -> Mapping[Symbol, Instrument]:
        return {rules.symbol: rules.instrument for rules in self._link.rules.values()}

    @property
    def problem(self) -> str:
        """Why nothing gets through, in one line; empty when all is well."""
        return self._link.problem or self._problem

    @property
    def is_real(self) -> bool | None:
        """Whether the money is real, by the terminal; None until it has been asked."""
        return None if self._link.account is None else words.is_real(self._link.account)

    async def start(self) -> None:
        await self._link.open()
        try:
            with reading():
                await self._hearing.begin()
        except BaseException:
            await self._link.close()
            raise
        self._task = asyncio.create_task(self._keep_looking(), name="mt5 account")

    async def stop(self) -> None:
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.wait([self._task])
        self._task = None
        await self._link.close()
        self._told.put_nowait(None)

    def found(self) -> Sequence[str]:
        """Which account it is, what it may do, the broker's clock, the symbols."""
        return words.found(self._link)

    def describe(self, approved: Approved) -> str:
        return words.request(approved.order, self._link.rules.get(approved.order.symbol))

    def vet(self, order: Order, reference: Decimal | None) -> None:
        if order.is_waiting_exit:
            return  # it may stand already, as its entry brought it: it is looked at when it is placed
        rules = self._rules(order.symbol)
        check_open(rules, self._link)
        tick = self._link.ticks.get(rules.name)
        shown = Shown(exact(tick.bid), exact(tick.ask)) if tick else Shown(reference or ZERO, reference or ZERO)
        check_entry(order, rules, shown)

    def margin(self, order: Order) -> Funds | None:
        """What an order takes of the account's money, by the terminal; None if it takes none, or that is not known."""
        ours = self._protecting.is_ours
        return margin_of(order, self._link, self._hearing.positions, ours, self._hearing.books.open())

    # --- orders ------------------------------------------------------------------------------

    async def place(self, approved: Approved) -> None:
        order = approved.order
        rules = self._rules(order.symbol)
        if approved.legs or order.iceberg is not None or order.post_only:
            raise VenueRefused("MetaTrader 5 has no such order.", "Send its parts one by one.", code="NOT_SUPPORTED")
        async with self._acting(order):
            if self._orders.is_known(order):
                raise OutcomeUnknown("An order with this id was sent before.", "It is looked up.", code="DUPLICATE_ID")
            if order.is_waiting_exit:
                self._tell(await self._protecting.place(order, rules))
                return
            check_kind(order, rules)
            if order.type is OrderType.MARKET:
                await self._orders.deal(order, rules, self._tell)
            else:
                self._tell(await self._orders.wait(order, rules))

    async def cancel(self, order: Order) -> None:
        async with self._acting(order):
            if order.is_waiting_exit:
                self._tell(await self._protecting.cancel(order))
            else:
                await self._orders.remove(order)

    async def amend(
        self, order: Order, quantity: Decimal, limit_price: Decimal | None, stop_price: Decimal | None
    ) -> None:
        wished = replace(order, quantity=quantity, limit_price=limit_price, stop_price=stop_price)
        rules = self._rules(order.symbol)
        async with self._acting(order):
            if order.is_waiting_exit:
                self._tell(await self._protecting.amend(wished))
            else:
                self._tell(await self._orders.amend(wished, rules))

    async def withdraw(self, order: VenueOrder) -> None:
        async with self._sending:
            await self._sender.send(requests.remove(int(order.venue_order_id)))

    async def set_leverage(self, symbol: Symbol, leverage: int) -> None:
        text = f"The leverage of this account is the broker's: 1:{self._link.account.leverage}."
        raise VenueRefused(text, "Ask the broker, or limit it here: /limit max_leverage 3.", code="NOT_SUPPORTED")

    async def reports(self) -> AsyncIterator[Report]:
        told = self._told
        while (report := await told.get()) is not None:
            yield report

    # --- looking -----------------------------------------------------------------------------

    async def look(self) -> None:
        """Look at the terminal now, and tell what is new.

        Raises:
            VenueUnreachable: it cannot be asked.
        """
        async with self._looking:
            with reading():
                self._tell(await self._hearing.look())

    async def lookup(self, order: Order) -> VenueOrder | None:
        with reading():
            return await self._lookups.find(order)

    async def open_orders(self) -> Sequence[VenueOrder]:
        with reading():
            orders = await self._link.ask(Terminal.orders)
            return [await self._shown(record) for record in orders if record.reason not in BY_THE_BROKER]

    async def fills(self, since: datetime) -> Sequence[Filled]:
        with reading():
            return await self._history.fills(since)

    async def payments(self, since: datetime) -> Sequence[Paid]:
        with reading():
            return await self._history.payments(since)

    async def balances(self) -> Sequence[Money]:
        with reading():
            account = await self._link.ask(Terminal.account)
        return [Money(exact(round(account.balance, account.currency_digits)), account.currency)]

    async def positions(self) -> Mapping[Symbol, Decimal]:
        with reading():
            return words.net(await self._link.ask(Terminal.positions), self._link)

    async def _shown(self, record: Any) -> VenueOrder:
        """An order that works there. One that took several of the broker's is asked for as a whole."""
        order_id = self._hearing.whose.placed(record)
        rules = self._link.by_name.get(record.symbol)
        symbol = rules.symbol if rules else Symbol(record.symbol)
        found = Found.of([record])
        if order_id and part_of(record.comment) > 1:
            found = Found.of(await self._orders.records_of(record))
        track = self._hearing.tracks.get(order_id)
        ours = next((each for each in self._hearing.books.open() if each.id == order_id), None)
        limit, stop = prices_of(record, ours)
        if track is not None and track.trail is not None:
            stop = None
        return VenueOrder(
            str(record.ticket),
            order_id,
            symbol,
            "open",
            found.quantity,
            found.filled,
            limit,
            stop,
            text=sentence(record),
        )

    # --- within ------------------------------------------------------------------------------

    async def _keep_looking(self) -> None:
        """Look, for ever; say when the terminal is heard again."""
        while True:
            await asyncio.sleep(LOOK_S)
            before = self.problem
            if not self._link.problem:
                try:
                    await self.look()
                    self._problem = ""
                    await self.tend()
                except VenueError as why:
                    self._problem = str(why)
            if before and not self.problem:
                self._tell([Reconnected(before)])

    async def tend(self) -> None:
        """Keep up what the broker does not: trailing stops, levels that it dropped, opposite positions.

        Raises:
            VenueUnreachable: the terminal cannot be asked.
        """
        async with self._sending:
            with reading():
                await self._orders.price_trailing()
                await self._protecting.keep()
                await self._orders.trail()
                await self._orders.merge()

    @asynccontextmanager
    async def _acting(self, order: Order) -> AsyncIterator[None]:
        """One request at a time; what it did is looked at, and after a doubt nothing is believed too early."""
        async with self._sending:
            try:
                with reading():
                    self._sender.check_up()
                    yield
            except OutcomeUnknown:
                until = self._doubts.sent(order.id)
                if (track := self._hearing.tracks.get(order.id)) is not None:
                    track.unsure_until = until
                raise
        with suppress(VenueError):
            await self.look()

    def _rules(self, symbol: Symbol) -> SymbolRules:
        if (rules := self._link.rules.get(symbol)) is None:
            if not self._link.rules:
                self._sender.check_up()
            raise VenueRefused(
                f"The broker does not list {symbol}.", "/instruments lists what it does.", code="BAD_SYMBOL"
            )
        return rules

    def _tell(self, reports: Sequence[Report]) -> None:
        for report in reports:
            self._told.put_nowait(report)
