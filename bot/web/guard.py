"""What holds for every answer: strict headers, our own address, small bodies, bounded patience, no raw failures."""

import asyncio
import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from bot.app import App
from bot.web import errors

LARGEST_BODY = 64 * 1024
HEARD_OUT = 2 * LARGEST_BODY
"""A larger body than this is not heard to its end, and then nor is anything else on its connection."""

CONSOLE = ("/_nicegui/", "/_nicegui_ws/")
WEBHOOKS = "/webhooks/"
BROUGHT = (WEBHOOKS, "/telegram")
"""Where others bring us something, perhaps through a proxy on this machine; each shows a secret of its own."""

STRICT = "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
LOGIN = f"{STRICT}; style-src 'unsafe-inline'; img-src data:"
PAGE = (  # Vue compiles templates and NiceGUI runs what the server sends in the page: they need inline and eval
    "default-src 'none'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'"
)
HEADERS = (
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)


class Guard:
    """The outermost middleware. `host` is what the server listens on.

    `patience_s` is for a body to arrive, and for a reader to take a part of the answer.
    """

    def __init__(self, app: ASGIApp, desk: App, host: str, patience_s: float) -> None:
        self.app = app
        self.desk = desk
        self.patience_s = patience_s
        self.local = is_loopback(host)
        self.public = urlsplit(desk.settings.web.url).hostname

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if not self._answers_to(host_of(scope)) and not scope["path"].startswith(BROUGHT):
            await _turn_away(scope, receive, _Answer(scope, send, self.patience_s))
            return
        if scope["type"] == "websocket":
            await self.app(scope, receive, send)
            return
        await self._http(scope, receive, _Answer(scope, send, self.patience_s))

    def _answers_to(self, host: str) -> bool:
        """Whether it is a name of ours: another site's may have been pointed at this machine."""
        return not self.local or is_loopback(host) or host == self.public

    async def _http(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        try:
            if b"%00" in scope.get("raw_path", b"") or b"%00" in scope.get("query_string", b""):
                refusal = errors.answer(400, *errors.STATUS[400])
                await refusal(scope, receive, answer)
                return
            # The console's own channel reads its messages itself and has its own limit.
            heard = receive if scope["path"].startswith(CONSOLE) else await _whole(scope, receive, self.patience_s)
            await self.app(scope, heard, answer)
        except _TooMuch as why:
            refusal = errors.answer(why.status, why.code, why.text, "Send less.")
            if why.unheard:
                refusal.headers["connection"] = "close"  # what is left would be taken for the next request
            await refusal(scope, receive, answer)
        except _Gone:
            return  # nobody listens any more
        except Exception as why:  # noqa: BLE001 - the border of the server: a mistake of ours becomes an answer
            await self.desk.mishap(f"{scope['method']} {_shown(scope['path'])}", why)
            if not answer.begun:
                text = "Something went wrong; the log has the details."
                await errors.answer(500, "INTERNAL", text, "Tell whoever runs this desk.")(scope, receive, answer)


def _shown(path: str) -> str:
    """A path as it may be written down; that of an alert holds its source's secret."""
    return f"{WEBHOOKS}..." if path.startswith(WEBHOOKS) else path[:80]


class _TooMuch(Exception):
    """`unheard`: some of the body may be on its way still."""

    def __init__(self, status: int, code: str, text: str, unheard: bool) -> None:
        super().__init__(text)
        self.status, self.code, self.text, self.unheard = status, code, text, unheard


class _Gone(Exception):
    """The client went away, or takes nothing."""


class _Answer:
    """Sends, with the headers of every answer; a reader who takes nothing for too long is given up."""

    def __init__(self, scope: Scope, send: Send, patience_s: float) -> None:
        self.scope = scope
        self.send = send
        self.patience_s = patience_s
        self.begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            message["headers"] = [*message.get("headers", []), *self._headers(message)]
        try:
            async with asyncio.timeout(self.patience_s):
                await self.send(message)
        except TimeoutError:
            raise _Gone from None

    def _headers(self, message: Message) -> Iterable[tuple[bytes, bytes]]:
        path = self.scope["path"]
        policy = PAGE if path == "/" or path.startswith(CONSOLE) else LOGIN if path == "/login" else STRICT
        yield b"content-security-policy", policy.encode()
        yield from HEADERS
        if not any(name.lower() == b"cache-control" for name, _ in message.get("headers", [])):
            yield b"cache-control", b"no-store"


async def _whole(scope: Scope, receive: Receive, patience_s: float) -> Receive:
    """The body read to its end, and a `receive` that gives it again.

    Raises:
        _TooMuch: it is larger than allowed, or does not arrive.
    """
    size = dict(scope["headers"]).get(b"content-length", b"")
    came = int(size[:12]) if size.isdigit() and int(size[:12]) > HEARD_OUT else 0
    parts = bytearray()
    more = came == 0
    try:
        async with asyncio.timeout(patience_s):
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise _Gone
                part = message.get("body", b"")
                came += len(part)
                parts += part if came <= LARGEST_BODY else b""
                more = message.get("more_body", False) and came <= HEARD_OUT
    except TimeoutError:
        raise _TooMuch(408, "TOO_SLOW", "The body did not arrive in time.", unheard=True) from None
    if came > LARGEST_BODY:
        raise _TooMuch(413, "TOO_LARGE", "The body is over 64 KiB.", unheard=came > HEARD_OUT)
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": bytes(parts), "more_body": False}

    return again


async def _turn_away(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await WebSocketClose(1008, "not this desk's address")(scope, receive, send)
        return
    text, remedy = "This desk answers to its own addresses only.", "Use one that tiller run printed, or set [web] url."
    await errors.answer(421, "BAD_HOST", text, remedy)(scope, receive, send)


def host_of(scope: Scope) -> str:
    """The host a request is for, without its port."""
    sent: bytes = dict(scope["headers"]).get(b"host", b"")
    host = sent.decode("latin-1").lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def by_https(scope: Scope, url: str) -> bool:
    """Whether the browser speaks TLS: a trusted proxy says so, or what it asks for is `url`, our address outside."""
    public = urlsplit(url)
    return scope["scheme"] in ("https", "wss") or (public.scheme == "https" and host_of(scope) == public.hostname)


def is_loopback(host: str) -> bool:
    """Whether a name or an address is this machine's own and nobody else's."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
