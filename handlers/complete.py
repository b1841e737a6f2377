"""What may be typed next: for the Tab key, Discord's autocomplete and the buttons of a missing argument."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from handlers.context import Context
from handlers.parse import Token, bind, named, quote, tokens
from handlers.spec import REGISTRY, Choice, CommandSpec, Param, in_order
from handlers.values import AccountName, Line, OrderRef, Scope, StrategyName, Timeframe
from trading.errors import IntentError
from trading.instruments import Symbol, plain
from trading.order import Order

MOST = 25  # Discord's limit; nobody reads more


class Completion(msgspec.Struct, frozen=True):
    """Put `text` in place of what is typed from `start` to the cursor; show `display` and `help`."""

    text: str
    display: str
    help: str
    start: int


# --- what there is ---------------------------------------------------------------------------


def symbols(ctx: Context) -> Iterator[Choice]:
    """Every symbol the desk trades, those with a position first."""
    yield from positions(ctx)
    for account in ctx.desk.accounts:
        for symbol in ctx.desk.instruments(account):
            yield Choice(symbol, account)


def positions(ctx: Context) -> Iterator[Choice]:
    """The symbols with an open position."""
    for position in ctx.book.positions():
        yield Choice(position.symbol, f"{plain(position.quantity)} on {position.account}")


def accounts(ctx: Context) -> Iterator[Choice]:
    """The configured accounts with their present mode."""
    for name in ctx.desk.accounts:
        yield Choice(name, ctx.book.mode(name).value)


def strategies(ctx: Context) -> Iterator[Choice]:
    """The configured strategies."""
    for name in ctx.desk.strategies:
        yield Choice(name, "strategy")


def open_orders(ctx: Context) -> Iterator[Choice]:
    """The ids of open orders, newest first."""
    for order in reversed(ctx.book.open_orders()):
        yield Choice(order.id, _in_short(order))


def scopes(ctx: Context) -> Iterator[Choice]:
    """`all`, accounts, strategies, symbols."""
    yield Choice("all", "the whole desk")
    yield from accounts(ctx)
    yield from strategies(ctx)
    yield from symbols(ctx)


def timeframes(ctx: Context) -> Iterator[Choice]:
    """The usual lengths of a candle."""
    for text in ("1m", "5m", "15m", "1h", "4h", "1d"):
        yield Choice(text)


def _in_short(order: Order) -> str:
    price = order.limit_price or order.stop_price
    at = f" at {plain(price)}" if price else ""
    return f"{order.side} {plain(order.quantity)} {order.symbol} {order.type}{at} on {order.account}"


SOURCES: dict[Any, Callable[[Context], Iterable[Choice]]] = {
    Symbol: symbols,
    AccountName: accounts,
    StrategyName: strategies,
    OrderRef: open_orders,
    Scope: scopes,
    Timeframe: timeframes,
}


# --- what fits -------------------------------------------------------------------------------


def suggest(param: Param, typed: str, ctx: Context) -> list[Choice]:
    """What may be given for a parameter and fits what is typed so far; at most 25, best first."""
    choices = [Choice(word) for word in param.choices]
    for source in (param.complete,) if param.complete else map(SOURCES.get, param.kind.members):
        choices += source(ctx) if source else ()
    return _fitting(choices, typed)


def _fitting(choices: Iterable[Choice], typed: str) -> list[Choice]:
    """Beginning with what is typed before containing it; case and punctuation do not count (`btcu` fits BTC/USDT)."""
    bare = _bare(typed)
    begins: dict[str, Choice] = {}
    contains: dict[str, Choice] = {}
    for choice in choices:
        known = _bare(choice.value)
        if known.startswith(bare):
            begins.setdefault(choice.value, choice)
        elif bare and bare in known:
            contains.setdefault(choice.value, choice)
    return [*begins.values(), *contains.values()][:MOST]


def _bare(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalnum() or c == "_")


def complete(text: str, cursor: int, ctx: Context, registry: Mapping[str, CommandSpec] = REGISTRY) -> list[Completion]:
    """What may stand at the cursor of a line being typed; only what the actor may run. Changes nothing."""
    typed = text[:cursor]
    head = typed.lstrip()
    offset = len(typed) - len(head)
    name, space, _ = head.partition(" ")
    if not space:
        slash = "/" if head.startswith("/") else ""
        known = [Choice(s.name, s.summary) for s in in_order(registry) if s.role <= ctx.actor.role]
        return [
            Completion(slash + c.value, slash + c.value, c.help, offset)
            for c in _fitting(known, name)
            if _bare(c.value).startswith(_bare(name))
        ]
    spec = named(name.removeprefix("/").partition("@")[0].lower(), registry)
    if spec is None or spec.role > ctx.actor.role:
        return []
    begin = offset + len(name) + 1
    return [
        msgspec.structs.replace(found, start=begin + found.start)
        for found in _arguments(spec, typed[begin:], ctx, registry)
    ][:MOST]


def _arguments(spec: CommandSpec, typed: str, ctx: Context, registry: Mapping[str, CommandSpec]) -> list[Completion]:
    """Completions of the last word of a command's arguments; `start` counts from the arguments' beginning."""
    words = list(tokens(typed))
    if not words or typed[-1].isspace():
        words.append(Token("", "", len(typed), len(typed), False))
    word = words[-1]
    try:
        given = bind(spec, typed[: word.start])
    except IntentError:
        return []
    if word.name:
        param = spec.param(word.name)
        return _values(param, word, ctx) if param and param.name not in given else []
    found: list[Completion] = []
    free = next((p for p in spec.positionals if p.name not in given), None)
    line = next((p for p in spec.positionals if p.kind.members == (Line,)), None)
    if line and (free is line or line.name in given):
        start = _line_start(spec, words)
        nested = complete(typed[start:], len(typed) - start, ctx, registry)
        found += [msgspec.structs.replace(c, start=c.start + start) for c in nested]
    elif free:
        found += _values(free, word, ctx)
    options = [Choice(f"{p.name}=", p.help) for p in spec.params if not p.positional and p.name not in given]
    found += [
        Completion(c.value, c.value, c.help, word.start) for c in options if c.value.startswith(word.text.lower())
    ]
    return found


def _values(param: Param, word: Token, ctx: Context) -> list[Completion]:
    """What may be given for a parameter, as completions of a word."""
    option = bool(word.name)
    return [
        Completion(quote(choice.value, option), choice.value, choice.help, word.value_start)
        for choice in suggest(param, word.text, ctx)
    ]


def _line_start(spec: CommandSpec, words: list[Token]) -> int:
    """Where the line within the line begins: at the first word that is not an option of the outer command."""
    return next((w.start for w in words if not (w.name and spec.param(w.name))), words[-1].start)
