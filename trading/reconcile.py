"""Our books held against the venue's: at start, on every doubt and reconnect, and continuously.

Orders and fills of ours are brought up to date, because the venue's word on them is the truth. What
is not ours (manual trades, transfers) is never absorbed: it becomes a drift that a person decides on.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from trading import events as e
from trading import ports as p
from trading.control import Drift
from trading.errors import IntentError, OutcomeUnknown, VenueError
from trading.ids import derive, is_order_id
from trading.instruments import ZERO, Money, Symbol, plain
from trading.intent import AccountId, Origin
from trading.oms import NEVER_FILLED, Oms
from trading.order import Order, OrderStatus
from trading.portfolio import Balance, balance_key

MARGIN = timedelta(minutes=5)  # how far back before the oldest open matter fills are asked for
TOLERANCE = Decimal("1e-9")  # below what any venue counts; averages may round differently there
GONE = "the venue does not know it any more"
ARRIVED = timedelta(seconds=15)  # from when on a change that was asked for has arrived or never will
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
        parts = [f"{self.orders} open orders checked"]
        parts += [f"{self.fills} fills found"] if self.fills else []
        parts += [f"{self.doubts} doubts resolved"] if self.doubts else []
        parts += [f"{len(self.drifts)} differences: see /reconcile"] if self.drifts else ["no differences"]
        return f"{self.account}: " + ", ".join(parts)


class Reconciler:
    """Asks the executors, corrects through the OMS, and names what it may not correct."""

    def __init__(self, oms: Oms, every_s: float = 30.0) -> None:
        self.oms = oms
        self.book = oms.book
        self.every_s = every_s
        self._began = oms.book.clock.now()
        self._wanted: dict[AccountId, str] = {}
        self._wake = asyncio.Event()
        self._locks = {account: asyncio.Lock() for account in oms.executors}
        self._suspects: dict[AccountId, set[tuple[str, str]]] = {}
        self._since: dict[AccountId, datetime] = {}
        oms.needs_reconcile = self.want

    def want(self, account: AccountId, why: str) -> None:
        """Ask for a reconciliation soon; never blocks."""
        self._wanted[account] = why
        self._wake.set()

    async def run(self) -> None:
        """Reconcile what was asked for within a second, and everything every `every_s`."""
        while True:
            try:
                async with asyncio.timeout(self.every_s):
                    await self._wake.wait()
                accounts: Sequence[AccountId] = list(self._wanted)
            except TimeoutError:
                accounts = list(self.oms.executors)
            self._wake.clear()
            self._wanted.clear()
            for account in accounts:
                outcome = await self.reconcile(account)
                if outcome.problem or any(order.in_doubt for order in self.book.open_orders(account)):
                    self._wanted.setdefault(account, "again")
            if self._wanted:
                await asyncio.sleep(1)
                self._wake.set()

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
                await self._holdings(account, outcome, thorough)
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
        asked_at = self.book.clock.now()
        opened = [order.created_at for order in self.book.open_orders(account)]
        figures = self.book.account(account)
        known = (figures.reconciled_at or figures.opened_at) if figures else asked_at
        since = self._since.get(account, known)
        impossible: dict[str, tuple[str, str]] = {}
        for fill in await self.oms.executors[account].fills(min([since, *opened]) - MARGIN):
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
        self._since[account] = asked_at
        known_before = {drift.subject for drift in self.open_drifts(account) if drift.kind == "fill"}
        outcome.drifts += await self._drifts(account, "fill", impossible, keep=known_before)

    async def _orders(self, account: AccountId, outcome: Outcome) -> None:
        executor = self.oms.executors[account]
        ours = self.book.open_orders(account)
        open_there = await executor.open_orders()
        theirs = {order.order_id: order for order in open_there}
        for order in ours:
            outcome.orders += 1
            doubtful = order.in_doubt
            shown = theirs.get(order.id)
            if shown is None and self._young(order):
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
        outcome.drifts += await self._drifts(
            account, "order", {x.venue_order_id: ("none", x.text or f"{x.quantity} {x.symbol}") for x in strangers}
        )

    def _young(self, order: Order) -> bool:
        """Sent by this process a moment ago, still within its time to be acknowledged: reports will tell."""
        waiting = order.status is OrderStatus.SUBMITTED and not order.in_doubt
        ours = order.updated_at >= self._began
        return waiting and ours and self.book.clock.now() - order.updated_at < PATIENCE

    async def _bring_up(self, order: Order, shown: p.VenueOrder | None) -> None:
        """Bring one of our open orders to what the venue says of it."""
        account = order.account_id
        if shown is None:
            await self._missing(order)
            return
        report: p.Report
        match shown.status:
            case "open" if order.is_amending and self.book.clock.now() - order.updated_at < ARRIVED:
                report = p.Accepted(order.id, shown.venue_order_id)  # the change may still be on its way
            case "open" | "filled":
                await self.oms.on_report(account, p.Accepted(order.id, shown.venue_order_id))
                report = p.Amended(order.id, shown.quantity, shown.limit_price, shown.stop_price, shown.venue_order_id)
            case "canceled":
                report = p.Canceled(order.id, shown.reason)
            case "expired":
                report = p.Expired(order.id, shown.reason)
            case "rejected":
                report = p.Rejected(order.id, "REJECTED", shown.reason)
            case _:
                report = p.Accepted(order.id, shown.venue_order_id)
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
            report = p.Rejected(order.id, "NEVER_ARRIVED", "it never reached the venue")
            await self.oms.on_report(order.account_id, report)
            return
        # What it filled has been asked for before, and a fill that still comes counts.
        await self.oms.on_report(order.account_id, p.Canceled(order.id, GONE))
        text = f"{order.side} {plain(order.quantity)} {order.symbol} {order.id}: {GONE}. Look there what became of it."
        await self.book.record(e.Noticed(derive("gone", order.id), "critical", "reconcile", text))

    async def _holdings(self, account: AccountId, outcome: Outcome, thorough: bool) -> None:
        """Compare balances and positions, but only at a moment when nothing is on its way."""
        executor = self.oms.executors[account]
        before = self.book.balances(account), self.book.positions(account)
        balances = {money.currency: money.amount for money in await executor.balances()}
        positions = await executor.positions()
        moving = any(order.status is OrderStatus.SUBMITTED for order in self.book.open_orders(account))
        if moving or before != (self.book.balances(account), self.book.positions(account)):
            return
        ours = {balance.currency: balance.amount for balance in self.book.balances(account)}
        wrong_money = _differences(ours, balances)
        held = {str(x.symbol): x.quantity for x in self.book.positions(account)}
        wrong_positions = (
            _differences(held, {str(k): v for k, v in positions.items()}) if executor.capabilities.shorting else {}
        )
        suspects = {("balance", key) for key in wrong_money} | {("position", str(key)) for key in wrong_positions}
        seen = suspects if thorough else suspects & self._suspects.get(account, set())
        self._suspects[account] = suspects
        for kind, wrong in (("balance", wrong_money), ("position", wrong_positions)):
            sure = {key: pair for key, pair in wrong.items() if (kind, str(key)) in seen}
            outcome.drifts += await self._drifts(account, kind, sure, keep=set(map(str, wrong)))

    async def _drifts(
        self, account: AccountId, kind: str, wrong: dict[str, tuple[str, str]], keep: set[str] | None = None
    ) -> list[Drift]:
        """Record new differences, close those that are gone; answers the open ones."""
        facts: list[e.AnyEvent] = []
        current: list[str] = []
        for subject, (ours, theirs) in wrong.items():
            drift_id = derive("drift", str(account), kind, subject, ours, theirs)
            current.append(drift_id)
            known = self.book.get(Drift, drift_id)
            if known is None or known.resolution not in ("", "ignored"):
                facts.append(e.DriftFound(account.name, account.mode, drift_id, kind, subject, ours, theirs))
        for drift in self.open_drifts(account):
            unsure = drift.subject in (keep or set()) and drift.subject not in wrong
            if drift.kind == kind and drift.id not in current and not unsure:
                facts.append(e.DriftResolved(account.name, account.mode, drift.id, "gone", "desk"))
        if facts:
            await self.book.record(*facts)
        return [drift for drift in self.open_drifts(account) if drift.id in current]

    def open_drifts(self, account: AccountId | None = None) -> list[Drift]:
        """Differences that wait for a decision."""
        return [
            drift
            for drift in self.book.all(Drift)
            if not drift.resolution and (account is None or drift.account_id == account)
        ]

    async def resolve(self, drift: Drift, resolution: str, origin: Origin) -> None:
        """Adopt the venue's figure, or ignore the difference, by a person's decision.

        Raises:
            IntentError: it cannot be adopted.
        """
        account = drift.account_id
        facts: list[e.AnyEvent] = [e.DriftResolved(account.name, account.mode, drift.id, resolution, origin.actor)]
        if resolution == "adopted":
            facts += self._adoption(drift, origin)
        await self.book.record(*facts)

    def _adoption(self, drift: Drift, origin: Origin) -> list[e.AnyEvent]:
        account, reason = drift.account_id, "adopted from the venue"
        valuation = self.oms.drafting.valuation
        if drift.kind == "balance":
            now = self.book.get(Balance, balance_key(account, drift.subject))
            change = Decimal(drift.theirs) - (now.amount if now else ZERO)
            worth = valuation.worth(account, change, drift.subject) or ZERO
            money = Money(change, drift.subject)
            return [e.BalanceAdjusted(account.name, account.mode, money, reason, origin.actor, worth)]
        if drift.kind == "position":
            symbol = Symbol(drift.subject)
            shown = valuation.quote(account, symbol)
            if shown is None:
                raise IntentError(f"There is no price for {symbol} to adopt the position at.", "Try again later.")
            adjusted = e.PositionAdjusted(
                account.name, account.mode, symbol, Decimal(drift.theirs), shown.mid, reason, origin.actor
            )
            return [*self.oms.listing(account, symbol), adjusted]
        if drift.kind == "fill":
            raise IntentError("A fill is adopted by its balance and position.", "Adopt those, and ignore this one.")
        raise IntentError("An order that is not ours cannot be adopted.", "Ignore it, or cancel it at the venue.")


def _differences(ours: Mapping[str, Decimal], theirs: Mapping[str, Decimal]) -> dict[str, tuple[str, str]]:
    keys = sorted({*ours, *theirs})
    pairs = {str(key): (ours.get(key, ZERO), theirs.get(key, ZERO)) for key in keys}
    return {key: (plain(mine), plain(its)) for key, (mine, its) in pairs.items() if abs(mine - its) > TOLERANCE}
