"""What waits is told together, in order and once, whatever fails; the same error only counts."""

import asyncio
import gc
import re
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.alerts.notifier import CHANGE_S, Notifier
from handlers.alerts import Alert
from tests.bot.alerts.telling import LONG_S, Disk, Ear, Life, virtually
from tests.kit import MemoryJournal
from trading import events as e
from trading.instruments import Symbol


async def attach(notifier: Notifier, name: str, ear: Ear, kinds: Sequence[str] = ("all",), quiet: str = "") -> None:
    await notifier.attach(name, ear.tell, kinds=kinds, quiet=quiet)


async def begin(journal: MemoryJournal, ear: Ear, **more: Ear) -> Life:
    life = Life(journal)
    for name, each in {"phone": ear, **more}.items():
        await attach(life.notifier, name, each)
    return await life.open()


async def limit(life: Life, number: int) -> None:
    """Something worth a line of its own."""
    await life.book.record(e.LimitChanged("", "max_order_value", str(number), "person:ana"))


async def error(life: Life, text: str, severity: str = "error") -> None:
    await life.book.record(e.Noticed(f"n{life.journal.last_seq}", severity, "feed", text))


def numbers(texts: Sequence[str]) -> list[int]:
    return [int(found) for text in texts for found in re.findall(r"is now ([0-9]+)", text)]


def test_one_alert_is_told_as_it_is_and_those_that_wait_are_lines_of_one_message() -> None:
    async def story() -> None:
        life = await begin(MemoryJournal(), ear := Ear())
        await limit(life, 1)
        await asyncio.sleep(1)
        ear.deaf = True
        await limit(life, 2)
        await asyncio.sleep(0.1)
        for number in (3, 3, 3, 4):
            await limit(life, number)
        ear.deaf = False
        await asyncio.sleep(LONG_S)
        one = "Limit max_order_value of the desk is now"
        assert ear.texts == [
            f"{one} 1, by person:ana",
            f"{one} 2, by person:ana",  # it was on its way by itself
            f"12:00:01 {one} 3, by person:ana (x3, last 12:00:01)\n12:00:01 {one} 4, by person:ana",
        ]
        await life.notifier.stop()

    virtually(story())


def test_what_must_be_read_by_itself_is_not_folded() -> None:
    async def story() -> None:
        life = await begin(MemoryJournal(), ear := Ear())
        await asyncio.sleep(1)
        await life.book.record(
            e.LimitChanged("", "a", "1", "person:ana"),
            e.LimitChanged("", "b", "2", "person:ana"),
            e.TradingStateChanged("all", e.TradingState.HALTED, "desk", "loss"),
            e.LimitChanged("", "c", "3", "person:ana"),
            e.DeskStarted("1", "two\nlines"),
            e.StrangerSeen("telegram:9", "Eve"),
            e.LimitChanged("", "d", "4", "person:ana"),
        )
        await asyncio.sleep(LONG_S)
        begun = [text.split(maxsplit=3)[:3] for text in ear.texts]
        assert [" ".join(words) for words in begun] == [
            "12:00:01 Limit a", "The desk is", "Limit c of", "two lines", "telegram:9 asks to", "Limit d of",
        ]  # fmt: skip
        assert ear.texts[0].count("\n") == 1
        await life.notifier.stop()

    virtually(story())


def test_a_message_has_as_much_as_fits_and_the_rest_follows() -> None:
    async def story() -> None:
        life = await begin(MemoryJournal(), ear := Ear([True]))
        await limit(life, 0)
        await asyncio.sleep(0.1)
        await life.book.record(*(e.LimitChanged("", "max_order_value", str(n), "person:ana") for n in range(1, 200)))
        await asyncio.sleep(LONG_S)
        assert numbers(ear.texts) == list(range(200))
        assert max(map(len, ear.texts)) <= 3000
        assert len(ear.texts) == 6  # 63 characters and a line end each: 46 in 3,000
        await life.notifier.stop()

    virtually(story())


@settings(max_examples=150)
@given(
    moves=st.integers(0, 8),
    trouble=st.lists(st.booleans(), max_size=10),
    bursts=st.lists(st.lists(st.sampled_from(["limit", "limit", "error"]), min_size=1, max_size=5), max_size=6),
    between=st.integers(0, 3),
    after=st.integers(0, 3),
)
def test_a_chat_that_knows_what_it_was_told_shows_everything_once_after_a_crash(
    moves: int, trouble: list[bool], bursts: list[list[str]], between: int, after: int
) -> None:
    """As Discord does: a message under the same key is the same message."""

    async def story() -> tuple[list[int], int]:
        journal = Disk()
        first = await begin(journal, ear := Ear(trouble, can_change=True))
        journal.moves = moves
        count = 0
        for burst in bursts:
            for what in burst:
                count += what == "limit"
                await (limit(first, count) if what == "limit" else error(first, "Late"))
            await asyncio.sleep(0.7)
        await asyncio.sleep(LONG_S)
        await first.supervisor.stop()
        journal.moves = None
        for _ in range(between):  # recorded, and not told any more
            count += 1
            await limit(first, count)
        second = await begin(journal, again := Ear(can_change=True))
        for _ in range(after):
            count += 1
            await limit(second, count)
        await asyncio.sleep(LONG_S)
        await second.notifier.stop()
        shown: dict[int, str] = {}
        for key, text in zip(ear.heard + again.heard, ear.texts + again.texts, strict=True):
            shown.setdefault(key, text)
        return numbers(list(shown.values())), count

    seen, count = virtually(story())
    assert seen == list(range(1, count + 1))


