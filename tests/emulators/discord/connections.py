"""One WebSocket connection to the gateway: what it sends, in order and compressed, and how it ends."""

import asyncio
import json
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Protocol

from aiohttp import WSMsgType, web

from tests.emulators.discord.codes import Json


class Compressor(Protocol):
    """A stream of compressed messages."""

    def compress(self, data: bytes) -> bytes:
        """The next part of the stream."""


class ZlibStream:
    """zlib-stream: one context for the connection, a sync flush after each message."""

    def __init__(self) -> None:
        self._context = zlib.compressobj()

    def compress(self, data: bytes) -> bytes:
        """The next message of the stream."""
        return self._context.compress(data) + self._context.flush(zlib.Z_SYNC_FLUSH)


class ZstdStream:
    """zstd-stream: one frame for the connection, a flushed block for each message. Needs `zstandard`."""

    def __init__(self) -> None:
        zstandard = import_module("zstandard")
        self._context = zstandard.ZstdCompressor().compressobj()
        self._flush = zstandard.COMPRESSOBJ_FLUSH_BLOCK

    def compress(self, data: bytes) -> bytes:
        """The next message of the stream."""
        return bytes(self._context.compress(data) + self._context.flush(self._flush))


@dataclass(frozen=True)
class _End:
    code: int  # 0: cut without a close frame


def compressor(asked: str) -> Compressor | None:
    """What a `compress` parameter asks for; plain text, which libraries also take, where it cannot be had."""
    if asked == "zlib-stream":
        return ZlibStream()
    return ZstdStream() if asked == "zstd-stream" and find_spec("zstandard") else None


class Connection:
    """A connection. `query` and `path` are those it was opened with; `received` what the app sent (the first 1000)."""

    def __init__(self, request: web.BaseRequest) -> None:
        self.path = request.path
        self.query = dict(request.query)
        self.received: list[Json] = []
        self.close_code: int | None = None  # of the app, if it was the one to close
        self.compressed = compressor(self.query.get("compress", ""))
        self.sent_bytes = 0
        self._request = request
        self._ws = web.WebSocketResponse(autoping=True, compress=False, max_msg_size=0)
        self._outbox: asyncio.Queue[str | _End] = asyncio.Queue()
        self._ended = False

    @property
    def open(self) -> bool:
        return not self._ended and not self._ws.closed

    def post(self, payload: Json) -> None:
        """Send a payload after all that was posted before it."""
        self._outbox.put_nowait(json.dumps(payload, separators=(",", ":")))

    def close(self, code: int) -> None:
        """Close it with this code, after all that was posted."""
        self._outbox.put_nowait(_End(code))
        self._ended = True

    def cut(self, *, after: bool = False) -> None:
        """Cut it without a word, at once or after all that was posted."""
        self._ended = True
        if after:
            self._outbox.put_nowait(_End(0))
        elif self._request.transport is not None:
            self._request.transport.abort()

    async def serve(self, on_text: Callable[[str], None]) -> web.WebSocketResponse:
        """Answer until it ends; every text that comes is given to `on_text`."""
        await self._ws.prepare(self._request)
        writer = asyncio.create_task(self._write())
        try:
            async for message in self._ws:
                if message.type is WSMsgType.TEXT and not self._ended:
                    on_text(message.data)
        finally:
            if not self._ended:  # what follows a close of ours says nothing
                self.close_code = self._ws.close_code
            self._ended = True
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
            with suppress(ConnectionError):
                await self._ws.close()
        return self._ws

    async def _write(self) -> None:
        with suppress(ConnectionError):
            while True:
                item = await self._outbox.get()
                if isinstance(item, _End):
                    if item.code:
                        await self._ws.close(code=item.code)
                    elif self._request.transport is not None:
                        self._request.transport.abort()
                    return
                if self.compressed is None:
                    self.sent_bytes += len(item)
                    await self._ws.send_str(item)
                else:
                    data = self.compressed.compress(item.encode())
                    self.sent_bytes += len(data)
                    await self._ws.send_bytes(data)
