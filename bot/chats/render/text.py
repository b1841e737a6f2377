"""Text as chats take it: shown harmlessly, measured as they measure it, cut where no character is broken.

Limits are in UTF-16 units: Telegram counts so; where Discord counts characters, there are never more of them.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator

MOST_MARKS = 4  # on one letter; more would be painted over the lines around it
SHORTEST = 16  # units that one character with its marks can need, however it is escaped
ELLIPSIS = "…"

_LINE_ENDS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_CONTROLS = re.compile(r"[^\n\x20-\x7e]")  # of ASCII text
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters and signs that are drawn as nothing
_UNSEEN = re.compile("[\u034f\u17b4\u17b5\u180b-\u180d\u180f\ufe00-\ufe0d\U000e0100-\U000e01ef]")  # marks that are not
_SELECTORS = frozenset("\ufe0e\ufe0f")  # text or picture: of use to a symbol only
_RIGHT = "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]+"
_LEFTWARD = re.compile(f"{_RIGHT}(?: +{_RIGHT})*")  # a run of Hebrew, Arabic and the like
_ADDRESS = re.compile(r"@(?=[\w!&])")  # what could be somebody's name to a chat
BREAK = "\u200b"  # stands where characters must not meet; shown as nothing
_SKINS = ("\U0001f3fb", "\U0001f3ff")
_FLAGS = ("\U0001f1e6", "\U0001f1ff")  # letters of which two make a flag

Cost = Callable[[str], int]
"""Units that a text takes once it is formatted: at least one for each of its characters, and more the longer it is."""


def harmless(text: str) -> str:
    """The text as it may be shown: nothing in it is invisible, steers a screen or turns its neighbours around.

    What cannot be seen becomes `?` as in a terminal; runs written from right to left are isolated from
    the rest of their line; an @ is parted from what follows, so that nobody is called. To be applied once.
    """
    text = _ADDRESS.sub(f"@{BREAK}", _visible(_LINE_ENDS.sub("\n", text).replace("\t", " ")))
    return _LEFTWARD.sub("\u2068\\g<0>\u2069", text)


def _visible(text: str) -> str:
    if text.isascii():
        return _CONTROLS.sub("?", text)
    return "".join(_seen(text))


def _seen(text: str) -> Iterator[str]:
    before, marks = "\n", 0
    for c in text:
        kind = unicodedata.category(c)
        marks = marks + 1 if kind[0] == "M" else 0
        if c == "\n" or (kind[0] != "M" and c.isprintable() and c not in _BLANK):
            yield c
        elif kind == "Zs":
            yield " "
        elif marks and _may_mark(c, before, marks):
            yield c
        else:
            yield "?"
        before = c


def _may_mark(mark: str, before: str, marks: int) -> bool:
    """Whether a mark has something to stand on, can be seen, and is not one of a heap."""
    if before == "\n" or marks > MOST_MARKS or _UNSEEN.match(mark):
        return False
    return mark not in _SELECTORS or unicodedata.category(before)[0] == "S"


def units(text: str) -> int:
    """Length in UTF-16 units; the text has no lone surrogates (`harmless` sees to that)."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def width(text: str) -> int:
    """Columns of a fixed-width font that the text covers."""
    if text.isascii():
        return len(text)
    return sum(_columns(c) for c in text)


def _columns(c: str) -> int:
    if unicodedata.category(c) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(c) in "WF" else 1


def fitting(text: str, most: int, cost: Cost = units) -> int:
    """How many characters from the text's beginning cost at most `most` (>= SHORTEST), ending at a whole one."""
    low, high = 0, min(len(text), most)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if cost(text[:middle]) <= most else (low, middle - 1)
    while 0 < low < len(text) and _continues(text, low):
        low -= 1
    return low


def _continues(text: str, at: int) -> bool:
    """Whether what stands at `at` belongs to what people see as the character before it."""
    c = text[at]
    if unicodedata.category(c)[0] == "M" or _SKINS[0] <= c <= _SKINS[1]:
        return True
    letters = 0
    while letters <= at and _FLAGS[0] <= text[at - letters] <= _FLAGS[1]:
        letters += 1
    return letters % 2 == 0 and letters > 0


def shortened(text: str, most: int, cost: Cost = units) -> str:
    """The text, or as much of it as fits with an ellipsis at its end."""
    if len(text) <= most and cost(text) <= most:
        return text
    return text[: fitting(text, most - 1, cost)].rstrip() + ELLIPSIS


def pieces(line: str, most: int, cost: Cost = units) -> Iterator[str]:
    """The line in parts that each cost at most `most`, cut at spaces where there are any."""
    while len(line) > most or cost(line) > most:
        end = fitting(line, most, cost)
        space = line.rfind(" ", end // 2, end + 1)
        yield line[: space if space > 0 else end].rstrip(" ")
        line = line[space if space > 0 else end :].lstrip(" ")
    yield line
