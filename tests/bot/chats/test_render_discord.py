"""Whatever a reply holds, Discord takes it: within every limit, without markup or mentions from its text."""

from hypothesis import given
from hypothesis import strategies as st

from bot.chats.render.discord import COLOURS, MOST_PAGES, DiscordMessage, messages
from bot.chats.render.pages import SIGNS
from bot.chats.render.text import harmless
from handlers.reply import Button, Image, Reply, Table, Tone
from tests.bot.chats.discord.markdown import read
from tests.bot.chats.replies import ASCII, LONG, REPLIES, bare, shorten

PICTURE = Image("chart of BTC/USDT.png", b"\x89PNG")


def _sent(reply: Reply, content: bool = False) -> tuple[DiscordMessage, ...]:
    return messages(reply, shorten, title="orders", content=content)


def _text(message: DiscordMessage) -> str:
    return message.content or (message.embed.description if message.embed else "")


def _shown(sent: tuple[DiscordMessage, ...]) -> str:
    texts = [read(_text(message))[0] for message in sent if _text(message)]
    if len(texts) > 1:
        assert [text.rsplit("\n", 1)[1] for text in texts] == [f"{n}/{len(texts)}" for n in range(1, len(texts) + 1)]
        texts = [text.rsplit("\n", 1)[0] for text in texts]
    return "\n".join(texts)


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@given(REPLIES, st.booleans())
def test_any_reply_is_within_every_limit(reply: Reply, content: bool) -> None:
    sent = _sent(reply, content)
    assert 1 <= len(sent) <= MOST_PAGES
    for message in sent:
        assert _units(message.content) <= 2000
        assert message.embed is None or _units(message.embed.description) <= 4096
        assert _text(message).strip() or message.file
        read(_text(message))
        assert message.ephemeral is reply.private
        if message.embed and message.embed.image:
            assert message.file is not None
            assert message.embed.image == message.file.name
    rows = sent[-1].rows
    keys = [key for row in rows for key in row]
    assert not any(message.rows for message in sent[:-1])
    assert len(rows) <= 5
    assert all(1 <= len(row) <= 5 for row in rows)
    assert len({key.data for key in keys}) == len(keys)
    assert all(1 <= _units(key.data) <= 100 and 1 <= _units(key.label) <= 80 and key.label.strip() for key in keys)
    assert len(keys) == min(len({button.line for button in reply.buttons}), 25)


@given(ASCII.filter(str.strip), st.integers(1, 200), st.sampled_from(Tone), st.booleans())
def test_pages_joined_have_all_the_words(text: str, times: int, tone: Tone, content: bool) -> None:
    sent = _sent(Reply(text * times, tone=tone), content)
    if (file := sent[-1].file) is not None:
        assert (file.name, bare(file.content.decode())) == ("orders.txt", bare(text * times))
    else:
        assert bare(_shown(sent)) == bare(SIGNS[tone]) + bare(text * times)


@given(LONG)
def test_any_text_is_shown_whole(text: str) -> None:
    sent = _sent(Reply(text))
    if not sent[-1].file:
        assert bare(_shown(sent)) == (bare(harmless(text)) or "Done.")


def test_markup_and_mentions_are_only_words() -> None:
    (sent,) = _sent(Reply("**all** @everyone <@123>\n# a_b_c ||x|| `y` [z](http://q) :skull: 16:50:51"))
    assert sent.embed is not None
    assert sent.embed.description == (
        "**\\*\\*all\\*\\* @\u200beveryone \\<@\u200b123>**\n"
        "\\# a\\_b\\_c \\|\\|x\\|\\| \\`y\\` \\[z](http://q) \\:skull: 16:50:51"
    )


def test_a_tone_is_a_colour_and_a_sign() -> None:
    colours = {message.embed.colour for tone in Tone for message in _sent(Reply("x", tone=tone)) if message.embed}
    assert colours == set(COLOURS.values())
    assert len(colours) == 4
    assert _text(_sent(Reply("No.", tone=Tone.BAD))[0]) == "❌ No."


def test_an_alert_is_content_that_a_locked_phone_shows() -> None:
    (sent,) = _sent(Reply("PAPER demo: BUY 0.01\nFilled.", tone=Tone.GOOD), content=True)
    assert (sent.content, sent.embed) == ("**✅ PAPER demo: BUY 0.01**\nFilled.", None)


def test_a_table_is_a_code_block_that_nothing_ends() -> None:
    (sent,) = _sent(Reply("", table=Table.of(("a", "b"), [("```", "``"), ("x", "y")])))
    shown, blocks = read(_text(sent))
    assert [bare(line) for line in blocks[0].split("\n")] == ["ab", "`````", "xy"]
    assert bare(shown) == "ab`````xy"


def test_a_picture_is_shown_in_the_card() -> None:
    first, last = _sent(Reply("word " * 1000, image=PICTURE, buttons=(Button("Buy", "/buy"),)))
    assert first.file is not None
    assert first.embed is not None
    assert first.file.name == first.embed.image == "chart-of-BTC-USDT.png"
    assert (last.file, len(last.rows)) == (None, 1)
    (alone,) = _sent(Reply("", image=PICTURE))
    assert alone.embed is not None
    assert (alone.embed.description, alone.embed.image) == ("", "chart-of-BTC-USDT.png")


def test_a_picture_and_a_file_are_two_messages() -> None:
    first, last = _sent(Reply("word " * 9000, image=PICTURE))
    assert first.embed is not None
    assert first.embed.image == "chart-of-BTC-USDT.png"
    assert read(_text(first))[0].endswith("All of it is in the file.")
    assert last.file is not None
    assert (last.file.name, last.file.content.count(b"word")) == ("orders.txt", 9000)


def test_the_same_button_twice_is_one_and_too_many_are_typed() -> None:
    buttons = [Button(f"Order {n}", f"/order {n}") for n in range(30)]
    (sent,) = _sent(Reply("Orders", buttons=(*buttons, Button("Again", "/order 3"))))
    assert [len(row) for row in sent.rows] == [5, 5, 5, 5, 5]
    assert sent.rows[0][3].label == "Order 3"
    assert read(_text(sent))[0].split("\n")[2:] == [f"/order {n}" for n in range(25, 30)]
