"""Killed at any moment, the desk finds at Binance what is its own; it takes nothing of what is not."""

import asyncio
from decimal import Decimal

import pytest

from tests.incidents.binance import ACCOUNT, BOTH, SPOT, USDM, Desk, at_binance
from tests.incidents.hands import ANA, DEMO
from trading import events as e
from trading.binance.products import Product
from trading.errors import VenueRefused
from trading.intent import Leg
from trading.order import OrderStatus

D = Decimal
CANCEL = {SPOT: "DELETE /api/v3/order", USDM: "DELETE /fapi/v1/order"}
STEP = D("0.001")


async def away(desk: Desk, bids: str, asks: str) -> Desk:
    """The process is killed, the market shows this meanwhile, and the process is started again a minute later."""
    await desk.crash()
    desk.world.show(bids, asks, desk.symbol)
    await asyncio.sleep(60)
    return await desk.restart()


@BOTH
def test_killed_before_the_answer_the_order_is_found_and_can_be_cancelled(product: Product) -> None:
    """inc47: kill -9 between the request and the note of its answer: the order was nobody's."""

    @at_binance(product)
    async def story(desk: Desk) -> None:
        desk.faults.arm("hang_after", on=desk.place)
        sending = desk.begin(desk.buy("2", "96"))
        await asyncio.sleep(0.5)
        ((there, _),) = desk.working().items()
        desk = await away(desk, "100x1000", "100.1x1000")
        assert sending.cancelled()
        (order,) = desk.open()
        assert (order.id, order.status) == (there, OrderStatus.ACCEPTED)
        assert (await desk.cancel(order)).status is OrderStatus.CANCELED
        assert desk.sent == 1

    story()


@BOTH
def test_an_order_whose_cancel_had_failed_is_still_known_and_cancelled_after_a_restart(product: Product) -> None:
    """inc47: orders whose cancel had failed were forgotten by the restart, and worked on."""

    @at_binance(product)
    async def story(desk: Desk) -> None:
        order = await desk.buy("2", "96")
        desk.faults.arm("status_503", on=CANCEL[product], times=0)
        await desk.cancel(order)
        desk = await away(desk, "100x1000", "100.1x1000")
        assert desk.now(order).status is OrderStatus.PENDING_CANCEL
        desk.faults.disarm()
        await asyncio.sleep(60)
        assert desk.now(order).status is OrderStatus.CANCELED

    story()


@BOTH
def test_after_a_restart_the_pair_still_belongs_to_its_position(product: Product) -> None:
    """inc48: after a restart stop and target were nobody's, and what had been bought was orphaned."""

    @at_binance(product)
    async def story(desk: Desk) -> None:
        await desk.buy("2", stop_loss="97", take_profit="103")
        await asyncio.sleep(5)
        there = set(desk.working())
        desk = await away(desk, "100x1000", "100.1x1000")
        assert {order.id for order in desk.open()} == there
        await desk.protection.change("web:sl", DEMO, desk.symbol, ANA, stop=D(98))
        await asyncio.sleep(5)
        (stop,) = desk.legs(Leg.STOP_LOSS)
        assert stop.stop_price == 98
        await desk.show("103.5x1000", "103.6x1000")
        await asyncio.sleep(30)
        assert 0 <= desk.held() < STEP
        assert desk.working() == {}

    story()


@BOTH
@pytest.mark.parametrize("meanwhile", [True, False])
def test_a_stop_that_fills_around_a_restart_takes_its_target_along(product: Product, meanwhile: bool) -> None:
    """inc49: the position was found again but not its stop and target; one filled, and a ghost was left."""

    @at_binance(product)
    async def story(desk: Desk) -> None:
        await desk.buy("2", stop_loss="97", take_profit="103")
        await asyncio.sleep(5)
        if meanwhile:
            desk = await away(desk, "96x1000", "96.1x1000")
        else:
            desk = await desk.restart()
            await desk.show("96x1000", "96.1x1000")
        await asyncio.sleep(10)
        assert 0 <= desk.held() < STEP
        assert desk.working() == {}
        await desk.show("103.5x1000", "103.6x1000")
        assert 0 <= desk.held() < STEP

    story()


