"""Tasks that are kept running, and what hears of the book: what is told of one that failed."""

import asyncio
from pathlib import Path
from typing import Any

from bot.supervise import STEADY_S, Supervisor
from tests.kit import HandClock, MemoryJournal
from tests.loop import run_virtually
from tests.running import running
from trading import events as e
from trading.book import Book


def test_a_failure_is_shown_until_the_task_has_been_steady_again() -> None:
    async def play(clock: Any) -> list[dict[str, str]]:
        told: list[str] = []
        runs = 0

        async def mishap(where: str, why: Exception) -> None:
            told.append(where)

        async def once() -> None:
            nonlocal runs
            runs += 1
            if runs == 1:
                raise OSError("gone")
            await asyncio.Event().wait()

        async def always() -> None:
            raise OSError("gone")

        supervisor = Supervisor(mishap)
        supervisor.start("once", once)
        supervisor.start("always", always)
        await asyncio.sleep(2)
        shown = [supervisor.health()]
        await asyncio.sleep(STEADY_S)
        shown.append(supervisor.health())
        await supervisor.stop()
        assert told.count("once") == 1
        return shown

    failed = "OSError: gone"
    assert run_virtually(play) == [{"once": failed, "always": failed}, {"once": "", "always": failed}]


async def test_a_listener_that_fails_is_told_of_and_keeps_nobody_else_from_hearing() -> None:
    book, heard, told = Book(MemoryJournal(), HandClock()), list[int](), list[str]()
    broken = True

    async def mishap(where: str, why: Exception) -> None:
        told.append(f"{where}: {why}")
        await book.record(e.Noticed("n", "error", where, str(why)))  # which it fails to hear, too

    def fails(entry: e.Recorded) -> None:
        if broken:
            raise ValueError(entry.seq)

    supervisor = Supervisor(mishap)
    book.tell = supervisor.tell
    book.subscribe(fails)
    book.subscribe(lambda entry: heard.append(entry.seq))
    for _ in range(2):
        assert await book.record(e.DeskStarted("1")), "it is written, whoever fails to hear it"
    for _ in range(5):
        await asyncio.sleep(0)
    assert heard == [1, 2, 3]
    [first] = told
    assert first.startswith("hearing of DeskStarted: ")
    assert first.endswith("fails: 1")
    broken = False
    await book.record(e.DeskStarted("1"))
    broken = True
    await book.record(e.DeskStarted("1"))
    await supervisor.stop()
    assert heard == [1, 2, 3, 4, 5, 6]
    assert told[1].endswith("fails: 5")


async def test_on_a_desk_people_are_told_of_a_listener_that_fails_and_the_log_has_it(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:

        def fails(entry: e.Recorded) -> None:
            if isinstance(entry.event, e.SymbolLocked):
                raise ValueError("deaf")

        desk.app.book.subscribe(fails)
        assert (await desk.say("/lock BTC/USDT")).ok
        noticed = [entry.event async for entry in desk.app.store.read() if isinstance(entry.event, e.Noticed)]
    assert [(each.severity, each.text) for each in noticed] == [("error", "ValueError; the log has the details.")]
