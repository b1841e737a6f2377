"""Alerts from outside, done: once, in order, across a crash, as the account stands, and with somebody's consent."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from bot.app import App
from bot.logs import LogTail
from bot.settings.loading import load
from bot.webhooks.sources import SKEW_S
from tests.bot.webhooks.alerting import DEMO, EVA, SOURCES, done, held, journal, orders_of, settled, source, take, told
from tests.kit import HandClock
from tests.running import running
from trading import events as e
from trading.events import Outcome
from trading.ids import derive
from trading.incoming import Incoming
from trading.journal.store import open_journal

TARGET = '{"action": "target", "symbol": "ETH/USDT", "position": "long", "size": "%s", "id": "%s"}'


async def leave(app: App, body: str, age: timedelta = timedelta()) -> str:
    """An alert as a crash right after the 200 leaves it: in the journal, and nothing done."""
    alert_id = derive("left", body)
    sent = app.clock.now() - age if age else None
    await app.book.record(e.AlertReceived(alert_id, "pine", "demo", body, derive("print", body), sent))
    return alert_id


# --- a crash ---------------------------------------------------------------------------------------


async def test_what_was_stored_before_a_crash_is_done_once_after_it_and_said_so(tmp_path: Path) -> None:
    async with running(tmp_path, crash=True, toml=SOURCES) as desk:
        first = await leave(desk.app, "buy ETH/USDT 0.02")
        second = await leave(desk.app, "close ETH/USDT 0.01")
    async with running(tmp_path, crash=True, toml=SOURCES) as desk:
        alerts = [await settled(desk.app, alert_id) for alert_id in (first, second)]
        assert [alert.outcome for alert in alerts] == [Outcome.EXECUTED] * 2
        assert all(alert.told.startswith("After a restart. ") for alert in alerts)
        assert [order.side for order in orders_of(desk.app)] == ["BUY", "SELL"]
    async with running(tmp_path, toml=SOURCES) as desk:  # settled: not done again
        assert len(orders_of(desk.app)) == 2


async def test_what_is_too_old_after_a_crash_is_not_done_and_said_so(tmp_path: Path) -> None:
    async with running(tmp_path, crash=True, toml=SOURCES) as desk:
        alert_id = await leave(desk.app, "buy ETH/USDT 0.02", age=timedelta(seconds=61))
    async with running(tmp_path, toml=SOURCES) as desk:
        alert = await settled(desk.app, alert_id)
        assert alert.outcome is Outcome.EXPIRED
        assert "After a restart." in alert.told
        assert "at most 60 s" in alert.told
        assert not desk.app.book.recent_orders()


@pytest.mark.parametrize("is_answered", [True, False])
async def test_an_order_that_was_placed_before_the_crash_is_found_and_not_placed_again(
    tmp_path: Path, is_answered: bool
) -> None:
    """The desk died after the order of an alert, before or after the answer of its line was in the journal."""
    body = "target ETH/USDT long 0.02"
    async with running(tmp_path, crash=True, toml=SOURCES) as desk:
        alert_id = await leave(desk.app, body, age=timedelta(seconds=55))
        actor, line, key = source(desk.app).actor, "/buy ETH/USDT 0.02", f"wh:{alert_id}:0"
        if is_answered:
            placed = await desk.app.run(line, actor, "webhook", key)
        else:  # the order without the audit of its line
            asking = desk.app.dispatcher._context(line, actor, "webhook", f"{actor.id}|{key}")
            placed = await desk.app.dispatcher._enter(asking, keep=False)
        assert placed.order_id
    async with running(tmp_path, toml=SOURCES) as desk:
        alert = await settled(desk.app, alert_id)
        assert (alert.outcome, alert.order_ids) == (Outcome.EXECUTED, (placed.order_id,))
        assert len(orders_of(desk.app)) == 1
        assert (await done(desk.app, body)).told.startswith("Nothing to do: ETH/USDT is at 0.0")


async def test_what_was_stored_for_one_account_is_never_done_on_another(tmp_path: Path) -> None:
    async with running(tmp_path, crash=True, toml=SOURCES) as desk:
        alert_id = await leave(desk.app, "buy ETH/USDT 0.02")
    moved = f"{SOURCES}\n[accounts.demo]\n[accounts.other]\n".replace(
        'account = "demo"\nsymbols = {', 'account = "other"\nsymbols = {'
    )
    async with running(tmp_path, toml=moved) as desk:
        assert source(desk.app).account == "other"
        alert = await settled(desk.app, alert_id)
        assert alert.outcome is Outcome.DENIED
        assert "demo" in alert.told
        assert not desk.app.book.recent_orders()


async def test_the_same_alert_is_known_after_a_restart(tmp_path: Path) -> None:
    async with running(tmp_path, crash=True, toml=SOURCES) as desk:
        first = await done(desk.app, '{"action": "buy", "symbol": "ETH/USDT", "size": "0.02", "id": "7"}')
    async with running(tmp_path, toml=SOURCES) as desk:
        again = await take(desk.app, '{"action": "buy", "symbol": "ETH/USDT", "size": "0.02", "id": "7"}')
        assert (again.alert_id, again.duplicate) == (first.id, True)
        assert len(orders_of(desk.app)) == 1


async def test_what_waits_is_void_after_a_restart_and_said_to_be(tmp_path: Path) -> None:
    async with running(tmp_path, crash=True, toml=SOURCES) as desk:
        alert = await done(desk.app, "buy ETH/USDT 0.02", "asking")
        assert alert.outcome is Outcome.WAITING
    async with running(tmp_path, toml=SOURCES) as desk:
        await desk.until(lambda: desk.app.book.get(Incoming, alert.id).outcome is Outcome.REJECTED)  # type: ignore[union-attr]
        assert "voided" in desk.app.book.get(Incoming, alert.id).told  # type: ignore[union-attr]
        assert not desk.app.book.recent_orders()


async def test_a_stop_leaves_what_waits_for_the_next_start(tmp_path: Path) -> None:
    async with running(tmp_path, toml=SOURCES) as desk:
        desk.app.not_accepting = "stopping"
        receipt = await take(desk.app, "buy ETH/USDT 0.02")
        await asyncio.sleep(0)
    async with running(tmp_path, toml=SOURCES) as desk:
        assert (await settled(desk.app, receipt.alert_id)).outcome is Outcome.EXECUTED


async def test_the_same_body_later_is_another_alert_but_for_what_could_be_replayed(tmp_path: Path) -> None:
    clock = HandClock()
    settings = load(written(tmp_path), tmp_path, 0, {})
    async with await open_journal(settings.database.url) as store:
        app = App(settings, store, clock, LogTail())
        await app.start()
        body, signed = b"buy ETH/USDT 0.02", b"buy ETH/USDT 0.03"
        first = [await app.inbox.receive(source(app), body), await app.inbox.receive(source(app), signed, once=True)]
        clock.move(60 + SKEW_S)
        again = await app.inbox.receive(source(app), body)
        assert (again.alert_id, again.duplicate) == (first[0].alert_id, True)
        clock.move(1)
        assert not (await app.inbox.receive(source(app), body)).duplicate
        clock.move(10**6)
        assert (await app.inbox.receive(source(app), signed, once=True)).alert_id == first[1].alert_id
        await app.stop("test")


async def test_an_alert_from_a_clock_that_is_ahead_is_done_once_for_as_long_as_it_is_young(tmp_path: Path) -> None:
    clock = HandClock()
    settings = load(written(tmp_path), tmp_path, 0, {})
    async with await open_journal(settings.database.url) as store:
        app = App(settings, store, clock, LogTail())
        await app.start()
        ahead = (clock.now() + timedelta(seconds=59)).isoformat()
        body = f'{{"action": "buy", "symbol": "ETH/USDT", "size": "0.02", "time": "{ahead}"}}'
        first = await take(app, body)
        for seconds in (91, 20, 8):  # 119 s in all: until then it is not too old
            clock.move(seconds)
            again = await take(app, body)
            assert (again.alert_id, again.duplicate) == (first.alert_id, True)
        clock.move(1)
        assert (await take(app, body)).outcome in (None, Outcome.EXPIRED)
        assert len(orders_of(app)) <= 1
        await app.stop("test")


async def test_what_could_not_be_read_is_no_alert_that_was_done(tmp_path: Path) -> None:
    """Its source's symbols were mended in between: what is sent again now is the first that can be done."""
    body = '{"action": "buy", "symbol": "MYCOIN", "size": "0.02"}'
    async with running(tmp_path, crash=True, toml=SOURCES) as desk:
        first = await take(desk.app, body)
        assert first.error is not None
        assert (await take(desk.app, body)).duplicate
        signed = await desk.app.inbox.receive(source(desk.app), body.replace("2", "3").encode(), once=True)
        assert signed.error is not None
    mended = SOURCES.replace('"BINANCE:BTCUSDT"', '"MYCOIN" = "ETH/USDT", "BINANCE:BTCUSDT"')
    async with running(tmp_path, toml=mended) as desk:
        again = await take(desk.app, body)
        assert not again.duplicate
        assert (await settled(desk.app, again.alert_id)).outcome is Outcome.EXECUTED
        # But what anybody may send again who once saw it is never done later.
        replayed = await desk.app.inbox.receive(source(desk.app), body.replace("2", "3").encode(), once=True)
        assert replayed.error is not None
        assert replayed.error.code == "USED"
        assert len(orders_of(desk.app)) == 1


