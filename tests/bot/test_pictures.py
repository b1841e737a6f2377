"""Pictures of a running desk: what is on them, what they leave out, and what they cost."""

import asyncio
import io
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from PIL import Image as Pillow

from bot.charts import canvas
from handlers.curve import ONE, Point
from handlers.drawings import EquityDrawing
from tests.bot.charts.pixels import middle, where
from tests.running import Running, running
from trading import events as e
from trading.instruments import ZERO, Money, Symbol
from trading.intent import AccountId, Mode

PAPER = AccountId("demo", Mode.PAPER)


async def _sampled(desk: Running, count: int = 1) -> None:
    for _ in range(count):
        await desk.app.sample_equity()


async def _paid(desk: Running, amount: int) -> None:
    """As adopting a difference of the balance records it."""
    money, change = Money(Decimal(amount), "USDT"), Decimal(amount)
    await desk.app.book.record(e.BalanceAdjusted("demo", Mode.PAPER, money, "deposit", "person:ana", change))


async def test_the_chart_of_a_fast_market_shows_what_was_just_bought(tmp_path: Path) -> None:
    async with running(tmp_path, TILLER_MARKET__SPEED="60") as desk:
        assert not where((await _drawn(desk, "/chart BTC/USDT 1m")), canvas.BOUGHT)
        await desk.say("/buy BTC/USDT 0.002 sl=57000 tp=66000")
        await desk.until(lambda: len(desk.app.book.open_orders(PAPER)) == 2)
        reply = await desk.say("/chart BTC/USDT 1m")
        assert reply.image
        right = middle(where(reply.image, canvas.BOUGHT, lambda x, y: x > 600))
        assert right[0] > 800  # of the 850 that the plot is wide: in the last minutes
        assert where(reply.image, canvas.SOLD, lambda x, y: x > 400)  # the stop and the target
        assert where(reply.image, canvas.INK, lambda x, y: x > 400)  # the average price
        assert "Marked: 1 fill, 2 order prices, position at " in reply.text


async def _drawn(desk: Running, line: str) -> Any:
    reply = await desk.say(line)
    assert reply.image, reply.text
    return reply.image


