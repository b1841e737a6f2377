"""The executor of an account that cannot be used in a mode: no keys, for one. It says why, and does nothing."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NoReturn

from trading.errors import VenueUnreachable
from trading.instruments import Instrument, Money, Symbol
from trading.order import Order
from trading.ports import Approved, Capabilities
from trading.reports import Filled, Report, VenueOrder


class ClosedExecutor:
    """Answers everything with `VenueUnreachable`: `why`, and `remedy`. Nothing ever leaves."""

    def __init__(self, venue: str, why: str, remedy: str) -> None:
        self.venue = venue
        self.why = self.problem = why
        self.capabilities = Capabilities(order_types=frozenset(), time_in_force=frozenset())
        self.instruments: Mapping[Symbol, Instrument] = {}
        self._remedy = remedy

    def _refuse(self) -> NoReturn:
        raise VenueUnreachable(self.why, self._remedy, code="CLOSED")

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def found(self) -> Sequence[str]:
        return (f"{self.why} {self._remedy}",)

    def describe(self, approved: Approved) -> str:
        return f"nothing: {self.why}"

    def vet(self, order: Order, reference: Decimal | None) -> None: ...

    async def place(self, approved: Approved) -> None:
        self._refuse()

    async def cancel(self, order: Order) -> None:
        self._refuse()

    async def amend(
        self, order: Order, quantity: Decimal, limit_price: Decimal | None, stop_price: Decimal | None
    ) -> None:
        self._refuse()

    async def withdraw(self, order: VenueOrder) -> None:
        self._refuse()

    async def set_leverage(self, symbol: Symbol, leverage: int) -> None:
        self._refuse()

    async def reports(self) -> AsyncIterator[Report]:
        await asyncio.Event().wait()  # there will be none
        yield  # type: ignore[misc]

    async def lookup(self, order: Order) -> VenueOrder | None:
        self._refuse()

    async def open_orders(self) -> Sequence[VenueOrder]:
        self._refuse()

    async def fills(self, since: datetime) -> Sequence[Filled]:
        self._refuse()

    async def balances(self) -> Sequence[Money]:
        self._refuse()

    async def positions(self) -> Mapping[Symbol, Decimal]:
        self._refuse()
