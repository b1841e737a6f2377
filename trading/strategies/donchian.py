"""Follow breakouts: long above the highest price of the last bars, short below the lowest."""

from collections import deque
from typing import Annotated

from msgspec import Meta

from trading.errors import ConfigError
from trading.strategies.strategy import Bar, Parameters, Strategy, Wish


class DonchianParameters(Parameters, frozen=True):
    """Lengths of the channels to enter by and to leave by, in bars."""

    entry: Annotated[int, Meta(ge=2, le=10_000)] = 20
    exit: Annotated[int, Meta(ge=1, le=10_000)] = 10

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.exit > self.entry:
            raise ConfigError(f"exit ({self.exit}) is more than entry ({self.entry}).", "Write entry=20, exit=10.")


class Highest:
    """The highest of the last `length` values; constant time on average (a queue that only falls)."""

    def __init__(self, length: int) -> None:
        self._length = length
        self._count = 0
        self._falling: deque[tuple[int, float]] = deque()

    def add(self, value: float) -> None:
        falling, number = self._falling, self._count
        self._count = number + 1
        while falling and falling[-1][1] <= value:
            falling.pop()
        falling.append((number, value))
        if falling[0][0] <= number - self._length:
            falling.popleft()

    @property
    def value(self) -> float:
        return self._falling[0][1]


class Donchian(Strategy):
    """BUY when a bar closes above the highs of the `entry` bars before it, SELL when below their lows.

    CLOSE when a long closes below the lows of the `exit` bars before it, or a short above their
    highs. A bar is never part of the channel it is held against; closing at the edge is not beyond
    it. Bars in a row beyond the same edge are one breakout.
    """

    parameters = DonchianParameters

    def __init__(self, params: DonchianParameters, tick: float) -> None:
        self.warmup = params.entry + 1
        self._missing = params.entry
        self._highs, self._exit_highs = Highest(params.entry), Highest(params.exit)
        self._lows, self._exit_lows = Highest(params.entry), Highest(params.exit)  # of negative prices
        self._side = 0  # beyond which edge the last bar closed

    def on_bar(self, bar: Bar, position: float) -> Wish | None:
        if self._missing:
            self._missing -= 1
            wish = None
        else:
            wish = self._wish(bar.close, position)
        self._highs.add(bar.high)
        self._exit_highs.add(bar.high)
        self._lows.add(-bar.low)
        self._exit_lows.add(-bar.low)
        return wish

    def _wish(self, close: float, position: float) -> Wish | None:
        side = 1 if close > self._highs.value else -1 if -close > self._lows.value else 0
        before, self._side = self._side, side
        if side and side != before:
            return Wish.BUY if side > 0 else Wish.SELL
        if (position > 0 and -close > self._exit_lows.value) or (position < 0 and close > self._exit_highs.value):
            return Wish.CLOSE
        return None
