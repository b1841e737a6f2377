"""What people must be told of protection that does not work; each thing once in a life of the process."""

from decimal import Decimal

from trading import events as e
from trading.book import Book
from trading.cover import Cover, is_its_position
from trading.ids import derive
from trading.instruments import ZERO, Instrument, plain
from trading.intent import Leg
from trading.order import POSITION_CLOSED, Order, OrderStatus


class Alarms:
    """Notices about stops and targets."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self._told: set[tuple[str, str]] = set()

    def is_news(self, what: str, name: str) -> bool:
        """Whether this has not been said before, in this life of the process."""
        said = (what, name) in self._told
        self._told.add((what, name))
        return not said

    async def not_working(self, entry: Order, cover: Cover, is_bare: bool) -> None:
        """Say once what did not get through, and whether it is tried again, as long as it matters."""
        if not is_its_position(entry, self.book):
            return
        for pair in (*cover.lame, *cover.again, *cover.lost):
            leg, lost = pair.main, pair in cover.lost
            works = pair.live and leg.reason != POSITION_CLOSED  # else its target ends in the same moment
            matters = (is_bare or works) and (pair.failed or lost)
            known = pair.failed and not leg.parent_id  # told when it was refused
            if not matters or known or not self.is_news("lost" if lost else "again", leg.id):
                continue
            again = "" if lost else " It is tried again."
            again = " The position is closed at the market." if pair.was_due else again
            text = (
                f"{leg.symbol}: the {leg.leg} order {leg.id} over {plain(pair.size)} does not work "
                f"({leg.reason}).{again}"
            )
            severity = "critical" if leg.leg is Leg.STOP_LOSS else "warning"
            await self.book.record(e.Noticed(derive("unprotected", leg.id), severity, "protection", text))

    async def refused(self, order: Order | None) -> None:
        """Say that the venue refused the stop of a pair by itself; nobody sends it again.

        A denial is ours, and was the answer to whoever asked for the pair.
        """
        refused = order is not None and order.status is OrderStatus.REJECTED
        alone = order is not None and order.leg is Leg.STOP_LOSS and not order.parent_id
        if order is None or not refused or not alone:
            return
        text = f"{order.symbol}: the stop {order.id} over {plain(order.quantity)} does not work ({order.reason})."
        await self.book.record(e.Noticed(derive("unprotected", order.id), "critical", "protection", text))

    async def overdone(self, order: Order | None) -> None:
        """Say once that a pair closed more than it was for: a venue filled both of its legs."""
        pair = self.book.group(order.group) if order is not None and order.group else []
        size, done = max((leg.quantity for leg in pair), default=ZERO), sum((leg.filled_quantity for leg in pair), ZERO)
        both = all(leg.filled_quantity for leg in pair)  # one alone closes more where it is the whole position's own
        if order is None or done <= size or not both or not self.is_news("overdone", order.group):
            return
        position = self.book.position(order.account_id, order.symbol)
        text = (
            f"{order.symbol}: stop and target were both filled, {plain(done)} instead of {plain(size)}. "
            f"The position is now {plain(position.quantity if position else ZERO)}: close what should not be there."
        )
        await self.book.record(e.Noticed(derive("overdone", order.group), "critical", "protection", text))

    async def blocked(self, entry: Order, instrument: Instrument, quantity: Decimal) -> None:
        """Say once that open orders of the other side leave nothing for a stop to close."""
        dust = entry.average_price is None or instrument.is_dust(quantity, entry.average_price)
        if dust or not self.is_news("blocked", entry.id):
            return
        text = (
            f"{entry.symbol}: {plain(quantity)} of {entry.id} has no stop or target while other orders are open "
            f"to {entry.side.opposite.lower()} it. Cancel them to have it protected."
        )
        await self.book.record(e.Noticed(derive("blocked", entry.id), "critical", "protection", text))
