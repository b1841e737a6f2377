"""The limits people set: how each is written, which way it tightens, and which value holds for an account.

One rule for all: 0 (or an empty list) switches a limit off, and off is the loosest. Tighter means
that fewer orders pass. That makes a higher `min_order_value` tighter, a longer `duplicate_window_s`
and a longer `cooldown_s` too; all other numbers tighten downwards.
"""

import difflib
import re
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TypeGuard

import msgspec

from trading.errors import ConfigError, IntentError
from trading.instruments import decimal_from_text, plain
from trading.words import span

Value = Decimal | int | tuple[str, ...]
Overrides = Mapping[str, Value]
"""Some limits by name; the others are not spoken of."""

_COUNT = re.compile(r"[0-9]{1,6}", re.ASCII)
_DURATION = re.compile(r"([0-9]{1,6})\s?([smhd]?)", re.ASCII)
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_PATTERN = re.compile(r"[A-Z0-9/:._#*?&+-]{1,64}", re.ASCII)
_END = 10**15
_OFF = frozenset({"off", "none", "0"})


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one account may do. Values are in the desk's currency, percents are of 100.

    Raises:
        ConfigError: a limit is negative, not finite, or beyond 15 digits.
    """

    max_order_value: Decimal = Decimal(1000)
    max_position_value: Decimal = Decimal(5000)
    max_total_exposure: Decimal = Decimal(20000)
    max_daily_loss: Decimal = Decimal(500)
    max_open_orders_per_symbol: int = 5
    min_order_value: Decimal = Decimal(10)
    max_open_positions: int = 10
    max_drawdown: Decimal = Decimal(20)
    price_band: Decimal = Decimal(5)
    stale_price_s: int = 15
    max_orders_per_minute: int = 60
    duplicate_window_s: int = 2
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    loss_streak: int = 0
    cooldown_s: int = 3600
    max_leverage: Decimal = Decimal(1)

    def __post_init__(self) -> None:
        for name in LIMITS:
            value = getattr(self, name)
            if isinstance(value, Decimal | int) and not (Decimal(value).is_finite() and 0 <= value < _END):
                raise ConfigError(f"The limit {name} is {value}.", "Write a number from 0 (off) up.")


class Kind(StrEnum):
    """How the text of a limit is read."""

    MONEY = "money"
    PERCENT = "percent"
    RATIO = "ratio"
    COUNT = "count"
    SECONDS = "seconds"
    SYMBOLS = "symbols"


class Tighter(StrEnum):
    """Which of two values of a limit lets fewer orders pass."""

    LOWER = "lower"
    HIGHER = "higher"
    FEWER = "fewer symbols"  # allow: a symbol must be on both lists
    MORE = "more symbols"  # deny: a symbol on either list is refused


class Spec(msgspec.Struct, frozen=True):
    """What people must know of one limit; `unit` is empty for the desk's currency."""

    kind: Kind
    tighter: Tighter
    unit: str
    meaning: str


