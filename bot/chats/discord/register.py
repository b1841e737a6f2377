"""Slash commands made known to Discord: for each server, and for direct messages; only when they have changed."""

import asyncio
from collections.abc import Iterable, Mapping

import discord
import structlog

from bot.alerts.notifier import Undelivered
from bot.chats.discord.commands import Json, declarations, fingerprint
from bot.chats.discord.wire import MISSING_ACCESS, Refused, delivering
from bot.chats.memory import Memory
from handlers.spec import CommandSpec

PAUSES_S = (1, 5, 15, 60, 300)
PRIVATE = 0  # the scope of direct messages, in place of a server's id

log = structlog.get_logger("tiller.discord")


class Registration:
    """Registers the commands. `problems` says in plain words where it could not, by server."""

    def __init__(self, registry: Mapping[str, CommandSpec], memory: Memory) -> None:
        self._registry = registry
        self._memory = memory
        self.problems: dict[int, str] = {}
        self._busy: set[int] = set()

    async def run(self, client: discord.Client, guilds: Iterable[int]) -> None:
        """Register for direct messages and these servers, each until it is done or refused."""
        for guild in (PRIVATE, *guilds):
            await self.register(client, guild)

    async def register(self, client: discord.Client, guild: int, *, again: bool = False) -> None:
        """Register for one server what has changed since the last time; `again`: in any case."""
        application = client.application_id or 0
        scope = f"{application}/{guild}"
        declared = declarations(self._registry, private=guild == PRIVATE)
        if guild in self._busy or (self._memory.registered(scope) == fingerprint(declared) and not again):
            return
        self._busy.add(guild)
        try:
            if await self._insist(client, application, guild, declared):
                self._memory.register(scope, fingerprint(declared))
        finally:
            self._busy.discard(guild)

    async def _insist(self, client: discord.Client, application: int, guild: int, declared: list[Json]) -> bool:
        """Try until it is done (True) or refused."""
        failed = 0
        while True:
            try:
                async with delivering(guild, 120):
                    if guild == PRIVATE:
                        await client.http.bulk_upsert_global_commands(application, declared)
                    else:
                        await client.http.bulk_upsert_guild_commands(application, guild, declared)
            except Undelivered as why:
                self.problems[guild] = _words(guild, why)
                if isinstance(why, Refused) and 400 <= why.status < 500 and why.status != 429:
                    log.warning("the commands were not registered", guild=guild, why=self.problems[guild])
                    return False
                await asyncio.sleep(max(PAUSES_S[min(failed, len(PAUSES_S) - 1)], why.after_s))
                failed += 1
            else:
                self.problems.pop(guild, None)
                return True


def _words(guild: int, why: Undelivered) -> str:
    if isinstance(why, Refused) and why.number == MISSING_ACCESS:
        return f"The bot is not in server {guild} on Discord: invite it with the scopes bot and applications.commands."
    return f"The commands are not registered on Discord yet: {why}"