def test_after_a_crash_what_was_being_told_is_the_same_message_whatever_has_come_since() -> None:
    async def story() -> None:
        journal = Disk()
        first = await begin(journal, ear := Ear([True]))
        journal.moves = 2  # the first alert is noted, and that the next two are begun; then it dies
        for number in (1, 2, 3):
            await limit(first, number)
            await asyncio.sleep(0.1)
        await asyncio.sleep(LONG_S)
        await first.supervisor.stop()
        journal.moves = None
        await limit(first, 4)
        await limit(first, 5)
        second = await begin(journal, again := Ear())
        await asyncio.sleep(LONG_S)
        await second.notifier.stop()
        assert [numbers([text]) for text in ear.texts] == [[1], [2, 3]]
        assert [numbers([text]) for text in again.texts] == [[2, 3], [4, 5]]
        assert again.heard[0] == ear.heard[1]

    virtually(story())


def test_levels_quiet_hours_and_mutes_decide_how_it_is_told() -> None:
    async def story() -> None:
        life = Life(MemoryJournal())
        ears = {name: Ear() for name in ("phone", "fills", "asleep")}
        await attach(life.notifier, "phone", ears["phone"])
        await attach(life.notifier, "fills", ears["fills"], ("fills",))
        await attach(life.notifier, "asleep", ears["asleep"], quiet="11:00-13:00")
        await life.open()
        await limit(life, 1)
        await asyncio.sleep(1)
        await life.book.record(e.AlertLevelSet("phone", "risk", "", "off", "person:ana"))
        await limit(life, 2)
        await asyncio.sleep(1)
        await error(life, "It burns", "critical")
        await asyncio.sleep(1)
        assert (numbers(ears["phone"].texts), ears["phone"].silent) == ([1], [False, False])
        assert ears["fills"].texts == []
        assert (numbers(ears["asleep"].texts), ears["asleep"].silent) == ([1, 2], [True, True, False])
        await life.notifier.stop()

    virtually(story())


def test_what_is_for_one_destination_is_told_there_and_what_nobody_saw_everywhere() -> None:
    async def story() -> None:
        life = Life(MemoryJournal())
        phone, fills = Ear(), Ear()
        await attach(life.notifier, "phone", phone)
        await attach(life.notifier, "fills", fills, ("fills",))
        await life.open()
        await life.book.record(e.WatchFired("w", Decimal(7), "BTC/USDT is above 6", "fills"))
        await life.book.record(e.DigestTold("fills", "2026-01-05", "A good day."))
        await life.book.record(e.AlertLevelSet("fills", "all", "critical", "off", "person:ana"))
        await life.book.record(e.AlertRepeated(1, "Look!"))
        await asyncio.sleep(1)
        assert phone.texts == ["Look!"]
        assert fills.texts == ["BTC/USDT is above 6", "A good day.", "Look!"]
        assert fills.silent == [False, False, False]
        await life.notifier.stop()

    virtually(story())


# --- the same error --------------------------------------------------------------------------


def test_the_same_error_counts_in_the_message_that_told_it() -> None:
    async def story() -> None:
        life = await begin(MemoryJournal(), ear := Ear(can_change=True))
        for number in range(120):  # one a second: two minutes
            await error(life, f"The feed is {number}.5 s late (id abc)")
            await asyncio.sleep(1)
        await asyncio.sleep(CHANGE_S)
        (text,) = ear.texts
        assert text.startswith("ERROR feed: The feed is 0.5 s late")
        assert text.endswith("(x120, last 12:01:59)")
        gaps = [later - before for before, later in pairwise(ear.changes)]
        assert min(gaps) >= CHANGE_S
        assert len(ear.changes) >= 20
        await asyncio.sleep(10 * 60)
        await error(life, "The feed is 700 s late")
        await asyncio.sleep(1)
        assert len(ear.texts) == 2
        assert ear.texts[1].startswith("ERROR feed: The feed is 700 s late")
        await life.notifier.stop()

    virtually(story())


def test_errors_of_a_burst_count_in_its_lines_and_others_are_told() -> None:
    async def story() -> None:
        life = await begin(MemoryJournal(), ear := Ear([True], can_change=True))
        await limit(life, 1)
        await asyncio.sleep(0.1)
        for text in ("A 1", "B 1", "A 2"):
            await error(life, text)
        await asyncio.sleep(3)
        await error(life, "B 2")
        await error(life, "C", "critical")
        await error(life, "C", "critical")
        await asyncio.sleep(CHANGE_S + 1)
        assert len(ear.texts) == 4
        a, b = ear.texts[1].splitlines()
        assert a.startswith("12:00:00 ERROR feed: A 1")
        assert a.endswith("(x2, last 12:00:00)")
        assert b.endswith("(x2, last 12:00:03)")
        assert ear.texts[2] != ear.texts[3]  # each critical one has its own number
        await life.notifier.stop()

    virtually(story())


