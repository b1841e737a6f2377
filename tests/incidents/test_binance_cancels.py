"""An order at Binance is cancelled when it is, and not before; and what is gone is asked for once."""

import asyncio
from decimal import Decimal

import pytest

from tests.incidents.binance import ACCOUNT, BOTH, SPOT, USDM, Desk, at_binance
from trading import events as e
from trading.binance.products import Product
from trading.order import OrderStatus

D = Decimal
CANCEL = {SPOT: "DELETE /api/v3/order", USDM: "DELETE /fapi/v1/order"}


@BOTH
@pytest.mark.parametrize("fault", ["drop_before", "hang_before", "status_502"])
def test_a_cancel_that_timed_out_is_asked_for_again_until_the_order_is_gone(product: Product, fault: str) -> None:
    """inc17: the bot said cancelled, and the exchange still had the order."""

    @at_binance(product)
    async def story(desk: Desk) -> None:
        order = await desk.buy("2", "96")
        desk.faults.arm(fault, on=CANCEL[product], times=2)
        asked = await desk.cancel(order)
        assert asked.status is OrderStatus.PENDING_CANCEL
        assert list(desk.working()) == [order.id]
        await asyncio.sleep(90)
        assert desk.now(order).status is OrderStatus.CANCELED
        assert desk.working() == {}

    story()


@BOTH
def test_a_cancel_of_what_was_filled_meanwhile_ends_with_its_fill(product: Product) -> None:
    """inc18: "Unknown order sent." was answered to a cancel, which was then sent again without end."""

    @at_binance(product)
    async def story(desk: Desk) -> None:
        order = await desk.buy("2", "96")
        desk.silence()
        await desk.show("95x1000", "96x1000")
        await desk.cancel(order)
        await asyncio.sleep(5)
        assert desk.now(order).status is OrderStatus.FILLED
        assert len(desk.events(e.OrderCancelRequested)) == 1
        asked = desk.asked(CANCEL[product].removeprefix("DELETE "))
        await asyncio.sleep(300)
        assert desk.asked(CANCEL[product].removeprefix("DELETE ")) == asked

    story()


@BOTH
def test_a_cancel_of_what_somebody_cancelled_by_hand_ends(product: Product) -> None:
    """inc18: the same, when it was cancelled in the app: its id at Binance is another one from then on."""

    @at_binance(product)
    async def story(desk: Desk) -> None:
        order = await desk.buy("2", "96")
        desk.silence()
        if product is SPOT:
            desk.spot.act(ACCOUNT, CANCEL[product], symbol="BTCUSDT", orderId=order.venue_order_id)
        else:
            desk.futures.cancel(desk.futures.account(ACCOUNT).orders[int(order.venue_order_id)])
        await desk.cancel(order)
        await asyncio.sleep(5)
        assert desk.now(order).status is OrderStatus.CANCELED
        asked = desk.asked(CANCEL[product].removeprefix("DELETE "))
        await asyncio.sleep(300)
        assert desk.asked(CANCEL[product].removeprefix("DELETE ")) == asked

    story()


@BOTH
def test_cancels_are_done_in_time_although_the_stream_is_silent(product: Product) -> None:
    """inc19: after a network drop the stream was silent, and orders stayed uncancelled for 9 to 16 hours."""

    @at_binance(product)
    async def story(desk: Desk) -> None:
        orders = [await desk.buy("2", price) for price in ("96", "96.5", "97")]
        desk.silence()
        desk.faults.arm("drop_after", on=CANCEL[product])  # and one answer is lost, too
        for order in orders:
            await asyncio.sleep(120)
            await desk.cancel(order)
            await asyncio.sleep(30)
            assert desk.now(order).status is OrderStatus.CANCELED
        assert desk.working() == {}

    story()
