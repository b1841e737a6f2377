"""The same desk at Binance: the real executor, over sockets, at an exchange that may fail it, in jumping time.

The exchange is the emulated one (tests/emulators/binance), with spot and USDT-M futures on one server. Its clock, the
desk's and the loop's are one, unless a story sets them apart.
"""

import asyncio
import importlib
import time
from collections.abc import Callable, Coroutine, Sequence
from datetime import timedelta
from decimal import Decimal
from functools import partial, wraps
from random import Random
from typing import Any

import pytest

from tests.emulators.binance.futures import Futures
from tests.emulators.binance.ledger import Ledger
from tests.emulators.binance.signing import ApiKey as VenueKey
from tests.emulators.binance.spot import Spot
from tests.emulators.binance.venue import Binance
from tests.incidents.hands import DEMO, Hands, Journal
from tests.kit import BTC, ETH, START, HandClock
from tests.loop import Select, VirtualLoop
from tests.trading.executors.binance.door import KEY, SECRET
from tests.trading.executors.contract import FakeMarket, quote_of
from trading import events as e
from trading.binance.addresses import addresses_of
from trading.binance.budget import Budget
from trading.binance.products import Product
from trading.book import Book
from trading.executors.binance.account import Side
from trading.executors.binance.executor import BinanceExecutor
from trading.executors.binance.keys import ApiKey
from trading.executors.binance.session import Session
from trading.executors.binance.sources import FuturesEvents, SpotEvents
from trading.executors.binance.spot import SpotSide
from trading.executors.binance.stream import UserStream
from trading.executors.binance.usdm import UsdmSide
from trading.instruments import Symbol
from trading.order import Order
from trading.quotes import Quote
from trading.risk.limits import Value

ACCOUNT = "main"
SPOT, USDM = Product.SPOT, Product.USDM
BOTH = pytest.mark.parametrize("product", [SPOT, USDM])
CONTRACT = Symbol("BTC/USDT:USDT")
PLACES = {
    SPOT: {"/api/v3/order", "/api/v3/orderList/oco", "/api/v3/orderList/oto", "/api/v3/orderList/otoco"},
    USDM: {"/fapi/v1/order", "/fapi/v1/algoOrder"},
}
"""Requests that place something. They are sent with a body, all others with a query."""


class PatientLoop(VirtualLoop):
    """Lets what is on its way between two sockets arrive before it moves time on."""

    def wait(self, select: Select, timeout: float | None) -> list[Any]:
        found = select(0)
        if not found and timeout:
            time.sleep(0)  # the kernel's turn
        return found or super().wait(select, timeout)


class Clock(HandClock):
    """The loop's time as a date; `at` may be set apart from the exchange's."""

    def now(self) -> Any:
        return self.at + timedelta(seconds=asyncio.get_running_loop().time())


class World:
    """What outlives a crash: the exchange, the journal, the clock. `desk` is the process that runs now."""

    def __init__(self, product: Product, listings: Sequence[dict[str, Any]] | None) -> None:
        loop = asyncio.get_running_loop()
        self.product = product
        self.clock = Clock()
        self.binance = Binance(lambda: int((START.timestamp() + loop.time()) * 1000), [VenueKey(KEY, ACCOUNT, SECRET)])
        self.spot = Spot(self.binance, listings)
        self.futures = Futures(self.binance)
        self.market = FakeMarket(self.clock, BTC, ETH)
        self.journal = Journal()
        self.limits: dict[str, Value] = {}
        self.desk: Desk

    def show(self, bids: str, asks: str, symbol: Symbol) -> None:
        """Other people's orders, at the exchange and where the desk sees prices (`100x1 99x5`, best first)."""
        quote: Quote = quote_of(bids, asks, symbol, self.clock)
        self.market.set_quote(quote)
        name = symbol.partition(":")[0].replace("/", "")
        rows = [[(level.price, level.quantity) for level in side] for side in (quote.bids, quote.asks)]
        where = self.futures if ":" in symbol else self.spot
        where.show(name, *rows)


class Desk(Hands):
    """A process at that exchange."""

    line: BinanceExecutor

    def __init__(self, world: World) -> None:
        self.world, self.binance, self.spot, self.futures = world, world.binance, world.spot, world.futures
        self.symbol = CONTRACT if world.product is USDM else BTC.symbol
        self.faults = world.binance.faults
        self.place = "POST /fapi/v1/order" if world.product is USDM else "POST /api/v3/order"
        super().__init__(world.clock, world.market, world.journal, world.limits)

    def connect(self) -> BinanceExecutor:
        side = side_of(self.world, self.book, Budget(self.world.clock))
        return BinanceExecutor([side], self.world.clock)

    async def crash(self) -> None:
        """Killed; its connections end."""
        await self.drop()
        await self.line.stop()

    async def restart(self) -> "Desk":
        """The next process, on the same journal, at the same exchange; it has been started."""
        await self.crash()
        self.world.desk = Desk(self.world)
        await self.world.desk.start()
        return self.world.desk

    async def show(self, bids: str, asks: str, symbol: Symbol | None = None) -> None:
        """The market shows this depth, and a second goes by."""
        self.world.show(bids, asks, symbol or self.symbol)
        await asyncio.sleep(1)

    def silence(self) -> None:
        """The stream tells nothing from now on, and looks alive."""
        for event in (
            "executionReport*",
            "listStatus",
            "outboundAccountPosition",
            "ORDER_TRADE_UPDATE*",
            "ALGO_UPDATE*",
        ):
            self.faults.arm("missing", on=event, times=0)

    # --- what is to be seen there ------------------------------------------------------------

    @property
    def sent(self) -> int:
        """How many orders (or lists of them) have left us, with an answer or without."""
        return sum(path in PLACES[self.world.product] for path in self.binance.requests)

    def asked(self, path: str) -> int:
        """How many requests to this path were made."""
        return sum(each.partition("?")[0] == path for each in self.binance.requests)

    def traded(self, order: Order | None = None) -> Decimal:
        """How much the exchange has executed, of one order or of all."""
        facts = self.binance.executed.of("trade", ACCOUNT, order.id if order else "")
        return sum((Decimal(fact.qty) for fact in facts), Decimal(0))

    def working(self) -> dict[str, tuple[Decimal, Decimal]]:
        """What works there, or waits to: quantity and what of it is executed, by the id it has there."""
        if self.world.product is SPOT:
            open_there = self.spot.exchange.accounts[ACCOUNT].open.values()
            return {order.client_id: (order.qty, order.executed) for order in open_there}
        account = self.futures.account(ACCOUNT)
        plain = {order.client_id: (order.quantity, order.executed) for order in account.open_orders.values()}
        return plain | {algo.client_id: (algo.quantity, Decimal(0)) for algo in account.open_algos.values()}

    def money(self) -> dict[str, Decimal]:
        """What the exchange says the account has."""
        if self.world.product is SPOT:
            return {name: Decimal(free) + Decimal(held) for name, (free, held) in self.spot.balances(ACCOUNT).items()}
        return {asset: amount for asset, amount in self.futures.account(ACCOUNT).wallet.items() if amount}


