"""What Binance's filters would refuse never leaves us, and what one of them refuses all the same ends nothing."""

from decimal import Decimal

import pytest

from tests.emulators.binance.rules import listing
from tests.incidents.binance import BOTH, USDM, Desk, at_binance
from tests.kit import ETH
from trading.binance.products import Product
from trading.instruments import Side, Symbol
from trading.intent import Leg, OrderType
from trading.order import OrderStatus

D = Decimal
EOS = Symbol("EOS/USDT")


def listed(step: str) -> list[dict[str, object]]:
    """EOS at this step, and what is always there."""
    return [
        listing("BTC", "USDT", "0.01", "0.00001", "5"),
        listing("ETH", "USDT", "0.01", "0.0001", "5"),
        listing("EOS", "USDT", "0.0001", step, "5"),
    ]


DOLLARS = [
    listing("BTC", "FDUSD", "0.01", "0.00001", "5"),
    listing("FDUSD", "USDT", "0.0001", "1", "5"),
    *listed("1"),
]


@pytest.mark.parametrize(
    ("step", "asked", "sent"),
    [
        ("1", "99.80", "99"),  # inc27
        ("0.001", "1.1994000000000001", "1.199"),  # inc28: 0.9995 of a balance, as a float says it
        ("1", "9.985", "9"),  # inc29: all there is; rounded to the nearest it would be more than that
    ],
)
def test_a_quantity_goes_out_in_whole_steps_and_never_rounded_up(step: str, asked: str, sent: str) -> None:
    """inc27, inc28, inc29: LOT_SIZE: off the step, with a float's noise, or rounded up beyond the balance."""

    @at_binance(listings=listed(step), funds=[f"{asked} EOS", "100 USDT"])
    async def story(desk: Desk) -> None:
        await desk.show("10x1000", "10.001x1000", EOS)
        order = await desk.sell(asked, symbol=EOS)
        assert order.status is OrderStatus.FILLED
        (fact,) = desk.binance.executed.of("order")
        assert fact.qty.rstrip("0").rstrip(".") == sent

    story()


@at_binance(listings=listed("1"))
async def test_less_than_one_step_never_leaves_us(desk: Desk) -> None:
    """inc27: 0.98 of what is traded in whole coins is refused here, with the reason."""
    await desk.show("10x1000", "10.001x1000", EOS)
    order = await desk.buy("0.98", symbol=EOS)
    assert order.status is OrderStatus.DENIED
    assert order.reason.startswith("LOT_SIZE: quantity 0.98")
    assert desk.sent == 0


@at_binance(funds=["1000 USDT", "1 BTC"])
async def test_a_pair_whose_stop_is_worth_too_little_is_refused_here_naming_the_leg(desk: Desk) -> None:
    """inc31: NOTIONAL holds at the stop's price too; the exchange refused the pair, and nobody said for which leg."""
    target = desk.intent(Side.SELL, "0.055", "120", leg=Leg.TAKE_PROFIT, reduce_only=True)
    stop = desk.intent(Side.SELL, "0.055", stop_price="80", leg=Leg.STOP_LOSS, reduce_only=True)
    assert stop.type is OrderType.STOP
    order = await desk.submit(target, stop)
    assert order.status is OrderStatus.DENIED
    assert order.reason == "MIN_NOTIONAL: stop-loss value 4.40 USDT, the venue's minimum 5"
    assert desk.sent == 0


@BOTH
def test_an_entry_whose_stop_could_not_be_placed_is_refused(product: Product) -> None:
    """inc32: an entry worth 16 was taken; its stop, worth 9.5 at a minimum of 10, could never be placed."""

    @at_binance(product)
    async def story(desk: Desk) -> None:
        size = "1.01" if product is USDM else "0.06"
        order = await desk.buy(size, stop_loss="80")
        if product is USDM:  # what only reduces may be of any value there
            assert order.status is OrderStatus.FILLED
            assert desk.covered() == D(size)
            return
        assert order.status is OrderStatus.DENIED
        assert order.reason == "MIN_NOTIONAL: stop-loss value 4.79 USDT, the venue's minimum 5"
        assert desk.sent == 0

    story()


@at_binance()
async def test_a_refusal_by_a_filter_stops_neither_the_desk_nor_other_symbols(desk: Desk) -> None:
    """inc33: one -1013 ended the whole bot."""
    await desk.show("100x1000", "100.1x1000", ETH.symbol)
    desk.faults.arm("code_-1013", on=desk.place, text="Filter failure: LOT_SIZE")
    order = await desk.buy("1")
    assert order.status is OrderStatus.REJECTED
    assert order.reason.startswith("LOT_SIZE: ")
    assert "Filter failure: LOT_SIZE" in order.reason
    assert (await desk.buy("1", symbol=ETH.symbol)).status is OrderStatus.FILLED
    assert (await desk.buy("1")).status is OrderStatus.FILLED


@at_binance(listings=DOLLARS, funds=["1000 FDUSD"])
async def test_what_a_symbol_is_traded_in_is_read_from_the_listing(desk: Desk) -> None:
    """The last four letters of a symbol were taken for its currency: BTCFDUSD was paid in DUSD."""
    pair = Symbol("BTC/FDUSD")
    await desk.show("1x1000", "1.0001x1000", Symbol("FDUSD/USDT"))
    await desk.show("100x1000", "100.1x1000", pair)
    order = await desk.buy("1", symbol=pair)
    assert order.status is OrderStatus.FILLED, order.reason
    assert desk.held(pair) == D("0.999")
    assert desk.money() == {"FDUSD": D("899.9"), "BTC": D("0.999")}
