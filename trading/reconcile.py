"""Our books held against the venue's: at start, on every doubt and reconnect, and continuously.

Orders and fills of ours are brought up to date, because the venue's word on them is the truth. What
is not ours (manual trades, transfers) is never absorbed: it becomes a drift that a person decides on.
"""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta

import msgspec

from trading import events as e
from trading import reports
from trading.control import Drift
from trading.drifts import Drifts
from trading.errors import OutcomeUnknown, VenueError
from trading.ids import derive, is_order_id
from trading.instruments import plain
from trading.intent import AccountId, Origin
from trading.oms import NEVER_FILLED, Oms
from trading.order import Order, OrderStatus
from trading.ports import KeepsPayments
from trading.words import counted

MARGIN = timedelta(minutes=5)  # how far back before the oldest open matter fills are asked for
GONE = "the venue does not know it any more"
ARRIVED = timedelta(seconds=23)  # from when on a change that was asked for has arrived or never will
PAUSES_S = (0, 0, 1, 4, 9)  # more, after a look that was not answered; the last one for ever
AT_LEAST_S = 1.0  # between two looks
LOOKS = 3  # that were not answered, one after the other, before people are told
PATIENCE = timedelta(seconds=5)  # how long an order may be on its way before we ask about it


class Outcome(msgspec.Struct):
    """What one reconciliation of one account found."""

    account: AccountId
    orders: int = 0
    fills: int = 0
    doubts: int = 0
    drifts: list[Drift] = msgspec.field(default_factory=list)
    problem: str = ""

    @property
    def text(self) -> str:
        if self.problem:
            return f"{self.account}: could not be reconciled: {self.problem}"
        parts = [f"{counted(self.orders, 'open order')} checked"]
        parts += [f"{counted(self.fills, 'fill')} found"] if self.fills else []
        parts += [f"{counted(self.doubts, 'doubt')} resolved"] if self.doubts else []
        differences = f"{counted(len(self.drifts), 'difference')}: see /reconcile"
        parts += [differences] if self.drifts else ["no differences"]
        return f"{self.account}: " + ", ".join(parts)


