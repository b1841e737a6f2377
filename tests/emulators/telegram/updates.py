"""What the bot is told ("Getting updates"): kept until it is confirmed, a day at most, and told at least once."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.emulators.telegram.clock import Clock
from tests.emulators.telegram.faults import Faults
from tests.emulators.telegram.refusals import Refusal, conflict

KINDS = frozenset(
    [
        "message",
        "edited_message",
        "channel_post",
        "edited_channel_post",
        "business_connection",
        "business_message",
        "edited_business_message",
        "deleted_business_messages",
        "guest_message",
        "message_reaction",
        "message_reaction_count",
        "inline_query",
        "chosen_inline_result",
        "callback_query",
        "shipping_query",
        "pre_checkout_query",
        "purchased_paid_media",
        "poll",
        "poll_answer",
        "my_chat_member",
        "chat_member",
        "chat_join_request",
        "chat_boost",
        "removed_chat_boost",
        "managed_bot",
    ]
)
DEFAULT = KINDS - {"chat_member", "message_reaction", "message_reaction_count"}
DAY = 86_400.0
MAX_TIMEOUT = 50
CONFLICT_SECONDS = 3.0  # after one conflict the next is told so much later
OTHER_POLLER = "terminated by other getUpdates request; make sure that only one bot instance is running"
WEBHOOK_SET = "terminated by setWebhook request"
_REMEMBERED = 1000

Update = dict[str, Any]


@dataclass(eq=False)
class Pending:
    """An update that is not confirmed; those of one `queue` reach a webhook in order."""

    update: Update
    queue: str
    expires: float

    @property
    def id(self) -> int:
        return int(self.update["update_id"])


class Updates:
    """The queue of one bot."""

    def __init__(self, clock: Clock, faults: Faults, first_id: int) -> None:
        self.allowed = DEFAULT
        self.told = 0  # updates that were handed out, repetitions included
        self.polls = 0  # that had to wait
        self.on_poll: Callable[[], None] = lambda: None
        self.on_push: Callable[[], None] = lambda: None
        self._clock, self._faults = clock, faults
        self.next_id = first_id
        self._pending: dict[int, Pending] = {}
        self._confirmed: deque[Pending] = deque(maxlen=_REMEMBERED)
        self._again: list[Pending] = []
        self._poller: asyncio.Future[Refusal | None] | None = None
        self._next_conflict = 0.0

    @property
    def polled(self) -> bool:
        """Is somebody waiting for updates?"""
        return self._poller is not None

    def push(self, kind: str, payload: dict[str, Any], queue: str, seconds: float = DAY) -> None:
        """Tell the bot something, unless it does not want to hear it."""
        if kind not in self.allowed:
            return
        update = {"update_id": self.next_id, kind: payload}
        self._pending[self.next_id] = Pending(update, queue, self._clock.now + seconds)
        self.next_id += 1
        self._wake()

    def allow(self, kinds: Any) -> None:
        """`allowed_updates`: an empty list is the default; what is not there or no list changes nothing."""
        if isinstance(kinds, list):
            self.allowed = frozenset(str(kind).lower() for kind in kinds) & KINDS or DEFAULT

    def chosen(self) -> list[str]:
        """The kinds that were asked for, empty if they are the default."""
        return [] if self.allowed == DEFAULT else sorted(self.allowed)

    def drop(self) -> None:
        """Forget what is pending."""
        self._pending.clear()
        self._again.clear()

    def redeliver(self, count: int = 1) -> None:
        """Tell the newest confirmed updates once more, with the ids they had."""
        self._again = list(self._confirmed)[-count:]
        self._wake()

    def pending(self) -> list[Pending]:
        """What is not confirmed and not too old, in order."""
        now = self._clock.now
        for number in [number for number, one in self._pending.items() if one.expires <= now]:
            del self._pending[number]
        return [*self._again, *self._pending.values()]

    def confirm(self, pending: Pending) -> None:
        """The bot has taken it."""
        if pending in self._again:
            self._again.remove(pending)
        elif self._pending.pop(pending.id, None) is not None:
            self._confirmed.append(pending)

    # Long polling

    async def poll(self, offset: int, limit: int, seconds: float) -> list[Update]:
        """getUpdates. Refuses 409 the one that waits when another comes."""
        self._confirm_before(offset)
        batch = self._batch(limit)
        if batch or not seconds:
            return batch
        self.abort(conflict(OTHER_POLLER))
        poller: asyncio.Future[Refusal | None] = asyncio.get_running_loop().create_future()
        self._poller = poller
        self.polls += 1
        self.on_poll()
        try:
            refusal = poller.result() if await self._clock.wait(poller, seconds) else None
            if refusal is not None:
                await self._conflict_pause(refusal)
                raise refusal
        finally:
            if self._poller is poller:
                self._poller = None
        return self._batch(limit)

    def abort(self, refusal: Refusal) -> None:
        """End the poll that waits, if one does."""
        poller, self._poller = self._poller, None
        if poller is not None and not poller.done():
            poller.set_result(refusal)

    def _wake(self) -> None:
        if self._poller is not None and not self._poller.done():
            self._poller.set_result(None)
        self.on_push()

    async def _conflict_pause(self, refusal: Refusal) -> None:
        # As the server does, so that two pollers do not throw each other out all the time.
        if refusal.code != 409:
            return
        if self._clock.now < self._next_conflict:
            await self._clock.sleep(CONFLICT_SECONDS)
        else:
            self._next_conflict = self._clock.now + CONFLICT_SECONDS

    def _confirm_before(self, offset: int) -> None:
        waiting = list(self._pending.values())
        if offset < 0:  # the last so many are kept
            offset = waiting[offset].id if len(waiting) > -offset else 0
        for pending in waiting:
            if pending.id < offset <= self.next_id:
                self.confirm(pending)

    def _batch(self, limit: int) -> list[Update]:
        found = [one.update for one in self.pending()][:limit]
        self._again = []
        if found and self._faults.update("duplicated"):
            found = [update for update in found for _ in range(2)]
        if len(found) > 1 and self._faults.update("reordered"):
            found.reverse()
        self.told += len(found)
        return found
