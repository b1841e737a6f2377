"""What every market does with its ticks: tell them, keep the latest; and where bars begin."""

import asyncio
import math
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from trading.errors import ConfigError
from trading.instruments import Symbol
from trading.quotes import Quote, timeframe_seconds

UNIX = datetime(1970, 1, 1, tzinfo=UTC)
"""Bars of every timeframe are counted from here, as exchanges do."""

MAX_SPEED = 1000
"""The fastest a market's time may run; much beyond it, its calendar ends within years."""


def bar_start(at: datetime, timeframe: str) -> datetime:
    """The opening time of the bar that contains `at`.

    Raises:
        IntentError: not a timeframe.
    """
    length = timedelta(seconds=timeframe_seconds(timeframe))
    return UNIX + (at - UNIX) // length * length


def scaled(elapsed: timedelta, speed: Decimal) -> timedelta:
    """How far a market's time goes in `elapsed` real time at `speed`, to the microsecond below."""
    return timedelta(microseconds=math.floor(elapsed // timedelta(microseconds=1) * speed))


def check_speed(speed: Decimal) -> Decimal:
    """`speed`, market seconds a real second.

    Raises:
        ConfigError: not more than 0, or more than `MAX_SPEED`.
    """
    if not (speed.is_finite() and 0 < speed <= MAX_SPEED):
        raise ConfigError(f"A market cannot run at {speed} times real time.", f"Set speed above 0, up to {MAX_SPEED}.")
    return speed


class Tape:
    """The quotes a market shows: the latest of each symbol, whoever listens, and the task that feeds it."""

    def __init__(self) -> None:
        self.latest: dict[Symbol, Quote] = {}
        self._listeners: list[Callable[[Quote], None]] = []
        self._task: asyncio.Task[None] | None = None

    def publish(self, quote: Quote) -> None:
        """Keep `quote` as the latest and tell it, in the order of subscription."""
        self.latest[quote.symbol] = quote
        for listener in tuple(self._listeners):
            listener(quote)

    def subscribe(self, listener: Callable[[Quote], None]) -> Callable[[], None]:
        """Call `listener` with every quote; the answer unsubscribes, and may be called again."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def run(self, feed: Coroutine[Any, Any, None]) -> None:
        """Run `feed` until `stop`. If it fails, the event loop's exception handler is told at once."""
        self._task = asyncio.create_task(feed, name="prices")
        self._task.add_done_callback(_report)

    async def stop(self) -> None:
        """End the feed and wait for its end. Safe to repeat."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (why := task.exception()) is not None:
        task.get_loop().call_exception_handler({"message": "Prices have stopped", "exception": why, "task": task})
