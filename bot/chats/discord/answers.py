"""Answers to what people did on Discord: within the interaction while it lives, else as ordinary messages."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TypeVar

import aiohttp
import discord

from bot.alerts.notifier import Undelivered
from bot.chats.answering import Answering
from bot.chats.base import MessageRef, Place
from bot.chats.discord.cards import Cards
from bot.chats.discord.sending import Sender
from bot.chats.discord.turns import Request
from bot.chats.discord.wire import (
    ALREADY_ACKNOWLEDGED,
    BAD_FORM,
    LAPSED,
    Refused,
    delivering,
    fields_of,
    in_plain,
    whole_of,
)
from bot.chats.memory import Memory
from bot.chats.render.discord import DiscordMessage, messages
from handlers.parse import MissingArgument
from handlers.reply import Reply

NAME = "discord"
ATTEMPT_S, ATTEMPTS = 1.4, 2  # to acknowledge: within the 3 s
LIFE_S = 14.5 * 60  # in which an interaction takes answers, with some room
PAUSES_S = (0.5, 2, 5)  # between attempts to answer
MOST_PROMPTS = 1000
FOR_YOU = "The answer is for the asker alone."

T = TypeVar("T")
Interaction = discord.Interaction[discord.Client]


class Answers:
    """Shows replies, and remembers what will have to be answered below them or edited in them."""

    def __init__(self, sender: Sender, cards: Cards, memory: Memory, answering: Answering) -> None:
        self._sender = sender
        self._cards = cards
        self._memory = memory
        self._answering = answering
        self._prompts: dict[int, int] = {}  # messages that ask for an argument, and who was asked

    def asked(self, message: int, user: int) -> bool:
        """Whether this message asked this person for an argument; it is asked once."""
        return self._prompts.get(message) == user and bool(self._prompts.pop(message))

    async def answer(self, i: Interaction, request: Request, reply: Reply, *, hidden: bool, edits: bool) -> None:
        """Show the reply in the interaction, or as an ordinary message if that is over.

        `hidden`: for the asker's eyes. `edits`: in place of what the interaction shows, else below it.

        Raises:
            Undelivered: it may not have been shown.
        """
        late = asyncio.get_running_loop().time() - request.began > LIFE_S
        ref = None
        if request.acknowledged and not late:
            ref = await self._within(i, request, reply, hidden, edits)
        if ref is None:
            place = await self._sender.direct(request.user) if hidden and request.in_guild else Place(request.channel)
            ref = await _insist(lambda: self._sender.send(place, reply, once=f"dc:{request.id}"))
            hidden = False
        self.shown(reply, ref, self._hidden(i, ref) if hidden else None)
        if reply.error == MissingArgument.code and reply.buttons:
            self._prompts[ref.message] = request.user
            if len(self._prompts) > MOST_PROMPTS:
                del self._prompts[next(iter(self._prompts))]

    def shown(self, reply: Reply, ref: MessageRef, change: Callable[[Reply], Awaitable[None]] | None = None) -> None:
        """Remember what will have to be answered below this message, or edited in it."""
        if reply.order_id and change is None:
            self._memory.keep_card(reply.order_id, ref)
            self._answering.arrived(ref.place, reply)
        self._cards.shown(reply, ref, change)

    async def _within(
        self, i: Interaction, request: Request, reply: Reply, hidden: bool, edits: bool
    ) -> MessageRef | None:
        """The reply as answers to the interaction; None if it takes no more."""
        pages = messages(reply, self._sender.lines.shorten)
        try:
            if public := edits and hidden and not request.hidden:
                await _insist(partial(_edited, i, DiscordMessage(content=FOR_YOU)))
                edits = False
            try:
                number = await _shown(i, pages, hidden, edits)
            except Refused as why:
                if why.number != BAD_FORM:
                    raise
                number = await _shown(i, (in_plain(reply),), hidden, edits)
            if public:
                await _insist(partial(_removed, i))
        except Refused as why:
            if why.number in LAPSED:
                return None
            raise
        return MessageRef(Place(request.channel), number)

    def _hidden(self, i: Interaction, ref: MessageRef) -> Callable[[Reply], Awaitable[None]]:
        """Edits a message that only the asker sees, as long as its interaction lives."""

        async def change(reply: Reply) -> None:
            first = messages(reply, self._sender.lines.shorten)[0]
            async with delivering(ref.place):
                await i.followup.edit_message(ref.message, **whole_of(first))

        return change


async def _shown(i: Interaction, pages: Sequence[DiscordMessage], hidden: bool, edits: bool) -> int:
    """The first page in place of what the interaction shows, if it `edits`; answers the last one's message."""
    number = 0
    for at, page in enumerate(pages):
        show = partial(_edited, i, page) if edits and at == 0 else partial(_followed, i, page, hidden)
        number = await _insist(show)
    return number


async def _edited(i: Interaction, page: DiscordMessage) -> int:
    async with delivering("an answer"):
        return (await i.edit_original_response(**whole_of(page))).id


async def _followed(i: Interaction, page: DiscordMessage, hidden: bool) -> int:
    async with delivering("an answer"):
        return (await i.followup.send(**fields_of(page), ephemeral=hidden, wait=True)).id


async def _insist(do: Callable[[], Awaitable[T]]) -> T:
    """Try again what got no answer; what was refused is refused."""
    for pause in PAUSES_S:
        try:
            return await do()
        except Undelivered as why:
            if isinstance(why, Refused) and why.status < 500 and why.status != 429:
                raise
            await asyncio.sleep(max(pause, why.after_s))
    return await do()


async def _removed(i: Interaction) -> None:
    """What everybody saw while the answer for one of them was on its way."""
    with suppress(Refused):  # it is gone already
        async with delivering("an answer"):
            await i.delete_original_response()


async def acknowledged(respond: Callable[[], Awaitable[object]]) -> bool:
    """Give the first answer within the 3 s; says whether Discord has it."""
    for attempt in range(ATTEMPTS):
        try:
            async with asyncio.timeout(ATTEMPT_S):
                await respond()
            return True
        except discord.HTTPException as why:
            # An answer that was lost on its way back to us: Discord has had it all the same.
            if why.code == ALREADY_ACKNOWLEDGED:
                return attempt > 0
            if why.status < 500:
                return False
        except (OSError, aiohttp.ClientError):  # a timeout is an OSError
            continue
    return False
