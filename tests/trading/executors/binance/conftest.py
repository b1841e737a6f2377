"""The emulated exchange, desks at it on each product, and the parts below a desk on a bare server."""

from collections.abc import AsyncIterator

import pytest

from tests.trading.executors.binance.account import SPOT, USDM, Exchange, exchange
from tests.trading.executors.binance.door import Door, listening, opened, session_at
from tests.trading.executors.binance.stage import BinanceDesk, desk_at
from trading.executors.binance.session import Session
from trading.executors.binance.sources import SpotEvents
from trading.executors.binance.stream import UserStream


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


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with opened() as door:
        yield door


@pytest.fixture
async def session(door: Door) -> AsyncIterator[Session]:
    session = session_at(door)
    await session.start()
    yield session
    await session.stop()


@pytest.fixture
async def stream(session: Session) -> AsyncIterator[UserStream]:
    async with listening(session, SpotEvents(session)) as stream:
        yield stream
