"""The bot's commands by scope and language, and the menu button ("BotCommandScope", "MenuButton")."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

from tests.emulators.telegram.chats import Chat, User
from tests.emulators.telegram.params import Params
from tests.emulators.telegram.refusals import bad
from tests.emulators.telegram.world import World

MAX_COMMANDS = 100
_PLAIN_SCOPES = ("default", "all_private_chats", "all_group_chats", "all_chat_administrators")
_CHAT_SCOPES = ("chat", "chat_administrators", "chat_member")
_BUTTONS = ("default", "commands", "web_app")

Scope = tuple[str, int, int]  # type, chat, user


class Menus:
    """What the bot offers to whom."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._commands: dict[tuple[Scope, str], list[dict[str, str]]] = {}
        self._buttons: dict[int, dict[str, Any]] = {}
        self.changes = 0  # of the commands

    def methods(self) -> dict[str, Callable[[Params], Awaitable[Any]]]:
        """What it answers."""
        return {
            "setmycommands": self._set,
            "getmycommands": self._get,
            "deletemycommands": self._delete,
            "setchatmenubutton": self._set_button,
            "getchatmenubutton": self._get_button,
        }

    def seen(self, chat: Chat, user: User) -> list[tuple[str, str]]:
        """The first list that is set, from the narrowest scope to the widest, the user's language first."""
        for scope in _order(chat, user):
            for language in dict.fromkeys((user.language, "")):
                rows = self._commands.get((scope, language))
                if rows:
                    return [(row["command"], row["description"]) for row in rows]
        return []

    async def _set(self, params: Params) -> bool:
        told = params.json("commands") or []
        if not isinstance(told, list):
            raise bad("Expected an Array of BotCommand")
        rows = [_command(one) for one in told]
        if len(rows) > MAX_COMMANDS:
            raise bad("BOT_COMMANDS_TOO_MUCH")
        key = (self._scope(params), _language(params))
        self.changes += 1
        if rows:
            self._commands[key] = rows
        else:
            self._commands.pop(key, None)
        return True

    async def _get(self, params: Params) -> list[dict[str, str]]:
        return self._commands.get((self._scope(params), _language(params)), [])

    async def _delete(self, params: Params) -> bool:
        self.changes += 1
        self._commands.pop((self._scope(params), _language(params)), None)
        return True

    async def _set_button(self, params: Params) -> bool:
        told = params.json("menu_button", "menu button") or {"type": "default"}
        if not isinstance(told, dict):
            raise bad("Can't parse menu button: MenuButton must be an Object")
        if told.get("type") not in _BUTTONS:
            raise bad("Can't parse menu button: MenuButton has unsupported type")
        self._buttons[params.integer("chat_id")] = told
        return True

    async def _get_button(self, params: Params) -> dict[str, Any]:
        return self._buttons.get(params.integer("chat_id")) or self._buttons.get(0) or {"type": "commands"}

    def _scope(self, params: Params) -> Scope:
        told = params.json("scope", "BotCommandScope")
        if told is None:
            return ("default", 0, 0)
        if not isinstance(told, dict):
            raise bad("Can't parse BotCommandScope: BotCommandScope must be an Object")
        kind = str(told.get("type", ""))
        if kind in _PLAIN_SCOPES:
            return (kind, 0, 0)
        if kind not in _CHAT_SCOPES:
            raise bad("Can't parse BotCommandScope: Unsupported type specified")
        chat = self._world.readable(str(told.get("chat_id", "")))
        if chat.type == "channel" or (chat.person is not None and kind != "chat"):
            raise bad(f"can't change commands in {'channel' if chat.type == 'channel' else 'private'} chats")
        user = int(told.get("user_id", 0)) if kind == "chat_member" else 0
        if kind == "chat_member" and user <= 0:
            raise bad("Can't parse BotCommandScope: Invalid user_id specified")
        return (kind, chat.id, user)


def _order(chat: Chat, user: User) -> list[Scope]:
    if chat.person is not None:
        return [("chat", chat.id, 0), ("all_private_chats", 0, 0), ("default", 0, 0)]
    governs = chat.administrates(user)
    scopes: list[tuple[Scope, bool]] = [
        (("chat_member", chat.id, user.id), True),
        (("chat_administrators", chat.id, 0), governs),
        (("chat", chat.id, 0), True),
        (("all_chat_administrators", 0, 0), governs),
        (("all_group_chats", 0, 0), True),
        (("default", 0, 0), True),
    ]
    return [scope for scope, concerns in scopes if concerns]


def _language(params: Params) -> str:
    language = params.text("language_code")
    if language and not re.fullmatch(r"[a-z]{2}", language):
        raise bad("Invalid language code specified")
    return language


def _command(told: Any) -> dict[str, str]:
    if not isinstance(told, dict):
        raise bad("Can't parse BotCommand: expected an Object")
    for name in ("command", "description"):
        if name not in told:
            raise bad(f"Can't parse BotCommand: Can't find field \"{name}\"")
    command, description = str(told["command"]).strip().removeprefix("/"), str(told["description"]).strip()
    if not command:
        raise bad("Command must be non-empty")
    if len(command) > 32:
        raise bad("Command length must not exceed 32")
    if not description:
        raise bad("Command description must be non-empty")
    if len(description) > 256:
        raise bad("Command description length must not exceed 256")
    if not re.fullmatch(r"[a-z0-9_]+", command):
        raise bad("BOT_COMMAND_INVALID")
    return {"command": command, "description": description}
