"""Tasks that run for as long as the desk does: one that fails is told, and begun again after a pause.

So is what hears of each entry of the book, but for the pause: it hears the next one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from trading.book import Listener
from trading.events import Recorded

PAUSES_S = (1, 2, 5, 15, 60)
STEADY_S = 300  # a task that ran this long is well again

Mishap = Callable[[str, Exception], Coroutine[Any, Any, None]]
"""Logs a failure with an id and tells people of it: `(where, error)`."""
Attempt = Callable[[str, Callable[[], Awaitable[object]]], Awaitable[None]]
"""Does something once, under a name; if it fails, that is told, and goes no further."""


class Supervisor:
    """Owns the long-running tasks of the process."""

    def __init__(self, mishap: Mishap) -> None:
        self.mishap = mishap
        self.failures: dict[str, str] = {}
        self._failed_at: dict[str, float] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._deaf: set[Listener] = set()
        self._telling: set[asyncio.Task[None]] = set()

    def start(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Run `work` for ever under `name`."""
        self._tasks[name] = asyncio.create_task(self._keep(name, work), name=name)

    async def _keep(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        loop = asyncio.get_running_loop()
        failed = 0
        while True:
            began = loop.time()
            why = await self._failure(name, work)
            if why is None:
                return
            failed = 0 if loop.time() - began > STEADY_S else failed
            self.failures[name] = f"{type(why).__name__}: {why}"[:200]
            self._failed_at[name] = loop.time()
            await asyncio.sleep(PAUSES_S[min(failed, len(PAUSES_S) - 1)])
            failed += 1

    async def attempt(self, name: str, work: Callable[[], Awaitable[object]]) -> None:
        """Do something once; if it fails, that is told, and goes no further."""
        await self._failure(name, work)

    async def _failure(self, name: str, work: Callable[[], Awaitable[object]]) -> Exception | None:
        """Do something once; how it failed, which has been told then."""
        try:
            await work()
        except Exception as why:  # noqa: BLE001 - the border around every task: told, and nobody else fails
            await self.mishap(name, why)
            return why
        return None

    def tell(self, listener: Listener, entry: Recorded) -> None:
        """Tell a listener of the book. That it fails is told once, until it has heard something again.

        Whoever wrote the entry goes on: it is durable. Nor is a failure at the news of a failure told for ever.
        """
        try:
            listener(entry)
        except Exception as why:  # noqa: BLE001 - the same border, for what cannot be awaited
            if listener not in self._deaf:
                self._deaf.add(listener)
                name = getattr(listener, "__qualname__", "a listener")
                task = asyncio.create_task(self.mishap(f"hearing of {type(entry.event).__name__}: {name}", why))
                self._telling.add(task)
                task.add_done_callback(self._telling.discard)
        else:
            self._deaf.discard(listener)

    def health(self) -> dict[str, str]:
        """Each task's name with its last failure, or an empty text if there was none since it is steady again."""
        steady = asyncio.get_running_loop().time() - STEADY_S
        failed = {name: self.failures[name] for name, at in self._failed_at.items() if at > steady}
        return {name: failed.get(name, "") for name in self._tasks}

    async def stop(self) -> None:
        """Cancel every task and wait until it is gone."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), *self._telling, return_exceptions=True)
        self._tasks.clear()
