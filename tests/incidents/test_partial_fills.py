"""What was really filled is what is held, protected and sold: no more and no less."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from tests.incidents.desk import ANA, BTC, DEMO, LINEAR, SPOT, Desk, at_a_venue
from tests.incidents.venue import LOST
from trading import events as e
from trading.instruments import Instrument, Symbol
from trading.intent import Leg
from trading.order import OrderStatus
from trading.reports import Filled, Report

D = Decimal
COIN = Instrument(
    symbol=Symbol("EOS/USDT"),
    base="EOS",
    quote="USDT",
    tick=D("0.001"),
    step=D("0.01"),
    min_quantity=D("0.01"),
    min_notional=D(5),
)
HOUR_S = 3600


def no_fills(report: Report) -> tuple[Report, ...]:
    """A stream that leaves out the trades."""
    return () if isinstance(report, Filled) else (report,)


async def fill_part(desk: Desk, quantity: str, symbol: Symbol = BTC.symbol) -> None:
    """Somebody sells so much at 90, and then the market is back at 100."""
    await desk.show("89x1000", f"90x{quantity}", symbol)
    await desk.show("100x1000", "100.01x1000", symbol)


@at_a_venue(COIN, funds=("100000 USDT",), fee_currency="received")
async def test_a_cancelled_buy_holds_what_was_filled_less_its_fee_and_that_can_be_sold(desk: Desk) -> None:
    """inc12: 234.93 of 235.17 were filled; the full amount was kept on the books, and the sale of it refused."""
    order = await desk.buy("235.17", "90", symbol=COIN.symbol)
    await fill_part(desk, "234.93", COIN.symbol)
    await desk.cancel(order)
    assert desk.held(COIN.symbol) == D("234.93") * (1 - D("0.001")) == D("234.69507")
    sold = await desk.sell("234.69", symbol=COIN.symbol)
    assert sold.status is OrderStatus.FILLED
    too_much = await desk.sell("0.24", symbol=COIN.symbol)
    assert too_much.status is OrderStatus.DENIED


@at_a_venue()
async def test_the_filled_part_of_a_cancelled_order_is_held(desk: Desk) -> None:
    """inc13: an order was heard to be cancelled, and the 40 percent that had been filled were forgotten."""
    order = await desk.buy("1", "90")
    desk.venue.deliver = no_fills
    await fill_part(desk, "0.4")
    await desk.cancel(order)
    assert desk.now(order).status is OrderStatus.CANCELED
    await asyncio.sleep(60)
    assert desk.held() == D("0.4")
    assert desk.now(order).status is OrderStatus.CANCELED


@at_a_venue()
async def test_getting_out_works_while_a_sale_is_half_done(desk: Desk) -> None:
    """inc14: a sale stayed partly filled for ever, and neither stop nor forced exit did anything about it."""
    await desk.buy("1")
    sale = await desk.sell("1", "110")
    await desk.show("110x0.1", "110.01x0.1")
    await desk.show("100x1000", "100.01x1000")
    kill = await desk.killer.kill("panic", "all", ANA, flatten=True)
    kill = await desk.killer.finished(kill.id, 60)
    assert kill.done
    assert desk.now(sale).status is OrderStatus.CANCELED
    assert desk.held() == await desk.venue.held("BTC") == 0


@at_a_venue(funds=("10000 USDT", "5 BTC"))
async def test_the_filled_part_is_not_sold_a_second_time_with_the_rest(desk: Desk) -> None:
    """A sale was half done when the exit came, and the exit sold the whole amount again out of other holdings."""
    await desk.buy("1")
    await desk.sell("1", "110")
    await desk.show("110x0.3", "110.01x0.3")
    await desk.show("100x1000", "100.01x1000")
    kill = await desk.killer.kill("panic", "all", ANA, flatten=True)
    await desk.killer.finished(kill.id, 60)
    assert await desk.venue.held("BTC") == 5


@pytest.mark.parametrize("venue", [SPOT, LINEAR])
def test_an_entry_cancelled_after_a_part_has_a_stop_over_that_part(venue: dict[str, Any]) -> None:
    """inc15: an entry of 236.26 was cancelled with 41 filled: the position is 41, and so is its stop."""

    @at_a_venue(COIN, funds=("100000 USDT",), **venue)
    async def story(desk: Desk) -> None:
        entry = await desk.buy("236.26", "90", symbol=COIN.symbol, stop_loss="80", take_profit="120")
        await fill_part(desk, "41", COIN.symbol)
        await desk.cancel(entry)
        await asyncio.sleep(10)
        assert desk.held(COIN.symbol) == 41
        assert sorted((o.leg, o.quantity) for o in desk.open()) == [(Leg.STOP_LOSS, D(41)), (Leg.TAKE_PROFIT, D(41))]

    story()


@at_a_venue(**LINEAR)
async def test_each_part_that_is_filled_is_protected_as_it_comes(desk: Desk) -> None:
    """A stop was placed for the amount that was ordered, or for the first part only."""
    await desk.buy("5")  # which is to have no stop
    await desk.buy("1", "90", stop_loss="80")
    await fill_part(desk, "0.2")
    assert desk.covered() == D("0.2")
    await fill_part(desk, "0.5")
    assert desk.covered() == D("0.7")
    await fill_part(desk, "5")
    assert (desk.held(), desk.covered()) == (D(6), D(1))


@pytest.mark.parametrize("venue", [SPOT, LINEAR])
def test_a_part_too_small_to_sell_is_left_as_dust_and_not_tried_for_ever(venue: dict[str, Any]) -> None:
    """inc16: the filled part was below the venue's minimum: the cancel was refused, and its exit tried for ever."""

    @at_a_venue(**venue)
    async def story(desk: Desk) -> None:
        entry = await desk.buy("1", "90", stop_loss="80", take_profit="120")
        await fill_part(desk, "0.04")  # worth less than 5
        assert (await desk.cancel(entry)).status is OrderStatus.CANCELED
        await asyncio.sleep(60)
        sent = desk.venue.sent
        await asyncio.sleep(HOUR_S)
        assert desk.venue.sent == sent <= 2
        assert desk.held() == D("0.04")
        assert desk.open() == []

    story()


