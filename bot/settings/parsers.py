"""From what was written to exact values, one parser a kind, and back to text where that needs words.

Every parser takes text too, because the environment has nothing else, and raises ValueError saying what
the value is not. It never repeats the value: that may be a secret put on the wrong line.
"""

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from handlers.alerts import KINDS
from trading.errors import IntentError
from trading.instruments import decimal_from_text, plain
from trading.intent import Size
from trading.quotes import timeframe_seconds

MARKETS = ("simulated", "replay", "binance", "mt5")
_LARGEST = 10**15  # money has at most 15 digits before the point; also keeps str(int) away from huge numbers
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HOUR = r"([01]\d|2[0-3]):[0-5]\d"
_EXCHANGE = re.compile(r"ccxt:[a-z0-9_]{2,40}", re.ASCII)
_NAME = re.compile(r"[a-z0-9]+([_-][a-z0-9]+)*", re.ASCII)


@dataclass(frozen=True)
class ConfirmRule:
    """Which orders somebody must confirm; `above` (in the desk's currency) belongs to `when == "above"`."""

    when: Literal["never", "live", "above", "always"]
    above: Decimal | None = None

    def __str__(self) -> str:
        return f"above:{plain(self.above)}" if self.above is not None else self.when


# --- text ------------------------------------------------------------------------------------


def text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("is not text: write it in quotes")
    if len(value) > 2000 or _CONTROL.search(value):
        raise ValueError("has control characters or is longer than 2000")
    return value


def filled(value: object) -> str:
    stripped = text(value).strip()
    if not stripped:
        raise ValueError("is empty")
    return stripped


def name(value: object) -> str:
    word = text(value)
    if len(word) > 32 or not _NAME.fullmatch(word):
        raise ValueError("is not a name: at most 32 lower-case letters and digits, with single - or _ between them")
    if word in ("all", "desk"):
        raise ValueError("is a reserved word: choose another name")
    return word


def topic(value: object) -> str:
    word = text(value)
    if word not in ("all", *KINDS):
        raise ValueError(f"is not a kind of alerts: all, {', '.join(KINDS)}")
    return word


def currency(value: object) -> str:
    code = text(value).upper()
    if not re.fullmatch(r"[A-Z0-9]{2,12}", code, re.ASCII):
        raise ValueError("is not a currency code")
    return code


def secret(value: object) -> SecretStr:
    return value if isinstance(value, SecretStr) else SecretStr(text(value))


def set_or_not(value: SecretStr) -> str:
    """What may be shown of a secret."""
    return "set" if value.get_secret_value() else "not set"


def folder(value: object) -> Path:
    try:
        return Path(value if isinstance(value, Path) else filled(value)).expanduser()
    except RuntimeError:
        raise ValueError("starts with ~, but whose home that is cannot be told") from None


def flag(value: object) -> bool:
    words = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
    known = words.get(value.lower()) if isinstance(value, str) else value
    if not isinstance(known, bool):
        raise ValueError("is neither true nor false")
    return known


# --- numbers ---------------------------------------------------------------------------------


def whole(least: int, most: int) -> Callable[[object], int]:
    """A parser of whole numbers within bounds."""
    unbounded = most >= 2**63 - 1
    bounds = (f" of {least} or more" if least >= 0 else "") if unbounded else f" from {least} to {most}"

    def parse(value: object) -> int:
        if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,19}", value, re.ASCII):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError(f"is not a whole number{bounds}")
        return value

    return parse


def number(value: object) -> Decimal:
    """A plain decimal number, from text or a whole number; a float has already lost digits."""
    if isinstance(value, float):
        raise ValueError("is a float, which is not exact: write it in quotes")
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _LARGEST:
        value = str(value)
    elif isinstance(value, Decimal) and value.is_finite():
        value = plain(value)
    if not isinstance(value, str):
        raise ValueError("is not a plain number")
    try:
        return decimal_from_text(value)
    except IntentError:
        raise ValueError("is not a plain number: digits and one point") from None


def positive(value: object) -> Decimal:
    parsed = number(value)
    if not parsed:
        raise ValueError("is zero; it must be more")
    return parsed


def optional_amount(value: object) -> Decimal | None:
    """Empty text is none."""
    return None if value is None or value == "" else positive(value)


