"""Contracts on paper: what they take is shown, checked and lent alike, by the settings or as a new account has it."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.bridge.served import TOKEN, served
from tests.emulators.mt5.desk import desk
from tests.running import SAME_DAY, Running, running
from trading.intent import AccountId, Mode

D = Decimal
RULES = """
[confirm]
orders = "never"
[risk]
max_order_value = "100000"
max_position_value = "100000"
max_total_exposure = "100000"
max_leverage = "5"
"""
CONTRACTS = RULES + '[accounts.demo]\nvenue = "paper"\nmarket = "simulated"\nproducts = ["usdm"]\n'
BROKER = (
    RULES
    + """
[accounts.broker]
venue = "mt5"
funds = { USD = "20000" }
transport = "bridge"
bridge_url = "ws://127.0.0.1:PORT"
bridge_token = "TOKEN"
login = 5001
"""
)


def numbers(text: str, pattern: str) -> list[Decimal]:
    found = re.search(pattern, text)
    assert found, text
    return [D(each.replace(",", "")) for each in found.groups()]


@pytest.mark.parametrize(("stated", "times"), [("", 20), ('leverage = "4"\n', 4)])
async def test_a_future_takes_its_share_and_fills(tmp_path: Path, stated: str, times: int) -> None:
    async with running(tmp_path, toml=CONTRACTS + stated) as chat:
        shown = await chat.say("/buy BTC/USDT $30000")
        assert "Filled" in shown.text, shown.text
        value, margin, free = numbers(
            shown.text, r"Cost about ([\d,.]+) USDT[^\n]*\nMargin ([\d,.]+) USDT of ([\d,.]+) USDT free"
        )
        assert free == 10000
        assert margin == pytest.approx(value / times, rel=D("0.001"))  # of the middle, and not of the price it pays
        account = AccountId("demo", Mode.PAPER)
        lost = 10000 - chat.app.desk.valuation.equity(account).total
        assert 30 < lost < 60, "a fee of 30 and the spread; the rest of the money is all there"
        closed = await chat.say("/close all")
        assert closed.ok, closed.text
        await chat.until(lambda: not chat.app.book.positions(account))


async def test_what_the_venue_would_refuse_is_denied_with_what_fits(tmp_path: Path) -> None:
    async with running(tmp_path, toml=CONTRACTS + 'leverage = "2"\n') as chat:
        denied = await chat.say("/buy BTC/USDT $30000")
        assert denied.error == "INSUFFICIENT_FUNDS", denied.text
        (most,) = numbers(denied.text, r"Use at most ([\d.]+) BTC")
        filled = await chat.say(f"/buy BTC/USDT {most}")
        assert "Filled" in filled.text, filled.text


async def test_on_spot_no_margin_is_spoken_of_and_the_fee_is_counted(tmp_path: Path) -> None:
    async with running(tmp_path, toml=RULES) as chat:
        shown = await chat.say("/dryrun /buy BTC/USDT $10000")
        assert "Margin" not in shown.text
        assert "DENY  INSUFFICIENT_FUNDS: needs 100" in shown.text, shown.text


@asynccontextmanager
async def at_a_broker(folder: Path, stated: str, **account: Any) -> AsyncIterator[Running]:
    """A desk on the prices of an emulated terminal; it has seen one, and knows the broker's time."""
    there = desk(now=SAME_DAY.now().timestamp(), **account)
    async with served(folder, there=there) as bridge:
        toml = BROKER.replace("PORT", str(bridge.port)).replace("TOKEN", TOKEN) + stated
        async with running(folder, toml='currency = "USD"\n' + toml) as chat:
            seen = asyncio.Event()
            unsubscribe = chat.app.desk.markets["broker"].subscribe(lambda quote: seen.set())
            there.terminal.advance(1)
            there.terminal.show("EURUSD", "1.08001", "1.08011")
            async with asyncio.timeout(10):
                await seen.wait()
            unsubscribe()
            yield chat


# A tenth of a lot of EURUSD is 10,000 EUR, worth 10,800.60 USD in the middle.
@pytest.mark.parametrize(
    ("stated", "account", "margin"),
    [("", {}, "108.01"), ("", {"leverage": 0}, "360.02"), ('leverage = "50"\n', {}, "216.01")],
)
async def test_on_a_broker_s_prices_it_lends_what_the_terminal_s_account_has(
    tmp_path: Path, stated: str, account: dict[str, int], margin: str
) -> None:
    async with at_a_broker(tmp_path, stated, **account) as chat:
        shown = await chat.say("/buy EURUSD 0.10")
        assert f"Margin {margin} USD of 20,000.00 USD free" in shown.text
        assert "Filled" in shown.text
        again = await chat.say("/buy EURUSD 0.30")
        assert "Filled" in again.text, again.text
