"""The real scheduler at work: what it calls, in which order and under which keys, however late the machine is."""

import asyncio
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from tests.bot.clockwork import Clockwork, FastMarket
from trading import events as e
from trading.errors import VenueUnreachable
from trading.intent import AccountId, Mode

VIENNA = ZoneInfo("Europe/Vienna")
PATIENCE_S = 60  # nothing takes that long; it ends a test that would wait for ever


async def test_a_second_of_the_real_scheduler() -> None:
    async with asyncio.timeout(PATIENCE_S):
        deaf, broken = FastMarket(), FastMarket("NaN")
        deaf.trouble = VenueUnreachable("It does not answer.")
        work = Clockwork({"well": FastMarket(), "deaf": deaf, "broken": broken})
        await work.book.record(e.ScheduleSet("early", "status", "person:ana", "trader", every_s=1))
        began = work.book.clock.now()
        await work.begin()
        soon = work.book.clock.now() + timedelta(seconds=0.3)
        await work.book.record(e.ModeChanged("other", Mode.LIVE, "person:ana", soon))

        # A strategy of a market that does not answer is asked again and told of once.
        await deaf.until_asked(3)
        assert work.told.count(("strategy deaf", "VenueUnreachable")) == 1
        assert work.runner.running("deaf")

        # A strategy that fails is told of and stopped.
        assert await work.book.until(lambda: ("strategy broken", "ValueError") in work.told, PATIENCE_S)
        assert not work.runner.running("broken")

        # The others go on: orders, the end of a time box, and a line for planned seconds, each after it and in order.
        assert await work.book.until(lambda: bool(work.venues[AccountId("well", Mode.PAPER)].placed), PATIENCE_S)
        assert await work.book.until(lambda: e.ModeChanged("other", Mode.PAPER, "desk") in work.recorded(), PATIENCE_S)
        assert await work.book.until(lambda: len(work.lines) >= 2, PATIENCE_S)
        planned = []
        for line, key, ran in work.lines:
            name, schedule_id, moment = key.split(":", 2)
            assert (line, name, schedule_id) == ("status", "schedule", "early")
            planned.append(datetime.fromisoformat(moment))
            assert began < planned[-1] <= ran
            assert planned[-1].microsecond == 0
        assert planned == sorted(planned)
        assert work.samples >= 1  # at the start

        # When the market has answered, its next silence is news again.
        deaf.trouble = None
        await deaf.until_asked(deaf.asked + 2)
        deaf.trouble = VenueUnreachable("It does not answer.")
        assert await work.book.until(lambda: work.told.count(("strategy deaf", "VenueUnreachable")) == 2, PATIENCE_S)
        assert work.told.count(("strategy broken", "ValueError")) == 1
        await work.scheduler.stop()


async def test_a_strategy_is_warmed_up_at_once_and_a_silent_market_is_asked_again_soon() -> None:
    async with asyncio.timeout(PATIENCE_S):
        market = FastMarket()
        market.trouble = VenueUnreachable("It does not answer.")
        work = Clockwork({"slow": market}, "1d")  # from noon to midnight are three minutes
        await work.begin()
        assert await work.book.until(lambda: ("strategy slow", "VenueUnreachable") in work.told, PATIENCE_S)
        assert work.scheduler.planned()["strategy slow"] - work.book.clock.now() <= timedelta(seconds=10)
        market.trouble = None
        await work.runner.stop("slow", "person:ana")
        asked = market.asked
        await work.runner.start("slow", "person:ana")
        await market.until_asked(asked + 1)
        assert work.scheduler.planned()["strategy slow"] - work.book.clock.now() > timedelta(minutes=1)
        await work.scheduler.stop()


async def test_what_is_planned_follows_the_book() -> None:
    work = Clockwork({})
    await work.book.record(
        e.ScheduleSet("gone", "status", "person:ana", "trader", every_s=60),
        e.ScheduleRemoved("gone", "person:ana"),
        e.ScheduleSet("kept", "pnl", "person:ana", "trader", every_s=86_400),
    )
    await work.begin()
    assert {"schedule kept", "equity"} <= set(work.scheduler.planned())
    assert "schedule gone" not in work.scheduler.planned()
    before = work.book.clock.now()
    await work.book.record(e.ScheduleSet("new", "status", "person:ana", "trader", at="08:30"))
    due = work.scheduler.planned()["schedule new"]
    assert due > before
    assert due.astimezone(VIENNA).time() == time(8, 30)  # the desk's zone
    await work.book.record(e.ScheduleSet("new", "status", "person:ana", "trader", every_s=86_400))
    assert work.scheduler.planned()["schedule new"].time() == time()  # set anew, it replaces the one before
    await work.book.record(e.ScheduleRemoved("new", "person:ana"))
    assert "schedule new" not in work.scheduler.planned()
    until = work.book.clock.now() + timedelta(hours=1)
    await work.book.record(e.ModeChanged("well", Mode.LIVE, "person:ana", until))
    assert work.scheduler.planned()["time box of well"] == until
    await work.book.record(e.ModeChanged("well", Mode.PAPER, "person:ana"))
    assert "time box of well" not in work.scheduler.planned()
    await work.scheduler.stop()


async def test_a_time_box_that_ended_while_the_process_was_down_is_closed_at_the_start() -> None:
    work = Clockwork({})
    hour_ago = work.book.clock.now() - timedelta(hours=1)
    await work.book.record(e.ModeChanged("well", Mode.LIVE, "person:ana", hour_ago))
    assert work.book.mode("well") is Mode.PAPER
    before = work.book.journal.last_seq
    await work.begin()
    assert await work.book.until(lambda: work.book.journal.last_seq > before, PATIENCE_S)
    (added,) = [entry.event async for entry in work.book.journal.read(after=before)]
    assert added == e.ModeChanged("well", Mode.PAPER, "desk")
    await work.scheduler.stop()


async def test_stop_lets_what_runs_finish_and_calls_nothing_more() -> None:
    work = Clockwork({})
    begun, go_on, finished = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        begun.set()
        await go_on.wait()
        finished.set()

    work.scheduler.start(work.run_line, slow, work.book)
    async with asyncio.timeout(PATIENCE_S):
        await begun.wait()
        stopping = asyncio.create_task(work.scheduler.stop())
        for _ in range(5):
            await asyncio.sleep(0)
        assert not stopping.done()
        go_on.set()
        await stopping
    assert finished.is_set()
    assert work.told == []
    await work.book.record(e.ScheduleSet("late", "status", "person:ana", "trader", every_s=1))
    assert "schedule late" not in work.scheduler.planned()
    await work.scheduler.stop()  # safe to repeat
