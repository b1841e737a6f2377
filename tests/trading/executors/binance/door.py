"""The front of an exchange: signatures, clock, limits and faults are the emulator's; behind it orders are only counted.

Enough to see what a session and a stream do on the wire, and whether something was executed, and how often.
"""

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests.emulators.binance.calls import Call, Route
from tests.emulators.binance.connections import Connection, Subscription
from tests.emulators.binance.limits import Limit
from tests.emulators.binance.signing import ApiKey as VenueKey
from tests.emulators.binance.venue import Binance
from tests.kit import START
from tests.loop import LoopClock, run_virtually
from trading.binance.addresses import addresses_of
from trading.binance.budget import Budget
from trading.binance.products import Product
from trading.clock import Clock, SystemClock
from trading.errors import VenueError
from trading.executors.binance.keys import ApiKey
from trading.executors.binance.session import TIMEOUT_S, Session
from trading.executors.binance.sources import Source
from trading.executors.binance.stream import UserStream
from trading.reports import Reconnected

KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"  # published as an example, as the key
ORDER = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01", "newClientOrderId": "abcd"}

PLACE, CANCEL, AMEND = "POST /api/v3/order", "DELETE /api/v3/order", "PUT /api/v3/order/amend/keepPriority"
READ = "GET /api/v3/order"

UNKNOWN: list[tuple[str, dict[str, Any]]] = [
    ("drop_before", {}),
    ("drop_after", {}),
    ("hang_before", {"seconds": 0.05}),
    ("hang_after", {"seconds": 0.05}),
    ("status_502", {}),
    ("status_503", {}),
    ("status_504", {"executed": True}),
    ("status_524", {"executed": True}),
    ("html_200", {}),
    ("html_200", {"executed": True}),
    ("truncated", {}),
    ("truncated", {"executed": False}),
    ("empty", {}),
    ("redirect_307", {}),
    ("redirect_307", {"location": "http://127.0.0.1:9/api/v3/order"}),
    ("code_-1000", {"executed": True}),
    ("code_-1001", {}),
    ("code_-1006", {"executed": True}),
    ("code_-1007", {"executed": True}),
    ("code_-1008", {}),
    ("code_-2010", {"text": "Duplicate order sent."}),
    ("code_-9999", {"text": "A code of next year."}),
]
"""Faults after which it is not known whether the request was executed."""


@functools.cache
def pair(kind: str) -> tuple[str, str]:
    """A key pair, Ed25519 or RSA, as PEM: private, public."""
    private = Ed25519PrivateKey.generate() if kind == "Ed25519" else generate_private_key(65537, 2048)
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(), public.decode()


class Door:
    """`executed` holds the params of every order call that reached the inside, `listen_keys` every one given out."""

    def __init__(self, venue: Binance) -> None:
        self.venue = venue
        self.executed: list[tuple[str, dict[str, str]]] = []
        self.listen_keys: list[str] = []
        self.kept: list[str] = []
        self.greeted = 0
        weight = Limit("REQUEST_WEIGHT", "MINUTE", 1, 6000)
        orders = [Limit("ORDERS", "SECOND", 10, 100), Limit("ORDERS", "DAY", 1, 200000)]
        for product, prefix in (("spot", "/api/v3"), ("usdm", "/fapi/v1")):
            venue.limit(product, [weight, *orders])
            venue.rest(f"GET {prefix}/time", Route(product, lambda call: {"serverTime": call.now_ms}))
            venue.rest(f"POST {prefix}/order", Route(product, self._order, "TRADE", free=True, orders=1))
            venue.rest(f"GET {prefix}/order", Route(product, lambda call: {"status": "NEW"}, "USER_DATA", weight=4))
        venue.rest(CANCEL, Route("spot", self._order, "TRADE"))
        venue.rest(AMEND, Route("spot", self._order, "TRADE", weight=4))
        venue.rest("GET /fapi/v3/account", Route("usdm", lambda call: {"assets": []}, "USER_DATA", weight=5))
        for method in ("POST", "PUT"):
            venue.rest(f"{method} /fapi/v1/listenKey", Route("usdm", self._listen_key, "KEY"))
        venue.websocket("/private/ws", self._private)
        for product, path in (("spot", "/ws-api/v3"), ("usdm", "/ws-fapi/v1")):
            api = venue.ws_api(product, path)
            for method in ("order.place", "order.cancel"):
                api.method(method, Route(product, self._order, "TRADE", orders=1, free=True))
            api.method("order.status", Route(product, lambda call: {"status": "NEW"}, "USER_DATA", weight=4))
            if product == "spot":
                api.method("userDataStream.subscribe.signature", Route(product, self._greet, "USER_STREAM", 2))

    def tell(self, number: int, product: str = "spot") -> None:
        """Send an event to whoever listens to the account."""
        self.venue.tell(product, "main", {"e": "executionReport", "i": number})

    def _order(self, call: Call) -> dict[str, Any]:
        self.executed.append((call.operation, call.params))
        return {"orderId": len(self.executed), "clientOrderId": call.get("newClientOrderId")}

    def _greet(self, call: Call) -> dict[str, int]:
        connection = call.connection
        assert connection is not None
        self.greeted += 1
        number = connection.next_subscription
        connection.next_subscription += 1
        subscription = Subscription(
            connection,
            "spot",
            call.account,
            self.venue.faults,
            number,
            lambda event: {"subscriptionId": number, "event": event},
        )
        connection.subscriptions[number] = subscription
        self.venue.subscribe(subscription)
        return {"subscriptionId": number}

    def _listen_key(self, call: Call) -> dict[str, str]:
        if call.operation.startswith("PUT"):
            self.kept.append(call.header_key)
            return {"listenKey": self.listen_keys[-1]}
        self.listen_keys.append(f"listen{len(self.listen_keys)}")
        return {"listenKey": self.listen_keys[-1]}

    async def _private(self, request: web.BaseRequest, rest: str) -> web.StreamResponse:
        if request.query.get("listenKey") not in self.listen_keys:
            return web.Response(status=401)
        connection = Connection(request, "usdm", lambda: self.venue.now_ms)
        subscription = Subscription(connection, "usdm", "main", self.venue.faults)
        self.venue.connections.add(connection)
        self.venue.subscribe(subscription)

        async def ignore(text: str) -> None: ...

        try:
            return await connection.serve(ignore)
        finally:
            self.venue.connections.discard(connection)
            self.venue.unsubscribe(subscription)


