"""Who is told what, and how: with a sound, without one, or not at all. Pure: it reads the book and sends nothing.

Strongest first: what nobody can switch off; what people set for a kind of one severity, for the kind, for all kinds
of one severity, for all; what the settings send there. A critical alert is only quieter where its severity was named.
"""

from datetime import datetime, time
from enum import StrEnum
from zoneinfo import ZoneInfo

import msgspec

from handlers.alerts import ALWAYS, Alert, Severity
from trading.audience import AlertLevel, Mute
from trading.book import Book

ALL = "all"
DEFAULT = "default"


class Level(StrEnum):
    """How an alert is told."""

    ON = "on"
    SILENT = "silent"
    OFF = "off"


class Route(msgspec.Struct, frozen=True):
    """A destination as the settings have it: the kinds that are sent there, and its hours without a sound."""

    destination: str
    kinds: frozenset[str] = frozenset({ALL})
    quiet: str = ""
    zone: ZoneInfo = ZoneInfo("UTC")


def routed(alert: Alert, route: Route, book: Book, now: datetime) -> Level:
    """How an alert is told at a destination now."""
    if alert.to and alert.to != route.destination:
        return Level.OFF
    # Who asked to be told something there, is told, whatever else is sent there.
    kinds = frozenset({ALL}) if alert.to else route.kinds
    level = level_of(alert.kind, alert.severity, route.destination, kinds, book)
    hushed = is_muted(route.destination, book, now) or is_quiet(route.quiet, now.astimezone(route.zone).time())
    if level is Level.ON and hushed and alert.severity < Severity.CRITICAL:
        return Level.SILENT
    return level


def level_of(kind: str, severity: Severity, destination: str, kinds: frozenset[str], book: Book) -> Level:
    """How a kind of one severity is told at a destination, mutes and quiet hours aside."""
    if kind in ALWAYS:
        return Level.ON
    sent = bool(kinds & {ALL, kind})
    default = Level.OFF if not sent else Level.SILENT if severity is Severity.INFO else Level.ON
    for about in (kind, ALL):
        if named := _rule(destination, about, severity.name.lower(), book):
            return named
        if general := _rule(destination, about, "", book):
            if severity is not Severity.CRITICAL:
                return general
            return default if general is Level.OFF else Level.ON
    return default


def _rule(destination: str, kind: str, severity: str, book: Book) -> Level | None:
    """What people have set; None where they left it to the settings."""
    rule = book.get(AlertLevel, AlertLevel(destination, kind, severity, "").pk)
    return None if rule is None or rule.level == DEFAULT else Level(rule.level)


def is_muted(destination: str, book: Book, now: datetime) -> bool:
    """Whether somebody asked for silence there for now."""
    mute = book.get(Mute, destination)
    return mute is not None and mute.until is not None and now < mute.until


def is_quiet(hours: str, at: time) -> bool:
    """Whether a time of day is within `22:00-07:00`: from the first minute until the last, which is not in it."""
    if not hours:
        return False
    begin, end = map(time.fromisoformat, hours.split("-"))
    return begin <= at < end if begin < end else at >= begin or at < end
