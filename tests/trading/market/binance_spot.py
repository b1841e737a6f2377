"""Binance spot on two emulated servers, one for requests and one for streams, each of which can fail alone."""

from collections.abc import Sequence

from tests.emulators.binance.rules import listing
from tests.emulators.binance.spot import Spot
from tests.emulators.binance.venue import Binance

Row = Sequence[str]


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
