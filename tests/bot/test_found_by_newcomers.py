"""What somebody stumbled over who did what the documentation says: each once, so that it does not come back."""

import json
import re
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.app import App
from bot.logs import LogTail
from bot.settings.loading import load
from bot.web.api import OrderBody
from bot.web.dashboard.view import books
from bot.web.reading import read_order, read_orders
from bot.webhooks.fulfilment import too_old
from bot.webhooks.trial import trial
from handlers.actor import Actor, Role
from tests.bot.test_part_close import MT5_TOML
from tests.bot.webhooks.alerting import DEMO, SOURCES, done, journal, orders_of, source
from tests.bridge.served import TOKEN, served
from tests.emulators.mt5.desk import desk as broker_desk
from tests.running import SAME_DAY, Running, running
from trading.events import OrderSubmitted
from trading.instruments import Symbol
from trading.intent import OrderType, TimeInForce
from trading.journal.store import open_journal
from trading.mt5.constants import Constants as mt5
from trading.order import OrderStatus

ANA = Actor("person:ana", "ana", Role.ADMIN)
MARKET_GTC = (OrderType.MARKET, TimeInForce.GTC, Decimal("0.001"))
PRICES = {"stop": 90, "low": 92, "high": 108, "target": 110}  # in percent of the present one


def level(desk: Running, share: int) -> int:
    """A price of BTC/USDT in percent of the present one."""
    shown = desk.app.desk.valuation.quote(DEMO, Symbol("BTC/USDT"))
    assert shown is not None
    return int(shown.last * share / 100)


async def test_gtc_says_nothing_of_a_market_order_wherever_it_is_said(tmp_path: Path) -> None:
    async with running(tmp_path, toml=SOURCES) as desk:
        said = await desk.say("/buy BTC/USDT 0.001 tif=gtc")
        body = OrderBody.model_validate(
            {"symbol": "BTC/USDT", "side": "BUY", "quantity": "0.001", "type": "MARKET", "time_in_force": "GTC"}
        )
        posted = await desk.say(body.line())
        alert = {"symbol": "BTCUSDT", "action": "buy", "size": "0.001", "order_type": "market", "time_in_force": "GTC"}
        told = await done(desk.app, json.dumps(alert))
        assert str(told.outcome) == "executed", told.reason
        [alerted] = orders_of(desk.app)
        for made in (said.order_id, posted.order_id, alerted.id):
            order = desk.app.book.order(made or "")
            assert order is not None
            assert (order.type, order.time_in_force, order.quantity) == MARKET_GTC
        closed = await done(desk.app, json.dumps(alert | {"action": "close", "size": "50%"}))
        assert str(closed.outcome) == "executed", closed.reason
        refused = await desk.say("/buy BTC/USDT 0.001 tif=gtc post=yes")
        assert refused.error == "NO_LIMIT"  # what can only be a maker needs a price to wait at