def test_where_nothing_can_be_changed_the_count_is_told_at_the_end_of_the_window() -> None:
    async def story() -> None:
        life = await begin(MemoryJournal(), ear := Ear())
        for _ in range(3):
            await error(life, "Late")
            await asyncio.sleep(60)
        assert len(ear.texts) == 1
        await asyncio.sleep(10 * 60)
        assert len(ear.texts) == 2
        assert ear.texts[1].endswith("(x3, last 12:02:00)")
        assert ear.heard[0] < ear.heard[1]  # a chat that knows what it was told must not take it for the same
        await life.notifier.stop()

    virtually(story())


def test_counts_are_told_before_the_end_and_what_cannot_be_changed_stops_nothing() -> None:
    async def story() -> None:
        life = await begin(MemoryJournal(), ear := Ear(can_change=True))
        await error(life, "Late")
        await asyncio.sleep(1)
        await error(life, "Late")
        await asyncio.sleep(0)
        ear.deaf = True
        await asyncio.sleep(CHANGE_S)
        ear.deaf = False
        await limit(life, 7)
        assert await life.notifier.drain(1)
        assert ear.texts[0].endswith("(x2, last 12:00:01)")
        assert numbers(ear.texts) == [7]
        await life.notifier.stop()

    virtually(story())


def test_the_end_waits_for_no_window() -> None:
    async def story() -> None:
        life = await begin(MemoryJournal(), ear := Ear(can_change=True))
        for _ in range(2):
            await error(life, "Late")
            await asyncio.sleep(2.5)  # the cursor has settled, the window is open
        assert await life.notifier.drain(1)
        assert ear.texts[0].endswith("(x2, last 12:00:02)")
        await life.notifier.stop()

    virtually(story())


def test_a_text_of_several_messages_is_not_changed_in_one_of_them() -> None:
    async def story() -> None:
        life = await begin(MemoryJournal(), ear := Ear(can_change=True))
        for _ in range(2):
            await error(life, "Late " * 700)
            await asyncio.sleep(1)
        await asyncio.sleep(10 * CHANGE_S)
        assert len(ear.texts) == 1
        await asyncio.sleep(LONG_S)
        assert (len(ear.texts), ear.changes) == (2, [])
        assert ear.texts[1].endswith("(x2, last 12:00:01)")
        await life.notifier.stop()

    virtually(story())


def test_a_crash_loses_no_error_that_was_not_told() -> None:
    async def story() -> None:
        journal = MemoryJournal()
        first = await begin(journal, ear := Ear(can_change=True))
        await error(first, "Late")
        await asyncio.sleep(0.1)
        await error(first, "Late")
        await asyncio.sleep(0.1)
        await first.supervisor.stop()
        second = await begin(journal, ear)
        await asyncio.sleep(LONG_S)
        await second.notifier.stop()
        assert len(ear.texts) == 2

    virtually(story())


# --- an outage -------------------------------------------------------------------------------


def test_ten_minutes_of_outage_lose_nothing_delay_nobody_else_and_need_no_memory() -> None:
    async def story() -> None:
        life = await begin(MemoryJournal(), phone := Ear(), other=(other := Ear()))
        phone.deaf = True
        for number in range(6000):  # ten a second
            await limit(life, number)
            await asyncio.sleep(0.1)
            assert numbers(other.texts[-1:]) == [number]
        gc.collect()
        held = [each for each in gc.get_objects() if isinstance(each, Alert)]
        assert 0 < len(held) < 100  # what is on its way, and no more
        phone.deaf = False
        await asyncio.sleep(LONG_S)
        assert numbers(phone.texts) == list(range(6000))
        assert len(phone.texts) < 6000 / 40
        await life.notifier.stop()

    virtually(story())


def test_a_chat_that_connects_again_is_told_once() -> None:
    async def story() -> None:
        life = await begin(MemoryJournal(), old := Ear([True] * 3))
        await limit(life, 1)
        await asyncio.sleep(0.5)
        new = Ear()
        await attach(life.notifier, "phone", new)
        await limit(life, 2)
        await asyncio.sleep(LONG_S)
        assert (numbers(old.texts), numbers(new.texts)) == ([], [1, 2])
        await life.notifier.stop()

    virtually(story())


def test_symbols_with_figures_in_them_are_told_apart_where_letters_differ() -> None:
    async def story() -> None:
        life = await begin(MemoryJournal(), ear := Ear(can_change=True))
        for symbol in ("BTC/USDT", "ETH/USDT"):
            await life.book.record(e.SymbolLocked(Symbol(symbol), None, "", "person:ana"))
            await error(life, f"{symbol} is late")
        await asyncio.sleep(LONG_S)
        assert sum("late" in text for text in "\n".join(ear.texts).splitlines()) == 2
        await life.notifier.stop()

    virtually(story())
