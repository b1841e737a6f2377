"""Who is who, over the running desk: the settings, what admins decided, and restarts."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from bot.people import People
from bot.settings import parsers
from bot.settings.sections import PersonSettings
from handlers.actor import Actor, Role
from handlers.guests import ALIAS, LONGEST_ALIAS, RESERVED
from tests.kit import HandClock, MemoryJournal
from tests.running import running
from trading.book import Book
from trading.control import Schedule
from trading.events import Noticed, PersonAdmitted, PersonBlocked, StrangerSeen

TOML = """
[confirm]
orders = "always"
[people.ana]
role = "admin"
telegram = 1111
discord = 2222
[people.ben]
role = "trader"
telegram = 3333
"""
SETTINGS = {
    "ana": PersonSettings(role="admin", telegram=1111, discord=2222),
    "ben": PersonSettings(role="trader", telegram=3333),
}


async def known(*events: PersonAdmitted | PersonBlocked | StrangerSeen) -> People:
    """Who is who after these decisions."""
    book = Book(MemoryJournal(), HandClock())
    for event in events:
        await book.record(event)
    return People(SETTINGS, book)


async def test_the_settings_know_people_by_numeric_id_and_by_no_name() -> None:
    people = await known()
    ana = people.who("telegram", 1111, "whoever")
    assert ana == people.who("discord", 2222, "ana") == Actor("person:ana", "ana", Role.ADMIN)
    assert people.who("telegram", 2222, "ana") == Actor("telegram:2222", "ana", Role.STRANGER)
    assert people.who("discord", 1111, "person:ana").role is Role.STRANGER
    assert people.who("telegram", 9, "Eve\u202e\n\u200bX").name == "Eve X"


async def test_a_guest_is_one_person_on_both_chats() -> None:
    people = await known(
        StrangerSeen("telegram:5", "Zoe"),
        PersonAdmitted("telegram:5", "zoe", "trader", "person:ana"),
        PersonAdmitted("discord:6", "zoe", "trader", "person:ana"),
        PersonAdmitted("discord:7", "ben", "linked", "person:ana"),
        PersonAdmitted("discord:8", "old", "viewer", "person:ana"),
        PersonBlocked("discord:8", "person:ana"),
    )
    zoe = Actor("person:zoe", "zoe", Role.TRADER)
    assert people.who("telegram", 5) == people.who("discord", 6) == people.person("zoe") == zoe
    assert people.who("discord", 7) == people.who("telegram", 3333) == Actor("person:ben", "ben", Role.TRADER)
    assert people.who("discord", 8).role is Role.STRANGER
    assert (people.person("old"), people.person(""), people.person("nobody")) == (None, None, None)
    assert people.known("telegram") == {1111: Role.ADMIN, 3333: Role.TRADER, 5: Role.TRADER}
    assert people.known("discord") == {2222: Role.ADMIN, 6: Role.TRADER, 7: Role.TRADER}


async def test_of_two_roles_in_the_journal_the_lesser_counts() -> None:
    people = await known(
        PersonAdmitted("telegram:5", "zoe", "admin", "person:ana"),
        PersonAdmitted("discord:6", "zoe", "viewer", "person:ana"),
        PersonAdmitted("discord:9", "ida", "emperor", "person:ana"),
    )
    assert people.who("telegram", 5).role is people.who("discord", 6).role is Role.VIEWER
    assert people.who("discord", 9).role is Role.STRANGER


async def test_the_settings_come_before_what_an_admin_decided_about_the_same_id() -> None:
    people = await known(
        PersonAdmitted("telegram:1111", "mallory", "viewer", "person:ana"),
        PersonBlocked("discord:2222", "person:x"),
        PersonAdmitted("telegram:5", "ana", "viewer", "person:x"),
    )
    assert people.who("telegram", 1111).id == people.who("discord", 2222).id == "person:ana"
    assert people.who("telegram", 5) == Actor("telegram:5", "", Role.STRANGER)


@given(st.text(max_size=40) | st.from_regex(r"[a-z0-9_-]{1,34}", fullmatch=True) | st.sampled_from(["all", "desk"]))
def test_an_alias_is_a_name_of_the_settings(word: str) -> None:
    try:
        parsers.name(word)
        name = True
    except ValueError:
        name = False
    assert (len(word) <= LONGEST_ALIAS and bool(ALIAS.fullmatch(word)) and word not in RESERVED) == name


# --- over the running desk -------------------------------------------------------------------


async def test_a_guest_confirms_on_either_chat_and_is_out_at_once_when_removed(tmp_path: Path) -> None:
    async with running(tmp_path, toml=TOML) as desk:
        people, app = desk.app.desk.people, desk.app
        ana, ben = people.who("telegram", 1111), people.who("telegram", 3333)
        await desk.say("/whoami", people.who("telegram", 5, "Zoe"), surface="telegram")
        assert (await desk.say("users approve=telegram:5 alias=zoe role=trader", ana)).ok
        assert (await desk.say("users approve=discord:6 alias=zoe", ana)).ok
        asked = await desk.say("/buy BTC/USDT 0.001", people.who("telegram", 5, "Zoe"), surface="telegram")
        assert (await desk.say(asked.buttons[0].line, ben)).error == "NOT_YOURS"
        assert (await desk.say(asked.buttons[0].line, people.who("discord", 6), surface="discord")).order_id
        waiting = await desk.say("/buy BTC/USDT 0.002", people.who("discord", 6), surface="discord")
        assert (await desk.say("users remove=telegram:5", ana)).ok
        assert (await desk.app.desk.actor("person:zoe")) == people.who("discord", 6)
        assert (await desk.say("users remove=discord:6", ana)).ok
        assert await app.desk.actor("person:zoe") is None
        late = await desk.say(waiting.buttons[0].line, people.who("discord", 6), surface="discord")
        assert (late.ok, late.error) == (False, "NOT_ALLOWED")
        assert len(app.book.recent_orders()) == 1


async def test_what_a_removed_guest_waits_for_is_approved_by_nobody(tmp_path: Path) -> None:
    toml = TOML.replace('orders = "always"', 'orders = "never"\napprove_above = "10"')
    async with running(tmp_path, toml=toml) as desk:
        people = desk.app.desk.people
        ana = people.who("telegram", 1111)
        await desk.say("users approve=telegram:5 role=trader", ana)
        asked = await desk.say("/buy BTC/USDT 0.001", people.who("telegram", 5), surface="telegram")
        await desk.say("users remove=telegram:5", ana)
        reply = await desk.say(asked.buttons[0].line, ana)
        assert "is not known any more" in reply.text
        assert desk.app.book.recent_orders() == []


async def test_a_removed_guests_schedule_does_not_run(tmp_path: Path) -> None:
    async with running(tmp_path, toml=TOML) as desk:
        people, app = desk.app.desk.people, desk.app
        await desk.say("users approve=telegram:5 role=trader", people.who("telegram", 1111))
        await desk.say("/schedule pause every=1h", people.who("telegram", 5), surface="telegram")
        (schedule,) = app.book.all(Schedule)
        await desk.say("users remove=telegram:5", people.who("telegram", 1111))
        told: list[str] = []
        app.book.subscribe(lambda entry: told.append(entry.event.text) if isinstance(entry.event, Noticed) else None)
        await app._run_schedule(schedule, "tick")
        assert told == ["pause: person:telegram-5 may not do this any more; the schedule did not run."]
        assert app.book.state() == "ACTIVE"


async def test_guests_and_the_blocked_outlive_a_restart(tmp_path: Path) -> None:
    async with running(tmp_path, toml=TOML, crash=True) as desk:
        ana = desk.app.desk.people.who("telegram", 1111)
        await desk.say("/start", desk.app.desk.people.who("telegram", 5, "Zoe"), surface="telegram")
        await desk.say("users approve=telegram:5 role=trader", ana)
        await desk.say("users block=telegram:6", ana)
    async with running(tmp_path, toml=TOML) as desk:
        people = desk.app.desk.people
        assert people.who("telegram", 5) == Actor("person:telegram-5", "telegram-5", Role.TRADER)
        told: list[str] = []
        desk.app.book.subscribe(lambda entry: told.append(str(entry.event)))
        await desk.say("/buy BTC/USDT 1", people.who("telegram", 6, "Mallory"), surface="telegram")
        listed = await desk.say("/users", people.who("telegram", 1111))
        assert listed.table is not None
        rows = [row[:2] for row in listed.table.rows]
        assert ("person:telegram-5", "trader") in rows
        assert ("person:ana", "admin") in rows
        assert ("telegram:6", "blocked") in rows
        assert any(row[2] == 'telegram:5, "Zoe", let in by person:ana' for row in listed.table.rows)
        assert not [event for event in told if "telegram:6" in event]


async def test_an_admin_by_the_terminal_lets_the_first_people_in(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        asked = await desk.say("users approve=discord:5 role=admin alias=zoe")
        assert (await desk.say(asked.buttons[0].line)).ok
        assert desk.app.desk.people.who("discord", 5) == Actor("person:zoe", "zoe", Role.ADMIN)
