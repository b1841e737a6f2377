"""Fees shrink what was bought, in whichever currency they are paid; what is too small to sell stops nothing."""

import asyncio
from decimal import ROUND_CEILING, Decimal
from pathlib import Path

from tests.bot.test_desk import PAPER
from tests.incidents.desk import ANA, BTC, DEMO, Desk, at_a_venue
from tests.kit import ETH
from tests.running import running
from trading import events as e
from trading.instruments import Instrument, Symbol
from trading.intent import Leg
from trading.order import OrderStatus

D = Decimal
BNB = Instrument(
    symbol=Symbol("BNB/USDT"),
    base="BNB",
    quote="USDT",
    tick=D("0.01"),
    step=D("0.001"),
    min_quantity=D("0.001"),
    min_notional=D(5),
)
FEE = D("0.001")


async def test_all_that_was_bought_can_be_closed_after_a_fee_in_the_coin(tmp_path: Path) -> None:
    """inc23: 52.8 were bought, 52.7472 arrived after the fee, and the sale of 52.8 was refused for ever."""
    toml = '[accounts.demo]\nvenue = "paper"\nmarket = "simulated"\nfee_currency = "received"\n'
    async with running(tmp_path, toml=toml) as desk:
        bought = await desk.say("/buy BTC/USDT 0.01")
        assert bought.ok, bought.text
        held = desk.app.book.positions(PAPER)[0].quantity
        assert held == D("0.01") * (1 - FEE) == D("0.00999")
        closed = await desk.say("/close BTC/USDT")
        assert closed.ok, closed.text
        assert not desk.app.book.positions(PAPER)


@at_a_venue(fee_currency="received")
async def test_a_bracket_sells_what_arrived_and_not_what_was_ordered(desk: Desk) -> None:
    """inc24: the pair was for 67, the fee had left 66.97; it was refused and the position stood naked."""
    await desk.buy("67", stop_loss="80", take_profit="120")
    await asyncio.sleep(5)
    assert desk.held() == 67 * (1 - FEE) == D("66.933")
    assert sorted((o.leg, o.quantity) for o in desk.open()) == [
        (Leg.STOP_LOSS, D("66.933")),
        (Leg.TAKE_PROFIT, D("66.933")),
    ]
    assert not desk.warnings()


@at_a_venue(BTC, BNB, funds=("10000 USDT", "1 BNB"), fee_currency="BNB")
async def test_buying_the_coin_that_fees_are_paid_in(desk: Desk) -> None:
    """inc25: BNB was bought and the fee taken from it, which the position did not know."""
    order = await desk.buy("2", symbol=BNB.symbol)
    (trade,) = await desk.venue.trades()
    assert trade.fee.currency == "BNB"
    # a thousandth of the value, in BNB at the middle of 100 and 100.01
    assert trade.fee.amount == (2 * D("100.01") * FEE / D("100.005")).quantize(D("1e-18"), ROUND_CEILING)
    assert desk.held(BNB.symbol) == 2 - trade.fee.amount
    assert desk.now(order).fees == (trade.fee,)


@at_a_venue(BTC, BNB, funds=("10000 USDT", "0.0015 BNB"), fee_currency="BNB")
async def test_fees_of_one_order_in_two_currencies_are_both_kept(desk: Desk) -> None:
    """inc26: the BNB ran out within an order; its later fills paid in another coin, which nobody booked."""
    await desk.show("99x1000", "100x1 100.01x1000")
    order = await desk.buy("2")
    first, second = await desk.venue.trades()
    assert (first.fee.currency, second.fee.currency) == ("BNB", "BTC")
    assert desk.now(order).fees == (first.fee, second.fee)
    assert desk.held() == 2 - second.fee.amount == 2 - FEE
    paid = [event.fee_value for event in desk.events(e.OrderFilled)]
    assert paid[1] == second.fee.amount * second.price  # in the quote currency, as profit and loss count


@at_a_venue(BTC, ETH, limits={"max_open_positions": 1})
async def test_the_rest_of_an_exit_below_the_minimum_is_dust_and_stops_nothing(desk: Desk) -> None:
    """inc30: what an exit left was below the minimum: the trade never ended, and took the place of another."""
    await desk.buy("1")
    await desk.sell("0.96")
    assert desk.held() == D("0.04")  # worth 4, where the venue takes 5
    kill = await desk.killer.kill("flat", "all", ANA, flatten=True)
    assert (await desk.killer.finished(kill.id, 60)).done
    await asyncio.sleep(3600)
    assert desk.venue.sent == 2
    await desk.killer.resume("all", ANA)
    other = await desk.buy("1", symbol=ETH.symbol)
    assert other.status is OrderStatus.FILLED


@at_a_venue()
async def test_dust_goes_with_the_next_sale(desk: Desk) -> None:
    """inc30: dust is not lost: it is sold with what is bought on top of it."""
    await desk.buy("1")
    await desk.sell("0.96")
    await desk.buy("1")
    assert (await desk.sell("1.04")).status is OrderStatus.FILLED
    position = desk.book.position(DEMO, BTC.symbol)
    assert position is not None
    assert position.quantity == position.cost == 0


@at_a_venue(fee_currency="received")
async def test_selling_all_again_and_again_leaves_less_than_one_step(desk: Desk) -> None:
    """The dust of every round was added up to a debt that no sale could pay."""
    for _ in range(20):
        await desk.buy("1.234")
        all_of_it = BTC.round_quantity(desk.held())
        assert (await desk.sell(f"{all_of_it}")).status is OrderStatus.FILLED
        assert 0 <= desk.held() < BTC.step
        assert await desk.venue.held("BTC") == desk.held()
