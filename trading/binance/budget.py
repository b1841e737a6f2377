"""What may still be sent: request weight of one address and orders of each account, as the venue counts them.

Sources: binance-spot-api-docs rest-api.md "LIMITS" (headers X-MBX-USED-WEIGHT-1M, X-MBX-ORDER-COUNT-10S,
Retry-After) and web-socket-api.md "Rate limits" (`rateLimits` in answers; an interval starts with its unit: the count
of 1 MINUTE is zero again at the next full minute). USDT-M has the same headers and its own limits.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from enum import Enum
from typing import Any

from trading.clock import Clock
from trading.errors import VenueUnreachable

RESERVE = 0.2
"""The part of the weight that only orders and cancels may use."""

LATE_S = 0.5
"""An interval is taken to begin this much late: the venue's clock is measured, not known."""

LONGEST_WAIT_S = 90.0
"""A read that would have to wait longer fails instead."""

LOOK_S = 1.0
"""How often a read that waits looks again: an answer may have shown that there is more room."""

UNTOLD_WAIT_S = {418: 120.0, 429: 60.0}
"""When Retry-After is missing: the shortest ban, the longest common interval."""

SECONDS = {"SECOND": 1, "MINUTE": 60, "HOUR": 3600, "DAY": 86_400}
COUNTS = {"x-mbx-used-weight": "REQUEST_WEIGHT", "x-mbx-order-count": "ORDERS"}
TOO_MANY_ORDERS = -1015


class Urgency(Enum):
    """Who goes first when there is little room."""

    READ = "read"  # waits
    ORDER = "order"  # now or not at all
    CANCEL = "cancel"  # always, except during a ban


