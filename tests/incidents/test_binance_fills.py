"""Each fill at Binance counts once and as what arrived of it: parts, doubles, fees in the coin or in BNB, dust."""

import asyncio
from decimal import Decimal

from tests.emulators.binance.rules import listing
from tests.emulators.binance.spot import LISTED
from tests.incidents.binance import ACCOUNT, BOTH, SPOT, USDM, Desk, at_binance
from tests.incidents.hands import DEMO
from trading import events as e
from trading.binance.products import Product
from trading.instruments import Money, Symbol
from trading.intent import Leg
from trading.order import OrderStatus

D = Decimal
BNB = Symbol("BNB/USDT")
COIN = Symbol("OMG/USDT")
FINE = [
    listing(*row) for row in (*LISTED, ("OMG", "USDT", "0.01", "0.01", "5"), ("BNB", "BTC", "0.001", "0.001", "0.0001"))
]
TRADES = {SPOT: "executionReport:TRADE", USDM: "ORDER_TRADE_UPDATE:TRADE"}
LESS_FEE = D("0.999")


@BOTH
def test_a_report_that_comes_twice_changes_the_position_once(product: Product) -> None:
    """inc08: after the stream was changed one sale was counted twice."""

    @at_binance(product)
    async def story(desk: Desk) -> None:
        for event in ("executionReport", "ORDER_TRADE_UPDATE"):
            desk.faults.arm("doubled", on=event, times=0)
        await desk.buy("2")
        await desk.show("110x1000", "110.1x1000")
        await desk.sell("1")
        assert len(desk.events(e.OrderFilled)) == 2
        position = desk.book.position(DEMO, desk.symbol)
        assert position is not None
        assert position.quantity == (1 if product is USDM else D("0.998"))

    story()


@at_binance()
async def test_a_fill_told_again_when_a_cancel_is_sent_counts_once(desk: Desk) -> None:
    """inc09: a TRADE with the same trade id came again, of an order that was filled, when a cancel was sent."""
    order = await desk.buy("2")
    before = desk.journal.last_seq
    account = desk.spot.exchange.accounts[ACCOUNT]
    (there,), (trade,) = account.orders.values(), account.trades
    await desk.line.cancel(desk.now(order)) if desk.now(order).is_open else await desk.cancel(order)
    desk.spot.exchange.tell(there, "TRADE", trade)
    await asyncio.sleep(1)
    assert desk.journal.last_seq == before
    assert desk.held() == 2 * LESS_FEE


@BOTH
def test_a_part_that_was_filled_before_the_cancel_is_held_less_its_fee_and_can_be_sold(product: Product) -> None:
    """inc12: 23.493 of 23.517 were filled, the books kept 23.517, and the sale failed for want of coins."""

    @at_binance(product, funds=["100000 USDT"])
    async def story(desk: Desk) -> None:
        order = await desk.buy("23.517", "99")
        await desk.show("98x1000", "98.9x23.493")
        await desk.cancel(order)
        assert desk.held() == (D("23.493") if product is USDM else D("23.493") * LESS_FEE)
        await desk.sell(str(desk.held()), reduce_only=True)
        assert 0 <= desk.held() < D("0.001")

    story()


@BOTH
def test_the_filled_part_of_a_cancelled_order_counts_although_only_its_end_was_told(product: Product) -> None:
    """inc13: the order ended as CANCELED with 40 % executed; that part was ignored."""

    @at_binance(product)
    async def story(desk: Desk) -> None:
        order = await desk.buy("5", "99")
        desk.faults.arm("missing", on=TRADES[product], times=0)
        await desk.show("98x1000", "98.9x2")
        await desk.cancel(order)
        await asyncio.sleep(40)
        assert desk.now(order).status is OrderStatus.CANCELED
        assert desk.now(order).filled_quantity == 2
        assert desk.held() == (2 if product is USDM else 2 * LESS_FEE)

    story()


@BOTH
def test_getting_out_works_while_a_sale_is_half_done(product: Product) -> None:
    """inc14: a sale of which a tenth was filled could neither be cancelled nor forced."""

    @at_binance(product)
    async def story(desk: Desk) -> None:
        await desk.buy("2")
        sale = await desk.sell("1.99", "101")
        await desk.show("101x0.2", "101.1x1000")
        assert desk.now(sale).filled_quantity == D("0.2")
        await desk.cancel(sale)
        await desk.show("100x1000", "100.1x1000")
        await desk.sell(str(desk.held()), reduce_only=True)
        assert desk.now(sale).status is OrderStatus.CANCELED
        assert desk.held() < D("0.001")

    story()


