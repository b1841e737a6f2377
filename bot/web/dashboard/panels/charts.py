"""The chart component, and how our two charts are drawn: candles with fills and orders, and worth with its falls."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nicegui.elements.echart
from nicegui.element import Element

from bot.web.dashboard.view.cells import Shape
from bot.web.dashboard.view.market import Bar, Picture

ECHARTS = str(Path(nicegui.elements.echart.__file__).parent / "dist")


class Chart(Element, component="../js/chart.js", esm={"nicegui-echart": ECHARTS}):
    """A chart by ECharts as NiceGUI brings it; a colour such as `--good` is the style sheet's."""

    def __init__(self, label: str) -> None:
        super().__init__()
        self.props["label"] = label

    def show(self, options: Shape) -> None:
        """Draw it anew."""
        self.run_method("show", options)

    def tick(self, bar: Bar) -> None:
        """The last bar of a candle chart moved, or a new one began."""
        self.run_method("tick", *bar)


FONT = {"color": "--muted", "fontSize": 11}
AXIS = {"axisLabel": FONT, "axisLine": {"lineStyle": {"color": "--line"}}, "axisTick": {"show": False}}
VALUES = {"scale": True, "position": "right", "axisLabel": FONT, "splitLine": {"lineStyle": {"color": "--line"}}}
TIP = {
    "trigger": "axis",
    "confine": True,
    "backgroundColor": "--panel",
    "borderColor": "--line",
    "textStyle": {"color": "--text", "fontSize": 12},
    "axisPointer": {"type": "cross", "label": {"backgroundColor": "--muted", "color": "--panel"}},
}
NOW = {"color": "--accent", "fontSize": 11, "fontWeight": 600, "backgroundColor": "--panel", "padding": [2, 3]}
STILL = {"symbol": "none", "silent": True, "animation": False, "z": 10}
COLOURS = {"BUY": "--good", "SELL": "--bad", "": "--muted"}


def candles(picture: Picture) -> Shape:
    """Bars, a line at the last price, a triangle for each of our fills, a line for each working order in reach."""
    bars = picture.bars
    close = [{"yAxis": bars[-1][1][1]}] if bars else []
    near, _ = within_reach(picture)
    return {
        "animation": False,
        "grid": {"left": 10, "right": 80, "top": 12, "bottom": 24},
        "tooltip": TIP,
        "xAxis": {"type": "category", "data": [label for label, _ in bars], **AXIS},
        "yAxis": VALUES,
        "dataZoom": [{"type": "inside", "minValueSpan": 10}],
        "series": [
            {
                "name": "Price",
                "type": "candlestick",
                "data": [values for _, values in bars],
                "itemStyle": {"color": "--good", "color0": "--bad", "borderColor": "--good", "borderColor0": "--bad"},
                "markLine": {
                    **STILL, "label": NOW, "data": close,
                    "lineStyle": {"color": "--accent", "type": "dashed", "width": 1},
                },
            },
            {"name": "Fills", "type": "scatter", "z": 5, "data": [_mark(fill) for fill in picture.fills],
             "tooltip": {"trigger": "item", "formatter": "{b}"}},
            # The invisible points make the axis reach as far as the lines.
            {"name": "Orders", "type": "scatter", "symbolSize": 0, "silent": True, "tooltip": {"show": False},
             "data": [[bars[-1][0], line["price"]] for line in near],
             "markLine": {**STILL, "data": [_line(each) for each in near]}},
        ],
    }  # fmt: skip


def within_reach(picture: Picture) -> tuple[Sequence[Shape], Sequence[Shape]]:
    """The lines that can be drawn without pressing the bars flat, and the others."""
    if not picture.bars:
        return (), picture.lines
    low, high = min(bar[2] for _, bar in picture.bars), max(bar[3] for _, bar in picture.bars)
    reach = 1.5 * (high - low)
    near = [line for line in picture.lines if low - reach <= line["price"] <= high + reach]
    return near, [line for line in picture.lines if line not in near]


def _mark(fill: Shape) -> Shape:
    buys = fill["side"] == "BUY"
    return {
        "value": [fill["at"], fill["price"]],
        "name": fill["text"],
        "symbol": "triangle",
        "symbolSize": 13,
        "symbolRotate": 0 if buys else 180,
        "itemStyle": {"color": "--good" if buys else "--bad", "borderColor": "--text", "borderWidth": 1},
    }


def _line(line: Shape) -> Shape:
    colour = COLOURS[line["side"]]
    return {
        "yAxis": line["price"],
        "lineStyle": {"color": colour, "type": "solid", "width": 1, "opacity": 0.8},
        "label": {
            "position": "insideStart", "formatter": line["text"], "color": colour, "fontSize": 11,
            "backgroundColor": "--panel", "padding": [1, 4],
        },
    }  # fmt: skip


def worth(points: Sequence[tuple[str, float, float]]) -> Shape:
    """Worth over time, and below it how many percent it is under its best."""
    times: Shape = {"type": "time", **AXIS}
    depth: Shape = {"max": 0}
    if not any(fall for _, _, fall in points):
        depth["min"] = -1  # without a fall the axis would reach above the best
    line: dict[str, Any] = {"type": "line", "showSymbol": False}
    return {
        "animation": False,
        "axisPointer": {"link": [{"xAxisIndex": "all"}]},
        "grid": [{"left": 10, "right": 64, "top": 8, "height": "52%"},
                 {"left": 10, "right": 64, "bottom": 22, "height": "22%"}],
        "tooltip": TIP,
        "xAxis": [{**times, "gridIndex": 0, "axisLabel": {"show": False}},
                  {**times, "gridIndex": 1, "axisLabel": {**FONT, "hideOverlap": True}}],
        "yAxis": [{"type": "value", "splitNumber": 3, "gridIndex": 0, **VALUES},
                  {"type": "value", "splitNumber": 1, "gridIndex": 1, **VALUES, **depth,
                   "axisLabel": {**FONT, "formatter": "{value}%", "hideOverlap": True}}],
        "series": [
            {**line, "name": "Equity", "data": [[at, value] for at, value, _ in points],
             "lineStyle": {"color": "--accent", "width": 1.5}, "itemStyle": {"color": "--accent"},
             "areaStyle": {"color": "--accent", "opacity": 0.08, "origin": "start"}},
            {**line, "name": "Below its best, %", "xAxisIndex": 1, "yAxisIndex": 1,
             "data": [[at, round(fall, 3)] for at, _, fall in points],
             "lineStyle": {"color": "--bad", "width": 1}, "itemStyle": {"color": "--bad"},
             "areaStyle": {"color": "--bad", "opacity": 0.2}},
        ],
    }  # fmt: skip