class _Window:
    """One limit and what is used of it in its present interval."""

    def __init__(self, limit: int, length_s: int) -> None:
        self.limit, self.length_s = limit, length_s
        self._interval = -1
        self._counted = 0  # by the venue, when it last said so
        self.under_way = 0  # sent, and not answered yet

    def used(self, venue_s: float) -> int:
        self._roll(venue_s)
        return self._counted + self.under_way

    def left_s(self, venue_s: float) -> float:
        """Until the next interval begins."""
        return self.length_s - venue_s % self.length_s

    def count(self, venue_s: float, counted: int) -> None:
        self._roll(venue_s)
        self._counted = counted

    def add(self, venue_s: float, amount: int) -> None:
        self._roll(venue_s)
        self._counted += amount

    def _roll(self, venue_s: float) -> None:
        interval = int(venue_s // self.length_s)
        if interval != self._interval:
            self._interval, self._counted = interval, 0


class Room:
    """What one request was admitted with; its answer tells the counts through it."""

    def __init__(self, budget: "Budget", weight: int, account: str, orders: int) -> None:
        self.weight, self.account, self.orders = weight, account, orders
        self.was_counted = False
        self._budget = budget

    def heard(self, headers: Mapping[str, str]) -> None:
        """The headers of an answer of REST."""
        for name, value in headers.items():
            kind, _, interval = name.lower().rpartition("-")
            if kind in COUNTS and value.isascii() and value.isdigit():
                self._count(COUNTS[kind], interval, int(value))

    def counted(self, rows: object) -> None:
        """`rateLimits` of an answer of the WebSocket API."""
        for row in rows if isinstance(rows, list) else ():
            match row:
                case {"rateLimitType": str(kind), "interval": str(), "intervalNum": int(), "count": int(used)}:
                    self._count(kind, _name(row), used)

    def _count(self, kind: str, interval: str, used: int) -> None:
        if kind == "REQUEST_WEIGHT":
            self._budget.count("", interval, used)
            self.was_counted = True
        elif kind == "ORDERS":
            self._budget.count(self.account, interval, used)

    def turned_away(self, status: int, code: int | None, retry_after_s: float | None) -> None:
        """The venue said 429 or 418, and when to come again."""
        left_s = UNTOLD_WAIT_S[status] if retry_after_s is None else max(0.0, retry_after_s)
        self._budget.pause(left_s, banned=status == 418, account=self.account if code == TOO_MANY_ORDERS else "")


class Budget:
    """One address (IP) at one REST host, shared by all of its accounts; everything on the event loop's time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead_s: float | None = None  # of the venue's time over the loop's
        self._weight: dict[str, _Window] = {}  # by the venue's name of the interval: "1m"
        self._order_limits: dict[str, tuple[int, int]] = {}
        self._orders: dict[str, dict[str, _Window]] = {}  # by account, then as above
        self._paused_until: dict[str, float] = {}  # "" is everybody
        self._banned_until = -math.inf
        self._queue = asyncio.Lock()  # reads wait in line, so that a heavy one is not starved

    def learn(self, rate_limits: Iterable[Mapping[str, Any]]) -> None:
        """Take the limits from exchangeInfo's `rateLimits`; what is counted already stays."""
        for row in rate_limits:
            limit, length_s = int(row["limit"]), SECONDS[row["interval"]] * int(row["intervalNum"])
            if row["rateLimitType"] == "REQUEST_WEIGHT":
                self._weight.setdefault(_name(row), _Window(limit, length_s)).limit = limit
            elif row["rateLimitType"] == "ORDERS":
                self._order_limits[_name(row)] = (limit, length_s)
                for windows in self._orders.values():
                    windows.setdefault(_name(row), _Window(limit, length_s)).limit = limit

    def align(self, venue_ms: int) -> None:
        """Set the venue's clock: its intervals begin with its own minutes and days."""
        self._ahead_s = venue_ms / 1000 - asyncio.get_running_loop().time() - LATE_S

    def count(self, account: str, name: str, used: int) -> None:
        """The venue's own count of an interval; of an account's orders, or of the address's weight ("")."""
        windows = self._windows(account) if account else self._weight
        if name in windows:
            windows[name].count(self._venue_s(), used)

    def pause(self, seconds: float, *, banned: bool, account: str = "") -> None:
        """Send nothing for a while: reads and orders, or during a ban cancels too; of one account, or of all ("")."""
        until = asyncio.get_running_loop().time() + seconds
        if banned:
            self._banned_until = max(self._banned_until, until)
        else:
            self._paused_until[account] = max(self._paused_until.get(account, -math.inf), until)

    def used_weight(self) -> dict[str, tuple[int, int]]:
        """What is used of each limit of the weight: (used, limit) by interval, such as `1m`."""
        return {name: (window.used(self._venue_s()), window.limit) for name, window in self._weight.items()}

    @asynccontextmanager
    async def room(self, weight: int, urgency: Urgency, account: str = "") -> AsyncIterator[Room]:
        """Room for one request: a read waits for it, an order has it at once or not at all.

        Raises:
            VenueUnreachable: there is none; nothing was sent.
        """
        if urgency is Urgency.READ:
            async with self._queue:
                while (left_s := self._wait_s(weight, urgency, account)) > 0:
                    if left_s > LONGEST_WAIT_S:
                        raise self._full(left_s)
                    await asyncio.sleep(min(left_s, LOOK_S))
                room = self._enter(Room(self, weight, account, 0))
        else:
            if (left_s := self._wait_s(weight, urgency, account)) > 0:
                raise self._full(left_s)
            room = self._enter(Room(self, weight, account, int(urgency is Urgency.ORDER)))
        try:
            yield room
        finally:
            self._leave(room)

    def _wait_s(self, weight: int, urgency: Urgency, account: str) -> float:
        """How long until there is room; 0 if there is."""
        now = asyncio.get_running_loop().time()
        if now < self._banned_until:
            raise self._full(self._banned_until - now)
        if urgency is Urgency.CANCEL:
            return 0.0
        venue_s = self._venue_s()
        until = [self._paused_until.get("", now) - now]
        kept = RESERVE if urgency is Urgency.READ else 0.0
        for window in self._weight.values():
            used = window.used(venue_s)
            if used and used + weight > window.limit * (1 - kept):
                until.append(window.left_s(venue_s))
        if urgency is Urgency.ORDER:
            until.append(self._paused_until.get(account, now) - now)
            for window in self._windows(account).values():
                if window.used(venue_s) >= window.limit:
                    until.append(window.left_s(venue_s))
        return max(0.0, *until)

    def _enter(self, room: Room) -> Room:
        for window in self._weight.values():
            window.under_way += room.weight
        for window in self._windows(room.account).values():
            window.under_way += room.orders
        return room

    def _leave(self, room: Room) -> None:
        venue_s = self._venue_s()
        for window in self._weight.values():
            window.under_way -= room.weight
            if not room.was_counted:  # the venue may have counted it all the same
                window.add(venue_s, room.weight)
        for window in self._windows(room.account).values():
            window.under_way -= room.orders

    def _windows(self, account: str) -> dict[str, _Window]:
        if account not in self._orders:
            self._orders[account] = {name: _Window(*limit) for name, limit in self._order_limits.items()}
        return self._orders[account]

    def _venue_s(self) -> float:
        now_s = asyncio.get_running_loop().time()
        if self._ahead_s is None:
            self._ahead_s = self._clock.now().timestamp() - now_s - LATE_S
        return now_s + self._ahead_s

    @property
    def problem(self) -> str:
        """Why nothing may be sent for a while, in one line; empty if it may."""
        now = asyncio.get_running_loop().time()
        if (left_s := self._banned_until - now) > 0:
            return f"Binance has banned this address until {self._when(left_s)}."
        if (left_s := self._paused_until.get("", now) - now) > 0:
            return f"Binance's limit of requests is used up until {self._when(left_s)}."
        return ""

    def _when(self, left_s: float) -> str:
        until = self._clock.now() + timedelta(seconds=left_s)
        return f"{until:%H:%M:%S} UTC" if left_s < SECONDS["HOUR"] else f"{until:%Y-%m-%d %H:%M:%S} UTC"

    def _full(self, left_s: float) -> VenueUnreachable:
        when = self._when(left_s)
        if asyncio.get_running_loop().time() < self._banned_until:
            text = f"Nothing was sent: Binance has banned this address until {when}."
            return VenueUnreachable(text, "Nothing gets through before, not even a cancel.", code="BANNED")
        text = f"Nothing was sent: Binance's limit of requests or orders is used up until {when}."
        return VenueUnreachable(text, "Try again then; cancels still get through.", code="RATE_LIMITED")


def _name(row: Mapping[str, Any]) -> str:
    """`1m`, as the headers name an interval."""
    return f"{row['intervalNum']}{str(row['interval'])[0]}".lower()
