"""The life of the process: open, replay, connect, reconcile, then accept; and the way back.

A crash and a start are one path: whatever state the process was left in, it is read from the journal
and held against the venues before anything new may be sent.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from functools import partial
from importlib.metadata import version

import structlog

from bot.alerts.digests import Digests
from bot.alerts.heartbeat import Heartbeat
from bot.alerts.watches import Watches
from bot.connect import Connections
from bot.desk import LiveDesk
from bot.logs import LogTail
from bot.metrics import Metrics
from bot.scheduler import Scheduler, missed
from bot.settings.models import Settings
from bot.supervise import Supervisor
from bot.tokens import Tokens
from bot.watch import count, watch_kill_file
from bot.webhooks.inbox import Inbox
from bot.wiring.desk import build_desk
from handlers import commands  # importing declares them
from handlers.accounts import in_use, latch_text
from handlers.actor import Actor, ConfirmPolicy, Role
from handlers.confirm import token_of
from handlers.context import Context
from handlers.dispatch import Dispatcher
from handlers.figures import money
from handlers.reply import Reply, Tone
from trading import events as e
from trading.clock import Clock
from trading.control import Founding, Latch, LimitOverride, Lock, Schedule
from trading.errors import TradingError
from trading.ids import derive
from trading.intent import AccountId
from trading.journal.store import JournalStore
from trading.ports import Executor
from trading.words import counted, scope_label

VERSION = version("tiller")
EXPIRE_S = 2.0
log = structlog.get_logger("tiller")

__all__ = ["VERSION", "App", "commands"]


class App:
    """One running desk. `start` returns when commands are accepted; `stop` leaves everything durable."""

    def __init__(self, settings: Settings, store: JournalStore, clock: Clock, tail: LogTail) -> None:
        self.settings = settings
        self.store = store
        self.clock = clock
        self.metrics = Metrics(VERSION)
        self.tokens = Tokens(store, settings.data_dir, clock)
        self.desk: LiveDesk = build_desk(settings, store, clock, VERSION, tail, self.tokens)
        self.book = self.desk.book
        confirm = settings.confirm
        policy = ConfirmPolicy.parse(str(confirm.orders), str(confirm.approve_above or ""), int(confirm.expires_s))
        self.dispatcher = Dispatcher(self.desk, policy, self._log)
        self.supervisor = Supervisor(self.mishap)
        self.book.tell = self.supervisor.tell
        self.scheduler = Scheduler(self.desk.runner, self.desk.markets, settings.timezone, self.supervisor.attempt)
        self.connections = Connections(self.desk)
        self.inbox = Inbox(self.desk, self.run, self.context, self.supervisor.start)
        self.desk.task_health = self.supervisor.health
        self.found: list[str] = []
        self.not_accepting = "starting"

    # --- start -------------------------------------------------------------------------------

    async def start(self) -> None:
        """Replay, connect, reconcile, then accept.

        Raises:
            TradingError: the journal is broken, or the settings of a market or venue are wrong.
        """
        began = self.clock.now()
        replayed = await self.book.open()
        last_life = self.book.written_at
        if self.book.get(Founding, "desk") is None and not self.book.recent_orders():
            await self.book.record(e.DeskFounded(secrets.token_hex(8)))
        self.metrics.follow(lambda: self.book.journal.last_seq, lambda: len(self.book.open_orders()))
        self.metrics.weigh(lambda: {at: budget.used_weight() for at, budget in self.desk.budgets.items()})
        self.book.subscribe(lambda entry: count(entry, self.metrics, self.book))
        self.found = [f"{replayed} journal entries replayed"]
        voided = await self.dispatcher.confirmations.void_all("restart")
        self.found += [f"voided: {asked.line} (a confirmation from before the restart)" for asked in voided]
        for name in self.desk.accounts:
            self.found += await self.connections.connect(name)
        await self.sample_equity()  # the day and the peak begin with what was there
        self._start_tasks()
        if last_life is not None:
            self.found += missed(self.book.all(Schedule), last_life, self.clock.now(), self.settings.zone)
        await self.desk.protection.check_all()
        self.found += [*self._standing(), *self._unpriced()]
        seconds = (self.clock.now() - began).total_seconds()
        await self.book.record(e.DeskStarted(VERSION, "\n".join(self.card(seconds))))
        self.not_accepting = ""
        self.metrics.ready(True)

    async def run(self, line: str, actor: Actor | None, surface: str, key: str = "", place: str = "") -> Reply:
        """One line from any surface, once the desk accepts; see `Dispatcher.run`."""
        if self.not_accepting:
            why = f"The desk is {self.not_accepting}; nothing was done."
            return Reply(f"{why} Try again in a moment.", ok=False, tone=Tone.WARN, error="NOT_READY")
        loop = asyncio.get_running_loop()
        began = loop.time()
        reply = await self.dispatcher.run(line, actor, surface, key, place)
        self.metrics.command(surface, reply.ok, loop.time() - began)
        return reply

    def context(self, line: str, actor: Actor, surface: str) -> Context:
        """For looking only: completion and guided forms."""
        return self.dispatcher.context(line, actor, surface)

    def _start_tasks(self) -> None:
        desk, start = self.desk, self.supervisor.start
        for account, executor in desk.executors.items():
            if account in desk.closed:
                continue
            start(f"reports of {account}", self._hear(account, executor))
            start(f"reconcile of {account}", partial(desk.reconciler.run, account))
        start("connections", self.connections.keep_trying)
        start("price alerts", Watches(desk.valuation, desk.destinations).run)
        start("digests", Digests(desk).run)
        heartbeat = Heartbeat(self.settings.alerts, desk.health, self.supervisor.health, lambda: self.not_accepting)
        start("heartbeat", heartbeat.run)
        start("protection", desk.protection.run)
        start("kill switch", desk.killer.run)
        start("KILL file", lambda: watch_kill_file(desk))
        start("confirmations", self._expire)
        self.inbox.begin()
        self.scheduler.start(self._run_schedule, self.sample_equity, self.desk.book)

    def _hear(self, account: AccountId, executor: Executor) -> Callable[[], Awaitable[None]]:
        async def hear() -> None:
            async for report in executor.reports():
                await self.desk.oms.on_report(account, report)

        return hear

    async def _expire(self) -> None:
        while True:
            await asyncio.sleep(EXPIRE_S)
            await self.dispatcher.confirmations.expire(self.clock.now())

    # --- what the clock does -----------------------------------------------------------------

    async def _run_schedule(self, schedule: Schedule, key: str) -> None:
        actor = await self.desk.actor(schedule.actor)
        if actor is None or actor.role < Role.of(schedule.role):
            text = f"{schedule.line}: {schedule.actor} may not do this any more; the schedule did not run."
            await self.book.record(e.Noticed(derive(key), "warning", "schedule", text))
            return
        reply = await self.run(schedule.line, actor, "schedule", key)
        text = f"{schedule.line}: {reply.text}"
        severity = "info" if reply.ok and not token_of(reply) else "warning"  # what waits does not for long: aloud
        await self.book.record(e.Noticed(derive(key), severity, "schedule", text))

    async def sample_equity(self) -> None:
        """Record the equity of every account in use, for the day's start, the peak and the curve."""
        day = f"{self.clock.now().astimezone(self.settings.zone):%Y-%m-%d}"
        samples: list[e.AnyEvent] = []
        for account in self.desk.executors:
            if self.book.account(account) is None:
                continue
            if self.desk.valuation.awaits_price(account):
                continue  # a price that is missing is no loss, and no profit when it comes
            worth = self.desk.valuation.equity(account)
            samples.append(
                e.EquitySampled(
                    account.name, account.mode, worth.total, worth.cash, worth.unrealized, day, self.settings.currency
                )
            )
            self.metrics.equity(account.name, account.mode, worth.total)
        if samples:
            await self.book.record(*samples)

    # --- mishaps -----------------------------------------------------------------------------

    def _log(self, notice: str, why: Exception) -> None:
        if isinstance(why, TradingError):  # expected: the line says it all
            log.error("mishap", id=notice, code=why.code, why=str(why))
        else:
            log.error("mishap", id=notice, exc_info=why)

    async def mishap(self, where: str, why: Exception) -> None:
        """Log a failure with an id, and tell people of it."""
        notice = derive("mishap", where, str(self.book.journal.last_seq))
        self._log(notice, why)
        text = str(why) if isinstance(why, TradingError) else f"{type(why).__name__}; the log has the details."
        try:
            await self.book.record(e.Noticed(notice, "error", where, text))
        except TradingError as broken:
            self._log(notice, broken)

    # --- what is told at the start -----------------------------------------------------------

    def _standing(self) -> list[str]:
        """Open orders and positions, latches, locks and limits that hold on."""
        lines = []
        for account in self.desk.executors:
            positions, orders = self.book.positions(account), self.book.open_orders(account)
            if positions or orders:
                held = f"{counted(len(positions), 'position')}, {counted(len(orders), 'open order')}"
                lines.append(f"{account}: {held}")
        latched = [latch for latch in self.book.all(Latch) if latch.state is not e.TradingState.ACTIVE]
        lines += [latch_text(latch, self.settings.timezone) for latch in latched]
        lines += [f"{x.symbol} is locked: /unlock {x.symbol}" for x in self.book.all(Lock) if x.holds(self.clock.now())]
        for changed in self.book.all(LimitOverride):
            lines.append(f"limit {changed.name} of {changed.account or 'the desk'} is {changed.value}, set from chat")
        lines += [f"the kill of {scope_label(kill.scope)} goes on" for kill in self.desk.killer.unfinished()]
        return lines

    def _unpriced(self) -> list[str]:
        """What totals leave out because no market shows a price of it in the desk's currency."""
        currency = self.settings.currency
        return [
            f"{each}: no price of {', '.join(worth.unpriced)} in {currency}; totals and limits leave it out, "
            "unless the setting `rates` states it"
            for each in in_use(self.book, self.desk.accounts)
            if (worth := self.desk.valuation.equity(each)).unpriced
        ]

    def card(self, seconds: float) -> list[str]:
        """The start-up card: what runs, and what was found."""
        lines = [f"Tiller {VERSION} started in {seconds:.1f} s."]
        for name in self.desk.accounts:
            account = AccountId(name, self.book.mode(name))
            worth = self.desk.valuation.equity(account)
            prices = self.desk.markets[name].name
            lines.append(f"{account}: {money(worth.total, self.settings.currency)}, {prices} prices")
        for name in self.desk.strategies:
            config = self.desk.runner.config(name)
            state = "running" if self.desk.runner.running(name) else "stopped"
            symbols = ", ".join(config.symbols)
            lines.append(f"strategy {name}: {config.class_name} on {symbols} {config.timeframe}, {state}")
        return [*lines, *self.found]

    # --- stop --------------------------------------------------------------------------------

    async def stop(self, reason: str) -> None:
        """Finish what was begun, stop what runs, and say so in the journal."""
        self.not_accepting = "stopping"
        self.metrics.ready(False)
        await self.scheduler.stop()
        await self.dispatcher.drain()
        open_ = self.book.positions()
        note = f"; {counted(len(open_), 'position')} left open, protected by what is at the venue" if open_ else ""
        await self.book.record(e.DeskStopped(f"{reason}{note}"))
        await self.supervisor.stop()
        await self.connections.stop()
