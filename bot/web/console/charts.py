"""The chart component, and how our two charts are drawn: candles with fills, and the equity curve."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nicegui.elements.echart
from nicegui.element import Element

ECHARTS = str(Path(nicegui.elements.echart.__file__).parent / "dist")
Shape = dict[str, Any]
Bar = tuple[str, list[float]]
"""A bar's label, and its open, close, low and high, in ECharts' order."""


class Chart(Element, component="chart.js", esm={"nicegui-echart": ECHARTS}):
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
    "backgroundColor": "--panel",
    "borderColor": "--line",
    "textStyle": {"color": "--text", "fontSize": 12},
    "axisPointer": {"type": "cross", "label": {"backgroundColor": "--muted", "color": "--panel"}},
}
NOW = {"color": "--accent", "fontSize": 11, "fontWeight": 600, "backgroundColor": "--panel", "padding": [2, 3]}


def candles(bars: Sequence[Bar], fills: Sequence[Shape]) -> Shape:
    """Bars, a line at the last price, and a triangle for each of our fills (`at`, `price`, `side`, `text`)."""
    close = [{"yAxis": bars[-1][1][1]}] if bars else []
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
                    "symbol": "none", "silent": True, "animation": False, "label": NOW, "data": close,
                    "lineStyle": {"color": "--accent", "type": "dashed", "width": 1},
                },
            },
            {"name": "Fills", "type": "scatter", "z": 5, "data": [_mark(fill) for fill in fills],
             "tooltip": {"trigger": "item", "formatter": "{b}"}},
        ],
    }  # fmt: skip


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


def curve(points: Sequence[tuple[str, float]]) -> Shape:
    """Worth over time."""
    return {
        "animation": False,
        "grid": {"left": 10, "right": 64, "top": 12, "bottom": 22},
        "tooltip": TIP,
        "xAxis": {"type": "time", **AXIS, "axisLabel": {**FONT, "hideOverlap": True}},
        "yAxis": {"type": "value", "splitNumber": 3, **VALUES},
        "series": [
            {"name": "Equity", "type": "line", "showSymbol": False, "data": [list(point) for point in points],
             "lineStyle": {"color": "--accent", "width": 1.5}, "itemStyle": {"color": "--accent"},
             "areaStyle": {"color": "--accent", "opacity": 0.08, "origin": "start"}}
        ],
    }  # fmt: skip
