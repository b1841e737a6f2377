"""Every failure of the server as the public error shape, with the status that says whose turn it is."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match, Mount
from starlette.types import Scope

from bot.web.auth import Refused
from trading.errors import ConfigError, IntentError, JournalError, TradingError, VenueError

Shape = dict[str, Any]
STATUS = {
    400: ("BAD_REQUEST", "The request cannot be read.", "See /api/v1/openapi.json."),
    404: ("NOT_FOUND", "There is nothing at this address.", "The API is under /api/v1: see /api/v1/openapi.json."),
    405: ("METHOD_NOT_ALLOWED", "This address does not take this method.", "See /api/v1/openapi.json."),
}
KINDS: Sequence[tuple[type[TradingError], int]] = (
    (IntentError, 422), (ConfigError, 409), (VenueError, 502), (JournalError, 503),
)  # fmt: skip
"""What a failure below means here; the first that fits counts."""

METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
NAMED = 3  # problems of a request that are named


def body(code: str, text: str, remedy: str = "") -> Shape:
    """The public shape of an error."""
    return {"error": code, "text": text, "remedy": remedy}


def answer(status: int, code: str, text: str, remedy: str = "") -> JSONResponse:
    """An error as a response."""
    headers = {401: {"WWW-Authenticate": "Bearer"}, 429: {"Retry-After": "1"}, 503: {"Retry-After": "2"}}.get(status)
    return JSONResponse(body(code, text, remedy), status, headers)


def methods(routes: Sequence[BaseRoute], scope: Scope) -> list[str]:
    """The methods that an address takes, by all the routes it has: what `Allow` says (RFC 9110, 15.5.6)."""
    own = [each for each in routes if not isinstance(each, Mount)]
    return [each for each in METHODS if any(r.matches({**scope, "method": each})[0] is Match.FULL for r in own)]


def not_allowed(allowed: Sequence[str]) -> JSONResponse:
    """The address is there, and takes only these methods."""
    found = answer(405, *STATUS[405])
    found.headers["Allow"] = ", ".join(allowed)
    return found


def add_errors(server: FastAPI) -> None:
    """Answer every exception of a route in the public shape."""

    @server.exception_handler(Refused)
    async def refused(request: Request, why: Refused) -> JSONResponse:
        return answer(why.status, why.error, why.text, why.remedy)

    @server.exception_handler(TradingError)
    async def trading(request: Request, why: TradingError) -> JSONResponse:
        status = next((status for kind, status in KINDS if isinstance(why, kind)), 409)
        return answer(status, why.code, why.text, why.remedy)

    @server.exception_handler(RequestValidationError)
    async def invalid(request: Request, why: RequestValidationError) -> JSONResponse:
        told = dict.fromkeys(_problem(found) for found in why.errors()[:NAMED])
        return answer(422, "INVALID", " ".join(told), "See /api/v1/openapi.json.")

    @server.exception_handler(HTTPException)
    async def http(request: Request, why: HTTPException) -> JSONResponse:
        if why.status_code == 405:
            return not_allowed(methods(server.routes, request.scope))
        code, text, remedy = STATUS.get(why.status_code, (f"HTTP_{why.status_code}", f"{why.detail}.", ""))
        found = answer(why.status_code, code, text, remedy)
        found.headers.update(why.headers or {})
        return found


def _problem(found: Shape) -> str:
    """One problem of a request in a line: which field, and what is wrong with it. Never what was sent."""
    where = ".".join(str(part) for part in found["loc"][1:])[:60] or "The body"
    shown = "".join(c if c.isprintable() else "?" for c in where)
    match found["type"]:
        case "extra_forbidden":
            return f"{shown} is not a field."
        case "missing":
            return f"{shown} is missing."
        case "json_invalid":
            return "The body is not JSON."
        case "model_attributes_type":
            return "The body is not a JSON object; send it with Content-Type: application/json."
        case _:
            message = found["msg"].removeprefix("Value error, ")
            return f"{shown}: {message}."
