"""What became of an order: found by our marks among positions, orders, history and deals, a day either side."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NoReturn

from msgspec.structs import replace

from trading.clock import Clock
from trading.errors import OutcomeUnknown
from trading.executors.mt5 import levels
from trading.executors.mt5.hearing import Hearing
from trading.executors.mt5.plan import against
from trading.executors.mt5.rules import is_stop
from trading.executors.mt5.tracks import Level, Track, identifiers_in
from trading.executors.mt5.wire import Found, prices_of
from trading.instruments import ZERO
from trading.mt5.terminal import Terminal
from trading.order import POSITION_CLOSED, Order
from trading.reports import VenueOrder

SURE_AFTER = timedelta(seconds=30)
"""After a request that was not answered, for how long something may still come of it at the broker."""
TIMES = 3
"""How often it must not be there after that: a terminal may be behind with its history."""
DAY_S = 86_400


class Doubts:
    """How often the terminal has not shown an order."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: dict[str, datetime] = {}
        self._denied: dict[str, int] = {}

    def sent(self, order_id: str) -> datetime:
        """A request about an order was not answered; until when anything may come of it."""
        self._denied.pop(order_id, None)
        self._until[order_id] = self._clock.now() + SURE_AFTER
        return self._until[order_id]

    def shown(self, order_id: str) -> None:
        """It is there after all."""
        self._denied.pop(order_id, None)
        self._until.pop(order_id, None)

    def denied(self, order: Order) -> None:
        """It is not there, once more. Nothing, if that may be believed.

        Raises:
            OutcomeUnknown: not yet.
        """
        until = max(order.created_at, order.updated_at) + SURE_AFTER
        until = max(until, self._until.get(order.id, until))
        if self._clock.now() < until:
            unsure("The terminal does not show the order yet.", f"It is certain after {until:%H:%M:%S} UTC.")
        self._denied[order.id] = self._denied.get(order.id, 0) + 1
        if self._denied[order.id] < TIMES:
            unsure("The terminal does not show the order.", "It is looked for once more.")


def unsure(text: str, remedy: str = "It is looked up again.") -> NoReturn:
    raise OutcomeUnknown(text, remedy, code="NOT_SURE")


