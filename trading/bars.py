"""Closed bars on their way to a strategy: its history first, then each as it closes, none of them twice."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from trading.instruments import ZERO, Symbol
from trading.market.candles import bar_start
from trading.ports import Market
from trading.quotes import Candle, timeframe_seconds
from trading.strategies.strategy import Bar, Strategy, Wish

GRACE_S = 5  # real seconds: a bar that closed longer than one timeframe and this ago is history
CATCH_UP = 1000  # bars; a strategy that has missed more is warmed up anew
LATE_S = (0.3, 0.7, 1.5)  # waits, in real seconds, for a bar that the market has closed but does not show yet


class Feed(msgspec.Struct):
    """One symbol of one strategy: what it remembers, and when the last bar it was shown closed."""

    strategy: Strategy
    until: datetime

    def show(self, candles: Sequence[Candle], position: Decimal) -> Wish | None:
        """Show closed bars in their order; what is wished at the close of the last one."""
        wish = None
        for candle in candles:
            self.until = candle.end
            wish = self.strategy.on_bar(Bar.of(candle), float(position))
        return wish


async def warmed_up(strategy: Strategy, market: Market, symbol: Symbol, timeframe: str) -> Feed:
    """A new strategy that has been shown its history; none of it is acted on."""
    feed = Feed(strategy, bar_start(market.now(), timeframe))
    feed.show(await market.candles(symbol, timeframe, strategy.warmup), ZERO)
    return feed


async def closed_since(until: datetime, market: Market, symbol: Symbol, timeframe: str) -> Sequence[Candle] | None:
    """The bars that closed after `until`, oldest first; None where they are too many to go through."""
    due = bar_start(market.now(), timeframe)
    if due <= until:
        return ()
    candles = await market.candles(symbol, timeframe, 2)
    for pause in LATE_S:
        if candles and candles[-1].end >= due:
            break
        await asyncio.sleep(pause)
        candles = await market.candles(symbol, timeframe, 2)
    if candles and candles[0].end > until:
        missed = (market.now() - until) // timedelta(seconds=timeframe_seconds(timeframe))
        if missed > CATCH_UP:
            return None
        candles = await market.candles(symbol, timeframe, missed)
    return [candle for candle in candles if candle.end > until]


def is_news(candle: Candle, market: Market) -> bool:
    """Whether a bar closed so lately that an order for it is not late."""
    lately = timedelta(seconds=timeframe_seconds(candle.timeframe) + GRACE_S * float(market.speed))
    return market.now() - candle.end <= lately