LIMITS: dict[str, Spec] = {
    "max_order_value": Spec(Kind.MONEY, Tighter.LOWER, "", "Value of one order."),
    "max_position_value": Spec(
        Kind.MONEY, Tighter.LOWER, "", "Value of one position once all its open orders are filled."
    ),
    "max_total_exposure": Spec(
        Kind.MONEY, Tighter.LOWER, "", "Value of all positions of the account, with the open orders that add to them."
    ),
    "max_daily_loss": Spec(
        Kind.MONEY, Tighter.LOWER, "", "Fall of the account's equity since the day began in the desk's time zone."
    ),
    "max_open_orders_per_symbol": Spec(
        Kind.COUNT, Tighter.LOWER, "orders", "Open orders of one symbol; stops and targets of a position do not count."
    ),
    "min_order_value": Spec(Kind.MONEY, Tighter.HIGHER, "", "The least an order must be worth."),
    "max_open_positions": Spec(
        Kind.COUNT, Tighter.LOWER, "positions", "Symbols with a position or an order to open one; dust does not count."
    ),
    "max_drawdown": Spec(Kind.PERCENT, Tighter.LOWER, "%", "Fall of the account's equity from its highest."),
    "price_band": Spec(
        Kind.PERCENT, Tighter.LOWER, "%", "How much worse than the market a price may be: a buy above it, a sell below."
    ),
    "stale_price_s": Spec(Kind.SECONDS, Tighter.LOWER, "s", "Age of the price an order is judged by."),
    "max_orders_per_minute": Spec(Kind.COUNT, Tighter.LOWER, "orders", "Orders the account sends within 60 seconds."),
    "duplicate_window_s": Spec(
        Kind.SECONDS, Tighter.HIGHER, "s", "For how long the same order from the same person counts as sent twice."
    ),
    "allow": Spec(Kind.SYMBOLS, Tighter.FEWER, "", "Symbols that may be traded (`*/USDT` is a pattern); empty is any."),
    "deny": Spec(Kind.SYMBOLS, Tighter.MORE, "", "Symbols that may not be traded."),
    "loss_streak": Spec(
        Kind.COUNT, Tighter.LOWER, "losses", "Losing round trips in a row that start the account's cooldown."
    ),
    "cooldown_s": Spec(Kind.SECONDS, Tighter.HIGHER, "s", "How long the cooldown lasts, from the last loss on."),
    "max_leverage": Spec(
        Kind.RATIO, Tighter.LOWER, "x", "Total exposure as a multiple of equity, where a venue lends (not on spot)."
    ),
}
_EXAMPLES = {
    Kind.MONEY: "1000",
    Kind.PERCENT: "5%",
    Kind.RATIO: "2",
    Kind.COUNT: "5",
    Kind.SECONDS: "15s",
    Kind.SYMBOLS: "BTC/USDT,*/USDC",
}


def spec(name: str) -> Spec:
    """What is known of a limit.

    Raises:
        IntentError: there is no such limit; names the nearest.
    """
    if name not in LIMITS:
        near = difflib.get_close_matches(name[:64].lower(), LIMITS, n=1)
        remedy = f"Did you mean {near[0]}?" if near else f"Limits are {', '.join(LIMITS)}."
        raise IntentError(f"{name[:40]!r} is not a limit.", remedy, code="BAD_LIMIT")
    return LIMITS[name]


def parse(name: str, text: str) -> Value:
    """The value a person wrote; `off` and 0 switch a limit off.

    Raises:
        IntentError: no such limit, or a text that is not of its kind.
    """
    kind = spec(name).kind
    word = text.strip()
    try:
        if kind is Kind.SYMBOLS:
            return _symbols(word)
        if word.lower() in _OFF:
            return 0 if kind in (Kind.COUNT, Kind.SECONDS) else Decimal(0)
        if kind in (Kind.COUNT, Kind.SECONDS):
            return _whole(word, kind)
        return _number(word, kind)
    except (IntentError, ValueError):
        shown = text if len(text) <= 24 else text[:21] + "..."
        raise IntentError(
            f"{shown!r} is not a value of {name}.", f"Write /limit {name} {_EXAMPLES[kind]}.", code="BAD_LIMIT"
        ) from None


def _symbols(word: str) -> tuple[str, ...]:
    if word.lower() in _OFF:
        return ()
    patterns = {part.upper() for part in re.split(r"[,\s]+", word) if part}
    if not 0 < len(patterns) <= 500 or not all(_PATTERN.fullmatch(pattern) for pattern in patterns):
        raise ValueError(word)
    return tuple(sorted(patterns))


def _whole(word: str, kind: Kind) -> int:
    if kind is Kind.COUNT:
        if not _COUNT.fullmatch(word):
            raise ValueError(word)
        return int(word)
    match = _DURATION.fullmatch(word.lower())
    if match is None:
        raise ValueError(word)
    return int(match[1]) * _SECONDS[match[2]]


