"""What an order takes of the account's money: told before it is sent, and held against what is free."""

import asyncio
from decimal import Decimal

import pytest

from tests.emulators.mt5.symbols import forex
from tests.incidents.mt5 import BOTH, Desk, at_mt5
from tests.loop import VirtualLoop
from tests.trading.executors.mt5.stage import HEDGING, NETTING, Broker
from trading.executors.mt5.executor import Mt5Executor
from trading.instruments import Side, Symbol
from trading.intent import Leg
from trading.mt5.figures import AT_A_TIME, AT_FIRST
from trading.order import OrderStatus
from trading.ports import Approved
from trading.risk.gate import Denied

D = Decimal
EACH = pytest.mark.parametrize("mode", BOTH)
# A lot of EURUSD is 100,000 EUR: at 1.0801 and a leverage of 1:100 it takes 1,080.10 USD to buy, at 1.08 1,080 to sell.


def funded(desk: Desk, side: Side, lots: str, limit: str | None = None) -> str:
    """What the check of the funds says of an order, which is not sent; with its remedy where it fails."""
    verdict = desk.gate.judge(desk.oms.drafting.draft(desk.intent(side, lots, limit)))
    found = [each for each in verdict.findings if each.code == "INSUFFICIENT_FUNDS"]
    if not found:
        return ""
    [finding] = found
    if isinstance(verdict, Denied):
        assert (verdict.code, verdict.reason, verdict.remedy) == (finding.code, finding.text, finding.remedy)
    return f"{finding.text}. {finding.remedy}".strip(". ")


@EACH
def test_an_order_says_what_it_takes_and_what_is_free(mode: int) -> None:
    @at_mt5(mode)
    async def story(desk: Desk) -> None:
        assert funded(desk, Side.BUY, "0.1") == "needs 108.01 USD of margin, free 10000 USD"
        assert funded(desk, Side.SELL, "0.1") == "needs 108 USD of margin, free 10000 USD"
        await desk.buy("1")
        await asyncio.sleep(2)
        # 1,080.10 are used, and a pip of spread on 100,000 EUR is lost so far.
        assert funded(desk, Side.BUY, "0.1") == "needs 108.01 USD of margin, free 8909.9 USD"

    story()


@EACH
def test_a_lot_too_large_is_denied_with_the_largest_that_fits(mode: int) -> None:
    """10,000 / 1,080.10 = 9.258: the broker takes that and not a hundredth more."""

    @at_mt5(mode)
    async def story(desk: Desk) -> None:
        text = "needs 10801 USD of margin, free 10000 USD. Use at most 9.25 lots, or cancel what reserves it: /orders"
        assert funded(desk, Side.BUY, "10") == text
        assert funded(desk, Side.BUY, "9.26").endswith("Use at most 9.25 lots, or cancel what reserves it: /orders")
        denied = await desk.buy("9.26")
        assert denied.status is OrderStatus.DENIED
        assert desk.sent == 0
        filled = await desk.buy("9.25")
        assert filled.status is OrderStatus.FILLED
        await asyncio.sleep(2)
        assert "Use less" in funded(desk, Side.BUY, "0.01")

    story()


@EACH
def test_what_closes_takes_nothing_and_what_turns_only_what_is_left(mode: int) -> None:
    @at_mt5(mode)
    async def story(desk: Desk) -> None:
        await desk.buy("9")
        await asyncio.sleep(2)
        assert funded(desk, Side.SELL, "9") == ""
        # 10,000 less a pip of spread (90) and 9 lots (9,720.90) are free; a sale frees 9 again and opens one.
        assert funded(desk, Side.SELL, "10") == "needs 1080 USD of margin, free 9910 USD"
        assert "Use at most 18.17 lots" in funded(desk, Side.SELL, "18.18")
        turned = await desk.sell("18.17")
        assert (turned.status, desk.held()) == (OrderStatus.FILLED, D("-9.17"))

    story()


@EACH
def test_what_waits_has_its_margin_put_aside(mode: int) -> None:
    """The broker puts none aside, and turns it down when its price comes."""

    @at_mt5(mode)
    async def story(desk: Desk) -> None:
        waits = await desk.buy("5", "1.0790")
        assert waits.status is OrderStatus.ACCEPTED
        assert funded(desk, Side.BUY, "1") == "needs 1080.1 USD of margin, free 4599.5 USD"
        assert "Use at most 4.25 lots" in funded(desk, Side.BUY, "5", "1.0790")
        await desk.cancel(waits)
        assert funded(desk, Side.BUY, "1") == "needs 1080.1 USD of margin, free 10000 USD"

    story()


