"""Market streams of one product: raw under `/ws`, combined under `/stream`, live SUBSCRIBE and UNSUBSCRIBE.

Written from web-socket-streams.md. What is published by name reaches whoever listens to that name; the product decides
what to publish and when (`listened` tells whether it is worth the work).
"""

import json
from collections.abc import Callable
from typing import Any

from aiohttp import web

from tests.emulators.binance.connections import Connection, Pulse

MOST_STREAMS = 1024


class Streams:
    """The market streams of one product on one server."""

    def __init__(self, product: str, now_ms: Callable[[], int], pulse: Pulse | None = None) -> None:
        self._product, self._now_ms, self._pulse = product, now_ms, pulse
        self.connections: set[Connection] = set()
        self._listeners: dict[str, set[Connection]] = {}
        self.on_subscribe: list[Callable[[str, Connection], None]] = []

    def listened(self, name: str) -> bool:
        """Does anybody listen to this stream?"""
        return name in self._listeners

    def names(self) -> list[str]:
        """The streams that somebody listens to."""
        return list(self._listeners)

    def publish(self, name: str, payload: dict[str, Any]) -> None:
        """Send a payload to whoever listens to this stream."""
        for connection in tuple(self._listeners.get(name, ())):
            connection.post({"stream": name, "data": payload} if connection.combined else payload)

    def shut_down(self) -> None:
        """Announce that the server is about to shut down (connections stay until they are closed)."""
        event = {"e": "serverShutdown", "E": self._now_ms()}
        for connection in self.connections:
            connection.post({"stream": "!serverShutdown", "data": event} if connection.combined else event)

    async def serve(self, request: web.BaseRequest, rest: str) -> web.StreamResponse:
        """Serve one connection; `rest` is the path after the product's prefix: `/ws`, `/ws/a/b`, `/stream` ..."""
        connection = Connection(request, self._product, self._now_ms, self._pulse)
        parts = [part for part in rest.split("/") if part]
        if parts[:2] == ["stream", "ws"]:  # some clients need "/stream" in a spot address
            parts = parts[1:]
        connection.combined = parts[:1] == ["stream"]
        wanted = request.query.get("streams", "").split("/") if connection.combined else parts[1:]
        self.connections.add(connection)
        try:
            # A lone number after /ws/ is a client's own way to keep several connections apart.
            self._subscribe(connection, [name for name in wanted if "@" in name or name.startswith("!")])
            return await connection.serve(lambda text: self._told(connection, text))
        finally:
            self.connections.discard(connection)
            self._unsubscribe(connection, list(connection.streams))

    async def _told(self, connection: Connection, text: str) -> None:
        try:
            message = json.loads(text)
            method, number = message["method"], message.get("id")
        except (ValueError, TypeError, KeyError):
            connection.post({"code": 2, "msg": "Invalid request: request ID must be an unsigned integer"})
            return
        params = message.get("params") or []
        match method:
            case "SUBSCRIBE":
                connection.post({"result": None, "id": number})
                self._subscribe(connection, params)
            case "UNSUBSCRIBE":
                self._unsubscribe(connection, params)
                connection.post({"result": None, "id": number})
            case "LIST_SUBSCRIPTIONS":
                connection.post({"result": list(connection.streams), "id": number})
            case "SET_PROPERTY" if params[:1] == ["combined"] and len(params) == 2:
                if not isinstance(params[1], bool):
                    connection.post({"code": 1, "msg": "Invalid value type: expected Boolean", "id": number})
                    return
                connection.combined = params[1]
                connection.post({"result": None, "id": number})
            case "GET_PROPERTY" if params == ["combined"]:
                connection.post({"result": connection.combined, "id": number})
            case "SET_PROPERTY" | "GET_PROPERTY":
                connection.post({"code": 0, "msg": "Unknown property", "id": number})
            case _:
                text = f"Invalid request: unknown variant `{method}`, expected one of `SUBSCRIBE`, `UNSUBSCRIBE`"
                connection.post({"code": 2, "msg": text, "id": number})

    def _subscribe(self, connection: Connection, names: list[str]) -> None:
        for name in names:
            if name not in connection.streams and len(connection.streams) < MOST_STREAMS:
                connection.streams[name] = None
                self._listeners.setdefault(name, set()).add(connection)
                for heard in self.on_subscribe:
                    heard(name, connection)

    def _unsubscribe(self, connection: Connection, names: list[str]) -> None:
        for name in names:
            connection.streams.pop(name, None)
            listeners = self._listeners.get(name, set())
            listeners.discard(connection)
            if not listeners:
                self._listeners.pop(name, None)