def _number(word: str, kind: Kind) -> Decimal:
    if kind is Kind.PERCENT:
        word = word.removesuffix("%").rstrip()
    elif kind is Kind.RATIO:
        word = word.lower().removesuffix("x")
    number = decimal_from_text(word)
    if kind is Kind.PERCENT and number > 100:
        raise ValueError(word)
    return number if number else Decimal(0)


def text_of(value: Value) -> str:
    """The value as `parse` reads it back, for the journal."""
    if _is_list(value):
        return ",".join(value) or "off"
    return plain(value) if isinstance(value, Decimal) else str(value)


def shown(name: str, value: Value, currency: str) -> str:
    """The value as people read it: `1000 USDT`, `20%`, `15s`, `off`."""
    if _is_list(value):
        return ", ".join(value) or ("any" if LIMITS[name].tighter is Tighter.FEWER else "none")
    if not value:
        return "off"
    if LIMITS[name].kind is Kind.SECONDS and isinstance(value, int):
        return span(timedelta(seconds=value))
    unit = LIMITS[name].unit or currency
    return f"{text_of(value)}{'' if unit in ('%', 'x') else ' '}{unit}"


def tightest(name: str, one: Value, other: Value) -> Value:
    """Which of two values holds when both must: the one that lets fewer orders pass."""
    tighter = spec(name).tighter
    if _is_list(one) and _is_list(other):
        return _more(one, other) if tighter is Tighter.MORE else _fewer(one, other)
    assert not _is_list(one)
    assert not _is_list(other)
    if not one or not other:
        return one or other
    return max(one, other) if tighter is Tighter.HIGHER else min(one, other)


def _is_list(value: Value) -> TypeGuard[tuple[str, ...]]:
    return isinstance(value, tuple)


def _more(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({*one, *other}))


def _fewer(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    """On both lists. A pattern joined by `&` matches where all of its parts do."""
    if not one or not other:
        return one or other
    if set(one) <= set(other) or set(other) <= set(one):
        return min(one, other, key=len)
    return tuple(sorted({"&".join(sorted({*a.split("&"), *b.split("&")})) for a in one for b in other}))


def loosens(name: str, old: Value, new: Value) -> bool:
    """Whether `new` would let orders pass that `old` refuses: that needs a confirmation.

    A symbol pattern not listed before counts as new, even if an older one covers it.
    """
    held = tightest(name, old, new)
    return set(held) != set(new) if _is_list(held) and _is_list(new) else held != new


def account_s_own(
    account: str, desk: Limits, configured: Overrides, chat_desk: Overrides, chat_account: Overrides
) -> dict[str, str]:
    """By name what holds for an account by a limit of its own rather than the desk's: how that one is changed.

    Of lists that hold together it is not known which one a symbol fails: they count as the desk's.
    """
    found: dict[str, str] = {}
    for name in LIMITS:
        held: Value = chat_desk.get(name, getattr(desk, name))
        for overrides, how in (
            (configured, f"the setting accounts.{account}.risk.{name}"),
            (chat_account, f"/limit {name} account={account}"),
        ):
            tighter = tightest(name, held, overrides.get(name, held))
            if tighter != held and not (_is_list(held) and held):
                found[name] = how
            held = tighter
    return found


def effective(desk: Limits, account: Overrides, chat_desk: Overrides, chat_account: Overrides) -> Limits:
    """The limits of one account: the tightest of the desk's and its own, as configured and as set from chat.

    What chat set for the desk takes the place of the configured desk value; what is set for an
    account can only tighten.
    """
    values: dict[str, Value] = {name: chat_desk.get(name, getattr(desk, name)) for name in LIMITS}
    for overrides in (account, chat_account):
        for name, value in overrides.items():
            values[name] = tightest(name, values[name], value)
    return msgspec.convert(values, Limits)
