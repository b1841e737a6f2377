"""One account at one product of Binance: signed calls through ccxt, each sent exactly once.

Raw endpoints, not ccxt's `create_order`: the params are ours, so that nothing is rounded, renamed or sent twice.
ccxt signs and sends. What an answer means is decided here, from its status and text, as ccxt lets some failures pass
for answers (HTTP 524, 200 with a page or with half of the JSON) and mixes others up.
"""

import asyncio
import importlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, TypeVar

import aiohttp

from trading.binance.addresses import Addresses
from trading.binance.budget import Budget, Urgency
from trading.binance.products import Product
from trading.clock import Clock
from trading.errors import VenueError
from trading.executors.binance.client import WIRE, Wire, how, open_watched_client
from trading.executors.binance.codes import parsed
from trading.executors.binance.keys import ApiKey
from trading.executors.binance.line import Hear, Line
from trading.executors.binance.outcome import HEALING_S, ORDER_WINDOW_MS, READ_WINDOW_MS, Lost, Said, verdict
from trading.executors.binance.servertime import ServerTime

T = TypeVar("T")

TIMEOUT_S = 12.0
"""Longer than recvWindow and the venue's own timeout (10 s) together: it tells us of that itself, with -1007."""

CONNECTION_WEIGHT = 2  # web-socket-api.md "IP limits"
CLOCK_IS_OFF = -1021
TIME_PATHS = {Product.SPOT: "/api/v3/time", Product.USDM: "/fapi/v1/time"}

