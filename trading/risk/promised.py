"""What open orders have promised already, by symbol and side.

Alternatives count once: of an OCO pair, or of the stop and the target of one bracket, only one can be
done, so the larger is what is promised. Several stops of one bracket (each for a part) add up.
"""

from decimal import Decimal

import msgspec

from trading.instruments import ZERO, Side, Symbol
from trading.intent import Leg, OrderType
from trading.order import Order
from trading.quotes import Quote


class Amount(msgspec.Struct, gc=False):
    """Units of an instrument and their value in its quote currency."""

    quantity: Decimal
    value: Decimal


NOTHING = Amount(ZERO, ZERO)
BUY, SELL, ENTRY = Side.BUY, Side.SELL, Leg.ENTRY  # Python 3.11 runs code at every look-up of an enum's member


def reference_price(order: Order, quote: Quote | None) -> Decimal | None:
    """The price to value an order at: its limit, else its stop, else the best opposite price.

    A SELL is never valued below what it would get: a limit under the market is done at the market,
    and a stop-limit about at its stop. None when only a quote could tell and there is none.
    """
    limit, stop = order.limit_price, order.stop_price
    levels = quote.taker(order.side) if quote is not None else ()
    if limit is None:
        return stop if stop is not None else (levels[0].price if levels else None)
    if order.side is BUY:
        return limit
    if order.type is OrderType.STOP_LIMIT and stop is not None:
        return max(limit, stop)
    return max(limit, levels[0].price) if levels else limit


def bound_to(order: Order) -> str:
    """The bracket or OCO pair whose orders are alternatives to this one; empty for a single order."""
    return order.parent_id if order.parent_id and order.leg is not ENTRY else order.group


class Promised:
    """Running totals by symbol and side."""

    def __init__(self) -> None:
        self.totals: dict[tuple[Symbol, Side], Amount] = {}
        self._alternatives: dict[tuple[Symbol, Side, str], dict[str, Amount]] = {}

    def of(self, symbol: Symbol, side: Side) -> Amount:
        """All that is promised on one side of one symbol."""
        return self.totals.get((symbol, side), NOTHING)

    def add(self, order: Order, quantity: Decimal, unit_value: Decimal) -> None:
        """Count `quantity` of an order, at a value a unit in quote currency."""
        key, value = (order.symbol, order.side), quantity * unit_value
        if bond := bound_to(order):
            added = self.added_by(order, quantity, unit_value)
            kinds, kind = self._alternatives.setdefault((*key, bond), {}), _kind(order)
            kinds[kind] = plus(kinds.get(kind, NOTHING), Amount(quantity, value))
            quantity, value = added.quantity, added.value
        total = self.totals.get(key)
        if total is None:
            self.totals[key] = Amount(quantity, value)
        else:
            total.quantity += quantity
            total.value += value

    def added_by(self, order: Order, quantity: Decimal, unit_value: Decimal) -> Amount:
        """What an order would add to the totals: all of it, or what it goes beyond its alternatives."""
        own = Amount(quantity, quantity * unit_value)
        bond = bound_to(order)
        kinds = self._alternatives.get((order.symbol, order.side, bond)) if bond else None
        if not kinds:
            return own
        largest = Amount(max(a.quantity for a in kinds.values()), max(a.value for a in kinds.values()))
        own = plus(kinds.get(_kind(order), NOTHING), own)
        return Amount(max(own.quantity - largest.quantity, ZERO), max(own.value - largest.value, ZERO))


def plus(one: Amount, other: Amount) -> Amount:
    return Amount(one.quantity + other.quantity, one.value + other.value)


def _kind(order: Order) -> str:
    return order.id if order.leg is ENTRY else order.leg
