"""When things are due, as pure functions; and the real scheduler for about a second."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.scheduler import CandleClose, Daily, Every, Planned, Scheduler, plan_of
from tests.kit import BTC, HandClock, HandMarket, MemoryJournal
from tests.trading.strategy_desk import Venue
from trading import events as e
from trading import ports as p
from trading.book import Book
from trading.clock import SystemClock
from trading.control import Schedule
from trading.drafting import Drafting
from trading.errors import VenueUnreachable
from trading.instruments import ZERO, Money, Symbol
from trading.intent import AccountId, Mode, Size
from trading.market.candles import UNIX, bar_start
from trading.oms import Oms
from trading.quotes import Candle, timeframe_seconds
from trading.risk.gate import RiskGate
from trading.risk.limits import Limits
from trading.runner import Runner, StrategyConfig
from trading.valuation import Valuation

VIENNA = ZoneInfo("Europe/Vienna")
ZONES = (
    "UTC",
    "Europe/Vienna",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Cairo",
)
moments = st.timedeltas(timedelta(days=30 * 365), timedelta(days=67 * 365)).map(lambda since: UNIX + since)
plans = st.one_of(
    st.integers(1, 10**6).map(Every),
    st.builds(
        Daily, st.times().map(lambda t: t.replace(second=0, microsecond=0)), st.sampled_from(ZONES).map(ZoneInfo)
    ),
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# --- when ------------------------------------------------------------------------------------


@given(plans, moments)
def test_next_and_last_are_neighbours(plan: Every | Daily, moment: datetime) -> None:
    last, following = plan.last(moment), plan.next(moment)
    assert last <= moment < following
    assert plan.last(following) == following
    assert plan.next(last) == following
    assert plan.last(following - timedelta(microseconds=1)) == last
    assert timedelta(hours=48) > following - last or isinstance(plan, Every)


@given(st.integers(1, 10**6), moments)
def test_every_is_counted_from_1970_whenever_it_was_set(seconds: int, moment: datetime) -> None:
    assert Every(seconds).next(moment).timestamp() % seconds == 0
    assert Every(seconds).next(moment) - Every(seconds).last(moment) == timedelta(seconds=seconds)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("at", [time(0, 0), time(2, 15), time(2, 30), time(8, 30), time(23, 59)])
def test_daily_is_once_each_date_at_that_time_where_there_is_one(zone: str, at: time) -> None:
    plan, moment = Daily(at, ZoneInfo(zone)), utc("2026-01-01")
    dates: list[date] = []
    for _ in range(400):
        moment = plan.next(moment)
        local = moment.astimezone(plan.zone)
        dates.append(local.date())
        if local.time() != at:  # it was skipped, by the hour (on Lord Howe the half hour) that day was short of
            before = moment - timedelta(hours=1)
            assert local.utcoffset() != before.astimezone(plan.zone).utcoffset()
    assert dates == [dates[0] + timedelta(days=n) for n in range(400)]


def test_daily_through_both_changes_of_the_clock() -> None:
    plan = Daily(time(2, 30), VIENNA)  # UTC+1 in winter, UTC+2 in summer
    assert plan.next(utc("2026-03-28T12:00")) == utc("2026-03-29T01:30")  # 02:30 winter time, 03:30 on the new clock
    assert plan.next(utc("2026-03-29T01:30")) == utc("2026-03-30T00:30")
    assert plan.next(utc("2026-10-24T12:00")) == utc("2026-10-25T00:30")  # the first 02:30, in summer time
    assert plan.next(utc("2026-10-25T00:30")) == utc("2026-10-26T01:30")  # not the second


def test_after_a_stall_it_goes_on_from_now() -> None:
    planned = Planned(Every(10).next)
    assert planned.get_next_fire_time(None, utc("2026-01-05T12:00:03")) == utc("2026-01-05T12:00:10")
    assert planned.get_next_fire_time(utc("2026-01-05T11:00"), utc("2026-01-05T12:00:03")) == utc("2026-01-05T12:00:10")


def test_a_schedule_is_read_from_the_book_with_the_desk_s_zone() -> None:
    assert plan_of(Schedule("a", "status", "person:ana", "trader", every_s=900), VIENNA) == Every(900)
    assert plan_of(Schedule("a", "status", "person:ana", "trader", at="08:30"), VIENNA) == Daily(time(8, 30), VIENNA)


class OtherMarket(HandMarket):
    """A market with a clock and a speed of its own."""

    def __init__(self, at: datetime, speed: str) -> None:
        super().__init__(HandClock(at))
        self._speed = Decimal(speed)

    @property
    def speed(self) -> Decimal:
        return self._speed


@given(
    moments,
    moments,
    st.sampled_from(["0.5", "1", "2.5", "60"]),
    st.sampled_from(["1m", "15m", "1d"]),
)
def test_a_strategy_is_called_within_a_third_of_a_second_after_the_market_s_close(
    now: datetime, there: datetime, speed: str, timeframe: str
) -> None:
    fires = CandleClose(OtherMarket(there, speed), timeframe).next(now)
    then = there + timedelta(seconds=(fires - now).total_seconds() * float(Decimal(speed)))  # the market's time
    after_s = (then - bar_start(then, timeframe)).total_seconds() / float(Decimal(speed))
    assert 0.1 < after_s < 0.3
    assert bar_start(then, timeframe) > bar_start(there, timeframe)  # the close of a candle that was still open


def test_a_strategy_is_called_at_most_four_times_a_second() -> None:
    market = OtherMarket(utc("2026-01-05T12:00:59"), "1000")  # a minute takes 0.06 s
    assert CandleClose(market, "1m").next(utc("2026-01-05")) == utc("2026-01-05T00:00:00.25")


# --- at work ---------------------------------------------------------------------------------


class FastMarket(HandMarket):
    """A minute takes a quarter of a second, and the price turns all the time."""

    speed = Decimal(240)

    def __init__(self, price: str = "100") -> None:
        super().__init__(HandClock())
        self.price = Decimal(price)
        self.trouble: Exception | None = None
        self.asked = 0
        self.again = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self.show("BTC/USDT", "100", "100.01", depth="1000")

    def now(self) -> datetime:
        return self.clock.now() + timedelta(seconds=(self._loop.time() - self._began) * 240)

    async def candles(self, symbol: Symbol, timeframe: str, limit: int) -> Sequence[Candle]:
        self.asked += 1
        self.again.set()
        if self.trouble is not None:
            raise self.trouble
        end = bar_start(self.now(), timeframe)
        length = timedelta(seconds=timeframe_seconds(timeframe))
        starts = [end - back * length for back in range(limit, 0, -1)]
        prices = [self.price + start.minute**2 % 7 for start in starts]
        return [Candle(symbol, timeframe, at, c, c, c, c, ZERO) for at, c in zip(starts, prices, strict=True)]

    async def until_asked(self, times: int) -> None:
        while self.asked < times:
            self.again.clear()
            await self.again.wait()


class Clockwork:
    """A scheduler over a real book and runner, with what it called and what it told."""

    def __init__(self, markets: dict[str, FastMarket], timeframe: str = "1m") -> None:
        self.book = Book(MemoryJournal(), SystemClock())
        valuation = Valuation(self.book, markets, "USDT")
        self.venues = {AccountId(name, Mode.PAPER): Venue(market, False) for name, market in markets.items()}
        executors: dict[AccountId, p.Executor] = {**self.venues}
        gate = RiskGate(
            self.book, valuation, Limits(stale_price_s=0), {}, "UTC", lambda account: executors[account].capabilities
        )
        oms = Oms(self.book, gate, Drafting(self.book, valuation, executors), executors)
        for venue in self.venues.values():
            venue.hear = oms.on_report
        params = {"fast": "1", "slow": "2"}
        configs = [
            StrategyConfig(name, "sma_cross", name, (BTC.symbol,), timeframe, params, Size(Decimal(1)))
            for name in markets
        ]
        self.runner = Runner(self.book, oms, markets, configs)
        self.told: list[tuple[str, str]] = []
        self.lines: list[tuple[str, str, datetime]] = []
        self.samples = 0
        self.scheduler = Scheduler(self.runner, markets, "Europe/Vienna", self.mishap)

    async def mishap(self, where: str, why: Exception) -> None:
        self.told.append((where, type(why).__name__))
        await self.book.record(e.Noticed(f"id{len(self.told)}", "error", where, str(why)))

    async def run_line(self, schedule: Schedule, key: str) -> None:
        self.lines.append((schedule.line, key, self.book.clock.now()))
        await self.book.record(e.CommandRun(key, schedule.actor, schedule.role, "schedule", schedule.line, True))

    async def sample(self) -> None:
        self.samples += 1

    async def begin(self) -> None:
        for account in self.venues:
            opened = e.AccountOpened(account.name, account.mode, "hand", "USDT", (Money(Decimal(10_000), "USDT"),))
            await self.book.record(opened, e.InstrumentListed(account.name, account.mode, BTC))
        self.scheduler.start(self.run_line, self.sample, self.book)


async def test_a_second_of_the_real_scheduler() -> None:
    async with asyncio.timeout(20):
        deaf, broken = FastMarket(), FastMarket("NaN")
        deaf.trouble = VenueUnreachable("It does not answer.")
        work = Clockwork({"well": FastMarket(), "deaf": deaf, "broken": broken})
        await work.book.record(e.ScheduleSet("early", "status", "person:ana", "trader", every_s=1))
        await work.begin()
        soon = work.book.clock.now() + timedelta(seconds=0.3)
        await work.book.record(e.ModeChanged("other", Mode.LIVE, "person:ana", soon))

        # A strategy of a market that does not answer is asked again and told of once.
        await deaf.until_asked(3)
        assert work.told.count(("strategy deaf", "VenueUnreachable")) == 1
        assert work.runner.running("deaf")

        # A strategy that fails is told of and stopped.
        assert await work.book.until(lambda: ("strategy broken", "ValueError") in work.told, 5)
        assert not work.runner.running("broken")
        assert work.told.count(("strategy broken", "ValueError")) == 1

        # The others go on: orders, a line each second, and the end of a time box.
        well = work.venues[AccountId("well", Mode.PAPER)]
        assert await work.book.until(lambda: bool(well.placed), 5)
        assert await work.book.until(lambda: bool(work.lines), 5)
        line, key, ran = work.lines[0]
        name, schedule_id, planned = key.split(":", 2)
        assert (line, name, schedule_id) == ("status", "schedule", "early")
        assert timedelta() <= ran - datetime.fromisoformat(planned) < timedelta(seconds=1)
        assert datetime.fromisoformat(planned).microsecond == 0
        entries = [entry.event async for entry in work.book.journal.read()]
        assert e.ModeChanged("other", Mode.PAPER, "desk") in entries
        assert work.samples >= 1  # at the start

        # When the market has answered, its next silence is news again.
        deaf.trouble = None
        await deaf.until_asked(deaf.asked + 2)
        deaf.trouble = VenueUnreachable("It does not answer.")
        assert await work.book.until(lambda: work.told.count(("strategy deaf", "VenueUnreachable")) == 2, 5)
        await work.scheduler.stop()


async def test_a_strategy_is_warmed_up_at_once_and_a_silent_market_is_asked_again_soon() -> None:
    async with asyncio.timeout(20):
        market = FastMarket()
        market.trouble = VenueUnreachable("It does not answer.")
        work = Clockwork({"slow": market}, "1d")  # from noon to midnight are three minutes
        await work.begin()
        assert await work.book.until(lambda: ("strategy slow", "VenueUnreachable") in work.told, 5)
        assert work.scheduler.planned()["strategy slow"] - work.book.clock.now() <= timedelta(seconds=10)
        market.trouble = None
        await work.runner.stop("slow", "person:ana")
        await work.runner.start("slow", "person:ana")
        await market.until_asked(2)
        assert work.scheduler.planned()["strategy slow"] - work.book.clock.now() > timedelta(minutes=2)
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
    await work.book.record(e.ScheduleSet("new", "status", "person:ana", "trader", at="08:30"))
    due = work.scheduler.planned()["schedule new"]
    assert due > work.book.clock.now()
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
    assert await work.book.until(lambda: work.book.journal.last_seq > before, 5)
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
    async with asyncio.timeout(5):
        await begun.wait()
        asyncio.get_running_loop().call_later(0.05, go_on.set)
        await work.scheduler.stop()
    assert finished.is_set()
    assert work.told == []
    await work.book.record(e.ScheduleSet("late", "status", "person:ana", "trader", every_s=1))
    assert "schedule late" not in work.scheduler.planned()
    await work.scheduler.stop()  # safe to repeat
