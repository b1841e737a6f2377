"""What must hold at every step, checked as the journal is written and as orders leave for the venue."""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal

from trading import events as e
from trading.book import Book
from trading.control import Latch
from trading.instruments import ZERO, Instrument, Settlement, Side
from trading.intent import AccountId, Leg
from trading.order import Order
from trading.risk.limits import Limits
from trading.valuation import Valuation

STILL = (e.EquitySampled, e.Reconciled, e.DriftFound, e.DriftResolved)
"""What is recorded of a desk in which nothing moves."""


class Broken(Exception):
    """An invariant does not hold."""


class Watch:
    """Told of every append and every request; keeps what it found for the world to raise."""

    def __init__(self, limits: Limits, note: Callable[[str], None]) -> None:
        self.limits = limits
        self.note = note
        self.found: list[str] = []
        self.submitted: set[str] = set()
        self.denied: set[str] = set()
        self.on_wire: Counter[str] = Counter()
        self.last_seq = 0
        self.digest = hashlib.sha256()  # of every entry, in order
        self.moves = 0  # entries that tell of a change

    def broken(self, invariant: str, text: str) -> None:
        self.found.append(f"{invariant}: {text}")
        self.note(f"BROKEN {invariant}: {text}")

    def check(self) -> None:
        """Raises Broken with the first thing found."""
        if self.found:
            raise Broken(self.found[0])

    # --- the journal -------------------------------------------------------------------------

    def written(self, entries: Sequence[e.Recorded]) -> None:
        """These are durable now."""
        for entry in entries:
            self.last_seq += 1
            if entry.seq != self.last_seq:
                self.broken("the journal is gapless", f"{entry.seq} came after {self.last_seq - 1}")
            self.moves += not isinstance(entry.event, STILL)
            if isinstance(entry.event, e.OrderSubmitted):
                self.submitted.add(entry.event.order_id)
            elif isinstance(entry.event, e.OrderDenied):
                self.denied.add(entry.event.order_id)
            self.digest.update(f"{entry.seq}{entry.at}".encode() + e.encode(entry.event))
            self.note(f"{entry.seq} {_told(entry.event)}")

    def sent(self, orders: Sequence[Order]) -> None:
        """These leave for the venue now."""
        for order in orders:
            self.on_wire[order.id] += 1
            if order.id in self.denied:
                self.broken("no denied order reaches the venue", order.id)
            elif order.id not in self.submitted:
                self.broken("journalled before the wire", order.id)
            if self.on_wire[order.id] > 1:
                self.broken("nothing is sent twice", order.id)

    # --- limits ------------------------------------------------------------------------------

    def asked(self, events: Sequence[e.AnyEvent], book: Book, valuation: Valuation) -> None:
        """These are about to be appended: no entry among them may pass a limit or a latch."""
        going = {event.order_id for event in events if isinstance(event, e.OrderSubmitted)}
        for event in events:
            if isinstance(event, e.OrderInitialized) and event.order_id in going and event.leg is Leg.ENTRY:
                self._entry(event, book, valuation)

    def _entry(self, event: e.OrderInitialized, book: Book, valuation: Valuation) -> None:
        account = AccountId(event.account, event.mode)
        instrument = book.instrument(account, event.symbol)
        quote = valuation.quote(account, event.symbol)
        if instrument is None or quote is None:
            return
        position = book.position(account, event.symbol)
        held = position.quantity if position else ZERO
        if not opens(event.side, event.quantity, held, instrument):
            return
        for scope in ("all", event.account, event.symbol):
            latch = book.get(Latch, scope)
            if latch is not None and latch.state is not e.TradingState.ACTIVE:
                self.broken("no entry while latched", f"{event.order_id} although {scope} is {latch.state}")
        if (lock := book.lock_on(event.symbol)) is not None:
            self.broken("no entry while locked", f"{event.order_id} although {lock.symbol} is locked")
        working = [o for o in book.open_orders(account, event.symbol) if o.leg is Leg.ENTRY]
        if len(working) + 1 > self.limits.max_open_orders_per_symbol:
            self.broken("max_open_orders_per_symbol", f"{event.order_id} is number {len(working) + 1}")
        price = event.limit_price or event.stop_price or quote.taker(event.side)[0].price
        value = instrument.notional(event.quantity, price)
        if value > self.limits.max_order_value:
            self.broken("max_order_value", f"{event.order_id} is worth {value}")
        if held * event.side.sign < 0:
            return
        same = [o for o in working if o.side is event.side]
        total = abs(held) * quote.mark(held) * instrument.multiplier + value
        total += sum((_least_value(o, instrument, quote.taker(o.side)[0].price) for o in same), ZERO)
        if total > self.limits.max_position_value:
            self.broken("max_position_value", f"{event.order_id} makes it {total}")


def opens(side: Side, quantity: Decimal, held: Decimal, instrument: Instrument) -> bool:
    """Whether an order can open or add, rather than only reduce; selling what one has on spot never does."""
    if instrument.settlement is Settlement.SPOT:
        return side is Side.BUY
    return quantity > max(-side.sign * held, ZERO)


def _least_value(order: Order, instrument: Instrument, price: Decimal) -> Decimal:
    return instrument.notional(order.remaining, order.limit_price or order.stop_price or price)


def _told(event: e.AnyEvent) -> str:
    shown = {
        name: value
        for name in event.__struct_fields__
        if (value := getattr(event, name)) not in (None, "", ()) and name != "findings"
    }
    return f"{type(event).__name__} " + " ".join(f"{name}={value}" for name, value in shown.items())
