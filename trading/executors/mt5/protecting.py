"""Stops and targets: set, moved, taken away and trailed as levels of the broker's own positions."""

from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any

from trading.errors import VenueError, VenueRefused, VenueUnreachable
from trading.executors.mt5 import levels, requests
from trading.executors.mt5.hearing import Hearing
from trading.executors.mt5.plan import against
from trading.executors.mt5.rules import Shown, check_levels, is_stop, on_tick, price_of
from trading.executors.mt5.sending import Sender
from trading.executors.mt5.tracks import Level, Track, identifiers_in
from trading.instruments import ZERO, Side
from trading.mt5.listing import SymbolRules
from trading.mt5.terminal import Terminal, exact
from trading.order import Order
from trading.reports import Accepted, Amended, Canceled, Report


class Protecting:
    """The levels of one account. `ours` are its positions that the desk may touch."""

    def __init__(self, hearing: Hearing, sender: Sender) -> None:
        self._hearing, self._sender = hearing, sender
        self._link = hearing.link

    async def place(self, order: Order, rules: SymbolRules) -> list[Report]:
        """Set a stop or a target.

        Raises:
            VenueRefused, VenueUnreachable, OutcomeUnknown; WOULD_TRIGGER where the market has passed it.
        """
        tracks = list(self._hearing.tracks.values())
        positions, shown = await self._seen(rules)
        chosen = levels.choose(order, positions, tracks, self._hearing.whose)
        stop = is_stop(order)
        price = self._price(order, rules, shown, chosen)
        unset = [each for each in chosen if levels.value_of(each, stop) != price]
        if unset:  # else its entry brought it along
            market = shown.closed(order.side.opposite)
            check_levels(order.side.opposite, market, price if stop else None, None if stop else price, rules)
        await self._set(order.id, unset, stop, price)
        identifiers = tuple(each.identifier for each in chosen)
        track = Track.of(order)
        track.level = Level(stop, identifiers, price, self._link.clock.now())
        track.level.volumes = {each.identifier: exact(each.volume) for each in chosen}
        track.is_accepted = True
        self._hearing.tracks[order.id] = track
        return [Accepted(order.id, track.level.venue_order_id)]

    def _price(self, order: Order, rules: SymbolRules, shown: Shown, chosen: Sequence[Any]) -> Decimal:
        price = on_tick(price_of(order, shown), rules, order.side is Side.BUY)
        if order.trail is None:
            return price
        there = [value for each in chosen if (value := levels.value_of(each, True))]
        better = max if order.side is Side.SELL else min  # a trailing stop that the entry brought may be ahead already
        return better([price, *there]) if len(there) == len(chosen) else price

    async def cancel(self, order: Order) -> list[Report]:
        """Take a stop or target away.

        Raises:
            VenueRefused: what it stood on is closed; VenueUnreachable, OutcomeUnknown.
        """
        _, level, there, filled = await self._standing(order)
        level.changed_at = self._link.clock.now()
        await self._set(order.id, there, level.is_stop, ZERO)
        self._hearing.end(order.id)
        return [Canceled(order.id, "", filled)]

    async def amend(self, order: Order) -> list[Report]:
        """Move a stop or target; its size is that of the positions, whatever the desk counts it with.

        Raises:
            VenueRefused, VenueUnreachable, OutcomeUnknown.
        """
        rules, level, there, _ = await self._standing(order)
        wished = order.stop_price if level.is_stop else order.limit_price
        price = wished or level.price
        unset = [each for each in there if wished and levels.value_of(each, level.is_stop) != price]
        if unset:
            tick = await self._link.ask(lambda terminal: terminal.tick(rules.name))
            shown = Shown(exact(tick.bid), exact(tick.ask))
            stop, target = (price, None) if level.is_stop else (None, price)
            check_levels(order.side.opposite, shown.closed(order.side.opposite), stop, target, rules)
        level.changed_at = self._link.clock.now()
        await self._set(order.id, unset, level.is_stop, price)
        level.price, level.changed_at = price, self._link.clock.now()
        if (track := self._hearing.tracks.get(order.id)) is not None:
            track.quantity = order.quantity
        return [Amended(order.id, order.quantity, order.limit_price, order.stop_price, level.venue_order_id)]

    async def keep(self) -> None:
        """Restore levels that the broker dropped, and move those that trail. What fails is tried at the next look."""
        for track in list(self._hearing.tracks.values()):
            level, rules = track.level, self._link.rules.get(track.symbol)
            if level is None or rules is None or track.busy:
                continue
            mine = [each for each in self._hearing.positions if each.identifier in level.identifiers]
            price = self._trailed(track, level, rules)
            late = [each for each in mine if levels.value_of(each, level.is_stop) != price]
            if late and (level.is_lost or price != level.price):
                with suppress(VenueError):
                    await self._set(track.order_id, late, level.is_stop, price)
                    level.price, level.changed_at, level.is_lost = price, self._link.clock.now(), False

    def _trailed(self, track: Track, level: Level, rules: SymbolRules) -> Decimal:
        """Where a level should be now: a trailing one only ever moves towards the market."""
        tick = self._link.ticks.get(rules.name)
        if track.trail is None or tick is None or not level.price:
            return level.price
        shown = Shown(exact(tick.bid), exact(tick.ask))
        return trailed(track, level.price, rules, shown)

    async def _set(self, order_id: str, positions: Sequence[Any], stop: bool, price: Decimal) -> None:
        """Set the stop (or target) of positions; what was set before a refusal is set back."""
        done: list[Any] = []
        for position in positions:
            try:
                await self._sender.send(_request(position, stop, price), order_id)
            except VenueRefused as why:
                for each in done:
                    with suppress(VenueError):
                        await self._sender.send(_request(each, stop, levels.value_of(each, stop)), order_id)
                if why.code == "MARKET_CLOSED":  # it may be asked for again when it opens
                    raise VenueUnreachable(why.text, why.remedy) from None
                raise
            done.append(position)

    async def _seen(self, rules: SymbolRules) -> tuple[list[Any], Shown]:
        """The positions of a symbol that are ours to touch, and its price of now."""

        def read(terminal: Terminal) -> tuple[tuple[Any, ...], Any]:
            return terminal.positions(), terminal.tick(rules.name)

        positions, tick = await self._link.ask(read)
        return self.ours(positions, rules), Shown(exact(tick.bid), exact(tick.ask))

    def ours(self, positions: Sequence[Any], rules: SymbolRules) -> list[Any]:
        """Those of a symbol; on a hedging account without those that people opened by hand."""
        there = [each for each in positions if each.symbol == rules.name]
        return [each for each in there if self.is_ours(each)]

    def is_ours(self, position: Any) -> bool:
        """Whether the desk may touch a position: on a hedging account not if people opened it by hand."""
        return not self._link.is_hedging or bool(self._hearing.whose(position))

    async def _standing(self, order: Order) -> tuple[SymbolRules, Level, list[Any], Decimal]:
        """The level of an open order, with the positions it stands on.

        Raises:
            VenueRefused: they are closed, or it never stood.
        """
        track, rules = self._hearing.tracks.get(order.id), self._link.rules.get(order.symbol)
        stop = is_stop(order)
        level = track.level if track else None
        if level is None:
            price = (order.stop_price if stop else order.limit_price) or ZERO
            level = Level(stop, identifiers_in(order.venue_order_id), price, self._link.clock.now())
        if rules is None:
            raise VenueRefused(f"{order.symbol} is not listed any more.", "Look at the terminal.", code="BAD_SYMBOL")
        positions, _ = await self._seen(rules)
        there = [each for each in against(order, positions) if each.identifier in level.identifiers]
        if not there:
            raise VenueRefused(
                "The position is closed already.", "See /order for what became of it.", code="UNKNOWN_ORDER"
            )
        return rules, level, there, track.filled if track else order.filled_quantity


def trailed(track: Track, price: Decimal, rules: SymbolRules, shown: Shown) -> Decimal:
    """Where a trailing stop that is at `price` should be now."""
    assert track.trail is not None
    market, sign = shown.taken(track.side), track.side.sign
    wished = on_tick(market + sign * track.trail.distance(market), rules, track.side is Side.BUY)
    closer = (price - wished) * sign > 0 and abs(market - wished) >= rules.least_away
    return wished if closer else price


def _request(position: Any, stop: bool, price: Decimal) -> requests.Request:
    sl, tp = (price, exact(position.tp)) if stop else (exact(position.sl), price)
    return requests.levels(position.symbol, position.ticket, sl, tp)
