"""What people ask of the protection: room for a close, another stop, another target."""

from decimal import Decimal
from typing import NamedTuple

from msgspec.structs import replace

from trading import events as e
from trading.cover import IN_THE_WAY, Wish, listed_with, look, room, waits
from trading.drafting import protective_intents
from trading.errors import IntentError
from trading.ids import derive
from trading.instruments import ZERO, Instrument, Side, Symbol, plain
from trading.intent import AccountId, Intent, Leg, OrderType, Origin, Size, Trail
from trading.order import Order
from trading.portfolio import Position, closing_side
from trading.ports import Approved
from trading.replacing import SETTLE_S, Replacing, no_room
from trading.risk.gate import Denied


class Change(NamedTuple):
    """What a wish comes to: orders that are moved, or pairs of a position that others take the place of."""

    wish: Wish
    moved: tuple[Order, ...] = ()  # as they are; they get its price
    entry: Order | None = None  # has received nothing yet: what it is going to bring along
    position: Position | None = None
    pairs: tuple[list[Order], ...] = ()  # taken away
    only: Order | None = None
    covers_rest: bool = False

    @property
    def price(self) -> dict[str, Decimal | None]:
        """What `amend` is told of an order that is moved."""
        return {"limit_price": self.wish.target} if self.wish.stop is None else {"stop_price": self.wish.stop}


class Trial(NamedTuple):
    """What a change would do: orders before and after, those cancelled, those sent together; with their verdicts."""

    moved: tuple[tuple[Order, Order, Approved | Denied | None], ...]
    gone: tuple[Order, ...]
    sent: tuple[tuple[tuple[Order, ...], Approved | Denied], ...]


