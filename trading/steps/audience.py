"""Who is let in, and who is told what."""

from collections.abc import Iterator

import msgspec

from trading import audience as a
from trading import events as e
from trading.steps.step import Entity, Get, Steps

steps = Steps()


@steps.on(e.StrangerSeen)
def _seen(event: e.StrangerSeen, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    known = get(a.Guest, event.person) or a.Guest(event.person)
    yield msgspec.structs.replace(known, name=event.name, seen_at=entry.at)


@steps.on(e.PersonAdmitted)
def _admitted(event: e.PersonAdmitted, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    known = get(a.Guest, event.person) or a.Guest(event.person)
    yield msgspec.structs.replace(known, alias=event.alias, role=event.role, blocked=False)


@steps.on(e.PersonBlocked)
def _blocked(event: e.PersonBlocked, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    known = get(a.Guest, event.person) or a.Guest(event.person)
    yield msgspec.structs.replace(known, role="", blocked=True)


@steps.on(e.ChatMoved)
def _moved(event: e.ChatMoved, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    yield a.MovedChat(event.platform, event.old, event.new)


@steps.on(e.AlertLevelSet)
def _level(event: e.AlertLevelSet, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    yield a.AlertLevel(event.destination, event.kind, event.severity, event.level)


@steps.on(e.DestinationMuted)
def _muted(event: e.DestinationMuted, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    yield a.Mute(event.destination, event.until)


@steps.on(e.DigestSet)
def _digest(event: e.DigestSet, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    known = get(a.Digest, event.destination) or a.Digest(event.destination)
    yield msgspec.structs.replace(known, at=event.at, since=entry.at)


@steps.on(e.DigestTold)
def _told(event: e.DigestTold, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    known = get(a.Digest, event.destination) or a.Digest(event.destination)
    yield msgspec.structs.replace(known, told=event.day)


@steps.on(e.AlertAcknowledged)
def _acknowledged(event: e.AlertAcknowledged, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    known = get(a.Critical, str(event.seq)) or a.Critical(event.seq)
    yield msgspec.structs.replace(known, seen_by=known.seen_by or event.actor)


@steps.on(e.AlertRepeated)
def _repeated(event: e.AlertRepeated, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    known = get(a.Critical, str(event.seq)) or a.Critical(event.seq)
    yield msgspec.structs.replace(known, repeats=known.repeats + 1)


@steps.on(e.WatchSet)
def _watch(event: e.WatchSet, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    yield a.Watch(
        event.watch_id, event.subject, event.account, event.symbol, event.direction, event.level,
        event.destination, event.actor, entry.at,
    )  # fmt: skip


@steps.on(e.WatchFired, e.WatchRemoved)
def _unwatched(event: e.WatchFired | e.WatchRemoved, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    if (watch := get(a.Watch, event.watch_id)) is not None:
        yield msgspec.structs.replace(watch, active=False)
