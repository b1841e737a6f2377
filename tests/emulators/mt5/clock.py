"""Two times: UTC, and the broker's own, which everything that a terminal answers is in."""

import time

DAY_MS = 86_400_000


class Clock:
    """Milliseconds since 1970. `now=None` runs with the machine; a number of seconds stands there until it is moved."""

    def __init__(self, now: float | None, offset_s: int) -> None:
        self._stands = None if now is None else round(now * 1000)
        self._ahead = 0
        self.offset_s = offset_s  # of the broker's time before UTC; change it as daylight saving does

    @property
    def now_ms(self) -> int:
        """UTC."""
        return self._stands if self._stands is not None else time.time_ns() // 1_000_000 + self._ahead

    @property
    def server_ms(self) -> int:
        """The broker's time."""
        return self.now_ms + self.offset_s * 1000

    def advance(self, seconds: float) -> None:
        """Let time pass at once; a running clock runs on from there."""
        if self._stands is not None:
            self._stands += round(seconds * 1000)
        else:
            self._ahead += round(seconds * 1000)
