"""Slash commands made of the specs, and the lines that come back: pure functions, no library.

Discord API, "Application Commands": names of 32 and descriptions of 100 characters, 25 options and
choices, required options first, 8000 characters a command. Every value but a count and a yes-or-no
travels as text: Discord's NUMBER is a double, never to be used for money.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from bot.chats.render.text import harmless, shortened
from handlers.actor import Role
from handlers.complete import MOST, SOURCES, complete, suggest
from handlers.context import Context
from handlers.parse import format_line
from handlers.spec import Choice, CommandSpec, Param, in_order
from handlers.values import Line

Json = dict[str, Any]
CHAT_INPUT = 1
STRING, INTEGER, BOOLEAN = 3, 4, 5
BOT_DM = 1  # a context
MOST_CHOICE = 100  # characters of a choice's name and of its value
LARGEST_COUNT = 999_999_999


class Asked(NamedTuple):
    """What somebody chose in Discord's form: the command, the texts of its options, the one being typed."""

    name: str
    texts: dict[str, str]
    focused: str = ""


# --- what is registered ----------------------------------------------------------------------


def declarations(registry: Mapping[str, CommandSpec], *, private: bool) -> list[Json]:
    """The commands as Discord registers them: for one server, or (`private`) for direct messages only.

    Everybody is shown all of them; who may run what is decided by the desk, by numeric id.
    """
    where = {"contexts": [BOT_DM], "integration_types": [0]} if private else {}
    return [{**_declaration(spec), **where} for spec in in_order(registry)]


def fingerprint(declared: list[Json]) -> str:
    """The same text for the same commands, whatever process made them."""
    return hashlib.sha256(msgspec.json.encode(declared, order="sorted")).hexdigest()[:32]


def _declaration(spec: CommandSpec) -> Json:
    params = sorted(spec.params, key=lambda param: not param.required)  # Discord wants the required ones first
    options = [_option(param) for param in params]
    return {"type": CHAT_INPUT, "name": spec.name, "description": spec.summary, "options": options}


def _option(param: Param) -> Json:
    option: Json = {"type": STRING, "name": param.name, "description": param.help, "required": param.required}
    if param.kind.members == (bool,):
        return {**option, "type": BOOLEAN}
    if param.kind.members == (int,):
        return {**option, "type": INTEGER, "min_value": 1, "max_value": LARGEST_COUNT}
    if param.choices and _only_choices(param):
        return {**option, "choices": [{"name": word, "value": word} for word in param.choices]}
    return {**option, "autocomplete": True} if _suggests(param) else option


def _only_choices(param: Param) -> bool:
    """Whether nothing but the words of its choices may be given."""
    return len(param.kind.members) == 1 and len(param.choices) <= MOST


def _suggests(param: Param) -> bool:
    known = any(member in SOURCES or member is Line for member in param.kind.members)
    return param.complete is not None or bool(param.choices) or known


# --- what comes back -------------------------------------------------------------------------


def asked_of(data: Mapping[str, Any]) -> Asked:
    """What an interaction's data says; numbers and flags as the texts that a line holds."""
    options: Iterable[Mapping[str, Any]] = data.get("options") or ()
    texts = {str(option["name"]): _text(option.get("value", "")) for option in options}
    focused = next((str(option["name"]) for option in options if option.get("focused")), "")
    return Asked(str(data.get("name", "")), texts, focused)


def line_of(asked: Asked, registry: Mapping[str, CommandSpec]) -> str:
    """The command line that was meant; of a command that is no more, its name."""
    spec = registry.get(asked.name)
    return format_line(spec, asked.texts) if spec else asked.name


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


# --- what may be typed next ------------------------------------------------------------------


def choices_of(asked: Asked, registry: Mapping[str, CommandSpec], ctx: Context) -> list[tuple[str, str]]:
    """What fits the option being typed, as (name, value): at most 25, nothing for who may not run the command."""
    spec = registry.get(asked.name)
    param = spec.param(asked.focused) if spec else None
    if spec is None or param is None or ctx.actor.role is Role.STRANGER or spec.role > ctx.actor.role:
        return []
    typed = asked.texts.get(param.name, "")
    found = _lines(typed, ctx, registry) if param.kind.members == (Line,) else suggest(param, typed, ctx)
    named: dict[str, str] = {}
    for value, help_ in found:
        if 1 <= len(value) <= MOST_CHOICE and value.isprintable():
            about = f"{value} · {help_}" if help_ else value
            named.setdefault(shortened(harmless(about), MOST_CHOICE), value)
    return list(named.items())[:MOST]


def _lines(typed: str, ctx: Context, registry: Mapping[str, CommandSpec]) -> list[Choice]:
    """A line within a line, completed at its end."""
    found = complete(typed, len(typed), ctx, registry)
    return [Choice(typed[: each.start] + each.text, each.help) for each in found]
