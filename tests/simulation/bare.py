"""Whether every position that was opened with a stop still has one."""

from collections import defaultdict
from decimal import Decimal

from tests.simulation.deal import Trade
from tests.simulation.desk import Desk
from tests.simulation.exchange import Exchange
from trading import events as e
from trading.instruments import ZERO, Instrument, Settlement, Side, Symbol
from trading.intent import AccountId, Leg
from trading.order import Order

AGAIN = "tried again"  # a warning that is not for good
CRUMBS = 10  # in quote currency
Problem = tuple[str, str]


def bare(desk: Desk, entries: list[e.Recorded]) -> list[Problem]:
    """What was opened with a stop has one, or an exit, or people were told; unless they took it away."""
    problems: list[Problem] = []
    for account, venue in desk.around.venues.items():
        ended, opened = _ended(venue.exchange), _opened(venue.exchange)
        for symbol, instrument in venue.exchange.instruments.items():
            wanting = [
                order
                for order in desk.book.all(Order)
                if (order.account_id, order.symbol, order.leg) == (account, symbol, Leg.ENTRY)
                and (order.stop_loss or order.trail_loss)
                and order.filled_quantity
                and order.id not in ended
            ]
            position = desk.book.position(account, symbol)
            mark = desk.valuation.mark(position) if position else None
            if not position or not mark or not wanting:
                continue
            for side in Side:
                held = max(side.sign * position.quantity, ZERO)
                of_side = [order for order in wanting if order.side is side]
                need = sum((_wants(desk, o, opened[o.id], instrument, entries) for o in of_side), ZERO)
                bare = sum((_given_up(desk, order, entries) for order in of_side), ZERO)
                left = min(held - bare, need) - _exits(desk, account, symbol, side.opposite, entries)
                if left * mark * instrument.multiplier > CRUMBS:
                    who = [order.id for order in wanting if order.side is side]
                    problems.append(("a filled bracket is protected", f"{symbol} {left} of {held} held by {who}"))
    return problems


def _exits(desk: Desk, account: AccountId, symbol: Symbol, side: Side, entries: list[e.Recorded]) -> Decimal:
    """What live stops, and orders that are an exit by themselves, will close; of a pair only one can.

    A target counts where people took its stop away or were told that it does not work.
    """
    taken, told = _taken(entries), _warnings(entries)
    pairs: dict[str, Decimal] = {}
    for order in desk.book.open_orders(account, symbol):
        mates = desk.book.group(order.group)
        alone = any(mate.reason == "OCO" or mate.id in taken or mate.id in told for mate in mates)
        alone = alone or not any(mate.leg is Leg.STOP_LOSS for mate in mates)
        if order.side is side and (order.leg is not Leg.TAKE_PROFIT or alone):
            bond = order.group or order.id
            pairs[bond] = max(pairs.get(bond, ZERO), order.remaining)
    return sum(pairs.values(), ZERO)


def _taken(entries: list[e.Recorded]) -> set[str]:
    """Orders that people cancelled or changed."""
    asked = (e.OrderCancelRequested, e.OrderAmendRequested)
    return {
        entry.event.order_id
        for entry in entries
        if isinstance(entry.event, asked) and entry.event.source != "protection"
    }


def _warnings(entries: list[e.Recorded]) -> str:
    """What people were told for good."""
    return " ".join(
        entry.event.text
        for entry in entries
        if isinstance(entry.event, e.Noticed) and entry.event.severity == "critical" and AGAIN not in entry.event.text
    )


def _wants(desk: Desk, order: Order, opened: Decimal, instrument: Instrument, entries: list[e.Recorded]) -> Decimal:
    """What an entry opened, less what its own legs closed, what people took away and what they were told of."""
    received = opened - (order.fee_in(instrument.base) if order.side is Side.BUY else ZERO)
    closed = sum((leg.filled_quantity for leg in desk.book.children(order.id)), ZERO)
    return ZERO if order.id in _warnings(entries) else received - closed - _given_up(desk, order, entries)


def _given_up(desk: Desk, order: Order, entries: list[e.Recorded]) -> Decimal:
    """Of what an entry opened, what people took the protection from or were told that it has none."""
    taken, told = _taken(entries), _warnings(entries)
    given_up: dict[str, Decimal] = {}
    for leg in desk.book.children(order.id):
        number = leg.key.rpartition(":")[2]
        if leg.id in taken or (leg.leg is Leg.STOP_LOSS and leg.id in told):
            given_up[number] = max(given_up.get(number, ZERO), leg.initial_quantity - leg.filled_quantity)
    return sum(given_up.values(), ZERO)


def _ended(exchange: Exchange) -> set[str]:
    """Orders since whose first trade their position was flat, or nearly: with or without what was traded by hand."""
    ours = [trade for trade in exchange.trades if trade.fill.order_id]
    return _history(exchange, ours)[0] | _history(exchange, exchange.trades)[0]


def _opened(exchange: Exchange) -> dict[str, Decimal]:
    """How much each order opened, beyond what it closed of the other side."""
    return _history(exchange, exchange.trades)[1]


def _history(exchange: Exchange, trades: list[Trade]) -> tuple[set[str], dict[str, Decimal]]:
    held: dict[str, Decimal] = {}
    opened: dict[str, Decimal] = defaultdict(Decimal)
    began: dict[str, tuple[str, int]] = {}
    flat: dict[str, int] = {}
    for number, trade in enumerate(trades):
        symbol, instrument = trade.symbol, exchange.instruments[trade.symbol]
        before = held.get(symbol, ZERO)
        after = before + trade.side.sign * trade.fill.quantity
        held[symbol] = max(after, ZERO) if instrument.settlement is Settlement.SPOT and before >= 0 else after
        if before * held[symbol] <= 0 or instrument.notional(abs(held[symbol]), trade.fill.price) < CRUMBS:
            flat[symbol] = number
        began.setdefault(trade.fill.order_id, (symbol, number))
        closed = abs(before) if before * trade.side.sign < 0 else ZERO
        opened[trade.fill.order_id] += max(trade.fill.quantity - closed, ZERO)
    return {order_id for order_id, (symbol, number) in began.items() if number < flat.get(symbol, -1)}, opened


CRUMBS = 10  # in quote currency
