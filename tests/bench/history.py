"""Start-up replay and `/status` against past orders."""

import gc
import statistics
import time
from decimal import Decimal
from pathlib import Path

from bot.app import App
from bot.settings.loading import load
from bot.tokens import LOCAL_ADMIN
from tests.bench.parts import LOOSE, Row, row, with_app
from tests.kit import BTC
from trading import events as e
from trading.book import Book
from trading.clock import SystemClock
from trading.instruments import Money, Side, Symbol
from trading.intent import Mode, OrderType, TimeInForce
from trading.journal.store import open_journal


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
            e.OrderFilled(oid, f"H{number}", Decimal("0.01"), Decimal(61500), Money(Decimal("0.6"), "USDT"),
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
