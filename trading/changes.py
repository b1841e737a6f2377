"""What an open order may become: sized and rounded like a new one, and judged by the same gate."""

from decimal import Decimal

from trading import events as e
from trading.book import Book
from trading.cover import waits
from trading.drafting import Drafting
from trading.errors import IntentError
from trading.intent import Leg, Origin
from trading.order import Order
from trading.ports import Approved
from trading.risk.gate import Denied, RiskGate


class Changes:
    """Judges the change of an order; nothing is recorded or sent."""

    def __init__(self, book: Book, gate: RiskGate, drafting: Drafting) -> None:
        self.book = book
        self.gate = gate
        self.drafting = drafting

    def judged(
        self,
        order: Order,
        origin: Origin,
        *,
        quantity: Decimal | None = None,
        limit_price: Decimal | None = None,
        stop_price: Decimal | None = None,
    ) -> Order:
        """The order with its new quantity and prices, where the risk checks let it become so.

        Raises:
            IntentError: it is not open, it has no such price, or the change is denied.
        """
        changed, verdict = self.tried(order, origin, quantity=quantity, limit_price=limit_price, stop_price=stop_price)
        if isinstance(verdict, Denied):
            raise IntentError(verdict.reason, verdict.remedy, code=verdict.code)
        return changed

    def tried(
        self,
        order: Order,
        origin: Origin,
        *,
        quantity: Decimal | None = None,
        limit_price: Decimal | None = None,
        stop_price: Decimal | None = None,
    ) -> tuple[Order, Approved | Denied | None]:
        """The order as it would be, and the gate's verdict on that; None where it is only less of the same order.

        Raises:
            IntentError: it is not open, or it has no such price.
        """
        if quantity is not None and origin.source != "protection":
            self._check_resizable(order)
        changed = self.drafting.amended(order, quantity, limit_price, stop_price)
        return changed, None if _is_less(changed, order) else self.gate.judge(*self._as_listed(changed))

    def _check_resizable(self, order: Order) -> None:
        """A pair is as large as what it protects, and what a venue holds as a list stays as it was sent."""
        if order.leg is not Leg.ENTRY:
            text = f"The size of a {order.leg} order follows what it protects."
            raise IntentError(text, "Change its price, or cancel it.", code="BAD_QUANTITY")
        if any(leg.is_open and waits(leg, self.book) for leg in self.book.children(order.id)):
            text = "The venue holds this bracket as it was sent."
            raise IntentError(text, "Cancel the order and place it anew.", code="BRACKET_SENT")

    def _as_listed(self, changed: Order) -> tuple[Order, tuple[Order, ...]]:
        """What the gate judges: a leg that waits can close nothing yet, and is judged as one list with its entry."""
        entry = self.book.order(changed.parent_id) if waits(changed, self.book) else None
        if entry is None:
            return changed, ()
        legs = [leg for leg in self.book.children(entry.id) if leg.is_open]
        return entry, tuple(changed if leg.id == changed.id else leg for leg in legs)

    def wished(self, now: Order, before: Order, actor: str) -> list[e.AnyEvent]:
        """A leg that is moved changes what its bracket wishes for, should the leg ever have to be placed again."""
        moved = (now.stop_price, now.limit_price) != (before.stop_price, before.limit_price)
        if not moved or now.leg is Leg.ENTRY or self.book.order(now.parent_id) is None:
            return []
        stop = now.stop_price if now.leg is Leg.STOP_LOSS else None
        target = now.limit_price if now.leg is Leg.TAKE_PROFIT else None
        return [e.ProtectionChanged(now.parent_id, actor, stop, target)]


def _is_less(changed: Order, order: Order) -> bool:
    """Less of the same order: like a cancel, it is never denied."""
    prices = (changed.limit_price, changed.stop_price) == (order.limit_price, order.stop_price)
    return prices and changed.quantity < order.quantity
