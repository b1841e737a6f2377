"""One served desk for each module of tests: its parts are real, and starting them takes a while."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.bot.web.served import Served, served

REPEATS = "[risk]\nduplicate_window_s = 0"
"""Tests send the same order more often than people do."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    folder: Path = tmp_path_factory.mktemp("desk")
    async with served(folder, REPEATS) as found:
        yield found
