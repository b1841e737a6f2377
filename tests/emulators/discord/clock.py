"""The time at Discord, and the ids made of it (Reference, "Snowflakes")."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime

EPOCH_MS = 1_420_070_400_000  # the first second of 2015


class Clock:
    """Discord's time in ms: the machine's (None), a function's, or a number's, which stands until it is moved."""

    def __init__(self, now_ms: int | Callable[[], int] | None = None) -> None:
        self._source = now_ms if now_ms is not None else lambda: time.time_ns() // 1_000_000
        self._offset_ms = 0

    @property
    def now_ms(self) -> int:
        return (self._source if isinstance(self._source, int) else self._source()) + self._offset_ms

    def set(self, now_ms: int) -> None:
        """From now on it stands at this time."""
        self._source, self._offset_ms = now_ms, 0

    def advance(self, seconds: float) -> None:
        """Let so much time pass at once."""
        self._offset_ms += round(seconds * 1000)


class Snowflakes:
    """Unique ids that rise with time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0

    def next(self) -> int:
        """The next id."""
        self._last = max(self._last + 1, (self._clock.now_ms - EPOCH_MS) << 22)
        return self._last


def iso(at_ms: int) -> str:
    """A time as Discord writes it."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="microseconds")


class Changes:
    """Lets people wait until something is to be seen."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []

    def tell(self) -> None:
        """Something has changed."""
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def until(self, true: Callable[[], bool], seconds: float) -> bool:
        """Wait until it is true, at most so long (by the event loop); returns whether it is."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while not true():
            future: asyncio.Future[None] = loop.create_future()
            self._waiting.append(future)
            try:
                await asyncio.wait_for(future, max(0.0, deadline - loop.time()))
            except TimeoutError:
                return true()
        return True
