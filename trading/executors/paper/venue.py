"""The paper venue: the orders and the funds of ONE account against the quotes it is shown.

Pure and synchronous: no clock, no I/O, no chance. Every call answers an `Outcome`: the state keys to save and the
reports to tell once they are saved. `PaperVenue(..., state=saved)` is the same venue again.

Where Binance Spot has a rule, it is followed (rest-api.md "New order", filters.md, faqs on order lists):
- A stop that would trigger at once is rejected, and so is a post-only order that would take.
- A client order id is refused only while an order with it is open.
- Canceling one of a list cancels the list.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from trading import ports
from trading.errors import VenueRefused
from trading.executors.paper.closeout import Closing
from trading.executors.paper.funds import Fees, Funds, Lending
from trading.executors.paper.ledger import NOTHING, Ledger, Outcome
from trading.executors.paper.matching import Matching
from trading.executors.paper.order import BookOrder, State
from trading.executors.paper.rules import Rules
from trading.instruments import Instrument, Money, Symbol
from trading.order import Order
from trading.ports import Approved
from trading.quotes import Quote
from trading.reports import Accepted, CancelRefused, VenueOrder

NOTHING_LENT = Lending()


class PaperVenue:
    """One account. `quotes` is the market as this venue has seen it; it is not part of the saved state.

    `fee_currency` is `quote`, `received` (what a spot trade brings in, as on Binance) or a currency such as `BNB`,
    used while the account holds enough of it and `received` otherwise. `lending` bounds linear positions and orders.
    """

    def __init__(
        self,
        instruments: Mapping[Symbol, Instrument],
        funds: Sequence[Money] = (),
        fees: Fees | None = None,
        *,
        fee_currency: str = "quote",
        lending: Lending = NOTHING_LENT,
        state: Mapping[str, str] | None = None,
    ) -> None:
        self._ledger = Ledger(instruments, funds, state)
        self._funds = Funds(self._ledger, fees or Fees(), fee_currency, lending)
        self._rules = Rules(self._ledger, self._funds)
        self._matching = Matching(self._ledger, self._funds, self._rules)
        self._closing = Closing(self._ledger, self._funds, self._matching)
        self.quotes = self._ledger.quotes
        self.trades = self._ledger.trades

    # --- questions ---------------------------------------------------------------------------

    def watches(self, symbol: Symbol) -> bool:
        """Whether a quote of `symbol` could change anything."""
        return bool(self._ledger.open_on(symbol)) or bool(self._ledger.held(symbol).quantity)

    def find(self, order_id: str) -> VenueOrder | None:
        """The latest order placed with our id, open or ended."""
        order = self._ledger.latest(order_id)
        return order.shown() if order else None

    def open_orders(self) -> list[VenueOrder]:
        return [order.shown() for order in self._ledger.open_orders()]

    def balances(self) -> list[Money]:
        """Totals, including what open orders reserve."""
        return [Money(amount, currency) for currency, amount in self._ledger.balances.items()]

    def positions(self) -> dict[Symbol, Decimal]:
        return {symbol: held.quantity for symbol, held in self._ledger.positions.items() if held.quantity}

    def free(self, currency: str) -> Decimal:
        """Balance less what open orders and linear positions tie up."""
        return self._funds.free(currency)

    def margin(self, order: Order, coming: Iterable[Order] = ()) -> ports.Funds | None:
        """What an order, new or changed, would take of what is free, when those `coming` have arrived.

        None if it takes nothing, or has no price to meet.
        """
        expected = self._expected(order)
        if expected is None or order.reduce_only:
            return None
        others = [self._expected(other) for other in coming if other.id != order.id]
        required = self._funds.required(expected, [other for other in others if other is not None])
        return required if required.needs else None

    def snapshot(self) -> dict[str, str]:
        """The whole state as the keys that all changes so far add up to."""
        return self._ledger.snapshot()

    # --- calls -------------------------------------------------------------------------------

    def place(self, approved: Approved, at: datetime) -> Outcome:
        """Take an order, with its legs, to the books and against the present quote.

        Raises:
            VenueRefused: DUPLICATE_ORDER. It is not a report, which would speak of the order that is open.
        """
        asked = (approved.order, *approved.legs)
        ids = {order.id for order in asked}
        if len(ids) < len(asked) or any(self._opened(order_id) for order_id in ids):
            raise VenueRefused("Duplicate order sent.", "An order with this id is open.", code="DUPLICATE_ORDER")
        self._ledger.at = at
        pair = bool(approved.legs and approved.order.group) and len({order.group for order in asked}) == 1
        orders = self._number(approved, pair=pair)
        try:
            self._rules.check_new(orders, pair=pair)
        except VenueRefused as why:
            for order, wanted in zip(orders, asked, strict=True):
                order.quantity = wanted.quantity  # it may have been shrunk before another rule refused
                self._matching.reject(order, why)
            return self._ledger.outcome()
        for order in orders:
            self._ledger.write(order)
            self._ledger.tell(Accepted(order.order_id, order.venue_order_id))
        for order, wanted in zip(orders, asked, strict=True):
            if order.quantity != wanted.quantity:
                self._ledger.tell(order.amended())
        for order in orders:
            self._matching.meet(order, arriving=True)
        return self._ledger.outcome()

    def cancel(self, order_id: str, at: datetime) -> Outcome:
        """Cancel an order, and with it the list it is of. `CancelRefused` if it is not open."""
        order = self._ledger.latest(order_id)
        if order is None or not order.is_open:
            state = f"It is {order.state} already." if order else "The venue never had it."
            return Outcome([CancelRefused(order_id, state)], {})
        self._ledger.at = at
        entry = self._ledger.open_on(order.symbol).get(order.parent)
        self._matching.end(order, State.CANCELED)
        if entry is not None:
            self._matching.end(entry, State.CANCELED, "LIST")
        return self._ledger.outcome()

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
        was = self._opened(order_id)
        if was is None:
            raise VenueRefused("The order is not open.", "Look at /orders.", code="NOT_OPEN")
        if was.state is State.WORKING and was.limit_price is None:
            raise VenueRefused("It is executing at the market.", "Cancel it instead.", code="NOT_AMENDABLE")
        order = was.changed(quantity, limit_price, stop_price)
        self._rules.check_amended(order, self._matching.siblings(was))
        self._ledger.at = at
        self._ledger.write(order)
        self._ledger.tell(order.amended())
        self._matching.meet(order, arriving=True)
        return self._ledger.outcome()

    def on_quote(self, quote: Quote) -> Outcome:
        """Hold every open order of the symbol against what the market shows now, best price first, then oldest.

        Then the account itself: what its money no longer suffices for is closed.
        """
        self.quotes[quote.symbol] = quote
        if not self.watches(quote.symbol):
            return NOTHING
        there, self._ledger.at = self._ledger.open_on(quote.symbol), quote.at
        for order in sorted(there.values(), key=lambda order: order.priority):
            self._matching.meet(order, arriving=False)
        self._closing.watch(quote.symbol)
        return self._ledger.outcome()

    def delist(self, at: datetime) -> Outcome:
        """Expire the open orders of instruments that are no longer offered."""
        self._ledger.at = at
        for order in self._ledger.open_orders():
            if order.is_open and order.symbol not in self._ledger.instruments:
                self._matching.end(order, State.EXPIRED, f"{order.symbol} is not offered any more.")
        return self._ledger.outcome()

    # --- books ---------------------------------------------------------------------------------

    def _opened(self, order_id: str) -> BookOrder | None:
        """The order with our id, if it is open."""
        order = self._ledger.latest(order_id)
        return order if order is not None and order.is_open else None

    def _expected(self, order: Order) -> BookOrder | None:
        """An order as it would be on the books; None if it has been there, or could not be."""
        instrument, was = self._ledger.instruments.get(order.symbol), self._ledger.latest(order.id)
        if instrument is None or (was is not None and not was.is_open):
            return None
        if was is None:
            expected = BookOrder.of(order, order.id, list_id="", parent="")
        else:
            expected = was.changed(order.quantity, order.limit_price, order.stop_price)
        levels = self._ledger.levels(expected)
        if not levels:
            return None
        expected.follow(levels[0].price, instrument)
        expected.budget = self._funds.need(expected).amount
        return expected

    def _number(self, approved: Approved, *, pair: bool) -> list[BookOrder]:
        """Give each order its number; the legs of a bracket know their entry."""
        first = self._ledger.next_order_id()
        orders = [BookOrder.of(approved.order, first, list_id=first if approved.legs else "", parent="")]
        for leg in approved.legs:
            number = self._ledger.next_order_id()
            orders.append(BookOrder.of(leg, number, list_id=first, parent="" if pair else first))
        return orders
