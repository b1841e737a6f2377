"""One wish, one order at Binance."""

import asyncio
from decimal import Decimal

import pytest

from tests.incidents.binance import SPOT, USDM, Desk, Product, at_binance
from trading import events as e
from trading.instruments import Side
from trading.intent import Origin
from trading.order import OrderStatus

D = Decimal


@pytest.mark.parametrize("product", [SPOT, USDM])
def test_x(product: Product) -> None:
    """inc00: x"""

    @at_binance(product)
    async def story(desk: Desk) -> None:
        order = await desk.buy("2")
        assert order.status is OrderStatus.FILLED
        await asyncio.sleep(600)

    story()
