"""An event loop whose time jumps to the next timer when nothing is ready, and a clock that reads it."""

import asyncio
import contextlib
import selectors
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


class Stuck(Exception):
    """Nothing is ready and no timer is set: the program waits for something that never comes."""


class _Jump(selectors.SelectSelector):
    """Waits by moving the loop's time; nothing is ever read from a file."""

    loop: "VirtualLoop"

    def select(self, timeout: float | None = None) -> list[Any]:
        if self.loop.patient:
            return super().select(timeout)
        if timeout is None:
            raise Stuck("Every task waits, and no timer is set.")
        self.loop.now += max(timeout, 0.0)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Deterministic: ready callbacks run in order, and between them time stands still."""

    def __init__(self) -> None:
        self.now = 0.0
        self.patient = 0
        selector = _Jump()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.now

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """Time stands still inside, and threads (a database driver's) are really waited for."""
        self.patient += 1
        try:
            yield
        finally:
            self.patient -= 1


class LoopClock:
    """Tells the loop's time as a date."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def now(self) -> datetime:
        return START + timedelta(seconds=self._loop.time())
