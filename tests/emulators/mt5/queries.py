"""Reading: which records, bars and ticks a call asks for."""

from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any, TypeVar

from tests.emulators.mt5 import views
from tests.emulators.mt5.bars import RATES, TICKS, Bar, Table
from tests.emulators.mt5.codes import Failure, invalid
from tests.emulators.mt5.market import Market, Quote
from tests.emulators.mt5.requests import stamp
from trading.mt5.constants import Constants as mt5

R = TypeVar("R")
WRONG = Failure(mt5.RES_E_INVALID_PARAMS)


def in_group(name: str, group: str) -> bool:
    """Does a symbol belong to a group: `*USD*, !EUR*`, masks with commas between them, `!` takes away again?"""
    member = False
    for mask in (part.strip() for part in group.split(",")):
        if fnmatchcase(name, mask.removeprefix("!")):
            member = not mask.startswith("!")
    return member


def active(records: Iterable[R], unnamed: Sequence[Any], asked: dict[str, Any]) -> tuple[R, ...]:
    """Of positions or orders: those of a symbol, a group of symbols, or a ticket."""
    if unnamed:
        raise Failure(mt5.RES_E_INVALID_PARAMS, "Unnamed arguments not allowed")
    return tuple(filter(_chooser(asked, {"ticket": "ticket"}), records))


def past(records: Iterable[R], unnamed: Sequence[Any], asked: dict[str, Any], order: str, time: str) -> tuple[R, ...]:
    """Of history: what is between two dates (and of a group), or of an order, or of a position.

    `order` and `time` name the fields that have the order's ticket and the time.
    """
    asked = dict(asked)
    dates = [*unnamed, *(asked.pop(name) for name in ("date_from", "date_to") if name in asked)]
    chosen = _chooser(asked, {"ticket": order, "position": "position_id"})
    if not dates:
        if not {"ticket", "position"} & set(asked):
            raise WRONG
        return tuple(filter(chosen, records))
    start, end = interval(*dates) if len(dates) == 2 else (0, -1)
    if len(dates) != 2:
        raise Failure(mt5.RES_E_INVALID_PARAMS, "Invalid number of arguments")
    return tuple(one for one in records if chosen(one) and start <= getattr(one, time) <= end)


def interval(date_from: Any, date_to: Any) -> tuple[int, int]:
    """Two dates in seconds of the broker's time, as the numbers stand."""
    return (
        stamp(date_from, Failure(mt5.RES_E_INVALID_PARAMS, "Invalid 1st unnamed argument")),
        stamp(date_to, Failure(mt5.RES_E_INVALID_PARAMS, "Invalid 2nd unnamed argument")),
    )


def _chooser(asked: dict[str, Any], numbers: dict[str, str]) -> Callable[[Any], bool]:
    """A filter of `symbol`, `group` and the fields of `numbers`; each argument strictly by its type."""
    for name, value in asked.items():
        if name in numbers:
            if isinstance(value, bool) or not isinstance(value, int):
                raise invalid(name)
        elif name not in ("symbol", "group") or not isinstance(value, str):
            raise (
                invalid(name) if name in ("symbol", "group") else Failure(mt5.RES_E_INVALID_PARAMS, "Invalid arguments")
            )

    def chosen(record: Any) -> bool:
        if "symbol" in asked and record.symbol != asked["symbol"]:
            return False
        if "group" in asked and not in_group(record.symbol, asked["group"]):
            return False
        return all(getattr(record, field) == asked[name] for name, field in numbers.items() if name in asked)

    return chosen


def rates(market: Market, symbol: Any, timeframe: Any, pick: Callable[[list[Bar]], list[Bar]]) -> Table:
    """Bars of a symbol, as `pick` chooses of all there are, oldest first."""
    if symbol not in market.symbols or not isinstance(timeframe, int):
        raise WRONG
    try:
        bars = market.bars[symbol].of(timeframe) if symbol in market.bars else []
    except ValueError:
        raise WRONG from None
    return Table(RATES, [bar.row for bar in pick(bars)])


def ticks(market: Market, symbol: Any, flags: Any, start: int, end: float, count: int | None) -> Table:
    """Ticks of a symbol from one second to another, those that change what `flags` names."""
    kinds = {
        mt5.COPY_TICKS_ALL: -1,
        mt5.COPY_TICKS_INFO: mt5.TICK_FLAG_BID | mt5.TICK_FLAG_ASK,
        mt5.COPY_TICKS_TRADE: mt5.TICK_FLAG_LAST | mt5.TICK_FLAG_VOLUME,
    }
    if symbol not in market.symbols or flags not in kinds or (count is not None and count <= 0):
        raise WRONG

    def chosen(quote: Quote) -> bool:
        within = start <= quote.time_ms / 1000 <= end
        return within and (flags == mt5.COPY_TICKS_ALL or bool(quote.flags & kinds[flags]))

    found = [views.tick(quote) for quote in market.ticks.get(symbol, ()) if chosen(quote)]
    return Table(TICKS, found[:count])