class Lookups:
    """Looks orders up. What it finds of a level is tracked from then on."""

    def __init__(self, hearing: Hearing, doubts: Doubts) -> None:
        self._hearing, self._doubts = hearing, doubts
        self._link, self._whose = hearing.link, hearing.whose

    async def find(self, order: Order) -> VenueOrder | None:
        """The order as the broker has it; None once it is sure that it never had it.

        Raises:
            OutcomeUnknown: not sure yet. Failed, Unanswered: the terminal cannot be asked.
        """
        self._whose.note(order.id)
        if order.is_waiting_exit or identifiers_in(order.venue_order_id):
            found = await self._level(order)
        else:
            found = await self._plain(order)
        if found is None:
            self._doubts.denied(order)
        else:
            self._doubts.shown(order.id)
        return found

    # --- orders ------------------------------------------------------------------------------

    async def records(self, order: Order) -> tuple[list[Any], list[Any], list[Any]]:
        """The broker's orders, deals and positions that bear our marks."""
        time, now = self._link.time, self._link.clock.now()
        since, until = time.broker_s(order.created_at) - DAY_S, time.broker_s(now) + DAY_S

        def read(terminal: Terminal) -> tuple[dict[int, Any], tuple[Any, ...], tuple[Any, ...]]:
            orders = {each.ticket: each for each in (*terminal.past_orders(since, until), *terminal.orders())}
            if order.venue_order_id.isdigit() and (ticket := int(order.venue_order_id)) not in orders:
                kept = terminal.past_order(ticket)  # older than the span
                orders |= {ticket: kept} if kept else {}
            return orders, terminal.deals(since, until), terminal.positions()

        # Whose they are is for the desk's books to say, which are not to be read in the package's thread.
        orders, deals, positions = await self._link.ask(read)
        whose = self._whose
        mine = [each for each in orders.values() if whose.placed(each) == order.id or _is(each, order)]
        return (
            mine,
            [each for each in deals if whose.placed(each) == order.id],
            [each for each in positions if whose(each) == order.id],
        )

    async def _plain(self, order: Order) -> VenueOrder | None:
        records, deals, held = await self.records(order)
        if not records:
            if deals or held:
                unsure("The terminal shows a trade or a position of it, and not the order.")
            return None
        found = Found.of(records)
        track = self._hearing.tracks.get(order.id)
        sending = track is not None and (track.busy or self._is_unsure(track))
        status, quantity = found.status, found.quantity
        if status != "open" and found.filled < order.quantity:
            if sending:
                unsure("Not all of it is answered yet.")
            status, quantity = ("expired" if status == "filled" else status), order.quantity
        limit, stop = order.limit_price, order.stop_price
        if status == "open" and order.trail is None:
            limit, stop = prices_of(_last(records), order)
        return VenueOrder(
            str(found.ticket),
            order.id,
            order.symbol,
            status,
            quantity,
            found.filled,
            limit,
            stop,
            reason=found.reason,
        )

    def _is_unsure(self, track: Track) -> bool:
        return track.unsure_until is not None and self._link.clock.now() < track.unsure_until

    # --- levels ------------------------------------------------------------------------------

    async def _level(self, order: Order) -> VenueOrder | None:
        track = self._hearing.tracks.get(order.id)
        known = track.level.identifiers if track and track.level else identifiers_in(order.venue_order_id)
        stop = is_stop(order) or order.venue_order_id.startswith("sl")

        def read(terminal: Terminal) -> tuple[tuple[Any, ...], dict[int, tuple[Any, ...]]]:
            return terminal.positions(), {each: terminal.deals_of_position(each) for each in known}

        positions, deals = await self._link.ask(read)
        name = self._link.rules[order.symbol].name if order.symbol in self._link.rules else str(order.symbol)
        there = against(order, [each for each in positions if each.symbol == name])
        if not known:
            return self._born(order, there)
        level = Level(stop, known, order.stop_price or order.limit_price or ZERO, self._link.clock.now())
        shown = VenueOrder(
            level.venue_order_id,
            order.id,
            order.symbol,
            "open",
            order.quantity,
            ZERO,
            order.limit_price,
            order.stop_price,
        )
        still = [each for each in there if each.identifier in known]
        if still:
            return self._standing(order, shown, {levels.value_of(each, stop) for each in still}, stop)
        return _closed(order, shown, positions, deals, stop)

    def _standing(self, order: Order, shown: VenueOrder, values: set[Any], stop: bool) -> VenueOrder:
        from_now = self._link.clock.now() - max(order.created_at, order.updated_at)
        if values == {ZERO} and from_now > levels.SETTLED:
            return replace(shown, status="canceled", reason="it was taken away at the terminal")
        price = max(values)
        if len(values) > 1 or not price or order.trail is not None:
            return shown
        return replace(shown, **{"stop_price" if stop else "limit_price": price})

    def _born(self, order: Order, there: Sequence[Any]) -> VenueOrder | None:
        """A level that was sent and not answered: it stands if the positions it was for show its price."""
        wished = order.stop_price if is_stop(order) else order.limit_price
        of_entry = [each for each in there if order.parent_id and self._whose(each) == order.parent_id]
        taken = {
            identifier
            for track in self._hearing.tracks.values()
            if track.level and track.level.is_stop is is_stop(order) and track.order_id != order.id
            for identifier in track.level.identifiers
        }
        mine = [
            each
            for each in of_entry or there
            if each.identifier not in taken
            and levels.value_of(each, is_stop(order))
            and wished in (None, levels.value_of(each, is_stop(order)))
        ]
        if not mine:
            return None
        track = Track.of(order)
        price = levels.value_of(mine[0], is_stop(order))
        identifiers = tuple(each.identifier for each in mine)
        track.level = Level(is_stop(order), identifiers, price, self._link.clock.now())
        track.is_accepted = True
        self._hearing.tracks[order.id] = track
        name = track.level.venue_order_id
        return VenueOrder(
            name, order.id, order.symbol, "open", order.quantity, ZERO, order.limit_price, order.stop_price
        )


def _closed(
    order: Order, shown: VenueOrder, positions: Sequence[Any], deals: dict[int, tuple[Any, ...]], stop: bool
) -> VenueOrder:
    """A level whose positions are not open any more."""
    for identifier, group in deals.items():
        now = sum((levels.signed(each) for each in positions if each.identifier == identifier), ZERO)
        trades = [each for each in group if each.type in levels.TRADES]
        if not trades or sum(map(levels.traded, trades), ZERO) != now:
            unsure("The position is closed, and the terminal does not show all of its deals yet.")
    done = levels.done_by(stop, (each for group in deals.values() for each in group))
    if done >= order.quantity:
        return replace(shown, status="filled", filled_quantity=done)
    return replace(shown, status="canceled", filled_quantity=done, reason=POSITION_CLOSED)


def _is(record: Any, order: Order) -> bool:
    """Whether it is the one that the desk's books have by the broker's number, whatever marks it bears."""
    return str(record.ticket) == order.venue_order_id


def _last(records: Sequence[Any]) -> Any:
    return max(records, key=lambda each: each.ticket)
