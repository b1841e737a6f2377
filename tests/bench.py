"""`python -m tests.bench`: the desk's own figures, each beside a floor measured in the same run.

Prints a table and writes `bench.json`. Medians; quote the ratios rather than the times.
"""

import asyncio
import gc
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from bot.app import App
from bot.desk import LOCAL_ADMIN
from bot.logs import LogTail
from bot.settings.loading import load
from tests.crash import Bot, ready
from tests.kit import BTC
from trading import events as e
from trading.book import Book
from trading.clock import SystemClock
from trading.instruments import Money, Side, Symbol, trap_floats
from trading.intent import Mode, OrderType, TimeInForce
from trading.journal.store import open_journal
from trading.ports import Approved

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


# --- floors ----------------------------------------------------------------------------------


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


# --- the hot path ----------------------------------------------------------------------------


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


async def with_app(folder: Path, work: Callable[[App], Awaitable[list[Row]]]) -> list[Row]:
    """A desk in this process, without its web server."""
    settings = load(None, folder, 0, LOOSE)
    store = await open_journal(settings.database.url)
    app = App(settings, store, SystemClock(), LogTail())
    await app.start()
    try:
        return await work(app)
    finally:
        await app.stop("bench")
        await store.close()


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


# --- history ---------------------------------------------------------------------------------


async def fill_history(url: str, orders: int) -> None:
    """A journal with this many filled orders, written through the real book."""
    store = await open_journal(url)
    book = Book(store, SystemClock())
    await book.open()
    at = SystemClock().now()
    await book.record(
        e.AccountOpened("demo", Mode.PAPER, "paper", "USDT", (Money(Decimal(10**9), "USDT"),)),
        e.InstrumentListed("demo", Mode.PAPER, BTC),
    )
    batch: list[e.AnyEvent] = []
    for number in range(orders):
        side = Side.BUY if number % 2 == 0 else Side.SELL
        oid = f"h{number}"
        batch += [
            e.OrderInitialized(
                oid, f"key{number}", "demo", Mode.PAPER, Symbol("BTC/USDT"), side, OrderType.MARKET,
                TimeInForce.GTC, Decimal("0.01"), "local:admin", "bench", "/buy BTC/USDT 0.01",
            ),
            e.OrderSubmitted(oid),
            e.OrderFilled(oid, f"T{number}", Decimal("0.01"), Decimal(61500), Money(Decimal("0.6"), "USDT"),
                          Decimal("0.6"), at),
        ]  # fmt: skip
        if len(batch) >= 3000:
            await book.record(*batch)
            batch = []
    if batch:
        await book.record(*batch)
    await store.close()


async def history(folder: Path) -> list[Row]:
    """`/status` and start-up replay against past orders."""
    rows, status = [], {}
    for orders in (1_000, 10_000, 33_333):
        place = folder / f"history{orders}"
        place.mkdir()
        settings = load(None, place, 0, LOOSE)
        await fill_history(settings.database.url, orders)
        gc.collect()
        store = await open_journal(settings.database.url)
        book = Book(store, SystemClock())
        began = time.perf_counter()
        count = await book.open()
        replay = time.perf_counter() - began
        await store.close()
        rows.append(row(f"replay of {count:,} events", replay, "s", None, "100k under 5 s", replay < 5))

        async def ask(app: App) -> list[Row]:
            times = []
            for number in range(200):
                began = time.perf_counter()
                await app.run("/status", LOCAL_ADMIN, "bench", f"s{number}")
                times.append(time.perf_counter() - began)
            return [row("", statistics.median(times), "", None, "", True)]

        status[orders] = (await with_app(place, ask))[0]["value"]
    first = status[1_000]
    for orders, value in status.items():
        flat = value < 2 * first
        rows.append(row(f"/status with {orders:,} past orders", value * 1e3, "ms", first * 1e3, "flat", flat))
    return rows


# --- the process -----------------------------------------------------------------------------


async def process(folder: Path) -> list[Row]:
    """Start to ready, and idle cost, of the real process."""
    times, floors = [], []
    for number in range(3):
        place = folder / f"run{number}"
        place.mkdir()
        floors.append(await asyncio.to_thread(import_floor))
        began = time.perf_counter()
        bot = Bot(place)
        async with bot.client() as client:
            await ready(client)
        times.append(time.perf_counter() - began)
        if number < 2:
            bot.kill()
    await asyncio.sleep(5)
    before, at = cpu(bot.process.pid), time.perf_counter()
    await asyncio.sleep(20)
    share = (cpu(bot.process.pid) - before) / (time.perf_counter() - at) * 100
    memory = resident(bot.process.pid)
    async with bot.client() as client:
        calls = await round_trips(client)
    bot.kill()
    start = statistics.median(times)
    return [
        row("start to ready", start, "s", statistics.median(floors), "under 3 s", start < 3),
        row("idle memory", memory, "MB", None, "under 150 MB", memory < 150),
        row("idle processor", share, "% of a core", None, "under 2%", share < 2),
        row("/status over HTTP", calls * 1e3, "ms", None, "", True),
    ]


def import_floor() -> float:
    """Seconds that Python needs for the libraries alone."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import fastapi, uvicorn, tortoise, apscheduler, nicegui"], check=True)
    return time.perf_counter() - began


async def round_trips(client: httpx.AsyncClient) -> float:
    times = []
    for _ in range(60):
        began = time.perf_counter()
        await client.post("/api/v1/commands", json={"line": "/status"})
        times.append(time.perf_counter() - began)
        await asyncio.sleep(0.025)
    return statistics.median(times)


def cpu(pid: int) -> float:
    """Seconds of processor time so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> float:
    """MB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def show(rows: list[Row]) -> None:
    width = max(len(each["name"]) for each in rows)
    for each in rows:
        floor = f"floor {each['floor']:.3f} ({each['value'] / each['floor']:.1f}x)" if each["floor"] else ""
        mark = "ok" if each["ok"] else "MISSED"
        print(
            f"{each['name']:<{width}}  {each['value']:>10.3f} {each['unit']:<12} {floor:<24} {each['goal']:<24} {mark}"
        )


def main() -> int:
    trap_floats()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "hot").mkdir()
        rows += asyncio.run(with_app(folder / "hot", lambda app: to_executor(app, folder)))
        rows += asyncio.run(history(folder))
        rows += asyncio.run(process(folder))
    show(rows)
    Path("bench.json").write_text(json.dumps(rows, indent=1) + "\n")
    return 0 if all(each["ok"] for each in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
