"""The order pipeline: Intent -> Risk -> Journal -> Executor -> Reports -> Book. Read it top to bottom.

The same key is the same order, for ever. An order is durable before it is on the wire; once it may
have left, it is never sent again: its outcome is the venue's to tell, through reports or reconcile.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal

from trading import control as c
from trading import events as e
from trading import reports
from trading.book import Book
from trading.changes import Changes
from trading.drafting import Drafting, initialized
from trading.errors import IntentError, OutcomeUnknown, VenueRefused, VenueUnreachable
from trading.hearing import facts_of, lacks_fills
from trading.instruments import Symbol
from trading.intent import AccountId, Intent, OrderType, Origin
from trading.order import Order, OrderStatus
from trading.ports import Approved, Executor
from trading.risk.gate import Denied, RiskGate
from trading.unasked import closed_out, held_leg

NEVER_FILLED = (OrderStatus.REJECTED, OrderStatus.DENIED)


class Oms:
    """Takes intents to their venue and the venue's words into the book."""

    def __init__(self, book: Book, gate: RiskGate, drafting: Drafting, executors: Mapping[AccountId, Executor]) -> None:
        self.book = book
        self.gate = gate
        self.drafting = drafting
        self.changes = Changes(book, gate, drafting)
        self.executors = executors
        self.under_way: set[str] = set()
        """Orders whose request this process has begun and not ended: it may arrive yet, whatever the venue says."""
        self.needs_reconcile: Callable[[AccountId, str], None] = lambda account, why: None

    # --- an order's life ---------------------------------------------------------------------

    async def submit(self, *intents: Intent) -> Order:
        """Take one intent (or the two legs of an OCO pair) to the venue. The same key twice is the same order.

        Raises:
            IntentError: it cannot be made into an order; nothing was changed.
        """
        async with self.book.lock:  # verdict and journal entry are one step
            if known := self.book.order(self.book.order_id(intents[0].key)):
                return known
            orders = [self.drafting.draft(intent) for intent in intents]
            if listing := self.listing(orders[0].account_id, orders[0].symbol):
                await self.book.write(*listing)  # the gate judges by the filters in the journal
            sets = self.drafting.as_sent(orders)
            approved: list[Approved] = []
            facts: list[e.AnyEvent] = []
            for order, *legs in sets:
                facts += [initialized(each) for each in (order, *legs)]
                verdict = self.gate.judge(order, tuple(legs))
                if isinstance(verdict, Denied):
                    facts += [
                        e.OrderDenied(each.id, verdict.code, verdict.reason, verdict.findings)
                        for each in (order, *legs)
                    ]
                else:
                    request = self.executors[order.account_id].describe(verdict)
                    facts += [e.OrderSubmitted(each.id, verdict.findings, request) for each in (order, *legs)]
                    approved.append(verdict)
            await self.book.write(*facts)  # durable before the wire
        if len(approved) == 1:
            await self._send(approved[0])  # outside the lock
        else:
            await asyncio.gather(*map(self._send, approved))  # none waits for another's answer
        return self.book.order(orders[0].id) or orders[0]

    async def _send(self, approved: Approved) -> None:
        sent = (approved.order, *approved.legs)
        ids = {order.id for order in sent}
        executor = self.executors[approved.order.account_id]
        self.under_way |= ids
        try:
            await executor.place(approved)
        except (VenueRefused, VenueUnreachable) as why:
            refusal = why
            await self._record_for(sent, lambda order: e.OrderRejected(order.id, refusal.code, str(refusal)))
        except OutcomeUnknown as why:
            doubt = str(why)  # never resend: reconcile finds out
            await self._record_for(sent, lambda order: e.OrderInDoubt(order.id, doubt))
            self.needs_reconcile(approved.order.account_id, f"order {approved.order.id} is in doubt")
        finally:
            self.under_way -= ids

    async def _record_for(self, orders: tuple[Order, ...], fact: Callable[[Order], e.AnyEvent]) -> None:
        """Record a fact of those orders of which no report came first."""
        async with self.book.lock:
            waiting = [order for order in orders if self._now(order).is_unheard]
            if waiting:
                await self.book.write(*(fact(order) for order in waiting))

    async def cancel(self, order: Order, origin: Origin) -> Order:
        """Ask the venue for a cancel; safe to repeat. An order that is not open is answered as it is."""
        async with self.book.lock:
            order = self._now(order)
            if not order.is_open:
                return order
            if order.status is not OrderStatus.PENDING_CANCEL:
                await self.book.write(e.OrderCancelRequested(order.id, origin.actor, origin.source))
        await self.push_cancel(order)
        return self._now(order)

    async def push_cancel(self, order: Order) -> None:
        """Send the cancel of an order whose cancel is journalled; also used to repeat it."""
        try:
            await self.executors[order.account_id].cancel(order)
        except VenueRefused as why:
            await self.on_report(order.account_id, reports.CancelRefused(order.id, str(why)))
            self.needs_reconcile(order.account_id, f"cancel of {order.id} refused")
        except (VenueUnreachable, OutcomeUnknown) as why:
            self.needs_reconcile(order.account_id, f"cancel of {order.id}: {why}")

    async def amend(
        self,
        order: Order,
        origin: Origin,
        *,
        quantity: Decimal | None = None,
        limit_price: Decimal | None = None,
        stop_price: Decimal | None = None,
    ) -> Order:
        """Change an open order at the venue, after the risk checks of what it would become.

        Raises:
            IntentError: it is not open, the change is denied, or the venue refuses it.
        """
        async with self.book.lock:
            order = self._now(order)
            wish = {"quantity": quantity, "limit_price": limit_price, "stop_price": stop_price}
            changed = self.changes.judged(order, origin, **wish)
            asked = e.OrderAmendRequested(order.id, origin.actor, origin.source, quantity, limit_price, stop_price)
            await self.book.write(asked, *self.changes.wished(changed, order, origin.actor))
        try:
            await self.executors[order.account_id].amend(
                changed, changed.quantity, changed.limit_price, changed.stop_price
            )
        except (VenueRefused, VenueUnreachable) as why:
            back = self.changes.wished(order, changed, "desk")
            await self.book.record(e.OrderAmendRefused(order.id, str(why)), *back)
            raise IntentError(f"The order stays as it was: {why}", code=why.code) from None
        except OutcomeUnknown as why:
            self.needs_reconcile(order.account_id, f"amend of {order.id}: {why}")
        return self._now(order)

    async def on_report(self, account: AccountId, report: reports.Report) -> None:
        """The venue's words into the book. Late, doubled and reordered reports are welcome."""
        if isinstance(report, reports.Reconnected):
            self.needs_reconcile(account, f"reconnected {report.reason}".strip())
            return
        if isinstance(report, reports.Paid):
            await self._paid(account, report)
            return
        if isinstance(report, reports.Filled) and report.closed_out and not self._is_since_opened(account, report.at):
            return
        async with self.book.lock:
            order = self.book.order(report.order_id)
            ours = order is not None and order.account_id == account
            begins: list[e.AnyEvent] = []
            if isinstance(report, reports.Filled) and (report.leg or report.closed_out):
                order, begins = self._unasked(account, order if ours else None, report)
                ours = order is not None
            facts = facts_of(order, report, self.book, self.drafting.valuation) if order and ours else []
            if facts:
                await self.book.write(*begins, *facts)
        if not ours or order is None:
            self.needs_reconcile(account, "a report of an order that is not ours")
        elif isinstance(report, reports.Accepted) and order.status is OrderStatus.PENDING_CANCEL:
            self.needs_reconcile(account, f"order {order.id} has arrived, and was to be cancelled before")
        elif not facts and lacks_fills(order, report):
            self.needs_reconcile(account, f"order {order.id} has ended, and not all of its fills are known")
        elif not facts and isinstance(report, reports.Filled) and order.status in NEVER_FILLED:
            self.needs_reconcile(account, f"a fill of order {order.id}, which had ended as {order.status}")

    def _unasked(
        self, account: AccountId, order: Order | None, report: reports.Filled
    ) -> tuple[Order | None, list[e.AnyEvent]]:
        """The order of ours that a trade of the venue's own counts as, and how it begins; None if of none of ours."""
        if closed := report.closed_out:
            done, begins = closed_out(self.drafting, account, report, closed)
            return done, [*self.listing(account, closed.symbol), *begins]
        if order is not None and report.leg:
            return held_leg(self.drafting, order, report, report.leg)
        return order, []

    def _is_since_opened(self, account: AccountId, at: datetime) -> bool:
        """Whether it came after the account's books began; what was before is in the money they began with."""
        figures = self.book.account(account)
        return figures is not None and at >= figures.opened_at

    async def _paid(self, account: AccountId, report: reports.Paid) -> None:
        """Profit or loss like any other, but for what was in the account's money already when its books began."""
        fact = e.BalanceAdjusted(
            account.name,
            account.mode,
            report.money,
            report.reason,
            self.executors[account].venue,
            payment_id=report.payment_id,
        )
        async with self.book.lock:
            known = self.book.get(c.Payment, c.Payment(account.name, account.mode, report.payment_id).pk)
            if self._is_since_opened(account, report.at) and known is None:
                await self.book.write(fact)

    def listing(self, account: AccountId, symbol: Symbol) -> list[e.AnyEvent]:
        """The fact of an instrument's filters when first used or changed, so that replay needs no venue."""
        instrument = self.drafting.instrument(account, symbol)
        if self.book.instrument(account, symbol) == instrument:
            return []
        return [e.InstrumentListed(account.name, account.mode, instrument)]

    def _now(self, order: Order) -> Order:
        return self.book.order(order.id) or order

    async def settled(self, order_id: str, timeout_s: float) -> Order:
        """The order once the venue has said what became of it, or as it is after `timeout_s`."""
        return await self._until(order_id, timeout_s, lambda order: not _undecided(order))

    async def closed(self, order_id: str, timeout_s: float) -> Order:
        """The order once it is no longer open, or as it is after `timeout_s`."""
        return await self._until(order_id, timeout_s, lambda order: not order.is_open)

    async def changed(self, before: Order, timeout_s: float) -> Order:
        """The order once anything about it is new, or as it is after `timeout_s`."""
        return await self._until(before.id, timeout_s, lambda order: order != before)

    async def _until(self, order_id: str, timeout_s: float, done: Callable[[Order], bool]) -> Order:
        def reached() -> bool:
            order = self.book.order(order_id)
            return order is None or done(order)

        await self.book.until(reached, timeout_s)
        settled = self.book.order(order_id)
        if settled is None:
            raise IntentError(f"There is no order {order_id}.", code="NO_ORDER")
        return settled


def _undecided(order: Order) -> bool:
    if order.in_doubt:
        return False  # that it is unknown is an answer too
    return order.is_open if order.type is OrderType.MARKET else order.status is OrderStatus.SUBMITTED
