"""What a market shows: quotes with depth, and candles."""

import re
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from trading.errors import IntentError
from trading.instruments import Side, Symbol

_TIMEFRAME = re.compile(r"([1-9][0-9]{0,2})([smhd])", re.ASCII)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def timeframe_seconds(text: str) -> int:
    """Length of a timeframe such as `1m`, `15m`, `4h`, `1d`, in seconds.

    Raises:
        IntentError: any other text.
    """
    match = _TIMEFRAME.fullmatch(text)
    if match is None:
        raise IntentError(f"{text[:20]!r} is not a timeframe.", "Write 1m, 15m, 4h or 1d.", code="BAD_TIMEFRAME")
    return int(match[1]) * _UNITS[match[2]]


class Level(msgspec.Struct, frozen=True):
    """One price level of the book: how much can be had at `price`."""

    price: Decimal
    quantity: Decimal


class Quote(msgspec.Struct, frozen=True):
    """What the market shows at one moment; best level first, never crossed.

    `at` is when we received it (UTC), the basis of the stale-price guard. `traded` is the volume
    that changed hands since the quote before.
    """

    symbol: Symbol
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    last: Decimal
    at: datetime
    traded: Decimal = Decimal(0)

    @property
    def bid(self) -> Decimal:
        return self.bids[0].price

    @property
    def ask(self) -> Decimal:
        return self.asks[0].price

    @property
    def mid(self) -> Decimal:
        return (self.bid + self.ask) / 2

    def taker(self, side: Side) -> tuple[Level, ...]:
        """The levels an order of `side` would trade against, best first."""
        return self.asks if side is Side.BUY else self.bids

    def mark(self, quantity: Decimal) -> Decimal:
        """The price at which a signed position could be closed now: bid when long, ask when short."""
        return self.ask if quantity < 0 else self.bid


class Candle(msgspec.Struct, frozen=True):
    """One closed or forming bar; `start` is its opening time (UTC) on the market's own clock."""

    symbol: Symbol
    timeframe: str
    start: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal

    @property
    def end(self) -> datetime:
        return self.start + timedelta(seconds=timeframe_seconds(self.timeframe))
