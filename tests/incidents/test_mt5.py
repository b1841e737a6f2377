"""MetaTrader 5: filling modes, return codes, a terminal that is away, requotes."""

import asyncio
from decimal import Decimal

import pytest

from tests.emulators.mt5 import symbols
from tests.incidents.mt5 import BOTH, Desk, at_mt5
from tests.trading.executors.mt5.stage import HEDGING
from trading import events as e
from trading.errors import VenueUnreachable
from trading.instruments import Side
from trading.mt5.constants import Constants as mt5
from trading.order import OrderStatus

D = Decimal
EACH = pytest.mark.parametrize("mode", BOTH)


def sent(desk: Desk) -> int:
    """How often a trade request was struck by a fault on its way, or accepted."""
    return len(desk.faults.struck) + desk.sent


@EACH
def test_the_filling_mode_is_one_that_the_symbol_has(mode: int) -> None:
    """inc57: 10030, because FOK was written into the program and the broker takes IOC only."""

    @at_mt5(mode)
    async def story(desk: Desk) -> None:
        desk.terminal.symbol("EURUSD", filling_mode=symbols.IOC)
        await desk.restart()
        desk = desk.world.desk
        assert (await desk.buy("0.1")).status is OrderStatus.FILLED
        assert [one.filling for one in desk.terminal.current.history] == [mt5.ORDER_FILLING_IOC]

    story()


@EACH
def test_a_broker_that_names_the_wrong_filling_mode_is_asked_for_the_other_once(mode: int) -> None:
    """inc58: symbol_info says FOK, the broker takes IOC. The next order knows."""

    @at_mt5(mode)
    async def story(desk: Desk) -> None:
        desk.terminal.symbol("EURUSD", filling_mode=symbols.FOK, accepts=symbols.IOC)
        await desk.restart()
        desk = desk.world.desk
        assert (await desk.buy("0.1")).status is OrderStatus.FILLED
        desk.terminal.server.max_requests_per_s = 1  # a second attempt would be refused from now on
        assert (await desk.buy("0.1")).status is OrderStatus.FILLED
        assert desk.traded() == D("0.2")

    story()


@EACH
def test_closing_uses_the_same_filling_mode_as_opening(mode: int) -> None:
    """inc59: opened with IOC, closed with FOK: 10030, and the position stayed."""

    @at_mt5(mode)
    async def story(desk: Desk) -> None:
        desk.terminal.symbol("EURUSD", filling_mode=symbols.FOK, accepts=symbols.IOC)
        await desk.restart()
        desk = desk.world.desk
        await desk.buy("0.1")
        assert (await desk.sell("0.1", reduce_only=True)).status is OrderStatus.FILLED
        assert desk.net() == 0

    story()


@EACH
@pytest.mark.parametrize("retcode", [mt5.TRADE_RETCODE_INVALID_STOPS, mt5.TRADE_RETCODE_PRICE_OFF])
def test_a_refused_order_is_told_as_refused_and_opens_nothing_here(mode: int, retcode: int) -> None:
    """inc60: 10016 or 10021 came back, and the script printed that the position was open."""

    @at_mt5(mode)
    async def story(desk: Desk) -> None:
        desk.faults.arm(f"retcode_{retcode}", times=0)
        order = await desk.buy("0.1")
        assert order.status is OrderStatus.REJECTED
        assert str(retcode) in order.reason
        assert desk.held() == 0

    story()


def test_a_stop_too_near_is_refused_here_with_the_nearest_that_is_allowed() -> None:
    """inc60: the distance that the broker asks for is known beforehand."""

    @at_mt5(HEDGING)
    async def story(desk: Desk) -> None:
        desk.terminal.symbol("EURUSD", stops_level=50)
        await desk.restart()
        desk = desk.world.desk
        order = await desk.buy("0.1", stop_loss="1.0798")
        assert order.status is OrderStatus.DENIED
        assert "1.0795" in " ".join(f"{one.text} {one.remedy}" for one in _findings(desk))
        assert desk.sent == 0

    story()


def _findings(desk: Desk) -> list[e.Finding]:
    return [one for event in desk.events(e.OrderDenied) for one in event.findings if not one.passed]


@EACH
def test_a_stop_on_the_wrong_side_of_a_sale_never_leaves(mode: int) -> None:
    """inc61: the stop of a sale was put below the price, as for a purchase: 10016."""

    @at_mt5(mode)
    async def story(desk: Desk) -> None:
        order = await desk.sell("0.1", stop_loss="1.07")
        assert order.status is OrderStatus.DENIED
        assert desk.sent == 0

    story()


