"""An order for Binance: from the call to its first byte on the wire, ours and everybody's, in turns in one run."""

import asyncio
import contextlib
import hashlib
import hmac
import json
import statistics
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import ccxt.async_support as ccxt

from bot.app import App
from bot.tokens import LOCAL_ADMIN
from tests.bench.exchange import KEY
from tests.bench.parts import CommitFloor, Row, row, with_app
from trading import events as e
from trading.clock import SystemClock
from trading.executors.binance.executor import BinanceExecutor
from trading.ids import order_id
from trading.instruments import Side, Symbol
from trading.intent import AccountId, Mode, OrderType, TimeInForce
from trading.order import Order, OrderStatus
from trading.ports import Approved

ROUNDS = 500
WARM = 100  # of them, not counted
LIVE = AccountId("main", Mode.LIVE)
SETTINGS = """
[accounts.main]
venue = "binance"
environment = "live"
rest_url = "{url}"
ws_api_url = "{ws}"
stream_url = "{ws}"
[market]
symbols = ["BTC/USDT"]
[confirm]
orders = "never"
"""
COMMITTED = ["x" * 700, "x" * 2500]  # as many bytes as the two facts of an order before it is sent
Send = Callable[[int], Awaitable[object]]


class Stamps:
    """When the exchange's side of the wire had the first byte of what was sent since last asked."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def __aenter__(self) -> "Stamps":
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 24)
        return self

    async def __aexit__(self, *why: object) -> None:
        self._writer.close()

    async def take(self) -> list[int]:
        self._writer.write(b"\n")
        return json.loads(await self._reader.readline())  # type: ignore[no-any-return]


@contextlib.asynccontextmanager
async def exchange() -> AsyncIterator[dict[str, Any]]:
    """The emulated exchange, on a processor of its own."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.bench.exchange", stdout=PIPE)
    try:
        assert process.stdout is not None
        yield json.loads(await process.stdout.readline())
    finally:
        process.kill()
        await process.wait()


async def binance(folder: Path) -> list[Row]:
    """Our whole way, our executor alone, ccxt's `create_order`, and a bare signed POST."""
    async with exchange() as there:
        config = folder / "binance.toml"
        config.write_text(SETTINGS.format(url=there["url"], ws=there["url"].replace("http", "ws")))
        (folder / "binance").mkdir()
        keys = {"TILLER_ACCOUNTS__MAIN__API_KEY": KEY.key, "TILLER_ACCOUNTS__MAIN__API_SECRET": KEY.secret}
        async with Stamps(there["stamps"]) as stamps:
            floor = CommitFloor(folder / "floor.db")
            return await with_app(
                folder / "binance", lambda app: compare(app, there["url"], stamps, floor), config, **keys
            )


async def compare(app: App, url: str, stamps: Stamps, floor: CommitFloor) -> list[Row]:
    await app.book.record(e.ModeChanged("main", Mode.LIVE, "bench"))
    executor = app.desk.executors[LIVE]
    assert isinstance(executor, BinanceExecutor)
    async with aiohttp.ClientSession() as client, rival(url) as peer:
        ways: dict[str, Send] = {
            "ours": lambda number: app.run("/buy BTC/USDT 0.0003 59000", LOCAL_ADMIN, "bench", f"b{number}"),
            "executor alone": lambda number: bare(executor, number),
            "ccxt create_order": lambda number: peer.create_order(
                "BTC/USDT", "limit", "buy", 0.0003, 59000, {"newClientOrderId": f"c{number}"}
            ),
            "aiohttp POST": lambda number: post(client, url, number),
        }
        times = {}
        for name, send in ways.items():
            times[name] = await measure(send, peer, stamps, floor)
            if name == "ours":  # the disk's part of it, in the same minutes
                times["a durable commit"] = floor.times[WARM:]
    middle = {name: statistics.median(found) * 1e3 for name, found in times.items()}
    ours = middle["ours"]
    worst, disk = (statistics.quantiles(times[name], n=100)[98] * 1e3 for name in ("ours", "a durable commit"))
    rivals = {name: value for name, value in middle.items() if name != "ours"}
    theirs = middle["ccxt create_order"]
    return [
        row("command to the wire, Binance", ours, "ms", theirs, "1.3x ccxt's", ours <= 1.3 * theirs, **rivals),
        row("the same, p99", worst, "ms", ours, "2x its median", worst <= 2 * ours, **{"a durable commit": disk}),
        row("executor to the wire", middle["executor alone"], "ms", theirs, "", True),
    ]


async def measure(send: Send, peer: Any, stamps: Stamps, floor: CommitFloor) -> list[float]:
    """Seconds from the call to the first byte of an order, one after the other; a commit by `floor` after each."""
    times = []
    for number in range(ROUNDS):
        if number % 20 == 19:
            await peer.cancel_all_orders("BTC/USDT")
            await asyncio.sleep(0.2)  # until the desk has booked those cancels
        await stamps.take()
        began = time.perf_counter_ns()
        answer = await send(number)
        noted = await stamps.take()
        assert noted, f"nothing was sent: {answer}"
        times.append((noted[0] - began) / 1e9)
        floor.commit(COMMITTED)
    return times[WARM:]


# --- the others ------------------------------------------------------------------------------


async def bare(executor: BinanceExecutor, number: int) -> None:
    """Our executor without the desk: no journal, no risk."""
    at = SystemClock().now()
    order = Order(
        id=order_id(f"bare{number}"), key="", account="main", mode=Mode.LIVE, symbol=Symbol("BTC/USDT"), side=Side.BUY,
        type=OrderType.LIMIT, time_in_force=TimeInForce.GTC, quantity=Decimal("0.0003"), status=OrderStatus.SUBMITTED,
        actor="", source="bench", text="", created_at=at, updated_at=at, limit_price=Decimal(59000),
    )  # fmt: skip
    await executor.place(Approved(order, ()))


@contextlib.asynccontextmanager
async def rival(url: str) -> AsyncIterator[Any]:
    """ccxt as its manual sets it up, but for the address, and without its throttle, which alone would cost 50 ms."""
    peer = ccxt.binance({"apiKey": KEY.key, "secret": KEY.secret, "enableRateLimit": False})
    peer.options |= {"fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False, "fetchMargins": False}
    for name in ("public", "private", "v1"):
        peer.urls["api"][name] = f"{url}/api/v3"
    try:
        await peer.load_markets()
        yield peer
    finally:
        await peer.close()


async def post(client: aiohttp.ClientSession, url: str, number: int) -> None:
    """The least that a signed order takes over HTTP."""
    params = {
        "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.0003",
        "price": "59000", "newClientOrderId": f"p{number}", "timestamp": str(time.time_ns() // 1_000_000),
    }  # fmt: skip
    body = urlencode(params)
    signature = hmac.new(KEY.secret.encode(), body.encode(), hashlib.sha256).hexdigest()
    headers = {"X-MBX-APIKEY": KEY.key, "Content-Type": "application/x-www-form-urlencoded"}
    async with client.post(f"{url}/api/v3/order", data=f"{body}&signature={signature}", headers=headers) as answer:
        await answer.read()
