"""Nothing that happened is missed for good: however the stream fails, and while nobody was there, it is found again."""

from datetime import timedelta
from decimal import Decimal
from typing import cast

import pytest

from tests.kit import START
from tests.trading.executors.binance.account import NAME, SPOT, USDM
from tests.trading.executors.binance.stage import BinanceDesk
from tests.trading.executors.contract import fills
from trading.instruments import Side
from trading.intent import OrderType
from trading.order import Order
from trading.reports import Amended, Canceled, Filled, Reconnected

D = Decimal
BUY, SELL, LIMIT = Side.BUY, Side.SELL, OrderType.LIMIT
TRADES = {SPOT: "executionReport:TRADE", USDM: "ORDER_TRADE_UPDATE:TRADE"}
ALL_ORDERS = {SPOT: "/api/v3/allOrders", USDM: "/fapi/v1/allOrders"}
ONE_ORDER = {SPOT: "/api/v3/order", USDM: "/fapi/v1/order"}


async def resting(desk: BinanceDesk, quantity: str = "1", limit: str = "95") -> Order:
    return desk.now(await desk.place(BUY, quantity, LIMIT, limit_price=limit))


def by_hand(desk: BinanceDesk, side: str = "BUY") -> None:
    """Somebody trades on the web site."""
    if desk.product is SPOT:
        desk.act("POST /api/v3/order", side=side, type="MARKET", quantity="0.1")
    else:
        desk.there.futures.place(symbol=NAME, side=side, type="MARKET", quantity="0.1")


async def found(desk: BinanceDesk, order: Order) -> list[tuple[Decimal, Decimal]]:
    """Quantity and price of the order's fills, as they are found when asked for."""
    trades = await desk.executor.fills(START)
    return [(each.quantity, each.price) for each in trades if each.order_id == order.id]


# --- streams that fail -----------------------------------------------------------------------


async def test_an_event_that_is_told_twice_is_the_same_fill(either: BinanceDesk) -> None:
    order = await resting(either)
    either.faults.arm("doubled", on=TRADES[either.product])
    await either.show("94x5", "95x5")
    assert fills(either, order) == [(D(1), D(95))]
    assert ("doubled", TRADES[either.product]) in either.faults.struck
    assert await found(either, order) == [(D(1), D(95))]


async def test_an_event_that_comes_late_is_heard(either: BinanceDesk) -> None:
    order = await resting(either, "2")
    either.faults.arm("late", on=TRADES[either.product], seconds=0.02)
    await either.show("94x5", "95x0.5")
    await either.cancel(order)
    await either.hear(lambda: fills(either, order))
    assert sorted(either.kinds(order)) == ["Accepted", "Canceled", "Filled"]  # before its end or after it
    assert fills(either, order) == await found(either, order) == [(D("0.5"), D(95))]


async def test_events_in_the_wrong_order_tell_the_same(either: BinanceDesk) -> None:
    order = await resting(either, "2")
    either.faults.arm("reordered", on=TRADES[either.product])
    await either.show("94x5", "95x0.5 95.1x5")
    await either.show("94x5", "95x0.7")
    assert sorted(fills(either, order)) == sorted(await found(either, order)) == [(D("0.5"), D(95)), (D("0.7"), D(95))]


async def test_an_event_that_never_comes_is_found(either: BinanceDesk) -> None:
    order = await resting(either)
    either.faults.arm("missing", on=TRADES[either.product])
    await either.show("94x5", "95x5")
    assert fills(either, order) == []
    assert await found(either, order) == [(D(1), D(95))]
    assert await either.status(order) == "filled"


async def test_what_happens_while_the_stream_is_cut_is_announced_and_found(either: BinanceDesk) -> None:
    order = await resting(either)
    reconnected = len([each for each in either.reports if isinstance(each, Reconnected)])
    either.venue.cut_streams()
    either.there.clock.move(1)
    either.there.show("94x5", "95x5")
    await either.hear(lambda: len([r for r in either.reports if isinstance(r, Reconnected)]) > reconnected)
    assert fills(either, order) == []
    assert await found(either, order) == [(D(1), D(95))]
    await either.settle()  # it is told again what happens from now on


async def test_two_processes_hear_the_same_once_each(either: BinanceDesk) -> None:
    order = await resting(either)
    another = either.there.executor(either.product)
    await another.start()
    await either.show("94x5", "95x5")
    name = either.there.mark(either.product)
    heard = list[Filled]()
    async for report in another.reports():
        if isinstance(report, Filled):
            heard.append(report)
        if getattr(report, "order_id", "") == name:
            break
    assert heard == [cast(Filled, each) for each in either.told(order, Filled)]
    assert [(each.order_id, each.quantity) for each in heard] == [(order.id, D(1))]
    await another.stop()


