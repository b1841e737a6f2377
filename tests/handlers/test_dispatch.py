"""The door: who may come in, what is done once, what is kept, and what a mistake of ours looks like."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.actor import Actor, ConfirmPolicy, Role
from handlers.help import WELCOME
from handlers.parse import find, read
from handlers.reply import Reply, Tone
from tests.handlers.desk import ANA, BEN, COMMANDS, EVA, VIC, HandDesk
from tests.handlers.test_parse import LINES
from tests.kit import MemoryJournal
from trading.book import Book
from trading.errors import IntentError, JournalError
from trading.events import AnyEvent, CommandRun, Noticed, Recorded
from trading.ports import Row

NEVER = ConfirmPolicy.parse("never")
BUY = "/buy BTC/USDT 0.01"
STRANGER = Actor("telegram:999", "", Role.STRANGER)


async def test_a_trader_buys_and_it_is_in_the_audit() -> None:
    desk = HandDesk()
    reply = await desk.door(NEVER).run(BUY, ANA, "telegram", "tg:1")
    assert (reply.ok, reply.text, reply.order_id) == (True, "Bought 0.01 BTC/USDT.", "abcdefghijklmnop")
    (run,) = desk.audit()
    assert (run.actor, run.role, run.surface, run.line, run.ok, run.code) == (
        "person:ana", "trader", "telegram", BUY, True, ""
    )  # fmt: skip


@pytest.mark.parametrize("actor", [ANA, BEN, EVA, VIC], ids=lambda actor: actor.name)
@pytest.mark.parametrize("name", sorted(COMMANDS))
async def test_each_command_is_refused_below_its_role(name: str, actor: Actor) -> None:
    desk = HandDesk()
    desk.gate.set()
    spec = COMMANDS[name]
    reply = await desk.door(NEVER).run(name, actor, "web")
    if spec.role > actor.role:
        assert (reply.error, reply.text) == ("NOT_ALLOWED", f"/{name} needs {spec.role}; you are {actor.role}.")
        assert desk.done == []
        (run,) = desk.audit()
        assert (run.actor, run.ok, run.code) == (actor.id, False, "NOT_ALLOWED")
    else:
        assert reply.error != "NOT_ALLOWED"


async def test_what_viewers_read_leaves_no_trace_but_what_asks_for_audit() -> None:
    desk = HandDesk()
    door = desk.door()
    assert (await door.run("look", VIC, "web", "k1")).text == "You see nothing."
    assert desk.audit() == []
    purse = await door.run("/purse", VIC, "web", "k2")
    assert (purse.text, purse.private) == ("Two coins.", True)
    assert [run.line for run in desk.audit()] == ["/purse"]
    assert (await door.run("/purse", VIC, "web", "k2")).private


async def test_refusals_by_commands_are_audited_with_their_code() -> None:
    desk = HandDesk()
    reply = await desk.door().run("refuse", ANA, "web")
    assert (reply.ok, reply.text, reply.error, reply.tone) == (False, "The moon is full. Wait a day.", "MOON", Tone.BAD)
    assert [(run.ok, run.code) for run in desk.audit()] == [(False, "MOON")]


# --- once ------------------------------------------------------------------------------------


async def test_the_same_key_is_the_same_answer_and_done_once() -> None:
    desk = HandDesk()
    door = desk.door(NEVER)
    first = await door.run(BUY, ANA, "telegram", "tg:1")
    assert await door.run(BUY, ANA, "telegram", "tg:1") == first
    assert await door.run("/close all", ANA, "api", "tg:1") == first
    assert len(desk.done) == 1
    assert len(desk.audit()) == 1


async def test_the_same_key_after_a_restart_is_the_same_answer() -> None:
    desk = HandDesk()
    first = await desk.door(NEVER).run(BUY, ANA, "telegram", "tg:1")
    desk.book = Book(desk.journal, desk.clock)
    await desk.book.open()
    assert await desk.door(NEVER).run(BUY, ANA, "telegram", "tg:1") == first
    assert len(desk.done) == 1


async def test_a_key_belongs_to_its_actor() -> None:
    desk = HandDesk()
    door = desk.door(NEVER)
    await door.run(BUY, ANA, "api", "1")
    assert (await door.run("/close all", BEN, "api", "1")).text == "Closed all."
    assert [key for key, _ in desk.done] == ["person:ana|1", "person:ben|1"]


async def test_requests_without_a_key_are_each_their_own() -> None:
    desk = HandDesk()
    door = desk.door(NEVER)
    await asyncio.gather(*(door.run(BUY, ANA, "terminal") for _ in range(10)))
    desk.book = Book(desk.journal, desk.clock)
    await desk.book.open()
    door = desk.door(NEVER)
    await asyncio.gather(*(door.run(BUY, ANA, "terminal") for _ in range(10)))
    assert len({key for key, _ in desk.done}) == 20


async def test_duplicates_in_flight_wait_for_the_first() -> None:
    desk = HandDesk()
    door = desk.door()
    runs = [asyncio.create_task(door.run("wait", ANA, "api", "k")) for _ in range(5)]
    other = asyncio.create_task(door.run("wait", BEN, "api", "k"))
    await asyncio.sleep(0)
    desk.gate.set()
    replies = await asyncio.gather(*runs)
    assert replies == [replies[0]] * 5
    await other
    assert sorted(key for key, _ in desk.done) == ["person:ana|k", "person:ben|k"]


async def test_what_was_begun_is_finished_when_the_asker_goes_away() -> None:
    desk = HandDesk()
    door = desk.door()
    gone = asyncio.create_task(door.run("wait", ANA, "web", "k"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    desk.gate.set()
    await door.drain()
    assert len(desk.done) == 1
    assert (await door.run("wait", ANA, "web", "k")).text == "Through, as number 1."
    assert len(desk.done) == 1


async def test_a_corrected_line_may_use_the_key_of_one_that_could_not_be_read() -> None:
    desk = HandDesk()
    door = desk.door(NEVER)
    assert (await door.run("/buy BTC/USDT", ANA, "api", "k")).error == "MISSING_ARGUMENT"
    assert (await door.run(BUY, ANA, "api", "k")).ok
    assert len(desk.done) == 1


@pytest.mark.parametrize("key", ["k" * 161, "a\nb", "\ud800"])
async def test_a_key_that_cannot_be_kept_is_refused(key: str) -> None:
    desk = HandDesk()
    assert (await desk.door(NEVER).run(BUY, ANA, "api", key)).error == "BAD_KEY"
    assert desk.done == []


# --- strangers -------------------------------------------------------------------------------


async def test_strangers_learn_their_id_and_nothing_else() -> None:
    desk = HandDesk()
    door = desk.door(NEVER)
    assert "telegram:999" in (await door.run("/whoami@tiller_bot now", STRANGER, "telegram")).text
    for line in ("/start", "/help", "help buy"):
        assert (await door.run(line, STRANGER, "telegram")).text == WELCOME
    refused = {
        (await door.run(line, actor, "telegram", "k")).text
        for line in (BUY, "/nosuch", "look", "confirm abcdefgh", "", "/buy", "/backtest", "\x00", "/b", "x" * 5000)
        for actor in (STRANGER, None)
    }
    assert len(refused) == 1, "what exists and what does not look the same to strangers"
    assert desk.done == []


async def test_a_stranger_cannot_fill_the_journal() -> None:
    desk = HandDesk()
    door = desk.door()
    for _ in range(20):
        await door.run("/buy " + "\ud800\x00" * 300, STRANGER, "telegram")
        desk.clock.move(5.9)
    assert len(desk.audit()) == 2, "once a minute"
    assert all(len(run.line) <= 200 and run.line.isprintable() for run in desk.audit())
    assert {(run.actor, run.role, run.ok, run.code) for run in desk.audit()} == {
        ("telegram:999", "stranger", False, "NOT_ALLOWED")
    }
    for number in range(500):
        await door.run("/buy", Actor(f"telegram:{number}", "", Role.STRANGER), "telegram")
    assert len(desk.audit()) <= 102, "a crowd neither"


# --- mistakes of ours ------------------------------------------------------------------------


async def test_a_mistake_of_ours_is_an_id_to_the_user_and_the_whole_of_it_to_the_log() -> None:
    desk = HandDesk()
    door = desk.door()
    reply = await door.run("/crash", ANA, "web", "k")
    ((notice, why),) = desk.errors
    assert isinstance(why, RuntimeError)
    assert (reply.ok, reply.error) == (False, "INTERNAL")
    assert f"Something went wrong in /crash (id {notice})" in reply.text
    told = [entry.event for entry in desk.journal.entries if isinstance(entry.event, Noticed)]
    assert [(event.notice_id, event.severity, event.where) for event in told] == [(notice, "error", "/crash")]
    assert "hunter2" not in reply.text + told[0].text
    assert await door.run("/crash", ANA, "web", "k") == reply
    assert len(desk.done) == 1, "nobody knows how far it came: the same key does not try again"


class FullDisk(MemoryJournal):
    """Cannot write any more once it is full."""

    full = False

    async def append(self, events: Sequence[AnyEvent], at: datetime, rows: Sequence[Row]) -> Sequence[Recorded]:
        if self.full:
            raise JournalError("The disk is full.", "Make room.")
        return await super().append(events, at, rows)


async def test_a_journal_that_cannot_be_written_is_said() -> None:
    journal = FullDisk()
    desk = HandDesk(journal)
    journal.full = True
    done = await desk.door(NEVER).run(BUY, ANA, "web")
    assert (done.order_id, done.tone) == ("abcdefghijklmnop", Tone.WARN)
    assert "The disk is full. Make room." in done.text
    asked = await desk.door(ConfirmPolicy.parse("always")).run(BUY, ANA, "web")
    assert (asked.ok, asked.error, asked.buttons) == (False, "JOURNAL", ())
    crashed = await desk.door().run("crash", ANA, "web")
    assert crashed.error == "INTERNAL"


async def test_secrets_are_nowhere() -> None:
    desk = HandDesk()
    door = desk.door()
    replies = [
        await door.run(line, ANA, "web") for line in ("/login s3cret", "/login s3cret more", "/login pass=s3cret")
    ]
    assert [reply.ok for reply in replies] == [True, False, False]
    assert "s3cret" not in repr(replies) + repr(desk.journal.entries)
    assert [run.line for run in desk.audit()] == ["/login ***"]


# --- help for who is stuck -------------------------------------------------------------------


async def test_a_missing_argument_comes_with_buttons_that_complete_the_line() -> None:
    desk = HandDesk()
    door = desk.door(NEVER)
    reply = await door.run("/buy size=0.01", ANA, "telegram")
    assert (reply.ok, reply.error) == (False, "MISSING_ARGUMENT")
    button = reply.buttons[0]
    assert button.line == "buy size=0.01 BTC/USDT"
    assert (await door.run(button.line, ANA, "telegram")).ok
    assert (await door.run("login", ANA, "telegram")).buttons == ()


async def test_a_dry_run_does_nothing_and_only_where_a_command_sees_to_that() -> None:
    desk = HandDesk()
    door = desk.door(ConfirmPolicy.parse("always"))
    reply = await door.run("/dryrun buy BTC/USDT 0.01", ANA, "web")
    assert reply.ok
    assert "Buy 0.01" in reply.text
    assert (await door.run("/dryrun close all", ANA, "web")).error == "NO_DRY_RUN"
    assert (await door.run("/dryrun dryrun buy BTC/USDT 1", ANA, "web")).error == "NO_DRY_RUN"
    assert (await door.run("/dryrun buy nonsense 1", ANA, "web")).error == "BAD_SYMBOL"
    assert desk.done == []
    assert {type(entry.event) for entry in desk.journal.entries} == {CommandRun}


async def test_later_commands_answer_in_one_line() -> None:
    reply = await HandDesk().door().run("/backtest sma_cross BTC/USDT 1m", VIC, "web")
    assert (reply.ok, reply.text, reply.error) == (False, "/backtest is not part of this version.", "NOT_HERE_YET")


# --- whatever is typed -----------------------------------------------------------------------


def readable(line: str, actor: Actor) -> bool:
    ctx = HandDesk().context(actor)
    try:
        spec, rest = find(line, actor.role, COMMANDS)
        return spec.role > actor.role or bool(read(spec, rest, ctx) or True)
    except IntentError:
        return False


@settings(max_examples=200)
@given(LINES, st.sampled_from([ANA, VIC, EVA]))
def test_a_line_that_cannot_be_read_changes_nothing(line: str, actor: Actor) -> None:
    async def run() -> tuple[HandDesk, Reply]:
        desk = HandDesk(MemoryJournal())
        desk.gate.set()
        return desk, await desk.door(NEVER).run(line, actor, "api", "k")

    desk, reply = asyncio.run(run())
    assert not desk.errors
    if not readable(line, actor):
        assert not reply.ok
        assert reply.error
        assert desk.journal.entries == []
        assert desk.done == []
