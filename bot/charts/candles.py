"""The picture of a market: candles with volume, our fills, working orders and the position's average price."""

from bisect import bisect_right
from collections.abc import Sequence
from decimal import Decimal

from bot.charts import canvas as c
from handlers.drawings import CandlesDrawing, FillMark
from handlers.figures import price, signed_percent
from handlers.reply import Image
from trading.quotes import Candle

MOST_BODY = 20  # half the width of a candle
HOLLOW = 3  # half the width from which a rising candle is an outline
REACH = 1.0  # orders further away than this many heights of the candles stand at the edge
VOLUME = 70  # pixels of the lower part of the plot
PALE: c.Colour = (200, 206, 214)
CROWD = 30  # fills; the marks of more are smaller


def candles_picture(drawing: CandlesDrawing) -> Image:
    """Candles: a rising one is an outline, a falling one filled, the one that still forms is pale.

    Fills are triangles (blue up bought, purple down sold), orders dashed lines, the average price is a thin line.
    Fills before the candles are left out; an order too far away stands at the edge.
    """
    candles, last = drawing.candles, float(drawing.last)
    forms = drawing.now >= candles[-1].end
    ends = [candle.end for candle in candles]
    fills = [fill for fill in drawing.fills if candles[0].start <= fill.at <= drawing.now]
    frame = _frame(drawing, fills)
    slots = len(candles) + forms
    middles = [c.across(number + 0.5, slots) for number in range(slots)]
    half = min(max((c.WIDTH - c.LEFT - c.RIGHT) / slots * 0.35, 0.5), MOST_BODY)
    drawn, draw = c.canvas()
    change = (drawing.last - candles[0].open) / candles[0].open * 100 if candles[0].open else Decimal(0)
    words = f"{candles[0].symbol}  {candles[0].timeframe}"
    c.title(draw, words, f"{price(drawing.last)}  {signed_percent(change)}", c.DOWN if change < 0 else c.UP)
    c.values(draw, frame, last)
    starts = [candle.start for candle in candles] + [candles[-1].end] * forms
    c.times(draw, list(zip(middles, starts, strict=True)), drawing.zone)
    _volume(draw, candles, middles, half)
    for x, candle in zip(middles, candles, strict=False):
        _candle(draw, candle, x, half, frame)
    if forms:
        _body(draw, middles[-1], half, frame.y(float(candles[-1].close)), frame.y(last), PALE, hollow=False)
    _levels(draw, drawing, frame)
    c.tag(draw, frame.y(last), price(drawing.last), c.INK)
    for fill in fills:
        held = min(bisect_right(ends, fill.at), slots - 1)
        _fill(draw, fill, middles[held], frame, c.MARK if len(fills) <= CROWD else c.MARK * 2 // 3)
    return c.png(drawn, drawing.name)


def _frame(drawing: CandlesDrawing, fills: Sequence[FillMark]) -> c.Frame:
    """The scale of prices: of the candles and fills, and of the orders and the average that are not too far away."""
    bars, shown = drawing.candles, [float(drawing.last), *(float(fill.price) for fill in fills)]
    low, high = min(*shown, *(float(b.low) for b in bars)), max(*shown, *(float(b.high) for b in bars))
    far = (high - low) * REACH
    levels = [order.price for order in drawing.orders] + ([drawing.average] if drawing.average else [])
    near = [float(level) for level in levels if low - far <= float(level) <= high + far]
    bottom = c.HEIGHT - c.BOTTOM - (VOLUME + c.GAP if any(bar.volume for bar in bars) else 0)
    return c.Frame(min([low, *near]), max([high, *near]), c.TOP, bottom)


# --- strokes ---------------------------------------------------------------------------------


def _candle(draw: c.Draw, candle: Candle, x: float, half: float, frame: c.Frame) -> None:
    rises = candle.close >= candle.open
    colour = c.UP if rises else c.DOWN
    draw.line([(x, frame.y(float(candle.high))), (x, frame.y(float(candle.low)))], fill=colour, width=2)
    opened, closed = frame.y(float(candle.open)), frame.y(float(candle.close))
    _body(draw, x, half, opened, closed, colour, hollow=rises and half >= HOLLOW)


def _body(draw: c.Draw, x: float, half: float, opened: float, closed: float, colour: c.Colour, *, hollow: bool) -> None:
    top, bottom = sorted((opened, closed))
    box = [(x - half, top), (x + half, max(bottom, top + 1))]
    if hollow and bottom - top > HOLLOW:
        draw.rectangle(box, fill=c.PAPER, outline=colour, width=2)
    else:
        draw.rectangle(box, fill=colour)


def _volume(draw: c.Draw, candles: Sequence[Candle], middles: Sequence[float], half: float) -> None:
    """What changed hands, as bars at the bottom; nothing where the market does not tell."""
    most = max(float(candle.volume) for candle in candles)
    if not most:
        return
    bottom = c.HEIGHT - c.BOTTOM
    for x, candle in zip(middles, candles, strict=False):
        draw.rectangle([(x - half, bottom - VOLUME * float(candle.volume) / most), (x + half, bottom)], fill=PALE)
    c.margin(draw, bottom, "volume", c.FAINT, "ls")


def _fill(draw: c.Draw, fill: FillMark, x: float, frame: c.Frame, size: int) -> None:
    """A triangle whose point is at the price: from below when bought, from above when sold."""
    y, down = frame.y(float(fill.price)), fill.side.sign
    corners = [(x, y), (x - size, y + down * 2 * size), (x + size, y + down * 2 * size)]
    draw.polygon(corners, fill=c.side_colour(fill.side), outline=c.PAPER, width=2)


def _levels(draw: c.Draw, drawing: CandlesDrawing, frame: c.Frame) -> None:
    """The average price and the working orders: lines first, so that none goes through a word."""
    levels = [(order.price, order.label, c.side_colour(order.side)) for order in drawing.orders]
    for at, _, colour in levels:
        c.across_dashed(draw, frame.y(float(at)), colour)
    if drawing.average is not None:
        y = frame.y(float(drawing.average))
        draw.line([(c.LEFT, y), (c.WIDTH - c.RIGHT, y)], fill=c.INK, width=1)
        levels.append((drawing.average, "average", c.INK))
    boxes: list[c.Box] = []
    for at, text, colour in levels:
        boxes.append(_level(draw, at, text, colour, frame, boxes))


def _level(draw: c.Draw, at: Decimal, text: str, colour: c.Colour, frame: c.Frame, boxes: Sequence[c.Box]) -> c.Box:
    """What a line means, written above it, where nothing else is written."""
    beyond = " (above)" if float(at) > frame.high else " (below)" if float(at) < frame.low else ""
    y = frame.y(float(at))
    above = y - c.SMALL - 6 > c.TOP
    y += -4 if above else 6
    beside = [box for box in boxes if box.top - c.SMALL < y < box.bottom + c.SMALL]
    x = max((box.right + 2 * c.GAP for box in beside), default=float(c.LEFT))
    words = f"{text}  {price(at)}{beyond}"
    x = min(x, c.WIDTH - c.RIGHT - draw.textlength(words, font=c.font(c.SMALL)))
    return c.label(draw, (x, y), words, colour, "ls" if above else "lt")
