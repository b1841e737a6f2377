"""Pictures of candles and of equity, sized for a phone: pure functions from figures to PNG, 20 to 100 ms each.

Drawing takes the processor for that long: off the event loop, `asyncio.to_thread`. Figures become floats
only here, as positions on the picture.
"""

import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from handlers.figures import money, price
from handlers.reply import Image
from trading.instruments import Side
from trading.quotes import Candle

WIDTH, HEIGHT = 1000, 640
LEFT, RIGHT, TOP, BOTTOM = 16, 150, 64, 44  # margins; prices are written in the right one
SMALL, LARGE = 22, 30
Colour = tuple[int, int, int]
PAPER: Colour = (255, 255, 255)
INK: Colour = (30, 36, 44)
FAINT: Colour = (110, 118, 128)
GRID: Colour = (228, 231, 235)
UP: Colour = (22, 163, 74)
DOWN: Colour = (220, 38, 38)
BOUGHT: Colour = (37, 99, 235)
SOLD: Colour = (217, 119, 6)
LINE: Colour = (79, 70, 229)
LOSS: Colour = (248, 200, 200)
MARK = 13  # half the size of a fill's triangle
MOST_BODY = 20  # half the width of a candle
DASH = 10
REACH = 1.0  # working orders further away than this many heights of the candles stand at the edge
DRAWDOWN = 150  # pixels of the lower part of an equity picture


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


def candles_picture(
    candles: Sequence[Candle],
    fills: Iterable[FillMark] = (),
    orders: Iterable[OrderMark] = (),
    *,
    zone: str = "UTC",
    name: str = "chart.png",
) -> Image:
    """Candles with our fills (triangles: blue up bought, amber down sold) and working orders (dashed lines).

    Fills outside the candles' time are left out; an order too far away stands at the edge. Times are in `zone`.

    Raises:
        ValueError: there are no candles.
    """
    if not candles:
        raise ValueError("a picture needs at least one candle")
    within = [fill for fill in fills if candles[0].start <= fill.at < candles[-1].end]
    waiting = list(orders)
    low = min([float(c.low) for c in candles] + [float(fill.price) for fill in within])
    high = max([float(c.high) for c in candles] + [float(fill.price) for fill in within])
    far = (high - low) * REACH
    near = [float(order.price) for order in waiting if low - far <= float(order.price) <= high + far]
    frame = _Frame(min([low, *near]), max([high, *near]), TOP, HEIGHT - BOTTOM)
    canvas, draw = _canvas()
    last = candles[-1]
    change = (last.close - candles[0].open) / candles[0].open * 100 if candles[0].open else Decimal(0)
    _title(draw, f"{last.symbol}  {last.timeframe}", f"{price(last.close)}  {change:+.2f}%", DOWN if change < 0 else UP)
    _values(draw, frame, float(last.close))
    middles = [_across(number + 0.5, len(candles)) for number in range(len(candles))]
    _times(draw, [(x, candle.start) for x, candle in zip(middles, candles, strict=True)], zone)
    _bars(draw, candles, middles, frame)
    for order in waiting:
        _order(draw, order, frame)
    _tag(draw, frame.y(float(last.close)), price(last.close), INK)
    for fill in within:
        held = next(number for number, candle in enumerate(candles) if fill.at < candle.end)
        _fill(draw, fill, middles[held], frame)
    return _png(canvas, name)