async def test_an_id_that_is_used_again_later_is_told_each_time(tmp_path: Path) -> None:
    """As with {{strategy.order.id}} for an id: its sender must hear that nothing is done any more."""
    clock = HandClock()
    settings = load(written(tmp_path), tmp_path, 0, {})
    async with await open_journal(settings.database.url) as store:
        app = App(settings, store, clock, LogTail())
        await app.start()
        body = '{"action": "buy", "symbol": "ETH/USDT", "size": "0.02", "id": "Long 1"}'
        for seconds, count in ((0, 0), (1, 1), (1, 1), (86400, 2), (86400, 3)):
            clock.move(seconds)
            await take(app, body)
            assert sum(isinstance(entry.event, e.AlertResent) for entry in await journal(app)) == count
        await app.stop("test")


def written(folder: Path) -> Path:
    config = folder / "tiller.toml"
    config.write_text(SOURCES)
    config.chmod(0o600)
    return config


# --- as the account stands ---------------------------------------------------------------------------


async def test_a_target_is_reached_from_wherever_the_account_is(tmp_path: Path) -> None:
    async with running(tmp_path, toml=SOURCES) as desk:
        for target, lines in (("0.05", "BUY 0.05"), ("0.02", "SELL 0.03"), ("0.02", ""), ("0.06", "BUY 0.04")):
            before = len(orders_of(desk.app))
            body = TARGET % (target, f"{before} {target}")
            alert = await done(desk.app, body)
            assert alert.outcome is Outcome.EXECUTED, alert.told
            made = [f"{order.side} {order.filled_quantity}" for order in orders_of(desk.app)[before:]]
            # What was bought paid its fee in quote: the position is what was asked for.
            assert made == ([lines] if lines else [])
            assert held(desk.app, "ETH/USDT") == target
        assert (await done(desk.app, "target ETH/USDT flat")).outcome is Outcome.EXECUTED
        assert held(desk.app, "ETH/USDT") == "0"


