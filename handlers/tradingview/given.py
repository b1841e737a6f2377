"""What a body gives, field by field, and the one error of what cannot be read."""

import re
from enum import StrEnum
from typing import NamedTuple

from trading.errors import IntentError

PLACEHOLDER = re.compile(r"\{\{[^{}\r\n]{0,80}(?:\}\}?)?")


class Unreadable(IntentError):
    """An alert that cannot be read as orders, or not safely: the reason, and its `place` in the text."""

    code = "UNREADABLE"

    def __init__(self, text: str, remedy: str = "", *, code: str | None = None, place: str = "") -> None:
        self.place = visible(place)
        super().__init__(visible(f"{place}: {text}" if place else text), remedy, code=code)


def visible(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)


class Shape(StrEnum):
    JSON = "JSON"
    LINES = "command lines"
    PAIRS = "KEY=VALUE"
    COMMAS = "comma-separated"


class Given(NamedTuple):
    """One field as the body gives it; `name` is a path (`strategy.order_action`). A container's value is None."""

    name: str
    value: str | bool | None
    place: str
    container: bool = False


def unfilled(text: str, place: str) -> Unreadable:
    kind = "A strategy's" if "strategy" in text else "A"
    remedy = f"{kind} placeholder is filled in by TradingView only where the alert has such a value."
    return Unreadable(f"{text[:48]} was not filled in.", remedy, code="UNFILLED", place=place)
