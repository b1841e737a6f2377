"""What the paper venue keeps of one account: its orders, holdings, trades and counters, and their way in and out."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Context, Decimal
from typing import NamedTuple

import msgspec

from trading.executors.paper.order import BookOrder
from trading.instruments import PLACES, ZERO, Instrument, Money, Settlement, Side, Symbol
from trading.quotes import Level, Quote
from trading.reports import CloseOut, Filled, Report

EXACT = Context(prec=60)
"""Wide enough that cutting to PLACES cannot fail."""


class Outcome(NamedTuple):
    """What one call changed (key -> JSON, None deletes) and what is to be told once that is saved."""

    reports: Sequence[Report]
    changes: Mapping[str, str | None]


NOTHING = Outcome((), {})


class Holding(msgspec.Struct, frozen=True):
    """A linear position: signed quantity, and what was paid for it (signed, in quote currency)."""

    quantity: Decimal = ZERO
    cost: Decimal = ZERO


class Taken(msgspec.Struct):
    """How much of each level of one quote we have had: it is not there a second time."""

    quote: Quote
    levels: dict[Decimal, Decimal]


class Counters(msgspec.Struct):
    """The last numbers given out; never used again."""

    order: int = 0
    trade: int = 0


class Ledger:
    """The books of one account, as `state` left them or, without one, founded with `funds`.

    Whatever is changed or told since the last `outcome` is in the next. `instruments` is what is offered, `quotes`
    the market as seen so far, `at` the time of the call being worked on; these are not saved.
    """

    def __init__(
        self, instruments: Mapping[Symbol, Instrument], funds: Sequence[Money], state: Mapping[str, str] | None
    ) -> None:
        self.instruments = instruments
        self.quotes: dict[Symbol, Quote] = {}
        self.at: datetime
        self.balances: dict[str, Decimal] = {}
        self.positions: dict[Symbol, Holding] = {}
        self.trades: list[Filled] = []
        self._orders: dict[str, BookOrder] = {}  # by the venue's id
        self._latest: dict[str, BookOrder] = {}  # by ours
        self._open: dict[Symbol, dict[str, BookOrder]] = {}  # by the venue's
        self._taken: dict[Symbol, Taken] = {}
        self._count = Counters()
        self._changed: dict[str, object] = {}
        self._reports: list[Report] = []
        if state:
            self._restore(state)
        else:
            for money in funds:
                self.add(money.amount, money.currency)
        self._changed.clear()

    # --- state in and out ----------------------------------------------------------------------

    def tell(self, report: Report) -> None:
        self._reports.append(report)

    def outcome(self) -> Outcome:
        """Hand over what was changed and told."""
        if not self._changed and not self._reports:
            return NOTHING
        if self._changed:
            self._changed["counters"] = self._count
        outcome = Outcome(tuple(self._reports), _json(self._changed))
        self._changed.clear()
        self._reports.clear()
        return outcome

    def snapshot(self) -> dict[str, str]:
        """The whole state as the keys that all changes so far add up to."""
        kept: dict[str, object] = {"counters": self._count}
        kept |= {f"balance/{currency}": amount for currency, amount in self.balances.items()}
        kept |= {f"position/{symbol}": holding for symbol, holding in self.positions.items()}
        kept |= {f"order/{venue_order_id}": order for venue_order_id, order in self._orders.items()}
        kept |= {f"trade/{trade.trade_id}": trade for trade in self.trades}
        kept |= {f"taken/{symbol}": taken for symbol, taken in self._taken.items()}
        return _json(kept)

    def _restore(self, state: Mapping[str, str]) -> None:
        self._count = msgspec.json.decode(state["counters"], type=Counters)
        orders: list[BookOrder] = []
        for key, text in state.items():
            kind, _, name = key.partition("/")
            if kind == "balance":
                self.balances[name] = msgspec.json.decode(text, type=Decimal)
            elif kind == "position":
                self.positions[Symbol(name)] = msgspec.json.decode(text, type=Holding)
            elif kind == "taken":
                self._taken[Symbol(name)] = msgspec.json.decode(text, type=Taken)
            elif kind == "order":
                orders.append(msgspec.json.decode(text, type=BookOrder))
            elif kind == "trade":
                self.trades.append(msgspec.json.decode(text, type=Filled))
        self.trades.sort(key=lambda trade: int(trade.trade_id[1:]))
        for order in sorted(orders, key=lambda order: order.number):
            self.write(order)

    # --- orders --------------------------------------------------------------------------------

    def next_order_id(self) -> str:
        self._count.order += 1
        return f"O{self._count.order}"

    def write(self, order: BookOrder) -> None:
        """Write an order down as it now is."""
        self._orders[order.venue_order_id] = self._latest[order.order_id] = order
        self._changed[f"order/{order.venue_order_id}"] = order
        there = self._open.setdefault(order.symbol, {})
        if order.is_open:
            there[order.venue_order_id] = order
        else:
            there.pop(order.venue_order_id, None)

    def latest(self, order_id: str) -> BookOrder | None:
        """The latest order placed with our id, open or ended."""
        return self._latest.get(order_id)

    def open_on(self, symbol: Symbol) -> Mapping[str, BookOrder]:
        """Open orders of one instrument by their venue order id."""
        return self._open.get(symbol, {})

    def open_orders(self) -> list[BookOrder]:
        """All of them, the oldest first."""
        everywhere = (order for there in self._open.values() for order in there.values())
        return sorted(everywhere, key=lambda order: order.number)

    # --- holdings ------------------------------------------------------------------------------

    def add(self, amount: Decimal, currency: str) -> None:
        self.balances[currency] = self._changed[f"balance/{currency}"] = self.balance(currency) + amount

    def balance(self, currency: str) -> Decimal:
        return self.balances.get(currency, ZERO)

    def held(self, symbol: Symbol) -> Holding:
        return self.positions.get(symbol, Holding())

    def settle(self, instrument: Instrument, side: Side, quantity: Decimal, price: Decimal) -> None:
        """Move what one trade moves, fees apart: both currencies on spot, only the realised profit on linear."""
        signed = side.sign * quantity
        paid = instrument.notional(signed, price)
        if instrument.settlement is Settlement.SPOT:
            self.add(signed, instrument.base)
            self.add(-paid, instrument.quote)
            return
        was = self.held(instrument.symbol)
        now = was.quantity + signed
        if was.quantity * signed >= 0:
            cost = was.cost + paid
        elif was.quantity * now > 0:  # reduced: the average cost stays (average cost method, as QuantConnect LEAN)
            cost = (was.cost * now / was.quantity).quantize(PLACES, context=EXACT)
        else:  # closed or turned round: what is beyond zero is new at this price
            cost = instrument.notional(now, price)
        self.add(cost - was.cost - paid, instrument.quote)
        self.positions[instrument.symbol] = self._changed[f"position/{instrument.symbol}"] = Holding(now, cost)

    def trade(
        self,
        order_id: str,
        quantity: Decimal,
        price: Decimal,
        fee: Money,
        *,
        maker: bool = False,
        closed_out: CloseOut | None = None,
    ) -> None:
        """Number one trade of an order, or of the venue itself, write it down and tell it."""
        self._count.trade += 1
        trade = Filled(order_id, f"T{self._count.trade}", quantity, price, fee, self.at, maker, closed_out=closed_out)
        self.trades.append(trade)
        self._changed[f"trade/{trade.trade_id}"] = trade
        self.tell(trade)

    # --- the market, less what we have had of it -------------------------------------------------

    def levels(self, order: BookOrder) -> Sequence[Level]:
        """What the market shows on the side that `order` would trade against, best first."""
        quote = self.quotes.get(order.symbol)
        return quote.taker(order.side) if quote is not None else ()

    def available(self, order: BookOrder) -> Iterator[tuple[Decimal, Decimal]]:
        """(price, quantity) of the levels within the order's limit, best first, less what we have had of them."""
        taken = self._taken.get(order.symbol)
        had = taken.levels if taken is not None and taken.quote == self.quotes[order.symbol] else {}
        for level in self.levels(order):
            if not order.accepts(level.price):
                return
            left = level.quantity - had.get(level.price, ZERO)
            if left > 0:
                yield level.price, left

    def take(self, symbol: Symbol, price: Decimal, quantity: Decimal) -> None:
        """We have had this much of a level of the present quote."""
        taken = self._taken.get(symbol)
        if taken is None or taken.quote != self.quotes[symbol]:
            taken = self._taken[symbol] = Taken(self.quotes[symbol], {})
        taken.levels[price] = taken.levels.get(price, ZERO) + quantity
        self._changed[f"taken/{symbol}"] = taken


def _json(values: Mapping[str, object]) -> dict[str, str]:
    return {key: msgspec.json.encode(value).decode() for key, value in values.items()}
