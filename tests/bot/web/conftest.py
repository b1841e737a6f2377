"""One served desk for each module of tests, or one console: starting them takes a while."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.sync_api import Browser

from tests.bot.web.browser import DESK, Console, Person, chromium
from tests.bot.web.served import Served, served

REPEATS = "[risk]\nduplicate_window_s = 0"
"""Tests send the same order more often than people do."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    folder: Path = tmp_path_factory.mktemp("desk")
    async with served(folder, REPEATS) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def console(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """After `browser`: without one there is nothing to start."""
    found = Console(tmp_path_factory.mktemp("console"))
    yield found
    found.stop()


@pytest.fixture(scope="module")
def signed_in(browser: Browser, console: Console) -> Iterator[Person]:
    context = browser.new_context(viewport=DESK, color_scheme="dark")
    yield Person(context, console).sign_in()
    context.close()


@pytest.fixture
def ana(signed_in: Person) -> Iterator[Person]:
    """Somebody signed in, with nothing typed yet, at whose page nothing goes wrong."""
    signed_in.prompt.fill("")
    yield signed_in
    assert signed_in.complaints == []
