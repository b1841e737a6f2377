"""What was appended is there, in order, whole, and once."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings

from tests.trading.journal.conftest import Place
from tests.trading.journal.facts import BATCHES, NOON, at, initialized, noticed, order_row, position_row
from trading.errors import JournalError
from trading.events import Noticed, OrderDenied
from trading.intent import Mode
from trading.journal.rows import normalize
from trading.journal.store import CHUNK, JournalStore, open_journal
from trading.order import OrderStatus
from trading.ports import Row


async def stored(journal: JournalStore, table: str) -> dict[str, dict[str, Any]]:
    return {key: values async for key, values in journal.rows(table)}


async def test_entries_are_numbered_from_one_without_gaps(journal: JournalStore) -> None:
    assert journal.last_seq == 0
    first = await journal.append([noticed(1), noticed(2)], NOON, [])
    second = await journal.append([noticed(3)], at(1), [])
    assert [entry.seq for entry in (*first, *second)] == [1, 2, 3]
    assert journal.last_seq == 3
    assert [entry async for entry in journal.read()] == [*first, *second]


async def test_entries_survive_a_restart(place: Place) -> None:
    async with await open_journal(place.url) as journal:
        before = await journal.append([initialized("o1"), noticed(1)], NOON, [order_row("o1")])
    async with await open_journal(place.url) as journal:
        assert journal.last_seq == 2
        (after,) = await journal.append([noticed(2)], at(1), [])
        assert [entry async for entry in journal.read()] == [*before, after]
        assert list(await stored(journal, "orders")) == ["o1"]
        assert await journal.verify_chain() == 3


async def test_reading_starts_after_a_number_and_ends_at_a_limit(journal: JournalStore) -> None:
    await journal.append([noticed(number) for number in range(1, 8)], NOON, [])
    assert [entry.seq async for entry in journal.read(after=2, limit=3)] == [3, 4, 5]
    assert [entry.seq async for entry in journal.read(after=5)] == [6, 7]
    assert [entry.seq async for entry in journal.read(after=7)] == []


async def test_reading_one_order(journal: JournalStore) -> None:
    denied = OrderDenied("o1", "MAX_ORDER", "too large")
    await journal.append([initialized("o1"), initialized("o2"), denied, noticed(1)], NOON, [])
    assert [entry.seq async for entry in journal.read(order_id="o1")] == [1, 3]
    assert [entry.seq async for entry in journal.read(after=1, order_id="o1")] == [3]
    assert [entry.seq async for entry in journal.read(order_id="o1", limit=1)] == [1]


async def test_a_long_journal_is_read_across_chunks(journal: JournalStore) -> None:
    count = 2 * CHUNK + 1
    await journal.append([noticed(number) for number in range(count)], NOON, [])
    assert [entry.seq async for entry in journal.read()] == list(range(1, count + 1))
    assert [entry.seq async for entry in journal.read(after=1, limit=CHUNK + 5)] == list(range(2, CHUNK + 7))


async def test_a_row_replaces_the_one_with_its_key(journal: JournalStore) -> None:
    await journal.append([initialized("o1")], NOON, [order_row("o1"), order_row("o2")])
    changed = order_row("o1", status=OrderStatus.FILLED, filled_quantity=Decimal("0.01"), updated_at=at(5))
    await journal.append([noticed(1)], at(5), [changed])
    rows = await stored(journal, "orders")
    assert rows == {"o1": normalize(changed), "o2": normalize(order_row("o2"))}
    assert rows["o1"]["status"] == "FILLED"


async def test_rows_come_back_as_they_were_written(journal: JournalStore) -> None:
    wild = order_row(
        "o1",
        quantity=Decimal("123456789012.000000000000000001"),
        limit_price=Decimal("0.10"),
        filled_value=Decimal("1E+3"),
        text="quotes ' \" ? $1 ü € 🚀 % \\ and\nlines",
        created_at=at(7).replace(microsecond=123456),
    )
    flat = position_row("BTC/USDT", quantity=Decimal("-0.5"), opened_at=None, cost=Decimal("0E-8"))
    await journal.append([noticed(1)], NOON, [wild, flat])
    assert (await stored(journal, "orders"))["o1"] == normalize(wild)
    values = (await stored(journal, "positions"))["demo:BTC/USDT"]
    assert values == normalize(flat)
    assert str(values["cost"]) == "0"


async def test_a_row_that_cannot_be_written_leaves_nothing(journal: JournalStore) -> None:
    await journal.append([noticed(1)], NOON, [order_row("o1")])
    same_key = order_row("o2", key="tg:o1")  # the same request is never two orders
    with pytest.raises(JournalError, match="not written"):
        await journal.append([noticed(2)], NOON, [position_row("BTC/USDT"), same_key])
    assert journal.last_seq == 1
    assert await stored(journal, "positions") == {}
    assert list(await stored(journal, "orders")) == ["o1"]
    (entry,) = await journal.append([noticed(3)], NOON, [])
    assert entry.seq == 2
    assert await journal.verify_chain() == 2


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (Row("nowhere", "1", {}), "no projection 'nowhere'"),
        (Row("events", "1", {}), "no projection 'events'"),
        (Row("orders", "o1", {"colour": "red"}), "no column colour"),
        (order_row("o1", quantity=1.5), "float"),
        (order_row("o1", quantity=Decimal("NaN")), "NaN is not an amount"),
        (order_row("o1", quantity=Decimal("1e30")), "not an amount"),
        (order_row("o1", created_at=NOON.replace(tzinfo=None)), "no time zone"),
    ],
)
async def test_a_row_that_makes_no_sense_is_refused(journal: JournalStore, row: Row, words: str) -> None:
    with pytest.raises(JournalError, match=words):
        await journal.append([noticed(1)], NOON, [row])
    assert journal.last_seq == 0
    assert [entry async for entry in journal.read()] == []


async def test_text_that_is_not_unicode_is_refused(journal: JournalStore) -> None:
    with pytest.raises(JournalError, match="not Unicode"):
        await journal.append([Noticed("1", "info", "test", "half \ud83d of a pair")], NOON, [])
    await journal.append([noticed(1)], NOON, [order_row("o1", text="half \ud83d and a nul \x00.")])
    assert (await stored(journal, "orders"))["o1"]["text"] == "half ? and a nul \ufffd."


async def test_appends_at_the_same_time_follow_each_other(journal: JournalStore) -> None:
    batches = [[noticed(10 * number), noticed(10 * number + 1)] for number in range(20)]
    recorded = await asyncio.gather(*(journal.append(batch, NOON, []) for batch in batches))
    assert sorted(entry.seq for entries in recorded for entry in entries) == list(range(1, 41))
    assert all(entries[1].seq == entries[0].seq + 1 for entries in recorded)
    assert await journal.verify_chain() == 40


async def test_nothing_to_append_is_nothing(journal: JournalStore) -> None:
    assert await journal.append([], NOON, []) == []
    assert journal.last_seq == 0


async def test_a_projection_can_be_written_again_without_an_event(journal: JournalStore) -> None:
    await journal.append([noticed(1)], NOON, [order_row("o1")])
    await journal.upsert([order_row("o1", status=OrderStatus.CANCELED, mode=Mode.LIVE)])
    assert (await stored(journal, "orders"))["o1"]["mode"] == "live"
    assert journal.last_seq == 1


async def test_cursors_and_the_books_of_a_venue_survive(place: Place) -> None:
    async with await open_journal(place.url) as journal:
        assert await journal.cursor("telegram:1") == 0
        await journal.append([noticed(number) for number in range(9)], NOON, [])
        await journal.move_cursor("telegram:1", 4)
        await journal.move_cursor("telegram:1", 7)
        await journal.move_cursor("discord:2", 9)
        await journal.save("paper:demo", {"order/1": '{"a": 1}', "order/2": "{}"})
        await journal.save("paper:demo", {"order/1": None, "order/2": '{"b": "?"}', "never": None})
        await journal.save("paper:other", {"order/2": "{}"})
    async with await open_journal(place.url) as journal:
        assert await journal.cursor("telegram:1") == 7
        assert await journal.cursor("discord:2") == 9
        assert await journal.load("paper:demo") == {"order/2": '{"b": "?"}'}
        assert await journal.load("paper:other") == {"order/2": "{}"}
        assert await journal.load("paper:none") == {}


def test_any_sequence_of_appends_reads_back_equal(place: Place) -> None:
    with asyncio.Runner() as runner:
        journal = runner.run(open_journal(place.url))

        @settings(max_examples=25)
        @given(BATCHES)
        def check(batches: Any) -> None:
            async def append_and_read() -> None:
                start = journal.last_seq
                written = []
                for events, moment in batches:
                    written += await journal.append(events, moment, [])
                read = [entry async for entry in journal.read(after=start)]
                assert read == written
                assert [entry.event for entry in read] == [event for events, _ in batches for event in events]
                assert await journal.verify_chain() == start + len(written)

            runner.run(append_and_read())

        try:
            check()
        finally:
            runner.run(journal.close())
