"""A futures exchange with one funded account, and clients of it, for the tests of the emulator."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import ccxt.pro
import pytest

from tests.emulators.binance.futures import Futures
from tests.emulators.binance.signing import ApiKey
from tests.emulators.binance.venue import Binance

KEY, SECRET = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zv", "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP"
BTC = "BTC/USDT:USDT"


@asynccontextmanager
async def exchange(wallet: object = 10_000) -> AsyncIterator[tuple[Binance, Futures]]:
    """BTCUSDT at 60000.0 / 60000.1, ten coins on each side, and more behind; one account with money."""
    async with Binance(keys=[ApiKey(KEY, secret=SECRET)]) as venue:
        futures = Futures(venue)
        futures.transfer("main", wallet)
        around(futures, "60000.0")
        yield venue, futures


def around(futures: Futures, bid: str, size: object = 10) -> None:
    """Show a book: this bid, an ask one tick above, and each another 10 away."""
    price = float(bid)
    bids = [[bid, size], [f"{price - 10:.1f}", size]]
    asks = [[f"{price + 0.1:.1f}", size], [f"{price + 10.1:.1f}", size]]
    futures.show("BTCUSDT", bids, asks)


def client_of(futures: Futures) -> Any:
    """ccxt's client, as anybody would set it up but for the addresses."""
    client = ccxt.pro.binanceusdm({"apiKey": KEY, "secret": SECRET, "enableRateLimit": False})
    client.options["fetchMarkets"] = {"types": ["linear"]}
    client.options["fetchCurrencies"] = False
    client.timeout_on_exit = 0  # TLS connections want time to close; these have none
    for version in ("", "V2", "V3"):
        for side in ("Public", "Private"):
            client.urls["api"][f"fapi{side}{version}"] = f"{futures.rest_url}/fapi/{(version or 'V1').lower()}"
    client.urls["api"]["ws"]["linear"] = futures.stream_url + "/ws"
    client.urls["api"]["ws"]["ws-api"]["future"] = futures.ws_api_url
    return client


@asynccontextmanager
async def ccxt_client(futures: Futures) -> AsyncIterator[Any]:
    """The same, closed at the end."""
    client = client_of(futures)
    try:
        yield client
    finally:
        await client.close()


async def code_of(refused: Awaitable[Any]) -> int:
    """The exchange's code of a request that must be refused."""
    with pytest.raises(ccxt.BaseError) as caught:
        await refused
    found = re.search(r"\{.*\}", str(caught.value))
    assert found, caught.value
    return int(json.loads(found[0])["code"])


async def events(socket: Any, count: int) -> list[dict[str, Any]]:
    """The next events of a connection."""
    return [await asyncio.wait_for(socket.receive_json(), 2) for _ in range(count)]


async def listen(futures: Futures, client: Any, web: aiohttp.ClientSession, path: str = "/private/ws/{}") -> Any:
    """A connection to the account's events; the path takes the listen key."""
    key = (await client.fapiPrivatePostListenKey({}))["listenKey"]
    return await web.ws_connect(futures.stream_url + path.format(key))
