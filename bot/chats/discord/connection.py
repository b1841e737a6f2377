"""The connection to Discord: logged in once, then kept by the library, which resumes or begins anew."""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable

import discord
import structlog
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.alerts.notifier import Undelivered
from bot.chats.discord.wire import TOKEN_REFUSED, delivering
from bot.settings.sections import DiscordSettings
from bot.supervise import Mishap
from trading.errors import ConfigError

LOGIN_S = 20.0
PAUSES_S = (1, 2, 5, 15, 60)  # between attempts to log in
IDENTIFY_S = 5.0  # Discord lets one session begin in so long
RATE_LIMIT_S = 30.0  # the library waits for shorter ones, of longer ones we are told
OUTAGE = "Discord is not connected; trying again."
ENDPOINT = (
    "The Discord app has an Interactions Endpoint URL, so that no command reaches the bot: "
    "remove it in the developer portal."
)
_CLOSED = {4004: TOKEN_REFUSED, 4014: "Discord refuses the bot's intents; it needs none that are privileged."}

log = structlog.get_logger("tiller.discord")

Interaction = discord.Interaction[discord.Client]
Take = Callable[[Interaction], Awaitable[None]]
Joined = Callable[[discord.Client, int, bool], Awaitable[None]]
"""A server is there; the flag says whether the bot has just been invited to it."""


class Connection:
    """One bot's presence on Discord. `client` is set once it is logged in; `problem` is empty while it is connected."""

    def __init__(
        self,
        settings: DiscordSettings,
        take: Take,
        joined: Joined,
        mishap: Mishap,
        identify_s: float = IDENTIFY_S,
    ) -> None:
        self.client: discord.Client | None = None
        self.take = take
        self.joined = joined
        self.mishap = mishap
        self.identify_s = identify_s
        self._token = settings.token
        self._problem = OUTAGE
        self._closing = False
        # On every outage the library logs a traceback there; `problem` and our own log say it in a line.
        logging.getLogger("discord.client").setLevel(logging.CRITICAL)
        addressed(settings)

    @property
    def problem(self) -> str:
        """Why nothing comes through at present."""
        application = self.client.application if self.client is not None else None
        return self._problem or (ENDPOINT if application and application.interactions_endpoint_url else "")

    async def open(self) -> None:
        """Log in; an outage is left to `stay`.

        Raises:
            ConfigError: the token is refused.
        """
        try:
            await self._log_in()
        except Undelivered as why:
            self.lost(str(why))
        except discord.LoginFailure:
            raise ConfigError(TOKEN_REFUSED) from None

    async def stay(self, logged_in: Callable[[discord.Client], None]) -> None:
        """Be connected, until `close` or for as long as the token is good; `logged_in` is called with each client."""
        failed = 0
        while True:
            try:
                if self.client is None or self.client.is_closed():
                    await self._log_in()
                assert self.client is not None, "there is a client once we are logged in"
                logged_in(self.client)
                await self._be_connected(self.client)
            except discord.LoginFailure:
                self.lost(TOKEN_REFUSED)
            except Undelivered as why:
                self.lost(str(why))
                await asyncio.sleep(max(PAUSES_S[min(failed, len(PAUSES_S) - 1)], why.after_s))
                failed += 1
                continue
            return

    async def close(self) -> None:
        """Disconnect."""
        self._closing = True
        if self.client is not None:
            await self.client.close()
        self._problem = "Discord is switched off."

    def found(self) -> None:
        """It is connected."""
        self._problem = ""

    def lost(self, why: str = OUTAGE) -> None:
        """It is not, for this reason."""
        if not self._closing and why != self._problem:
            self._problem = why
            log.warning("the desk is not on Discord", why=why)

    async def _log_in(self) -> None:
        client = _Client(self)
        try:
            async with delivering("the login", LOGIN_S):
                await client.login(self._token.get_secret_value())
        except BaseException:
            await client.close()
            raise
        self.client = client

    async def _be_connected(self, client: discord.Client) -> None:
        try:
            await client.connect()
        except discord.ConnectionClosed as why:
            self.lost(_CLOSED.get(why.code, f"Discord has ended the connection for good ({why.code})."))
        except discord.PrivilegedIntentsRequired:
            self.lost(_CLOSED[4014])
        except AttributeError:
            # discord.py 2.7.1 cannot try again if its very first connection fails: it asks `ws`, which is None.
            if client.ws is not None:
                raise
            await client.close()
            raise Undelivered(OUTAGE) from None


def addressed(settings: DiscordSettings) -> None:
    """Send the library to the addresses of the settings; it keeps them for the whole process."""
    if settings.api_url:
        Route.BASE = settings.api_url.rstrip("/")
    if settings.gateway_url:
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(settings.gateway_url)


class _Client(discord.Client):
    """The library's client, with nothing kept that we do not use."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(
            intents=discord.Intents(guilds=True),  # not privileged; for the threads of cards
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            guild_ready_timeout=0.0,
            max_ratelimit_timeout=RATE_LIMIT_S,
        )
        self._desk = connection

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        if not initial:
            await asyncio.sleep(self._desk.identify_s)

    async def on_interaction(self, i: Interaction) -> None:
        await self._desk.take(i)

    async def on_connect(self) -> None:
        self._desk.found()

    async def on_resumed(self) -> None:
        self._desk.found()

    async def on_disconnect(self) -> None:
        self._desk.lost()

    async def on_guild_join(self, guild: discord.Guild) -> None:
        await self._desk.joined(self, guild.id, True)

    async def on_guild_available(self, guild: discord.Guild) -> None:
        await self._desk.joined(self, guild.id, False)

    async def on_error(self, event_method: str, /, *args: object, **kwargs: object) -> None:
        """What `take` and the others failed with; the library calls this while it handles that."""
        if isinstance(why := sys.exc_info()[1], Exception):
            await self._desk.mishap("discord", why)
