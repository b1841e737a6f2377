"""The server's time: the machine's, or one that stands still until it is moved by hand."""

import asyncio
import time
from typing import Any


class Clock:
    """Seconds since 1970. `now=None` runs with the machine; a number stands there until `set` or `advance`.

    `speed`: seconds that pass while one of the machine does.
    """

    def __init__(self, now: float | None = None, speed: float = 1.0) -> None:
        self._stands = now
        self._speed = speed
        self._began = time.time_ns() / 1e9
        self._ahead = 0.0
        self._moved = asyncio.Event()

    @property
    def now(self) -> float:
        """The time, in seconds."""
        if self._stands is not None:
            return self._stands
        return self._began + (time.time_ns() / 1e9 - self._began) * self._speed + self._ahead

    def set(self, now: float) -> None:
        """Stand at this time from now on."""
        self._stands = now
        self._wake()

    def advance(self, seconds: float) -> None:
        """Let time pass at once; a running clock runs on from there."""
        if self._stands is not None:
            self._stands += seconds
        else:
            self._ahead += seconds
        self._wake()

    async def sleep(self, seconds: float) -> None:
        """Wait until so many of the server's seconds have passed."""
        await self.wait(asyncio.get_running_loop().create_future(), seconds)

    async def wait(self, future: "asyncio.Future[Any]", seconds: float) -> bool:
        """Wait for a future, at most so many of the server's seconds; is it done?"""
        deadline = self.now + seconds
        while not future.done():
            left = deadline - self.now
            if left <= 0:
                return False
            moved = asyncio.ensure_future(self._moved.wait())
            patience = left / self._speed if self._stands is None else None
            try:
                await asyncio.wait({future, moved}, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            finally:
                moved.cancel()
        return True

    def _wake(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()
