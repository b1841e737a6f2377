"""The picture of what accounts were worth: the curve above, how far it is below its best so far underneath."""

from bisect import bisect_right
from collections.abc import Sequence

from bot.charts import canvas as c
from handlers.drawings import EquityDrawing
from handlers.figures import money, signed
from handlers.reply import Image
from trading.instruments import Side

DRAWDOWN = 150  # pixels of the lower part
SPACE = 24  # between the two
LINE = c.BOUGHT
FALL = c.DOWN
LOSS: c.Colour = (250, 216, 190)
DOT = 8  # half the size of a fill


def equity_picture(drawing: EquityDrawing) -> Image:
    """Worth over time above and drawdown in percent below; payments are dashed lines, fills dots (rings if sold)."""
    points = drawing.points
    worth, falls = [float(point.worth) for point in points], [float(point.fall) for point in points]
    began, length = points[0].at, (points[-1].at - points[0].at).total_seconds()
    columns = [c.across((each.at - began).total_seconds(), length) if length else c.LEFT for each in points]
    upper = c.Frame(min(worth), max(worth), c.TOP, c.HEIGHT - c.BOTTOM - DRAWDOWN - SPACE)
    lower = c.Frame(min(*falls, -0.01), 0.0, c.HEIGHT - c.BOTTOM - DRAWDOWN, c.HEIGHT - c.BOTTOM, padding=0.0)
    drawn, draw = c.canvas()
    change = points[-1].worth - points[0].worth
    words = f"{money(points[-1].worth, drawing.currency)}  {signed(change) if change else '+0.00'}"
    c.title(draw, drawing.title, words, c.DOWN if change < 0 else c.UP)
    c.values(draw, upper, worth[-1])
    c.times(draw, list(zip(columns, (each.at for each in points), strict=True)), drawing.zone)
    _drawdown(draw, lower, columns, falls)
    if length:
        _payments(draw, drawing, upper, length)
    _path(draw, [(x, upper.y(value)) for x, value in _thinned(columns, worth)], LINE, 3)
    _fills(draw, drawing, upper, length)
    c.tag(draw, upper.y(worth[-1]), money(points[-1].worth), LINE)
    return c.png(drawn, drawing.name)


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


def _drawdown(draw: c.Draw, frame: c.Frame, columns: Sequence[float], falls: Sequence[float]) -> None:
    depth = [(x, frame.y(value)) for x, value in _thinned(columns, falls)]
    draw.polygon([(depth[0][0], frame.top), *depth, (depth[-1][0], frame.top)], fill=LOSS)
    _path(draw, depth, FALL, 2)
    draw.line([(c.LEFT, frame.top), (c.WIDTH - c.RIGHT, frame.top)], fill=c.GRID, width=2)
    c.margin(draw, frame.top, "drawdown", c.FAINT, "lt")
    c.margin(draw, frame.bottom, f"{round(min(falls), 2) + 0.0:.2f}%", FALL, "ls")


def _payments(draw: c.Draw, drawing: EquityDrawing, frame: c.Frame, length: float) -> None:
    """When money came in or went out: the curve itself does not show it."""
    taken = float(c.LEFT)
    for paid in drawing.paid:
        x = c.across((paid.at - drawing.points[0].at).total_seconds(), length)
        c.down_dashed(draw, x, frame.top, frame.bottom, c.FAINT)
        text = f"{signed(paid.amount)} paid {'in' if paid.amount > 0 else 'out'}"
        wide = draw.textlength(text, font=c.font(c.SMALL))
        left = min(x + 6, c.WIDTH - c.RIGHT - wide)
        if left >= taken:
            c.label(draw, (left, frame.top + 4), text, c.FAINT, "lt")
            taken = left + wide + c.GAP


def _fills(draw: c.Draw, drawing: EquityDrawing, frame: c.Frame, length: float) -> None:
    """Dots on the curve: filled when bought, rings when sold."""
    points, moments = drawing.points, [point.at for point in drawing.points]
    for fill in drawing.fills:
        if not length or not moments[0] <= fill.at <= moments[-1]:
            continue
        after = min(bisect_right(moments, fill.at), len(points) - 1)
        before, between = points[after - 1], (points[after].at - points[after - 1].at).total_seconds()
        part = (fill.at - before.at).total_seconds() / between if between else 0.0
        x = c.across((fill.at - moments[0]).total_seconds(), length)
        y = frame.y(float(before.worth) + part * float(points[after].worth - before.worth))
        colour = c.side_colour(fill.side)
        inside = colour if fill.side is Side.BUY else c.PAPER
        draw.ellipse([(x - DOT - 1, y - DOT - 1), (x + DOT + 1, y + DOT + 1)], fill=c.PAPER)
        draw.ellipse([(x - DOT, y - DOT), (x + DOT, y + DOT)], fill=inside, outline=colour, width=4)


def _path(draw: c.Draw, points: Sequence[tuple[float, float]], colour: c.Colour, wide: int) -> None:
    if len(points) == 1:
        points = [points[0], (c.WIDTH - c.RIGHT, points[0][1])]
    draw.line(points, fill=colour, width=wide, joint="curve")
