"""One REST request, taken apart: its route, its path's values, its body, its files."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web

from tests.emulators.discord.bodies import REQUEST_BYTES, Upload
from tests.emulators.discord.codes import Json, Refusal, refusal
from tests.emulators.discord.limits import VIA

JSON_TYPE = "application/json"  # exactly this: discord.py compares it


@dataclass(frozen=True)
class Answer:
    """What goes out."""

    status: int
    text: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Call:
    """A request. `path` are the values of the route's places: numbers, but for tokens and `@original`."""

    route: str
    path: dict[str, Any]
    query: dict[str, str]
    body: Any = None
    uploads: list[Upload] = field(default_factory=list)
    authorization: str = ""

    @property
    def form(self) -> Json:
        """The body as an object; refuses anything else."""
        if self.body is None:
            return {}
        if not isinstance(self.body, dict):
            raise refusal(50035)
        return self.body


Handler = Callable[[Call], tuple[int, Any]]


@dataclass(frozen=True)
class Request:
    """A request as it came and what was answered, for tests to look at."""

    route: str
    path: str
    body: Any
    status: int
    at_ms: int


class Router:
    """Routes such as `POST /channels/{channel}/messages`; `open_` ones need no bot token."""

    def __init__(self) -> None:
        self._routes: list[tuple[str, re.Pattern[str], str, Handler, bool]] = []

    def add(self, route: str, handler: Handler, *, open_: bool = False) -> None:
        """Register a route."""
        method, template = route.split(" ")
        pattern = re.sub(r"{(token|which)}", r"(?P<\1>[^/]+)", template)
        pattern = re.sub(r"{(\w+)}", r"(?P<\1>\\d+)", pattern)
        self._routes.append((method, re.compile(pattern), route, handler, open_))

    def find(self, method: str, path: str) -> tuple[str, dict[str, Any], Handler, bool] | int:
        """The route of a path and its values; 404 or 405 if there is none."""
        status = 404
        for known, pattern, route, handler, open_ in self._routes:
            found = pattern.fullmatch(path)
            if found is None:
                continue
            if known != method:
                status = 405
                continue
            values = found.groupdict()
            numbers = {k: v if k in ("token", "which") else int(v) for k, v in values.items()}
            return route, numbers, handler, open_
        return status


async def read_body(request: web.BaseRequest) -> tuple[Any, list[Upload]]:
    """The JSON of a request and its files; refuses with 50035, 50109 or 40005."""
    if not request.can_read_body:
        return None, []
    if request.content_length is not None and request.content_length > REQUEST_BYTES:
        raise refusal(40005)
    kind = request.content_type
    if kind == "multipart/form-data":
        return await _multipart(request)
    try:
        text = (await request.read()).decode()
    except web.HTTPRequestEntityTooLarge:
        raise refusal(40005) from None
    if not text:
        return None, []
    if kind != JSON_TYPE:
        message = f'Expected "Content-Type" header to be one of {{"{JSON_TYPE}"}}.'
        raise Refusal(
            400, 50035, "Invalid Form Body", {"_errors": [{"code": "CONTENT_TYPE_INVALID", "message": message}]}
        )
    return _loaded(text), []


async def _multipart(request: web.BaseRequest) -> tuple[Any, list[Upload]]:
    body: Any = {}
    uploads: list[Upload] = []
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            raise refusal(50035)
        content = bytes(await part.read(decode=True))
        name = part.name or ""
        if name == "payload_json":
            body = _loaded(content.decode())
        elif found := re.fullmatch(r"files\[(\d+)\]", name):
            kind = part.headers.get("Content-Type", "application/octet-stream")
            uploads.append(Upload(int(found[1]), part.filename or "file", content, kind))
        else:
            body[name] = content.decode()
    return body, uploads


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise refusal(50109) from None


def answer_of(status: int, body: Any, headers: dict[str, str]) -> Answer:
    """An answer with a JSON body, or none."""
    text = "" if body is None else json.dumps(body, separators=(",", ":"))
    kind = {"Content-Type": JSON_TYPE} if body is not None else {}
    return Answer(status, text, {**kind, **VIA, **headers})


def answer_of_refusal(why: Refusal) -> Answer:
    """A refusal's answer: JSON, or the page of Cloudflare, which comes without `Via`."""
    headers = dict(why.headers)
    if headers.get("Content-Type") == "text/html":
        return Answer(why.status, why.message, headers)
    return answer_of(why.status, why.body, headers)
