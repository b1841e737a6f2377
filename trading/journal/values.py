"""Values as every database gives them back: one normal form, so that what was replayed and what is stored compare."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from enum import Enum
from typing import Any

import msgspec

from trading.errors import JournalError
from trading.instruments import PLACES, plain

_WIDE = Context(prec=66, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation])  # 48 digits and room to round
_LARGEST = Decimal(10) ** 30  # DECIMAL(48, 18) leaves 30 digits before the point
_json = msgspec.json.Encoder(decimal_format="string")


def exact(value: Decimal) -> Decimal:
    """Without trailing zeros and cut to 18 places, whatever the caller's decimal context.

    Raises:
        JournalError: not a number, or more than 30 digits before the point.
    """
    if not value.is_finite() or abs(value) >= _LARGEST:
        raise JournalError(f"{value} is not an amount that can be recorded.", code="BAD_AMOUNT")
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -18:
        value = value.quantize(PLACES, context=_WIDE)
    return value.normalize(_WIDE) if value else Decimal(0)


def utc(value: datetime) -> datetime:
    """In UTC.

    Raises:
        JournalError: the time has no time zone.
    """
    if value.tzinfo is None:
        raise JournalError(f"The time {value} has no time zone.", code="BAD_TIME")
    return value if value.tzinfo is UTC else value.astimezone(UTC)


def _text(value: str) -> str:
    """What both databases can hold: no NUL, no half of a surrogate pair."""
    if value.isascii() and "\x00" not in value:
        return value
    return value.replace("\x00", "\ufffd").encode(errors="replace").decode()


def _same(value: Any) -> Any:
    return value


_NORMAL: dict[type, Callable[[Any], Any]] = {
    str: _text,
    Decimal: exact,
    datetime: utc,
    bool: _same,
    int: _same,
    type(None): _same,
}


def normal(value: Any) -> Any:
    """The normal form of one column: str, int, bool, None, `exact` Decimal, or datetime in UTC.

    Enum members become their value, and anything with a structure its JSON text.

    Raises:
        JournalError: a float, or an amount or time that cannot be recorded.
    """
    convert = _NORMAL.get(type(value))
    if convert is not None:
        return convert(value)
    if isinstance(value, Enum):
        return normal(value.value)
    if isinstance(value, float):
        raise JournalError(f"{value} is a float; money and times are exact.", code="BAD_AMOUNT")
    return _text(_json.encode(value).decode())


_SQLITE: dict[type, Callable[[Any], Any]] = {
    Decimal: plain,
    # The form Tortoise gives its own parameters, so that times compare as text.
    datetime: lambda value: value.isoformat(" "),
    bool: int,
}


def to_sqlite(value: Any) -> Any:
    """A normal value as SQLite keeps it: amounts and times as text."""
    convert = _SQLITE.get(type(value))
    return value if convert is None else convert(value)