class Protection(Replacing):
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

        A pair of which too little would stay for the venue is cancelled, and that is said. Levels of the position
        itself hold nothing: the venue keeps them on what stays.

        Raises:
            IntentError: the close would be denied, or an order would not go or shrink; nothing new may be sent.
        """
        position = self.book.position(account, symbol)
        held = position.quantity if position else ZERO
        self._check_close(account, symbol, closing_side(held), quantity, origin)
        free = self.trimming.check_free(account, symbol, quantity)
        if quantity >= self.oms.drafting.instrument(account, symbol).round_quantity(abs(held)):
            await self.release(account, symbol, origin)
            return
        capable = self.oms.executors[account].capabilities
        if capable.levels:
            return
        self._keep_free(account, symbol)
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
        side = closing_side(position.quantity if position else ZERO)
        self._room[account, symbol] = self.book.clock.now(), side

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

    # --- another stop, another target ----------------------------------------------------------

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
        return await self.make(key, self.change_of_order(order, Wish(stop, target, trail)), origin)

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

        A leg of the same kind is amended in place; otherwise the legs are cancelled and new pairs are sent. A pair
        keeps its size and its other leg. Where no leg of the kind is open, the rest of the position gets one too.

        Raises:
            IntentError: no position, a price on the wrong side, or a leg that would not go.
        """
        return await self.make(key, self.change_of(account, symbol, Wish(stop, target, trail)), origin)

    def change_of_order(self, order: Order, wish: Wish) -> Change:
        """What a wish about one open order comes to; nothing is done.

        Raises:
            IntentError: a price on the wrong side, or the venue would not change it.
        """
        if order.leg is Leg.STOP_LOSS and wish.stop is not None and order.type is OrderType.STOP:
            return Change(wish, (order,))
        if order.leg is Leg.TAKE_PROFIT and wish.target is not None:
            return Change(wish, (order,))
        if waits(order, self.book):
            order = self.book.order(order.parent_id) or order  # the venue holds both: its entry is what can be changed
        if order.leg is not Leg.ENTRY or order.filled_quantity:
            return self.change_of(order.account_id, order.symbol, wish, order if order.leg is not Leg.ENTRY else None)
        waiting = {leg.leg: leg for leg in self.book.children(order.id) if leg.is_open}
        kind = Leg.STOP_LOSS if wish.stop is not None else Leg.TAKE_PROFIT if wish.target is not None else None
        if kind in waiting:
            return Change(wish, (waiting[kind],), order)
        if waiting:
            raise IntentError(
                "The venue holds this bracket as it was sent.",
                "Cancel the order and place it anew.",
                code="BRACKET_SENT",
            )
        return Change(wish, (), order)

    def change_of(self, account: AccountId, symbol: Symbol, wish: Wish, only: Order | None = None) -> Change:
        """What a wish about an open position, or the pair of `only`, comes to; nothing is done.

        Raises:
            IntentError: no position, or a price on the wrong side.
        """
        position = self.book.position(account, symbol)
        if position is None or not position.quantity:
            raise IntentError(f"There is no open position in {symbol}.", "/positions lists them.", code="NO_POSITION")
        self._check_sides(account, symbol, position.quantity, wish)
        pairs = self.trimming.pairs(account, symbol)
        pairs = [legs for legs in pairs if only is None or only.id in {leg.id for leg in legs}]
        kind = Leg.TAKE_PROFIT if wish.target is not None else Leg.STOP_LOSS
        same = [leg for legs in pairs for leg in legs if leg.leg is kind]
        if same and all(map(self.oms.executors[account].capabilities.reprices, same)):
            is_plain = wish.stop is not None and all(leg.type is OrderType.STOP for leg in same)
            if is_plain or wish.target is not None:
                return Change(wish, tuple(same))
        return Change(wish, (), None, position, tuple(pairs), only, covers_rest=not same and only is None)

    async def make(self, key: str, change: Change, origin: Origin) -> list[Order]:
        """Do what was decided; the orders as they are then.

        Raises:
            IntentError: an order cannot be changed so, or a leg would not go.
        """
        moved = [await self.oms.amend(leg, origin, **change.price) for leg in change.moved]
        if (entry := change.entry) is not None:
            await self.book.record(e.ProtectionChanged(entry.id, origin.actor, *change.wish))
            return [self.book.order(entry.id) or entry]
        if change.position is None:
            return moved
        return await self._replace(
            key, change.position, list(change.pairs), origin, change.wish, change.only, covers_rest=change.covers_rest
        )

    def trial(self, key: str, change: Change, origin: Origin) -> Trial:
        """What a change would do and how it would be judged, as the books stand; nothing is recorded or sent.

        Raises:
            IntentError: an order cannot be changed so, or others leave nothing to protect.
        """
        moved = tuple((leg, *self.oms.changes.tried(leg, origin, **change.price)) for leg in change.moved)
        gone = tuple(leg for legs in change.pairs for leg in legs)
        if change.position is None:
            return Trial(moved, gone, ())
        position, sent, aside = change.position, [], IN_THE_WAY if gone else ()
        account = AccountId(position.account, position.mode)
        instrument = self.oms.drafting.instrument(account, position.symbol)
        template = self._template(key, account, position, abs(position.quantity), origin, change.wish)
        left, blocked = room(self.book, template, instrument, gone)
        for number, (most, wish) in enumerate(self._wanted(change, instrument), start=1):
            size = instrument.round_quantity(max(min(most, left), ZERO))
            if size <= 0 or instrument.is_dust(size, position.average_price or ZERO):
                continue
            left -= size
            part = self._template(key, account, position, size, origin, wish)
            legs = [self.oms.drafting.draft(intent) for intent in protective_intents(part, size, str(number))]
            for first, *others in self.oms.drafting.as_sent(legs):
                sent.append(((first, *others), self.oms.gate.judge(first, tuple(others), aside=aside)))
        if not sent and blocked > 0:
            raise no_room(position.symbol)
        return Trial(moved, gone, tuple(sent))

    def _wanted(self, change: Change, instrument: Instrument) -> list[tuple[Decimal, Wish]]:
        """The sizes of the new pairs, and what each is to be: in place of the old ones, then over what is bare."""
        position = change.position
        assert position is not None, "only what is held has pairs"
        wanted = [(min(leg.remaining for leg in legs), change.wish.over(legs)) for legs in change.pairs]
        for entry in self._sent_entries((AccountId(position.account, position.mode), position.symbol), change.only):
            wanted.append((look(entry, self.book, instrument).need, _over_entry(change.wish, entry)))
        if change.covers_rest:
            wanted.append((abs(position.quantity) - sum((size for size, _ in wanted), ZERO), change.wish))
        return wanted

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


def _over_entry(wish: Wish, entry: Order) -> Wish:
    """What an entry is to be protected by: the wish, and its own of what is not wished for."""
    stop, target, trail = wish
    if stop is None and trail is None:
        stop, trail = entry.stop_loss, entry.trail_loss
    return Wish(stop, entry.take_profit if target is None else target, trail)
