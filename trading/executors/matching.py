"""The paper venue's matching engine: the orders and the funds of ONE account against the quotes it is shown.

Pure and synchronous: no clock, no I/O, no chance. Every call answers an `Outcome`: the state keys to save and the
reports to tell once they are saved. `PaperVenue(..., state=saved)` is the same venue again.

Where Binance Spot has a rule, it is followed (rest-api.md "New order", filters.md, faqs on order lists):
- A stop that would trigger at once is rejected, and so is a post-only order that would take.
- A client order id is refused only while an order with it is open.
- A bracket's legs wait until the entry is completely filled; if it ends in any other way they are canceled.
- Of an OCO pair the other leg goes as soon as one triggers or fills; canceling one of a list cancels the list.

What a paper venue cannot know it does not invent: there is no queue ahead of a resting order, no market impact
beyond the depth shown, no funding and no liquidation of linear positions.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import ROUND_CEILING, Context, Decimal
from enum import StrEnum
from typing import NamedTuple, NoReturn

import msgspec

from trading.errors import VenueRefused
from trading.instruments import PLACES, ZERO, Instrument, Money, Settlement, Side, Symbol, plain
from trading.intent import OrderType, TimeInForce, Trail
from trading.order import Order
from trading.ports import (
    Accepted,
    Amended,
    Approved,
    Canceled,
    CancelRefused,
    Expired,
    Filled,
    Rejected,
    Report,
    Triggered,
    VenueOrder,
)
from trading.quotes import Level, Quote

_EXACT = Context(prec=60)  # wide enough that cutting a fee to PLACES cannot fail
_LIMITED = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT})
_STOPPED = frozenset({OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT})
_TARGETS = frozenset({OrderType.LIMIT, OrderType.TAKE_PROFIT})


class Outcome(NamedTuple):
    """What one call changed (key -> JSON, None deletes) and what is to be told once that is saved."""

    reports: Sequence[Report]
    changes: Mapping[str, str | None]


NOTHING = Outcome((), {})


class Fees(msgspec.Struct, frozen=True):
    """Rates as fractions of what is traded (0.001 is 0.1 %)."""

    maker: Decimal = Decimal("0.001")
    taker: Decimal = Decimal("0.001")

    @property
    def worst(self) -> Decimal:
        return max(self.maker, self.taker, ZERO)


class State(StrEnum):
    PENDING = "pending"  # a bracket's leg whose entry is not filled: on the books, reserves nothing
    WAITING = "waiting"  # a stop that has not seen its price
    WORKING = "working"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"


_OPEN = frozenset({State.PENDING, State.WAITING, State.WORKING})


class BookOrder(msgspec.Struct, omit_defaults=True):
    """One order on the venue's books.

    `mark` is the best price a trailing stop has seen. `budget` is what is left of the quote currency that a spot
    BUY reserved: one that fills dearer than it reckoned lives on free funds, never on what others have reserved.
    """

    order_id: str
    venue_order_id: str
    symbol: Symbol
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    quantity: Decimal
    state: State = State.WORKING
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail: Trail | None = None
    mark: Decimal | None = None
    budget: Decimal = ZERO
    reduce_only: bool = False
    post_only: bool = False
    filled: Decimal = ZERO
    list_id: str = ""
    parent: str = ""  # venue order id of the bracket's entry
    reason: str = ""

    @property
    def is_open(self) -> bool:
        return self.state in _OPEN

    @property
    def remaining(self) -> Decimal:
        return self.quantity - self.filled

    @property
    def lot(self) -> str:
        """What reserves funds once: its list, or itself."""
        return self.list_id or self.venue_order_id

    def accepts(self, price: Decimal) -> bool:
        """Whether its limit, if any, allows trading at `price`."""
        return self.limit_price is None or self.side.sign * (self.limit_price - price) >= 0

    def triggered_by(self, price: Decimal) -> bool:
        """A BUY stop by an ask at or above it, a SELL stop by a bid at or below; take-profits the other way."""
        if self.stop_price is None:
            return False
        beyond = self.side.sign * (price - self.stop_price)
        return beyond <= 0 if self.type is OrderType.TAKE_PROFIT else beyond >= 0

    def follow(self, price: Decimal) -> bool:
        """Move a trailing stop after a better price; whether it moved."""
        if self.trail is None or (self.mark is not None and self.side.sign * (self.mark - price) <= 0):
            return False
        self.mark = price
        self.stop_price = price + self.side.sign * self.trail.distance(price)
        return True

    def shown(self) -> VenueOrder:
        return VenueOrder(
            venue_order_id=self.venue_order_id,
            order_id=self.order_id,
            symbol=self.symbol,
            status="open" if self.is_open else self.state.value,
            quantity=self.quantity,
            filled_quantity=self.filled,
            limit_price=self.limit_price,
            stop_price=self.stop_price,
            reason=self.reason,
        )


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
    """Balances and linear positions: what they are, and how a trade moves them."""

    def __init__(self, changed: dict[str, object]) -> None:
        self.balances: dict[str, Decimal] = {}
        self.positions: dict[Symbol, Holding] = {}
        self._changed = changed

    def add(self, amount: Decimal, currency: str) -> None:
        self.balances[currency] = self._changed[f"balance/{currency}"] = self.balances.get(currency, ZERO) + amount

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
            cost = (was.cost * now / was.quantity).quantize(PLACES, context=_EXACT)
        else:  # closed or turned round: what is beyond zero is new at this price
            cost = instrument.notional(now, price)
        self.add(cost - was.cost - paid, instrument.quote)
        self.positions[instrument.symbol] = self._changed[f"position/{instrument.symbol}"] = Holding(now, cost)

    def unrealized(self, instrument: Instrument, mark: Decimal) -> Decimal:
        """Profit of a linear position if it were closed at `mark`, in quote currency."""
        holding = self.held(instrument.symbol)
        return instrument.notional(holding.quantity, mark) - holding.cost


class PaperVenue:
    """One account. `quotes` is the market as this venue has seen it; it is not part of the saved state.

    `fee_currency` is `quote`, `received` (what a spot trade brings in, as on Binance) or a currency such as `BNB`,
    used while the account holds enough of it and `received` otherwise. `leverage` bounds linear positions and
    orders to that many times the account's equity in their quote currency.
    """

    def __init__(
        self,
        instruments: Mapping[Symbol, Instrument],
        funds: Sequence[Money] = (),
        fees: Fees | None = None,
        *,
        fee_currency: str = "quote",
        leverage: Decimal = Decimal(1),
        state: Mapping[str, str] | None = None,
    ) -> None:
        self.quotes: dict[Symbol, Quote] = {}
        self.trades: list[Filled] = []
        self._instruments = instruments
        self._fees = fees or Fees()
        self._fee_currency = fee_currency
        self._leverage = leverage
        self._changed: dict[str, object] = {}
        self._reports: list[Report] = []
        self._at: datetime  # of the call being worked on
        self._ledger = Ledger(self._changed)
        self._orders: dict[str, BookOrder] = {}
        self._by_id: dict[str, BookOrder] = {}
        self._open: dict[Symbol, dict[str, BookOrder]] = {}
        self._taken: dict[Symbol, Taken] = {}
        self._count = Counters()
        if state:
            self._restore(state)
        else:
            for money in funds:
                self._ledger.add(money.amount, money.currency)
        self._changed.clear()

    # --- questions ---------------------------------------------------------------------------

    def watches(self, symbol: Symbol) -> bool:
        """Whether a quote of `symbol` could change anything."""
        return bool(self._open.get(symbol))

    def find(self, order_id: str) -> VenueOrder | None:
        """The latest order placed with our id, open or ended."""
        order = self._by_id.get(order_id)
        return order.shown() if order else None

    def open_orders(self) -> list[VenueOrder]:
        return [order.shown() for order in self._all_open()]

    def balances(self) -> list[Money]:
        """Totals, including what open orders reserve."""
        return [Money(amount, currency) for currency, amount in self._ledger.balances.items()]

    def positions(self) -> dict[Symbol, Decimal]:
        return {symbol: held.quantity for symbol, held in self._ledger.positions.items() if held.quantity}

    def free(self, currency: str, without: BookOrder | None = None) -> Decimal:
        """Balance less what open orders (apart from the lot of `without`) and linear positions tie up."""
        tied = max(self._exposure(currency) / self._leverage - self._unrealized(currency), ZERO)
        return self._ledger.balances.get(currency, ZERO) - self._reserved(currency, without) - tied

    def snapshot(self) -> dict[str, str]:
        """The whole state as the keys that all changes so far add up to."""
        kept: dict[str, object] = {"counters": self._count}
        kept |= {f"balance/{currency}": amount for currency, amount in self._ledger.balances.items()}
        kept |= {f"position/{symbol}": held for symbol, held in self._ledger.positions.items()}
        kept |= {f"order/{order.venue_order_id}": order for order in self._orders.values()}
        kept |= {f"trade/{trade.trade_id}": trade for trade in self.trades}
        kept |= {f"taken/{symbol}": taken for symbol, taken in self._taken.items()}
        return {key: msgspec.json.encode(value).decode() for key, value in kept.items()}

    # --- calls -------------------------------------------------------------------------------

    def place(self, approved: Approved, at: datetime) -> Outcome:
        """Take an order, with its legs, to the books and against the present quote.

        Raises:
            VenueRefused: DUPLICATE_ORDER. It is not a report, which would speak of the order that is open.
        """
        asked = (approved.order, *approved.legs)
        ids = {order.id for order in asked}
        if len(ids) < len(asked) or any(self._is_open(order_id) for order_id in ids):
            _refuse("DUPLICATE_ORDER", "Duplicate order sent.", "An order with this id is open.")
        self._at = at
        pair = bool(approved.order.group) and all(leg.group == approved.order.group for leg in approved.legs)
        orders = self._book(asked, pair=pair)
        try:
            shrunk = self._check_new(orders, pair=pair)
        except VenueRefused as why:
            for order, wanted in zip(orders, asked, strict=True):
                order.quantity = wanted.quantity  # it may have been shrunk before another rule refused
                self._reject(order, why)
            return self._finish()
        for order in orders:
            self._open.setdefault(order.symbol, {})[order.venue_order_id] = order
            self._reports.append(Accepted(order.order_id, order.venue_order_id))
        for order in shrunk:
            self._tell_amended(order)
        for order in orders:
            self._arrive(order)
        return self._finish()

    def cancel(self, order_id: str, at: datetime) -> Outcome:
        """Cancel an order, and with it the list it is of. `CancelRefused` if it is not open."""
        order = self._by_id.get(order_id)
        if order is None or not order.is_open:
            state = f"It is {order.state} already." if order else "The venue never had it."
            return Outcome([CancelRefused(order_id, state)], {})
        self._at = at
        entry = self._orders.get(order.parent)
        self._end(order, State.CANCELED)
        if entry is not None and entry.is_open:
            self._end(entry, State.CANCELED, "LIST")
        return self._finish()

    def amend(
        self,
        order_id: str,
        quantity: Decimal,
        limit_price: Decimal | None,
        stop_price: Decimal | None,
        at: datetime,
    ) -> Outcome:
        """Change an open order; a price left out stays as it is.

        Raises:
            VenueRefused: it is not open, or would not be taken as a new order either; nothing was changed.
        """
        was = self._by_id.get(order_id)
        if was is None or not was.is_open:
            _refuse("NOT_OPEN", "The order is not open.", "Look at /orders.")
        if was.state is State.WORKING and was.limit_price is None:
            _refuse("NOT_AMENDABLE", "It is executing at the market.", "Cancel it instead.")
        order = msgspec.structs.replace(was, quantity=quantity)
        if order.type in _LIMITED and limit_price is not None:
            order.limit_price = limit_price
        if order.state is not State.WORKING and order.type in _STOPPED and stop_price is not None:
            order.stop_price = stop_price
        if order.remaining <= 0:
            _refuse("LOT_SIZE", f"{plain(order.filled)} is filled already.", "Cancel it instead.")
        self._check_filters(order)
        if siblings := self._siblings(was):
            _check_pair([order, *siblings])
        if order.state is not State.PENDING:
            self._check_price(order)
            self._check_funds(order)
        self._at = at
        self._orders[order.venue_order_id] = self._by_id[order_id] = order
        self._open[order.symbol][order.venue_order_id] = order
        self._tell_amended(order)
        if order.state is State.WORKING:
            self._execute(order, self.quotes[order.symbol], arriving=True)
        return self._finish()

    def on_quote(self, quote: Quote) -> Outcome:
        """Hold every open order of the symbol against what the market shows now, best price first, then oldest."""
        self.quotes[quote.symbol] = quote
        if not self._open.get(quote.symbol):
            return NOTHING
        self._at = quote.at
        for order in sorted(self._open[quote.symbol].values(), key=_priority):
            if order.state is State.WAITING:
                self._watch(order, quote)
            elif order.state is State.WORKING:
                self._execute(order, quote, arriving=False)
        return self._finish()

    def delist(self, at: datetime) -> Outcome:
        """Expire the open orders of instruments that are no longer offered."""
        self._at = at
        for order in self._all_open():
            if order.is_open and order.symbol not in self._instruments:
                self._end(order, State.EXPIRED, f"{order.symbol} is not offered any more.")
        return self._finish()

    # --- checks: each raises VenueRefused with the numbers -------------------------------------

    def _check_new(self, orders: Sequence[BookOrder], *, pair: bool) -> list[BookOrder]:
        """All rules for a new order or list; answers the reduce-only orders that were shrunk to fit."""
        for order in orders:
            self._check_filters(order)
        if len(orders) > 1:
            _check_list(orders, pair=pair)
        shrunk = []
        for order in orders:
            if order.state is State.PENDING:
                continue
            best = self._check_price(order)
            if pair and order.type is OrderType.LIMIT and len(orders) > 1 and order.accepts(best):
                _refuse("OCO_BAD_PRICES", f"The target would fill at once: the market is at {plain(best)}.")
            if order.follow(best) and order.stop_price is not None and order.stop_price <= 0:
                _refuse("PRICE_FILTER", f"A trail of {order.trail} reaches below zero.", "Trail closer.")
            if order.reduce_only and self._shrink(order, self._reducible(order), "REDUCE_ONLY"):
                shrunk.append(order)
            self._check_funds(order)
        return shrunk

    def _check_filters(self, order: BookOrder) -> None:
        """The order is complete, and passes PRICE_FILTER, LOT_SIZE and NOTIONAL (Binance filters.md)."""
        instrument = self._instruments.get(order.symbol)
        if instrument is None:
            _refuse("UNKNOWN_SYMBOL", f"{order.symbol} is not traded here.", "See /instruments.")
        levels = self._levels(order)
        if not levels:
            _refuse("NO_PRICE", f"There is no price of {order.symbol} now.", "Try again shortly.")
        if (
            (order.type in _LIMITED and order.limit_price is None)
            or (order.type in _STOPPED and order.stop_price is None)
            or (order.type is OrderType.TRAILING_STOP and order.trail is None)
        ):
            _refuse("BAD_ORDER", f"A {order.type} order lacks a price.")
        if order.post_only and (order.type is not OrderType.LIMIT or order.time_in_force is not TimeInForce.GTC):
            _refuse("BAD_ORDER", "Only a GTC LIMIT order can be post-only.")
        for price in (order.limit_price, None if order.trail else order.stop_price):
            if price is not None and (price <= 0 or price % instrument.tick):
                near = instrument.round_price(price, order.side)
                _refuse(
                    "PRICE_FILTER",
                    f"The price {plain(price)} is not a multiple of {plain(instrument.tick)}.",
                    f"{plain(near)} is.",
                )
        size, most, step = order.quantity, instrument.max_quantity, instrument.step
        if size <= 0 or size % step or size < instrument.min_quantity or (most and size > most):
            remedy = f"The minimum is {plain(max(instrument.min_quantity, step))}, in steps of {plain(step)}"
            remedy += f", up to {plain(most)}." if most else "."
            _refuse("LOT_SIZE", f"The quantity {plain(size)} is not allowed.", remedy)
        if order.reduce_only and instrument.settlement is Settlement.LINEAR:
            return  # as on Binance futures: what is left of a position can always be closed
        value = instrument.notional(size, order.limit_price or order.stop_price or levels[0].price)
        if value < instrument.min_notional or (instrument.max_notional and value > instrument.max_notional):
            remedy = f"The minimum is {plain(instrument.min_notional)}"
            remedy += f", the maximum {plain(instrument.max_notional)}." if instrument.max_notional else "."
            _refuse("NOTIONAL", f"The value {plain(value)} {instrument.quote} is not allowed.", remedy)

    def _check_price(self, order: BookOrder) -> Decimal:
        """It neither triggers at once nor, if post-only, takes; answers the best price it could trade at."""
        best = self._levels(order)[0].price
        if order.state is State.WAITING and not order.trail and order.triggered_by(best):
            _refuse("WOULD_TRIGGER", "Order would trigger immediately.", f"The market is at {plain(best)}.")
        if order.post_only and order.accepts(best):
            _refuse("WOULD_TAKE", "Order would immediately match and take.", f"The market is at {plain(best)}.")
        return best

    def _check_funds(self, order: BookOrder) -> None:
        """Spot: what it reserves is free. Linear: exposure, if it grows, stays within leverage times equity."""
        instrument = self._instruments[order.symbol]
        if instrument.settlement is Settlement.SPOT:
            need = self._need(order)
            have = self.free(need.currency, without=order)
        else:
            currency = instrument.quote
            exposure = self._exposure(currency, order)
            if exposure <= self._exposure(currency):
                return
            need = Money(exposure / self._leverage, currency)
            have = self._ledger.balances.get(currency, ZERO) - self._reserved(currency) + self._unrealized(currency)
        if need.amount > have:
            text = f"Insufficient funds: {plain(round(need.amount, 8))} {need.currency} is needed, "
            text += f"{plain(round(max(have, ZERO), 8))} is free."
            _refuse("INSUFFICIENT_FUNDS", text, "Ask for less.")
        if instrument.settlement is Settlement.SPOT and order.side is Side.BUY:
            order.budget = need.amount

    def _shrink(self, order: BookOrder, most: Decimal, code: str) -> bool:
        """Cut what remains down to `most`; whether that changed it."""
        if order.remaining <= most:
            return False
        instrument = self._instruments[order.symbol]
        rest = instrument.round_quantity(max(most, ZERO))
        if rest <= 0 or rest < instrument.min_quantity:
            _refuse(code, f"Only {plain(most)} of {order.symbol} can be traded.", "Open orders may hold the rest.")
        order.quantity = order.filled + rest
        return True

    # --- funds -------------------------------------------------------------------------------

    def _need(self, order: BookOrder) -> Money:
        """What a spot order must find free: base on a SELL; on a BUY quote, with the fee where quote pays it."""
        instrument = self._instruments[order.symbol]
        if order.side is Side.SELL:
            return Money(order.remaining, instrument.base)
        price = order.limit_price or order.stop_price
        if price is not None:
            return Money(order.remaining * self._unit_cost(price), instrument.quote)
        left, cost = order.remaining, ZERO  # the depth shown, and the rest of it at the worst price shown
        for level, quantity in self._available(order, self.quotes.get(order.symbol)):
            part = min(left, quantity)
            cost, left = cost + part * level, left - part
        levels = self._levels(order)
        worst = levels[-1].price if levels else ZERO
        return Money(self._unit_cost(cost + left * worst), instrument.quote)

    def _reserve(self, order: BookOrder) -> Money:
        """What an open order ties up of a balance."""
        instrument = self._instruments[order.symbol]
        if instrument.settlement is not Settlement.SPOT or order.state is State.PENDING:
            return Money(ZERO, instrument.quote)
        if order.side is Side.SELL:
            return self._need(order)
        priced = order.limit_price is not None or order.stop_price is not None
        return Money(min(self._need(order).amount, order.budget) if priced else order.budget, instrument.quote)

    def _reserved(self, currency: str, without: BookOrder | None = None) -> Decimal:
        lots: dict[str, Decimal] = {}
        for order in self._all_open():
            if without is None or order.lot != without.lot:
                need = self._reserve(order)
                if need.currency == currency:  # the legs of a list never all fill: it ties up the larger
                    lots[order.lot] = max(lots.get(order.lot, ZERO), need.amount)
        return sum(lots.values(), ZERO)

    def _unit_cost(self, price: Decimal) -> Decimal:
        """What a spot BUY at `price` takes of the quote currency, a unit."""
        return price * (1 + self._fees.worst) if self._fee_currency == "quote" else price

    def _exposure(self, currency: str, extra: BookOrder | None = None) -> Decimal:
        """Value of linear positions as large as the open orders (and `extra`, or in its new form) can make them."""
        orders = [o for o in self._all_open() if extra is None or o.venue_order_id != extra.venue_order_id]
        orders += [extra] if extra is not None else []
        total = ZERO
        for symbol in {*self._ledger.positions, *(order.symbol for order in orders)}:
            instrument = self._instruments.get(symbol)
            if instrument is None or instrument.settlement is Settlement.SPOT or instrument.quote != currency:
                continue
            most = {side: side.sign * self._ledger.held(symbol).quantity for side in Side}
            for order in orders:
                if order.symbol == symbol and not order.reduce_only and order.state is not State.PENDING:
                    most[order.side] += order.remaining
            total += instrument.notional(max(most.values()), self._mark(symbol))
        return total

    def _unrealized(self, currency: str) -> Decimal:
        return sum(
            (
                self._ledger.unrealized(instrument, self._mark(symbol))
                for symbol in self._ledger.positions
                if (instrument := self._instruments.get(symbol)) is not None and instrument.quote == currency
            ),
            ZERO,
        )

    def _mark(self, symbol: Symbol) -> Decimal:
        quote = self.quotes.get(symbol)
        if quote is not None:
            return quote.mid if quote.bids and quote.asks else quote.last
        held = self._ledger.held(symbol)  # not quoted since the start: at cost
        return held.cost / held.quantity / self._instruments[symbol].multiplier if held.quantity else ZERO

    def _reducible(self, order: BookOrder) -> Decimal:
        """The most that `order` could trade without opening or enlarging a position."""
        instrument = self._instruments[order.symbol]
        if instrument.settlement is Settlement.LINEAR:
            return max(-order.side.sign * self._ledger.held(order.symbol).quantity, ZERO)
        return max(self.free(instrument.base, without=order), ZERO) if order.side is Side.SELL else ZERO

    def _fee(self, instrument: Instrument, side: Side, quantity: Decimal, price: Decimal, rate: Decimal) -> Money:
        """Commission of one trade (Binance commission_faq.md), cut to PLACES."""
        in_quote = Money(
            (instrument.notional(quantity, price) * rate).quantize(PLACES, context=_EXACT), instrument.quote
        )
        if self._fee_currency in ("quote", instrument.quote):
            return in_quote
        rival = self.quotes.get(Symbol(f"{self._fee_currency}/{instrument.quote}"))
        if rival is not None and rival.bids and rival.asks:
            owed = (in_quote.amount / rival.mid).quantize(PLACES, rounding=ROUND_CEILING, context=_EXACT)
            if owed <= self.free(self._fee_currency):
                return Money(owed, self._fee_currency)
        if side is Side.BUY and instrument.settlement is Settlement.SPOT:
            return Money((quantity * rate).quantize(PLACES, context=_EXACT), instrument.base)
        return in_quote

    # --- execution ---------------------------------------------------------------------------

    def _arrive(self, order: BookOrder) -> None:
        """An order has come to the books: hold it against the present quote."""
        quote = self.quotes[order.symbol]
        if order.state is State.WAITING:
            self._watch(order, quote)
        elif order.state is State.WORKING:
            self._execute(order, quote, arriving=True)

    def _watch(self, order: BookOrder, quote: Quote) -> None:
        """Move a trailing stop; trigger a stop whose price the market shows."""
        levels = quote.taker(order.side)
        if not levels:
            return
        if order.follow(levels[0].price):
            self._touch(order)
        if order.triggered_by(levels[0].price):
            order.state = State.WORKING
            self._touch(order)
            self._reports.append(Triggered(order.order_id))
            self._end_siblings(order)
            self._execute(order, quote, arriving=True)

    def _execute(self, order: BookOrder, quote: Quote, *, arriving: bool) -> None:
        """Trade what the quote shows: an arriving order takes, at the levels; a resting one is taken, at its limit."""
        maker = order.limit_price if not arriving else None
        takes, short = self._plan(order, quote, maker)
        total = sum((quantity for _, quantity in takes), ZERO)
        if order.time_in_force is TimeInForce.FOK and total < order.remaining:
            self._end(order, State.EXPIRED, short or "FOK: not all of it was shown.")
            return
        self._consume(quote, takes)
        if maker is not None and total:
            self._fill(order, total, maker, maker=True)
        elif maker is None:
            for price, quantity in takes:
                self._fill(order, quantity, price, maker=False)
        if order.is_open and short:
            self._end(order, State.EXPIRED, short)
        elif order.is_open and order.time_in_force is TimeInForce.IOC:
            self._end(order, State.EXPIRED, "IOC: no more was shown.")

    def _plan(self, order: BookOrder, quote: Quote, maker: Decimal | None) -> tuple[list[tuple[Decimal, Decimal]], str]:
        """(level price, quantity) it would get now, and, if funds or the position forbid any more, why."""
        shown = list(self._available(order, quote))
        if not shown and not order.reduce_only:  # by far the most quotes: the funds need not be counted
            return [], ""
        instrument = self._instruments[order.symbol]
        spot = instrument.settlement is Settlement.SPOT
        left, short, cash = order.remaining, "", None
        if order.reduce_only or (spot and order.side is Side.SELL):
            most = instrument.round_quantity(self._reducible(order))
            if most < left:
                left, short = most, f"{'REDUCE_ONLY' if order.reduce_only else 'INSUFFICIENT_FUNDS'}: no more is held."
        elif spot:
            cash = self.free(instrument.quote, without=order)
        takes: list[tuple[Decimal, Decimal]] = []
        for level, there in shown:
            quantity = min(there, left)
            if cash is not None:
                unit = self._unit_cost(level if maker is None else maker)
                if quantity * unit > cash:
                    quantity = max(cash, ZERO) / unit
                    short = f"INSUFFICIENT_FUNDS: {plain(cash)} {instrument.quote} left."
                cash -= instrument.round_quantity(quantity) * unit
            quantity = instrument.round_quantity(quantity)
            if quantity > 0:
                takes.append((level, quantity))
                left -= quantity
            if left <= 0 or (short and cash is not None):
                break
        return takes, short if left <= 0 or cash is not None else ""

    def _available(self, order: BookOrder, quote: Quote | None) -> Iterator[tuple[Decimal, Decimal]]:
        """Levels of the quote within the order's limit, best first, less what we have had of them."""
        if quote is None:
            return
        taken = self._taken.get(quote.symbol)
        had = taken.levels if taken is not None and taken.quote == quote else {}
        for level in quote.taker(order.side):
            if not order.accepts(level.price):
                return
            left = level.quantity - had.get(level.price, ZERO)
            if left > 0:
                yield level.price, left

    def _consume(self, quote: Quote, takes: Sequence[tuple[Decimal, Decimal]]) -> None:
        if not takes:
            return
        taken = self._taken.get(quote.symbol)
        if taken is None or taken.quote != quote:
            taken = self._taken[quote.symbol] = Taken(quote, {})
        for price, quantity in takes:
            taken.levels[price] = taken.levels.get(price, ZERO) + quantity
        self._changed[f"taken/{quote.symbol}"] = taken

    def _fill(self, order: BookOrder, quantity: Decimal, price: Decimal, *, maker: bool) -> None:
        """One trade: move the funds, number it, tell it; the first ends an OCO sibling, the last the order."""
        instrument = self._instruments[order.symbol]
        self._ledger.settle(instrument, order.side, quantity, price)
        order.filled += quantity
        order.budget = max(order.budget - quantity * self._unit_cost(price), ZERO)
        self._touch(order)
        fee = self._fee(instrument, order.side, quantity, price, self._fees.maker if maker else self._fees.taker)
        self._ledger.add(-fee.amount, fee.currency)
        self._count.trade += 1
        trade = Filled(order.order_id, f"T{self._count.trade}", quantity, price, fee, self._at, maker)
        self.trades.append(trade)
        self._changed[f"trade/{trade.trade_id}"] = trade
        self._reports.append(trade)
        self._end_siblings(order)
        if order.remaining <= 0:
            self._end(order, State.FILLED)

    # --- lists -------------------------------------------------------------------------------

    def _siblings(self, order: BookOrder) -> list[BookOrder]:
        """The other open leg of an OCO pair."""
        if not order.list_id:
            return []
        pair = (order.list_id, order.parent)
        return [o for o in self._all_open() if (o.list_id, o.parent) == pair and o is not order]

    def _end_siblings(self, order: BookOrder) -> None:
        for other in self._siblings(order):
            self._close(other, State.CANCELED, "OCO")

    def _activate(self, entry: BookOrder, legs: Sequence[BookOrder]) -> None:
        """Place a bracket's legs, no larger than what the entry brought (as Binance OPO sells what was received)."""
        for leg in legs:
            if leg.state is not State.PENDING:  # its sibling has gone already
                continue
            spot_sell = self._instruments[leg.symbol].settlement is Settlement.SPOT and leg.side is Side.SELL
            leg.state = _first_state(leg.type)
            most = entry.filled
            if leg.reduce_only or spot_sell:
                most = min(most, self._reducible(leg))
            try:
                if self._shrink(leg, most, "INSUFFICIENT_FUNDS"):
                    self._tell_amended(leg)
                self._check_funds(leg)
            except VenueRefused as why:
                self._reject(leg, why)
                continue
            self._touch(leg)
            self._arrive(leg)

    def _close(self, order: BookOrder, state: State, reason: str) -> None:
        """Off the books; a fill or a rejection is told by who calls."""
        order.state, order.reason = state, reason
        self._open.get(order.symbol, {}).pop(order.venue_order_id, None)
        self._touch(order)
        if state is State.CANCELED:
            self._reports.append(Canceled(order.order_id, reason))
        elif state is State.EXPIRED:
            self._reports.append(Expired(order.order_id, reason))

    def _end(self, order: BookOrder, state: State, reason: str = "") -> None:
        """Close an order, and do to the rest of its list what that means."""
        self._close(order, state, reason)
        self._end_siblings(order)
        legs = [leg for leg in self._all_open() if leg.parent == order.venue_order_id]
        if state is State.FILLED:
            self._activate(order, legs)
            return
        for leg in legs:
            self._close(leg, State.CANCELED, f"ENTRY {state.value}")

    def _reject(self, order: BookOrder, why: VenueRefused) -> None:
        self._reports.append(Rejected(order.order_id, why.code, str(why)))
        self._end(order, State.REJECTED, str(why))

    # --- books -------------------------------------------------------------------------------

    def _book(self, asked: Sequence[Order], *, pair: bool) -> list[BookOrder]:
        """Number and write down what was asked, without prices its type does not use; legs know their entry."""
        first = f"O{self._count.order + 1}"
        made: list[BookOrder] = []
        for order in asked:
            self._count.order += 1
            leg = bool(made) and not pair
            booked = BookOrder(
                order.id,
                f"O{self._count.order}",
                order.symbol,
                order.side,
                order.type,
                order.time_in_force,
                order.quantity,
                state=State.PENDING if leg else _first_state(order.type),
                limit_price=order.limit_price if order.type in _LIMITED else None,
                stop_price=order.stop_price if order.type in _STOPPED else None,
                trail=order.trail if order.type is OrderType.TRAILING_STOP else None,
                reduce_only=order.reduce_only,
                post_only=order.post_only,
                list_id=first if len(asked) > 1 else "",
                parent=first if leg else "",
            )
            made.append(booked)
            self._orders[booked.venue_order_id] = self._by_id[booked.order_id] = booked
            self._touch(booked)
        return made

    def _restore(self, state: Mapping[str, str]) -> None:
        self._count = msgspec.json.decode(state["counters"], type=Counters)
        for key, text in state.items():
            kind, _, name = key.partition("/")
            if kind == "balance":
                self._ledger.balances[name] = msgspec.json.decode(text, type=Decimal)
            elif kind == "position":
                self._ledger.positions[Symbol(name)] = msgspec.json.decode(text, type=Holding)
            elif kind == "taken":
                self._taken[Symbol(name)] = msgspec.json.decode(text, type=Taken)
            elif kind == "order":
                self._orders[name] = msgspec.json.decode(text, type=BookOrder)
            elif kind == "trade":
                self.trades.append(msgspec.json.decode(text, type=Filled))
        self.trades.sort(key=lambda trade: int(trade.trade_id[1:]))
        for order in sorted(self._orders.values(), key=_number):
            self._by_id[order.order_id] = order
            if order.is_open:
                self._open.setdefault(order.symbol, {})[order.venue_order_id] = order

    def _levels(self, order: BookOrder) -> Sequence[Level]:
        quote = self.quotes.get(order.symbol)
        return quote.taker(order.side) if quote is not None else ()

    def _all_open(self) -> list[BookOrder]:
        return sorted((order for orders in self._open.values() for order in orders.values()), key=_number)

    def _is_open(self, order_id: str) -> bool:
        return order_id in self._by_id and self._by_id[order_id].is_open

    def _touch(self, order: BookOrder) -> None:
        self._changed[f"order/{order.venue_order_id}"] = order

    def _tell_amended(self, order: BookOrder) -> None:
        self._touch(order)
        self._reports.append(
            Amended(order.order_id, order.quantity, order.limit_price, order.stop_price, order.venue_order_id)
        )

    def _finish(self) -> Outcome:
        """Hand over what this call changed and told."""
        if not self._changed and not self._reports:
            return NOTHING
        if self._changed:
            self._changed["counters"] = self._count
        changes = {key: msgspec.json.encode(value).decode() for key, value in self._changed.items()}
        outcome = Outcome(tuple(self._reports), changes)
        self._changed.clear()
        self._reports.clear()
        return outcome


