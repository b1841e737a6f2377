"""Who was let in, and who wants to be told what: decisions of people that outlive the process."""

from datetime import datetime
from decimal import Decimal

import msgspec

from trading.instruments import Symbol


class Guest(msgspec.Struct, frozen=True):
    """Somebody who is in no settings: unknown at first, then admitted (`role`) or blocked by an admin."""

    person: str  # telegram:1111
    name: str = ""
    seen_at: datetime | None = None
    alias: str = ""
    role: str = ""
    blocked: bool = False

    @property
    def pk(self) -> str:
        return self.person


class MovedChat(msgspec.Struct, frozen=True):
    """Where a chat of the settings is now."""

    platform: str
    old: int
    new: int

    @property
    def pk(self) -> str:
        return f"{self.platform}:{self.old}"


class AlertLevel(msgspec.Struct, frozen=True):
    """How a destination is told one kind of alert (of one severity, or of each): on, silent, off or default."""

    destination: str
    kind: str
    severity: str
    level: str

    @property
    def pk(self) -> str:
        return f"{self.destination} {self.kind} {self.severity}"


class Mute(msgspec.Struct, frozen=True):
    """A destination is told without a sound until then."""

    destination: str
    until: datetime | None

    @property
    def pk(self) -> str:
        return self.destination


class Digest(msgspec.Struct, frozen=True):
    """When a destination is told the day's digest, since when it wants that, and the last day it was told of."""

    destination: str
    at: str = ""
    since: datetime | None = None
    told: str = ""

    @property
    def pk(self) -> str:
        return self.destination


class Critical(msgspec.Struct, frozen=True):
    """What became of the critical alert of an entry: who has seen it, how often it was told again."""

    seq: int
    seen_by: str = ""
    repeats: int = 0

    @property
    def pk(self) -> str:
        return str(self.seq)


class Watch(msgspec.Struct, frozen=True):
    """A level of a price, or of a position's unrealised result, that somebody wants to hear of, once."""

    id: str
    subject: str  # price | position
    account: str
    symbol: Symbol
    direction: str  # above | below
    level: Decimal
    destination: str
    actor: str
    at: datetime
    active: bool = True

    @property
    def pk(self) -> str:
        return self.id
