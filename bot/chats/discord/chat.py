"""The desk on Discord, by discord.py: slash commands and buttons in, answers and alerts out. No privileged intents.

Imported only where a token is configured.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import discord

from bot.alerts.bursts import Change
from bot.chats.answering import Answering
from bot.chats.base import ButtonLines, Chat, Connect, House, MessageRef, Place, destination, told
from bot.chats.discord.answers import NAME, Answers, Interaction
from bot.chats.discord.cards import Cards
from bot.chats.discord.connection import IDENTIFY_S, Connection
from bot.chats.discord.interactions import Interactions
from bot.chats.discord.register import Registration
from bot.chats.discord.sending import Sender
from bot.chats.memory import Memory
from bot.settings.sections import DiscordSettings
from bot.supervise import Supervisor
from handlers.alerts import Alert
from handlers.reply import Reply
from handlers.spec import REGISTRY, CommandSpec
from trading.control import Founding

FINISH_S = 10.0  # for what was begun when we stop
ROOM = 1500  # characters of several alerts at once: one message of 2,000, however they are escaped


def discord_chat(
    settings: DiscordSettings,
    memory: Memory,
    registry: Mapping[str, CommandSpec] = REGISTRY,
    *,
    identify_s: float = IDENTIFY_S,
) -> Connect:
    """How the desk connects to Discord; `memory` is kept across restarts."""

    async def connect(house: House) -> Chat:
        return DiscordChat(settings, memory, registry, house, identify_s)

    return connect


class DiscordChat:
    """Implements `bot.chats.base.Chat`."""

    name = NAME

    def __init__(
        self,
        settings: DiscordSettings,
        memory: Memory,
        registry: Mapping[str, CommandSpec],
        house: House,
        identify_s: float = IDENTIFY_S,
    ) -> None:
        self._settings = settings
        self._memory = memory
        self._notifier = house.notifier
        self._book = house.book
        channels = frozenset(channel.id for channel in settings.channels)
        self._sender = Sender(ButtonLines(), channels, self._book.clock)
        self._cards = Cards(self._sender, memory, self._book)
        self._answering = Answering()
        self._answers = Answers(self._sender, self._cards, memory, self._answering)
        self._interactions = Interactions(house, self._sender, self._answers, self._answering, channels, registry)
        self._registration = Registration(registry, memory)
        self._connection = Connection(settings, self._take, self._joined, house.mishap, identify_s)
        self._mishap = house.mishap
        self._supervisor = Supervisor(self._stopped)
        self._tasks: set[asyncio.Task[None]] = set()
        self._begun: set[asyncio.Task[Any]] = set()
        self._taking = False
        self._broken = ""

    # --- Chat --------------------------------------------------------------------------------

    @property
    def problem(self) -> str:
        """Why it does not work at present; empty while it does."""
        refused = (*self._registration.problems.values(), *self._sender.problems.values())
        return self._broken or self._connection.problem or next(iter(refused), "")

    async def start(self) -> None:
        """Log in, register the commands, take lines, tell the configured channels.

        Raises:
            ConfigError: the token is refused.
        """
        await self._connection.open()
        self._sender.client = self._connection.client
        self._taking = True
        self._cards.start()
        for channel in self._settings.channels:
            place = Place(channel.id)
            name, tell = destination(NAME, place), partial(self._tell, place)
            await self._notifier.attach(name, tell, kinds=channel.alerts, quiet=channel.quiet, room=ROOM)
        self._begin("discord", partial(self._connection.stay, self._logged_in))

    async def stop(self) -> None:
        """Take no more, finish what was begun, disconnect."""
        self._taking = False
        if self._begun:
            await asyncio.wait(self._begun, timeout=FINISH_S)
        await self._cards.stop()
        await self._connection.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def receive(self, secret: str, body: bytes) -> int:
        """Discord brings nothing: we are connected to it."""
        return 404

    async def send(
        self,
        place: Place,
        what: Reply | Alert,
        *,
        reply_to: MessageRef | None = None,
        silent: bool = False,
        once: str = "",
    ) -> MessageRef:
        """Say something; see Chat.send.

        Raises:
            Undelivered: it may not have arrived.
        """
        reply, content = told(what), isinstance(what, Alert)
        ref = await self._sender.send(place, reply, content=content, reply_to=reply_to, silent=silent, once=once)
        if isinstance(what, Reply):
            self._answers.shown(reply, ref)
        else:
            self._cards.shown(reply, ref)  # what is decided about an alert is shown in it
        return ref

    async def edit(self, ref: MessageRef, reply: Reply) -> None:
        """Make a message say this; see Chat.edit.

        Raises:
            Undelivered: it may not have been changed.
        """
        await self._sender.edit(ref, reply)

    # --- alerts ------------------------------------------------------------------------------

    async def _tell(self, place: Place, alert: Alert, silent: bool) -> Change | None:
        """Tell an alert to a channel, below its order's card or as that card; answers how to change it."""
        if not await self._answering.is_news(place, alert):
            return None
        founding = self._book.get(Founding, "desk")
        once = f"{founding.desk_id if founding else ''}:{place}:{alert.seq}"
        card = self._memory.card(alert.order_id, place) if alert.order_id else None
        ref = await self.send(place, alert, reply_to=card, silent=silent, once=once)
        if alert.order_id and self._memory.card(alert.order_id, place) is None:
            self._memory.keep_card(alert.order_id, ref)

        async def change(news: Alert) -> None:
            await self._sender.edit(ref, told(news), content=True)

        return change

    # --- what the connection tells -----------------------------------------------------------

    def _logged_in(self, client: discord.Client) -> None:
        self._sender.client = client
        self._begin("discord commands", partial(self._registration.run, client, self._settings.guilds))

    async def _take(self, i: Interaction) -> None:
        """One interaction; the library calls this in a task of its own."""
        task = asyncio.current_task()
        if not self._taking or task is None:
            return
        self._begun.add(task)
        task.add_done_callback(self._begun.discard)
        await self._interactions.take(i)

    async def _joined(self, client: discord.Client, guild: int, invited: bool) -> None:
        """A server is there; if the bot was just invited, whatever was registered there before is gone."""
        if guild in self._settings.guilds:
            await self._registration.register(client, guild, again=invited)

    def _begin(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        task = asyncio.create_task(self._supervisor.attempt(name, work), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _stopped(self, where: str, why: Exception) -> None:
        """What should not have failed is told: it cannot be begun again blindly."""
        self._broken = f"The Discord chat stopped ({type(why).__name__}): restart the bot."
        await self._mishap(where, why)
