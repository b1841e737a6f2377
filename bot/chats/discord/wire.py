"""Our messages as the library sends them, and what its errors mean in plain words."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import discord

from bot.alerts.notifier import Undelivered
from bot.chats.render.discord import MOST_CONTENT, DiscordMessage
from bot.chats.render.keys import Key
from bot.chats.render.text import harmless, shortened
from handlers.reply import Reply, as_text

PATIENCE_S = 60.0  # for one request, the library's own repetitions included
BANNED_S = 60.0  # when Discord's proxy turns us away without saying for how long
PHONE = 40  # characters

# JSON error codes (Discord API, "Opcodes and Status Codes")
UNKNOWN_CHANNEL, UNKNOWN_MESSAGE, UNKNOWN_WEBHOOK, UNKNOWN_INTERACTION = 10003, 10008, 10015, 10062
ALREADY_ACKNOWLEDGED = 40060
MISSING_ACCESS, CANNOT_DM, MISSING_PERMISSIONS, BAD_TOKEN = 50001, 50007, 50013, 50027
BAD_FORM, ARCHIVED = 50035, 50083
GONE = frozenset({UNKNOWN_CHANNEL, UNKNOWN_MESSAGE, ARCHIVED})
LAPSED = frozenset({UNKNOWN_MESSAGE, UNKNOWN_WEBHOOK, UNKNOWN_INTERACTION, BAD_TOKEN})  # answer elsewhere

_STYLES = {
    "": discord.ButtonStyle.secondary,
    "success": discord.ButtonStyle.success,
    "danger": discord.ButtonStyle.danger,
}
TOKEN_REFUSED = "Discord refuses the bot's token: make a new one in the developer portal and set discord.token."
_WORDS = {
    UNKNOWN_CHANNEL: "There is no channel {where} on Discord: correct discord.channels.",
    MISSING_ACCESS: "The bot does not see channel {where} on Discord: give it View Channel there.",
    MISSING_PERMISSIONS: (
        "The bot may not write in channel {where} on Discord: "
        "give it Send Messages, Embed Links, Attach Files and Read Message History there."
    ),
    CANNOT_DM: "This person takes no direct messages from the bot on Discord.",
}


class Refused(Undelivered):
    """Discord said no; `number` is its error code, `status` that of HTTP."""

    def __init__(self, text: str, number: int, status: int, after_s: float = 0) -> None:
        super().__init__(text, after_s)
        self.number = number
        self.status = status


@asynccontextmanager
async def delivering(where: object = "", patience_s: float = PATIENCE_S) -> AsyncIterator[None]:
    """Make what the library raises one kind of error, without a token in it.

    Raises:
        Refused: Discord answered no.
        Undelivered: there was no answer; it may have arrived.
    """
    try:
        async with asyncio.timeout(patience_s):
            yield
    except discord.RateLimited as why:
        raise Undelivered("Discord asks to wait.", why.retry_after) from None
    except discord.HTTPException as why:
        raise _refused(why, where) from None
    except (OSError, aiohttp.ClientError) as why:  # a timeout is an OSError
        raise Undelivered(f"Discord does not answer ({type(why).__name__}).") from None


def _refused(why: discord.HTTPException, where: object) -> Refused:
    if why.status == 401 and why.code != BAD_TOKEN:
        return Refused(TOKEN_REFUSED, why.code, why.status)
    if why.status == 429:
        return Refused("Discord turns us away for a while.", why.code, why.status, _wait(why))
    words = _WORDS.get(why.code, "Discord answered {status} ({code}).")
    return Refused(words.format(where=where, status=why.status, code=why.code), why.code, why.status)


def _wait(why: discord.HTTPException) -> float:
    try:
        return float(why.response.headers.get("Retry-After", BANNED_S))
    except ValueError:
        return BANNED_S


# --- our messages as the library's -----------------------------------------------------------


def fields_of(message: DiscordMessage) -> dict[str, Any]:
    """A message as `send` takes it; what it has not is left out."""
    fields: dict[str, Any] = {}
    if message.content:
        fields["content"] = message.content
    if message.embed is not None:
        embed = discord.Embed(description=message.embed.description, colour=message.embed.colour)
        if message.embed.image:
            embed.set_image(url=f"attachment://{message.embed.image}")
        fields["embed"] = embed
    if message.rows:
        fields["view"] = _view(message.rows)
    if message.file is not None:
        fields["file"] = discord.File(io.BytesIO(message.file.content), filename=message.file.name)
    return fields


def whole_of(message: DiscordMessage) -> dict[str, Any]:
    """A message as `edit` takes it: what it has not is taken away."""
    fields = fields_of(message)
    file = fields.pop("file", None)
    return {"content": None, "embed": None, "view": None, **fields, "attachments": [file] if file else []}


def says(message: discord.Message, page: DiscordMessage) -> bool:
    """Whether a message of ours is this one: Discord cuts blanks at its ends."""
    described = [embed.description or "" for embed in message.embeds]
    wanted = [page.embed.description] if page.embed is not None else []
    same = message.content.strip() == page.content.strip() and [d.strip() for d in described] == [
        d.strip() for d in wanted
    ]
    return same and len(message.attachments) == (page.file is not None)


def _view(rows: tuple[tuple[Key, ...], ...]) -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    for number, row in enumerate(rows):
        for key in row:
            style = _STYLES[key.style]
            view.add_item(discord.ui.Button(style=style, label=key.label, custom_id=key.data, row=number))
    view.stop()  # presses come to us as interactions: the library need not remember every message
    return view


def in_plain(reply: Reply) -> DiscordMessage:
    """As much of a reply as one message of unformatted text holds: for a form that Discord refuses."""
    return DiscordMessage(content=shortened(harmless(as_text(reply, PHONE)), MOST_CONTENT))
