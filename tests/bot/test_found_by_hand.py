"""What a suspicious trader found by hand: each once, so that it does not come back."""

from decimal import Decimal
from pathlib import Path

import pytest

from bot.check import check
from bot.redaction import Redactor
from bot.settings.loading import load
from tests.bot.test_desk import PAPER
from tests.running import Running, running
from trading.instruments import Symbol
from trading.order import Order

D = Decimal
BTC = Symbol("BTC/USDT")


def working(desk: Running) -> dict[str, Order]:
    """The open orders, by what they are for."""
    return {str(order.leg): order for order in desk.app.book.open_orders(PAPER)}


# --- closing beside an order of one's own ----------------------------------------------------


async def test_a_close_that_another_order_blocks_leaves_the_stop_where_it_is(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        assert (await desk.say("/buy BTC/USDT 0.001")).ok
        assert (await desk.say("/sell BTC/USDT 0.001 stop=56000")).ok
        assert (await desk.say("/buy BTC/USDT 0.002 sl=55000")).ok
        await desk.until(lambda: "sl" in working(desk) and working(desk)["sl"].venue_order_id)
        before = working(desk)
        for line in ("/dryrun close BTC/USDT", "/close BTC/USDT", "/close all"):
            refused = await desk.say(line)
            assert not refused.ok
            assert f"/cancel {before['entry'].id}" in refused.text
            assert "Realized" not in refused.text
            assert working(desk) == before, line
        part = await desk.say("/close BTC/USDT 50%")
        assert part.ok, part.text
        assert working(desk)["sl"].quantity == D("0.0005"), "half is closed, and the plain order sells 0.001"
        assert (await desk.say(f"/cancel {before['entry'].id}")).ok
        assert (await desk.say("/close BTC/USDT")).ok
        assert desk.app.book.positions(PAPER) == []


async def test_more_than_is_held_is_told_in_units(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        assert (await desk.say("/buy BTC/USDT 0.001")).ok
        assert "The position is only 0.001 BTC. " in (await desk.say("/close BTC/USDT 1")).text


# --- stops -----------------------------------------------------------------------------------


@pytest.mark.parametrize("distance", ["999999", "99999999"])
async def test_a_trailing_stop_below_zero_opens_nothing_and_replaces_nothing(tmp_path: Path, distance: str) -> None:
    async with running(tmp_path) as desk:
        refused = await desk.say(f"/buy BTC/USDT 0.001 trail={distance}")
        assert refused.error == "STOP_WRONG_SIDE"
        assert "reaches below zero" in refused.text
        assert desk.app.book.positions(PAPER) == []
        assert (await desk.say("/buy BTC/USDT 0.002 sl=55000")).ok
        await desk.until(lambda: [o for o in working(desk).values() if o.venue_order_id])
        before = working(desk)
        assert (await desk.say(f"/trail BTC/USDT {distance}")).error == "STOP_WRONG_SIDE"
        assert working(desk) == before


@pytest.mark.parametrize("prices", ["70000", "stop=50000", "70000 stop=50000"])
async def test_a_trailing_stop_has_no_price_of_its_own(tmp_path: Path, prices: str) -> None:
    async with running(tmp_path) as desk:
        assert (await desk.say("/buy BTC/USDT 0.001")).ok
        assert (await desk.say(f"/sell BTC/USDT 0.001 {prices} trail=500 reduce=yes")).error == "TWO_STOPS"
        assert working(desk) == {}


async def test_stop_and_target_of_a_waiting_bracket_can_be_moved(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        bought = await desk.say("/buy BTC/USDT 0.001 57000 sl=55000 tp=66000")
        moved = await desk.say(f"/sl {bought.order_id} 56000")
        assert moved.ok, moved.text
        assert (await desk.say(f"/tp {bought.order_id} 67000")).ok
        legs = working(desk)
        assert (legs["sl"].stop_price, legs["tp"].limit_price) == (D(56000), D(67000))
        wrong = await desk.say(f"/sl {bought.order_id} 57500")  # above where the entry would be
        assert wrong.error == "STOP_WRONG_SIDE"
        assert working(desk) == legs


# --- changing --------------------------------------------------------------------------------


async def test_a_dry_run_of_a_change_is_judged_like_the_change(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        bought = await desk.say("/buy BTC/USDT 0.001 57000")
        for wish in ("price=99999", "quantity=1", "stop=50000"):
            tried = await desk.say(f"/dryrun amend {bought.order_id} {wish}")
            changed = await desk.say(f"/amend {bought.order_id} {wish}")
            assert not tried.ok
            assert (tried.error, tried.text) == (changed.error, changed.text)
        tried = await desk.say(f"/dryrun amend {bought.order_id} price=56000")
        assert "LIMIT 57,000" in tried.text
        assert "LIMIT 56,000" in tried.text
        assert working(desk)["entry"].limit_price == D(57000)
        assert (await desk.say(f"/cancel {bought.order_id}")).ok
        assert (await desk.say(f"/dryrun amend {bought.order_id} price=56000")).error == "NOT_OPEN"


# --- what is shown ---------------------------------------------------------------------------


async def test_the_list_tells_a_stop_from_a_limit_order(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        assert (await desk.say("/buy BTC/USDT 0.01")).ok
        for line in ("0.001 90000", "0.002 stop=56000", "0.003 55000 stop=56000", "0.004 trail=5% reduce=yes"):
            assert (await desk.say(f"/sell BTC/USDT {line}")).ok
        listed = (await desk.say("/orders")).table
        assert listed is not None
        assert [row[2] for row in listed.rows] == [
            "SELL 0.001 BTC/USDT",
            "SELL 0.002 BTC/USDT stop",
            "SELL 0.003 BTC/USDT stop-limit",
            "SELL 0.004 BTC/USDT trailing",
        ]
        assert [row[3] for row in listed.rows][:3] == ["90,000", "56,000", "56,000/55,000"]
        assert listed.rows[3][3].endswith("trail 5%")


async def test_what_cannot_be_counted_in_the_desks_currency_is_not_shown_in_it(tmp_path: Path) -> None:
    async with running(tmp_path, TILLER_CURRENCY="CHF") as desk:
        denied = await desk.say("/buy BTC/USDT 0.001")
        assert denied.error == "NO_RATE"
        assert "Cost about - ·" in denied.text
        sized = await desk.say("/buy BTC/USDT 5%")
        assert sized.error == "NO_PRICE"
        assert "the price of USDT in the desk's currency" in sized.text


async def test_a_value_in_another_currency_is_never_taken_for_the_quote_currency(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        refused = await desk.say("/buy BTC/USDT 100eur")
        assert refused.error == "BAD_SIZE"
        assert "100eur is no value in USDT" in refused.text
        assert (await desk.say("/buy BTC/USDT 100usd")).ok
        assert (await desk.say("/close BTC/USDT 50eur")).error == "BAD_SIZE"
        assert (await desk.say("/close BTC/USDT 50usdt")).ok
        position = desk.app.book.position(PAPER, BTC)
        assert position is not None
        assert position.quantity > 0


# --- before a start --------------------------------------------------------------------------


async def test_a_check_names_the_symbol_that_a_strategys_account_does_not_trade(tmp_path: Path) -> None:
    config = tmp_path / "tiller.toml"
    config.write_text(
        '[strategies.trend]\nclass = "sma_cross"\naccount = "demo"\n'
        'symbols = ["BTC/USDT", "BTC/USDD"]\ntimeframe = "1m"\nsize = "5%"\n'
    )
    found = [each async for each in check(lambda: load(config, tmp_path / "data", 0, {}))]
    (wrong,) = (each.text for each in found if not each.passed)
    assert wrong.startswith("[strategies.trend] demo does not trade BTC/USDD. Did you mean BTC/USDT")


def test_who_holds_a_token_is_no_secret() -> None:
    redact = Redactor().text
    assert redact("Strategy trend stopped by token:4") == "Strategy trend stopped by token:4"
    assert redact("token:4, then token:12") == "token:4, then token:12"
    assert redact("token:123456789:AAbb") == "token:***"
    assert redact("token: 1234") == "token: ***"
    assert redact("token=1234") == "token=***"
