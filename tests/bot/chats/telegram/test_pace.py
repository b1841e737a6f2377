"""The sending limits are never passed, whoever speaks when; nobody waits for a chat that is not theirs."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.chats.telegram.pace import Flood, Pace
from tests.loop import VirtualLoop

T = TypeVar("T")


def virtually(work: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)


def most_within(times: list[float], seconds: float) -> int:
    """The largest number of times within any such stretch."""
    return max((sum(at <= other < at + seconds for other in times) for at in times), default=0)


@settings(max_examples=40)
@given(
    plan=st.lists(st.tuples(st.sampled_from([1, 2, -5]), st.floats(0, 3), st.floats(0, 2)), max_size=60),
)
def test_no_limit_is_passed_and_each_chat_keeps_its_order(plan: list[tuple[int, float, float]]) -> None:
    async def story() -> dict[int, list[tuple[int, float]]]:
        pace, sent = Pace(), dict[int, list[tuple[int, float]]]()
        loop = asyncio.get_running_loop()

        async def say(number: int, chat: int, takes: float) -> None:
            async with pace.turn(chat):
                await asyncio.sleep(takes / 2)
                sent.setdefault(chat, []).append((number, loop.time()))  # Telegram takes it somewhere on the way
                await asyncio.sleep(takes / 2)

        tasks = []
        for number, (chat, after, takes) in enumerate(plan):
            await asyncio.sleep(after / 10)
            tasks.append(asyncio.ensure_future(say(number, chat, takes)))
        await asyncio.gather(*tasks)
        return sent

    for chat, told in virtually(story()).items():
        assert [number for number, _ in told] == sorted(number for number, _ in told)
        times = [at for _, at in told]
        assert most_within(times, 5) <= 5
        if chat < 0:
            assert most_within(times, 60) <= 20


def test_a_group_gets_twenty_a_minute_and_a_person_one_a_second() -> None:
    async def story(chat: int) -> float:
        pace, loop = Pace(), asyncio.get_running_loop()
        began = loop.time()
        for _ in range(100):
            async with pace.turn(chat):
                pass
        return loop.time() - began

    assert 255 <= virtually(story(-5)) <= 256  # four minutes, and the last twenty one a second after a burst
    assert 95 <= virtually(story(5)) <= 97


def test_thirty_a_second_in_all() -> None:
    async def story() -> list[float]:
        pace, loop = Pace(), asyncio.get_running_loop()
        times: list[float] = []

        async def say(chat: int) -> None:
            async with pace.turn(chat):
                times.append(loop.time())

        await asyncio.gather(*(say(chat) for chat in range(1, 301)))
        return times

    times = virtually(story())
    assert most_within(times, 1.0) <= 30
    assert times[-1] - times[0] < 12


def test_a_chat_that_asks_for_a_pause_gets_it_and_no_other_waits() -> None:
    async def story() -> tuple[float, float]:
        pace, loop = Pace(), asyncio.get_running_loop()
        began = loop.time()
        pace.block(1, 30)
        async with pace.turn(2):
            other = loop.time() - began
        async with pace.turn(1):
            return loop.time() - began, other

    assert virtually(story()) == (30, 0)


def test_edits_take_nothing_of_the_minute_of_a_group() -> None:
    async def story() -> float:
        pace, loop = Pace(), asyncio.get_running_loop()
        began = loop.time()
        for _ in range(40):
            async with pace.turn(-5, edit=True):
                pass
        return loop.time() - began

    assert virtually(story()) < 40


def test_who_floods_is_told_once_until_they_are_calm() -> None:
    async def story() -> None:
        flood = Flood(burst=4, every_s=1.0)
        assert [flood.admit(1) for _ in range(7)] == [True] * 4 + [None, False, False]
        assert flood.admit(2) is True
        await asyncio.sleep(1)
        assert [flood.admit(1), flood.admit(1)] == [True, False]  # not calm yet: no second telling
        await asyncio.sleep(3)
        assert [flood.admit(1) for _ in range(4)] == [True, True, True, None]

    virtually(story())


def test_many_people_are_forgotten() -> None:
    async def story() -> None:
        flood, pace = Flood(), Pace()
        for user in range(1, 3000):
            flood.admit(user)
            async with pace.turn(user):
                pass
            await asyncio.sleep(1)
        assert len(flood._spent) <= 1001
        assert len(pace._chats) <= 1001

    virtually(story())
