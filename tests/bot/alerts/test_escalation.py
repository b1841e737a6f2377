"""A critical alert that nobody has seen is told again, three times, whatever restarts; and no other is."""

import asyncio
from itertools import pairwise

from bot.alerts.escalation import CURSOR, MOST, Escalation
from tests.bot.alerts.telling import virtually
from tests.kit import MemoryJournal
from tests.loop import LoopClock
from trading import events as e
from trading.book import Book
from trading.intent import Mode

REPEAT_S = 300
STOPLESS = e.Noticed("n", "critical", "protection", "The stop does not work.")


class Watched:
    """A book whose critical alerts are told again, for one life of the process."""

    def __init__(self, journal: MemoryJournal, repeat_s: int = REPEAT_S) -> None:
        self.journal = journal
        self.book = Book(journal, LoopClock(asyncio.get_running_loop()))
        self._escalation = Escalation(journal, self.book, repeat_s)

    async def __aenter__(self) -> "Watched":
        await self.book.open()
        self._task = asyncio.create_task(self._escalation.run())
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def repeats(self) -> list[tuple[float, int, str]]:
        """When, of which alert, in what words."""
        return [
            (
                (entry.at - LoopClock(asyncio.get_running_loop()).now()).total_seconds(),
                entry.event.seq,
                entry.event.text,
            )
            for entry in self.journal.entries
            if isinstance(entry.event, e.AlertRepeated)
        ]


def test_it_is_told_again_three_times_and_then_no_more() -> None:
    async def story() -> None:
        async with Watched(MemoryJournal()) as desk:
            (entry,) = await desk.book.record(STOPLESS)
            await asyncio.sleep(REPEAT_S - 1)
            assert desk.repeats() == []
            await asyncio.sleep(2)
            (first,) = desk.repeats()
            assert first[1:] == (
                entry.seq,
                "NOBODY HAS SEEN THIS YET (1 of 3):\nCRITICAL protection: The stop does not work. (id n)",
            )
            await asyncio.sleep(20 * REPEAT_S)
            began = [at for at, _, _ in desk.repeats()]
            assert [round(later - before) for before, later in pairwise(began)] == [REPEAT_S] * 2
            assert len(began) == MOST

    virtually(story())


def test_once_it_is_seen_it_is_told_no_more() -> None:
    async def story() -> None:
        async with Watched(MemoryJournal()) as desk:
            (first,) = await desk.book.record(STOPLESS)
            (second,) = await desk.book.record(STOPLESS)
            await asyncio.sleep(REPEAT_S + 1)
            await desk.book.record(e.AlertAcknowledged(first.seq, "person:ana"))
            await asyncio.sleep(20 * REPEAT_S)
            assert [seq for _, seq, _ in desk.repeats()] == [first.seq] + [second.seq] * 3

    virtually(story())


def test_what_settles_by_itself_and_what_somebody_did_is_not_told_again() -> None:
    async def story() -> None:
        async with Watched(MemoryJournal()) as desk:
            await desk.book.record(
                e.DriftFound("demo", Mode.PAPER, "d", "balance", "USDT", "1", "2"),
                e.TradingStateChanged("trend", e.TradingState.HALTED, "desk"),
                e.TradingStateChanged("all", e.TradingState.HALTED, "person:ana"),
                e.Noticed("w", "warning", "feed", "The feed is slow."),
            )
            await asyncio.sleep(REPEAT_S - 1)
            await desk.book.record(
                e.DriftResolved("demo", Mode.PAPER, "d", "gone", "desk"),
                e.TradingStateChanged("trend", e.TradingState.ACTIVE, "person:ana"),
            )
            await asyncio.sleep(20 * REPEAT_S)
            assert desk.repeats() == []

    virtually(story())


def test_a_restart_forgets_nothing_and_repeats_nothing_too_often() -> None:
    async def story() -> None:
        journal = MemoryJournal()
        async with Watched(journal) as desk:
            for number in range(1500):  # much else happened before
                await desk.book.record(e.ScheduleRemoved(str(number), "person:ana"))
            (entry,) = await desk.book.record(STOPLESS)
            await asyncio.sleep(REPEAT_S + 1)
            await desk.book.record(e.ScheduleRemoved("x", "person:ana"))
        await asyncio.sleep(100)  # down
        async with Watched(journal) as desk:
            await asyncio.sleep(REPEAT_S - 110)
            assert len(desk.repeats()) == 1
            await asyncio.sleep(20)
            assert len(desk.repeats()) == 2
        await asyncio.sleep(10 * REPEAT_S)  # down for long: the last time is told at the start
        async with Watched(journal) as desk:
            await asyncio.sleep(1)
            assert [seq for _, seq, _ in desk.repeats()] == [entry.seq] * 3
        async with Watched(journal) as desk:
            await asyncio.sleep(20 * REPEAT_S)
            assert len(desk.repeats()) == 3
            assert journal.cursors[CURSOR] >= 1500

    virtually(story())


def test_it_can_be_switched_off_and_what_is_old_is_no_news() -> None:
    async def story() -> None:
        journal = MemoryJournal()
        async with Watched(journal, repeat_s=0) as desk:
            await desk.book.record(STOPLESS)
            await asyncio.sleep(20 * REPEAT_S)
            assert desk.repeats() == []
        async with Watched(journal, repeat_s=0):
            await asyncio.sleep(1)
        async with Watched(journal) as desk:
            await asyncio.sleep(20 * REPEAT_S)
            assert desk.repeats() == []
            await desk.book.record(STOPLESS)
            await asyncio.sleep(1)
        await asyncio.sleep(25 * 3600)
        async with Watched(journal) as desk:
            await asyncio.sleep(20 * REPEAT_S)
            assert desk.repeats() == []

    virtually(story())
