"""Orders that wait twice, and limits for now only, through the whole pipeline."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from tests.emulators.mt5.symbols import FOK, IOC
from tests.incidents.hands import ANA
from tests.incidents.mt5 import BOTH, Desk, at_mt5
from tests.trading.executors.mt5.stage import EXCHANGE
from trading import events as e
from trading.errors import IntentError
from trading.instruments import Symbol
from trading.intent import OrderType, TimeInForce
from trading.mt5.constants import Constants as mt5
from trading.order import Order, OrderStatus

D = Decimal
EACH = pytest.mark.parametrize("mode", BOTH)
ACME = Symbol("ACME")


async def waits_twice(desk: Desk, **more: Any) -> Order:
    """Buy once the ask is at 1.0820, at 1.0815."""
    prices: dict[str, Any] = {"stop_price": "1.0820", "type": OrderType.STOP_LIMIT, **more}
    order = await desk.buy("0.2", "1.0815", **prices)
    assert order.status is OrderStatus.ACCEPTED
    return order


@EACH
def test_a_stop_limit_waits_for_its_stop_and_then_for_its_limit(mode: int) -> None:
    @at_mt5(mode)
    async def story(desk: Desk) -> None:
        order = await waits_twice(desk, stop_loss="1.0700", take_profit="1.0900")
        await desk.show("1.0820", "1.0821")
        assert len(desk.events(e.OrderTriggered)) == 1
        assert desk.now(order).status is OrderStatus.ACCEPTED
        await desk.show("1.0814", "1.0815")
        assert desk.now(order).status is OrderStatus.FILLED
        await asyncio.sleep(5)
        assert desk.levels() == {(D("1.07"), D("1.09"))}

    story()


def test_what_happens_between_two_looks_is_told_in_its_order() -> None:
    @at_mt5()
    async def story(desk: Desk) -> None:
        order = await waits_twice(desk)
        desk.terminal.show("EURUSD", "1.0820", "1.0821")
        await desk.show("1.0814", "1.0815")
        told = [type(each.event) for each in desk.journal.entries if getattr(each.event, "order_id", "") == order.id]
        assert told[-3:] == [e.OrderAccepted, e.OrderTriggered, e.OrderFilled]

    story()


@EACH
def test_its_stop_stays_what_it_was_when_it_has_been_seen(mode: int) -> None:
    """A reconciliation, or another process, finds a limit at the broker: it is the same order."""

    @at_mt5(mode)
    async def story(desk: Desk) -> None:
        order = await waits_twice(desk)
        await desk.show("1.0820", "1.0821")
        desk = await desk.restart()
        await asyncio.sleep(80)
        now = desk.now(order)
        assert (now.status, now.limit_price, now.stop_price) == (OrderStatus.ACCEPTED, D("1.0815"), D("1.0820"))
        assert not desk.events(e.OrderAmended)

    story()


@EACH
def test_it_is_changed_before_and_after_its_stop(mode: int) -> None:
    @at_mt5(mode)
    async def story(desk: Desk) -> None:
        order = await waits_twice(desk)
        await desk.oms.amend(order, ANA, stop_price=D("1.0830"), limit_price=D("1.0825"))
        [there] = desk.terminal.current.orders.values()
        assert (there.price, there.stoplimit) == (D("1.0830"), D("1.0825"))
        with pytest.raises(IntentError, match="waits below the stop"):
            await desk.oms.amend(order, ANA, limit_price=D("1.0831"))
        await desk.oms.amend(order, ANA, quantity=D("0.1"))
        [there] = desk.terminal.current.orders.values()
        assert (there.type, there.price, there.rest) == (mt5.ORDER_TYPE_BUY_STOP_LIMIT, D("1.0830"), D("0.1"))
        await desk.show("1.0830", "1.0831")
        await desk.show("1.0826", "1.0827")
        await desk.oms.amend(order, ANA, limit_price=D("1.0820"))
        [there] = desk.terminal.current.orders.values()
        assert (there.type, there.price) == (mt5.ORDER_TYPE_BUY_LIMIT, D("1.0820"))
        with pytest.raises(IntentError, match="has been seen"):
            await desk.oms.amend(order, ANA, stop_price=D("1.0840"))
        await desk.show("1.0819", "1.0820")
        assert (desk.now(order).status, desk.held()) == (OrderStatus.FILLED, D("0.1"))

    story()


def test_a_limit_beyond_its_stop_is_denied_with_the_nearest_that_is_not() -> None:
    @at_mt5()
    async def story(desk: Desk) -> None:
        order = await desk.buy("0.2", "1.0825", stop_price="1.0820", type=OrderType.STOP_LIMIT)
        assert order.status is OrderStatus.DENIED
        assert "waits below the stop" in order.reason
        [denied] = desk.events(e.OrderDenied)
        assert "The nearest that is allowed is 1.08199." in denied.findings[-1].remedy

    story()


@pytest.mark.parametrize(
    ("tif", "size", "held", "status"),
    [
        (TimeInForce.IOC, "50", D(30), OrderStatus.EXPIRED),
        (TimeInForce.IOC, "20", D(20), OrderStatus.FILLED),
        (TimeInForce.FOK, "31", D(0), OrderStatus.REJECTED),
        (TimeInForce.FOK, "30", D(30), OrderStatus.FILLED),
    ],
)
def test_on_an_exchange_a_limit_may_be_for_now_only(
    tif: TimeInForce, size: str, held: Decimal, status: OrderStatus
) -> None:
    @at_mt5(EXCHANGE)
    async def story(desk: Desk) -> None:
        desk.terminal.symbol("ACME", filling_mode=FOK | IOC)
        desk.terminal.show("ACME", "50.00", "50.02", depth="30")
        desk = await desk.restart()
        order = await desk.buy(size, "50.05", symbol=ACME, time_in_force=tif)
        assert (order.status, desk.held(ACME)) == (status, held)

    story()


def test_elsewhere_it_is_denied() -> None:
    @at_mt5()
    async def story(desk: Desk) -> None:
        order = await desk.buy("0.1", "1.09", time_in_force=TimeInForce.IOC)
        assert order.status is OrderStatus.DENIED
        assert "the broker does none at once" in order.reason

    story()


def test_at_the_market_an_order_may_be_for_now_only() -> None:
    @at_mt5()
    async def story(desk: Desk) -> None:
        desk.terminal.show("EURUSD", "1.0800", "1.0801", depth="0.3")
        order = await desk.buy("0.5", time_in_force=TimeInForce.FOK)
        assert (order.status, desk.held()) == (OrderStatus.REJECTED, D(0))
        part = await desk.buy("0.5", time_in_force=TimeInForce.IOC)
        assert (part.status, desk.held()) == (OrderStatus.EXPIRED, D("0.3"))

    story()
