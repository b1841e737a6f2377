"""The emulated exchange, and desks at it: on one product, and on each in turn."""

from collections.abc import AsyncIterator

import pytest

from tests.trading.executors.binance.account import SPOT, USDM, Exchange, exchange
from tests.trading.executors.binance.stage import BinanceDesk, desk_at


@pytest.fixture
async def spot_desk() -> AsyncIterator[BinanceDesk]:
    async with desk_at(SPOT) as desk:
        yield desk


@pytest.fixture
async def usdm_desk() -> AsyncIterator[BinanceDesk]:
    async with desk_at(USDM) as desk:
        yield desk


@pytest.fixture(params=[SPOT, USDM])
async def either(request: pytest.FixtureRequest) -> AsyncIterator[BinanceDesk]:
    async with desk_at(request.param) as desk:
        yield desk


@pytest.fixture
async def there() -> AsyncIterator[Exchange]:
    async with exchange() as there:
        there.show("100x5 99x5", "101x5 102x5")
        yield there