def test_a_terminal_that_runs_and_does_not_answer() -> None:
    """inc62: initialize fails with (-10005, IPC timeout). It is tried a few times, said, and nothing is sent."""

    @at_mt5(HEDGING, starts=False)
    async def story(desk: Desk) -> None:
        desk.faults.arm("error_-10005", on="initialize", times=0)
        with pytest.raises(VenueUnreachable, match=r"-10005.*Is MetaTrader 5 running"):
            await desk.start()
        assert 1 < len(desk.faults.struck) <= 5
        assert "-10005" in desk.line.problem
        desk.faults.disarm()
        desk.world.desk = desk = Desk(desk.world)
        await desk.start()
        assert (await desk.buy("0.1")).status is OrderStatus.FILLED

    story()


@EACH
@pytest.mark.parametrize("executed", [True, False])
def test_an_order_without_an_answer_is_unknown_until_it_was_looked_for(mode: int, executed: bool) -> None:
    """inc63: order_send returned None in the middle of a session, and the program fell over."""

    @at_mt5(mode)
    async def story(desk: Desk) -> None:
        desk.faults.arm("error_-10001", executed=executed)
        desk.faults.arm("lag", what=["positions", "orders", "history"], seconds=10)
        order = await desk.oms.submit(desk.intent(Side.BUY, "0.1"))
        assert order.in_doubt
        assert "being looked up" in order.reason
        await asyncio.sleep(90)
        assert desk.now(order).status is (OrderStatus.FILLED if executed else OrderStatus.REJECTED)
        assert (desk.sent, desk.traded()) == ((1, D("0.1")) if executed else (0, D(0)))

    story()


def test_a_terminal_that_went_away_is_waited_for_and_orders_are_refused_meanwhile() -> None:
    """inc63: (-10004, No IPC connection); initialized over and over, the link never came back."""

    @at_mt5(HEDGING)
    async def story(desk: Desk) -> None:
        desk.terminal.disconnect()
        await asyncio.sleep(3)
        refused = await desk.buy("0.1")
        assert refused.status is OrderStatus.REJECTED
        assert "lost its broker" in refused.reason
        desk.terminal.reconnect()
        await asyncio.sleep(3)
        assert desk.line.problem == ""
        assert (await desk.buy("0.1")).status is OrderStatus.FILLED
        desk.terminal.exit()
        await asyncio.sleep(2)
        assert "No IPC connection" in desk.line.problem
        await asyncio.sleep(10)  # it is started anew
        assert desk.line.problem == ""
        assert (await desk.buy("0.1")).status is OrderStatus.FILLED

    story()


def test_a_terminal_that_is_not_installed_is_said_and_holds_up_nobody_else() -> None:
    """inc64: (-10003, MetaTrader 5 x64 not found) ended the whole program."""

    @at_mt5(HEDGING, starts=False)
    async def story(desk: Desk) -> None:
        desk.terminal.installed = False
        with pytest.raises(VenueUnreachable, match="Install MetaTrader 5"):  # of this account: the desk goes on trying
            await desk.start()
        desk.terminal.installed = True
        desk.world.desk = desk = Desk(desk.world)
        await desk.start()

    story()


@EACH
@pytest.mark.parametrize(
    ("retcode", "words"),
    [(10014, "LOT_SIZE"), (10018, "MARKET_CLOSED: The market is closed"), (10019, "not enough free margin")],
)
def test_return_codes_come_with_words_and_nothing_is_tried_again(mode: int, retcode: int, words: str) -> None:
    """inc65: numbers that nobody had mapped."""

    @at_mt5(mode)
    async def story(desk: Desk) -> None:
        desk.faults.arm(f"retcode_{retcode}", times=0)
        order = await desk.buy("0.1")
        await asyncio.sleep(60)
        assert desk.now(order).status is OrderStatus.REJECTED
        assert words in order.reason
        assert sent(desk) == 1

    story()


@EACH
def test_a_requote_is_answered_at_the_new_price_and_there_is_one_deal(mode: int) -> None:
    """inc66: the package's own helper tries ten times; here it is three, each at the price of then."""

    @at_mt5(mode)
    async def story(desk: Desk) -> None:
        desk.terminal.symbol("EURUSD", exemode=mt5.SYMBOL_TRADE_EXECUTION_INSTANT)
        desk.faults.arm("retcode_10004", times=2, points=15)
        order = await desk.buy("0.1")
        assert (order.status, order.average_price) == (OrderStatus.FILLED, D("1.08040"))
        assert (desk.sent, desk.traded()) == (1, D("0.1"))
        desk.faults.arm("retcode_10004", times=0)
        refused = await desk.buy("0.1")
        assert refused.status is OrderStatus.REJECTED
        assert "moved away" in refused.reason
        assert len(desk.faults.struck) == 2 + 3

    story()
