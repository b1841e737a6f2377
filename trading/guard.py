"""Stops and targets that stay equal to what was really filled: brackets and OCO pairs kept by the desk.

Where a venue holds lists itself, most of this finds nothing to do; it still covers what a venue leaves
open, such as an entry that was cancelled after a partial fill. Everything here is decided from the
book alone (`trading.cover`), so that it goes on after a restart where it stopped, and what did not get
through is tried again until it does. What is too much is for `trading.trimming`, what people ask of it
is in `trading.protection`.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from msgspec.structs import replace

from trading import events as e
from trading.alarms import Alarms
from trading.cover import Cover, bracket_of, entry_of, is_its_position, look, pairs_of, room
from trading.drafting import protective_intents
from trading.instruments import ZERO, Instrument, Settlement, Side, Symbol
from trading.intent import AccountId, Intent, Leg, OrderType, Origin
from trading.oms import Oms
from trading.order import Order, OrderStatus
from trading.trimming import DESK, Trimming

SWEEP_S = 5.0  # how often everything is looked at, for what nothing was heard of
STALLED = timedelta(seconds=2)  # since the last part of a market order
KEPT = 200  # brackets that are over and still looked at
HOLD = timedelta(seconds=10)  # how long room that was made for an order is kept for it
PAUSES = (timedelta(0), timedelta(seconds=5), timedelta(seconds=15), timedelta(seconds=60))  # between attempts
Place = tuple[AccountId, Symbol]
_MOVES = (e.OrderFilled, e.OrderCanceled, e.OrderExpired, e.OrderRejected, e.OrderDenied)
_AT_MARKET = {"stop_price": None, "limit_price": None, "trail": None, "group": "", "leg": Leg.STOP_LOSS}


class Guard:
    """Watches the book; places protective orders through the OMS, and has them trimmed."""

    def __init__(self, oms: Oms) -> None:
        self.oms = oms
        self.book = oms.book
        self.alarms = Alarms(oms.book)
        self.trimming = Trimming(oms, self.alarms)
        self._changed: asyncio.Queue[str] = asyncio.Queue()
        self._brackets: dict[str, None] = {}
        self._locks: dict[Place, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._waiting: set[Place] = set()
        self._room: dict[Place, tuple[datetime, Side]] = {}  # made for an order of that side, since when
        self.book.subscribe(self._notice)

    def _notice(self, entry: e.Recorded) -> None:
        if isinstance(entry.event, e.OrderInitialized | e.ProtectionChanged):
            self._watch(self.book.order(entry.event.order_id))
        elif isinstance(entry.event, _MOVES):
            self._changed.put_nowait(entry.event.order_id)

    def _watch(self, order: Order | None) -> None:
        if order is not None and (order.stop_loss or order.take_profit or order.trail_loss):
            self._brackets[order.id] = None
        elif order is not None and order.leg is not Leg.ENTRY and (bracket := bracket_of(order)):
            self._brackets[bracket] = None

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
                    await self.alarms.refused(changed)
                    await self.alarms.overdone(changed)
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
        await self.alarms.refused(order)
        await self.alarms.overdone(order)
        if order is not None:
            await self._look((order.account_id, order.symbol))

    def _places(self) -> Iterable[Place]:
        legs = [order for order in self.book.open_orders() if order.leg is not Leg.ENTRY]
        return dict.fromkeys((order.account_id, order.symbol) for order in (*self._entries(), *legs))

    async def _look(self, place: Place) -> None:
        async with self._locks[place]:
            self._waiting.discard(place)
            await self.trimming.trim(*place)
            if self._is_kept_free(place):
                return
            self._room.pop(place, None)
            for entry in self._entries(place):
                if entry.is_open or is_its_position(entry, self.book):
                    await self._cover(entry)
                elif len(self._brackets) > KEPT:
                    del self._brackets[entry.id]  # over, unless a late fill still says otherwise

    def _is_kept_free(self, place: Place) -> bool:
        """Whether the order that room was made for, or another attempt at it, may still come."""
        if place not in self._room:
            return False
        since, side = self._room[place]
        position = self.book.position(*place)
        if position is None or position.quantity * side.sign >= 0 or not self.book.is_recent(since, HOLD):
            return False
        return not any(
            order.leg is Leg.ENTRY
            and order.side is side
            and order.status is OrderStatus.FILLED
            and order.created_at >= since
            for order in self.book.recent_orders()
            if (order.account_id, order.symbol) == place
        )

    def _entries(self, place: Place | None = None) -> list[Order]:
        """The bracket entries, of one symbol or of all, that may still have something to protect."""
        entries = [entry for name in self._brackets if (entry := entry_of(name, self.book)) is not None]
        return [entry for entry in entries if place is None or (entry.account_id, entry.symbol) == place]

    def legs(self, account: AccountId, symbol: Symbol) -> list[Order]:
        """Open protective orders of a position; not those of a bracket whose entry still waits."""
        return self.trimming.legs(account, symbol)

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
        await self.alarms.not_working(entry, cover, is_bare)
        for leg in (leg for pair in cover.lame for leg in pair.legs):
            if leg.status is not OrderStatus.PENDING_CANCEL:
                await self.oms.cancel(leg, DESK)  # sent again together with its stop once it is gone
        if min(cover.need, blocked) > 0 and not self.oms.executors[entry.account_id].capabilities.levels:
            await self.alarms.blocked(entry, instrument, min(cover.need, blocked))
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
                    await self.oms.cancel(leg, DESK)
                return

    def _is_filling(self, entry: Order) -> bool:
        """A market order is covered once it is done, or stalls, so that its parts share one stop."""
        moving = self.book.is_recent(entry.updated_at, STALLED)
        return entry.is_open and entry.type is OrderType.MARKET and moving

    def _pauses(self, cover: Cover) -> bool:
        """Whether it is too early to try again what did not get there."""
        if not cover.again:
            return False
        pause = PAUSES[min(len(cover.again), len(PAUSES)) - 1]
        return self.book.is_recent(cover.again[-1].main.updated_at, pause)

    def _is_due(self, entry: Order, cover: Cover) -> bool:
        """Whether the market, or the venue by its refusal, shows that the position should be out already."""
        if cover.again and cover.again[-1].was_due:
            return True
        shown = self.oms.drafting.valuation.quote(entry.account_id, entry.symbol)
        if shown is None or entry.stop_loss is None or entry.trail_loss is not None:
            return False
        return (shown.taker(entry.side.opposite)[0].price - entry.stop_loss) * entry.side.sign <= 0

    async def _place(self, intents: list[Intent]) -> list[Order]:
        """Submit legs, as one list where the venue holds lists."""
        capable = self.oms.executors[intents[0].account].capabilities
        sets = [intents] if capable.lists else [[intent] for intent in intents]
        return [await self.oms.submit(*each) for each in sets]


def _lowest(entry: Order, price: Decimal, instrument: Instrument) -> Decimal:
    """The price at which what an entry wants placed is worth least; contracts may be closed whatever they are worth."""
    if instrument.settlement is Settlement.LINEAR:
        return price
    return min(price, *(wish for wish in (entry.stop_loss, entry.take_profit, price) if wish is not None))