def test_a_target_that_waits_takes_nothing() -> None:
    """It closes what is open, whether it says so or not."""

    @at_mt5(NETTING)
    async def story(desk: Desk) -> None:
        await desk.buy("9", take_profit="1.0900")
        await asyncio.sleep(2)
        assert len(desk.legs(Leg.TAKE_PROFIT)) == 1
        free = "free 189.1 USD"  # 10,000 - 90 - 9,720.90
        assert free in funded(desk, Side.BUY, "0.1")
        await desk.sell("9", "1.0950")
        assert free in funded(desk, Side.BUY, "0.1")

    story()


def test_beside_somebody_s_opposite_position_the_broker_has_to_say() -> None:
    """Of two opposite positions the larger counts: what that leaves is not guessed."""

    @at_mt5(HEDGING, agrees=False)
    async def story(desk: Desk) -> None:
        desk.person.sell("EURUSD", "9")
        await asyncio.sleep(2)
        assert funded(desk, Side.BUY, "10") == ""
        assert (await desk.buy("1")).status is OrderStatus.FILLED
        assert funded(desk, Side.SELL, "2").startswith("needs 1080 USD of margin")

    story()


def test_margin_is_in_the_account_s_currency() -> None:
    """100,000 USD at 1:100 are 1,000 USD, which cost 1,000 / 1.08 EUR."""

    @at_mt5(currency="EUR", agrees=False)
    async def story(desk: Desk) -> None:
        desk.terminal.show("USDJPY", "150", "150.010")
        await desk.market.stop()
        desk.world.desk = desk = Desk(desk.world)
        await desk.start()
        intent = desk.intent(Side.BUY, "1", symbol=Symbol("USDJPY"))
        margin = desk.gate.margin(desk.oms.drafting.draft(intent))
        assert margin is not None
        assert (margin.needs, margin.free, margin.currency) == (D("925.93"), D(10000), "EUR")
        assert margin.fits == D("10.79")

    story()


def test_the_broker_s_own_no_says_what_would_fit() -> None:
    """Where the figures were told before the money was gone."""

    @at_mt5(HEDGING)
    async def story(desk: Desk) -> None:
        line: Mt5Executor = desk.line
        desk.faults.arm("retcode_10019")
        order = desk.oms.drafting.draft(desk.intent(Side.BUY, "20"))
        with pytest.raises(Exception, match="free margin") as why:
            await line.place(Approved(order, ()))
        assert str(why.value) == (
            "There is not enough free margin for it. [10019: No money] "
            "It needs 21602 USD of margin, and 10000 are free. The most that fits is 9.25 lots."
        )

    story()


def test_without_figures_the_broker_decides() -> None:
    @at_mt5(HEDGING, starts=False)
    async def story(desk: Desk) -> None:
        desk.faults.arm("error_-4", on="order_calc_margin", times=0)
        await desk.start()
        assert funded(desk, Side.BUY, "20") == ""
        refused = await desk.buy("20")
        assert refused.status is OrderStatus.REJECTED
        assert refused.reason.startswith("INSUFFICIENT_FUNDS")

    story()


def test_the_margin_of_a_lot_goes_with_the_price() -> None:
    @at_mt5(HEDGING)
    async def story(desk: Desk) -> None:
        assert desk.link.figures.margins["EURUSD", Side.BUY] == D("1080.1")
        await desk.show("1.1000", "1.1001")
        assert desk.link.figures.margins["EURUSD", Side.BUY] == D("1100.1")

    story()


def test_of_many_symbols_each_has_its_turn() -> None:
    """So that no call of the terminal takes long."""
    names = [f"{a}{b}{c}USD" for a in "ABCD" for b in "EFGHI" for c in "JKLMNO"]
    broker = Broker(symbols=[forex(name) for name in names])
    for name in names:
        broker.terminal.show(name, "1", "1.1")

    async def play() -> None:
        link = broker.link()
        await link.open()
        assert len(link.figures.margins) == 2 * AT_FIRST
        for name in names:
            broker.terminal.show(name, "2", "2.2")
            link.hear(name, link.ticks[name]._replace(bid=2.0, ask=2.2, time_msc=link.ticks[name].time_msc + 1))
        before = dict(link.figures.margins)
        await asyncio.sleep(1.5)
        changed = {name for (name, _), margin in link.figures.margins.items() if margin != before.get((name, _))}
        assert len(changed) == AT_A_TIME
        await asyncio.sleep(len(names) / AT_A_TIME)
        assert not any(link.figures.margins[key] == before.get(key) for key in link.figures.margins)
        assert set(link.figures.margins) == {(name, side) for name in names for side in Side}
        await link.close()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(play())
