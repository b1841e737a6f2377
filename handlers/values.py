"""The one table from text to values: every kind of argument, how it is read and how it is written.

Numbers travel as text to here and are Decimal from here on. A reader raises IntentError with one
line that says what was wrong; nothing else.
"""

import re
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Literal, NewType

import msgspec

from handlers.context import Context
from handlers.literals import count, cut, duration, flag, positive, time_of_day
from handlers.spelling import nearest, symbol_of
from trading.errors import IntentError
from trading.instruments import Price, Quantity, Symbol, decimal_from_text
from trading.intent import Size, Trail, Unit
from trading.order import Order
from trading.quotes import timeframe_seconds

AccountName = NewType("AccountName", str)
"""A configured account."""

StrategyName = NewType("StrategyName", str)
"""A configured strategy."""

Scope = NewType("Scope", str)
"""`all`, an account, a strategy or a canonical symbol."""

Timeframe = NewType("Timeframe", str)
"""`1m`, `15m`, `4h`, `1d`."""

Level = NewType("Level", Decimal)
"""A price, or a result in the desk's currency, which may be a loss: `-200`."""

Line = NewType("Line", str)
"""A command line within a line: the rest of it as it was written; only as the last positional parameter."""

Words = NewType("Words", str)
"""Free text: the rest of the line as it was written; only as the last positional parameter."""


class Part(Size, frozen=True):
    """How much of a position: a size whose percents count the position, not the equity."""


class OrderRef(str):
    """The full id of a known order; a class of its own, so that `Symbol | OrderRef` can be told apart."""

    __slots__ = ()


Read = Callable[[str, Context, Sequence[str]], Any]
"""Text, the request, and the accounts whose instruments count (first match wins) -> a value, or IntentError."""


class Kind(msgspec.Struct, frozen=True):
    """One kind of argument: `noun` for errors, `example` for a right line, `shown` for usage."""

    noun: str
    read: Read
    example: str
    shown: str
    choices: tuple[str, ...] = ()
    members: tuple[Any, ...] = ()


# --- names that the desk knows ---------------------------------------------------------------


def did_you_mean(word: str, known: Iterable[str], otherwise: str) -> str:
    """A remedy that names the nearest known names."""
    near = nearest(word, known)
    return f"Did you mean {' or '.join(near)}?" if near else otherwise


def _known(noun: str, code: str, names: Callable[[Context], Sequence[str]]) -> Read:
    def read(text: str, ctx: Context, accounts: Sequence[str]) -> str:
        known = names(ctx)
        same = [name for name in known if name.lower() == text.lower()]
        if same:
            return text if text in same else same[0]
        listed = f"There is {', '.join(known[:8])}." if known else "There is none yet."
        raise IntentError(f"{cut(text)} is not {noun}.", did_you_mean(text, known, listed), code=code)

    return read


# --- orders and scopes -----------------------------------------------------------------------

_ORDER_ID = re.compile(r"[a-z2-7]{4,16}", re.ASCII)


def _order(text: str, ctx: Context, accounts: Sequence[str]) -> OrderRef:
    word = text.lower().removeprefix("#")
    if ctx.book.get(Order, word) is not None:
        return OrderRef(word)
    if not _ORDER_ID.fullmatch(word):
        remedy = "Write at least the first four letters of an id of /orders or /trades."
        raise IntentError(f"{cut(text)} is not an order id.", remedy, code="UNKNOWN_ORDER")
    known = (*ctx.book.open_orders(), *ctx.book.recent_orders())
    found = sorted({order.id for order in known if order.id.startswith(word)})
    if len(found) == 1:
        return OrderRef(found[0])
    if found:
        raise IntentError(
            f"{cut(text)} is the beginning of {len(found)} order ids.",
            f"Write more of it: {' or '.join(found[:3])}.",
            code="UNKNOWN_ORDER",
        )
    raise IntentError(f"There is no order {cut(text)}.", "/orders and /trades show ids.", code="UNKNOWN_ORDER")


def _scope(text: str, ctx: Context, accounts: Sequence[str]) -> Scope:
    names = ["all", *ctx.desk.accounts, *ctx.desk.strategies]
    for name in names:
        if name.lower() == text.lower():
            return Scope(name)
    try:
        return Scope(symbol_of(text, ctx, accounts))
    except IntentError:
        remedy = did_you_mean(text, names, "Write all, an account, a symbol or a strategy.")
        raise IntentError(f"{cut(text)} is not a scope.", remedy, code="BAD_SCOPE") from None


# --- what is read from its text alone --------------------------------------------------------


def _alone(reader: Callable[[str], Any]) -> Read:
    return lambda text, ctx, accounts: reader(text)


