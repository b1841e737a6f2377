"""Confirmation cards on Discord: when one is answered, has expired or was answered elsewhere, its message says so."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from bot.alerts.notifier import Undelivered
from bot.chats.base import MessageRef
from bot.chats.consent import ended
from bot.chats.discord.sending import Sender
from bot.chats.discord.wire import Refused
from bot.chats.memory import Memory
from handlers.confirm import token_of
from handlers.reply import Reply
from trading.book import Book
from trading.control import Confirmation
from trading.events import ConfirmationClosed, Recorded

PAUSES_S = (1, 5, 15, 60, 300)

log = structlog.get_logger("tiller.discord")

Change = Callable[[Reply], Awaitable[None]]
"""Makes a message say something else; raises Undelivered."""


class Cards:
    """The messages with the buttons of a confirmation; those that everybody sees are known after a restart too."""

    def __init__(self, sender: Sender, memory: Memory, book: Book) -> None:
        self._sender = sender
        self._memory = memory
        self._book = book
        self._shown: dict[str, list[tuple[Reply | None, Change]]] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._unsubscribe: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Listen; the cards of before the restart are closed now, if they are not waiting any more."""
        self._unsubscribe = self._book.subscribe(self._hear)
        for token, refs in self._memory.asked().items():
            self._shown[token] = [(None, self._changing(ref)) for ref in refs]
            self._close_if_ended(token)

    async def stop(self) -> None:
        """Listen no more; what was not edited is edited at the next start."""
        self._unsubscribe()
        for task in self._closing:
            task.cancel()
        await asyncio.gather(*self._closing, return_exceptions=True)

    def shown(self, reply: Reply, ref: MessageRef, change: Change | None = None) -> None:
        """A reply was shown in this message; `change` edits it where only the asker sees it."""
        token = token_of(reply)
        if not token:
            return
        self._shown.setdefault(token, []).append((reply, change or self._changing(ref)))
        if change is None:
            self._memory.ask(token, ref)
        self._close_if_ended(token)  # it may have been answered while this was on its way

    def _changing(self, ref: MessageRef) -> Change:
        async def change(reply: Reply) -> None:
            await self._sender.edit(ref, reply)

        return change

    def _hear(self, entry: Recorded) -> None:
        if isinstance(entry.event, ConfirmationClosed):
            self._close_if_ended(entry.event.token)

    def _close_if_ended(self, token: str) -> None:
        asked = self._book.get(Confirmation, token)
        if token not in self._shown or (asked is not None and not asked.outcome):
            return
        task = asyncio.create_task(self._close(token, asked, self._shown.pop(token)))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _close(self, token: str, asked: Confirmation | None, shown: list[tuple[Reply | None, Change]]) -> None:
        for reply, change in shown:
            await self._insist(change, ended(asked, reply))
        self._memory.closed(token)

    async def _insist(self, change: Change, reply: Reply) -> None:
        for pause in (*PAUSES_S, 0):
            try:
                return await change(reply)
            except Undelivered as why:
                if not pause or (isinstance(why, Refused) and why.status in (401, 403, 404)):
                    log.warning("a confirmation's card was not edited", why=str(why))
                    return None
                await asyncio.sleep(max(pause, why.after_s))
        return None
