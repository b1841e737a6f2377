"""Binance as a stage of the contract suite: the real executor, over sockets, at the emulated exchange."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from tests.trading.executors.binance.account import COIN, CONTRACT, NAME, Exchange, exchange
from tests.trading.executors.contract import Desk, Habits
from trading.binance.products import Product
from trading.errors import OutcomeUnknown
from trading.instruments import Side
from trading.ports import Executor
from trading.reports import Accepted, Expired, Rejected, Report


class BinanceStage:
    def __init__(self, there: Exchange, product: Product) -> None:
        usdm = product is Product.USDM
        self.symbol = CONTRACT if usdm else COIN
        self.habits = Habits(
            tells_twice=True,
            lookups=3,
            market_waits=False,
            trails_in_money=False,
            unfillable=Rejected if usdm else Expired,
            paired=Expired,
            paired_reason="the other order of its pair went ahead",
            double=OutcomeUnknown,
        )
        self.there, self.product = there, product
        self.executor = there.executor(product)

    async def show(self, bids: str, asks: str, last: Side) -> None:
        self.there.clock.move(1)
        self.there.show(bids, asks, last)

    async def settle(self, heard: list[Report]) -> None:
        name = self.there.mark(self.product)
        async with asyncio.timeout(5):
            while not (marks := [each for each in heard if isinstance(each, Accepted) and each.order_id == name]):  # noqa: ASYNC110 - what is waited for is on the other side of a socket
                await asyncio.sleep(0)
        heard.remove(marks[0])

    async def wait(self, seconds: float) -> None:
        self.there.clock.move(seconds)

    async def restart(self) -> None:
        await self.executor.stop()
        self.executor = self.there.executor(self.product)
        await self.executor.start()


@asynccontextmanager
async def binance_stage(product: Product) -> AsyncIterator[BinanceStage]:
    async with exchange() as there:
        there.show("100x5", "101x5")
        stage = BinanceStage(there, product)
        await stage.executor.start()
        try:
            yield stage
        finally:
            await stage.executor.stop()


class BinanceDesk(Desk):
    """A desk at Binance, which sees what the exchange sees."""

    def __init__(self, stage: BinanceStage) -> None:
        super().__init__(stage)
        self.there, self.product = stage.there, stage.product
        self.venue = stage.there.venue
        self.faults = self.venue.faults

    @property
    def executor(self) -> Executor:
        return self.stage.executor

    def sent(self, path: str) -> int:
        """How many requests to this path have arrived there."""
        return sum(each.partition("?")[0] == path for each in self.venue.requests)

    def act(self, operation: str, **params: object) -> Any:
        """Somebody with the password does this on the web site (spot)."""
        return self.there.spot.act("main", operation, symbol=NAME, **params)

    async def hear(self, is_so: Callable[[], object]) -> None:
        """Wait until something that is on its way has arrived."""
        async with asyncio.timeout(5):
            while not is_so():  # noqa: ASYNC110 - what is waited for is on the other side of a socket
                await asyncio.sleep(0)


@asynccontextmanager
async def desk_at(product: Product) -> AsyncIterator[BinanceDesk]:
    """A desk that has been started; the market shows 5 at 100 and at 101, and 5 more behind each."""
    async with binance_stage(product) as stage:
        desk = BinanceDesk(stage)
        await desk.show("100x5 99x5", "101x5 102x5")
        yield desk
        await desk.close()
