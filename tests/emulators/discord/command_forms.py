"""Application commands, checked by "Application Command Object" and "Application Command Limits"."""

import unicodedata
from typing import Any

from tests.emulators.discord.codes import Json
from tests.emulators.discord.forms import Form, Path

CHAT_INPUT, USER, MESSAGE = 1, 2, 3
SUB_COMMAND, SUB_COMMAND_GROUP, STRING, INTEGER, BOOLEAN, NUMBER = 1, 2, 3, 4, 5, 10
WITH_CHOICES = (STRING, INTEGER, NUMBER)
MOST_CHARACTERS, MOST_OPTIONS, MOST_CHOICES = 8000, 25, 25
MOST = {CHAT_INPUT: 100, USER: 15, MESSAGE: 15}


def check_command(form: Form, path: Path, body: Json) -> None:
    """Note everything that is wrong with a command."""
    kind = body.get("type") or CHAT_INPUT
    if not form.choice((*path, "type"), kind, (CHAT_INPUT, USER, MESSAGE)):
        return
    if kind == CHAT_INPUT:
        _name(form, (*path, "name"), body.get("name"))
        form.text((*path, "description"), body.get("description"), 100, 1)
        _options(form, (*path, "options"), body.get("options"))
    else:
        form.text((*path, "name"), body.get("name"), 32, 1)
        if body.get("description"):
            message = "Context menu commands cannot have description"
            form.wrong((*path, "description"), "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION_INVALID", message)
    permissions = body.get("default_member_permissions")
    if permissions is not None and not str(permissions).isdigit():
        form.wrong((*path, "default_member_permissions"), "NUMBER_TYPE_COERCE", f'Value "{permissions}" is not int.')
    if size(body) > MOST_CHARACTERS:
        message = f"Command exceeds maximum size ({MOST_CHARACTERS})"
        form.wrong(path, "APPLICATION_COMMAND_TOO_LARGE", message)


def size(part: Json) -> int:
    """Characters of names, descriptions and string values of a command, its options and its choices."""
    counted = [part.get("name"), part.get("description"), part.get("value")]
    inner = [*(part.get("options") or ()), *(part.get("choices") or ())]
    return sum(len(text) for text in counted if isinstance(text, str)) + sum(size(one) for one in inner)


def _name(form: Form, path: Path, name: Any) -> None:
    form.text(path, name, 32, 1)
    if not isinstance(name, str) or not name:
        return
    letters = all(sign in "-_'" or unicodedata.category(sign)[0] in "LN" for sign in name)
    if not letters or name != name.lower():
        form.wrong(path, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")


def _options(form: Form, path: Path, options: Any) -> None:
    names: set[str] = set()
    optional = False
    for at, option in enumerate(form.listed(path, options, MOST_OPTIONS)):
        here = (*path, at)
        if option.get("required") and optional:
            message = "Required options must be placed before non-required options"
            form.wrong(here, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message)
        optional = optional or not option.get("required")
        if option.get("name") in names:
            form.wrong(here, "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", "Option name already exists")
        names.add(str(option.get("name")))
        _option(form, here, option)


def _option(form: Form, path: Path, option: Json) -> None:
    kind = option.get("type")
    if not form.choice((*path, "type"), kind, tuple(range(1, 12))):
        return
    _name(form, (*path, "name"), option.get("name"))
    form.text((*path, "description"), option.get("description"), 100, 1)
    if kind in (SUB_COMMAND, SUB_COMMAND_GROUP):
        _options(form, (*path, "options"), option.get("options"))
        return
    choices = form.listed((*path, "choices"), option.get("choices"), MOST_CHOICES)
    if choices and option.get("autocomplete"):
        message = "Autocomplete cannot be used with choices"
        form.wrong(path, "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_CHOICES", message)
    if (choices or option.get("autocomplete")) and kind not in WITH_CHOICES:
        form.wrong(path, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Only strings and numbers have choices")
    check_choices(form, (*path, "choices"), choices, int(kind or 0))
    if kind == STRING:
        form.number((*path, "min_length"), option.get("min_length"), 0, 6000)
        form.number((*path, "max_length"), option.get("max_length"), 1, 6000)


def check_choices(form: Form, path: Path, choices: list[Json], kind: int) -> None:
    """The choices of an option, or the answer to an autocomplete interaction."""
    names: set[str] = set()
    for at, choice in enumerate(choices):
        name, value = choice.get("name"), choice.get("value")
        form.text((*path, at, "name"), name, 100, 1)
        if kind == STRING:
            form.text((*path, at, "value"), value, 100, 1)
        elif kind == INTEGER:
            form.number((*path, at, "value"), value, -(2**53) + 1, 2**53 - 1)
        elif isinstance(value, bool) or not isinstance(value, int | float):
            form.wrong((*path, at, "value"), "NUMBER_TYPE_COERCE", f'Value "{value}" is not float.')
        if name in names:
            form.wrong(path, "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_EXISTS", "Option choice name already exists")
        names.add(str(name))
