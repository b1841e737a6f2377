"""What counts as a difference: what venues round away does not."""

from decimal import Decimal

import pytest

from tests.trading.scripted import DEMO, Desk
from trading.instruments import Side

D = Decimal


async def with_profit(desk: Desk) -> Decimal:
    """Three contracts bought at two prices, one of them sold: its profit has no end. What our books hold then."""
    for size, price in (("1", "60000"), ("2", "60001")):
        await desk.fill(await desk.accept(await desk.submit(Side.BUY, size)), size, price)
    await desk.fill(await desk.accept(await desk.submit(Side.SELL, "1")), "1", "60100")
    return next(balance.amount for balance in desk.book.balances(DEMO))


@pytest.mark.parametrize(("more", "is_shown"), [("0.000000005", False), ("0.0000011", True)])
async def test_the_rounding_of_a_profit_is_no_difference_of_money(more: str, is_shown: bool) -> None:
    # 60100 - (60000 + 2 * 60001) / 3 = 99 1/3, of which Binance books eight places
    desk = await Desk().start()
    ours = await with_profit(desk)
    assert abs(ours - (100_000 + D(298) / 3)) < D("1e-15")
    desk.venue.money = {"USDT": ours + D(more)}
    desk.venue.held = {desk.symbol: D(2)}
    outcome = await desk.reconciler.reconcile(DEMO, thorough=True)
    assert bool(outcome.drifts) is is_shown


async def test_on_spot_every_amount_counts() -> None:
    desk = await Desk(linear=False).start()
    desk.venue.money = {"USDT": D("100000.00000001")}
    outcome = await desk.reconciler.reconcile(DEMO, thorough=True)
    assert [drift.theirs for drift in outcome.drifts] == ["100000.00000001"]