async def test_what_somebody_renamed_is_still_ours_on_the_stream(spot_desk: BinanceDesk) -> None:
    order = await resting(spot_desk, "2")
    keep = "PUT /api/v3/order/amend/keepPriority"
    spot_desk.act(keep, orderId=order.venue_order_id, newClientOrderId="web_1", newQty="1.5")
    await spot_desk.show("94x5", "95x0.5")
    spot_desk.act("DELETE /api/v3/order", orderId=order.venue_order_id)
    await spot_desk.settle()
    assert spot_desk.told(order, Amended) == [Amended(order.id, D("1.5"), D(95), None, order.venue_order_id)]
    assert fills(spot_desk, order) == [(D("0.5"), D(95))]
    assert [type(each) for each in spot_desk.told(order)][-1] is Canceled


# --- while nobody was there ------------------------------------------------------------------


async def test_fills_of_a_time_when_nobody_was_there_are_found(either: BinanceDesk) -> None:
    order = await resting(either)
    await either.stage.executor.stop()
    either.there.clock.move(1)
    either.there.show("94x5", "95x5")
    by_hand(either)
    await either.restart()
    trades = await either.executor.fills(START)
    assert [(each.order_id, each.quantity) for each in trades] == [(order.id, D(1)), ("", D("0.1"))]


async def test_fills_of_what_somebody_then_cancelled_are_found(spot_desk: BinanceDesk) -> None:
    order = await resting(spot_desk, "2")
    await spot_desk.stage.executor.stop()
    spot_desk.there.show("94x5", "95x0.5")
    spot_desk.act("DELETE /api/v3/order", orderId=order.venue_order_id)  # which gives it another id
    later = spot_desk.there.executor(SPOT, find=lambda symbol, venue_id: {order.venue_order_id: order.id}[venue_id])
    await later.start()
    assert [(each.order_id, each.quantity) for each in await later.fills(START)] == [(order.id, D("0.5"))]
    shown = await later.lookup(order)
    assert shown is not None
    assert (shown.order_id, shown.status, shown.filled_quantity) == (order.id, "canceled", D("0.5"))
    await later.stop()


async def test_a_fill_whose_order_cannot_be_queried_yet_is_not_given_away(either: BinanceDesk) -> None:
    either.faults.arm("lookup_lag", on=f"POST {ONE_ORDER[either.product]}", lookups=1)
    order = await either.place(BUY, "1")
    await either.restart()
    assert [each.order_id for each in await either.executor.fills(START)] == [""]
    assert [each.order_id for each in await either.executor.fills(START)] == [order.id]


async def test_whose_many_trades_are_is_asked_in_one_request(either: BinanceDesk) -> None:
    await either.show("100x500", "101x500")
    ours = [await either.place(BUY, "0.1") for _ in range(8)]
    for _ in range(8):
        by_hand(either)
    await either.restart()
    before = either.sent(ALL_ORDERS[either.product]), either.sent(ONE_ORDER[either.product])
    for _ in range(2):
        trades = await either.executor.fills(START)
        assert [each.order_id for each in trades] == [*(order.id for order in ours), *[""] * 8]
    asked = either.sent(ALL_ORDERS[either.product]), either.sent(ONE_ORDER[either.product])
    assert (asked[0] - before[0], asked[1] - before[1]) == (1, 0)


async def test_more_trades_than_one_answer_holds_are_found(either: BinanceDesk) -> None:
    count = 2010 if either.product is SPOT else 1010  # an answer holds 1000
    levels = [[f"{101 + n / 100:.2f}", "0.1"] for n in range(count)]
    shown = either.there.spot if either.product is SPOT else either.there.futures
    shown.show(NAME, [["100", "5"]], levels, "100")
    either.there.futures.account().leverages[NAME] = 20
    either.there.spot.exchange.deposit("main", "USDT", 90_000)
    first = await either.place(SELL, "0.1")
    either.there.clock.move(10)
    order = await either.place(BUY, str(D(count) / 10), LIMIT, limit_price="130")
    assert await found(either, order) == [(D("0.1"), D(price)) for price, _ in levels]
    assert await found(either, first) == [(D("0.1"), D(100))]
    recent = await either.executor.fills(either.there.clock.now())
    assert [each.order_id for each in recent] == [order.id] * len(levels)


@pytest.mark.parametrize("days", [2, 20])
async def test_trades_of_long_ago_are_found(either: BinanceDesk, days: int) -> None:
    old = await either.place(BUY, "1")
    either.there.clock.move(timedelta(days=days).total_seconds())
    await either.restart()
    new = await either.place(BUY, "2")
    trades = await either.executor.fills(START)
    assert [(each.order_id, each.quantity) for each in trades] == [(old.id, D(1)), (new.id, D(2))]
    assert [each.order_id for each in await either.executor.fills(START + timedelta(days=1))] == [new.id]