def equity_picture(
    points: Sequence[tuple[datetime, Decimal]], currency: str, *, zone: str = "UTC", name: str = "equity.png"
) -> Image:
    """Worth over time above, and how far it is below its best so far (drawdown, percent) below.

    `points` are in the order of time. Times are in `zone`.

    Raises:
        ValueError: there are no points.
    """
    if not points:
        raise ValueError("a picture needs at least one point")
    worth = [float(value) for _, value in points]
    falls = _falls(worth)
    began, length = points[0][0], (points[-1][0] - points[0][0]).total_seconds()
    columns = [_across((at - began).total_seconds(), length) if length else LEFT for at, _ in points]
    upper = _Frame(min(worth), max(worth), TOP, HEIGHT - BOTTOM - DRAWDOWN - 24)
    lower = _Frame(min(*falls, -0.01), 0.0, HEIGHT - BOTTOM - DRAWDOWN, HEIGHT - BOTTOM, padding=0.0)
    canvas, draw = _canvas()
    change = points[-1][1] - points[0][1]
    text = f"{money(points[-1][1], currency)}  {'+' if change >= 0 else ''}{money(change)}"
    _title(draw, "Equity", text, DOWN if change < 0 else UP)
    _values(draw, upper, worth[-1])
    _times(draw, list(zip(columns, (at for at, _ in points), strict=True)), zone)
    curve = [(x, upper.y(value)) for x, value in _thinned(columns, worth)]
    depth = [(x, lower.y(value)) for x, value in _thinned(columns, falls)]
    draw.polygon([(depth[0][0], lower.top), *depth, (depth[-1][0], lower.top)], fill=LOSS)
    _path(draw, depth, DOWN, 2)
    draw.line([(LEFT, lower.top), (WIDTH - RIGHT, lower.top)], fill=GRID, width=2)
    _path(draw, curve, LINE, 3)
    _tag(draw, upper.y(worth[-1]), money(points[-1][1]), LINE)
    draw.text((WIDTH - RIGHT + 10, lower.top), "drawdown", fill=FAINT, font=_font(SMALL), anchor="lt")
    draw.text((WIDTH - RIGHT + 10, lower.bottom), f"{min(falls):.2f}%", fill=DOWN, font=_font(SMALL), anchor="ls")
    return _png(canvas, name)


# --- scales ----------------------------------------------------------------------------------


class _Frame(NamedTuple):
    """Values from `low` to `high` between two heights of the picture, with some air above and below."""

    low: float
    high: float
    top: float
    bottom: float
    padding: float = 0.05

    def y(self, value: float) -> float:
        """Where a value stands; at the edge, if it is outside."""
        spread = self.high - self.low or abs(self.high) * 0.01 or 1.0
        air = (self.bottom - self.top) * self.padding
        middle = (self.high + self.low) / 2
        at = (self.bottom + self.top) / 2 - (value - middle) / spread * (self.bottom - self.top - 2 * air)
        return min(max(at, self.top), self.bottom)


def _across(part: float, whole: float) -> float:
    return LEFT + (WIDTH - RIGHT - LEFT) * part / whole


def _steps(low: float, high: float, most: int) -> list[Decimal]:
    """Round values between two: at most about `most`, in steps of 1, 2 or 5 times a power of ten."""
    spread = Decimal(repr(high)) - Decimal(repr(low))
    if spread <= 0:
        return [Decimal(repr(low))]
    power = Decimal(1).scaleb((spread / most).adjusted())
    step = next(power * n for n in (1, 2, 5, 10, 20) if spread / (power * n) <= most)
    first = int(Decimal(repr(low)) / step)
    return [
        step * n for n in range(first - 1, first + most + 3) if Decimal(repr(low)) <= step * n <= Decimal(repr(high))
    ]


def _falls(worth: Sequence[float]) -> list[float]:
    """Percent below the best so far, zero or negative."""
    best, falls = worth[0], []
    for value in worth:
        best = max(best, value)
        falls.append((value - best) / best * 100 if best > 0 else 0.0)
    return falls


def _thinned(columns: Sequence[float], values: Sequence[float]) -> list[tuple[float, float]]:
    """At most the first, lowest, highest and last value of each column of pixels: nothing that could be seen goes."""
    by_pixel: dict[int, list[tuple[float, float]]] = {}
    for x, value in zip(columns, values, strict=True):
        by_pixel.setdefault(int(x), []).append((x, value))
    thin: list[tuple[float, float]] = []
    for held in by_pixel.values():
        low, high = min(held, key=lambda p: p[1]), max(held, key=lambda p: p[1])
        thin += held if len(held) < 5 else [held[0], low, high, held[-1]]
    return thin


# --- strokes ---------------------------------------------------------------------------------


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _canvas() -> tuple[Pillow.Image, ImageDraw.ImageDraw]:
    canvas = Pillow.new("RGB", (WIDTH, HEIGHT), PAPER)
    return canvas, ImageDraw.Draw(canvas)


def _png(canvas: Pillow.Image, name: str) -> Image:
    written = io.BytesIO()
    canvas.save(written, "PNG")
    return Image(name, written.getvalue())


def _title(draw: ImageDraw.ImageDraw, left: str, right: str, colour: Colour) -> None:
    draw.text((LEFT, 16), left, fill=INK, font=_font(LARGE), anchor="lt")
    draw.text((WIDTH - LEFT, 16), right, fill=colour, font=_font(LARGE), anchor="rt")


