"""Orders that are not levels: deals at the market, and orders that wait."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from trading.errors import VenueError, VenueRefused
from trading.executors.mt5 import plan, requests
from trading.executors.mt5.codes import error_of
from trading.executors.mt5.hearing import Hearing
from trading.executors.mt5.lookups import DAY_S
from trading.executors.mt5.protecting import Protecting, trailed
from trading.executors.mt5.rules import (
    Shown,
    check_frozen,
    check_levels,
    check_volume,
    check_waiting,
    entry_of,
    levels_of,
    on_tick,
    price_of,
)
from trading.executors.mt5.sending import Sender
from trading.executors.mt5.tracks import Track
from trading.executors.mt5.wire import done_of
from trading.instruments import ZERO, Side
from trading.intent import OrderType
from trading.mt5.listing import SymbolRules
from trading.mt5.terminal import Terminal, exact, is_sound
from trading.order import Order
from trading.reports import Accepted, Amended, Report

CLOSE_BY_BIT = 64  # of a symbol's order_mode
REMEMBERED = 10_000  # orders that this process has sent


class Orders:
    """Sends, changes and removes the orders of one account."""

    def __init__(self, hearing: Hearing, sender: Sender, protecting: Protecting) -> None:
        self._hearing, self._sender, self._protecting = hearing, sender, protecting
        self._link = hearing.link
        self._sent: dict[str, None] = {}

    def is_known(self, order: Order) -> bool:
        """Whether an order has been sent before."""
        return order.id in self._sent or order.id in self._hearing.tracks

    def _begin(self, order: Order, *tickets: int) -> Track:
        self._sent[order.id] = None
        if len(self._sent) > REMEMBERED:
            del self._sent[next(iter(self._sent))]
        self._hearing.whose.note(order.id)
        track = self._hearing.tracks[order.id] = Track.of(order)
        track.tickets += tickets
        return track

    # --- at the market -----------------------------------------------------------------------

    async def deal(self, order: Order, rules: SymbolRules, tell: Callable[[Sequence[Report]], None]) -> None:
        """Send a market order, in as many deals as it takes. What is done is told, also where a later one fails.

        Raises:
            VenueRefused, VenueUnreachable: nothing was done; OutcomeUnknown.
        """
        parts = await self._parts(order, rules)
        track = self._begin(order)
        track.busy += 1
        modes = requests.fillings(rules, order)
        try:
            for number, part in enumerate(parts, 1):
                request = requests.deal(order, rules, part.volume, number, part.position, part.sl, part.tp)
                result = await self._sender.deal(request, modes)
                track.tickets += [result.order] if result.order not in track.tickets else []
                if not track.is_accepted:
                    track.is_accepted = True
                    tell([Accepted(order.id, str(result.order))])
        except VenueRefused:
            if not track.tickets:
                self._forget(order)
                raise
            # The parts before are done: how it ended is told with them.
        except VenueError:
            if not track.tickets:
                self._hearing.tracks.pop(order.id, None)  # if it is there all the same, it will be found
            raise
        finally:
            track.busy -= 1

    def _forget(self, order: Order) -> None:
        self._hearing.tracks.pop(order.id, None)
        self._sent.pop(order.id, None)

    async def _parts(self, order: Order, rules: SymbolRules) -> list[plan.Part]:
        def read(terminal: Terminal) -> tuple[tuple[Any, ...], Any]:
            return terminal.positions(), terminal.tick(rules.name)

        positions, tick = await self._link.ask(read)
        shown = Shown(exact(tick.bid), exact(tick.ask))
        sl, tp = levels_of(order, rules, shown.closed(order.side))
        check_levels(order.side, shown.closed(order.side), sl, tp, rules)
        ours = self._protecting.ours(positions, rules)
        if self._link.is_hedging:
            return plan.hedging(order, rules, ours, sl, tp)
        return plan.netting(order, rules, ours[0] if ours else None, sl, tp)

    # --- waiting -----------------------------------------------------------------------------

    async def wait(self, order: Order, rules: SymbolRules) -> list[Report]:
        """Send an order that waits for its price.

        Raises:
            VenueRefused, VenueUnreachable, OutcomeUnknown.
        """
        tick = await self._link.ask(lambda terminal: terminal.tick(rules.name))
        shown = Shown(exact(tick.bid), exact(tick.ask))
        price = price_of(order, shown)
        price = on_tick(price, rules, order.side is Side.BUY) if order.trail else price
        check_volume(order.quantity, rules)
        check_waiting(order, price, rules, shown)
        entry = price if order.trail else entry_of(order, shown)
        sl, tp = levels_of(order, rules, entry)
        check_levels(order.side, entry, sl, tp, rules)
        track = self._begin(order)
        track.price = price
        try:
            result = await self._sender.send(requests.waiting(order, rules, order.quantity, price, 1, sl, tp))
        except VenueRefused:
            self._forget(order)
            raise
        except VenueError:
            self._hearing.tracks.pop(order.id, None)
            raise
        track.tickets.append(result.order)
        track.is_accepted = True
        return [Accepted(order.id, str(result.order))]

    async def remove(self, order: Order) -> None:
        """Delete what waits of an order; that it is gone is told by the next look.

        Raises:
            VenueRefused: nothing of it waits; VenueUnreachable, OutcomeUnknown.
        """
        record = await self._waiting(order)
        await self._check_frozen(record)
        await self._sender.send(requests.remove(record.ticket), order.id)
        track = self._hearing.tracks.get(order.id)
        if track is None:
            track = self._hearing.tracks[order.id] = Track.of(order)
            track.is_accepted = True
        track.tickets += [record.ticket] if record.ticket not in track.tickets else []

    async def amend(self, order: Order, rules: SymbolRules) -> list[Report]:
        """Give a waiting order another price; or less volume, which takes another order in its place, marked as it is.

        Raises:
            VenueRefused: it stays as it was, or (GONE) the old one is removed and the new one was refused.
            VenueUnreachable, OutcomeUnknown.
        """
        record = await self._waiting(order)
        tick = await self._check_frozen(record)
        shown = Shown(exact(tick.bid), exact(tick.ask))
        told = Amended(order.id, order.quantity, order.limit_price, order.stop_price)
        order = self._as_waiting(order, record)
        price = price_of(order, shown) if order.trail is None else exact(record.price_open)
        rest = order.quantity - order.filled_quantity
        limit = order.limit_price if record.type in requests.STOP_LIMITS else None
        moves = price != exact(record.price_open) or limit not in (None, exact(record.price_stoplimit))
        if moves:
            check_waiting(order, price, rules, shown)
        ticket = record.ticket
        if rest != exact(record.volume_current):
            check_volume(rest, rules)
            ticket = await self._replace(order, rules, record, rest, price)
        elif moves:
            await self._sender.send(requests.change(record, price, limit), order.id)
        if (track := self._hearing.tracks.get(order.id)) is not None:
            track.quantity = order.quantity
        return [replace(told, venue_order_id=str(ticket))]

    async def _replace(self, order: Order, rules: SymbolRules, record: Any, rest: Decimal, price: Decimal) -> int:
        track = self._hearing.tracks.get(order.id)
        if track is None or record.ticket not in track.tickets:
            track = self._begin(order, record.ticket)
            track.is_accepted = True
        part = len(await self.records_of(record)) + 1
        request = requests.waiting(order, rules, rest, price, part, exact(record.sl), exact(record.tp))
        result = await self._link.ask(lambda terminal: terminal.check(request))
        if result.retcode:
            raise error_of(result.retcode, result.comment)
        track.busy += 1
        try:
            await self._sender.send(requests.remove(record.ticket), order.id)
            gone = await self._link.ask(lambda terminal: terminal.past_order(record.ticket))
            done = done_of(gone) - done_of(record) if gone is not None else ZERO
            if rest - done < rules.instrument.min_quantity:
                return int(record.ticket)  # it was filled in the last moment
            made = await self._sender.send({**request, "volume": float(rest - done)})
        except VenueRefused as why:
            text = f"It had to make way for its changed self, which was refused: {why.text}"
            raise VenueRefused(text, "Place it anew.", code="GONE") from None
        finally:
            track.busy -= 1
        track.tickets.append(made.order)
        return int(made.order)

    async def _waiting(self, order: Order) -> Any:
        """What works of an order at the broker.

        Raises:
            VenueRefused: nothing does.
        """
        orders = await self._link.ask(Terminal.orders)
        mine = [each for each in orders if self._hearing.whose.placed(each) == order.id]
        mine = mine or [each for each in orders if str(each.ticket) == order.venue_order_id]
        if not mine:
            raise VenueRefused(
                "Nothing of it waits at the broker.", "It is looked up what became of it.", code="UNKNOWN_ORDER"
            )
        return mine[-1]

    def _as_waiting(self, order: Order, record: Any) -> Order:
        """An order as it waits there: a stop-limit whose stop was seen is a limit.

        Raises:
            VenueRefused: another stop is asked for, too late.
        """
        if order.type is not OrderType.STOP_LIMIT or record.type not in requests.LIMITS:
            return order
        before = next((each for each in self._hearing.books.open() if each.id == order.id), order)
        if before.stop_price != order.stop_price:
            text = "Its stop has been seen: it waits for its limit now."
            raise VenueRefused(text, "Change the limit, or cancel it.", code="TRIGGERED")
        return replace(order, type=OrderType.LIMIT, stop_price=None)

    async def _check_frozen(self, record: Any) -> Any:
        tick = await self._link.ask(lambda terminal: terminal.tick(record.symbol))
        rules = self._link.by_name.get(record.symbol)
        if rules is not None and record.type not in requests.AT_MARKET:
            market = exact(tick.ask if record.type in requests.BUYS else tick.bid)
            check_frozen(exact(record.price_open), market, rules)
        return tick

    async def records_of(self, record: Any) -> list[Any]:
        """All orders at the broker that one of ours took, of which this is one."""
        since, until = record.time_setup - 30 * DAY_S, record.time_setup + 30 * DAY_S
        whose = self._hearing.whose

        def read(terminal: Terminal) -> dict[int, Any]:
            return {each.ticket: each for each in (*terminal.past_orders(since, until), *terminal.orders())}

        found = await self._link.ask(read)
        return [each for each in found.values() if whose.placed(each) == whose.placed(record)]

    # --- kept up by the desk -----------------------------------------------------------------

    async def price_trailing(self) -> None:
        """See the prices that trailing stops follow."""
        names = {
            rules.name
            for track in self._hearing.tracks.values()
            if track.trail is not None and (rules := self._link.rules.get(track.symbol))
        }
        if not names:
            return
        ticks = await self._link.ask(lambda terminal: {name: terminal.tick(name) for name in names})
        for name, tick in ticks.items():
            self._link.hear(name, tick)

    async def trail(self) -> None:
        """Move waiting orders that trail. What fails is tried at the next look."""
        for track in list(self._hearing.tracks.values()):
            rules = self._link.rules.get(track.symbol)
            tick = self._link.ticks.get(rules.name) if rules else None
            if track.trail is None or track.level or rules is None or tick is None or not is_sound(tick) or track.busy:
                continue
            orders = await self._link.ask(Terminal.orders)
            for record in (each for each in orders if each.ticket in track.tickets):
                now = exact(record.price_open)
                wished = trailed(track, now, rules, Shown(exact(tick.bid), exact(tick.ask)))
                if wished != now:
                    with suppress(VenueError):
                        await self._sender.send(requests.change(record, wished), track.order_id)

    async def merge(self) -> None:
        """Close our opposite positions of a symbol by each other: a waiting order opened one beside the other."""
        if not self._link.is_hedging:
            return
        for rules in self._link.rules.values():
            ours = plan.oldest_first(self._protecting.ours(self._hearing.positions, rules))
            longs, shorts = ([each for each in ours if plan.is_long(each) is long] for long in (True, False))
            if longs and shorts and rules.order_mode & CLOSE_BY_BIT:
                with suppress(VenueError):
                    await self._sender.send(requests.close_by(rules.name, longs[0].ticket, shorts[0].ticket, 0))
