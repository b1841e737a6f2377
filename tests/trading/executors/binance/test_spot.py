"""The spot side against the emulated exchange: changes, cancels, lists, icebergs, trailing stops."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from tests.emulators.binance.orders import Order as Placed
from tests.trading.executors.binance.stage import BinanceDesk
from tests.trading.executors.contract import fills
from trading.errors import OutcomeUnknown, VenueRefused
from trading.instruments import Side
from trading.intent import OrderType, Trail
from trading.order import Order
from trading.reports import Amended, Canceled, Triggered

D = Decimal
BUY, SELL = Side.BUY, Side.SELL
LIMIT, STOP, TRAILING = OrderType.LIMIT, OrderType.STOP, OrderType.TRAILING_STOP
KEEP, REPLACE = "/api/v3/order/amend/keepPriority", "/api/v3/order/cancelReplace"


def placed(desk: BinanceDesk) -> list[Placed]:
    """Every order of the account, as the exchange keeps them, oldest first."""
    return list(desk.there.spot.exchange.accounts["main"].orders.values())


async def resting(desk: BinanceDesk, quantity: str = "2", limit: str = "95", **more: Any) -> Order:
    """A BUY that waits, as the desk knows it by now."""
    return desk.now(await desk.place(BUY, quantity, LIMIT, limit_price=limit, **more))


# --- amend -----------------------------------------------------------------------------------


async def test_less_of_the_same_keeps_its_place_and_its_ids(spot_desk: BinanceDesk) -> None:
    order = await resting(spot_desk)
    await spot_desk.amend(order, "1.5", "95")
    assert (spot_desk.sent(KEEP), spot_desk.sent(REPLACE)) == (1, 0)
    assert spot_desk.told(order, Amended) == [Amended(order.id, D("1.5"), D(95), None, order.venue_order_id)]
    [there] = placed(spot_desk)
    assert (there.client_id, there.qty) == (order.id, D("1.5"))


async def test_another_price_is_another_order_under_the_same_id(spot_desk: BinanceDesk) -> None:
    order = await resting(spot_desk)
    await spot_desk.amend(order, "2", "96")
    old, new = placed(spot_desk)
    assert [(old.client_id, old.status), (new.client_id, new.status)] == [
        (f"{order.id}-old", "CANCELED"),
        (order.id, "NEW"),
    ]
    assert spot_desk.told(order, Amended) == [Amended(order.id, D(2), D(96), None, str(new.id))]
    assert spot_desk.told(order, Canceled) == []
    shown = await spot_desk.executor.lookup(order)  # by the id it had
    assert shown is not None
    assert (shown.venue_order_id, shown.limit_price) == (str(new.id), D(96))


async def test_a_change_that_was_done_before_is_a_change_done(spot_desk: BinanceDesk) -> None:
    order = await resting(spot_desk)
    await spot_desk.amend(order, "2", "95")
    assert spot_desk.told(order, Amended) == [Amended(order.id, D(2), D(95), None, order.venue_order_id)]
    spot_desk.faults.arm("code_-2038", on="PUT *", text="The requested action would change no state; rejecting.")
    await spot_desk.amend(order, "1", "95")
    assert spot_desk.told(order, Amended)[-1] == Amended(order.id, D(1), D(95), None, order.venue_order_id)


async def test_a_change_of_which_only_the_cancel_succeeded_is_a_cancel(spot_desk: BinanceDesk) -> None:
    order = await resting(spot_desk, "50")  # of 10,000
    await resting(spot_desk, "60", "80")
    await spot_desk.amend(order, "50", "105")  # 5,200 are free by then
    [canceled] = [each for each in spot_desk.told(order) if isinstance(each, Canceled)]
    assert canceled.reason.startswith("The order was cancelled, but its replacement was refused")
    assert await spot_desk.status(order) == "canceled"
    assert [each.order_id for each in await spot_desk.executor.open_orders()] != [order.id]


async def test_a_change_without_an_answer_is_in_doubt_and_then_found(spot_desk: BinanceDesk) -> None:
    for fault, limit in (("drop_before", D(95)), ("drop_after", D(96))):
        order = await resting(spot_desk, "1")
        spot_desk.faults.arm(fault, on=f"POST {REPLACE}")
        with pytest.raises(OutcomeUnknown):
            await spot_desk.amend(order, "1", "96")
        shown = await spot_desk.executor.lookup(order)
        assert shown is not None
        assert (shown.status, shown.limit_price) == ("open", limit)


async def test_that_nothing_took_the_place_of_a_changed_order_is_believed_late(spot_desk: BinanceDesk) -> None:
    order = await resting(spot_desk)
    spot_desk.act("DELETE /api/v3/order", orderId=order.venue_order_id, newClientOrderId=f"{order.id}-old")
    order = replace(order, updated_at=spot_desk.there.clock.now())
    for seconds in (0, 22, 2):
        spot_desk.there.clock.move(seconds)
        with pytest.raises(OutcomeUnknown):
            await spot_desk.executor.lookup(order)
    shown = await spot_desk.executor.lookup(order)
    assert shown is not None
    assert (shown.status, shown.venue_order_id) == ("canceled", order.venue_order_id)
    assert "nothing took its place" in shown.reason


async def test_what_takes_the_place_of_a_changed_order_late_is_found(spot_desk: BinanceDesk) -> None:
    order = await resting(spot_desk)
    spot_desk.act("DELETE /api/v3/order", orderId=order.venue_order_id, newClientOrderId=f"{order.id}-old")
    with pytest.raises(OutcomeUnknown):
        await spot_desk.executor.lookup(replace(order, updated_at=spot_desk.there.clock.now()))
    late = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "2", "price": "96"}
    spot_desk.act("POST /api/v3/order", newClientOrderId=order.id, **late)
    shown = await spot_desk.executor.lookup(order)
    assert shown is not None
    assert (shown.status, shown.limit_price) == ("open", D(96))


async def test_another_price_for_what_is_partly_filled_is_refused(spot_desk: BinanceDesk) -> None:
    order = await resting(spot_desk)
    await spot_desk.show("94x5", "95x0.5")
    with pytest.raises(VenueRefused) as told:
        await spot_desk.amend(order, "2", "96")
    assert told.value.code == "PARTLY_FILLED"
    await spot_desk.amend(order, "1", "95")  # but less of the same is well
    shown = await spot_desk.executor.lookup(order)
    assert shown is not None
    assert (shown.status, shown.quantity, shown.filled_quantity) == ("open", D(1), D("0.5"))


async def test_an_iceberg_stays_one_when_it_is_changed(spot_desk: BinanceDesk) -> None:
    order = await resting(spot_desk, "2", iceberg=D("0.5"))
    await spot_desk.amend(order, "2", "96")
    assert [each.iceberg for each in placed(spot_desk)] == [D("0.5")] * 2
    await spot_desk.amend(order, "0.4", "97")  # less than the part that was to be seen: all of it is
    assert placed(spot_desk)[-1].iceberg == 0


async def test_in_a_list_only_the_size_can_be_changed(spot_desk: BinanceDesk) -> None:
    target, stop = await pair(spot_desk)
    with pytest.raises(VenueRefused) as told:
        await spot_desk.amend(target, "1", "111")
    assert told.value.code == "IN_LIST"
    await spot_desk.amend(target, "0.6", "110")
    assert [each.qty for each in placed(spot_desk)] == [D("0.6")] * 2
    for order, limit, trigger in ((target, D(110), None), (stop, None, D(90))):
        assert list(spot_desk.told(order, Amended)) == [
            Amended(order.id, D("0.6"), limit, trigger, spot_desk.now(order).venue_order_id)
        ]


# --- cancel ----------------------------------------------------------------------------------


async def test_an_order_that_somebody_gave_another_id_can_be_cancelled(spot_desk: BinanceDesk) -> None:
    order = await resting(spot_desk)
    spot_desk.act(f"PUT {KEEP}", orderId=order.venue_order_id, newClientOrderId="web_1", newQty="1")
    assert [each.order_id for each in await spot_desk.executor.open_orders()] == [order.id]
    await spot_desk.cancel(order)
    assert spot_desk.told(order)[-1] == Canceled(order.id, "", D(0))
    assert await spot_desk.status(order) == "canceled"


async def test_an_order_that_somebody_cancelled_says_so(spot_desk: BinanceDesk) -> None:
    order = await resting(spot_desk)
    spot_desk.act("DELETE /api/v3/order", orderId=order.venue_order_id)
    await spot_desk.settle()
    assert spot_desk.told(order)[-1] == Canceled(order.id, "cancelled at Binance, not by the desk", D(0))
    assert await spot_desk.status(order) == "canceled"


# --- lists -----------------------------------------------------------------------------------


async def pair(desk: BinanceDesk) -> tuple[Order, Order]:
    target = desk.draft(SELL, "1", LIMIT, limit_price="110", group="pair")
    stop = desk.draft(SELL, "1", STOP, stop_price="90", group="pair")
    await desk.send(target, stop)
    return desk.now(target), desk.now(stop)


async def bracket(desk: BinanceDesk, limit: str = "95") -> tuple[Order, Order, Order]:
    entry = desk.draft(BUY, "1", LIMIT, limit_price=limit)
    tied: dict[str, Any] = {"parent_id": entry.id, "group": f"legs of {entry.id}"}
    stop = desk.draft(SELL, "1", STOP, stop_price="90", **tied)
    target = desk.draft(SELL, "1", LIMIT, limit_price="110", **tied)
    await desk.send(entry, stop, target)
    return desk.now(entry), desk.now(stop), desk.now(target)


async def test_a_bracket_whose_entry_is_filled_at_once_leaves_its_legs_working(spot_desk: BinanceDesk) -> None:
    entry, stop, target = await bracket(spot_desk, "101")
    assert spot_desk.kinds(entry) == ["Accepted", "Filled"]
    assert [spot_desk.kinds(leg) for leg in (stop, target)] == [["Accepted"], ["Accepted"]]
    assert {each.order_id for each in await spot_desk.executor.open_orders()} == {stop.id, target.id}
    await spot_desk.show("89x5", "91x5")
    assert fills(spot_desk, stop) == [(D(1), D(89))]
    assert spot_desk.told(stop, Triggered)


async def test_the_cancel_of_a_leg_does_not_confuse_the_orders_of_the_list(spot_desk: BinanceDesk) -> None:
    entry, stop, target = await bracket(spot_desk)
    await spot_desk.show("94x5", "95x0.6")
    await spot_desk.cancel(stop)
    # all three go by the id of that cancel now
    assert {each.client_id for each in placed(spot_desk)} == {stop.id}
    for order, filled in ((entry, "0.6"), (stop, "0"), (target, "0")):
        assert spot_desk.told(order, Canceled) == [Canceled(order.id, "", D(filled))]
        shown = await spot_desk.executor.lookup(order)
        assert shown is not None
        assert (shown.order_id, shown.status, shown.filled_quantity) == (order.id, "canceled", D(filled))
    # nor a process that knows only what the books say
    books = {order.venue_order_id: order.id for order in (entry, stop, target)}
    later = spot_desk.there.executor(spot_desk.product, find=lambda symbol, venue_id: books.get(venue_id, ""))
    await later.start()
    assert [fill.order_id for fill in await later.fills(entry.created_at)] == [entry.id]
    await later.stop()


@pytest.mark.parametrize("cancelled", [0, 1, 2])
@pytest.mark.parametrize("number", [0, 1, 2])
async def test_an_unheard_order_whose_list_another_of_it_ended_is_found(
    spot_desk: BinanceDesk, number: int, cancelled: int
) -> None:
    for orders in (await bracket(spot_desk), await pair(spot_desk)):
        order = orders[number % len(orders)]
        await spot_desk.cancel(orders[cancelled % len(orders)])
        spot_desk.there.clock.move(24)
        for _ in range(3):
            shown = await spot_desk.executor.lookup(replace(order, venue_order_id=""))
            assert shown is not None
            assert (shown.order_id, shown.venue_order_id) == (order.id, order.venue_order_id)
            assert shown.status == "canceled"


async def test_an_order_that_never_arrived_is_not_taken_for_its_like_in_the_list_of_its_entry(
    spot_desk: BinanceDesk,
) -> None:
    entry, stop, target = await bracket(spot_desk)
    await spot_desk.cancel(target)
    tied: dict[str, Any] = {"parent_id": entry.id, "group": "another pair"}
    spot_desk.there.clock.move(31)
    for leg in (stop, target):
        like = spot_desk.draft(SELL, "1", leg.type, stop_price=leg.stop_price, limit_price=leg.limit_price, **tied)
        spot_desk.there.clock.move(24)
        with pytest.raises(OutcomeUnknown):
            await spot_desk.executor.lookup(like)
        assert await spot_desk.executor.lookup(like) is None


@pytest.mark.parametrize("number", [0, 1, 2])
async def test_an_unheard_order_of_a_list_is_not_taken_for_another_one_of_it(
    spot_desk: BinanceDesk, number: int
) -> None:
    order = (await bracket(spot_desk))[number]
    await spot_desk.cancel(order)  # its id is that of all three now, and nothing else is known of it
    spot_desk.there.clock.move(24)
    try:
        shown = await spot_desk.executor.lookup(replace(order, venue_order_id=""))
    except OutcomeUnknown:
        shown = await spot_desk.executor.lookup(replace(order, venue_order_id=""))
    assert shown is not None
    assert (shown.venue_order_id, shown.status) == (order.venue_order_id, "canceled")


# --- trailing stops --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trail", "points"), [(Trail(D(5)), 500), (Trail(D("1.25"), percent=True), 125), (Trail(D("0.337")), 34)]
)
async def test_a_trailing_stop_is_told_in_hundredths_of_a_percent(
    spot_desk: BinanceDesk, trail: Trail, points: int
) -> None:
    order = await spot_desk.place(SELL, "1", TRAILING, trail=trail)
    [there] = placed(spot_desk)
    assert (there.type, there.trailing, there.stop) == ("STOP_LOSS", points, D(0))
    shown = await spot_desk.executor.lookup(order)
    assert shown is not None
    assert (shown.status, shown.limit_price, shown.stop_price) == ("open", None, None)


async def test_a_distance_in_money_needs_a_price(spot_desk: BinanceDesk) -> None:
    spot_desk.there.shown(spot_desk.product).last = None
    order = await spot_desk.place(SELL, "1", TRAILING, trail=Trail(D(5)))
    assert "no price to turn the distance into one" in getattr(spot_desk.told(order)[0], "reason", "")
    assert placed(spot_desk) == []


async def test_spot_has_no_leverage(spot_desk: BinanceDesk) -> None:
    with pytest.raises(VenueRefused, match="Spot has no leverage"):
        await spot_desk.executor.set_leverage(spot_desk.stage.symbol, 3)
