"""What every picture is made of: a canvas for a phone, scales, axes, labels.

Figures become floats only here, as positions on the picture. The colours are Okabe and Ito's and Tol's: people who
do not see red and green as others do can tell them apart, and nothing is told by a colour alone.
"""

import io
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from handlers.reply import Image
from trading.instruments import Side

WIDTH, HEIGHT = 1000, 640
LEFT, RIGHT, TOP, BOTTOM = 16, 150, 64, 44  # margins; prices are written in the right one
SMALL, LARGE, TINY = 22, 30, 12
GAP = 10  # between the plot and what is written beside it
DASH = 10
MARK = 13  # half the size of a mark
Colour = tuple[int, int, int]
Draw = ImageDraw.ImageDraw
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
PAPER: Colour = (255, 255, 255)
INK: Colour = (30, 36, 44)
FAINT: Colour = (110, 118, 128)
GRID: Colour = (228, 231, 235)
UP: Colour = (0, 140, 105)
DOWN: Colour = (213, 94, 0)
BOUGHT: Colour = (0, 90, 181)
SOLD: Colour = (170, 51, 119)


class Frame(NamedTuple):
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


class Box(NamedTuple):
    """Where something is written."""

    left: float
    top: float
    right: float
    bottom: float


def across(part: float, whole: float) -> float:
    """How far to the right a part of the whole stands."""
    return LEFT + (WIDTH - RIGHT - LEFT) * part / whole


def steps(low: float, high: float, most: int) -> list[Decimal]:
    """Round values between two: at most about `most`, in steps of 1, 2 or 5 times a power of ten."""
    bottom, top = Decimal(repr(low)), Decimal(repr(high))
    if top <= bottom:
        return [bottom]
    power = Decimal(1).scaleb(((top - bottom) / most).adjusted())
    step = next(power * n for n in (1, 2, 5, 10, 20) if (top - bottom) / (power * n) <= most)
    first = int(bottom / step)
    return [step * n for n in range(first - 1, first + most + 3) if bottom <= step * n <= top]


def side_colour(side: Side) -> Colour:
    return BOUGHT if side is Side.BUY else SOLD


# --- the picture -----------------------------------------------------------------------------


def canvas() -> tuple[Pillow.Image, Draw]:
    """An empty picture and its pen."""
    empty = Pillow.new("RGB", (WIDTH, HEIGHT), PAPER)
    return empty, ImageDraw.Draw(empty)


def png(drawn: Pillow.Image, name: str) -> Image:
    """The picture as a file; the same picture is the same bytes."""
    written = io.BytesIO()
    drawn.save(written, "PNG", optimize=True)
    return Image(name, written.getvalue())


@cache
def font(size: int) -> Font:
    return ImageFont.load_default(size)


def fitting(draw: Draw, text: str, room: float, size: int = SMALL) -> Font:
    """The font in which a text takes no more than `room`."""
    while size > TINY and draw.textlength(text, font=font(size)) > room:
        size -= 1
    return font(size)


def title(draw: Draw, left: str, right: str, colour: Colour) -> None:
    """The line at the top."""
    draw.text((WIDTH - LEFT, 16), right, fill=colour, font=font(LARGE), anchor="rt")
    room = WIDTH - 2 * LEFT - 2 * GAP - draw.textlength(right, font=font(LARGE))
    draw.text((LEFT, 16), left, fill=INK, font=fitting(draw, left, room, LARGE), anchor="lt")


def values(draw: Draw, frame: Frame, tagged: float) -> None:
    """Lines at round values, with the values in the margin where the tag of `tagged` leaves room."""
    for value in steps(frame.low, frame.high, 6):
        y = frame.y(float(value))
        draw.line([(LEFT, y), (WIDTH - RIGHT, y)], fill=GRID, width=2)
        if abs(y - frame.y(tagged)) > SMALL + 6:
            margin(draw, y, f"{value:,f}", FAINT)


def margin(draw: Draw, y: float, text: str, colour: Colour, anchor: str = "lm") -> None:
    """A word at the right of the plot."""
    draw.text((WIDTH - RIGHT + GAP, y), text, fill=colour, font=fitting(draw, text, RIGHT - GAP - 4), anchor=anchor)


def tag(draw: Draw, y: float, text: str, colour: Colour) -> None:
    """The present value, on its colour, in the margin."""
    half = SMALL / 2 + 4
    y = min(max(y, TOP + half), HEIGHT - BOTTOM - half)
    draw.rectangle([(WIDTH - RIGHT + 2, y - half), (WIDTH - 2, y + half)], fill=colour)
    margin(draw, y, text, PAPER)


def times(draw: Draw, points: Sequence[tuple[float, datetime]], zone: str) -> None:
    """Times below about every fifth part of the picture: of the day, or dates where there are several days."""
    local = [(x, at.astimezone(ZoneInfo(zone))) for x, at in points]
    form = _form([at for _, at in local])
    half = max(draw.textlength(f"{at:{form}}", font=font(SMALL)) for _, at in (local[0], local[-1])) / 2 + 4
    free, before = float(LEFT), ""
    for x, at in local:
        text = f"{at:{form}}"
        if x - half >= free and x + half <= WIDTH - RIGHT and text != before:
            before = text
            draw.text((x, HEIGHT - 12), text, fill=FAINT, font=font(SMALL), anchor="ms")
            free = max(x + half + 40, free + (WIDTH - LEFT - RIGHT) / 5)


def label(draw: Draw, at: tuple[float, float], text: str, colour: Colour, anchor: str) -> Box:
    """A word on the plot, with a rim of paper that parts it from what is behind; answers the box it takes."""
    draw.text(at, text, fill=colour, font=font(SMALL), anchor=anchor, stroke_width=3, stroke_fill=PAPER)
    left, top, right, bottom = draw.textbbox(at, text, font=font(SMALL), anchor=anchor)
    return Box(left, top, right, bottom)


def across_dashed(draw: Draw, y: float, colour: Colour) -> None:
    """A dashed line from left to right."""
    for x in range(LEFT, WIDTH - RIGHT, 2 * DASH):
        draw.line([(x, y), (x + DASH - 1, y)], fill=colour, width=2)


def down_dashed(draw: Draw, x: float, top: float, bottom: float, colour: Colour) -> None:
    """A dashed line from top to bottom."""
    for y in range(int(top), int(bottom), 2 * DASH):
        draw.line([(x, y), (x, min(y + DASH - 1, bottom))], fill=colour, width=2)


def _form(moments: Sequence[datetime]) -> str:
    """How times are written: as short as tells those of a picture apart."""
    first, last = moments[0], moments[-1]
    if last - first > timedelta(days=300):
        return "%b %Y"
    if last - first > timedelta(days=20) or (len(moments) > 1 and moments[1] - first >= timedelta(days=1)):
        return "%d %b"
    return "%H:%M" if first.date() == last.date() else "%d %b %H:%M"
