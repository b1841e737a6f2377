"""The terminal tells nothing by itself: one look after the other at positions, orders and deals, made into reports."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from msgspec.structs import replace

from trading.executors.mt5 import levels
from trading.executors.mt5.marks import Whose
from trading.executors.mt5.requests import LIMITS, STOP_LIMITS
from trading.executors.mt5.tracks import Books, Track, identifiers_in, level_of
from trading.executors.mt5.wire import REST_LOST, Found, done_of, filled, is_paid, is_trade, paid
from trading.instruments import ZERO, Side
from trading.intent import Leg
from trading.mt5.constants import Constants as mt5
from trading.mt5.link import Link
from trading.mt5.terminal import Terminal, exact
from trading.reports import Accepted, Canceled, CloseOut, Expired, Filled, Rejected, Report, Triggered

BACK_S, BACK_UNMEASURED_S, AHEAD_S = 600, 86_400, 172_800
_OPENS = frozenset({mt5.DEAL_ENTRY_IN, mt5.DEAL_ENTRY_INOUT})
_UNASKED = frozenset({*levels.REASONS.values(), mt5.DEAL_REASON_SO})
"""Why a broker closes by itself."""
REMEMBERED = 50_000  # deals that were told


class Look(NamedTuple):
    """What the terminal showed at one moment."""

    positions: tuple[Any, ...]
    orders: tuple[Any, ...]
    deals: list[Any]  # not told before, oldest first
    past: dict[int, Any]  # orders of history by ticket, None where it is not there (yet)
    of_position: dict[int, tuple[Any, ...]]  # deals
    dealt: dict[int, Decimal]  # lots that the deals of an order add up to, by its ticket


class Owner(NamedTuple):
    """Our order that a deal is of; with a `leg`, the entry that its position was opened by."""

    order_id: str = ""
    leg: Leg | None = None


class Hearing:
    """What was told so far, and what is new."""

    def __init__(self, link: Link, whose: Whose, books: Books) -> None:
        self.link, self.whose, self.books = link, whose, books
        self.tracks: dict[str, Track] = {}
        self.positions: tuple[Any, ...] = ()
        self._told: dict[int, None] = {}
        self._over: set[str] = set()  # levels that have ended, of which the books have yet to hear

    async def begin(self) -> None:
        """What has happened until now is for those who ask: it is not told."""
        deals = await self.link.ask(lambda terminal: terminal.deals(*self._span(BACK_UNMEASURED_S)))
        self._remember(deals)

    def _span(self, back_s: int) -> tuple[int, int]:
        now = self.link.time.broker_s(self.link.clock.now())
        return now - back_s, now + AHEAD_S

    def _remember(self, deals: Iterable[Any]) -> None:
        self._told.update(dict.fromkeys(each.ticket for each in deals))
        while len(self._told) > REMEMBERED:
            del self._told[next(iter(self._told))]

    async def look(self) -> list[Report]:
        """Look once; what is new, in its order."""
        self._adopt()
        seen = await self.link.ask(self._reading())
        self.positions = seen.positions
        reports: list[Report] = []
        for record in seen.orders:
            reports += self._active(record)
        for deal in seen.deals:
            reports += self._deal(deal, seen)
        self._remember(seen.deals)
        active = {each.ticket for each in seen.orders}
        for track in list(self.tracks.values()):
            if track.busy:
                continue
            if track.level is not None:
                now = self.link.clock.now()
                news, is_over = levels.hear(track, seen.positions, seen.of_position, now)
            else:
                news, is_over = self._end(track, active, seen)
            reports += news
            if is_over:
                self.end(track.order_id)
        return reports

    def end(self, order_id: str) -> None:
        """Nothing more comes of an order."""
        self.tracks.pop(order_id, None)
        self._over.add(order_id)

    def _adopt(self) -> None:
        """Levels that an earlier process of ours has set."""
        there = {order.id: order for order in self.books.open()}
        self._over &= there.keys()
        for order in there.values():
            if order.id in self.tracks or order.id in self._over:
                continue
            if (track := level_of(order, self.link.clock.now())) is not None:
                self.tracks[order.id] = track

    def _reading(self) -> Any:
        """All that one look needs, in one go."""
        tracks = list(self.tracks.values())
        tickets = [ticket for track in tracks for ticket in track.tickets]
        identifiers = {each for track in tracks if track.level for each in track.level.identifiers}
        told, span = self._told, self._span(BACK_S if self.link.time.is_measured else BACK_UNMEASURED_S)
        hedging = self.link.is_hedging

        def read(terminal: Terminal) -> Look:
            orders, positions = terminal.orders(), terminal.positions()
            active = {each.ticket: each for each in orders}
            deals = {each.ticket: each for each in terminal.deals(*span)}
            past: dict[int, Any] = {}
            dealt: dict[int, Decimal] = {}
            for ticket in tickets:
                of_order = terminal.deals_of_order(ticket)
                dealt[ticket] = sum((exact(each.volume) for each in of_order), ZERO)
                deals |= {each.ticket: each for each in of_order}
                if ticket not in active:
                    past[ticket] = terminal.past_order(ticket)
            held = {each.identifier for each in positions}
            of_position = {each: terminal.deals_of_position(each) for each in identifiers - held}
            for each in identifiers & held if not hedging else ():
                of_position[each] = terminal.deals_of_position(each)  # it may have been turned
            for group in of_position.values():
                deals |= {each.ticket: each for each in group}
            fresh = sorted(
                (each for each in deals.values() if each.ticket not in told),
                key=lambda each: (each.time_msc, each.ticket),
            )
            details(terminal, fresh, active, past, of_position, hedging=hedging)
            return Look(positions, orders, fresh, {**past, **active}, of_position, dealt)

        return read

    # --- one record --------------------------------------------------------------------------

    def _active(self, record: Any) -> list[Report]:
        """An order that works at the broker."""
        if not (order_id := self.whose.placed(record)) or self._rules(record) is None:
            return []
        track = self._track(order_id, record)
        reports: list[Report] = []
        if record.ticket not in track.tickets:
            track.tickets.append(record.ticket)
        if not track.is_accepted:
            track.is_accepted = True
            reports.append(Accepted(order_id, str(record.ticket)))
        if record.type in STOP_LIMITS:
            track.waits_twice = True
        elif track.waits_twice and not track.is_triggered:  # it waits as a limit now
            track.is_triggered = True
            reports.append(Triggered(order_id))
        return reports

    def _deal(self, deal: Any, seen: Look) -> list[Report]:
        """A deal that was not told before."""
        if is_paid(deal):
            return [paid(deal, self.link)]
        if not is_trade(deal) or self._rules(deal) is None:
            return []
        fill = self.fill(deal, seen.past, seen.of_position)
        if fill.leg is not None or fill.closed_out is not None:
            return [fill]
        if not (order_id := fill.order_id):
            return []
        track = self._track(order_id, deal)
        track.filled += exact(deal.volume)
        reports: list[Report] = []
        if track.level is None:
            track.tickets += [deal.order] if deal.order not in track.tickets else []
        if not track.is_accepted:
            track.is_accepted = True
            reports.append(Accepted(order_id, track.level.venue_order_id if track.level else str(deal.order)))
        record = seen.past.get(deal.order)
        waited = track.level is not None or _is_stop(record)
        is_limit = record is not None and record.type in LIMITS
        if not track.is_triggered and (track.waits_twice or (waited and not is_limit)):
            track.is_triggered = True
            reports.append(Triggered(order_id))
        return [*reports, fill]

    def fill(self, deal: Any, past: Mapping[int, Any], of_position: Mapping[int, Sequence[Any]]) -> Filled:
        """A deal as a fill of ours; somebody else's has no `order_id`."""
        opened = of_position.get(deal.position_id, ()) if self.link.is_hedging else ()
        order_id, leg = self.whose_deal(deal, of_position)
        made = filled(deal, order_id, past.get(deal.order), opened, self.link)
        return replace(made, leg=leg, closed_out=self._stop_out(deal, of_position))

    def whose_deal(self, deal: Any, of_position: Mapping[int, Sequence[Any]]) -> Owner:
        """Our order that a deal is of; empty for people's, and for what the broker closed without our asking.

        An entry takes its stop and target along: what they do before an order of ours stands for them is the entry's.
        """
        if deal.reason not in levels.REASONS.values():
            return Owner(self.whose.placed(deal))
        stop, side = deal.reason == mt5.DEAL_REASON_SL, _side(deal)
        for track in self.tracks.values():
            level = track.level
            if level and level.is_stop is stop and track.side is side and deal.position_id in level.identifiers:
                return Owner(track.order_id)
        for read in (self.books.open, self.books.recent):
            for order in read():
                mine = order.side is side and deal.position_id in identifiers_in(order.venue_order_id)
                if mine and order.venue_order_id.startswith("sl" if stop else "tp"):
                    return Owner(order.id)
        entry = self._opener(deal, of_position)
        return Owner(entry, Leg.STOP_LOSS if stop else Leg.TAKE_PROFIT) if entry else Owner()

    def _opener(self, deal: Any, of_position: Mapping[int, Sequence[Any]]) -> str:
        """Our order that opened, last of all, what a deal closes; empty if somebody else did."""
        side = _side(deal)
        entries = [
            each for each in of_position.get(deal.position_id, ()) if each.entry in _OPENS and _side(each) is not side
        ]
        return next((found for each in reversed(entries) if (found := self.whose.placed(each))), "")

    def _stop_out(self, deal: Any, of_position: Mapping[int, Sequence[Any]]) -> CloseOut | None:
        """What the broker closed of ours because the margin did not suffice any more (ENUM_DEAL_REASON)."""
        rules = self._rules(deal)
        if deal.reason != mt5.DEAL_REASON_SO or rules is None or not self._opener(deal, of_position):
            return None
        return CloseOut(rules.symbol, _side(deal), f"stop out, the margin did not suffice any more ({deal.comment})")

    def _rules(self, record: Any) -> Any:
        return self.link.by_name.get(record.symbol)

    def _track(self, order_id: str, record: Any) -> Track:
        if order_id not in self.tracks:
            symbol = self.link.by_name[record.symbol].symbol
            self.tracks[order_id] = Track(order_id, symbol, _side(record))
        return self.tracks[order_id]

    def _end(self, track: Track, active: set[int], seen: Look) -> tuple[list[Report], bool]:
        """How an order of which nothing works any more has ended, once all its deals are told."""
        unsure = track.unsure_until is not None and self.link.clock.now() < track.unsure_until
        if not track.tickets or unsure or active.intersection(track.tickets):
            return [], False
        records = [seen.past.get(ticket) for ticket in track.tickets]
        for ticket, record in zip(track.tickets, records, strict=True):
            if record is None or done_of(record) > seen.dealt.get(ticket, ZERO):
                return [], False
        found = Found.of([each for each in records if each is not None])
        match found.status:
            case "filled" if track.quantity is None or found.filled >= track.quantity:
                return [], True
            case "canceled":
                return [Canceled(track.order_id, "", found.filled)], True
            case "rejected":
                return [Rejected(track.order_id, "REJECTED", found.reason)], True
            case _:
                return [Expired(track.order_id, found.reason or REST_LOST, found.filled)], True


def _side(record: Any) -> Side:
    """Of an order or of a deal: their types are counted alike."""
    return Side.BUY if record.type % 2 == 0 else Side.SELL


def _is_stop(record: Any) -> bool:
    return record is not None and record.type in (mt5.ORDER_TYPE_BUY_STOP, mt5.ORDER_TYPE_SELL_STOP)


def details(
    terminal: Terminal,
    deals: Iterable[Any],
    active: Mapping[int, Any],
    past: dict[int, Any],
    of_position: dict[int, tuple[Any, ...]],
    *,
    hedging: bool,
) -> None:
    """Add what the fills are made of beside the deals: their orders, and at what the closed positions were opened."""
    for deal in deals:
        if deal.order and deal.order not in active and past.get(deal.order) is None:
            past[deal.order] = terminal.past_order(deal.order)
        closes = (hedging and deal.entry == mt5.DEAL_ENTRY_OUT) or deal.reason in _UNASKED
        if closes and deal.position_id not in of_position:
            of_position[deal.position_id] = terminal.deals_of_position(deal.position_id)
