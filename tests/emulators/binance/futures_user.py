"""User data streams of USDT-M futures: listen keys, and the connections that hear an account's events.

Source: developers.binance.com, derivatives / usds-margined-futures, "User Data Streams" and "Important WebSocket Change
Notice". A listen key lives 60 minutes from its last POST or PUT. Its events are served below `/private` only
(`/private/ws/<listenKey>`, `/private/ws?listenKey=...&events=A/B`, `/private/stream?listenKey=...`); a connection that
names it on the old root stays open and hears nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from aiohttp import web

from tests.emulators.binance import futures_codes as refusals
from tests.emulators.binance.calls import Call, Route
from tests.emulators.binance.connections import Connection, Subscription
from tests.emulators.binance.faults import Faults
from tests.emulators.binance.futures_clearing import PRODUCT

LIFE_MS = 3_600_000


class Server(Protocol):
    """What this needs of the server."""

    faults: Faults
    connections: set[Connection]

    @property
    def now_ms(self) -> int:
        """The exchange's time."""

    def subscribe(self, subscription: Subscription) -> None:
        """From now on tell it."""

    def unsubscribe(self, subscription: Subscription) -> None:
        """No longer tell it."""


@dataclass
class _Private(Subscription):
    """A connection on one listen key; `events` empty: all."""

    listen_key: str = ""
    events: frozenset[str] = field(default=frozenset())

    def send(self, event: dict[str, Any]) -> None:
        if not self.events or event["e"] in self.events:
            super().send(event)


@dataclass
class _Key:
    text: str
    until_ms: int
    listeners: list[_Private] = field(default_factory=list)


class UserStreams:
    """The listen keys of all accounts, and who listens with them."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._keys: dict[str, _Key] = {}  # by account
        self._made = 0

    def routes(self) -> dict[str, Route]:
        """The REST operations; they need the API key only, no signature."""
        return {
            "POST /fapi/v1/listenKey": self._keyed(self.start),
            "PUT /fapi/v1/listenKey": self._keyed(self.keep),
            "DELETE /fapi/v1/listenKey": self._keyed(self.close),
        }

    def methods(self, account_of: Callable[[Call], str]) -> dict[str, Route]:
        """The WebSocket API's methods; `account_of` finds the account of the API key that they name."""

        def by_key(answer: Callable[[str], dict[str, Any]]) -> Route:
            return Route(PRODUCT, lambda call: answer(account_of(call)), "NONE", 1)

        return {
            "userDataStream.start": by_key(self._start),
            "userDataStream.ping": by_key(self._keep),
            "userDataStream.stop": by_key(self._close),
        }

    def start(self, call: Call) -> dict[str, Any]:
        return self._start(call.account)

    def keep(self, call: Call) -> dict[str, Any]:
        return self._keep(call.account)

    def close(self, call: Call) -> dict[str, Any]:
        return self._close(call.account)

    def expire(self) -> None:
        """End the keys that were not kept alive: their listeners are told, then hear nothing more."""
        for account, key in list(self._keys.items()):
            if key.until_ms <= self._server.now_ms:
                self.end(account)

    def end(self, account: str) -> None:
        """Let an account's key expire now."""
        key = self._keys.pop(account)
        for listener in list(key.listeners):
            told = {"e": "listenKeyExpired", "E": self._server.now_ms, "listenKey": key.text}
            listener.send(told)
            self._server.unsubscribe(listener)

    def listening(self, account: str) -> int:
        """How many connections listen with an account's key."""
        return len(self._keys[account].listeners) if account in self._keys else 0

    async def serve(self, request: web.BaseRequest, rest: str, *, combined: bool) -> web.StreamResponse:
        """Serve one connection below `/private`."""
        self.expire()
        connection = Connection(request, PRODUCT, lambda: self._server.now_ms)
        text = rest.strip("/") or request.query.get("listenKey", "") or request.query.get("streams", "")
        events = frozenset(name for name in request.query.get("events", "").split("/") if name)
        found = next(((name, key) for name, key in self._keys.items() if key.text == text), None)
        self._server.connections.add(connection)
        listener: _Private | None = None
        if found is not None:
            account, key = found
            listener = _Private(connection, PRODUCT, account, self._server.faults, listen_key=text, events=events)
            if combined:
                listener.wrap = lambda event: {"stream": text, "data": event}
            key.listeners.append(listener)
            self._server.subscribe(listener)
        try:
            return await connection.serve(_ignore)
        finally:
            self._server.connections.discard(connection)
            if listener is not None and found is not None:
                found[1].listeners.remove(listener)
                self._server.unsubscribe(listener)

    def _start(self, account: str) -> dict[str, Any]:
        """A new key, or the one there is with its life begun anew."""
        self.expire()
        if account not in self._keys:
            self._made += 1
            self._keys[account] = _Key(
                f"pqia91ma19a5s61cv6a81va65sdf19v8a65a1a5s61cv6a81va65sdf19v8a{self._made:04d}", 0
            )
        self._keys[account].until_ms = self._server.now_ms + LIFE_MS
        return {"listenKey": self._keys[account].text}

    def _keep(self, account: str) -> dict[str, Any]:
        self.expire()
        if account not in self._keys:
            raise refusals.INVALID_LISTEN_KEY.refusal()
        return self._start(account)

    def _close(self, account: str) -> dict[str, Any]:
        self.expire()
        if account not in self._keys:
            raise refusals.INVALID_LISTEN_KEY.refusal()
        for listener in self._keys.pop(account).listeners:
            self._server.unsubscribe(listener)
        return {}

    def _keyed(self, answer: Callable[[Call], dict[str, Any]]) -> Route:
        return Route(PRODUCT, answer, "KEY", 1)


async def _ignore(text: str) -> None:
    """What a client says on a private connection changes nothing."""
