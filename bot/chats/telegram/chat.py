"""Telegram: the chat of `bot.chats.base`, on python-telegram-bot. Importing this imports the library.

The parts: `inbox` takes updates, `updates` reads them, `answers` takes them to the door and shows what it
says, `speech` says it, `wire` and `pace` call Telegram.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

import structlog
from telegram import Update

from bot.alerts.bursts import Change
from bot.alerts.notifier import Undelivered
from bot.chats.answering import Answering
from bot.chats.base import ButtonLines, Chat, Connect, House, MessageRef, Place, destination, told
from bot.chats.memory import Memory
from bot.chats.moves import homes, keep
from bot.chats.telegram.answers import MAX_AGE_S, SURFACE, Answers
from bot.chats.telegram.cards import Cards
from bot.chats.telegram.inbox import Inbox, Webhook
from bot.chats.telegram.menu import Menus
from bot.chats.telegram.speech import Speech
from bot.chats.telegram.updates import Aside, Line, Move, Press, is_private, read
from bot.chats.telegram.wire import Refused, Unreachable, Wire
from bot.settings.sections import TelegramSettings
from bot.supervise import Supervisor
from handlers.alerts import Alert
from handlers.reply import Reply

log = structlog.get_logger("tiller.telegram")


def telegram_chat(settings: TelegramSettings, **options: Any) -> Connect:
    """How the desk connects to Telegram; see `TelegramChat`."""

    async def connect(house: House) -> Chat:
        return TelegramChat(house, settings, **options)

    return connect


class TelegramChat:
    """Implements `bot.chats.base.Chat`."""

    name = SURFACE

    def __init__(
        self,
        house: House,
        settings: TelegramSettings,
        *,
        memory: Memory | None = None,
        webhook: Webhook | None = None,
        max_age_s: float = MAX_AGE_S,
    ) -> None:
        """`memory`: of cards, across restarts. `webhook`: instead of polling. `max_age_s`: of lines that are obeyed."""
        self._house = house
        self._settings = settings
        self._homes = {chat.id for chat in settings.chats}
        now = homes(house.book, SURFACE, self._homes)
        self._wire = Wire(settings.token.get_secret_value(), settings.base_url, self._homes, self._note_move, now)
        self._speech = Speech(self._wire, ButtonLines())
        self._tasks = Supervisor(house.mishap)
        self._cards = Cards(house.book, self._change_soon, memory)
        self._answering = Answering()
        self._menus = Menus(self._wire, sorted(home for home in self._homes if home < 0))
        self._answers = Answers(
            house,
            self._wire,
            self._speech,
            self._cards,
            self._answering,
            self._menus,
            house.book.clock,
            self._serves,
            max_age_s,
        )
        self._inbox = Inbox(self._wire, self._hear, self._tasks, webhook)
        self._soon: set[asyncio.Task[Any]] = set()

    @property
    def problem(self) -> str:
        """Why it does not work at present, the most far-reaching first; empty while it does."""
        troubles = self._wire.troubles
        return troubles.get("token") or troubles.get("updates") or next(iter(troubles.values()), "")

    async def start(self) -> None:
        """Say hello, attach the configured places, take lines; what cannot be done in an outage is done after it.

        Raises:
            ConfigError: Telegram refuses the token, or the webhook's address.
        """
        try:
            await self._inbox.greet()
        except Undelivered as why:
            self._wire.troubles["updates"] = str(why)
        for chat in self._settings.chats:
            place = Place(chat.id, chat.topic)
            name, tell = destination(self.name, place), partial(self._tell, place)
            await self._house.notifier.attach(name, tell, kinds=chat.alerts, quiet=chat.quiet)
        self._tasks.start("telegram", self._inbox.run)
        self._cards.recall()
        self._later(self._settle())

    async def stop(self) -> None:
        """Take no more, finish what was begun (3 s at most), confirm what was answered, disconnect."""
        await self._tasks.stop()
        self._cards.close()
        await self._inbox.finish()
        for task in self._soon:
            task.cancel()
        await asyncio.gather(*self._soon, return_exceptions=True)
        await self._wire.close()

    async def receive(self, secret: str, body: bytes) -> int:
        """One request that Telegram made to our web server, in webhook mode; answers the status to answer.

        `secret` is the header X-Telegram-Bot-Api-Secret-Token as it came, `body` the raw body.
        """
        return await self._inbox.receive(secret, body)

    async def send(
        self,
        place: Place,
        what: Reply | Alert,
        *,
        reply_to: MessageRef | None = None,
        silent: bool = False,
        once: str = "",
    ) -> MessageRef:
        """As the protocol says. Telegram may double what `once` names, if its answer to us is lost.

        Raises:
            Undelivered: it may not have arrived.
        """
        ref = await self._speech.send(place, what, reply_to=reply_to, silent=silent, once=once)
        self._cards.sent(ref, told(what))
        return ref

    async def edit(self, ref: MessageRef, reply: Reply) -> None:
        """As the protocol says; a picture keeps its picture and gets another caption.

        Raises:
            Undelivered: it may not have been changed.
        """
        await self._speech.edit(ref, reply)

    # --- what comes in -----------------------------------------------------------------------

    async def _hear(self, update: Update, late: bool) -> None:
        match read(update, self._wire.bot.username):
            case Line() as line:
                await self._answers.line(line)
            case Press() as press:
                await self._answers.press(press, late=late)
            case Aside() as aside:
                await self._answers.aside(aside)
            case Move(old, new) if old in self._homes:
                self._wire.move(old, new)
            case _:
                pass

    def _serves(self, place: Place) -> bool:
        """People are answered in private, wherever their rights are looked up; groups, if they are configured."""
        return is_private(place) or place.id in {self._wire.now(home) for home in self._homes}

    # --- what goes out -----------------------------------------------------------------------

    async def _tell(self, place: Place, alert: Alert, silent: bool) -> Change | None:
        """Tell an alert to a configured place, below the card of its order; answers how to change it."""
        if not await self._answering.is_news(place, alert):
            return None
        card = self._cards.order(place, alert.order_id) if alert.order_id else None
        ref = await self.send(place, alert, reply_to=card, silent=silent, once=f"alert {place} {alert.seq}")

        async def change(news: Alert) -> None:
            await self.edit(ref, told(news))

        return change

    def _change_soon(self, ref: MessageRef, reply: Reply) -> None:
        self._later(self._speech.insist(partial(self._speech.edit, ref, reply)))

    async def _settle(self) -> None:
        """Look whether the configured chats can be spoken in, and where they are now; then set the menus."""
        for home in sorted(self._homes):
            await self._speech.insist(partial(self._look_in, home))
        await self._menus.offer(self._house.people.known(self.name))

    async def _look_in(self, home: int) -> None:
        act: Callable[[int], Awaitable[bool]] = partial(self._wire.bot.send_chat_action, action="typing")
        try:
            await self._wire.say(home, act, edit=True)
        except (Refused, Unreachable) as why:
            log.info("a chat does not let itself be looked at", chat=home, why=str(why))

    def _note_move(self, old: int, new: int) -> None:
        """It is kept, which every chat is told of, this one under its new id."""
        self._tasks.start(f"{old} is {new}", partial(keep, self._house.book, self.name, old, new))

    def _later(self, work: Coroutine[Any, Any, object]) -> None:
        """Do something beside everything else; what cannot be delivered is in the log."""
        task = asyncio.create_task(_quietly(work))
        self._soon.add(task)
        task.add_done_callback(self._soon.discard)


async def _quietly(work: Coroutine[Any, Any, object]) -> None:
    try:
        await work
    except Undelivered as why:
        log.warning("something was not told", why=str(why))
