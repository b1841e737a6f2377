"""/alerts, /mute and /seen, as people type them."""

import typing
from collections.abc import Mapping
from datetime import timedelta

from handlers.actor import Actor
from handlers.alerts import KINDS, Severity
from handlers.commands import alerts as commands
from handlers.reply import Reply
from handlers.routing import Level, level_of
from handlers.spec import REGISTRY
from tests.handlers.desk import ANA, VIC, HandDesk
from trading import events as e
from trading.audience import Critical

HERE, THERE = "telegram:-1001/7", "discord:2"
OURS = {name: REGISTRY[name] for name in ("alerts", "mute", "seen")}


class Desk(HandDesk):
    """A desk with chats."""

    def __init__(self, **places: str) -> None:
        super().__init__()
        self.places = {HERE: frozenset({"all"}), THERE: frozenset({"fills", "errors"})}

    def destinations(self) -> Mapping[str, frozenset[str]]:
        return self.places

    async def say(self, line: str, place: str = HERE, actor: Actor = ANA) -> Reply:
        return await self.door(registry=OURS).run(line, actor, "telegram", place=place)

    def facts(self) -> list[e.AnyEvent]:
        return [entry.event for entry in self.journal.entries if not isinstance(entry.event, e.CommandRun)]


def test_every_kind_can_be_named() -> None:
    assert typing.get_args(commands.EventKind) == (*KINDS, "all")


async def test_what_is_told_here_is_shown_to_anybody() -> None:
    reply = await Desk().say("/alerts", THERE, VIC)
    assert reply.table is not None
    assert reply.table.columns == ("Event", "Info", "Notice", "Warning", "Critical")
    shown = {row[0]: row[1:] for row in reply.table.rows}
    assert list(shown) == list(KINDS)
    assert shown["fills"] == ("silent", "on", "on", "on")
    assert shown["risk"] == ("off",) * 4
    one = await Desk().say("/alerts errors", THERE)
    assert one.table is not None
    assert [row[0] for row in one.table.rows] == ["errors"]


async def test_a_level_is_set_here_shown_and_taken_back() -> None:
    desk = Desk()
    reply = await desk.say("/alerts fills off")
    assert reply.text == (f"Alerts in {HERE}, fills: off. Critical ones stay on: severity=critical is for those.")
    await desk.say("/alerts fills off")  # again: nothing new
    await desk.say("/alerts risk silent severity=critical")
    assert desk.facts() == [
        e.AlertLevelSet(HERE, "fills", "", "off", "person:ana"),
        e.AlertLevelSet(HERE, "risk", "critical", "silent", "person:ana"),
    ]
    shown = await desk.say("/alerts")
    assert shown.table is not None
    rows = {row[0]: row[1:] for row in shown.table.rows}
    assert (rows["fills"], rows["risk"]) == (("off", "off", "off", "on"), ("silent", "on", "on", "silent"))
    await desk.say("/alerts fills default")
    assert level_of("fills", Severity.NOTICE, HERE, frozenset({"all"}), desk.book) == Level.ON


async def test_another_chat_is_named_and_one_must_be_where_it_is_not_clear() -> None:
    desk = Desk()
    assert (await desk.say(f"/alerts fills off chat={THERE}")).ok
    assert desk.facts() == [e.AlertLevelSet(THERE, "fills", "", "off", "person:ana")]
    refused = await desk.say("/alerts", place="")
    assert (refused.ok, HERE in refused.text, THERE in refused.text) == (False, True, True)
    assert not (await desk.say("/mute 1h chat=nowhere")).ok
    desk.places = {THERE: frozenset({"all"})}
    assert (await desk.say("/mute 1h", place="")).text.startswith(THERE)


async def test_a_viewer_sets_nothing() -> None:
    desk = Desk()
    for line in ("/alerts fills off", "/mute 1h"):
        reply = await desk.say(line, actor=VIC)
        assert (reply.ok, reply.error) == (False, "NOT_ALLOWED")
    assert desk.facts() == []
    assert [run.code for run in desk.audit()] == ["NOT_ALLOWED", "NOT_ALLOWED"]


async def test_wrong_words_get_one_line() -> None:
    desk = Desk()
    for line in ("/alerts fill off", "/alerts fills loud", "/alerts fills off severity=much", "/mute", "/mute soon",
                 "/seen", "/seen me"):  # fmt: skip
        reply = await desk.say(line)
        assert not reply.ok, line
        assert "\n" not in reply.text
    assert desk.facts() == []


async def test_a_mute_is_ended_by_its_button_or_by_zero() -> None:
    for end in ("button", "/mute 0", "/mute off"):
        desk = Desk()
        reply = await desk.say("/mute 90m")
        assert reply.text == f"{HERE} is muted for 90m; critical alerts sound all the same."
        shown = await desk.say("/alerts")
        assert "Muted until 2026-01-05 13:30 UTC:" in shown.text
        line = reply.buttons[0].line if end == "button" else end
        assert (await desk.say(line)).text == f"{HERE} is muted no longer."
        assert (await desk.say(line)).text == f"{HERE} is not muted."
        assert desk.facts() == [
            e.DestinationMuted(HERE, desk.clock.at + timedelta(minutes=90), "person:ana"),
            e.DestinationMuted(HERE, None, "person:ana"),
        ]


async def test_seen_is_said_once_by_anybody_and_only_of_what_waits() -> None:
    desk = Desk()
    (critical,) = await desk.book.record(e.Noticed("n", "critical", "protection", "The stop does not work."))
    (ours,) = await desk.book.record(e.TradingStateChanged("all", e.TradingState.HALTED, "person:ana"))
    for number in (ours.seq, 999):
        refused = await desk.say(f"/seen {number}", actor=VIC)
        assert (refused.ok, refused.error) == (False, "NO_ALERT")
    assert (await desk.say(f"/seen {critical.seq}", actor=VIC)).text == "Seen by person:vic; it is not told again."
    assert (await desk.say(f"/seen {critical.seq}")).text == "Seen already by person:vic."
    assert desk.book.get(Critical, str(critical.seq)) == Critical(critical.seq, "person:vic")
    assert desk.facts()[-1] == e.AlertAcknowledged(critical.seq, "person:vic")
