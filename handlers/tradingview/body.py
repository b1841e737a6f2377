"""The body of an alert, taken apart: its shape, and what each of its fields says, as text.

Four shapes are told apart by their looks, never by the content type: JSON (one object, or several in a list), command
lines, KEY=VALUE pairs, and the comma-separated lines of PineConnector. Numbers stay the text they were written as.
Whatever the bytes, nothing but `Unreadable` comes out.
"""

from typing import NamedTuple

from handlers.tradingview.given import PLACEHOLDER, Given, Shape, Unreadable, unfilled
from handlers.tradingview.text import HEAD, commas, commas_of, line_fields, pairs
from handlers.tradingview.tree import MOST_ORDERS, json_tree, records
from handlers.tradingview.words import LINES

LONGEST = 64 * 1024  # bytes
MOST_FIELDS = 200  # of one order


class Body(NamedTuple):
    """A body taken apart: what is given for each order."""

    shape: Shape
    records: tuple[tuple[Given, ...], ...]


def taken_apart(body: bytes) -> Body:
    """The fields of a body.

    Raises:
        Unreadable: too long, not UTF-8, an unfilled placeholder, not of a shape that is read.
    """
    apart = _shaped(decoded(body))
    count = len(apart.records)
    if not count:
        raise Unreadable("The list is empty.", "Send at least one order.", code="EMPTY")
    if count > MOST_ORDERS:
        raise Unreadable(f"It has {count} orders.", f"Send at most {MOST_ORDERS} at once.", code="TOO_MANY")
    if any(len(record) > MOST_FIELDS for record in apart.records):
        raise Unreadable(f"It has more than {MOST_FIELDS} fields.", "Send what is needed.", code="TOO_MANY")
    return apart


def _shaped(text: str) -> Body:
    if not text:
        raise Unreadable("The alert is empty.", "Paste a message into the alert.", code="EMPTY")
    found = PLACEHOLDER.search(text)
    if text[0] in "{[":
        try:
            apart = Body(Shape.JSON, tuple(records(json_tree(text))))
        except Unreadable as why:
            if found is None or why.code == "UNFILLED":  # which names the field: what is stored is written anew
                raise
        else:
            if found is None:
                return apart
    if found is not None:
        raise unfilled(found[0], f"line {text.count(chr(10), 0, found.start()) + 1}")
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    written = [(number, line) for number, line in lines if line and not line.startswith(("//", "#"))]
    head = HEAD.match(written[0][1]) if written else None
    if head and head[1].lower() in LINES:
        return Body(Shape.LINES, tuple(tuple(line_fields(line, f"line {number}")) for number, line in written))
    if parts := commas_of(text):
        return Body(Shape.COMMAS, (tuple(commas(parts)),))
    if "=" in text:
        return Body(Shape.PAIRS, (tuple(pairs(text)),))
    remedy = 'Send {"action": "buy", "symbol": "BTC/USDT", "size": "0.01"}, or: buy BTC/USDT 0.01'
    raise Unreadable("It is neither JSON, nor KEY=VALUE, nor a command.", remedy, code="NO_SHAPE")


def decoded(body: bytes) -> str:
    """The text of a body, without a byte order mark and the whitespace around it.

    Raises:
        Unreadable: over 64 KiB, or not UTF-8.
    """
    if len(body) > LONGEST:
        raise Unreadable(f"It has {len(body)} bytes; at most {LONGEST} are read.", "Shorten it.", code="TOO_LONG")
    try:
        return body.decode("utf-8").removeprefix("\ufeff").strip()
    except UnicodeDecodeError as why:
        raise Unreadable(f"Byte {why.start + 1} is not UTF-8.", "Send text as UTF-8.", code="NOT_TEXT") from None
