"""An account at the emulated exchange, spot and USDT-M, by a clock that stands until it is moved."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from tests.emulators.binance.futures import Futures
from tests.emulators.binance.prices import Shown
from tests.emulators.binance.rules import listing
from tests.emulators.binance.signing import ApiKey as VenueKey
from tests.emulators.binance.spot import Spot
from tests.emulators.binance.venue import Binance
from tests.kit import HandClock
from tests.trading.executors.binance.door import KEY, SECRET
from tests.trading.executors.contract import INSTRUMENT, levels
from trading.binance.addresses import addresses_of
from trading.binance.budget import Budget
from trading.binance.products import Product
from trading.executors.binance.account import Side
from trading.executors.binance.executor import BinanceExecutor
from trading.executors.binance.keys import ApiKey
from trading.executors.binance.session import Session
from trading.executors.binance.sources import FuturesEvents, SpotEvents
from trading.executors.binance.spot import SpotSide
from trading.executors.binance.stream import UserStream
from trading.executors.binance.usdm import UsdmSide
from trading.executors.binance.whose import FindOurs
from trading.ids import derive
from trading.instruments import Side as OrderSide
from trading.instruments import Symbol, plain

SPOT, USDM = Product.SPOT, Product.USDM
NAME, COIN, CONTRACT = "BTCUSDT", INSTRUMENT.symbol, Symbol("BTC/USDT:USDT")
NOBODY: FindOurs = lambda symbol, venue_order_id: ""  # noqa: E731 - a default that is a function of no name


class FlowingClock(HandClock):
    """One that goes with the event loop's time."""

    def now(self) -> datetime:
        return self.at + timedelta(seconds=asyncio.get_running_loop().time())


class Exchange:
    """BTCUSDT around 100 with the contract suite's filters; the account `main` has 10,000 USDT, and 10 BTC on spot."""

    def __init__(self, clock: HandClock) -> None:
        self.clock = clock
        self.venue = Binance(lambda: int(self.clock.now().timestamp() * 1000), [VenueKey(KEY, secret=SECRET)])
        self.spot = Spot(self.venue, [listing("BTC", "USDT", plain(INSTRUMENT.tick), plain(INSTRUMENT.step), "5")])
        self.spot.exchange.symbols[NAME].with_filter("LOT_SIZE", maxQty=plain(INSTRUMENT.max_quantity))
        self.spot.open_account("main", USDT="10000", BTC="10")
        self.futures = Futures(self.venue)
        contract = self.futures.exchange.contracts[NAME]
        contract.tick, contract.min_price, contract.min_notional = INSTRUMENT.tick, INSTRUMENT.tick, Decimal(5)
        contract.multiplier_up, contract.multiplier_down = Decimal(5), Decimal("0.2")
        self.futures.transfer("main", 10_000)
        self.futures.account().leverages[NAME] = 2
        self._markers = 0

    def show(self, bids: str, asks: str, last: OrderSide = OrderSide.SELL) -> None:
        """Other people's orders on both products (`100x5 99x5`); the last trade was with the first of one side."""
        buying, selling = ([(each.price, each.quantity) for each in levels(text)] for text in (bids, asks))
        price = (selling if last is OrderSide.BUY else buying)[0][0]
        self.spot.show(NAME, buying, selling, price)
        self.futures.show(NAME, buying, selling, price)

    def list_coin(self, coin: str) -> None:
        """One more pair on spot, against USDT."""
        self.spot.list_symbol(listing(coin, "USDT", "0.01", "0.001", "5"))

    def shown(self, product: Product) -> Shown:
        """The market as it is."""
        return (self.futures.exchange if product is USDM else self.spot.exchange).prices[NAME]

    def executor(
        self,
        *products: Product,
        key: str = KEY,
        find: FindOurs = NOBODY,
        symbols: Sequence[Symbol] = (COIN, CONTRACT),
        may_withdraw: bool = False,
        spot_side: type[SpotSide] = SpotSide,
    ) -> BinanceExecutor:
        """A process's connection to the account, as `bot/wiring/venues.py` makes it; it has not been started."""
        sides = [self._side(UsdmSide if each is USDM else spot_side, each, key, find, symbols) for each in products]
        return BinanceExecutor(sides, self.clock, may_withdraw=may_withdraw)

    def _side(
        self, make: type[SpotSide | UsdmSide], product: Product, key: str, find: FindOurs, symbols: Sequence[Symbol]
    ) -> Side:
        usdm = product is USDM
        stream_url = self.futures.stream_url if usdm else self.venue.stream_url
        addresses = addresses_of(product, "live", self.venue.rest_url, self.venue.ws_api_url, stream_url)
        session = Session("main", product, ApiKey(key, SECRET), addresses, Budget(self.clock), self.clock)
        stream = UserStream(session, FuturesEvents(session) if usdm else SpotEvents(session), Random(7), pause_s=0.01)
        traded = [symbol for symbol in symbols if (":" in symbol) is usdm]
        return make(session, stream, self.clock, traded, find, lambda symbol: self.shown(product).last)

    def mark(self, product: Product) -> str:
        """Tell of an order that nobody has made: who hears of its id has heard all that was told before."""
        self._markers += 1
        name = derive("marker", str(self._markers))
        event: dict[str, object] = {"x": "NEW", "X": "NEW", "c": name, "i": -self._markers, "s": NAME}
        if product is USDM:
            event = {"e": "ORDER_TRADE_UPDATE", "o": event}
        self.venue.tell(product.value, "main", {"e": "executionReport", **event})
        return name


@asynccontextmanager
async def exchange(clock: HandClock | None = None) -> AsyncIterator[Exchange]:
    """On the network; its clock stands until it is moved, unless another one is given."""
    there = Exchange(clock or HandClock())
    async with there.venue:
        yield there
