"""What people ask of the protection: room for a close, another stop, another target."""

from decimal import Decimal

from msgspec.structs import replace

from trading import events as e
from trading.cover import IN_THE_WAY, Wish, is_its_position, listed_with, look, pairs_of, room, waits
from trading.drafting import protective_intents
from trading.errors import IntentError
from trading.guard import Guard
from trading.ids import derive
from trading.instruments import ZERO, Side, Symbol, plain
from trading.intent import AccountId, Intent, Leg, OrderType, Origin, Size, Trail
from trading.order import Order
from trading.portfolio import Position

SETTLE_S = 5.0  # how long a cancel may take before a new stop is refused


class Protection(Guard):
    """The guard, and what may be changed about it from outside."""

    async def release(self, account: AccountId, symbol: Symbol, origin: Origin) -> None:
        """Cancel the protective orders of a symbol and wait until they are gone, before its close.

        Raises:
            IntentError: one is still working after a while.
        """
        self._keep_free(account, symbol)
        await self._cancel(self.legs(account, symbol), replace(origin, source="protection"))

    async def make_room(self, account: AccountId, symbol: Symbol, quantity: Decimal, origin: Origin) -> None:
        """Free `quantity` of a position from what its protective orders hold, before it is closed at the market.

        A pair of which too little would stay for the venue is cancelled, and that is said.

        Raises:
            IntentError: the close would be denied, or an order would not go or shrink; nothing new may be sent.
        """
        position = self.book.position(account, symbol)
        held = position.quantity if position else ZERO
        self._check_close(account, symbol, Side.SELL if held > 0 else Side.BUY, quantity, origin)
        free = self.trimming.check_free(account, symbol, quantity)
        if quantity >= self.oms.drafting.instrument(account, symbol).round_quantity(abs(held)):
            await self.release(account, symbol, origin)
            return
        self._keep_free(account, symbol)
        capable = self.oms.executors[account].capabilities
        origin = replace(origin, source="protection")
        pairs = self.trimming.pairs(account, symbol)
        over = sum((max(leg.remaining for leg in legs) for legs in pairs), ZERO) - (min(abs(held), free) - quantity)
        for legs in pairs:
            size = max(leg.remaining for leg in legs)
            if over <= 0:
                return
            cut = min(over, size)
            over -= cut
            if any(self.trimming.is_dust(leg, leg.remaining - cut) for leg in legs):
                over -= size - cut
                await self._cancel(legs, origin)
                await self._tell_dust(legs[0], size - cut)
            elif not all(map(capable.resizes, legs)):
                await self._cancel(legs, origin)
            else:
                for leg in legs:
                    await self._cut(leg, leg.quantity - cut, origin)

    def _keep_free(self, account: AccountId, symbol: Symbol) -> None:
        position = self.book.position(account, symbol)
        is_long = position is not None and position.quantity > 0
        self._room[account, symbol] = self.book.clock.now(), Side.SELL if is_long else Side.BUY

    def _check_close(self, account: AccountId, symbol: Symbol, side: Side, quantity: Decimal, origin: Origin) -> None:
        """Judge a close as if the protective orders were out of its way already, before they are touched."""
        draft = self.oms.drafting.draft(Intent("", account, symbol, side, Size(quantity), origin, reduce_only=True))
        for finding in self.oms.gate.judge(draft).findings:
            if not finding.passed and finding.code not in IN_THE_WAY:
                raise IntentError(f"The close would be denied: {finding.text}.", finding.remedy, code=finding.code)

    async def _tell_dust(self, leg: Order, left: Decimal) -> None:
        """Say that what stays of a position has no stop or target, because the venue would not take one."""
        if left <= 0:
            return
        text = f"{leg.symbol}: {plain(left)} stays without a stop or target, which the venue does not take so small."
        await self.book.record(e.Noticed(derive("dust", leg.id), "warning", "protection", text))

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

    def sent_with(self, order: Order) -> list[Order]:
        """The open orders that the venue cancels together with this one, because it holds them as one list."""
        return listed_with(order, self.book) if self.oms.executors[order.account_id].capabilities.lists else []

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
        if waits(order, self.book):
            order = self.book.order(order.parent_id) or order  # the venue holds both: its entry is what can be changed
        if order.leg is not Leg.ENTRY or order.filled_quantity:
            pair = order if order.leg is not Leg.ENTRY else None
            place = order.account_id, order.symbol
            return await self.change(key, *place, origin, stop=stop, target=target, trail=trail, only=pair)
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
        only: Order | None = None,
    ) -> list[Order]:
        """Set the stop, the target or the trailing distance of an open position, or of the pair of `only`.

        A leg of the same kind is amended in place; otherwise the legs are cancelled and new pairs are sent. A pair
        keeps its size and its other leg. Where no leg of the kind is open, the rest of the position gets one too.

        Raises:
            IntentError: no position, a price on the wrong side, or a leg that would not go.
        """
        position = self.book.position(account, symbol)
        if position is None or not position.quantity:
            raise IntentError(f"There is no open position in {symbol}.", "/positions lists them.", code="NO_POSITION")
        self._check_sides(account, symbol, position.quantity, Wish(stop, target, trail))
        pairs = self.trimming.pairs(account, symbol)
        pairs = [legs for legs in pairs if only is None or only.id in {leg.id for leg in legs}]
        kind = Leg.TAKE_PROFIT if target is not None else Leg.STOP_LOSS
        same = [leg for legs in pairs for leg in legs if leg.leg is kind]
        if same and all(map(self.oms.executors[account].capabilities.reprices, same)):
            if stop is not None and all(leg.type is OrderType.STOP for leg in same):
                return [await self.oms.amend(leg, origin, stop_price=stop) for leg in same]
            if target is not None:
                return [await self.oms.amend(leg, origin, limit_price=target) for leg in same]
        wish = Wish(stop, target, trail)
        return await self._replace(key, position, pairs, origin, wish, only, covers_rest=not same and only is None)

    def _check_sides(self, account: AccountId, symbol: Symbol, held: Decimal, wish: Wish) -> None:
        shown = self.oms.drafting.valuation.quote(account, symbol)
        if shown is None:
            return
        mark = shown.mark(held)
        if wish.trail is not None and held > 0 and wish.trail.distance(mark) >= mark:
            text = f"The trailing distance {wish.trail} reaches below zero from {plain(mark)}."
            raise IntentError(text, "Trail closer, like 1.5%.", code="STOP_WRONG_SIDE")
        for name, price, sign in (("stop", wish.stop, -1), ("target", wish.target, 1)):
            if price is not None and (price - mark) * sign * held <= 0:
                raise IntentError(
                    f"The {name} {plain(price)} would be done at once: the price is {plain(mark)}.",
                    f"Put it {'below' if sign * held < 0 else 'above'} that, or close the position.",
                    code="STOP_WRONG_SIDE",
                )

    async def _replace(
        self,
        key: str,
        position: Position,
        pairs: list[list[Order]],
        origin: Origin,
        wish: Wish,
        only: Order | None,
        *,
        covers_rest: bool,
    ) -> list[Order]:
        """Take pairs away and place new ones; the wish is in the journal first, for its brackets.

        Raises:
            IntentError: a leg would not go, or other orders leave nothing to protect.
        """
        place = (AccountId(position.account, position.mode), position.symbol)
        async with self._locks[place]:
            entries = [entry for entry in map(self.book.order, self._brackets) if entry is not None]
            mine = [entry for entry in entries if only is None or entry.id == only.parent_id]
            mine = [entry for entry in mine if (entry.account_id, entry.symbol) == place]
            brackets = {entry.id: entry for entry in mine if is_its_position(entry, self.book)}
            stop, target, trail = wish
            if brackets:
                await self.book.record(
                    *(e.ProtectionChanged(name, origin.actor, stop, target, trail) for name in brackets)
                )
            # Legs of a bracket make room for its new ones; those of a position by itself are let go.
            loose = [legs for legs in pairs if legs[0].parent_id not in brackets]
            inner = [leg for legs in pairs if legs not in loose for leg in legs]
            await self._cancel(inner, replace(origin, source="protection"))
            await self._cancel([leg for legs in loose for leg in legs], origin)
            changed = [self.book.order(entry.id) or entry for entry in brackets.values()]  # with what they wish now
            wanted = [(min(leg.remaining for leg in legs), wish.over(legs)) for legs in loose]
            if covers_rest:
                instrument = self.oms.drafting.instrument(*place)
                needed = sum((look(entry, self.book, instrument).need for entry in changed), ZERO)
                wanted.append((abs(position.quantity) - needed - sum((size for size, _ in wanted), ZERO), wish))
            placed = [leg for entry in changed for leg in await self._cover(entry)]
            for number, (size, each) in enumerate(wanted):
                placed += await self._protect(
                    f"{key}:{number}" if number else key, position, max(size, ZERO), origin, each, placed
                )
        return placed

    async def _protect(
        self, key: str, position: Position, size: Decimal, origin: Origin, wish: Wish, placed: list[Order]
    ) -> list[Order]:
        """Place legs over `size` of a position by itself, as far as nothing else is going to close it.

        Raises:
            IntentError: nothing was `placed` so far, and other orders leave nothing to protect.
        """
        account = AccountId(position.account, position.mode)
        template = self._template(key, account, position, size, origin, wish)
        instrument = self.oms.drafting.instrument(account, position.symbol)
        free, blocked = room(self.book, template, instrument)
        rest = instrument.round_quantity(min(size, free))
        if rest > 0 and not instrument.is_dust(rest, position.average_price or ZERO):
            number = str(len(pairs_of(template, self.book)) + 1)
            return await self._place(protective_intents(template, rest, number))
        if not placed and blocked > 0:
            raise IntentError(
                f"Other open orders are going to close all of {template.symbol}: no room for a stop or target.",
                f"Cancel them first: /orders {template.symbol}.",
                code="NO_ROOM",
            )
        return []

    def _template(
        self, key: str, account: AccountId, position: Position, size: Decimal, origin: Origin, wish: Wish
    ) -> Order:
        """An entry that was never sent, standing for a part of the position: its legs are the position's."""
        stop, target, trail = wish
        return self.oms.drafting.draft(
            Intent(
                key,
                account,
                position.symbol,
                Side.BUY if position.quantity > 0 else Side.SELL,
                Size(size),
                origin,
                stop_loss=stop,
                take_profit=target,
                trail_loss=trail,
            )
        )
