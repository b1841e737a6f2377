"""What `tiller check` says of Telegram: the bot, and each chat of the settings."""

from collections.abc import AsyncIterator
from functools import partial

from bot.alerts.notifier import Undelivered
from bot.chats.telegram.wire import REVOKED, Refused, Wire
from bot.settings.sections import TelegramSettings


async def look(settings: TelegramSettings) -> AsyncIterator[tuple[str, bool, str]]:
    """What was looked at, whether it is fine, and what it is, or what is wrong and what to do about it."""
    wire = Wire(settings.token.get_secret_value(), settings.base_url, (), lambda old, new: None)
    try:
        try:
            me = await wire.ask(wire.bot.get_me)
        except (Undelivered, Refused) as why:
            remedy = "" if str(why) == REVOKED else " Check the network and [telegram] base_url."
            yield "telegram", False, f"{why}{remedy}"
            return
        yield "telegram", True, f"@{me.username}, {me.first_name}"
        for chat in settings.chats:
            name = f"telegram chat {chat.id}"
            try:
                found = await wire.ask(partial(wire.bot.get_chat, chat.id))
            except (Undelivered, Refused) as why:
                yield name, False, f"{why}. Add the bot to the chat, or correct its id in [telegram] chats."
            else:
                yield name, True, found.title or found.full_name or found.type
        if not settings.chats:
            yield "telegram chats", True, "none: nothing is told, people are answered in private"
    finally:
        await wire.close()
