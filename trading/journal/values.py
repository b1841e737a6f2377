"""Values as every database gives them back: one normal form, so that what was replayed and what is stored compare.

Normal is: str, int, bool, None, a Decimal without trailing zeros, a datetime in UTC.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from enum import Enum
from typing import Any

import msgspec

from trading.errors import JournalError
from trading.instruments import PLACES, ZERO, plain

_WIDE = Context(prec=66, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation])  # 48 digits and room to round
_DIGITS = 30  # before the point, in a DECIMAL(48, 18)
_ONE = Decimal(1)
_json = msgspec.json.Encoder(decimal_format="string")


def exact(value: Decimal) -> Decimal:
    """Rounded to 18 places and without trailing zeros, whatever the caller's decimal context.

    Raises:
        JournalError: not a number, or more than 30 digits before the point.
    """
    if not value.is_finite() or (value and value.adjusted() >= _DIGITS):
        raise JournalError(f"{value} is not an amount that can be recorded.", code="BAD_AMOUNT")
    value = value.quantize(PLACES, context=_WIDE).normalize(_WIDE)
    if not value:
        return ZERO
    return value if value.as_tuple().exponent <= 0 else value.quantize(_ONE, context=_WIDE)  # type: ignore[operator]


def utc(value: datetime) -> datetime:
    """In UTC.

    Raises:
        JournalError: the time has no time zone.
    """
    if value.tzinfo is None:
        raise JournalError(f"The time {value} has no time zone.", code="BAD_TIME")
    return value if value.tzinfo is UTC else value.astimezone(UTC)


def _same(value: Any) -> Any:
    return value


def _text(value: str) -> str:
    """What both databases can hold: no NUL, no half of a surrogate pair."""
    if value.isascii() and "\x00" not in value:
        return value
    return value.replace("\x00", "\ufffd").encode(errors="replace").decode()


def _refuse(value: object) -> Any:
    raise JournalError(f"{value!r} is a float; amounts and times are exact.", code="BAD_AMOUNT")


class Forms(dict[type, Callable[[Any], Any]]):
    """How a value of each type is written; types not listed are found once: enum members as their value, else JSON."""

    def __missing__(self, kind: type) -> Callable[[Any], Any]:
        form: Callable[[Any], Any]
        if issubclass(kind, Enum):
            form = lambda member: self[type(member.value)](member.value)  # noqa: E731
        else:
            form = lambda value: _text(_json.encode(value).decode())  # noqa: E731
        self[kind] = form
        return form


_PLAIN: dict[type, Callable[[Any], Any]] = {str: _text, int: _same, type(None): _same, float: _refuse}
NORMAL = Forms({**_PLAIN, bool: _same, Decimal: exact, datetime: utc})
"""The normal form of a value, by its type: `NORMAL[type(value)](value)`."""


def _amount(value: Decimal) -> str:
    text = plain(value)
    # Short enough to be exact as it is, and a number (not NaN or Infinity): nearly always, and ten times as fast.
    return text if len(text) < 20 and text[-1] not in "Ny" else plain(exact(value))


SQLITE = Forms(
    {
        **_PLAIN,
        bool: int,
        Decimal: _amount,
        # The form Tortoise gives its own parameters, so that times compare as text.
        datetime: lambda value: utc(value).isoformat(" "),
    }
)
"""The same as SQLite keeps it: amounts and times as text."""
