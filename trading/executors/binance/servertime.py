"""The venue's clock, measured and kept, on the event loop's time.

Signed requests carry the venue's time: it refuses those more than a second ahead of it, or older than their
recvWindow (rest-api.md "Timing security"). The loop's time does not jump when somebody sets the machine's clock.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable

from trading.clock import Clock
from trading.errors import VenueError

SAMPLES = 4
REFRESH_S = 1800.0
RETRY_S = 60.0
"""Until the next try after a refresh that failed."""


class ServerTime:
    """Tells the venue's time in milliseconds. `ask` gets it from the venue; before that it is the desk's own.

    `tell` is told it after each measurement.
    """

    def __init__(self, ask: Callable[[], Awaitable[int]], clock: Clock, tell: Callable[[int], None]) -> None:
        self._ask, self._clock, self._tell = ask, clock, tell
        self._ahead_s: float | None = None  # of the loop's time
        self._measured_at = -math.inf
        self._one_at_a_time = asyncio.Lock()
        self.round_trip_s = math.inf
        """Of the sample that was kept: the offset is wrong by at most half of it."""

    def now_ms(self) -> int:
        """The venue's time now."""
        now_s = asyncio.get_running_loop().time()
        if self._ahead_s is None:
            self._ahead_s = self._clock.now().timestamp() - now_s
        return int((now_s + self._ahead_s) * 1000)

    @property
    def offset_ms(self) -> int:
        """How far the venue's clock is ahead of the desk's; negative when it is behind."""
        return self.now_ms() - int(self._clock.now().timestamp() * 1000)

    async def measure(self, unless_since: float = math.inf) -> None:
        """Ask a few times and keep the answer with the shortest round trip, at whose middle it was given.

        Nothing is asked if it was measured after `unless_since` (loop's time): one measurement heals all the calls
        that were turned away for the same wrong clock.

        Raises:
            VenueError: there was no answer at all; the old offset stays.
        """
        loop = asyncio.get_running_loop()
        async with self._one_at_a_time:
            if self._measured_at > unless_since:
                return
            best_s, ahead_s = math.inf, 0.0
            for _ in range(SAMPLES):
                asked_at = loop.time()
                try:
                    told_ms = await self._ask()
                except VenueError:
                    if best_s == math.inf:
                        raise
                    break
                answered_at = loop.time()
                if answered_at - asked_at < best_s:
                    best_s = answered_at - asked_at
                    ahead_s = told_ms / 1000 - (asked_at + answered_at) / 2
            self._ahead_s, self.round_trip_s, self._measured_at = ahead_s, best_s, loop.time()
            self._tell(self.now_ms())

    async def keep(self) -> None:
        """Measure it every half hour, for ever."""
        pause_s = REFRESH_S
        while True:
            await asyncio.sleep(pause_s)
            try:
                await self.measure()
                pause_s = REFRESH_S
            except VenueError:
                pause_s = RETRY_S
