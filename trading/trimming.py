"""Protective orders are never more than what they protect: what is too much is shrunk, or cancelled."""

from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal

from trading import events as e
from trading.alarms import Alarms
from trading.cover import bracket_of, entry_of, held_for, is_its_position, look, waits
from trading.errors import IntentError
from trading.ids import derive
from trading.instruments import ZERO, Settlement, Side, Symbol, plain
from trading.intent import AccountId, Leg, Origin
from trading.oms import Oms
from trading.order import Order, OrderStatus
from trading.portfolio import Balance, balance_key, closing_side
from trading.words import counted

AGAIN = timedelta(seconds=5)  # until a shrink that nothing was heard of is asked for again
ENDING = timedelta(seconds=30)  # in which a venue tells that a level has ended with what it stood on
DESK = Origin("desk", "protection", "what it protects has changed")


class Trimming:
    """Holds the protective orders of a symbol against its position."""

    def __init__(self, oms: Oms, alarms: Alarms) -> None:
        self.oms = oms
        self.book = oms.book
        self.alarms = alarms
        self._shrinking: dict[str, tuple[Decimal, datetime]] = {}
        self._ending: dict[str, datetime] = {}

    async def trim(self, account: AccountId, symbol: Symbol) -> None:
        """Shrink or cancel legs whose sibling was filled or whose position is gone."""
        used: dict[Side, Decimal] = {}
        cut: set[str] = set()
        pairs = self.pairs(account, symbol)
        if self.oms.executors[account].capabilities.levels:
            pairs.reverse()  # what a close takes first is the oldest, with the levels that stand on it
        for legs in pairs:
            group = self.book.group(legs[0].group) if legs[0].group else legs
            left = max(leg.quantity for leg in group) - sum((leg.filled_quantity for leg in group), ZERO)
            left = min(left, *(leg.remaining for leg in legs))  # a pair is as large as the smaller of the two
            entry = entry_of(bracket_of(legs[0]), self.book)
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
            self._ending.pop(leg.id, None)
            return
        instrument = self.oms.drafting.instrument(leg.account_id, leg.symbol)
        size = instrument.round_quantity(left)
        now, capable = self.book.clock.now(), self.oms.executors[leg.account_id].capabilities
        if self.is_dust(leg, size):
            if not (capable.is_level(leg) and self._is_ending(leg)):
                await self.oms.cancel(leg, DESK)
            return
        asked, at = self._shrinking.get(leg.id, (ZERO, now))
        just_asked = asked == size and self.book.is_recent(at, AGAIN)
        if leg.status is OrderStatus.SUBMITTED or leg.is_amending or just_asked:
            return  # not yet: what is heard of it checks again, or the next sweep
        self._shrinking[leg.id] = (size, now)
        if not capable.resizes(leg):
            await self.oms.cancel(leg, DESK)  # and what is left is covered anew
            return
        try:
            await self.oms.amend(leg, DESK, quantity=leg.filled_quantity + size)
        except IntentError as why:  # it moved meanwhile, or the venue cannot be reached: the next sweep tries again
            if self.alarms.is_news("shrink", leg.id):
                notice = e.Noticed(derive("shrink", leg.id, str(left)), "warning", "protection", str(why))
                await self.book.record(notice)

    def _is_ending(self, leg: Order) -> bool:
        """Whether a venue may yet tell that a level has ended: of several positions it knows which was closed."""
        return self.book.is_recent(self._ending.setdefault(leg.id, self.book.clock.now()), ENDING)

    def is_dust(self, leg: Order, size: Decimal) -> bool:
        """Whether `size` of a leg is too small to stand at the venue."""
        instrument = self.oms.drafting.instrument(leg.account_id, leg.symbol)
        price = leg.limit_price or leg.stop_price
        shown = self.oms.drafting.valuation.quote(leg.account_id, leg.symbol)
        if price is None and leg.trail is not None and shown is not None:
            best = shown.taker(leg.side)[0].price
            price = best + leg.side.sign * leg.trail.distance(best)
        size = instrument.round_quantity(size)
        return size <= 0 or (price is not None and instrument.is_dust(size, price))

    def check_free(self, account: AccountId, symbol: Symbol, quantity: Decimal) -> Decimal:
        """How much of a position those orders leave to be closed that protect nothing: at least `quantity`.

        Raises:
            IntentError: they leave less; no protective order could make room enough.
        """
        position = self.book.position(account, symbol)
        held = position.quantity if position else ZERO
        side, free = closing_side(held), abs(held)
        instrument = self.oms.drafting.instrument(account, symbol)
        if instrument.settlement is Settlement.SPOT:
            balance = self.book.get(Balance, balance_key(account, instrument.base))
            free = max(free, balance.amount if balance else ZERO)  # what was there before may be sold as well
        others = [o for o in self.book.open_orders(account, symbol) if o.side is side and o.leg is Leg.ENTRY]
        free -= sum((order.remaining for order in others), ZERO)
        if others and quantity > free:
            raise IntentError(
                f"Not sent: {counted(len(others), 'open order')} to {side} {symbol} would leave only "
                f"{plain(max(free, ZERO))} to be closed; stops and targets are as they were.",
                f"Close less, or first {', '.join(f'/cancel {order.id}' for order in others[:3])}.",
                code="NOTHING_TO_REDUCE",
            )
        return free

    def legs(self, account: AccountId, symbol: Symbol) -> list[Order]:
        """Open protective orders of a position; not those of a bracket whose entry still waits."""
        orders = self.book.open_orders(account, symbol)
        return [order for order in orders if order.leg is not Leg.ENTRY and not waits(order, self.book)]

    def pairs(self, account: AccountId, symbol: Symbol) -> list[list[Order]]:
        """The same, those that end together side by side."""
        pairs: dict[str, list[Order]] = defaultdict(list)
        for leg in self.legs(account, symbol):
            pairs[leg.group or leg.id].append(leg)
        return list(pairs.values())
