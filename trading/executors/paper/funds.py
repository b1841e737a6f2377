"""Whose money it is at the paper venue: what open orders and positions tie up, what is free, and what a trade costs."""

from collections.abc import Iterator, Sequence
from decimal import ROUND_CEILING, Decimal

import msgspec

from trading import ports
from trading.executors.paper.ledger import EXACT, Holding, Ledger
from trading.executors.paper.order import BookOrder, State
from trading.instruments import PLACES, ZERO, Instrument, Money, Settlement, Side, Symbol

_COUNTED = Decimal("1e-8")
"""To what margins are counted."""


class Fees(msgspec.Struct, frozen=True):
    """Rates as fractions of what is traded (0.001 is 0.1 %)."""

    maker: Decimal = Decimal("0.001")
    taker: Decimal = Decimal("0.001")

    @property
    def worst(self) -> Decimal:
        return max(self.maker, self.taker, ZERO)


class Lending(msgspec.Struct, frozen=True):
    """How many times its equity an account's linear positions may be worth, by quote currency.

    `maintenance` is the share of their worth that the equity may fall to before they are closed; None is never.
    """

    leverage: Decimal = Decimal(1)
    maintenance: Decimal | None = None


class Funds:
    """What can be spent of a ledger's balances; for `fee_currency` see `PaperVenue`.

    `coming` are orders that are on their way, in the form in which they will arrive: they count as if they were there.
    """

    def __init__(self, ledger: Ledger, fees: Fees, fee_currency: str, lending: Lending) -> None:
        self._ledger = ledger
        self._fees = fees
        self._fee_currency = fee_currency
        self._lending = lending

    # --- free, and asked for ---------------------------------------------------------------------

    def free(self, currency: str, without: BookOrder | None = None, coming: Sequence[BookOrder] = ()) -> Decimal:
        """Balance less what open orders (apart from the lot of `without`) and linear positions tie up."""
        tied = max(self._exposure(currency, *coming) / self._lending.leverage - self._unrealized(currency), ZERO)
        return self._ledger.balance(currency) - self._reserved(currency, without, coming) - tied

    def required(self, order: BookOrder, coming: Sequence[BookOrder] = ()) -> ports.Funds:
        """What `order` must find, and what there is for it; it needs nothing if it makes no exposure larger.

        Spot: what it reserves, of what is free. Linear: the margin of what it adds to the exposure (`fits` is the
        largest that its quantity may be), of the equity beyond the margin of what is there.
        """
        instrument = self._ledger.instruments[order.symbol]
        if instrument.settlement is Settlement.SPOT:
            need = self.need(order)
            return ports.Funds(need.amount, self.free(need.currency, order, coming), need.currency)
        currency, leverage = instrument.quote, self._lending.leverage
        done = [each for each in coming if self._is_met(each)]
        before, after = max(  # as what is on its way is still open, or done by then: the one that asks for more
            (
                (self._exposure(currency, *coming, done=each), self._exposure(currency, *coming, order, done=each))
                for each in (((), done) if done else ((),))
            ),
            key=lambda pair: (pair[0] < pair[1], pair[1]),
        )
        if after <= before:
            return ports.Funds(ZERO, ZERO, currency)
        equity = self.equity(currency) - self._reserved(currency, coming=coming) - self._lost(currency, coming)
        needs, free = (after - before) / leverage, equity - before / leverage
        room = max(equity * leverage - before, ZERO) - (after - before)
        fits = order.quantity + room / instrument.notional(Decimal(1), self.mark(instrument))
        fits = instrument.round_quantity(max(fits, ZERO))
        return ports.Funds(
            needs.quantize(_COUNTED, context=EXACT),
            free.quantize(_COUNTED, context=EXACT),
            currency,
            fits if fits >= instrument.min_quantity else ZERO,
        )

    def equity(self, currency: str) -> Decimal:
        """Balance, and the profit of the linear positions that settle in it."""
        return self._ledger.balance(currency) + self._unrealized(currency)

    def maintenance(self, currency: str) -> Decimal | None:
        """What the equity must stay above with the linear positions there are; None with none, or if it need not."""
        worth = ZERO
        for instrument, holding in self._positions(currency):
            worth += instrument.notional(abs(holding.quantity), self.mark(instrument))
        share = self._lending.maintenance
        return worth * share if worth and share is not None else None

    def reducible(self, order: BookOrder) -> Decimal:
        """The most that `order` could trade without opening or enlarging a position."""
        instrument = self._ledger.instruments[order.symbol]
        if instrument.settlement is Settlement.LINEAR:
            return max(-order.side.sign * self._ledger.held(order.symbol).quantity, ZERO)
        return max(self.free(instrument.base, without=order), ZERO) if order.side is Side.SELL else ZERO

    # --- what a trade costs ------------------------------------------------------------------------

    def unit_cost(self, price: Decimal) -> Decimal:
        """What a spot BUY at `price` takes of the quote currency, a unit."""
        return price * (1 + self._fees.worst) if self._fee_currency == "quote" else price

    def fee(self, instrument: Instrument, side: Side, quantity: Decimal, price: Decimal, *, maker: bool) -> Money:
        """Commission of one trade (Binance commission_faq.md), cut to PLACES."""
        rate = self._fees.maker if maker else self._fees.taker
        owed = (instrument.notional(quantity, price) * rate).quantize(PLACES, context=EXACT)
        in_quote = Money(owed, instrument.quote)
        if self._fee_currency in ("quote", instrument.quote):
            return in_quote
        rival = self._ledger.quotes.get(Symbol(f"{self._fee_currency}/{instrument.quote}"))
        if rival is not None and rival.bids and rival.asks:
            converted = (owed / rival.mid).quantize(PLACES, rounding=ROUND_CEILING, context=EXACT)
            if converted <= self.free(self._fee_currency):
                return Money(converted, self._fee_currency)
        if side is Side.BUY and instrument.settlement is Settlement.SPOT:
            return Money((quantity * rate).quantize(PLACES, context=EXACT), instrument.base)
        return in_quote

    # --- spot: what orders reserve -------------------------------------------------------------------

    def need(self, order: BookOrder) -> Money:
        """What a spot order must find free: base on a SELL; on a BUY quote, with the fee where quote pays it."""
        instrument = self._ledger.instruments[order.symbol]
        if order.side is Side.SELL:
            return Money(order.remaining, instrument.base)
        if order.price is not None:
            return Money(order.remaining * self.unit_cost(order.price), instrument.quote)
        left, cost = order.remaining, ZERO  # the depth shown, and the rest of it at the worst price shown
        for price, quantity in self._ledger.available(order):
            part = min(left, quantity)
            cost, left = cost + part * price, left - part
        levels = self._ledger.levels(order)
        worst = levels[-1].price if levels else ZERO
        return Money(self.unit_cost(cost + left * worst), instrument.quote)

    def _reserve(self, order: BookOrder) -> Money:
        """What an open order ties up of a balance."""
        instrument = self._ledger.instruments[order.symbol]
        if instrument.settlement is not Settlement.SPOT or order.state is State.PENDING:
            return Money(ZERO, instrument.quote)
        if order.side is Side.SELL:
            return self.need(order)
        most = order.budget if order.price is None else min(self.need(order).amount, order.budget)
        return Money(most, instrument.quote)

    def _reserved(self, currency: str, without: BookOrder | None = None, coming: Sequence[BookOrder] = ()) -> Decimal:
        lots: dict[str, Decimal] = {}
        for order in (*self._ledger.open_orders(), *coming):
            if without is None or order.lot != without.lot:
                need = self._reserve(order)
                if need.currency == currency:  # the legs of a list never all fill: it ties up the larger
                    lots[order.lot] = max(lots.get(order.lot, ZERO), need.amount)
        return sum(lots.values(), ZERO)

    # --- linear: what positions may become -------------------------------------------------------------

    def _exposure(self, currency: str, *more: BookOrder, done: Sequence[BookOrder] = ()) -> Decimal:
        """Value of linear positions as large as the open orders (and `more`, or in their new form) can make them.

        Of these, `done` count as if they were filled.
        """
        orders = {order.venue_order_id: order for order in (*self._ledger.open_orders(), *more)}
        filled = {order.venue_order_id for order in done}
        total = ZERO
        for symbol in {*self._ledger.positions, *(order.symbol for order in orders.values())}:
            instrument = self._ledger.instruments.get(symbol)
            if instrument is None or instrument.settlement is Settlement.SPOT or instrument.quote != currency:
                continue
            most = {side: side.sign * self._ledger.held(symbol).quantity for side in Side}
            for order in orders.values():
                if order.symbol == symbol and not order.reduce_only and order.state is not State.PENDING:
                    most[order.side] += order.remaining
                    if order.venue_order_id in filled:
                        most[order.side.opposite] -= order.remaining
            total += instrument.notional(max(most.values()), self.mark(instrument))
        return total

    def _lost(self, currency: str, coming: Sequence[BookOrder]) -> Decimal:
        """What linear orders lose as they arrive, at most: to the spread, the depth and the fee."""
        total = ZERO
        for order in coming:
            instrument, levels = self._ledger.instruments[order.symbol], self._ledger.levels(order)
            linear = instrument.settlement is Settlement.LINEAR and instrument.quote == currency
            if not linear or not self._is_met(order):
                continue
            price = next((level.price for level in reversed(levels) if order.accepts(level.price)), levels[0].price)
            total += max(order.side.sign * instrument.notional(order.remaining, price - self.mark(instrument)), ZERO)
            total += instrument.notional(order.remaining, price) * self._fees.worst
        return total

    def _is_met(self, order: BookOrder) -> bool:
        """Whether an order is done as it arrives, or a part of it."""
        levels = self._ledger.levels(order)
        return bool(levels) and order.state is State.WORKING and order.accepts(levels[0].price)

    def _unrealized(self, currency: str) -> Decimal:
        """Profit of the linear positions if they were closed at their marks."""
        total = ZERO
        for instrument, holding in self._positions(currency):
            total += instrument.notional(holding.quantity, self.mark(instrument)) - holding.cost
        return total

    def _positions(self, currency: str) -> Iterator[tuple[Instrument, Holding]]:
        """The linear positions that settle in a currency."""
        for symbol, holding in self._ledger.positions.items():
            instrument = self._ledger.instruments.get(symbol)
            if instrument is not None and instrument.quote == currency:
                yield instrument, holding

    def mark(self, instrument: Instrument) -> Decimal:
        """What a unit is worth: the middle of the market."""
        quote = self._ledger.quotes.get(instrument.symbol)
        if quote is not None:
            return quote.mid if quote.bids and quote.asks else quote.last
        held = self._ledger.held(instrument.symbol)  # not quoted since the start: at cost
        return held.cost / held.quantity / instrument.multiplier if held.quantity else ZERO
