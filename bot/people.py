"""Who is who on the chats, by numeric id: the people of the settings first, then the guests an admin let in.

A name that a chat tells is shown and never believed. What an admin decides is in the journal and holds at
once: nothing here is remembered from one line to the next.
"""

import hashlib
from collections.abc import Mapping

from bot.settings.sections import PersonSettings
from handlers.actor import Actor, Role
from handlers.guests import Named, admitted, chat_of, person_role, role_of, shown_name
from trading.audience import Guest
from trading.book import Book


class People:
    """Implements `bot.chats.base.People`. `named` are the people of the settings, by name."""

    def __init__(self, settings: Mapping[str, PersonSettings], book: Book) -> None:
        self._book = book
        self.named: Mapping[str, Named] = {name: _named(name, person) for name, person in settings.items()}
        self._by_id = {(chat, number): each.name for each in self.named.values() for chat, number in each.ids.items()}

    def who(self, chat: str, user: int, name: str = "") -> Actor:
        """The actor behind a chat's numeric user id, the same on every chat; a stranger has the role STRANGER.

        A stranger's id is `telegram:1111`. `name` is what the chat calls the person: to be shown, never believed.
        """
        person = f"{chat}:{user}"
        alias = self._by_id.get((chat, user), "")
        guest = self._book.get(Guest, person)
        if not alias and guest is not None and role_of(guest, self.named) > Role.STRANGER:
            alias = guest.alias
        known = self.person(alias) if alias else None
        return known or Actor(person, shown_name(name), Role.STRANGER)

    def person(self, alias: str) -> Actor | None:
        """The actor `person:ALIAS` as it is now; None for whom neither the settings nor an admin let in."""
        role = person_role(alias, self._book.all(Guest), self.named)
        return Actor(f"person:{alias}", alias, role) if role > Role.STRANGER else None

    def mark(self, alias: str) -> str:
        """Which ids are this person's, as a short text: it is another one when an id has come or gone."""
        given = self.named[alias].ids.items() if alias in self.named else ()
        ids = {f"{chat}:{number}" for chat, number in given}
        ids |= {each.person for each in admitted(alias, self._book.all(Guest), self.named)}
        return hashlib.sha256(" ".join(sorted(ids)).encode()).hexdigest()[:16]

    def known(self, chat: str) -> dict[int, Role]:
        """The numeric ids on a chat of everybody who may do something there."""
        ids = [number for where, number in self._by_id if where == chat]
        ids += [int(each.person.partition(":")[2]) for each in self._book.all(Guest) if chat_of(each.person) == chat]
        roles = {user: self.who(chat, user).role for user in ids}
        return {user: role for user, role in roles.items() if role > Role.STRANGER}


def _named(name: str, person: PersonSettings) -> Named:
    ids = {"telegram": person.telegram, "discord": person.discord}
    return Named(name, Role.of(person.role), {chat: number for chat, number in ids.items() if number is not None})
