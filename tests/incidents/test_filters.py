"""The venue's steps and minimums: met before sending, or refused with the number that would do."""

from decimal import Decimal
from pathlib import Path

import pytest

from tests.incidents.desk import BTC, Desk, at_a_venue
from tests.incidents.venue import refused
from tests.kit import ETH
from tests.running import running
from trading.instruments import Instrument, Symbol
from trading.order import OrderStatus

D = Decimal
WHOLE = Instrument(
    symbol=Symbol("EOS/USDT"),
    base="EOS",
    quote="USDT",
    tick=D("0.0001"),
    step=D(1),
    min_quantity=D(1),
    min_notional=D(5),
)
FINE = Instrument(
    symbol=Symbol("XYZ/USDT"),
    base="XYZ",
    quote="USDT",
    tick=D("0.01"),
    step=D("0.000001"),
    min_quantity=D("0.000001"),
    min_notional=D(1),
)


@pytest.mark.parametrize(
    ("instrument", "asked", "sent"),
    [
        pytest.param(WHOLE, "99.80", "99", id="inc27: a step of one"),
        pytest.param(FINE, "0.011994000000000001", "0.011994", id="inc28: the noise of a float"),
        pytest.param(WHOLE, "9.985", "9", id="inc29: rounded up beyond the balance"),
    ],
)
def test_a_size_is_sent_in_whole_steps_and_never_rounded_up(instrument: Instrument, asked: str, sent: str) -> None:
    """inc27, inc28, inc29: the exchange refused sizes that were off its step, or more than there was."""

    @at_a_venue(instrument, funds=("1000 USDT", f"{asked} {instrument.base}"))
    async def story(desk: Desk) -> None:
        order = await desk.sell(asked, symbol=instrument.symbol)
        assert order.status is OrderStatus.FILLED
        assert order.quantity == D(sent)
        assert sum(trade.quantity for trade in await desk.venue.trades()) == D(sent)

    story()


@at_a_venue(WHOLE)
async def test_less_than_one_step_is_refused_with_the_minimum(desk: Desk) -> None:
    """inc27: what cannot be made into a whole step is refused here, with the number that would do."""
    order = await desk.buy("0.98", symbol=WHOLE.symbol)
    assert order.status is OrderStatus.DENIED
    assert order.reason == "LOT_SIZE: quantity 0.98 is not a multiple of the step 1"
    assert desk.venue.sent == 0


async def test_a_pair_whose_stop_is_too_small_is_refused_here_naming_the_leg(tmp_path: Path) -> None:
    """inc31: the minimum value was checked for the target only, and the exchange refused the pair for its stop."""
    async with running(tmp_path) as desk:
        assert (await desk.say("/buy BTC/USDT 0.01")).ok
        sent = len(desk.app.book.recent_orders())
        # at 70,000 worth 5.60, at 56,000 only 4.48, where the venue takes 5
        reply = await desk.say("/oco BTC/USDT 0.00008 tp=70000 sl=56000")
        assert not reply.ok
        assert reply.error == "MIN_NOTIONAL"
        assert "stop-loss value 4.48 USDT, the venue's minimum 5" in reply.text
        assert {order.status for order in desk.app.book.recent_orders()[:-sent]} == {OrderStatus.DENIED}


@at_a_venue()
async def test_an_entry_whose_stop_could_not_be_placed_is_refused(desk: Desk) -> None:
    """inc32: an entry of 6 was taken, and its stop, worth 4.80 at a minimum of 5, could never be placed."""
    order = await desk.buy("0.06", stop_loss="80")
    assert order.status is OrderStatus.DENIED
    assert order.reason == "MIN_NOTIONAL: stop-loss value 4.80 USDT, the venue's minimum 5"
    assert desk.venue.sent == 0
    assert (await desk.buy("0.063", stop_loss="80")).status is OrderStatus.FILLED


@at_a_venue(BTC, ETH)
async def test_a_refusal_by_a_filter_stops_neither_the_desk_nor_other_symbols(desk: Desk) -> None:
    """inc33: one order off its step ended the whole bot."""
    desk.venue.faults.set("place", refused("LOT_SIZE", "Filter failure: LOT_SIZE"))
    order = await desk.buy("1")
    assert order.status is OrderStatus.REJECTED
    assert order.reason == "LOT_SIZE: Filter failure: LOT_SIZE"
    assert (await desk.buy("1", symbol=ETH.symbol)).status is OrderStatus.FILLED
    assert (await desk.buy("1")).status is OrderStatus.FILLED