def _values(draw: ImageDraw.ImageDraw, frame: _Frame, tagged: float) -> None:
    """Lines at round values, with the values in the margin where the tag of `tagged` leaves room."""
    for value in _steps(frame.low, frame.high, 6):
        y = frame.y(float(value))
        draw.line([(LEFT, y), (WIDTH - RIGHT, y)], fill=GRID, width=2)
        if abs(y - frame.y(tagged)) > SMALL + 6:
            draw.text((WIDTH - RIGHT + 10, y), price(value), fill=FAINT, font=_font(SMALL), anchor="lm")


def _times(draw: ImageDraw.ImageDraw, points: Sequence[tuple[float, datetime]], zone: str) -> None:
    """Times below about every fifth part of the picture: of the day, or dates where there are several days."""
    local = [(x, at.astimezone(ZoneInfo(zone))) for x, at in points]
    form = "%H:%M" if local[0][1].date() == local[-1][1].date() else "%d %b %H:%M"
    half = draw.textlength(f"{local[-1][1]:{form}}", font=_font(SMALL)) / 2 + 4
    free = float(LEFT)
    for x, at in local:
        if x - half >= free and x + half <= WIDTH - RIGHT:
            draw.text((x, HEIGHT - 12), f"{at:{form}}", fill=FAINT, font=_font(SMALL), anchor="ms")
            free = max(x + half + 40, free + (WIDTH - LEFT - RIGHT) / 5)


def _bars(draw: ImageDraw.ImageDraw, candles: Sequence[Candle], middles: Sequence[float], frame: _Frame) -> None:
    half = min(max((WIDTH - LEFT - RIGHT) / len(candles) * 0.35, 0.5), MOST_BODY)
    for x, candle in zip(middles, candles, strict=True):
        colour = UP if candle.close >= candle.open else DOWN
        draw.line([(x, frame.y(float(candle.high))), (x, frame.y(float(candle.low)))], fill=colour, width=2)
        top, bottom = sorted((frame.y(float(candle.open)), frame.y(float(candle.close))))
        draw.rectangle([(x - half, top), (x + half, max(bottom, top + 1))], fill=colour)


def _fill(draw: ImageDraw.ImageDraw, fill: FillMark, x: float, frame: _Frame) -> None:
    """A triangle whose point is at the price: from below when bought, from above when sold."""
    y, down = frame.y(float(fill.price)), fill.side.sign
    corners = [(x, y), (x - MARK, y + down * 2 * MARK), (x + MARK, y + down * 2 * MARK)]
    draw.polygon(corners, fill=_colour(fill.side), outline=PAPER, width=2)


def _order(draw: ImageDraw.ImageDraw, order: OrderMark, frame: _Frame) -> None:
    y = frame.y(float(order.price))
    for x in range(LEFT, WIDTH - RIGHT, 2 * DASH):
        draw.line([(x, y), (x + DASH - 1, y)], fill=_colour(order.side), width=2)
    above = y - SMALL - 6 > TOP
    text = f"{order.label}  {price(order.price)}"
    at, anchor = (LEFT, y - 4 if above else y + 6), "ls" if above else "lt"
    draw.rectangle(draw.textbbox(at, text, font=_font(SMALL), anchor=anchor), fill=PAPER)
    draw.text(at, text, fill=_colour(order.side), font=_font(SMALL), anchor=anchor)


def _tag(draw: ImageDraw.ImageDraw, y: float, text: str, colour: Colour) -> None:
    """The present value, on its colour, in the margin."""
    half = SMALL / 2 + 4
    y = min(max(y, TOP + half), HEIGHT - BOTTOM - half)
    draw.rectangle([(WIDTH - RIGHT + 2, y - half), (WIDTH - 2, y + half)], fill=colour)
    draw.text((WIDTH - RIGHT + 10, y), text, fill=PAPER, font=_font(SMALL), anchor="lm")


def _path(draw: ImageDraw.ImageDraw, points: Sequence[tuple[float, float]], colour: Colour, wide: int) -> None:
    if len(points) == 1:
        points = [points[0], (WIDTH - RIGHT, points[0][1])]
    draw.line(points, fill=colour, width=wide, joint="curve")


def _colour(side: Side) -> Colour:
    return BOUGHT if side is Side.BUY else SOLD
