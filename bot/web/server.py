"""One FastAPI application on one port, served inside the process's own loop."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from html import escape
from typing import Annotated

import uvicorn
from fastapi import FastAPI, Form, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.app import VERSION, App
from bot.desk import LOCAL_ADMIN
from bot.web.api import api, open_routes
from bot.web.auth import COOKIE, SESSION_S, Gatekeeper, Refused
from bot.web.stream import stream
from handlers.context import Actor
from trading.errors import ConfigError, TradingError

LARGEST_BODY = 64 * 1024
STOP_S = 3
LOOPBACK = ("127.0.0.1", "localhost", "::1", "[::1]")
HEADERS = {
    b"x-frame-options": b"DENY",
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-opener-policy": b"same-origin",
    b"content-security-policy": (
        b"default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        b"img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' ws: wss:; object-src 'none'; "
        b"base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    ),
}


def build_server(app: App) -> FastAPI:
    """The application with its routes; the console is added by `bot.web.console`."""
    server = FastAPI(title="Tiller", version=VERSION, openapi_url="/api/v1/openapi.json", docs_url=None, redoc_url=None)
    server.state.tiller = app
    server.state.keeper = Gatekeeper(app.tokens, app.settings.data_dir, asyncio.get_running_loop().time)
    server.include_router(api)
    server.include_router(stream)
    server.include_router(open_routes)
    _add_errors(server)
    _add_sign_in(server)
    server.add_middleware(Guard, host=app.settings.web.host)
    return server


class Guard:
    """Strict headers on every answer, no foreign Host on a loopback server, no body over 64 KiB."""

    def __init__(self, app: ASGIApp, host: str) -> None:
        self.app = app
        self.local = host in LOOPBACK

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1").rsplit(":", 1)[0]
        if self.local and host not in LOOPBACK:  # another site's name that was pointed at this machine
            await JSONResponse(_error("BAD_HOST", "This desk answers to its own address only."), 421)(
                scope, receive, send
            )
            return
        size = headers.get(b"content-length", b"0")
        if (
            scope["type"] == "http"
            and scope["path"].startswith("/api/")
            and size.isdigit()
            and int(size) > LARGEST_BODY
        ):
            await JSONResponse(_error("TOO_LARGE", "The body is over 64 KiB."), 413)(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *HEADERS.items()]
            await send(message)

        await self.app(scope, receive, guarded)


def _error(code: str, text: str, remedy: str = "") -> dict[str, str]:
    return {"error": code, "text": text, "remedy": remedy}


def _add_errors(server: FastAPI) -> None:
    @server.exception_handler(Refused)
    async def refused(request: Request, why: Refused) -> JSONResponse:
        return JSONResponse(_error(why.error, why.text, why.remedy), why.status)

    @server.exception_handler(TradingError)
    async def trading(request: Request, why: TradingError) -> JSONResponse:
        return JSONResponse(_error(why.code, why.text, why.remedy), 409)

    @server.exception_handler(RequestValidationError)
    async def invalid(request: Request, why: RequestValidationError) -> JSONResponse:
        first = why.errors()[0]
        where = ".".join(str(part) for part in first["loc"] if part != "body") or "body"
        return JSONResponse(_error("INVALID", f"{where}: {first['msg']}.", "See /api/v1/openapi.json."), 422)

    @server.exception_handler(HTTPException)
    async def missing(request: Request, why: HTTPException) -> Response:
        return JSONResponse(_error(f"HTTP_{why.status_code}", f"{why.detail}."), why.status_code)


def _add_sign_in(server: FastAPI) -> None:
    """A one-time link, or a token typed into a form, becomes a session cookie."""

    @server.get("/login", include_in_schema=False)
    async def login(request: Request, link: str = "") -> Response:
        app: App = request.app.state.tiller
        if not link:
            return _form("")
        if not app.tokens.redeem(link):
            return _form("This link was used already or is too old. Print a new one with: tiller link", 403)
        return _signed_in(request, LOCAL_ADMIN)

    @server.post("/login", include_in_schema=False)
    async def login_with_token(request: Request, token: Annotated[str, Form(max_length=200)]) -> Response:
        keeper: Gatekeeper = request.app.state.keeper
        try:
            actor = await keeper.bearer(token.strip(), request.client.host if request.client else "?")
        except Refused as why:
            return _form(why.text, why.status)
        return _signed_in(request, actor)

    @server.get("/logout", include_in_schema=False)
    async def logout() -> Response:
        answer = RedirectResponse("/login", 303)
        answer.delete_cookie(COOKIE, path="/")
        return answer


def _signed_in(request: Request, actor: Actor) -> Response:
    keeper: Gatekeeper = request.app.state.keeper
    answer = RedirectResponse("/", 303)
    secure = request.url.scheme == "https"
    answer.set_cookie(
        COOKIE, keeper.session(actor), max_age=SESSION_S, httponly=True, samesite="strict", secure=secure, path="/"
    )
    return answer


def _form(problem: str, status: int = 200) -> HTMLResponse:
    shown = f"<p role=alert>{escape(problem)}</p>" if problem else ""
    return HTMLResponse(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        "<title>Tiller</title><style>body{font:16px system-ui;max-width:24rem;margin:15vh auto;padding:0 1rem;"
        "color-scheme:light dark}input,button{font:inherit;width:100%;padding:.6rem;margin:.3rem 0;"
        "box-sizing:border-box}</style><h1>Tiller</h1>" + shown + "<p>Open the link that <code>tiller run</code> "
        "printed, or paste a token.</p><form method=post action=/login><input name=token type=password "
        "placeholder=tlr_... autofocus required><button>Sign in</button></form></html>",
        status,
    )


class WebServer:
    """Uvicorn inside our loop: it leaves signals to us and stops within a bound."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = _bind(host, port)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://{host if host not in ('0.0.0.0', '::') else '127.0.0.1'}:{self.port}"
        self._server: uvicorn.Server | None = None
        self._serving: asyncio.Task[None] | None = None

    async def start(self, server: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        """Answer requests."""
        config = uvicorn.Config(
            server, log_config=None, access_log=False, lifespan="on", server_header=False,
            timeout_graceful_shutdown=STOP_S, ws_max_size=LARGEST_BODY * 16,
        )  # fmt: skip
        self._server = _Quiet(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[self._socket]), name="web")

    async def stop(self) -> None:
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await self._serving
        self._socket.close()


class _Quiet(uvicorn.Server):
    """Signals are the process's own."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def _bind(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        ConfigError: the port is taken or the address is not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as why:
        listening.close()
        remedy = "Choose another with --port, or stop what uses it."
        raise ConfigError(f"Port {port} on {host} cannot be used: {why.strerror}.", remedy, code="PORT") from None
    listening.listen(256)
    return listening
