"""What the broker does by itself, at levels that no order of ours stands for or while we are away, is never lost."""

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.incidents.mt5 import BOTH, Desk, at_mt5
from tests.trading.executors.mt5.stage import HEDGING
from trading import events as e
from trading.intent import Leg
from trading.mt5.constants import Constants as mt5
from trading.order import Order, OrderStatus

D = Decimal
EACH = pytest.mark.parametrize("mode", BOTH)


def _leg(desk: Desk, entry: Order, leg: Leg) -> list[tuple[OrderStatus, Decimal]]:
    return [(one.status, one.filled_quantity) for one in desk.book.children(entry.id) if one.leg is leg]


def test_a_waiting_sale_and_the_targets_of_two_brackets_are_reached_at_once() -> None:
    """The first sale leaves nothing for the desk to protect; the broker closes both tickets all the same."""

    @at_mt5(HEDGING)
    async def story(desk: Desk) -> None:
        first = await desk.buy("0.01", stop_loss="1.07", take_profit="1.081")
        await desk.sell("0.01", "1.0808")
        second = await desk.buy("0.01", stop_loss="1.07", take_profit="1.081")
        await desk.show("1.0810", "1.0811")
        assert desk.held() == desk.net() == D("-0.01")
        for entry in (first, second):
            assert _leg(desk, entry, Leg.TAKE_PROFIT) == [(OrderStatus.FILLED, D("0.01"))]
        assert not desk.events(e.Noticed), "nobody is told that it had no stop or target"

    story()


@EACH
def test_a_waiting_entry_is_filled_and_stopped_between_two_looks(mode: int) -> None:
    @at_mt5(mode)
    async def story(desk: Desk) -> None:
        entry = await desk.buy("0.1", "1.0790", stop_loss="1.0780", take_profit="1.09")
        desk.terminal.show("EURUSD", "1.0789", "1.0790")
        desk.terminal.show("EURUSD", "1.0780", "1.0781")
        await asyncio.sleep(10)
        assert desk.held() == desk.net() == 0
        assert _leg(desk, entry, Leg.STOP_LOSS) == [(OrderStatus.FILLED, D("0.1"))]

    story()


def test_the_target_of_an_entry_that_only_made_a_short_position_smaller() -> None:
    """It opened a ticket of its own beside the short one: the desk has nothing to protect, the broker has."""

    @at_mt5(HEDGING)
    async def story(desk: Desk) -> None:
        await desk.sell("0.3")
        await desk.buy("0.1", "1.0790", stop_loss="1.0700", take_profit="1.0810")
        desk.terminal.show("EURUSD", "1.0789", "1.0790")
        desk.terminal.show("EURUSD", "1.0811", "1.0812")
        await asyncio.sleep(10)
        assert desk.held() == desk.net() == D("-0.3")

    story()


@EACH
def test_a_stop_that_somebody_set_at_the_terminal_closes_what_is_ours(mode: int) -> None:
    """No order of ours stands for it; it is told as the stop of what it closed."""

    @at_mt5(mode)
    async def story(desk: Desk) -> None:
        entry = await desk.buy("0.1")
        [position] = desk.terminal.current.positions.values()
        desk.person.protect(position.ticket, sl="1.0750")
        await desk.show("1.0749", "1.0750")
        assert desk.held() == 0
        [stop] = [order for order in desk.book.recent_orders() if order.id != entry.id]
        assert (stop.leg, stop.status, stop.text) == (Leg.STOP_LOSS, OrderStatus.FILLED, f"sl of {entry.id}")

    story()


@EACH
def test_a_stop_that_was_done_while_nobody_looked_is_told_once(mode: int) -> None:
    @at_mt5(mode)
    async def story(desk: Desk) -> None:
        entry = await desk.buy("0.1", "1.0790", stop_loss="1.07")
        await desk.crash()
        desk.terminal.show("EURUSD", "1.0789", "1.0790")
        desk.terminal.show("EURUSD", "1.0699", "1.0700")
        for _ in range(2):
            desk = await desk.restart()
            await asyncio.sleep(40)
        assert _leg(desk, entry, Leg.STOP_LOSS) == [(OrderStatus.FILLED, D("0.1"))]
        assert len(desk.events(e.OrderFilled)) == 2

    story()


def test_what_a_merge_brought_is_booked_once_though_we_are_killed_at_it() -> None:
    """Closing two tickets by each other is money without a fill: it is asked for like one."""

    @at_mt5(HEDGING)
    async def story(desk: Desk) -> None:
        await desk.sell("0.16")
        await desk.buy("0.1", "1.0790")
        desk.terminal.show("EURUSD", "1.0789", "1.0790")
        await desk.line.look()
        await desk.line.tend()
        assert len(desk.terminal.current.positions) == 1
        for _ in range(2):
            desk = await desk.restart()
            await asyncio.sleep(40)
        booked = [event.change.amount for event in desk.events(e.BalanceAdjusted)]
        assert booked == [D(10)], "0.1 lots sold at 1.0800 and bought at 1.0790"

    story()


def test_what_the_broker_pays_while_we_are_down_is_booked_once() -> None:
    @at_mt5(HEDGING)
    async def story(desk: Desk) -> None:
        await desk.crash()
        account = desk.terminal.current
        deposit = desk.terminal.server.deposit(account, D("12.5"))
        account.deals[account.deals.index(deposit)] = replace(deposit, type=mt5.DEAL_DIVIDEND)
        for _ in range(2):
            desk = await desk.restart()
            await asyncio.sleep(40)
        assert [event.change.amount for event in desk.events(e.BalanceAdjusted)] == [D("12.5")]
        assert not desk.events(e.DriftFound)

    story()
