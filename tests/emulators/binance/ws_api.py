"""A WebSocket API: requests and their answers by `id`, sessions, limits; the methods are a product's.

Written from web-socket-api.md ("Request format", "Response format", "Session Authentication"). Requests on one
connection are executed in the order they come.
"""

import asyncio
import json
from typing import Any, Protocol

from aiohttp import web

from tests.emulators.binance import codes, signing
from tests.emulators.binance.answering import Answer, Cut, strike
from tests.emulators.binance.calls import Call, Route
from tests.emulators.binance.connections import Connection, Pulse, Subscription, compact
from tests.emulators.binance.faults import Fault, Faults
from tests.emulators.binance.limits import RateLimits
from tests.emulators.binance.signing import ApiKey, Keyring

CONNECTION_WEIGHT = 2


class Server(Protocol):
    """What this needs of the server."""

    keys: Keyring
    faults: Faults
    limits: dict[str, RateLimits]
    connections: set[Connection]
    pulse: Pulse

    @property
    def now_ms(self) -> int:
        """The exchange's time."""

    def perform(self, route: Route, call: Call) -> Any:
        """Carry out an authenticated call."""

    def unsubscribe(self, subscription: Subscription) -> None:
        """No longer tell it."""

    async def hang(self, seconds: float | None) -> None:
        """Wait for a release."""


class WsApi:
    """One product's WebSocket API."""

    def __init__(self, server: Server, product: str) -> None:
        self._server, self._product = server, product
        self._methods: dict[str, Route] = {}
        self._later: set[asyncio.Task[None]] = set()
        self.method("session.logon", Route(product, self._logon, "SESSION", 2))
        self.method("session.status", Route(product, self._status, "NONE", 2))
        self.method("session.logout", Route(product, self._logout, "NONE", 2))

    def method(self, name: str, route: Route) -> None:
        """Answer this method."""
        self._methods[name] = route

    async def serve(self, request: web.BaseRequest, rest: str) -> web.StreamResponse:
        """Serve one connection."""
        try:
            self._server.limits[self._product].enter(CONNECTION_WEIGHT)
        except codes.Refusal as refusal:
            return web.Response(status=refusal.status, text=compact(refusal.body), headers=refusal.headers)
        connection = Connection(request, self._product, lambda: self._server.now_ms, self._server.pulse)
        self._server.connections.add(connection)
        try:
            return await connection.serve(lambda text: self._told(connection, text))
        finally:
            self._server.connections.discard(connection)
            for subscription in list(connection.subscriptions.values()):
                self._server.unsubscribe(subscription)

    async def _told(self, connection: Connection, text: str) -> None:
        try:
            # Numbers keep their own text: it is what was signed.
            message = json.loads(text, parse_float=str)
            number, method = message.get("id"), str(message.get("method", "")).removeprefix("v3/")
            params = {name: _text(value) for name, value in (message.get("params") or {}).items()}
        except (ValueError, AttributeError):
            connection.post({"id": None, "status": 400, "error": codes.INVALID_JSON.refusal().body})
            return
        fault = self._server.faults.request(method)
        if fault is None:
            connection.post(self._execute(connection, number, method, params).text)
            return
        work = asyncio.create_task(self._struck(connection, number, method, params, fault))
        self._later.add(work)
        work.add_done_callback(self._later.discard)

    async def _struck(
        self, connection: Connection, number: Any, method: str, params: dict[str, str], fault: Fault
    ) -> None:
        outcome = await strike(
            fault, lambda: self._execute(connection, number, method, params), self._server, self._product, ""
        )
        if isinstance(outcome, codes.Refusal):
            connection.post({"id": number, **self._failed(outcome)})
        elif isinstance(outcome, Answer) and outcome.status == 200:
            connection.post(outcome.text)
        else:
            if isinstance(outcome, Cut) and outcome.part:
                connection.post(outcome.part)
                await asyncio.sleep(0.01)
            connection.cut()  # what a proxy in trouble does with a WebSocket, too

    def _execute(self, connection: Connection, number: Any, method: str, params: dict[str, str]) -> Answer:
        limits = self._server.limits[self._product]
        shown = params.get("returnRateLimits", connection.query.get("returnRateLimits", "true")) != "false"
        route = self._methods.get(method)
        key: ApiKey | None = None
        try:
            if route is None:
                raise codes.Refusal(-1020 if method else -1102, codes.UNSUPPORTED_OPERATION.msg)
            limits.enter(route.weigh(params))
            key = self._authenticate(connection, route, params)
            result = self._server.perform(route, Call(method, params, self._server.now_ms, key, connection))
            answer: dict[str, Any] = {"id": number, "status": 200, "result": result}
        except codes.Refusal as refusal:
            answer = {"id": number, **self._failed(refusal)}
        if shown:
            answer["rateLimits"] = limits.counts(key.account if key and route and route.orders else None)
        return Answer(200, compact(answer))

    def _failed(self, refusal: codes.Refusal) -> dict[str, Any]:
        error = refusal.body
        if "Retry-After" in refusal.headers:
            now = self._server.now_ms
            retry = now + int(1000 * float(refusal.headers["Retry-After"]))
            error["data"] = {"serverTime": now, "retryAfter": retry}
        return {"status": refusal.status, "error": error}

    def _authenticate(self, connection: Connection, route: Route, params: dict[str, str]) -> ApiKey | None:
        if route.security == "NONE":
            return None
        needed = "USER_DATA" if route.security == "SESSION" else route.security
        named = params.get("apiKey")
        if named is None and connection.session is not None and route.security != "SESSION":
            key = self._server.keys.find(connection.session.key, needed)
            if "timestamp" in params or route.security != "USER_STREAM":
                signing.check_time(params, self._server.now_ms)
            return key
        if not named:
            raise codes.PARAM_MISSING.refusal("apiKey")
        key = self._server.keys.find(named, needed)
        signing.check_time(params, self._server.now_ms)
        signing.check_ws(key, params)
        return key

    def _logon(self, call: Call) -> dict[str, Any]:
        connection = _connection(call)
        assert call.key is not None
        if call.key.kind != "ED25519":
            raise codes.Refusal(-4056, "HMAC_SHA256 API key is not supported.")
        connection.session, connection.authorized_ms = call.key, call.now_ms
        return self._status(call)

    def _logout(self, call: Call) -> dict[str, Any]:
        connection = _connection(call)
        connection.session, connection.authorized_ms = None, None
        for number, subscription in list(connection.subscriptions.items()):
            if not subscription.signed:
                del connection.subscriptions[number]
                self._server.unsubscribe(subscription)
                connection.post(subscription.wrap({"e": "eventStreamTerminated", "E": call.now_ms}))
        return self._status(call)

    def _status(self, call: Call) -> dict[str, Any]:
        connection = _connection(call)
        return {
            "apiKey": connection.session.key if connection.session else None,
            "authorizedSince": connection.authorized_ms,
            "connectedSince": connection.connected_ms,
            "returnRateLimits": connection.query.get("returnRateLimits", "true") != "false",
            "serverTime": call.now_ms,
            "userDataStream": bool(connection.subscriptions),
        }


def _connection(call: Call) -> Connection:
    assert call.connection is not None, "only on a WebSocket"
    return call.connection


def _text(value: Any) -> str:
    """A JSON value as its text: numbers and texts as they are, true and false, lists as JSON."""
    if isinstance(value, str):
        return value
    return compact(value)
