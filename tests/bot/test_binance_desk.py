"""A person trades at Binance from chat: the whole desk, as settings make it, at the emulated exchange over sockets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from fastapi import Response

from bot.check import check
from bot.settings.loading import load
from bot.web.reading import readyz
from handlers.reply import Reply
from tests.emulators.binance.futures import Futures
from tests.emulators.binance.signing import ApiKey
from tests.emulators.binance.spot import Spot
from tests.emulators.binance.venue import Binance
from tests.running import Running, running
from trading.intent import AccountId, Mode
from trading.order import OrderStatus

D = Decimal
# The example key of Binance's own documentation.
KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
KEYS = {"TILLER_ACCOUNTS__MAIN__API_KEY": KEY, "TILLER_ACCOUNTS__MAIN__API_SECRET": SECRET}
LIVE, PAPER = AccountId("main", Mode.LIVE), AccountId("main", Mode.PAPER)
NAME = "BTCUSDT"
TOML = """
[accounts.main]
venue = "binance"
environment = "live"
products = ["spot", "usdm"]
rest_url = "{rest}"
ws_api_url = "{socket}"
stream_url = "{socket}/fstream"
[accounts.demo]
venue = "paper"
[market]
symbols = ["BTC/USDT", "BTC/USDT:USDT"]
[confirm]
orders = "never"
[risk]
max_order_value = "10000"
max_position_value = "20000"
"""
SPOT_ONLY = (
    TOML.replace('["spot", "usdm"]', '["spot"]')
    .replace("{socket}/fstream", "{socket}")
    .replace(', "BTC/USDT:USDT"', "")
)


class Place:
    """Binance with 10,000 USDT on each product, BTC at 60,000."""

    def __init__(self, venue: Binance) -> None:
        self.venue, self.spot, self.futures = venue, Spot(venue), Futures(venue)
        self.spot.open_account("main", ApiKey(KEY, secret=SECRET), USDT="10000")
        self.futures.transfer("main", 10_000)
        self.show("60000", "60001")

    def show(self, bid: str, ask: str) -> None:
        self.spot.show(NAME, [[bid, "5"]], [[ask, "5"]])
        self.futures.show(NAME, [[bid, "5"]], [[ask, "5"]])

    def money(self) -> dict[str, Decimal]:
        """What the account has there, on both products together."""
        found = {asset: D(free) + D(locked) for asset, (free, locked) in self.spot.balances("main").items()}
        for asset, amount in self.futures.account().wallet.items():
            found[asset] = found.get(asset, D(0)) + amount
        return {asset: amount for asset, amount in found.items() if amount}

    def toml(self, template: str = SPOT_ONLY) -> str:
        return template.format(rest=self.venue.url, socket=self.venue.url.replace("http", "ws", 1))


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    async with Binance() as venue:
        yield Place(venue)


@asynccontextmanager
async def live(folder: Path, toml: str) -> AsyncIterator[Running]:
    """A desk whose account is live."""
    async with running(folder, crash=False, toml=toml, **KEYS) as desk:
        await confirmed(desk, "/mode main live")
        yield desk


async def confirmed(desk: Running, line: str) -> Reply:
    """Send a line, and the confirmation that it asks for."""
    asked = await desk.say(line)
    assert asked.buttons, asked.text
    return await ok(desk, f"/{asked.buttons[0].line} {asked.phrase or ''}".strip())


async def ok(desk: Running, line: str) -> Reply:
    reply = await desk.say(line)
    assert reply.ok, reply.text
    return reply


def books(desk: Running) -> dict[str, Decimal]:
    """What the desk's books say the account has."""
    return {each.currency: each.amount for each in desk.app.book.balances(LIVE) if each.amount}


def status(desk: Running, placed: Reply) -> OrderStatus:
    """What became of the order that a reply tells of."""
    order = desk.app.book.order(placed.order_id or "")
    assert order is not None
    return order.status


async def drift(desk: Running, what: str) -> str:
    """The id of a difference that /reconcile shows."""
    reply = await ok(desk, "/reconcile main")
    assert reply.table is not None, reply.text
    return next(row[0] for row in reply.table.rows if row[2] == what)


