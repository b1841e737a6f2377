"""A closed market says when it opens: before an order is sent, and when the broker says so."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.incidents.mt5 import Desk, at_mt5
from tests.kit import START
from trading import events as e
from trading.order import OrderStatus

# It is Monday 12:00 UTC, 15:00 at the broker. EURUSD is traded there from Monday 00:05 on to the end of Friday.
FOREX = ((0, 5, 1440), (1, 0, 1440), (2, 0, 1440), (3, 0, 1440), (4, 0, 1440))
OPENING = "Its next opening is Sun 21:05 UTC, as of its past weeks."
SATURDAY = datetime(2026, 1, 10, 9, 0, tzinfo=UTC)


async def weekend(desk: Desk, weeks: int = 5) -> None:
    """Prices until Friday evening, and then none; it is Saturday noon at the broker."""
    desk.terminal.symbol("EURUSD", sessions=FOREX)
    desk.terminal.past_weeks("EURUSD", weeks, "1.08")
    await desk.show("1.0801", "1.0802")
    await pass_until(desk, datetime(2026, 1, 9, 20, 59, 50, tzinfo=UTC))
    await desk.show("1.0803", "1.0804")
    await pass_until(desk, SATURDAY)


async def pass_until(desk: Desk, at: datetime) -> None:
    """Time goes by at once."""
    seconds = (at - desk.world.clock.now()).total_seconds()
    desk.broker.move(seconds)
    await asyncio.sleep(5)


def reason(desk: Desk) -> str:
    [denied] = desk.events(e.OrderDenied)
    return next(f"{each.code}: {each.text} {each.remedy}" for each in denied.findings if not each.passed)


def test_at_the_weekend_an_order_is_denied_with_the_next_opening() -> None:
    """Before the terminal is asked, and before its price is found to be old."""

    @at_mt5(limits={"stale_price_s": 60})
    async def story(desk: Desk) -> None:
        await weekend(desk)
        denied = await desk.buy("0.1")
        assert denied.status is OrderStatus.DENIED
        assert reason(desk) == f"MARKET_CLOSED: The market of EURUSD is closed. {OPENING} Ask again then."

    story()


def test_when_the_broker_says_so_the_next_opening_is_told() -> None:
    """What closes is not denied by the desk: the broker says no, and the desk when to come again."""

    @at_mt5()
    async def story(desk: Desk) -> None:
        await desk.buy("0.1")
        await weekend(desk)
        refused = await desk.sell("0.1")
        assert refused.status is OrderStatus.REJECTED
        last = "The last price came on Friday 20:59 UTC."
        assert f"The market is closed. [10018: Market closed] {last} {OPENING}" in refused.reason

    story()


@pytest.mark.parametrize("weeks", [0, 1])
def test_without_past_weeks_it_is_not_known(weeks: int) -> None:
    @at_mt5()
    async def story(desk: Desk) -> None:
        desk.terminal.past_weeks("EURUSD", weeks)
        desk.terminal.symbol("EURUSD", halted=True)
        desk.broker.move(120)
        await asyncio.sleep(5)
        refused = await desk.buy("0.1")
        assert refused.status is OrderStatus.REJECTED
        assert "When it opens is not known" in refused.reason

    story()


def test_a_history_that_comes_late_is_asked_for_again() -> None:
    """A terminal fetches what it is asked for, and answers before it has it."""

    @at_mt5()
    async def story(desk: Desk) -> None:
        desk.broker.move(120)
        await asyncio.sleep(5)
        assert not desk.link.figures.hours
        desk.terminal.past_weeks("EURUSD")
        await asyncio.sleep(70)
        assert set(desk.link.figures.hours) == {"EURUSD"}

    story()


def test_a_quiet_hour_is_no_closed_market() -> None:
    """No price comes, and at this time of the week there always were some: the broker may have a holiday."""

    @at_mt5()
    async def story(desk: Desk) -> None:
        desk.terminal.symbol("EURUSD", sessions=FOREX)
        desk.terminal.past_weeks("EURUSD")
        await asyncio.sleep(1)
        await desk.show("1.0801", "1.0802")
        desk.broker.move(3600)
        await asyncio.sleep(5)
        assert (await desk.buy("0.1")).status is OrderStatus.FILLED
        desk.terminal.symbol("EURUSD", halted=True)
        refused = await desk.buy("0.1")
        assert "Is it a holiday?" in refused.reason

    story()


def test_a_price_that_comes_says_that_it_is_open() -> None:
    """Whatever the past weeks were like: the broker has changed its hours."""

    @at_mt5()
    async def story(desk: Desk) -> None:
        await weekend(desk)
        desk.terminal.symbol("EURUSD", sessions=((5, 0, 1440), *FOREX))
        await desk.show("1.0801", "1.0802")
        assert (await desk.buy("0.1")).status is OrderStatus.FILLED

    story()


def test_a_desk_that_starts_on_a_weekend_tells_it_by_the_broker_s_clock() -> None:
    """How far that is from UTC is not known before a price comes; nothing is denied by it, and the broker says no."""

    @at_mt5(limits={"stale_price_s": 0})
    async def story(desk: Desk) -> None:
        await weekend(desk)
        desk = await desk.restart()
        await asyncio.sleep(5)
        assert not desk.link.time.is_measured
        refused = await desk.buy("0.1")
        assert refused.status is OrderStatus.REJECTED
        assert "The last price came on Friday 23:59 by the broker's clock." in refused.reason
        assert "Its next opening is Mon 00:05 by the broker's clock, as of its past weeks." in refused.reason

    story()


def test_a_desk_that_starts_beside_a_halted_market_knows_of_no_opening() -> None:
    """The next pause is days away: what holds it up now is something else."""

    @at_mt5()
    async def story(desk: Desk) -> None:
        desk.terminal.symbol("EURUSD", sessions=FOREX)
        desk.terminal.past_weeks("EURUSD")
        desk.terminal.symbol("EURUSD", halted=True)
        desk = await desk.restart()
        await asyncio.sleep(5)
        assert "EURUSD" in desk.link.figures.hours
        refused = await desk.buy("0.1")
        assert "When it opens is not known" in refused.reason

    story()


def test_the_sunday_is_told_as_it_is_in_utc_elsewhere() -> None:
    """The same opening, at a broker in UTC+2."""

    @at_mt5()
    async def story(desk: Desk) -> None:
        clock: Any = desk.terminal.clock
        clock.offset_s = 7200
        await desk.market.stop()
        desk.world.desk = desk = Desk(desk.world)
        await desk.start()
        await weekend(desk)
        await desk.buy("0.1")
        assert "Sun 22:05 UTC" in reason(desk)
        assert desk.world.clock.now() - START > timedelta(days=4)

    story()
