"""Alerts from outside on their way: durable before their sender hears of it, then done, each once and in order.

The journal is the queue. What was received and not settled when the process ended is done at the next start or, when
it is too old by then, is not; either is said. Each source's alerts are done in their order; no source waits for
another.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from bot.desk import LiveDesk
from bot.webhooks.fulfilment import Done, Fulfilment, Look, NotNow, Run, limit, too_old
from bot.webhooks.sources import SKEW_S, Source
from handlers.cards import headline
from handlers.confirm import AGREED
from handlers.tradingview.body import decoded
from handlers.tradingview.given import Unreadable
from handlers.tradingview.reading import Reading
from handlers.tradingview.secret import MASK, without_secrets
from trading import events as e
from trading.control import Confirmation
from trading.events import Outcome
from trading.ids import derive
from trading.incoming import Fingerprint, Incoming

MOST_KEPT = 2000  # characters of what cannot be read
AGAIN_S = 0.5  # between two looks at whether the desk takes something now
APPROVED_S = 5.0  # for the order of an approval to be there

Start = Callable[[str, Callable[[], Awaitable[None]]], None]
"""Runs something for ever, under a name."""


class Receipt(NamedTuple):
    """What a sender is told. An `error` is the reason why it cannot be read, with its code."""

    alert_id: str
    duplicate: bool = False
    outcome: Outcome | None = None
    error: Unreadable | None = None


class Inbox:
    """The alerts of one desk. `begin` once the journal is replayed."""

    def __init__(self, desk: LiveDesk, run: Run, look: Look, start: Start) -> None:
        self.book = desk.book
        self.fulfilment = Fulfilment(desk, run, look)
        self._start = start
        self._waiting: dict[str, _Queue] = {}
        self._decided: deque[str] = deque()  # alerts of which a confirmation was closed
        self._asked: dict[str, str] = {}  # the alert of each token that waits
        self._refused: dict[str, str] = {}  # lines that were agreed to and then not done, by their key: the code
        self._news = asyncio.Event()

    def begin(self) -> None:
        """Go on with what was left, and with what comes."""
        self.book.subscribe(self._hear)
        for alert in self.book.all(Incoming):
            if alert.outcome is None:
                self._queue(alert)
            elif alert.outcome is Outcome.WAITING:
                self._decided.append(alert.id)  # nothing waits across a restart
        self._start("decisions on alerts", self._follow)

    # --- taking ------------------------------------------------------------------------------

    async def receive(
        self, source: Source, body: bytes, signed_at: datetime | None = None, *, once: bool = False
    ) -> Receipt:
        """Take an alert of a source that has proved itself: it is durable when this returns.

        `once`: this body is never done again, however much later it comes (a signature without a time).

        Raises:
            NotNow: the desk cannot take it; nothing was stored.
            JournalError: it could not be stored.
        """
        text = without_secrets(body, (source.secret,)).replace("\x00", "\ufffd")
        found = self._read(source, body, text)
        now = self.book.clock.now()
        sent_at = signed_at
        own_id = ""
        if isinstance(found, Reading):
            sent_at = min((at for at in (found.sent_at, signed_at) if at is not None), default=None)
            own_id = found.id
            if sent_at is not None and sent_at > now + timedelta(seconds=max(SKEW_S, source.max_age_s)):
                found = Unreadable("It was sent in the future.", "Set the sender's clock.", code="BAD_TIME")
        known_by = derive("alert", source.name, "id", own_id) if own_id else derive("alert", source.name, text)
        async with self.book.lock:
            before = self.book.get(Fingerprint, known_by)
            if before is not None:
                # A clock that is ahead keeps an alert young for longer.
                ahead = max(timedelta(seconds=SKEW_S), (sent_at or before.received) - before.received)
                is_soon = now - before.received <= timedelta(seconds=source.max_age_s) + ahead
                again = await self._again(before.alert_id, found, once, is_soon) if own_id or once or is_soon else None
                if again is not None:
                    return again
            alert_id = derive("incoming", known_by, str(self.book.journal.last_seq))
            kept = text if isinstance(found, Reading) else text[:MOST_KEPT]
            received = e.AlertReceived(alert_id, source.name, source.account, kept, known_by, sent_at)
            settled = self._at_once(received, found, source, now)
            await self.book.write(received, *settled)
        if settled:
            error = found if isinstance(found, Unreadable) else None
            return Receipt(alert_id, outcome=settled[0].outcome, error=error)
        alert = self.book.get(Incoming, alert_id)
        assert alert is not None, "the fold keeps what was received"
        assert isinstance(found, Reading), "what cannot be read is settled"
        self._queue(alert, found)
        return Receipt(alert_id)

    def _read(self, source: Source, body: bytes, text: str) -> Reading | Unreadable:
        """What is stored must say what was sent: it is the stored text that is done."""
        try:
            decoded(body)
            found = self.fulfilment.read(source, text)
            if MASK not in text:
                return found
            sent = self.fulfilment.read(source, body)
        except Unreadable as why:
            return why
        if (sent.orders, sent.id, sent.sent_at, sent.max_age_s) != (
            found.orders, found.id, found.sent_at, found.max_age_s,
        ):  # fmt: skip
            return Unreadable(
                "The secret hides a part of it.", "Put the secret into a field of its own.", code="HIDDEN"
            )
        return found

    async def _again(self, alert_id: str, found: Reading | Unreadable, once: bool, is_soon: bool) -> Receipt | None:
        """The same alert; None if it could not be read then, and can be now.

        It is told the first time that it comes again, and whenever it is later than its sender would repeat it: an id
        that means every alert would silence them all.
        """
        alert = self.book.get(Incoming, alert_id)
        assert alert is not None, "an alert is never forgotten"
        if alert.outcome is Outcome.UNREADABLE and isinstance(found, Reading):
            if not once:
                return None
            remedy = "Sign it anew, with X-Timestamp."
            found = Unreadable("It came before, and could not be read then.", remedy, code="USED")
        elif alert.outcome is not Outcome.UNREADABLE and not (alert.resent and is_soon):
            await self.book.write(e.AlertResent(alert.id, alert.source))
        return Receipt(alert_id, True, alert.outcome, found if isinstance(found, Unreadable) else None)

    def _at_once(
        self, received: e.AlertReceived, found: Reading | Unreadable, source: Source, now: datetime
    ) -> tuple[e.AlertSettled, ...]:
        """What of an alert is known when it comes: it cannot be read, or is too old."""
        done: Done | None = None
        if isinstance(found, Unreadable):
            done = Done(Outcome.UNREADABLE, str(found))
        elif late := too_old(min(now, received.sent_at or now), now, limit(source, found)):
            lines = "; ".join(map(str, found.orders))
            done = Done(Outcome.EXPIRED, f"{lines}: {late} {{{{timenow}}}} is when it fires, {{{{time}}}} is not.")
        return (_settled(received.alert_id, received.source, done),) if done else ()

    # --- doing -------------------------------------------------------------------------------

    def _queue(self, alert: Incoming, found: Reading | None = None) -> None:
        queue = self._waiting.get(alert.source)
        if queue is None:
            queue = self._waiting[alert.source] = _Queue()
            self._start(f"alerts of {alert.source}", partial(self._work, queue))
        queue.put(alert, found)

    async def _work(self, queue: "_Queue") -> None:
        """Do the alerts of one source, the oldest first, for ever."""
        while True:
            alert, found = await queue.first()
            try:
                done = await self.fulfilment.do(alert, found)
            except NotNow:
                await asyncio.sleep(AGAIN_S)
                continue
            if found is None:
                done = done._replace(text=f"After a restart. {done.text}")
            self._asked |= dict.fromkeys(done.tokens, alert.id)
            await self.book.record(_settled(alert.id, alert.source, done))
            queue.remove()
            if any(self._is_closed(token) for token in done.tokens):  # somebody was quicker than the entry
                self._decide(alert.id)

    # --- what people decide ------------------------------------------------------------------

    def _hear(self, entry: e.Recorded) -> None:
        if isinstance(entry.event, e.ConfirmationClosed) and (alert_id := self._asked.get(entry.event.token)):
            self._decide(alert_id)
        match entry.event:  # what is run by consent has no answer: its key keeps the one that asked for it
            case e.CommandRun(key=key, ok=False, answer="", code=code) if "|wh:" in key:
                self._refused[key] = code

    def _decide(self, alert_id: str) -> None:
        self._decided.append(alert_id)
        self._news.set()

    def _is_closed(self, token: str) -> bool:
        asked = self.book.get(Confirmation, token)
        return asked is None or bool(asked.outcome)

    async def _follow(self) -> None:
        """Settle what somebody, or nobody in time, has decided."""
        while True:
            while self._decided:
                await self._conclude(self._decided[0])
                self._decided.popleft()
            self._news.clear()
            await self._news.wait()

    async def _conclude(self, alert_id: str) -> None:
        alert = self.book.get(Incoming, alert_id)
        if alert is None or alert.outcome is not Outcome.WAITING or not all(map(self._is_closed, alert.tokens)):
            return
        parts = [await self._decision(token) for token in alert.tokens]
        agreed = any(part.outcome is Outcome.APPROVED for part in parts)
        orders = (*alert.order_ids, *(order for part in parts for order in part.order_ids))
        text = "\n".join(part.text for part in parts)
        is_refused = any(part.outcome is Outcome.DENIED for part in parts)
        outcome = Outcome.APPROVED if agreed else Outcome.DENIED if is_refused else Outcome.REJECTED
        done = Done(outcome, text, orders)
        await self.book.record(_settled(alert.id, alert.source, done))
        for token in alert.tokens:
            self._asked.pop(token, None)

    async def _decision(self, token: str) -> Done:
        asked = self.book.get(Confirmation, token)
        if asked is None:
            return Done(Outcome.REJECTED, f"{token}: not known any more, nothing was sent.")
        if asked.outcome not in AGREED:
            why = {"expired": "nobody agreed in time", "voided": "voided"}.get(asked.outcome)
            return Done(Outcome.REJECTED, f"{asked.line}: {why or f'rejected by {asked.closed_by}'}, nothing was sent.")
        order_id = self.book.order_id(asked.key)
        is_known = partial(self._came_of, order_id, asked.key)
        await self.book.until(is_known, APPROVED_S)
        order, code = self.book.order(order_id), self._refused.pop(asked.key, "")
        if code and order is None:
            text = f"{asked.line}: approved by {asked.closed_by}, and then refused: {code}."
            return Done(Outcome.DENIED, text)
        told = headline(order) if order else asked.line
        return Done(Outcome.APPROVED, f"{told}: approved by {asked.closed_by}.", (order_id,) if order else ())

    def _came_of(self, order_id: str, key: str) -> bool:
        return key in self._refused or self.book.order(order_id) is not None


def _settled(alert_id: str, source: str, done: Done) -> e.AlertSettled:
    return e.AlertSettled(alert_id, source, done.outcome, done.text, done.order_ids, done.tokens)


class _Queue:
    """The alerts of one source that are to be done, as they were read; of those from before a restart None.

    The first stays until it is removed.
    """

    def __init__(self) -> None:
        self._alerts: deque[tuple[Incoming, Reading | None]] = deque()
        self._news = asyncio.Event()

    def put(self, alert: Incoming, found: Reading | None) -> None:
        self._alerts.append((alert, found))
        self._news.set()

    async def first(self) -> tuple[Incoming, Reading | None]:
        while not self._alerts:
            self._news.clear()
            await self._news.wait()
        return self._alerts[0]

    def remove(self) -> None:
        self._alerts.popleft()
