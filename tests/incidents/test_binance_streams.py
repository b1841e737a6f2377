"""The account's stream at Binance breaks, expires or looks alive and is silent: what happened is found all the same."""

import asyncio
import socket
import struct
from decimal import Decimal

from tests.emulators.binance.caller import Caller
from tests.emulators.binance.signing import ApiKey
from tests.incidents.binance import ACCOUNT, BOTH, USDM, Desk, at_binance
from tests.trading.executors.binance.door import KEY, SECRET
from trading import events as e
from trading.binance.products import Product
from trading.order import Order, OrderStatus

D = Decimal
HEARD = ("executionReport", "ORDER_TRADE_UPDATE")


async def fill_unheard(desk: Desk, order: Order) -> None:
    """The market comes down to the order, and the stream does not say so."""
    for event in HEARD:
        desk.faults.arm("missing", on=event, times=2)
    await desk.show("95x1000", "96x1000")
    assert desk.traded(order) == 2
    assert desk.now(order).status is OrderStatus.ACCEPTED
    desk.faults.disarm()


def found(desk: Desk) -> bool:
    return any("1 fill found" in event.text for event in desk.events(e.Reconciled))


@BOTH
def test_a_fill_missed_while_the_stream_was_cut_is_found_when_it_is_back(product: Product) -> None:
    """inc42: the socket was closed without a frame; the fill was missed until the next restart."""

    @at_binance(product)
    async def story(desk: Desk) -> None:
        order = await desk.buy("2", "96")
        await fill_unheard(desk, order)
        desk.binance.cut_streams()
        await asyncio.sleep(3)
        assert desk.now(order).status is OrderStatus.FILLED
        assert found(desk)
        assert desk.line.problem == ""

    story()


@BOTH
def test_an_exchange_that_was_away_is_found_again_with_what_happened_there(product: Product) -> None:
    """inc42: the same, when nothing at all can be reached for ten minutes."""

    @at_binance(product)
    async def story(desk: Desk) -> None:
        order = await desk.buy("2", "96")
        await desk.binance.close()
        await desk.show("95x1000", "96x1000")
        await asyncio.sleep(600)
        assert desk.now(order).status is OrderStatus.ACCEPTED
        assert "not connected" in desk.line.problem
        assert "cannot be asked" in desk.events(e.Noticed)[0].text
        await desk.binance.open()
        await asyncio.sleep(95)  # tries are a minute and a half apart at most
        assert desk.now(order).status is OrderStatus.FILLED
        assert desk.line.problem == ""

    story()


@at_binance(USDM)
async def test_a_listen_key_that_expired_is_replaced_and_what_was_missed_is_asked_for(desk: Desk) -> None:
    """inc43: listenKeyExpired came, and nobody subscribed again."""
    order = await desk.buy("2", "96")
    await fill_unheard(desk, order)
    desk.futures.users.end(ACCOUNT)
    await asyncio.sleep(3)
    assert desk.now(order).status is OrderStatus.FILLED
    assert found(desk)
    assert desk.futures.users.listening(ACCOUNT) == 1
    await desk.sell("2", reduce_only=True)
    assert desk.held() == 0


@at_binance()
async def test_a_subscription_that_was_terminated_is_made_again_and_what_was_missed_is_asked_for(desk: Desk) -> None:
    """inc43: the same on spot, whose keys are gone since 2026: eventStreamTerminated."""
    order = await desk.buy("2", "96")
    await fill_unheard(desk, order)
    desk.spot.users.terminate(ACCOUNT)
    await asyncio.sleep(3)
    assert desk.now(order).status is OrderStatus.FILLED
    assert found(desk)
    assert len(desk.binance.subscribers("spot", ACCOUNT)) == 1


@at_binance(USDM)
async def test_a_listen_key_that_another_program_deleted_is_noticed_and_replaced(desk: Desk) -> None:
    """inc44: one client deleted the key that all share, and the other was deaf and did not know."""
    order = await desk.buy("2", "96")
    async with Caller(desk.binance, ApiKey(KEY, secret=SECRET)) as other:
        status, _ = await other("DELETE /fapi/v1/listenKey")
        assert status == 200
    await desk.show("95x1000", "96x1000")
    assert desk.now(order).status is OrderStatus.ACCEPTED, "nobody is told"
    await asyncio.sleep(35)
    assert desk.now(order).status is OrderStatus.FILLED, "the round of questions finds it"
    await asyncio.sleep(20 * 60)
    assert desk.futures.users.listening(ACCOUNT) == 1, "and when the key is next kept alive, there is a new one"


@at_binance()
async def test_another_program_s_subscription_is_its_own(desk: Desk) -> None:
    """inc44: on spot nothing is shared: another client comes and goes, and we hear on."""
    async with Caller(desk.binance, ApiKey(KEY, secret=SECRET)) as other:
        line = await other.connect()
        await line.subscribe()
        await line.request("userDataStream.unsubscribe", signed=False)
        await line.close()
    order = await desk.buy("2", "96")
    await desk.show("95x1000", "96x1000")
    assert desk.now(order).status is OrderStatus.FILLED


@BOTH
def test_fills_are_found_while_the_stream_is_silent_and_looks_alive(product: Product) -> None:
    """inc45: ping and pong were fine, and for hours there were no events."""

    @at_binance(product)
    async def story(desk: Desk) -> None:
        order = await desk.buy("2", "96")
        desk.silence()
        await desk.show("95x1000", "96x1000")
        assert desk.now(order).status is OrderStatus.ACCEPTED
        assert desk.line.problem == ""
        await asyncio.sleep(35)
        assert desk.now(order).status is OrderStatus.FILLED

    story()


@BOTH
def test_a_reset_in_the_middle_of_a_frame_is_followed_by_a_new_connection(product: Product) -> None:
    """inc46: ConnectionResetError(104), and no reconnection."""

    @at_binance(product)
    async def story(desk: Desk) -> None:
        (subscription,) = desk.binance.subscribers(product.value, ACCOUNT)
        transport = subscription.connection.request.transport
        assert transport is not None
        transport.write(b"\x81\x7e\x01\x00" + b'{"e":"execution')  # a text frame of 256 bytes, and no more of it
        await asyncio.sleep(0.1)
        wire = transport.get_extra_info("socket")
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close with a reset
        transport.abort()
        await asyncio.sleep(3)
        assert desk.line.problem == ""
        assert len(desk.binance.subscribers(product.value, ACCOUNT)) == 1
        order = await desk.buy("2", "96")
        await desk.show("95x1000", "96x1000")
        assert desk.now(order).status is OrderStatus.FILLED

    story()
