"""A desk with the real commands, whose settings name two people, and the stranger Zoe."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from handlers.actor import Actor, Role
from handlers.dispatch import Dispatcher
from handlers.guests import Named, person_role, role_of
from handlers.reply import Reply
from handlers.spec import REGISTRY
from tests.handlers.desk import EVA, HandDesk
from tests.kit import MemoryJournal
from trading.audience import Guest
from trading.events import PersonAdmitted, PersonBlocked, StrangerSeen

ZOE = Actor("telegram:1111", "Zoe", Role.STRANGER)
NAMED = {
    "ana": Named("ana", Role.TRADER, {"telegram": 77}),
    "eva": Named("eva", Role.ADMIN, {"telegram": 78, "discord": 79}),
}


class History:
    """The journal, read again."""

    def __init__(self, desk: HandDesk) -> None:
        self.desk = desk

    async def latest(self, kind: str, *, limit: int = 100) -> list[Mapping[str, Any]]:
        found = [entry for entry in self.desk.journal.entries if type(entry.event).__name__ == kind]
        return [{"seq": each.seq, "payload": msgspec.structs.asdict(each.event)} for each in found[::-1][:limit]]


class Office(HandDesk):
    """A desk whose settings name two people."""

    def __init__(self, journal: MemoryJournal | None = None) -> None:
        super().__init__(journal)
        self.named = NAMED
        self.history = History(self)
        self.doorway: Dispatcher = self.door(registry=REGISTRY)

    async def roster(self) -> Sequence[tuple[str, str, str]]:
        return [("person:ana", "trader", "telegram 77")]

    async def say(self, line: str, actor: Actor = EVA) -> Reply:
        return await self.doorway.run(line, actor, "web")

    async def done_by(self, line: str) -> str:
        """What a line that must be obeyed answers."""
        reply = await self.say(line)
        assert reply.ok, reply.text
        return reply.text

    async def refused(self, line: str, actor: Actor = EVA) -> str:
        """The code of the refusal, which is one line and records nothing about people."""
        before = len(self.decisions())
        reply = await self.say(line, actor)
        assert not reply.ok, reply.text
        assert len(reply.text.splitlines()) == 1, reply.text
        assert len(self.decisions()) == before
        return str(reply.error)

    def decisions(self) -> list[PersonAdmitted | PersonBlocked]:
        events = [entry.event for entry in self.journal.entries]
        return [event for event in events if isinstance(event, PersonAdmitted | PersonBlocked)]

    def seen(self) -> list[StrangerSeen]:
        events = [entry.event for entry in self.journal.entries]
        return [event for event in events if isinstance(event, StrangerSeen)]

    def role(self, person: str) -> Role:
        guest = self.book.get(Guest, person)
        return role_of(guest, self.named) if guest else Role.STRANGER

    def person(self, alias: str) -> Role:
        return person_role(alias, self.book.all(Guest), self.named)
