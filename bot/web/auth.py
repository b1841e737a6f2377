"""Who is asking: bearer tokens for programs, a signed session cookie for the console.

The API believes bearer tokens only, never the cookie, so no other site can make a browser trade.
"""

import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import timedelta
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import HTTPConnection

from bot.tokens import Identity, Tokens, write_private
from handlers.actor import Actor, Role
from trading.clock import Clock

COOKIE = "tiller"
SESSION = timedelta(hours=12)
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
        self._left[who] = (left - 1 if left >= 1 else left, self.time())
        self._left.move_to_end(who)
        while len(self._left) > KNOWN:
            self._left.popitem(last=False)
        return left >= 1


class Gatekeeper:
    """Recognises callers of the API and visitors of the console. `time` is the loop's, for rates only."""

    def __init__(self, tokens: Tokens, data_dir: Path, clock: Clock, time: Callable[[], float]) -> None:
        self._tokens = tokens
        self._clock = clock
        self._key = _key(data_dir / "session.key")
        self.calls = Buckets(RATE_PER_S, BURST, time)
        self._failures = Buckets(FAILURES_PER_MINUTE / 60, FAILURES_PER_MINUTE, time)

    async def bearer(self, token: str, caller: str) -> Actor:
        """The actor of a token. Who guesses is slowed down; who shares an address with them is not.

        Raises:
            Refused: 401 unknown, 429 too many calls or guesses.
        """
        actor = await self._tokens.find(token) if token else None
        if actor is None and not self._failures.take(network_of(caller)):
            raise Refused(429, "TOO_MANY", "Too many failed sign-ins.", "Wait a minute.")
        if actor is None:
            raise Refused(401, "UNAUTHORIZED", "No valid token was sent.", "Send: Authorization: Bearer TOKEN.")
        if not self.may_call(actor):
            raise Refused(429, "TOO_MANY", f"More than {RATE_PER_S:.0f} calls a second.", "Send fewer, or wait.")
        return actor

    async def is_valid(self, token: str) -> bool:
        """Whether a token that was let in before still is: for connections that live long."""
        return await self._tokens.find(token) is not None

    def may_call(self, actor: Actor) -> bool:
        """Whether the actor has not called too often; counts the call."""
        return self.calls.take(actor.id)

    # --- sessions ----------------------------------------------------------------------------

    def session(self, whose: Identity) -> str:
        """The cookie of a signed-in visitor: until when, who, and our seal on both."""
        until = int((self._clock.now() + SESSION).timestamp())
        said = f"{until}.{whose.mark}.{whose.actor_id}"
        return f"{self._seal(said)}.{said}"

    def visitor(self, cookie: str) -> Identity | None:
        """Whose a cookie is that is ours and not too old."""
        seal, _, said = cookie.partition(".")
        if not hmac.compare_digest(seal.encode(errors="replace"), self._seal(said).encode()):
            return None
        until, _, whose = said.partition(".")
        mark, _, actor_id = whose.partition(".")
        return Identity(actor_id, mark) if self._clock.now().timestamp() < int(until) else None

    def _seal(self, said: str) -> str:
        return hmac.new(self._key, said.encode(errors="replace"), hashlib.sha256).hexdigest()


def _key(path: Path) -> bytes:
    """The secret of this desk's sessions, made at first start; without the file everybody signs in again."""
    if not path.exists():
        write_private(path, secrets.token_urlsafe(32))
    return path.read_bytes().strip()


# --- what a request says -------------------------------------------------------------------------


def caller_of(asked: HTTPConnection) -> str:
    """The address a request comes from; behind a trusted proxy, the one the proxy names."""
    return plain_address(asked.client.host) if asked.client else "?"


def plain_address(address: str) -> str:
    """An address as IPv4 where it is one: a socket for both kinds calls 192.0.2.1 ::ffff:192.0.2.1."""
    found = _ipv6(address)
    return str(found.ipv4_mapped) if found is not None and found.ipv4_mapped else address


def network_of(address: str) -> str:
    """Whom guesses are counted for: an address of IPv6 is one of the 2**64 that a single machine may take."""
    found = _ipv6(address)
    return address if found is None else f"{int(found) >> 64:x}/64"


def _ipv6(address: str) -> IPv6Address | None:
    try:
        found = ip_address(address)
    except ValueError:
        return None
    return found if isinstance(found, IPv6Address) else None


def bearer_of(asked: HTTPConnection) -> str:
    """The token of an Authorization header, or an empty text."""
    scheme, _, token = asked.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def same_origin(asked: HTTPConnection, url: str) -> bool:
    """Whether no page of another address made the browser ask. A cookie does not know ports: this does.

    `url` is our own address outside: a proxy may ask us by another.
    """
    site = asked.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = asked.headers.get("origin", "null")  # null: of a form of ours, as our pages tell no referrer
    return origin in ("null", url) or urlsplit(origin).netloc == asked.headers.get("host")


Sent = Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False, scheme_name="token"))]
"""Only so that the API's description says it; `bearer_of` reads the header."""


def needs(role: Role) -> Callable[[Request, Sent], Awaitable[Actor]]:
    """A dependency: the caller, who must have `role` at least."""

    async def caller(request: Request, sent: Sent) -> Actor:
        keeper: Gatekeeper = request.app.state.keeper
        actor = await keeper.bearer(bearer_of(request), caller_of(request))
        if actor.role < role:
            raise Refused(403, "FORBIDDEN", f"This needs {role}; the token is {actor.role}.", "Use another token.")
        return actor

    return caller
