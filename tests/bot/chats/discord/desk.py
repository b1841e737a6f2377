"""A desk with a few commands on an emulated Discord: the real library between them, nothing patched."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.alerts.notifier import Notifier
from bot.chats.base import Chat, House
from bot.chats.discord.chat import discord_chat
from bot.chats.memory import Memory
from bot.settings.sections import DiscordSettings
from bot.supervise import Supervisor
from handlers.actor import Actor, ConfirmPolicy, Role, When
from handlers.context import Context
from handlers.reply import Image, Reply
from handlers.spec import Arg, CommandSpec, command
from tests.emulators.discord.people import Person
from tests.emulators.discord.server import Discord
from tests.handlers.desk import ANA, BEN, COMMANDS, VIC, HandDesk
from trading.events import DeskFounded

CHANNEL, ELSEWHERE, ALERTS = 2, 3, 4
ALL = dict(COMMANDS)
"""The desk's commands, and what only chats need."""
KNOWN = {2222: ANA, 3333: BEN, 5555: VIC}
ASKS = ConfirmPolicy(When.ALWAYS)


@command(role=Role.TRADER, group="system", private=True, registry=ALL)
async def whisper(ctx: Context) -> Reply:
    """Do something in private that takes a phrase."""
    if not ctx.confirmed:
        return await ctx.ask(Reply("Whisper?"), phrase="Go Live demo")
    return Reply.good("Whispered.")


@command(role=Role.TRADER, group="system", registry=ALL)
async def story(ctx: Context, lines: Annotated[int | None, Arg("How long")] = None) -> Reply:
    """Tell a long story."""
    text = "\n".join(f"{number} bottles of beer on the wall" for number in range(lines or 300))
    return Reply(text, order_id="abcdefghijklmnop")


@command(role=Role.TRADER, group="system", registry=ALL)
async def draw(ctx: Context) -> Reply:
    """Draw a picture."""
    return Reply("A picture", image=Image("a picture.png", b"\x89PNG"))


@command(role=Role.TRADER, group="system", private=True, registry=ALL)
async def ponder(ctx: Context) -> Reply:
    """Take long over something private."""
    assert isinstance(ctx.desk, HandDesk)
    await ctx.desk.gate.wait()
    return Reply.good("Pondered.")


@command(role=Role.TRADER, group="system", registry=ALL)
async def murmur(ctx: Context) -> Reply:
    """Say something private without having declared it."""
    return Reply("Psst.", private=True)


@command(role=Role.TRADER, group="control", registry=ALL)
async def kill(ctx: Context) -> Reply:
    """Stop everything."""
    assert isinstance(ctx.desk, HandDesk)
    ctx.desk.done.append((ctx.key, ctx.line))
    return Reply.good("Stopped.")


class Ids:
    """Who is who by numeric id."""

    def who(self, chat: str, user: int, name: str = "") -> Actor:
        return KNOWN.get(user) or Actor(f"{chat}:{user}", name, Role.STRANGER)

    def known(self, chat: str) -> Mapping[int, Role]:
        return {user: actor.role for user, actor in KNOWN.items()}


async def eventually(true: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait, without letting time pass, until what the chat itself says has come true."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - what the chat says of itself has no event
            await asyncio.sleep(0)


class DiscordDesk:
    """The emulator, its people, and the chat of a desk."""

    def __init__(self, folder: Path, policy: ConfirmPolicy | None, registry: Mapping[str, CommandSpec]) -> None:
        self.discord = Discord()
        self.discord.limits.off()
        self.discord.gateway.identify_seconds = 0
        self.channel = self.discord.channel(CHANNEL, "trading")
        self.elsewhere = self.discord.channel(ELSEWHERE, "general")
        self.discord.channel(ALERTS, "alerts")
        self.ana, self.ben = self.discord.person(2222, "ana"), self.discord.person(3333, "ben")
        self.vic = self.discord.person(5555, "vic")
        self.eve = self.discord.person(6666, "eve", admin=True)  # of the server, and a stranger to the desk
        self.desk = HandDesk()
        self.mishaps: list[tuple[str, Exception]] = []
        self.people = Ids()
        self.memory: Callable[[Path], Memory] = Memory
        self.door = self.desk.door(policy, registry)
        self.registry = registry
        self.file = folder / "discord.json"
        self.chat: Chat | None = None
        self.more: dict[str, Any] = {}

    async def mishap(self, where: str, why: Exception) -> None:
        self.mishaps.append((where, why))

    def settings(self, **more: Any) -> DiscordSettings:
        """The settings for the emulator."""
        written = {
            "token": self.discord.token,
            "api_url": self.discord.api_url,
            "gateway_url": self.discord.gateway_url,
            "guilds": [1],
            "channels": [{"id": CHANNEL, "alerts": "all"}, {"id": ALERTS, "alerts": "fills"}],
        }
        return DiscordSettings.model_validate(written | self.more | more)

    async def connect(self, **more: Any) -> Chat:
        """A chat that is started on the desk; as after a restart if there was one."""
        self.notifier = Notifier(self.desk.journal, self.desk.book, Supervisor(self.mishap))
        house = House(self.door, self.people, self.notifier, self.desk.book, self.mishap)
        make = discord_chat(self.settings(**more), self.memory(self.file), self.registry, identify_s=0)
        chat = await make(house)
        await chat.start()
        self.notifier.start()
        self.chat = chat
        return chat

    async def leave(self) -> None:
        """Stop the chat and the notifier."""
        if self.chat is not None:
            await self.notifier.stop()
            await self.chat.stop()
            self.chat = None

    async def ready(self) -> Chat:
        """A chat that is started, connected, and has its commands registered."""
        chat = await self.connect()
        await self.discord.ready()
        assert await self.discord.changes.until(lambda: bool(self.discord.commands.all(1)), 5)
        return chat

    def answers(self, person: Person, channel: Any = CHANNEL) -> list[str]:
        """What a person reads in a channel."""
        return [message.text for message in person.sees(channel)]

    def requests(self, route: str) -> list[int]:
        """The statuses of a route's requests; the route may end in `*`."""
        begin, star, _ = route.partition("*")
        return [r.status for r in self.discord.requests if (r.route.startswith(begin) if star else r.route == route)]


@asynccontextmanager
async def discord_desk(
    folder: Path,
    policy: ConfirmPolicy | None = None,
    registry: Mapping[str, CommandSpec] = ALL,
    *,
    connect: bool = True,
) -> AsyncIterator[DiscordDesk]:
    """A desk on Discord, connected; nothing of the library stays redirected after it."""
    base, gateway = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    desk = DiscordDesk(folder, policy, registry)
    try:
        async with desk.discord:
            await desk.desk.book.record(DeskFounded("emulated"))
            if connect:
                await desk.ready()
            yield desk
            await desk.leave()
    finally:
        await desk.leave()
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = base, yarl.URL(gateway)
    assert desk.mishaps == []
