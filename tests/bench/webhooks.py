"""Alerts from outside: last byte in to the answer out, and to the order on the wire, beside a bare relay.

The relay is what people write themselves: FastAPI, a secret in the body, `create_order` of ccxt; no journal, no risk.
"""

import asyncio
import json
import statistics
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI, HTTPException, Request

from bot.app import App
from bot.web.auth import Buckets
from bot.web.server import WebServer, build_server
from tests.bench.binance import SETTINGS, Stamps, exchange, rival
from tests.bench.exchange import KEY
from tests.bench.parts import LOOSE, CommitFloor, Row, row, with_app
from tests.bench.sender import Sender, sender
from tests.crash.bot import Bot, ready
from trading import events as e
from trading.intent import Mode

SECRET = "swordfish-0123456789"
SOURCE = f"""
[webhooks.pine]
secret = "{SECRET}"
account = "{{account}}"
"""
PER_SECOND, SECONDS = 50, 20
ROUNDS, WARM = 300, 60
COMMITTED = ["x" * 500]
CALM = {"TILLER_MARKET__SPEED": "1", "TILLER_MARKET__INTERVAL_S": "1"}
Send = Callable[[int], Awaitable[Any]]


async def webhooks(folder: Path) -> list[Row]:
    """At fifty a second on the real process; and one after the other, beside the relay."""
    place = folder / "webhooks"
    place.mkdir()
    return [*await answered(place), *await to_the_wire(place)]


async def answered(place: Path) -> list[Row]:
    """From the last byte of an alert to the answer, each on time whatever the one before does."""
    config = place / "answers.toml"
    config.write_text(SOURCE.format(account="demo") + "\n[strategies]\n")
    config.chmod(0o600)
    (place / "answers").mkdir()
    floor = CommitFloor(place / "floor.db")
    times: list[float] = []
    with Bot(place / "answers", {"TILLER_CONFIG": str(config), **LOOSE, **CALM}) as bot:
        async with bot.client() as client:
            await ready(client)
            began = time.perf_counter()
            sending = []
            for number in range(PER_SECOND * SECONDS):
                await asyncio.sleep(max(0.0, began + number / PER_SECOND - time.perf_counter()))
                sending.append(asyncio.create_task(alert(client, number, times)))
            await asyncio.gather(*sending)
            left = await undone(client)
    for _ in range(100):
        floor.commit(COMMITTED)
    worst, median = statistics.quantiles(times, n=100)[98] * 1e3, statistics.median(times) * 1e3
    commit = statistics.median(floor.times) * 1e3
    name = f"alert to its answer, p99, {PER_SECOND}/s"
    goal = "under 50 ms, all done"
    return [row(name, worst, "ms", None, goal, worst < 50 and not left, median=median, **{"a durable commit": commit})]


async def alert(client: httpx.AsyncClient, number: int, times: list[float]) -> None:
    side = "sell" if number % 2 else "buy"
    body = json.dumps({"action": side, "symbol": "ETH/USDT", "size": "0.004", "id": str(number)})
    began = time.perf_counter()
    answer = await client.post(f"/webhooks/pine/{SECRET}", content=body)
    times.append(time.perf_counter() - began)
    assert answer.status_code == 200, answer.text


async def undone(client: httpx.AsyncClient) -> int:
    """How many of the alerts are not done ten seconds later."""
    left = 0
    for _ in range(100):
        rows = (await client.get("/api/v1/webhooks", params={"limit": 1000})).json()
        left = sum(each["outcome"] != "executed" for each in rows)
        if not left:
            break
        await asyncio.sleep(0.1)
    return left


# --- to the wire -----------------------------------------------------------------------------


async def to_the_wire(place: Path) -> list[Row]:
    async with exchange() as there, Stamps(there["stamps"]) as stamps:
        config = place / "wire.toml"
        written = SETTINGS.format(url=there["url"], ws=there["url"].replace("http", "ws"))
        config.write_text(written + SOURCE.format(account="main"))
        config.chmod(0o600)
        (place / "wire").mkdir()
        keys = {"TILLER_ACCOUNTS__MAIN__API_KEY": KEY.key, "TILLER_ACCOUNTS__MAIN__API_SECRET": KEY.secret}
        return await with_app(place / "wire", lambda app: compare(app, there["url"], stamps), config, **keys)


async def compare(app: App, url: str, stamps: Stamps) -> list[Row]:
    await app.book.record(e.ModeChanged("main", Mode.LIVE, "bench"))
    web = WebServer("127.0.0.1", 0)
    server = build_server(app)
    server.state.alert_rates.sources = Buckets(1e9, 1e9, lambda: 0.0)
    await web.start(server)
    try:
        async with rival(url) as peer, sender() as client:
            relay = Relay(peer)
            await relay.start()
            try:
                ways = {"ours": f"{web.url}/webhooks/pine", "FastAPI + ccxt": f"{relay.url}/webhook"}
                found = await in_turns(client, ways, peer, stamps)
            finally:
                await relay.stop()
    finally:
        await web.stop()
    ours, theirs = (statistics.median(found[name]) * 1e3 for name in ways)
    return [
        row("alert to the wire, Binance", ours, "ms", theirs, "1.5x FastAPI + ccxt", ours <= 1.5 * theirs, relay=theirs)
    ]


async def in_turns(client: Sender, ways: dict[str, str], peer: Any, stamps: Stamps) -> dict[str, list[float]]:
    """Seconds from an alert to the first byte of its order, ours and the relay's one after the other."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(ROUNDS):
        for name, url in ways.items():
            body = {"action": "buy", "symbol": "BTC/USDT", "size": "0.0003", "limit": "59000", "id": f"{name}{number}"}
            await stamps.take()
            answer = await client.post(url, {**body, "secret": SECRET})
            assert answer["status"] == 200, answer
            noted = await stamps.take()
            while not noted:
                noted = await stamps.take()
            times[name].append((noted[0] - answer["sent"]) / 1e9)
            await asyncio.sleep(0.02)
        if number % 10 == 9:
            await peer.cancel_all_orders("BTC/USDT")
            await asyncio.sleep(0.2)  # until the desk has booked those cancels
    return {name: each[WARM:] for name, each in times.items()}


class Relay:
    """FastAPI and ccxt, served as we are."""

    def __init__(self, peer: Any) -> None:
        app = FastAPI()

        @app.post("/webhook")
        async def webhook(request: Request) -> dict[str, Any]:
            alert = await request.json()
            if alert.get("secret") != SECRET:
                raise HTTPException(401)
            side, size, limit = alert["action"], float(alert["size"]), float(alert["limit"])
            order = await peer.create_order(alert["symbol"], "limit", side, size, limit)
            return {"id": order["id"]}

        self._server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
        self._serving: asyncio.Task[None] | None = None
        self.url = ""

    async def start(self) -> None:
        self._serving = asyncio.create_task(self._server.serve())
        while not self._server.started:  # noqa: ASYNC110 - the server tells it by nothing else
            await asyncio.sleep(0)
        self.url = f"http://127.0.0.1:{self._server.servers[0].sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        self._server.should_exit = True
        assert self._serving is not None
        await self._serving
