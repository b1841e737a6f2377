"""What a request says: query string, form, multipart and JSON are equal ("Making requests")."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, ClientResponse, MultipartReader, web
from aiohttp.web_request import FileField

from tests.emulators.telegram.refusals import bad


@dataclass(frozen=True)
class Upload:
    """A file of a multipart request."""

    name: str
    type: str
    content: bytes


@dataclass
class Params:
    """The parameters of one call, read as leniently as the server reads them."""

    values: dict[str, Any] = field(default_factory=dict)
    files: dict[str, Upload] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        return name in self.values

    def text(self, name: str) -> str:
        """A parameter as text, empty if it is not there."""
        value = self.values.get(name, "")
        if isinstance(value, str):
            return value
        return json.dumps(value)

    def integer(self, name: str, default: int = 0, low: int = -(2**62), high: int = 2**62) -> int:
        """A whole number within limits; what is no number counts as 0."""
        text = self.text(name).strip()
        found = re.match(r"-?\d+", text)
        return max(low, min(high, (int(found.group()) if found else 0) if text else default))

    def flag(self, name: str) -> bool:
        """Yes or no."""
        return self.text(name).lower() in ("true", "yes", "1")

    def json(self, name: str, called: str = "") -> Any:
        """An object or a list, None if it is not there. Refuses what cannot be read, by its name."""
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except json.JSONDecodeError as why:
            raise bad(f"Can't parse {called or name} JSON object") from why

    def file(self, name: str) -> Upload | str | None:
        """An uploaded file, else the text in its place (a file_id or an address), else None."""
        if name in self.files:
            return self.files[name]
        value = self.text(name)
        return self.files.get(value.removeprefix("attach://"), value) if value else None


async def read(request: web.BaseRequest) -> Params:
    """Read a request. Refuses 400 for JSON that is none."""
    params = Params(dict(request.query))
    if not request.can_read_body:
        return params
    if request.content_type == "application/json":
        try:
            told = json.loads(await request.read() or b"{}")
        except ValueError as why:
            raise bad("Can't parse request JSON object") from why
        params.values |= {name: value for name, value in told.items() if value is not None}
    elif request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        for name, value in (await request.post()).items():
            if isinstance(value, FileField):
                params.files[name] = Upload(value.filename, value.content_type, value.file.read())
            elif isinstance(value, str):
                params.values[name] = value
            else:
                params.values[name] = bytes(value).decode()
    return params


async def read_answer(answer: ClientResponse) -> Params:
    """Read a method that comes as the answer to a webhook; without `method` there is none."""
    params = Params()
    if answer.content_type == "application/json":
        told = await answer.json()
        params.values = dict(told) if isinstance(told, dict) else {}
    elif answer.content_type == "multipart/form-data":
        async for part in MultipartReader.from_response(answer):
            if not isinstance(part, BodyPartReader) or part.name is None:
                continue
            content = bytes(await part.read(decode=True))
            if part.filename is None:
                params.values[part.name] = content.decode()
            else:
                params.files[part.name] = Upload(part.filename, part.headers.get("Content-Type", ""), content)
    return params
