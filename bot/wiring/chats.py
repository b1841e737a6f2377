"""Where the desk is talked to, and which parts talk. A chat's library is imported only where it is configured."""

import hmac
from collections.abc import AsyncIterator

from bot.chats.base import Connect
from bot.chats.memory import Memory
from bot.settings.models import Settings

WEBHOOK = "/telegram"
"""Where Telegram brings messages in webhook mode, on our own web server."""


def build_chats(settings: Settings) -> dict[str, Connect]:
    """How to connect to each chat that has a token, by name."""
    chats: dict[str, Connect] = {}
    if settings.telegram.token.get_secret_value():
        chats["telegram"] = _telegram(settings)
    if settings.discord.token.get_secret_value():
        chats["discord"] = _discord(settings)
    return chats


async def look_at_chats(settings: Settings) -> AsyncIterator[tuple[str, bool, str]]:
    """Ask each chat that has a token: what was looked at, whether it is fine, and about it."""
    if settings.telegram.token.get_secret_value():
        from bot.chats.telegram import check as telegram

        async for found in telegram.look(settings.telegram):
            yield found
    if settings.discord.token.get_secret_value():
        from bot.chats.discord import check as discord

        async for found in discord.look(settings.discord):
            yield found


def _telegram(settings: Settings) -> Connect:
    from bot.chats.telegram.chat import telegram_chat
    from bot.chats.telegram.inbox import Webhook

    token, address = settings.telegram.token.get_secret_value(), settings.telegram.webhook_url
    # Telegram shows the secret with each message: derived from the token, it tells nothing of it.
    secret = hmac.digest(token.encode(), b"webhook", "sha256").hex()
    return telegram_chat(
        settings.telegram,
        memory=Memory(settings.data_dir / "telegram.json"),
        webhook=Webhook(f"{address.rstrip('/')}{WEBHOOK}", secret) if address else None,
    )


def _discord(settings: Settings) -> Connect:
    from bot.chats.discord.chat import discord_chat

    return discord_chat(settings.discord, Memory(settings.data_dir / "discord.json"))
