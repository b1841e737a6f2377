"""Letting people in: admins decide, and the settings have the last word."""

from typing import NoReturn

import msgspec
import pytest

from handlers.actor import Actor, Role
from handlers.complete import complete
from handlers.guests import Named
from tests.handlers.desk import EVA, PINE, VIC, SlowJournal
from tests.handlers.office import ZOE, Office
from trading.errors import JournalError
from trading.events import PersonAdmitted

# --- deciding --------------------------------------------------------------------------------


async def test_an_admin_lets_somebody_in_and_takes_it_back() -> None:
    desk = Office()
    await desk.say("/whoami", ZOE)
    told = await desk.done_by("users approve=telegram:1111 role=trader")
    assert told == "telegram:1111 is person:telegram-1111 now, trader."
    assert desk.decisions() == [PersonAdmitted("telegram:1111", "telegram-1111", "trader", "person:eva")]
    assert desk.role("telegram:1111") is Role.TRADER
    assert "already, trader" in await desk.done_by("users approve=telegram:1111 role=trader")
    assert "now, viewer" in await desk.done_by("users approve=telegram:1111 role=viewer")
    assert "may do nothing any more" in await desk.done_by("users remove=telegram:1111")
    assert desk.role("telegram:1111") is Role.STRANGER
    assert await desk.refused("users remove=telegram:1111") == "NOT_A_GUEST"


@pytest.mark.parametrize("line", ["/users", "/users approve=telegram:5", "users block=telegram:5"])
async def test_only_admins_see_and_decide(line: str) -> None:
    desk = Office()
    for actor in (VIC, msgspec.structs.replace(VIC, role=Role.TRADER)):
        assert await desk.refused(line, actor) == "NOT_ALLOWED"
    stranger = await desk.say(line, ZOE)
    assert (stranger.ok, desk.decisions()) == (False, [])


async def test_a_source_of_alerts_decides_about_nobody_whatever_its_role() -> None:
    # What it asks for could be confirmed by anybody who may trade.
    desk = Office()
    pine = msgspec.structs.replace(PINE, role=Role.ADMIN)
    assert await desk.refused("users approve=telegram:5 role=admin", pine) == "NOT_ALLOWED"
    assert await desk.refused("users block=telegram:5", pine) == "NOT_ALLOWED"


async def test_an_admin_is_made_by_confirming_it() -> None:
    desk = Office()
    await desk.say("/whoami", ZOE)
    asked = await desk.say("users approve=telegram:1111 role=admin alias=zoe")
    assert 'telegram:1111, called "Zoe" there, becomes person:zoe, admin' in asked.text
    assert desk.role("telegram:1111") is Role.STRANGER
    await desk.done_by(asked.buttons[0].line)
    assert desk.role("telegram:1111") is Role.ADMIN
    assert not (await desk.say(asked.buttons[0].line)).ok
    assert len(desk.decisions()) == 1
    again = await desk.say("users approve=discord:5 alias=zoe")
    assert [button.label for button in again.buttons] == ["Confirm", "Reject"], "another id of an admin is an admin's"


async def test_one_alias_on_both_chats_is_one_person_with_one_role() -> None:
    desk = Office()
    await desk.done_by("users approve=telegram:1111 alias=zoe role=trader")
    assert "now, trader." in await desk.done_by("users approve=discord:2222 alias=zoe")
    assert desk.person("zoe") is desk.role("discord:2222") is Role.TRADER
    told = await desk.done_by("users approve=telegram:1111 role=viewer")
    assert told == "telegram:1111 is person:zoe now, viewer. So is discord:2222."
    assert desk.role("discord:2222") is desk.person("zoe") is Role.VIEWER
    told = await desk.done_by("users remove=telegram:1111")
    assert "person:zoe still comes in as discord:2222" in told
    assert (desk.role("telegram:1111"), desk.person("zoe")) == (Role.STRANGER, Role.VIEWER)
    assert "blocked" in await desk.done_by("users block=discord:2222")
    assert desk.person("zoe") is Role.STRANGER


async def test_a_new_alias_keeps_what_somebody_may_do() -> None:
    desk = Office()
    await desk.done_by("users approve=telegram:1111 role=trader")
    assert "person:zoe now, trader" in await desk.done_by("users approve=telegram:1111 alias=zoe")
    assert (desk.person("telegram-1111"), desk.person("zoe")) == (Role.STRANGER, Role.TRADER)


