"""What a strategy is: it is shown closed bars, one by one, and answers what it wishes.

Live trading and backtests run the same class. A strategy knows neither orders nor accounts, uses
the same memory at every bar, and is deterministic: the same bars lead to the same wishes. Floats
are allowed here; where two values must be told apart exactly, prices are counted in whole ticks.
"""

import difflib
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar, Self

import msgspec

from trading.errors import ConfigError
from trading.quotes import Candle

_NUMBER = re.compile(r"[+-]?[0-9]{1,12}(\.[0-9]{1,12})?", re.ASCII)
_SHOWN = 24  # characters of a wrong value that are repeated


class Bar(msgspec.Struct, frozen=True, gc=False):
    """One closed bar. `time` is when it closed, in seconds since 1970 (UTC); prices are in quote currency."""

    time: int
    open: float
    high: float
    low: float
    close: float
    volume: float

    @classmethod
    def of(cls, candle: Candle) -> "Bar":
        """A closed candle as a bar."""
        return cls(
            int(candle.end.timestamp()),
            float(candle.open),
            float(candle.high),
            float(candle.low),
            float(candle.close),
            float(candle.volume),
        )


class Wish(StrEnum):
    """Where a strategy wants to be. Whoever is there already has nothing to do."""

    BUY = "BUY"  # long, by one size
    SELL = "SELL"  # short, by one size; flat where nothing can be sold short
    CLOSE = "CLOSE"  # flat

    def target(self, shorting: bool) -> int:
        """The side to be on: 1 is long, 0 flat, -1 short."""
        if self is Wish.BUY:
            return 1
        return -1 if self is Wish.SELL and shorting else 0


class Parameters(msgspec.Struct, frozen=True):
    """The numbers a strategy can be tuned with: each field has a default, and its range as `msgspec.Meta`.

    Raises:
        ConfigError: a value of the wrong kind or out of its range, however the object is made.
    """

    def __post_init__(self) -> None:
        for field in msgspec.structs.fields(self):
            _checked(field.name, getattr(self, field.name), field.type)

    @classmethod
    def read(cls, given: Mapping[str, str | int | float]) -> Self:
        """From settings, chat or a search: text or numbers by name; what is not given has its default.

        Raises:
            ConfigError: an unknown name (the nearest known one is named), not a number, out of range.
        """
        kinds = {field.name: field.type for field in msgspec.structs.fields(cls)}
        for name in given:
            if name not in kinds:
                raise unknown("parameter", name, kinds)
        return cls(**{name: _checked(name, _number(name, value), kinds[name]) for name, value in given.items()})


class Strategy(ABC):
    """One symbol's state. `tick` is the price step of the instrument, in quote currency.

    `warmup` is how many bars to show before the first wish may be acted on: so many that what came
    before them no longer matters. Until it has seen enough to judge, `on_bar` wishes nothing.
    """

    parameters: ClassVar[type[Parameters]]
    warmup: int

    @abstractmethod
    def __init__(self, params: Any, tick: float) -> None: ...

    @abstractmethod
    def on_bar(self, bar: Bar, position: float) -> Wish | None:
        """Take the next closed bar and say what is wished at its close, if anything.

        `position` is the signed quantity held now. It may decide about the wish, never about what
        is remembered: history is shown with the position of today.
        """

    @classmethod
    def make(cls, given: Mapping[str, str | int | float], tick: float) -> Self:
        """A new one with these parameters.

        Raises:
            ConfigError: the parameters are wrong.
        """
        return cls(cls.parameters.read(given), tick)


def unknown(noun: str, name: str, known: Mapping[str, Any]) -> ConfigError:
    """What to raise for a name that is not known; its remedy is the nearest one that is."""
    near = difflib.get_close_matches(name[:_SHOWN], known, n=1)
    remedy = f"Did you mean {near[0]}?" if near else f"There is {', '.join(known)}."
    return ConfigError(f"{name[:_SHOWN]!r} is not a {noun}.", remedy)


def _number(name: str, value: str | int | float) -> int | float:
    if not isinstance(value, str):
        return value
    if not _NUMBER.fullmatch(value):
        raise ConfigError(f"Parameter {name} is {value[:_SHOWN]!r}, not a number.", f"Write it like {name}=20.")
    return float(value) if "." in value else int(value)


def _checked(name: str, value: object, kind: Any) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as why:
        wanted = str(why).lower().replace("`int`", "a whole number").replace("`float`", "a number")
        raise ConfigError(f"Parameter {name} is {str(value)[:_SHOWN]}: {wanted}.", "Correct it.") from None
