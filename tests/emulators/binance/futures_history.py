"""Which rows of the past USDT-M futures still tell, and how many at once.

Source: developers.binance.com, derivatives / usds-margined-futures: "All Orders", "Query Order", "Account Trade List".
"""

from collections.abc import Callable
from typing import Any

from tests.emulators.binance import codes
from tests.emulators.binance.calls import Call
from tests.emulators.binance.futures_orders import AlgoOrder, Order

DAY_MS = 86_400_000


def window(call: Call, rows: list[Any], time: Callable[[Any], int], *, oldest: bool = False) -> list[Any]:
    """The rows of a time range (7 days unless told, at most 7): the oldest of a range with a start, else the newest.

    Refuses -4165 for a longer range.
    """
    start, end = call.integer("startTime"), call.integer("endTime")
    if start is not None and end is not None and end - start > 7 * DAY_MS:
        raise codes.Code(-4165, "Maximum time interval is {} days").refusal(7)
    if start is None:
        start = (end if end is not None else call.now_ms) - 7 * DAY_MS
    elif end is None:
        end = start + 7 * DAY_MS
    found = [row for row in rows if start <= time(row) and (end is None or time(row) <= end)]
    return found[: limit(call)] if oldest or "startTime" in call.params else found[-limit(call) :]


def limit(call: Call, default: int = 500) -> int:
    """`limit`, at most 1000."""
    return max(1, min(call.integer("limit") or default, 1000))


def findable(order: Order | AlgoOrder, now_ms: int) -> bool:
    """Ended without a fill: three days; anything: ninety days."""
    age = now_ms - order.created_ms
    actual = order if isinstance(order, Order) else order.order
    empty = order.status in ("CANCELED", "EXPIRED") and (actual is None or not actual.executed)
    return age <= (3 if empty else 90) * DAY_MS
