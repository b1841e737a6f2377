"""The way of an order from the dispatcher to its executor, and how many of them a second."""

import asyncio
import json
import statistics
import time
from pathlib import Path
from typing import Any

from bot.app import App
from bot.tokens import LOCAL_ADMIN
from tests.bench.parts import CommitFloor, Row, row
from trading.intent import Mode
from trading.ports import Approved


class Marked:
    """Wraps an executor and notes when `place` is reached."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.at = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def place(self, approved: Approved) -> None:
        self.at = time.perf_counter()
        await self._inner.place(approved)


async def to_executor(app: App, folder: Path) -> list[Row]:
    """Command in at the dispatcher to order on the executor, durable in between.

    Back to back, as the floor is quoted; and at ease, where a processor that slept makes both twice as slow.
    """
    marks = {account: Marked(executor) for account, executor in app.desk.executors.items()}
    app.desk.oms.executors = marks  # type: ignore[assignment]
    paper = next(mark for account, mark in marks.items() if account.mode is Mode.PAPER)
    busy, busy_floor = await hot_path(app, paper, CommitFloor(folder / "busy.db"), 0)
    easy, easy_floor = await hot_path(app, paper, CommitFloor(folder / "easy.db"), 0.005)
    return [
        row("command to executor, durable", busy, "ms", busy_floor, "3x the floor", busy <= 3 * busy_floor),
        row("the same, 15 ms apart", easy, "ms", easy_floor, "", True),
        *await sustained(app),
    ]


async def hot_path(app: App, paper: Marked, floor: CommitFloor, pause_s: float) -> tuple[float, float]:
    """Medians of our way and of the floor, in ms, taken in turns with a pause after each step."""
    times = []
    for number in range(600):
        began = time.perf_counter()
        await app.run("/buy BTC/USDT 0.0003 59000", LOCAL_ADMIN, "bench", f"k{pause_s}{number}")
        times.append(paper.at - began)
        await app.run("/cancel all", LOCAL_ADMIN, "bench", f"c{pause_s}{number}")
        await asyncio.sleep(pause_s)  # what the cancel set going is over
        # The same bytes: what the journal holds of the order before it is sent, and its row.
        rows = await app.store.queries.events(0, limit=2, order_id=app.book.recent_orders()[0].id)
        await asyncio.sleep(pause_s)
        floor.commit([*(json.dumps(each["payload"]) for each in rows), "x" * 600])
        await asyncio.sleep(pause_s)
    return statistics.median(times[100:]) * 1e3, statistics.median(floor.times[100:]) * 1e3


async def sustained(app: App) -> list[Row]:
    """Commands a second, for five seconds at 200 a second offered."""
    turns = ("/buy BTC/USDT 0.0003", "/sell BTC/USDT 0.0003")
    await app.run("/buy BTC/USDT 0.01", LOCAL_ADMIN, "bench", "stock")
    bad, began, sent = 0, time.perf_counter(), 0
    while (elapsed := time.perf_counter() - began) < 5:
        due = int(elapsed * 200) - sent
        answers = await asyncio.gather(
            *(app.run(turns[(sent + n) % 2], LOCAL_ADMIN, "bench", f"s{sent + n}") for n in range(due))
        )
        sent += due
        bad += sum(not answer.ok for answer in answers)
        await asyncio.sleep(0.005)
    rate = sent / (time.perf_counter() - began)
    await app.run("/cancel all", LOCAL_ADMIN, "bench", "end")
    return [row("orders by command, sustained", rate, "1/s", None, "200/s offered, no error", not bad and rate > 190)]
