"""No event is lost while a connection lives, a marker stands for every gap, and a request is answered or in doubt."""

import asyncio

import pytest

from tests.emulators.binance.signing import ApiKey as VenueKey
from tests.trading.executors.binance.door import (
    KEY,
    ORDER,
    SECRET,
    Door,
    listening,
    pair,
    read,
    session_at,
    until,
)
from trading.binance.products import Product
from trading.executors.binance.keys import ApiKey
from trading.executors.binance.session import Session
from trading.executors.binance.sources import FuturesEvents, SpotEvents
from trading.executors.binance.stream import UserStream
from trading.reports import Reconnected

# --- events -----------------------------------------------------------------------------------


async def test_events_come_in_order_after_a_marker(stream: UserStream, door: Door) -> None:
    assert (stream.healthy, stream.problem) == (True, "")
    for number in range(3):
        door.tell(number)
    assert await read(stream, 4) == ["connected", 0, 1, 2]


async def test_nothing_is_lost_while_the_reader_is_busy(stream: UserStream, door: Door) -> None:
    for number in range(20_000):
        door.tell(number)
    await stream.request("order.status", {"symbol": "BTCUSDT"})  # answered after all of them, and nobody has read any
    assert await read(stream, 20_001) == ["connected", *range(20_000)]


async def test_it_ends_after_what_has_arrived(session: Session, door: Door) -> None:
    async with listening(session, SpotEvents(session)) as stream:
        door.tell(1)
        await stream.request("order.status", {"symbol": "BTCUSDT"})
    assert not stream.healthy
    assert [event async for event in stream.events()] == [Reconnected("connected"), {"e": "executionReport", "i": 1}]


async def test_a_cut_is_mended_and_leaves_a_marker(stream: UserStream, door: Door) -> None:
    door.tell(1)
    assert await read(stream, 2) == ["connected", 1]
    door.venue.cut_streams()
    await until(lambda: not stream.healthy)
    assert stream.problem.startswith("The stream of the account is not connected")
    assert await read(stream, 1) == ["the connection was closed"]
    assert stream.healthy
    door.tell(2)
    assert await read(stream, 1) == [2]


async def test_a_shutdown_is_left_for_a_new_connection_before_the_old_one_is_closed(
    stream: UserStream, door: Door
) -> None:
    [old] = door.venue.connections
    least = list[int]()
    door.venue.shut_down()
    while old in door.venue.connections:
        least.append(len(door.venue.subscribers("spot", "main")))
        assert stream.healthy
        await asyncio.sleep(0)
    assert min(least) == 1
    assert max(least) == 2
    door.tell(5)
    assert await read(stream, 4) == ["connected", "serverShutdown", "the server shuts down", 5]
    assert door.greeted == 2


async def test_an_ended_subscription_is_made_anew(stream: UserStream, door: Door) -> None:
    [subscription] = door.venue.subscribers("spot", "main")
    door.venue.unsubscribe(subscription)
    subscription.send({"e": "eventStreamTerminated", "E": 1})
    assert await read(stream, 3) == ["connected", "eventStreamTerminated", "the subscription was ended"]
    assert stream.healthy
    door.tell(1)
    assert await read(stream, 1) == [1]


async def test_a_ping_of_the_venue_is_answered_with_its_own_words(stream: UserStream, door: Door) -> None:
    [connection] = door.venue.connections
    await connection.ping(b"you there?")
    await until(lambda: connection.pings)
    assert connection.pings == [b"you there?"]


async def test_what_cannot_be_read_ends_the_connection(stream: UserStream, door: Door) -> None:
    [connection] = door.venue.connections
    connection.post('{"e": ')
    assert await read(stream, 2) == ["connected", "it sent something that cannot be read"]


async def test_an_ended_subscription_that_cannot_be_made_anew_is_a_problem(stream: UserStream, door: Door) -> None:
    door.venue.keys.add(VenueKey(KEY, secret=SECRET, works=False))
    [subscription] = door.venue.subscribers("spot", "main")
    subscription.send({"e": "eventStreamTerminated", "E": 1})
    await until(lambda: "-2015" in stream.problem)
    assert not stream.healthy
    assert len(door.venue.subscribers("spot", "main")) == 1  # its connection is there still, and says nothing


@pytest.mark.parametrize("text", ["[1]", '"x"', '{"e": 1}', '{"id": 99, "status": 200}', '{"event": 7}', "null"])
async def test_what_is_no_event_is_passed_over(stream: UserStream, door: Door, text: str) -> None:
    [connection] = door.venue.connections
    connection.post(text)
    door.tell(1)
    assert await read(stream, 2) == ["connected", 1]


# --- keys -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["Ed25519", "RSA"])
async def test_keys_of_every_kind_subscribe_and_place(door: Door, kind: str) -> None:
    private, public = pair(kind)
    door.venue.keys.add(VenueKey("anotherkeyofthesameaccount", public_key=public))
    session = session_at(door, key=ApiKey("anotherkeyofthesameaccount", private))
    await session.start()
    async with listening(session, SpotEvents(session)) as stream:
        assert stream.healthy
        await stream.request("order.place", ORDER, order=True)
    await session.stop()


async def test_a_wrong_key_is_told_and_tried_again(session: Session, door: Door) -> None:
    door.venue.keys.add(VenueKey(KEY, secret="another"))
    async with listening(session, SpotEvents(session)) as stream:
        assert not stream.healthy
        assert "[-1022" in stream.problem
        assert KEY not in stream.problem
        door.venue.keys.add(VenueKey(KEY, secret=SECRET))
        assert await read(stream, 1) == ["connected"]


# --- USDT-M -----------------------------------------------------------------------------------


async def test_futures_listen_by_a_key(door: Door) -> None:
    session = session_at(door, Product.USDM)
    await session.start()
    async with listening(session, FuturesEvents(session)) as events:
        door.tell(1, "usdm")
        assert await read(events, 2) == ["connected", 1]
    await session.stop()


async def test_an_expired_listen_key_is_replaced(door: Door) -> None:
    session = session_at(door, Product.USDM)
    await session.start()
    async with listening(session, FuturesEvents(session)) as stream:
        door.venue.tell("usdm", "main", {"e": "listenKeyExpired", "listenKey": "listen0"})
        assert await read(stream, 3) == ["connected", "listenKeyExpired", "the listen key has expired"]
        assert door.listen_keys == ["listen0", "listen1"]
        door.tell(2, "usdm")
        assert (await read(stream, 1))[0] == 2
    await session.stop()
