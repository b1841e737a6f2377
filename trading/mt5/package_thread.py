"""The one thread that owns the MetaTrader5 package, which is synchronous and has one link for a process.

Calls are made one after the other, in the order they were asked for. A call that waits in the queue longer than whoever
asked wants to is never made; one that has begun cannot be taken back, and what it did is not known.
"""

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from trading.instruments import trap_floats

T = TypeVar("T")


class Unanswered(Exception):
    """There was no answer in time. `begun` False: the call was not made, and never will be."""

    def __init__(self, *, begun: bool) -> None:
        super().__init__("begun" if begun else "never begun")
        self.begun = begun


class Line(Protocol):
    """Where calls are made."""

    async def run(self, work: Callable[[], T], timeout_s: float) -> T:
        """Make a call and wait for its answer.

        Raises:
            Unanswered: it took too long. Whatever `work` raises.
        """
        ...

    def close(self) -> None:
        """Make no more calls once those that wait are made."""
        ...


class _Job:
    def __init__(self, work: Callable[[], Any]) -> None:
        self.work = work
        self.loop = asyncio.get_running_loop()
        self.answer: asyncio.Future[Any] = self.loop.create_future()
        self._turn = threading.Lock()
        self._begun = self._dropped = False

    def begin(self) -> bool:
        """Whether it is still wanted; from now on it cannot be dropped."""
        with self._turn:
            self._begun = not self._dropped
            return self._begun

    def drop(self) -> bool:
        """Whether it could be dropped: it had not begun."""
        with self._turn:
            self._dropped = not self._begun
            return self._dropped

    def do(self) -> None:
        try:
            answer, why = self.work(), None
        except Exception as error:  # noqa: BLE001 - the border of the thread: it is raised where it was asked for
            answer, why = None, error
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self.loop.call_soon_threadsafe(self._settle, answer, why)

    def _settle(self, answer: Any, why: Exception | None) -> None:
        if self.answer.done():
            return
        if why is None:
            self.answer.set_result(answer)
        else:
            self.answer.set_exception(why)


class Thread:
    """A line with a thread of its own, which lives from the first call to `close`; a hung one does not hold up exit."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    async def run(self, work: Callable[[], T], timeout_s: float) -> T:
        if self._thread is None:
            self._thread = threading.Thread(target=_work, args=(self._jobs,), name=self._name, daemon=True)
            self._thread.start()
        job = _Job(work)
        self._jobs.put(job)
        try:
            async with asyncio.timeout(timeout_s):
                answer: T = await job.answer
                return answer
        except TimeoutError:
            raise Unanswered(begun=not job.drop()) from None
        except asyncio.CancelledError:
            job.drop()
            raise

    def close(self) -> None:
        self._jobs.put(None)
        self._jobs, self._thread = queue.SimpleQueue(), None


def _work(jobs: "queue.SimpleQueue[_Job | None]") -> None:
    trap_floats()
    while (job := jobs.get()) is not None:
        if job.begin():
            job.do()
