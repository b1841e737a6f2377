"""A part of a position is closed from chat, and the reply says what becomes of its stop and target."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.bot.test_binance_desk import LIVE, TOML, Place, live, ok
from tests.bridge.served import TOKEN, served
from tests.emulators.binance.venue import Binance
from tests.emulators.mt5.desk import Mt5Desk, desk
from tests.running import SAME_DAY, Running, running
from trading.intent import AccountId, Leg, Mode

D = Decimal
BROKER = AccountId("broker", Mode.LIVE)
MT5_TOML = """
currency = "USD"
[accounts.broker]
venue = "mt5"
transport = "bridge"
bridge_url = "ws://127.0.0.1:{port}"
bridge_token = "{token}"
login = 5001
password = "secret"
server = "Emulated-Demo"
[market]
symbols = ["EURUSD"]
[confirm]
orders = "never"
[risk]
max_order_value = "20000"
max_position_value = "20000"
"""


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    async with Binance() as venue:
        yield Place(venue)


async def protected(desk: Running, account: AccountId, size: str) -> None:
    """Stop and target stand, over so much."""
    sizes = [D(size)] * 2
    legs = desk.app.book.open_orders
    await desk.until(lambda: [order.remaining for order in legs(account) if order.leg is not Leg.ENTRY] == sizes)


async def show(there: Mt5Desk, chat: Running, bid: str, ask: str) -> None:
    """A new price, by which the broker's time is known; the desk has seen it."""
    seen = asyncio.Event()
    unsubscribe = chat.app.desk.markets["broker"].subscribe(lambda quote: seen.set())
    there.terminal.advance(1)
    there.terminal.show("EURUSD", bid, ask)
    async with asyncio.timeout(10):
        await seen.wait()
    unsubscribe()


async def test_at_a_broker_what_stays_keeps_its_levels_and_the_reply_tells_of_nothing_else(tmp_path: Path) -> None:
    there = desk(now=SAME_DAY.now().timestamp())
    async with served(tmp_path, there=there) as bridge:
        toml = MT5_TOML.format(port=bridge.port, token=TOKEN)
        async with running(tmp_path, crash=False, toml=toml) as chat:
            asked = await chat.say("/mode broker live")
            await ok(chat, f"/{asked.buttons[0].line} {asked.phrase or ''}".strip())
            await show(there, chat, "1.08001", "1.08011")
            await ok(chat, "/buy EURUSD 0.06 sl=1.05 tp=1.12 account=broker")
            await protected(chat, BROKER, "0.06")
            closed = await ok(chat, "/close EURUSD 50% account=broker")
            assert "Closes 0.03 of 0.06 EURUSD." in closed.text
            assert "made room" not in closed.text
            assert "What stays" not in closed.text
            await protected(chat, BROKER, "0.03")
            [position] = there.terminal.current.positions.values()
            assert (position.volume, position.sl, position.tp) == (D("0.03"), D("1.05"), D("1.12"))
            assert there.terminal.executed.of("modify") == []


async def test_where_the_venue_cannot_shrink_a_stop_it_is_said_that_it_comes_back(tmp_path: Path, place: Place) -> None:
    async with live(tmp_path, place.toml(TOML)) as chat:
        await ok(chat, "/buy BTC/USDT:USDT 0.02 sl=55000 account=main")
        await chat.until(lambda: len(chat.app.book.open_orders(LIVE)) == 1)
        closed = await ok(chat, "/close BTC/USDT:USDT 50% account=main")
        assert "First, 1 protective order made room. What stays is protected again after it." in closed.text
        await chat.until(lambda: [order.remaining for order in chat.app.book.open_orders(LIVE)] == [D("0.01")])
