"""The whole pipeline at a MetaTrader 5 broker: brackets, closes, other people's trades, restarts. In the end of each
story the desk's books are the broker's, to the cent.
"""

import asyncio
from decimal import Decimal

import pytest

from tests.incidents.hands import ANA, DEMO
from tests.incidents.mt5 import BOTH, Desk, at_mt5
from tests.trading.executors.mt5.stage import HEDGING, NETTING
from trading import events as e
from trading.cover import Wish
from trading.instruments import Symbol
from trading.intent import Leg, Trail
from trading.order import OrderStatus
from trading.ports import Approved

D = Decimal
EACH = pytest.mark.parametrize("mode", BOTH)


@EACH
def test_a_bracket_is_the_position_s_own_stop_and_target(mode: int) -> None:
    @at_mt5(mode)
    async def story(desk: Desk) -> None:
        entry = await desk.buy("0.1", stop_loss="1.07", take_profit="1.09")
        assert entry.status is OrderStatus.FILLED
        await asyncio.sleep(5)
        assert desk.levels() == {(D("1.07"), D("1.09"))}
        assert desk.sent == 1
        await desk.show("1.0699", "1.0700")
        await asyncio.sleep(5)
        [stop] = [desk.now(order) for order in desk.book.children(entry.id) if order.leg is Leg.STOP_LOSS]
        [target] = [desk.now(order) for order in desk.book.children(entry.id) if order.leg is Leg.TAKE_PROFIT]
        assert (stop.status, stop.average_price) == (OrderStatus.FILLED, D("1.0699"))
        assert target.status is OrderStatus.CANCELED
        assert desk.held() == 0

    story()


@EACH
def test_a_waiting_entry_takes_its_stop_along_and_it_works_while_we_are_down(mode: int) -> None:
    @at_mt5(mode)
    async def story(desk: Desk) -> None:
        entry = await desk.buy("0.1", "1.0790", stop_loss="1.07", take_profit="1.09")
        assert entry.status is OrderStatus.ACCEPTED
        await desk.crash()
        desk.terminal.show("EURUSD", "1.0789", "1.0790")
        desk.terminal.show("EURUSD", "1.0699", "1.0700")
        desk = await desk.restart()
        await asyncio.sleep(30)
        assert desk.now(entry).status is OrderStatus.FILLED
        [stop] = desk.book.children(entry.id)[:1]
        assert (stop.status, stop.filled_quantity) == (OrderStatus.FILLED, D("0.1"))
        assert (desk.held(), desk.net()) == (D(0), D(0))

    story()


@EACH
def test_moving_a_stop_and_taking_it_away(mode: int) -> None:
    @at_mt5(mode)
    async def story(desk: Desk) -> None:
        await desk.buy("0.1", stop_loss="1.07")
        await asyncio.sleep(5)
        await desk.protection.change("k", DEMO, desk.symbol, ANA, stop=D("1.075"))
        await asyncio.sleep(2)
        assert desk.levels() == {(D("1.075"), D(0))}
        [stop] = desk.legs(Leg.STOP_LOSS)
        assert stop.stop_price == D("1.075")
        await desk.cancel(stop)
        assert desk.levels() == {(D(0), D(0))}
        assert desk.now(stop).status is OrderStatus.CANCELED

    story()


@EACH
def test_a_dry_run_of_another_stop_names_the_level_and_sets_nothing(mode: int) -> None:
    @at_mt5(mode)
    async def story(desk: Desk) -> None:
        await desk.buy("0.1", stop_loss="1.07")
        await asyncio.sleep(5)
        change = desk.protection.change_of(DEMO, desk.symbol, Wish(D("1.075"), None, None))
        trial = desk.protection.trial("k", change, ANA)
        [(before, after, verdict)] = trial.moved
        assert (before.stop_price, after.stop_price) == (D("1.07"), D("1.075"))
        assert isinstance(verdict, Approved)
        assert desk.line.describe(verdict) == "mt5: the stop of the EURUSD position, SELL 0.1 lots STOP at 1.075"
        assert (trial.gone, trial.sent) == ((), ())
        await asyncio.sleep(5)
        assert desk.levels() == {(D("1.07"), D(0))}

    story()


