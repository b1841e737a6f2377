"""What a venue has done by itself, as orders of ours that nobody sent: facts, and no matter for the gate.

Each answers the order, and how it begins if it is new.
"""

from trading import events as e
from trading import reports
from trading.cover import pairs_of
from trading.drafting import Drafting, initialized
from trading.ids import derive
from trading.instruments import plain
from trading.intent import AccountId, Intent, Leg, OrderType, Origin, Size
from trading.order import Order


def held_leg(drafting: Drafting, entry: Order, report: reports.Filled, leg: Leg) -> tuple[Order, list[e.AnyEvent]]:
    """The stop or target that a venue has held for an entry, and done; perhaps the desk is just placing its own."""
    book = drafting.book
    for order in book.children(entry.id):
        if order.leg is leg and order.is_unheard and order.quantity == report.quantity:
            return order, []
    is_stop = leg is Leg.STOP_LOSS
    wish = entry.stop_loss if is_stop else entry.take_profit
    price = wish or report.price
    wished = wish or (is_stop and entry.trail_loss)
    number = 1 + max((int(pair.number) for pair in pairs_of(entry, book)), default=0)
    intent = Intent(
        f"{entry.key}:{leg}:{number if wished else report.trade_id}",
        entry.account_id,
        entry.symbol,
        entry.side.opposite,
        Size(report.quantity),
        Origin(entry.actor, "protection", f"{leg} of {entry.id}"),
        type=OrderType.STOP if is_stop else OrderType.LIMIT,
        limit_price=None if is_stop else price,
        stop_price=price if is_stop else None,
        reduce_only=True,
        leg=leg,
        parent_id=entry.id if wished else "",
    )
    order = drafting.draft(intent)
    request = f"none: {plain(price)} was the venue's own {leg} of {entry.id}"
    return order, [initialized(order), e.OrderSubmitted(order.id, (), request)]


def closed_out(
    drafting: Drafting, account: AccountId, report: reports.Filled, closed: reports.CloseOut
) -> tuple[Order, list[e.AnyEvent]]:
    """A trade by which the venue has closed a position for want of money, an order each; people are told at once."""
    intent = Intent(
        f"closed out:{account}:{closed.symbol}:{report.trade_id}",
        account,
        closed.symbol,
        closed.side,
        Size(report.quantity),
        Origin("venue", "liquidation", closed.reason),
        reduce_only=True,
    )
    if known := drafting.book.order(drafting.book.order_id(intent.key)):
        return known, []
    order, done = drafting.draft(intent), f"{plain(report.quantity)} {closed.symbol} at {plain(report.price)}"
    text = f"{account}: LIQUIDATED by the venue, {closed.side} {done}: {closed.reason}."
    return order, [
        initialized(order),
        e.OrderSubmitted(order.id, (), "none: the venue has done it by itself"),
        e.Noticed(derive("closed out", order.id), "critical", "venue", text),
    ]
