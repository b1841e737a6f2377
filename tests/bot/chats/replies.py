"""Replies that a chat must be able to show: any text anywhere, and every trick that text can hold."""

from hypothesis import strategies as st

from bot.chats.base import ButtonLines
from handlers.reply import Button, Image, Reply, Table, Tone

TRICKS = (
    "<b>", "</b>", "<a href='x'>", "&", "&amp;", "&lt;b&gt;", "&#60;", "<pre>", "<!--", "@everyone", "@here",
    "<@123456789012345678>", "<@&123456789012345678>", "<#1>", "<t:1:R>", "</kill:1>", "```", "`", "**", "*", "__", "_",
    "~~", "||", "\\", "\\\\*", "[a](http://x.y)", ":skull:", ":a_b:", ":100:", "# ", "-# ", "- ", "> ", "1. ", "+ ",
    "\u202e", "\u2066", "\u200b", "\u200d", "\ufeff", "\u3164", "\u2028", "\r\n", "\t", "\0",
    "\x1b[2J", "\ud83d", "\udc00",
    "😀", "👨‍👩‍👧", "👍🏽", "🇦🇹", "⚠️", "é", "e\u0301", "z" + "\u0334\u0336\u0321" * 8, "\u0301",
    "שלום", "مرحبا 12", "你好", "\n", "\n\n\n", " ", "/buy BTC/USDT 0.01", "16:50:51", "http://x.y/a_b_c",
)  # fmt: skip
SHORT = st.one_of(st.sampled_from(TRICKS), st.text(st.characters(), max_size=12))
ANY = st.lists(SHORT, max_size=12).map("".join)
LONG = st.builds(lambda text, times: (text * times)[:10_000], ANY, st.integers(1, 400))
ASCII = st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="@") | st.just("\n"))


@st.composite
def tables(draw: st.DrawFn, cells: st.SearchStrategy[str] = ANY) -> Table:
    """Any table; some say which columns a phone keeps."""
    columns = draw(st.lists(cells, min_size=1, max_size=7, unique=True))
    rows = draw(st.lists(st.tuples(*[cells] * len(columns)), max_size=4))
    times = draw(st.sampled_from([1, 1, 1, 20]))
    return Table.of(columns, rows * times, draw(st.lists(st.sampled_from(columns), max_size=4, unique=True)))


_LINES = st.builds(lambda text, times: text * times, ANY, st.integers(1, 9))


@st.composite
def buttons(draw: st.DrawFn) -> tuple[Button, ...]:
    """Any buttons: none, a few, or more than fit."""
    few = draw(st.lists(st.builds(Button, label=ANY, line=_LINES), max_size=8))
    times = draw(st.sampled_from([1, 1, 1, 30])) if len(few) < 5 else 1
    return tuple(Button(button.label, button.line + "." * n) for n in range(times) for button in few)


REPLIES = st.builds(
    Reply,
    text=LONG.map(lambda text: text[:4_000]),
    ok=st.booleans(),
    tone=st.sampled_from(Tone),
    table=st.none() | tables(SHORT),
    buttons=buttons(),
    image=st.sampled_from([None, None, Image("chart.png", b"\x89PNG")]),
    private=st.booleans(),
)


def shorten(line: str) -> str:
    """The token a chat would use."""
    return ButtonLines().shorten(line)


def bare(text: str) -> str:
    """The text without spaces and without what is shown as nothing."""
    return "".join(c for c in text if not c.isspace() and c not in "\u200b\u2068\u2069")
