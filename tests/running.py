"""A whole desk in this process, on a real database and the simulated market, as `tiller run` builds it.

Its day is always the same one.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.app import App
from bot.logs import LogTail
from bot.settings.loading import load
from bot.tokens import LOCAL_ADMIN
from handlers.actor import Actor
from handlers.reply import Reply
from trading.clock import SystemClock
from trading.journal.store import open_journal


class Later:
    """The machine's clock, so much later."""

    def __init__(self, by: timedelta) -> None:
        self._machine, self._by = SystemClock(), by

    def now(self) -> datetime:
        return self._machine.now() + self._by


SAME_DAY = Later(datetime(2026, 11, 18, 12, tzinfo=UTC) - SystemClock().now())  # the market's prices are its day's


class Running:
    """An app and a way to talk to it."""

    def __init__(self, app: App) -> None:
        self.app = app
        self._asked = 0

    async def say(self, line: str, actor: Actor = LOCAL_ADMIN, key: str = "", surface: str = "web") -> Reply:
        """Send one line and take the reply."""
        return await self.app.run(line, actor, surface, key)

    async def until(self, done, timeout_s: float = 10.0) -> None:  # type: ignore[no-untyped-def]
        """Wait for the book to change until `done()`.

        Raises:
            AssertionError: it did not happen in time.
        """
        assert await self.app.book.until(done, timeout_s), "it did not happen in time"


@asynccontextmanager
async def running(folder: Path, *, crash: bool = False, toml: str = "", **environ: str) -> AsyncIterator[Running]:
    """Start a desk in `folder`; with `crash` it is dropped at the end as a kill -9 would, nothing is said goodbye."""
    config = None
    if toml:
        config = folder / "tiller.toml"
        config.write_text(toml)
        config.chmod(0o600)
    settings = load(config, folder / "data", 0, environ)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    store = await open_journal(settings.database.url)
    app = App(settings, store, SAME_DAY, LogTail())
    try:
        await app.start()
        yield Running(app)
    finally:
        if crash:
            await _drop(app)
        else:
            await app.stop("test")
        await store.close()


async def _drop(app: App) -> None:
    """Everything that runs ends where it stands."""
    mine = asyncio.current_task()
    others = [task for task in asyncio.all_tasks() if task is not mine]
    await app.scheduler.stop()
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
