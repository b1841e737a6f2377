"""A journal that was tampered with, or that a disk has damaged, is found out, and the first wrong entry named."""

import hashlib

import pytest

from tests.trading.journal.conftest import Place
from tests.trading.journal.facts import NOON, initialized, noticed
from trading.errors import JournalError
from trading.events import encode
from trading.journal.chain import Tail
from trading.journal.store import JournalStore, open_journal


async def five_entries(place: Place) -> None:
    async with await open_journal(place.url) as journal:
        await journal.append([noticed(1), initialized("o1"), noticed(3), noticed(4), initialized("o5")], NOON, [])
        await journal.move_cursor("web", 5)


async def read_into(seen: list[int], journal: JournalStore) -> None:
    async for entry in journal.read():
        seen.append(entry.seq)


@pytest.mark.parametrize(
    ("damage", "seq", "words"),
    [
        ("UPDATE events SET payload = replace(payload, 'number 3', 'number 9') WHERE seq = 3", 3, "was altered"),
        ("UPDATE events SET type = 'Noticed' WHERE seq = 2", 2, "was altered"),
        ("UPDATE events SET at = '2026-01-05 12:00:00.000001+00:00' WHERE seq = 4", 4, "was altered"),
        ("UPDATE events SET hash = (SELECT hash FROM events WHERE seq = 1) WHERE seq = 2", 2, "was altered"),
        ("UPDATE events SET order_id = 'o9' WHERE seq = 2", 2, "index columns"),
        ("UPDATE events SET account = 'other' WHERE seq = 5", 5, "index columns"),
        ("DELETE FROM events WHERE seq = 1", 1, "is missing"),
        ("DELETE FROM events WHERE seq = 4", 4, "is missing"),
        ("DELETE FROM events WHERE seq > 3", 4, "is missing"),
        ("DELETE FROM events", 1, "is missing"),
        ("UPDATE events SET seq = 6 WHERE seq = 5", 5, "is missing"),
    ],
)
async def test_what_was_altered_is_named(place: Place, damage: str, seq: int, words: str) -> None:
    await five_entries(place)
    await place.execute(damage)
    async with await open_journal(place.url) as journal:
        with pytest.raises(JournalError, match=f"Journal entry {seq} .*{words}"):
            await journal.verify_chain()


async def test_entries_that_changed_places_are_named(place: Place) -> None:
    await five_entries(place)
    await place.execute(
        "UPDATE events SET seq = 100 WHERE seq = 3",
        "UPDATE events SET seq = 3 WHERE seq = 4",
        "UPDATE events SET seq = 4 WHERE seq = 100",
    )
    async with await open_journal(place.url) as journal:
        with pytest.raises(JournalError, match="Journal entry 3 was altered or moved"):
            await journal.verify_chain()


async def test_an_entry_rewritten_with_its_seal_breaks_the_next(place: Place) -> None:
    await five_entries(place)
    async with await open_journal(place.url) as journal:
        _, second, third, *_ = [entry async for entry in journal.read()]
    forged = encode(noticed(9)).decode()
    seal = Tail(second.seq, second.hash).next(third.at.isoformat(), "Noticed", forged).hash
    await place.execute(f"UPDATE events SET payload = '{forged}', hash = '{seal}' WHERE seq = 3")
    async with await open_journal(place.url) as journal:
        with pytest.raises(JournalError, match="Journal entry 4 was altered or moved"):
            await journal.verify_chain()


def test_the_seal_is_as_documented() -> None:
    """Journals outlive versions: the formula never changes."""
    text = '\n1\n2026-01-05T12:00:00+00:00\nNoticed\n{"type":"Noticed"}'
    first = Tail().next("2026-01-05T12:00:00+00:00", "Noticed", '{"type":"Noticed"}')
    assert first == (1, hashlib.sha256(text.encode()).hexdigest())


async def test_losing_the_end_is_noticed_while_running(place: Place) -> None:
    async with await open_journal(place.url) as journal:
        await journal.append([noticed(1), noticed(2)], NOON, [])
        await place.execute("DELETE FROM events WHERE seq = 2")
        with pytest.raises(JournalError, match="Journal entry 2 is missing"):
            await journal.verify_chain()


@pytest.mark.parametrize(
    "damage",
    [
        """UPDATE events SET payload = '{"type":"Noticed","noti' WHERE seq = 3""",
        """UPDATE events SET payload = '{"type":"FromTheFuture"}' WHERE seq = 3""",
        """UPDATE events SET payload = '{"type":"Noticed"}' WHERE seq = 3""",
    ],
)
async def test_an_entry_that_cannot_be_read_is_named(place: Place, damage: str) -> None:
    await five_entries(place)
    await place.execute(damage)
    async with await open_journal(place.url) as journal:
        seen: list[int] = []
        with pytest.raises(JournalError, match=r"Journal entry 3 \(Noticed\) cannot be read") as caught:
            await read_into(seen, journal)
    assert seen == [1, 2]
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)  # PostgreSQL would not take such values
@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE events SET at = 'yesterday' WHERE seq = 3",
        "UPDATE events SET payload = CAST(x'7b22ff22' AS TEXT) WHERE seq = 3",
    ],
)
async def test_a_row_that_is_not_even_one_is_named(place: Place, damage: str) -> None:
    await five_entries(place)
    await place.execute(damage)
    async with await open_journal(place.url) as journal:
        seen: list[int] = []
        with pytest.raises(JournalError, match="Journal entry 3"):
            await read_into(seen, journal)
        assert seen == [1, 2]
        with pytest.raises(JournalError, match="Journal entry 3"):
            await journal.verify_chain()


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)  # on PostgreSQL its own lock keeps others out
async def test_an_entry_of_another_program_stops_us(place: Place) -> None:
    async with await open_journal(place.url) as journal:
        await journal.append([noticed(1)], NOON, [])
        await place.execute("INSERT INTO events SELECT 2, at, type, account, order_id, payload, hash FROM events")
        with pytest.raises(JournalError, match="Another program wrote to the journal"):
            await journal.append([noticed(2)], NOON, [])
        assert journal.last_seq == 1