def _part(text: str) -> Part:
    try:
        size = Size.parse(text)
    except IntentError as why:
        raise IntentError(why.text.replace("size", "part"), "Parts are 50%, 0.01 or $100.", code=why.code) from None
    if size.unit is Unit.RISK or (size.unit is Unit.EQUITY and size.amount > 100):
        raise IntentError(f"{cut(text)} is not a part.", "Write 50%, 0.01 or $100.", code="BAD_SIZE")
    return Part(size.amount, Unit.POSITION if size.unit is Unit.EQUITY else size.unit, size.currency)


def _level(text: str) -> Level:
    signed = text[:1] in ("+", "-", "−")  # the last is what some phones make of a hyphen
    value = decimal_from_text(text[1:] if signed else text, "level")
    return Level(-value if signed and text[0] != "+" else value)


def _timeframe(text: str) -> Timeframe:
    timeframe_seconds(text.lower())
    return Timeframe(text.lower())


_accounts = _known("an account", "UNKNOWN_ACCOUNT", lambda ctx: ctx.desk.accounts)
_strategies = _known("a strategy", "UNKNOWN_STRATEGY", lambda ctx: ctx.desk.strategies)

KINDS: dict[Any, Kind] = {
    Symbol: Kind("a symbol", symbol_of, "BTC/USDT", "SYMBOL"),
    Size: Kind("a size", _alone(Size.parse), "0.01", "SIZE"),
    Part: Kind("a part", _alone(_part), "50%", "PART"),
    Price: Kind("a price", _alone(lambda text: positive(text, "price")), "59000", "P"),
    Quantity: Kind("a quantity", _alone(lambda text: positive(text, "quantity")), "0.01", "Q"),
    Decimal: Kind("a number", _alone(decimal_from_text), "500", "N"),
    Level: Kind("a level", _alone(_level), "70000", "P"),
    Trail: Kind("a trailing distance", _alone(Trail.parse), "1.5%", "D"),
    timedelta: Kind("a duration", _alone(duration), "15m", "D"),
    time: Kind("a time of day", _alone(time_of_day), "08:30", "HH:MM"),
    Timeframe: Kind("a timeframe", _alone(_timeframe), "15m", "TIMEFRAME"),
    int: Kind("a whole number", _alone(count), "20", "N"),
    bool: Kind("yes or no", _alone(flag), "yes", "yes", ("yes", "no")),
    AccountName: Kind("an account", _accounts, "demo", "A"),
    StrategyName: Kind("a strategy", _strategies, "trend", "NAME"),
    OrderRef: Kind("an order id", _order, "k3fq", "ID"),
    Scope: Kind("a scope", _scope, "all", "SCOPE"),
    Line: Kind("a line", _alone(str), "buy BTC/USDT 0.01", "LINE"),
    Words: Kind("a text", _alone(str), "some words", "TEXT"),
    str: Kind("a word", _alone(str), "word", "TEXT"),
}


def kind_of(annotation: Any) -> Kind:
    """The kind of a parameter's annotation: one of KINDS, an Enum, a Literal, or a union of these.

    `None` in a union only says that the argument may be left out. A union is tried in its order.

    Raises:
        AssertionError: no argument can be read as this (a mistake in the declaration).
    """
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        members = tuple(m for m in typing.get_args(annotation) if m is not types.NoneType)
        return kind_of(members[0]) if len(members) == 1 else _union(members)
    if typing.get_origin(annotation) is Literal:
        return _choice({str(value): value for value in typing.get_args(annotation)}, annotation)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return _choice({str(member.value).lower(): member for member in annotation}, annotation)
    assert annotation in KINDS, f"no argument can be read as {annotation!r}; add it to handlers.values.KINDS"
    kind = KINDS[annotation]
    return Kind(kind.noun, kind.read, kind.example, kind.shown, kind.choices, (annotation,))


def _choice(values: Mapping[str, Any], annotation: Any) -> Kind:
    words = tuple(values)

    def read(text: str, ctx: Context, accounts: Sequence[str]) -> Any:
        for word in words:
            if text.lower() == word.lower():
                return values[word]
        raise IntentError(f"{cut(text)} is not one of {', '.join(words)}.", f"Write {words[0]}.", code="BAD_CHOICE")

    return Kind(" or ".join(words), read, words[0], "|".join(words), tuple(w.lower() for w in words), (annotation,))


def _union(annotations: tuple[Any, ...]) -> Kind:
    kinds = [kind_of(annotation) for annotation in annotations]
    noun = " or ".join(kind.noun for kind in kinds)

    def read(text: str, ctx: Context, accounts: Sequence[str]) -> Any:
        # A word among the choices is meant as that word, whatever else it could be.
        for kind in sorted(kinds, key=lambda k: not k.choices):
            try:
                return kind.read(text, ctx, accounts)
            except IntentError as why:
                failed = why
        raise IntentError(f"{cut(text)} is not {noun}.", failed.remedy, code=failed.code)

    return Kind(
        noun,
        read,
        kinds[0].example,
        "|".join(kind.shown for kind in kinds),
        tuple(word for kind in kinds for word in kind.choices),
        tuple(member for kind in kinds for member in kind.members),
    )
