"""One wish, one order at Binance, whatever becomes of the request, its answer or the report."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from handlers.cards import outcome
from tests.incidents.binance import ACCOUNT, BOTH, SPOT, USDM, Desk, at_binance
from trading import events as e
from trading.binance.products import Product
from trading.instruments import Side
from trading.intent import Origin
from trading.order import OrderStatus

D = Decimal
SURE = timedelta(seconds=12)  # the window of a request, and the patience of the engine
LIMIT = "96"  # below the market, and near enough for the futures


@BOTH
@pytest.mark.parametrize(("fault", "detail"), [("code_-1007", {"executed": True}), ("drop_after", {})])
def test_an_order_whose_answer_timed_out_and_that_the_stream_reports_is_not_sent_again(
    product: Product, fault: str, detail: dict[str, Any]
) -> None:
    """inc00: -1007, then the stream said NEW, and the retry was sent all the same: a duplicate."""

    @at_binance(product)
    async def story(desk: Desk) -> None:
        desk.faults.arm(fault, on=desk.place, **detail)
        for event in ("executionReport", "ORDER_TRADE_UPDATE"):
            desk.faults.arm("late", on=event, seconds=0.2)
        order = await desk.buy("2", LIMIT)
        assert order.status is OrderStatus.ACCEPTED
        await asyncio.sleep(300)
        assert desk.sent == 1
        assert list(desk.working()) == [order.id]

    story()


@BOTH
def test_a_market_order_whose_connection_was_reset_is_bought_once(product: Product) -> None:
    """inc01: it was executed, the connection was reset, and a retry without an id bought again."""

    @at_binance(product)
    async def story(desk: Desk) -> None:
        desk.silence()
        desk.faults.arm("drop_after", on=desk.place)
        order = await desk.buy("2")
        await asyncio.sleep(300)
        assert (desk.sent, desk.traded()) == (1, D(2))
        assert desk.traded(order) == 2, "it went out under our id"
        assert desk.now(order).status is OrderStatus.FILLED

    story()


@BOTH
def test_what_binance_turned_down_is_not_tried_again(product: Product) -> None:
    """inc01: the same retry sent again what could only be refused again, for want of money."""
    code, text = {
        SPOT: ("code_-2010", "Account has insufficient balance for requested action."),
        USDM: ("code_-2019", "Margin is insufficient."),
    }[product]

    @at_binance(product)
    async def story(desk: Desk) -> None:
        desk.faults.arm(code, on=desk.place, text=text)
        order = await desk.buy("2")
        await asyncio.sleep(300)
        assert order.status is OrderStatus.REJECTED
        assert order.reason.startswith("INSUFFICIENT_FUNDS")
        assert text in order.reason
        assert (desk.sent, desk.traded()) == (1, D(0))

    story()


@BOTH
@pytest.mark.parametrize("executed", [True, False])
def test_a_gateway_timeout_is_unknown_until_binance_was_asked_for_the_id(product: Product, executed: bool) -> None:
    """inc02: HTTP 504 says neither yes nor no; the order is looked up by our id before anything is decided."""

    @at_binance(product)
    async def story(desk: Desk) -> None:
        desk.silence()
        desk.faults.arm("status_504", on=desk.place, executed=executed)
        order = await desk.oms.submit(desk.intent(Side.BUY, "2"))
        assert outcome(order).startswith("UNKNOWN - checking")
        await asyncio.sleep(60)
        ended = desk.now(order)
        if executed:
            assert ended.status is OrderStatus.FILLED
        else:
            assert sum(f"origClientOrderId={order.id}" in asked for asked in desk.binance.requests) >= 2
            assert ended.reason == "NEVER_ARRIVED: it never reached the venue"
            assert ended.updated_at - order.created_at > SURE, "the engine could have been late"
        assert desk.sent == 1

    story()


@BOTH
def test_send_status_unknown_then_not_found_twice_and_then_filled(product: Product) -> None:
    """inc03: "Send status unknown; execution status unknown", then twice -2013, and then it was filled."""

    @at_binance(product)
    async def story(desk: Desk) -> None:
        desk.silence()
        desk.faults.arm("code_-1007", on=desk.place, executed=True)
        desk.faults.arm("lookup_lag", on=desk.place, lookups=2, lists=True)
        order = await desk.buy("2")
        assert order.in_doubt
        await asyncio.sleep(60)
        assert desk.now(order).status is OrderStatus.FILLED
        assert desk.sent == 1

    story()


@BOTH
def test_one_of_five_orders_times_out_and_none_is_placed_again(product: Product) -> None:
    """inc04: four were acknowledged, the fifth timed out but worked, and all five were placed again."""

    @at_binance(product)
    async def story(desk: Desk) -> None:
        desk.silence()
        desk.faults.arm("hang_after", on=desk.place, skip=4)
        orders = [await desk.buy("2", price) for price in ("96", "96.5", "97", "97.5", "98")]
        await asyncio.sleep(300)
        assert desk.sent == 5
        assert sorted(desk.working()) == sorted(order.id for order in orders)
        assert {desk.now(order).status for order in orders} == {OrderStatus.ACCEPTED}

    story()


@BOTH
def test_no_layer_repeats_a_request_that_places_an_order_and_questions_are_repeated(product: Product) -> None:
    """inc05: the HTTP client repeated whatever met a 502, orders too."""

    @at_binance(product)
    async def story(desk: Desk) -> None:
        path = desk.place.removeprefix("POST ")
        desk.faults.arm("status_502", on=desk.place)
        desk.faults.arm("status_502", on=f"GET {path}", times=3)
        order = await desk.buy("2")
        await asyncio.sleep(60)
        assert desk.now(order).reason == "NEVER_ARRIVED: it never reached the venue"
        assert desk.sent == 1
        assert desk.asked(path) - desk.sent > 3

    story()


@BOTH
def test_two_signals_in_the_same_second_are_two_orders(product: Product) -> None:
    """inc06: ids made of the second collided: -2010, duplicate order sent."""

    @at_binance(product)
    async def story(desk: Desk) -> None:
        names = ("trend", "mean")
        wishes = [
            desk.intent(Side.BUY, "2", LIMIT, origin=Origin(f"strategy:{name}", "strategy"), key=f"{name}:12:00")
            for name in names
        ]
        orders = await asyncio.gather(*map(desk.oms.submit, wishes))
        await asyncio.sleep(1)
        assert [desk.now(order).status for order in orders] == [OrderStatus.ACCEPTED] * 2
        assert len(desk.working()) == 2

    story()


@at_binance()
async def test_an_order_that_is_refused_as_a_duplicate_is_the_one_that_arrived_before(desk: Desk) -> None:
    """inc06: "Duplicate order sent." is no failure: an earlier send with this id works, and is found."""
    wish = desk.intent(Side.BUY, "2", LIMIT, key="alert:7")
    terms = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": 2, "price": LIMIT}
    desk.spot.act(ACCOUNT, "POST /api/v3/order", newClientOrderId=desk.book.order_id(wish.key), **terms)
    await asyncio.sleep(1)  # the stream tells of it before the desk knows of any such order
    order = await desk.submit(wish)
    await asyncio.sleep(10)
    assert not desk.events(e.OrderRejected)
    assert desk.now(order).status is OrderStatus.ACCEPTED
    assert list(desk.working()) == [order.id]


@BOTH
def test_one_trigger_delivered_twice_at_once_is_one_order(product: Product) -> None:
    """inc07: two ticks raced, and both bought."""

    @at_binance(product)
    async def story(desk: Desk) -> None:
        wish = desk.intent(Side.BUY, "2", key="tick:1")
        first, second = await asyncio.gather(desk.oms.submit(wish), desk.oms.submit(wish))
        await asyncio.sleep(1)
        assert first.id == second.id
        assert (desk.sent, desk.traded(), desk.held()) == (1, D(2), D(2) if product is USDM else D("1.998"))

    story()


@BOTH
def test_a_new_order_that_is_not_found_for_a_while_is_not_taken_for_rejected(product: Product) -> None:
    """inc10: asked for right after it was placed, it was -2013 three times, and given up although it worked."""

    @at_binance(product)
    async def story(desk: Desk) -> None:
        desk.silence()
        desk.faults.arm("drop_after", on=desk.place)
        desk.faults.arm("lookup_lag", on=desk.place, lookups=3, seconds=8, lists=True)
        order = await desk.buy("2", LIMIT)
        assert order.in_doubt
        await asyncio.sleep(60)
        assert desk.now(order).status is OrderStatus.ACCEPTED
        assert not desk.events(e.OrderRejected)
        assert desk.sent == 1

    story()


@BOTH
def test_an_order_that_binance_does_not_find_any_more_ends_and_is_told_and_its_fill_still_counts(
    product: Product,
) -> None:
    """inc11: -2013 for ever, for an order that was there: people are told, and nothing of it is lost."""

    @at_binance(product)
    async def story(desk: Desk) -> None:
        desk.faults.arm("lookup_lag", on=desk.place, seconds=600, lists=True)
        order = await desk.buy("2", LIMIT)
        assert order.status is OrderStatus.ACCEPTED
        await asyncio.sleep(20)
        assert desk.now(order).status is OrderStatus.ACCEPTED
        await asyncio.sleep(90)
        assert desk.now(order).status is OrderStatus.CANCELED
        (warning,) = desk.warnings()
        assert order.id in warning
        await desk.show("95x1000", "96x1000")
        assert desk.now(order).status is OrderStatus.FILLED

    story()


@at_binance()
async def test_new_entries_wait_while_an_order_is_in_doubt(desk: Desk) -> None:
    """inc11: as long as nobody knows what became of an order, its symbol takes no new one."""
    desk.faults.arm("hang_before", on=desk.place)
    first = await desk.buy("2")
    assert first.in_doubt
    second = await desk.buy("2")
    assert second.status is OrderStatus.DENIED
    assert second.reason.startswith("IN_DOUBT: ")
    await asyncio.sleep(60)
    assert (await desk.buy("2")).status is OrderStatus.FILLED
