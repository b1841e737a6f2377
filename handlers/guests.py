"""Guests: people whom no settings name. What an admin let them do, and which strangers are recorded at all.

A stranger is recorded once, by the numeric id that the chat vouches for; the name they go by there is
shown and never believed. Blocked ones leave no trace, and a crowd cannot fill the journal.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import msgspec

from handlers.actor import Actor, Role
from trading.audience import Guest
from trading.book import Book
from trading.events import StrangerSeen

PERSON = re.compile(r"(?:telegram|discord):[1-9][0-9]{0,18}", re.ASCII)
"""Somebody on a chat, by numeric id."""
ALIAS = re.compile(r"[a-z0-9]+(?:[_-][a-z0-9]+)*", re.ASCII)
"""What a person may be called here: as the settings have it."""
RESERVED = ("all", "desk")
LONGEST_ALIAS = 32
LINKED = "linked"
"""The role of an id that an admin said belongs to a person of the settings: it is what the settings say."""

LONGEST_NAME = 64  # characters
MOST_WAITING = 100  # strangers that wait for an admin; more would be a crowd, and each is told of
MOST_AUDITED = 100  # strangers whose refusals are journalled a minute: more would be an attempt to fill the journal
QUIET = timedelta(minutes=1)  # between two refusals of the same stranger that are journalled
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # printable by their category, and drawn as nothing
_ROLES = {str(role): role for role in (Role.VIEWER, Role.TRADER, Role.ADMIN)}


class Named(msgspec.Struct, frozen=True):
    """A person of the settings, with their numeric id on each chat where they have one."""

    name: str
    role: Role
    ids: Mapping[str, int]


def chat_of(person: str) -> str:
    """The chat of an id: `telegram` of `telegram:1111`."""
    return person.partition(":")[0]


def shown_name(name: str) -> str:
    """The name somebody goes by on a chat as it may be shown: printable, on one line, at most 64 characters.

    What is invisible or turns a line around is left out; double quotes, which we put around it, become single.
    """
    seen = "".join(c if c.isprintable() else " " if c.isspace() else "" for c in name[:1000] if c not in _BLANK)
    return " ".join(seen.replace('"', "'").split())[:LONGEST_NAME].rstrip()


def role_of(guest: Guest, named: Mapping[str, Named]) -> Role:
    """What this id of a guest may do by itself.

    The settings have the last word: an id that was linked to one of their people is nobody's once they drop
    that person or give them another id there; and nobody who was let in under a name becomes, by that name,
    the person whom the settings call so later.
    """
    known = named.get(guest.alias)
    if guest.role == LINKED:
        return known.role if known and chat_of(guest.person) not in known.ids else Role.STRANGER
    return Role.STRANGER if known else _ROLES.get(guest.role, Role.STRANGER)


def admitted(alias: str, guests: Iterable[Guest], named: Mapping[str, Named]) -> list[Guest]:
    """The ids of guests who are this person and may do something."""
    return [each for each in guests if each.alias == alias and role_of(each, named) > Role.STRANGER]


def person_role(alias: str, guests: Iterable[Guest], named: Mapping[str, Named]) -> Role:
    """What the person of this name may do, whichever id they use: the least of what their ids may."""
    if known := named.get(alias):
        return known.role
    return min((role_of(each, named) for each in admitted(alias, guests, named)), default=Role.STRANGER)


def waits(guest: Guest) -> bool:
    """Whether no admin has decided about a guest yet."""
    return not guest.alias and not guest.blocked


class Strangers:
    """Which strangers, and which of their refusals, are journalled."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._audited: dict[str, datetime] = {}

    async def meet(self, actor: Actor) -> None:
        """Record somebody who was never seen before, so that an admin hears of them.

        Raises:
            JournalError: it could not be recorded.
        """
        if not self._new(actor):
            return
        async with self._book.lock:
            if self._new(actor):
                await self._book.write(StrangerSeen(actor.id, shown_name(actor.name)))

    def _new(self, actor: Actor) -> bool:
        if not PERSON.fullmatch(actor.id) or self._book.get(Guest, actor.id) is not None:
            return False
        return sum(waits(guest) for guest in self._book.all(Guest)) < MOST_WAITING

    def audits(self, actor: Actor, now: datetime) -> bool:
        """Whether a refusal of this stranger is journalled now; counts it if so. Those of the blocked never are."""
        guest, last = self._book.get(Guest, actor.id), self._audited.get(actor.id)
        if (guest is not None and guest.blocked) or (last is not None and now - last < QUIET):
            return False
        self._audited = {who: at for who, at in self._audited.items() if now - at < QUIET}
        if len(self._audited) >= MOST_AUDITED:
            return False
        self._audited[actor.id] = now
        return True
