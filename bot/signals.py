"""SIGINT and SIGTERM, as a process of ours hears them."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable

Say = Callable[[str], None]
"""Shows one line to whoever started us."""


class Signals:
    """SIGINT and SIGTERM: the first asks for an orderly stop, a second Ctrl-C does not wait for it."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._asked = asyncio.get_running_loop().create_future()
        for number in (signal.SIGINT, signal.SIGTERM):
            self._hear(number)

    async def wait(self) -> str:
        """The name of the signal that came first."""
        name: str = await self._asked
        return name

    def _hear(self, number: signal.Signals) -> None:
        loop = asyncio.get_running_loop()
        if sys.platform == "win32":  # whose loops hear no signals
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(self._came, number))
        else:
            loop.add_signal_handler(number, self._came, number)

    def _came(self, number: signal.Signals) -> None:
        if not self._asked.done():
            self._asked.set_result(number.name)
            self._say(f"{number.name}: stopping. Ctrl-C again stops at once.")
        elif number is signal.SIGINT:
            self._say("Stopped at once: the next start finds out what was under way.")
            os._exit(1)
