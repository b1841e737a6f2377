"""The clocks of the desk and of Binance differ, and jump: orders go through all the same, once."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.incidents.binance import BOTH, USDM, Desk, at_binance
from trading.binance.products import Product
from trading.errors import VenueUnreachable
from trading.order import OrderStatus

D = Decimal


@BOTH
@pytest.mark.parametrize("jump_ms", [6000, -6000])
def test_an_order_refused_for_its_time_is_sent_again_once_by_the_clock_measured_anew(
    product: Product, jump_ms: int
) -> None:
    """inc20: -1021 although the drift was small: the clock that had been measured was not right any more."""

    @at_binance(product)
    async def story(desk: Desk) -> None:
        desk.binance.offset_ms = jump_ms
        order = await desk.buy("2")
        assert order.status is OrderStatus.FILLED
        assert desk.sent == 2
        assert desk.traded() == 2
        again = await desk.buy("2")
        assert again.status is OrderStatus.FILLED
        assert desk.sent == 3, "from now on it goes through at once"

    story()


@BOTH
def test_an_order_that_was_on_its_way_for_too_long_is_not_executed_late(product: Product) -> None:
    """inc20: five seconds of latency: what arrives later than its window is refused, and sent once more."""

    @at_binance(product)
    async def story(desk: Desk) -> None:
        desk.faults.arm("slow", on=desk.place, seconds=5, queued=True)
        order = await desk.buy("2")
        await asyncio.sleep(10)
        assert desk.now(order).status is OrderStatus.FILLED
        assert desk.traded() == 2

    story()


@at_binance()
async def test_a_clock_that_stays_refused_ends_the_order_and_not_the_desk(desk: Desk) -> None:
    """inc20: -1021 again and again is told with the remedy; nothing was executed, and nothing is in doubt."""
    desk.faults.arm("-1021", on=desk.place, times=2)
    order = await desk.buy("2")
    assert order.status is OrderStatus.REJECTED
    assert order.reason.startswith("CLOCK: Our clock and Binance's do not agree.")
    assert desk.sent == 2
    assert (await desk.buy("2")).status is OrderStatus.FILLED


@pytest.mark.parametrize("ahead_s", [1.5, -90.0])
@BOTH
def test_a_desk_whose_clock_is_off_trades_by_binance_s_and_says_how_far(product: Product, ahead_s: float) -> None:
    """inc21: "Timestamp for this request was 1000ms ahead of the server's time", for ever."""

    @at_binance(product, starts=False)
    async def story(desk: Desk) -> None:
        desk.world.clock.at += timedelta(seconds=ahead_s)
        await desk.start()
        order = await desk.buy("2")
        assert order.status is OrderStatus.FILLED
        assert (desk.sent, desk.traded()) == (1, D(2))
        assert f"its clock is {-1000 * ahead_s:+.0f} ms from ours" in desk.line.found()[0]

    story()


@BOTH
def test_a_start_that_meets_a_wrong_clock_is_healed(product: Product) -> None:
    """inc22: -1021 on the first question, and the start hung."""
    first = "GET /fapi/v1/accountConfig" if product is USDM else "GET /api/v3/account"

    @at_binance(product, starts=False)
    async def story(desk: Desk) -> None:
        desk.faults.arm("-1021", on=first)
        await desk.start()
        assert desk.ready
        assert (await desk.buy("2")).status is OrderStatus.FILLED

    story()


@BOTH
def test_a_start_that_fails_for_the_clock_says_so_and_may_be_tried_again(product: Product) -> None:
    """inc22: the same, when it does not help at once: the start ends with the reason instead of hanging."""
    first = "GET /fapi/v1/accountConfig" if product is USDM else "GET /api/v3/account"

    @at_binance(product, starts=False)
    async def story(desk: Desk) -> None:
        desk.faults.arm("-1021", on=first, times=2)
        with pytest.raises(VenueUnreachable, match="Our clock and Binance's do not agree"):
            await desk.line.start()
        await desk.start()
        assert desk.ready

    story()
