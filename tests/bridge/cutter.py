"""A line between a client and its bridge that is cut when a test says so."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Cutter:
    """Passes bytes on. `swallow` lets nothing more through to the bridge, `mute` nothing more back; `cut` ends all."""

    def __init__(self, there: int) -> None:
        self.port, self._there = 0, there
        self.swallow = self.mute = False
        self.swallowed, self.muted = asyncio.Event(), asyncio.Event()
        self._writers: list[asyncio.StreamWriter] = []

    def cut(self) -> None:
        """Cut every line there is, and let new ones through again."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()
        self.swallow = self.mute = False

    def target(self, port: int) -> None:
        """New lines lead there."""
        self._there = port

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._there)
        self._writers += [writer, there_writer]
        await asyncio.gather(self._copy(reader, there_writer, True), self._copy(there_reader, writer, False))

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, up: bool) -> None:
        try:
            while piece := await reader.read(65_536):
                if self.swallow if up else self.mute:
                    (self.swallowed if up else self.muted).set()
                else:
                    writer.write(piece)
        except OSError:
            pass
        writer.close()


@asynccontextmanager
async def cutter(port: int) -> AsyncIterator[Cutter]:
    """A cutter in front of a port."""
    made = Cutter(port)
    server = await asyncio.start_server(made.pass_on, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        made.cut()
        server.close()
        await server.wait_closed()
