"""An event loop with real sockets whose time jumps to the next timer once nothing moves any more.

A case takes minutes of the desk's time: a hang is given up after 12 s, "no such order" is believed after 15 s, a ban
lasts two minutes. A loop that only ran faster would let the machine's own pauses count a hundredfold, and requests
would be late for reasons of no interest. Here the desk and the exchange are on one loop, so that what one of them
sends can be read by the other at once: when no socket can be read and no thread works, everybody waits for a timer.
Time then moves to it; it also moves a little with every message, so that no two moments are the same.
"""

import asyncio
import selectors
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
START = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
WIRE_S = 0.0005  # of the loop's time, for whatever was read
GRACE_S = 0.001  # of the machine's time, in case the kernel is slow to hand over what was sent
PATIENCE_S = 5.0  # the same, where there is no timer to move to
THREAD_S = 0.02  # of the machine's time, between two looks at threads that work


class Stuck(Exception):
    """Nothing moves and no timer is set: the program waits for something that never comes."""


class _Selector(selectors.DefaultSelector):
    """Waits for sockets as long as something may come of it, then moves the loop's time."""

    loop: "JumpLoop"

    def select(self, timeout: float | None = None) -> list[Any]:
        found = super().select(0)
        idle = timeout is None or timeout > 0
        while not found and idle and self.loop.threads:
            found = super().select(THREAD_S)
        if not found and idle:
            found = super().select(PATIENCE_S if timeout is None else GRACE_S)
        if found:
            self.loop.now += WIRE_S
        elif timeout is None:
            raise Stuck("Every task waits, and no timer is set.")
        else:
            self.loop.now += max(timeout, 0.0)
        return found


class JumpLoop(asyncio.SelectorEventLoop):
    """Counts the threads that work for it; otherwise as described above."""

    def __init__(self) -> None:
        self.now = 0.0
        self.threads = 0
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.now

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        self.threads += 1
        work = super().run_in_executor(executor, func, *args)
        work.add_done_callback(self._thread_done)
        return work

    def _thread_done(self, work: Any) -> None:
        self.threads -= 1


class LoopClock:
    """Tells the loop's time as a date."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def now(self) -> datetime:
        return START + timedelta(seconds=self._loop.time())

    def now_ms(self) -> int:
        """The same in ms, for the exchange."""
        return int(self.now().timestamp() * 1000)
