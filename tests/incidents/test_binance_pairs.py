"""Stops and targets at Binance: what is held is protected, or people know that it is not; and nothing exits twice."""

import asyncio
from decimal import Decimal

from tests.incidents.binance import ACCOUNT, BOTH, SPOT, USDM, Desk, at_binance
from tests.incidents.hands import ANA, DEMO
from trading import events as e
from trading.binance.products import Product
from trading.intent import Leg
from trading.order import OrderStatus

D = Decimal
PAIR = {SPOT: "POST /api/v3/orderList/oco", USDM: "POST /fapi/v1/algoOrder"}
STOP = {SPOT: "POST /api/v3/order", USDM: "POST /fapi/v1/algoOrder"}
NO_MONEY = {
    SPOT: ("code_-2010", "Account has insufficient balance for requested action."),
    USDM: ("code_-2019", "Margin is insufficient."),
}
STEP = D("0.001")


def is_covered(desk: Desk) -> bool:
    """Stops work at Binance over all that is held, but for less than a step."""
    working = desk.working()
    there = sum(
        (working[stop.id][0] - working[stop.id][1] for stop in desk.legs(Leg.STOP_LOSS) if stop.id in working), D(0)
    )
    return desk.held() > 0 and 0 <= desk.held() - there < STEP


# --- a pair that Binance will not take -------------------------------------------------------


@BOTH
def test_a_pair_refused_for_want_of_funds_is_told_and_tried_again_until_the_stop_is_live(product: Product) -> None:
    """inc24: the pair after a buy was -2010, the code crashed on an answer without orderReports: a naked position."""

    @at_binance(product)
    async def story(desk: Desk) -> None:
        code, text = NO_MONEY[product]
        desk.faults.arm(code, on=PAIR[product], text=text, times=4)
        await desk.buy("2", stop_loss="97", take_profit="103")
        assert not is_covered(desk)
        await asyncio.sleep(10)
        assert text in desk.warnings()[0]
        assert "tried again" in desk.warnings()[0]
        await asyncio.sleep(300)
        assert is_covered(desk)

    story()


@at_binance()
async def test_a_pair_whose_parameters_binance_does_not_take_is_told_and_the_desk_lives(desk: Desk) -> None:
    """inc36: -1102, the parameters of lists had been renamed: every pair was refused, and nobody was told."""
    text = "Mandatory parameter 'aboveType' was not sent, was empty/null, or malformed."
    desk.faults.arm("code_-1102", on=PAIR[SPOT], text=text, times=0)
    await desk.buy("2", stop_loss="97", take_profit="103")
    await asyncio.sleep(600)
    assert len(desk.warnings()) == 1
    assert text in desk.warnings()[0]
    assert desk.sent < 20
    desk.faults.disarm()
    await desk.protection.change("web:sl", DEMO, desk.symbol, ANA, stop=D(97))  # by hand, once it works again
    await asyncio.sleep(1)
    assert is_covered(desk)


@BOTH
def test_a_stop_that_would_trigger_at_once_closes_the_position(product: Product) -> None:
    """inc40: "Stop price would trigger immediately.": the price had gone through it, and the loss ran on."""

    @at_binance(product)
    async def story(desk: Desk) -> None:
        desk.faults.arm("slow", on=STOP[product], seconds=0.5, queued=True, skip=int(product is SPOT))
        desk.begin(desk.buy("2", stop_loss="97"))
        await asyncio.sleep(0.2)
        where = desk.futures if product is USDM else desk.spot
        where.show("BTCUSDT", [["96", "1000"]], [["96.1", "1000"]])  # before the stop is there, and before we see it
        await asyncio.sleep(60)
        assert desk.held() < STEP
        assert desk.working() == {}
        assert any("trigger" in text for text in desk.warnings())

    story()


# --- changing protection ---------------------------------------------------------------------


@BOTH
def test_adding_a_target_keeps_the_stop(product: Product) -> None:
    """inc34: the stop was taken away for a limit sale, and the price fell while nothing protected the position."""

    @at_binance(product)
    async def story(desk: Desk) -> None:
        await desk.buy("2", stop_loss="97")
        assert is_covered(desk)
        bare = 0

        async def watch() -> None:
            nonlocal bare
            while True:
                bare += not is_covered(desk)
                await asyncio.sleep(0.2)

        desk.begin(watch())
        await desk.protection.change("web:tp", DEMO, desk.symbol, ANA, target=D(103))
        await asyncio.sleep(10)
        assert is_covered(desk)
        assert [order.limit_price for order in desk.legs(Leg.TAKE_PROFIT)] == [103]
        assert bare * 0.2 < 1  # seconds

    story()


@BOTH
def test_a_stop_taken_away_for_a_change_that_is_refused_comes_back(product: Product) -> None:
    """inc34: the new pair was refused after the old stop had gone."""

    @at_binance(product)
    async def story(desk: Desk) -> None:
        await desk.buy("2", stop_loss="97")
        code, text = NO_MONEY[product]
        for where in {PAIR[product], STOP[product]}:
            desk.faults.arm(code, on=where, text=text, times=2)
        await desk.protection.change("web:sl", DEMO, desk.symbol, ANA, stop=D(98))
        await asyncio.sleep(300)
        assert is_covered(desk)

    story()


