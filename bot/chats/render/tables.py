"""Tables on a phone: a grid of at most four columns and forty characters, else a card for each row."""

from collections.abc import Iterator

from bot.chats.render.pages import Block, Line, Look
from bot.chats.render.text import harmless, width
from handlers.reply import MOST_ON_PHONE, NUMBER, Table

MOST_WIDE = 40  # characters
NONE = "-"


def on_phone(table: Table | None) -> list[Block]:
    """The table as a grid of the columns it names for a phone (all, if they are few), or as cards with all of them."""
    if table is None:
        return []
    if not table.rows:
        return [Block((Line("(none)"),))]
    chosen = table.phone or table.columns
    grid = _grid(table, chosen) if len(chosen) <= MOST_ON_PHONE else None
    return [grid] if grid else list(_cards(table))


def _grid(table: Table, chosen: tuple[str, ...]) -> Block | None:
    """Columns side by side, numbers to the right; None if that is too wide."""
    places = [table.columns.index(title) for title in chosen] if table.phone else range(len(table.columns))
    columns = [[_cell(table.columns[n]), *(_cell(row[n]) or NONE for row in table.rows)] for n in places]
    widths = [max(map(width, column)) for column in columns]
    spare = MOST_WIDE - sum(widths) - (len(widths) - 1)
    if spare < 0:
        return None
    gap = "  " if spare >= len(widths) - 1 else " "
    right = [all(NUMBER.fullmatch(cell) for cell in column[1:]) for column in columns]
    lines = [
        Line(gap.join(_padded(*cell) for cell in zip(row, widths, right, strict=True)).rstrip(), Look.MONO)
        for row in zip(*columns, strict=True)
    ]
    return Block(tuple(lines[1:]), head=lines[0] if lines[0].text else None)


def _cards(table: Table) -> Iterator[Block]:
    """One card a row: the most telling cell as its title, the others below; the only other one without its title."""
    first = [table.columns.index(title) for title in table.phone]
    order = [*first, *(n for n in range(len(table.columns)) if n not in first)]
    for row in table.rows:
        cells = [(_cell(table.columns[n]), _cell(row[n]) or NONE) for n in order]
        body = " · ".join(f"{title}: {cell}" if title and len(cells) > 2 else cell for title, cell in cells[1:])
        lines = (Line(cells[0][1], Look.BOLD), Line(body))
        yield Block(lines if body else lines[:1], whole=True, apart=row is table.rows[0])


def _cell(text: str) -> str:
    return " ".join(harmless(text).split())


def _padded(cell: str, wide: int, right: bool) -> str:
    blank = " " * (wide - width(cell))
    return blank + cell if right else cell + blank
