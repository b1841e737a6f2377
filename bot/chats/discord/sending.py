"""Messages of the bot's own on their way to Discord: said once, whatever answers are lost, and edited later."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import count
from typing import Any

import discord

from bot.alerts.notifier import Undelivered
from bot.chats.base import ButtonLines, MessageRef, Place
from bot.chats.discord.wire import (
    BAD_FORM,
    GONE,
    MISSING_ACCESS,
    MISSING_PERMISSIONS,
    UNKNOWN_CHANNEL,
    Refused,
    delivering,
    fields_of,
    in_plain,
    says,
    whole_of,
)
from bot.chats.render.discord import DiscordMessage, messages
from handlers.reply import Reply
from trading.clock import Clock
from trading.ids import derive

SHUT = frozenset({UNKNOWN_CHANNEL, MISSING_ACCESS, MISSING_PERMISSIONS})
HISTORY = 100  # messages looked through
MOST_KEPT = 1000
SKEW_S = 60.0  # our clock against Discord's


class Sender:
    """Sends and edits messages. `client` is set while there is one; `problems` says which `channels` refuse us."""

    def __init__(self, lines: ButtonLines, channels: frozenset[int], clock: Clock) -> None:
        self.lines = lines
        self.client: discord.Client | None = None
        self.problems: dict[int, str] = {}
        self._channels = channels
        self._clock = clock
        self._last: dict[int, int] = {}  # our last message, by channel
        self._doubted: dict[str, int] = {}  # nonces sent without an answer, and a message id from before
        self._said: dict[str, int] = {}  # nonces of a message that took several, while it is not complete
        self._run = secrets.token_hex(8)
        self._numbers = count()

    async def send(
        self,
        place: Place,
        reply: Reply,
        *,
        content: bool = False,
        reply_to: MessageRef | None = None,
        silent: bool = False,
        once: str = "",
    ) -> MessageRef:
        """Say it, in as many messages as it takes; the same `once` in the same channel is the same message.

        Raises:
            Undelivered: see Chat.send.
        """
        thread = self._thread(reply_to)
        if thread is not None:
            try:
                return await self._say(thread, reply, content, None, silent, once)
            except Refused as why:
                if why.status not in (403, 404):
                    raise
        return await self._say(place.id, reply, content, reply_to, silent, once)

    async def edit(self, ref: MessageRef, reply: Reply, *, content: bool = False) -> None:
        """Make a message say this and no more; what does not fit follows.

        Raises:
            Undelivered: see Chat.edit.
        """
        first, *rest = messages(reply, self.lines.shorten, content=content)
        channel = self._connected().get_partial_messageable(ref.place.id)
        try:
            async with self._reaching(ref.place.id):
                await channel.get_partial_message(ref.message).edit(**whole_of(first))
        except Refused as why:
            if why.number in GONE:
                return
            raise
        key = derive("edited", str(ref.message), self._own_key())
        for number, page in enumerate(rest, 1):
            await self._post(ref.place.id, page, nonce=derive("nonce", key, str(number)))

    async def direct(self, user: int) -> Place:
        """Where a person is spoken to in private.

        Raises:
            Undelivered: it could not be found out.
        """
        client = self._connected()
        async with delivering(user):
            return Place((await client.create_dm(discord.Object(user))).id)

    async def _say(
        self, channel: int, reply: Reply, content: bool, below: MessageRef | None, silent: bool, once: str
    ) -> MessageRef:
        key = once or self._own_key()
        pages = messages(reply, self.lines.shorten, content=content)
        nonces = [derive("nonce", str(channel), key, str(at)) for at in range(len(pages))]
        number = 0
        for page, nonce in zip(pages, nonces, strict=True):
            fields: dict[str, Any] = {"nonce": nonce, "silent": silent}
            if below is not None and nonce == nonces[0]:
                fields["reference"] = discord.MessageReference(
                    message_id=below.message, channel_id=below.place.id, fail_if_not_exists=False
                )
            try:
                number = self._said.get(nonce) or await self._post(channel, page, **fields)
            except Refused as why:
                if why.number != BAD_FORM:
                    raise
                number = await self._post(channel, in_plain(reply), **fields)
                break
        for nonce in nonces:
            self._said.pop(nonce, None)
        return MessageRef(Place(channel), number)

    async def _post(self, channel: int, page: DiscordMessage, nonce: str, **fields: Any) -> int:
        """One message. The nonce makes a second one the first for some minutes; later we look for it ourselves."""
        messageable = self._connected().get_partial_messageable(channel)
        if nonce in self._doubted and (found := await self._arrived(messageable, page, self._doubted[nonce])):
            return self._posted(channel, nonce, found)
        before = self._before(channel)
        try:
            async with self._reaching(channel):
                sent = await messageable.send(**fields_of(page), nonce=nonce, **fields)
        except Undelivered as why:
            if not isinstance(why, Refused) or why.status >= 500:
                self._doubted.setdefault(nonce, before)
                _bound(self._doubted)
            raise
        return self._posted(channel, nonce, sent.id)

    def _posted(self, channel: int, nonce: str, number: int) -> int:
        self._doubted.pop(nonce, None)
        self._said[nonce] = self._last[channel] = number
        _bound(self._said)
        _bound(self._last)
        return number

    def _before(self, channel: int) -> int:
        """A message id that is older than what is sent now: of our last message there, else made of the time."""
        moment = self._clock.now() - timedelta(seconds=SKEW_S)
        return self._last.get(channel) or discord.utils.time_snowflake(moment)

    async def _arrived(self, messageable: discord.PartialMessageable, page: DiscordMessage, after: int) -> int:
        """The id of the message whose sending had no answer; 0 if it is not there, or may not be looked for."""
        user = self._connected().user
        try:
            async with self._reaching(messageable.id):
                async for message in messageable.history(limit=HISTORY, after=discord.Object(after), oldest_first=True):
                    if user is not None and message.author.id == user.id and says(message, page):
                        return message.id
        except Refused as why:
            if why.status != 403:
                raise
        return 0

    def _thread(self, ref: MessageRef | None) -> int | None:
        """A message's thread has its id; one that is archived is not seen here."""
        if ref is None or not isinstance(self._connected().get_channel(ref.message), discord.Thread):
            return None
        return ref.message

    def _own_key(self) -> str:
        return f"{self._run}.{next(self._numbers)}"

    def _connected(self) -> discord.Client:
        if self.client is None or self.client.is_closed():
            raise Undelivered("Discord is not connected.")
        return self.client

    @asynccontextmanager
    async def _reaching(self, channel: int) -> AsyncIterator[None]:
        try:
            async with delivering(channel):
                yield
        except Refused as why:
            if channel in self._channels and (why.status == 401 or why.number in SHUT):
                self.problems[channel] = str(why)
            raise
        self.problems.pop(channel, None)


def _bound(kept: dict[Any, int]) -> None:
    """Forget the oldest of too many: their senders have given up."""
    if len(kept) > MOST_KEPT:
        del kept[next(iter(kept))]
