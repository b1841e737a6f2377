"""How many and how fast: open orders, orders a minute, the same order twice."""

import math
from datetime import timedelta

from trading.events import Finding
from trading.order import Order
from trading.risk.checks.check import Check
from trading.risk.reasons import Reason
from trading.risk.submissions import MINUTE, may_repeat
from trading.risk.view import View
from trading.words import span


class MaxOpenOrders(Check, frozen=True):
    """Open orders of the symbol with this one; the stops and targets of positions do not count."""

    reason = Reason.MAX_OPEN_ORDERS
    limit: int

    def __call__(self, order: Order, view: View) -> Finding | None:
        after = view.standing.open.entries.get(order.symbol, 0) + 1
        text = f"open orders of {order.symbol} would be {after}, limit {self.limit}"
        return self.passes(text) if after <= self.limit else self.denies(text, symbol=order.symbol)


class OrderRate(Check, frozen=True):
    """Orders that the account sent within the last 60 seconds, with this one."""

    reason = Reason.ORDER_RATE
    limit: int

    def __call__(self, order: Order, view: View) -> Finding | None:
        after = view.facts.sent + 1
        text = f"orders within {span(MINUTE)} would be {after}, limit {self.limit}"
        if after <= self.limit:
            return self.passes(text)
        first = view.facts.first_sent
        return self.denies(text, wait=span(whole(first + MINUTE - view.standing.now) if first else MINUTE))


class NotDuplicate(Check, frozen=True):
    """Not the same order from the same actor within the window, in seconds, unless it was confirmed.

    Strategies are left out (their key is a bar, which cannot be asked twice), and so are protective
    orders (they come in equal parts).
    """

    reason = Reason.DUPLICATE
    limit: int

    def __call__(self, order: Order, view: View) -> Finding | None:
        if may_repeat(order):
            return None
        twin = view.facts.twin
        window = timedelta(seconds=self.limit)
        age = view.standing.now - twin.at if twin else window
        if twin is None or age >= window:
            return self.passes(f"no equal order within {span(window)}")
        text = f"the same as {twin.order.id}, sent {age.total_seconds():.1f}s ago, window {span(window)}"
        if view.facts.confirmed:
            return self.passes(f"{text}, and confirmed")
        return self.denies(text, wait=span(whole(window - age)), order=twin.order.id)


def whole(left: timedelta) -> timedelta:
    """What is left to wait in whole seconds, at least one."""
    return timedelta(seconds=max(1, math.ceil(left.total_seconds())))