async def test_a_day_of_trading_on_spot(tmp_path: Path, place: Place) -> None:
    async with live(tmp_path, place.toml()) as desk:
        bought = await ok(desk, "/buy BTC/USDT 0.01 account=main")
        assert "LIVE main: BUY 0.01 BTC/USDT MARKET" in bought.text
        assert "Filled 0.01 at 60,001, fee 0.00001 BTC." in bought.text
        entry = await ok(desk, "/buy BTC/USDT 0.01 59000 sl=57000 tp=65000 account=main")
        # the exchange holds the stop and the target, should the desk be down by then; what the fee leaves is sold
        [group] = place.spot.exchange.lists.values()
        assert [(each.type, each.status, str(each.qty.normalize())) for each in group.orders] == [
            ("LIMIT", "NEW", "0.01"),
            ("LIMIT_MAKER", "PENDING_NEW", "0.00999"),
            ("STOP_LOSS", "PENDING_NEW", "0.00999"),
        ]
        place.show("58999", "59000")
        await desk.until(lambda: status(desk, entry) is OrderStatus.FILLED)
        assert len(desk.app.book.open_orders(LIVE)) == 2
        resting = await ok(desk, "/buy BTC/USDT 0.01 50000 account=main")
        moved = await ok(desk, f"/amend {resting.order_id} price=51000")
        assert "51,000" in moved.text
        await ok(desk, f"/cancel {resting.order_id}")
        await desk.until(lambda: status(desk, resting) is OrderStatus.CANCELED)
        closed = await ok(desk, "/close BTC/USDT account=main")
        assert "Filled 0.01998 at 58,999" in closed.text
        assert place.spot.exchange.accounts["main"].open == {}
        assert books(desk) == {"USDT": place.money()["USDT"] - 10_000}
        assert "no differences" in (await ok(desk, "/reconcile main")).text
        shown = desk.app.metrics.render().decode()
        assert f'tiller_request_weight_limit{{address="{place.venue.url}",interval="1m"}} 6000.0' in shown


async def test_a_dry_run_of_a_stop_shows_the_pair_that_is_sent_then(tmp_path: Path, place: Place) -> None:
    async with live(tmp_path, place.toml()) as desk:
        await ok(desk, "/buy BTC/USDT 0.01 sl=57000 tp=65000 account=main")
        await desk.until(lambda: [x.status for x in desk.app.book.open_orders(LIVE)] == [OrderStatus.ACCEPTED] * 2)
        sent = len(place.venue.executed.of("order"))
        tried = (await ok(desk, "/dryrun sl BTC/USDT 58000 account=main")).text
        assert tried.count("Would cancel LIVE main: SELL 0.00999 BTC/USDT") == 2
        (would,) = [line for line in tried.splitlines() if line.startswith("Would send: ")]
        assert would.startswith("Would send: POST /api/v3/orderList/oco")
        assert "58000" in would
        assert "65000" in would
        assert len(place.venue.executed.of("order")) == sent
        await ok(desk, "/sl BTC/USDT 58000 account=main")
        assert {x.stop_price or x.limit_price for x in desk.app.book.open_orders(LIVE)} == {D(58000), D(65000)}


async def test_a_kill_with_flatten_cancels_and_closes_on_both_products(tmp_path: Path, place: Place) -> None:
    async with live(tmp_path, place.toml(TOML)) as desk:
        await ok(desk, "/buy BTC/USDT 0.01 account=main")
        await ok(desk, "/sell BTC/USDT:USDT 0.01 sl=63000 account=main")
        await ok(desk, "/buy BTC/USDT 0.01 50000 account=main")
        await desk.until(lambda: len(desk.app.book.open_orders(LIVE)) == 2)
        [stop] = place.futures.account().open_algos.values()
        assert (stop.type, stop.reduce_only) == ("STOP_MARKET", True)
        assert "HALTED" in (await ok(desk, "/kill flatten=yes")).text
        await desk.until(lambda: not desk.app.desk.killer.unfinished())
        assert place.spot.exchange.accounts["main"].open == {}
        assert not place.futures.account().open_algos
        assert place.futures.account().held() == []
        assert books(desk) == place.money()
        assert not (await desk.say("/buy BTC/USDT 0.01 account=main")).ok


