"""A whole desk in this process with its Telegram chat, talking to the emulated Telegram over a socket."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bot.alerts.notifier import Notifier
from bot.chats.base import House
from bot.chats.telegram.chat import TelegramChat, telegram_chat
from bot.settings.sections import TelegramSettings
from bot.supervise import Supervisor
from handlers.actor import Actor, Role
from handlers.context import Context
from handlers.reply import Reply
from tests.emulators.telegram.server import Telegram
from tests.kit import MemoryJournal
from tests.running import running
from trading.book import Book
from trading.clock import SystemClock

ANA, BEN, VIC, EVE = 1111, 2222, 3333, 6666
GROUP = -1_001_000_000_077
TOML = """
[confirm]
orders = "always"
[people.ana]
role = "admin"
telegram = 1111
[people.ben]
role = "trader"
telegram = 2222
[people.vic]
role = "viewer"
telegram = 3333
"""
USERS = {"ana": ANA, "ben": BEN, "vic": VIC}
ROLES = {ANA: Role.ADMIN, BEN: Role.TRADER, VIC: Role.VIEWER}


class Known:
    """Who is who, as the settings of these tests say."""

    def who(self, chat: str, user: int, name: str = "") -> Actor:
        known = next((each for each, number in USERS.items() if number == user), None)
        return Actor(f"person:{known}", known, ROLES[user]) if known else Actor(f"{chat}:{user}", name, Role.STRANGER)

    def known(self, chat: str) -> Mapping[int, Role]:
        return ROLES


class Talk:
    """A chat with what it is connected to."""

    def __init__(self, chat: TelegramChat, book: Book, door: Any, mishaps: list[Exception], notifier: Notifier) -> None:
        self.chat, self.book, self.door, self.mishaps, self.notifier = chat, book, door, mishaps, notifier

    async def until_problem(self, words: str) -> None:
        """Wait until the chat says that something does not work."""
        for _ in range(1000):
            if words in self.chat.problem and bool(words) is bool(self.chat.problem):
                return
            await asyncio.sleep(0.005)
        raise AssertionError(f"the problem is {self.chat.problem!r}")


def settings(telegram: Telegram, *chats: dict[str, Any], token: str = "") -> TelegramSettings:
    """The settings of a chat there; by default with a group in which everything is told."""
    chats = chats or ({"id": GROUP},)
    return TelegramSettings.model_validate(
        {"token": SecretStr(token or telegram.token), "base_url": telegram.url, "chats": list(chats)}
    )


@asynccontextmanager
async def chatting(
    telegram: Telegram, folder: Path, *chats: dict[str, Any], toml: str = TOML, **options: Any
) -> AsyncIterator[Talk]:
    """The real desk."""
    async with running(folder, toml=toml) as desk:
        book = desk.app.book
        async with _connected(telegram, book, desk.app, chats, options) as talk:
            yield talk


class Scripted:
    """A door that answers what it is told to, and keeps what it was asked."""

    def __init__(self, reply: Reply | None = None) -> None:
        self.reply = reply
        self.asked: list[tuple[str, str, str]] = []
        self.places: set[str] = set()
        self.gate = asyncio.Event()
        self.gate.set()

    async def run(self, line: str, actor: Actor | None, surface: str, key: str = "", place: str = "") -> Reply:
        assert actor is not None
        self.asked.append((line, actor.id, key))
        self.places.add(place)
        await self.gate.wait()
        return self.reply or Reply(f"did {line}")

    @property
    def lines(self) -> list[str]:
        return [line for line, _, _ in self.asked]

    def context(self, line: str, actor: Actor, surface: str) -> Context:
        raise NotImplementedError


@asynccontextmanager
async def scripted(
    telegram: Telegram, *chats: dict[str, Any], reply: Reply | None = None, journal: MemoryJournal | None = None,
    **options: Any,
) -> AsyncIterator[Talk]:  # fmt: skip
    """A desk that is a script, on a journal in memory."""
    book = Book(journal or MemoryJournal(), SystemClock())
    await book.open()
    async with _connected(telegram, book, Scripted(reply), chats, options) as talk:
        yield talk


@asynccontextmanager
async def _connected(
    telegram: Telegram, book: Book, door: Any, chats: tuple[dict[str, Any], ...], options: dict[str, Any]
) -> AsyncIterator[Talk]:
    mishaps: list[Exception] = []

    async def mishap(where: str, why: Exception) -> None:
        mishaps.append(why)

    tasks = Supervisor(mishap)
    notifier = Notifier(book.journal, book, tasks)
    house = House(door, Known(), notifier, book, mishap)
    own = settings(telegram, *chats, token=options.pop("token", ""))
    chat = await telegram_chat(own, **options)(house)
    assert isinstance(chat, TelegramChat)
    try:
        await chat.start()
        notifier.start()
        yield Talk(chat, book, door, mishaps, notifier)
    finally:
        await notifier.stop()
        await chat.stop()
    assert mishaps == []


async def said(telegram: Telegram, chat: Any, count: int = 1, seconds: float = 5.0) -> list[Any]:
    """Wait until the bot has said so many things in a chat."""
    await telegram.until(lambda: len(by_bot(telegram, chat)) >= count, seconds)
    return by_bot(telegram, chat)


def by_bot(telegram: Telegram, chat: Any) -> list[Any]:
    return [message for message in chat.messages if message.sender is telegram.bot]
