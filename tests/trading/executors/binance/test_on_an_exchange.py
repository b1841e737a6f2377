"""Session and stream against the whole emulated exchange: what is sent is executed once, and all of it is heard."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.emulators.binance.futures import Futures
from tests.emulators.binance.signing import ApiKey as VenueKey
from tests.emulators.binance.spot import Spot
from tests.emulators.binance.venue import Binance
from tests.kit import START
from tests.trading.executors.binance.door import KEY, SECRET, listening
from trading.binance.addresses import addresses_of
from trading.binance.budget import Budget
from trading.binance.products import Product
from trading.clock import SystemClock
from trading.errors import VenueRefused, VenueUnreachable
from trading.executors.binance.keys import ApiKey
from trading.executors.binance.outcome import InDoubt
from trading.executors.binance.session import Session
from trading.executors.binance.sources import FuturesEvents, SpotEvents
from trading.executors.binance.stream import UserStream
from trading.reports import Reconnected


@pytest.fixture
async def venue() -> AsyncIterator[Binance]:
    # Its clock stands still, in the middle of an interval of each limit.
    async with Binance(int(START.timestamp() * 1000) + 3000) as venue:
        yield venue


@pytest.fixture
def spot(venue: Binance) -> Spot:
    spot = Spot(venue)
    spot.open_account("main", VenueKey(KEY, secret=SECRET), USDT="1000000", BTC="10")
    spot.show("BTCUSDT", [["60000.00", "500"]], [["60000.01", "500"]])
    return spot


@pytest.fixture
def futures(venue: Binance) -> Futures:
    futures = Futures(venue)
    venue.keys.add(VenueKey(KEY, secret=SECRET))
    futures.transfer("main", 100_000)
    futures.show("BTCUSDT", bids=[["60000", "500"]], asks=[["60000.1", "500"]])
    return futures


async def connected(product: Product, rest_url: str, ws_api_url: str, stream_url: str) -> Session:
    clock = SystemClock()
    addresses = addresses_of(product, "live", rest_url, ws_api_url, stream_url)
    session = Session("main", product, ApiKey(KEY, SECRET), addresses, Budget(clock), clock)
    await session.start()
    return session


@pytest.fixture
async def session(venue: Binance, spot: Spot) -> AsyncIterator[Session]:
    session = await connected(Product.SPOT, venue.rest_url, venue.ws_api_url, venue.stream_url)
    yield session
    await session.stop()


@pytest.fixture
async def stream(session: Session) -> AsyncIterator[UserStream]:
    async with listening(session, SpotEvents(session)) as stream:
        yield stream


def market(order_id: str, quantity: str = "0.001") -> dict[str, str]:
    return {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "MARKET",
        "quantity": quantity,
        "newClientOrderId": order_id,
        "newOrderRespType": "FULL" if quantity == "0.001" else "RESULT",
    }


def limit(order_id: str) -> dict[str, str]:
    return {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.001",
        "price": "50000.00",
        "newClientOrderId": order_id,
    }


def kinds(events: list[Any]) -> list[tuple[str, str]]:
    """Our id and what happened, of the reports of orders among the events."""
    return [(event["c"], event["x"]) for event in events if event.get("e") == "executionReport"]


async def taken(stream: UserStream, reports: int) -> list[Any]:
    """The events until so many reports of orders have come."""
    found = list[Any]()
    async with asyncio.timeout(5):
        async for event in stream.events():
            found.append({"e": "reconnected"} if isinstance(event, Reconnected) else event)
            if len(kinds(found)) == reports:
                return found
    return found


async def test_orders_over_both_ways_are_executed_once_and_heard_in_order(
    session: Session, stream: UserStream, venue: Binance
) -> None:
    answer = await session.call("POST", "/api/v3/order", market("rest"), order=True)
    assert (answer["status"], answer["clientOrderId"]) == ("FILLED", "rest")
    resting = await stream.request("order.place", limit("ws"), order=True)
    cancel = {"symbol": "BTCUSDT", "origClientOrderId": "ws", "newClientOrderId": "ws"}
    assert (await session.call("DELETE", "/api/v3/order", cancel, order=True))["orderId"] == resting["orderId"]
    with pytest.raises(VenueRefused, match="-2011"):
        await stream.request("order.cancel", cancel, order=True)
    assert kinds(await taken(stream, 4)) == [("rest", "NEW"), ("rest", "TRADE"), ("ws", "NEW"), ("ws", "CANCELED")]
    assert [fact.client_order_id for fact in venue.executed.of("order")] == ["rest", "ws"]


async def test_an_order_in_doubt_is_found_by_its_id(session: Session, stream: UserStream, venue: Binance) -> None:
    venue.faults.arm("drop_after", on="order.place")
    with pytest.raises(InDoubt):
        await stream.request("order.place", market("lost"), order=True)
    venue.faults.arm("drop_before", on="POST /api/v3/order")
    with pytest.raises(InDoubt):
        await session.call("POST", "/api/v3/order", market("never"), order=True)
    look = {"symbol": "BTCUSDT", "origClientOrderId": "lost"}
    assert (await session.call("GET", "/api/v3/order", look, weight=4))["status"] == "FILLED"
    with pytest.raises(VenueRefused, match="-2013"):
        await session.call("GET", "/api/v3/order", {**look, "origClientOrderId": "never"}, weight=4)
    assert [fact.client_order_id for fact in venue.executed.of("trade")] == ["lost"]


async def test_every_fill_of_a_burst_is_heard_by_a_reader_that_was_busy(session: Session, stream: UserStream) -> None:
    ids = [f"burst{number}" for number in range(90)]
    await asyncio.gather(*(stream.request("order.place", market(each), order=True) for each in ids))
    heard = kinds(await taken(stream, 180))
    assert sorted(each for each, what in heard if what == "TRADE") == sorted(ids)


async def test_the_venue_counts_what_the_budget_counts(session: Session, venue: Binance, spot: Spot) -> None:
    info = await session.call("GET", "/api/v3/exchangeInfo", {}, weight=20, signed=False)
    session.budget.learn(info["rateLimits"])
    await session.call("GET", "/api/v3/account", {}, weight=20)
    await session.call("POST", "/api/v3/order", market("one"), order=True)
    weight = spot.limits.limits[0]
    assert session.budget.used_weight() == {"1m": (spot.limits.used(weight), 6000)}
    spot.limits.order("main", 100)  # somebody else's, on the same account
    await session.call("GET", "/api/v3/rateLimit/order", {}, weight=40)
    with pytest.raises(VenueUnreachable, match="-1015"):
        await session.call("POST", "/api/v3/order", market("two"), order=True)
    sent = len(venue.requests)
    with pytest.raises(VenueUnreachable, match="Nothing was sent"):
        await session.call("POST", "/api/v3/order", market("three"), order=True)
    assert len(venue.requests) == sent
    assert (await session.call("GET", "/api/v3/account", {}, weight=20))["canTrade"] is True


async def test_a_subscription_that_the_venue_ends_is_made_anew(
    session: Session, stream: UserStream, spot: Spot
) -> None:
    spot.users.terminate("main")
    async with asyncio.timeout(5):
        seen = [event async for event in _until(stream, Reconnected("the subscription was ended"))]
    assert {"e": "eventStreamTerminated"}.items() <= dict(seen[1]).items()
    await session.call("POST", "/api/v3/order", market("again"), order=True)
    assert kinds(await taken(stream, 2)) == [("again", "NEW"), ("again", "TRADE")]


async def _until(stream: UserStream, last: object) -> AsyncIterator[Any]:
    async for event in stream.events():
        yield event
        if event == last:
            return


async def test_futures_are_traded_and_heard(venue: Binance, futures: Futures) -> None:
    session = await connected(Product.USDM, futures.rest_url, futures.ws_api_url, futures.stream_url)
    async with listening(session, FuturesEvents(session)) as events:
        await session.call("POST", "/fapi/v1/order", market("one", "0.01"), order=True)
        await session.call("POST", "/fapi/v1/order", market("two", "0.01"), order=True)
        with pytest.raises(VenueRefused, match="-2013"):
            await session.call("GET", "/fapi/v1/order", {"symbol": "BTCUSDT", "origClientOrderId": "no"})
        futures.users.end("main")
        heard = list[tuple[str, str]]()
        async with asyncio.timeout(5):
            async for event in events.events():
                if isinstance(event, Reconnected):
                    if event.reason == "the listen key has expired":
                        break
                elif event["e"] == "ORDER_TRADE_UPDATE":
                    heard.append((event["o"]["c"], event["o"]["x"]))
        assert heard == [("one", "NEW"), ("one", "TRADE"), ("two", "NEW"), ("two", "TRADE")]
        assert futures.users.listening("main") == 1
        assert events.healthy
    assert [fact.client_order_id for fact in venue.executed.of("order")] == ["one", "two"]
    await session.stop()
