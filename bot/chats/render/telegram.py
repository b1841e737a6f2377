"""Replies as Telegram takes them: HTML, inline keyboards, captions, files (Bot API: sendMessage, sendPhoto).

Limits: a text of 4096 and a caption of 1024 UTF-16 units after the HTML is parsed, 100 entities,
callback data of 64 bytes, 8 buttons a row and 100 in all.
"""

from itertools import islice

import msgspec

from bot.chats.render.keys import Key, Kind, Shorten, keys_of
from bot.chats.render.pages import NUMBER, Format, Look, Page, blocks_of, numbered, paged, runs
from bot.chats.render.plain import plain, text_file
from bot.chats.render.tables import on_phone
from bot.chats.render.text import width
from handlers.reply import Image, Reply

MOST_TEXT, MOST_CAPTION = 4096, 1024
MOST_PAGES = 4  # more are sent as a file
ROW = 36  # characters of the labels beside each other, with PADDING around each
PADDING = 3
MOST_IN_ROW = 8
KEYS = Kind(most_label=64, most_data=64, most=100, size=lambda data: len(data.encode()))
TEXT = Format(MOST_TEXT - NUMBER)
CAPTION = Format(MOST_CAPTION)
IN_FILE = "All of it is in the file."

Keyboard = tuple[tuple[Key, ...], ...]
"""Rows of inline buttons."""


class TelegramMessage(msgspec.Struct, frozen=True):
    """One message; `html` is its text, or the caption of its photo or document (may be empty then).

    `plain` is the same without markup: to be sent without a parse mode when Telegram refuses the HTML.
    """

    html: str
    plain: str
    keyboard: Keyboard = ()
    photo: Image | None = None
    document: Image | None = None


def messages(reply: Reply, shorten: Shorten, *, title: str = "answer") -> tuple[TelegramMessage, ...]:
    """The reply as one or more messages to be sent in this order; the buttons are below the last.

    `title` names the file that a very long reply becomes.
    """
    keys, unpressed = keys_of(reply.buttons, KEYS, shorten)
    blocks = blocks_of(reply, on_phone(reply.table), unpressed)
    pages = list(islice(paged(blocks, TEXT), MOST_PAGES + 1))
    if len(pages) > MOST_PAGES:
        caption = next(paged(blocks, Format(MOST_CAPTION - len(IN_FILE) - 2)))
        made = [_message(caption, note=f"\n\n{IN_FILE}", document=text_file(reply, title))]
    else:
        made = [_message(page) for page in numbered(pages)]
    if reply.image is not None:
        captions = list(islice(paged(blocks, CAPTION), 2))
        if len(captions) < 2:
            made = [_message(captions[0] if captions else [], photo=reply.image)]
        else:
            made = [_message([], photo=reply.image), *made]
    return (*made[:-1], msgspec.structs.replace(made[-1], keyboard=_rows(keys)))


def escaped(text: str) -> str:
    """Text as HTML that shows it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _message(
    page: Page, *, note: str = "", photo: Image | None = None, document: Image | None = None
) -> TelegramMessage:
    return TelegramMessage(_html(page) + note, plain(page) + note, photo=photo, document=document)


def _html(page: Page) -> str:
    parts = []
    for look, lines in runs(page):
        if look is Look.MONO:
            parts.append(f"<pre>{escaped(chr(10).join(lines))}</pre>")
        else:
            parts += [f"<b>{escaped(line)}</b>" if look is Look.BOLD else escaped(line) for line in lines]
    return "\n".join(parts)


def _rows(keys: list[Key]) -> Keyboard:
    """Buttons beside each other as far as their labels can be read on a phone."""
    rows: list[list[Key]] = []
    used = 0
    for key in keys:
        wide = width(key.label) + PADDING
        if not rows or used + wide > ROW or len(rows[-1]) == MOST_IN_ROW:
            rows.append([])
            used = 0
        rows[-1].append(key)
        used += wide
    return tuple(map(tuple, rows))
