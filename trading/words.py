"""How the same things are called wherever they are told: accounts, scopes, states of orders, times."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from trading.order import OrderStatus

STATUS = {status: status.replace("_", " ").lower() for status in OrderStatus} | {
    OrderStatus.PENDING_CANCEL: "cancel sent",
    OrderStatus.PARTIALLY_FILLED: "partly filled",
}
"""How the states of an order are called."""

LENGTHS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
"""The units of a length of time, in seconds, the longest first."""


def scope_label(scope: str) -> str:
    """`the desk` for all of it; an account, a symbol or a strategy by its name."""
    return "the desk" if scope == "all" else scope


def resume_line(scope: str) -> str:
    """The line that releases the latch of a scope."""
    return "/resume" if scope == "all" else f"/resume {scope}"


def begun(text: str) -> str:
    """The text as the beginning of a sentence; a name keeps its own case."""
    return text[:1].upper() + text[1:] if text.startswith("the ") else text


def span(length: timedelta) -> str:
    """A length of time as commands accept it, in one unit and exact: `20s`, `15m`, `90m`, `8h`, `2d`."""
    seconds = int(length.total_seconds())
    exact = (f"{seconds // unit}{letter}" for letter, unit in LENGTHS.items() if seconds % unit == 0)
    return next(exact) if seconds else "0s"


def passed(length: timedelta) -> str:
    """A length of time for reading, in the largest unit of which two have passed: `95s`, `62m`, `47h`, `320d`."""
    seconds = int(length.total_seconds())
    unit = next((unit for unit in LENGTHS.values() if seconds >= 2 * unit), 1)
    return span(timedelta(seconds=seconds // unit * unit))


def age(seconds: float) -> str:
    """How old a price is: `0.4s`, and from two minutes on as `passed`."""
    return f"{seconds:.1f}s" if seconds < 2 * LENGTHS["m"] else passed(timedelta(seconds=seconds))


def minute(at: datetime, zone: ZoneInfo) -> str:
    """`2026-01-05 13:00 Europe/Vienna`."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M} {zone.key}"


def counted(number: int, noun: str, several: str = "") -> str:
    """`1 open order`, `3 open orders`; `several` where an s does not make the plural: `2 strategies`."""
    return f"{number} {noun if number == 1 else several or f'{noun}s'}"
