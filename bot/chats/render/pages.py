"""A reply as lines with a look, and the lines as pages: split first, so that no markup is ever split."""

from collections.abc import Callable, Iterable, Iterator
from enum import Enum, auto
from itertools import chain, groupby, islice

import msgspec

from bot.chats.render.text import harmless, pieces, units
from handlers.reply import Reply, Tone

SIGNS = {Tone.INFO: "", Tone.GOOD: "✅ ", Tone.BAD: "❌ ", Tone.WARN: "⚠️ "}
MOST_TITLE = 80  # units of a first line that is shown bold
NUMBER = 8  # units kept for a page's `\n2/4`


class Look(Enum):
    """How a line is shown; lines of a table are MONO, of one width for every character."""

    PROSE = auto()
    BOLD = auto()
    MONO = auto()


class Line(msgspec.Struct, frozen=True):
    """One line without a line end in it."""

    text: str
    look: Look = Look.PROSE


class Block(msgspec.Struct, frozen=True):
    """Lines that belong together.

    `head` is repeated at the top of every page that they go on to; a `whole` block rather begins a
    page than being broken; one that stands `apart` has an empty line before it.
    """

    lines: tuple[Line, ...]
    head: Line | None = None
    whole: bool = False
    apart: bool = True


class Format(msgspec.Struct, frozen=True):
    """What a page may be: `most` units as `cost` counts a line, `fence` more for a run of MONO lines."""

    most: int
    cost: Callable[[Line], int] = lambda line: units(line.text)
    fence: int = 0
    most_spans: int = 100  # bold lines and runs of MONO lines


Page = list[Line]
"""At least one line that is not empty, first and last."""


def blocks_of(reply: Reply, table: Iterable[Block] = (), unpressed: Iterable[str] = ()) -> list[Block]:
    """The reply's content: its text with a sign for its tone, its table, and buttons there was no room for."""
    text = harmless(reply.text).strip()
    lines = [line.rstrip() for line in text.split("\n")] if text else []
    tables, left = list(table), tuple(unpressed)
    if lines:
        lines[0] = SIGNS[reply.tone] + lines[0]
    elif not tables and reply.image is None:
        lines = [f"{SIGNS[reply.tone]}{'Done.' if reply.ok else 'Not done.'}"]
    title = bool(lines) and units(lines[0]) <= MOST_TITLE and (len(lines) > 1 or bool(tables))
    prose = [Line(line, Look.BOLD if title and not n else Look.PROSE) for n, line in enumerate(lines)]
    blocks = [Block(tuple(prose)), *tables, Block(tuple(Line(harmless(line).replace("\n", " ")) for line in left))]
    return [block for block in blocks if block.lines]


def paged(blocks: Iterable[Block], form: Format) -> Iterator[Page]:
    """The blocks as pages, each within the format; no word of them is left out. Costs as many as are taken."""
    book = _Book(form)
    for block in blocks:
        yield from book.add(block)
    yield from book.turn()


def numbered(pages: list[Page]) -> list[Page]:
    """Each page with its number at its end, where there are several."""
    if len(pages) < 2:
        return pages
    return [[*page, Line(f"{number}/{len(pages)}")] for number, page in enumerate(pages, 1)]


def runs(page: Page) -> list[tuple[Look, list[str]]]:
    """The page's lines; neighbours of the same look together."""
    return [(look, [line.text for line in lines]) for look, lines in groupby(page, lambda line: line.look)]


class _Book:
    """A page as it is filled, and given out when it is full."""

    def __init__(self, form: Format) -> None:
        self._form = form
        self._page: Page = []
        self._used = self._spans = 0

    def add(self, block: Block) -> Iterator[Page]:
        """Write a block; gives out the pages that it fills."""
        lines = (part for line in block.lines for part in self._parts(line))
        head = [block.head] if block.head else []
        together = [*head, *islice(lines, None if block.whole else 1)]
        if block.apart:
            self._put(Line(""))
        if not self._has_room(together):
            yield from self.turn()
        for line in chain(together, lines):
            if not self._has_room([line]):
                yield from self.turn()
                for again in head:
                    self._put(again)
            self._put(line)

    def turn(self) -> Iterator[Page]:
        """Give out the page, if there is anything on it, and begin another."""
        while self._page and not self._page[-1].text:
            self._page.pop()
        if self._page:
            yield self._page
        self._page, self._used, self._spans = [], 0, 0

    def _parts(self, line: Line) -> Iterator[Line]:
        most = self._form.most - self._form.fence - 1

        def cost(text: str) -> int:
            return self._form.cost(Line(text, line.look))

        return (Line(part, line.look) for part in pieces(line.text, most, cost))

    def _has_room(self, lines: list[Line]) -> bool:
        last, used, spans = self._page[-1] if self._page else None, self._used, self._spans
        for line in lines:
            used, spans, last = used + self._cost(line, last), spans + _spans(line, last), line
        return used <= self._form.most and spans <= self._form.most_spans

    def _put(self, line: Line) -> None:
        last = self._page[-1] if self._page else None
        if not line.text and (last is None or not last.text):
            return  # a page does not begin with an empty line, and one is enough anywhere
        self._used += self._cost(line, last)
        self._spans += _spans(line, last)
        self._page.append(line)

    def _cost(self, line: Line, last: Line | None) -> int:
        fence = self._form.fence if line.look is Look.MONO and (last is None or last.look is not Look.MONO) else 0
        return self._form.cost(line) + 1 + fence


def _spans(line: Line, last: Line | None) -> int:
    if line.look is Look.MONO:
        return int(last is None or last.look is not Look.MONO)
    return int(line.look is Look.BOLD)
