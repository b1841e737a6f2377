"""A trade request, read as the package reads it: every field strictly by its type, or -2 and which argument it was."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.emulators.mt5.codes import Failure, invalid
from tests.emulators.mt5.decimals import ZERO, exact
from tests.emulators.mt5.records import TradeRequest
from trading.mt5.constants import Constants as mt5

FORBIDDEN = frozenset("[]():=,")  # reported to be refused in comments
KINDS = {
    mt5.TRADE_ACTION_PENDING: "pending",
    mt5.TRADE_ACTION_SLTP: "modify",
    mt5.TRADE_ACTION_MODIFY: "modify",
    mt5.TRADE_ACTION_REMOVE: "remove",
    mt5.TRADE_ACTION_CLOSE_BY: "close",
}


@dataclass(frozen=True)
class Request:
    """A request in the server's numbers; zero is not given."""

    action: int = 0
    magic: int = 0
    order: int = 0
    symbol: str = ""
    volume: Decimal = ZERO
    price: Decimal = ZERO
    stoplimit: Decimal = ZERO
    sl: Decimal = ZERO
    tp: Decimal = ZERO
    deviation: int = 0
    type: int = 0
    type_filling: int = 0
    type_time: int = 0
    expiration: int = 0
    comment: str = ""
    position: int = 0
    position_by: int = 0

    def record(self) -> TradeRequest:
        """As a result repeats it."""
        values: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        for name, value in values.items():
            values[name] = float(value) if isinstance(value, Decimal) else value
        return TradeRequest(**values)


def stamp(value: Any, fault: Failure) -> int:
    """Seconds since 1970 of a datetime or a number, as the package reads dates; raises the fault for another type."""
    if isinstance(value, datetime):
        return int(value.timestamp())
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise fault
    return int(value)


def read(request: Any, comment_limit: int) -> Request:
    """Read the dictionary of order_send. `comment_limit`: characters of comment that pass, 0 for any number.

    Raises Failure -2. Fields that there are not are ignored, fields left out are zero; `action` must be there.
    """
    if not isinstance(request, Mapping):
        raise Failure(mt5.RES_E_INVALID_PARAMS, "Invalid arguments")
    if "action" not in request:
        raise invalid("action")
    read_: dict[str, Any] = {}
    for field in fields(Request):
        if field.name in request:
            read_[field.name] = _value(field.name, field.type, request[field.name])
    comment = read_.get("comment", "")
    if (comment_limit and len(comment) > comment_limit) or (comment_limit and FORBIDDEN & set(comment)):
        raise invalid("comment")
    return Request(**read_)


def _value(name: str, kind: Any, value: Any) -> Any:
    if name == "expiration":
        return stamp(value, invalid(name))
    if kind is str:
        if not isinstance(value, str):
            raise invalid(name)
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or (kind is int and isinstance(value, float)):
        raise invalid(name)
    if kind is int:
        if not 0 <= value < 2**64:
            raise invalid(name)
        return int(value)
    try:
        return exact(value)
    except (ValueError, ArithmeticError):
        raise invalid(name) from None
