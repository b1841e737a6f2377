"""The clockwork of the process: strategies at candle closes, scheduled lines, equity samples, the end of a time box.

What is planned is a pure function of the time, so that a planned run has the same key after any
restart. A run that was missed while the process was down, or because the one before it was not over,
is not made up for; those of before a start are told at it. Nothing is stored here: the book says what is scheduled.

Every process that runs this calls everything: of several on one database, only one may.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.date import DateTrigger

from bot.supervise import Attempt
from trading import events as e
from trading.book import Book
from trading.control import AccountMode, Schedule
from trading.errors import VenueError
from trading.intent import Mode
from trading.market.candles import UNIX, bar_start
from trading.ports import Market
from trading.quotes import timeframe_seconds
from trading.runner import Runner
from trading.words import minute

AFTER_CLOSE_S = 0.15  # how long after a candle's close its strategies are called, in real seconds
MIN_PERIOD_S = 0.25  # they are called no more often, however fast the market's time runs
RETRY_S = 10.0  # when a strategy's market is asked again that did not answer, if no candle closes before
SAMPLE_EVERY_S = 300
WORTH_TELLING_S = 3600  # a schedule that runs more often than that is not told of when it missed a run
GRACE_S = 5.0  # how long `stop` waits for what is running

RunLine = Callable[[Schedule, str], Awaitable[object]]
"""Runs a schedule's line as the person who set it, under a command key."""

Job = Callable[[], Awaitable[object]]


# --- when ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Every:
    """Every so many seconds, counted from 1970 (UTC) as candles are: `every=4h` is at 0, 4, 8 ... o'clock UTC."""

    seconds: int

    def last(self, until: datetime) -> datetime:
        """The latest planned moment that is not after `until`."""
        step = timedelta(seconds=self.seconds)
        return UNIX + (until - UNIX) // step * step

    def next(self, after: datetime) -> datetime:
        """The first planned moment after `after`."""
        return self.last(after) + timedelta(seconds=self.seconds)


@dataclass(frozen=True)
class Daily:
    """At a time of day in a time zone, exactly once for each date of its calendar.

    A time that the clock skips in spring is as long after midnight as ever (02:30 is 03:30 by the new
    time); of one that comes twice in autumn, the first counts (PEP 495, fold 0).
    """

    at: time
    zone: ZoneInfo

    def _near(self, moment: datetime) -> list[datetime]:
        """The planned moments around `moment`, in order."""
        day = moment.astimezone(self.zone).date()
        days = [day + timedelta(days=n) for n in range(-2, 3)]
        return [datetime.combine(each, self.at, self.zone).astimezone(UTC) for each in days]

    def last(self, until: datetime) -> datetime:
        """The latest planned moment that is not after `until`."""
        return max(moment for moment in self._near(until) if moment <= until)

    def next(self, after: datetime) -> datetime:
        """The first planned moment after `after`."""
        return min(moment for moment in self._near(after) if moment > after)


@dataclass(frozen=True)
class CandleClose:
    """A moment after each close of a market's candles, by the market's own clock and speed."""

    market: Market
    timeframe: str

    def next(self, now: datetime) -> datetime:
        """When to call next, asked at `now`."""
        there = self.market.now()
        close = bar_start(there, self.timeframe) + timedelta(seconds=timeframe_seconds(self.timeframe))
        wait = (close - there) / float(self.market.speed) + timedelta(seconds=AFTER_CLOSE_S)
        return now + max(wait, timedelta(seconds=MIN_PERIOD_S))


def plan_of(schedule: Schedule, zone: ZoneInfo) -> Every | Daily:
    """When a schedule's line is run; `zone` is the desk's."""
    return Daily(time.fromisoformat(schedule.at), zone) if schedule.at else Every(schedule.every_s)


def missed(schedules: Iterable[Schedule], since: datetime, now: datetime, zone: ZoneInfo) -> list[str]:
    """What was to run after `since` and did not, a line each; nothing of what runs again within an hour anyway."""
    lines = []
    for schedule in schedules:
        due = plan_of(schedule, zone).last(now)
        if schedule.active and due > since and (schedule.at or schedule.every_s >= WORTH_TELLING_S):
            lines.append(f"missed, and not made up for: {schedule.line} (due {minute(due, zone)})")
    return lines


class Planned(BaseTrigger):  # type: ignore[misc]  # the library has no types
    """A plan as APScheduler asks for it. It goes on from now, so what a stall missed is one run and not many."""

    def __init__(self, following: Callable[[datetime], datetime]) -> None:
        self.following = following

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        return self.following(now)


# --- what ------------------------------------------------------------------------------------


