"""When a contingent order is triggered: stop prices, and trailing stops (faqs/trailing-stop-faq.md)."""

from decimal import Decimal

from tests.emulators.binance.orders import Order


def at_stop(order: Order, last: Decimal) -> bool:
    """Has the market reached an order's stop price? False if it has none."""
    return bool(order.stop) and (last >= order.stop if order.above else last <= order.stop)


def at_once(order: Order, last: Decimal | None) -> bool:
    """Is its stop price on the wrong side of the last price already?"""
    return order.contingent and last is not None and at_stop(order, last)


def reached(order: Order, last: Decimal, now_ms: int) -> bool:
    """Does a trade at this price trigger an order? A trailing one takes note of the price.

    It tracks from the trade that reaches its stop price, or from the start if it has none: a buy the lowest price, a
    sell the highest; it is triggered by a move of its delta, in hundredths of a percent, away from there.
    """
    if not order.trailing:
        return at_stop(order, last)
    if order.extreme is None:
        if not order.stop or at_stop(order, last):
            order.extreme, order.trailing_ms = last, now_ms
        return False
    part = Decimal(order.trailing) / 10_000
    if order.side == "BUY":
        order.extreme = min(order.extreme, last)
        return last >= order.extreme * (1 + part)
    order.extreme = max(order.extreme, last)
    return last <= order.extreme * (1 - part)