def amount_or_empty(value: Decimal | None) -> str:
    return "" if value is None else plain(value)


def percentage(value: object) -> Decimal:
    """The number before the percent sign: `"20%"` is 20."""
    if isinstance(value, str):
        if not value.endswith("%"):
            raise ValueError("is not a percentage: it ends with %")
        value = value.removesuffix("%")
    elif not isinstance(value, Decimal):
        raise ValueError("is not a percentage in quotes")
    parsed = number(value)
    if parsed > 100:
        raise ValueError("is more than 100%")
    return parsed


def percent(value: object) -> Decimal:
    """As `percentage`, and more than zero."""
    parsed = percentage(value)
    if not parsed:
        raise ValueError("is zero; it must be more")
    return parsed


def percent_text(value: Decimal) -> str:
    return f"{plain(value)}%"


def rate(value: object) -> Decimal:
    """A fee written as a percentage, as the fraction it is: `"0.1%"` is 0.001."""
    return number(value) if isinstance(value, Decimal) else percentage(value).scaleb(-2)


def rate_text(value: Decimal) -> str:
    return percent_text(value.scaleb(2))


def duration(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    try:
        return timedelta(seconds=timeframe_seconds(text(value)))
    except IntentError:
        raise ValueError("is not a duration such as 90s, 15m, 8h or 2d") from None


# --- trading ---------------------------------------------------------------------------------


def market_name(value: object) -> str:
    word = text(value)
    if word not in MARKETS and not _EXCHANGE.fullmatch(word):
        raise ValueError(f"is not one of {', '.join(MARKETS)} or ccxt:NAME, such as ccxt:kraken")
    return word


def timeframe(value: object) -> str:
    word = text(value)
    try:
        timeframe_seconds(word)
    except IntentError:
        raise ValueError("is not a timeframe such as 1m, 15m, 4h or 1d") from None
    return word


def quiet_hours(value: object) -> str:
    hours = text(value)
    if hours and not re.fullmatch(rf"{_HOUR}-{_HOUR}", hours, re.ASCII):
        raise ValueError("is not a span of hours such as 22:00-07:00")
    return hours


def size(value: object) -> Size:
    if isinstance(value, Size):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < _LARGEST:
        value = str(value)
    try:
        return Size.parse(text(value))
    except IntentError:
        raise ValueError("is not a size such as 0.01, $100, 5% or risk=1%") from None


def confirm_rule(*words: Literal["never", "live", "always"]) -> Callable[[object], ConfirmRule]:
    """A parser of confirmation rules: one of `words`, or `above:VALUE`."""

    def parse(value: object) -> ConfirmRule:
        if isinstance(value, ConfirmRule):
            return value
        if isinstance(value, str) and value.startswith("above:"):
            return ConfirmRule("above", positive(value.removeprefix("above:")))
        for word in words:
            if value == word:
                return ConfirmRule(word)
        raise ValueError(f"is none of {', '.join(words)}, above:VALUE")

    return parse


def parameter(value: object) -> str:
    """Parameters travel as text, as `set=k:v` does in chat; the strategy says what each one is."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        raise ValueError("is a float, which is not exact: write it in quotes")
    return str(value) if isinstance(value, int) and abs(value) < _LARGEST else text(value)


def timezone(value: object) -> str:
    zone = text(value)
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, LookupError):
        raise ValueError("is not a time zone of the IANA list") from None
    return zone


# --- tables and lists ------------------------------------------------------------------------


def toml_value(written: str) -> Any:
    """What `written` is as one TOML value."""
    try:
        parsed = tomllib.loads(f"value = {written}")
    except (ValueError, RecursionError):
        raise ValueError("is not a value as TOML writes it") from None
    if len(parsed) != 1:
        raise ValueError("is more than one value")
    return parsed["value"]


def listed(value: object) -> object:
    """Text is a list too: `[...]` as in TOML, or words with commas between them."""
    if not isinstance(value, str):
        return value
    written = value.strip()
    return toml_value(written) if written.startswith("[") else [x.strip() for x in written.split(",") if x.strip()]


def table(value: object) -> object:
    """Text is a table too: `{ ... }` as in TOML."""
    return toml_value(value) if isinstance(value, str) and value.startswith("{") else value