GARBLED = (AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""What ccxt may trip over when an answer has another shape, or when it is closed meanwhile."""

SECTIONS = {
    "/api/v3/": ("public", "private"),
    "/fapi/v1/": ("fapiPublic", "fapiPrivate"),
    "/fapi/v2/": ("fapiPublicV2", "fapiPrivateV2"),
    "/fapi/v3/": ("fapiPublicV3", "fapiPrivateV3"),
    "/sapi/v1/": ("sapi", "sapi"),
}
"""What ccxt calls the parts of the API: without and with a key. /sapi has an address of its own."""


class Session:
    """Calls of one account. `budget` is shared by all who use the same address (IP) and host."""

    def __init__(
        self,
        account: str,
        product: Product,
        key: ApiKey,
        addresses: Addresses,
        budget: Budget,
        clock: Clock,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self.account, self.product, self.key, self.addresses = account, product, key, addresses
        self.budget = budget
        self.time = ServerTime(self._ask_time, clock, budget.align)
        self._clock, self._timeout_s = clock, timeout_s
        self._exchange: Any = None
        self._client: aiohttp.ClientSession | None = None
        self._error: type[Exception] = Lost  # ccxt's own root, once it is imported
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Open it and measure the venue's clock.

        Raises:
            VenueUnreachable: the venue does not answer; it may be started again.
        """
        # 120 MB and seconds: only for who needs it, and not on the event loop.
        ccxt = await asyncio.to_thread(importlib.import_module, "ccxt.async_support")
        self._error = ccxt.BaseError
        self._client = open_watched_client(self.addresses.rest.startswith("https:"))
        self._exchange = self._connected(ccxt)
        try:
            await self.time.measure()
        except (VenueError, asyncio.CancelledError):
            await self.stop()
            raise
        self._keeper = asyncio.create_task(self.time.keep())

    async def stop(self) -> None:
        """Close it. A call under way ends as one without an answer."""
        if self._exchange is not None:
            await self._exchange.close()
            self._exchange = None
        if self._client is not None:
            await self._client.close()
            self._client = None
        if self._keeper is not None:
            self._keeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeper
            self._keeper = None

    async def call(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any],
        *,
        order: bool = False,
        weight: int = 1,
        signed: bool = True,
    ) -> Any:
        """The JSON of an answer, a dict or a list. `order`: the call can execute something (orders, cancels, changes).

        Raises:
            VenueRefused: the venue said no.
            VenueUnreachable: it was not executed, or for a call that only reads: there was no answer.
            InDoubt (OutcomeUnknown): it may have been executed.
        """
        urgency = _urgency(order, is_cancel=method == "DELETE")

        async def attempt() -> Any:
            async with self.budget.room(weight, urgency, self.account) as room:
                sent = self._stamped(params, order) if signed else dict(params)
                return await self._send(method, path, sent, signed, Wire(room, once=order))

        return await self._settled(attempt, order=order, heals=signed)

    async def ask(
        self, line: Line | None, method: str, params: Mapping[str, Any], *, order: bool = False, weight: int = 1
    ) -> Any:
        """The `result` of a signed request of the WebSocket API, over `line`; otherwise as `call`."""
        urgency = _urgency(order, is_cancel=method.endswith((".cancel", ".cancelAll")))

        async def attempt() -> Any:
            async with self.budget.room(weight, urgency, self.account) as room:
                if line is None:
                    raise Lost("the connection is closed", sent=False)
                answer = await line.ask(method, self.key.signed(self._stamped(params, order)), self._timeout_s)
                room.counted(answer.get("rateLimits"))
                match answer:
                    case {"status": 200, "result": result}:
                        return result
                    case {"status": int(status), "error": dict()}:
                        said = Said(status, *parsed(answer))
                        if status in (418, 429):
                            room.turned_away(status, said.code, _left_s(said.data))
                        raise said
                raise Said(200)

        return await self._settled(attempt, order=order)

    async def connect(self, client: aiohttp.ClientSession, address: str, hear: Hear, silence_s: float) -> Line:
        """A WebSocket connection, charged to the budget.

        Raises:
            VenueUnreachable: there is none.
        """

        async def attempt() -> Line:
            async with self.budget.room(CONNECTION_WEIGHT, Urgency.READ) as room:
                try:
                    return await Line.open(client, address, hear, silence_s=silence_s, timeout_s=self._timeout_s)
                except Said as said:
                    if said.status in (418, 429):
                        room.turned_away(said.status, None, None)
                    raise

        return await self._settled(attempt, order=False)

    def _stamped(self, params: Mapping[str, Any], order: bool) -> dict[str, Any]:
        """The params with the venue's time and how long they stay good."""
        window = ORDER_WINDOW_MS if order else READ_WINDOW_MS
        return {**params, "recvWindow": window, "timestamp": self.time.now_ms()}

    async def _settled(self, attempt: Callable[[], Awaitable[T]], *, order: bool, heals: bool = True) -> T:
        """What `attempt` brings, or one of our errors for what it met (`Said`, `Lost`).

        A request that was turned away for its timestamp was not executed: the clock is measured again and the request
        made again, once. Not so one without a timestamp (`heals` False), by which the clock is measured; nor one that
        may execute something when the measuring took long: by then others may rely on its never having been sent.
        """
        loop = asyncio.get_running_loop()
        may_heal = heals
        while True:
            sent_at, began = self._clock.now(), loop.time()
            try:
                return await attempt()
            except (Said, Lost) as fault:
                if may_heal and isinstance(fault, Said) and fault.code == CLOCK_IS_OFF:
                    may_heal = False
                    if await self._set_clock(began) and (not order or loop.time() - began < HEALING_S):
                        continue
                raise verdict(fault, product=self.product, order=order, sent_at=sent_at) from None

    async def _set_clock(self, since: float) -> bool:
        try:
            await self.time.measure(since)
        except VenueError:
            return False
        return True

    async def _ask_time(self) -> int:
        answer = await self.call("GET", TIME_PATHS[self.product], {}, signed=False)
        match answer:
            case {"serverTime": int(told_ms)}:
                return told_ms
        raise verdict(Said(200), product=self.product, order=False, sent_at=self._clock.now())

    async def _send(self, method: str, path: str, params: dict[str, Any], signed: bool, wire: Wire) -> Any:
        """One request through ccxt.

        Raises:
            Said, Lost.
        """
        if self._exchange is None:
            raise Lost("the desk is not connected", sent=False)
        section = next(part for part in SECTIONS if path.startswith(part))
        endpoint = path.removeprefix(section)
        # A listen key is asked for with the API key alone.
        name = SECTIONS[section][signed or endpoint == "listenKey"]
        token = WIRE.set(wire)
        try:
            answer = await self._exchange.request(endpoint, [name], method, params)
        except (self._error, aiohttp.ClientError, OSError, *GARBLED) as why:
            raise Lost(how(why), sent=wire.has_connected) from None
        finally:
            WIRE.reset(token)
        if not isinstance(answer, dict | list):
            raise Said(200)
        if isinstance(answer, dict) and ((read := parsed(answer)).code or 0) < 0:
            raise Said(200, *read)
        return answer

    def _connected(self, ccxt: Any) -> Any:
        """ccxt's exchange, with our client, our addresses, and without opinions of its own."""
        config = {
            **self.key.credentials,
            "session": self._client,
            "timeout": int(self._timeout_s * 1000),
            "enableRateLimit": False,  # the budget does
            "number": str,
            "options": {"maxRetriesOnFailure": 0},
            "ssl_context": False,  # TLS is the client's
        }
        exchange = ccxt.binance(config)
        exchange.timeout_on_exit = 0
        for section, names in SECTIONS.items():
            for name in names:
                host = self.addresses.wallet if section == "/sapi/v1/" else self.addresses.rest
                exchange.urls["api"][name] = host + section.rstrip("/")
        exchange.on_rest_response = self._heard
        exchange.handle_errors = _no_opinion
        # At DEBUG it writes whole requests, with the key and the signature.
        exchange.logger = logging.Logger("ccxt", logging.WARNING)
        return exchange

    def _heard(
        self, status: int, reason: str, url: str, method: str, headers: Mapping[str, str], body: str, *sent: Any
    ) -> str:
        """ccxt's hook for an answer's text, before it reads it.

        Raises:
            Said: it is an error.
        """
        room = WIRE.get().room
        room.heard(headers)
        text = body.strip()
        if status < 400:
            return text
        answer = self._exchange.parse_json(text)
        said = Said(status, *parsed(answer)) if isinstance(answer, dict) else Said(status)
        if status in (418, 429):
            room.turned_away(status, said.code, _retry_after_s(headers))
        raise said


def _urgency(order: bool, is_cancel: bool) -> Urgency:
    if not order:
        return Urgency.READ
    return Urgency.CANCEL if is_cancel else Urgency.ORDER


def _no_opinion(*answer: Any) -> None:
    """In place of ccxt's reading of errors: it raises one class for things that differ, and none for some."""


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    told = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    return float(told) if told.isascii() and told.isdigit() else None


def _left_s(told: object) -> float | None:
    """The same of the WebSocket API, which tells moments of the venue's time in ms."""
    match told:
        case {"retryAfter": int(until_ms), "serverTime": int(now_ms)}:
            return (until_ms - now_ms) / 1000
    return None
