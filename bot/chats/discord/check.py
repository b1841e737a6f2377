"""What `tiller check` says of Discord: the bot, and each server and channel of the settings."""

from collections.abc import AsyncIterator

import discord

from bot.alerts.notifier import Undelivered
from bot.chats.discord.connection import addressed
from bot.chats.discord.wire import TOKEN_REFUSED, delivering
from bot.settings.sections import DiscordSettings

LOGIN_S = 20.0


async def look(settings: DiscordSettings) -> AsyncIterator[tuple[str, bool, str]]:
    """What was looked at, whether it is fine, and what it is, or what is wrong and what to do about it."""
    addressed(settings)
    async with discord.Client(intents=discord.Intents.none()) as client:
        try:
            async with delivering("the login", LOGIN_S):
                await client.login(settings.token.get_secret_value())
        except discord.LoginFailure:
            yield "discord", False, TOKEN_REFUSED
            return
        except Undelivered as why:
            yield "discord", False, f"{why} Check the network and [discord] api_url."
            return
        yield "discord", True, str(client.user)
        for guild in settings.guilds:
            try:
                async with delivering(guild, LOGIN_S):
                    found = await client.fetch_guild(guild, with_counts=False)
            except Undelivered:
                invite = "Invite it with the scopes bot and applications.commands."
                yield f"discord server {guild}", False, f"The bot is not there. {invite}"
            else:
                yield f"discord server {guild}", True, found.name
        for channel in settings.channels:
            try:
                async with delivering(channel.id, LOGIN_S):
                    seen = await client.fetch_channel(channel.id)
            except Undelivered as why:
                yield f"discord channel {channel.id}", False, str(why)
            else:
                yield f"discord channel {channel.id}", True, f"#{getattr(seen, 'name', channel.id)}"
