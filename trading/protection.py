"""Stops and targets that stay equal to what was really filled: brackets and OCO pairs kept by the desk.

Where a venue holds lists itself, most of this finds nothing to do; it still covers what a venue leaves
open, such as an entry that was cancelled after a partial fill. Everything here is decided from the
book alone, so that it goes on after a restart where it stopped.
"""

import asyncio
from collections import defaultdict
from decimal import Decimal

from trading import events as e
from trading.drafting import protective_intents
from trading.errors import IntentError
from trading.ids import derive, order_id
from trading.instruments import ZERO, Side, Symbol
from trading.intent import AccountId, Intent, Leg, OrderType, Origin, Size, Trail
from trading.oms import Oms
from trading.order import Order, OrderStatus

SETTLE_S = 5.0  # how long a cancel may take before a new stop is refused
_MOVES = (e.OrderFilled, e.OrderCanceled, e.OrderExpired, e.OrderRejected)


class Protection:
    """Watches the book; places, shrinks and cancels protective orders through the OMS."""

    def __init__(self, oms: Oms) -> None:
        self.oms = oms
        self.book = oms.book
        self._changed: asyncio.Queue[str] = asyncio.Queue()
        self.book.subscribe(self._notice)

    def _notice(self, entry: e.Recorded) -> None:
        if isinstance(entry.event, _MOVES):
            self._changed.put_nowait(entry.event.order_id)

    async def run(self) -> None:
        """Check every order that moved, for ever."""
        while True:
            await self.check(await self._changed.get())

    async def check_all(self) -> None:
        """After a restart: every order that may have moved while nobody watched."""
        for order in reversed(self.book.recent_orders()):
            if order.filled_quantity or order.is_open:
                await self.check(order.id)

    async def check(self, changed: str) -> None:
        """Bring the protection of what this order belongs to in line with what was filled."""
        order = self.book.order(changed)
        if order is None:
            return
        entry = self.book.order(order.parent_id) if order.parent_id else order
        if order.status is OrderStatus.REJECTED and order.leg is Leg.STOP_LOSS:
            await self._stop_refused(order)
        if entry is not None and (entry.stop_loss or entry.take_profit or entry.trail_loss):
            await self._cover(entry)
        await self._balance(order.account_id, order.symbol)

    async def _cover(self, entry: Order) -> None:
        """Place legs over the part of an entry that was filled and has none yet."""
        instrument = self.oms.drafting.instrument(entry.account_id, entry.symbol)
        legs = [leg for leg in self.book.children(entry.id) if not _never_active(leg, entry)]
        if any(leg.is_open and leg.created_at == entry.created_at for leg in legs):
            return  # the venue holds them and activates them itself
        covered: dict[str, Decimal] = {}
        for leg in legs:
            covered[_number(leg)] = leg.initial_quantity  # what was shrunk or cancelled since was meant to be
        received = entry.filled_quantity - (entry.fee_in(instrument.base) if entry.side.sign > 0 else ZERO)
        position = self.book.position(entry.account_id, entry.symbol)
        held = abs(position.quantity) if position else ZERO
        want = instrument.round_quantity(min(received - sum(covered.values(), ZERO), held))
        price = entry.average_price
        if want <= 0 or price is None or instrument.is_dust(want, price):
            return
        number = str(len(self.book.children(entry.id)) + 1)
        await self._place(protective_intents(entry, want, number))

    async def _place(self, intents: list[Intent]) -> list[Order]:
        """Submit legs, as one list where the venue holds lists; say it when one did not get through."""
        capable = self.oms.executors[intents[0].account].capabilities
        sets = [intents] if capable.lists else [[intent] for intent in intents]
        placed = [await self.oms.submit(*each) for each in sets]
        for order in placed:
            if order.status is OrderStatus.DENIED:
                text = (
                    f"{order.symbol}: the {order.leg} order was denied ({order.reason}). The position is not protected."
                )
                await self.book.record(e.Noticed(derive("denied", order.id), "critical", "protection", text))
        return placed

    async def _stop_refused(self, leg: Order) -> None:
        """A stop the venue would not take protects nothing: close at once if it was due, else say so."""
        if self.book.order(order_id(f"{leg.key}:now")) is not None:
            return
        text = f"{leg.symbol}: the venue refused the stop ({leg.reason})."
        await self.book.record(e.Noticed(derive("stop", leg.id), "critical", "protection", text))
        due = "TRIGGER" in leg.reason.upper()
        position = self.book.position(leg.account_id, leg.symbol)
        if not due or position is None or position.quantity * leg.side.sign >= 0:
            return
        origin = Origin(leg.actor, "protection", f"stop of {leg.parent_id or leg.symbol} was due already")
        size = Size(min(leg.quantity, abs(position.quantity)))
        await self.oms.submit(
            Intent(f"{leg.key}:now", leg.account_id, leg.symbol, leg.side, size, origin, reduce_only=True)
        )

    async def _balance(self, account: AccountId, symbol: Symbol) -> None:
        """Shrink or cancel legs whose sibling was filled or whose position is gone."""
        position = self.book.position(account, symbol)
        held = abs(position.quantity) if position else ZERO
        for legs in self._pairs(account, symbol):
            parent = self.book.order(legs[0].parent_id) if legs[0].parent_id else None
            if parent is not None and parent.is_open and legs[0].created_at == parent.created_at:
                continue  # a list the venue holds, waiting for its entry
            group = self.book.group(legs[0].group) if legs[0].group else legs
            left = max(leg.quantity for leg in group) - sum((leg.filled_quantity for leg in group), ZERO)
            left = min(left, held)
            held -= left
            for leg in legs:
                await self._shrink(leg, left)

    async def _shrink(self, leg: Order, left: Decimal) -> None:
        if leg.status is OrderStatus.PENDING_CANCEL or leg.remaining <= left:
            return
        origin = Origin("desk", "protection", "what it protects has changed")
        instrument = self.oms.drafting.instrument(leg.account_id, leg.symbol)
        size = instrument.round_quantity(left)
        price = leg.limit_price or leg.stop_price or ZERO
        if size <= 0 or (price and instrument.is_dust(size, price)):
            await self.oms.cancel(leg, origin)
            return
        if not self.oms.executors[leg.account_id].capabilities.amend or leg.status is OrderStatus.SUBMITTED:
            return
        try:
            await self.oms.amend(leg, origin, quantity=leg.filled_quantity + size)
        except IntentError as why:  # it moved meanwhile: the next report checks again
            notice = e.Noticed(derive("shrink", leg.id, str(left)), "warning", "protection", str(why))
            await self.book.record(notice)

    def legs(self, account: AccountId, symbol: Symbol) -> list[Order]:
        """Open protective orders of a position; not those of a bracket whose entry still waits."""
        orders = self.book.open_orders(account, symbol)
        return [order for order in orders if order.leg is not Leg.ENTRY and not self._waits(order)]

    def _pairs(self, account: AccountId, symbol: Symbol) -> list[list[Order]]:
        pairs: dict[str, list[Order]] = defaultdict(list)
        for leg in self.legs(account, symbol):
            pairs[leg.group or leg.id].append(leg)
        return list(pairs.values())

    # --- what people change ------------------------------------------------------------------

    async def release(self, account: AccountId, symbol: Symbol, origin: Origin) -> None:
        """Cancel the protective orders of a symbol and wait until they are gone, before its close.

        Raises:
            IntentError: one is still working after a while.
        """
        await self._cancel(self.legs(account, symbol), origin)

    async def make_room(self, account: AccountId, symbol: Symbol, quantity: Decimal, origin: Origin) -> None:
        """Free `quantity` of a position from what its protective orders hold, before it is closed.

        Raises:
            IntentError: an order would not go or shrink; nothing new may be sent.
        """
        position = self.book.position(account, symbol)
        held = abs(position.quantity) if position else ZERO
        if quantity >= self.oms.drafting.instrument(account, symbol).round_quantity(held):
            await self.release(account, symbol, origin)
            return
        pairs = self._pairs(account, symbol)
        over = sum((max(leg.remaining for leg in legs) for legs in pairs), ZERO) - (held - quantity)
        for legs in pairs:
            cut = min(over, max(leg.remaining for leg in legs))
            over -= max(cut, ZERO)
            for leg in legs if cut > 0 else ():
                if leg.remaining <= cut:
                    await self._cancel([leg], origin)
                else:
                    await self._cut(leg, leg.quantity - cut, origin)

    async def _cut(self, leg: Order, quantity: Decimal, origin: Origin) -> None:
        """Shrink a leg and wait until the venue has done it."""
        await self.oms.amend(leg, origin, quantity=quantity)

        def done() -> bool:
            now = self.book.order(leg.id)
            return now is None or not now.is_open or now.quantity <= quantity

        if not await self.book.until(done, SETTLE_S):
            raise IntentError(
                f"The {leg.leg} order {leg.id} has not been shrunk yet; nothing new was sent.",
                "Look at /orders and try again.",
                code="STILL_OPEN",
            )

    async def change_order(
        self,
        order: Order,
        key: str,
        origin: Origin,
        *,
        stop: Decimal | None = None,
        target: Decimal | None = None,
        trail: Trail | None = None,
    ) -> list[Order]:
        """Set the stop, the target or the trailing distance of one open order: an entry or a leg.

        Raises:
            IntentError: a price on the wrong side, or the venue would not change it.
        """
        if order.leg is Leg.STOP_LOSS and stop is not None and order.type is OrderType.STOP:
            return [await self.oms.amend(order, origin, stop_price=stop)]
        if order.leg is Leg.TAKE_PROFIT and target is not None:
            return [await self.oms.amend(order, origin, limit_price=target)]
        if order.leg is not Leg.ENTRY or order.filled_quantity:
            return await self.change(key, order.account_id, order.symbol, origin, stop=stop, target=target, trail=trail)
        waiting = {leg.leg: leg for leg in self.book.children(order.id) if leg.is_open}
        if stop is not None and Leg.STOP_LOSS in waiting:
            await self.oms.amend(waiting[Leg.STOP_LOSS], origin, stop_price=stop)
        elif target is not None and Leg.TAKE_PROFIT in waiting:
            await self.oms.amend(waiting[Leg.TAKE_PROFIT], origin, limit_price=target)
        elif waiting:
            raise IntentError(
                "The venue holds this bracket as it was sent.",
                "Cancel the order and place it anew.",
                code="BRACKET_SENT",
            )
        await self.book.record(e.ProtectionChanged(order.id, origin.actor, stop, target, trail))
        return [self.book.order(order.id) or order]

    def _waits(self, leg: Order) -> bool:
        parent = self.book.order(leg.parent_id) if leg.parent_id else None
        return parent is not None and not parent.filled_quantity

    async def _cancel(self, legs: list[Order], origin: Origin) -> None:
        for leg in legs:
            await self.oms.cancel(leg, origin)
        for leg in legs:
            if (await self.oms.closed(leg.id, SETTLE_S)).is_open:
                raise IntentError(
                    f"The {leg.leg} order {leg.id} has not been cancelled yet; nothing new was sent.",
                    "Look at /orders and try again.",
                    code="STILL_OPEN",
                )

    async def change(
        self,
        key: str,
        account: AccountId,
        symbol: Symbol,
        origin: Origin,
        *,
        stop: Decimal | None = None,
        target: Decimal | None = None,
        trail: Trail | None = None,
    ) -> list[Order]:
        """Set the stop, the target or the trailing distance of an open position.

        A leg of the same kind is amended in place; otherwise the legs are cancelled and a new pair is sent.

        Raises:
            IntentError: no position, a price on the wrong side, or a leg that would not go.
        """
        position = self.book.position(account, symbol)
        if position is None or not position.quantity:
            raise IntentError(f"There is no open position in {symbol}.", "/positions lists them.", code="NO_POSITION")
        legs = self.legs(account, symbol)
        stops = [leg for leg in legs if leg.leg is Leg.STOP_LOSS]
        targets = [leg for leg in legs if leg.leg is Leg.TAKE_PROFIT]
        if stop is not None and stops and all(leg.type is OrderType.STOP for leg in stops):
            return [await self.oms.amend(leg, origin, stop_price=stop) for leg in stops]
        if target is not None and targets:
            return [await self.oms.amend(leg, origin, limit_price=target) for leg in targets]
        if stop is None and trail is None and stops:
            stop, trail = stops[0].stop_price if stops[0].trail is None else None, stops[0].trail
        if target is None and targets:
            target = targets[0].limit_price
        template = self._template(key, account, symbol, origin, stop, target, trail)
        intents = protective_intents(template, template.quantity, "new")
        for intent in intents:
            self.oms.drafting.draft(intent)
        await self._cancel(legs, origin)
        return await self._place(intents)

    def _template(
        self,
        key: str,
        account: AccountId,
        symbol: Symbol,
        origin: Origin,
        stop: Decimal | None,
        target: Decimal | None,
        trail: Trail | None,
    ) -> Order:
        """An entry that was never sent, standing for the position: its legs are the position's."""
        position = self.book.position(account, symbol)
        held = position.quantity if position else ZERO
        side = Side.BUY if held > 0 else Side.SELL
        size = Size(abs(held))
        return self.oms.drafting.draft(
            Intent(key, account, symbol, side, size, origin, stop_loss=stop, take_profit=target, trail_loss=trail)
        )


def _number(leg: Order) -> str:
    return leg.key.rpartition(":")[2]


def _never_active(leg: Order, entry: Order) -> bool:
    """A leg of a list whose entry ended before it was complete: the venue dropped it unused."""
    together = leg.created_at == entry.created_at
    return together and not leg.is_open and not leg.filled_quantity and entry.status is not OrderStatus.FILLED
