"""The emulated exchange with one funded account, at one product; the market of the desk shows the same prices."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Protocol

from tests.emulators.binance.futures import Futures
from tests.emulators.binance.signing import ApiKey
from tests.emulators.binance.spot import Spot
from tests.emulators.binance.venue import Binance
from tests.faults.books import Theirs, spot_books, usdm_books
from tests.kit import HandMarket
from tests.loop import LoopClock
from trading.instruments import Instrument, Settlement, Symbol
from trading.quotes import Level, Quote

NAME = "BTCUSDT"
KEY, SECRET = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zv", "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP"
MIDDLE = Decimal(60_000)
Levels = list[tuple[Decimal, Decimal]]  # price, quantity, best first


class ShownMarket(HandMarket):
    """A market with depth, as the exchange has it."""

    def take(self, quote: Quote) -> None:
        self._quotes[quote.symbol] = quote
        for listener in tuple(self._listeners):
            listener(quote)


class Exchange(Protocol):
    """One product of a Binance."""

    product: str
    venue: Binance
    symbol: Symbol
    tick: Decimal
    step: Decimal
    market: ShownMarket

    def show(self, bids: Levels, asks: Levels) -> None:
        """Show other people's book, there and to the desk."""
        ...

    def books(self) -> Theirs:
        """The exchange's truth."""
        ...


class _Common:
    def __init__(self, venue: Binance, clock: LoopClock, symbol: str, tick: str, step: str, settlement: Settlement):
        self.venue, self.symbol = venue, Symbol(symbol)
        self.tick, self.step = Decimal(tick), Decimal(step)
        self._clock = clock
        listed = Instrument(self.symbol, "BTC", "USDT", self.tick, self.step, settlement=settlement)
        self.market = ShownMarket(clock, listed)  # type: ignore[arg-type]

    def _quote(self, bids: Levels, asks: Levels) -> Quote:
        shown, offered = (tuple(Level(*level) for level in levels) for levels in (bids, asks))
        return Quote(self.symbol, shown, offered, shown[0].price, self._clock.now(), Decimal(1))


class SpotExchange(_Common):
    product = "spot"

    def __init__(self, venue: Binance, clock: LoopClock) -> None:
        super().__init__(venue, clock, "BTC/USDT", "0.01", "0.00001", Settlement.SPOT)
        self.spot = Spot(venue)
        self.spot.open_account("main", ApiKey(KEY, secret=SECRET), USDT="1000000", BTC="2")

    def show(self, bids: Levels, asks: Levels) -> None:
        self.spot.show(NAME, bids, asks)
        self.market.take(self._quote(bids, asks))

    def books(self) -> Theirs:
        return spot_books(self.venue.executed.rows(), self.spot.orders("main"), self.spot.balances("main"), "main")


class UsdmExchange(_Common):
    product = "usdm"

    def __init__(self, venue: Binance, clock: LoopClock) -> None:
        super().__init__(venue, clock, "BTC/USDT:USDT", "0.1", "0.001", Settlement.LINEAR)
        venue.keys.add(ApiKey(KEY, secret=SECRET))
        self.futures = Futures(venue)
        self.futures.transfer("main", 1_000_000)

    def show(self, bids: Levels, asks: Levels) -> None:
        self.futures.show(NAME, bids, asks)
        self.market.take(self._quote(bids, asks))

    def books(self) -> Theirs:
        account, control = self.futures.account("main"), self.venue.control
        return usdm_books(
            self.venue.executed.rows(),
            [order.queried() for order in account.open_orders.values()],
            [algo.queried() for algo in account.open_algos.values()],
            control["usdm_wallet"]("main"),
            control["usdm_positions"]("main"),
            "main",
        )


@asynccontextmanager
async def open_exchange(product: str, clock: LoopClock) -> AsyncIterator[Exchange]:
    """An exchange on the running loop; its market stands around 60,000, ten coins on each side."""
    async with Binance(clock.now_ms) as venue:
        made: Exchange = SpotExchange(venue, clock) if product == "spot" else UsdmExchange(venue, clock)
        made.show([(MIDDLE, Decimal(10))], [(MIDDLE + 1, Decimal(10))])
        yield made
