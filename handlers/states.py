"""What lists call the state of an order."""

from trading.book import Book
from trading.cover import waits
from trading.order import Order, OrderStatus
from trading.words import STATUS


def waits_for_entry(order: Order, book: Book) -> bool:
    """Whether a stop or target was accepted and cannot do anything yet: the venue holds it until its entry is done."""
    return order.status is OrderStatus.ACCEPTED and waits(order, book)


def state(order: Order, book: Book) -> str:
    """In few words how an order stands."""
    if order.in_doubt:
        return "UNKNOWN - checking"
    return "waits for its entry" if waits_for_entry(order, book) else STATUS[order.status]
