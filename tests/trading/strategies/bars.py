"""Bars for strategies, from whole ticks, so that an oracle can count them exactly."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from trading.strategies.strategy import Bar, Strategy, Wish

TICK = Decimal("0.01")


def price(ticks: int) -> float:
    """The double that is nearest to a price on the tick, as it comes out of a candle."""
    return float(ticks * TICK)


def flat_bars(closes: Iterable[int]) -> list[Bar]:
    """Bars that open, stay and close at these prices (in ticks), a minute each."""
    prices = map(price, closes)
    return [Bar(60 * number, at, at, at, at, 1.0) for number, at in enumerate(prices, 1)]


def wishes(strategy: Strategy, bars: Sequence[Bar], position: float = 0.0) -> list[Wish | None]:
    """What is wished at each bar."""
    return [strategy.on_bar(bar, position) for bar in bars]
