"""A bridge in this process, beside an emulated terminal, and clients that are called from threads of their own."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import Server
from websockets.typing import Subprotocol

from bot.bridge.keys import tls_of
from bot.bridge.requests import Requests
from bot.bridge.server import Bridge, listen
from bot.bridge.terminal import Terminal, now_ms
from tests.emulators.mt5.desk import Mt5Desk, desk
from trading.clock import SystemClock
from trading.mt5.bridge import messages as m
from trading.mt5.bridge.line import Address
from trading.mt5.bridge.module import BridgeModule

TOKEN = "a-token-of-the-bridge-0123456789"


async def aside(work: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """Call the client as its executor does: in a thread."""
    return await asyncio.to_thread(lambda: work(*arguments, **named))


@dataclass
class Served:
    """The bridge, the desk behind it, and ways to it."""

    desk: Mt5Desk
    bridge: Bridge
    terminal: Terminal
    requests: Requests
    server: Server
    fingerprint: str
    clients: list[BridgeModule] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(next(iter(self.server.sockets)).getsockname()[1])

    def address(self, **other: Any) -> Address:
        scheme = "wss" if self.fingerprint else "ws"
        given = {"url": f"{scheme}://127.0.0.1:{self.port}", "token": TOKEN, "fingerprint": self.fingerprint}
        return Address(**{**given, **other})

    def client(self, timeout_s: float = 10.0, **other: Any) -> Any:
        """The package in another process, as an executor is handed it."""
        made = BridgeModule(self.address(**other), timeout_s)
        self.clients.append(made)
        return made

    async def linked(self, timeout_s: float = 10.0) -> Any:
        """The same, initialized."""
        mt5 = self.client(timeout_s)
        assert await aside(mt5.initialize), mt5.last_error()
        return mt5

    @asynccontextmanager
    async def raw(self, token: str = TOKEN, name: str = "somebody-else") -> AsyncIterator[ClientConnection]:
        """A line without our client; the bridge's first words are read."""
        headers = {"Authorization": f"Bearer {token}", m.CLIENT_HEADER: name}
        context = None
        if self.fingerprint:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        async with connect(
            f"{'wss' if context else 'ws'}://127.0.0.1:{self.port}", additional_headers=headers, ssl=context,
            subprotocols=[Subprotocol(m.PROTOCOL)], proxy=None, compression=None,
        ) as line:  # fmt: skip
            hello = m.decode_reply(await line.recv(decode=False))
            assert isinstance(hello, m.Hello)
            yield line


def soon() -> int:
    """A moment on the bridge's clock that is not yet past."""
    return now_ms() + 10_000


@asynccontextmanager
async def served(
    folder: Path, *, tls: bool = False, there: Mt5Desk | None = None, port: int = 0, path: str = ""
) -> AsyncIterator[Served]:
    """Serve; at the end the clients and the bridge are closed, the folder and the desk stay."""
    clock, there = SystemClock(), there or desk()
    certificate = tls_of("", "", folder, clock) if tls else None
    requests = Requests(folder / "bridge.db", clock)
    terminal = Terminal(there.link, requests, path)
    await terminal.open()
    bridge = Bridge(TOKEN, terminal, requests, clock)
    server = await bridge.start(listen("127.0.0.1", port), certificate.context if certificate else None)
    made = Served(there, bridge, terminal, requests, server, certificate.fingerprint if certificate else "")
    try:
        yield made
    finally:
        there.terminal.faults.release()
        for client in made.clients:
            await aside(client.close)
        server.close()
        await server.wait_closed()
        await terminal.close(5)
        requests.close()
