"""Who is let in, and who is told what.

A `person` here is a chat's numeric user id with the chat before it, `telegram:1111`; a `destination`
is a place of a chat, `telegram:-1001/7`.
"""

from datetime import datetime
from decimal import Decimal

from trading.events.fact import Event
from trading.instruments import Symbol


class StrangerSeen(Event, frozen=True):
    """Somebody asked to be let in who is nobody to us; `name` is what the chat calls them, which proves nothing."""

    person: str
    name: str = ""


class PersonAdmitted(Event, frozen=True):
    """An admin let somebody in; `alias` is the name they have here, `role` empty takes all rights away again."""

    person: str
    alias: str
    role: str
    actor: str


class PersonBlocked(Event, frozen=True):
    """An admin does not want to hear of somebody any more."""

    person: str
    actor: str


class ChatMoved(Event, frozen=True):
    """A chat has another id now, as a Telegram group that became a supergroup."""

    platform: str
    old: int
    new: int


class AlertLevelSet(Event, frozen=True):
    """How one destination is told one kind of alert; an empty `severity` means each of them."""

    destination: str
    kind: str
    severity: str
    level: str  # on | silent | off | default (what the settings say)
    actor: str


class DestinationMuted(Event, frozen=True):
    """A destination is told without a sound until then; `until` None ends it."""

    destination: str
    until: datetime | None
    actor: str


class DigestSet(Event, frozen=True):
    """A destination wants the day's digest at `at` (HH:MM in the desk's time zone); empty: none."""

    destination: str
    at: str
    actor: str


class DigestTold(Event, frozen=True):
    """The digest of one day for one destination."""

    destination: str
    day: str
    text: str


class AlertAcknowledged(Event, frozen=True):
    """Somebody has seen the critical alert of the entry `seq`."""

    seq: int
    actor: str


class AlertRepeated(Event, frozen=True):
    """The critical alert of the entry `seq` was seen by nobody; it is told again, everywhere."""

    seq: int
    text: str


class WatchSet(Event, frozen=True):
    """Somebody wants to be told when a price or a position's result gets there."""

    watch_id: str
    subject: str  # price | position
    account: str
    symbol: Symbol
    direction: str  # above | below
    level: Decimal
    destination: str  # empty: every one
    actor: str


class WatchFired(Event, frozen=True):
    """It got there; a watch fires once."""

    watch_id: str
    seen: Decimal
    text: str
    destination: str = ""


class WatchRemoved(Event, frozen=True):
    watch_id: str
    actor: str
