"""The proof that the tables are what the journal says: a replay of all of it, held against what is stored."""

from trading import events as e
from trading.errors import JournalError
from trading.fold import fold
from trading.journal.rows import PROJECTIONS, normalize
from trading.journal.store import JournalStore
from trading.projections import row
from trading.steps.step import Entity

ROUNDS = 50  # of catching up with a bot that is at work meanwhile
Key = tuple[str, str]
"""A table and the key of a row in it."""


async def verify(store: JournalStore) -> int:
    """Prove the chain and the tables, also while a bot writes; answers how many events there are.

    Raises:
        JournalError: naming the first entry or the first row that is wrong.
    """
    count = await store.verify_chain()
    replay = Replay(store)
    await replay.catch_up()
    for _ in range(ROUNDS):
        differing = await replay.differences()
        # A row that an entry changed since it was read says nothing yet; any other difference is real.
        changed = await replay.catch_up()
        for key, text in differing.items():
            if key not in changed:
                raise JournalError(
                    f"{key[0]} {key[1]}: {text}.", "Restore the last backup: tiller db restore", code="PROJECTION"
                )
        if not differing:
            return count
    raise JournalError("The desk is too busy to compare its tables with the journal.", "Try again, or stop it first.")


class Replay:
    """All state as the journal tells it, to be held against the tables."""

    def __init__(self, store: JournalStore) -> None:
        self._store = store
        self._seq = 0
        self._entities: dict[tuple[type[Entity], str], Entity] = {}
        self._keys: dict[Key, tuple[type[Entity], str]] = {}

    async def catch_up(self) -> set[Key]:
        """Fold what is new; answers the rows that it changed."""
        changed: set[Key] = set()
        async for entry in self._store.read(after=self._seq):
            changed.update(self._fold(entry))
            self._seq = entry.seq
        return changed

    def _fold(self, entry: e.Recorded) -> list[Key]:
        changed = []
        for entity in fold(entry, lambda kind, key: self._entities.get((kind, key))):
            self._entities[type(entity), entity.pk] = entity
            if (projected := row(entity)) is not None:
                key = projected.table, projected.key
                self._keys[key] = type(entity), entity.pk
                changed.append(key)
        return changed

    async def differences(self) -> dict[Key, str]:
        """Each row that is not as it should be, and what is wrong with it."""
        found: dict[Key, str] = {}
        left = dict.fromkeys(self._keys)
        for table in PROJECTIONS:
            async for name, stored in self._store.rows(table):
                key = table, name
                if key not in self._keys:
                    found[key] = "is stored, but not in the journal"
                    continue
                del left[key]
                if wrong := self._compare(key, stored):
                    found[key] = wrong
        return found | dict.fromkeys(left, "is in the journal, but not stored")

    def _compare(self, key: Key, stored: dict[str, object]) -> str:
        projected = row(self._entities[self._keys[key]])
        assert projected is not None, "only projected entities have keys"
        expected = normalize(projected)
        names = [name for name in {**expected, **stored} if expected.get(name) != stored.get(name)]
        return "; ".join(f"{n} is {stored.get(n)}, the journal says {expected.get(n)}" for n in names[:3])
