"""What pictures are to show: figures and moments, no pixels. The running process draws them (`Desk.draw`)."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from handlers.curve import Paid, Point
from trading.instruments import Side
from trading.quotes import Candle


class FillMark(msgspec.Struct, frozen=True):
    """One of our fills."""

    at: datetime
    price: Decimal
    side: Side


class OrderMark(msgspec.Struct, frozen=True):
    """A price at which one of our orders works; `label` says which: `SELL 0.01`."""

    price: Decimal
    side: Side
    label: str


class CandlesDrawing(msgspec.Struct, frozen=True):
    """Closed candles, the oldest first, and where the price is `now`; all times are the market's.

    `average` is what a unit of the position has cost. Times are written in `zone`, an IANA name.
    """

    candles: Sequence[Candle]
    last: Decimal
    now: datetime
    fills: Sequence[FillMark] = ()
    orders: Sequence[OrderMark] = ()
    average: Decimal | None = None
    zone: str = "UTC"

    def __post_init__(self) -> None:
        assert self.candles, "a picture needs at least one candle"

    @property
    def name(self) -> str:
        """What the file is called."""
        first = self.candles[0]
        symbol = "".join(c if c.isalnum() and c.isascii() else "-" for c in first.symbol)
        return f"{symbol}-{first.timeframe}.png"


class EquityDrawing(msgspec.Struct, frozen=True):
    """What accounts were worth, in `currency`, and how far below their best; the oldest point first.

    Times are written in `zone`, an IANA name.
    """

    title: str
    points: Sequence[Point]
    currency: str
    paid: Sequence[Paid] = ()
    fills: Sequence[FillMark] = ()
    zone: str = "UTC"

    def __post_init__(self) -> None:
        assert self.points, "a picture needs at least one point"

    @property
    def name(self) -> str:
        """What the file is called."""
        return "equity.png"


Drawing = CandlesDrawing | EquityDrawing
