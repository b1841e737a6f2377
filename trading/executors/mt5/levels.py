"""Stops and targets as levels of positions: which positions an order covers, and what became of it there. Pure.

A level is the broker's own: it closes the whole position, however large it is by then and whether we are there or not.
It needs no margin and cannot open anything. Stop and target of one position cancel each other by themselves.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from trading.errors import VenueRefused
from trading.executors.mt5.marks import Whose
from trading.executors.mt5.plan import against, is_long
from trading.executors.mt5.rules import is_stop
from trading.executors.mt5.tracks import Track
from trading.instruments import ZERO, Side, plain
from trading.mt5.constants import Constants as mt5
from trading.mt5.terminal import exact
from trading.order import POSITION_CLOSED, Order
from trading.reports import Amended, Canceled, Report

SETTLED = timedelta(seconds=15)  # since our last change; the terminal may show an older state until then
REASONS = {True: mt5.DEAL_REASON_SL, False: mt5.DEAL_REASON_TP}
TRADES = frozenset({mt5.DEAL_TYPE_BUY, mt5.DEAL_TYPE_SELL})


def value_of(position: Any, stop: bool) -> Decimal:
    """The stop or the target of a position, 0 for none."""
    return exact(position.sl if stop else position.tp)


def choose(order: Order, positions: Sequence[Any], tracks: Iterable[Track], whose: Whose) -> list[Any]:
    """The positions that a stop or target covers: those that its entry opened, or the oldest that have none yet.

    Raises:
        VenueRefused: none is open, or each has one already.
    """
    there = against(order, positions)
    if not there:
        text = f"Nothing of {order.symbol} is open that a {order.leg} could close."
        raise VenueRefused(text, "See /positions.", code="REDUCE_ONLY")
    levels = [track.level for track in tracks if track.level and track.order_id != order.id]
    taken = {each for level in levels if level.is_stop is is_stop(order) for each in level.identifiers}
    free = [each for each in there if each.identifier not in taken]
    of_entry = [each for each in there if order.parent_id and whose(each) == order.parent_id]
    mine = [each for each in of_entry if each in free] if of_entry else free
    chosen: list[Any] = []
    for position in mine:
        if sum((exact(each.volume) for each in chosen), ZERO) < order.quantity:
            chosen.append(position)
    if not chosen:
        kind = "stop" if is_stop(order) else "target"
        at = value_of(there[0], is_stop(order))
        text = f"The position has a {kind} already{f', at {plain(at)}' if at else ''}: there is one for each."
        remedy = f"Move it: /{'sl' if kind == 'stop' else 'tp'} {order.symbol} PRICE."
        raise VenueRefused(text, remedy, code="ONE_STOP")
    return chosen


def hear(
    track: Track, positions: Sequence[Any], closed: dict[int, Sequence[Any]], now: datetime
) -> tuple[list[Report], bool]:
    """What is new of a level, and whether it is over. `closed`: the deals of its positions that are not open."""
    level = track.level
    assert level is not None
    mine = [each for each in positions if each.identifier in level.identifiers]
    still = [each for each in mine if is_long(each) is (track.side is Side.SELL)]
    if not still:
        return _over(track, mine, closed)
    volumes = {each.identifier: exact(each.volume) for each in still}
    grew = any(volume > level.volumes.get(each, volume) for each, volume in volumes.items())
    level.volumes = volumes
    values = {value_of(each, level.is_stop) for each in still}
    if not level.price and ZERO not in values:  # it trails since before a restart: it goes on from where it is
        level.price = max(values)
    level.is_lost = ZERO in values and (grew or level.is_lost)
    if values == {level.price} or level.is_lost or now - level.changed_at < SETTLED:
        return [], False
    if values == {ZERO}:
        return [Canceled(track.order_id, "it was taken away at the terminal", track.filled)], True
    if len(values) == 1 and track.trail is None:  # somebody moved it
        level.price = values.pop()
        stop, limit = (level.price, None) if level.is_stop else (None, level.price)
        return [Amended(track.order_id, track.quantity or ZERO, limit, stop)], False
    return [], False


def _over(track: Track, turned: Sequence[Any], closed: dict[int, Sequence[Any]]) -> tuple[list[Report], bool]:
    """The end of a level whose positions are closed, once all that was traded in them is known."""
    level = track.level
    assert level is not None
    for identifier in level.identifiers:
        now = sum((signed(each) for each in turned if each.identifier == identifier), ZERO)
        deals = [each for each in closed.get(identifier, ()) if each.type in TRADES]
        if not deals or sum((traded(each) for each in deals), ZERO) != now:
            return [], False
    done = done_by(level.is_stop, (each for identifier in level.identifiers for each in closed[identifier]))
    if track.quantity is not None and done >= track.quantity:
        return [], True
    return [Canceled(track.order_id, POSITION_CLOSED, done)], True


def done_by(stop: bool, deals: Iterable[Any]) -> Decimal:
    """How many lots stops (or else targets) have closed."""
    return sum((exact(each.volume) for each in deals if each.reason == REASONS[stop]), ZERO)


def signed(position: Any) -> Decimal:
    """Lots, negative when short."""
    return exact(position.volume) * (1 if is_long(position) else -1)


def traded(deal: Any) -> Decimal:
    """What a deal adds to its position, in lots. A close by another position is told with the side it closes."""
    return exact(deal.volume) * (1 if deal.type == mt5.DEAL_TYPE_BUY else -1)