class Scheduler:
    """Calls things when it is time. `timezone` is the desk's (IANA name); `attempt` does one, and tells if it fails."""

    def __init__(self, runner: Runner, markets: Mapping[str, Market], timezone: str, attempt: Attempt) -> None:
        self.runner = runner
        self.markets = markets
        self.zone = ZoneInfo(timezone)
        self.attempt = attempt
        self._jobs = AsyncIOScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        self._working: set[asyncio.Task[object]] = set()
        self._silent: set[str] = set()  # strategies whose market does not answer, and people know
        self._unsubscribe: Callable[[], None] = lambda: None

    def start(self, run_line: RunLine, sample_equity: Job, book: Book) -> None:
        """Begin, in the running event loop. The book is replayed and the markets are started by now.

        Equity is sampled at once, every five minutes, and when the desk's day begins. Strategies are
        called at once too, for their warm-up, so that the next candle is the first they may trade.
        """
        self.run_line, self.book = run_line, book
        midnight, often = Daily(time(), self.zone), Every(SAMPLE_EVERY_S)
        self._add("equity", Planned(lambda now: min(often.next(now), midnight.next(now))), sample_equity)
        for name, config in self.runner.configs.items():
            closes = CandleClose(self.markets[config.account], config.timeframe)
            self._add(f"strategy {name}", Planned(closes.next), partial(self._tick, name))
        for schedule in book.all(Schedule):
            self._plan(schedule)
        for mode in book.all(AccountMode):
            self._box(mode)
        self._unsubscribe = book.subscribe(self._follow)
        self._jobs.start()
        for where in ("equity", *(f"strategy {name}" for name in self.runner.configs)):
            self._hasten(where, 0)

    async def stop(self) -> None:
        """Call nothing any more and wait a little for what is running. Safe to repeat."""
        if not self._jobs.running:
            return
        self._unsubscribe()
        self._jobs.pause()
        if self._working:
            await asyncio.wait(self._working, timeout=GRACE_S)
        self._jobs.shutdown(wait=False)
        await asyncio.sleep(0)  # it does so in a callback

    def planned(self) -> dict[str, datetime]:
        """What is called next and when (UTC), by name."""
        return {job.id: job.next_run_time.astimezone(UTC) for job in self._jobs.get_jobs()}

    # --- jobs --------------------------------------------------------------------------------

    def _add(self, where: str, trigger: BaseTrigger, job: Job) -> None:
        self._jobs.add_job(self._guarded, trigger, (where, job), id=where, name=where, replace_existing=True)

    def _remove(self, where: str) -> None:
        if self._jobs.get_job(where) is not None:
            self._jobs.remove_job(where)

    def _hasten(self, where: str, seconds: float) -> None:
        """Call something in `seconds`, if that is earlier than planned; after it the plan goes on."""
        job, soon = self._jobs.get_job(where), self.book.clock.now() + timedelta(seconds=seconds)
        if job is not None and job.next_run_time > soon:
            job.modify(next_run_time=soon)

    async def _guarded(self, where: str, job: Job) -> None:
        """Run a job; if it fails that is told, and it will be called again when it is time."""
        task = asyncio.current_task()
        assert task is not None, "jobs run as tasks"
        self._working.add(task)
        try:
            await self.attempt(where, job)
        finally:
            self._working.discard(task)

    async def _tick(self, name: str) -> None:
        """Let a strategy look at its market.

        A market that does not answer is asked again soon, and told of once until it answers. A
        strategy that fails is told of and stopped.
        """
        try:
            await self.runner.tick(name)
        except VenueError:
            self._hasten(f"strategy {name}", RETRY_S)
            if name not in self._silent:
                self._silent.add(name)
                raise
        except Exception:
            await self.runner.stop(name, "desk")
            raise
        else:
            self._silent.discard(name)

    async def _run(self, schedule_id: str, plan: Every | Daily) -> None:
        schedule = self.book.get(Schedule, schedule_id)
        if schedule is not None and schedule.active:
            planned = plan.last(self.book.clock.now())
            await self.run_line(schedule, f"schedule:{schedule.id}:{planned.isoformat()}")

    async def _close_box(self, account: str) -> None:
        """Say that an account is on paper again; for new orders it is from the moment its time was over."""
        mode = self.book.get(AccountMode, account)
        if mode is not None and mode.mode is not mode.at(self.book.clock.now()):
            await self.book.record(e.ModeChanged(account, Mode.PAPER, "desk"))

    # --- what people change ------------------------------------------------------------------

    def _follow(self, entry: e.Recorded) -> None:
        match entry.event:
            case e.ScheduleSet(schedule_id=which) | e.ScheduleRemoved(schedule_id=which):
                if (schedule := self.book.get(Schedule, which)) is not None:
                    self._plan(schedule)
            case e.StrategySwitched(strategy=name, running=True):
                self._hasten(f"strategy {name}", 0)
            case e.ModeChanged(account=account):
                if (mode := self.book.get(AccountMode, account)) is not None:
                    self._box(mode)

    def _plan(self, schedule: Schedule) -> None:
        where = f"schedule {schedule.id}"
        if schedule.active:
            plan = plan_of(schedule, self.zone)
            self._add(where, Planned(plan.next), partial(self._run, schedule.id, plan))
        else:
            self._remove(where)

    def _box(self, mode: AccountMode) -> None:
        where = f"time box of {mode.account}"
        if mode.until is not None:
            self._add(where, DateTrigger(mode.until, UTC), partial(self._close_box, mode.account))
        else:
            self._remove(where)
