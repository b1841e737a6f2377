"""A broker behind the real bridge, whose line is cut before, during or after a trade request.

The bridge is in a thread of its own and in the machine's time. The desk's calls are made in line, and its jumping time
stands still meanwhile; where the client waits for the line to come back, it jumps, here and at the broker.
"""

import asyncio
import tempfile
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from tests.bridge.cutter import Cutter
from tests.bridge.served import Served, served
from tests.emulators.mt5.desk import Mt5Desk
from tests.emulators.mt5.link import kill_process
from tests.emulators.mt5.module import MetaTrader5
from tests.emulators.mt5.person import Person
from tests.emulators.mt5.requests import read
from tests.emulators.mt5.terminal import Terminal
from tests.emulators.mt5.trading import kind
from tests.loop import VirtualLoop
from tests.trading.executors.mt5.stage import Inline
from trading.mt5.bridge.module import BridgeModule
from trading.mt5.package_thread import Unanswered

T = TypeVar("T")


class Gate(Cutter):
    """The line, which lets nobody through until `down_until`."""

    def __init__(self, there: int, now: Callable[[], float]) -> None:
        super().__init__(there)
        self.down_until = 0.0
        self._now = now
        self._watch: asyncio.Task[None] | None = None

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._now() < self.down_until:
            writer.transport.abort()
        else:
            await super().pass_on(reader, writer)

    async def arm(self, when: str, down_s: float) -> None:
        """Cut the line at the next question (before) or its answer (after), which get lost."""
        self.swallow, self.mute = when == "before", when == "after"
        lost = self.swallowed if self.swallow else self.muted
        lost.clear()

        async def watch() -> None:
            await lost.wait()
            await self.cut_for(down_s)

        self._watch = asyncio.create_task(watch())

    async def cut_for(self, down_s: float) -> None:
        self.down_until = self._now() + down_s
        self.cut()


class Bridged:
    """A bridge beside a terminal, and the package that leads there. `struck` counts the cuts."""

    def __init__(self, terminal: Terminal, loop: VirtualLoop) -> None:
        self.struck = 0
        self._terminal, self._desk_loop = terminal, loop
        self._armed: tuple[str, str, float] | None = None  # when, at which operation, for how long
        self._times = 0
        self._ready, self._stopping = threading.Event(), asyncio.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="bridge", daemon=True)
        self._thread.start()
        self._ready.wait()

    def arm(self, when: str, operation: str, down_s: float, times: int) -> None:
        """Cut the line at the next such request, for so long in the desk's time."""
        self._armed, self._times = (when, operation, down_s), times

    def disarm(self) -> None:
        self._armed, self._gate.down_until = None, 0.0

    def package(self) -> Any:
        """The package, as a desk is handed it: a client of its own."""
        return _Package(self, self._bridge, self._gate.port)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def take(self, request: Any, *stages: str) -> tuple[str, float] | None:
        """The cut that strikes this request at one of these stages, if any: when, and for how long."""
        armed = self._armed
        if armed is None or armed[0] not in stages or kind(self._terminal, read(request, 0)) != armed[1]:
            return None
        self.struck, self._times = self.struck + 1, self._times - 1
        if not self._times:
            self._armed = None
        return armed[0], armed[2]

    def arm_gate(self, when: str, down_s: float) -> None:
        self._do(self._gate.arm(when, down_s))

    def cut_gate(self, down_s: float) -> None:
        self._do(self._gate.cut_for(down_s))

    def now(self) -> float:
        """The desk's time."""
        return self._desk_loop.now

    def wait(self, seconds: float) -> None:
        """The desk's time jumps, and the broker's with it."""
        self._desk_loop.now += seconds
        self._terminal.advance(seconds)

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        with tempfile.TemporaryDirectory() as folder:
            async with served(Path(folder), there=_There(self._terminal, self)) as self._bridge:
                self._gate = Gate(self._bridge.port, self.now)
                server = await asyncio.start_server(self._gate.pass_on, "127.0.0.1", 0)
                self._gate.port = server.sockets[0].getsockname()[1]
                self._ready.set()
                await self._stopping.wait()
                self._gate.cut()
                server.close()
                await server.wait_closed()


class _Package(BridgeModule):
    """The client, which arms the line for a request that is to be struck on its way."""

    def __init__(self, bridged: Bridged, bridge: Served, port: int) -> None:
        address = bridge.address(url=f"ws://127.0.0.1:{port}")
        super().__init__(address, monotonic=bridged.now, wait=bridged.wait)
        self._bridged = bridged

    def order_send(self, request: Any, key: str = "") -> Any:
        if cut := self._bridged.take(request, "before", "after"):
            self._bridged.arm_gate(*cut)
        return super().order_send(request, key)


class _There(Mt5Desk):
    """What is beside the bridge: its package has the line cut as soon as a request is in the terminal."""

    def __init__(self, terminal: Terminal, bridged: Bridged) -> None:
        super().__init__(terminal, None, Person(terminal))
        self._bridged = bridged

    def link(self, die: Any = kill_process) -> Any:
        return _Watched(self.terminal, self._bridged)


class _Watched(MetaTrader5):
    def __init__(self, terminal: Terminal, bridged: Bridged) -> None:
        super().__init__(terminal)
        self._bridged = bridged

    def order_send(self, request: Any) -> Any:
        if cut := self._bridged.take(request, "during"):
            self._bridged.cut_gate(cut[1])
        return super().order_send(request)


class Patient(Inline):
    """Calls made in line: one that was late by the desk's time is one nobody waited for."""

    async def run(self, work: Callable[[], T], timeout_s: float) -> T:
        began = asyncio.get_running_loop().time()

        def is_late() -> bool:
            return asyncio.get_running_loop().time() - began > timeout_s

        try:
            answer = await super().run(work, timeout_s)
        except Exception as why:
            if is_late():
                raise Unanswered(begun=True) from why
            raise
        if is_late():
            raise Unanswered(begun=True)
        return answer
