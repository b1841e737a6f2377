"""NiceGUI on our server, behind the session: nothing of it is served to anybody who has not signed in."""

from collections.abc import Sequence

from fastapi import FastAPI
from nicegui import app as nicegui
from nicegui import ui
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from bot.app import App
from bot.web import errors
from bot.web.auth import COOKIE, Gatekeeper, same_origin
from bot.web.dashboard.page import ICON
from bot.web.dashboard.visitor import Visitor, recognised
from bot.web.guard import CONSOLE

RECONNECT_S = 8.0  # how long a page that lost its connection finds its state again; a silent loss shows as soon


def add_dashboard(server: FastAPI, app: App) -> None:
    """Put the dashboard at `/` of a server made by `build_server`; its other routes keep precedence. Once a process."""
    ui.run_with(
        server,
        title="Tiller",
        favicon=ICON,
        dark=None,
        viewport="width=device-width, initial-scale=1, viewport-fit=cover",
        binding_refresh_interval=None,
        reconnect_timeout=RECONNECT_S,
        tailwind=False,
        show_welcome_message=False,
    )
    server.router.routes.pop()  # what run_with has just mounted; it goes behind the gate
    server.mount("/", Gate(nicegui, app, server.state.keeper, [*server.router.routes]))

    async def failed(why: Exception) -> None:
        await app.mishap("dashboard", why)

    nicegui.on_exception(failed)


class Gate:
    """Lets signed-in visitors through; the page finds its `Visitor` in the request's state."""

    def __init__(self, dashboard: ASGIApp, app: App, keeper: Gatekeeper, others: Sequence[BaseRoute]) -> None:
        self.dashboard = dashboard
        self.app = app
        self.keeper = keeper
        self.others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if path != "/" and not path.startswith(CONSOLE):
            # Another route has this address, and does not take the method: being at `/`, we hear of it first.
            known = errors.methods(self.others, scope)
            refused = errors.not_allowed(known) if known else errors.answer(404, *errors.STATUS[404])
            await _refuse(scope, receive, send, refused)
            return
        asked = HTTPConnection(scope)
        if not same_origin(asked, self.app.settings.web.url):
            foreign = errors.answer(403, "FOREIGN_ORIGIN", "Another site asked for this.", "Open the dashboard itself.")
            await _refuse(scope, receive, send, foreign)
            return
        cookie = asked.cookies.get(COOKIE, "")
        actor = await recognised(self.app, self.keeper, cookie)
        if actor is None and self.app.not_accepting and self.keeper.visitor(cookie) is not None:
            # Who was let in is in the journal, which may not be read yet.
            waits = errors.answer(503, "NOT_READY", f"The desk is {self.app.not_accepting}.", "Wait a moment.")
            waits.headers["refresh"] = "2"
            await _refuse(scope, receive, send, waits)
            return
        if actor is None:
            unknown = errors.answer(401, "UNAUTHORIZED", "Nobody is signed in.", "Sign in at /login.")
            await _refuse(scope, receive, send, RedirectResponse("/login", 303) if path == "/" else unknown)
            return
        scope.setdefault("state", {})["visitor"] = Visitor(self.app, self.keeper, cookie, actor)
        await self.dashboard(scope, receive, send)


async def _refuse(scope: Scope, receive: Receive, send: Send, answer: Response) -> None:
    if scope["type"] == "websocket":
        await WebSocketClose(4401, "sign in first")(scope, receive, send)
    else:
        await answer(scope, receive, send)
