"""One WebSocket connection of a client, and the subscriptions to user data on it.

The server pings every 20 s and closes a connection without a pong for a minute; a connection lives 24 hours
("General API Information" of the WebSocket API and of the streams).
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.emulators.binance.faults import Faults
from tests.emulators.binance.signing import ApiKey


@dataclass(frozen=True)
class Pulse:
    """How often the server pings, how long it waits for a pong, and how long a connection lives, in seconds."""

    ping: float = 20.0
    pong: float = 60.0
    life: float = 86_400.0


def compact(value: Any) -> str:
    """JSON without spaces."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


class Connection:
    """A connection: what is posted goes out in order, by one writer, as fast as the client reads."""

    def __init__(
        self, request: web.BaseRequest, product: str, now_ms: Callable[[], int], pulse: Pulse | None = None
    ) -> None:
        self.request = request
        self.pulse = pulse or Pulse()
        self.product = product
        self.query: Mapping[str, str] = request.query
        self.connected_ms = now_ms()
        self.session: ApiKey | None = None  # after session.logon
        self.authorized_ms: int | None = None
        self.subscriptions: dict[int, Subscription] = {}
        self.next_subscription = 0
        self.streams: dict[str, None] = {}  # market streams, in order
        self.combined = False
        self.received: list[str] = []  # what the client sent, newest last (the first thousand)
        self.pings: list[bytes] = []  # payloads of pongs that came back
        self._ws = web.WebSocketResponse(autoping=False, compress=False)
        self._outbox: asyncio.Queue[tuple[float, str]] = asyncio.Queue()
        self._last_pong = 0.0

    @property
    def open(self) -> bool:
        return not self._ws.closed

    def post(self, value: Any, wait: float = 0.0) -> None:
        """Send a JSON value after all that was posted before it; `wait` seconds holds up all that follow as well."""
        self._outbox.put_nowait((wait, value if isinstance(value, str) else compact(value)))

    def post_later(self, value: Any, seconds: float) -> None:
        """Send a value some time later; what is posted meanwhile overtakes it."""
        asyncio.get_running_loop().call_later(seconds, self.post, value)

    def cut(self) -> None:
        """Close the connection without a word."""
        if self.request.transport is not None:
            self.request.transport.abort()

    async def close(self, code: int = 1000, message: str = "") -> None:
        """Close it with a close frame."""
        await self._ws.close(code=code, message=message.encode())

    async def serve(self, on_text: Callable[[str], Awaitable[None]]) -> web.WebSocketResponse:
        """Answer until it ends; each text that comes in is given to `on_text`, in order."""
        await self._ws.prepare(self.request)
        self._last_pong = asyncio.get_running_loop().time()
        writer, pinger = asyncio.create_task(self._write()), asyncio.create_task(self._ping())
        try:
            async for message in self._ws:
                if message.type is WSMsgType.TEXT:
                    if len(self.received) < 1000:
                        self.received.append(message.data)
                    await on_text(message.data)
                elif message.type is WSMsgType.PING:
                    await self._ws.pong(message.data)
                elif message.type is WSMsgType.PONG:
                    self._last_pong = asyncio.get_running_loop().time()
                    self.pings.append(bytes(message.data))
        finally:
            writer.cancel()
            pinger.cancel()
            await asyncio.gather(writer, pinger, return_exceptions=True)
            with suppress(ConnectionError):
                await self._ws.close()
        return self._ws

    async def ping(self, payload: bytes) -> None:
        """Ping at once; the client's pong is found in `pings`."""
        await self._ws.ping(payload)

    async def _write(self) -> None:
        with suppress(ConnectionError):
            while True:
                wait, text = await self._outbox.get()
                if wait:
                    await asyncio.sleep(wait)
                await self._ws.send_str(text)

    async def _ping(self) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        with suppress(ConnectionError):
            while True:
                await asyncio.sleep(self.pulse.ping)
                if loop.time() - began > self.pulse.life or loop.time() - self._last_pong > self.pulse.pong:
                    self.cut()
                    return
                await self._ws.ping(str(int(loop.time() * 1000)).encode())


@dataclass
class Subscription:
    """One account's events on one connection; `wrap` makes a message of an event.

    The faults of events strike here, per subscriber.
    """

    connection: Connection
    product: str
    account: str
    faults: Faults
    number: int = 0
    wrap: Callable[[dict[str, Any]], Any] = field(default=lambda event: event)
    signed: bool = True  # by userDataStream.subscribe.signature: outlives a logout
    _held: list[dict[str, Any]] = field(default_factory=list)

    def send(self, event: dict[str, Any]) -> None:
        """Send an event, unless a fault strikes it."""
        fault = self.faults.event(event)
        post = self.connection.post
        match fault.name if fault else "":
            case "missing":
                return
            case "doubled":
                post(self.wrap(event))
                post(self.wrap(event))
            case "late":
                assert fault is not None
                self.connection.post_later(self.wrap(event), fault.seconds)
            case "slow":
                assert fault is not None
                post(self.wrap(event), wait=fault.seconds)
            case "stream_cut":
                assert fault is not None
                if fault.detail.get("sent"):
                    post(self.wrap(event))
                    asyncio.get_running_loop().call_later(0.02, self.connection.cut)
                else:
                    self.connection.cut()
                return
            case "reordered":
                assert fault is not None
                self._held.append(event)
                # Should nothing follow, it goes out after all.
                asyncio.get_running_loop().call_later(fault.seconds, self._flush)
                return
            case _:
                post(self.wrap(event))
        self._flush()

    def _flush(self) -> None:
        held, self._held = self._held, []
        for event in held:
            self.connection.post(self.wrap(event))
