"""A market that plays a file of candles, CSV or Parquet, as if it happened now."""

import asyncio
import csv
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from itertools import pairwise
from pathlib import Path

import msgspec

from trading.clock import Clock
from trading.errors import ConfigError, IntentError
from trading.instruments import ZERO, Instrument, Symbol
from trading.market.candles import UNIX, Tape, check_speed, scaled
from trading.quotes import Candle, Level, Quote, timeframe_seconds

TIMES = ("timestamp", "date", "time")
PRICES = ("open", "high", "low", "close")
MILLISECOND = timedelta(milliseconds=1)
STEPS = 4  # moments of a bar that are shown: open, one extreme, the other, close
REPEAT_S = 1.0  # how often an unchanged price is shown again, so that it does not look stale
MIN_PAUSE_S = 0.02
UNKNOWN_DEPTH = Decimal(1_000_000)  # units shown when the file has no volumes


class Bars:
    """The rows of a file as whole numbers: starts in ms since 1970, prices in ticks, volumes in steps."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.starts = array("q")
        self.lines = array("q")
        self.prices = {name: array("q") for name in PRICES}
        self.volumes = array("q")
        self.length = 0  # ms
        self.has_volume = False

    def add(self, line: int, row: Mapping[str, str]) -> None:
        """Take one row.

        Raises:
            ValueError, ArithmeticError: what is wrong with it.
        """
        start = _milliseconds(next((row[name] for name in TIMES if name in row), "").strip())
        if self.starts and start <= self.starts[-1]:
            raise ValueError("its time is not after the row before")
        prices = {name: _number(name, row) for name in PRICES}
        volume = _number("volume", row)
        if not 0 < prices["low"] <= min(prices.values()) <= max(prices.values()) <= prices["high"]:
            raise ValueError("low and high do not enclose open and close, or a price is not above 0")
        if volume < 0:
            raise ValueError("its volume is below 0")
        tick, step = self.instrument.tick, self.instrument.step
        ticks = {name: int((price / tick).to_integral_value(ROUND_HALF_EVEN)) for name, price in prices.items()}
        if ticks["low"] < 2:
            raise ValueError(f"its prices are too small for ticks of {tick}")
        for name, value in ticks.items():
            self.prices[name].append(value)
        self.volumes.append(int((volume / step).to_integral_value(ROUND_FLOOR)))
        self.has_volume |= volume > 0
        self.starts.append(start)
        self.lines.append(line)

    def shown(self, bar: int) -> tuple[int, int, int, int]:
        """The prices a bar is shown as, in ticks: the extreme against its direction comes first.

        That is the cautious reading of a bar: whoever went with it sat through the worst before the
        best. A bar that ends where it began is read as a falling one.
        """
        first, high, low, last = (self.prices[name][bar] for name in PRICES)
        return (first, low, high, last) if last > first else (first, high, low, last)

    def candle(self, timeframe: str, start: int, rows: slice) -> Candle:
        """One candle of several rows."""
        columns = [self.prices[name][rows] for name in PRICES]
        ticks = (columns[0][0], max(columns[1]), min(columns[2]), columns[3][-1])
        first, high, low, last = (value * self.instrument.tick for value in ticks)
        volume = sum(self.volumes[rows]) * self.instrument.step
        opened = UNIX + start * MILLISECOND
        return Candle(self.instrument.symbol, timeframe, opened, first, high, low, last, volume)


def read_bars(path: Path, instrument: Instrument) -> Bars:
    """The candles of a file with the columns date, time or timestamp, open, high, low, close, volume.

    Times are ISO 8601 (UTC where no zone is given) or seconds, milliseconds or microseconds since
    1970; prices go to the nearest tick, volumes to the step below. The timeframe is the commonest
    distance of two rows.

    Raises:
        ConfigError: the file cannot be read, or which line is wrong and why.
    """
    bars, line = Bars(instrument), 1
    try:
        for line, row in _parquet_rows(path) if path.suffix == ".parquet" else _csv_rows(path):
            bars.add(line, row)
    except OSError as why:
        raise ConfigError(f"{path} cannot be read: {why.strerror or why}.", "Check the path and its rights.") from None
    except (ValueError, csv.Error) as why:
        raise _bad_line(path, line, str(why)) from None
    except ArithmeticError:
        raise _bad_line(path, line, "a number is out of range") from None
    if len(bars.starts) < 2:
        raise ConfigError(f"{path} has fewer than two candles.", "Two are needed to know the timeframe.")
    distances = array("q", (b - a for a, b in pairwise(bars.starts)))
    bars.length = Counter(distances).most_common(1)[0][0]
    if min(distances) < bars.length:
        line = bars.lines[next(n for n, d in enumerate(distances, 1) if d < bars.length)]
        raise _bad_line(path, line, f"it begins before the {_timeframe(bars.length)} candle above has ended")
    return bars


def _bad_line(path: Path, line: int, why: str) -> ConfigError:
    return ConfigError(f"{path}, line {line}: {why}.", "Correct the line or remove it.")


def _csv_rows(path: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        head = file.readline()
        delimiter = max(",;\t", key=head.count)
        columns = _columns(next(csv.reader([head], delimiter=delimiter), []))
        reader = csv.reader(file, delimiter=delimiter)
        for cells in reader:
            if cells:
                yield reader.line_num + 1, dict(zip(columns, cells, strict=False))


def _parquet_rows(path: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    try:
        import pyarrow.parquet as parquet
    except ImportError:
        remedy = "Run: pip install pyarrow, or save the file as CSV."
        raise ConfigError(f"{path} is Parquet, which needs pyarrow.", remedy) from None
    with parquet.ParquetFile(path) as file:
        columns, line = _columns(file.schema_arrow.names), 0
        for batch in file.iter_batches():
            for cells in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                line += 1
                yield line, dict(zip(columns, map(str, cells), strict=True))


def _columns(names: Sequence[str]) -> list[str]:
    columns = [name.strip().lower() for name in names]
    missing = [name for name in (*PRICES, "volume") if name not in columns]
    if not any(name in columns for name in TIMES):
        missing.insert(0, "date, time or timestamp")
    if missing:
        raise ValueError(f"the header lacks {', '.join(missing)}")
    return columns


def _milliseconds(text: str) -> int:
    """A time since 1970. Plain numbers count s, ms, us or ns, by their size; eight digits are a date."""
    if len(text) != 8 and text.replace(".", "", 1).isdecimal():
        seconds = Decimal(text)
        while seconds >= 10**11:  # the year 5138
            seconds /= 1000
        return int(seconds * 1000)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text[:40]!r} is not a time") from None
    return (at.replace(tzinfo=at.tzinfo or UTC) - UNIX) // MILLISECOND


def _number(name: str, row: Mapping[str, str]) -> Decimal:
    text = row.get(name, "").strip()
    try:
        number = Decimal(text)
    except ArithmeticError:
        number = Decimal("NaN")
    if not number.is_finite():
        raise ValueError(f"{name} is not a number: {text[:40]!r}")
    return number


def _timeframe(length: int) -> str:
    seconds = length // 1000
    unit, name = next((u, n) for u, n in ((86400, "d"), (3600, "h"), (60, "m"), (1, "s")) if seconds % u == 0)
    return f"{seconds // unit}{name}"


class ReplayMarket:
    """Plays the candles of one file, `speed` market seconds a real second, from its first row on at every start.

    A bar is shown as four prices over its time (`Bars.shown`), every one of them even if the event
    loop was busy, one tick around each as bid and ask, each for a quarter of the bar's volume. An
    unchanged price is shown again every second. In a hole of the file, and after its end, nothing
    is shown, so that the price gets stale; `finished` then says that it is over.

    Raises:
        ConfigError: a speed out of range; from `start`, see `read_bars`.
    """

    problem = ""

    name = "replay"

    def __init__(self, path: Path, clock: Clock, instrument: Instrument, speed: Decimal = Decimal(1)) -> None:
        self.finished = False
        self._path, self._clock, self._instrument, self._speed = path, clock, instrument, check_speed(speed)
        self._bars = Bars(instrument)
        self._tape = Tape()
        self._began: datetime | None = None
        self._next = 0  # the next of all moments to be shown, STEPS a bar

    @property
    def instruments(self) -> Mapping[Symbol, Instrument]:
        return {self._instrument.symbol: self._instrument}

    @property
    def speed(self) -> Decimal:
        return self._speed

    def now(self) -> datetime:
        if self._began is None:
            return self._clock.now()
        return UNIX + self._bars.starts[0] * MILLISECOND + scaled(self._clock.now() - self._began, self._speed)

    def quote(self, symbol: Symbol) -> Quote | None:
        return self._tape.latest.get(symbol)

    def subscribe(self, listener: Callable[[Quote], None]) -> Callable[[], None]:
        return self._tape.subscribe(listener)

    async def start(self) -> None:
        self._bars = await asyncio.to_thread(read_bars, self._path, self._instrument)
        self._began, self._next, self.finished = self._clock.now(), 0, False
        self.tick()
        self._tape.run(self._run())

    async def stop(self) -> None:
        await self._tape.stop()

    def tick(self) -> None:
        """Show what has become due, or the latest price again."""
        now, before = self._now_ms(), self._next
        while self._next < len(self._bars.starts) * STEPS and self._due(self._next) <= now:
            self._show(*divmod(self._next, STEPS))
            self._next += 1
        ends = self._bars.starts[(self._next - 1) // STEPS] + self._bars.length
        if self._next == before and now < ends:
            latest = self._tape.latest[self._instrument.symbol]
            self._tape.publish(msgspec.structs.replace(latest, at=self._clock.now(), traded=ZERO))
        self.finished = now >= ends and self._next == len(self._bars.starts) * STEPS

    def _now_ms(self) -> int:
        return (self.now() - UNIX) // MILLISECOND

    def _due(self, moment: int) -> int:
        """When a moment is shown, in ms; the one after the last is the end of the file."""
        bar, step = divmod(moment, STEPS)
        if bar == len(self._bars.starts):
            return self._bars.starts[-1] + self._bars.length
        return self._bars.starts[bar] + step * self._bars.length // STEPS

    def _show(self, bar: int, step: int) -> None:
        ticks, volume = self._bars.shown(bar)[step], self._bars.volumes[bar]
        share = volume // STEPS
        traded = volume - (STEPS - 1) * share if step == STEPS - 1 else share
        one = self._instrument
        depth = max(1, share) * one.step if self._bars.has_volume else UNKNOWN_DEPTH
        bids = (Level((ticks - 1) * one.tick, depth),)
        asks = (Level((ticks + 1) * one.tick, depth),)
        self._tape.publish(Quote(one.symbol, bids, asks, ticks * one.tick, self._clock.now(), traded * one.step))

    async def _run(self) -> None:
        while not self.finished:
            wait_s = (self._due(self._next) - self._now_ms()) / 1000 / float(self._speed)
            await asyncio.sleep(min(REPEAT_S, max(MIN_PAUSE_S, wait_s)))
            self.tick()

    async def candles(self, symbol: Symbol, timeframe: str, limit: int) -> Sequence[Candle]:
        """The last closed candles of the file so far; a hole in the file is a hole here.

        Raises:
            IntentError: another symbol, or a timeframe that is no multiple of the file's.
        """
        bars, length, now = self._bars, timeframe_seconds(timeframe) * 1000, self._now_ms()
        if symbol != self._instrument.symbol:
            raise IntentError(f"{symbol} is not replayed.", f"There is {self._instrument.symbol}.", code="BAD_SYMBOL")
        if length % bars.length:
            own = _timeframe(bars.length)
            raise IntentError(f"The file has {own} candles, not {timeframe}.", f"Ask for {own} or a multiple of it.")
        offset = bars.starts[0] % bars.length  # files of brokers whose day begins at another hour than UTC's
        end = (now - offset) // length * length + offset
        found: list[Candle] = []
        while len(found) < limit:
            rows = slice(bisect_left(bars.starts, end - length), bisect_left(bars.starts, end))
            if rows.start < rows.stop and bars.starts[rows.stop - 1] + bars.length <= now:
                found.append(bars.candle(timeframe, end - length, rows))
            if rows.start == 0:
                break
            end = (bars.starts[rows.start - 1] - offset) // length * length + offset + length
        return found[::-1]