def side_of(world: World, book: Book, budget: Budget, account: str = ACCOUNT) -> Side:
    """One product of the account, connected as the desk does it."""
    usdm = world.product is USDM
    venue = world.binance
    stream_url = world.futures.stream_url if usdm else venue.stream_url
    addresses = addresses_of(world.product, "live", venue.rest_url, venue.ws_api_url, stream_url)
    session = Session(account, world.product, ApiKey(KEY, SECRET), addresses, budget, world.clock)
    source = FuturesEvents(session) if usdm else SpotEvents(session)
    stream = UserStream(session, source, Random(7))
    symbols = (
        [CONTRACT] if usdm else [Symbol(f"{each.base}/{each.quote}") for each in world.spot.exchange.symbols.values()]
    )
    make = UsdmSide if usdm else SpotSide

    def price(symbol: Symbol) -> Decimal | None:
        shown = world.market.quote(symbol)
        return shown.last if shown else None

    return make(session, stream, world.clock, symbols, partial(book.by_venue_id, DEMO), price)


Play = Callable[[Desk], Coroutine[Any, Any, None]]


def at_binance(
    product: Product = SPOT,
    *,
    funds: Sequence[str] = ("10000 USDT",),
    limits: dict[str, Value] | None = None,
    listings: Sequence[dict[str, Any]] | None = None,
    starts: bool = True,
    agrees: bool = True,
) -> Callable[[Play], Callable[[], None]]:
    """Play on a desk that has just started (or has not: `starts=False`); BTC is at 100.

    In the end its books must be the exchange's, unless the story ends with a difference (`agrees=False`), and no order
    may have been accepted twice there.
    """

    def decorate(play: Play) -> Callable[[], None]:
        @wraps(play)
        def test() -> None:
            importlib.import_module("ccxt.async_support")  # it takes a second, in which time must not jump
            with asyncio.Runner(loop_factory=PatientLoop) as runner:
                runner.run(_played(play, product, funds, limits or {}, listings, starts, agrees))

        del test.__wrapped__  # pytest would ask for a fixture called desk
        return test

    return decorate


async def _played(
    play: Play,
    product: Product,
    funds: Sequence[str],
    limits: dict[str, Value],
    listings: Sequence[dict[str, Any]] | None,
    starts: bool,
    agrees: bool,
) -> None:
    world = World(product, listings)
    world.limits.update(limits)
    async with world.binance:
        for amount, currency in (each.split() for each in funds):
            if product is USDM:
                world.futures.transfer(ACCOUNT, amount, currency)
            else:
                world.spot.open_account(ACCOUNT)
                world.spot.exchange.deposit(ACCOUNT, currency, amount)
        world.desk = Desk(world)
        world.show("100x1000", "100.1x1000", world.desk.symbol)
        try:
            if starts:
                await world.desk.start()
            await play(world.desk)
            if agrees:
                await _agree(world)
        finally:
            await world.desk.crash()


def doubled(ledger: Ledger) -> list[str]:
    """Ids under which an order was accepted while another was, or after it had traded; a replaced one has made way."""
    taken, found = set[str](), list[str]()
    for fact in ledger:
        if fact.kind == "order":
            found += [fact.client_order_id] if fact.client_order_id in taken else []
            taken.add(fact.client_order_id)
        elif fact.kind == "cancel":
            taken.discard(fact.client_order_id)
    return found


async def _agree(world: World) -> None:
    """After a minute of fair weather our books are the exchange's: money, trades, open orders; nothing was doubled."""
    world.binance.faults.disarm()
    world.binance.release()
    await asyncio.sleep(60)
    desk, ledger = world.desk, world.binance.executed
    assert desk.mishaps == [], "no part of the desk fails"
    assert doubled(ledger) == []
    assert {each.currency: each.amount for each in desk.book.balances(DEMO) if each.amount} == desk.money()
    booked = sorted(int(fill.trade_id) for fill in desk.events(e.OrderFilled))
    assert booked == sorted(fact.trade_id for fact in ledger.of("trade", ACCOUNT))
    assert {order.id: (order.quantity, order.filled_quantity) for order in desk.open()} == desk.working()
    assert not any(order.in_doubt for order in desk.open())
    assert not desk.reconciler.open_drifts()
