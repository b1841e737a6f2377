"""Signing in at the console: a one-time link, or a token typed into a form, becomes a session cookie."""

import re
from html import escape
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from bot.app import App
from bot.web.auth import COOKIE, SESSION, Gatekeeper, Refused, caller_of, same_origin
from bot.web.guard import by_https
from handlers.actor import Actor, Role

login = APIRouter(include_in_schema=False)
DIRECT = ("", "none", "same-origin")  # Sec-Fetch-Site of who comes from nowhere else
ROBOT = re.compile(r"TelegramBot|\+https?://")
"""In the User-Agent of what fetches an address that was said in a chat, to show a preview: robots name their page."""


@login.get("/login")
async def sign_in_by_link(request: Request, link: str = "") -> Response:
    """The form; or, with a link's code, in. Who only looks ahead does not use the code up."""
    app: App = request.app.state.tiller
    if not link or _only_looks(request):
        return _form("")
    whose = app.tokens.redeem(link)
    if whose is None:
        return _form("This link was used already or is too old. Ask for a new one.", 403)
    actor = await app.desk.holder(whose)
    if actor is None or actor.role < Role.VIEWER:
        return _form("Whoever asked for this link is not let in any more.", 403)
    return _signed_in(request, actor)


def _only_looks(request: Request) -> bool:
    """Whether nobody is there yet: a browser that fetches ahead, or a chat that wants to show a preview."""
    headers = request.headers
    ahead = "prefetch" in headers.get("sec-purpose", headers.get("purpose", ""))
    return ahead or ROBOT.search(headers.get("user-agent", "")) is not None


@login.post("/login")
async def sign_in_by_token(request: Request, token: Annotated[str, Form(max_length=200)] = "") -> Response:
    """In, with a token."""
    keeper: Gatekeeper = request.app.state.keeper
    app: App = request.app.state.tiller
    if not same_origin(request, app.settings.web.url):
        raise Refused(403, "FOREIGN_ORIGIN", "Another site sent this.", "Open /login itself.")
    try:
        actor = await keeper.bearer(token.strip(), caller_of(request))
    except Refused as why:
        return _form(why.text if why.status == 429 else "That is not a valid token.", why.status)
    if actor.role < Role.VIEWER:
        return _form("This token may not look at anything.", 403)
    return _signed_in(request, actor)


@login.get("/logout")
async def sign_out() -> Response:
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return answer


def _signed_in(request: Request, actor: Actor) -> Response:
    app: App = request.app.state.tiller
    keeper: Gatekeeper = request.app.state.keeper
    answer: Response = RedirectResponse("/", 303)
    if request.headers.get("sec-fetch-site", "") not in DIRECT:
        # A redirect would still count as coming from the other site, and a strict cookie would stay at home.
        answer = HTMLResponse("<!doctype html><meta http-equiv=refresh content='0;url=/'><a href=/>Tiller</a>")
    answer.set_cookie(
        COOKIE, keeper.session(app.desk.identity(actor.id)), max_age=int(SESSION.total_seconds()), path="/",
        httponly=True, samesite="strict", secure=by_https(request.scope, app.settings.web.url),
    )  # fmt: skip
    return answer


STYLE = """
:root { color-scheme: light dark; --line: light-dark(#dde2e8, #252d37); --muted: light-dark(#5d6875, #8d99a7); }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; font: 16px/1.5 system-ui, sans-serif;
  background: light-dark(#eef0f3, #0c0f13); color: light-dark(#18202a, #dbe1e8); }
main { width: min(22rem, calc(100vw - 4rem)); padding: 2rem; border: 1px solid var(--line); border-radius: 14px;
  background: light-dark(#fff, #14191f); }
h1 { margin: 0 0 .25rem; font-size: 1.4rem; } p { margin: 0 0 1.25rem; color: var(--muted); }
[role=alert] { padding: .5rem .75rem; border-radius: 8px; background: #c62134; color: #fff; }
code { font-family: ui-monospace, Menlo, Consolas, monospace; }
label { display: block; font-size: .85rem; color: var(--muted); }
input, button { font: inherit; width: 100%; box-sizing: border-box; height: 2.9rem; border-radius: 8px; }
input { margin: .25rem 0 .9rem; padding: 0 .8rem; border: 1px solid var(--line); background: none; color: inherit; }
button { border: 0; background: light-dark(#1664d9, #5fa8ff); color: light-dark(#fff, #08111d); font-weight: 600;
  cursor: pointer; }
"""


def _form(problem: str, status: int = 200) -> HTMLResponse:
    shown = f"<p role=alert>{escape(problem)}</p>" if problem else ""
    return HTMLResponse(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>Tiller: sign in</title><link rel=icon href='data:,'><style>{STYLE}</style><main><h1>Tiller</h1>{shown}"
        "<p>Ask for a link that works once: <code>/link</code> in chat, <code>tiller link</code> in a shell. Or paste "
        "a token.</p>"
        "<form method=post action=/login><label for=token>Token</label><input id=token name=token type=password "
        "placeholder=tlr_… autocomplete=current-password autofocus required><button>Sign in</button></form></main>"
        "</html>",
        status,
    )
