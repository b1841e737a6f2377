"""Kill, pause, resume, and lines run by the clock."""

from datetime import time, timedelta
from typing import Annotated

from handlers.accounts import holding_text, is_dust, released_text
from handlers.actor import Role
from handlers.context import Context
from handlers.parse import find, read
from handlers.reply import Button, Reply, Table, Tone
from handlers.spec import Arg, command
from handlers.story import killing
from handlers.values import Line, Scope
from trading import events as e
from trading.control import Schedule
from trading.errors import IntentError
from trading.ids import derive
from trading.words import begun, resume_line, scope_label, span

EVERYTHING = Scope("all")
SHORTEST = timedelta(seconds=10)
MOST = 50  # schedules
RIGHT = "Example: /schedule status every=4h"
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
        return Reply(f"Would halt {scope_label(scope)}: {killing(flatten)}.")
    done = await ctx.desk.killer.kill(ctx.key, scope, ctx.origin, flatten=flatten)
    finished = await ctx.desk.killer.finished(done.id, 3.0)
    halted = f"{begun(scope_label(scope))} is HALTED by {ctx.actor.id}"
    lines = [f"{halted}. It stays so, also after a restart, until {resume_line(scope)}."]
    lines += [f"- {step}" for step in finished.steps]
    lines += [] if flatten else _left_open(ctx, scope)
    if not finished.done:
        lines.append("Still working on it; each step is told as it happens.")
    return Reply("\n".join(lines), tone=Tone.WARN, buttons=(Button("Resume", resume_line(scope)),))


def _left_open(ctx: Context, scope: Scope) -> list[str]:
    """What a killed strategy may have opened: positions are the account's, so the kill alone leaves them."""
    if scope not in ctx.desk.strategies:
        return []
    config = ctx.desk.runner.config(scope)
    held = [p for p in ctx.book.positions() if p.account == config.account and p.symbol in config.symbols]
    left = [holding_text(p) for p in held if not is_dust(ctx.desk.oms, p)]
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
    state = f"{begun(scope_label(scope))} is {ctx.book.state(scope)}"
    text = f"{state}: nothing new is opened until {resume_line(scope)}. Open orders and protection stay."
    return Reply.good(text, buttons=(Button("Resume", resume_line(scope)),))


@command(role=Role.TRADER, group="control")
async def resume(
    ctx: Context, scope: Annotated[Scope, Arg("all, an account, a symbol or a strategy")] = EVERYTHING
) -> Reply:
    """Release a kill or a pause; lists what starts again."""
    released = await ctx.desk.killer.resume(scope, ctx.origin)
    if scope == EVERYTHING:
        ctx.desk.clear_kill_file()
    name, state = begun(scope_label(scope)), ctx.book.state(scope)
    held = "" if state is e.TradingState.ACTIVE else f" The desk is {state}: /resume releases it."
    if not released:
        return Reply(f"{name} was not halted or paused{' by itself' if held else ''}.{held}")
    lines = [f"{name} is released.{held}" if held else f"{name} is ACTIVE."]
    lines += [released_text(latch, ctx.desk.timezone) for latch in released]
    lines += [f"Strategy {each} trades again." for each in _trading_again(ctx, {latch.scope for latch in released})]
    return Reply("\n".join(lines), tone=Tone.WARN if held else Tone.GOOD)


def _trading_again(ctx: Context, released: set[str]) -> list[str]:
    """The running strategies that one of these scopes held up, and that nothing holds up any more."""
    found = []
    for name in filter(ctx.desk.runner.running, ctx.desk.strategies):
        config = ctx.desk.runner.config(name)
        scopes = {name, config.account, *config.symbols}
        if released & {EVERYTHING, *scopes} and ctx.book.state(*scopes) is e.TradingState.ACTIVE:
            found.append(name)
    return found


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
        rows = [(s.id[:6], s.when(ctx.desk.timezone), s.line, s.actor) for s in known]
        buttons = tuple(Button(f"Remove {s.id[:6]}", f"/schedule remove={s.id}") for s in known[:4])
        table = Table.of(("ID", "When", "Line", "For"), rows)
        return Reply("", table=table, buttons=buttons) if rows else Reply("Nothing is scheduled.")
    if (every is None) == (at is None):
        raise IntentError("Say when: either every=4h or at=08:30.", RIGHT, code="NO_TIME")
    if every is not None and every < SHORTEST:
        raise IntentError(f"At most once in {span(SHORTEST)}.", "Write every=1m.", code="BAD_DURATION")
    if len(known) >= MOST:
        raise IntentError(f"There are {MOST} schedules, as many as may be.", "Remove one: /schedule.", code="TOO_MANY")
    spec, rest = find(line, ctx.actor.role)
    if spec.name in FOR_PEOPLE:
        raise IntentError(f"/{spec.name} is for people, not for the clock.", RIGHT, code="BAD_LINE")
    read(spec, rest, ctx)
    seconds = int(every.total_seconds()) if every else 0
    role = str(ctx.actor.role)
    made = Schedule(derive("schedule", ctx.key), line, ctx.actor.id, role, seconds, f"{at:%H:%M}" if at else "")
    await ctx.book.record(e.ScheduleSet(made.id, line, made.actor, role, seconds, made.at))
    when = made.when(ctx.desk.timezone)
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