@EACH
def test_a_trailing_stop_takes_the_place_of_a_stop(mode: int) -> None:
    @at_mt5(mode)
    async def story(desk: Desk) -> None:
        await desk.buy("0.1", stop_loss="1.07", take_profit="1.09")
        await asyncio.sleep(5)
        await desk.protection.change("k", DEMO, desk.symbol, ANA, trail=Trail(D("0.005")))
        await asyncio.sleep(5)
        assert desk.levels() == {(D("1.075"), D("1.09"))}
        assert [leg.trail for leg in desk.legs(Leg.STOP_LOSS)] == [Trail(D("0.005"))]

    story()


@EACH
def test_a_trailing_stop_follows_and_stays_while_we_are_down(mode: int) -> None:
    @at_mt5(mode)
    async def story(desk: Desk) -> None:
        await desk.buy("0.1", trail_loss=Trail(D("0.005")))
        await asyncio.sleep(5)
        assert desk.levels() == {(D("1.075"), D(0))}
        await desk.show("1.0900", "1.0901")
        assert desk.levels() == {(D("1.085"), D(0))}
        await desk.show("1.0880", "1.0881")
        assert desk.levels() == {(D("1.085"), D(0))}
        desk = await desk.restart()
        await desk.show("1.0950", "1.0951")
        assert desk.levels() == {(D("1.09"), D(0))}
        await desk.show("1.0899", "1.0900")
        await asyncio.sleep(5)
        assert desk.held() == 0

    story()


@EACH
def test_somebody_moves_or_removes_a_stop_at_the_terminal(mode: int) -> None:
    @at_mt5(mode)
    async def story(desk: Desk) -> None:
        await desk.buy("0.1", stop_loss="1.07")
        await asyncio.sleep(20)
        [position] = desk.terminal.current.positions.values()
        desk.person.protect(position.ticket, sl="1.0750")
        await asyncio.sleep(20)
        [stop] = desk.legs(Leg.STOP_LOSS)
        assert stop.stop_price == D("1.075")
        desk.person.protect(position.ticket)
        await asyncio.sleep(20)
        assert desk.now(stop).status is OrderStatus.CANCELED

    story()


def test_a_sale_closes_our_oldest_tickets_and_opens_the_rest() -> None:
    @at_mt5(HEDGING, agrees=False)
    async def story(desk: Desk) -> None:
        for _ in range(2):
            await desk.buy("0.1")
            await asyncio.sleep(1)
        desk.person.buy("EURUSD", "0.5")  # not ours to touch
        first, second, theirs = desk.terminal.current.positions
        await desk.show("1.0810", "1.0811")
        await desk.sell("0.15")
        held = {one.ticket: one.volume for one in desk.terminal.current.positions.values()}
        assert held == {second: D("0.05"), theirs: D("0.5")}
        turned = await desk.sell("0.15")
        assert turned.status is OrderStatus.FILLED
        assert first not in desk.terminal.current.positions
        assert desk.net() == D("0.5") - D("0.1")
        assert desk.held() == D("-0.1")
        await asyncio.sleep(90)
        [drift] = [each for each in desk.reconciler.open_drifts() if each.kind == "position"]
        assert (drift.ours, drift.theirs) == ("-0.1", "0.4"), "what a person bought is not absorbed"

    story()


def test_on_a_netting_account_one_deal_turns_the_position() -> None:
    @at_mt5(NETTING)
    async def story(desk: Desk) -> None:
        await desk.buy("0.2")
        await desk.show("1.0810", "1.0811")
        await desk.sell("0.5")
        assert (desk.sent, desk.held()) == (2, D("-0.3"))

    story()


