"""A person trades on the whole desk: every command, as typed."""

from decimal import Decimal
from pathlib import Path

import pytest

from handlers.actor import Actor, Role
from tests.running import running
from trading.intent import AccountId, Mode
from trading.order import OrderStatus

PAPER = AccountId("demo", Mode.PAPER)
VIEWER = Actor("person:vi", "vi", Role.VIEWER)
TRADER = Actor("person:tom", "tom", Role.TRADER)
OTHER = Actor("person:ana", "ana", Role.ADMIN)


def token_of(reply) -> str:  # type: ignore[no-untyped-def]
    line = next(button.line for button in reply.buttons if button.line.lstrip("/").startswith("confirm"))
    return line.split()[1]


async def test_a_market_order_is_filled_and_shows_everywhere(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        bought = await desk.say("/buy BTC/USDT 0.01")
        assert bought.ok
        assert bought.order_id
        assert "Filled 0.01" in bought.text
        assert "PAPER demo" in bought.text
        assert "Room left today" in bought.text
        order = desk.app.book.order(bought.order_id)
        assert order is not None
        assert order.status is OrderStatus.FILLED
        positions = await desk.say("/positions")
        assert positions.table is not None
        assert positions.table.rows[0][1:3] == ("BTC/USDT", "0.01")
        trades = await desk.say("/trades")
        assert trades.table is not None
        assert "BUY 0.01 BTC/USDT" in trades.table.rows[0][2]
        pnl = await desk.say("/pnl")
        assert pnl.table is not None
        fee = Decimal(pnl.table.rows[0][3])
        assert fee > 0


async def test_a_bracket_waits_and_its_cancel_takes_the_legs_along(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        placed = await desk.say("/buy BTC/USDT $100 59000 sl=57000 tp=65000")
        assert placed.ok
        assert "Stop 57,000" in placed.text
        assert "Risk to the stop" in placed.text
        assert len(desk.app.book.open_orders(PAPER)) == 3
        cancelled = await desk.say(f"/cancel {placed.order_id}")
        assert cancelled.ok
        await desk.until(lambda: not desk.app.book.open_orders(PAPER))


async def test_a_filled_entry_is_protected_and_its_close_removes_the_protection(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        await desk.say("/buy BTC/USDT 0.005 sl=57000 tp=66000")
        await desk.until(lambda: len(desk.app.book.open_orders(PAPER)) == 2)
        table = (await desk.say("/positions")).table
        assert table is not None
        assert table.rows[0][6:] == ("57,000", "66,000")
        moved = await desk.say("/sl BTC/USDT 58000")
        assert moved.ok, moved.text
        await desk.until(lambda: any(o.stop_price == 58000 for o in desk.app.book.open_orders(PAPER)))
        half = await desk.say("/close BTC/USDT 50%")
        assert half.ok, half.text
        await desk.until(lambda: all(o.remaining <= Decimal("0.0025") for o in desk.app.book.open_orders(PAPER)))
        closed = await desk.say("/close BTC/USDT")
        assert closed.ok, closed.text
        await desk.until(lambda: not desk.app.book.open_orders(PAPER) and not desk.app.book.positions(PAPER))


async def test_oco_and_trailing_exits(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        await desk.say("/buy ETH/USDT 0.1")
        pair = await desk.say("/oco ETH/USDT 0.1 tp=4000 sl=2800")
        assert pair.ok, pair.text
        assert len(desk.app.book.open_orders(PAPER)) == 2
        trailing = await desk.say("/trail ETH/USDT 2%")
        assert trailing.ok, trailing.text
        await desk.until(lambda: any(o.trail for o in desk.app.book.open_orders(PAPER)))


async def test_amend_moves_a_working_order(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        placed = await desk.say("/buy BTC/USDT 0.002 59000")
        changed = await desk.say(f"/amend {placed.order_id} price=59100 quantity=0.001")
        assert changed.ok, changed.text
        order = desk.app.book.order(placed.order_id or "")
        assert order is not None
        assert (order.limit_price, order.quantity) == (Decimal(59100), Decimal("0.001"))


async def test_why_tells_the_whole_life(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        bought = await desk.say("/buy BTC/USDT 0.01")
        story = (await desk.say(f"/why {bought.order_id}")).text
        for words in ("local:admin asked via web: /buy BTC/USDT 0.01", "check passed", "accepted it as", "Filled 0.01"):
            assert words in story


async def test_a_denied_order_says_its_numbers_and_never_reaches_the_venue(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        denied = await desk.say("/buy BTC/USDT 0.1")
        assert not denied.ok
        assert denied.error == "MAX_ORDER_VALUE"
        assert "1000 USDT" in denied.text
        assert await desk.app.desk.executors[PAPER].lookup(desk.app.book.order(denied.order_id or "")) is None  # type: ignore[arg-type]


async def test_dryrun_shows_checks_and_request_and_changes_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        shown = await desk.say("/dryrun buy BTC/USDT 0.01 sl=58000")
        assert "Would send: paper: BUY 0.01 BTC/USDT MARKET" in shown.text
        assert "MAX_ORDER_VALUE" in shown.text
        assert not desk.app.book.recent_orders()


async def test_the_same_key_is_the_same_order(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        first = await desk.say("/buy BTC/USDT 0.001", key="one")
        again = await desk.say("/buy BTC/USDT 0.001", key="one")
        assert first.order_id == again.order_id
        assert first.text == again.text
        assert len(desk.app.book.recent_orders()) == 1


# --- control ---------------------------------------------------------------------------------


async def test_kill_cancels_and_latches_and_closing_still_works(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        await desk.say("/buy BTC/USDT 0.002")
        await desk.say("/buy BTC/USDT 0.002 59000")
        killed = await desk.say("/kill")
        assert "HALTED" in killed.text
        await desk.until(lambda: not desk.app.book.open_orders(PAPER))
        denied = await desk.say("/buy BTC/USDT 0.001")
        assert denied.error == "KILLED"
        assert (await desk.say("/close BTC/USDT")).ok
        resumed = await desk.say("/resume")
        assert "ACTIVE" in resumed.text
        assert (await desk.say("/buy ETH/USDT 0.01")).ok


async def test_kill_flatten_closes_everything(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        await desk.say("/buy BTC/USDT 0.002 sl=57000 tp=66000")
        await desk.say("/buy ETH/USDT 0.05")
        await desk.say("/kill flatten=yes")
        await desk.until(lambda: not desk.app.book.positions(PAPER) and not desk.app.book.open_orders(PAPER))
        assert (await desk.say("/status")).text.startswith("HALTED")


async def test_pause_keeps_protection_and_lets_reducing_pass(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        await desk.say("/buy BTC/USDT 0.002 sl=57000 tp=66000")
        await desk.until(lambda: len(desk.app.book.open_orders(PAPER)) == 2)
        await desk.say("/pause")
        assert len(desk.app.book.open_orders(PAPER)) == 2
        assert (await desk.say("/buy BTC/USDT 0.001")).error == "PAUSED"
        assert (await desk.say("/close BTC/USDT")).ok


async def test_a_lock_stops_entries_in_one_symbol(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        await desk.say("/lock BTC/USDT 1h")
        assert (await desk.say("/buy BTC/USDT 0.001")).error == "SYMBOL_LOCKED"
        assert (await desk.say("/buy ETH/USDT 0.01")).ok
        await desk.say("/unlock all")
        assert (await desk.say("/buy BTC/USDT 0.001")).ok


async def test_lowering_a_limit_is_immediate_and_raising_is_confirmed(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        lowered = await desk.say("/limit max_order_value 100")
        assert lowered.ok
        assert not lowered.buttons
        assert (await desk.say("/buy BTC/USDT 0.01")).error == "MAX_ORDER_VALUE"
        raised = await desk.say("/limit max_order_value 2000")
        assert raised.buttons
        assert (await desk.say("/buy BTC/USDT 0.01")).error == "MAX_ORDER_VALUE"
        await desk.say(f"/confirm {token_of(raised)}")
        assert (await desk.say("/buy BTC/USDT 0.01")).ok


async def test_going_live_needs_an_admin_and_the_phrase(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        assert (await desk.say("/mode demo live", actor=TRADER)).error == "NOT_ALLOWED"
        asked = await desk.say("/mode demo live 1h")
        assert asked.ok
        assert asked.phrase
        assert asked.phrase in asked.text
        assert "1,000.00 USDT" in asked.text
        token = token_of(asked)
        wrong = await desk.say(f"/confirm {token} yes please")
        assert not wrong.ok
        assert desk.app.book.mode("demo") is Mode.PAPER
        assert (await desk.say(f"/confirm {token} {asked.phrase}")).ok
        assert desk.app.book.mode("demo") is Mode.LIVE
        order = await desk.say("/buy BTC/USDT 0.001")
        assert "LIVE demo" in order.text
        assert order.buttons, "live orders are confirmed"
        assert order.order_id is None
        done = await desk.say(f"/confirm {token_of(order)}")
        assert done.order_id
        back = await desk.say("/mode demo paper")
        assert "BTC/USDT" in back.text
        assert desk.app.book.mode("demo") is Mode.PAPER


async def test_only_the_asker_confirms_and_only_once(tmp_path: Path) -> None:
    async with running(tmp_path, TILLER_CONFIRM__ORDERS="always") as desk:
        asked = await desk.say("/buy BTC/USDT 0.001")
        token = token_of(asked)
        assert not (await desk.say(f"/confirm {token}", actor=OTHER)).ok
        assert (await desk.say(f"/confirm {token}", surface="terminal")).ok
        assert not (await desk.say(f"/confirm {token}")).ok
        assert len(desk.app.book.recent_orders()) == 1


async def test_a_large_order_needs_a_second_person(tmp_path: Path) -> None:
    people = '[people.ana]\nrole = "admin"\n[people.tom]\nrole = "trader"\n[confirm]\napprove_above = "200"\n'
    async with running(tmp_path, toml=people) as desk:
        asked = await desk.say("/buy BTC/USDT 0.005", actor=TRADER)
        assert asked.order_id is None
        token = desk.app.dispatcher.confirmations.waiting()[0].token
        assert token in asked.text
        assert not (await desk.say(f"/approve {token}", actor=TRADER)).ok
        assert (await desk.say(f"/approve {token}", actor=OTHER)).ok
        assert desk.app.book.recent_orders()[0].actor == TRADER.id


async def test_viewers_and_strangers_cannot_trade(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        for line in ("/buy BTC/USDT 0.001", "/kill", "/close all", "/limit max_order_value 1", "/config", "/logs"):
            assert (await desk.say(line, actor=VIEWER)).error == "NOT_ALLOWED", line
        stranger = await desk.say("/status", actor=None)  # type: ignore[arg-type]
        assert not stranger.ok
        assert "USDT" not in stranger.text
        assert not desk.app.book.recent_orders()


async def test_schedules_and_strategies_can_be_switched(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        assert (await desk.say("/schedule status every=4h")).ok
        assert "status" in str((await desk.say("/schedule")).table)
        assert not (await desk.say("/schedule nonsense every=4h")).ok
        assert (await desk.say("/stop_strategy trend")).ok
        assert "stopped" in str((await desk.say("/strategies")).table)
        assert (await desk.say("/start_strategy trend")).ok


@pytest.mark.parametrize(
    "line",
    ["/help", "/price BTC/USDT", "/orders", "/positions", "/balance", "/pnl week", "/trades 5", "/status", "/mode",
     "/risk", "/locks", "/strategies", "/signals", "/schedule", "/whoami", "/health", "/logs 5", "/audit", "/config",
     "/version", "/accounts", "/equity", "/fees", "/chart BTC/USDT 1m", "/instruments btc", "/reconcile", "/users"],
)  # fmt: skip
async def test_every_reading_command_answers(tmp_path: Path, line: str) -> None:
    async with running(tmp_path) as desk:
        reply = await desk.say(line)
        assert reply.ok, reply.text
        assert reply.text or reply.table


BAD = ("NaN", "inf", "-1", "0", "1e400", "1" + "0" * 400, "٣", "<b>", "'; DROP TABLE orders;--", "0x10", "1,000", "½")


@pytest.mark.parametrize("number", BAD)
async def test_bad_numbers_get_one_line_and_change_nothing(tmp_path: Path, number: str) -> None:
    async with running(tmp_path) as desk:
        for line in (f"/buy BTC/USDT {number}", f"/buy BTC/USDT 0.001 {number}", f"/buy BTC/USDT 0.001 sl={number}"):
            reply = await desk.say(line)
            assert not reply.ok
            assert len(reply.text.splitlines()) == 1, reply.text
            assert len(reply.text) < 300
        assert not desk.app.book.recent_orders()


async def test_later_commands_say_so(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        for name in ("backtest", "optimize"):
            reply = await desk.say(f"/{name} x")
            assert reply.error == "NOT_HERE_YET"
            assert len(reply.text.splitlines()) == 1
