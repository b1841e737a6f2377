"""Values that are read from their text alone, and every value written back as it is typed."""

import re
from datetime import time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

from trading.errors import IntentError
from trading.instruments import decimal_from_text, plain
from trading.intent import Size, Unit
from trading.words import span

LONGEST = timedelta(days=366)

_COUNT = re.compile(r"[0-9]{1,9}", re.ASCII)
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
_DURATION = re.compile(r"([0-9]{1,8})([smhd])", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_FLAGS = {**dict.fromkeys(("yes", "true", "on", "1"), True), **dict.fromkeys(("no", "false", "off", "0"), False)}


def cut(text: str) -> str:
    """Text in quotes, short enough for a line of error."""
    return repr(text if len(text) <= 24 else text[:21] + "...")


def positive(text: str, noun: str) -> Decimal:
    """A decimal above zero.

    Raises:
        IntentError: zero, or no plain decimal.
    """
    value = decimal_from_text(text, noun)
    if not value:
        raise IntentError(f"The {noun} is zero.", "Write it like 0.25 or 59000.", code="BAD_NUMBER")
    return value


def count(text: str) -> int:
    """A whole number from 1 to 999999999.

    Raises:
        IntentError: anything else.
    """
    if not _COUNT.fullmatch(text) or not int(text):
        large = text.isascii() and text.isdigit() and int(text[:20])
        remedy = "The largest is 999999999." if large else "Write it like 20."
        raise IntentError(f"{cut(text)} is not a whole number from 1.", remedy, code="BAD_NUMBER")
    return int(text)


def at_most(wanted: int, most: int) -> int:
    """`wanted`.

    Raises:
        IntentError: it is more than `most`.
    """
    if wanted > most:
        raise IntentError(f"count: {wanted} is too large.", f"The largest is {most}.", code="BAD_NUMBER")
    return wanted


def duration(text: str) -> timedelta:
    """`90s`, `15m`, `8h`, `2d`; at most 366 days.

    Raises:
        IntentError: anything else, or zero.
    """
    match = _DURATION.fullmatch(text.lower())
    length = timedelta(**{_UNITS[match[2]]: int(match[1])}) if match else timedelta()
    if not timedelta() < length <= LONGEST:
        remedy = "Write 90s, 15m, 8h or 2d; at most 366d."
        raise IntentError(f"{cut(text)} is not a duration.", remedy, code="BAD_DURATION")
    return length


def time_of_day(text: str) -> time:
    """`08:30`.

    Raises:
        IntentError: anything else.
    """
    match = _TIME.fullmatch(text)
    if match is None:
        raise IntentError(f"{cut(text)} is not a time of day.", "Write it like 08:30.", code="BAD_TIME")
    return time(int(match[1]), int(match[2]))


def flag(text: str) -> bool:
    """`yes`, `true`, `on`, `1` or `no`, `false`, `off`, `0`.

    Raises:
        IntentError: anything else.
    """
    if text.lower() not in _FLAGS:
        raise IntentError(f"{cut(text)} is neither yes nor no.", "Write yes or no.", code="BAD_CHOICE")
    return _FLAGS[text.lower()]


def show(value: Any) -> str:
    """A value as it is typed: what the readers of `handlers.values` read back as the same value."""
    match value:
        case bool():
            return "yes" if value else "no"
        case Enum():
            return str(value.value).lower()
        case Decimal():
            return plain(value)
        case Size(unit=Unit.POSITION):
            return f"{plain(value.amount)}%"
        case time():
            return f"{value:%H:%M}"
        case timedelta():
            return span(value)
    return str(value)
