"""The bot's commands: "BotCommand", "BotCommandScope" and "Determining list of commands"."""

from typing import Any

import pytest

from tests.emulators.telegram.caller import calling
from tests.emulators.telegram.chats import Chat
from tests.emulators.telegram.people import Person

GROUP = -1001234567890
# From the widest to the narrowest, as the documentation lists them (there the other way round).
WIDENING: list[dict[str, Any]] = [
    {"type": "default"},
    {"type": "all_group_chats"},
    {"type": "all_chat_administrators"},
    {"type": "chat", "chat_id": GROUP},
    {"type": "chat_administrators", "chat_id": GROUP},
    {"type": "chat_member", "chat_id": GROUP, "user_id": 1111},
]


def command(name: str) -> list[dict[str, str]]:
    return [{"command": name, "description": f"Does {name}"}]


def first(person: Person, chat: Chat) -> str:
    """The first command in somebody's menu."""
    return next(iter(person.menu(chat)), ("", ""))[0]


async def test_the_narrowest_list_is_shown() -> None:
    async with calling() as (telegram, call):
        ana, bob = telegram.person(1111, "Ana"), telegram.person(2222, "Bob")
        group = telegram.group(GROUP, "Desk", bob, admins=(ana,))
        shown = []
        for number, scope in enumerate(WIDENING):
            await call("setMyCommands", commands=command(f"c{number}"), scope=scope)
            shown.append((first(ana, group), first(bob, group), first(ana, ana.chat)))
        assert shown == [
            ("c0", "c0", "c0"),
            ("c1", "c1", "c0"),
            ("c2", "c1", "c0"),
            ("c3", "c3", "c0"),
            ("c4", "c3", "c0"),
            ("c5", "c3", "c0"),
        ]
        await call("setMyCommands", commands=command("p"), scope={"type": "all_private_chats"})
        await call("setMyCommands", commands=command("mine"), scope={"type": "chat", "chat_id": 1111})
        assert (first(ana, ana.chat), first(bob, bob.chat)) == ("mine", "p")
        await call("deleteMyCommands", scope=WIDENING[5])
        assert first(ana, group) == "c4"
        assert await call("getMyCommands", scope=WIDENING[5]) == []


async def test_a_language_of_ones_own_goes_first_within_a_scope() -> None:
    async with calling() as (telegram, call):
        ana, eva = telegram.person(1111, "Ana"), telegram.person(3333, "Eva", language="de")
        await call("setMyCommands", commands=command("hilfe"), language_code="de")
        await call("setMyCommands", commands=command("help"))
        assert (first(ana, ana.chat), first(eva, eva.chat)) == ("help", "hilfe")
        assert await call("getMyCommands", language_code="de") == command("hilfe")
        assert "language code" in await call.refused("getMyCommands", language_code="deu")


@pytest.mark.parametrize(
    ("commands", "error"),
    [
        (command("Kill"), "BOT_COMMAND_INVALID"),
        (command("stop-now"), "BOT_COMMAND_INVALID"),
        (command("x" * 33), "command length must not exceed 32"),
        ([{"command": "x", "description": ""}], "command description must be non-empty"),
        ([{"command": "x", "description": "y" * 257}], "command description length must not exceed 256"),
        ([{"command": "x"}], "Can't find field"),
        (command("x") * 101, "BOT_COMMANDS_TOO_MUCH"),
        ({"x": 1}, "expected an Array of BotCommand"),
    ],
)
async def test_commands_that_are_refused(commands: Any, error: str) -> None:
    async with calling() as (_, call):
        assert error in await call.refused("setMyCommands", commands=commands)


async def test_the_menu_button() -> None:
    async with calling() as (telegram, call):
        telegram.person(1111, "Ana")
        assert await call("setChatMenuButton", chat_id=1111, menu_button={"type": "commands"}) is True
        assert await call("getChatMenuButton", chat_id=1111) == {"type": "commands"}
        refused = await call.refused("setChatMenuButton", menu_button={"type": "star"})
        assert refused == "400 Bad Request: can't parse menu button: MenuButton has unsupported type"
