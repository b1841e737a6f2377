"""The USDT-M side against the emulated exchange: conditional orders, changes, leverage, the account's modes."""

from decimal import Decimal
from typing import Any

import pytest

from tests.trading.executors.binance.account import CONTRACT, NAME, USDM, exchange
from tests.trading.executors.binance.stage import BinanceDesk
from tests.trading.executors.contract import fills
from trading.errors import VenueRefused
from trading.instruments import Side
from trading.intent import OrderType, TimeInForce, Trail
from trading.order import Order
from trading.reports import Amended, Canceled, Rejected

D = Decimal
BUY, SELL = Side.BUY, Side.SELL
LIMIT, STOP, STOP_LIMIT = OrderType.LIMIT, OrderType.STOP, OrderType.STOP_LIMIT
TRAILING = OrderType.TRAILING_STOP


async def triggered(desk: BinanceDesk) -> Order:
    """A SELL stop that has seen its price and rests at its limit."""
    order = await desk.place(SELL, "1", STOP_LIMIT, stop_price="95", limit_price="94")
    await desk.show("90x5", "91x5")
    return desk.now(order)


async def resting(desk: BinanceDesk, **more: Any) -> Order:
    return desk.now(await desk.place(BUY, "2", LIMIT, limit_price="95", **more))


# --- conditional orders ----------------------------------------------------------------------


async def test_a_triggered_order_is_shown_as_it_was_asked_for(usdm_desk: BinanceDesk) -> None:
    order = await triggered(usdm_desk)
    plain = await usdm_desk.place(BUY, "1", LIMIT, limit_price="80")
    for _ in ("this process", "the next one, which has placed nothing"):
        shown = {each.order_id: each for each in await usdm_desk.executor.open_orders()}
        assert [(each.limit_price, each.stop_price) for each in (shown[order.id], shown[plain.id])] == [
            (D(94), D(95)),
            (D(80), None),
        ]
        found = await usdm_desk.executor.lookup(order)
        assert found is not None
        assert (found.status, found.stop_price, found.venue_order_id) == ("open", D(95), shown[order.id].venue_order_id)
        await usdm_desk.restart()


async def test_a_triggered_order_is_cancelled_where_it_is_by_then(usdm_desk: BinanceDesk) -> None:
    order = await triggered(usdm_desk)
    await usdm_desk.cancel(order)
    assert usdm_desk.told(order, Canceled) == [Canceled(order.id, "", D(0))]
    assert await usdm_desk.status(order) == "canceled"
    assert usdm_desk.there.futures.account().open_orders == {}


async def test_a_stop_that_is_refused_when_its_turn_comes_is_rejected(usdm_desk: BinanceDesk) -> None:
    order = await usdm_desk.place(SELL, "1", STOP, stop_price="95", reduce_only=True)
    await usdm_desk.show("90x5", "91x5")  # there is no position
    [refused] = usdm_desk.told(order, Rejected)
    assert "ReduceOnly" in getattr(refused, "reason", "")
    assert await usdm_desk.status(order) == "rejected"


async def test_a_stop_that_was_filled_is_found_with_what_it_filled(usdm_desk: BinanceDesk) -> None:
    order = await usdm_desk.place(SELL, "2", STOP, stop_price="95")
    await usdm_desk.show("90x1.5", "91x5")
    assert usdm_desk.kinds(order) == ["Accepted", "Triggered", "Filled", "Expired"]
    found = await usdm_desk.executor.lookup(order)
    assert found is not None
    assert (found.status, found.filled_quantity, found.stop_price) == ("expired", D("1.5"), D(95))
    [fill] = await usdm_desk.executor.fills(order.created_at)
    assert (fill.order_id, fill.quantity, fill.price) == (order.id, D("1.5"), D(90))


@pytest.mark.parametrize(("trail", "rate"), [(Trail(D(5)), "5"), (Trail(D("1.2"), percent=True), "1.2")])
async def test_a_trailing_stop_is_told_in_percent(usdm_desk: BinanceDesk, trail: Trail, rate: str) -> None:
    order = await usdm_desk.place(SELL, "1", TRAILING, trail=trail)
    [there] = usdm_desk.there.futures.account().open_algos.values()
    assert there.callback == D(rate)
    [shown] = await usdm_desk.executor.open_orders()
    assert (shown.order_id, shown.limit_price, shown.stop_price) == (order.id, None, None)


# --- what the answer does not tell -----------------------------------------------------------


