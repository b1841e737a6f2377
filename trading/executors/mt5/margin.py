"""What an order takes of the account's money, and what is free: by the terminal's own figures. Pure.

What is open against an order is closed by it, or lies beside it and takes nothing more (MetaTrader 5 help, "Margin
calculation": of two opposite positions the larger counts); only the rest needs margin. What waits at the broker takes
none before it is done, but counts here as on any venue: else it would be turned down when its price comes.
"""

from collections.abc import Callable, Iterable, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from trading.executors.mt5.plan import against
from trading.executors.mt5.requests import BUYS
from trading.instruments import ZERO, Side, plain
from trading.intent import OrderType
from trading.mt5.link import Link
from trading.mt5.listing import SymbolRules
from trading.mt5.terminal import exact
from trading.order import Order
from trading.ports import Funds


def margin_of(
    order: Order,
    link: Link,
    positions: Sequence[Any],
    is_ours: Callable[[Any], bool],
    waiting: Iterable[Order],
) -> Funds | None:
    """What an order would take. `positions` are the account's, `waiting` its open orders.

    None for what only closes, and where the terminal has told no figures. So it is, too, where a position of the other
    side is left that is not ours to close: what that lessens is the broker's to say.
    """
    rules = link.rules.get(order.symbol)
    lot = _lot(link, rules, order.side)
    if rules is None or order.reduce_only or not lot or link.account is None:
        return None
    opposite = against(order, [each for each in positions if each.symbol == rules.name])
    if not all(map(is_ours, opposite)):
        return None
    closed = min(_lots(opposite), order.remaining)
    if closed == order.remaining:
        return None
    freed = closed * _lot(link, rules, order.side.opposite) if order.type is OrderType.MARKET else ZERO
    others = sum((_opened(each, link, positions) for each in waiting if each.id != order.id), ZERO)
    return _margin(link, rules, lot, order.remaining - closed, freed - others, closed)


def margin_of_request(request: Any, link: Link) -> Funds | None:
    """The same of a request that the broker has no money for; None where the figures do not say so."""
    rules = link.by_name.get(request.symbol)
    lot = _lot(link, rules, Side.BUY if request.type in BUYS else Side.SELL)
    if rules is None or not lot or link.account is None:
        return None
    margin = _margin(link, rules, lot, exact(request.volume))
    return margin if margin.needs > margin.free else None


def short(margin: Funds) -> tuple[str, str]:
    """What an order that is too large needs, and what to do."""
    text = f"It needs {plain(margin.needs)} {margin.currency} of margin, and {plain(margin.free)} are free."
    if margin.fits:
        return text, f"The most that fits is {plain(margin.fits)} lots."
    return text, "Not even the smallest lot fits: close something first."


def _margin(
    link: Link, rules: SymbolRules, lot: Decimal, volume: Decimal, more: Decimal = ZERO, closed: Decimal = ZERO
) -> Funds:
    """What so many lots take, in the account's currency. `more` is free beside what the terminal says.

    `fits`: the most lots that an order may have, with those `closed` by it that take nothing; 0 if none fit.
    """
    free = exact(link.account.margin_free) + more
    room = rules.instrument.round_quantity(max(free, ZERO) / lot)
    fits = room if room >= rules.instrument.min_quantity else ZERO
    cent = Decimal(1).scaleb(-link.account.currency_digits)
    needs = (volume * lot).quantize(cent, ROUND_CEILING)
    return Funds(needs, free.quantize(cent, ROUND_FLOOR), link.account.currency, closed + fits)


def _opened(order: Order, link: Link, positions: Sequence[Any]) -> Decimal:
    """What another order will take when its price comes."""
    rules = link.rules.get(order.symbol)
    if rules is None or order.reduce_only or order.type is OrderType.MARKET:
        return ZERO
    opposite = _lots(against(order, [each for each in positions if each.symbol == rules.name]))
    return max(order.remaining - opposite, ZERO) * _lot(link, rules, order.side)


def _lot(link: Link, rules: SymbolRules | None, side: Side) -> Decimal:
    """What one lot takes; 0 if the terminal has not told."""
    return link.figures.margins.get((rules.name, side), ZERO) if rules else ZERO


def _lots(positions: Sequence[Any]) -> Decimal:
    return sum((exact(each.volume) for each in positions), ZERO)
