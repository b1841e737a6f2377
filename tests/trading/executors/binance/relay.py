"""A wire between a client and a server that can go dead without being cut, as wires do."""

import asyncio
from contextlib import suppress
from types import TracebackType


class Relay:
    """`async with Relay(port) as relay:` listens at `relay.port` and forwards to `port`, until `stall()`."""

    def __init__(self, port: int) -> None:
        self._to = port
        self.port = 0
        self._flows = asyncio.Event()
        self._flows.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    def stall(self) -> None:
        """From now on nothing gets through, and nobody is told."""
        self._flows.clear()

    def flow(self) -> None:
        """New connections get through again; what was on its way meanwhile arrives late."""
        self._flows.set()

    async def __aenter__(self) -> "Relay":
        self._server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _join(self, near: asyncio.StreamReader, to_near: asyncio.StreamWriter) -> None:
        far, to_far = await asyncio.open_connection("127.0.0.1", self._to)
        for pair in ((near, to_far), (far, to_near)):
            task = asyncio.create_task(self._pump(*pair))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            try:
                while part := await reader.read(65536):
                    await self._flows.wait()
                    writer.write(part)
                    await writer.drain()
            finally:
                writer.close()
