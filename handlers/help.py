"""`/help`, and the page of all commands; nothing of it is written by hand."""

from collections.abc import Iterator, Mapping
from typing import Annotated

from handlers.actor import Role
from handlers.context import Context
from handlers.parse import named
from handlers.reply import Reply, Table
from handlers.spec import GROUPS, LATER, REGISTRY, Arg, Choice, CommandSpec, command, in_order
from handlers.values import did_you_mean
from trading.errors import IntentError

WELCOME = "This desk is private. /whoami shows the id that its owner needs to let you in."
"""What a stranger is told: nothing."""


def _names(ctx: Context) -> Iterator[Choice]:
    for spec in in_order():
        if spec.role <= ctx.actor.role:
            yield Choice(spec.name, spec.summary)


@command(role=Role.VIEWER, group="system", aliases=("start",))
async def help_(ctx: Context, command: Annotated[str, Arg("Which command to explain", complete=_names)] = "") -> Reply:
    """Show what you can do here, or how a command is written."""
    if not command:
        return overview(ctx.actor.role)
    name = command.removeprefix("/").lower()
    spec = named(name)
    if spec is None or spec.role > ctx.actor.role:
        if name in LATER:
            raise IntentError(LATER[name], code="NOT_HERE_YET")
        known = [s.name for s in in_order() if s.role <= ctx.actor.role]
        raise IntentError(f"/{name[:24]} is not a command.", did_you_mean(name, known, "See /help."), code="NO_COMMAND")
    return explain(spec)


def overview(role: Role, registry: Mapping[str, CommandSpec] = REGISTRY) -> Reply:
    """Every command that a role may run, a line each, by group."""
    lines = []
    for group, specs in _by_group(registry, role):
        lines += ["", group.capitalize(), *(f"/{spec.name} - {spec.summary}" for spec in specs)]
    lines += ["", f"You are {role}. /help COMMAND shows how one is written."]
    return Reply("\n".join(lines).strip())


def explain(spec: CommandSpec) -> Reply:
    """How a command is written: usage, arguments, an example."""
    lines = [f"/{spec.usage}", spec.summary]
    lines += [spec.details] if spec.details else []
    lines += [f"Example: {spec.example}"] if spec.params else []
    lines += [f"Also: {', '.join(f'/{alias}' for alias in spec.aliases)}"] if spec.aliases else []
    lines.append(f"For: {spec.role}" if spec.role else "For: everybody")
    rows = [(p.usage, p.help) for p in spec.params]
    return Reply("\n".join(lines), table=Table.of(("Argument", "What it is"), rows) if rows else None)


def _by_group(registry: Mapping[str, CommandSpec], role: Role) -> Iterator[tuple[str, list[CommandSpec]]]:
    for group in GROUPS:
        specs = [spec for spec in in_order(registry) if spec.group == group and spec.role <= role]
        if specs:
            yield group, specs


def commands_page(registry: Mapping[str, CommandSpec] = REGISTRY) -> str:
    """docs/commands.md: every command with its arguments, in Markdown."""
    parts = [
        "# Commands",
        "The same words on Telegram, Discord, the web console, the terminal and the API. UPPER CASE stands for a"
        " value, `|` for a choice, `[]` for what may be left out. Arguments come in this order and may also be given"
        " by name; options are `name=value`, anywhere. Generated from the code by `make docs`.",
    ]
    for group, specs in _by_group(registry, Role.ADMIN):
        parts.append(f"## {group.capitalize()}")
        for spec in specs:
            parts.append(f"### /{spec.name}")
            who = f"From {spec.role} up." if spec.role else "For everybody."
            also = f" Also {', '.join(f'`/{alias}`' for alias in spec.aliases)}." if spec.aliases else ""
            parts.append(f"`/{spec.usage}`")
            parts.append(" ".join(filter(None, [spec.summary, spec.details.replace("\n", " "), who])) + also)
            if spec.params:
                rows = [f"| `{_cell(p.usage)}` | {_cell(p.help)} |" for p in spec.params]
                parts.append("\n".join(["| argument | what it is |", "|---|---|", *rows]))
                parts.append(f"Example: `{spec.example}`")
    later = ", ".join(f"`/{name}`" for name in LATER)
    if later:
        parts += ["## In later versions", f"{later} answer that they are not part of this version."]
    return "\n\n".join(parts) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
