"""An event loop whose time jumps: a sleep of an hour takes no time, and the clock agrees with it."""

import asyncio
import selectors
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any

from tests.kit import START


class JumpingSelector(selectors.DefaultSelector):
    """Where others would wait, this one moves time on."""

    def __init__(self) -> None:
        super().__init__()
        self.elapsed_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if not found and timeout:
            self.elapsed_s += timeout
        return found


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self, selector: JumpingSelector) -> None:
        super().__init__(selector)
        self._jumping = selector

    def time(self) -> float:
        return self._jumping.elapsed_s


class LoopClock:
    """A clock that goes with a virtual loop; `stall` is time that passes while the loop is blocked."""

    def __init__(self, selector: JumpingSelector) -> None:
        self._selector = selector

    def now(self) -> datetime:
        return START + timedelta(seconds=self._selector.elapsed_s)

    def stall(self, seconds: float) -> None:
        self._selector.elapsed_s += seconds


def run_virtually(play: Any) -> Any:
    """Run `play(clock)` on a virtual loop."""
    selector = JumpingSelector()
    clock = LoopClock(selector)
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(selector)) as runner:
        coroutine: Coroutine[Any, Any, Any] = play(clock)
        return runner.run(coroutine)
