"""Bet on a return: long when the price has fallen too far too fast, short when it has risen so."""

from typing import Annotated

from msgspec import Meta

from trading.errors import ConfigError
from trading.strategies.strategy import Bar, Parameters, Strategy, Wish


class RsiReversionParameters(Parameters, frozen=True):
    """`period` in bars; `low` and `high` are levels of the index, from 0 to 100."""

    period: Annotated[int, Meta(ge=2, le=1_000)] = 14
    low: Annotated[float, Meta(gt=0, lt=100)] = 30.0
    high: Annotated[float, Meta(gt=0, lt=100)] = 70.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.low >= self.high:
            raise ConfigError(f"low ({self.low:g}) is not less than high ({self.high:g}).", "Write low=30, high=70.")


class RsiReversion(Strategy):
    """BUY when the relative strength index comes below `low`, SELL when it comes above `high`.

    RSI = 100 * gain / (gain + loss), with Wilder's averages of rises and falls of the close (Wilder,
    New Concepts in Technical Trading Systems, 1978): the plain mean of the first `period` changes,
    then `average += (change - average) / period`. Where nothing has moved yet it is 50.

    One excursion is one wish: after it the index has to leave the zone before it can wish again.
    """

    parameters = RsiReversionParameters

    def __init__(self, params: RsiReversionParameters, tick: float) -> None:
        self.warmup = 10 * params.period + 1  # what came before weighs less than e^-9 by then
        self._period, self._low, self._high = params.period, params.low / 100, params.high / 100
        self._close: float | None = None
        self._changes = 0  # seen, up to the period
        self._gain = self._loss = 0.0
        self._zone = 0

    def on_bar(self, bar: Bar, position: float) -> Wish | None:
        close, last = bar.close, self._close
        self._close = close
        if last is None:
            return None
        if self._changes < self._period:
            self._changes += 1
        # With as many changes as were seen, this is their mean; from `period` on, Wilder's average.
        change, count = close - last, self._changes
        self._gain = gain = self._gain + ((change if change > 0 else 0.0) - self._gain) / count
        self._loss = loss = self._loss + ((-change if change < 0 else 0.0) - self._loss) / count
        if count < self._period:
            return None
        total = gain + loss
        zone = -1 if gain < self._low * total else 1 if gain > self._high * total else 0
        before, self._zone = self._zone, zone
        if zone == before or not zone:
            return None
        return Wish.BUY if zone < 0 else Wish.SELL
