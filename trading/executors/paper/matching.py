"""How orders meet quotes at the paper venue, and what a trade or an end means for the rest of a list.

Where Binance Spot has a rule, it is followed (rest-api.md "New order", faqs on order lists):
- A bracket's legs wait until the entry is completely filled; if it ends in any other way they are canceled.
- Of an OCO pair the other leg goes as soon as one triggers or fills.

What a paper venue cannot know it does not invent: there is no queue ahead of a resting order, no market impact
beyond the depth shown, and no funding.
"""

from collections.abc import Sequence
from decimal import Decimal

from trading.errors import VenueRefused
from trading.executors.paper.funds import Funds
from trading.executors.paper.ledger import Ledger
from trading.executors.paper.order import BookOrder, State, first_state
from trading.executors.paper.rules import Rules
from trading.instruments import ZERO, Settlement, Side, plain
from trading.intent import TimeInForce
from trading.reports import Canceled, Expired, Rejected, Triggered


class Matching:
    """Trades the orders of a ledger against its quotes, within its funds."""

    def __init__(self, ledger: Ledger, funds: Funds, rules: Rules) -> None:
        self._ledger = ledger
        self._funds = funds
        self._rules = rules

    # --- orders and quotes -----------------------------------------------------------------------

    def meet(self, order: BookOrder, *, arriving: bool) -> None:
        """Hold an order against the present quote: a stop watches it, a working order trades with it.

        An order that is `arriving` (new, amended, triggered) takes; one that was resting is taken.
        """
        if order.state is State.WAITING:
            self._watch(order)
        elif order.state is State.WORKING:
            self._execute(order, arriving=arriving)

    def _watch(self, order: BookOrder) -> None:
        """Move a trailing stop; trigger a stop whose price the market shows."""
        levels = self._ledger.levels(order)
        if not levels:
            return
        if order.follow(levels[0].price, self._ledger.instruments[order.symbol]):
            self._ledger.write(order)
        if order.triggered_by(levels[0].price):
            order.state = State.WORKING
            self._ledger.write(order)
            self._ledger.tell(Triggered(order.order_id))
            self._end_sibling(order)
            self._execute(order, arriving=True)

    def _execute(self, order: BookOrder, *, arriving: bool) -> None:
        """Trade what the quote shows: at its levels, or, where a limit was resting, at that limit."""
        limit = None if arriving else order.limit_price
        takes, short = self._plan(order, limit)
        total = sum((quantity for _, quantity in takes), ZERO)
        if order.time_in_force is TimeInForce.FOK and total < order.remaining:
            self.end(order, State.EXPIRED, short or "FOK: not all of it was shown.")
            return
        for price, quantity in takes:
            self._ledger.take(order.symbol, price, quantity)
        if limit is not None:
            takes = [(limit, total)] if total else []
        for price, quantity in takes:
            self._fill(order, quantity, price, maker=limit is not None)
        if order.is_open and short:
            self.end(order, State.EXPIRED, short)
        elif order.is_open and order.time_in_force is TimeInForce.IOC:
            self.end(order, State.EXPIRED, "IOC: no more was shown.")

    def _plan(self, order: BookOrder, limit: Decimal | None) -> tuple[list[tuple[Decimal, Decimal]], str]:
        """(level price, quantity) it would get now, and, if funds or the position forbid any more, why."""
        shown = list(self._ledger.available(order))
        if not shown and not order.reduce_only:  # by far the most quotes: the funds need not be counted
            return [], ""
        instrument = self._ledger.instruments[order.symbol]
        spot = instrument.settlement is Settlement.SPOT
        left, short, cash = order.remaining, "", Decimal("Infinity")  # only a spot BUY spends any
        if order.reduce_only or (spot and order.side is Side.SELL):
            most = instrument.round_quantity(self._funds.reducible(order))
            if most < left:
                left, short = most, f"{'REDUCE_ONLY' if order.reduce_only else 'INSUFFICIENT_FUNDS'}: no more is held."
        elif spot:
            cash = self._funds.free(instrument.quote, without=order)
        takes: list[tuple[Decimal, Decimal]] = []
        for price, there in shown:
            unit = self._funds.unit_cost(price if limit is None else limit)
            wanted = min(there, left)
            broke = wanted * unit > cash
            quantity = instrument.round_quantity(max(cash, ZERO) / unit if broke else wanted)
            if quantity > 0:
                takes.append((price, quantity))
                left -= quantity
            if broke:
                return takes, f"INSUFFICIENT_FUNDS: {plain(cash)} {instrument.quote} left."
            cash -= quantity * unit
            if left <= 0:
                break
        return takes, short if left <= 0 else ""

    def _fill(self, order: BookOrder, quantity: Decimal, price: Decimal, *, maker: bool) -> None:
        """One trade: move the funds, write it down; the first ends an OCO sibling, the last the order."""
        instrument = self._ledger.instruments[order.symbol]
        self._ledger.settle(instrument, order.side, quantity, price)
        order.filled += quantity
        order.budget = max(order.budget - quantity * self._funds.unit_cost(price), ZERO)
        self._ledger.write(order)
        fee = self._funds.fee(instrument, order.side, quantity, price, maker=maker)
        self._ledger.add(-fee.amount, fee.currency)
        self._ledger.trade(order.order_id, quantity, price, fee, maker=maker)
        self._end_sibling(order)
        if order.remaining <= 0:
            self.end(order, State.FILLED)

    # --- lists -----------------------------------------------------------------------------------

    def siblings(self, order: BookOrder) -> list[BookOrder]:
        """The other open leg of an OCO pair."""
        if not order.list_id:
            return []
        pair = (order.list_id, order.parent)
        return [
            other
            for other in self._ledger.open_orders()
            if (other.list_id, other.parent) == pair and other.venue_order_id != order.venue_order_id
        ]

    def end(self, order: BookOrder, state: State, reason: str = "") -> None:
        """Close an order, and do to the rest of its list what that means."""
        self._close(order, state, reason)
        self._end_sibling(order)
        legs = [leg for leg in self._ledger.open_orders() if leg.parent == order.venue_order_id]
        if state is State.FILLED:
            self._activate(order, legs)
            return
        for leg in legs:
            self._close(leg, State.CANCELED, f"ENTRY {state.value}")

    def reject(self, order: BookOrder, why: VenueRefused) -> None:
        self._ledger.tell(Rejected(order.order_id, why.code, str(why)))
        self.end(order, State.REJECTED, str(why))

    def _close(self, order: BookOrder, state: State, reason: str) -> None:
        """Off the books; a fill or a rejection is told by who calls."""
        order.state, order.reason = state, reason
        self._ledger.write(order)
        if state is State.CANCELED:
            self._ledger.tell(Canceled(order.order_id, reason))
        elif state is State.EXPIRED:
            self._ledger.tell(Expired(order.order_id, reason))

    def _end_sibling(self, order: BookOrder) -> None:
        for other in self.siblings(order):
            self._close(other, State.CANCELED, "OCO")

    def _activate(self, entry: BookOrder, legs: Sequence[BookOrder]) -> None:
        """Place a bracket's legs, no larger than what the entry brought (as Binance OPO sells what was received)."""
        for leg in legs:
            if leg.state is not State.PENDING:  # its sibling has gone already
                continue
            spot_sell = self._ledger.instruments[leg.symbol].settlement is Settlement.SPOT and leg.side is Side.SELL
            leg.state = first_state(leg.type)
            most = entry.filled
            if leg.reduce_only or spot_sell:
                most = min(most, self._funds.reducible(leg))
            try:
                if self._rules.shrink(leg, most, "INSUFFICIENT_FUNDS"):
                    self._ledger.tell(leg.amended())
                self._rules.check_funds(leg)
            except VenueRefused as why:
                self.reject(leg, why)
                continue
            self._ledger.write(leg)
            self.meet(leg, arriving=True)