async def test_what_somebody_did_by_hand_is_shown_and_decided_on(tmp_path: Path, place: Place) -> None:
    async with live(tmp_path, place.toml()) as desk:
        rest = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.002", "price": "50000"}
        place.spot.act("main", "POST /api/v3/order", symbol=NAME, **rest)
        place.spot.act("main", "POST /api/v3/order", symbol=NAME, side="BUY", type="MARKET", quantity="0.002")
        shown = await ok(desk, "/reconcile main")
        assert shown.table is not None
        assert [row[2:] for row in shown.table.rows] == [
            ("order 1", "none", "BUY LIMIT 0.002 BTC/USDT at 50000"),
            ("balance BTC", "0", "0.001998"),
            ("balance USDT", "10000", "9879.998"),
        ]
        assert [
            [each.label.split()[0] for each in shown.buttons if row[0] in each.label] for row in shown.table.rows
        ] == [
            ["Ignore", "Close"],  # what is not ours is never taken over
            ["Adopt", "Ignore", "Close"],
            ["Adopt", "Ignore"],  # money that is missing cannot be traded away
        ]
        assert books(desk) == {"USDT": D(10000)}  # nothing is absorbed silently
        assert "adopted" in (await ok(desk, f"/reconcile adopt={await drift(desk, 'balance USDT')}")).text
        stranger = await drift(desk, "order 1")
        assert "Cancelled at the venue" in (await confirmed(desk, f"/reconcile close={stranger}")).text
        assert place.spot.exchange.accounts["main"].open == {}
        sold = await confirmed(desk, f"/reconcile close={await drift(desk, 'balance BTC')}")
        assert "SELL 0.00199 BTC/USDT" in sold.text
        assert books(desk) | {"USDT": books(desk)["USDT"] + 10_000} == place.money()
        assert "no differences" in (await ok(desk, "/reconcile main")).text


async def test_a_position_by_hand_is_ignored_or_closed(tmp_path: Path, place: Place) -> None:
    async with live(tmp_path, place.toml(TOML)) as desk:
        place.futures.place(symbol=NAME, side="SELL", type="MARKET", quantity="0.01")
        which = await drift(desk, "position BTC/USDT:USDT")
        assert "ignored" in (await ok(desk, f"/reconcile ignore={which}")).text
        assert place.futures.account().held()
        place.futures.place(symbol=NAME, side="SELL", type="MARKET", quantity="0.01")
        closed = await confirmed(desk, f"/reconcile close={await drift(desk, 'position BTC/USDT:USDT')}")
        assert "BUY 0.02 BTC/USDT:USDT MARKET reduce-only" in closed.text
        assert place.futures.account().held() == []


async def test_what_is_gone_or_has_changed_its_side_is_not_offered_to_be_closed(tmp_path: Path, place: Place) -> None:
    async with live(tmp_path, place.toml(TOML)) as desk:
        await ok(desk, "/buy BTC/USDT:USDT 0.01 account=main")
        for quantity, theirs in (("0.01", "0"), ("0.02", "-0.02")):
            place.futures.place(symbol=NAME, side="SELL", type="MARKET", quantity=quantity)
            shown = await ok(desk, "/reconcile main")
            assert shown.table is not None
            [row] = [row for row in shown.table.rows if row[2] == "position BTC/USDT:USDT"]
            assert row[3:] == ("0.01", theirs)
            assert [x.label.split()[0] for x in shown.buttons if row[0] in x.label] == ["Adopt", "Ignore"]
            refused = await desk.say(f"/reconcile close={row[0]}")
            assert refused.error == "NOT_CLOSABLE"


async def test_an_account_without_keys_trades_on_paper_and_cannot_go_live(tmp_path: Path, place: Place) -> None:
    async with running(tmp_path, toml=place.toml(TOML)) as desk:
        bought = await ok(desk, "/buy BTC/USDT 0.01 account=main")
        assert "PAPER main: BUY 0.01 BTC/USDT" in bought.text
        assert "60,001" in bought.text  # the exchange's price
        refused = await desk.say("/mode main live")
        assert refused.text.startswith("main cannot go live: main has no API key.")
        assert not refused.ok
        assert place.venue.executed.of("order") == []


async def test_an_account_that_is_down_stops_no_other(tmp_path: Path, place: Place) -> None:
    async with Binance() as broken:
        other = place.toml().partition("[accounts.demo]")[0].replace("accounts.main", "accounts.spare")
        toml = place.toml() + other.replace(place.venue.url, broken.url)
        keys = KEYS | {name.replace("MAIN", "SPARE"): value for name, value in KEYS.items()}
        await broken.close()
        async with running(tmp_path, crash=False, toml=toml, **keys) as desk:
            assert "spare is not connected" in "\n".join(desk.app.card(0))
            await confirmed(desk, "/mode main live")
            assert "Filled 0.01" in (await ok(desk, "/buy BTC/USDT 0.01 account=main")).text
            refused = await desk.say("/buy BTC/USDT 0.01 account=spare")
            assert not refused.ok
            assert "spare" in refused.text


