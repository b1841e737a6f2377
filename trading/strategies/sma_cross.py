"""Follow the trend: long when a fast average of closes crosses above a slow one, short when below."""

from typing import Annotated

from msgspec import Meta

from trading.errors import ConfigError
from trading.strategies.strategy import Bar, Parameters, Strategy, Wish


class SmaCrossParameters(Parameters, frozen=True):
    """Lengths of the two simple moving averages, in bars."""

    fast: Annotated[int, Meta(ge=1, le=10_000)] = 20
    slow: Annotated[int, Meta(ge=2, le=10_000)] = 50

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.fast >= self.slow:
            raise ConfigError(f"fast ({self.fast}) is not less than slow ({self.slow}).", "Write fast=20, slow=50.")


class SmaCross(Strategy):
    """BUY when the fast average comes from below to above the slow one, SELL when it goes the other way.

    The tie rule: equal averages are on no side. A tie keeps the side that was there before it, so a
    cross is the first bar on the other side, and touching and turning back is none. The first side
    ever seen is where things stand, not a cross.

    Closes are counted in whole ticks and summed as integers, so that a tie is a tie, exactly.
    """

    parameters = SmaCrossParameters

    def __init__(self, params: SmaCrossParameters, tick: float) -> None:
        self.warmup = params.slow
        self._fast, self._slow, self._tick = params.fast, params.slow, tick
        self._closes = [0] * params.slow  # a ring; the oldest is the next to be replaced
        self._next = 0
        self._missing = params.slow
        self._lead = 0  # sum of the fast closes * slow - sum of the slow closes * fast: has the averages' order
        self._side = 0

    def on_bar(self, bar: Bar, position: float) -> Wish | None:
        close = round(bar.close / self._tick)
        closes, at, fast, slow = self._closes, self._next, self._fast, self._slow
        self._lead = lead = self._lead + (slow - fast) * close - slow * closes[at - fast] + fast * closes[at]
        closes[at] = close
        self._next = (at + 1) % slow
        if self._missing:
            self._missing -= 1
            if self._missing:
                return None
        side = 1 if lead > 0 else -1 if lead < 0 else self._side
        before, self._side = self._side, side
        if side == before or not before:
            return None
        return Wish.BUY if side > 0 else Wish.SELL
