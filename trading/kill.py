"""The kill switch: latch first, then cancel, then (if asked) flatten, step by step until done.

The latch is in the journal before anything else happens, so it survives any crash; the steps are
decided from the book alone, so they go on after a restart. Protective orders stay where positions
stay: without `flatten`, only orders that could open something are cancelled.
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

from trading import events as e
from trading.control import Kill, Latch
from trading.errors import IntentError, VenueError
from trading.ids import derive
from trading.instruments import Symbol, plain
from trading.intent import AccountId, Intent, Leg, Origin, Size
from trading.oms import Oms
from trading.order import Order, OrderStatus
from trading.portfolio import Position, closing_side
from trading.protection import Protection
from trading.words import STATUS, resume_line, scope_label

LATE = timedelta(minutes=5)  # how long before the kill a fill may have been that was not heard of yet
PAUSES_S = (0.2, 0.5, 1, 2, 5)  # between rounds; the last one for ever


class Killer:
    """Works on every kill that is not done."""

    def __init__(
        self, oms: Oms, protection: Protection, territories: Mapping[str, tuple[str, frozenset[Symbol]]] | None = None
    ) -> None:
        """`territories`: by strategy, its account and symbols; what is held there is in that strategy's scope."""
        self.oms = oms
        self.territories = territories or {}
        self.book = oms.book
        self.protection = protection
        self._wake = asyncio.Event()
        self._said: dict[str, set[str]] = {}

    async def kill(self, key: str, scope: str, origin: Origin, *, flatten: bool = False, reason: str = "") -> Kill:
        """Latch `scope` and begin; answers at once, the steps are told as they happen. Safe to repeat."""
        kill_id = derive("kill", key)
        if self.book.get(Kill, kill_id) is None:
            await self.book.record(
                e.TradingStateChanged(scope, e.TradingState.HALTED, origin.actor, reason),
                e.KillStarted(kill_id, scope, flatten, origin.actor),
            )
        self._wake.set()
        kill = self.book.get(Kill, kill_id)
        if kill is None:
            raise IntentError("The kill could not be recorded.", code="JOURNAL")
        return kill

    async def pause(self, scope: str, origin: Origin, reason: str = "") -> None:
        """No new entries in `scope`; what is open stays managed. A killed scope stays killed."""
        latch = self.book.get(Latch, scope)
        if latch is None or latch.state is not e.TradingState.HALTED:
            await self.book.record(e.TradingStateChanged(scope, e.TradingState.REDUCING, origin.actor, reason))

    async def resume(self, scope: str, origin: Origin) -> list[Latch]:
        """Release the latch of `scope` (`all`: every latch); answers those that held."""
        latches = [
            latch
            for latch in self.book.all(Latch)
            if latch.state is not e.TradingState.ACTIVE and scope in ("all", latch.scope)
        ]
        facts: list[e.AnyEvent] = [
            e.TradingStateChanged(latch.scope, e.TradingState.ACTIVE, origin.actor) for latch in latches
        ]
        for kill in self.unfinished():
            if scope in ("all", kill.scope):
                text = f"The kill of {scope_label(kill.scope)} is over before it was done: {origin.actor} resumed."
                facts.append(e.KillFinished(kill.id, text))
        if facts:
            await self.book.record(*facts)
        return latches

    def unfinished(self) -> list[Kill]:
        return [kill for kill in self.book.all(Kill) if not kill.done]

    async def finished(self, kill_id: str, timeout_s: float) -> Kill:
        """The kill once it is done, or as far as it got within `timeout_s`."""
        await self.book.until(lambda: kill_id not in {kill.id for kill in self.unfinished()}, timeout_s)
        kill = self.book.get(Kill, kill_id)
        if kill is None:
            raise IntentError(f"There is no kill {kill_id}.", code="NO_KILL")
        return kill

    async def run(self) -> None:
        """Work on unfinished kills, for ever, with growing pauses between rounds."""
        pause = 0
        while True:
            kills = self.unfinished()
            if not kills:
                pause = 0
                self._wake.clear()
                await self._wake.wait()
                continue
            for kill in kills:
                await self.step(kill)
            await asyncio.sleep(PAUSES_S[min(pause, len(PAUSES_S) - 1)])
            pause += 1

    async def step(self, kill: Kill) -> None:
        """One round: ask for every cancel that is missing, close every position that is open, or finish."""
        origin = Origin(kill.actor, "kill", f"the kill of {scope_label(kill.scope)}")
        await self._tell_closings(kill)
        orders = [
            order for order in self.book.open_orders() if self._in_scope(kill, order) and self._harmful(kill, order)
        ]
        positions = [position for position in self.book.positions() if self._in_scope(kill, position)]
        left = [position for position in positions if not self._is_dust(position)]
        accounts = {order.account_id for order in orders} | {AccountId(each.account, each.mode) for each in left}
        ends = await asyncio.gather(
            *(self._step_at(account, kill, orders, origin) for account in sorted(accounts)), return_exceptions=True
        )
        for end in ends:
            if end is not None:
                raise end
        if orders or (kill.flatten and left):
            return
        if await self._hear_last(kill) and not self._is_done(kill):
            await self._finish(kill, positions)

    async def _step_at(self, account: AccountId, kill: Kill, orders: list[Order], origin: Origin) -> None:
        """One round at one venue: no other waits for it, should it not answer."""
        for order in orders:
            if order.account_id != account:
                continue
            if self._is_done(kill):
                return
            if order.status is not OrderStatus.PENDING_CANCEL and order.source != "kill":
                after = await self.oms.cancel(order, origin)
                await self._say(kill, f"{_name(order)}: {STATUS[after.status]}")
            elif order.in_doubt:
                await self._say(kill, f"{_name(order)}: UNKNOWN - checking with the venue")
        for position in self.book.positions(account) if kill.flatten else ():
            if self._is_done(kill):
                return
            if self._in_scope(kill, position) and not self._is_dust(position):
                await self._close(kill, position, origin)

    async def _hear_last(self, kill: Kill) -> bool:
        """Ask for fills that were not heard of; whether there were none, so that what the book shows is so."""
        accounts = {order.account_id for order in self.book.recent_orders() if self._in_scope(kill, order)}
        news = False
        for account in sorted(accounts):
            executor = self.oms.executors.get(account)
            if executor is None:
                continue
            try:
                fills = await executor.fills(kill.started_at - LATE)
            except VenueError as why:
                text = f"{account} cannot be asked for its last fills: {why}; trying again"
                await self._say(kill, text, failed=True)
                return False
            for fill in fills:
                order = self.book.order(fill.order_id)
                if order is not None and not self.book.has_fill(account, order.symbol, fill.trade_id):
                    await self.oms.on_report(account, fill)
                    news = news or self.book.has_fill(account, order.symbol, fill.trade_id)
        return not news

    async def _close(self, kill: Kill, position: Position, origin: Origin) -> None:
        """Send one closing order a position, and never a second one while the first may still fill."""
        account = AccountId(position.account, position.mode)
        side = closing_side(position.quantity)
        working = self.book.open_orders(account, position.symbol)
        closing = [order for order in working if order.side is side]
        if closing or any(self._in_scope(kill, order) for order in working):
            for order in closing:
                if order.source != "kill" and not self._in_scope(kill, order):
                    text = f"close {position.symbol} waits for an order of {order.actor}, which is not killed"
                    await self._say(kill, f"{account}: {text}: {_name(order)}. Cancel it.")
            return
        ended = [order for order in self.book.recent_orders() if order.key.startswith(f"kill:{kill.id}:{position.pk}:")]
        instrument = self.oms.drafting.instrument(account, position.symbol)
        most = instrument.max_quantity or abs(position.quantity)  # what is beyond it is left to the next round
        size = Size(instrument.round_quantity(min(abs(position.quantity), most)))
        key = f"kill:{kill.id}:{position.pk}:{len(ended) + 1}"
        try:
            order = await self.oms.submit(Intent(key, account, position.symbol, side, size, origin, reduce_only=True))
        except IntentError as why:
            await self._say(kill, f"{account}: close {position.symbol}: {why}; trying again", failed=True)
            return
        await self._tell_closing(kill, order)

    async def _tell_closings(self, kill: Kill) -> None:
        """What has become of the closing orders that were sent so far, oldest first."""
        for order in reversed(self.book.recent_orders()):
            if order.key.startswith(f"kill:{kill.id}:") and not order.is_open:
                await self._tell_closing(kill, order)

    async def _tell_closing(self, kill: Kill, order: Order) -> None:
        text = f"{order.account_id}: close {plain(order.quantity)} {order.symbol}: {STATUS[order.status]}"
        failed = order.status in (OrderStatus.REJECTED, OrderStatus.DENIED)
        await self._say(kill, text + (f" ({order.reason}); trying again" if failed else ""), failed=failed)

    def _is_done(self, kill: Kill) -> bool:
        """Whether somebody has resumed meanwhile: then nothing more is cancelled or closed."""
        now = self.book.get(Kill, kill.id)
        return now is None or now.done

    async def _finish(self, kill: Kill, positions: list[Position]) -> None:
        kept = [order for order in self.book.open_orders() if self._in_scope(kill, order)]
        dust = [position for position in positions if self._is_dust(position)]
        open_ = [position for position in positions if position not in dust]
        orders = f"protective orders kept ({', '.join(map(_name, kept))})" if kept else "all orders cancelled"
        held = f"still open: {', '.join(map(_holding, open_))}" if open_ else "flat"
        held += f", dust left: {', '.join(map(_holding, dust))}" if dust else ""
        done = f"The kill of {scope_label(kill.scope)} by {kill.actor} is done: {orders}; {held}."
        text = f"{done} {resume_line(kill.scope)} releases it."
        await self.book.record(e.KillFinished(kill.id, text))

    async def _say(self, kill: Kill, text: str, *, failed: bool = False) -> None:
        """Record a step, once: a round that finds the same says nothing new."""
        said = self._said.setdefault(kill.id, set(kill.steps))
        if text not in said:
            said.add(text)
            await self.book.record(e.KillStep(kill.id, text, failed))

    def _in_scope(self, kill: Kill, thing: Order | Position) -> bool:
        mine = {"all", thing.account, str(thing.symbol)}
        if isinstance(thing, Position) or thing.leg is not Leg.ENTRY or thing.reduce_only:
            # Whoever placed a stop or a close: it goes with the position that it closes.
            mine |= {
                n
                for n, (account, symbols) in self.territories.items()
                if account == thing.account and thing.symbol in symbols
            }
        if isinstance(thing, Order) and thing.actor.startswith("strategy:"):
            mine.add(thing.actor.removeprefix("strategy:"))
        return kill.scope in mine

    def _harmful(self, kill: Kill, order: Order) -> bool:
        """Whether a kill cancels it: everything when flattening, else what may open or add."""
        return kill.flatten or (order.leg is Leg.ENTRY and not order.reduce_only)

    def _is_dust(self, position: Position) -> bool:
        account = AccountId(position.account, position.mode)
        instrument = self.book.instrument(account, position.symbol)
        mark = self.oms.drafting.valuation.mark(position) or position.average_price or Decimal(0)
        return instrument is not None and not instrument.is_closable(position.quantity, mark)


def _name(order: Order) -> str:
    """`PAPER demo: SELL 1 BTC/USDT sl (k3fq7a)`."""
    leg = "" if order.leg is Leg.ENTRY else f" {order.leg}"
    return f"{order.account_id}: {order.side} {plain(order.quantity)} {order.symbol}{leg} ({order.id[:6]})"


def _holding(position: Position) -> str:
    """`PAPER demo 0.5 BTC/USDT`."""
    account = AccountId(position.account, position.mode)
    return f"{account} {plain(position.quantity)} {position.symbol}"
