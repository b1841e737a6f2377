"""Which commands the REST API takes ("Application Commands")."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.emulators.discord.server import Discord
from tests.emulators.discord_app import Caller, wrong

COMMANDS = "/applications/900000/commands"
TOO_LONG = "BASE_TYPE_MAX_LENGTH"
BAD_LENGTH = "BASE_TYPE_BAD_LENGTH"
REQUIRED = "BASE_TYPE_REQUIRED"


@pytest.fixture
async def discord() -> AsyncIterator[Discord]:
    async with Discord(now_ms=1_790_000_000_000) as server:
        server.limits.off()
        server.channel(2)
        yield server


@pytest.fixture
async def api(discord: Discord) -> AsyncIterator[Caller]:
    async with Caller(discord) as caller:
        yield caller


def command(**fields: Any) -> dict[str, Any]:
    return {"name": "buy", "description": "x", **fields}


def option(name: str = "size", **fields: Any) -> dict[str, Any]:
    return {"type": 3, "name": name, "description": "x", **fields}


def choices(number: int, name: str = "c") -> list[dict[str, Any]]:
    return [{"name": f"{name}{n}", "value": str(n)} for n in range(number)]


WRONG_COMMANDS: list[tuple[dict[str, Any], dict[str, str]]] = [
    (command(name="Buy"), {"name": "APPLICATION_COMMAND_INVALID_NAME"}),
    (command(name="buy it"), {"name": "APPLICATION_COMMAND_INVALID_NAME"}),
    (command(name="x" * 33), {"name": BAD_LENGTH}),
    (command(description=""), {"description": REQUIRED}),
    (command(description="x" * 101), {"description": BAD_LENGTH}),
    (command(options=[option(str(n)) for n in range(26)]), {"options": TOO_LONG}),
    (command(options=[option(choices=choices(26))]), {"options.0.choices": TOO_LONG}),
    (
        command(options=[option("a"), option("b", required=True)]),
        {"options.1": "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID"},
    ),
    (command(options=[option("a"), option("a")]), {"options.1": "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS"}),
    (
        command(options=[option(choices=choices(1), autocomplete=True)]),
        {"options.0": "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_CHOICES"},
    ),
    (command(options=[option(type=12)]), {"options.0.type": "BASE_TYPE_CHOICES"}),
    (
        # 3 + 1 of the command, 25 x (2 + 1) of the options, 8000 - 78 of their choices, and one more.
        command(
            options=[
                option(f"a{n:x}"[:2] if n < 16 else f"b{n - 16:x}", choices=choices(25, "y" * 11)) for n in range(25)
            ]
        ),
        {"": "APPLICATION_COMMAND_TOO_LARGE"},
    ),
]


@pytest.mark.parametrize(("body", "errors"), WRONG_COMMANDS)
async def test_commands_that_are_turned_down(
    discord: Discord, api: Caller, body: dict[str, Any], errors: dict[str, str]
) -> None:
    status, answer = await api("POST", COMMANDS, body)
    assert (status, wrong(answer)) == (400, errors)
    status, answer = await api("PUT", COMMANDS, [command(name="fine"), body])
    assert wrong(answer) == {f"1.{path}".strip("."): code for path, code in errors.items()}
    assert discord.commands.all(None) == []


async def test_the_size_of_a_command(api: Caller) -> None:
    """8000 characters are taken, 8001 are not."""
    # Names and descriptions: 4 + 25 options of 3 and 3 x 25 choices of 100 + 1 characters are 7654.
    filled = [
        option(f"a{chr(97 + n)}", choices=[{"name": f"{m}" * 100, "value": "x"} for m in range(3)]) for n in range(25)
    ]
    assert 4 + 25 * 3 + 25 * 3 * 101 == 7654
    room = 8000 - 7654
    extra = [{"name": "z" * 100, "value": "y" * 100}, {"name": "w" * 100, "value": "y" * (room - 300)}]
    filled[0]["choices"] += extra
    assert (await api("POST", COMMANDS, command(options=filled)))[0] == 201
    extra[1]["value"] += "y"
    status, answer = await api("POST", COMMANDS, command(options=filled))
    assert (status, wrong(answer)) == (400, {"": "APPLICATION_COMMAND_TOO_LARGE"})


async def test_commands_one_by_one(discord: Discord, api: Caller) -> None:
    status, first = await api("POST", COMMANDS, command())
    assert status == 201
    status, same = await api("POST", COMMANDS, command(description="new"))
    assert (status, same["id"], same["description"]) == (200, first["id"], "new")
    assert same["version"] != first["version"]
    path = f"{COMMANDS}/{first['id']}"
    assert (await api("PATCH", path, {"description": "newer"}))[1]["description"] == "newer"
    kept = (await api("PUT", COMMANDS, [command(description="newer"), command(name="sell")]))[1]
    assert (kept[0]["id"], kept[0]["name"], kept[1]["name"]) == (first["id"], "buy", "sell")
    assert [c["name"] for c in (await api("GET", COMMANDS))[1]] == ["buy", "sell"]
    assert (await api("DELETE", path))[0] == 204
    assert (await api("GET", path))[1]["code"] == 10063
    for n in range(99):
        discord.commands.upsert(None, command(name=f"c{n}"))
    assert (await api("POST", COMMANDS, command(name="d")))[1]["code"] == 30032
    assert (await api("PUT", "/applications/1/commands", []))[1]["code"] == 10002
