"""The calls of the MetaTrader5 package: what each takes and answers. Nothing else can be asked of a bridge.

Names and arguments: package 5.0.6231 and mql5.com/docs/python_metatrader5.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from math import isfinite
from typing import Any

from trading.mt5.bridge import structures as s

Value = str | int | float | bool | None
Argument = Value | dict[str, Value]

LONGEST_TEXT = 500  # characters
MOST_ROWS = 200_000  # of one copy_rates or copy_ticks
WHOLE_LEAST, WHOLE_MOST = -(2**63), 2**64 - 1


class WrongArgument(Exception):
    """An argument is not of its type. The package answers None to it, with last_error -2."""

    def __init__(self, name: str) -> None:
        super().__init__(f'Invalid "{name}" argument')


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and WHOLE_LEAST <= value <= WHOLE_MOST


def _is_number(value: Any) -> bool:
    return _is_whole(value) or (isinstance(value, float) and isfinite(value))


def _is_request(value: Any) -> bool:
    return isinstance(value, dict)


class Kind(Enum):
    """The type of an argument."""

    TEXT = "text"
    WHOLE = "whole number"
    COUNT = "count"
    NUMBER = "number"
    FLAG = "yes or no"
    REQUEST = "trade request"

    def fits(self, value: Any) -> bool:
        """Whether a value is of this type."""
        return _FITS[self](value)


_FITS: dict[Kind, Callable[[Any], bool]] = {
    Kind.TEXT: lambda value: isinstance(value, str) and len(value) <= LONGEST_TEXT,
    Kind.WHOLE: _is_whole,
    Kind.COUNT: lambda value: _is_whole(value) and value <= MOST_ROWS,
    Kind.NUMBER: _is_number,
    Kind.FLAG: lambda value: isinstance(value, bool),
    Kind.REQUEST: _is_request,
}
_REQUEST = {
    "symbol": Kind.TEXT,
    "comment": Kind.TEXT,
    **dict.fromkeys(("volume", "price", "stoplimit", "sl", "tp"), Kind.NUMBER),
}
REQUEST = {name: _REQUEST.get(name, Kind.WHOLE) for name in s.TradeRequest._fields}
"""The fields of a trade request."""


@dataclass(frozen=True)
class Call:
    """One function: arguments by position, arguments by name, and what it answers.

    `least` is how many of those by position must be given; those of `fields` in the answer are one
    structure, or with `many` any number of them. `failed` is what it answers when it fails.
    """

    name: str
    positional: Mapping[str, Kind]
    least: int = 0
    named: Mapping[str, Kind] | None = None
    fields: Any = None
    many: bool = False
    table: bool = False
    failed: bool | None = None

    def bind(self, unnamed: Sequence[Any], named: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments by name; dates become seconds, as the package reads them.

        Raises:
            TypeError: one is missing, or there is no such argument.
            WrongArgument: one is not of its type.
        """
        if len(unnamed) > len(self._kinds):
            raise TypeError(f"{self.name}() takes at most {len(self._kinds)} arguments, {len(unnamed)} were given")
        arguments = dict(zip(self._kinds, unnamed, strict=False))
        for name, value in named.items():
            if name not in self._kinds or name in arguments:
                raise TypeError(f"{self.name}() got an unexpected argument {name!r}")
            arguments[name] = value
        arguments = {name: _plain(value) for name, value in arguments.items()}
        self.check(arguments)
        return arguments

    def check(self, arguments: Mapping[str, Any]) -> None:
        """See that arguments are known, enough, and of their types.

        Raises:
            TypeError: one is missing, or there is no such argument.
            WrongArgument: one is not of its type.
        """
        missing = list(self.positional)[: self.least]
        missing = [name for name in missing if name not in arguments]
        unknown = [name for name in arguments if name not in self._kinds]
        if missing or unknown:
            raise TypeError(f"{self.name}() lacks {missing}" if missing else f"{self.name}() takes no such argument")
        for name, value in arguments.items():
            kind = self._kinds[name]
            if not kind.fits(value):
                raise WrongArgument(name)
            if kind is Kind.REQUEST:
                _check_request(value)

    def make(self, module: Any, arguments: Mapping[str, Any]) -> Any:
        """Call the package."""
        unnamed: list[Any] = []
        for name in self.positional:
            if name not in arguments:
                break
            unnamed.append(arguments[name])
        named = {name: value for name, value in arguments.items() if name not in list(self.positional)[: len(unnamed)]}
        return getattr(module, self.name)(*unnamed, **named)

    def pack(self, answer: Any) -> Any:
        """An answer of the package as plain values."""
        if answer is None or isinstance(answer, bool):
            return answer
        if self.table:
            return [list(answer.dtype.names), [list(row) for row in answer.tolist()]]
        if self.fields is None:
            return list(answer) if isinstance(answer, tuple) else answer
        return [_values(self.fields, each) for each in answer] if self.many else _values(self.fields, answer)

    def unpack(self, packed: Any) -> Any:
        """What `pack` was given.

        Raises:
            ValueError: it cannot be that call's answer.
        """
        if packed is None or isinstance(packed, bool):
            return packed
        try:
            if self.table:
                names, rows = packed
                return s.Table(names, rows)
            if self.fields is None:
                return tuple(packed) if isinstance(packed, list) else packed
            made = [_record(self.fields, each) for each in (packed if self.many else [packed])]
        except TypeError as why:
            raise ValueError(f"no answer of {self.name}: {why}") from None
        return tuple(made) if self.many else made[0]

    @property
    def _kinds(self) -> dict[str, Kind]:
        return {**self.positional, **(self.named or {})}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return int(value.timestamp())
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return value


