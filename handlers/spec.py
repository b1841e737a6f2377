"""What a command is: ONE typed async function, declared once, known everywhere.

To add a command, write a function in `handlers/commands/` (a module that its `__init__` imports)::

    @command(role=Role.TRADER, group="trade")
    async def buy(
        ctx: Context,
        symbol: Annotated[Symbol, Arg("What to trade")],
        size: Annotated[Size, Arg("0.01, $100, 5% or risk=1%")],
        limit: Annotated[Price | None, Arg("Limit price; a market order if left out")] = None,
        *,
        tif: Annotated[TimeInForce | None, Arg("How long it stays")] = None,
        account: Annotated[AccountName | None, Arg("Which account")] = None,
    ) -> Reply:
        \"\"\"Buy, after the risk checks.\"\"\"

- The name is the function's (a trailing `_` is dropped: `help_`), the summary its docstring's first
  line; further lines are shown by `/help NAME`. Parameters: likewise (`from_` is typed `from=`).
- Positional parameters are arguments in their order and may also be given by name; those after `*`
  are `name=value` options. A default of None makes a parameter optional; without one it is required.
- What a parameter may be: `handlers.values.KINDS`, an Enum, `Literal["day", "week"]`, or a union such
  as `Symbol | OrderRef | Literal["all"]`. The function gets the value, not text. `Line`
  (a command line) and `Words` (free text) take the rest of the line.
- Refuse with `raise IntentError(text, remedy)`; let venue errors pass. Ask with
  `return await ctx.ask(card)`. Use `ctx.key` for the intents it makes and `ctx.origin` for who asked.
- `role`: the least that may run it. `audit=True` journals it also when a viewer may run it (all
  others are). `private`: the answer is for the asker's eyes. `dry=True`: it honours `ctx.dry`, so
  `/dryrun` may run it. `Arg(secret=True)`: the line is masked.
"""

import inspect
import re
import typing
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Annotated, Any, NamedTuple, TypeVar

import msgspec

from handlers.actor import Role
from handlers.context import Context
from handlers.reply import Reply
from handlers.values import Kind, Line, Words, kind_of

NAME = re.compile(r"[a-z0-9_]{1,32}", re.ASCII)
MOST_PARAMETERS = 25  # Discord's limit, as are the lengths of names and descriptions
GROUPS = ("trade", "orders", "account", "market", "risk", "control", "strategies", "system")


class Choice(NamedTuple):
    """Something that may be typed next, with a few words about it."""

    value: str
    help: str = ""


Complete = Callable[[Context], Iterable[Choice]]
"""What may be typed for an argument now, best first; filtering by what is typed already is not its work."""


class Arg(msgspec.Struct, frozen=True):
    """What a parameter is for. `complete` and `example` replace those of its kind.

    An argument that may be left out stands in the command's example if it has an `example` of its own. `held`: it
    names what is open somewhere, so that the account need not be named where only one has it.
    """

    help: str
    complete: Complete | None = None
    example: str = ""
    secret: bool = False
    held: bool = False


class Param(msgspec.Struct, frozen=True):
    """One parameter of a command; `name` is what people type, `key` what the function calls it."""

    name: str
    key: str
    kind: Kind
    required: bool
    positional: bool
    help: str
    complete: Complete | None
    example: str
    exemplary: bool
    secret: bool
    held: bool

    @property
    def rest(self) -> bool:
        """Whether it takes the rest of the line."""
        return self.kind.members in ((Line,), (Words,))

    @property
    def choices(self) -> tuple[str, ...]:
        return self.kind.choices

    @property
    def usage(self) -> str:
        """`SYMBOL`, `[LIMIT]`, `tp=P`, `[tif=gtc|ioc|fok]`."""
        if self.positional:
            plain = len(self.kind.members) == 1 and not self.choices
            text = self.name.upper() if plain else self.kind.shown
        else:
            text = f"{self.name}={self.kind.shown}"
        return text if self.required else f"[{text}]"


class CommandSpec(msgspec.Struct, frozen=True):
    """A command as every surface sees it."""

    name: str
    summary: str
    details: str
    role: Role
    group: str
    params: tuple[Param, ...]
    aliases: tuple[str, ...]
    audit: bool
    private: bool
    dry: bool
    function: Callable[..., Awaitable[Reply]]

    def param(self, name: str) -> Param | None:
        """The parameter that people call `name`."""
        return next((p for p in self.params if p.name == name), None)

    @property
    def positionals(self) -> tuple[Param, ...]:
        return tuple(p for p in self.params if p.positional)

    @property
    def secret(self) -> bool:
        """Whether a line of it may hold a secret."""
        return any(p.secret for p in self.params)

    @property
    def usage(self) -> str:
        """`buy SYMBOL SIZE [LIMIT] [tif=gtc|ioc|fok]`."""
        return " ".join([self.name, *(p.usage for p in self.params)])

    @property
    def example(self) -> str:
        """A right line: `/buy BTC/USDT 0.01`, `/lock BTC/USDT 1h`."""
        words = [p.example if p.positional else f"{p.name}={p.example}" for p in self.params if p.exemplary]
        return " ".join([f"/{self.name}", *words])


