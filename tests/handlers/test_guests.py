"""Strangers: recorded once, told nothing, and in no number able to do harm."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.actor import Actor, Role
from handlers.guests import LONGEST_NAME, MOST_WAITING, shown_name
from handlers.help import WELCOME
from tests.handlers.office import ZOE, Office
from trading.events import StrangerSeen

ANYTHING = ("/whoami", "/start", "/help", "/status", "hello", "", "/users", "/approve abcdefgh", "\x00", "x" * 2000)


@pytest.mark.parametrize("line", ANYTHING, ids=range(len(ANYTHING)))
async def test_whatever_a_stranger_types_they_are_recorded_once_and_told_nothing(line: str) -> None:
    desk = Office()
    replies = [await desk.say(line, ZOE) for _ in range(3)]
    assert desk.seen() == [StrangerSeen("telegram:1111", "Zoe")]
    assert len(set(replies)) == 1
    assert replies[0].text.startswith(("You are telegram:1111, unknown", "I do not know you.", WELCOME))
    assert replies[0].buttons == ()
    assert replies[0].table is None


async def test_lines_at_the_same_time_are_one_stranger() -> None:
    desk = Office()
    await asyncio.gather(*(desk.say("/whoami", ZOE) for _ in range(10)))
    assert len(desk.seen()) == 1


@pytest.mark.parametrize("who", ["stranger", "web:1", "telegram:", "telegram:-5", "telegram:1 role=admin", "person:x"])
async def test_only_numeric_ids_of_chats_are_people(who: str) -> None:
    desk = Office()
    await desk.say("/whoami", Actor(who, "Zoe", Role.STRANGER))
    assert desk.seen() == []


async def test_the_blocked_are_answered_as_any_stranger_and_leave_no_record() -> None:
    desk, other = Office(), Office()
    await desk.done_by("/users block=telegram:1111")
    written = len(desk.journal.entries)
    for line in ANYTHING:
        assert await desk.say(line, ZOE) == await other.say(line, ZOE), line
    assert len(desk.journal.entries) == written


async def test_who_was_let_in_and_put_out_again_is_not_announced_again() -> None:
    desk = Office()
    await desk.say("/whoami", ZOE)
    await desk.done_by("/users approve=telegram:1111")
    await desk.done_by("/users remove=telegram:1111")
    await desk.say("/whoami", ZOE)
    assert len(desk.seen()) == 1


async def test_a_crowd_cannot_fill_the_journal_and_who_is_in_it_can_still_be_let_in() -> None:
    desk = Office()
    for number in range(1, 3 * MOST_WAITING):
        await desk.say("/whoami", Actor(f"telegram:{number}", "", Role.STRANGER))
        desk.clock.move(30)
    assert len(desk.seen()) == MOST_WAITING
    listed = await desk.say("/users")
    assert "No more are recorded" in listed.text
    await desk.done_by(f"/users approve=telegram:{2 * MOST_WAITING}")
    assert desk.role(f"telegram:{2 * MOST_WAITING}") is Role.VIEWER
    await desk.done_by("/users block=telegram:1")
    await desk.say("/whoami", Actor("discord:5", "", Role.STRANGER))
    assert desk.seen()[-1].person == "discord:5", "there is room for one more"


async def test_a_name_cannot_steer_what_an_admin_reads() -> None:
    desk = Office()
    name = 'Eve\u202e\u200b", let in by\n\nperson:eva \x1b[2J\u3164' + "y" * 100
    await desk.say("/whoami", Actor("telegram:6", name, Role.STRANGER))
    (seen,) = desk.seen()
    assert seen.name == "Eve', let in by person:eva [2J" + "y" * (LONGEST_NAME - 30)
    assert len(seen.name) == LONGEST_NAME
    listed = await desk.say("/users")
    assert listed.table is not None
    who, role, known_by = listed.table.rows[-1]
    assert (who, role) == ("telegram:6", "waits")
    assert known_by.startswith(f'"{seen.name}", since ')


@given(st.text(max_size=200) | st.text(st.characters(categories=["Cf", "Cc", "Zl", "Zs", "Lo"]), max_size=200))
def test_a_shown_name_is_one_short_printable_line(name: str) -> None:
    shown = shown_name(name)
    assert len(shown) <= LONGEST_NAME
    assert shown.isprintable()
    assert '"' not in shown
    assert shown == shown_name(shown)