async def test_the_equity_without_points_is_a_line(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        reply = await desk.say("/equity")
        assert reply.ok
        assert reply.image is None
        assert reply.text.endswith("There is no curve to draw yet: it gets a point every five minutes.")


async def test_the_value_of_an_adopted_position_is_paid_in_or_out(tmp_path: Path) -> None:
    """A loss by hand comes as two differences, of the money and of the position: together they are one loss."""
    async with running(tmp_path) as desk:
        await _sampled(desk, 2)
        held = e.PositionAdjusted(
            "demo", Mode.PAPER, Symbol("BTC/USDT"), Decimal(0), Decimal(60000), "adopted", "person:ana", Decimal(-300)
        )
        listed = desk.app.desk.markets["demo"].instruments[held.symbol]
        await desk.app.book.record(e.InstrumentListed("demo", Mode.PAPER, listed), held)
        text = (await desk.say("/equity day")).text
        assert "Not counted as profit or loss: 300.00 USDT paid out" in text
        assert "+300.00" in text  # the worth is what it was although so much went


async def test_a_deposit_is_no_profit_on_the_curve_nor_beside_it(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        await _sampled(desk, 2)
        await _paid(desk, 5000)
        await _sampled(desk, 2)
        reply = await desk.say("/equity day")
        assert reply.text.splitlines() == [
            "Today: 10,000.00 to 15,000.00 USDT",
            "0.00 (0.00%), deepest fall 0.00%",
            "Not counted as profit or loss: 5,000.00 USDT paid in",
        ]
        assert reply.image
        assert reply.private
        curve = where(reply.image, canvas.BOUGHT)
        assert len({y for _, y in curve}) <= 4  # level: no step of 5,000
        await _paid(desk, -15000)
        await _sampled(desk)
        assert "5,000.00 USDT paid in, 15,000.00 USDT paid out" in (await desk.say("/equity day")).text
        table = (await desk.say("/equity day", surface="terminal")).table
        assert table
        assert dict(zip(table.columns, table.rows[0], strict=True)) == {
            "Account": "PAPER demo", "Start": "10,000.00", "Now": "0.00", "Paid in": "-10,000.00", "Change": "0.00",
            "In %": "0.00%", "Best": "15,000.00", "Worst": "0.00", "Drawdown": "0.00",
        }  # fmt: skip


TWO = """
[accounts.demo]
venue = "paper"
market = "simulated"
[accounts.second]
venue = "paper"
market = "simulated"
"""


async def test_live_money_is_not_added_to_paper(tmp_path: Path) -> None:
    async with running(tmp_path, toml=TWO) as desk:
        await _sampled(desk, 2)
        both = await desk.say("/equity")
        assert both.text.startswith("This week: 20,000.00 to 20,000.00 USDT")
        assert both.table
        assert len(both.table.rows) == 2
        asked = await desk.say("/mode second live")
        line = next(button.line for button in asked.buttons if button.line.startswith("confirm"))
        assert (await desk.say(f"{line} {asked.phrase}")).ok
        await _sampled(desk, 2)
        mixed = await desk.say("/equity")
        assert "The curve is of what is live: paper money is not added to it." in mixed.text
        assert mixed.text.startswith("This week: 10,000.00 to 10,000.00 USDT")
        assert mixed.table
        assert [row[0] for row in mixed.table.rows] == ["PAPER demo", "LIVE second"]
        assert (await desk.say("/equity week account=demo")).text.startswith("This week: 10,000.00")


async def test_fills_are_on_the_curve_while_they_can_be_told_apart(tmp_path: Path) -> None:
    async with running(tmp_path, TILLER_RISK__DUPLICATE_WINDOW_S="0") as desk:
        await _sampled(desk, 2)
        for line in ("/buy ETH/USDT $100", "/sell ETH/USDT 0.02"):
            assert (await desk.say(line)).ok
        await _sampled(desk, 2)
        assert where(await _drawn(desk, "/equity day"), canvas.SOLD)
        for _ in range(20):
            await desk.say("/buy ETH/USDT $20")
            await desk.say("/sell ETH/USDT 0.005")
        assert not where(await _drawn(desk, "/equity day"), canvas.SOLD)


async def test_pictures_are_drawn_one_after_the_other_while_the_desk_goes_on(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        await desk.say("/chart BTC/USDT 1m")
        turns = 0

        async def beat() -> None:
            nonlocal turns
            while True:
                await asyncio.sleep(0)
                turns += 1

        beating = asyncio.create_task(beat())
        drawn = await asyncio.gather(*(desk.app.desk.draw(_level(count)) for count in (2, 3, 4)))
        beating.cancel()
        assert [Pillow.open(io.BytesIO(image.content)).size for image in drawn] == [(1000, 640)] * 3
        assert turns > 200  # of the event loop; a drawing in it would leave it a few


def _level(count: int) -> EquityDrawing:
    start = datetime(2026, 1, 5, tzinfo=UTC)
    return EquityDrawing("Equity", [Point(start + timedelta(hours=n), ONE, ZERO) for n in range(count)], "USDT")


def test_nothing_to_draw_with_is_loaded_before_the_first_picture() -> None:
    loaded = (
        "import sys, bot.serve, bot.web.dashboard.mount; print([m for m in sys.modules if m.split('.')[0] == 'PIL'])"
    )
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_a_period_begins_with_its_first_sample(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        await _sampled(desk, 2)
        first: datetime = (await desk.app.store.queries.equity(account="demo", mode="paper"))[0]["at"]
        assert desk.app.clock.now() - first < timedelta(minutes=1)
        for period in ("day", "week", "month", "all"):
            assert (await desk.say(f"/equity {period}")).image
