"""Whatever moment the process dies at, the next start finds everything as the venue has it."""

from decimal import Decimal
from pathlib import Path

import pytest

from tests.bot.test_desk import PAPER, token_of
from tests.kit import HandClock
from tests.running import Running, running
from trading.book import Book
from trading.clock import SystemClock
from trading.control import Kill
from trading.events import DeskStarted, ScheduleSet, TradingState
from trading.intent import Mode, Origin
from trading.journal.store import open_journal
from trading.order import OrderStatus


def standing(desk: Running) -> dict[str, object]:
    """What must be the same after a restart."""
    book = desk.app.book
    return {
        "orders": {order.id: (order.status, order.filled_quantity) for order in book.recent_orders()},
        "positions": {p.pk: (p.quantity, p.cost, p.realized) for p in book.positions()},
        "balances": {b.pk: b.amount for b in book.balances(PAPER)},
        "state": book.state(),
        "mode": book.mode("demo"),
        "limits": desk.app.desk.gate.effective("demo"),
    }


async def test_a_crash_loses_nothing(tmp_path: Path) -> None:
    async with running(tmp_path, crash=True) as desk:
        await desk.say("/buy BTC/USDT 0.005 sl=57000 tp=66000")
        await desk.say("/buy ETH/USDT $100 3000")
        await desk.until(lambda: len(desk.app.book.open_orders(PAPER)) == 3)
        await desk.say("/limit max_order_value 700")
        await desk.say("/lock SOL/USDT")
        await desk.say("/pause ETH/USDT")
        before = standing(desk)
    async with running(tmp_path) as desk:
        assert standing(desk) == before
        assert (await desk.say("/buy SOL/USDT $50")).error == "SYMBOL_LOCKED"
        assert (await desk.say("/buy ETH/USDT $50")).error == "PAUSED"
        card = "\n".join(desk.app.card(0))
        assert "1 position, 3 open orders" in card
        assert "no differences" in card


async def test_a_fill_that_was_never_reported_is_found(tmp_path: Path) -> None:
    async with running(tmp_path, crash=True) as desk:
        placed = await desk.say("/buy BTC/USDT 0.002 59000")
        order_id = placed.order_id or ""
        await desk.app.scheduler.stop()
        await desk.app.supervisor.stop()  # nobody hears the venue any more
        venue = desk.app.desk.executors[PAPER]
        order = desk.app.book.order(order_id)
        assert order is not None
        await venue.amend(order, order.quantity, Decimal(64000), None)  # the venue fills it at once
        assert (await venue.fills(order.created_at))[0].order_id == order_id
        assert desk.app.book.order(order_id).filled_quantity == 0  # type: ignore[union-attr]
    async with running(tmp_path) as desk:
        found = desk.app.book.order(order_id)
        assert found is not None
        assert found.status is OrderStatus.FILLED
        assert desk.app.book.positions(PAPER)[0].quantity == Decimal("0.002")
        assert "1 fill found" in "\n".join(desk.app.card(0))


async def test_an_order_written_down_but_never_sent_is_not_sent_later(tmp_path: Path) -> None:
    async with running(tmp_path, crash=True) as desk:

        class PowerCut(BaseException):
            pass

        class Unplugged:
            def __init__(self, inner: object) -> None:
                self.inner = inner

            def __getattr__(self, name: str) -> object:
                return getattr(self.inner, name)

            async def place(self, approved: object) -> None:
                raise PowerCut

        desk.app.desk.oms.executors = {a: Unplugged(x) for a, x in desk.app.desk.executors.items()}  # type: ignore[assignment,misc]
        with pytest.raises(PowerCut):
            await desk.say("/buy BTC/USDT 0.001", key="once")
    async with running(tmp_path) as desk:
        order = desk.app.book.recent_orders()[0]
        assert order.status is OrderStatus.REJECTED
        assert "never reached" in order.reason
        again = await desk.say("/buy BTC/USDT 0.001", key="once")
        assert again.order_id == order.id
        assert not desk.app.book.positions(PAPER)


async def test_pending_confirmations_are_voided_and_said_so(tmp_path: Path) -> None:
    async with running(tmp_path, crash=True, TILLER_CONFIRM__ORDERS="always") as desk:
        token = token_of(await desk.say("/buy BTC/USDT 0.001"))
    async with running(tmp_path, TILLER_CONFIRM__ORDERS="always") as desk:
        assert "voided: /buy BTC/USDT 0.001" in "\n".join(desk.app.card(0))
        refused = await desk.say(f"/confirm {token}")
        assert not refused.ok
        assert "voided" in refused.text
        assert not desk.app.book.recent_orders()


async def test_a_kill_goes_on_after_a_crash(tmp_path: Path) -> None:
    async with running(tmp_path, crash=True) as desk:
        await desk.say("/buy BTC/USDT 0.002 sl=57000 tp=66000")
        await desk.app.supervisor.stop()  # the kill switch works no more
        await desk.app.desk.killer.kill("k", "all", Origin("local:admin", "test"), flatten=True)
    async with running(tmp_path) as desk:
        await desk.until(lambda: not desk.app.book.positions(PAPER) and not desk.app.book.open_orders(PAPER))
        await desk.until(lambda: all(kill.done for kill in desk.app.book.all(Kill)))
        assert desk.app.book.state() is TradingState.HALTED


async def test_a_kill_file_halts_also_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "KILL").write_text("flatten\n")
    async with running(tmp_path) as desk:
        await desk.until(lambda: desk.app.book.state() is TradingState.HALTED)
        assert (await desk.say("/buy BTC/USDT 0.001")).error == "KILLED"
        await desk.say("/resume")
        assert not (tmp_path / "data" / "KILL").exists()
        assert (await desk.say("/buy BTC/USDT 0.001")).ok


async def test_a_time_boxed_live_mode_ends_while_the_desk_is_down(tmp_path: Path) -> None:
    async with running(tmp_path, crash=True) as desk:
        asked = await desk.say("/mode demo live 1s")
        await desk.say(f"/confirm {token_of(asked)} {asked.phrase}")
        assert desk.app.book.mode("demo") is Mode.LIVE
        await desk.until(lambda: desk.app.book.mode("demo") is Mode.PAPER, 5)
    async with running(tmp_path) as desk:
        assert desk.app.book.mode("demo") is Mode.PAPER


async def test_replay_equals_live_state(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        for line in ("/buy BTC/USDT 0.002 sl=57000", "/buy ETH/USDT 0.05", "/close ETH/USDT 50%", "/kill", "/resume"):
            await desk.say(line)
        live = desk.app.book
        path = desk.app.settings.database.url
        async with await open_journal(path, writer=False) as store:
            replayed = Book(store, SystemClock())
            await replayed.open()
        for kind in list(live._tables):
            assert dict(replayed._tables[kind]) == dict(live._tables[kind]), kind


async def test_what_the_clock_should_have_run_while_the_desk_was_down_is_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    async with await open_journal(f"sqlite://{tmp_path / 'data' / 'tiller.db'}") as store:
        book = Book(store, HandClock())  # long ago
        await book.open()
        await book.record(ScheduleSet("s", "close all", "local:admin", "admin", 0, "21:55"))
    async with running(tmp_path) as desk:
        (card,) = [entry.event async for entry in desk.app.book.journal.read() if isinstance(entry.event, DeskStarted)]
        assert "missed, and not made up for: close all (due " in card.text
        assert "21:55 UTC)" in card.text
    async with running(tmp_path) as desk:
        assert "missed" not in "\n".join(desk.app.card(0)), "once"
