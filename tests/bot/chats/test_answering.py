"""Who was answered is not told the same once more; whoever was not, is."""

import asyncio

from bot.chats.answering import MOST, PATIENCE_S, Answering
from bot.chats.base import Place
from handlers.alerts import Alert, Severity
from handlers.reply import Reply
from tests.loop import LoopClock, run_virtually

HERE, THERE = Place(1), Place(1, 7)
ANSWER = Reply("Filled", order_id="abc", as_of=5)


def alert(seq: int, order_id: str = "abc") -> Alert:
    return Alert(seq, "fills", Severity.NOTICE, "Filled", order_id=order_id)


async def test_what_the_answer_said_is_no_news_where_it_was_read() -> None:
    answering = Answering()
    answering.arrived(HERE, ANSWER)
    assert not await answering.is_news(HERE, alert(5))
    assert await answering.is_news(HERE, alert(6)), "it came after the answer"
    assert await answering.is_news(THERE, alert(5)), "the answer was read elsewhere"
    assert await answering.is_news(HERE, alert(4, "other"))
    assert await answering.is_news(HERE, alert(4, "")), "it is about no order"


async def test_an_answer_that_does_not_know_how_far_it_tells_covers_nothing() -> None:
    answering = Answering()
    answering.arrived(HERE, Reply("Filled", order_id="abc"))
    assert await answering.is_news(HERE, alert(1))


async def test_an_alert_waits_for_the_answer_that_is_under_way() -> None:
    answering = Answering()
    with answering.to(HERE), answering.to(HERE):
        asking = asyncio.create_task(answering.is_news(HERE, alert(5)))
        await asyncio.sleep(0)
        assert not asking.done()
        answering.arrived(HERE, ANSWER)
    assert not await asking


async def test_an_answer_that_never_arrived_leaves_it_news() -> None:
    answering = Answering()
    with answering.to(HERE):
        asking = asyncio.create_task(answering.is_news(HERE, alert(5)))
        await asyncio.sleep(0)
    assert await asking


def test_nobody_waits_long_for_an_answer() -> None:
    async def play(clock: LoopClock) -> float:
        answering, now = Answering(), asyncio.get_running_loop().time
        began = now()
        with answering.to(HERE):
            assert await answering.is_news(HERE, alert(5))
        return now() - began

    assert run_virtually(play) == PATIENCE_S


async def test_what_is_remembered_is_bounded() -> None:
    answering = Answering()
    for number in range(MOST + 1):
        answering.arrived(HERE, Reply("x", order_id=str(number), as_of=5))
    assert await answering.is_news(HERE, alert(5, "0"))
    assert not await answering.is_news(HERE, alert(5, "1"))
