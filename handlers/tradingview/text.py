"""An alert as text: command lines, KEY=VALUE pairs, and the comma-separated lines of PineConnector."""

import re
import unicodedata
from collections.abc import Iterator, Sequence

from handlers.parse import LONGEST_LINE, UNSEEN, tokens
from handlers.tradingview.given import Given, Unreadable
from handlers.tradingview.words import ACTIONS, LINES, plain_name, word_of

HEAD = re.compile(r"/?([A-Za-z_]{1,16})(?=\s|\Z)", re.ASCII)
_PAIR_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_ .-]{0,40}", re.ASCII)
_SEPARATOR = re.compile(r"\r?\n|;|\\n")  # some senders write a line break as the two characters \n
_OPTION = re.compile(r"\s*([A-Za-z_]{1,32})\s*=\s*(.*?)\s*", re.ASCII)
_LICENCE = re.compile(r"[A-Za-z0-9]{1,40}|\*{3}", re.ASCII)  # or what stands in its place once it is masked


def line_fields(line: str, place: str) -> Iterator[Given]:
    """A command line: its positional arguments by the names they have in JSON."""
    if len(line) > LONGEST_LINE:
        text = f"It has {len(line)} characters; at most {LONGEST_LINE} are read."
        raise Unreadable(text, "Shorten it.", code="BAD_LINE", place=place)
    if any(unicodedata.category(char) in UNSEEN for char in line.replace("\t", " ")):
        raise Unreadable("It holds an invisible character.", "Type it anew.", code="BAD_LINE", place=place)
    head = HEAD.match(line)
    if head is None or head[1].lower() not in LINES:
        words = ", ".join(LINES)
        raise Unreadable("It does not begin with a command.", f"Commands are {words}.", code="BAD_ACTION", place=place)
    yield Given("action", head[1].lower(), place)
    free = list(LINES[head[1].lower()])
    for word in tokens(line[head.end() :]):
        if word.name or free:
            name = word.name or free.pop(0)
            yield Given(name, word.text, f"{place}, {name}")
        else:
            raise Unreadable("It has a word too many.", "Options are name=value.", code="BAD_LINE", place=place)


def pairs(text: str) -> Iterator[Given]:
    names: set[str] = set()
    number = 1
    start = 0
    for end in (*(match for match in _SEPARATOR.finditer(text)), None):
        piece = text[start : end.start() if end else len(text)].strip()
        place = f"line {number}"
        if piece:
            name, equals, value = (part.strip() for part in piece.partition("="))
            if not equals or not _PAIR_NAME.fullmatch(name):
                # What stands there may be a secret: only a name that is ours is told.
                known = f"{name} has no value." if word_of(name) else "There is no KEY=VALUE."
                raise Unreadable(known, "Write one KEY=VALUE a line.", code="BAD_PAIR", place=place)
            if plain_name(name) in names:
                raise Unreadable(f"{name} stands there twice.", "Give it once.", code="BAD_PAIR", place=place)
            names.add(plain_name(name))
            yield Given(name, value, f"{place}, {name}")
        if end:
            start, number = end.end(), number + ("\n" in end[0])


def commas_of(text: str) -> Sequence[str]:
    """The parts of PineConnector's `LICENCE,command,symbol,...`; none of another shape."""
    parts = [part.strip() for part in text.split(",")]
    fits = len(parts) >= 3 and _LICENCE.fullmatch(parts[0]) and plain_name(parts[1]) in ACTIONS
    return parts if fits else ()


def commas(parts: Sequence[str]) -> Iterator[Given]:
    """What its own settings give a meaning to is refused."""
    yield Given("license", parts[0], "part 1")
    yield Given("action", parts[1], "part 2")
    yield Given("symbol", parts[2], "part 3")
    for number, part in enumerate(parts[3:], 4):
        option = _OPTION.fullmatch(part)
        place = f"part {number}"
        if option is None:
            raise Unreadable("There is no name=value.", "Write vol_lots=0.1.", code="BAD_PAIR", place=place)
        name = option[1].lower()
        if name not in ("vol_lots", "comment", "secret"):
            text = f"{name} counts in pips, lots or percent, as PineConnector is set up."
            raise Unreadable(text, "Send JSON with prices.", code="AMBIGUOUS", place=place)
        yield Given(name, option[2].strip('”“"'), place)
