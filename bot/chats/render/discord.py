"""Replies as Discord takes them: embeds, content, components, files (Discord API: Create Message).

Limits: content of 2000 and an embed's description of 4096 characters, 6000 in all embeds of a message,
5 rows of 5 buttons with labels of 80 and ids of 100 characters, no id twice. The embed has no fields:
a description takes more of a list than 25 of them, and reads the same on a phone.
"""

import re
from itertools import islice, zip_longest

import msgspec

from bot.chats.render.keys import Key, Kind, Shorten, keys_of
from bot.chats.render.pages import NUMBER, Format, Line, Look, Page, blocks_of, numbered, paged, runs
from bot.chats.render.plain import text_file
from bot.chats.render.tables import on_phone
from bot.chats.render.text import BREAK, units
from handlers.reply import Image, Reply, Tone

MOST_CONTENT, MOST_DESCRIPTION = 2000, 4096
MOST_PAGES = 3  # more are sent as a file
IN_ROW, MOST_ROWS = 5, 5
KEYS = Kind(most_label=80, most_data=100, most=IN_ROW * MOST_ROWS, size=lambda data: len(data.encode("utf-16-le")) // 2)
COLOURS = {Tone.INFO: 0x5865F2, Tone.GOOD: 0x2ECC71, Tone.BAD: 0xE74C3C, Tone.WARN: 0xF1C40F}
IN_FILE = "All of it is in the file."
FENCE = len("```\n") + len("\n```")

_MARKUP = re.compile(r"[\\*_~|`\[<]|:(?=(?:[\w+-]{0,30}[A-Za-z][\w+-]{0,30}|[+-]1|100|1234):)")  # `:name:` is an emoji
_LINE_MARKUP = re.compile(r"^( *)(?:([#>+-])|([0-9]+)(\.))")
_FILE_NAME = re.compile(r"[^A-Za-z0-9._-]+")


class Embed(msgspec.Struct, frozen=True):
    """A coloured card; `image` is the name of the message's file that it shows."""

    description: str
    colour: int
    image: str = ""


class DiscordMessage(msgspec.Struct, frozen=True):
    """One message. It mentions nobody, and is to be sent with `allowed_mentions` that allow none besides.

    `ephemeral`: for the asker's eyes, where the chat can do that.
    """

    content: str = ""
    embed: Embed | None = None
    rows: tuple[tuple[Key, ...], ...] = ()
    file: Image | None = None
    ephemeral: bool = False


def messages(
    reply: Reply, shorten: Shorten, *, title: str = "answer", content: bool = False
) -> tuple[DiscordMessage, ...]:
    """The reply as one or more messages to be sent in this order; the buttons are below the last.

    `title` names the file that a very long reply becomes. `content`: not in an embed, but as what a
    phone shows before it is unlocked; for alerts.
    """
    keys, unpressed = keys_of(reply.buttons, KEYS, shorten)
    blocks = blocks_of(reply, on_phone(reply.table), unpressed)
    form = Format((MOST_CONTENT if content else MOST_DESCRIPTION) - NUMBER, _cost, FENCE)
    pages = list(islice(paged(blocks, form), MOST_PAGES + 1))
    files = [_sent_as(reply.image)] if reply.image else []
    if len(pages) > MOST_PAGES:
        pages = [[*next(paged(blocks, msgspec.structs.replace(form, most=MOST_CONTENT - 40))), Line(IN_FILE)]]
        files.append(text_file(reply, title))
    # One file a message, the picture with the first; a message may be a file alone.
    pairs = zip_longest(numbered(pages), files)
    made = [_message(page or [], reply, file, content) for page, file in pairs]
    rows = tuple(tuple(keys[n : n + IN_ROW]) for n in range(0, len(keys), IN_ROW))
    return (*made[:-1], msgspec.structs.replace(made[-1], rows=rows))


def escaped(text: str) -> str:
    """A harmless line as Markdown that shows it."""
    text = _MARKUP.sub(r"\\\g<0>", text)
    return _LINE_MARKUP.sub(lambda m: f"{m[1]}\\{m[2]}" if m[2] else f"{m[1]}{m[3]}\\.", text)


def _fenced(text: str) -> str:
    """A line within a code block, which has no escapes."""
    return text.replace("`", f"`{BREAK}")


def _formatted(line: Line) -> str:
    if line.look is Look.MONO:
        return _fenced(line.text)
    return f"**{escaped(line.text)}**" if line.look is Look.BOLD and line.text else escaped(line.text)


def _cost(line: Line) -> int:
    return units(_formatted(line))


def _markdown(page: Page) -> str:
    parts = []
    for look, lines in runs(page):
        shown = [_formatted(Line(line, look)) for line in lines]
        parts += ["```\n" + "\n".join(shown) + "\n```"] if look is Look.MONO else shown
    return "\n".join(parts)


def _message(page: Page, reply: Reply, file: Image | None, content: bool) -> DiscordMessage:
    text = _markdown(page)
    picture = file.name if file and reply.image and file.content is reply.image.content else ""
    if content or not (text or picture):
        return DiscordMessage(content=text, file=file, ephemeral=reply.private)
    embed = Embed(text, COLOURS[reply.tone], picture)
    return DiscordMessage(embed=embed, file=file, ephemeral=reply.private)


def _sent_as(image: Image) -> Image:
    """The picture under a name that an embed can refer to."""
    return Image(_FILE_NAME.sub("-", image.name).strip("-.") or "picture.png", image.content)