def _number(order: BookOrder) -> int:
    return int(order.venue_order_id[1:])


def _priority(order: BookOrder) -> tuple[Decimal, int]:
    """Market orders, then the better limit, then the older."""
    return (
        -order.side.sign * order.limit_price if order.limit_price is not None else Decimal("-Infinity"),
        _number(order),
    )


def _first_state(kind: OrderType) -> State:
    return State.WORKING if kind in (OrderType.MARKET, OrderType.LIMIT) else State.WAITING


def _refuse(code: str, text: str, remedy: str = "") -> NoReturn:
    raise VenueRefused(text, remedy, code=code)


def _check_list(orders: Sequence[BookOrder], *, pair: bool) -> None:
    """An OCO pair is a target and a stop of one side; a bracket's legs are one or both of them on the other."""
    first, legs = orders[0], orders if pair else orders[1:]
    side = first.side if pair else first.side.opposite
    strange = any(leg.symbol != first.symbol or leg.side is not side or leg.type is OrderType.MARKET for leg in legs)
    if strange or len(legs) > 2:
        _refuse("BAD_LIST", "This is neither an OCO pair nor a bracket.")
    if len(legs) == 2:
        _check_pair(legs)


def _check_pair(legs: Sequence[BookOrder]) -> None:
    """One leg is the target, the other the stop, and they are on their sides of each other."""
    target, stop = sorted(legs, key=lambda leg: leg.type not in _TARGETS)
    goal = target.limit_price or target.stop_price
    if target.type not in _TARGETS or stop.type in _TARGETS or goal is None:
        _refuse("BAD_LIST", "A pair is one target and one stop.")
    if stop.stop_price is not None and stop.side.sign * (stop.stop_price - goal) <= 0:
        text = f"The stop {plain(stop.stop_price)} is on the wrong side of the target {plain(goal)}."
        _refuse("OCO_BAD_PRICES", text)
