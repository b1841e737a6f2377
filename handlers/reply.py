"""What a command answers: content, never markup. The surfaces make HTML, embeds or plain text of it."""

import re
import textwrap
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import msgspec

from handlers.figures import sentence
from trading.errors import TradingError

NUMBER = re.compile(r"[-+$]?[0-9][0-9.,]*%?( [A-Z]{3,5})?|-|", re.ASCII)
"""What a cell looks like that stands at the right of its column."""

GAP = "  "
MOST_ON_PHONE = 4  # columns


class Tone(StrEnum):
    """How the news is meant; surfaces choose a colour or a sign for it."""

    INFO = "info"
    GOOD = "good"
    BAD = "bad"
    WARN = "warn"


class Table(msgspec.Struct, frozen=True, omit_defaults=True):
    """Rows of text under column titles; every row is as long as `columns`.

    `phone` names the columns, at most four, that stay where there is no room for all, the most telling first.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    phone: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        assert len(self.phone) <= MOST_ON_PHONE, f"a phone shows at most {MOST_ON_PHONE} columns"
        assert set(self.phone) <= set(self.columns), f"{self.phone} are not all columns of {self.columns}"

    @classmethod
    def of(cls, columns: Iterable[str], rows: Iterable[Iterable[object]], phone: Iterable[str] = ()) -> "Table":
        """A table of anything that can be written with `str`."""
        return cls(tuple(columns), tuple(tuple(str(cell) for cell in row) for row in rows), tuple(phone))


class Button(msgspec.Struct, frozen=True):
    """Something to press: `line` is the command line that pressing it sends."""

    label: str
    line: str


class Image(msgspec.Struct, frozen=True):
    """A picture with the name it is sent under (its extension says the format)."""

    name: str
    content: bytes


class Reply(msgspec.Struct, frozen=True):
    """The answer to one command line.

    `order_id` names the order that was made, if one was. `phrase` is what must be typed after
    `confirm TOKEN`. `error` is the stable code of a refusal. A `private` reply is for the asker's
    eyes: surfaces that can, show it to nobody else. `kept` stands in the place of a text that no journal
    may hold: it is what the same request is answered again.
    `as_of` is the journal's entry up to which it tells what became of `order_id`; 0 where nobody knows.
    """

    text: str
    ok: bool = True
    tone: Tone = Tone.INFO
    table: Table | None = None
    buttons: tuple[Button, ...] = ()
    image: Image | None = None
    order_id: str | None = None
    phrase: str | None = None
    error: str | None = None
    private: bool = False
    kept: str | None = None
    as_of: int = 0

    @classmethod
    def good(cls, text: str, **fields: Any) -> "Reply":
        """It was done."""
        return cls(text, tone=Tone.GOOD, **fields)

    @classmethod
    def refused(cls, why: TradingError) -> "Reply":
        """It was not done: the error's line, remedy and code."""
        text = f"{sentence(why.text)} {why.remedy}" if why.remedy else why.text
        return cls(text, ok=False, tone=Tone.BAD, error=why.code)

    def to_json(self, image_url: str | None = None) -> dict[str, Any]:
        """The public shape of a reply (interfaces: A reply); a picture travels as the address it is served at."""
        return {
            "ok": self.ok,
            "text": self.text,
            "tone": self.tone.value,
            "table": None
            if self.table is None
            else {"columns": list(self.table.columns), "rows": [list(row) for row in self.table.rows]},
            "buttons": [{"label": button.label, "line": button.line} for button in self.buttons],
            "image": image_url,
            "order_id": self.order_id,
            "phrase": self.phrase,
            "error": self.error,
        }


def to_answer(reply: Reply) -> str:
    """The reply as it is kept in the journal; pictures are not kept."""
    text = reply.text if reply.kept is None else reply.kept
    shape = {**reply.to_json(), "text": text, "table": reply.table, "private": reply.private}
    return msgspec.json.encode(shape).decode()


def from_answer(text: str) -> Reply:
    """A kept reply back.

    Raises:
        msgspec.DecodeError: not a kept reply.
    """
    return msgspec.json.decode(text, type=Reply)


def as_text(reply: Reply, width: int = 80) -> str:
    """Plain text for a terminal of `width` characters: text, aligned table, buttons as lines to type."""
    parts = [reply.text] if reply.text else []
    if reply.table is not None:
        parts.append(_aligned(reply.table, width))
    if reply.image is not None:
        parts.append(f"[picture: {reply.image.name}]")
    if reply.buttons:
        parts.append("\n".join(f"[{button.label}] /{button.line.removeprefix('/')}" for button in reply.buttons))
    # The words of venues and alerts pass through here: nothing in them may steer a terminal.
    return "".join(c if c == "\n" or c.isprintable() else "?" for c in "\n\n".join(parts))


def _aligned(table: Table, width: int) -> str:
    """Columns side by side, numbers to the right; one block a row where that is too wide."""
    if not table.rows:
        return "(none)"
    cells = [tuple(cell.replace("\n", " ") for cell in row) for row in table.rows]
    columns = list(zip(*cells, strict=True))
    widths = [max(len(t), *map(len, c)) for t, c in zip(table.columns, columns, strict=True)]
    if sum(widths) + len(GAP) * (len(widths) - 1) > width:
        return "\n\n".join(_block(table.columns, row, width) for row in cells)
    right = [all(NUMBER.fullmatch(cell) for cell in column) for column in columns]
    lines = [
        GAP.join(cell.rjust(w) if r else cell.ljust(w) for cell, w, r in zip(row, widths, right, strict=True)).rstrip()
        for row in (table.columns, *cells)
    ]
    return "\n".join(lines)


def _block(columns: tuple[str, ...], row: tuple[str, ...], width: int) -> str:
    """One row written downwards: `column: value`, long values wrapped."""
    indent = max(map(len, columns)) + 2
    lines = []
    for title, cell in zip(columns, row, strict=True):
        wrapped = textwrap.wrap(cell, max(width - indent, 20)) or [""]
        lines.append(f"{title + ':':<{indent}}{wrapped[0]}".rstrip())
        lines += [" " * indent + rest for rest in wrapped[1:]]
    return "\n".join(lines)
