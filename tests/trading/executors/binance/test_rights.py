"""What a key must be able to do, and must not, before the desk trades with it."""

import pytest

from tests.emulators.binance.signing import EVERYTHING
from tests.emulators.binance.signing import ApiKey as VenueKey
from tests.trading.executors.binance.account import SPOT, USDM, Exchange
from tests.trading.executors.binance.door import KEY, SECRET
from trading.binance.products import Product
from trading.errors import VenueRefused

OTHER = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zv"


@pytest.mark.parametrize("product", [SPOT, USDM])
async def test_a_key_that_is_not_good_ends_the_start_with_the_reason(there: Exchange, product: Product) -> None:
    right = {SPOT: "TRADE", USDM: "FUTURES"}[product]
    cases = [
        (VenueKey(KEY, secret="another"), "BAD_SIGNATURE"),
        (VenueKey(KEY, secret=SECRET, works=False), "BAD_KEY"),
        (VenueKey(KEY, secret=SECRET, permissions=EVERYTHING - {right}), "BAD_KEY"),
        (VenueKey(KEY, secret=SECRET, permissions=EVERYTHING | {"WITHDRAW"}), "KEY_MAY_WITHDRAW"),
    ]
    executor = there.executor(product)
    for key, code in cases:
        there.venue.keys.add(key)
        with pytest.raises(VenueRefused) as told:
            await executor.start()
        assert (told.value.code, bool(told.value.remedy)) == (code, True)
        assert KEY not in str(told.value)
        assert SECRET not in str(told.value)
    trusting = there.executor(product, may_withdraw=True)
    await trusting.start()
    await trusting.stop()


async def test_a_key_that_the_exchange_does_not_have_is_refused(there: Exchange) -> None:
    with pytest.raises(VenueRefused, match="not valid"):
        await there.executor(SPOT, key=OTHER).start()


async def test_a_spot_account_that_may_not_trade_is_refused(there: Exchange) -> None:
    there.spot.exchange.accounts["main"].can_trade = False
    with pytest.raises(VenueRefused, match="The account may not trade"):
        await there.executor(SPOT).start()
