"""The server: one process, one port, one clock, one set of faults; the products register what they answer.

    async with Binance() as venue:
        spot = Spot(venue)

A product registers REST routes (`rest`), WebSocket API methods (`ws_api(...).method`), market streams (`market`) and
further WebSocket paths (`websocket`), and tells its events to user data subscribers (`tell`). Answers are made without
awaiting, so a request is executed wholly or not at all. From another process everything is reached by
`POST /__control__` with `{"do": name, ...}` (`control` holds the names).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from types import TracebackType
from typing import Any

from aiohttp import web

from tests.emulators.binance import codes, signing
from tests.emulators.binance.answering import Answer, Cut, strike
from tests.emulators.binance.calls import Call, Route, read_params
from tests.emulators.binance.connections import Connection, Pulse, Subscription, compact
from tests.emulators.binance.control import commands, controlled
from tests.emulators.binance.faults import Faults
from tests.emulators.binance.ledger import Executed, Ledger
from tests.emulators.binance.limits import Limit, RateLimits
from tests.emulators.binance.signing import ApiKey, Keyring
from tests.emulators.binance.streams import Streams
from tests.emulators.binance.ws_api import WsApi

Socket = Callable[[web.BaseRequest, str], Awaitable[web.StreamResponse]]
JSON = {"Content-Type": "application/json;charset=UTF-8"}


class Binance:
    """A Binance on 127.0.0.1.

    `now_ms` as a number starts a clock that stands still until it is set again; as a function it is asked; None is
    the machine's clock. `offset_ms` is added in either case. `requests` holds every REST request line, in order.
    """

    def __init__(
        self,
        now_ms: int | Callable[[], int] | None = None,
        keys: Iterable[ApiKey] = (),
        pulse: Pulse | None = None,
    ) -> None:
        self.pulse = pulse or Pulse()
        self._clock: int | Callable[[], int] = now_ms if now_ms is not None else lambda: time.time_ns() // 1_000_000
        self.offset_ms = 0
        self.keys = Keyring(keys)
        self.faults = Faults(lambda: self.now_ms)
        self.executed = Ledger()
        self.limits: dict[str, RateLimits] = {}
        self.streams: dict[str, Streams] = {}
        self.requests: list[str] = []
        self.connections: set[Connection] = set()  # all that are not market streams
        self.control = commands(self)
        self.url = ""
        self._port = 0  # any, then the same again
        self._routes: dict[str, Route] = {}
        self._sockets: dict[str, Socket] = {}
        self._subscriptions: dict[tuple[str, str], list[Subscription]] = {}
        self._release = asyncio.Event()
        self._runner: web.ServerRunner | None = None

    # The clock

    @property
    def now_ms(self) -> int:
        """The exchange's time, in ms."""
        now = self._clock if isinstance(self._clock, int) else self._clock()
        return now + self.offset_ms

    @now_ms.setter
    def now_ms(self, now: int) -> None:
        self._clock = now

    # Addresses

    @property
    def rest_url(self) -> str:
        return self.url

    @property
    def ws_api_url(self) -> str:
        return self.url.replace("http", "ws", 1) + "/ws-api/v3"

    @property
    def stream_url(self) -> str:
        """The streams' address, `/ws/...` and `/stream?streams=` follow it (it also answers under `/stream/ws`)."""
        return self.url.replace("http", "ws", 1)

    # What a product registers

    def rest(self, operation: str, route: Route) -> None:
        """Answer `POST /api/v3/order` ..."""
        self._routes[operation] = route

    def route(self, operation: str) -> Route:
        """What answers an operation; KeyError if nothing does."""
        return self._routes[operation]

    def ws_api(self, product: str, path: str) -> WsApi:
        """Serve a WebSocket API at this path."""
        api = WsApi(self, product)
        self.websocket(path, api.serve)
        return api

    def market(self, product: str, *prefixes: str) -> Streams:
        """Serve a product's market streams below these prefixes (`""`: /ws and /stream themselves)."""
        streams = Streams(product, lambda: self.now_ms, self.pulse)
        self.streams[product] = streams
        for prefix in prefixes:
            self.websocket(f"{prefix}/ws", lambda request, rest: streams.serve(request, f"/ws{rest}"))
            self.websocket(f"{prefix}/stream", lambda request, rest: streams.serve(request, f"/stream{rest}"))
        return streams

    def websocket(self, prefix: str, serve: Socket) -> None:
        """Serve WebSockets whose path is this or begins with this and a slash; the rest of the path is handed over."""
        self._sockets[prefix] = serve

    def limit(self, product: str, limits: list[Limit]) -> RateLimits:
        """Set a product's rate limits."""
        self.limits[product] = RateLimits(limits, lambda: self.now_ms)
        return self.limits[product]

    # User data

    def subscribe(self, subscription: Subscription) -> None:
        """From now on its connection is told of its account."""
        self._subscriptions.setdefault((subscription.product, subscription.account), []).append(subscription)

    def unsubscribe(self, subscription: Subscription) -> None:
        """No longer tell it; nothing if it was not subscribed."""
        found = self._subscriptions.get((subscription.product, subscription.account), [])
        if subscription in found:
            found.remove(subscription)

    def subscribers(self, product: str, account: str) -> list[Subscription]:
        """Who is told of an account."""
        return list(self._subscriptions.get((product, account), ()))

    def tell(self, product: str, account: str, event: dict[str, Any]) -> None:
        """Send an event to an account's subscribers."""
        for subscription in self.subscribers(product, account):
            subscription.send(event)

    def cut_streams(self) -> None:
        """Cut every WebSocket there is, without a word."""
        for connection in self._all_connections():
            connection.cut()

    def shut_down(self) -> None:
        """Announce a shutdown on every connection, as before a restart; `cut_streams` carries it out."""
        for connection in self.connections:
            connection.post({"event": {"e": "serverShutdown", "E": self.now_ms}})
        for streams in self.streams.values():
            streams.shut_down()

    def record(self, fact: Executed) -> None:
        """Write a fact into the ledger."""
        self.executed.append(fact)

    # The server

    async def __aenter__(self) -> "Binance":
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def open(self, port: int = 0) -> None:
        """Come onto the network: at this port, else at the one it had before, else at any."""
        self._release.clear()
        server = web.Server(self._serve, access_log=None)
        self._runner = web.ServerRunner(server, shutdown_timeout=0.05)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port or self._port).start()
        host, self._port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{self._port}"

    async def close(self) -> None:
        """Go off the network; everything else is kept."""
        self._release.set()
        for connection in self._all_connections():
            connection.cut()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def release(self) -> None:
        """End every hang: those connections are closed."""
        self._release.set()
        self._release = asyncio.Event()

    async def hang(self, seconds: float | None) -> None:
        """Wait for a release, at most so long."""
        try:
            await asyncio.wait_for(self._release.wait(), seconds)
        except TimeoutError:
            return

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._upgraded(request)
        if request.path == "/__control__":
            return await controlled(request, self.control)
        if len(self.requests) < 100_000:
            self.requests.append(request.raw_path)
        body = (await request.read()).decode() if request.can_read_body else ""
        operation = f"{request.method} {request.path}"
        fault = self.faults.request(operation)
        if fault is None:
            return _response(self._execute(request, operation, body))
        product = self._routes[operation].product if operation in self._routes else next(iter(self.limits), "")
        # A request that waits behind its answer was let through to the engine when it came.
        let_in_ms = self.now_ms if fault.after else None
        outcome = await strike(
            fault, lambda: self._execute(request, operation, body, let_in_ms), self, product, request.raw_path
        )
        if isinstance(outcome, codes.Refusal):
            return _response(self._refused(product, outcome))
        if isinstance(outcome, Cut):
            await _cut(request, outcome)
            return web.Response()
        return _response(outcome)

    def _execute(self, request: web.BaseRequest, operation: str, body: str, let_in_ms: int | None = None) -> Answer:
        route = self._routes.get(operation)
        if route is None:
            return Answer(404, "<html><body><h2>404 Not found</h2></body></html>", {"Content-Type": "text/html"})
        query = request.raw_path.partition("?")[2]
        key: ApiKey | None = None
        try:
            params = read_params(query, body)
            self.limits[route.product].enter(route.weigh(params))
            named = request.headers.get("X-MBX-APIKEY", "")
            if route.security not in ("NONE", "KEY"):
                key = self.keys.find(named, route.security)
                signing.check_time(params, let_in_ms or self.now_ms)
                signing.check_rest(key, query, body)
            elif route.security == "KEY":
                key = self.keys.find(named, "USER_STREAM")
            call = Call(operation, params, self.now_ms, key, header_key=named)
            result = self.perform(route, call)
        except codes.Refusal as refusal:
            return self._refused(route.product, refusal)
        counted = key.account if key is not None and route.orders else None
        return Answer(200, compact(result), {**JSON, **self.limits[route.product].headers(counted)})

    def perform(self, route: Route, call: Call) -> Any:
        """Carry out an authenticated call. Refuses what the route refuses."""
        route.check(call.params)
        limits = self.limits[route.product]
        if route.orders:
            limits.order(call.account, route.orders)
        self.faults.operation = call.operation
        try:
            result = route.answer(call)
        finally:
            self.faults.operation = ""
        if route.free:
            limits.give_back(route.weigh(call.params))
        return result

    def _refused(self, product: str, refusal: codes.Refusal) -> Answer:
        headers = {**JSON, **self.limits[product].headers(None), **refusal.headers}
        return Answer(refusal.status, compact(refusal.body), headers)

    async def _upgraded(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path
        for prefix in sorted(self._sockets, key=len, reverse=True):
            if path == prefix or path.startswith(prefix + "/"):
                return await self._sockets[prefix](request, path[len(prefix) :])
        return web.Response(status=404)

    def _all_connections(self) -> list[Connection]:
        market = [connection for streams in self.streams.values() for connection in streams.connections]
        return [*self.connections, *market]


def _response(answer: Answer) -> web.Response:
    return web.Response(status=answer.status, body=answer.text.encode(), headers=answer.headers)


async def _cut(request: web.BaseRequest, outcome: Cut) -> None:
    if outcome.part:
        # The whole length is announced, half of it comes.
        headers = {**JSON, "Content-Length": str(2 * len(outcome.part.encode()))}
        answer = web.StreamResponse(headers=headers)
        await answer.prepare(request)
        await answer.write(outcome.part.encode())
    if request.transport is not None:
        request.transport.close()
