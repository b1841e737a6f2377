"""Connections that say nothing: each is given a while, and the oldest makes room when there are too many."""

import asyncio

from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_HEAD = 64 * 1024
MOST = 400  # connections: well under the 1024 files that a process may usually have open


class Patient(HttpToolsProtocol):
    """Uvicorn's HTTP protocol, for clients that are slow or mean harm.

    A request's head may take the server's `patience_s`, from the connection's beginning or the answer before.
    """

    since: float | None = None
    """When we began to wait for a request (the loop's time), or None while one is answered."""
    _timer: asyncio.TimerHandle | None = None
    _head = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > MOST:
            idle = [c for c in self.connections if isinstance(c, Patient) and c.since is not None]
            if idle:
                min(idle, key=lambda c: c.since or 0.0).transport.abort()
            else:
                transport.abort()
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._go_on()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.since is not None:
            self._head += len(data)
            if self._head > LARGEST_HEAD * 2:  # the first part of a body may come with it
                self.transport.abort()
                return
        super().data_received(data)

    def on_headers_complete(self) -> None:
        self._go_on()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self.transport.is_closing() and self.cycle.response_complete:
            self._wait()

    def _wait(self) -> None:
        self._go_on()
        self._head = 0
        self.since = self.loop.time()
        server = self.config.app
        assert isinstance(server, FastAPI), "WebServer.start serves what build_server made"
        self._timer = self.loop.call_later(server.state.patience_s, self.transport.abort)

    def _go_on(self) -> None:
        self.since = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
