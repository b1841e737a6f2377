"""A market that needs no network: five symbols, whose prices (`fractal`) its seed and its time decide.

Nothing is remembered: history before the start and after a restart is the same history. The market
moves once a market second, and a candle holds every second of its time.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from trading.clock import Clock
from trading.errors import ConfigError, IntentError
from trading.instruments import Instrument, Symbol
from trading.market.candles import UNIX, Tape, check_speed, scaled
from trading.market.fractal import LISTINGS, SECOND, Path
from trading.quotes import Candle, Quote, timeframe_seconds

MIN_PAUSE_S = 0.1  # quotes come no faster, whatever the speed
MAX_CANDLES = 4096  # kept, 3 MB
LOOK_BACK_S = 3600  # `traded` looks back no further than this over a gap


class SimulatedMarket:
    """Five symbols against USDT, whose prices `seed` and the market's time decide.

    Market time runs `speed` times as fast as `clock` and equals it at `epoch`. A quote is shown
    every `interval_s` market seconds, but no more than ten times and no less than once in
    `interval_s` real ones; what the event loop was too busy to show is not shown later.

    Raises:
        ConfigError: a speed or an interval out of range.
    """

    problem = ""

    name = "simulated"

    def __init__(
        self,
        clock: Clock,
        seed: int = 1,
        speed: Decimal = Decimal(1),
        interval_s: float = 1.0,
        epoch: datetime = datetime(2026, 1, 1, tzinfo=UTC),
    ) -> None:
        if not 0.1 <= interval_s <= 3600:
            raise ConfigError(f"interval_s is {interval_s}.", "Set the seconds between quotes, from 0.1 to 3600.")
        self._clock, self._epoch, self._speed = clock, epoch, check_speed(speed)
        self._period_s = min(interval_s, max(interval_s / float(speed), MIN_PAUSE_S))
        self._paths = {listing.instrument.symbol: Path(seed, listing) for listing in LISTINGS}
        self._instruments = {symbol: path.instrument for symbol, path in self._paths.items()}
        self._tape = Tape()
        self._shown: int | None = None  # the market second of the latest quotes
        self._candles: dict[tuple[Symbol, str, int], Candle] = {}

    @property
    def instruments(self) -> Mapping[Symbol, Instrument]:
        return self._instruments

    @property
    def speed(self) -> Decimal:
        return self._speed

    def now(self) -> datetime:
        return self._epoch + scaled(self._clock.now() - self._epoch, self._speed)

    def quote(self, symbol: Symbol) -> Quote | None:
        return self._tape.latest.get(symbol)

    def subscribe(self, listener: Callable[[Quote], None]) -> Callable[[], None]:
        return self._tape.subscribe(listener)

    async def start(self) -> None:
        self.tick()
        self._tape.run(self._run())

    async def stop(self) -> None:
        await self._tape.stop()

    def tick(self) -> None:
        """Show every symbol as it is now."""
        second, at = (self.now() - UNIX) // SECOND, self._clock.now()
        before = second - 1 if self._shown is None else max(self._shown, second - LOOK_BACK_S)
        self._shown = second
        for path in self._paths.values():
            self._tape.publish(path.quote(second, at, path.traded(before, second)))

    async def _run(self) -> None:
        while True:
            # Just past the next beat of the clock, so that each market second is shown once.
            elapsed_s = (self._clock.now() - self._epoch) / SECOND
            await asyncio.sleep(self._period_s - elapsed_s % self._period_s + 0.002)
            self.tick()

    async def candles(self, symbol: Symbol, timeframe: str, limit: int) -> Sequence[Candle]:
        """The last `limit` closed candles, of any past: there is history before the start.

        Raises:
            IntentError: an unknown symbol, or not a timeframe.
        """
        path = self._paths.get(symbol)
        if path is None:
            raise IntentError(f"{symbol} is not simulated.", f"There are {', '.join(self._paths)}.", code="BAD_SYMBOL")
        length = timeframe_seconds(timeframe)
        end = (self.now() - UNIX) // SECOND // length * length
        return [await self._candle(path, timeframe, start) for start in range(end - limit * length, end, length)]

    async def _candle(self, path: Path, timeframe: str, start: int) -> Candle:
        key = (path.instrument.symbol, timeframe, start)
        if key not in self._candles:
            if len(self._candles) >= MAX_CANDLES:
                del self._candles[next(iter(self._candles))]
            self._candles[key] = await path.candle(timeframe, start)
        return self._candles[key]
