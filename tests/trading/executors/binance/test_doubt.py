"""An order of which it is not known whether it was executed: what Binance must say, and when, to be believed."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from tests.emulators.binance.calls import Route
from tests.emulators.binance.rules import listing
from tests.kit import START
from tests.trading.executors.binance.account import COIN, CONTRACT, SPOT, USDM, exchange
from tests.trading.executors.binance.stage import BinanceDesk
from tests.trading.executors.contract import make_order
from trading.errors import OutcomeUnknown, VenueRefused, VenueUnreachable
from trading.executors.binance.executor import BinanceExecutor
from trading.executors.binance.requests import Request
from trading.executors.binance.rules import SymbolRules
from trading.executors.binance.spot import SpotSide
from trading.ids import order_id
from trading.instruments import Side, Symbol
from trading.intent import OrderType
from trading.order import Order
from trading.ports import Approved

BUY, SELL = Side.BUY, Side.SELL
LIMIT, STOP = OrderType.LIMIT, OrderType.STOP
PLACE = {SPOT: "POST /api/v3/order", USDM: "POST /fapi/v1/order"}
ALGO = "POST /fapi/v1/algoOrder"


async def lost(desk: BinanceDesk, fault: str, type: OrderType = LIMIT, on: str = "", **detail: Any) -> Order:
    """An order whose answer was lost on the way."""
    prices = {LIMIT: {"limit_price": "95"}, STOP: {"stop_price": "90"}}.get(type, {})
    order = desk.draft(SELL if type is STOP else BUY, "1", type, **prices)
    desk.faults.arm(fault, on=on or PLACE[desk.product], **detail)
    with pytest.raises(OutcomeUnknown):
        await desk.executor.place(Approved(order, ()))
    return order


async def unsure(desk: BinanceDesk, order: Order) -> OutcomeUnknown:
    with pytest.raises(OutcomeUnknown) as told:
        await desk.executor.lookup(order)
    return told.value


async def test_that_it_never_arrived_is_believed_when_it_is_certain_and_said_twice(either: BinanceDesk) -> None:
    order = await lost(either, "drop_before")
    error = await unsure(either, order)
    # sent at 12:00:01, good for 2 s, the engine is waited for 10 s, and 3 s for clocks
    assert (error.code, "certain by 12:00:16 UTC" in error.remedy) == ("NOT_SURE", True)
    either.there.clock.move(14.9)
    await unsure(either, order)
    either.there.clock.move(0.2)
    assert "once more" in (await unsure(either, order)).remedy
    assert await either.executor.lookup(order) is None
    assert len(either.venue.executed.of("order")) == 0
    assert either.sent(PLACE[either.product].split()[1]) >= 1


async def test_the_same_of_a_conditional_order_of_the_futures(usdm_desk: BinanceDesk) -> None:
    order = await lost(usdm_desk, "drop_before", STOP, ALGO)
    await unsure(usdm_desk, order)
    assert await usdm_desk.lookup(order) is None


async def test_what_was_executed_is_found_at_once(either: BinanceDesk) -> None:
    order = await lost(either, "drop_after")
    shown = await either.executor.lookup(order)
    assert shown is not None
    assert (shown.status, shown.order_id, str(shown.limit_price)) == ("open", order.id, "95")
    assert len(either.venue.executed.of("order", client_order_id=order.id)) == 1


async def test_a_query_that_only_lags_is_not_believed(either: BinanceDesk) -> None:
    either.faults.arm("lookup_lag", on=PLACE[either.product], lookups=2)
    order = await lost(either, "drop_after")
    for _ in range(2):
        await unsure(either, order)
        either.there.clock.move(20)
    # said twice by now, but only once since it is certain
    shown = await either.executor.lookup(order)
    assert shown is not None
    assert shown.status == "open"


@pytest.mark.parametrize(("type", "status"), [(LIMIT, "open"), (OrderType.MARKET, "filled")])
async def test_no_is_not_believed_when_the_lists_know_better(either: BinanceDesk, type: OrderType, status: str) -> None:
    either.faults.arm("lookup_lag", on=PLACE[either.product], lookups=1000)
    order = await lost(either, "drop_after", type)
    shown = await either.lookup(order)
    assert shown is not None
    assert (shown.status, shown.order_id) == (status, order.id)


async def test_a_conditional_order_that_has_ended_is_found_among_its_like(usdm_desk: BinanceDesk) -> None:
    usdm_desk.faults.arm("lookup_lag", on=ALGO, lookups=1000)
    order = await lost(usdm_desk, "drop_after", STOP, ALGO)
    [waiting] = usdm_desk.there.futures.account().open_algos.values()
    usdm_desk.there.futures.exchange.algos.cancel(waiting)
    shown = await usdm_desk.lookup(order)
    assert shown is not None
    assert (shown.status, shown.order_id) == ("canceled", order.id)


async def test_a_look_up_that_fails_says_nothing_of_the_order(either: BinanceDesk) -> None:
    order = await lost(either, "drop_before")
    either.there.clock.move(20)
    either.faults.arm("status_502", on="GET *", times=0)
    with pytest.raises(VenueUnreachable):
        await either.executor.lookup(order)
    either.faults.disarm()
    await unsure(either, order)
    assert await either.executor.lookup(order) is None


async def test_a_process_that_has_not_sent_it_goes_by_the_orders_own_time(either: BinanceDesk) -> None:
    order = await lost(either, "drop_before")
    await either.restart()
    await unsure(either, order)
    assert await either.lookup(order) is None


async def test_an_answer_of_another_form_leaves_an_order_in_doubt(either: BinanceDesk) -> None:
    operation = PLACE[either.product]
    either.venue.rest(operation, Route(either.product.value, lambda call: {"orderId": 7}, "USER_DATA"))
    with pytest.raises(OutcomeUnknown, match="another form"):
        await either.executor.place(Approved(either.draft(BUY, "1"), ()))
    path = "/api/v3/openOrders" if either.product is SPOT else "/fapi/v1/openOrders"
    either.venue.rest(f"GET {path}", Route(either.product.value, lambda call: [{"status": "NEW"}], "USER_DATA"))
    with pytest.raises(VenueUnreachable, match="another form"):
        await either.executor.open_orders()


class Forgetful(SpotSide):
    """Is shown no list of orders: only trades tell of what was."""

    def orders_request(self, rules: SymbolRules, since_ms: int | None = None, from_id: str = "") -> Request:
        return super().orders_request(rules, since_ms=(since_ms or 0) + 10**9, from_id=from_id)


async def test_no_is_not_believed_when_a_trade_may_be_of_it() -> None:
    async with exchange() as there:
        there.show("100x5", "101x5")
        there.venue.faults.arm("lookup_lag", on=PLACE[SPOT], lookups=1000)
        order = make_order(order_id("traded"), BUY, "1")
        for has_sent_it in (True, False):  # the second process does not know whose the trade is
            executor = there.executor(SPOT, spot_side=Forgetful)
            await executor.start()
            if has_sent_it:
                await executor.place(Approved(order, ()))
                assert "certain by 12:00:23 UTC" in await said(executor, order)
                there.clock.move(28)
            assert "once more" in await said(executor, order)
            for _ in range(2):
                assert "a trade that is or may be of it" in await said(executor, order)
            await executor.stop()


async def said(executor: BinanceExecutor, order: Order) -> str:
    with pytest.raises(OutcomeUnknown) as told:
        await executor.lookup(order)
    return str(told.value)


async def test_an_order_of_a_symbol_that_is_no_longer_traded_is_still_looked_up_and_cancelled() -> None:
    async with exchange() as there:
        there.show("100x5", "101x5")
        before = there.executor(SPOT, USDM)
        await before.start()
        orders = [
            make_order(order_id(f"{name} {symbol}"), BUY, "1", LIMIT, limit_price=price, symbol=symbol)
            for symbol in (COIN, CONTRACT)
            for name, price in (("rests", "90"), ("takes", "101"))
        ]
        for order in orders:
            await before.place(Approved(order, ()))
        await before.stop()
        there.spot.list_symbol(listing("ETH", "USDT", "0.01", "0.001", "5"))
        after = there.executor(SPOT, USDM, symbols=[Symbol("ETH/USDT"), Symbol("ETH/USDT:USDT")])
        await after.start()
        assert await after.fills(START) == []
        for order in orders:
            shown = await after.lookup(order)
            assert shown is not None
            assert shown.status == ("open" if order.limit_price == 90 else "filled")
        assert {each.order_id for each in await after.fills(START)} == {orders[1].id, orders[3].id}
        for order in (orders[0], orders[2]):
            await after.cancel(order)
        assert await after.open_orders() == []
        with pytest.raises(VenueRefused, match="does not list BTC"):
            await after.place(Approved(orders[0], ()))
        await after.stop()


async def test_nothing_is_believed_of_a_symbol_that_is_not_listed(spot_desk: BinanceDesk) -> None:
    order = replace(spot_desk.draft(BUY, "1"), symbol=Symbol("DOGE/USDT"))
    spot_desk.there.clock.move(100)
    for _ in range(3):
        assert "does not list DOGE" in str(await unsure(spot_desk, order))


async def test_an_order_that_is_only_in_the_archive_is_over(either: BinanceDesk) -> None:
    order = either.now(await either.place(BUY, "1", LIMIT, limit_price="90"))
    if either.product is SPOT:
        either.act("DELETE /api/v3/order", orderId=order.venue_order_id)
    else:
        either.there.futures.cancel(either.there.futures.account().orders[int(order.venue_order_id)])
    either.there.clock.move(timedelta(days=100).total_seconds())
    await unsure(either, order)
    shown = await either.executor.lookup(order)
    assert shown is None or shown.status == "canceled"


async def test_a_triggered_order_that_ended_long_ago_is_over(usdm_desk: BinanceDesk) -> None:
    order = await usdm_desk.place(SELL, "1", OrderType.STOP_LIMIT, stop_price="95", limit_price="94")
    await usdm_desk.show("90x5", "91x5")
    [there] = usdm_desk.there.futures.account().open_orders.values()
    usdm_desk.there.futures.cancel(there)
    assert await usdm_desk.status(order) == "canceled"
    usdm_desk.there.clock.move(timedelta(days=4).total_seconds())  # what was not filled is shown for three days
    await unsure(usdm_desk, order)
    assert await usdm_desk.executor.lookup(order) is None
