"""A whole desk in this process with both of its chats, talking to the emulated Telegram and Discord over sockets."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route
from pydantic import SecretStr

from bot.alerts.notifier import Notifier
from bot.app import App
from bot.chats.base import Chat, House
from bot.chats.discord.chat import discord_chat
from bot.chats.memory import Memory
from bot.chats.telegram.chat import telegram_chat
from bot.people import People
from bot.settings.sections import DiscordSettings, TelegramSettings
from bot.supervise import Supervisor
from tests.emulators.discord.message import Message as Shown
from tests.emulators.discord.people import Asked
from tests.emulators.discord.server import Discord
from tests.emulators.telegram.chats import Message
from tests.emulators.telegram.people import Person
from tests.emulators.telegram.server import Telegram
from tests.running import running
from trading.book import Book

ANA, BEN, EVE, ZOE = 1111, 3333, 6666, 5555  # on Telegram
DC = 10_000  # what is added to make the same person's id on Discord
GROUP, CHANNEL = -1_001_000_000_077, 2
TOML = f"""
[confirm]
orders = "always"
[people.ana]
role = "admin"
telegram = {ANA}
discord = {ANA + DC}
[people.ben]
role = "trader"
telegram = {BEN}
discord = {BEN + DC}
"""


class Both:
    """The desk and the two chats, with people on both: ana and ben of the settings, eve and zoe unknown."""

    def __init__(self, app: App, telegram: Telegram, discord: Discord, group: int) -> None:
        self.app, self.telegram, self.discord = app, telegram, discord
        self.ana, self.ben = telegram.person(ANA, "Ana"), telegram.person(BEN, "Ben")
        self.eve, self.zoe = telegram.person(EVE, "Eve"), telegram.person(ZOE, "Zoe")
        self.group = telegram.group(group, "Desk", self.ana, self.ben, self.eve, self.zoe)
        self.channel = discord.channel(CHANNEL, "trading")
        names = {"ana": ANA, "ben": BEN, "eve": EVE, "zoe": ZOE}
        people = {name: discord.person(number + DC, name) for name, number in names.items()}
        self.dc_ana, self.dc_ben, self.dc_eve, self.dc_zoe = people.values()
        self.chats: list[Chat] = []

    @property
    def book(self) -> Book:
        return self.app.book

    @property
    def people(self) -> People:
        return self.app.desk.people

    async def told(self, person: Person, line: str, chat: Any = None) -> Message:
        """What the desk answers to a line on Telegram; in private unless another chat is named."""
        place = chat or person.chat
        before = len(self.by_bot(place))
        await person.says(place, line)
        await self.telegram.until(lambda: len(self.by_bot(place)) > before)
        return self.by_bot(place)[before]

    def by_bot(self, chat: Any) -> list[Message]:
        return [message for message in chat.messages if message.sender is self.telegram.bot]

    async def below(self, pressed: Asked) -> Shown:
        """The message that answers a press on Discord."""
        found = pressed.interaction.followups
        assert await self.discord.changes.until(lambda: bool(found), 5)
        return found[0]

    async def reads(self, shown: Shown, text: str) -> None:
        """Wait until a card on Discord says this and has no buttons."""
        assert await self.discord.changes.until(lambda: text in shown.text and not shown.buttons, 5), shown.text

    async def expire(self) -> None:
        """Let what waits wait too long."""
        await self.app.dispatcher.confirmations.expire(self.app.clock.now() + timedelta(hours=1))


@asynccontextmanager
async def both_chats(folder: Path, toml: str = TOML, alerts: str = "risk", group: int = GROUP) -> AsyncIterator[Both]:
    """The desk, connected to both; `alerts` are the kinds that both are told in the group and in the channel."""
    base, gateway = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    mishaps: list[Exception] = []

    async def mishap(where: str, why: Exception) -> None:
        mishaps.append(why)

    try:
        async with AsyncExitStack() as stack:
            discord = Discord()
            discord.limits.off()
            discord.gateway.identify_seconds = 0
            telegram = await stack.enter_async_context(Telegram())
            await stack.enter_async_context(discord)
            desk = await stack.enter_async_context(running(folder, toml=toml))
            both = Both(desk.app, telegram, discord, group)
            notifier = Notifier(both.book.journal, both.book, Supervisor(mishap))
            stack.push_async_callback(notifier.stop)
            house = House(desk.app, both.people, notifier, both.book, mishap)
            for connect in (_telegram(telegram, alerts, group), _discord(discord, alerts, folder)):
                chat = await connect(house)
                stack.push_async_callback(chat.stop)
                await chat.start()
                both.chats.append(chat)
            notifier.start()
            await discord.ready()
            assert await discord.changes.until(lambda: bool(discord.commands.all(1)), 5)
            yield both
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = base, yarl.URL(gateway)
    assert not mishaps, mishaps


def _telegram(telegram: Telegram, alerts: str, group: int) -> Any:
    written = {
        "token": SecretStr(telegram.token),
        "base_url": telegram.url,
        "chats": [{"id": group, "alerts": alerts}],
    }
    return telegram_chat(TelegramSettings.model_validate(written))


def _discord(discord: Discord, alerts: str, folder: Path) -> Any:
    written = {
        "token": discord.token,
        "api_url": discord.api_url,
        "gateway_url": discord.gateway_url,
        "guilds": [1],
        "channels": [{"id": CHANNEL, "alerts": alerts}],
    }
    return discord_chat(DiscordSettings.model_validate(written), Memory(folder / "discord.json"), identify_s=0)
