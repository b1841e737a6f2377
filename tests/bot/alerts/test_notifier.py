"""Every alert reaches every destination, in order, whatever fails and whenever the process dies."""

import asyncio
from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.notifier import KEPT
from handlers.alerts import Alert
from tests.bot.alerts.telling import LONG_S, Disk, Ear, Life, told, virtually
from tests.kit import MemoryJournal


@given(
    moves=st.integers(1, 8),
    trouble=st.lists(st.booleans(), max_size=12),
    before=st.integers(0, 6),
    after=st.integers(0, 4),
)
def test_a_crash_repeats_one_alert_at_most_and_loses_none(
    moves: int, trouble: list[bool], before: int, after: int
) -> None:
    async def story() -> tuple[list[int], list[int]]:
        journal = Disk()
        journal.moves = moves
        first = await Life(journal).begin(phone=(ear := Ear(trouble)))
        await first.happen(before)
        await asyncio.sleep(LONG_S)
        await first.supervisor.stop()
        journal.moves = None
        second = await Life(journal).begin(phone=(again := Ear()))
        await second.happen(after)
        await asyncio.sleep(LONG_S)
        await second.supervisor.stop()
        return ear.heard + again.heard, told(journal)

    heard, expected = virtually(story())
    assert [seq for seq, _ in groupby(heard)] == expected
    assert len(heard) - len(expected) <= 1


def test_what_fails_is_told_later_and_in_order() -> None:
    async def story() -> tuple[Ear, Ear]:
        life = await Life(MemoryJournal()).begin(phone=(phone := Ear([True, True, False, True])), log=(log := Ear()))
        await life.happen(3)
        await asyncio.sleep(0.5)
        assert phone.heard == []
        assert log.heard == told(life.journal)
        await asyncio.sleep(LONG_S)
        await life.notifier.stop()
        return phone, log

    phone, log = virtually(story())
    assert phone.heard == log.heard
    assert phone.tries == 6


def test_a_destination_that_asks_for_a_pause_gets_it() -> None:
    async def story() -> None:
        life = await Life(MemoryJournal()).begin(phone=(phone := Ear([True], after_s=30)))
        await life.happen()
        await asyncio.sleep(29)
        assert phone.tries == 1
        await asyncio.sleep(2)
        assert phone.heard == [1]
        await life.notifier.stop()

    virtually(story())


def test_a_new_destination_hears_from_now_on_and_a_known_one_from_where_it_was() -> None:
    async def story() -> None:
        journal = MemoryJournal()
        first = await Life(journal).begin(old=(old := Ear()))
        await first.happen(2)
        await asyncio.sleep(LONG_S)
        await first.notifier.stop()
        await first.happen()  # nobody is told before the next start
        second = await Life(journal).begin(old=old, new=(new := Ear()))
        await second.happen()
        await asyncio.sleep(LONG_S)
        await second.notifier.stop()
        assert old.heard == told(journal)
        assert new.heard == told(journal)[3:]

    virtually(story())


def test_who_is_expected_hears_what_happened_before_they_came() -> None:
    async def story() -> None:
        journal = MemoryJournal()
        life = Life(journal)
        await life.happen()
        await life.notifier.expect("late")
        await life.begin()
        await life.happen(2)
        await asyncio.sleep(1)
        await life.notifier.attach("late", (late := Ear()).tell)
        await asyncio.sleep(LONG_S)
        assert late.heard == told(journal)[1:]
        await life.notifier.stop()

    virtually(story())


def test_a_destination_known_to_an_empty_journal_is_not_new_after_a_crash() -> None:
    async def story() -> None:
        journal = Disk()
        first = await Life(journal).begin(phone=Ear([True] * 99))
        await first.happen()
        await first.supervisor.stop()
        second = await Life(journal).begin(phone=(phone := Ear()))
        await asyncio.sleep(LONG_S)
        await second.notifier.stop()
        assert phone.heard == told(journal)

    virtually(story())


def test_who_is_far_behind_reads_the_journal() -> None:
    async def story() -> None:
        life = await Life(MemoryJournal()).begin(phone=(phone := Ear([True])))
        await asyncio.sleep(1)
        await life.happen(KEPT)  # twice as many entries as are kept at hand
        assert life.lag["phone"] == 2 * KEPT
        await asyncio.sleep(LONG_S)
        await life.notifier.stop()
        assert phone.heard == told(life.journal)
        assert life.lag["phone"] == 0

    virtually(story())


def test_the_log_may_repeat_some_but_its_place_is_kept_when_nothing_happens() -> None:
    async def story() -> None:
        journal = MemoryJournal()
        life = Life(journal)
        await life.notifier.attach("log", (log := Ear()).tell, repeat=100)
        await life.book.open()
        life.notifier.start()
        await life.happen(5)
        await asyncio.sleep(0.1)
        assert len(log.heard) == 5
        assert journal.cursors["log"] == -1
        await asyncio.sleep(2)
        assert journal.cursors["log"] == journal.last_seq
        await life.notifier.stop()

    virtually(story())


def test_the_last_words_are_told_before_the_end() -> None:
    async def story() -> None:
        life = await Life(MemoryJournal()).begin(phone=(phone := Ear([True])), deaf=Ear([True] * 99))
        await life.happen(2)
        assert not await life.notifier.drain(4)
        assert phone.heard == told(life.journal)
        await life.notifier.stop()

    virtually(story())


def test_a_mistake_in_sending_is_a_mishap_and_does_not_end_the_telling() -> None:
    async def story() -> None:
        heard: list[int] = []

        async def clumsy(alert: Alert, silent: bool) -> None:
            if not life.mishaps:
                raise KeyError("a mistake")
            heard.append(alert.seq)

        life = Life(MemoryJournal())
        await life.notifier.attach("phone", clumsy)
        await life.book.open()
        life.notifier.start()
        await life.happen(2)
        await asyncio.sleep(LONG_S)
        await life.notifier.stop()
        assert [type(why) for why in life.mishaps] == [KeyError]
        assert heard == told(life.journal)

    virtually(story())
