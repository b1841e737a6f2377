"""What the client does before it sends a command: it checks what was typed against what is registered."""

from typing import Any

from tests.emulators.discord.codes import Json
from tests.emulators.discord.command_forms import BOOLEAN, INTEGER, NUMBER, STRING, SUB_COMMAND, SUB_COMMAND_GROUP
from tests.emulators.discord.world import Channel, User, World

USER, CHANNEL, ROLE, MENTIONABLE = 6, 7, 8, 9
ENTITIES = (USER, CHANNEL, ROLE, MENTIONABLE)
LARGEST = 2**53


class ClientRefuses(Exception):
    """The client does not let the person do it; nothing is sent."""


def check_may_use(world: World, command: Json, user: User, channel: Channel) -> None:
    """Refuse a command that the client does not show: by `default_member_permissions` and `contexts`."""
    contexts = command["contexts"]
    if channel.guild_id is None:
        if "guild_id" in command or command["dm_permission"] is False or (contexts is not None and 1 not in contexts):
            raise ClientRefuses(f"/{command['name']} is not available in direct messages")
        return
    if contexts is not None and 0 not in contexts:
        raise ClientRefuses(f"/{command['name']} is not available in servers")
    needed = command["default_member_permissions"]
    held = world.guilds[channel.guild_id].permissions(user.id)
    if needed is not None and ((needed == "0" and not held & 8) or int(needed) & ~held):
        raise ClientRefuses(f"{user.name} lacks the permissions for /{command['name']}")


def command_data(command: Json, path: list[str], given: dict[str, Any], world: World, focused: str = "") -> Json:
    """The interaction data of a command; refuses what the client would not send.

    `focused` is the option being typed, for autocomplete: then required options may be missing.
    """
    data: Json = {"id": command["id"], "name": command["name"], "type": command["type"]}
    if "guild_id" in command:
        data["guild_id"] = command["guild_id"]
    resolved: Json = {}
    options = _level(command.get("options") or [], path, given, focused, resolved, world)
    if options:
        data["options"] = options
    if resolved:
        data["resolved"] = resolved
    return data


def _level(
    declared: list[Json], path: list[str], given: dict[str, Any], focused: str, resolved: Json, world: World
) -> list[Json]:
    nested = [option for option in declared if option["type"] in (SUB_COMMAND, SUB_COMMAND_GROUP)]
    if nested:
        chosen = next((option for option in nested if path and option["name"] == path[0]), None)
        if chosen is None:
            raise ClientRefuses(f"choose one of {', '.join(option['name'] for option in nested)}")
        inner = _level(chosen.get("options") or [], path[1:], given, focused, resolved, world)
        return [{"name": chosen["name"], "type": chosen["type"], "options": inner}]
    known = {option["name"]: option for option in declared}
    for name in given:
        if name not in known:
            raise ClientRefuses(f"there is no option {name}")
    found = []
    for name, option in known.items():
        if name not in given:
            if option.get("required") and not focused:
                raise ClientRefuses(f"the option {name} is required")
            continue
        entry: Json = {"name": name, "type": option["type"]}
        if name == focused:
            if not option.get("autocomplete"):
                raise ClientRefuses(f"the option {name} has no autocomplete")
            entry |= {"value": given[name], "focused": True}
        else:
            entry["value"] = _value(option, given[name], resolved, world)
        found.append(entry)
    return found


def _value(option: Json, value: Any, resolved: Json, world: World) -> Any:
    name, kind = option["name"], option["type"]
    if option.get("choices"):
        for choice in option["choices"]:
            if value in (choice["value"], choice["name"]):
                return choice["value"]
        raise ClientRefuses(f"{name}: {value} is not one of the choices")
    if kind == STRING:
        if not isinstance(value, str) or not value:
            raise ClientRefuses(f"{name}: a text is wanted")
        if not option.get("min_length", 0) <= len(value) <= option.get("max_length", 6000):
            raise ClientRefuses(f"{name}: the text has the wrong length")
    elif kind == BOOLEAN:
        if not isinstance(value, bool):
            raise ClientRefuses(f"{name}: True or False is wanted")
    elif kind in (INTEGER, NUMBER):
        wanted: Any = int if kind == INTEGER else (int, float)
        if isinstance(value, bool) or not isinstance(value, wanted) or abs(value) > LARGEST:
            raise ClientRefuses(f"{name}: a number is wanted")
        if not option.get("min_value", -LARGEST) <= value <= option.get("max_value", LARGEST):
            raise ClientRefuses(f"{name}: the number is out of range")
    elif kind in ENTITIES:
        resolve_entity(kind, int(value), resolved, world)
        return str(value)
    return value


def resolve_entity(kind: int, number: int, resolved: Json, world: World) -> None:
    """Note a user, role or channel that was chosen in the `resolved` data; refuses an unknown one."""
    if kind in (USER, MENTIONABLE) and number in world.users:
        user = world.users[number]
        resolved.setdefault("users", {})[str(number)] = user.payload
        guild = next((guild for guild in world.guilds.values() if number in guild.members), None)
        if guild is not None:
            resolved.setdefault("members", {})[str(number)] = guild.member(user, full=False)
        return
    role = next((guild.roles[number] for guild in world.guilds.values() if number in guild.roles), None)
    if kind in (ROLE, MENTIONABLE) and role is not None:
        resolved.setdefault("roles", {})[str(number)] = role.payload
        return
    if kind == CHANNEL and number in world.channels:
        channel = world.channel_payload(world.channels[number])
        resolved.setdefault("channels", {})[str(number)] = {**channel, "permissions": "0"}
        return
    raise ClientRefuses(f"there is nothing with the id {number}")
