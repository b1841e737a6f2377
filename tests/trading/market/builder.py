"""Candles made tick by tick: what the markets' candles are held against."""

from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from trading.instruments import ZERO, Symbol
from trading.market.candles import bar_start
from trading.quotes import Candle, timeframe_seconds


class CandleBuilder:
    """Folds the ticks of one symbol into closed candles of one timeframe.

    Bars begin at multiples of the timeframe since 1970. A bar without a tick between two others
    repeats the close before it with volume 0, so that a series has no holes; there is none before
    the first tick. A closed candle never changes: a tick that comes later for it is left out.
    """

    def __init__(self, symbol: Symbol, timeframe: str) -> None:
        self.symbol = symbol
        self.timeframe = timeframe
        self.forming: Candle | None = None
        self._seen = False  # whether the forming candle has had a tick of its own
        self._length = timedelta(seconds=timeframe_seconds(timeframe))

    def add(self, at: datetime, price: Decimal, volume: Decimal = ZERO) -> list[Candle]:
        """Take one tick; the candles it closed, oldest first."""
        closed = self.close(at)
        bar = self.forming
        if bar is not None and at < bar.start:
            return closed
        if bar is None or not self._seen:
            start = bar_start(at, self.timeframe)
            self.forming = Candle(self.symbol, self.timeframe, start, price, price, price, price, volume)
            self._seen = True
        else:
            self.forming = msgspec.structs.replace(
                bar, high=max(bar.high, price), low=min(bar.low, price), close=price, volume=bar.volume + volume
            )
        return closed

    def close(self, now: datetime) -> list[Candle]:
        """The candles that have ended by `now` and were not given before, oldest first."""
        closed = []
        while self.forming is not None and self.forming.start + self._length <= now:
            bar = self.forming
            closed.append(bar)
            start, last = bar.start + self._length, bar.close
            self.forming = Candle(self.symbol, self.timeframe, start, last, last, last, last, ZERO)
            self._seen = False
        return closed
