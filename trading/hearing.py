"""What a venue's report adds to what is known of an order: pure, given the book.

Reports come late, twice and out of order; old news adds nothing.
"""

from decimal import Decimal
from typing import assert_never

import msgspec

from trading import events as e
from trading import reports
from trading.book import Book
from trading.instruments import ZERO
from trading.order import Order, OrderStatus
from trading.valuation import Valuation


def facts_of(order: Order, report: reports.Report, book: Book, valuation: Valuation) -> list[e.AnyEvent]:
    """The events to record for a report of `order`; none if it is old news."""
    match report:
        case reports.Filled():
            return _fill(order, report, book, valuation)
        case reports.Accepted():
            news = order.status is OrderStatus.SUBMITTED or (order.is_open and not order.venue_order_id)
            return [e.OrderAccepted(order.id, report.venue_order_id)] if news or order.in_doubt else []
        case reports.Rejected():
            if order.filled_quantity or not order.is_open:
                return []
            return [e.OrderRejected(order.id, report.code, report.reason)]
        case reports.Canceled() | reports.Expired() if lacks_fills(order, report):
            return []
        case reports.Canceled():
            asked = order.status is OrderStatus.PENDING_CANCEL  # who asked says more than the venue's word for it
            return [e.OrderCanceled(order.id, order.reason if asked else report.reason)] if order.is_open else []
        case reports.Expired():
            return [e.OrderExpired(order.id, report.reason)] if order.is_open else []
        case reports.CancelRefused():
            # "Unknown order" of one that is still on its way says nothing: the cancel is asked for again.
            pending = order.status is OrderStatus.PENDING_CANCEL and not order.is_unheard
            return [e.OrderCancelRefused(order.id, report.reason)] if pending else []
        case reports.Amended():
            return _amended(order, report)
        case reports.Triggered():
            return [e.OrderTriggered(order.id)] if order.is_open else []
        case reports.Paid() | reports.Reconnected():
            return []
        case _:
            assert_never(report)


def lacks_fills(order: Order, report: reports.Report) -> bool:
    """Whether an open order has ended with fills that are not known yet.

    It stays open until they are: nobody may act on what would seem to be left of it.
    """
    if not isinstance(report, reports.Canceled | reports.Expired) or report.filled_quantity is None:
        return False
    return order.is_open and report.filled_quantity > order.filled_quantity


def _amended(order: Order, report: reports.Amended) -> list[e.AnyEvent]:
    now = (order.quantity, order.limit_price, order.stop_price)
    news = order.is_amending or now != (report.quantity, report.limit_price, report.stop_price)
    if report.quantity <= 0:
        return []  # no order is of nothing: it would count as complete
    return [e.OrderAmended(**msgspec.structs.asdict(report))] if news and order.is_open else []


def _fill(order: Order, report: reports.Filled, book: Book, valuation: Valuation) -> list[e.AnyEvent]:
    never = order.status in (OrderStatus.REJECTED, OrderStatus.DENIED)
    if report.quantity <= 0 or report.price <= 0:
        return []  # that is no trade; if there was one, the venue's balance shows it as a difference
    if never or book.has_fill(order.account_id, order.symbol, report.trade_id):
        return []
    fact = e.OrderFilled(
        order.id,
        report.trade_id,
        report.quantity,
        report.price,
        report.fee,
        _fee_value(order, report, book, valuation),
        report.at,
        report.maker,
        report.settled,
        report.entry_price,
    )
    ended = order.status in (OrderStatus.CANCELED, OrderStatus.EXPIRED)
    if ended and order.filled_quantity + report.quantity < order.quantity:
        # The venue had executed a part before it ended the order; it is still ended.
        again = e.OrderCanceled if order.status is OrderStatus.CANCELED else e.OrderExpired
        return [fact, again(order.id, order.reason)]
    return [fact]


def _fee_value(order: Order, report: reports.Filled, book: Book, valuation: Valuation) -> Decimal:
    """The fee in the instrument's quote currency, at this fill's price where it is in base."""
    instrument = book.instrument(order.account_id, order.symbol)
    if instrument is None:
        return ZERO
    if report.fee.currency == instrument.base:
        return report.fee.amount * report.price
    rate = valuation.rate(order.account_id, report.fee.currency, into=instrument.quote)
    return report.fee.amount * (rate or ZERO)