@asynccontextmanager
async def opened() -> AsyncIterator[Door]:
    """A door on the network, with the example key."""
    async with Binance(keys=[VenueKey(KEY, secret=SECRET)]) as venue:
        yield Door(venue)


def session_at(
    door: Door,
    product: Product = Product.SPOT,
    *,
    key: ApiKey | None = None,
    clock: Clock | None = None,
    timeout_s: float = TIMEOUT_S,
) -> Session:
    """A session that has not been started."""
    clock = clock or SystemClock()
    urls = (door.venue.rest_url, door.venue.ws_api_url, door.venue.stream_url)
    if product is Product.USDM:
        urls = (urls[0], urls[2], urls[2])
    addresses = addresses_of(product, "live", *urls)
    return Session("main", product, key or ApiKey(KEY, SECRET), addresses, Budget(clock), clock, timeout_s)


@asynccontextmanager
async def listening(session: Session, source: Source, **pace: float) -> AsyncIterator[UserStream]:
    """A started stream."""
    stream = UserStream(session, source, Random(7), **{"pause_s": 0.01, **pace})
    await stream.start()
    try:
        yield stream
    finally:
        await stream.stop()


def on_virtual_time(product: Product, play: Callable[[Door, Session, LoopClock], Awaitable[None]]) -> None:
    """`play` with an exchange and a session whose clocks go with a loop that jumps from timer to timer."""

    async def prepared(clock: LoopClock) -> None:
        loop = asyncio.get_running_loop()
        keys = [VenueKey(KEY, secret=SECRET)]
        async with Binance(lambda: int((START.timestamp() + loop.time()) * 1000), keys) as venue:
            door = Door(venue)
            session = session_at(door, product, clock=clock)
            await session.start()
            try:
                await play(door, session, clock)
            finally:
                await session.stop()

    run_virtually(prepared)


async def do(session: Session, operation: str = PLACE) -> object:
    """Make the call of an operation; all but reads are order calls."""
    method, path = operation.split(" ")
    return await session.call(method, path, ORDER, order=method != "GET")


async def failing(session: Session, operation: str = PLACE) -> VenueError:
    with pytest.raises(VenueError) as told:
        await do(session, operation)
    return told.value


async def read(stream: UserStream, count: int) -> list[Any]:
    """The next events by their number, and markers by their reason."""
    found = list[Any]()
    async with asyncio.timeout(5):
        async for event in stream.events():
            found.append(event.reason if isinstance(event, Reconnected) else event.get("i", event.get("e")))
            if len(found) == count:
                return found
    return found


async def until(is_so: Callable[[], object]) -> None:
    """Let the loop go round until it is so."""
    async with asyncio.timeout(5):
        while not is_so():  # noqa: ASYNC110 - what is waited for is on the other side of a socket
            await asyncio.sleep(0)
