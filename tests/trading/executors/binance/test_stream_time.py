"""A connection is kept for years: replaced every day, noticed when it is dead, and never opened in a rush."""

import asyncio
from itertools import pairwise
from urllib.parse import urlsplit

from tests.loop import LoopClock
from tests.trading.executors.binance.door import (
    Door,
    listening,
    on_virtual_time,
    read,
)
from tests.trading.executors.binance.relay import Relay
from trading.binance.products import Product
from trading.executors.binance.session import Session
from trading.executors.binance.sources import FuturesEvents, SpotEvents
from trading.executors.binance.stream import DAY_S, SILENCE_S, STABLE_S


def test_a_connection_is_replaced_before_its_day_is_over() -> None:
    async def play(door: Door, session: Session, clock: LoopClock) -> None:
        async with listening(session, SpotEvents(session)) as stream:
            await asyncio.sleep(DAY_S - 1)
            assert door.greeted == 1
            await asyncio.sleep(2)
            assert door.greeted == 2
            assert stream.healthy
            assert await read(stream, 2) == ["connected", "its day was over"]

    on_virtual_time(Product.SPOT, play)


def test_a_listen_key_is_kept_every_five_minutes_and_replaced_when_it_is_gone() -> None:
    async def play(door: Door, session: Session, clock: LoopClock) -> None:
        async with listening(session, FuturesEvents(session)) as stream:
            await asyncio.sleep(3600 + 60)
            assert len(door.kept) == 12
            assert door.listen_keys == ["listen0"]
            door.venue.faults.arm("status_502", on="PUT /fapi/v1/listenKey")
            await asyncio.sleep(5 * 60)
            assert door.listen_keys == ["listen0"]
            door.venue.faults.arm("code_-1125", on="PUT /fapi/v1/listenKey")
            await asyncio.sleep(5 * 60)
            assert door.listen_keys == ["listen0", "listen1"]
            assert stream.healthy
            [first, second] = await read(stream, 2)
            assert first == "connected"
            assert "-1125" in second

    on_virtual_time(Product.USDM, play)


def test_a_listen_key_that_was_deleted_and_made_anew_elsewhere_is_replaced() -> None:
    async def play(door: Door, session: Session, clock: LoopClock) -> None:
        async with listening(session, FuturesEvents(session)) as stream:
            door.listen_keys.append("elsewhere")
            await asyncio.sleep(5 * 60 + 1)
            assert door.listen_keys == ["listen0", "elsewhere", "listen2"]
            assert await read(stream, 2) == ["connected", "The account has another listen key now."]

    on_virtual_time(Product.USDM, play)


def test_a_quiet_connection_that_lives_is_kept() -> None:
    async def play(door: Door, session: Session, clock: LoopClock) -> None:
        async with listening(session, SpotEvents(session), silence_s=7) as stream:
            await asyncio.sleep(3600)
            assert stream.healthy
            assert door.greeted == 1

    on_virtual_time(Product.SPOT, play)


def test_an_exchange_that_is_away_is_asked_ever_less_often_and_found_when_it_is_back() -> None:
    async def play(door: Door, session: Session, clock: LoopClock) -> None:
        tries = list[float]()

        class Counted(SpotEvents):
            async def address(self) -> str:
                tries.append(asyncio.get_running_loop().time())
                return await super().address()

        async with listening(session, Counted(session), pause_s=0.5) as stream:
            await asyncio.sleep(STABLE_S)
            await door.venue.close()
            await asyncio.sleep(600)
            pauses = [after - before for before, after in pairwise(tries[1:])]
            wanted = [min(0.5 * 2**n, 60.0) for n in range(len(pauses))]
            assert len(pauses) >= 10
            assert all(0.5 * want <= pause <= 1.5 * want + 0.1 for pause, want in zip(pauses, wanted, strict=True))
            assert len({round(pause / want, 3) for pause, want in zip(pauses, wanted, strict=True)}) > 5  # spread
            assert "refuse" in stream.problem or "cannot be reached" in stream.problem
            await door.venue.open()
            await asyncio.sleep(100)
            assert stream.healthy

    on_virtual_time(Product.SPOT, play)


def test_a_connection_that_is_always_cut_at_once_is_not_opened_in_a_rush() -> None:
    async def play(door: Door, session: Session, clock: LoopClock) -> None:
        async def cut() -> None:
            while True:
                await asyncio.sleep(0.01)
                door.venue.cut_streams()

        cutter = asyncio.create_task(cut())
        async with listening(session, SpotEvents(session), pause_s=0.5):
            await asyncio.sleep(300)
        cutter.cancel()
        assert 5 < door.greeted < 20  # the venue allows 300 in five minutes

    on_virtual_time(Product.SPOT, play)


def test_a_wire_that_went_dead_is_noticed_by_its_silence() -> None:
    async def play(door: Door, session: Session, clock: LoopClock) -> None:
        async with Relay(urlsplit(door.venue.rest_url).port or 0) as relay:
            session.addresses = session.addresses._replace(ws_api=f"ws://127.0.0.1:{relay.port}/ws-api/v3")
            async with listening(session, SpotEvents(session)) as stream:
                await asyncio.sleep(3600)
                assert stream.healthy
                relay.stall()
                await asyncio.sleep(SILENCE_S / 3)
                assert stream.healthy
                await asyncio.sleep(1.5 * SILENCE_S)
                assert not stream.healthy
                relay.flow()
                assert await read(stream, 2) == ["connected", "the connection broke (ServerTimeoutError)"]

    on_virtual_time(Product.SPOT, play)