class Reconciler:
    """Asks the executors, corrects through the OMS, and names what it may not correct."""

    def __init__(self, oms: Oms, every_s: float = 30.0) -> None:
        self.oms = oms
        self.book = oms.book
        self.drifts = Drifts(oms)
        self.every_s = every_s
        self._began = oms.book.clock.now()
        self._wake = {account: asyncio.Event() for account in oms.executors}
        self._locks = {account: asyncio.Lock() for account in oms.executors}
        self._since: dict[AccountId, datetime] = {}
        self._unanswered: dict[AccountId, int] = {}  # looks, one after the other
        oms.needs_reconcile = self.want

    def want(self, account: AccountId, why: str) -> None:
        """Ask for a reconciliation soon; never blocks."""
        self._wake[account].set()

    async def run(self, account: AccountId) -> None:
        """Reconcile one account when that is asked for, every `every_s`, and while anything of it is in doubt.

        An account that cannot be asked is tried again, after longer and longer pauses; the others do not notice.
        """
        wake, pauses_s, wait_s = self._wake[account], iter(PAUSES_S), self.every_s
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await wake.wait()
            wake.clear()
            outcome = await self.reconcile(account)
            await self._note(account, outcome.problem)
            wait_s = self.every_s
            if outcome.problem:
                wait_s = next(pauses_s, PAUSES_S[-1])
            else:
                pauses_s = iter(PAUSES_S)
            await asyncio.sleep(AT_LEAST_S)
            if not outcome.problem:
                await self._until_certain(account)

    async def _note(self, account: AccountId, problem: str) -> None:
        """Tell people, once each, that an account cannot be asked, and that it can be again."""
        failed = self._unanswered.get(account, 0)
        self._unanswered[account] = failed + 1 if problem else 0
        notice = derive("unasked", str(account), str(self.book.journal.last_seq))
        if problem and failed + 1 == LOOKS:
            text = f"{account} cannot be asked what it holds; it is tried again by itself. {problem}"
            await self.book.record(e.Noticed(notice, "warning", "reconcile", text))
        elif not problem and failed >= LOOKS:
            await self.book.record(e.Noticed(notice, "info", "reconcile", f"{account} can be asked again."))

    async def _until_certain(self, account: AccountId) -> None:
        """While orders are in doubt, look just those up every second, until the next look at everything is due.

        What is found is not booked here: once one of them is certain, everything is looked at.
        """
        wake, executor, clock = self._wake[account], self.oms.executors[account], asyncio.get_running_loop().time
        until = clock() + self.every_s
        while doubts := [order for order in self.book.open_orders(account) if order.in_doubt]:
            for order in doubts:
                with suppress(VenueError):  # not certain, or not to be asked
                    await executor.lookup(order)
                    wake.set()
            if wake.is_set() or clock() > until:
                wake.set()
                return
            await asyncio.sleep(AT_LEAST_S)

    async def reconcile(self, account: AccountId, *, thorough: bool = False) -> Outcome:
        """One account against its venue. `thorough` (start-up, by command) names differences at first sight.

        Continuously a difference must be seen twice, because money may be on its way.
        """
        outcome = Outcome(account)
        async with self._locks[account]:
            try:
                await self._open_account(account)
                await self._fills(account, outcome)
                await self._orders(account, outcome)
                outcome.drifts += await self.drifts.of_holdings(account, thorough)
            except VenueError as why:
                outcome.problem = str(why)
                return outcome
        found = outcome.fills or outcome.doubts or outcome.drifts
        if thorough or found:
            await self.book.record(
                e.Reconciled(
                    account.name, account.mode, outcome.orders, outcome.fills, outcome.doubts,
                    len(outcome.drifts), outcome.text,
                )
            )  # fmt: skip
        return outcome

    async def _open_account(self, account: AccountId) -> None:
        """The first time we see an account, what the venue says it holds is where its books begin."""
        if self.book.account(account) is not None:
            return
        executor = self.oms.executors[account]
        balances = tuple(await executor.balances())
        currency = self.oms.drafting.valuation.currency
        await self.book.record(e.AccountOpened(account.name, account.mode, executor.venue, currency, balances))

    async def _fills(self, account: AccountId, outcome: Outcome) -> None:
        executor, asked_at = self.oms.executors[account], self.book.clock.now()
        opened = [order.created_at for order in self.book.open_orders(account)]
        figures = self.book.account(account)
        known = (figures.reconciled_at or figures.opened_at) if figures else asked_at
        since = self._since.get(account) or min([known, *opened])  # later fills of old orders show in the orders
        since = min(since, asked_at)  # the machine's clock may have been set back
        impossible: dict[str, tuple[str, str]] = {}
        for fill in await executor.fills(since - MARGIN):
            if fill.closed_out is not None and not self.book.has_fill(account, fill.closed_out.symbol, fill.trade_id):
                await self.oms.on_report(account, fill)
                outcome.fills += self.book.has_fill(account, fill.closed_out.symbol, fill.trade_id)
            order = self.book.order(fill.order_id)
            if order is None and is_order_id(
                fill.order_id
            ):  # ours, but the journal is older than the venue: a backup put back
                said = f"{plain(fill.quantity)} at {plain(fill.price)} for {fill.order_id}, unknown to the journal"
                impossible[f"{fill.order_id} {fill.trade_id}"] = ("none", said)
            if order is None or self.book.has_fill(account, order.symbol, fill.trade_id):
                continue
            if order.status in NEVER_FILLED:
                said = f"{plain(fill.quantity)} at {plain(fill.price)} for {order.id}, which is {order.status}"
                impossible[f"{order.symbol} {fill.trade_id}"] = ("none", said)
                continue
            await self.oms.on_report(account, fill)
            outcome.fills += self.book.has_fill(account, order.symbol, fill.trade_id)
        if isinstance(executor, KeepsPayments):
            for payment in await executor.payments(since - MARGIN):
                await self.oms.on_report(account, payment)
        self._since[account] = asked_at
        known_before = {drift.subject for drift in self.drifts.open(account) if drift.kind == "fill"}
        outcome.drifts += await self.drifts.found(account, "fill", impossible, keep=known_before)

    async def _orders(self, account: AccountId, outcome: Outcome) -> None:
        executor = self.oms.executors[account]
        ours = self.book.open_orders(account)
        open_there = await executor.open_orders()
        theirs = {order.order_id: order for order in open_there}
        for order in ours:
            outcome.orders += 1
            doubtful = order.in_doubt
            shown = theirs.get(order.id)
            if shown is None and (order.id in self.oms.under_way or self._young(order)):
                continue
            try:
                shown = shown or await executor.lookup(order)
            except OutcomeUnknown:
                continue  # the venue is not sure yet; the doubt stays visible
            if self.book.order(order.id) == order:  # else it moved while we asked: the next round sees it
                await self._bring_up(order, shown)
            after = self.book.order(order.id)
            outcome.doubts += bool(doubtful and after and not after.in_doubt)
            if after and after.status is OrderStatus.PENDING_CANCEL:
                await self.oms.push_cancel(after)  # a cancel is safe to repeat
        strangers = [shown for shown in open_there if self.book.order(shown.order_id) is None]
        outcome.drifts += await self.drifts.found(
            account, "order", {x.venue_order_id: ("none", x.text or f"{x.quantity} {x.symbol}") for x in strangers}
        )

    def _young(self, order: Order) -> bool:
        """Sent by this process a moment ago, still within its time to be acknowledged: reports will tell."""
        waiting = order.status is OrderStatus.SUBMITTED and not order.in_doubt
        ours = order.updated_at >= self._began
        return waiting and ours and self.book.is_recent(order.updated_at, PATIENCE)

    async def _bring_up(self, order: Order, shown: reports.VenueOrder | None) -> None:
        """Bring one of our open orders to what the venue says of it."""
        account = order.account_id
        if shown is None:
            await self._missing(order)
            return
        report: reports.Report
        match shown.status:
            case "open" if order.is_amending and self.book.is_recent(order.updated_at, ARRIVED):
                report = reports.Accepted(order.id, shown.venue_order_id)  # the change may still be on its way
            case "open" | "filled":
                await self.oms.on_report(account, reports.Accepted(order.id, shown.venue_order_id))
                report = reports.Amended(
                    order.id, shown.quantity, shown.limit_price, shown.stop_price, shown.venue_order_id
                )
            case "canceled":
                report = reports.Canceled(order.id, shown.reason, shown.filled_quantity)
            case "expired":
                report = reports.Expired(order.id, shown.reason, shown.filled_quantity)
            case "rejected":
                report = reports.Rejected(order.id, "REJECTED", shown.reason)
            case _:
                report = reports.Accepted(order.id, shown.venue_order_id)
        if shown.filled_quantity > order.filled_quantity:
            for fill in await self.oms.executors[account].fills(order.created_at - MARGIN):
                if fill.order_id == order.id:
                    await self.oms.on_report(account, fill)
        await self.oms.on_report(account, report)

    async def _missing(self, order: Order) -> None:
        """The venue is sure that it does not have this order."""
        if self.book.order(order.id) != order:
            return  # something was heard of it meanwhile: the next round asks again
        if order.is_unheard:  # and never had it: nothing was executed
            report = reports.Rejected(order.id, "NEVER_ARRIVED", "it never reached the venue")
            await self.oms.on_report(order.account_id, report)
            return
        # What it filled has been asked for before, and a fill that still comes counts.
        await self.oms.on_report(order.account_id, reports.Canceled(order.id, GONE))
        text = f"{order.side} {plain(order.quantity)} {order.symbol} {order.id}: {GONE}. Look there what became of it."
        await self.book.record(e.Noticed(derive("gone", order.id), "critical", "reconcile", text))

    def open_drifts(self, account: AccountId | None = None) -> list[Drift]:
        """Differences that wait for a decision."""
        return self.drifts.open(account)

    async def resolve(self, drift: Drift, resolution: str, origin: Origin) -> None:
        """Adopt the venue's figure, or ignore the difference, by a person's decision.

        Raises:
            IntentError: it cannot be adopted.
        """
        await self.drifts.resolve(drift, resolution, origin)
