"""An event loop whose time jumps to the next timer when nothing is ready, and a clock that reads it.

A sleep of an hour takes no time, and between two callbacks time stands still. What sockets and threads bring is heard
before time moves; but nobody waits for it, unless it is asked for (`waiting`) or there is no timer to move to.
"""

import asyncio
import contextlib
import selectors
from collections.abc import Callable, Coroutine, Iterator
from datetime import datetime, timedelta
from typing import Any, TypeVar

from tests.kit import START

T = TypeVar("T")
PATIENCE_S = 5.0  # of the machine's time, where there is no timer to move to
Select = Callable[[float | None], list[Any]]


class Stuck(Exception):
    """Nothing is ready and no timer is set: the program waits for something that never comes."""


class _Selector(selectors.DefaultSelector):
    """Lets the loop decide how long to wait."""

    loop: "VirtualLoop"

    def select(self, timeout: float | None = None) -> list[Any]:
        return self.loop.wait(super().select, timeout)


class VirtualLoop(asyncio.SelectorEventLoop):
    """Deterministic as long as nothing comes from sockets or threads: ready callbacks run in order."""

    def __init__(self, patience_s: float = PATIENCE_S) -> None:
        self.now = 0.0
        self.patience_s = patience_s
        self._patient = 0
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.now

    def wait(self, select: Select, timeout: float | None) -> list[Any]:
        """What can be read; if there is nothing, time moves to the next timer, which is `timeout` away."""
        if self._patient:
            return select(timeout)
        found = select(0) or (select(self.patience_s) if timeout is None else [])
        if not found:
            if timeout is None:
                raise Stuck("Every task waits, and no timer is set.")
            self.now += max(timeout, 0.0)
        return found

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """Time stands still inside, and threads (a database driver's) are really waited for."""
        self._patient += 1
        try:
            yield
        finally:
            self._patient -= 1


class LoopClock:
    """Tells a loop's time as a date."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def now(self) -> datetime:
        return START + timedelta(seconds=self._loop.time())

    def now_ms(self) -> int:
        """The same in ms, for an exchange."""
        return int(self.now().timestamp() * 1000)

    def stall(self, seconds: float) -> None:
        """Time that passes while the loop is blocked."""
        assert isinstance(self._loop, VirtualLoop)
        self._loop.now += seconds


def run_virtually(play: Callable[[LoopClock], Coroutine[Any, Any, T]]) -> T:
    """Run `play(clock)` on a virtual loop."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(play(LoopClock(runner.get_loop())))
