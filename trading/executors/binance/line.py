"""One WebSocket connection: what it hears is told at once, requests are answered by their id."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import aiohttp
import msgspec

from trading.executors.binance.client import how
from trading.executors.binance.outcome import Lost, Said

CLOSE_S = 2.0
"""How long the other side may take to say goodbye."""


Hear = Callable[["Line", dict[str, Any]], None]


class Line:
    """An open connection, until it is closed by either side or has been silent for too long.

    `hear` is given every message that is no answer, in order, as soon as it is there; it must not block. Any frame is
    a sign of life (the venue pings a quiet connection); after `silence_s` without one it is asked for a sign, and
    given up half as long after that.
    """

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, hear: Hear) -> None:
        self._socket, self._hear = socket, hear
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._count = 0
        self.ended = ""  # why, once it is
        self.end = asyncio.Event()
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def open(
        cls,
        client: aiohttp.ClientSession,
        address: str,
        hear: Hear,
        *,
        silence_s: float,
        timeout_s: float,
    ) -> "Line":
        """Connect.

        Raises:
            Said: something else than a WebSocket answered.
            Lost: nothing did.
        """
        try:
            async with asyncio.timeout(timeout_s):
                closing = aiohttp.ClientWSTimeout(ws_close=CLOSE_S)
                socket = await client.ws_connect(address, heartbeat=silence_s, timeout=closing)
        except aiohttp.WSServerHandshakeError as why:
            raise Said(why.status) from None
        except (aiohttp.ClientError, OSError) as why:
            raise Lost(how(why), sent=False) from None
        return cls(socket, hear)

    @property
    def is_open(self) -> bool:
        return not self.end.is_set() and not self._socket.closed

    async def ask(self, method: str, params: Mapping[str, Any], timeout_s: float) -> dict[str, Any]:
        """Send a request, once, and wait for its whole answer: `status`, `result` or `error`, `rateLimits`.

        Raises:
            Lost: there was none.
        """
        if not self.is_open:
            raise Lost("the connection is closed", sent=False)
        self._count += 1
        number = str(self._count)
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        request = msgspec.json.encode({"id": number, "method": method, "params": params}).decode()
        try:
            async with asyncio.timeout(timeout_s):
                await self._socket.send_str(request)
                return await answer
        except TimeoutError:
            raise Lost("it did not answer in time", sent=True) from None
        except (aiohttp.ClientError, ConnectionError, RuntimeError):
            raise Lost("the connection was closed", sent=True) from None
        finally:
            del self._waiting[number]

    async def close(self) -> None:
        """Close it; requests under way end without an answer."""
        self._reader.cancel()
        with suppress(asyncio.CancelledError):
            await self._reader
        await self._socket.close()

    async def retire(self, patience_s: float) -> None:
        """Close it as soon as no request waits for its answer, or after `patience_s`."""
        try:
            if self._waiting:
                await asyncio.wait(self._waiting.values(), timeout=patience_s)
        finally:
            await self.close()

    async def _read(self) -> None:
        why = "the connection was closed"
        try:
            async for message in self._socket:
                if message.type is aiohttp.WSMsgType.ERROR:
                    why = f"the connection broke ({type(message.data).__name__})"
                elif message.type is aiohttp.WSMsgType.TEXT:
                    self._take(msgspec.json.decode(message.data))
        except msgspec.DecodeError:
            why = "it sent something that cannot be read"
        finally:
            self.ended = why
            self.end.set()
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(Lost(why, sent=True))
        await self._socket.close()

    def _take(self, message: Any) -> None:
        if not isinstance(message, dict):
            return
        if "id" not in message:
            self._hear(self, message)
            return
        answer = self._waiting.get(str(message["id"]))
        if answer is not None and not answer.done():
            answer.set_result(message)
