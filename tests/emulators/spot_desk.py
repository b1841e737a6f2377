"""A spot exchange with one funded account, and clients of it, for the tests of the emulator."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import ccxt.pro

from tests.emulators.binance.caller import Caller
from tests.emulators.binance.signing import ApiKey
from tests.emulators.binance.spot import Spot
from tests.emulators.binance.venue import Binance

# The documentation's own example key (rest-api.md, "HMAC Keys").
KEY = ApiKey(
    "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A",
    secret="NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j",
)
NOW = 1_790_000_000_000  # the exchange's clock, where a test wants it to stand


@dataclass
class Desk:
    """An exchange, its server and a bare client of the account `main`."""

    venue: Binance
    spot: Spot
    call: Caller

    async def order(self, side: str, kind: str, **params: object) -> Any:
        """Place an order in BTCUSDT, which must be accepted."""
        status, body = await self.call("POST /api/v3/order", symbol="BTCUSDT", side=side, type=kind, **params)
        assert status == 200, body
        return body

    async def limit(self, side: str, qty: object, price: object, **params: object) -> Any:
        """Place a limit order, good till cancelled."""
        return await self.order(side, "LIMIT", timeInForce="GTC", quantity=qty, price=price, **params)

    async def refused(self, operation: str, **params: object) -> tuple[int, str]:
        """Send a request that must be refused: code and text."""
        status, body = await self.call(operation, symbol="BTCUSDT", **params)
        assert status >= 400, body
        return body["code"], body["msg"]

    async def query(self, **ids: object) -> Any:
        """Look an order up, which must be found."""
        status, body = await self.call("GET /api/v3/order", symbol="BTCUSDT", **ids)
        assert status == 200, body
        return body

    async def statuses(self) -> dict[str, str]:
        """The status of every order by the id it has now."""
        body = (await self.call("GET /api/v3/allOrders", symbol="BTCUSDT"))[1]
        return {row["clientOrderId"]: row["status"] for row in body}

    def around(self, bid: str = "60000", ask: str = "60001", size: str = "10") -> None:
        """Show a book of one level a side."""
        self.spot.show("BTCUSDT", [[bid, size]], [[ask, size]])


@asynccontextmanager
async def trading(now_ms: int | None = None, **balances: Any) -> AsyncIterator[Desk]:
    """BTCUSDT at 60000 / 60001, ten coins each; 100000 USDT and 1 BTC unless told otherwise."""
    async with Binance(now_ms=now_ms) as venue:
        spot = Spot(venue)
        spot.open_account("main", KEY, **(balances or {"USDT": 100_000, "BTC": 1}))
        async with Caller(venue, KEY) as call:
            desk = Desk(venue, spot, call)
            desk.around()
            yield desk


@asynccontextmanager
async def ccxt_client(venue: Binance, **options: Any) -> AsyncIterator[Any]:
    """ccxt's client, as anybody would set it up but for the addresses."""
    client = ccxt.pro.binance({"apiKey": KEY.key, "secret": KEY.secret, "enableRateLimit": False, **options})
    client.options.update(fetchMarkets={"types": ["spot"]}, fetchCurrencies=False, fetchMargins=False)
    client.timeout_on_exit = 0  # TLS connections want time to close; these have none
    _redirect(client.urls["api"], venue.url)
    try:
        yield client
    finally:
        await client.close()


async def until(seen: Callable[[], object]) -> None:
    """Let everything else run until something is so; TimeoutError if it does not become so."""
    for _ in range(300_000):
        if seen():
            return
        await asyncio.sleep(0)
    raise TimeoutError("it did not happen")


def _redirect(addresses: dict[str, Any], url: str, path: str = "") -> None:
    """Point every address at the emulator, its path kept; ccxt tells spot streams by "/stream" in them."""
    for name, address in addresses.items():
        if isinstance(address, dict):
            _redirect(address, url, f"{path}/{name}")
            continue
        found = urlsplit(address)
        streams = found.scheme.startswith("ws") and "ws-api" not in path
        base = url.replace("http", "ws", 1) if found.scheme.startswith("ws") else url
        addresses[name] = base + ("/stream" if streams else "") + found.path
