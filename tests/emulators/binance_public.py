"""Binance spot's public REST endpoints on loopback, as its REST API documentation describes them.

`GET /api/v3/ping`, `/time`, `/exchangeInfo`, `/depth` and `/klines`, without keys. Prices stand as
they were set; `fault` makes every answer go wrong in one way until it is cleared.
"""

import asyncio
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

from aiohttp import web

Row = Sequence[str]
INTERVALS_MS = {
    f"{count}{unit}": count * ms
    for unit, ms, counts in (
        ("s", 1_000, (1,)),
        ("m", 60_000, (1, 3, 5, 15, 30)),
        ("h", 3_600_000, (1, 2, 4, 6, 8, 12)),
        ("d", 86_400_000, (1, 3)),
        ("w", 604_800_000, (1,)),
    )
    for count in counts
}


def listing(base: str, quote: str, tick: str, step: str, min_notional: str, **changes: Any) -> dict[str, Any]:
    """A symbol of exchangeInfo, with the filters that real ones have."""
    filters = [
        {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "1000000.00000000", "tickSize": tick},
        {"filterType": "LOT_SIZE", "minQty": step, "maxQty": "9000.00000000", "stepSize": step},
        {"filterType": "ICEBERG_PARTS", "limit": 10},
        # A step of zero is what the real one says: it means no step of its own.
        {"filterType": "MARKET_LOT_SIZE", "minQty": "0.00000000", "maxQty": "129.84957276", "stepSize": "0.00000000"},
        {
            "filterType": "NOTIONAL",
            "minNotional": min_notional,
            "applyMinToMarket": True,
            "maxNotional": "9000000.00000000",
            "applyMaxToMarket": False,
            "avgPriceMins": 5,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
    ]
    return {
        "symbol": base + quote,
        "status": "TRADING",
        "baseAsset": base,
        "baseAssetPrecision": 8,
        "quoteAsset": quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"],
        "icebergAllowed": True,
        "ocoAllowed": True,
        "otoAllowed": True,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": True,
        "cancelReplaceAllowed": True,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": filters,
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": ["NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"],
        **changes,
    }


class BinancePublic:
    """`async with BinancePublic(now_ms=...) as venue:` serves at `venue.url`.

    `fault`: "" none, or `503`, `429`, `418` (that status and its body), `html` (200 with a page),
    `null` (200 with null), `odd` (200 with JSON of another shape), `cut` (the connection closes in
    the middle), `hang` (no answer). `close` and `open` take it off the network and back, on its port.
    """

    def __init__(self, now_ms: int) -> None:
        self.now_ms = now_ms
        self.url = ""
        self.fault = ""
        self.requests: list[str] = []  # path with query, in order
        self.symbols: dict[str, dict[str, Any]] = {
            "BTCUSDT": listing("BTC", "USDT", "0.01000000", "0.00001000", "5.00000000"),
            "ETHUSDT": listing("ETH", "USDT", "0.01000000", "0.00010000", "5.00000000"),
        }
        self.books: dict[str, tuple[list[Row], list[Row]]] = {name: ([], []) for name in self.symbols}
        self.klines: dict[tuple[str, str], dict[int, Row]] = {}
        self._update_id = 1
        self._port = 0  # any, then the same again
        self._release = asyncio.Event()
        self._runner: web.AppRunner | None = None

    def show(self, symbol: str, bids: Sequence[Row], asks: Sequence[Row]) -> None:
        """Set the book: [price, quantity] texts, best first."""
        self._update_id += 1
        self.books[symbol] = (list(bids), list(asks))

    def add_kline(self, symbol: str, interval: str, start_ms: int, ohlcv: Row) -> None:
        """Set one bar: open, high, low, close, volume as texts."""
        self.klines.setdefault((symbol, interval), {})[start_ms] = ohlcv

    async def __aenter__(self) -> "BinancePublic":
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def open(self) -> None:
        app = web.Application(middlewares=[self._faulty])
        app.router.add_get("/api/v3/ping", self._ping)
        app.router.add_get("/api/v3/time", self._time)
        app.router.add_get("/api/v3/exchangeInfo", self._exchange_info)
        app.router.add_get("/api/v3/depth", self._depth)
        app.router.add_get("/api/v3/klines", self._klines)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        host, self._port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{self._port}"

    async def close(self) -> None:
        self._release.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @web.middleware
    async def _faulty(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.requests.append(request.path_qs)
        match self.fault:
            case "503":
                return web.json_response({"code": -1001, "msg": "Internal error; unable to process."}, status=503)
            case "429" | "418" as status:
                body = {"code": -1003, "msg": "Too much request weight used; current limit is 6000 per 1 MINUTE."}
                return web.json_response(body, status=int(status), headers={"Retry-After": "7"})
            case "html":
                return web.Response(text="<html><body>Just a moment...</body></html>", content_type="text/html")
            case "null":
                return web.json_response(None)
            case "odd":
                return web.json_response({"symbols": [7], "bids": [["much", None]], "asks": [[None, "1"]]})
            case "cut":
                answer = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "1000"})
                await answer.prepare(request)
                await answer.write(b'{"lastUpdateId": 1, "bids": [["6')
                assert request.transport is not None
                request.transport.close()
                return answer
            case "hang":
                await self._release.wait()
        answered: web.StreamResponse = await handler(request)
        return answered

    async def _ping(self, request: web.Request) -> web.Response:
        return web.json_response({})

    async def _time(self, request: web.Request) -> web.Response:
        return web.json_response({"serverTime": self.now_ms})

    async def _exchange_info(self, request: web.Request) -> web.Response:
        limits = [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000},
            {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 100},
            {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 200000},
        ]
        body = {"timezone": "UTC", "serverTime": self.now_ms, "rateLimits": limits, "exchangeFilters": []}
        return web.json_response({**body, "symbols": list(self.symbols.values())})

    async def _depth(self, request: web.Request) -> web.Response:
        symbol = request.query.get("symbol", "")
        if symbol not in self.symbols:
            return _refused(request.query)
        limit = int(request.query.get("limit", "100"))
        bids, asks = self.books[symbol]
        return web.json_response({"lastUpdateId": self._update_id, "bids": bids[:limit], "asks": asks[:limit]})

    async def _klines(self, request: web.Request) -> web.Response:
        query = request.query
        symbol, interval = query.get("symbol", ""), query.get("interval", "")
        if symbol not in self.symbols:
            return _refused(query)
        if interval not in INTERVALS_MS:
            return web.json_response({"code": -1120, "msg": "Invalid interval."}, status=400)
        limit = min(int(query.get("limit", "500")), 1000)
        since, until = int(query.get("startTime", "0")), int(query.get("endTime", str(self.now_ms)))
        bars = sorted(self.klines.get((symbol, interval), {}).items())
        found = [(start, bar) for start, bar in bars if since <= start <= min(until, self.now_ms)]
        # With a start the oldest of the range are sent, without it the newest.
        chosen = found[:limit] if "startTime" in query else found[-limit:]
        return web.json_response([_kline(start, bar, INTERVALS_MS[interval]) for start, bar in chosen])


def _kline(start: int, bar: Row, length: int) -> list[Any]:
    return [start, *bar, start + length - 1, "0.00000000", 1, "0.00000000", "0.00000000", "0"]


def _refused(query: Mapping[str, str]) -> web.Response:
    if "symbol" not in query:
        text = "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."
        return web.json_response({"code": -1102, "msg": text}, status=400)
    return web.json_response({"code": -1121, "msg": "Invalid symbol."}, status=400)
