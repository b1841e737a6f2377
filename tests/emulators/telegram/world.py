"""Who and what there is: users, chats, messages, presses, files; and what of it the bot is told."""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tests.emulators.telegram.chats import Chat, Media, Member, Message, User
from tests.emulators.telegram.clock import Clock
from tests.emulators.telegram.entities import Styled
from tests.emulators.telegram.record import Fact, Record
from tests.emulators.telegram.refusals import bad, forbidden
from tests.emulators.telegram.updates import Updates

PRESS_SECONDS = 150.0  # how long a callback query waits to be fetched
_FILES_KEPT = 200
T = TypeVar("T")


@dataclass(eq=False)
class Press:
    """A button that somebody pressed; `answer` and `alert` are set when the bot has answered."""

    id: str
    user: User
    message: Message
    data: str
    at: float
    answered: bool = False
    answer: str = ""
    alert: bool = False


@dataclass
class World:
    """Everything but the wire. `privacy` is the bot's privacy mode, on unless its owner turned it off."""

    clock: Clock
    updates: Updates
    record: Record
    bot: User
    keep: int
    privacy: bool = True
    users: dict[int, User] = field(default_factory=dict)
    chats: dict[int, Chat] = field(default_factory=dict)
    presses: dict[str, Press] = field(default_factory=dict)
    files: dict[str, Media] = field(default_factory=dict)
    started: set[int] = field(default_factory=set)  # users that have begun to talk with the bot
    blocked: set[int] = field(default_factory=set)  # users that have blocked it
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _private_ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.users[self.bot.id] = self.bot

    # Finding

    def user_row(self, number: int) -> dict[str, Any] | None:
        """The JSON of a user, None if there is none."""
        user = self.users.get(number)
        return user.row() if user is not None else None

    def find(self, told: str) -> Chat:
        """The chat with this id or @username. Refuses 400."""
        if not told:
            raise bad("chat_id is empty")
        if told.startswith("@"):
            found = next((chat for chat in self.chats.values() if chat.username.lower() == told[1:].lower()), None)
        else:
            found = self.chats.get(int(told)) if told.lstrip("-").isdigit() else None
        if found is None:
            raise bad("chat not found")
        return found

    def readable(self, told: str) -> Chat:
        """The chat, which the bot must not have been thrown out of. Refuses 400, 403."""
        chat = self.find(told)
        if chat.type in ("supergroup", "channel"):
            self._check_membership(chat)
        return chat

    def writable(self, told: str) -> Chat:
        """The chat, to which the bot must be able to write. Refuses 400, 403."""
        chat = self.find(told)
        if chat.migrated_to:
            raise bad("group chat was upgraded to a supergroup chat", migrate_to_chat_id=chat.migrated_to)
        if chat.person is not None:
            if chat.id in self.blocked:
                raise forbidden("bot was blocked by the user")
            if chat.id not in self.started:
                raise forbidden("bot can't initiate conversation with a user")
            return chat
        self._check_membership(chat)
        if chat.type == "channel" and not chat.administrates(self.bot):
            raise bad("need administrator rights in the channel chat")
        if chat.status(self.bot) == "restricted":
            raise bad("not enough rights to send text messages to the chat")
        return chat

    def _check_membership(self, chat: Chat) -> None:
        status = chat.status(self.bot)
        if status == "kicked":
            raise forbidden(f"bot was kicked from the {chat.type} chat")
        if status == "left":
            raise forbidden(f"bot is not a member of the {chat.type} chat")

    # Making

    def chat(self, number: int, kind: str, title: str) -> Chat:
        """A new chat; in private ones and basic groups the bot's messages are numbered in one row."""
        shared = kind in ("private", "group")
        chat = Chat(number, kind, title, self._private_ids if shared else itertools.count(1), self.keep)
        self.chats[number] = chat
        return chat

    def number(self) -> int:
        """A new number for presses and files."""
        return next(self._numbers)

    def write(self, chat: Chat, sender: User | None, styled: Styled, *, ago: float = 0.0, **fields: Any) -> Message:
        """A new message in a chat, `ago` seconds old; nobody is told."""
        message = Message(chat, chat.next_id(), int(self.clock.now - ago), sender, styled, **fields)
        chat.add(message)
        if sender is not None and sender.is_bot and message.sender_chat is None:
            chat.last_bot = sender.id
        self.changed()
        return message

    def serve(self, chat: Chat, sender: User | None, **service: Any) -> Message:
        """A service message, which the bot hears."""
        message = self.write(chat, sender, Styled(), service=service)
        self.tell(message)
        return message

    def keep_file(self, media: Media) -> Media:
        """Remember a file by its id."""
        self.files[media.file_id] = media
        while len(self.files) > _FILES_KEPT:
            del self.files[next(iter(self.files))]
        return media

    def fact(self, kind: str, message: Message, text: str = "") -> None:
        """The bot has done something."""
        reply_to = message.reply_to.id if message.reply_to is not None else 0
        at, shown = self.clock.now, text or message.text
        self.record.fact(Fact(kind, at, message.chat.id, message.id, shown, message.thread, reply_to, message.silent))

    # Telling the bot

    def row(self, message: Message) -> dict[str, Any]:
        """A message's JSON."""
        return message.row(self.user_row)

    def tell(self, message: Message, *, edited: bool = False) -> bool:
        """Tell the bot of a message, if it may hear it."""
        if not self.hears(message):
            return False
        kind = "channel_post" if message.chat.type == "channel" else "message"
        self.updates.push(f"edited_{kind}" if edited else kind, self.row(message), f"chat {message.chat.id}")
        return True

    def hears(self, message: Message) -> bool:
        """Does the bot get this message? ("Privacy mode" of the bots' features)"""
        chat, sender = message.chat, message.sender
        if chat.person is not None:
            return True
        member = chat.members.get(self.bot.id)
        if member is None or not member.present:
            return False
        if chat.type == "channel" or message.service:
            return True
        if sender is not None and sender.is_bot and message.sender_chat is None:
            return False  # bots do not hear bots
        if member.administrates or not self.privacy:
            return True
        if message.reply_to is not None and message.reply_to.sender is self.bot:
            return True
        commands = message.styled.parts("bot_command")
        named = {command.partition("@")[2].lower() for command in commands}
        # A command to nobody by name goes to the bot that spoke last.
        return self.bot.username.lower() in named or ("" in named and chat.last_bot in (0, self.bot.id))

    def press(self, user: User, message: Message, data: str, *, stale: bool = False) -> Press:
        """A callback query; of a message that is deleted or `stale` the bot sees only that it was."""
        press = Press(str(4_000_000_000_000 + self.number()), user, message, data, self.clock.now)
        self.presses[press.id] = press
        while len(self.presses) > self.keep:
            del self.presses[next(iter(self.presses))]
        if stale or message.deleted:
            shown: dict[str, Any] = {"message_id": message.id, "chat": message.chat.row(), "date": 0}
        else:
            shown = self.row(message)
        told = {"id": press.id, "from": user.row(), "message": shown, "chat_instance": str(-7 * message.chat.id)}
        self.updates.push("callback_query", {**told, "data": data}, f"press {user.id}", PRESS_SECONDS)
        return press

    def move(self, chat: Chat, user: User, status: str, by: User) -> None:
        """Give a user a place in a chat, and tell the bot as far as it hears of it."""
        old = Member(user, chat.status(user))
        chat.members[user.id] = Member(user, status)
        told = {"chat": chat.row(), "from": by.row(), "date": int(self.clock.now)}
        change = {"old_chat_member": old.row(), "new_chat_member": Member(user, status).row()}
        kind = "my_chat_member" if user is self.bot else "chat_member"
        self.updates.push(kind, told | change, f"chat {chat.id}")

    # Waiting

    def changed(self) -> None:
        """Something may be different: let those look who wait."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def until(self, seen: Callable[[], T | None], seconds: float = 5.0) -> T:
        """Wait until something is so, and return it; TimeoutError after so many seconds of the machine."""
        async with asyncio.timeout(seconds):
            while not (value := seen()):
                await self._changed.wait()
        return value


def refuse_unknown(user: User | None) -> User:
    """The user. Refuses 400 if there is none."""
    if user is None:
        raise bad("user not found")
    return user
