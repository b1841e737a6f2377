"""Tables on a phone: a grid of four columns and forty characters, or cards."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import wcswidth

from bot.chats.render.pages import Look
from bot.chats.render.tables import on_phone
from handlers.reply import Reply, Table, from_answer, to_answer
from tests.bot.chats.replies import bare, tables

HELD = (
    ("PAPER demo", "BTC/USDT", "0.01", "61,000", "+5.00 USDT"),
    ("PAPER demo", "ETH/USDT", "-12", "3,001", "-1.20 USDT"),
)
COLUMNS = ("Account", "Symbol", "Quantity", "Mark", "Unrealized")
WORDS = st.lists(st.sampled_from(["a", "b", "9", "你", "e\u0301", " "]), max_size=14).map("".join)


def _lines(table: Table) -> list[str]:
    return [line.text for b in on_phone(table) for line in ((b.head,) if b.head else ()) + b.lines]


def test_the_columns_that_matter_stay() -> None:
    assert _lines(Table.of(COLUMNS, HELD, ("Symbol", "Quantity", "Unrealized"))) == [
        "Symbol    Quantity  Unrealized",
        "BTC/USDT      0.01  +5.00 USDT",
        "ETH/USDT       -12  -1.20 USDT",
    ]


def test_without_a_word_from_the_table_nothing_is_left_out() -> None:
    assert _lines(Table.of(COLUMNS, HELD)) == [
        "PAPER demo",
        "Symbol: BTC/USDT · Quantity: 0.01 · Mark: 61,000 · Unrealized: +5.00 USDT",
        "PAPER demo",
        "Symbol: ETH/USDT · Quantity: -12 · Mark: 3,001 · Unrealized: -1.20 USDT",
    ]


def test_cards_begin_with_what_matters() -> None:
    long = tuple((*row[:-1], "x" * 40) for row in HELD)
    assert _lines(Table.of(COLUMNS, long, ("Symbol", "Mark")))[0].startswith("Symbol")  # two columns fit
    cards = _lines(Table.of(COLUMNS, long, ("Symbol", "Unrealized")))
    assert cards[:2] == ["BTC/USDT", f"Unrealized: {'x' * 40} · Account: PAPER demo · Quantity: 0.01 · Mark: 61,000"]


def test_what_a_phone_shows_is_kept_with_the_answer_and_not_told_to_programs() -> None:
    reply = Reply("Held", table=Table.of(COLUMNS, HELD, ("Symbol", "Mark")))
    assert from_answer(to_answer(reply)) == reply
    assert reply.to_json()["table"] == {"columns": [*COLUMNS], "rows": [[*row] for row in HELD]}


@pytest.mark.parametrize("phone", [("Symbol", "Unknown"), COLUMNS])
def test_a_phone_shows_at_most_four_columns_that_there_are(phone: tuple[str, ...]) -> None:
    with pytest.raises(AssertionError):
        Table.of(COLUMNS, HELD, phone)


def test_two_columns_too_wide_need_no_title() -> None:
    assert _lines(Table.of(("Setting", "Value"), [("web.host", "x" * 40)])) == ["web.host", "x" * 40]


@pytest.mark.parametrize(("size", "first"), [(20, "a"), (21, "x" * 17)])
def test_a_grid_is_at_most_forty_wide(size: int, first: str) -> None:
    lines = _lines(Table.of(("a", "b", "c"), [("x" * 17, "y", "z" * size)]))  # 17 + 1 + 1 + 1 + 20
    assert lines[0].split()[0] == first  # the head of a grid, or a card


def test_an_empty_table_says_so() -> None:
    assert _lines(Table.of(("a",), ())) == ["(none)"]


@given(tables(WORDS))
def test_a_grid_is_never_too_wide_and_cards_have_every_cell(table: Table) -> None:
    blocks = on_phone(table)
    if table.rows and blocks[0].lines[0].look is Look.MONO:
        lines = _lines(table)
        assert max(map(wcswidth, lines)) <= 40
        assert 1 <= len(table.phone or table.columns) <= 4
        assert len(blocks[0].lines) == len(table.rows)
        shown = [table.columns.index(name) for name in table.phone] if table.phone else range(len(table.columns))
        for row, line in zip(table.rows, blocks[0].lines, strict=True):
            assert bare(line.text) == "".join(bare(row[n]) or "-" for n in shown)
    else:
        assert len(blocks) == max(len(table.rows), 1)
        for row, card in zip(table.rows, blocks, strict=False):
            said = bare("".join(line.text for line in card.lines))
            assert all(bare(cell) in said for cell in row)


@given(st.lists(st.tuples(st.text("ab", min_size=1, max_size=9), st.integers(0, 9999)), min_size=1, max_size=5))
def test_numbers_stand_at_the_right(rows: list[tuple[str, int]]) -> None:
    lines = _lines(Table.of(("Name", "Count"), rows))
    assert {len(line) for line in lines[1:]} == {len(lines[0])}
    assert all(line.endswith(str(count)) for line, (_, count) in zip(lines[1:], rows, strict=True))
