"""An hour of 20 symbols' streams, told fifty times as fast as the exchange tells it: nothing lost, no memory kept."""

import asyncio
import os
from decimal import Decimal
from itertools import cycle
from random import Random

from tests.bench.exchange import KEY
from tests.bench.parts import Row, row
from tests.bench.process import resident
from tests.emulators.binance.limits import Limit
from tests.emulators.binance.rules import listing
from tests.emulators.binance.spot import Spot
from tests.emulators.binance.venue import Binance
from trading.binance.addresses import addresses_of
from trading.binance.budget import Budget
from trading.binance.products import Product
from trading.clock import SystemClock
from trading.executors.binance.executor import BinanceExecutor
from trading.executors.binance.keys import ApiKey
from trading.executors.binance.session import Session
from trading.executors.binance.sources import SpotEvents
from trading.executors.binance.spot import SpotSide
from trading.executors.binance.stream import UserStream
from trading.instruments import Symbol
from trading.market.binance import BinanceMarket
from trading.quotes import Quote
from trading.reports import Filled

COINS = [f"C{number:02}" for number in range(20)]
HOUR_S = 3600
BOOKS_A_SECOND = 10  # of each symbol: depth5@100ms
TRADES = 1200  # of the account: one a minute and symbol
SPEED = 50
BATCH_S = 0.05  # real time


async def streams() -> list[Row]:
    """Books to the market, trades of the account to the executor, all in this process."""
    clock = SystemClock()
    async with Binance(keys=[KEY]) as venue:
        spot = Spot(venue, [listing(coin, "USDT", "0.01000000", "0.00100000", "5.00000000") for coin in COINS])
        spot.limits.limits = [Limit("REQUEST_WEIGHT", "MINUTE", 1, 1_000_000), Limit("ORDERS", "SECOND", 10, 1_000_000)]
        spot.open_account("main", USDT=10**12)
        show(spot, 0)
        symbols = [f"{coin}/USDT" for coin in COINS]
        market = BinanceMarket(symbols, clock, Random(1), "live", venue.rest_url, venue.stream_url)
        addresses = addresses_of("spot", "testnet", venue.rest_url, venue.ws_api_url, venue.stream_url)
        session = Session("main", Product.SPOT, ApiKey(KEY.key, KEY.secret), addresses, Budget(clock), clock)
        side = SpotSide(session, UserStream(session, SpotEvents(session), Random(2)), clock, list(map(Symbol, symbols)))
        executor = BinanceExecutor([side], clock)
        await market.start()
        await executor.start()
        await asyncio.sleep(1)
        try:
            return await an_hour(spot, market, executor)
        finally:
            await executor.stop()
            await market.stop()


def show(spot: Spot, number: int) -> None:
    """The next book of every symbol."""
    for index, coin in enumerate(COINS):
        price = 100 + index + number % 50
        spot.show(f"{coin}USDT", [[f"{price}.00", "1000"]], [[f"{price}.01", "1000"]])


async def an_hour(spot: Spot, market: BinanceMarket, executor: BinanceExecutor) -> list[Row]:
    heard, fills, sizes = 0, set[tuple[object, str]](), list[float]()
    bids: dict[Symbol, Decimal] = {}

    def hear(quote: Quote) -> None:
        """A quote comes with every book and with every trade; each book has a price of its own."""
        nonlocal heard
        heard += bids.get(quote.symbol) != quote.bid
        bids[quote.symbol] = quote.bid

    async def listen() -> None:
        async for report in executor.reports():
            if isinstance(report, Filled):
                fills.add((report.at, report.trade_id))

    market.subscribe(hear)
    listener = asyncio.create_task(listen())
    loop, rounds = asyncio.get_running_loop(), HOUR_S * BOOKS_A_SECOND
    began, coins = loop.time(), cycle(COINS)
    for number in range(1, rounds + 1):
        show(spot, number)
        if number % (rounds // TRADES) == 0:
            coin = next(coins)
            spot.act("main", "POST /api/v3/order", symbol=f"{coin}USDT", side="BUY", type="MARKET", quantity="0.1")
        if number % (rounds // 12) == 0:
            sizes.append(resident(os.getpid()))
        if number % int(BATCH_S * SPEED * BOOKS_A_SECOND) == 0:
            await asyncio.sleep(max(0.0, began + number / (BOOKS_A_SECOND * SPEED) - loop.time()))
    await asyncio.sleep(2)
    listener.cancel()
    told, traded = rounds * len(COINS), len(spot.trades("main"))
    growth = sizes[-1] - sizes[2]  # after a quarter of the hour
    return [
        row("books heard in an hour at 50x", heard, f"of {told}", None, "none lost", heard == told),
        row("fills heard in that hour", len(fills), f"of {traded}", None, "none lost", len(fills) == traded),
        row("memory kept, with the exchange's own orders", growth, "MB", None, "under 6 MB", growth < 6),
        row("the hour took", loop.time() - began, "s", HOUR_S / SPEED, "", True),
    ]