@at_a_venue()
async def test_a_close_that_the_venue_ends_half_way_says_so_and_keeps_the_rest(desk: Desk) -> None:
    """A position was logged as closed although its closing order had been cancelled at the venue."""
    await desk.buy("1")
    await desk.show("100x0.4", "100.01x1000")
    closing = desk.begin(desk.sell("1"))
    await asyncio.sleep(0.5)
    (working,) = await desk.venue.open_orders()
    assert working.filled_quantity == D("0.4")
    order = desk.book.order(working.order_id)
    assert order is not None
    await desk.venue.cancel_by_hand(order)
    assert (await closing).status is OrderStatus.CANCELED
    assert desk.held() == D("0.6")
    assert [fill.quantity for fill in desk.events(e.OrderFilled)] == [1, D("0.4")]


@at_a_venue()
async def test_a_part_filled_while_its_cancel_was_lost_is_held_and_the_cancel_repeated(desk: Desk) -> None:
    """The order filled a little more after a cancel that never arrived; neither the fill nor the cancel is lost."""
    order = await desk.buy("1", "90")
    await fill_part(desk, "0.2")
    desk.venue.faults.set("cancel", LOST)
    cancelling = desk.begin(desk.oms.cancel(order, ANA))
    await asyncio.sleep(1)
    await fill_part(desk, "0.3")
    await cancelling
    await asyncio.sleep(60)
    assert desk.now(order).status is OrderStatus.CANCELED
    assert desk.held() == D("0.5")
    assert await desk.venue.open_orders() == []


@at_a_venue(**LINEAR)
async def test_a_rest_that_fills_after_a_restart_belongs_to_the_position_and_its_close(desk: Desk) -> None:
    """The unfilled rest of an entry was filled later and nobody knew of it, so that half a position stayed open."""
    await desk.buy("1", "90", stop_loss="80")
    await fill_part(desk, "0.5")
    desk = await desk.restart()
    await fill_part(desk, "5")
    assert desk.held() == desk.covered() == 1
    await desk.protection.make_room(DEMO, BTC.symbol, D(1), ANA)
    await desk.sell("1", reduce_only=True)
    await asyncio.sleep(60)
    assert desk.held() == 0
    assert desk.open() == []
