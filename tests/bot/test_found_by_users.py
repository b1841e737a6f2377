"""What the first users ran into: each once, so that it does not come back."""

import sqlite3
from pathlib import Path

import pytest

from tests.bot.test_desk import PAPER, token_of
from tests.running import running
from trading import events as e
from trading.control import Kill
from trading.errors import JournalError
from trading.ids import order_id
from trading.intent import AccountId, Mode

LIVE = AccountId("demo", Mode.LIVE)


async def test_a_confirmation_asked_in_one_mode_is_void_in_another(tmp_path: Path) -> None:
    async with running(tmp_path, TILLER_CONFIRM__ORDERS="always") as desk:
        bought = await desk.say("/buy BTC/USDT 0.001")
        assert "PAPER demo" in bought.text
        live = await desk.say("/mode demo live")
        assert (await desk.say(f"/confirm {token_of(live)} {live.phrase}")).ok
        refused = await desk.say(f"/confirm {token_of(bought)}")
        assert refused.error == "MODE_CHANGED"
        assert not desk.app.book.recent_orders()


async def test_the_day_of_a_live_account_begins_before_it_trades(tmp_path: Path) -> None:
    async with running(tmp_path, TILLER_RISK__MAX_DAILY_LOSS="0.1", TILLER_CONFIRM__ORDERS="never") as desk:
        live = await desk.say("/mode demo live")
        await desk.say(f"/confirm {token_of(live)} {live.phrase}")
        assert (await desk.say("/buy BTC/USDT 0.005")).ok
        assert desk.app.desk.gate.day_pnl(LIVE) < 0
        assert (await desk.say("/buy ETH/USDT 0.01")).error == "DAILY_LOSS"


async def test_totals_in_another_currency_go_through_the_quote_currency(tmp_path: Path) -> None:
    async with running(tmp_path, TILLER_CURRENCY="EUR") as desk:
        before = desk.app.desk.valuation.equity(PAPER).total
        assert (await desk.say("/buy BTC/USDT 0.005")).ok
        worth = desk.app.desk.valuation.equity(PAPER)
        assert not worth.unpriced
        assert abs(worth.total - before) < 5
        assert abs(desk.app.desk.gate.day_pnl(PAPER)) < 5


async def test_a_currency_that_no_market_shows_counts_as_stated(tmp_path: Path) -> None:
    async with running(tmp_path, TILLER_CURRENCY="CHF") as desk:
        denied = await desk.say("/buy BTC/USDT 0.001")
        assert denied.error == "NO_RATE"
        assert 'rates.USDT = "AMOUNT"' in denied.text
        assert "counts as" not in (await desk.say("/status")).text
    async with running(tmp_path, TILLER_CURRENCY="CHF", TILLER_RATES='{ USDT = "0.9" }') as desk:
        assert desk.app.desk.valuation.equity(PAPER).total == 9000
        assert (await desk.say("/buy BTC/USDT 0.001")).ok
        for line in ("/status", "/accounts", "/risk"):
            assert "1 USDT counts as 0.9 CHF" in (await desk.say(line)).text


async def test_a_change_of_currency_begins_the_figures_anew(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        await desk.say("/buy BTC/USDT 0.005")
    async with running(tmp_path, TILLER_CURRENCY="EUR") as desk:
        assert abs(desk.app.desk.gate.day_pnl(PAPER)) < 5
        assert (await desk.say("/buy ETH/USDT 0.01")).ok


async def test_two_desks_never_share_an_order_id(tmp_path: Path) -> None:
    ids = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        async with running(tmp_path / name) as desk:
            ids.append((await desk.say("/buy BTC/USDT 0.001", key="same")).order_id)
    assert ids[0] != ids[1]
    assert order_id("local:admin|same") not in ids


async def test_a_step_of_a_kill_told_late_does_not_begin_it_anew(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        await desk.say("/kill")
        kill = next(iter(desk.app.book.all(Kill)))
        await desk.say("/resume")
        await desk.app.book.record(e.KillStep(kill.id, "late"))
        assert not desk.app.desk.killer.unfinished()
        assert (await desk.say("/buy BTC/USDT 0.001 59000")).ok
        await desk.app.desk.killer.step(kill)
        assert len(desk.app.book.open_orders(PAPER)) == 1


async def test_killing_a_strategy_reaches_what_is_held_where_it_trades(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        await desk.say("/buy BTC/USDT 0.001")
        await desk.say("/buy ETH/USDT 0.05")
        told = await desk.say("/kill trend")
        assert "; flat" not in told.text
        assert "BTC/USDT" in told.text
        await desk.say("/kill trend flatten=yes")
        await desk.until(lambda: [p.symbol for p in desk.app.book.positions(PAPER)] == ["ETH/USDT"])


@pytest.mark.parametrize(
    "damage",
    ["UPDATE events SET payload = replace(payload, '10000', '90000') WHERE type = 'AccountOpened'",
     "DELETE FROM events WHERE seq = 3"],
)  # fmt: skip
async def test_a_damaged_journal_does_not_start(tmp_path: Path, damage: str) -> None:
    async with running(tmp_path) as desk:
        await desk.say("/buy BTC/USDT 0.001")
    with sqlite3.connect(tmp_path / "data" / "tiller.db") as database:
        database.execute(damage)
    with pytest.raises(JournalError) as refused:
        async with running(tmp_path):
            pass
    assert "entry" in str(refused.value)
    assert "tiller db restore" in str(refused.value)


async def test_a_doubt_is_an_answer_at_once(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        order = await desk.say("/buy BTC/USDT 0.001 59000")
        await desk.app.book.record(e.OrderInDoubt(order.order_id or "", "no answer in 5 s"))
        found = desk.app.book.order(order.order_id or "")
        assert found is not None
        assert (await desk.app.desk.oms.settled(found.id, 60)).in_doubt