@BOTH
def test_an_entry_that_is_cancelled_after_a_part_has_a_stop_over_that_part(product: Product) -> None:
    """inc15: 4.1 of 23.626 were bought; Binance drops the legs of a list with its entry: that part stood naked."""

    @at_binance(product, funds=["100000 USDT"])
    async def story(desk: Desk) -> None:
        order = await desk.buy("23.626", "99", stop_loss="90", take_profit="120")
        await desk.show("98x1000", "98.9x4.1")
        await desk.cancel(order)
        await asyncio.sleep(15)
        held = D("4.1") if product is USDM else D("4.1") * LESS_FEE
        assert desk.held() == held
        assert held - desk.covered() < D("0.001")
        (stop,) = desk.legs(Leg.STOP_LOSS)
        assert stop.id in desk.working()

    story()


@at_binance()
async def test_a_part_too_small_to_sell_is_left_as_dust_and_not_tried_for_ever(desk: Desk) -> None:
    """inc16: the filled part was worth less than the least order, and the bot tried to sell it for ever."""
    order = await desk.buy("2", "99", stop_loss="80")
    await desk.show("98x1000", "98.9x0.01")
    await desk.cancel(order)
    await asyncio.sleep(10)
    sent = desk.sent
    await asyncio.sleep(300)
    assert desk.held() == D("0.01") * LESS_FEE
    assert desk.sent == sent


@at_binance(listings=FINE)
async def test_all_that_was_bought_can_be_sold_after_a_fee_in_the_coin(desk: Desk) -> None:
    """inc23: 52.8 were bought and 52.7472 arrived; the sale of 52.8 was refused for ever."""
    await desk.show("10x1000", "10.01x1000", COIN)
    await desk.buy("52.8", symbol=COIN)
    assert desk.held(COIN) == D("52.7472")
    sale = await desk.sell(str(desk.held(COIN)), symbol=COIN, reduce_only=True)
    assert sale.status is OrderStatus.FILLED
    assert desk.held(COIN) == D("0.0072"), "less than a step"


@at_binance()
async def test_buying_bnb_while_fees_are_paid_in_bnb(desk: Desk) -> None:
    """inc25: the fee came out of the coin that was bought, and was not taken off."""
    desk.spot.exchange.accounts[ACCOUNT].commission.pay_in_bnb = True
    await desk.show("600x1000", "600.1x1000", BNB)
    await desk.buy("2", symbol=BNB)
    (fill,) = desk.events(e.OrderFilled)
    assert fill.fee == Money(D("0.0015"), "BNB"), "a quarter off"
    assert desk.held(BNB) == D("1.9985")
    await desk.sell(str(desk.held(BNB)), symbol=BNB, reduce_only=True)
    assert desk.held(BNB) < D("0.001")


@at_binance(funds=["10000 USDT", "0.0006 BNB"], listings=FINE)
async def test_fees_of_one_order_in_two_coins_are_both_kept(desk: Desk) -> None:
    """inc26: there was BNB for the fee of the first fill only; the second took it from the coin."""
    desk.spot.exchange.accounts[ACCOUNT].commission.pay_in_bnb = True
    await desk.show("600x1000", "600.1x1000", BNB)
    await desk.show("6x1000", "6.001x1000", Symbol("BNB/BTC"))  # what the fee is converted at
    await desk.show("100x1000", "100.01x3 100.02x7")
    order = await desk.buy("10")
    fees = [fill.fee for fill in desk.events(e.OrderFilled)]
    assert [fee.currency for fee in fees] == ["BNB", "BTC"]
    assert desk.now(order).filled_quantity == 10
    assert desk.held() == D("9.993"), "a thousandth of the seven is gone"


@at_binance()
async def test_the_rest_of_an_exit_below_the_least_value_is_dust_and_stops_nothing(desk: Desk) -> None:
    """inc30: 0.3 USDT were left after an exit; the trade never closed, and every round failed on it."""
    await desk.buy("1", stop_loss="80")
    await asyncio.sleep(5)
    (stop,) = desk.legs(Leg.STOP_LOSS)
    await desk.cancel(stop)
    await desk.sell("0.996")
    assert desk.held() == D("0.003")
    sent = desk.sent
    await asyncio.sleep(120)
    assert desk.sent == sent
    assert (await desk.buy("1")).status is OrderStatus.FILLED
    await desk.sell(str(desk.held()), reduce_only=True)
    assert desk.held() < D("0.003"), "the dust went along"
