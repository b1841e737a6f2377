"""Which open orders to ask for: those of the symbols that are traded, and now and then those of all.

The list of all symbols is dear (spot 80 of 6000 a minute, one symbol 6; USDT-M 80 of 2400, and 2). What is open on
symbols that the account does not trade is other people's: it is shown, but it need not be news.
"""

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta

from trading.clock import Clock
from trading.executors.binance.rules import SymbolRules
from trading.reports import VenueOrder

EVERYWHERE_EVERY = timedelta(minutes=5)
MOST_SYMBOLS = 12  # for more than so many the list of all is cheaper on spot, and as good on USDT-M

Look = Callable[[SymbolRules | None], Awaitable[list[VenueOrder]]]
"""Asks what is open on one symbol, or (None) on all."""


class Opened:
    """Asks by `look`, and remembers what it last saw on symbols that are not traded."""

    def __init__(self, clock: Clock, look: Look) -> None:
        self._clock, self._look = clock, look
        self._elsewhere: list[VenueOrder] = []
        self._everywhere_at: datetime | None = None  # when to look everywhere again; None: next time

    async def ask(self, traded: Iterable[SymbolRules]) -> list[VenueOrder]:
        """Everything that is open: of `traded` as it is now, of the others as of at most `EVERYWHERE_EVERY` ago."""
        traded, now = list(traded), self._clock.now()
        if self._everywhere_at is None or now >= self._everywhere_at or len(traded) > MOST_SYMBOLS:
            found = await self._look(None)
            names = {rules.symbol for rules in traded}
            self._elsewhere = [order for order in found if order.symbol not in names]
            self._everywhere_at = now + EVERYWHERE_EVERY
            return found
        here = [order for rules in traded for order in await self._look(rules)]
        return here + self._elsewhere

    def expire(self) -> None:
        """Something changes there: the next look is everywhere."""
        self._everywhere_at = None