async def test_the_end_of_an_order_that_had_fills_is_told_after_them(usdm_desk: BinanceDesk) -> None:
    part = await usdm_desk.place(BUY, "7", LIMIT, limit_price="101", time_in_force=TimeInForce.IOC)
    assert usdm_desk.kinds(part) == ["Accepted", "Filled", "Expired"]
    nothing = await usdm_desk.place(BUY, "7", LIMIT, limit_price="101", time_in_force=TimeInForce.IOC)
    assert usdm_desk.kinds(nothing) == ["Accepted", "Expired"]


async def test_lists_and_icebergs_are_refused_before_anything_is_sent(usdm_desk: BinanceDesk) -> None:
    legs = [usdm_desk.draft(SELL, "1", LIMIT, limit_price=limit, group="pair") for limit in ("110", "111")]
    await usdm_desk.send(*legs)
    iceberg = await usdm_desk.place(BUY, "2", LIMIT, limit_price="95", iceberg=D(1))
    refused = [usdm_desk.told(each)[0] for each in (legs[0], iceberg)]
    assert [getattr(each, "code", "") for each in refused] == ["NOT_SUPPORTED"] * 2
    assert usdm_desk.sent("/fapi/v1/order") == 0


# --- amend -----------------------------------------------------------------------------------


async def test_a_limit_order_is_changed_in_place(usdm_desk: BinanceDesk) -> None:
    order = await resting(usdm_desk)
    await usdm_desk.amend(order, "1.5", "96")
    assert usdm_desk.told(order, Amended) == [Amended(order.id, D("1.5"), D(96), None, order.venue_order_id)]
    await usdm_desk.show("94x5", "96x0.5")
    await usdm_desk.amend(order, "1", "94")  # also when a part is filled
    found = await usdm_desk.executor.lookup(order)
    assert found is not None
    assert (found.status, found.quantity, found.filled_quantity, found.limit_price) == ("open", D(1), D("0.5"), D(94))


async def test_a_change_that_was_done_before_is_a_change_done(usdm_desk: BinanceDesk) -> None:
    order = await resting(usdm_desk)
    await usdm_desk.amend(order, "2", "95")
    usdm_desk.faults.arm("code_-5027", on="PUT /fapi/v1/order", text="No need to modify the order.")
    await usdm_desk.amend(order, "1", "95")
    assert usdm_desk.told(order, Amended) == [
        Amended(order.id, D(quantity), D(95), None, order.venue_order_id) for quantity in ("2", "1")
    ]


async def test_a_post_only_order_that_is_changed_to_take_is_cancelled(usdm_desk: BinanceDesk) -> None:
    order = await resting(usdm_desk, post_only=True)
    await usdm_desk.amend(order, "2", "101")
    assert usdm_desk.told(order, Amended) == []
    assert isinstance(usdm_desk.told(order)[-1], Canceled)
    assert fills(usdm_desk, order) == []
    assert await usdm_desk.status(order) == "canceled"


async def test_a_stop_cannot_be_changed(usdm_desk: BinanceDesk) -> None:
    order = await usdm_desk.place(SELL, "1", STOP, stop_price="95")
    with pytest.raises(VenueRefused) as told:
        await usdm_desk.amend(order, "1", stop="94")
    assert told.value.code == "NOT_SUPPORTED"
    assert not usdm_desk.executor.capabilities.reprices(order)


# --- the account -----------------------------------------------------------------------------


async def test_leverage_is_set_or_refused(usdm_desk: BinanceDesk) -> None:
    await usdm_desk.executor.set_leverage(CONTRACT, 7)
    assert usdm_desk.there.futures.account().leverages[NAME] == 7
    with pytest.raises(VenueRefused):
        await usdm_desk.executor.set_leverage(CONTRACT, 200)
    assert usdm_desk.there.futures.account().leverages[NAME] == 7


async def test_hedge_mode_is_refused_at_the_start_and_afterwards(usdm_desk: BinanceDesk) -> None:
    usdm_desk.there.futures.account().dual = True
    order = await usdm_desk.place(BUY, "1")
    assert [getattr(each, "code", "") for each in usdm_desk.told(order)] == ["POSITION_MODE"]
    another = usdm_desk.there.executor(USDM)
    with pytest.raises(VenueRefused, match="hedge mode"):
        await another.start()


async def test_an_account_that_may_not_trade_is_refused() -> None:
    async with exchange() as there:
        there.futures.account().may_trade = False
        with pytest.raises(VenueRefused, match="The futures account may not trade"):
            await there.executor(USDM).start()


async def test_its_own_fees_are_the_accounts(usdm_desk: BinanceDesk) -> None:
    can = usdm_desk.executor.capabilities
    assert (can.maker_fee, can.taker_fee, can.fee_in_received) == (D("0.0002"), D("0.0005"), False)
