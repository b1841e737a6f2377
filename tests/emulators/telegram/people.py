"""People (and other bots) as they use a chat: they write, edit, forward, press buttons, come and go."""

import asyncio
from typing import Any

from tests.emulators.telegram.chats import ANONYMOUS, CHANNEL, Chat, Media, Member, Message, User
from tests.emulators.telegram.entities import Styled, discover
from tests.emulators.telegram.menus import Menus
from tests.emulators.telegram.world import Press, World


class Person:
    """Somebody. `chat` is their private chat with the bot."""

    def __init__(self, world: World, menus: Menus, user: User, chat: Chat) -> None:
        self.user, self.chat = user, chat
        self._world, self._menus = world, menus

    @property
    def id(self) -> int:
        return self.user.id

    async def says(
        self,
        chat: Chat,
        text: str,
        *,
        reply_to: Message | None = None,
        thread: int = 0,
        anonymous: bool = False,
        as_channel: Chat | None = None,
        media: Media | None = None,
        ago: float = 0.0,
    ) -> Message:
        """Write to a chat, which they join if they were not in it.

        `thread` is a topic; `anonymous` as an administrator in the group's name; `as_channel` in a channel's; `media`
        makes the text a caption; `ago` seconds ago.
        """
        sender: User | None = self.user
        own: Chat | None = None
        if chat.person is not None:
            self._world.started.add(self.id)
        elif not (member := chat.members.setdefault(self.id, Member(self.user))).present:
            raise PermissionError(f"{self.user.first_name} is {member.status} in {chat.title}")
        if anonymous:
            sender, own = ANONYMOUS, chat
        elif as_channel is not None:
            sender, own = CHANNEL, as_channel
        elif chat.type == "channel":
            sender, own = None, chat
        styled = discover(Styled(text))
        message = self._world.write(
            chat, sender, styled, ago=ago, sender_chat=own, reply_to=reply_to, thread=thread, media=media
        )
        return await self._told(message)

    async def edits(self, message: Message, text: str) -> Message:
        """Change what one of their messages says."""
        message.keep_version(int(self._world.clock.now))
        message.styled = discover(Styled(text))
        self._world.changed()
        return await self._told(message, edited=True)

    async def forwards(self, message: Message, to: Chat, *, hidden: bool = False) -> Message:
        """Forward a message; `hidden`: its author does not let forwards name them."""
        origin: dict[str, Any] = {"date": message.date}
        if message.sender_chat is not None and message.sender_chat.type == "channel":
            chat = message.sender_chat.row()
            origin |= {"type": "channel", "chat": chat, "message_id": message.id}
        elif message.sender_chat is not None:
            origin |= {"type": "chat", "sender_chat": message.sender_chat.row()}
        elif hidden or message.sender is None:
            name = message.sender.first_name if message.sender is not None else "Deleted Account"
            origin |= {"type": "hidden_user", "sender_user_name": name}
        else:
            origin |= {"type": "user", "sender_user": message.sender.row()}
        if to.person is None:
            to.members.setdefault(self.id, Member(self.user))
        else:
            self._world.started.add(self.id)
        copy = self._world.write(to, self.user, message.styled, origin=origin, media=message.media)
        return await self._told(copy)

    async def deletes(self, message: Message) -> None:
        """Delete a message for everyone; the bot is not told."""
        message.chat.remove(message)
        self._world.changed()
        await asyncio.sleep(0)

    # Buttons

    async def presses(self, message: Message, label: str, *, stale: bool = False) -> Press:
        """Press the button with this text (or the only one that contains it); LookupError if it is not there.

        `stale`: the bot is no longer shown the message.
        """
        button = message.button(label)
        if not button.data:
            raise LookupError(f"{button.text} tells the bot nothing")
        return await self.forges(message, button.data, stale=stale)

    async def forges(self, message: Message, data: str, *, stale: bool = False) -> Press:
        """Send callback data of their own making, or of a button that is gone, as a manipulated app can."""
        press = self._world.press(self.user, message, data, stale=stale)
        await asyncio.sleep(0)
        return press

    async def answered(self, press: Press, seconds: float = 5.0) -> str:
        """Wait for the bot's answer to a press: the text shown at the top, maybe none; TimeoutError."""
        await self._world.until(lambda: press.answered, seconds)
        return press.answer

    # Coming and going

    async def starts(self) -> Message:
        """Press Start in the private chat."""
        return await self.says(self.chat, "/start")

    async def blocks(self) -> None:
        """Block the bot."""
        self._world.blocked.add(self.id)
        self._world.move(self.chat, self._world.bot, "kicked", self.user)
        await asyncio.sleep(0)

    async def unblocks(self) -> None:
        """Let the bot write again."""
        self._world.blocked.discard(self.id)
        self._world.move(self.chat, self._world.bot, "member", self.user)
        await asyncio.sleep(0)

    async def adds(self, chat: Chat, whom: User, status: str = "member") -> None:
        """Bring somebody or the bot into a group, or change their rights there."""
        came = not chat.members.get(whom.id, Member(whom, "left")).present
        self._world.move(chat, whom, status, self.user)
        if came and chat.type != "channel":
            self._world.serve(chat, self.user, new_chat_members=[whom.row()])
        await asyncio.sleep(0)

    async def throws_out(self, chat: Chat, whom: User) -> None:
        """Throw somebody or the bot out of a group; a bot thrown out hears only that."""
        if chat.type == "group":
            self._world.serve(chat, self.user, left_chat_member=whom.row())
        self._world.move(chat, whom, "kicked", self.user)
        await asyncio.sleep(0)

    async def pins(self, message: Message) -> None:
        """Pin a message."""
        message.pinned = True
        self._world.serve(message.chat, self.user, pinned_message=message.row(self._world.user_row, reply=False))
        await asyncio.sleep(0)

    def opens_topic(self, chat: Chat, name: str) -> int:
        """Make a topic in a group with topics; its id."""
        message = self._world.write(chat, self.user, Styled())
        message.thread = message.id
        message.service = {"forum_topic_created": {"name": name, "icon_color": 7322096}}
        chat.topics[message.id] = name
        self._world.tell(message)
        return message.id

    def closes_topic(self, chat: Chat, thread: int) -> None:
        """Close a topic: only administrators write to it."""
        chat.closed_topics.add(thread)
        self._world.serve(chat, self.user, forum_topic_closed={})

    async def migrates(self, chat: Chat) -> Chat:
        """Make a supergroup of a basic group; the new chat."""
        new = self._world.chat(-1_000_000_000_000 + chat.id, "supergroup", chat.title)
        new.members = {number: Member(member.user, member.status) for number, member in chat.members.items()}
        self._world.serve(chat, self.user, migrate_to_chat_id=new.id)
        chat.migrated_to = new.id
        self._world.serve(new, ANONYMOUS, migrate_from_chat_id=chat.id)
        await asyncio.sleep(0)
        return new

    # Seeing

    def menu(self, chat: Chat) -> list[tuple[str, str]]:
        """The commands offered to them in a chat, with descriptions ("Determining list of commands")."""
        return self._menus.seen(chat, self.user)

    async def _told(self, message: Message, *, edited: bool = False) -> Message:
        self._world.tell(message, edited=edited)
        await asyncio.sleep(0)
        return message