@BOTH
def test_a_part_with_a_target_of_its_own_leaves_the_stop_of_the_rest(product: Product) -> None:
    """inc35: a target was for two of three, and the stop covered only one."""

    @at_binance(product)
    async def story(desk: Desk) -> None:
        await desk.buy("2", stop_loss="97", take_profit="103")
        await desk.buy("1", stop_loss="97")
        await asyncio.sleep(5)
        assert is_covered(desk)
        await desk.show("103.5x1000", "103.6x1000")
        await asyncio.sleep(10)
        assert D("0.99") < desk.held() <= 1
        assert is_covered(desk)
        assert desk.legs(Leg.TAKE_PROFIT) == []

    story()


# --- nothing exits twice ---------------------------------------------------------------------


@BOTH
def test_a_price_that_runs_through_both_legs_cannot_turn_the_position(product: Product) -> None:
    """inc37: the target was filled, then the stop as well, and a position the other way round was left."""

    @at_binance(product)
    async def story(desk: Desk) -> None:
        await desk.buy("2", stop_loss="97", take_profit="103")
        await asyncio.sleep(5)
        desk.faults.arm("hang_before", on="DELETE /fapi/v1/*", times=3)  # and our cancel of the other is slow
        desk.world.show("103.5x1000", "103.6x1000", desk.symbol)
        desk.world.show("96x1000", "96.1x1000", desk.symbol)
        await asyncio.sleep(90)
        assert 0 <= desk.held() < STEP
        assert desk.working() == {}
        assert desk.traded() < D("4.01")

    story()


@BOTH
def test_a_position_closed_while_its_stop_is_on_its_way_gets_none(product: Product) -> None:
    """inc38: the sale was filled between the check and the stop, which would have sold a second time."""

    @at_binance(product)
    async def story(desk: Desk) -> None:
        desk.faults.arm("slow", on=STOP[product], seconds=1.5, queued=True, skip=int(product is SPOT))
        await desk.buy("2", stop_loss="97")
        assert (desk.held() > 0, desk.working()) == (True, {})
        await desk.protection.make_room(DEMO, desk.symbol, desk.held(), ANA)  # waits until it has come and gone
        (ended,) = [order for order in desk.book.recent_orders() if order.leg is Leg.STOP_LOSS]
        assert (ended.status, desk.working()) == (OrderStatus.CANCELED, {})
        await desk.sell(str(desk.held()), reduce_only=True)
        await asyncio.sleep(60)
        assert 0 <= desk.held() < STEP
        assert desk.working() == {}
        await desk.show("96x1000", "96.1x1000")
        assert 0 <= desk.held() < STEP

    story()


@BOTH
def test_a_stop_that_was_done_is_not_placed_again(product: Product) -> None:
    """inc39: after the stop had closed the position, the next round of refreshing stops placed it anew."""

    @at_binance(product)
    async def story(desk: Desk) -> None:
        await desk.buy("2", stop_loss="97", take_profit="103")
        await asyncio.sleep(5)
        await desk.show("96x1000", "96.1x1000")
        await asyncio.sleep(5)
        assert 0 <= desk.held() < STEP
        sent = desk.sent
        await desk.show("100x1000", "100.1x1000")
        await desk.protection.check_all()
        await asyncio.sleep(120)
        desk = await desk.restart()
        await asyncio.sleep(120)
        assert desk.sent == sent
        assert desk.working() == {}

    story()


@BOTH
def test_a_position_closed_by_hand_ends_the_stop_and_shows_as_a_difference(product: Product) -> None:
    """inc41: it was sold in the app, and the bot tried its stop for ever without funds."""

    @at_binance(product, agrees=False)
    async def story(desk: Desk) -> None:
        await desk.buy("2", stop_loss="97")
        (stop,) = desk.legs(Leg.STOP_LOSS)
        if product is SPOT:
            desk.spot.act(ACCOUNT, "DELETE /api/v3/order", symbol="BTCUSDT", orderId=stop.venue_order_id)
            desk.spot.act(ACCOUNT, "POST /api/v3/order", symbol="BTCUSDT", side="SELL", type="MARKET", quantity="1.998")
        else:
            desk.futures.place(ACCOUNT, symbol="BTCUSDT", side="SELL", type="MARKET", quantity="2")
        await asyncio.sleep(300)
        sent = desk.sent
        assert sent < 12
        await asyncio.sleep(300)
        assert desk.sent == sent
        assert desk.events(e.DriftFound)
        assert desk.reconciler.open_drifts()
        await desk.show("96x1000", "96.1x1000")
        assert desk.traded() == (D("3.998") if product is SPOT else 4), "and nothing is sold twice"
        assert not [order for order in desk.open() if order.status is OrderStatus.SUBMITTED]

    story()
