"""Whatever a reply holds, Telegram takes it: it parses, is within every limit, and has all the words."""

import re

from hypothesis import given
from hypothesis import strategies as st

from bot.chats.render.pages import SIGNS
from bot.chats.render.telegram import MOST_PAGES, TelegramMessage, messages
from bot.chats.render.text import harmless
from handlers.reply import Button, Image, Reply, Table, Tone
from tests.bot.chats.replies import ANY, ASCII, LONG, REPLIES, bare, shorten
from tests.bot.chats.telegram.html import parse

PICTURE = Image("chart.png", b"\x89PNG")


def _sent(reply: Reply) -> tuple[TelegramMessage, ...]:
    return messages(reply, shorten, title="orders")


def _shown(sent: tuple[TelegramMessage, ...]) -> str:
    """The texts one after the other, without the pages' numbers."""
    texts = [parse(message.html).text for message in sent if message.html]
    if len(texts) > 1:
        assert [text.rsplit("\n", 1)[1] for text in texts] == [f"{n}/{len(texts)}" for n in range(1, len(texts) + 1)]
        texts = [text.rsplit("\n", 1)[0] for text in texts]
    return "\n".join(texts)


@given(REPLIES)
def test_any_reply_is_within_every_limit(reply: Reply) -> None:
    sent = _sent(reply)
    assert 1 <= len(sent) <= MOST_PAGES + 1
    for message in sent:
        parsed = parse(message.html)
        attached = message.photo or message.document
        assert parsed.length <= (1024 if attached else 4096)
        assert parsed.text.strip() or attached
        assert len(parsed.entities) <= 100
        assert message.plain == parsed.text  # the fallback says the same
        assert not (message.photo and message.document)
        assert all(not re.search(r"@\w", text) for text in (parsed.text, message.plain))
    keys = [key for row in sent[-1].keyboard for key in row]
    assert not any(message.keyboard for message in sent[:-1])
    assert len(keys) <= 100
    assert all(1 <= len(row) <= 8 for row in sent[-1].keyboard)
    assert all(1 <= len(key.data.encode()) <= 64 for key in keys)
    assert all(key.label.strip() and len(key.label.encode("utf-16-le")) <= 128 for key in keys)
    assert [key.data for key in keys] == [_data(line) for line in dict.fromkeys(b.line for b in reply.buttons)][:100]


def _data(line: str) -> str:
    """A line of at most 64 bytes is sent back as it is."""
    try:
        return line if 0 < len(line.encode()) <= 64 else shorten(line)
    except UnicodeEncodeError:
        return shorten(line)


@given(ASCII.filter(str.strip), st.integers(1, 300), st.sampled_from(Tone))
def test_pages_joined_have_all_the_words(text: str, times: int, tone: Tone) -> None:
    reply = Reply(text * times, tone=tone)
    sent = _sent(reply)
    if sent[-1].document:
        assert sent[-1].document.name == "orders.txt"
        assert bare(sent[-1].document.content.decode()) == bare(text * times)
    else:
        assert bare(_shown(sent)) == bare(SIGNS[tone]) + bare(text * times)


@given(LONG)
def test_any_text_is_shown_whole(text: str) -> None:
    sent = _sent(Reply(text))
    if not sent[-1].document:
        assert bare(_shown(sent)) == (bare(harmless(text)) or "Done.")


@given(st.lists(ANY, min_size=1, max_size=40))
def test_lines_are_broken_at_their_ends(lines: list[str]) -> None:
    kept = [line for line in "\n".join(map(harmless, lines)).split("\n") if line.strip()]
    sent = _sent(Reply("\n".join(lines)))
    if all(len(line) < 1000 for line in kept) and kept and not sent[-1].document:
        assert [line for line in _shown(sent).split("\n") if line] == [
            line.rstrip() if number else line.strip() for number, line in enumerate(kept)
        ]


def test_a_card_with_markup_in_it_reads_as_written() -> None:
    (sent,) = _sent(Reply("Bought <b>0.01</b> & more\n&lt; is not <", tone=Tone.GOOD))
    assert sent.html == "<b>✅ Bought &lt;b&gt;0.01&lt;/b&gt; &amp; more</b>\n&amp;lt; is not &lt;"
    assert sent.plain == "✅ Bought <b>0.01</b> & more\n&lt; is not <"
    assert parse(sent.html).text == sent.plain


