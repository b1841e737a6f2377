"""The venues that the contract suite is played at. A new executor joins by one more entry in `STAGES`."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal

from tests.bridge.stage import bridged_stage
from tests.kit import HandClock, MemoryVenueStore
from tests.trading.executors.binance.stage import binance_stage
from tests.trading.executors.contract import INSTRUMENT, SYMBOL, FakeMarket, Habits, Stage
from tests.trading.executors.mt5.stage import EXCHANGE, HEDGING, NETTING, mt5_stage
from trading.binance.products import Product
from trading.executors.paper.executor import PaperExecutor
from trading.executors.paper.funds import Fees, Lending
from trading.instruments import Money, Settlement, Side
from trading.reports import Report


class PaperStage:
    habits = Habits()

    def __init__(self, settlement: Settlement) -> None:
        spot = settlement is Settlement.SPOT
        self.symbol = SYMBOL
        self.clock = HandClock()
        self.market = FakeMarket(self.clock, INSTRUMENT)
        self.store = MemoryVenueStore()
        self._products = ("spot",) if spot else ("usdm",)
        self._funds = (Money(Decimal(10000), "USDT"), *((Money(Decimal(10), "BTC"),) if spot else ()))
        self.executor = self._make()

    def _make(self) -> PaperExecutor:
        return PaperExecutor(
            "demo",
            self.market,
            self.store,
            self.clock,
            funds=self._funds,
            fees=Fees(Decimal("0.001"), Decimal("0.002")),
            lending=lambda: Lending(Decimal(2)),
            products=self._products,
        )

    async def show(self, bids: str, asks: str, last: Side) -> None:
        self.market.book(bids, asks)

    async def settle(self, heard: list[Report]) -> None:
        await self.executor.open_orders()  # is answered after all that was heard before
        for _ in range(3):
            await asyncio.sleep(0)

    async def wait(self, seconds: float) -> None:
        self.clock.move(seconds)

    async def restart(self) -> None:
        await self.executor.stop()
        self.executor = self._make()
        await self.executor.start()


@asynccontextmanager
async def paper_stage(settlement: Settlement) -> AsyncIterator[Stage]:
    stage = PaperStage(settlement)
    await stage.executor.start()
    try:
        yield stage
    finally:
        await stage.executor.stop()


STAGES: dict[str, Callable[[], AbstractAsyncContextManager[Stage]]] = {
    "paper spot": lambda: paper_stage(Settlement.SPOT),
    "paper linear": lambda: paper_stage(Settlement.LINEAR),
    "binance spot": lambda: binance_stage(Product.SPOT),
    "binance usdm": lambda: binance_stage(Product.USDM),
    "mt5 hedging": lambda: mt5_stage(HEDGING),
    "mt5 netting": lambda: mt5_stage(NETTING),
    "mt5 exchange": lambda: mt5_stage(EXCHANGE),
    "mt5 hedging over the bridge": lambda: bridged_stage(HEDGING),
}
