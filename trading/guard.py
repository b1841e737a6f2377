"""Stops and targets that stay equal to what was really filled: brackets and OCO pairs kept by the desk.

Where a venue holds lists itself, most of this finds nothing to do; it still covers what a venue leaves
open, such as an entry that was cancelled after a partial fill. Everything here is decided from the
book alone (`trading.cover`), so that it goes on after a restart where it stopped, and what did not get
through is tried again until it does. What people ask of it is in `trading.protection`.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from msgspec.structs import replace

from trading import events as e
from trading.cover import Cover, entry_of, held_for, is_its_position, look, pairs_of, room, waits
from trading.drafting import protective_intents
from trading.errors import IntentError
from trading.ids import derive
from trading.instruments import ZERO, Instrument, Settlement, Side, Symbol, plain
from trading.intent import AccountId, Intent, Leg, OrderType, Origin
from trading.oms import Oms
from trading.order import Order, OrderStatus

SWEEP_S = 5.0  # how often everything is looked at, for what nothing was heard of
STALLED = timedelta(seconds=2)  # since the last part of a market order
KEPT = 200  # brackets that are over and still looked at
HOLD = timedelta(seconds=10)  # how long room that was made for an order is kept for it
PAUSES = (timedelta(0), timedelta(seconds=5), timedelta(seconds=15), timedelta(seconds=60))  # between attempts
Place = tuple[AccountId, Symbol]
_MOVES = (e.OrderFilled, e.OrderCanceled, e.OrderExpired, e.OrderRejected, e.OrderDenied)
_DESK = Origin("desk", "protection", "what it protects has changed")
_AT_MARKET = {"stop_price": None, "limit_price": None, "trail": None, "group": "", "leg": Leg.STOP_LOSS}


class Guard:
    """Watches the book; places, shrinks and cancels protective orders through the OMS."""

    def __init__(self, oms: Oms) -> None:
        self.oms = oms
        self.book = oms.book
        self._changed: asyncio.Queue[str] = asyncio.Queue()
        self._brackets: dict[str, None] = {}
        self._locks: dict[Place, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._waiting: set[Place] = set()
        self._room_until: dict[Place, datetime] = {}
        self._shrinking: dict[str, tuple[Decimal, datetime]] = {}
        self._told: set[tuple[str, str]] = set()
        self.book.subscribe(self._notice)

    def _notice(self, entry: e.Recorded) -> None:
        if isinstance(entry.event, e.OrderInitialized | e.ProtectionChanged):
            self._watch(self.book.order(entry.event.order_id))
        elif isinstance(entry.event, _MOVES):
            self._changed.put_nowait(entry.event.order_id)

    def _watch(self, order: Order | None) -> None:
        if order is not None and (order.stop_loss or order.take_profit or order.trail_loss):
            self._brackets[order.id] = None
        elif order is not None and order.parent_id:
            self._brackets[order.parent_id] = None

    async def run(self) -> None:
        """Look at every order that moved, for ever, and now and then at everything; no symbol waits for another."""
        loop = asyncio.get_running_loop()
        sweep = loop.time() + SWEEP_S
        places: Iterable[Place]
        async with asyncio.TaskGroup() as group:
            while True:
                try:
                    async with asyncio.timeout_at(sweep):
                        changed = self.book.order(await self._changed.get())
                except TimeoutError:
                    places, sweep = self._places(), loop.time() + SWEEP_S
                else:
                    await self._tell_single(changed)
                    await self._tell_overdone(changed)
                    places = [(changed.account_id, changed.symbol)] if changed else ()
                for place in places:
                    if place not in self._waiting:
                        self._waiting.add(place)
                        group.create_task(self._look(place))

    async def check_all(self) -> None:
        """After a restart: everything that may have moved while nobody watched."""
        for order in (*reversed(self.book.recent_orders()), *self.book.open_orders()):
            self._watch(order)
        for place in self._places():
            await self._look(place)

    async def check(self, changed: str) -> None:
        """Bring the protection of what this order belongs to in line with what was filled."""
        order = self.book.order(changed)
        await self._tell_single(order)
        await self._tell_overdone(order)
        if order is not None:
            await self._look((order.account_id, order.symbol))

    def _places(self) -> Iterable[Place]:
        legs = [order for order in self.book.open_orders() if order.leg is not Leg.ENTRY]
        return dict.fromkeys((order.account_id, order.symbol) for order in (*self._entries(), *legs))

    async def _look(self, place: Place) -> None:
        async with self._locks[place]:
            self._waiting.discard(place)
            await self._balance(*place)
            until = self._room_until.get(place)
            if until is not None and self.book.clock.now() < until:
                return
            self._room_until.pop(place, None)
            for entry in self._entries(place):
                if entry.is_open or is_its_position(entry, self.book):
                    await self._cover(entry)
                elif len(self._brackets) > KEPT:
                    del self._brackets[entry.id]  # over, unless a late fill still says otherwise

    def _entries(self, place: Place | None = None) -> list[Order]:
        """The bracket entries, of one symbol or of all, that may still have something to protect."""
        entries = [entry for name in self._brackets if (entry := entry_of(name, self.book)) is not None]
        return [entry for entry in entries if place is None or (entry.account_id, entry.symbol) == place]

    # --- brackets ----------------------------------------------------------------------------

    async def _cover(self, entry: Order) -> list[Order]:
        """Place legs over the part of an entry that was filled and has none."""
        instrument = self.oms.drafting.instrument(entry.account_id, entry.symbol)
        cover = look(entry, self.book, instrument)
        if cover.is_venue_held or self._is_filling(entry):
            return []  # the venue activates them itself, or more is about to come
        price = entry.average_price
        free, blocked = room(self.book, entry, instrument)
        is_bare = price is not None and not instrument.is_dust(max(free + blocked, ZERO), price)
        await self._tell(entry, cover, is_bare)
        for leg in (leg for pair in cover.lame for leg in pair.legs):
            if leg.status is not OrderStatus.PENDING_CANCEL:
                await self.oms.cancel(leg, _DESK)  # sent again together with its stop once it is gone
        if min(cover.need, blocked) > 0:
            await self._tell_blocked(entry, instrument, min(cover.need, blocked))
        want = instrument.round_quantity(min(cover.need, free))
        if cover.lame or want <= 0 or price is None or self._pauses(cover):
            return []
        if instrument.is_dust(want, _lowest(entry, price, instrument)):
            await self._refit(entry)
            return []
        intents = protective_intents(entry, want, cover.next_number)
        if self._is_due(entry, cover):
            origin = Origin(entry.actor, "protection", f"the stop or target of {entry.id} was due")
            intents = [replace(intents[0], type=OrderType.MARKET, origin=origin, **_AT_MARKET)]
        return await self._place(intents)

    async def _refit(self, entry: Order) -> None:
        """Take back a pair that made room for an order which never came, to send it again over all it protected.

        What it gave up is too small for a pair of its own.
        """
        if entry.is_open:
            return  # more is about to come
        for pair in pairs_of(entry, self.book):
            if pair.main.is_open and pair.main.quantity < pair.main.initial_quantity:
                for leg in pair.legs:
                    await self.oms.cancel(leg, _DESK)
                return

    def _is_filling(self, entry: Order) -> bool:
        """A market order is covered once it is done, or stalls, so that its parts share one stop."""
        moving = self.book.clock.now() < entry.updated_at + STALLED
        return entry.is_open and entry.type is OrderType.MARKET and moving

    def _pauses(self, cover: Cover) -> bool:
        """Whether it is too early to try again what did not get there."""
        if not cover.again:
            return False
        pause = PAUSES[min(len(cover.again), len(PAUSES)) - 1]
        return self.book.clock.now() < cover.again[-1].main.updated_at + pause

    def _is_due(self, entry: Order, cover: Cover) -> bool:
        """Whether the market, or the venue by its refusal, shows that the position should be out already."""
        if cover.again and cover.again[-1].was_due:
            return True
        shown = self.oms.drafting.valuation.quote(entry.account_id, entry.symbol)
        if shown is None or entry.stop_loss is None or entry.trail_loss is not None:
            return False
        return (shown.taker(entry.side.opposite)[0].price - entry.stop_loss) * entry.side.sign <= 0

    def _is_news(self, what: str, name: str) -> bool:
        """Whether this has not been said before, in this life of the process."""
        said = (what, name) in self._told
        self._told.add((what, name))
        return not said

    async def _tell(self, entry: Order, cover: Cover, is_bare: bool) -> None:
        """Say once what did not get through, and whether it is tried again, as long as it matters."""
        if not is_its_position(entry, self.book):
            return
        for pair in (*cover.lame, *cover.again, *cover.lost):
            leg = pair.main
            lost = pair in cover.lost
            if (
                not (is_bare or pair.live)
                or not (pair.failed or lost)
                or not self._is_news("lost" if lost else "again", leg.id)
            ):
                continue
            again = "" if lost else " It is tried again."
            again = " The position is closed at the market." if pair.was_due else again
            text = (
                f"{leg.symbol}: the {leg.leg} order {leg.id} over {plain(pair.size)} does not work "
                f"({leg.reason}).{again}"
            )
            severity = "critical" if leg.leg is Leg.STOP_LOSS else "warning"
            await self.book.record(e.Noticed(derive("unprotected", leg.id), severity, "protection", text))

    async def _tell_single(self, order: Order | None) -> None:
        """Say that the stop of a pair by itself does not work; nobody sends it again."""
        refused = order is not None and order.status in (OrderStatus.REJECTED, OrderStatus.DENIED)
        if order is None or not refused or order.leg is not Leg.STOP_LOSS or order.parent_id:
            return
        text = f"{order.symbol}: the stop {order.id} over {plain(order.quantity)} does not work ({order.reason})."
        await self.book.record(e.Noticed(derive("unprotected", order.id), "critical", "protection", text))

    async def _tell_overdone(self, order: Order | None) -> None:
        """Say once that a pair closed more than it was for: a venue filled both of its legs."""
        pair = self.book.group(order.group) if order is not None and order.group else []
        size, done = max((leg.quantity for leg in pair), default=ZERO), sum((leg.filled_quantity for leg in pair), ZERO)
        if order is None or done <= size or not self._is_news("overdone", order.group):
            return
        position = self.book.position(order.account_id, order.symbol)
        text = (
            f"{order.symbol}: stop and target were both filled, {plain(done)} instead of {plain(size)}. "
            f"The position is now {plain(position.quantity if position else ZERO)}: close what should not be there."
        )
        await self.book.record(e.Noticed(derive("overdone", order.group), "critical", "protection", text))

    async def _tell_blocked(self, entry: Order, instrument: Instrument, quantity: Decimal) -> None:
        """Say once that open orders of the other side leave nothing for a stop to close."""
        dust = entry.average_price is None or instrument.is_dust(quantity, entry.average_price)
        if dust or not self._is_news("blocked", entry.id):
            return
        text = (
            f"{entry.symbol}: {plain(quantity)} of {entry.id} has no stop or target while other orders are open "
            f"to {entry.side.opposite.lower()} it. Cancel them to have it protected."
        )
        await self.book.record(e.Noticed(derive("blocked", entry.id), "critical", "protection", text))

    async def _place(self, intents: list[Intent]) -> list[Order]:
        """Submit legs, as one list where the venue holds lists."""
        capable = self.oms.executors[intents[0].account].capabilities
        sets = [intents] if capable.lists else [[intent] for intent in intents]
        return [await self.oms.submit(*each) for each in sets]

    # --- what is left of a position ----------------------------------------------------------

    async def _balance(self, account: AccountId, symbol: Symbol) -> None:
        """Shrink or cancel legs whose sibling was filled or whose position is gone."""
        used: dict[Side, Decimal] = {}
        cut: set[str] = set()
        for legs in self._pairs(account, symbol):
            group = self.book.group(legs[0].group) if legs[0].group else legs
            left = max(leg.quantity for leg in group) - sum((leg.filled_quantity for leg in group), ZERO)
            left = min(left, *(leg.remaining for leg in legs))  # a pair is as large as the smaller of the two
            entry = entry_of(legs[0].parent_id, self.book)
            if entry is not None and not is_its_position(entry, self.book):
                left = ZERO  # what it protected is no more, even if there is another position by now
            elif entry is not None:
                left -= self._excess(entry, cut)
            side = legs[0].side
            left = max(min(left, held_for(self.book, legs[0]) - used.get(side, ZERO)), ZERO)
            used[side] = used.get(side, ZERO) + left
            for leg in legs:
                await self._shrink(leg, left)

    def _excess(self, entry: Order, cut: set[str]) -> Decimal:
        """How much more its pairs would close than an entry has left: a fill of an older one was heard late.

        It is told for the first pair of each entry, and noted in `cut`.
        """
        if entry.id in cut:
            return ZERO
        cut.add(entry.id)
        instrument = self.oms.drafting.instrument(entry.account_id, entry.symbol)
        return max(-look(entry, self.book, instrument).need, ZERO)

    async def _shrink(self, leg: Order, left: Decimal) -> None:
        if leg.status is OrderStatus.PENDING_CANCEL or leg.remaining <= left:
            self._shrinking.pop(leg.id, None)
            return
        instrument = self.oms.drafting.instrument(leg.account_id, leg.symbol)
        size = instrument.round_quantity(left)
        if self._is_dust(leg, size):
            await self.oms.cancel(leg, _DESK)
            return
        now = self.book.clock.now()
        asked, at = self._shrinking.get(leg.id, (ZERO, now))
        if leg.status is OrderStatus.SUBMITTED or leg.is_amending or (asked == size and now < at + PAUSES[1]):
            return  # not yet, or just asked: what is heard of it checks again, or the next sweep
        self._shrinking[leg.id] = (size, now)
        if not self.oms.executors[leg.account_id].capabilities.amend:
            await self.oms.cancel(leg, _DESK)  # and what is left is covered anew
            return
        try:
            await self.oms.amend(leg, _DESK, quantity=leg.filled_quantity + size)
        except IntentError as why:  # it moved meanwhile, or the venue cannot be reached: the next sweep tries again
            if self._is_news("shrink", leg.id):
                notice = e.Noticed(derive("shrink", leg.id, str(left)), "warning", "protection", str(why))
                await self.book.record(notice)

    def _is_dust(self, leg: Order, size: Decimal) -> bool:
        """Whether `size` of a leg is too small to stand at the venue."""
        instrument = self.oms.drafting.instrument(leg.account_id, leg.symbol)
        price = leg.limit_price or leg.stop_price
        shown = self.oms.drafting.valuation.quote(leg.account_id, leg.symbol)
        if price is None and leg.trail is not None and shown is not None:
            best = shown.taker(leg.side)[0].price
            price = best + leg.side.sign * leg.trail.distance(best)
        size = instrument.round_quantity(size)
        return size <= 0 or (price is not None and instrument.is_dust(size, price))

    def legs(self, account: AccountId, symbol: Symbol) -> list[Order]:
        """Open protective orders of a position; not those of a bracket whose entry still waits."""
        orders = self.book.open_orders(account, symbol)
        return [order for order in orders if order.leg is not Leg.ENTRY and not waits(order, self.book)]

    def _pairs(self, account: AccountId, symbol: Symbol) -> list[list[Order]]:
        pairs: dict[str, list[Order]] = defaultdict(list)
        for leg in self.legs(account, symbol):
            pairs[leg.group or leg.id].append(leg)
        return list(pairs.values())


def _lowest(entry: Order, price: Decimal, instrument: Instrument) -> Decimal:
    """The price at which what an entry wants placed is worth least; contracts may be closed whatever they are worth."""
    if instrument.settlement is Settlement.LINEAR:
        return price
    return min(price, *(wish for wish in (entry.stop_loss, entry.take_profit, price) if wish is not None))