async def test_an_alias_is_one_account_on_each_chat() -> None:
    desk = Office()
    await desk.done_by("users approve=telegram:1111 alias=zoe")
    assert await desk.refused("users approve=telegram:2222 alias=zoe") == "ALIAS_TAKEN"
    await desk.done_by("users remove=telegram:1111")
    await desk.done_by("users approve=telegram:2222 alias=zoe")
    assert "person:telegram-1111 now" in await desk.done_by("users approve=telegram:1111")


async def test_the_blocked_can_wait_again_and_be_let_in() -> None:
    desk = Office()
    await desk.say("/whoami", ZOE)
    await desk.done_by("users block=telegram:1111")
    assert "already" in await desk.done_by("users block=telegram:1111")
    assert "waits for an admin" in await desk.done_by("users remove=telegram:1111")
    listed = await desk.say("/users")
    assert listed.buttons
    await desk.done_by("users block=telegram:1111")
    await desk.done_by(listed.buttons[0].line)
    assert desk.role("telegram:1111") is Role.VIEWER


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("users approve=zoe", "BAD_ID"),
        ("users approve=@zoe", "BAD_ID"),
        ("users approve=person:ana", "BAD_ID"),
        ("users approve=telegram:0", "BAD_ID"),
        ("users approve=telegram:-1001", "BAD_ID"),
        ("users approve=telegram:٣٣", "BAD_ID"),
        ("users approve=telegram:" + "9" * 400, "BAD_ID"),
        ("users remove=token:1", "BAD_ID"),
        ("users approve=telegram:5 alias=Zoe", "BAD_ALIAS"),
        ("users approve=telegram:5 alias=person:ana", "BAD_ALIAS"),
        ("users approve=telegram:5 alias=all", "BAD_ALIAS"),
        ("users approve=telegram:5 alias=" + "z" * 33, "BAD_ALIAS"),
        ("users approve=telegram:5 alias=аna", "BAD_ALIAS"),  # a Cyrillic а
        ("users approve=telegram:5 role=owner", "BAD_CHOICE"),
        ("users approve=telegram:5 block=telegram:5", "BAD_LINE"),
        ("users role=admin", "BAD_LINE"),
        ("users block=telegram:5 role=viewer", "BAD_LINE"),
        ("users remove=telegram:5", "NOT_A_GUEST"),
        ("users approve=telegram:77", "IN_SETTINGS"),
        ("users block=discord:79", "IN_SETTINGS"),
        ("users remove=telegram:78", "IN_SETTINGS"),
        ("users approve=telegram:5 alias=ana", "ALIAS_TAKEN"),
        ("users approve=discord:5 alias=eva", "ALIAS_TAKEN"),
        ("users approve=discord:5 alias=ana role=admin", "ROLE_IN_SETTINGS"),
    ],
)
async def test_what_cannot_be_is_refused_in_one_line(line: str, code: str) -> None:
    assert await Office().refused(line) == code


# --- people of the settings ------------------------------------------------------------------


async def test_a_missing_id_of_somebody_of_the_settings_is_linked_to_them() -> None:
    desk = Office()
    assert "person:ana now, trader" in await desk.done_by("users approve=discord:5 alias=ana")
    assert desk.role("discord:5") is Role.TRADER
    assert await desk.refused("users approve=discord:6 alias=ana") == "ALIAS_TAKEN"
    assert "already" in await desk.done_by("users approve=discord:5")
    told = await desk.done_by("users remove=discord:5")
    assert "person:ana still comes in as telegram:77" in told
    assert desk.role("discord:5") is Role.STRANGER
    assert "person:discord-5 now, viewer" in await desk.done_by("users approve=discord:5"), "never linked unasked"


async def test_who_is_called_after_an_id_is_not_linked_by_chance() -> None:
    desk = Office()
    desk.named = {"discord-5": Named("discord-5", Role.TRADER, {})}
    assert await desk.refused("users approve=discord:5") == "ALIAS_TAKEN"
    assert "now, trader" in await desk.done_by("users approve=discord:5 alias=discord-5")


async def test_a_journal_that_cannot_be_written_tells_a_stranger_nothing() -> None:
    class Full(SlowJournal):
        async def append(self, *args: object) -> NoReturn:
            raise JournalError("The disk is full.")

    desk = Office(Full())
    for line in ("/whoami", "/status"):
        assert await desk.say(line, ZOE) == await Office().say(line, ZOE)
    assert {str(why) for _, why in desk.errors} == {"The disk is full."}