async def test_a_wrong_key_keeps_only_the_live_mode_from_trading(tmp_path: Path, place: Place) -> None:
    wrong = KEYS | {"TILLER_ACCOUNTS__MAIN__API_SECRET": "x" * 64}
    async with running(tmp_path, crash=False, toml=place.toml(), **wrong) as desk:
        nobody = Response()
        assert await readyz(desk.app, nobody) == {"ready": True, "reason": None}
        assert nobody.status_code == 200
        assert "PAPER main: BUY 0.01" in (await ok(desk, "/buy BTC/USDT 0.01 account=main")).text
        told = "Check that api_secret belongs to api_key."
        said = (await ok(desk, "/status")).text
        assert "NOT READY: LIVE main is not connected: " in said
        assert told in said
        good, why = desk.app.desk.health()["account LIVE main"]
        assert not good
        assert told in why
        assert desk.app.desk.health()["account PAPER main"][0]
        assert told in (await desk.say("/mode main live")).text
        await confirmed(desk, "/mode main live")
        refused = await desk.say("/buy BTC/USDT 0.01 account=main")
        assert refused.error == "NOT_READY"
        assert told in refused.text
        assert (await readyz(desk.app, nobody))["ready"] is False
        assert nobody.status_code == 503
        place.venue.keys.add(ApiKey(KEY, secret="x" * 64))  # it is put right at Binance
        await desk.until(lambda: not desk.app.desk.unready[LIVE], 30)
        assert "Filled 0.01" in (await ok(desk, "/buy BTC/USDT 0.01 account=main")).text


@pytest.mark.parametrize(
    ("environment", "named", "real"),
    [("live", "binance live", True), ("demo", "binance demo", False), ("testnet", "binance testnet", False)],
)
async def test_going_live_says_whether_the_money_is_real(
    tmp_path: Path, place: Place, environment: str, named: str, real: bool
) -> None:
    toml = place.toml().replace('environment = "live"', f'environment = "{environment}"')
    async with running(tmp_path, crash=False, toml=toml, **KEYS) as desk:
        asked = (await desk.say("/mode main live")).text
        assert f"main goes LIVE at {named}, account main" in asked
        assert ("REAL MONEY" in asked, "play money" in asked) == (real, not real)
        await confirmed(desk, "/mode main live")
        shown = await ok(desk, "/mode main")
        assert shown.table is not None
        assert shown.table.rows[0][:3] == ("main", named, "LIVE")


async def test_a_key_that_may_withdraw_is_refused_in_one_clear_line(tmp_path: Path, place: Place) -> None:
    everything = frozenset({"USER_DATA", "USER_STREAM", "TRADE", "FUTURES", "WITHDRAW"})
    place.venue.keys.add(ApiKey(KEY, secret=SECRET, permissions=everything))
    async with running(tmp_path, crash=False, toml=place.toml(), **KEYS) as desk:
        [line] = [each for each in desk.app.card(0) if "main is not connected" in each]
        assert "The key may withdraw money. Take that right from it at Binance" in line
        assert KEY not in line


async def findings(place: Place, folder: Path, **environment: str) -> dict[str, list[tuple[bool, str]]]:
    """What `tiller check` prints, by its first column."""
    config = folder / "tiller.toml"
    config.write_text(place.toml())
    found: dict[str, list[tuple[bool, str]]] = {}
    async for name, passed, text in check(lambda: load(config, folder / "data", 0, environment)):
        found.setdefault(name, []).append((passed, text))
    return found


async def test_check_says_what_the_key_can_do_and_what_the_symbols_ask(place: Place, tmp_path: Path) -> None:
    found = await findings(place, tmp_path, **KEYS)
    assert found["account main"] == [(True, "binance, 1 symbol on binance")]
    (passed, key), (_, filters) = found["LIVE main"]
    assert passed
    assert key.startswith("spot: HMAC key works, its clock is ")
    assert key.endswith("ms from ours, fees 0.1% maker and 0.1% taker")
    assert filters.startswith("BTC/USDT: tick 0.01, step 0.00001, at least 0.00001 worth 5 USDT")


async def test_check_says_that_a_key_is_wrong_and_what_to_do(place: Place, tmp_path: Path) -> None:
    wrong = KEYS | {"TILLER_ACCOUNTS__MAIN__API_SECRET": "x" * 64}
    found = await findings(place, tmp_path, **wrong)
    assert found["account main"] == [(True, "binance, 1 symbol on binance")]  # on paper it can trade
    ((passed, text),) = found["LIVE main"]
    assert not passed
    assert "Check that api_secret belongs to api_key." in text
    assert "x" * 20 not in text


async def test_check_passes_an_account_without_a_key_and_says_what_it_lacks(place: Place, tmp_path: Path) -> None:
    found = await findings(place, tmp_path)
    assert found["LIVE main"][0][1].startswith("main has no API key. Set TILLER_ACCOUNTS__MAIN__API_KEY")
