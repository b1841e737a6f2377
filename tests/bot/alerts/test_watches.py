"""Price alerts at work: every quote counts, each alert fires once, whatever is restarted or fails meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from bot.alerts.watches import Watches
from tests.bot.alerts.kept_desk import HERE, KeptDesk, kept_desk
from tests.kit import HandClock
from trading import events as e
from trading.audience import Watch
from trading.errors import JournalError
from trading.instruments import Side, Symbol
from trading.journal.store import JournalStore
from trading.ports import Row

D = Decimal
PATIENCE_S = 10
BTC = Symbol("BTC/USDT")


def watch(direction: str, level: str, name: str = "w", subject: str = "price", account: str = "demo") -> e.WatchSet:
    return e.WatchSet(name, subject, account, BTC, direction, D(level), HERE, "person:ana")


@asynccontextmanager
async def watching(desk: KeptDesk) -> AsyncIterator[Watches]:
    """The watches at work."""
    watches = Watches(desk.valuation, desk.destinations)
    task = asyncio.create_task(watches.run())
    await asyncio.sleep(0)
    try:
        yield watches
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def fired(desk: KeptDesk, count: int = 1) -> list[e.AnyEvent]:
    """Wait until so many have fired."""
    assert await desk.book.until(lambda: len(desk.recorded(e.WatchFired)) >= count, PATIENCE_S)
    return desk.recorded(e.WatchFired)


async def settled(desk: KeptDesk) -> None:
    """Everything that was going to be journalled by now has been: what comes after it is heard after it."""
    mark = watch("above", "1", f"mark{desk.book.journal.last_seq}")
    await desk.book.record(mark)
    desk.markets["demo"].show("BTC/USDT", "1", "1.01")
    assert await desk.book.until(
        lambda: any(event.watch_id == mark.watch_id for event in desk.recorded(e.WatchFired)), PATIENCE_S
    )


async def test_a_price_that_was_there_for_one_quote_is_told_once(tmp_path: Path) -> None:
    clock = HandClock()
    async with kept_desk(tmp_path, clock) as desk, watching(desk):
        show = desk.markets["demo"].show
        show("BTC/USDT", "69990", "69991")
        await desk.book.record(watch("above", "70000"))
        clock.move(7200)
        show("BTC/USDT", "69999.99", "70050")  # only the ask is beyond it
        show("ETH/USDT", "80000", "80001")
        desk.markets["main"].show("BTC/USDT", "80000", "80001")  # another account's market
        show("BTC/USDT", "70012.5", "70013")
        show("BTC/USDT", "69000", "69001")  # and gone, before anything else ran
        show("BTC/USDT", "71000", "71001")
        assert await fired(desk) == [
            e.WatchFired("w", D("70012.5"), "BTC/USDT is above 70,000: 70,012.5 (set by ana 2h ago)", HERE)
        ]
        await settled(desk)
        assert [event.watch_id for event in desk.recorded(e.WatchFired)].count("w") == 1


async def test_below_counts_the_ask_and_a_level_that_is_touched_is_reached(tmp_path: Path) -> None:
    clock = HandClock()
    async with kept_desk(tmp_path, clock) as desk, watching(desk):
        desk.markets["demo"].show("BTC/USDT", "60010", "60011")
        await desk.book.record(watch("below", "60000"))
        desk.markets["demo"].show("BTC/USDT", "59000", "60000.01")
        desk.markets["demo"].show("BTC/USDT", "59000", "60000")
        (event,) = await fired(desk)
        assert (event.seen, event.text) == (D(60000), "BTC/USDT is at 60,000: 60,000 (set by ana 0s ago)")


async def test_what_was_reached_while_the_desk_was_down_is_told_at_the_start_and_not_again(tmp_path: Path) -> None:
    clock = HandClock()
    async with kept_desk(tmp_path, clock) as desk:
        await desk.book.record(watch("above", "70000"), watch("above", "90000", "high"), watch("below", "1", "gone"))
        await desk.book.record(e.WatchRemoved("gone", "person:ana"))
    clock.move(86_400)
    async with kept_desk(tmp_path, clock) as desk:
        desk.markets["demo"].show("BTC/USDT", "71000", "71001")
        async with watching(desk):
            (event,) = await fired(desk)
            assert event.text == (
                "BTC/USDT is above 70,000: 71,000 (set by ana 1d ago). It got there while the desk was down."
            )
            desk.markets["demo"].show("BTC/USDT", "90001", "90002")
            high = (await fired(desk, 2))[1]
            assert (high.watch_id, "down" in high.text) == ("high", False)  # that one was seen to get there
    async with kept_desk(tmp_path, clock) as desk, watching(desk):
        desk.markets["demo"].show("BTC/USDT", "95000", "95001")
        await settled(desk)
        assert len(desk.recorded(e.WatchFired)) == 1  # the mark of `settled`


async def test_what_is_removed_before_it_is_journalled_does_not_fire(tmp_path: Path) -> None:
    async with kept_desk(tmp_path, HandClock()) as desk, watching(desk):
        await desk.book.record(watch("above", "70000"))
        await desk.book.lock.acquire()  # as another writer would
        desk.markets["demo"].show("BTC/USDT", "71000", "71001")
        await asyncio.sleep(0)
        await desk.book.write(e.WatchRemoved("w", "person:ana"))
        desk.book.lock.release()
        await settled(desk)
        assert "w" not in [event.watch_id for event in desk.recorded(e.WatchFired)]


class FullDisk:
    """A journal that cannot be written, for a while."""

    def __init__(self, store: JournalStore) -> None:
        self.store = store
        self.full = False

    def __getattr__(self, name: str) -> object:
        return getattr(self.store, name)

    async def append(self, events: Sequence[e.AnyEvent], at: datetime, rows: Sequence[Row]) -> Sequence[e.Recorded]:
        if self.full:
            raise JournalError("The disk is full.")
        return await self.store.append(events, at, rows)


async def test_what_the_journal_did_not_take_is_told_later_though_the_price_went_back(tmp_path: Path) -> None:
    async with kept_desk(tmp_path, HandClock()) as desk:
        disk = desk.book.journal = FullDisk(desk.book.journal)  # type: ignore[assignment, arg-type]
        desk.markets["demo"].show("BTC/USDT", "60000", "60001")
        await desk.book.record(watch("above", "70000"))
        watches = Watches(desk.valuation, desk.destinations)
        broken = asyncio.create_task(watches.run())
        await asyncio.sleep(0)
        disk.full = True
        desk.markets["demo"].show("BTC/USDT", "70001", "70002")
        desk.markets["demo"].show("BTC/USDT", "60000", "60001")
        with pytest.raises(JournalError):
            await broken
        disk.full = False
        again = asyncio.create_task(watches.run())
        (event,) = await fired(desk)
        assert event.seen == D(70001)
        again.cancel()
        await asyncio.wait([again])


@pytest.mark.parametrize(
    ("direction", "level", "bid", "ask", "seen"),
    [
        ("above", "500", "60250.00", "60300", "500.0000"),  # 2 at 60,000: 250 more a piece, at the bid
        ("below", "-200", "59900.00", "60300", "-200.0000"),
    ],
)
async def test_a_position_counts_as_what_closing_it_brings(
    tmp_path: Path, direction: str, level: str, bid: str, ask: str, seen: str
) -> None:
    async with kept_desk(tmp_path, HandClock()) as desk, watching(desk):
        await desk.found(200_000)
        show = desk.markets["demo"].show
        show("BTC/USDT", "60000", "60001")
        await desk.book.record(watch(direction, level, subject="position", account="demo:paper"))
        show("BTC/USDT", "90000", "90001")  # there is no position yet
        show("BTC/USDT", "30000", "30001")
        await desk.fill(Side.BUY, "2", "BTC/USDT", "60000")
        show("BTC/USDT", "60249.99", "61000")
        show("BTC/USDT", "59900.01", "59999")
        show("BTC/USDT", bid, ask)
        (event,) = await fired(desk)
        assert event.seen == D(seen)
        sign = "+" if event.seen > 0 else ""
        assert event.text.startswith(f"Profit of PAPER demo BTC/USDT is at {sign}{D(level):.2f} USDT: ")
        await desk.fill(Side.SELL, "2", "BTC/USDT", "60000")
        active = desk.book.get(Watch, "w")
        assert active is not None
        assert not active.active


async def test_what_was_set_in_a_chat_that_is_told_nothing_any_more_is_told_everywhere(tmp_path: Path) -> None:
    async with kept_desk(tmp_path, HandClock()) as desk, watching(desk):
        await desk.found()
        gone = e.WatchSet("g", "price", "demo", BTC, "above", D(60000), "telegram:-99", "person:ana")
        await desk.book.record(gone)
        desk.markets["demo"].show("BTC/USDT", "60000", "60001")
        (event,) = await fired(desk)
        assert isinstance(event, e.WatchFired)
        assert event.destination == ""
        assert event.text.endswith(". telegram:-99, where it was set, is told nothing any more")
