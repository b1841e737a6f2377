"""What was traded and paid on an account, asked of the terminal from some moment on."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from trading.executors.mt5.hearing import Hearing, details
from trading.executors.mt5.lookups import DAY_S
from trading.executors.mt5.wire import is_paid, is_trade, paid
from trading.mt5.terminal import Terminal
from trading.reports import Filled, Paid


class History:
    """The deals of one account, as fills and payments."""

    def __init__(self, hearing: Hearing) -> None:
        self._hearing, self._link = hearing, hearing.link

    async def fills(self, since: datetime) -> Sequence[Filled]:
        """Every trade, ours or not, oldest first."""
        deals_of, hedging = self._deals(since), self._link.is_hedging

        def read(terminal: Terminal) -> tuple[list[Any], dict[int, Any], dict[int, tuple[Any, ...]]]:
            deals = [each for each in deals_of(terminal) if is_trade(each)]
            past: dict[int, Any] = {each.ticket: each for each in terminal.orders()}
            of_position: dict[int, tuple[Any, ...]] = {}
            details(terminal, deals, {}, past, of_position, hedging=hedging)
            return deals, past, of_position

        # Whose they are is for the desk's books to say, which are not to be read in the package's thread.
        deals, past, of_position = await self._link.ask(read)
        return [self._hearing.fill(each, past, of_position) for each in deals]

    async def payments(self, since: datetime) -> Sequence[Paid]:
        """What is money only, oldest first."""
        deals = await self._link.ask(self._deals(since))
        return [paid(each, self._link) for each in deals if is_paid(each)]

    def _deals(self, since: datetime) -> Callable[[Terminal], list[Any]]:
        time = self._link.time
        span = time.broker_s(since) - DAY_S, time.broker_s(self._link.clock.now()) + DAY_S

        def read(terminal: Terminal) -> list[Any]:
            there = (each for each in terminal.deals(*span) if time.utc(each.time_msc) >= since)
            return sorted(there, key=lambda each: (each.time_msc, each.ticket))

        return read
