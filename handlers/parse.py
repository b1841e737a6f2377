"""From a line to a command and its values, and back.

`/name@botname arguments`: the slash is optional, arguments are separated by whitespace, quotes hold
values with spaces together, `name=value` may stand anywhere. Whatever the text, nothing but
IntentError comes out, with one line that says what was wrong and shows a right example.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from handlers.actor import Role
from handlers.context import Context
from handlers.spec import LATER, REGISTRY, CommandSpec, Param, in_order
from handlers.spelling import spelt
from handlers.values import AccountName, Part, did_you_mean
from trading.errors import IntentError
from trading.intent import Size

LONGEST_LINE = 1000  # characters
UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})  # controls, invisible and direction marks, broken halves, newlines

_HEAD = re.compile(r"/?([A-Za-z0-9_]{1,32})(?:@[A-Za-z0-9_]{1,64})?(?:\s+|\Z)")
_OPTION = re.compile(r"([A-Za-z][A-Za-z0-9_]{0,31})=")
# Quotes count only around a whole value: a stray apostrophe is a character like any other.
_TOKEN = re.compile(
    r"""(?:(?P<name>[A-Za-z][A-Za-z0-9_]{0,31})=)?
        (?:"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>[^']*)'|“(?P<curly>[^”]*)”)(?=\s|\Z)
        |(?P<bare>\S+)""",
    re.VERBOSE,
)


class MissingArgument(IntentError):
    """A required argument was left out: `param` of `spec`; surfaces offer buttons for it."""

    code = "MISSING_ARGUMENT"

    def __init__(self, spec: CommandSpec, param: Param) -> None:
        super().__init__(f"/{spec.name} needs {param.usage}: {param.help}.", f"Example: {spec.example}")
        self.spec = spec
        self.param = param


class Token(NamedTuple):
    """A word of a line: its option name or "", its value, where it and its value begin."""

    name: str
    text: str
    start: int
    value_start: int
    quoted: bool


# --- which command ---------------------------------------------------------------------------


def cleaned(line: str) -> str:
    """The line without the whitespace around it.

    Raises:
        IntentError: too long, more than one line, or with characters that cannot be seen.
    """
    line = line.strip()
    if len(line) > LONGEST_LINE:
        raise IntentError(
            f"The line has {len(line)} characters; at most {LONGEST_LINE} are read.", "Shorten it.", code="BAD_LINE"
        )
    for char in line:
        if char != "\t" and unicodedata.category(char) in UNSEEN:
            what = "a line break" if char in "\n\r\u2028\u2029" else f"an invisible character (U+{ord(char):04X})"
            raise IntentError(f"The line holds {what}.", "Type one command on one line.", code="BAD_LINE")
    return line


def find(line: str, role: Role, registry: Mapping[str, CommandSpec] = REGISTRY) -> tuple[CommandSpec, str]:
    """The command that a line names, and the text of its arguments. Hints name only what `role` may run.

    Raises:
        IntentError: no such command, one of a later version, or an unreadable line.
    """
    line = cleaned(line)
    if not line:
        raise IntentError("The line is empty.", "See /help.", code="BAD_LINE")
    head = _HEAD.match(line)
    name = head[1].lower() if head else ""
    if head and (spec := named(name, registry)):
        return spec, line[head.end() :]
    if name in LATER:
        raise IntentError(LATER[name], code="NOT_HERE_YET")
    word = line.split(maxsplit=1)[0].removeprefix("/")[:24]
    words = [f"/{spec.name}" for spec in in_order(registry) if spec.role <= role]
    raise IntentError(f"/{word} is not a command.", did_you_mean(f"/{word}", words, "See /help."), code="NO_COMMAND")


def named(name: str, registry: Mapping[str, CommandSpec] = REGISTRY) -> CommandSpec | None:
    """The command of this name or alias."""
    return registry.get(name) or next((spec for spec in registry.values() if name in spec.aliases), None)


# --- its arguments ---------------------------------------------------------------------------


def tokens(text: str) -> Iterator[Token]:
    """The words of a line, left to right."""
    for match in _TOKEN.finditer(text):
        value = match["bare"]
        if value is None:
            if (value := match["double"]) is not None:
                value = re.sub(r'\\(["\\])', r"\1", value)
            elif (value := match["single"]) is None:
                value = match["curly"]
            name = (match["name"] or "").lower()
            yield Token(name, value, match.start(), match.end("name") + 1 if name else match.start(), True)
        elif option := _OPTION.match(value):
            start = match.start() + option.end()
            yield Token(option[1].lower(), value[option.end() :], match.start(), start, False)
        else:
            yield Token("", value, match.start(), match.start(), False)


def bind(spec: CommandSpec, rest: str) -> dict[str, str]:
    """The text given for each parameter, by the parameter's name.

    Raises:
        IntentError: an option that does not exist, something given twice, or too much.
    """
    texts: dict[str, str] = {}
    words, positionals = list(tokens(rest)), spec.positionals
    passed = 0  # positional parameters that words without a name can no longer be for
    for number, word in enumerate(words):
        free = next((p for p in positionals[passed:] if p.name not in texts), None)
        param, text = _meant(spec, word, free)
        if param is None:
            shown = "That" if spec.secret else repr(word.text[:24])
            raise _wrong(spec, f"{shown} is one too many for /{spec.name}.", f"Write /{spec.usage}.", "TOO_MANY")
        if param.name in texts:
            raise _wrong(spec, f"{param.name} is given twice.", "Give it once.", "GIVEN_TWICE")
        if param.rest and not (word.name and word.quoted):
            late = _rest(spec, param, rest, words[number:])
            if twice := texts.keys() & late.keys():
                raise _wrong(spec, f"{min(twice)} is given twice.", "Give it once.", "GIVEN_TWICE")
            return texts | late
        texts[param.name] = text
        if word.name != param.name:
            passed = positionals.index(param) + 1
    return texts


def _meant(spec: CommandSpec, word: Token, free: Param | None) -> tuple[Param | None, str]:
    """The parameter that a word is for, with the text for it."""
    if not word.name:
        chosen = None if word.quoted else _chosen(spec, free, word.text)
        return chosen or free, word.text
    if param := spec.param(word.name):
        return param, word.text
    if free and free.rest:
        return free, word.text
    if word.name == "risk" and free and {Size, Part} & set(free.kind.members):
        return free, f"risk={word.text}"  # a size that looks like an option: risk=1%
    options = [p.name for p in spec.params]
    remedy = did_you_mean(word.name, options, f"Options are {', '.join(options)}." if options else "It takes none.")
    raise _wrong(spec, f"/{spec.name} has no option {word.name[:24]!r}.", remedy, "UNKNOWN_OPTION")


def _chosen(spec: CommandSpec, free: Param | None, text: str) -> Param | None:
    """The later parameter whose choice a word is, where all before it may be left out: `/mode live`."""
    if free is None or free.required or text.lower() in free.choices:
        return None
    for param in spec.positionals[spec.positionals.index(free) + 1 :]:
        if text.lower() in param.choices:
            return param
        if param.required:
            return None
    return None


def _rest(spec: CommandSpec, param: Param, rest: str, words: Sequence[Token]) -> dict[str, str]:
    """The rest of the line as it is, but for the command's own options at its end."""
    texts: dict[str, str] = {}
    end, last = len(rest), len(words)
    while last > 1 and (own := spec.param(words[last - 1].name)) and not own.rest and own.name not in texts:
        last -= 1
        texts[own.name] = words[last].text
        end = words[last].start
    first = words[0]
    start = first.value_start if first.name == param.name else first.start
    whole = first.quoted and last == 1 and not first.name
    texts[param.name] = first.text if whole else rest[start:end].strip()
    return texts


def _wrong(spec: CommandSpec, text: str, remedy: str, code: str) -> IntentError:
    return IntentError(text, f"{remedy} Example: {spec.example}", code=code)


# --- their values ----------------------------------------------------------------------------


def read(spec: CommandSpec, rest: str, ctx: Context) -> dict[str, Any]:
    """The values to call the command's function with.

    A symbol is looked up on the account the line names, else on the one it falls to; what is held, on the only
    one that holds it; a command that takes no account looks on all of them, that one first.

    Raises:
        MissingArgument, IntentError: with what was wrong and a right example.
    """
    texts = bind(spec, rest)
    for param in spec.params:
        if param.required and param.name not in texts:
            raise MissingArgument(spec, param)
    first = ctx.actor.account or next(iter(ctx.desk.accounts), "")
    choosing = next((p for p in spec.params if AccountName in p.kind.members and not p.positional), None)
    accounts = (first,) if choosing else tuple(dict.fromkeys((first, *ctx.desk.accounts)))
    values: dict[str, Any] = {}
    if choosing and choosing.name in texts:
        values[choosing.key] = account = _value(spec, choosing, texts.pop(choosing.name), ctx, accounts)
        accounts = (account,)
    elif choosing and (holder := _holder(spec, texts, ctx, first)):
        values[choosing.key] = AccountName(holder)
        accounts = (holder,)
    for param in spec.params:
        if param.name in texts:
            values[param.key] = _value(spec, param, texts[param.name], ctx, tuple(a for a in accounts if a))
    return values


def _holder(spec: CommandSpec, texts: Mapping[str, str], ctx: Context, first: str) -> str:
    """The account that a line means by what is held there and nowhere else; empty if it is not so, or the `first`."""
    text = next((texts[param.name] for param in spec.params if param.held and param.name in texts), "")
    if not text or ctx.actor.account:  # who acts for one account is never led to another
        return ""
    open_ = ctx.book.positions()
    holders = {p.account for p in open_ if spelt(text, ctx.desk.instruments(p.account)) == [p.symbol]}
    return holders.pop() if len(holders) == 1 and first not in holders else ""


def _value(spec: CommandSpec, param: Param, text: str, ctx: Context, accounts: Sequence[str]) -> Any:
    try:
        return param.kind.read(text, ctx, accounts)
    except IntentError as why:
        remedy = f"{why.remedy} Example: {spec.example}".strip()
        raise IntentError(f"{param.name}: {why.text}", remedy, code=why.code) from None


def parse(
    line: str, ctx: Context, registry: Mapping[str, CommandSpec] = REGISTRY
) -> tuple[CommandSpec, dict[str, Any]]:
    """A line's command and values, unauthorised: for lines within lines (`dryrun`, `schedule`).

    Raises:
        IntentError: see `find` and `read`.
    """
    spec, rest = find(line, ctx.actor.role, registry)
    return spec, read(spec, rest, ctx)


# --- and back --------------------------------------------------------------------------------


def format_line(spec: CommandSpec, texts: Mapping[str, str]) -> str:
    """The line that gives these texts to a command's parameters, by name: how Discord's and JSON's options enter."""
    words, last, gap = [spec.name], "", False
    for param in spec.params:
        text = texts.get(param.name)
        if text is None:
            gap = gap or param.positional
        elif param.rest:
            last = text if not gap and _plain_rest(spec, text) else f"{param.name}={_quoted(text)}"
        elif param.positional and not gap:
            size = {Size, Part} & set(param.kind.members) and spec.param("risk") is None and text.startswith("risk=")
            as_it_is = size and not re.search(r"\s", text)
            words.append(text if as_it_is else _quoted(text) if _chosen(spec, param, text) else quote(text))
        else:
            words.append(f"{param.name}={quote(text, option=True)}")
    return " ".join([*words, last] if last else words)


def _plain_rest(spec: CommandSpec, text: str) -> bool:
    """Whether a text stays the same when it is read as the rest of a line."""
    own = any(spec.param(word.name) for word in tokens(text) if word.name)
    return bool(text) and text == text.strip() and text[0] not in "\"'“" and not own


def quote(text: str, option: bool = False) -> str:
    """A value as one word of a line; `option` when it stands after `name=`."""
    plain = text and not re.search(r"\s", text) and text[0] not in "\"'“" and (option or not _OPTION.match(text))
    return text if plain else _quoted(text)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
