"""How updates come in: fetched by long polling, or brought to our own web server by a webhook.

Telegram tells everything at least once: what was heard before is not heard again, and an update is
confirmed once it was answered (or has had a moment to be). What was not, it tells the next process.
"""

import asyncio
import hmac
from collections import deque
from collections.abc import Awaitable, Callable

import msgspec
import structlog
from telegram import Update

from bot.alerts.notifier import Undelivered
from bot.chats.telegram.updates import KINDS
from bot.chats.telegram.wire import REVOKED, Refused, Wire
from bot.supervise import Supervisor
from trading.errors import ConfigError

POLL_S = 25  # how long Telegram may keep us waiting for news
PATIENCE_S = 0.5  # for a batch to be answered, before the next is asked for
PAUSES_S = (1, 2, 5, 15)
AWAY_S = 60.0  # without news from Telegram for so long, what it tells first may be old
WATCH_S = 60.0  # between two looks at the webhook
REMEMBERED = 2000
STOP_S = 3.0

log = structlog.get_logger("tiller.telegram")

Hear = Callable[[Update, bool], Awaitable[None]]
"""Hears an update; True: it may have waited for us for hours, because we were not there."""


class Webhook(msgspec.Struct, frozen=True):
    """Where Telegram shall bring updates, and the secret it brings along (1-256 of `A-Z a-z 0-9 _ -`)."""

    url: str
    secret: str


class Inbox:
    """Takes updates, each once, and has them heard; those of a batch at the same time."""

    def __init__(self, wire: Wire, hear: Hear, supervisor: Supervisor, webhook: Webhook | None) -> None:
        self.webhook = webhook
        self._wire = wire
        self._hear = hear
        self._supervisor = supervisor
        self._seen: deque[int] = deque(maxlen=REMEMBERED)
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._next = 0
        self._heard_at: float | None = None
        self._greeted = self._stopping = False

    # --- fetching ----------------------------------------------------------------------------

    async def greet(self) -> None:
        """Say hello: who are we, and how updates shall come.

        Raises:
            ConfigError: the token, or the webhook's address, is refused.
            Undelivered: Telegram cannot be reached.
        """
        bot = self._wire.bot
        try:
            await self._wire.ask(bot.initialize)
            if self.webhook is None:
                await self._wire.ask(bot.delete_webhook)
            else:
                hook = self.webhook
                await self._wire.ask(lambda: bot.set_webhook(hook.url, allowed_updates=KINDS, secret_token=hook.secret))
        except Undelivered as why:
            if str(why) == REVOKED:
                raise ConfigError(REVOKED, code="TELEGRAM_TOKEN") from None
            raise
        except Refused as why:
            raise ConfigError(f"Telegram refuses the webhook's address: {why}.", code="TELEGRAM_WEBHOOK") from None
        self._greeted = True

    async def run(self) -> None:
        """Fetch updates, or see that they are brought, for ever."""
        failed = 0
        while True:
            try:
                if not self._greeted:
                    await self.greet()
                await (self._watch() if self.webhook else self._poll(0 if failed else POLL_S))
            except (Undelivered, Refused, ConfigError) as why:
                self._wire.troubles["updates"] = str(why)
                wait = max(PAUSES_S[min(failed, len(PAUSES_S) - 1)], getattr(why, "after_s", 0))
                if not failed:
                    log.warning("Telegram tells nothing", why=str(why), again_in=wait)
                failed += 1
                await asyncio.sleep(wait)
            else:
                failed = 0
                self._wire.troubles.pop("updates", None)
                self._wire.troubles.pop("token", None)

    async def _poll(self, timeout_s: int) -> None:
        bot, now = self._wire.bot, asyncio.get_running_loop().time
        late = self._heard_at is None or now() - self._heard_at > AWAY_S
        wait = 0 if late else timeout_s
        updates = await self._wire.ask(
            lambda: bot.get_updates(offset=self._next or None, timeout=wait, allowed_updates=KINDS)
        )
        self._heard_at = now()
        tasks = [self.take(update, late) for update in sorted(updates, key=lambda update: update.update_id)]
        if tasks:
            self._next = max(update.update_id for update in updates) + 1
            await asyncio.wait(tasks, timeout=PATIENCE_S)

    async def _watch(self) -> None:
        """Whether what Telegram brings arrives."""
        await asyncio.sleep(WATCH_S)
        found = await self._wire.ask(self._wire.bot.get_webhook_info)
        if self.webhook and found.url != self.webhook.url:
            self._greeted = False
        elif found.pending_update_count and found.last_error_message:
            raise Undelivered(f"Telegram cannot bring messages to the webhook: {found.last_error_message}.")

    # --- being brought -----------------------------------------------------------------------

    async def receive(self, secret: str, body: bytes) -> int:
        """One request to the webhook, `secret` from its X-Telegram-Bot-Api-Secret-Token; the status to answer.

        403 for who does not know the secret, 400 for what is no update, 503 when it shall come again.
        """
        hook = self.webhook
        if hook is None or not hmac.compare_digest(secret.encode("utf-8", "replace"), hook.secret.encode()):
            return 403
        if self._stopping or not self._greeted:
            return 503
        try:
            update = Update.de_json(msgspec.json.decode(body, type=dict[str, object]), self._wire.bot)
        except (msgspec.DecodeError, TypeError, KeyError, ValueError, AttributeError):
            return 400
        await asyncio.wait([self.take(update)], timeout=PATIENCE_S)
        return 200

    # --- each once ---------------------------------------------------------------------------

    def take(self, update: Update, late: bool = False) -> "asyncio.Task[None]":
        """Have an update heard, unless it was; answers what is done about it."""
        number = update.update_id
        if (task := self._tasks.get(number)) is not None:
            return task
        known = number in self._seen
        self._seen.append(number)
        task = asyncio.create_task(_nothing() if known else self._guarded(update, late), name=f"update {number}")
        self._tasks[number] = task
        task.add_done_callback(lambda _: self._tasks.pop(number, None))
        return task

    async def _guarded(self, update: Update, late: bool) -> None:
        async def hear() -> None:
            try:
                await self._hear(update, late)
            except Undelivered as why:
                log.warning("an answer was not told", why=str(why))

        await self._supervisor.attempt("telegram", hear)

    async def finish(self) -> None:
        """Take nothing more, let what was begun be answered, and confirm what was."""
        self._stopping = True
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=STOP_S)
        late = dict(self._tasks)
        for task in late.values():
            task.cancel()
        await asyncio.gather(*late.values(), return_exceptions=True)
        done = min([self._next, *late])  # what is late is told to the next process, which has the same answer for it
        if self._next and "updates" not in self._wire.troubles:
            try:
                await self._wire.ask(lambda: self._wire.bot.get_updates(offset=done, timeout=0, limit=1))
            except (Undelivered, Refused) as why:
                log.info("the last messages will be told again", why=str(why))


async def _nothing() -> None:
    """What is to be done about an update that was heard."""
