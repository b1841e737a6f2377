"""One FastAPI application on one port, served inside the process's own loop."""

import asyncio
import socket
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress

import uvicorn
from fastapi import FastAPI

from bot.app import VERSION, App
from bot.web import examples
from bot.web.alerts import alerts
from bot.web.api import api
from bot.web.arrival import Arrival
from bot.web.auth import Gatekeeper
from bot.web.errors import add_errors
from bot.web.gallery import Gallery, gallery
from bot.web.guard import Guard
from bot.web.login import login
from bot.web.patience import Patient
from bot.web.reading import health, reading
from bot.web.stream import stream
from bot.web.webhooks import AlertRates, webhooks
from trading.errors import ConfigError

PATIENCE_S = 10.0  # for a request to arrive, and for a reader to take what is sent
STOP_S = 3  # for open connections to end
LARGEST_MESSAGE = 1024 * 1024  # of a WebSocket, sent to us; NiceGUI's own limit
POLL_S = 0.01
ABOUT = """Commands through the one door, and the books as JSON.

Send `Authorization: Bearer TOKEN` (see `tiller token`). Numbers are plain decimal text, times ISO 8601 in UTC, ids
text. An error is its HTTP status and `{"error": code, "text", "remedy"}`; a command that is refused answers 200 with
`"ok": false`. The journal as it grows: WebSocket `/api/v1/stream?after=SEQ`, with the token in the header or as the
first message, `{"token": "..."}`."""


def build_server(app: App, patience_s: float = PATIENCE_S) -> FastAPI:
    """The application with its routes; `bot.web.dashboard` adds the pages. `patience_s`: with slow clients."""
    server = FastAPI(
        title="Tiller",
        version=VERSION,
        description=ABOUT,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    described = server.openapi
    server.openapi = lambda: examples.restored(described())  # type: ignore[method-assign]
    server.state.tiller = app
    server.state.patience_s = patience_s
    time = asyncio.get_running_loop().time
    server.state.keeper = Gatekeeper(app.tokens, app.settings.data_dir, app.clock, time)
    server.state.gallery = Gallery(time)
    server.state.alert_rates = AlertRates(time)
    for routes in (webhooks, api, reading, gallery, stream, alerts, health, login):  # routes are tried in this order
        server.include_router(routes)
    add_errors(server)
    server.add_middleware(Guard, desk=app, host=app.settings.web.host, patience_s=patience_s)
    server.add_middleware(Arrival, proxies=app.settings.web.trusted_proxies, metrics=app.metrics)
    return server


class WebServer:
    """Uvicorn inside our loop: it leaves signals to us and stops within a bound."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = _bind(host, port)
        self.port: int = self._socket.getsockname()[1]
        shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
        self.url = f"http://[{shown}]:{self.port}" if ":" in shown else f"http://{shown}:{self.port}"
        self._server: uvicorn.Server | None = None
        self._serving: asyncio.Task[None] | None = None

    async def start(self, server: FastAPI) -> None:
        """Answer requests.

        Raises:
            ConfigError: the server did not start.
        """
        config = uvicorn.Config(
            server, http=Patient, log_config=None, access_log=False, lifespan="on", server_header=False,
            timeout_graceful_shutdown=STOP_S, ws_max_size=LARGEST_MESSAGE, proxy_headers=False,
        )  # fmt: skip
        self._server = _Quiet(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[self._socket]), name="web")
        while not self._server.started:
            if self._serving.done():
                raise ConfigError("The web server did not start.", "The log has the details.", code="WEB")
            await asyncio.sleep(POLL_S)

    async def stop(self) -> None:
        """End every connection, within a bound. Safe to repeat."""
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await self._serving
        self._socket.close()


class _Quiet(uvicorn.Server):
    """Signals are the process's own, and so is its end."""

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        with suppress(SystemExit):  # how uvicorn says that it could not start, past all that has to be closed
            await super().serve(sockets)

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def _bind(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        ConfigError: the port is taken or the address is not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With its protocol named, asyncio turns Nagle's delay off: without, each answer takes 40 ms.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if sys.platform != "win32":  # there it would let another process listen, too
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as why:
        listening.close()
        remedy = "Choose another with --port, or stop what uses it."
        raise ConfigError(f"Port {port} on {host} cannot be used: {why.strerror}.", remedy, code="PORT") from None
    listening.listen(256)
    return listening
