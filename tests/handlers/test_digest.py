"""What a digest says: figures worked out by hand, and never more than a phone shows."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from handlers.digest import Holding, Part, Summary, card, tell_period
from tests.bot.alerts.kept_desk import kept_desk
from tests.kit import START, HandClock
from trading import events as e
from trading.instruments import Money, Side
from trading.intent import AccountId, Mode

DAY = timedelta(days=1)


async def test_the_figures_of_a_period_are_those_of_its_fills_and_samples(tmp_path: Path) -> None:
    clock = HandClock()
    async with kept_desk(tmp_path, clock) as desk:
        await desk.found()
        show = desk.markets["demo"].show
        show("BTC/USDT", "59990", "60010")  # 60,000 in the middle
        show("ETH/USDT", "2999", "3001")
        show("ETH/BTC", "0.049", "0.051")
        await desk.sample()
        clock.move(-60)
        await desk.fill(Side.BUY, "0.01", "ETH/USDT", "3000", "9")  # the venue made it before the period
        clock.move(120)
        await desk.fill(Side.BUY, "0.1", "BTC/USDT", "60000", "6")
        await desk.fill(Side.SELL, "0.05", "BTC/USDT", "61000", "3")  # 50 gained, less 3 and the 6 before
        await desk.fill(Side.BUY, "1", "ETH/BTC", "0.05", "0.0001")  # 0.05 BTC are 3,000 USDT, its fee 6
        await desk.book.record(
            e.BalanceAdjusted("demo", Mode.PAPER, Money(Decimal(500), "USDT"), "deposit", "person:ana", Decimal(500)),
            e.Noticed("n1", "error", "somewhere", "It broke."),
            e.Noticed("n2", "info", "somewhere", "It works."),
        )
        clock.move(60)
        text = await tell_period(desk, START, clock.now(), "Today")  # type: ignore[arg-type]
        worth = desk.valuation.equity(AccountId("demo", Mode.PAPER)).total
        assert text.split("\n") == [
            "Today",
            "PAPER, 2 accounts",
            f"Equity {worth + 10_000:,.2f} USDT",
            f"Change {worth - 10_500:+,.2f} ({(worth - 10_500) / 200:.2f}%)",
            "Realized +35.00 after fees 15.00",
            "3 trades, volume 12,050.00",
            "Best BTC/USDT +41.00",
            "Worst ETH/BTC -6.00",
            "3 positions, 0 open orders",
            "Unrealized -60.51",
            "  ETH/USDT 0.01 -0.01",  # bought at 3,000, could be sold at 2,999
            "  BTC/USDT 0.05 -0.5",
            "  ETH/BTC 1 -60.00",  # a thousandth of a bitcoin
            *[line for line in text.split("\n") if line.startswith("Limits used: ")],
            "Denied 0, rejected 0, errors 1",
        ]


async def test_a_period_that_is_over_ends_with_its_last_sample(tmp_path: Path) -> None:
    clock = HandClock()
    async with kept_desk(tmp_path, clock) as desk:
        await desk.found()
        desk.markets["demo"].show("BTC/USDT", "60000", "60000.02")
        await desk.sample()
        await desk.fill(Side.BUY, "0.1", "BTC/USDT", "60000")
        clock.move(3600)
        desk.markets["demo"].show("BTC/USDT", "61000", "61000.02")
        await desk.sample()
        clock.move(3600)
        desk.markets["demo"].show("BTC/USDT", "70000", "70000.02")
        await desk.fill(Side.SELL, "0.05", "BTC/USDT", "70000")
        lines = (await tell_period(desk, START, START + timedelta(hours=1, minutes=1), "T")).split("\n")  # type: ignore[arg-type]
        assert lines[3].startswith("Change +100.00 (0.5")
        assert "1 trade, volume 6,000.00" in lines


amounts = st.decimals(-(10**13), 10**13, places=4)
names = st.text("ABCDEFGHIJ/:-0123", min_size=1, max_size=30)
parts = st.builds(
    Part,
    name=names,
    equity=amounts,
    change=amounts,
    fees=amounts,
    volume=amounts,
    trades=st.integers(1, 10**6),
    realized=st.lists(st.tuples(names, amounts), min_size=1, max_size=5).map(tuple),
    holdings=st.lists(st.builds(Holding, names, amounts, st.none() | amounts), max_size=30).map(tuple),
    orders=st.integers(0, 10**6),
    limits=st.lists(st.tuples(names, st.decimals(0, 10, places=4)), max_size=9).map(tuple),
)
summaries = st.builds(
    Summary,
    title=st.just("Day to 2026-01-05 12:00, told late"),
    currency=st.sampled_from(["USDT", "IDR"]),
    parts=st.lists(parts, max_size=2).map(tuple),
    state=st.sampled_from(["", "The desk is HALTED"]),
    denied=st.integers(0, 1000),
    rejected=st.integers(0, 1000),
    errors=st.integers(0, 1000),
)


@given(summaries)
def test_it_fits_a_phone_and_leaves_out_positions_before_anything_else(summary: Summary) -> None:
    lines = card(summary).split("\n")
    assert len(lines) <= 25
    assert max(map(len, lines)) <= 40
    assert sum(line.startswith("Equity ") for line in lines) == len(summary.parts)
    held = sum(len(part.holdings) for part in summary.parts)
    shown = [line for line in lines if line.startswith("  ")]
    assert len(shown) <= held
    if len(summary.parts) == 1 and held <= 10:
        assert len(shown) == held
