"""Rate limits ("Rate Limits"): per route and top-level resource, global, and of invalid requests.

Discord does not publish the numbers of the routes; those here are the ones that bots observe. `rules` may be changed at
any time; `off()` lifts all of them.
"""

import hashlib
import math
from collections import deque
from dataclasses import dataclass

from tests.emulators.discord.clock import Clock
from tests.emulators.discord.codes import Json, Refusal

MESSAGES = "/channels/{channel}/messages"
WEBHOOK = "/webhooks/{application}/{token}"
TOP_LEVEL = ("channel", "guild", "token")
VIA = {"Via": "1.1 google"}


@dataclass(frozen=True)
class Rule:
    """So many requests in so many seconds; routes with the same `bucket` share them."""

    limit: int
    seconds: float
    bucket: str = ""


def usual() -> dict[str, Rule]:
    """The limits that bots observe."""
    return {
        f"POST {MESSAGES}": Rule(5, 5),
        f"PATCH {MESSAGES}/{{message}}": Rule(5, 5),
        f"DELETE {MESSAGES}/{{message}}": Rule(5, 1),
        f"POST {MESSAGES}/{{message}}/threads": Rule(50, 300, "threads"),
        "POST /channels/{channel}/threads": Rule(50, 300, "threads"),
        f"POST {WEBHOOK}": Rule(5, 2, "webhook"),
        f"PATCH {WEBHOOK}/messages/{{which}}": Rule(5, 2, "webhook"),
        "POST /users/@me/channels": Rule(10, 10),
        "PUT /applications/{application}/commands": Rule(2, 60),
        "PUT /applications/{application}/guilds/{guild}/commands": Rule(2, 60),
    }


class RateLimits:
    """What is used of the limits. `invalid` counts the 401, 403 and 429 answers of the past ten minutes."""

    def __init__(self, clock: Clock) -> None:
        self.rules = usual()
        self.global_limit = 50  # a second
        self.invalid_limit = 10_000
        self.invalid_seconds = 600
        self.banned_until_ms = 0
        self._clock = clock
        self._used: dict[tuple[str, str], tuple[int, int]] = {}  # bucket and resource: window's end in ms, count
        self._second = (0, 0)
        self._invalid: deque[int] = deque()

    def off(self) -> None:
        """Lift every limit."""
        self.rules.clear()
        self.global_limit = 0

    @property
    def invalid(self) -> int:
        since = self._clock.now_ms - self.invalid_seconds * 1000
        while self._invalid and self._invalid[0] <= since:
            self._invalid.popleft()
        return len(self._invalid)

    def check_ban(self) -> None:
        """Refuse an address that Cloudflare has banned: a page, without `Via`."""
        left = self.banned_until_ms - self._clock.now_ms
        if left > 0:
            headers = {"Retry-After": str(math.ceil(left / 1000)), "Content-Type": "text/html"}
            raise Refusal(429, 1015, "error code: 1015", headers=headers)

    def count_answer(self, status: int, scope: str) -> None:
        """Count an answer towards the invalid requests; too many ban the address for an hour."""
        if status not in (401, 403, 429) or scope == "shared":
            return
        self._invalid.append(self._clock.now_ms)
        if self.invalid >= self.invalid_limit:
            self.banned_until_ms = self._clock.now_ms + 3_600_000
            self._invalid.clear()

    def enter(self, route: str, resources: Json, *, counted: bool) -> dict[str, str]:
        """Charge a request, if `counted` towards the global limit too; returns its bucket's headers. Refuses: 429."""
        now = self._clock.now_ms
        if counted and self.global_limit:
            second, used = self._second
            used = used + 1 if second == now // 1000 else 1
            self._second = (now // 1000, used)
            if used > self.global_limit:
                raise limited((1000 - now % 1000) / 1000, "global")
        rule = self.rules.get(route)
        if rule is None:
            return {}
        bucket = rule.bucket or route
        key = (bucket, ":".join(str(resources[name]) for name in TOP_LEVEL if name in resources))
        ends, used = self._used.get(key, (0, 0))
        if now >= ends:
            ends, used = now + round(rule.seconds * 1000), 0
        left = max(0, rule.limit - used - 1)
        headers = {
            "X-RateLimit-Limit": str(rule.limit),
            "X-RateLimit-Remaining": str(left),
            "X-RateLimit-Reset": f"{ends / 1000:.3f}",
            "X-RateLimit-Reset-After": f"{(ends - now) / 1000:.3f}",
            "X-RateLimit-Bucket": hashlib.sha256(bucket.encode()).hexdigest()[:32],
        }
        if used >= rule.limit:
            refusal = limited((ends - now) / 1000, "user")
            refusal.headers = {**headers, **refusal.headers}
            raise refusal
        self._used[key] = (ends, used + 1)
        return headers


def limited(seconds: float, scope: str) -> Refusal:
    """A 429: of the bot (`user`), of all its requests (`global`), or of a resource (`shared`)."""
    message = "The resource is being rate limited." if scope == "shared" else "You are being rate limited."
    headers = {"Retry-After": str(math.ceil(seconds)), "X-RateLimit-Scope": scope}
    if scope == "global":
        headers["X-RateLimit-Global"] = "true"
    more: Json = {"retry_after": seconds, "global": scope == "global"}
    return Refusal(429, 0, message, headers=headers, more=more)