def test_a_table_is_of_one_width_and_its_head_is_on_every_page() -> None:
    table = Table.of(("Symbol", "Size"), [(f"SYM{n:03}/USDT", "0.01") for n in range(500)])
    sent = _sent(Reply("All of them", table=table))
    assert len(sent) == 3
    for message in sent:
        blocks = [text for tag, text in parse(message.html).entities if tag == "pre"]
        assert [block.split("\n")[0] for block in blocks] == ["Symbol       Size"]
    rows = [line for line in _shown(sent).split("\n") if line.startswith("SYM") and "0.01" in line]
    assert rows == [f"SYM{n:03}/USDT  0.01" for n in range(500)]


def test_a_card_is_not_broken_over_pages() -> None:
    rows = [(f"row {n}", *["x" * 30] * 4) for n in range(60)]
    pages = [parse(message.html).text for message in _sent(Reply("", table=Table.of("abcde", rows)))]
    assert len(pages) == 3
    assert all(page.startswith("row ") for page in pages)


def test_what_takes_too_many_pages_is_a_file() -> None:
    text = "\n".join(f"line {n} {'x' * 90}" for n in range(400))
    (sent,) = _sent(Reply(text, buttons=(Button("Again", "/orders"),)))
    assert sent.document is not None
    assert (sent.document.name, sent.document.content.decode()) == ("orders.txt", f"{text}\n\n[Again] /orders\n")
    assert parse(sent.html).text.startswith("line 0 ")
    assert parse(sent.html).text.endswith("All of it is in the file.")
    assert [key.data for row in sent.keyboard for key in row] == ["/orders"]


def test_a_picture_has_the_text_below_it_where_that_fits() -> None:
    (one,) = _sent(Reply("BTC/USDT 15m\nhigh 2 low 1", image=PICTURE))
    assert (one.photo, one.html) == (PICTURE, "<b>BTC/USDT 15m</b>\nhigh 2 low 1")
    picture, text = _sent(Reply("x " * 600, image=PICTURE, buttons=(Button("Buy", "/buy"),)))
    assert (picture.photo, picture.html, picture.keyboard) == (PICTURE, "", ())
    assert (text.photo, len(text.plain), len(text.keyboard)) == (None, 1199, 1)
    (alone,) = _sent(Reply("", image=PICTURE))
    assert (alone.photo, alone.html) == (PICTURE, "")


def test_buttons_stand_beside_each_other_while_they_can_be_read() -> None:
    buttons = [Button("Confirm", "confirm k3fq7abc"), Button("Reject", "reject k3fq7abc"), Button("x" * 40, "/why 1")]
    rows = _sent(Reply("Sure?", buttons=tuple(buttons)))[0].keyboard
    assert [[(key.label, key.style) for key in row] for row in rows] == [
        [("Confirm", "success"), ("Reject", "danger")],
        [("x" * 40, "")],
    ]
    many = tuple(Button(f"{n:03}", f"/order {n}") for n in range(104))
    sent = _sent(Reply("Orders", buttons=many))[0]
    assert [len(row) for row in sent.keyboard] == [6] * 16 + [4]
    digits = _sent(Reply("Which?", buttons=tuple(Button(str(n), f"/order {n}") for n in range(10))))[0]
    assert [len(row) for row in digits.keyboard] == [8, 2]
    assert "/order 103" in sent.plain  # what has no button can be typed
    assert "/order 99" not in sent.plain


def test_a_long_label_and_a_long_line_are_shortened() -> None:
    line = "/buy BTC/USDT " + "é" * 60
    ((key,),) = _sent(Reply("?", buttons=(Button("😀" * 60, line),)))[0].keyboard
    assert key.label == "😀" * 31 + "…"
    assert key.data == shorten(line) != line


def test_an_answer_without_words_is_still_one() -> None:
    assert [_sent(reply)[0].html for reply in (Reply(" \n"), Reply("", ok=False, tone=Tone.BAD))] == [
        "Done.",
        "❌ Not done.",
    ]


def test_a_hundred_bold_cards_are_spread_over_pages() -> None:
    rows = [(str(n), "a", "b", "c", "d") for n in range(150)]
    sent = _sent(Reply("", table=Table.of("vwxyz", rows)))
    assert [len(parse(message.html).entities) for message in sent] == [100, 50]
