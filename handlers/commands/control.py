"""Kill, pause, resume, and lines run by the clock."""

from datetime import time, timedelta
from typing import Annotated

from handlers.accounts import is_dust
from handlers.context import Context, Role
from handlers.figures import number, span
from handlers.parse import find, read
from handlers.reply import Button, Reply, Table, Tone
from handlers.spec import Arg, command
from handlers.story import in_words
from handlers.values import Line, Scope
from trading import events as e
from trading.control import Schedule
from trading.errors import IntentError
from trading.ids import derive

EVERYTHING = Scope("all")
SHORTEST = timedelta(seconds=10)
MOST = 50  # schedules
FOR_PEOPLE = ("schedule", "confirm", "approve", "reject")  # what the clock may not run


@command(role=Role.TRADER, group="control", dry=True)
async def kill(
    ctx: Context,
    scope: Annotated[Scope, Arg("all, an account, a symbol or a strategy")] = EVERYTHING,
    *,
    flatten: Annotated[bool, Arg("Also close every position")] = False,
) -> Reply:
    """Halt: nothing new, cancel what could open something, and close all if asked."""
    if ctx.dry:
        return Reply(f"Would halt {scope} and cancel its orders{' and close its positions' if flatten else ''}.")
    done = await ctx.desk.killer.kill(ctx.key, scope, ctx.origin, flatten=flatten)
    finished = await ctx.desk.killer.finished(done.id, 3.0)
    lines = [f"{scope} is HALTED. It stays so, also after a restart, until /resume."]
    lines += [f"- {in_words(step)}" for step in finished.steps]
    lines += [] if flatten else _left_open(ctx, scope)
    if not finished.done:
        lines.append("Still working on it; each step is told as it happens.")
    return Reply("\n".join(lines), tone=Tone.WARN, buttons=(Button("Resume", f"/resume {scope}"),))


def _left_open(ctx: Context, scope: Scope) -> list[str]:
    """What a killed strategy may have opened: positions are the account's, so the kill alone leaves them."""
    if scope not in ctx.desk.strategies:
        return []
    config = ctx.desk.runner.config(scope)
    held = [p for p in ctx.book.positions() if p.account == config.account and p.symbol in config.symbols]
    left = [f"{number(p.quantity)} {p.symbol}" for p in held if not is_dust(ctx.desk.oms, p)]
    if not left:
        return []
    closing = " or ".join(f"/kill {each} flatten=yes" for each in (scope, *dict.fromkeys(p.symbol for p in held)))
    return [f"Positions belong to the account and stay open: {', '.join(left)}. To close them: {closing}."]


@command(role=Role.TRADER, group="control")
async def pause(
    ctx: Context, scope: Annotated[Scope, Arg("all, an account, a symbol or a strategy")] = EVERYTHING
) -> Reply:
    """Open nothing new; stops, targets and closing go on."""
    await ctx.desk.killer.pause(scope, ctx.origin)
    text = f"{scope} is {ctx.book.state(scope)}: no new entries. Open orders and protection stay."
    return Reply.good(text, buttons=(Button("Resume", f"/resume {scope}"),))


@command(role=Role.TRADER, group="control")
async def resume(
    ctx: Context, scope: Annotated[Scope, Arg("all, an account, a symbol or a strategy")] = EVERYTHING
) -> Reply:
    """Release a kill or a pause; lists what starts again."""
    again = await ctx.desk.killer.resume(scope, ctx.origin)
    ctx.desk.clear_kill_file()
    running = [f"strategy {name} trades again" for name in ctx.desk.strategies if ctx.desk.runner.running(name)]
    if not again:
        return Reply(f"{scope} was not halted or paused.")
    return Reply.good("\n".join([f"{scope} is {ctx.book.state(scope)}.", *again, *running]))


# --- schedules -------------------------------------------------------------------------------


@command(role=Role.TRADER, group="control")
async def schedule(
    ctx: Context,
    line: Annotated[Line | None, Arg("What to run; lists the schedules if left out", example="status")] = None,
    *,
    every: Annotated[timedelta | None, Arg("Run it every so often: 4h", example="4h")] = None,
    at: Annotated[time | None, Arg("Run it daily at a time of the desk's day: 08:30")] = None,
    remove: Annotated[str | None, Arg("Remove the schedule with this id")] = None,
) -> Reply:
    """Run a command line by the clock, or list what is run."""
    known = [s for s in ctx.book.all(Schedule) if s.active]
    if remove is not None:
        found = _scheduled(known, remove)
        await ctx.book.record(e.ScheduleRemoved(found.id, ctx.actor.id))
        return Reply.good(f"Removed: {found.line}")
    if line is None:
        rows = [(s.id[:6], _when(s, ctx.desk.timezone), s.line, s.actor) for s in known]
        buttons = tuple(Button(f"Remove {s.id[:6]}", f"/schedule remove={s.id}") for s in known[:4])
        table = Table.of(("ID", "When", "Line", "For"), rows)
        return Reply("", table=table, buttons=buttons) if rows else Reply("Nothing is scheduled.")
    if (every is None) == (at is None):
        raise IntentError("Say when: every=4h or at=08:30.", "/schedule status every=4h", code="NO_TIME")
    if every is not None and every < SHORTEST:
        raise IntentError(f"At most once in {SHORTEST.seconds} s.", "Write every=1m.", code="BAD_DURATION")
    if len(known) >= MOST:
        raise IntentError(f"There are {MOST} schedules, as many as may be.", "Remove one: /schedule.", code="TOO_MANY")
    spec, rest = find(line, ctx.actor.role)
    if spec.name in FOR_PEOPLE:
        raise IntentError(
            f"/{spec.name} is for people, not for the clock.", "/schedule status every=4h", code="BAD_LINE"
        )
    read(spec, rest, ctx)
    seconds = int(every.total_seconds()) if every else 0
    role = str(ctx.actor.role)
    made = Schedule(derive("schedule", ctx.key), line, ctx.actor.id, role, seconds, f"{at:%H:%M}" if at else "")
    await ctx.book.record(e.ScheduleSet(made.id, line, made.actor, role, seconds, made.at))
    when = _when(made, ctx.desk.timezone)
    return Reply.good(f"Scheduled {when}: {line}\nIt runs as {ctx.actor.name}. Id {made.id[:6]}.")


def _scheduled(known: list[Schedule], beginning: str) -> Schedule:
    """The one schedule whose id begins so."""
    found = [s for s in known if beginning and s.id.startswith(beginning.lower())]
    if len(found) > 1:
        text = f"{len(found)} schedules begin with {beginning[:20]!r}."
        raise IntentError(text, f"Write more of it: {' or '.join(s.id for s in found[:3])}.", code="NO_SCHEDULE")
    if not found:
        raise IntentError(f"There is no schedule {beginning[:20]!r}.", "/schedule lists them.", code="NO_SCHEDULE")
    return found[0]


def _when(schedule: Schedule, zone: str) -> str:
    """`daily at 08:30 UTC`, `every 20 s`."""
    return f"daily at {schedule.at} {zone}" if schedule.at else f"every {span(timedelta(seconds=schedule.every_s))}"
