"""An event loop with real sockets whose time jumps to the next timer once nothing moves any more.

A case takes minutes of the desk's time: a hang is given up after 12 s, "no such order" is believed after 15 s, a ban
lasts two minutes. A loop that only ran faster would let the machine's own pauses count a hundredfold, and requests
would be late for reasons of no interest. Here the desk and the exchange are on one loop, so that what one of them
sends can be read by the other at once: when no socket can be read and no thread works, everybody waits for a timer.
Time then moves to it; it also moves a little with every message, so that no two moments are the same.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, TypeVar, TypeVarTuple

from tests.loop import Select, Stuck, VirtualLoop

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
WIRE_S = 0.0005  # of the loop's time, for whatever was read
GRACE_S = 0.001  # of the machine's time, in case the kernel is slow to hand over what was sent
THREAD_S = 0.02  # of the machine's time, between two looks at threads that work


class JumpLoop(VirtualLoop):
    """Waits for sockets and threads as long as something may come of it, then moves its time."""

    def __init__(self) -> None:
        super().__init__()
        self.threads = 0

    def wait(self, select: Select, timeout: float | None) -> list[Any]:
        found = select(0)
        idle = timeout is None or timeout > 0
        while not found and idle and self.threads:
            found = select(THREAD_S)
        if not found and idle:
            found = select(self.patience_s if timeout is None else GRACE_S)
        if found:
            self.now += WIRE_S
        elif timeout is None:
            raise Stuck("Every task waits, and no timer is set.")
        else:
            self.now += max(timeout, 0.0)
        return found

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        self.threads += 1
        work = super().run_in_executor(executor, func, *args)
        work.add_done_callback(self._thread_done)
        return work

    def _thread_done(self, work: Any) -> None:
        self.threads -= 1
