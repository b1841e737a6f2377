"""Who is asking: bearer tokens for programs, a signed session cookie for the console.

The API believes bearer tokens only, never the cookie, so no other site can make a browser trade.
"""

import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import Request
from itsdangerous import BadSignature, TimestampSigner

from bot.tokens import Tokens, write_private
from handlers.context import Actor, Role

COOKIE = "tiller"
SESSION_S = 12 * 3600
RATE_PER_S, BURST = 50.0, 100.0
FAILURES_PER_MINUTE = 20
KNOWN = 1000  # callers remembered


class Refused(Exception):
    """An HTTP status with the public error shape."""

    def __init__(self, status: int, error: str, text: str, remedy: str = "") -> None:
        super().__init__(text)
        self.status, self.error, self.text, self.remedy = status, error, text, remedy


class Buckets:
    """A token bucket for each caller: `rate` a second, `burst` at once."""

    def __init__(self, rate: float, burst: float, time: Callable[[], float]) -> None:
        self.rate, self.burst, self.time = rate, burst, time
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def left(self, who: str) -> float:
        """How many more `who` may have at once."""
        now = self.time()
        left, at = self._left.get(who, (self.burst, now))
        return min(self.burst, left + (now - at) * self.rate)

    def take(self, who: str) -> bool:
        """Whether `who` may go on; counts it."""
        left = self.left(who)
        self._left.pop(who, None)
        self._left[who] = (max(left - 1, 0.0), self.time())
        while len(self._left) > KNOWN:
            self._left.popitem(last=False)
        return left >= 1


class Gatekeeper:
    """Recognises callers of the API and visitors of the console."""

    def __init__(self, tokens: Tokens, data_dir: Path, time: Callable[[], float]) -> None:
        self._tokens = tokens
        self._signer = TimestampSigner(_key(data_dir / "session.key"), salt="console")
        self._calls = Buckets(RATE_PER_S, BURST, time)
        self._failures = Buckets(FAILURES_PER_MINUTE / 60, FAILURES_PER_MINUTE, time)

    async def bearer(self, token: str, caller: str) -> Actor:
        """The actor of a token.

        Raises:
            Refused: 401 unknown, 429 too many calls or guesses.
        """
        if self._failures.left(caller) < 1:
            raise Refused(429, "TOO_MANY", "Too many failed sign-ins.", "Wait a minute.")
        actor = await self._tokens.find(token) if token else None
        if actor is None:
            self._failures.take(caller)
            raise Refused(401, "UNAUTHORIZED", "No valid token was sent.", "Send: Authorization: Bearer TOKEN.")
        if not self.may_call(actor):
            raise Refused(429, "TOO_MANY", f"More than {RATE_PER_S:.0f} calls a second.", "Send fewer, or wait.")
        return actor

    def may_call(self, actor: Actor) -> bool:
        """Whether the actor has not called too often; counts the call."""
        return self._calls.take(actor.id)

    def session(self, actor: Actor) -> str:
        """The cookie of a signed-in visitor."""
        return self._signer.sign(actor.id.encode()).decode()

    def visitor(self, cookie: str) -> str | None:
        """The actor id in a cookie that is ours and not too old."""
        try:
            actor_id = self._signer.unsign(cookie, max_age=SESSION_S).decode()
        except BadSignature:
            return None
        return actor_id or None


def _key(path: Path) -> str:
    if path.exists():
        return path.read_text()
    key = secrets.token_urlsafe(32)
    write_private(path, key)
    return key


def bearer_of(request: Request) -> str:
    """The token of an Authorization header, or an empty text."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def needs(role: Role) -> Callable[[Request], Awaitable[Actor]]:
    """A dependency: the caller, who must have `role` at least."""

    async def caller(request: Request) -> Actor:
        keeper: Gatekeeper = request.app.state.keeper
        host = request.client.host if request.client else "?"
        actor = await keeper.bearer(bearer_of(request), host)
        if actor.role < role:
            raise Refused(403, "FORBIDDEN", f"This needs {role}; the token is {actor.role}.", "Use another token.")
        return actor

    return caller
