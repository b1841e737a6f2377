"""Reads wait for the venue's next minute, orders go first or not at all, cancels always, and a ban stops everything."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kit import START
from tests.loop import LoopClock, run_virtually
from trading.binance.budget import LATE_S, LONGEST_WAIT_S, RESERVE, Budget, Room, Urgency
from trading.errors import VenueUnreachable

LIMITS = [
    {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000},
    {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 100},
    {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 200000},
    {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 300000},
]
START_MS = int(START.timestamp() * 1000)  # a full minute


def on_budget(test: Any) -> None:
    """Run `test(budget)` on a virtual loop that begins with a full minute of the venue."""

    async def prepared(clock: LoopClock) -> None:
        budget = Budget(clock)
        budget.learn(LIMITS)
        budget.align(START_MS)
        await asyncio.sleep(LATE_S)  # so that loop time 0.5 is the venue's full minute, as it sees it
        await test(budget)

    run_virtually(prepared)


async def took_s(work: Coroutine[Any, Any, Any]) -> float:
    began = asyncio.get_running_loop().time()
    await work
    return asyncio.get_running_loop().time() - began


async def send(budget: Budget, urgency: Urgency, weight: int = 1, account: str = "main", **headers: str) -> None:
    async with budget.room(weight, urgency, account) as room:
        room.heard({name.replace("_", "-"): value for name, value in headers.items()})


async def turned_away(budget: Budget, status: int, code: int | None, retry_after_s: float | None) -> None:
    async with budget.room(1, Urgency.ORDER, "main") as room:
        room.turned_away(status, code, retry_after_s)


def test_a_read_waits_for_the_next_minute_when_only_the_reserve_is_left_and_orders_use_the_reserve() -> None:
    async def test(budget: Budget) -> None:
        await asyncio.sleep(20)
        await send(budget, Urgency.READ, X_MBX_USED_WEIGHT_1M=str(int(6000 * (1 - RESERVE))))
        assert await took_s(send(budget, Urgency.ORDER, 1)) == 0
        assert await took_s(send(budget, Urgency.READ, 1)) == pytest.approx(40)
        assert budget.used_weight() == {"1m": (1, 6000)}

    on_budget(test)


def test_an_order_without_room_is_not_sent_at_once_and_a_cancel_is() -> None:
    async def test(budget: Budget) -> None:
        await send(budget, Urgency.READ, X_MBX_USED_WEIGHT_1M="6000")
        with pytest.raises(VenueUnreachable) as told:
            await send(budget, Urgency.ORDER)
        assert told.value.code == "RATE_LIMITED"
        assert str(told.value) == (
            "Nothing was sent: Binance's limit of requests or orders is used up until 12:01:00 UTC."
            " Try again then; cancels still get through."
        )
        assert await took_s(send(budget, Urgency.CANCEL)) == 0

    on_budget(test)


@pytest.mark.parametrize(
    ("interval", "count", "until"), [("10S", 100, "12:00:10 UTC"), ("1D", 200000, "2026-01-06 00:00:00 UTC")]
)
def test_the_orders_of_one_account_are_counted_for_it_alone_and_until_their_interval_ends(
    interval: str, count: int, until: str
) -> None:
    async def test(budget: Budget) -> None:
        async with budget.room(1, Urgency.ORDER, "a") as room:
            room.heard({f"X-MBX-ORDER-COUNT-{interval}": str(count)})
        with pytest.raises(VenueUnreachable, match=until):
            await send(budget, Urgency.ORDER, account="a")
        await send(budget, Urgency.ORDER, account="b")
        await send(budget, Urgency.READ, account="a")
        await asyncio.sleep(10 if interval == "10S" else 12 * 3600)
        await send(budget, Urgency.ORDER, account="a")

    on_budget(test)


def test_orders_under_way_count_before_their_answers_do() -> None:
    async def test(budget: Budget) -> None:
        answer = asyncio.Event()

        async def slow() -> None:
            async with budget.room(1, Urgency.ORDER, "main"):
                await answer.wait()

        under_way = [asyncio.create_task(slow()) for _ in range(100)]
        await asyncio.sleep(0)
        with pytest.raises(VenueUnreachable):
            await send(budget, Urgency.ORDER)
        answer.set()
        await asyncio.gather(*under_way)
        await send(budget, Urgency.ORDER)

    on_budget(test)


@pytest.mark.parametrize(("retry_after_s", "pause_s"), [(7.0, 7.0), (None, 60.0)])
def test_a_429_holds_reads_and_orders_back_for_as_long_as_it_says(retry_after_s: float | None, pause_s: float) -> None:
    async def test(budget: Budget) -> None:
        await turned_away(budget, 429, -1003, retry_after_s)
        with pytest.raises(VenueUnreachable):
            await send(budget, Urgency.ORDER, account="another")
        await send(budget, Urgency.CANCEL)
        assert await took_s(send(budget, Urgency.READ)) == pytest.approx(pause_s)
        await send(budget, Urgency.ORDER)

    on_budget(test)


def test_too_many_orders_holds_only_the_orders_of_that_account_back() -> None:
    async def test(budget: Budget) -> None:
        await turned_away(budget, 429, -1015, 40000)
        assert await took_s(send(budget, Urgency.READ)) == 0
        assert await took_s(send(budget, Urgency.ORDER, account="another")) == 0
        with pytest.raises(VenueUnreachable, match="2026-01-05 23:06:40 UTC"):
            await send(budget, Urgency.ORDER)

    on_budget(test)


@pytest.mark.parametrize("urgency", list(Urgency))
def test_a_ban_lets_nothing_through_and_says_until_when(urgency: Urgency) -> None:
    async def test(budget: Budget) -> None:
        await turned_away(budget, 418, -1003, 600)
        await turned_away_again_would_shorten_nothing(budget)
        began = asyncio.get_running_loop().time()
        with pytest.raises(VenueUnreachable) as told:
            await send(budget, urgency)
        assert asyncio.get_running_loop().time() == began
        assert told.value.code == "BANNED"
        assert "Binance has banned this address until 12:10:00 UTC." in told.value.text
        await asyncio.sleep(600)
        await send(budget, urgency)

    async def turned_away_again_would_shorten_nothing(budget: Budget) -> None:
        budget.pause(1, banned=True)

    on_budget(test)


def test_a_ban_that_comes_while_reads_wait_ends_their_waiting() -> None:
    async def test(budget: Budget) -> None:
        await send(budget, Urgency.READ, X_MBX_USED_WEIGHT_1M="6000")
        reads = [asyncio.create_task(send(budget, Urgency.READ)) for _ in range(3)]
        await asyncio.sleep(5)
        budget.pause(600, banned=True)
        await asyncio.sleep(2)
        assert [type(read.exception()) for read in reads] == [VenueUnreachable] * 3

    on_budget(test)


def test_a_read_that_would_wait_for_long_fails_instead() -> None:
    async def test(budget: Budget) -> None:
        budget.pause(LONGEST_WAIT_S + 10, banned=False)
        with pytest.raises(VenueUnreachable):
            await send(budget, Urgency.READ)

    on_budget(test)


def test_waiting_reads_keep_their_order_and_a_heavy_one_is_not_starved() -> None:
    async def test(budget: Budget) -> None:
        await send(budget, Urgency.READ, X_MBX_USED_WEIGHT_1M="4800")
        done = list[int]()

        async def read(number: int, weight: int) -> None:
            await send(budget, Urgency.READ, weight)
            done.append(number)

        await asyncio.gather(*(read(n, weight) for n, weight in enumerate([4000, 1, 900, 1, 1])))
        assert done == [0, 1, 2, 3, 4]

    on_budget(test)


def test_a_lower_count_from_the_venue_frees_waiting_reads_at_once() -> None:
    async def test(budget: Budget) -> None:
        await send(budget, Urgency.READ, X_MBX_USED_WEIGHT_1M="6000")
        waiting = asyncio.create_task(took_s(send(budget, Urgency.READ)))
        await asyncio.sleep(3)
        await send(budget, Urgency.CANCEL, X_MBX_USED_WEIGHT_1M="10")
        assert await waiting <= 4

    on_budget(test)


def test_the_counts_of_the_websocket_api_are_the_same_counts() -> None:
    async def test(budget: Budget) -> None:
        rows = [{**LIMITS[0], "count": 6000}, {**LIMITS[1], "count": 100}, {"rateLimitType": "NEW"}, "odd"]
        async with budget.room(1, Urgency.ORDER, "main") as room:
            room.counted(rows)
            room.counted(None)
        assert budget.used_weight() == {"1m": (6000, 6000)}
        with pytest.raises(VenueUnreachable, match="12:01:00"):
            await send(budget, Urgency.ORDER)

    on_budget(test)


def test_what_was_sent_without_an_answer_counts_and_what_is_not_a_number_does_not() -> None:
    async def test(budget: Budget) -> None:
        await send(budget, Urgency.READ, 40)
        await send(budget, Urgency.READ, 2, X_MBX_USED_WEIGHT_1M="²", X_MBX_USED_WEIGHT="7", Date="x")
        assert budget.used_weight() == {"1m": (42, 6000)}

    on_budget(test)


def test_limits_may_be_learnt_anew_without_forgetting_what_is_used() -> None:
    async def test(budget: Budget) -> None:
        await send(budget, Urgency.READ, X_MBX_USED_WEIGHT_1M="300")
        await send(budget, Urgency.ORDER, x_mbx_order_count_10s="60")
        budget.learn([{**LIMITS[0], "limit": 2400}, {**LIMITS[1], "limit": 50}])
        assert budget.used_weight() == {"1m": (301, 2400)}
        with pytest.raises(VenueUnreachable):
            await send(budget, Urgency.ORDER)

    on_budget(test)


@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.integers(1, 900), st.sampled_from([Urgency.READ, Urgency.ORDER])),
        max_size=40,
    )
)
def test_the_venues_limit_is_never_passed(requests: list[tuple[int, int, Urgency]]) -> None:
    """Whatever is asked for whenever: by the venue's own count, no minute has more than its limit."""
    counted: dict[int, int] = {}

    async def answered(budget: Budget, weight: int, urgency: Urgency) -> None:
        try:
            async with budget.room(weight, urgency, "main") as room:
                minute = int((asyncio.get_running_loop().time()) // 60)
                counted[minute] = counted.get(minute, 0) + weight
                tell(room, counted[minute])
        except VenueUnreachable:
            assert urgency is Urgency.ORDER

    def tell(room: Room, used: int) -> None:
        room.heard({"x-mbx-used-weight-1m": str(used)})

    async def test(budget: Budget) -> None:
        tasks = []
        for pause, weight, urgency in requests:
            await asyncio.sleep(pause)
            tasks.append(asyncio.create_task(answered(budget, weight, urgency)))
        await asyncio.gather(*tasks)

    on_budget(test)
    assert all(used <= 6000 for used in counted.values())
