"""A request over the connection of the stream is sent once, and answered, refused, or in doubt."""

import asyncio
import json
from typing import Any

import pytest

from tests.loop import LoopClock
from tests.trading.executors.binance.door import (
    ORDER,
    Door,
    listening,
    on_virtual_time,
    read,
    until,
)
from trading.binance.products import Product
from trading.errors import VenueError, VenueRefused, VenueUnreachable
from trading.executors.binance.outcome import InDoubt, certain_after
from trading.executors.binance.session import TIMEOUT_S, Session
from trading.executors.binance.sources import SpotEvents
from trading.executors.binance.stream import UserStream


async def test_a_request_is_answered_on_the_connection_of_the_events(stream: UserStream, door: Door) -> None:
    answers = await asyncio.gather(*(stream.request("order.place", ORDER, order=True) for _ in range(50)))
    assert sorted(answer["orderId"] for answer in answers) == list(range(1, 51))
    assert await stream.request("order.status", {"symbol": "BTCUSDT"}, weight=4) == {"status": "NEW"}
    assert len(door.venue.connections) == 1
    [connection] = door.venue.connections
    assert "recvWindow" in json.loads(connection.received[-1])["params"]


UNKNOWN: list[tuple[str, dict[str, Any]]] = [
    ("drop_before", {}),
    ("drop_after", {}),
    ("truncated", {}),
    ("status_502", {}),
    ("status_524", {"executed": True}),
    ("code_-1000", {}),
    ("code_-1006", {"executed": True}),
    ("code_-1007", {"executed": True}),
    ("code_-1008", {}),
]


@pytest.mark.parametrize(("fault", "detail"), UNKNOWN)
async def test_a_request_whose_answer_is_missing_is_in_doubt_if_it_was_an_order(
    stream: UserStream, door: Door, fault: str, detail: dict[str, Any]
) -> None:
    armed = door.venue.faults.arm(fault, on="order.*", **detail)
    with pytest.raises(InDoubt) as told:
        await stream.request("order.place", ORDER, order=True)
    assert "certain by" in told.value.remedy
    assert len(door.executed) == int(armed.executed)
    await until(lambda: stream.healthy)
    door.venue.faults.arm(fault, on="order.*", **detail)
    with pytest.raises(VenueUnreachable):
        await stream.request("order.status", {"symbol": "BTCUSDT"})


REFUSED: list[tuple[str, dict[str, Any], type[VenueError]]] = [
    ("code_-2010", {"text": "Account has insufficient balance for requested action."}, VenueRefused),
    ("code_-2011", {"text": "Unknown order sent."}, VenueRefused),
    ("429", {}, VenueUnreachable),
]


@pytest.mark.parametrize(("fault", "detail", "kind"), REFUSED)
async def test_a_request_that_was_turned_down_was_not_executed(
    stream: UserStream, door: Door, fault: str, detail: dict[str, Any], kind: type[VenueError]
) -> None:
    door.venue.faults.arm(fault, on="order.place", **detail)
    with pytest.raises(VenueError) as told:
        await stream.request("order.place", ORDER, order=True)
    assert type(told.value) is kind
    assert door.executed == []


async def test_retry_after_of_a_request_holds_calls_of_rest_back_too(
    session: Session, stream: UserStream, door: Door
) -> None:
    door.venue.faults.arm("418", on="order.status", seconds=300)
    with pytest.raises(VenueUnreachable):
        await stream.request("order.status", {"symbol": "BTCUSDT"})
    sent = len(door.venue.requests)
    for call in (
        session.call("POST", "/api/v3/order", ORDER, order=True),
        stream.request("order.cancel", ORDER, order=True),
    ):
        with pytest.raises(VenueUnreachable) as told:
            await call
        assert told.value.code == "BANNED"
    assert len(door.venue.requests) == sent


async def test_a_wrong_clock_is_healed_here_too(stream: UserStream, door: Door) -> None:
    door.venue.offset_ms = 9000
    await stream.request("order.place", ORDER, order=True)
    assert len(door.executed) == 1
    door.venue.faults.arm("-1021", on="order.place", times=0)
    with pytest.raises(VenueUnreachable):
        await stream.request("order.place", ORDER, order=True)
    assert len(door.executed) == 1


async def test_without_a_connection_nothing_was_sent(session: Session, door: Door) -> None:
    await door.venue.close()
    async with listening(session, SpotEvents(session)) as stream:
        with pytest.raises(VenueUnreachable, match="Nothing was sent"):
            await stream.request("order.place", ORDER, order=True)
        await door.venue.open()
        assert await read(stream, 1) == ["connected"]
        door.venue.cut_streams()
        await until(lambda: not stream.healthy)
        with pytest.raises(VenueUnreachable, match="Nothing was sent"):
            await stream.request("order.place", ORDER, order=True)
    assert door.executed == []


@pytest.mark.parametrize("shape", ["null", "[]", '{"status": 200}', '{"status": "odd", "error": 7}', '{"error": {}}'])
async def test_an_answer_of_another_shape_leaves_an_order_in_doubt(stream: UserStream, door: Door, shape: str) -> None:
    door.venue.faults.arm("hang_after", on="order.place")
    asked = asyncio.create_task(stream.request("order.place", ORDER, order=True))
    await until(lambda: door.executed)
    [connection] = door.venue.connections
    number = json.loads(connection.received[-1])["id"]
    answer = json.loads(shape)
    connection.post({"id": number, **answer} if isinstance(answer, dict) else {"id": number, "status": answer})
    with pytest.raises(InDoubt):
        await asked


def test_a_request_that_hangs_is_given_up_and_an_order_is_then_in_doubt() -> None:
    async def play(door: Door, session: Session, clock: LoopClock) -> None:
        async with listening(session, SpotEvents(session)) as stream:
            door.venue.faults.arm("hang_after", on="order.cancel")
            began = clock.now()
            with pytest.raises(InDoubt, match="did not answer in time") as told:
                await stream.request("order.cancel", ORDER, order=True)
            assert (clock.now() - began).total_seconds() == pytest.approx(TIMEOUT_S)
            assert told.value.certain_at == certain_after(began)

    on_virtual_time(Product.SPOT, play)


def test_a_request_under_way_is_answered_on_the_old_connection() -> None:
    async def play(door: Door, session: Session, clock: LoopClock) -> None:
        async with listening(session, SpotEvents(session)) as stream:
            door.venue.faults.arm("slow", on="order.place", seconds=5)
            asked = asyncio.create_task(stream.request("order.place", ORDER, order=True))
            [old] = door.venue.connections
            await until(lambda: door.executed)
            door.venue.shut_down()
            await asyncio.sleep(2)
            assert (door.greeted, stream.healthy, asked.done()) == (2, True, False)
            assert old in door.venue.connections
            assert (await asked)["orderId"] == 1
            await asyncio.sleep(1)
            assert old not in door.venue.connections

    on_virtual_time(Product.SPOT, play)
