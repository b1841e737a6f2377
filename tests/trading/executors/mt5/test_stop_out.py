"""A broker that closes what an account can no longer keep: our books follow, once, and people are told at once."""

import asyncio
from decimal import Decimal

import pytest

from tests.incidents.mt5 import BOTH, Desk, at_mt5
from trading import events as e
from trading.order import Order, OrderStatus

D = Decimal
EACH = pytest.mark.parametrize("mode", BOTH)
LIMITS = {"max_leverage": D(100), "max_position_value": D(1_000_000), "max_order_value": D(1_000_000)}


def told(desk: Desk) -> list[str]:
    return [notice.text for notice in desk.events(e.Noticed) if notice.severity == "critical"]


def stopped_out(desk: Desk) -> list[Order]:
    return [order for order in desk.book.recent_orders() if order.source == "liquidation"]


@EACH
def test_it_is_an_order_of_ours_that_nobody_sent_and_its_levels_end(mode: int) -> None:
    @at_mt5(mode, limits=LIMITS, balance="200")
    async def story(desk: Desk) -> None:
        await desk.buy("0.1", stop_loss="1.05", take_profit="1.12")  # takes 108.01 of margin, a pip is a dollar
        await desk.show("1.0600", "1.0601")
        await asyncio.sleep(10)
        assert desk.held() == desk.net() == 0
        [order] = stopped_out(desk)
        assert (order.side, order.status, order.quantity) == ("SELL", OrderStatus.FILLED, D("0.1"))
        [text] = told(desk)
        assert "LIQUIDATED by the venue, SELL 0.1 EURUSD at 1.06: stop out" in text
        assert not desk.book.open_orders()

    story()


@EACH
def test_while_the_desk_was_down_it_is_found_at_its_start_and_told_once(mode: int) -> None:
    @at_mt5(mode, limits=LIMITS, balance="200")
    async def story(desk: Desk) -> None:
        await desk.buy("0.1")
        await desk.crash()
        desk.terminal.show("EURUSD", "1.0600", "1.0601")
        for _ in range(2):
            desk = await desk.restart()
            await asyncio.sleep(40)
        assert desk.held() == 0
        assert len(stopped_out(desk)) == len(told(desk)) == 1

    story()


@EACH
def test_what_somebody_opened_at_the_terminal_is_none_of_ours(mode: int) -> None:
    @at_mt5(mode, limits=LIMITS, balance="200", agrees=False)  # its money is for a person to adopt
    async def story(desk: Desk) -> None:
        desk.person.buy("EURUSD", "0.1")
        await desk.show("1.0600", "1.0601")
        await asyncio.sleep(40)
        assert stopped_out(desk) == []

    story()
