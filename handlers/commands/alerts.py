"""What a chat is told: kinds of alerts on, silent or off, silence for a while, and what somebody has seen."""

from datetime import timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from handlers.actor import Role
from handlers.alerts import KINDS, Severity, is_settled, must_be_seen
from handlers.context import Context
from handlers.destinations import destination, destinations
from handlers.reply import Button, Reply, Table
from handlers.routing import ALL, DEFAULT, Level, is_muted, level_of
from handlers.spec import Arg, command
from trading import events as e
from trading.audience import AlertLevel, Critical, Mute
from trading.errors import IntentError
from trading.words import minute, span

EventKind = Literal["fills", "orders", "errors", "risk", "control", "system", "prices", "alerts", "all"]
RIGHT = "Example: /alerts fills silent"


@command(group="system", audit=True)
async def alerts(
    ctx: Context,
    event: Annotated[EventKind | None, Arg("Which kind; shows all if left out", example="fills")] = None,
    level: Annotated[
        Literal["on", "silent", "off", "default"] | None, Arg("default: what the settings say", example="silent")
    ] = None,
    *,
    severity: Annotated[Literal["info", "notice", "warning", "critical"] | None, Arg("Only of this one")] = None,
    chat: Annotated[str | None, Arg("Which chat; here if left out", complete=destinations)] = None,
) -> Reply:
    """Show what a chat is told, or set it: with a sound, silently, or not at all.

    What is set for one severity of a kind goes before what is set for the kind, and that before what is set for all.
    Critical alerts stay on unless severity=critical is named. Without a word from anybody the settings decide, and
    what is only worth a note (info) is silent.
    """
    where = destination(ctx, chat)
    if level is None:
        return _levels(ctx, where, event)
    _trader(ctx, "set alerts")
    if event is None:
        raise IntentError("Say which alerts.", RIGHT, code="NO_EVENT")
    known = ctx.book.get(AlertLevel, AlertLevel(where, event, severity or "", "").pk)
    if (known.level if known else DEFAULT) != level:
        await ctx.book.record(e.AlertLevelSet(where, event, severity or "", level, ctx.actor.id))
    of = f"{severity} {event}" if severity else event
    told = f"Alerts in {where}, {of}: {level}."
    stays = level in (Level.OFF, Level.SILENT) and severity is None
    return Reply.good(f"{told} Critical ones stay on: severity=critical is for those." if stays else told)


def _levels(ctx: Context, where: str, event: str | None) -> Reply:
    """How each kind of each severity is told somewhere, mutes and quiet hours aside."""
    kinds = ctx.desk.destinations()[where]
    rows = [
        (kind, *(level_of(kind, severity, where, kinds, ctx.book) for severity in Severity))
        for kind in KINDS
        if event in (None, ALL, kind)
    ]
    mute = ctx.book.get(Mute, where)
    until = mute.until if mute is not None and is_muted(where, ctx.book, ctx.now) else None
    muted = f" Muted until {minute(until, ZoneInfo(ctx.desk.timezone))}: only critical ones sound." if until else ""
    columns = ("Event", *(severity.name.capitalize() for severity in Severity))
    buttons = (Button("End the mute", f"mute off chat={where}"),) if until else ()
    phone = ("Event", "Notice", "Warning", "Critical")
    return Reply(f"What is told in {where}.{muted}", table=Table.of(columns, rows, phone), buttons=buttons)


@command(role=Role.TRADER, group="system")
async def mute(
    ctx: Context,
    duration: Annotated[timedelta | Literal["off", "0"], Arg("For how long; off ends it", example="1h")],
    *,
    chat: Annotated[str | None, Arg("Which chat; here if left out", complete=destinations)] = None,
) -> Reply:
    """Tell a chat everything without a sound for a while; critical alerts sound all the same."""
    where = destination(ctx, chat)
    if not isinstance(duration, timedelta):
        if not is_muted(where, ctx.book, ctx.now):
            return Reply(f"{where} is not muted.")
        await ctx.book.record(e.DestinationMuted(where, None, ctx.actor.id))
        return Reply.good(f"{where} is muted no longer.")
    await ctx.book.record(e.DestinationMuted(where, ctx.now + duration, ctx.actor.id))
    return Reply.good(
        f"{where} is muted for {span(duration)}; critical alerts sound all the same.",
        buttons=(Button("End the mute", f"mute off chat={where}"),),
    )


@command(group="system", audit=True)
async def seen(ctx: Context, number: Annotated[int, Arg("The number of a critical alert", example="120")]) -> Reply:
    """Say that somebody has seen a critical alert: it is not told again.

    A critical alert that nobody has seen is told again on every chat, three times at most, unless it settles by itself.
    """
    found = [entry async for entry in ctx.book.journal.read(after=number - 1, limit=1)]
    if not found or not must_be_seen(found[0].event):
        text = f"Entry {number} is no alert that waits to be seen."
        raise IntentError(text, "Press Seen below the alert.", code="NO_ALERT")
    known = ctx.book.get(Critical, str(number))
    if known is not None and known.seen_by:
        return Reply(f"Seen already by {known.seen_by}.")
    await ctx.book.record(e.AlertAcknowledged(number, ctx.actor.id))
    settled = " It has settled meanwhile." if is_settled(found[0].event, ctx.book) else ""
    return Reply.good(f"Seen by {ctx.actor.id}; it is not told again.{settled}")


def _trader(ctx: Context, what: str) -> None:
    if ctx.actor.role < Role.TRADER:
        text = f"To {what} needs trader; you are {ctx.actor.role}."
        raise IntentError(text, "/alerts shows what is told.", code="NOT_ALLOWED")
