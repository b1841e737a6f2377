"""Legs that give way to others: taken away and placed anew, and put back where nobody would take the new ones."""

from decimal import Decimal

from msgspec.structs import replace

from trading import events as e
from trading.cover import (
    IN_THE_WAY,
    NEVER_THERE,
    Pair,
    Wish,
    bracket_of,
    entry_of,
    is_its_position,
    look,
    pairs_of,
    room,
)
from trading.drafting import protective_intents
from trading.errors import IntentError
from trading.guard import Guard, Place
from trading.instruments import ZERO, Symbol
from trading.intent import AccountId, Intent, Origin, Size
from trading.order import Order, OrderStatus
from trading.portfolio import Position, closing_side

SETTLE_S = 5.0  # how long a cancel may take before a new stop is refused
SAME = Wish(None, None, None)


class Replacing(Guard):
    """The guard, and how pairs of it are replaced."""

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
            brackets = {entry.id: entry for entry in self._sent_entries(place, only)}
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
            wanted = [(min(leg.remaining for leg in legs), wish.over(legs), SAME.over(legs)) for legs in loose]
            if covers_rest:
                instrument = self.oms.drafting.instrument(*place)
                needed = sum((look(entry, self.book, instrument).need for entry in changed), ZERO)
                wanted.append((abs(position.quantity) - needed - sum((size for size, *_ in wanted), ZERO), wish, SAME))
            placed: list[Order] = []
            for entry in changed:
                new = await self._cover(entry)
                was = brackets[entry.id]
                before = Wish(was.stop_loss, was.take_profit, was.trail_loss)
                placed += new + await self._put_back(f"{key}:{entry.id}", position, new, before, origin)
            for number, (size, each, before) in enumerate(wanted):
                name = f"{key}:{number}" if number else key
                new = await self._protect(name, position, max(size, ZERO), origin, each, placed)
                placed += new + await self._put_back(name, position, new, before, origin)
        return placed

    def _sent_entries(self, place: Place, only: Order | None) -> list[Order]:
        """The entries that a position came of and that have legs or want some; of one leg, only its own."""
        entries = [entry for entry in map(self.book.order, self._brackets) if entry is not None]
        mine = [entry for entry in entries if only is None or entry.id == only.parent_id]
        mine = [entry for entry in mine if (entry.account_id, entry.symbol) == place]
        return [entry for entry in mine if is_its_position(entry, self.book)]

    async def _put_back(
        self, key: str, position: Position, new: list[Order], before: Wish, origin: Origin
    ) -> list[Order]:
        """Legs as they were `before`, over what a `new` pair was for of which one has been refused for good.

        The other one is let go of. Where there were none before, the new pair stays as far as it got.
        """
        entry = entry_of(bracket_of(new[0]), self.book) if new and before != SAME else None
        pairs = pairs_of(entry, self.book) if entry else []
        pair = next((pair for pair in pairs if _is_refused(pair) and new[0].id in {leg.id for leg in pair.legs}), None)
        if entry is None or pair is None:
            return []
        await self._cancel([leg for leg in pair.legs if leg.is_open], origin)
        if self.book.order(entry.id) is not None:
            await self.book.record(e.ProtectionChanged(entry.id, "desk", *before))
        return await self._protect(f"{key}:back", position, pair.size - pair.done, origin, before, new)

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
            raise no_room(template.symbol)
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
                closing_side(position.quantity).opposite,
                Size(size),
                origin,
                stop_loss=stop,
                take_profit=target,
                trail_loss=trail,
            )
        )


def no_room(symbol: Symbol) -> IntentError:
    text = f"Other open orders are going to close all of {symbol}: no room for a stop or target."
    return IntentError(text, f"Cancel them first: /orders {symbol}.", code="NO_ROOM")


def _is_refused(pair: Pair) -> bool:
    """Whether the venue or the gate said no to a leg for good: trying again would not help, and it is not due."""
    refused = [leg for leg in pair.legs if leg.status in (OrderStatus.REJECTED, OrderStatus.DENIED)]
    codes = {leg.reason.partition(":")[0] for leg in refused}
    return bool(codes - NEVER_THERE - IN_THE_WAY) and not pair.was_due