def _check_request(request: Mapping[str, Any]) -> None:
    for name, value in request.items():
        if name not in REQUEST or not REQUEST[name].fits(value):
            raise WrongArgument(str(name)[:40])


def _values(structure: Any, record: Any) -> list[Any]:
    """A structure's fields by name: another version of the package may have more, or lack some."""
    values = {name: getattr(record, name, 0) for name in structure._fields}
    if "request" in values:
        values["request"] = _values(s.TradeRequest, values["request"])
    return list(values.values())


def _record(structure: Any, values: Sequence[Any]) -> Any:
    record = structure(*values)
    return record._replace(request=s.TradeRequest(*record.request)) if "request" in structure._fields else record


# --- the table -------------------------------------------------------------------------------

_LOGIN = {"password": Kind.TEXT, "server": Kind.TEXT, "timeout": Kind.WHOLE}
_SYMBOL = {"symbol": Kind.TEXT}
_CHOSEN = {"symbol": Kind.TEXT, "group": Kind.TEXT, "ticket": Kind.WHOLE}
_DATES = {"date_from": Kind.NUMBER, "date_to": Kind.NUMBER}
_PAST = {"group": Kind.TEXT, "ticket": Kind.WHOLE, "position": Kind.WHOLE}
_RATES = {"symbol": Kind.TEXT, "timeframe": Kind.WHOLE}
_TRADE = {"action": Kind.WHOLE, "symbol": Kind.TEXT, "volume": Kind.NUMBER}
_ASKED = {"request": Kind.REQUEST}

CALLS = {
    call.name: call
    for call in (
        Call(
            "initialize", {"path": Kind.TEXT}, 0, {"login": Kind.WHOLE, **_LOGIN, "portable": Kind.FLAG}, failed=False
        ),
        Call("login", {"login": Kind.WHOLE}, 1, _LOGIN, failed=False),
        Call("shutdown", {}),
        Call("version", {}),
        Call("last_error", {}),
        Call("terminal_info", {}, fields=s.TerminalInfo),
        Call("account_info", {}, fields=s.AccountInfo),
        Call("symbols_total", {}),
        Call("symbols_get", {}, 0, {"group": Kind.TEXT}, s.SymbolInfo, many=True),
        Call("symbol_info", _SYMBOL, 1, fields=s.SymbolInfo),
        Call("symbol_info_tick", _SYMBOL, 1, fields=s.Tick),
        Call("symbol_select", {**_SYMBOL, "enable": Kind.FLAG}, 1, failed=False),
        Call("market_book_add", _SYMBOL, 1, failed=False),
        Call("market_book_get", _SYMBOL, 1, fields=s.BookInfo, many=True),
        Call("market_book_release", _SYMBOL, 1, failed=False),
        Call("copy_rates_from", {**_RATES, "date_from": Kind.NUMBER, "count": Kind.COUNT}, 4, table=True),
        Call("copy_rates_from_pos", {**_RATES, "start_pos": Kind.WHOLE, "count": Kind.COUNT}, 4, table=True),
        Call("copy_rates_range", {**_RATES, **_DATES}, 4, table=True),
        Call(
            "copy_ticks_from",
            {**_SYMBOL, "date_from": Kind.NUMBER, "count": Kind.COUNT, "flags": Kind.WHOLE},
            4,
            table=True,
        ),
        Call("copy_ticks_range", {**_SYMBOL, **_DATES, "flags": Kind.WHOLE}, 4, table=True),
        Call("orders_total", {}),
        Call("orders_get", {}, 0, _CHOSEN, s.TradeOrder, many=True),
        Call("positions_total", {}),
        Call("positions_get", {}, 0, _CHOSEN, s.TradePosition, many=True),
        Call("history_orders_total", _DATES, 2),
        Call("history_orders_get", _DATES, 0, _PAST, s.TradeOrder, many=True),
        Call("history_deals_total", _DATES, 2),
        Call("history_deals_get", _DATES, 0, _PAST, s.TradeDeal, many=True),
        Call("order_calc_margin", {**_TRADE, "price": Kind.NUMBER}, 4),
        Call("order_calc_profit", {**_TRADE, "price_open": Kind.NUMBER, "price_close": Kind.NUMBER}, 5),
        Call("order_check", _ASKED, 1, fields=s.OrderCheckResult),
        Call("order_send", _ASKED, 1, fields=s.OrderSendResult),
    )
}
"""The package's functions, each by its name. Arguments by name only are those that it does not take otherwise."""
