"""The venue's clock is measured at the shortest round trip, kept on the loop's time, and measured once for many."""

import asyncio
import math
from collections.abc import Awaitable, Callable

import pytest

from tests.kit import START, HandClock
from tests.loop import run_virtually
from trading.errors import VenueUnreachable
from trading.executors.binance.servertime import REFRESH_S, RETRY_S, SAMPLES, ServerTime

START_MS = int(START.timestamp() * 1000)


class Venue:
    """A venue whose clock is `ahead_s` of the desk's, with a delay each way for every question."""

    def __init__(self, ahead_s: float, *delays: tuple[float, float]) -> None:
        self.ahead_s, self.delays = ahead_s, list(delays)
        self.asked = 0
        self.is_away = False

    async def ask(self) -> int:
        self.asked += 1
        if self.is_away:
            raise VenueUnreachable("Away.")
        there_s, back_s = self.delays.pop(0) if self.delays else (0.01, 0.01)
        await asyncio.sleep(there_s)
        told = START_MS + int((asyncio.get_running_loop().time() + self.ahead_s) * 1000)
        await asyncio.sleep(back_s)
        return told


def ignore(told_ms: int) -> None: ...


def at_ms(ahead_s: float) -> int:
    """The venue's true time now."""
    return START_MS + int((asyncio.get_running_loop().time() + ahead_s) * 1000)


def test_the_sample_with_the_shortest_round_trip_is_kept_and_its_half_taken_off() -> None:
    async def measured() -> None:
        # All but the third are lopsided: taking half of those would be wrong by up to 0.45 s.
        venue = Venue(-3.2, (0.9, 0.1), (0.0, 0.5), (0.02, 0.02), (0.3, 0.1))
        time = ServerTime(venue.ask, HandClock(), ignore)
        await time.measure()
        assert venue.asked == SAMPLES
        assert time.round_trip_s == pytest.approx(0.04)
        assert abs(time.now_ms() - at_ms(-3.2)) <= 1
        await asyncio.sleep(500)
        assert abs(time.now_ms() - at_ms(-3.2)) <= 1

    run_virtually(lambda clock: measured())


def test_the_offset_is_told_against_the_desks_clock_and_zero_before_it_is_measured() -> None:
    async def told() -> None:
        clock = HandClock()
        time = ServerTime(Venue(3.2).ask, clock, ignore)
        assert (time.now_ms(), time.offset_ms) == (START_MS, 0)
        await time.measure()
        clock.move(asyncio.get_running_loop().time())
        assert abs(time.offset_ms - 3200) <= 1
        clock.move(-10)  # somebody sets the machine's clock back: the venue's stays
        assert abs(time.offset_ms - 13_200) <= 1
        assert abs(time.now_ms() - at_ms(3.2)) <= 1

    run_virtually(lambda clock: told())


def test_one_measurement_heals_all_who_met_the_same_wrong_clock() -> None:
    async def healed() -> None:
        venue, told = Venue(1.0), list[int]()
        time = ServerTime(venue.ask, HandClock(), told.append)
        began = asyncio.get_running_loop().time()
        await asyncio.gather(*(time.measure(began) for _ in range(20)))
        assert venue.asked == SAMPLES
        assert len(told) == 1
        assert abs(told[0] - at_ms(1.0)) <= 1
        await time.measure(asyncio.get_running_loop().time())
        assert venue.asked == 2 * SAMPLES

    run_virtually(lambda clock: healed())


def test_without_any_answer_the_old_offset_stays_and_the_error_is_told() -> None:
    async def failed() -> None:
        venue = Venue(2.0)
        time = ServerTime(venue.ask, HandClock(), ignore)
        await time.measure()
        venue.is_away = True
        with pytest.raises(VenueUnreachable):
            await time.measure()
        assert abs(time.now_ms() - at_ms(2.0)) <= 1

    run_virtually(lambda clock: failed())


def test_some_answers_are_enough() -> None:
    async def enough() -> None:
        venue = Venue(2.0)

        async def once() -> int:
            venue.is_away = venue.asked >= 1
            return await venue.ask()

        time = ServerTime(once, HandClock(), ignore)
        await time.measure()
        assert abs(time.now_ms() - at_ms(2.0)) <= 1

    run_virtually(lambda clock: enough())


@pytest.mark.parametrize(("is_away", "again_s"), [(False, REFRESH_S), (True, RETRY_S)])
def test_it_is_measured_every_half_hour_and_soon_after_a_failure(is_away: bool, again_s: float) -> None:
    async def kept() -> None:
        times = list[float]()
        venue = Venue(0.0)

        def noted(ask: Callable[[], Awaitable[int]]) -> Callable[[], Awaitable[int]]:
            async def asked() -> int:
                times.append(asyncio.get_running_loop().time())
                return await ask()

            return asked

        venue.is_away = is_away
        keeper = asyncio.create_task(ServerTime(noted(venue.ask), HandClock(), ignore).keep())
        await asyncio.sleep(REFRESH_S + 2 * again_s + 1)
        keeper.cancel()
        rounds = [at for at, before in zip(times, [-math.inf, *times], strict=False) if at - before > 1]
        assert [round(at) for at in rounds] == [round(REFRESH_S + n * again_s) for n in range(3)]

    run_virtually(lambda clock: kept())
