"""Alerts as they arrive: stored, answered, done, once."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing

import msgspec
import pytest
import pytest_asyncio

from bot.web.auth import Buckets
from tests.bot.web.posting import PROXY, assert_refused, journal, outcome, post, send
from tests.bot.web.served import Served, served
from tests.bot.webhooks.alerting import SECRET, SOURCES, orders_of, settled
from trading import events as e
from trading.events import Outcome
from trading.incoming import Incoming

pytestmark = pytest.mark.asyncio(loop_scope="module")
SUBJECT = "CN=TradingView Webhooks,O=TradingView\\, Inc.,L=Westerville,ST=Ohio,C=US"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """Its one trusted proxy is this machine."""
    async with served(tmp_path_factory.mktemp("desk"), PROXY + SOURCES) as found:
        yield found


@pytest.fixture(autouse=True)
def _unhurried(desk: Served) -> None:
    """More than a sender may send: the rates are proven by themselves."""
    desk.server.state.alert_rates.sources = Buckets(1e9, 1e9, lambda: 0.0)
    desk.server.state.alert_rates.strangers = Buckets(1e9, 1e9, lambda: 0.0)


# --- from an alert to its order ----------------------------------------------------------------


async def test_an_alert_is_durable_when_it_is_answered_and_then_executed_by_its_source(desk: Served) -> None:
    answer = await send(desk, '{"action": "buy", "symbol": "BINANCE:BTCUSDT", "size": "0.011"}')
    received = [entry.event async for entry in desk.app.store.read() if isinstance(entry.event, e.AlertReceived)]
    assert received[-1].alert_id == answer.json()["id"]
    alert = await outcome(desk, answer)
    assert alert.outcome is Outcome.EXECUTED
    (order,) = [order for order in orders_of(desk.app) if str(order.quantity) == "0.011"]
    assert alert.order_ids == (order.id,)
    assert (order.side, order.symbol, order.account, order.source) == ("BUY", "BTC/USDT", "demo", "webhook")
    assert "BUY 0.011 BTC/USDT" in alert.told


@pytest.mark.parametrize(
    "body",
    [
        "buy ETH/USDT $21",
        "SYMBOL=ETHUSDT;SIGNAL=BUY;VOLUME=0.01",
        '{"ticker": "ETHUSDT", "side": "buy", "contracts": 0.01}',
        '[{"action": "buy", "symbol": "ETH/USDT", "size": "0.01"}]',
        "LICENCE9,buy,ETHUSDT,vol_lots=0.01",
    ],
)
async def test_alerts_come_in_the_shapes_people_send(desk: Served, body: str) -> None:
    alert = await outcome(desk, await send(desk, body))
    assert alert.outcome is Outcome.EXECUTED, alert.told


@pytest.mark.parametrize("name", ["secret", "passphrase", "key", "token", "Passphrase"])
async def test_the_secret_may_be_in_the_body_and_is_kept_nowhere(desk: Served, name: str) -> None:
    body = json.dumps({"action": "buy", "symbol": "ETH/USDT", "size": "0.01", name: SECRET, "id": f"7-{name}"})
    assert (await outcome(desk, await post(desk, "pine", body))).outcome is Outcome.EXECUTED
    assert SECRET not in await journal(desk)
    assert_refused(await post(desk, "pine", body.replace("fish", "dish")), 401, "UNAUTHORIZED")


async def test_a_secret_among_the_words_of_a_line_hides_none_of_them(desk: Served) -> None:
    answer = await post(desk, "pine", f"buy ETH/USDT 0.012 secret={SECRET} sl=900")
    (order_id,) = (await outcome(desk, answer)).order_ids
    order = desk.app.book.order(order_id)
    assert order is not None
    assert (str(order.quantity), str(order.stop_loss)) == ("0.012", "900")
    assert SECRET not in await journal(desk)


async def test_what_a_secret_stands_in_the_middle_of_is_refused(desk: Served) -> None:
    hidden = await send(desk, f'{{"action": "buy", "symbol": "ETH/USDT", "size": "0.01", "id": "{SECRET}"}}')
    assert_refused(hidden, 422, "HIDDEN")


async def test_several_orders_are_done_in_their_order_and_told_together(desk: Served) -> None:
    body = '{"symbol": "SOL/USDT", "orders": [{"action": "buy", "size": "1"}, {"action": "close"}]}'
    alert = await outcome(desk, await send(desk, body))
    assert alert.outcome is Outcome.EXECUTED, alert.told
    first, second = (desk.app.book.order(order_id) for order_id in alert.order_ids)
    assert first is not None
    assert second is not None
    assert (first.side, second.side, second.quantity) == ("BUY", "SELL", first.filled_quantity)
    assert len(alert.told.splitlines()) == 2


# --- the same again, too old ---------------------------------------------------------------------


async def test_the_same_alert_again_is_answered_and_done_once(desk: Served) -> None:
    body = "buy ETH/USDT 0.013"
    answers = await asyncio.gather(*(send(desk, body) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum("duplicate" not in answer.json() for answer in answers) == 1
    await settled(desk.app, answers[0].json()["id"])
    assert (await send(desk, body)).json()["duplicate"] is True
    assert len([order for order in orders_of(desk.app) if str(order.quantity) == "0.013"]) == 1
    resent = [x async for x in desk.app.store.read() if isinstance(x.event, e.AlertResent)]
    assert len([x for x in resent if x.event.alert_id == answers[0].json()["id"]]) == 1  # told once, however often


async def test_an_id_makes_alerts_the_same_or_not(desk: Served) -> None:
    bodies = [f'{{"action": "buy", "symbol": "ETH/USDT", "size": "0.014", "id": "n{n}"}}' for n in (1, 2)]
    alerts = [(await send(desk, body)).json()["id"] for body in bodies]
    again = await send(desk, bodies[0].replace("0.014", "0.015"))
    assert alerts[0] != alerts[1]
    assert (again.json()["id"], again.json()["duplicate"]) == (alerts[0], True)


async def test_while_the_journal_does_not_answer_a_sender_is_told_in_time_and_what_it_sends_again_is_done_once(
    desk: Served,
) -> None:
    """TradingView waits for 3 s, and sends again what was refused before that, but not what it gave up itself."""
    bodies = ["buy ETH/USDT 0.0181", "buy ETH/USDT 0.0182"]
    loop = asyncio.get_running_loop()
    with closing(sqlite3.connect(desk.app.settings.data_dir / "tiller.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # another program holds the database
        began = loop.time()
        sending = [asyncio.create_task(send(desk, body)) for body in bodies]
        for answer in await asyncio.gather(*sending):
            assert_refused(answer, 503, "NOT_READY")
        assert loop.time() - began < 3
        ready = await desk.nobody.get("/readyz")
        assert (ready.status_code, "journal" in ready.json()["reason"]) == (503, True)
        health = (await desk.viewer.post("/api/v1/commands", json={"line": "/health"})).json()
        assert any(row[0] == "journal" and "has not answered" in row[-1] for row in health["table"]["rows"]), health
        other.execute("ROLLBACK")
    again = [await send(desk, body) for body in bodies]
    for answer in again:
        assert (await outcome(desk, answer)).outcome is Outcome.EXECUTED
    for size in ("0.0181", "0.0182"):
        assert len([order for order in orders_of(desk.app) if str(order.quantity) == size]) == 1
    assert (await desk.nobody.get("/readyz")).status_code == 200


async def test_what_is_too_old_is_stored_and_not_done(desk: Served) -> None:
    body = '{"action": "buy", "symbol": "ETH/USDT", "size": "0.016", "time": "2026-01-05T12:00:00Z"}'
    answer = await send(desk, body)
    assert answer.json()["expired"] is True
    alert = await outcome(desk, answer)
    assert alert.outcome is Outcome.EXPIRED
    assert "at most 60 s" in alert.told
    assert_refused(await send(desk, body.replace("2026", "2199")), 422, "BAD_TIME")
    assert "0.016" not in [str(order.quantity) for order in orders_of(desk.app)]


# --- the API about them ------------------------------------------------------------------------------


async def test_the_api_lists_alerts_with_their_outcome(desk: Served) -> None:
    answer = await send(desk, "buy ETH/USDT 0.034")
    alert = await outcome(desk, answer)
    first = (await desk.viewer.get("/api/v1/webhooks", params={"source": "pine"})).json()[0]
    assert first["id"] == alert.id
    assert (first["text"], first["outcome"]) == ("buy ETH/USDT 0.034", "executed")
    assert first["order_ids"] == list(alert.order_ids)
    await outcome(desk, await send(desk, "buy ETH/USDT 0.0123", "asking"))
    for asked in ({"source": "pine", "limit": "1"}, {"source": "asking", "limit": "1"}):  # whoever sent last
        (shown,) = (await desk.viewer.get("/api/v1/webhooks", params=asked)).json()
        assert shown["source"] == asked["source"]
    assert (await desk.nobody.get("/api/v1/webhooks")).status_code == 401


async def test_a_body_can_be_tried_without_being_done(desk: Served) -> None:
    before = desk.app.book.journal.last_seq
    tried = await desk.admin.post("/api/v1/webhooks/pine/test", content="target ETH/USDT long 0.5")
    said = tried.json()["text"]
    assert tried.status_code == 200
    assert "target ETH/USDT 0.5" in said
    assert "As the account stands: /buy ETH/USDT" in said
    assert "MAX_ORDER_VALUE" in said
    unread = await desk.admin.post("/api/v1/webhooks/pine/test", content="buy {{ticker}} 1")
    assert (unread.json()["ok"], unread.json()["error"]) == (False, "UNFILLED")
    assert (await desk.admin.post("/api/v1/webhooks/nope/test", content="x")).status_code == 404
    assert (await desk.viewer.post("/api/v1/webhooks/pine/test", content="x")).status_code == 403
    assert desk.app.book.journal.last_seq == before


async def test_sources_are_counted_by_outcome(desk: Served) -> None:
    shown = desk.app.metrics.render().decode()
    for said in ("executed", "duplicate", "unreadable", "too old"):
        assert f'tiller_alerts_total{{outcome="{said}",source="pine"}}' in shown


async def test_all_that_happened_holds_no_secret(desk: Served) -> None:
    everything = await journal(desk) + desk.app.metrics.render().decode()
    assert SECRET not in everything
    assert SECRET not in str(msgspec.to_builtins([*desk.app.book.all(Incoming)]))
    assert SECRET not in str([*desk.app.settings.shown().values()])