REGISTRY: dict[str, CommandSpec] = {}
"""Every declared command by name; filled as the modules of commands are imported (`in_order` sorts them)."""


def in_order(registry: Mapping[str, "CommandSpec"] = REGISTRY) -> list["CommandSpec"]:
    """The commands as people read them, whichever module was imported first.

    Group by group; in a group, the module of its name before the others; in a module, from top to bottom.
    """

    def place(spec: CommandSpec) -> tuple[int, bool, str, int]:
        module, line = spec.function.__module__, spec.function.__code__.co_firstlineno
        return GROUPS.index(spec.group), module.rpartition(".")[2] != spec.group, module, line

    return sorted(registry.values(), key=place)


LATER: dict[str, str] = {name: f"/{name} is not part of this version." for name in ("backtest", "optimize")}
"""Commands of later versions, with what is answered to them."""

F = TypeVar("F", bound=Callable[..., Awaitable[Reply]])


def command(
    *,
    role: Role = Role.VIEWER,
    group: str = "system",
    aliases: tuple[str, ...] = (),
    audit: bool | None = None,
    private: bool = False,
    dry: bool = False,
    registry: dict[str, CommandSpec] = REGISTRY,
) -> Callable[[F], F]:
    """Declare an async function as a command (see the top of this file); the function stays as it is.

    Raises:
        AssertionError: at import, when a platform would not accept the declaration.
    """

    def declare(function: F) -> F:
        spec = _spec(function, role=role, group=group, aliases=aliases, audit=audit, private=private, dry=dry)
        taken = {word for known in registry.values() for word in (known.name, *known.aliases)} | set(LATER)
        twice = taken.intersection((spec.name, *aliases))
        assert not twice, f"/{', /'.join(sorted(twice))} is declared twice"
        registry[spec.name] = spec
        return function

    return declare


def _spec(
    function: Callable[..., Awaitable[Reply]],
    *,
    role: Role,
    group: str,
    aliases: tuple[str, ...],
    audit: bool | None,
    private: bool,
    dry: bool,
) -> CommandSpec:
    name = function.__name__.rstrip("_")
    assert inspect.iscoroutinefunction(function), f"/{name}: a command is an async function"
    summary, _, details = inspect.cleandoc(function.__doc__ or "").partition("\n")
    for word in (name, *aliases):
        assert NAME.fullmatch(word), f"/{word}: a name is 1-32 of a-z, 0-9 and _"
    assert 1 <= len(summary) <= 100, f"/{name}: the docstring's first line is 1-100 characters"
    assert group in GROUPS, f"/{name}: groups are {', '.join(GROUPS)}"
    params = _params(function, name)
    audited = role >= Role.TRADER if audit is None else audit or role >= Role.TRADER
    return CommandSpec(name, summary, details.strip(), role, group, params, aliases, audited, private, dry, function)


def _params(function: Callable[..., Awaitable[Reply]], name: str) -> tuple[Param, ...]:
    hints = typing.get_type_hints(function, include_extras=True)
    signature = list(inspect.signature(function).parameters.values())
    first = hints.get(signature[0].name) if signature else None
    assert first is Context, f"/{name}: the first parameter is ctx: Context"
    assert hints.get("return") is Reply, f"/{name}: a command answers a Reply"
    params = tuple(_param(p, hints[p.name], f"/{name} {p.name}") for p in signature[1:])
    positional = [p for p in params if p.positional]
    assert len(params) <= MOST_PARAMETERS, f"/{name}: at most {MOST_PARAMETERS} parameters"
    assert len({p.name for p in params}) == len(params), f"/{name}: parameter names differ"
    assert not any(p.rest for p in positional[:-1]), f"/{name}: only the last argument takes the rest of the line"
    assert all(p.positional for p in params if p.rest), f"/{name}: the rest of the line is not an option"
    return params


def _param(parameter: inspect.Parameter, hint: Any, where: str) -> Param:
    assert typing.get_origin(hint) is Annotated, f"{where}: write Annotated[TYPE, Arg(...)]"
    annotation, arg = typing.get_args(hint)[:2]
    assert isinstance(arg, Arg), f"{where}: write Annotated[TYPE, Arg(...)]"
    assert 1 <= len(arg.help) <= 100, f"{where}: the description is 1-100 characters"
    name = parameter.name.rstrip("_")
    assert NAME.fullmatch(name), f"{where}: a name is 1-32 of a-z, 0-9 and _"
    kind = kind_of(annotation)
    assert not arg.secret or kind.members == (str,), f"{where}: a secret is a str"
    return Param(
        name=name,
        key=parameter.name,
        kind=kind,
        required=parameter.default is inspect.Parameter.empty,
        positional=parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD,
        help=arg.help,
        complete=arg.complete,
        example=arg.example or kind.example,
        exemplary=bool(arg.example) or parameter.default is inspect.Parameter.empty,
        secret=arg.secret,
        held=arg.held,
    )
