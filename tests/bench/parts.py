"""What every part of the bench is made of: rows, the floor of a commit, a desk without its web server."""

import sqlite3
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from bot.app import App
from bot.logs import LogTail
from bot.settings.loading import load
from trading.clock import SystemClock
from trading.journal.store import open_journal

LOOSE = {
    "TILLER_RISK__MAX_ORDERS_PER_MINUTE": "100000",
    "TILLER_RISK__DUPLICATE_WINDOW_S": "0",
    "TILLER_RISK__MAX_OPEN_ORDERS_PER_SYMBOL": "100000",
    "TILLER_RISK__MAX_TOTAL_EXPOSURE": "100000000",
    "TILLER_RISK__MAX_POSITION_VALUE": "100000000",
}
Row = dict[str, Any]


def row(name: str, value: float, unit: str, floor: float | None, goal: str, ok: bool, **rivals: float) -> Row:
    return {"name": name, "value": value, "unit": unit, "floor": floor, "rivals": rivals, "goal": goal, "ok": ok}


class CommitFloor:
    """One durable SQLite commit of the same bytes, raw, timed between the commands it is the floor of."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.execute("CREATE TABLE events (seq INTEGER PRIMARY KEY, payload TEXT)")
        self.times: list[float] = []

    def commit(self, payloads: list[str]) -> None:
        began = time.perf_counter()
        self._database.execute("BEGIN IMMEDIATE")
        for payload in payloads:
            self._database.execute("INSERT INTO events (payload) VALUES (?)", (payload,))
        self._database.execute("COMMIT")
        self.times.append(time.perf_counter() - began)


async def with_app(
    folder: Path, work: Callable[[App], Awaitable[list[Row]]], config: Path | None = None, **more: str
) -> list[Row]:
    """A desk in this process, without its web server; `more` is its environment."""
    settings = load(config, folder, 0, LOOSE | more)
    store = await open_journal(settings.database.url)
    app = App(settings, store, SystemClock(), LogTail())
    await app.start()
    try:
        return await work(app)
    finally:
        await app.stop("bench")
        await store.close()


def show(rows: list[Row]) -> None:
    width = max(len(each["name"]) for each in rows)
    for each in rows:
        floor = f"floor {each['floor']:.3f} ({each['value'] / each['floor']:.1f}x)" if each["floor"] else ""
        mark = "ok" if each["ok"] else "MISSED"
        print(
            f"{each['name']:<{width}}  {each['value']:>10.3f} {each['unit']:<12} {floor:<24} {each['goal']:<24} {mark}"
        )
