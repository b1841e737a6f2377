"""Who is told what: the most telling rule wins, and nothing critical is lost by the way."""

from datetime import time, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.alerts import ALWAYS, KINDS, Alert, Severity
from handlers.routing import Level, Route, is_quiet, level_of, routed
from tests.kit import START, HandClock, MemoryJournal
from trading.audience import AlertLevel
from trading.book import Book
from trading.events import AlertLevelSet, DestinationMuted

ON, SILENT, OFF = Level.ON, Level.SILENT, Level.OFF
EVERY = frozenset({"all"})
HERE, THERE = "telegram:1", "discord:2"


async def book_of(*rules: tuple[str, str, str], destination: str = HERE) -> Book:
    book = Book(MemoryJournal(), HandClock())
    for kind, severity, level in rules:
        await book.record(AlertLevelSet(destination, kind, severity, level, "person:ana"))
    return book


def fill(severity: Severity = Severity.NOTICE, kind: str = "fills", to: str = "") -> Alert:
    return Alert(1, kind, severity, "text", to=to)


async def test_without_a_word_the_settings_decide() -> None:
    book = await book_of()
    for severity in Severity:
        usual = SILENT if severity is Severity.INFO else ON
        assert level_of("fills", severity, HERE, EVERY, book) == usual
        assert level_of("fills", severity, HERE, frozenset({"fills", "risk"}), book) == usual
        assert level_of("fills", severity, HERE, frozenset({"errors"}), book) == OFF


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ([("fills", "", "off")], [OFF, OFF, OFF, ON]),
        ([("all", "", "off")], [OFF, OFF, OFF, ON]),
        ([("all", "", "silent")], [SILENT, SILENT, SILENT, ON]),
        ([("fills", "critical", "off")], [SILENT, ON, ON, OFF]),
        ([("all", "critical", "silent")], [SILENT, ON, ON, SILENT]),
        ([("all", "", "off"), ("fills", "", "on")], [ON, ON, ON, ON]),
        ([("all", "", "off"), ("fills", "warning", "silent")], [OFF, OFF, SILENT, ON]),
        ([("fills", "", "off"), ("fills", "notice", "on")], [OFF, ON, OFF, ON]),
        ([("fills", "", "off"), ("all", "notice", "on")], [OFF, OFF, OFF, ON]),  # the kind goes before all
        ([("all", "", "on"), ("all", "notice", "off")], [ON, OFF, ON, ON]),
        ([("fills", "", "off"), ("fills", "", "default")], [SILENT, ON, ON, ON]),
        ([("fills", "", "default"), ("all", "", "silent")], [SILENT, SILENT, SILENT, ON]),
        ([("errors", "", "off")], [SILENT, ON, ON, ON]),
    ],
)
async def test_the_most_telling_rule_wins(rules: list[tuple[str, str, str]], told: list[Level]) -> None:
    book = await book_of(*rules)
    assert [level_of("fills", severity, HERE, EVERY, book) for severity in Severity] == told
    assert level_of("fills", Severity.NOTICE, THERE, EVERY, book) == ON  # another place has its own rules


async def test_what_the_settings_leave_out_can_be_switched_on_and_critical_with_it() -> None:
    book = await book_of(("errors", "", "silent"))
    fills = frozenset({"fills"})
    assert [level_of("errors", severity, HERE, fills, book) for severity in Severity] == [SILENT, SILENT, SILENT, ON]
    book = await book_of(("errors", "", "off"))
    assert level_of("errors", Severity.CRITICAL, HERE, fills, book) == OFF


RULES = st.dictionaries(
    st.tuples(st.sampled_from(["fills", "errors", "all"]), st.sampled_from(["", "info", "notice", "warning"])),
    st.sampled_from(["on", "silent", "off", "default"]),
)


@settings(max_examples=60)
@given(rules=RULES, hours=st.sampled_from(["", "00:00-23:59", "22:00-07:00"]), muted=st.booleans())
async def test_a_critical_alert_sounds_unless_its_severity_is_named(
    rules: dict[tuple[str, str], str], hours: str, muted: bool
) -> None:
    book = await book_of(*((kind, severity, level) for (kind, severity), level in rules.items()))
    if muted:
        await book.record(DestinationMuted(HERE, START + timedelta(hours=1), "person:ana"))
    route = Route(HERE, EVERY, hours)
    for kind in KINDS:
        assert routed(fill(Severity.CRITICAL, kind), route, book, START) == ON


async def test_a_mute_is_silence_until_it_ends_and_switches_nothing_on() -> None:
    book = await book_of(("risk", "", "off"))
    await book.record(DestinationMuted(HERE, START + timedelta(hours=1), "person:ana"))
    route = Route(HERE)
    last = START + timedelta(minutes=59, seconds=59)
    assert [routed(fill(), route, book, at) for at in (START, last, last + timedelta(seconds=1))] == [
        SILENT, SILENT, ON,
    ]  # fmt: skip
    assert routed(fill(kind="risk"), route, book, START) == OFF
    assert routed(fill(), Route(THERE), book, START) == ON
    await book.record(DestinationMuted(HERE, None, "person:ana"))
    assert routed(fill(), route, book, START) == ON


@pytest.mark.parametrize(
    ("hours", "at", "quiet"),
    [
        ("22:00-07:00", time(22, 0), True),
        ("22:00-07:00", time(21, 59, 59), False),
        ("22:00-07:00", time(3, 0), True),
        ("22:00-07:00", time(6, 59, 59), True),
        ("22:00-07:00", time(7, 0), False),
        ("09:00-17:00", time(12, 0), True),
        ("09:00-17:00", time(17, 0), False),
        ("09:00-17:00", time(8, 59), False),
        ("", time(3, 0), False),
    ],
)
def test_quiet_hours(hours: str, at: time, quiet: bool) -> None:
    assert is_quiet(hours, at) is quiet


async def test_quiet_hours_are_those_of_the_desks_time_zone() -> None:
    book = await book_of()
    auckland = Route(HERE, quiet="00:30-01:30", zone=ZoneInfo("Pacific/Auckland"))  # UTC+13 in January
    assert routed(fill(), auckland, book, START) == SILENT
    assert routed(fill(), Route(HERE, quiet="00:30-01:30"), book, START) == ON


async def test_what_is_for_one_place_is_told_there_whatever_else_is() -> None:
    book = await book_of()
    fills = frozenset({"fills"})
    watch = fill(kind="prices", to=HERE)
    assert routed(watch, Route(HERE, fills), book, START) == ON
    assert routed(watch, Route(THERE), book, START) == OFF
    assert routed(watch, Route(HERE), await book_of(("prices", "", "silent")), START) == SILENT


async def test_nobody_can_switch_off_what_nobody_has_seen() -> None:
    rules = [(kind, severity, "off") for kind, severity in product((*KINDS, "all"), ("", "notice", "critical"))]
    book = await book_of(*rules)
    for kind in ALWAYS:
        assert routed(fill(Severity.CRITICAL, kind), Route(HERE, frozenset({"fills"})), book, START) == ON
    assert routed(fill(Severity.CRITICAL), Route(HERE), book, START) == OFF
    assert len(list(book.all(AlertLevel))) == len(rules)
