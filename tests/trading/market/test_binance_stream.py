"""One connection after another to an emulated server: what is heard, when it is replaced, how often it is tried."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from itertools import pairwise
from random import Random
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tests.emulators.binance.connections import Connection
from tests.emulators.binance.streams import Streams
from tests.emulators.binance.venue import Binance
from tests.loop import LoopClock, run_virtually
from tests.trading.market.binance_spot import virtually
from trading.market.binance_stream import Stream

NAME = "btcusdt@aggTrade"


class Listening:
    """A server, a stream of it that is being kept, and all that was heard."""

    def __init__(self, venue: Binance, streams: Streams, stream: Stream, heard: list[Any], task: Any) -> None:
        self.venue, self.streams, self.stream, self.heard, self.task = venue, streams, stream, heard, task
        self.subscribed: list[tuple[float, Connection]] = []
        self.streams.on_subscribe.append(lambda name, to: self.subscribed.append((self.now, to)))

    @property
    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def publish(self, value: object) -> None:
        self.streams.publish(NAME, {"value": value})

    async def tell(self, first: int, count: int, every_s: float) -> None:
        for value in range(first, first + count):
            self.publish(value)
            await asyncio.sleep(every_s)


@asynccontextmanager
async def listening(
    clock: LoopClock,
    *names: str,
    path: str = "/stream",
    serve: Callable[..., Awaitable[Any]] | None = None,
    seed: int = 1,
) -> Any:
    heard: list[Any] = []
    async with Binance(lambda: int(clock.now().timestamp() * 1000)) as venue, aiohttp.ClientSession() as http:
        streams = venue.market("spot", "")
        if serve is not None:
            venue.websocket(path, serve)
        hear = {name: lambda event: heard.append(json.loads(bytes(event))["value"]) for name in names or (NAME,)}
        stream = Stream(venue.stream_url + path, hear, Random(seed))
        task = asyncio.create_task(stream.run(http))
        yield Listening(venue, streams, stream, heard, task)
        task.cancel()
        await asyncio.wait([task])


@virtually
async def test_it_hears_its_streams_in_order_and_says_when_it_is_connected(clock: LoopClock) -> None:
    async with listening(clock) as on:
        assert on.stream.problem == "it is not connected yet"
        await asyncio.sleep(1)
        assert on.stream.problem == ""
        await on.tell(0, 100, every_s=0.001)
        await asyncio.sleep(1)
        assert on.heard == list(range(100))
        (connection,) = on.streams.connections
        assert connection.combined
    assert on.stream.problem == "it was stopped"


@virtually
async def test_many_streams_are_asked_for_in_few_messages_of_bearable_length(clock: LoopClock) -> None:
    names = [f"asset{number}usdt@depth5@100ms" for number in range(450)]
    async with listening(clock, *names) as on:
        await asyncio.sleep(0.5)
        assert on.stream.problem == "it is not connected yet"  # not before all are confirmed
        await asyncio.sleep(5)
        assert on.stream.problem == ""
        (connection,) = on.streams.connections
        assert list(connection.streams) == names
        asked = [json.loads(text) for text in connection.received]
        assert [each["method"] for each in asked] == ["SUBSCRIBE"] * 5
        assert max(map(len, connection.received)) < 4096
        times = sorted({at for at, _ in on.subscribed})
        assert all(later - at >= 0.2 for at, later in pairwise(times))  # 5 messages a second are allowed


@virtually
async def test_before_the_day_is_over_the_next_connection_is_there_and_no_event_is_lost_or_doubled(
    clock: LoopClock,
) -> None:
    async with listening(clock) as on:
        await asyncio.sleep(23.4 * 3600)
        assert len(on.subscribed) == 1
        await on.tell(0, 100, every_s=7.3)
        (_, first), (at, second) = on.subscribed
        assert 23.4 * 3600 < at < 24 * 3600
        assert on.heard == list(range(100))
        assert not first.open
        assert second.open


@virtually
async def test_a_server_that_will_stop_is_left_for_another_at_once(clock: LoopClock) -> None:
    others = [f"asset{number}usdt@depth5@100ms" for number in range(250)]  # so that both are connected for a while
    async with listening(clock, NAME, *others) as on:
        await asyncio.sleep(100)
        began = on.now
        on.venue.shut_down()
        await on.tell(0, 200, every_s=0.01)
        first, second = dict.fromkeys(connection for _, connection in on.subscribed)
        at = next(at for at, connection in on.subscribed if connection is second)
        assert at - began < 0.1
        assert on.heard == list(range(200))
        assert (first.open, second.open) == (False, True)
        assert on.stream.problem == ""


@virtually
async def test_servers_that_stop_one_after_another_are_not_tried_without_a_pause(clock: LoopClock) -> None:
    async with listening(clock) as on:
        on.streams.on_subscribe.append(lambda name, to: on.streams.shut_down())
        await asyncio.sleep(60)
        assert 3 <= len(on.subscribed) <= 8
        on.publish("still heard")
        await asyncio.sleep(0.01)
        assert on.heard == ["still heard"]


@virtually
async def test_a_cut_connection_is_tried_again_within_a_second(clock: LoopClock) -> None:
    async with listening(clock) as on:
        await asyncio.sleep(100)
        on.publish("before")
        await asyncio.sleep(0.1)
        on.venue.cut_streams()
        await asyncio.sleep(0.01)
        assert on.stream.problem.startswith("binance ")
        assert "://" not in on.stream.problem
        await asyncio.sleep(1)
        assert on.stream.problem == ""
        on.publish("after")
        await asyncio.sleep(0.1)
        assert on.heard == ["before", "after"]


async def refused_tries(clock: LoopClock, seed: int) -> tuple[list[float], str]:
    tried: list[float] = []

    async def refuse(request: web.BaseRequest, rest: str) -> web.Response:
        tried.append(asyncio.get_running_loop().time())
        return web.Response(status=503)

    async with listening(clock, path="/closed", serve=refuse, seed=seed) as on:
        await asyncio.sleep(600)
        return tried, on.stream.problem


@virtually
async def test_a_server_that_refuses_is_tried_ever_more_rarely_and_not_in_step_with_others(clock: LoopClock) -> None:
    tried, problem = await refused_tries(clock, seed=1)
    pauses = [later - at for at, later in pairwise(tried)]
    assert problem == "binance refused the connection (HTTP 503)"
    longest = [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]
    assert all(most / 2 <= pause <= most + 0.01 for pause, most in zip(pauses, longest, strict=False))
    assert len(pauses) >= 10
    others, _ = await refused_tries(clock, seed=2)
    assert pauses[:5] != [later - at for at, later in pairwise(others)][:5]


@virtually
async def test_a_server_that_is_gone_is_found_when_it_is_back(clock: LoopClock) -> None:
    async with listening(clock) as on:
        await asyncio.sleep(100)
        await on.venue.close()
        await asyncio.sleep(600)
        assert on.stream.problem.startswith("binance cannot be reached")
        await on.venue.open()
        await asyncio.sleep(61)
        assert on.stream.problem == ""


@virtually
async def test_silence_means_dead(clock: LoopClock) -> None:
    """A line that is up but dead answers no ping; one that is merely quiet does."""
    dead: list[float] = []

    async def die(request: web.BaseRequest, rest: str) -> web.StreamResponse:
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        asked = await socket.receive_json()
        await socket.send_json({"result": None, "id": asked["id"]})
        dead.append(asyncio.get_running_loop().time())
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(1e6)
        return socket

    async with listening(clock, path="/dead", serve=die) as on:
        await asyncio.sleep(20)
        assert on.stream.problem == ""
        await asyncio.sleep(15)
        assert len(dead) == 2
        assert dead[1] - dead[0] < 35
    async with listening(clock) as on:
        await asyncio.sleep(3600)
        assert len(on.subscribed) == 1


ANSWERS = {
    "no answer at all": (None, "binance did not answer in time"),
    "an error": ({"error": {"code": 2, "msg": "Invalid request: unknown variant"}, "id": 1}, "refused a stream (2 Inv"),
    "an error of the old form": ({"code": 3, "msg": "Invalid JSON"}, "binance refused a stream (3 Invalid JSON)"),
    "something that is no object": ([1, 2], "binance sends another shape (ValidationError)"),
    "no JSON": ("<html>", "binance sends another shape (DecodeError)"),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_subscription_that_is_not_confirmed_is_a_connection_that_failed(answer: str) -> None:
    said, reason = ANSWERS[answer]
    tried: list[float] = []

    async def respond(request: web.BaseRequest, rest: str) -> web.StreamResponse:
        tried.append(asyncio.get_running_loop().time())
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.receive()
        if said is not None:
            await socket.send_str(said if isinstance(said, str) else json.dumps(said))
        await socket.receive()
        return socket

    async def play(clock: LoopClock) -> None:
        async with listening(clock, path="/odd", serve=respond) as on:
            await asyncio.sleep(40)
            assert reason in on.stream.problem
            assert 2 <= len(tried) <= 6

    run_virtually(play)


@virtually
async def test_a_failure_of_whoever_is_told_is_not_taken_for_a_bad_line(clock: LoopClock) -> None:
    async with listening(clock) as on:
        await asyncio.sleep(1)
        on.streams.publish(NAME, {"no value": 1})
        await asyncio.sleep(1)
        with pytest.raises(KeyError):
            on.task.result()
