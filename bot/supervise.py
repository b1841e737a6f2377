"""Tasks that run for as long as the desk does: one that fails is told, and begun again after a pause."""

import asyncio
from collections.abc import Awaitable, Callable

PAUSES_S = (1, 2, 5, 15, 60)
STEADY_S = 300  # a task that ran this long is well again

Mishap = Callable[[str, Exception], Awaitable[None]]
"""Logs a failure with an id and tells people of it: `(where, error)`."""


class Supervisor:
    """Owns the long-running tasks of the process."""

    def __init__(self, mishap: Mishap) -> None:
        self.mishap = mishap
        self.failures: dict[str, str] = {}
        self._failed_at: dict[str, float] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Run `work` for ever under `name`."""
        self._tasks[name] = asyncio.create_task(self._keep(name, work), name=name)

    async def _keep(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        loop = asyncio.get_running_loop()
        failed = 0
        while True:
            began = loop.time()
            try:
                await work()
                return
            except Exception as why:  # noqa: BLE001 - the border around every task: told, then begun again
                failed = 0 if loop.time() - began > STEADY_S else failed
                self.failures[name] = f"{type(why).__name__}: {why}"[:200]
                self._failed_at[name] = loop.time()
                await self.mishap(name, why)
                await asyncio.sleep(PAUSES_S[min(failed, len(PAUSES_S) - 1)])
                failed += 1

    async def attempt(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do something once; if it fails, that is told, and goes no further."""
        try:
            await work()
        except Exception as why:  # noqa: BLE001 - the same border, for what is begun from outside
            await self.mishap(name, why)

    def health(self) -> dict[str, str]:
        """Each task's name with its last failure, or an empty text if there was none since it is steady again."""
        steady = asyncio.get_running_loop().time() - STEADY_S
        failed = {name: self.failures[name] for name, at in self._failed_at.items() if at > steady}
        return {name: failed.get(name, "") for name in self._tasks}

    async def stop(self) -> None:
        """Cancel every task and wait until it is gone."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        self._tasks.clear()