async def test_a_link_ends_when_the_settings_drop_the_person_or_know_another_id() -> None:
    desk = Office()
    await desk.done_by("users approve=discord:5 alias=ana")
    desk.named = {}
    assert desk.role("discord:5") is desk.person("ana") is Role.STRANGER
    desk.named = {"ana": Named("ana", Role.ADMIN, {"discord": 6})}
    assert desk.role("discord:5") is Role.STRANGER
    desk.named = {"ana": Named("ana", Role.VIEWER, {})}
    assert desk.role("discord:5") is Role.VIEWER


async def test_nobody_becomes_by_their_alias_whom_the_settings_call_so_later() -> None:
    desk = Office()
    await desk.done_by("users approve=telegram:5 alias=bob")
    desk.named = {"bob": Named("bob", Role.ADMIN, {"discord": 9})}
    assert desk.role("telegram:5") is Role.STRANGER
    listed = await desk.say("/users")
    assert listed.table is not None
    assert listed.table.rows[-1] == ("telegram:5", "none", "was bob, the settings say otherwise")


# --- showing ---------------------------------------------------------------------------------


async def test_the_list_says_who_was_let_in_by_whom_and_has_buttons_for_who_waits() -> None:
    desk = Office()
    for number in (1, 2, 3, 4, 5, 6, 7, 8):
        await desk.say("/start", Actor(f"telegram:{number}", f"Name{number}", Role.STRANGER))
    await desk.done_by("users approve=telegram:1 alias=zoe role=trader")
    await desk.done_by("users block=telegram:2")
    await desk.done_by("users approve=telegram:3")
    await desk.done_by("users remove=telegram:3")
    await desk.done_by("users approve=discord:9 alias=ana")
    listed = await desk.say("/users")
    assert listed.private
    assert listed.table is not None
    rows = {row[2].split(",")[0] if row[0].startswith("person:") else row[0]: row for row in listed.table.rows}
    assert rows["telegram 77"] == ("person:ana", "trader", "telegram 77")
    assert rows["telegram:1"] == ("person:zoe", "trader", 'telegram:1, "Name1", let in by person:eva')
    assert rows["telegram:2"] == ("telegram:2", "blocked", '"Name2" by person:eva')
    assert rows["telegram:3"] == ("telegram:3", "none", 'was telegram-3, "Name3", rights taken away by person:eva')
    assert rows["discord:9"] == ("person:ana", "trader", "discord:9, let in by person:eva")
    assert rows["telegram:8"][1] == "waits"
    assert listed.text.startswith("5 waiting")
    assert [button.line for button in listed.buttons[:3]] == [
        "users approve=telegram:8 role=viewer", "users approve=telegram:8 role=trader", "users block=telegram:8",
    ]  # fmt: skip
    assert {button.line.split()[1].rpartition("=")[2] for button in listed.buttons} == {
        f"telegram:{n}" for n in (6, 7, 8)
    }
    assert all(len(button.line.encode()) <= 64 for button in listed.buttons), "as long as a button of Telegram may be"


async def test_who_asked_before_the_settings_named_them_waits_for_nobody() -> None:
    desk = Office()
    for number in (1, 2):
        await desk.say("/whoami", Actor(f"telegram:{number}", f"Name{number}", Role.STRANGER))
    desk.named = {**desk.named, "bob": Named("bob", Role.TRADER, {"telegram": 1})}
    listed = await desk.say("/users")
    assert listed.text.startswith("1 waiting")
    assert listed.table is not None
    assert [row[0] for row in listed.table.rows if row[1] == "waits"] == ["telegram:2"]
    assert not [button for button in listed.buttons if "telegram:1 " in button.line]


async def test_ids_and_aliases_are_completed() -> None:
    desk = Office()
    for number in (1, 2, 3):
        await desk.say("/start", Actor(f"telegram:{number}", f"Name{number}", Role.STRANGER))
    await desk.done_by("users approve=telegram:1 alias=zoe")
    await desk.done_by("users block=telegram:2")

    def offered(typed: str) -> list[tuple[str, str]]:
        ctx = desk.doorway.context("", EVA, "terminal")
        return [(found.display, found.help) for found in complete(typed, len(typed), ctx)]

    assert offered("users approve=")[0] == ("telegram:3", "Name3")
    assert {value for value, _ in offered("users block=tele")} == {"telegram:1", "telegram:2", "telegram:3"}
    assert offered("users remove=") == [("telegram:1", "zoe"), ("telegram:2", "blocked")]
    assert [value for value, _ in offered("users approve=discord:1 alias=")] == ["ana", "eva", "zoe"]
    assert [value for value, _ in offered("users approve=discord:1 role=")] == ["viewer", "trader", "admin"]