async def test_a_target_waits_for_an_order_that_is_under_way(tmp_path: Path) -> None:
    async with running(tmp_path, toml=f"{SOURCES}\n[accounts.demo]\nlatency_ms = 700\n") as desk:
        typed = asyncio.create_task(desk.say("/buy ETH/USDT 0.05", EVA))
        await desk.until(lambda: bool(desk.app.book.open_orders(DEMO)))
        assert (await done(desk.app, TARGET % ("0.05", "7"))).told.startswith("Nothing to do")
        assert (await typed).ok
        assert held(desk.app, "ETH/USDT") == "0.05"


@pytest.mark.parametrize("body", ["close ETH/USDT 0.05", '{"action": "exit", "ticker": "ETHUSDT", "qty": "0.05"}',
                                  '{"action": "close_long", "symbol": "ETH/USDT", "quantity": "0.0201"}'])  # fmt: skip
async def test_a_close_of_more_than_there_is_closes_it_all(tmp_path: Path, body: str) -> None:
    """Where fees are paid in what is bought, there is never as much as the strategy thinks."""
    async with running(tmp_path, toml=SOURCES) as desk:
        await done(desk.app, "buy ETH/USDT 0.02")
        alert = await done(desk.app, body)
        assert alert.outcome is Outcome.EXECUTED, alert.told
        assert held(desk.app, "ETH/USDT") == "0"


async def test_two_alerts_at_once_reach_the_target_once(tmp_path: Path) -> None:
    """The second sees the position that the first one makes."""
    async with running(tmp_path, toml=SOURCES) as desk:
        receipts = [await take(desk.app, TARGET % ("0.05", n)) for n in range(3)]
        for receipt in receipts:
            await settled(desk.app, receipt.alert_id)
        assert held(desk.app, "ETH/USDT") == "0.05"
        assert len(orders_of(desk.app)) == 1


async def test_a_halted_desk_denies_alerts_as_any_order_and_lets_them_close(tmp_path: Path) -> None:
    async with running(tmp_path, toml=SOURCES) as desk:
        await done(desk.app, "buy ETH/USDT 0.02")
        assert (await desk.say("/pause")).ok
        denied = await done(desk.app, "buy ETH/USDT 0.03")
        closed = await done(desk.app, "close ETH/USDT")
        assert denied.outcome is Outcome.DENIED
        assert "PAUSED" in denied.told
        assert closed.outcome is Outcome.EXECUTED
        alert = told(desk.app, await journal(desk.app), denied.id)
        assert (alert.kind, alert.buttons) == ("alerts", ())
        assert "Alert of pine denied" in alert.text


async def test_a_source_that_was_removed_meanwhile_does_nothing(tmp_path: Path) -> None:
    async with running(tmp_path, toml=SOURCES) as desk:
        assert (await desk.say("/webhook gone new")).ok
        found = source(desk.app, "gone")
        desk.app.not_accepting = "busy"
        receipt = await desk.app.inbox.receive(found, b"buy ETH/USDT 0.02")
        desk.app.desk.sources.remove("gone")
        desk.app.not_accepting = ""
        alert = await settled(desk.app, receipt.alert_id)
        assert alert.outcome is Outcome.DENIED
        assert not desk.app.book.recent_orders()


async def test_one_source_does_not_wait_for_another(tmp_path: Path) -> None:
    async with running(tmp_path, toml=SOURCES) as desk:
        assert (await desk.say("/buy ETH/USDT 0.01 1000", EVA)).ok  # a resting order holds up nobody
        slow = asyncio.create_task(done(desk.app, "buy ETH/USDT 0.02"))
        assert (await done(desk.app, "buy SOL/USDT 1", "watcher")).outcome is Outcome.DENIED
        assert (await slow).outcome is Outcome.EXECUTED
