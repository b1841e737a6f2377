"""API tokens: kept hashed, with a role each; and one-time links to sign in at the console.

A token is 256 bits of chance, so a plain SHA-256 is all the hash it needs: there is nothing to guess.
"""

import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from handlers.actor import Actor, Role
from trading.clock import Clock
from trading.errors import ConfigError, IntentError
from trading.journal.store import JournalStore

PREFIX = "tlr_"
LINK_LIFE = timedelta(minutes=15)
LINKS_PER_MINUTE = 5
LOCAL = "local"
"""The name of the token in `data_dir/token`; its actor is `local:admin`."""


class Identity(NamedTuple):
    """Whose a link or a session is. `mark` tells a person from somebody else who is called so later."""

    actor_id: str
    mark: str = ""


class _Issued(NamedTuple):
    """A link that was not used yet."""

    whose: Identity
    until: datetime


LOCAL_ADMIN = Actor("local:admin", "local admin", Role.ADMIN)
"""Whoever can read the token file on this machine."""
LOCAL_IDENTITY = Identity(LOCAL_ADMIN.id)


class Tokens:
    """Issues and recognises tokens. They live in the database, so that any process of ours may issue one."""

    def __init__(self, store: JournalStore, data_dir: Path, clock: Clock) -> None:
        self._store = store
        self._file = data_dir / "token"
        self._clock = clock
        self._links: dict[str, _Issued] = {}
        self._asked: dict[str, list[datetime]] = {}

    async def issue(self, role: Role, name: str = "") -> str:
        """A new token; it is shown once and kept only as its hash."""
        token = PREFIX + secrets.token_urlsafe(32)
        await self._store.tokens.add(name or str(role), str(role), _hash(token), self._clock.now())
        return token

    async def find(self, token: str) -> Actor | None:
        """Whose token this is, or None."""
        row = await self._store.tokens.find(_hash(token))
        return None if row is None else _actor(row["id"], row["name"], row["role"])

    async def actor(self, token_id: str) -> Actor | None:
        """The actor of a token's number, if it is still valid."""
        valid = [row for row in await self._store.tokens.list() if row["revoked_at"] is None]
        return next((_actor(row["id"], row["name"], row["role"]) for row in valid if str(row["id"]) == token_id), None)

    async def listed(self) -> Sequence[tuple[str, str, str]]:
        """Valid tokens as `(id, role, when and for what)`; never the token."""
        return [
            (f"token:{row['id']}", row["role"], f"{_known_as(row['name'])}, made {row['created_at']:%Y-%m-%d}")
            for row in await self._store.tokens.list()
            if row["revoked_at"] is None
        ]

    async def kept(self) -> str:
        """The admin token of this machine in `data_dir/token` (mode 0600); empty if none was made or it is revoked.

        Raises:
            ConfigError: the file cannot be read.
        """
        try:
            if not self._file.exists():
                return ""
            token = self._file.read_text(errors="replace").strip()
            if await self.find(token) is None:
                return ""
            self._file.chmod(0o600)
        except OSError as why:
            raise self._unusable(why) from None
        return token

    async def local(self) -> tuple[str, bool]:
        """The admin token of this machine, and whether it was made just now.

        Raises:
            ConfigError: its file cannot be read or written.
        """
        if token := await self.kept():
            return token, False
        token = await self.issue(Role.ADMIN, LOCAL)
        try:
            write_private(self._file, token + "\n")
        except OSError as why:
            raise self._unusable(why) from None
        return token, True

    def _unusable(self, why: OSError) -> ConfigError:
        return ConfigError(f"{self._file} cannot be used: {why.strerror}.", "Check who owns it.")

    # --- one-time links ----------------------------------------------------------------------

    def link(self, whose: Identity = LOCAL_IDENTITY) -> str:
        """A code that signs in once, within 15 minutes."""
        code = secrets.token_hex(24)  # no letter of which means anything to a chat's markup
        self._links[code] = _Issued(whose, self._clock.now() + LINK_LIFE)
        return code

    def link_asked_for(self, whose: Identity) -> str:
        """A code for who asks for one in words, which anybody may do often.

        Raises:
            IntentError: they have asked too often.
        """
        now = self._clock.now()
        recent = [at for at in self._asked.get(whose.actor_id, ()) if now - at < timedelta(minutes=1)]
        if len(recent) >= LINKS_PER_MINUTE:
            text = f"You have asked for {LINKS_PER_MINUTE} links within a minute."
            raise IntentError(text, "Use one of them, or wait a minute.", code="TOO_MANY")
        self._asked[whose.actor_id] = [*recent, now]
        return self.link(whose)

    def redeem(self, code: str) -> Identity | None:
        """Whom the code signs in, if it is good; it is not good again."""
        now = self._clock.now()
        self._links = {known: link for known, link in self._links.items() if link.until > now}
        found = [known for known in self._links if hmac.compare_digest(known.encode(), code.encode())]
        return next((self._links.pop(known).whose for known in found), None)


def login_path(code: str) -> str:
    """Where a link leads at the desk."""
    return f"/login?link={code}"


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, at once or not at all."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)  # one left over might be readable by others
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
    fresh.replace(path)


def _known_as(name: str) -> str:
    return "local:admin, in the token file of this machine" if name == LOCAL else name


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def _actor(token_id: int, name: str, role: str) -> Actor:
    if name == LOCAL:
        return LOCAL_ADMIN
    return Actor(f"token:{token_id}", name, Role.of(role))
