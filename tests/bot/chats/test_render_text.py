"""Text is shown harmlessly, measured in UTF-16 units, and cut between characters only."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chats.render.text import SHORTEST, fitting, harmless, pieces, shortened, units, width
from tests.bot.chats.replies import ANY, ASCII, LONG, bare

FLAG = range(0x1F1E6, 0x1F200)


@pytest.mark.parametrize(
    ("given_", "shown"),
    [
        ("BTC\u200b/US\u202eDT", "BTC?/US?DT"),  # zero-width space, right-to-left override
        ("a\u3164b\u2800c", "a?b?c"),  # letters that are drawn as nothing
        ("a\ufe0fb", "a?b"),  # an invisible mark
        ("⚠️ hot", "⚠️ hot"),  # of use after a symbol
        ("a\r\nb\rc\u2028d", "a\nb\nc\nd"),
        ("a\u00a0b\tc", "a b c"),
        ("\x1b[2J\0", "?[2J?"),
        ("\ud83d!", "?!"),
        ("\u0301a", "?a"),  # a mark on nothing would sit on what we write before it
        ("e\u0301", "e\u0301"),
        ("z" + "\u0334" * 20, "z" + "\u0334" * 4 + "?" * 16),
        ("👍🏽 你好", "👍🏽 你好"),
        ("buy אבג דהו now", "buy \u2068אבג דהו\u2069 now"),  # isolated: `now` stays at the right
        ("@everyone a@b", "@\u200beveryone a@\u200bb"),
    ],
)
def test_what_cannot_be_seen_or_steers_is_shown_as_a_mark(given_: str, shown: str) -> None:
    assert harmless(given_) == shown


@given(ANY)
def test_nothing_shown_is_invisible_or_turns_the_line(text: str) -> None:
    ours = harmless(text).replace("@\u200b", "@").replace("\u2068", "").replace("\u2069", "")
    assert all(c == "\n" or c.isprintable() for c in ours)
    ours.encode()  # nor can it not be sent


@given(ASCII)
def test_plain_text_is_shown_as_it_is(text: str) -> None:
    assert harmless(text) == text


def test_lengths_are_those_of_utf_16() -> None:
    assert (units("abc"), units("é"), units("😀"), units("🇦🇹")) == (3, 1, 2, 4)


def test_widths_are_those_of_a_fixed_font() -> None:
    assert (width("abc"), width("e\u0301"), width("你好"), width("😀")) == (3, 1, 4, 2)


@given(LONG.map(harmless), st.integers(SHORTEST, 300))
def test_a_cut_is_never_within_a_character(text: str, most: int) -> None:
    cut = shortened(text, most)
    assert units(cut) <= most
    assert cut == text or cut.endswith("…")
    end = fitting(text, most)
    assert end > 0 or not text
    if end < len(text):
        following = text[end]
        assert unicodedata.category(following)[0] != "M"
        assert not 0x1F3FB <= ord(following) <= 0x1F3FF  # a skin colour
        assert units(text[:end]) > most - SHORTEST  # nor is it cut much too early


def test_a_flag_stays_whole() -> None:
    assert [fitting("🇦🇹" * 9, most) for most in (16, 17, 18, 19, 20)] == [8, 8, 8, 8, 10]
    assert shortened("x" + "🇦🇹" * 9, 18) == "x" + "🇦🇹" * 4 + "…"


@given(LONG.map(harmless).map(lambda text: text.replace("\n", " ")), st.integers(SHORTEST, 200))
def test_pieces_are_all_of_the_line(line: str, most: int) -> None:
    parts = list(pieces(line, most))
    assert all(units(part) <= most for part in parts)
    assert bare("".join(parts)) == bare(line)


def test_pieces_end_between_words() -> None:
    assert list(pieces("one two three four five", 16)) == ["one two three", "four five"]