def test_adding_to_a_netting_position_keeps_its_stop() -> None:
    """The broker's levels are those of the last order, and none deletes them."""

    @at_mt5(NETTING)
    async def story(desk: Desk) -> None:
        await desk.buy("0.1", stop_loss="1.07")
        await asyncio.sleep(3)
        await desk.buy("0.1")
        assert desk.levels() == {(D("1.07"), D(0))}
        await desk.buy("0.1", "1.0790")
        await desk.show("1.0789", "1.0790")
        await asyncio.sleep(5)
        assert desk.held() == D("0.3")
        assert desk.levels() == {(D("1.07"), D(0))}, "restored after the waiting order dropped it"
        denied = await desk.buy("0.1", stop_loss="1.06")
        assert denied.status is OrderStatus.REJECTED
        assert "a stop at 1.07 already" in denied.reason
        await desk.show("1.0699", "1.0700")
        await asyncio.sleep(5)
        assert desk.held() == 0, "the stop closes all there is"

    story()


def test_two_brackets_on_a_hedging_account_are_two_tickets() -> None:
    @at_mt5(HEDGING)
    async def story(desk: Desk) -> None:
        await desk.buy("0.1", stop_loss="1.07")
        await desk.buy("0.2", stop_loss="1.075")
        await asyncio.sleep(5)
        assert desk.levels() == {(D("1.07"), 0), (D("1.075"), D(0))}
        await desk.show("1.0749", "1.0750")
        await asyncio.sleep(5)
        assert (desk.held(), desk.levels()) == (D("0.1"), {(D("1.07"), D(0))})

    story()


@EACH
def test_money_is_the_broker_s_to_the_cent(mode: int) -> None:
    """Commission, swap, and a profit in another currency than the account's."""

    @at_mt5(mode)
    async def story(desk: Desk) -> None:
        desk.terminal.symbol("USDJPY", commission="3.5", swap_long="-2.3")
        desk.terminal.show("USDJPY", "150.000", "150.010")
        await asyncio.sleep(1)
        yen = Symbol("USDJPY")
        await desk.buy("0.13", symbol=yen)
        await desk.show("150.500", "150.510", "USDJPY")
        await desk.buy("0.2", symbol=yen)
        desk.broker.move(86_400)
        await asyncio.sleep(2)
        await desk.show("151.111", "151.121", "USDJPY")
        await desk.sell("0.21", symbol=yen)
        await desk.show("149.111", "149.121", "USDJPY")
        equity = desk.valuation.equity(DEMO).total
        account = desk.link.account
        assert account.currency == "USD"
        shown = await desk.link.ask(lambda terminal: terminal.account())
        swaps = sum((one.swap for one in desk.terminal.current.positions.values()), D(0))
        assert abs(equity + swaps - D(str(shown.equity))) < D("0.05")
        await desk.sell("0.12", symbol=yen)
        assert desk.held(yen) == 0

    story()


def test_a_waiting_sale_beside_a_long_ticket_is_merged_with_it() -> None:
    @at_mt5(HEDGING)
    async def story(desk: Desk) -> None:
        await desk.buy("0.3")
        await desk.sell("0.1", "1.0850")
        await desk.show("1.0850", "1.0851")
        await asyncio.sleep(5)
        assert desk.held() == D("0.2")
        assert [one.volume for one in desk.terminal.current.positions.values()] == [D("0.2")]

    story()


def test_a_deposit_is_a_difference_and_a_dividend_is_not() -> None:
    @at_mt5(agrees=False)
    async def story(desk: Desk) -> None:
        desk.terminal.server.deposit(desk.terminal.current, D(500))
        await asyncio.sleep(90)
        [drift] = desk.reconciler.open_drifts()
        assert (drift.kind, drift.ours, drift.theirs) == ("balance", "10000", "10500")
        assert not desk.events(e.BalanceAdjusted)

    story()
