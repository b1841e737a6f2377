"""The stages of the contract suite, one after the other."""

from collections.abc import AsyncIterator

import pytest

from tests.trading.executors.contract import Desk, Stage
from tests.trading.executors.stages import STAGES


@pytest.fixture(params=STAGES)
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    async with STAGES[request.param]() as stage:
        yield stage


@pytest.fixture
async def desk(stage: Stage) -> AsyncIterator[Desk]:
    desk = Desk(stage)
    await desk.show("100x5 99x5", "101x5 102x5")
    yield desk
    await desk.close()
