"""When "no such order" may be believed.

Queries read a copy of the matching engine's state, so -2013 may only mean "not yet" (general API information).
"""

from collections.abc import Awaitable
from datetime import datetime, timedelta
from typing import Any, NoReturn

from trading.clock import Clock
from trading.errors import OutcomeUnknown, VenueRefused
from trading.executors.binance.outcome import HEALING_S, certain_after
from trading.executors.binance.recent import Recent
from trading.order import Order

UNKNOWN_ORDER = ("NO_SUCH_ORDER", "UNKNOWN_ORDER", "ORDER_ARCHIVED")

TIMES = 2
"""How often Binance must say it, after the moment from which on nothing of the order can still be executed."""


class Doubts:
    """What Binance has said so far of orders that it does not show."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._certain = Recent[str, datetime]()  # after a request about the order that was left in doubt
        self._denied = Recent[str, int]()

    def sent(self, order: Order, certain_at: datetime) -> None:
        """A request about the order left us and was not answered: until then anything may come of it."""
        self._certain[order.id] = certain_at
        self._denied.pop(order.id, None)

    def shown(self, order: Order) -> None:
        """Binance has it after all."""
        self._denied.pop(order.id, None)

    def denied(self, order: Order) -> None:
        """Binance does not have it, once more. Nothing, if that may be believed.

        Raises:
            OutcomeUnknown: not yet.
        """
        begun_at, certain_at = max(order.created_at, order.updated_at), self._certain.get(order.id)
        if certain_at is None:  # another process, or another request, of which the order tells only when it was begun
            certain_at = certain_after(begun_at + timedelta(seconds=HEALING_S))
        certain_at = max(certain_at, certain_after(begun_at))
        if self._clock.now() < certain_at:
            self._unsure("Binance does not know the order yet.", f"It is certain by {certain_at:%H:%M:%S} UTC.")
        self._denied[order.id] = self._denied.get(order.id, 0) + 1
        if self._denied[order.id] < TIMES:
            self._unsure("Binance does not know the order.", "It is asked once more.")

    def _unsure(self, text: str, remedy: str) -> NoReturn:
        raise OutcomeUnknown(text, remedy, code="NOT_SURE")


async def absent(call: Awaitable[Any]) -> Any:
    """The answer of a look-up, or None where Binance says that there is no such order."""
    try:
        return await call
    except VenueRefused as why:
        if why.code in UNKNOWN_ORDER:
            return None
        raise
