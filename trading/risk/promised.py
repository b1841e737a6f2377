"""What open orders have promised already, by symbol and side.

Alternatives count once: of an OCO pair, or of the stop and the target of one bracket, only one can be
done, so the larger is what is promised. Several stops of one bracket (each for a part) add up.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal

import msgspec

from trading.book import Book
from trading.instruments import ZERO, Settlement, Side, Symbol
from trading.intent import AccountId, Leg, OrderType
from trading.order import Order
from trading.ports import Capabilities
from trading.quotes import Quote
from trading.valuation import Valuation

# Python 3.11 runs code at every look-up of an enum's member.
BUY, SELL, ENTRY, SPOT = Side.BUY, Side.SELL, Leg.ENTRY, Settlement.SPOT


class Amount(msgspec.Struct, gc=False):
    """Units of an instrument, and the sum of quantity * price: their value before the contract size."""

    quantity: Decimal
    value: Decimal


NOTHING = Amount(ZERO, ZERO)


class Promised:
    """Running totals by symbol and side."""

    def __init__(self) -> None:
        self.totals: dict[tuple[Symbol, Side], Amount] = {}
        self._alternatives: dict[tuple[Symbol, Side, str], dict[str, Amount]] = {}

    def of(self, symbol: Symbol, side: Side) -> Amount:
        """All that is promised on one side of one symbol."""
        return self.totals.get((symbol, side), NOTHING)

    def add(self, order: Order, quantity: Decimal, price: Decimal) -> None:
        """Count `quantity` of an order at a price."""
        key, value = (order.symbol, order.side), quantity * price
        if (order.group or order.parent_id) and (bond := bound_to(order)):
            added = self.added_by(order, quantity, price)
            kinds, kind = self._alternatives.setdefault((*key, bond), {}), _kind(order)
            kinds[kind] = plus(kinds.get(kind, NOTHING), Amount(quantity, value))
            quantity, value = added.quantity, added.value
        total = self.totals.get(key)
        if total is None:
            self.totals[key] = Amount(quantity, value)
        else:
            total.quantity += quantity
            total.value += value

    def added_by(self, order: Order, quantity: Decimal, price: Decimal) -> Amount:
        """What an order would add to the totals: all of it, or what it goes beyond its alternatives."""
        own = Amount(quantity, quantity * price)
        bond = bound_to(order)
        kinds = self._alternatives.get((order.symbol, order.side, bond)) if bond else None
        if not kinds:
            return own
        largest = Amount(max(a.quantity for a in kinds.values()), max(a.value for a in kinds.values()))
        own = plus(kinds.get(_kind(order), NOTHING), own)
        return Amount(max(own.quantity - largest.quantity, ZERO), max(own.value - largest.value, ZERO))


def plus(one: Amount, other: Amount) -> Amount:
    return Amount(one.quantity + other.quantity, one.value + other.value)


def bound_to(order: Order) -> str:
    """The bracket or OCO pair whose orders are alternatives to this one; empty for a single order."""
    return order.parent_id if order.parent_id and order.leg is not ENTRY else order.group


def _kind(order: Order) -> str:
    return order.id if order.leg is ENTRY else order.leg


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


class Commitments(msgspec.Struct, frozen=True):
    """Of the open orders of one account: what they promise, how many there are, which are in doubt.

    `entries` counts by symbol and leaves out the stops and targets of positions.
    """

    promised: Promised
    orders: tuple[Order, ...]
    entries: Mapping[Symbol, int]
    doubts: tuple[Order, ...]


class OpenOrders:
    """The commitments of each account, worked out again when its open orders change."""

    def __init__(self, book: Book, valuation: Valuation, capabilities: Callable[[AccountId], Capabilities]) -> None:
        self._book = book
        self._valuation = valuation
        self._capabilities = capabilities
        self._known: dict[AccountId, tuple[tuple[Order, ...], Commitments]] = {}

    def of(self, account: AccountId, without: str = "") -> Commitments:
        """All but of the order `without`, the one to be judged."""
        name, mode = account
        every = [order for order in self._book.open_orders() if order.account == name and order.mode is mode]
        orders = tuple([order for order in every if order.id != without])
        known = self._known.get(account)
        if known is not None and known[0] == orders and len(orders) == len(every):
            return known[1]
        commitments, lasting = self._commit(account, orders)
        if lasting and len(orders) == len(every):
            self._known[account] = (orders, commitments)
        return commitments

    def _commit(self, account: AccountId, orders: tuple[Order, ...]) -> tuple[Commitments, bool]:
        """The commitments, and whether they last: no price of theirs moves with the market."""
        promised, entries, doubts, lasting = Promised(), dict[Symbol, int](), list[Order](), True
        capable = self._capabilities(account) if orders else None
        for order in orders:
            if capable is None or not capable.is_level(order):  # a level stands in the way of nothing
                price = reference_price(order, None)
                if price is None:
                    price, lasting = reference_price(order, self._valuation.quote(account, order.symbol)), False
                promised.add(order, self._to_do(order), price or ZERO)
            if order.leg is ENTRY:
                entries[order.symbol] = entries.get(order.symbol, 0) + 1
            if order.in_doubt:
                doubts.append(order)
        return Commitments(promised, orders, entries, tuple(doubts)), lasting

    def _to_do(self, order: Order) -> Decimal:
        """What of an open order may still be done."""
        quantity = order.quantity - order.filled_quantity
        if order.parent_id and (parent := self._book.order(order.parent_id)) and parent.is_open:
            # A leg whose entry still works at the venue can only close what the entry has opened.
            return min(quantity, parent.filled_quantity)
        return quantity
