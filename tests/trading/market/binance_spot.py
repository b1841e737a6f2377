"""Binance spot on two emulated servers, one for requests and one for streams, each of which can fail alone.

And what the tests of the market need on a clock where hours take no time.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any

from tests.emulators.binance.rules import listing
from tests.emulators.binance.spot import Spot
from tests.emulators.binance.venue import Binance
from tests.kit import BTC
from tests.loop import LoopClock, run_virtually
from trading.instruments import Symbol
from trading.market.binance import BinanceMarket
from trading.quotes import Quote

Row = Sequence[str]

REASONS = {
    "status_502": "binance answers with an error (HTTP 502).",
    "status_403": "binance answers with an error (HTTP 403).",
    "code_-1001": "binance answers with an error (-1001 ",
    "html_200": "binance answers with something else than JSON.",
    "empty": "binance answers with something else than JSON.",
    "truncated": "binance answers with an error (",
    "drop_before": "binance answers with an error (",
    "hang_before": "binance did not answer in time.",
    "redirect_307": "binance answers with an error (HTTP 307).",
}


class PublicSpot:
    """`symbols` as both servers list them; what is `show`n is in the book of the first and told by the second."""

    def __init__(self, venue: Binance, wires: Binance, *symbols: str) -> None:
        self.venue, self.wires = venue, wires
        listed = [listing(name[:-4], name[-4:], "0.01000000", "0.00001000", "5.00000000") for name in symbols]
        self._asked, self._told = Spot(venue, listed), Spot(wires, listed)
        self.limits, self.streams = self._asked.limits, self._told.streams

    def show(self, symbol: str, bids: Sequence[Row], asks: Sequence[Row], *, told: bool = True) -> None:
        """Set the book; untold, its stream keeps silent."""
        self._asked.show(symbol, bids, asks)
        if told:
            self._told.prices[symbol].update_id = self._asked.prices[symbol].update_id - 1
            self._told.show(symbol, bids, asks)

    def price(self, symbol: str, price: object, *, told: bool = True) -> None:
        """A book of one level a side, a cent apart."""
        self.show(symbol, [[f"{price}.00", "1"]], [[f"{price}.01", "2"]], told=told)

    def tell(self, symbol: str, number: int, bids: Sequence[Row], asks: Sequence[Row]) -> None:
        """Tell a book that is not the one that can be asked for."""
        event = {"lastUpdateId": number, "bids": bids, "asks": asks}
        self.streams.publish(f"{symbol.lower()}@depth5@100ms", event)

    def trade(self, symbol: str, price: str, quantity: str) -> None:
        self._told.trade(symbol, price, quantity)

    def bar(self, symbol: str, interval: str, start_ms: int, ohlcv: Row) -> None:
        self._asked.prices.kline(symbol, interval, start_ms, ohlcv)

    def unbar(self, symbol: str, interval: str, start_ms: int) -> None:
        del self._asked.prices[symbol].klines[interval][start_ms]

    def count_anew(self, symbol: str) -> None:
        """Number its books from 1 again, as the test network does after it was wiped."""
        self._asked.prices[symbol].update_id = 0


def virtually(play: Callable[[LoopClock], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """A test on a clock of its own, where hours take no time."""

    def test() -> None:
        run_virtually(play)

    test.__doc__, test.__name__ = play.__doc__, play.__name__
    return test


@asynccontextmanager
async def exchange(clock: LoopClock, *symbols: str, ahead_ms: int = 0) -> AsyncIterator[PublicSpot]:
    """Binance spot with a price for each symbol; its clock is `ahead_ms` ahead of the desk's."""

    def now_ms() -> int:
        return int(clock.now().timestamp() * 1000) + ahead_ms

    async with Binance(now_ms) as venue, Binance(now_ms) as wires:
        listed = symbols or ("BTCUSDT", "ETHUSDT")
        spot = PublicSpot(venue, wires, *listed)
        for number, name in enumerate(listed):
            spot.price(name, 60000 - 100 * number)
        yield spot


@asynccontextmanager
async def following(spot: PublicSpot, clock: LoopClock, *symbols: str, **settings: Any) -> AsyncIterator[BinanceMarket]:
    """A market of these spot symbols, running."""
    wanted = symbols or ("BTC/USDT", "ETH/USDT")
    venue, wires = spot.venue.rest_url, spot.wires.stream_url
    async with running(BinanceMarket(wanted, clock, Random(1), rest_url=venue, stream_url=wires, **settings)) as market:
        yield market


@asynccontextmanager
async def running(market: BinanceMarket) -> AsyncIterator[BinanceMarket]:
    """Started, and with its streams connected."""
    await market.start()
    try:
        await asyncio.sleep(0.5)
        yield market
    finally:
        await market.stop()


def shown(market: BinanceMarket, symbol: Symbol = BTC.symbol) -> Quote:
    quote = market.quote(symbol)
    assert quote is not None
    return quote


def asked(spot: PublicSpot, what: str) -> int:
    return sum(f"/{what}" in each for each in spot.venue.requests)
