"""Bars, kept by the minute and joined into any timeframe, and the tables that bars and ticks are answered in.

The package answers numpy's structured arrays; `Table` is read the same way (by row, by field, `row["close"]`,
`table["close"]`, `table.dtype.names`, `len`), so that nothing here needs numpy.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, overload

from trading.mt5.constants import Constants as mt5

RATES = ("time", "open", "high", "low", "close", "tick_volume", "spread", "real_volume")
TICKS = ("time", "bid", "ask", "last", "volume", "time_msc", "flags", "volume_real")
_HOUR, _DAY, _WEEK = 3600, 86_400, 604_800
_TIMEFRAMES = frozenset(value for name, value in vars(mt5).items() if name.startswith("TIMEFRAME_"))
_SUNDAY = 3 * _DAY  # 1970 began on a Thursday: the first Sunday


@dataclass(frozen=True)
class Fields:
    """The names of a table's fields."""

    names: tuple[str, ...]


class Row(tuple[Any, ...]):
    """One row, by number or by field."""

    dtype: Fields

    @classmethod
    def of(cls, dtype: Fields, values: Sequence[Any]) -> "Row":
        row = cls(values)
        row.dtype = dtype
        return row

    def __getitem__(self, key: Any) -> Any:
        return tuple.__getitem__(self, self.dtype.names.index(key) if isinstance(key, str) else key)


class Table:
    """Rows with named fields."""

    def __init__(self, names: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> None:
        self.dtype = Fields(names)
        self._rows = [Row.of(self.dtype, row) for row in rows]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    @overload
    def __getitem__(self, key: int) -> Row: ...
    @overload
    def __getitem__(self, key: str) -> list[Any]: ...
    @overload
    def __getitem__(self, key: slice) -> "Table": ...

    def __getitem__(self, key: int | str | slice) -> "Row | list[Any] | Table":
        if isinstance(key, str):
            return [row[key] for row in self._rows]
        if isinstance(key, slice):
            return Table(self.dtype.names, self._rows[key])
        return self._rows[key]

    def tolist(self) -> list[tuple[Any, ...]]:
        """The rows as plain tuples."""
        return [tuple(row) for row in self._rows]


def opened(timeframe: int, second: int) -> int:
    """When the bar of a timeframe opened that this second is in. ValueError for a timeframe there is not."""
    if timeframe == mt5.TIMEFRAME_MN1:
        return int(datetime.fromtimestamp(second, timezone.utc).replace(day=1, hour=0, minute=0, second=0).timestamp())
    if timeframe == mt5.TIMEFRAME_W1:
        return second - (second - _SUNDAY) % _WEEK
    if timeframe not in _TIMEFRAMES:
        raise ValueError(f"there is no timeframe {timeframe}")
    length = (timeframe & 0xFF) * _HOUR if timeframe & 0x4000 else timeframe * 60
    return second - second % length


@dataclass
class Bar:
    """One bar; times in seconds, the spread in points."""

    time: int
    open: float
    high: float
    low: float
    close: float
    tick_volume: int
    spread: int

    def join(self, other: "Bar") -> None:
        """Take in the bar that follows."""
        self.high, self.low, self.close = max(self.high, other.high), min(self.low, other.low), other.close
        self.tick_volume += other.tick_volume
        self.spread = min(self.spread, other.spread)

    @property
    def row(self) -> tuple[Any, ...]:
        return (self.time, self.open, self.high, self.low, self.close, self.tick_volume, self.spread, 0)


class Bars:
    """A symbol's history by the minute."""

    def __init__(self) -> None:
        self._minutes: dict[int, Bar] = {}

    def add(self, second: int, price: float, spread: int) -> None:
        """One more tick."""
        self.load([(second, price, price, price, price, 1, spread)])

    def load(self, rows: Sequence[Sequence[Any]]) -> None:
        """History: (time, open, high, low, close, tick_volume, spread), oldest first."""
        for row in rows:
            fresh = Bar(opened(mt5.TIMEFRAME_M1, int(row[0])), *row[1:])
            if fresh.time in self._minutes:
                self._minutes[fresh.time].join(fresh)
            else:
                self._minutes[fresh.time] = fresh

    def of(self, timeframe: int) -> list[Bar]:
        """Its bars of a timeframe, oldest first; where nothing was traded there is none."""
        joined: dict[int, Bar] = {}
        for minute in sorted(self._minutes):
            bar = self._minutes[minute]
            time = opened(timeframe, minute)
            if time in joined:
                joined[time].join(bar)
            else:
                joined[time] = Bar(time, bar.open, bar.high, bar.low, bar.close, bar.tick_volume, bar.spread)
        return list(joined.values())
