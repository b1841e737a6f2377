"""What the bot says: replies as messages, pictures, documents and edits, whatever Telegram thinks of them."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

import msgspec
import structlog
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, InputFile, LinkPreviewOptions, Message, ReplyParameters
from telegram.constants import ParseMode

from bot.alerts.notifier import Undelivered
from bot.chats.base import ButtonLines, MessageRef, Place, told
from bot.chats.render.telegram import TelegramMessage, messages
from bot.chats.render.text import shortened
from bot.chats.telegram.wire import Refused, Unreachable, Wire
from handlers.alerts import Alert
from handlers.reply import Reply

T = TypeVar("T")
INSIST_S = 900.0  # how long an answer is tried again; alerts are, for ever, by the notifier
PAUSES_S = (1, 2, 5, 15, 30)
MOST_ANSWER = 200  # characters of what is shown when a button was pressed
LAST_RESORT = 1000  # characters of a message that was refused in every other form
MOST_BEGUN = 1000
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)

log = structlog.get_logger("tiller.telegram")


class Speech:
    """Says things in chats. `lines` are the command lines behind buttons."""

    def __init__(self, wire: Wire, lines: ButtonLines) -> None:
        self._wire = wire
        self.lines = lines
        self._begun: dict[str, int] = {}  # how many messages of something that takes several have been sent

    async def send(
        self, place: Place, what: Reply | Alert, *, reply_to: MessageRef | None, silent: bool, once: str
    ) -> MessageRef:
        """As `bot.chats.base.Chat.send`; said again under the same `once`, it goes on with the message that failed."""
        pages = messages(told(what), self.lines.shorten)
        number = self._begun.pop(once, 0) if once else 0
        last: Message | None = None
        while last is None or number < len(pages):
            try:
                last = await self.post(place, pages[number], None if number else reply_to, silent)
            except Undelivered:
                if once and number:
                    self._begun[once] = number
                    if len(self._begun) > MOST_BEGUN:
                        del self._begun[next(iter(self._begun))]
                raise
            number += 1
        return MessageRef(place, last.message_id)

    async def edit(self, ref: MessageRef, reply: Reply) -> None:
        """As `bot.chats.base.Chat.edit`."""
        first, *rest = messages(reply, self.lines.shorten)
        if first.photo or first.document:  # a text does not become a picture
            rest = [first, *rest]
            first = msgspec.structs.replace(first, html=first.html or "…", plain=first.plain or "…", keyboard=())
        if not await self._change(ref, first):
            rest = [first, *rest]
        for page in rest:
            await self.post(ref.place, page, ref, silent=True)

    async def strip(self, ref: MessageRef) -> None:
        """Take the buttons of a message away, for good."""
        try:
            await self._wire.say(ref.place.id, partial(self._rekey, ref.message, ()), edit=True)
        except (Undelivered, Refused) as why:  # they do nothing any more, anyway
            log.debug("buttons stay", why=str(why))

    async def answer(self, query: str, text: str = "") -> None:
        """Tell the app that a press was heard; with a text, show that to whoever pressed, and to nobody else."""
        line = shortened(" ".join(text.split()), MOST_ANSWER)
        call = partial(self._wire.bot.answer_callback_query, query, text=line or None, show_alert=bool(line))
        try:
            await self._wire.ask(call)
        except (Undelivered, Refused) as why:  # too late: the app has given up waiting
            log.debug("a press was answered too late", why=str(why))

    async def insist(self, call: Callable[[], Awaitable[T]]) -> T | None:
        """Try again what was not delivered, for a quarter of an hour; then None, and the log has it.

        Raises:
            Unreachable: to try again would not help.
        """
        loop = asyncio.get_running_loop()
        ends, failed = loop.time() + INSIST_S, 0
        while True:
            try:
                return await call()
            except Unreachable:
                raise
            except Undelivered as why:
                wait = max(PAUSES_S[min(failed, len(PAUSES_S) - 1)], why.after_s)
                if loop.time() + wait > ends:
                    log.warning("an answer was not told", why=str(why))
                    return None
                failed += 1
                await asyncio.sleep(wait)

    # --- one message -------------------------------------------------------------------------

    async def post(self, place: Place, page: TelegramMessage, reply_to: MessageRef | None, silent: bool) -> Message:
        """Send a message, in the first of its forms that Telegram takes.

        Raises:
            Undelivered: it may not have arrived, or Telegram takes it in no form.
        """
        below = None
        if reply_to is not None and self._wire.now(reply_to.place.id) == self._wire.now(place.id):
            below = ReplyParameters(reply_to.message, allow_sending_without_reply=True)
        options: dict[str, Any] = {"disable_notification": silent, "reply_parameters": below}
        forms, topic = _forms(page), place.topic
        while True:
            call = partial(self._send, *forms[0], message_thread_id=topic or None, **options)
            try:
                return await self._wire.say(place.id, call)
            except Refused as why:
                log.warning("Telegram refused a message", chat=place.id, why=str(why))
                if topic and "thread not found" in str(why).lower():
                    topic = 0  # the topic is gone; its group is not
                elif len(forms) > 1:
                    del forms[0]
                else:
                    raise Undelivered(f"Telegram refuses a message for chat {place.id}: {why}.") from None

    async def _send(self, page: TelegramMessage, mode: ParseMode | None, chat: int, **options: Any) -> Message:
        bot, text = self._wire.bot, page.html if mode else page.plain
        options |= {"parse_mode": mode, "reply_markup": _keyboard(page) if page.keyboard else None}
        if page.photo is not None:
            file = InputFile(page.photo.content, page.photo.name)
            return await bot.send_photo(chat, file, caption=text or None, **options)
        if page.document is not None:
            file = InputFile(page.document.content, page.document.name)
            return await bot.send_document(chat, file, caption=text or None, **options)
        return await bot.send_message(chat, text, link_preview_options=NO_PREVIEW, **options)

    async def _change(self, ref: MessageRef, page: TelegramMessage) -> bool:
        """Make a message say this; False where it is a picture with too short a caption for it.

        Raises:
            Undelivered: it may not have been changed.
        """
        rewrite, fits = partial(self._rewrite, ref.message, page), True
        call: Callable[[int], Awaitable[Any]] = partial(rewrite, ParseMode.HTML, "text")
        while True:
            try:
                await self._wire.say(ref.place.id, call, edit=True)
                return fits
            except Refused as why:
                words = str(why).lower()
                if "not modified" in words or "not found" in words or "can't be edited" in words:
                    return fits
                if "no text in the message" in words:
                    call = partial(rewrite, ParseMode.HTML, "caption")
                elif "caption is too long" in words:
                    call, fits = partial(self._rekey, ref.message, ()), False
                elif "parse entities" in words:
                    call = partial(rewrite, None, "text")
                else:
                    raise Undelivered(f"Telegram refuses to change a message of chat {ref.place.id}: {why}.") from None

    async def _rewrite(self, number: int, page: TelegramMessage, mode: str | None, part: str, chat: int) -> Any:
        text, keyboard = page.html if mode else page.plain, _keyboard(page)
        where: dict[str, Any] = {"chat_id": chat, "message_id": number, "reply_markup": keyboard, "parse_mode": mode}
        if part == "caption":
            return await self._wire.bot.edit_message_caption(caption=text, **where)
        return await self._wire.bot.edit_message_text(text, link_preview_options=NO_PREVIEW, **where)

    async def _rekey(self, number: int, rows: tuple[()], chat: int) -> Any:
        markup = InlineKeyboardMarkup(rows)
        return await self._wire.bot.edit_message_reply_markup(chat, number, reply_markup=markup)


def _forms(page: TelegramMessage) -> list[tuple[TelegramMessage, ParseMode | None]]:
    """A message as it should be, and what is tried when that is refused: a file, plain text, a part of it."""
    forms: list[tuple[TelegramMessage, ParseMode | None]] = [(page, ParseMode.HTML)]
    if page.photo is not None:
        page = msgspec.structs.replace(page, photo=None, document=page.photo)
        forms.append((page, ParseMode.HTML))
    words = shortened(page.plain, LAST_RESORT) or "(a message that Telegram did not take)"
    return [*forms, (page, None), (TelegramMessage(html="", plain=words), None)]


def _keyboard(page: TelegramMessage) -> InlineKeyboardMarkup:
    rows = [
        [InlineKeyboardButton(key.label, callback_data=key.data, style=key.style or None) for key in row]
        for row in page.keyboard
    ]
    return InlineKeyboardMarkup(rows)
