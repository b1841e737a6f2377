"""HTML and entities: "HTML style" and "MessageEntity" of the documentation, the errors of the public server."""

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.emulators.telegram.caller import calling
from tests.emulators.telegram.entities import Styled, clean, discover, units
from tests.emulators.telegram.html import parse_html
from tests.emulators.telegram.refusals import Refusal


@pytest.mark.parametrize(
    ("source", "text", "entities"),
    [
        ("<b>bold</b>, <strong>bold</strong>", "bold, bold", [("bold", 0, 4), ("bold", 6, 4)]),
        ("<i>i</i><em>e</em>", "ie", [("italic", 0, 1), ("italic", 1, 1)]),
        ("<u>u</u><ins>n</ins>", "un", [("underline", 0, 1), ("underline", 1, 1)]),
        ("<s>s</s><strike>t</strike><del>d</del>", "std", [("strikethrough", at, 1) for at in range(3)]),
        ('<span class="tg-spoiler">a</span><tg-spoiler>b</tg-spoiler>', "ab", [("spoiler", 0, 1), ("spoiler", 1, 1)]),
        ('<a href="http://www.example.com/">link</a>', "link", [("text_link", 0, 4)]),
        ("<code>x</code> <pre>y</pre>", "x y", [("code", 0, 1), ("pre", 2, 1)]),
        ('<pre><code class="language-python">z = 1</code></pre>', "z = 1", [("pre", 0, 5)]),
        ("<blockquote>q\nr</blockquote>", "q\nr", [("blockquote", 0, 3)]),
        ("<blockquote expandable>q</blockquote>", "q", [("expandable_blockquote", 0, 1)]),
        # Entities nest; offsets count UTF-16 units, of which an emoji has two.
        ("🚀<b>a <i>b</i></b>", "🚀a b", [("bold", 2, 3), ("italic", 4, 1)]),
        ("&lt;b&gt; &amp; &quot; &#128640;&#x1F680; &copy; &", '<b> & " 🚀🚀 &copy; &', []),
        ("<B>x</b>", "x", [("bold", 0, 1)]),
        ("<b></b>x", "x", []),
    ],
)
def test_html_is_read(source: str, text: str, entities: list[tuple[str, int, int]]) -> None:
    read = parse_html(source)
    assert read.text == text
    assert [(one.type, one.offset, one.length) for one in read.entities] == entities


def test_what_an_entity_carries() -> None:
    read = parse_html(
        '<a href="tg://user?id=7">m</a><a href="example.com/a?b=1&amp;c=2">l</a>'
        '<pre><code class="language-py">c</code></pre><tg-emoji emoji-id="5368">👍</tg-emoji>'
    )
    rows = read.rows(lambda number: {"id": number})
    assert rows[0]["user"] == {"id": 7}
    assert rows[1]["url"] == "http://example.com/a?b=1&c=2"
    assert rows[2]["language"] == "py"
    assert rows[3] == {"type": "custom_emoji", "offset": 3, "length": 2, "custom_emoji_id": "5368"}


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("a < b", 'Unsupported start tag "" at byte offset 2'),
        ("é<h1>x</h1>", 'Unsupported start tag "h1" at byte offset 2'),
        ("<b", "Unclosed start tag at byte offset 0"),
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ('<a href="x', "Unclosed start tag at byte offset 0"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ('<a href=x"y>z</a>', "Unexpected end of name token at byte offset 8"),
        ('<tg-emoji emoji-id="x">y</tg-emoji>', "Invalid custom emoji identifier specified"),
    ],
)
def test_html_that_is_none_is_refused(source: str, error: str) -> None:
    with pytest.raises(Refusal) as refusal:
        parse_html(source)
    assert (refusal.value.code, refusal.value.description) == (400, f"Bad Request: can't parse entities: {error}")


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_escaped_text_says_what_it_said(text: str) -> None:
    assert parse_html(f"<i>{html.escape(text, quote=False)}</i>").text == text


def _outcome(source: str) -> Styled | Refusal:
    try:
        return parse_html(source)
    except Refusal as refusal:
        return refusal


@given(st.text(st.sampled_from("<>/&;=\"' abiu#x1\n🚀"), max_size=40))
def test_any_text_is_read_or_refused(source: str) -> None:
    read = _outcome(source)
    if isinstance(read, Refusal):
        assert read.description.startswith("Bad Request: can't parse entities: ")
    else:
        assert all(one.offset >= 0 and one.length > 0 and one.end <= units(read.text) for one in read.entities)


@given(st.text(st.sampled_from(" \n\r\t\u202e\u2066ab<>🚀"), max_size=20), st.text(" \nc\u202e", max_size=5))
def test_cleaning_keeps_entities_on_their_words(before: str, after: str) -> None:
    styled = parse_html(f"{html.escape(before)}<b>word</b>{html.escape(after)}")
    cleaned = clean(styled)
    assert cleaned.parts("bold") == ["word"]
    assert not cleaned.text.startswith((" ", "\n"))
    assert "\u202e" not in cleaned.text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("/buy BTC/USDT 0.01", [("bot_command", "/buy")]),
        ("/buy@Tiller_Bot x", [("bot_command", "/buy@Tiller_Bot")]),
        ("a/b //x /<", []),
        ("/x@ab", []),  # a name has three letters at least
        ("@ana $BTC #win https://x.io/a.", [("mention", "@ana"), ("cashtag", "$BTC"), ("hashtag", "#win")]),
        ("$100 #1 a@b.c", []),
        ("🚀 /kill", [("bot_command", "/kill")]),
    ],
)
def test_the_server_finds_commands_and_tags(text: str, found: list[tuple[str, str]]) -> None:
    styled = discover(Styled(text))
    assert [(one.type, styled.part(one)) for one in styled.entities if one.type != "url"] == found


def test_nothing_is_found_in_code() -> None:
    assert [one.type for one in discover(parse_html("<code>/kill @ana</code> /help")).entities] == [
        "code",
        "bot_command",
    ]


async def test_a_text_has_4096_units_after_its_entities_were_parsed() -> None:
    async with calling() as (telegram, call):
        ana = telegram.person(1111, "Ana")
        await call.sends(1111, f"<b>{'x' * 4090}</b>&lt;&gt;🚀🚀", parse_mode="HTML")
        assert units(ana.chat.messages[0].text) == 4096
        too_long = "400 Bad Request: message is too long"
        assert await call.refused("sendMessage", chat_id=1111, text="x" * 4097) == too_long
        assert await call.refused("sendMessage", chat_id=1111, text="🚀" * 2049) == too_long
        assert await call.refused("sendMessage", chat_id=1111, text="x" * 32_769) == "400 Bad Request: text is too long"


@pytest.mark.parametrize("text", [" \n ", "\u200b", "<b> </b>"])
async def test_a_text_must_say_something(text: str) -> None:
    async with calling() as (telegram, call):
        telegram.person(1111, "Ana")
        refused = await call.refused("sendMessage", chat_id=1111, text=text, parse_mode="HTML")
        assert refused == "400 Bad Request: text must be non-empty"
        assert await call.refused("sendMessage", chat_id=1111, text="") == "400 Bad Request: message text is empty"


async def test_entities_can_be_sent_instead_of_a_mode() -> None:
    async with calling() as (telegram, call):
        ana = telegram.person(1111, "Ana")
        await call.sends(1111, "🚀 buy", entities=[{"type": "bold", "offset": 3, "length": 3}])
        assert ana.chat.messages[0].styled.parts("bold") == ["buy"]
        assert "parse_mode" in await call.refused("sendMessage", chat_id=1111, text="x", parse_mode="xml")
