"""Drawings to look at pixel by pixel."""

import io
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta, timezone
from decimal import Decimal

from PIL import Image as Pillow

from bot.charts.candles import candles_picture
from bot.charts.canvas import Colour
from handlers.drawings import CandlesDrawing, FillMark, OrderMark
from handlers.reply import Image
from trading.instruments import Side, Symbol
from trading.quotes import Candle

START = datetime(2026, 1, 5, 8, tzinfo=timezone.utc)
Pixels = list[tuple[int, int]]


def candles(*closes: int, opens: int = 100, volume: int = 0) -> list[Candle]:
    """Hourly candles, each opening where the one before closed, one above and below as shadows."""
    made = []
    for number, close in enumerate(closes):
        low, high = min(opens, close) - 1, max(opens, close) + 1
        at = START + timedelta(hours=number)
        values = map(Decimal, (opens, high, low, close, volume))
        made.append(Candle(Symbol("BTC/USDT"), "1h", at, *values))
        opens = close
    return made


RISING = candles(*range(102, 122, 2))  # ten hours from 100 to 120


def chart(
    bars: list[Candle] = RISING,
    fills: Iterable[FillMark] = (),
    orders: Iterable[OrderMark] = (),
    *,
    last: Decimal | None = None,
    later_s: float = -1,
    average: Decimal | None = None,
    zone: str = "UTC",
) -> Image:
    """The picture as it is `later_s` seconds after the last candle; by default none forms yet."""
    now = bars[-1].end + timedelta(seconds=later_s)
    price = bars[-1].close if last is None else last
    return candles_picture(CandlesDrawing(bars, price, now, tuple(fills), tuple(orders), average, zone))


def opened(image: Image) -> Pillow.Image:
    """The picture, if it is one as it should be."""
    picture = Pillow.open(io.BytesIO(image.content))
    assert (picture.format, picture.size, picture.mode) == ("PNG", (1000, 640), "RGB")
    assert picture.info == {}  # no dates, no names of programs
    return picture


def where(image: Image, colour: Colour, within: Callable[[int, int], bool] = lambda x, y: True) -> Pixels:
    """The pixels of exactly this colour, left of the prices and below the title."""
    found, sought = opened(image).tobytes(), bytes(colour)
    places, at = Pixels(), found.find(sought)
    while at >= 0:
        y, x = divmod(at // 3, 1000)
        if at % 3 == 0 and x < 850 and 64 <= y < 600 and within(x, y):
            places.append((x, y))
        at = found.find(sought, at + 1)
    return sorted(places)


def middle(pixels: Pixels) -> tuple[float, float]:
    return sum(x for x, _ in pixels) / len(pixels), sum(y for _, y in pixels) / len(pixels)


def fill(hour: float, price: int, side: Side = Side.BUY) -> FillMark:
    return FillMark(START + timedelta(hours=hour), Decimal(price), side)
