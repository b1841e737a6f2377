"""Request weight per address and unfilled orders per account, by calendar intervals ("Rate limits", WebSocket API).

An interval starts with its unit: what is sent at 00:01:23 counts towards the minute of 00:01:00. Weight over the
limit: 429 and -1003 with Retry-After; going on after ten of them: 418 for two minutes, doubling each time. Orders over
the limit: 429 and -1015. An order that trades is taken off the count of unfilled orders (order_count_decrement.md).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.emulators.binance import codes

SECONDS = {"SECOND": 1, "MINUTE": 60, "HOUR": 3600, "DAY": 86_400}
LETTERS = {"SECOND": "S", "MINUTE": "M", "HOUR": "H", "DAY": "D"}
PATIENCE = 10  # refused requests in one interval before the ban


@dataclass(frozen=True)
class Limit:
    """One row of exchangeInfo.rateLimits."""

    kind: str  # REQUEST_WEIGHT, RAW_REQUESTS, ORDERS
    interval: str
    number: int
    limit: int

    @property
    def seconds(self) -> int:
        return SECONDS[self.interval] * self.number

    @property
    def name(self) -> str:
        """`1M`, as in the headers."""
        return f"{self.number}{LETTERS[self.interval]}"

    @property
    def row(self) -> dict[str, Any]:
        return {
            "rateLimitType": self.kind,
            "interval": self.interval,
            "intervalNum": self.number,
            "limit": self.limit,
        }


class RateLimits:
    """The limits of one product, and what is used of them. `limits` may be replaced by a test at any time."""

    def __init__(self, limits: list[Limit], now_ms: Callable[[], int]) -> None:
        self.limits = limits
        self.banned_until_ms = 0
        self.bans = 0
        self._now_ms = now_ms
        self._used: dict[tuple[Limit, str], tuple[int, int]] = {}  # limit, account or "": interval, count
        self._refused = 0

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [limit.row for limit in self.limits]

    def used(self, limit: Limit, account: str = "") -> int:
        """What is used of a limit in its present interval."""
        interval, count = self._used.get((limit, account), (-1, 0))
        return count if interval == self._interval(limit) else 0

    def enter(self, weight: int) -> None:
        """Charge one request's weight. Refuses: 429 over a limit, 418 during a ban."""
        now = self._now_ms()
        if now < self.banned_until_ms:
            raise self.ban_refusal()
        for limit in self.limits:
            if limit.kind == "ORDERS":
                continue
            self._add(limit, "", weight if limit.kind == "REQUEST_WEIGHT" else 1)
            if self.used(limit) > limit.limit:
                self._refused += 1
                if self._refused > PATIENCE:
                    self._refused, self.bans = 0, self.bans + 1
                    self.ban(120 * 2 ** (self.bans - 1))
                    raise self.ban_refusal()
                raise self._limited(codes.TOO_MUCH_WEIGHT, limit)

    def give_back(self, weight: int) -> None:
        """Successful order calls cost nothing (CHANGELOG 2026-03-27)."""
        for limit in self.limits:
            if limit.kind == "REQUEST_WEIGHT":
                self._add(limit, "", -weight)

    def order(self, account: str, orders: int) -> None:
        """Charge new orders. Refuses: 429 and -1015 over a limit."""
        for limit in self.limits:
            if limit.kind == "ORDERS" and orders:
                if self.used(limit, account) + orders > limit.limit:
                    raise self._limited(codes.TOO_MANY_ORDERS, limit)
                self._add(limit, account, orders)

    def traded(self, account: str) -> None:
        """An order has had its first trade: it is not an unfilled one."""
        for limit in self.limits:
            if limit.kind == "ORDERS" and self.used(limit, account) > 0:
                self._add(limit, account, -1)

    def ban(self, seconds: float) -> None:
        """Ban the address from now on."""
        self.banned_until_ms = self._now_ms() + int(seconds * 1000)

    def ban_refusal(self) -> codes.Refusal:
        """What a banned address is told."""
        refusal = codes.BANNED.refusal(self.banned_until_ms)
        left = max(1, -(-(self.banned_until_ms - self._now_ms()) // 1000))
        refusal.headers["Retry-After"] = str(left)
        return refusal

    def headers(self, account: str | None) -> dict[str, str]:
        """The X-MBX-... headers; the order counts only with an account."""
        found: dict[str, str] = {}
        for limit in self.limits:
            if limit.kind == "REQUEST_WEIGHT":
                found["x-mbx-used-weight"] = str(self.used(limit))
                found[f"x-mbx-used-weight-{limit.name.lower()}"] = str(self.used(limit))
            elif limit.kind == "ORDERS" and account is not None:
                found[f"x-mbx-order-count-{limit.name.lower()}"] = str(self.used(limit, account))
        return found

    def counts(self, account: str | None) -> list[dict[str, Any]]:
        """`rateLimits` of a WebSocket API answer: orders first when there is an account, then the weight."""
        orders = [
            {**limit.row, "count": self.used(limit, account)}
            for limit in self.limits
            if limit.kind == "ORDERS" and account is not None
        ]
        weight = [{**limit.row, "count": self.used(limit)} for limit in self.limits if limit.kind == "REQUEST_WEIGHT"]
        return orders + weight

    def _limited(self, code: codes.Code, limit: Limit) -> codes.Refusal:
        span = f"{limit.number} {limit.interval}"
        refusal = code.refusal(limit.limit, span)
        left = limit.seconds - self._now_ms() // 1000 % limit.seconds
        refusal.headers["Retry-After"] = str(left)
        return refusal

    def _interval(self, limit: Limit) -> int:
        return self._now_ms() // (limit.seconds * 1000)

    def _add(self, limit: Limit, account: str, amount: int) -> None:
        self._used[limit, account] = (self._interval(limit), max(0, self.used(limit, account) + amount))
