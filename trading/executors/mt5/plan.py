"""What a market order does to the positions there are: which it closes, and what it opens. Pure.

On a netting account one deal adds to the one position, takes from it or turns it. On a hedging account the other side
would be a second position beside the first: so an order first closes our own tickets of the other side, the oldest
first (which is FIFO, too), and only the rest opens. Positions that people opened by hand are not touched.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from trading.errors import VenueRefused
from trading.executors.mt5.rules import check_volume
from trading.instruments import ZERO, Side, plain
from trading.mt5.constants import Constants as mt5
from trading.mt5.listing import SymbolRules
from trading.mt5.terminal import exact
from trading.order import Order


class Part(NamedTuple):
    """One deal to be sent. `position`: the ticket it closes, 0 where it opens or nets."""

    volume: Decimal
    position: int = 0
    sl: Decimal = ZERO
    tp: Decimal = ZERO


def is_long(position: Any) -> bool:
    return bool(position.type == mt5.POSITION_TYPE_BUY)


def oldest_first(positions: Sequence[Any]) -> list[Any]:
    return sorted(positions, key=lambda each: (each.time_msc, each.ticket))


def against(order: Order, positions: Sequence[Any]) -> list[Any]:
    """The positions that an order would close, oldest first."""
    return oldest_first([each for each in positions if is_long(each) is not (order.side is Side.BUY)])


def hedging(order: Order, rules: SymbolRules, ours: Sequence[Any], sl: Decimal, tp: Decimal) -> list[Part]:
    """The deals of a market order beside our tickets of its symbol.

    Raises:
        VenueRefused: nothing is left to reduce, or too little would be opened.
    """
    rest, parts = order.quantity, list[Part]()
    for position in against(order, ours):
        if rest <= 0:
            break
        volume = min(rest, exact(position.volume))
        parts.append(Part(volume, position.ticket))
        rest -= volume
    if rest > 0 and not order.reduce_only:
        _check_rest(rest, order, rules)
        parts.append(Part(rest, 0, sl, tp))
    if not parts:
        raise _nothing(order)
    return parts


def netting(order: Order, rules: SymbolRules, held: Any | None, sl: Decimal, tp: Decimal) -> list[Part]:
    """The deal of a market order beside the position of its symbol.

    A deal that adds replaces the position's stop and target by its own, or by none: so it brings along those there are.

    Raises:
        VenueRefused: nothing is left to reduce, or it brings a second stop or target.
    """
    if order.reduce_only:
        if held is None or is_long(held) is (order.side is Side.BUY):
            raise _nothing(order)
        return [Part(min(order.quantity, exact(held.volume)))]
    if held is not None and is_long(held) is (order.side is Side.BUY):
        for wished, there, name in ((sl, exact(held.sl), "stop"), (tp, exact(held.tp), "target")):
            if wished and there and wished != there:
                raise VenueRefused(
                    f"{order.symbol} has a {name} at {plain(there)} already, and a netting account has one for all.",
                    f"Leave it out: the one at {plain(there)} covers what is added. Or move it: /{name[0]}"
                    f"{'l' if name == 'stop' else 'p'} {order.symbol} {plain(wished)}.",
                    code="ONE_STOP",
                )
        sl, tp = sl or exact(held.sl), tp or exact(held.tp)
    return [Part(order.quantity, 0, sl, tp)]


def _check_rest(rest: Decimal, order: Order, rules: SymbolRules) -> None:
    if rest == order.quantity:
        return
    try:
        check_volume(rest, rules)
    except VenueRefused as why:
        raise VenueRefused(
            f"It would close what is open and then open {plain(rest)}: {why.text}",
            f"Ask for {plain(order.quantity - rest)} to close. {why.remedy}",
            code=why.code,
        ) from None


def _nothing(order: Order) -> VenueRefused:
    text = f"Nothing of {order.symbol} is open that a {order.side} could close."
    return VenueRefused(text, "It may have been closed at the terminal: see /reconcile.", code="REDUCE_ONLY")