async def test_legs_of_an_entry_that_waits_are_not_called_accepted(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        low, stop, target = (level(desk, share) for share in (95, 90, 110))
        entry = await desk.say(f"/buy BTC/USDT 0.002 {low} sl={stop} tp={target}")
        listed = await desk.say("/orders")
        assert listed.table is not None
        assert sorted(row[-1] for row in listed.table.rows) == [
            "accepted",
            "waits for its entry",
            "waits for its entry",
        ]
        shown = {each["key"]: each["cells"][3]["text"] for each in books.orders(desk.app, trades=True)}
        api = {each["id"]: each for each in await read_orders(desk.app, ANA, "open")}
        for leg in (each for each in desk.app.book.open_orders() if each.id != entry.order_id):
            assert shown[leg.id] == "waits for its entry"
            assert (api[leg.id]["status"], api[leg.id]["waits_for_entry"]) == ("ACCEPTED", True)
            assert (await read_order(leg.id, desk.app, ANA))["waits_for_entry"] is True
            for word in ("order", "why"):
                assert "it waits for its entry" in (await desk.say(f"/{word} {leg.id}")).text
                assert f"{leg.leg}" in (said := (await desk.say(f"/{word} {entry.order_id}")).text)
                assert said.count("waits for its entry") == 2
        assert api[entry.order_id]["waits_for_entry"] is False
        legs = [each.id for each in desk.app.book.children(entry.order_id or "")]
        assert (await desk.say(f"/cancel {entry.order_id}")).ok
        await desk.until(lambda: not desk.app.book.open_orders())
        assert [(await read_order(leg, desk.app, ANA))["waits_for_entry"] for leg in legs] == [False, False]
        # ... and those of an entry that is filled at once work.
        assert (await desk.say(f"/buy BTC/USDT 0.002 sl={stop} tp={target}")).ok
        await desk.until(lambda: len(desk.app.book.open_orders()) == 2)
        assert not any(each["waits_for_entry"] for each in await read_orders(desk.app, ANA, "open"))


@pytest.mark.parametrize(
    ("seconds", "told"), [(95, "sent 95s ago"), (7200, "sent 2h ago"), (27695901, "sent 320d ago")]
)
async def test_how_late_an_alert_is_can_be_read(tmp_path: Path, seconds: int, told: str) -> None:
    async with running(tmp_path) as desk:
        now = desk.app.clock.now()
        assert told in too_old(now - timedelta(seconds=seconds), now, 60)


async def accepted(desk: Running, count: int) -> None:
    """Wait until so many orders work at the venue."""
    await desk.until(lambda: [x.status for x in desk.app.book.open_orders()] == [OrderStatus.ACCEPTED] * count)


async def of_orders(desk: Running, after: int) -> list[object]:
    """What the journal says of orders from then on."""
    return [x.event for x in await journal(desk.app) if x.seq > after and hasattr(x.event, "order_id")]


async def requests(desk: Running, order_ids: Iterable[str]) -> list[str]:
    """What was sent for orders, by the journal, without the ids: those follow from the request's key."""
    sent = [x.event for x in await journal(desk.app) if isinstance(x.event, OrderSubmitted)]
    return [re.sub(r"id=\S+", "id=", each.request) for each in sent if each.order_id in order_ids]


@pytest.mark.parametrize(
    ("bracket", "wish"),
    [
        ("", "sl {low}"),
        ("", "tp {high}"),
        ("", "trail 2%"),
        (" sl={stop} tp={target}", "trail 2%"),  # the pair gives way to another
        (" tp={target}", "sl {low}"),
        (" sl={stop}", "tp {high}"),
    ],
)
async def test_a_dry_run_of_a_protection_is_what_is_done_then(tmp_path: Path, bracket: str, wish: str) -> None:
    async with running(tmp_path) as desk:
        prices = {name: level(desk, share) for name, share in PRICES.items()}
        assert (await desk.say(f"/buy BTC/USDT 0.002{bracket.format(**prices)}")).ok
        await accepted(desk, bracket.count("="))
        before, known = desk.app.book.journal.last_seq, {each.id for each in desk.app.book.recent_orders()}
        name, value = wish.format(**prices).split()
        tried = await desk.say(f"/dryrun {name} BTC/USDT {value}")
        assert tried.ok
        assert await of_orders(desk, before) == []
        assert tried.text.endswith("Nothing was sent.")
        assert "pass  NOTHING_TO_REDUCE: " in tried.text
        assert tried.text.count("Would cancel ") == bracket.count("=")
        would = [re.sub(r"id=\S+", "id=", line) for line in re.findall(r"^Would send: (.*)$", tried.text, re.MULTILINE)]
        assert (await desk.say(f"/{name} BTC/USDT {value}")).ok
        new = {each.id for each in desk.app.book.open_orders()} - known
        assert would == list(dict.fromkeys(await requests(desk, new)))


async def test_a_dry_run_of_a_moved_stop_shows_it_before_and_after(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        prices = {name: level(desk, share) for name, share in PRICES.items()}
        assert (await desk.say("/buy BTC/USDT 0.002 sl={stop} tp={target}".format(**prices))).ok
        await accepted(desk, 2)
        stop = next(each for each in desk.app.book.open_orders() if each.stop_price)
        before = desk.app.book.journal.last_seq
        for what in ("BTC/USDT", stop.id):
            tried = (await desk.say(f"/dryrun sl {what} {prices['low']}")).text
            assert f"Would change PAPER demo: SELL 0.002 BTC/USDT STOP at {prices['stop']:,}" in tried
            assert f"to           PAPER demo: SELL 0.002 BTC/USDT STOP at {prices['low']:,}" in tried
            assert f"It would stand as: paper: SELL 0.002 BTC/USDT STOP stop={prices['low']}" in tried
        for line in (f"sl BTC/USDT {prices['high']}", f"tp {stop.id} {prices['low']}", "trail BTC/USDT 9999999"):
            refused = await desk.say(f"/dryrun {line}")
            assert refused.error == (await desk.say(f"/{line}")).error == "STOP_WRONG_SIDE", refused.text
        assert await of_orders(desk, before) == []
        waiting = await desk.say(f"/buy BTC/USDT 0.002 {prices['low']}")
        await accepted(desk, 3)
        before = desk.app.book.journal.last_seq
        tried = (await desk.say(f"/dryrun tp {waiting.order_id} {prices['high']}")).text
        assert f"take profit {prices['high']:,}, placed as it fills." in tried
        assert await of_orders(desk, before) == []


async def test_an_alert_about_a_stop_can_be_tried(tmp_path: Path) -> None:
    async with running(tmp_path, toml=SOURCES) as desk:
        assert (await desk.say("/buy BTC/USDT 0.002")).ok
        low = level(desk, 92)
        body = json.dumps({"symbol": "BTCUSDT", "action": "sl", "sl": low}).encode()
        tried = await trial(desk.app.inbox.fulfilment, desk.app.run, source(desk.app), body)
        assert tried.ok
        assert f"/sl BTC/USDT {low}" in tried.text
        assert "pass  STOP_WRONG_SIDE: " in tried.text
        assert f"Would send: paper: SELL 0.002 BTC/USDT STOP stop={low}" in tried.text


async def test_a_rounded_share_never_contradicts_the_amount(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        assert (await desk.say("/buy BTC/USDT 0.0005")).ok  # costs a fee of some cents
        (told,) = re.findall(r"^(-0\.\d+) \((.*?)\)", (await desk.say("/equity")).text, re.MULTILINE)
        assert told[1] == "0.00%"


@pytest.mark.parametrize(
    ("environment", "mode", "named", "told"),
    [
        ("demo", mt5.ACCOUNT_TRADE_MODE_DEMO, "mt5 demo, account 5001", "play money"),
        ("live", mt5.ACCOUNT_TRADE_MODE_DEMO, "mt5 demo, account 5001", "play money"),
        ("live", mt5.ACCOUNT_TRADE_MODE_REAL, "mt5 live, account 5001", "REAL MONEY"),
    ],
)
async def test_going_live_at_a_broker_says_what_the_terminal_says_of_the_money(
    tmp_path: Path, environment: str, mode: int, named: str, told: str
) -> None:
    there = broker_desk(now=SAME_DAY.now().timestamp())
    there.terminal.current.trade_mode = mode
    async with served(tmp_path, there=there) as bridge:
        toml = MT5_TOML.format(port=bridge.port, token=TOKEN)
        toml = toml.replace('venue = "mt5"', f'venue = "mt5"\nenvironment = "{environment}"')
        async with running(tmp_path, toml=toml) as chat:
            asked = (await chat.say("/mode broker live")).text
            assert f"broker goes LIVE at {named}, " in asked
            assert told in asked


@pytest.mark.parametrize(("environment", "named"), [("demo", "demo"), ("live", "")])
async def test_a_terminal_that_was_not_asked_yet_leaves_what_the_settings_let_in(
    tmp_path: Path, environment: str, named: str
) -> None:
    """With `demo` no real account is taken; with `live` either may come, and so nothing can be said."""
    (tmp_path / "tiller.toml").write_text(MT5_TOML.format(port=1, token=TOKEN))
    (tmp_path / "tiller.toml").chmod(0o600)
    environ = {"TILLER_ACCOUNTS__BROKER__ENVIRONMENT": environment}
    settings = load(tmp_path / "tiller.toml", tmp_path, 0, environ)
    async with await open_journal(settings.database.url) as store:
        app = App(settings, store, SAME_DAY, LogTail())
        assert app.desk.environment("broker") == named
