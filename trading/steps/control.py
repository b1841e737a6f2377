"""What people and strategies decided: latches, limits, locks, consents, switches, schedules."""

from collections.abc import Iterator

import msgspec

from trading import control as c
from trading import events as e
from trading.steps.step import Entity, Get, Steps

steps = Steps()


@steps.on(e.DeskFounded)
def _founded(event: e.DeskFounded, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    yield c.Founding(event.desk_id)


@steps.on(e.TradingStateChanged)
def _latch(event: e.TradingStateChanged, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    yield c.Latch(event.scope, event.state, event.actor, event.reason, entry.at)


@steps.on(e.KillStarted)
def _kill(event: e.KillStarted, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    yield c.Kill(event.kill_id, event.scope, event.flatten, event.actor, entry.at)


@steps.on(e.KillStep, e.KillFinished)
def _kill_step(event: e.KillStep | e.KillFinished, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    if (kill := get(c.Kill, event.kill_id)) is not None:
        done = kill.done or isinstance(event, e.KillFinished)  # a step told late does not begin it anew
        yield msgspec.structs.replace(kill, steps=(*kill.steps[-50:], event.text), done=done)


@steps.on(e.LimitChanged)
def _limit(event: e.LimitChanged, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    yield c.LimitOverride(event.account, event.name, event.value, event.actor)


@steps.on(e.SymbolLocked)
def _locked(event: e.SymbolLocked, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    yield c.Lock(event.symbol, event.until, event.reason, event.actor)


@steps.on(e.SymbolUnlocked)
def _unlocked(event: e.SymbolUnlocked, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    if (lock := get(c.Lock, event.symbol)) is not None:
        yield msgspec.structs.replace(lock, active=False)


@steps.on(e.ConfirmationAsked)
def _asked(event: e.ConfirmationAsked, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    yield c.Confirmation(**msgspec.structs.asdict(event))


@steps.on(e.ConfirmationClosed)
def _closed(event: e.ConfirmationClosed, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    if (asked := get(c.Confirmation, event.token)) is not None:
        yield msgspec.structs.replace(asked, outcome=event.outcome, closed_by=event.actor)


@steps.on(e.CommandRun)
def _ran(event: e.CommandRun, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    if event.key and event.answer:
        yield c.Answer(event.key, event.answer)


@steps.on(e.StrategySwitched)
def _switched(event: e.StrategySwitched, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    yield c.StrategySwitch(event.strategy, event.running, event.actor)


@steps.on(e.SignalEmitted)
def _signal(event: e.SignalEmitted, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    yield c.Signal(
        event.signal_id, event.strategy, event.account, event.symbol, event.side, event.bar_close, event.price,
        entry.at, event.order_id, event.outcome,
    )  # fmt: skip


@steps.on(e.ScheduleSet)
def _scheduled(event: e.ScheduleSet, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    yield c.Schedule(event.schedule_id, event.line, event.actor, event.role, event.every_s, event.at)


@steps.on(e.ScheduleRemoved)
def _unscheduled(event: e.ScheduleRemoved, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    if (schedule := get(c.Schedule, event.schedule_id)) is not None:
        yield msgspec.structs.replace(schedule, active=False)
