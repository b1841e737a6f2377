"""A bare signed client: what the documentation says a request looks like, and nothing more.

For the emulator's own tests, and as the floor that other clients are measured against.
"""

import hashlib
import hmac
import json
from types import TracebackType
from typing import Any
from urllib.parse import urlencode

import aiohttp

from tests.emulators.binance.signing import ApiKey
from tests.emulators.binance.venue import Binance


def sign(secret: str, payload: str) -> str:
    """HMAC-SHA256 in hex."""
    return hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()


class Caller:
    """`async with Caller(venue, key) as caller: status, body = await caller("POST /api/v3/order", symbol=...)`."""

    def __init__(self, venue: Binance, key: ApiKey) -> None:
        self._venue, self._key = venue, key
        self._session: aiohttp.ClientSession | None = None
        self.headers: dict[str, str] = {}  # of the last answer

    async def __aenter__(self) -> "Caller":
        self._session = aiohttp.ClientSession()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    @property
    def session(self) -> aiohttp.ClientSession:
        assert self._session is not None, "use it as a context"
        return self._session

    async def __call__(self, operation: str, **params: object) -> tuple[int, Any]:
        """Send a signed request with a form body (GET: a query); status and parsed JSON."""
        method, path = operation.split(" ")
        payload = urlencode({**params, "timestamp": params.get("timestamp", self._venue.now_ms)})
        payload += "&signature=" + sign(self._key.secret, payload)
        headers = {"X-MBX-APIKEY": self._key.key}
        if method == "GET":
            sent = self.session.request(method, f"{self._venue.rest_url}{path}?{payload}", headers=headers)
        else:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            sent = self.session.request(method, f"{self._venue.rest_url}{path}", data=payload, headers=headers)
        async with sent as answer:
            self.headers = {name.lower(): value for name, value in answer.headers.items()}
            return answer.status, json.loads(await answer.read())

    async def public(self, path: str, **params: object) -> tuple[int, Any]:
        """Send an unsigned GET."""
        url = f"{self._venue.rest_url}{path}" + (f"?{urlencode(params)}" if params else "")
        async with self.session.get(url) as answer:
            return answer.status, json.loads(await answer.read())

    async def connect(self, path: str = "/ws-api/v3") -> "Socket":
        """Open a WebSocket."""
        url = self._venue.url.replace("http", "ws", 1) + path
        return Socket(await self.session.ws_connect(url, autoping=True), self._venue, self._key)


class Socket:
    """One WebSocket: requests of the WebSocket API, and whatever comes in."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse, venue: Binance, key: ApiKey) -> None:
        self.ws, self._venue, self._key = ws, venue, key
        self._number = 0
        self.events: list[Any] = []  # what came while an answer was waited for

    async def request(self, method: str, signed: bool = True, **params: Any) -> dict[str, Any]:
        """Send a request and wait for its answer; events that come first are kept in `events`."""
        self._number += 1
        number = self._number
        if signed:
            params = {"apiKey": self._key.key, "timestamp": self._venue.now_ms, **params}
            payload = "&".join(f"{name}={params[name]}" for name in sorted(params))
            params["signature"] = sign(self._key.secret, payload)
        await self.ws.send_json({"id": number, "method": method, "params": params})
        while True:
            message = await self.next()
            if message.get("id") == number:
                return dict(message)
            self.events.append(message)

    async def next(self, seconds: float = 2.0) -> Any:
        """The next message, parsed; ConnectionResetError when the connection has ended."""
        message = await self.ws.receive(seconds)
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise ConnectionResetError(str(message.type))
        return json.loads(message.data)

    async def subscribe(self) -> None:
        """Subscribe to the account's user data."""
        answer = await self.request("userDataStream.subscribe.signature")
        assert answer["status"] == 200, answer

    async def event(self, kind: str = "") -> dict[str, Any]:
        """The next user data event (of this kind), without its envelope."""
        while True:
            message = self.events.pop(0) if self.events else await self.next()
            event = message.get("event")
            if isinstance(event, dict) and kind in ("", event["e"]):
                return event

    async def close(self) -> None:
        """Close it."""
        await self.ws.close()