@BOTH
def test_an_entry_that_fills_while_we_are_away_is_booked_protected_and_not_placed_again(product: Product) -> None:
    """inc50: after a time offline it placed the orders again that had been filled meanwhile."""

    @at_binance(product)
    async def story(desk: Desk) -> None:
        entry = await desk.buy("2", "96", stop_loss="95")
        desk = await away(desk, "95.5x1000", "96x1000")
        await asyncio.sleep(5)
        assert desk.now(entry).status is OrderStatus.FILLED
        (stop,) = desk.legs(Leg.STOP_LOSS)
        assert stop.id in desk.working()
        assert 0 <= desk.held() - stop.remaining < STEP
        assert len([order for order in desk.book.recent_orders() if order.leg is Leg.ENTRY]) == 1

    story()


@BOTH
def test_a_waiting_entry_is_a_waiting_entry_after_the_restart(product: Product) -> None:
    """inc51: rebooted with an entry that waited, the bot took it for an open position."""

    @at_binance(product)
    async def story(desk: Desk) -> None:
        entry = await desk.buy("2", "96", stop_loss="95", take_profit="103")
        sent = desk.sent
        desk = await away(desk, "100x1000", "100.1x1000")
        await asyncio.sleep(60)
        assert desk.now(entry).status is OrderStatus.ACCEPTED
        assert desk.book.positions(DEMO) == []
        assert (desk.sent, desk.traded()) == (sent, D(0))

    story()


@at_binance(agrees=False)
async def test_a_journal_older_than_the_exchange_shows_as_differences_before_anything_is_sent(desk: Desk) -> None:
    """inc52: a database copied without its log took the bot back in time, and it traded on from there."""
    await desk.buy("1")
    copied = list(desk.journal.entries)
    await desk.buy("2")
    resting = await desk.buy("0.5", "96")
    sent = desk.sent
    await desk.crash()
    desk.journal.entries = copied
    desk = await desk.restart()
    shown = {(drift.kind, drift.subject): (drift.ours, drift.theirs) for drift in desk.reconciler.open_drifts()}
    assert shown["balance", "BTC"] == ("0.999", "2.997")
    assert ("order", resting.venue_order_id) in shown
    assert any(kind == "fill" for kind, _ in shown)
    assert desk.sent == sent


@BOTH
def test_orders_that_somebody_placed_by_hand_are_never_touched(product: Product) -> None:
    """inc53: at every start it cancelled all orders of the account, the manual ones too."""

    @at_binance(product, agrees=False)
    async def story(desk: Desk) -> None:
        terms = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": 2, "price": 96}
        if product is SPOT:
            desk.spot.act(ACCOUNT, "POST /api/v3/order", **terms)
        else:
            desk.futures.place(ACCOUNT, **terms)
        manual = set(desk.working())
        ours = await desk.buy("2", "97")
        desk = await away(desk, "100x1000", "100.1x1000")
        kill = await desk.killer.kill("panic", "all", ANA, flatten=True)
        assert (await desk.killer.finished(kill.id, 60)).done
        await asyncio.sleep(120)
        assert desk.now(ours).status is OrderStatus.CANCELED
        assert set(desk.working()) == manual
        assert [drift.kind for drift in desk.reconciler.open_drifts()] == ["order"]

    story()


@BOTH
def test_five_restarts_change_nothing(product: Product) -> None:
    """A fill was booked twice after a restart, and every restart made orders of what it found."""

    @at_binance(product)
    async def story(desk: Desk) -> None:
        await desk.buy("2", stop_loss="97", take_profit="103")
        await desk.buy("2", "96")
        await asyncio.sleep(5)

        def figures() -> tuple[object, ...]:
            return desk.held(), len(desk.events(e.OrderFilled)), len(desk.events(e.OrderInitialized)), desk.sent

        before = figures()
        for _ in range(5):
            desk = await away(desk, "100x1000", "100.1x1000")
            await asyncio.sleep(40)
            assert figures() == before

    story()


@at_binance(USDM, starts=False, agrees=False)
async def test_an_account_in_hedge_mode_is_refused_with_the_remedy(desk: Desk) -> None:
    """In hedge mode each side is a position of its own, and a sale that closes opened a short beside the long."""
    desk.futures.account(ACCOUNT).dual = True
    with pytest.raises(VenueRefused, match="Change it to one-way mode at Binance"):
        await desk.line.start()
