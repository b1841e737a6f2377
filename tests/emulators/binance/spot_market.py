"""The public requests of the spot exchange (rest-api.md "General endpoints" and "Market Data endpoints").

Bars are those set by hand (`Prices.kline`), else made of the public trades that are remembered.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from tests.emulators.binance import codes
from tests.emulators.binance.calls import Call, Route
from tests.emulators.binance.exchange import Exchange
from tests.emulators.binance.house import PRODUCT
from tests.emulators.binance.money import ZERO, text
from tests.emulators.binance.orders import Json
from tests.emulators.binance.prices import Print
from tests.emulators.binance.rules import Symbol

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
DAY_MS = 86_400_000


class SpotMarket:
    """The public requests of one exchange."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def routes(self) -> list[tuple[str, str, Route]]:
        """REST operation, WebSocket API method, route."""

        def route(answer: Callable[[Call], object], weight: int | Callable[[Mapping[str, str]], int] = 2) -> Route:
            return Route(PRODUCT, answer, "NONE", weight)

        def of_depth(params: Mapping[str, str]) -> int:
            limit = params.get("limit", "100")
            number = int(limit) if limit.isdigit() else 100
            return 5 if number <= 100 else 25 if number <= 500 else 50 if number <= 1000 else 250

        def of_ticker(params: Mapping[str, str]) -> int:
            return 2 if params.get("symbol") or params.get("symbols") else 4

        return [
            ("GET /api/v3/ping", "ping", route(lambda call: {}, 1)),
            ("GET /api/v3/time", "time", route(lambda call: {"serverTime": call.now_ms}, 1)),
            ("GET /api/v3/exchangeInfo", "exchangeInfo", route(self.exchange_info, 20)),
            ("GET /api/v3/depth", "depth", route(self.depth, of_depth)),
            ("GET /api/v3/trades", "trades.recent", route(self.trades, 25)),
            ("GET /api/v3/aggTrades", "trades.aggregate", route(self.agg_trades, 4)),
            ("GET /api/v3/klines", "klines", route(self.klines)),
            ("GET /api/v3/uiKlines", "uiKlines", route(self.klines)),
            ("GET /api/v3/avgPrice", "avgPrice", route(self.avg_price)),
            ("GET /api/v3/ticker/24hr", "ticker.24hr", route(self.day, of_ticker)),
            ("GET /api/v3/ticker/price", "ticker.price", route(self.price, of_ticker)),
            ("GET /api/v3/ticker/bookTicker", "ticker.book", route(self.book, of_ticker)),
        ]

    def exchange_info(self, call: Call) -> Json:
        names = call.texts("symbols")
        if call.get("symbol"):
            if names is not None:
                raise codes.OPTIONAL_PARAMS_BAD_COMBO.refusal()
            names = [call.get("symbol")]
        status = call.get("symbolStatus")
        if status and names is not None:
            raise codes.OPTIONAL_PARAMS_BAD_COMBO.refusal()
        chosen: Iterable[Symbol] = self._exchange.symbols.values()
        if names is not None:
            chosen = [self._exchange.symbol(name) for name in names]
        return {
            "timezone": "UTC",
            "serverTime": call.now_ms,
            "rateLimits": self._exchange.venue.limits[PRODUCT].rows,
            "exchangeFilters": [],
            "symbols": [symbol.info for symbol in chosen if status in ("", symbol.status)],
        }

    def depth(self, call: Call) -> Json:
        symbol = self._exchange.symbol(call.need("symbol"))
        limit = min(call.integer("limit") or 100, 5000)
        return {"lastUpdateId": self._exchange.prices[symbol.name].update_id, **self.levels(symbol.name, limit)}

    def levels(self, symbol: str, limit: int) -> dict[str, list[list[str]]]:
        """The best levels of each side, other people's and the accounts' own together."""
        return {
            name: [[text(price), text(qty)] for price, qty in self._side(symbol, side)[:limit]]
            for name, side in (("bids", "BUY"), ("asks", "SELL"))
        }

    def trades(self, call: Call) -> list[Json]:
        prints = self._exchange.prices[self._exchange.symbol(call.need("symbol")).name].prints
        return [
            {
                "id": done.trade_id,
                "price": text(done.price),
                "qty": text(done.qty),
                "quoteQty": text(done.price * done.qty),
                "time": done.time_ms,
                "isBuyerMaker": done.buyer_is_maker,
                "isBestMatch": True,
            }
            for done in prints[-min(call.integer("limit") or 500, 1000) :]
        ]

    def agg_trades(self, call: Call) -> list[Json]:
        prints = self._exchange.prices[self._exchange.symbol(call.need("symbol")).name].prints
        since, until = call.integer("startTime") or 0, call.integer("endTime") or 2**63
        first, limit = call.integer("fromId"), min(call.integer("limit") or 500, 1000)
        found = [p for p in prints if since <= p.time_ms <= until and (first is None or p.trade_id >= first)]
        found = found[:limit] if first is not None or "startTime" in call.params else found[-limit:]
        return [aggregate(done) for done in found]

    def klines(self, call: Call) -> list[list[Any]]:
        symbol = self._exchange.symbol(call.need("symbol")).name
        interval = call.need("interval")
        if interval not in INTERVALS_MS:
            raise codes.BAD_INTERVAL.refusal()
        length, limit = INTERVALS_MS[interval], min(call.integer("limit") or 500, 1000)
        since, until = call.integer("startTime") or 0, call.integer("endTime") or call.now_ms
        bars = sorted(self.bars(symbol, interval).items())
        found = [(start, bar) for start, bar in bars if since <= start <= min(until, call.now_ms)]
        # With a start the oldest of the range are sent, without it the newest.
        chosen = found[:limit] if "startTime" in call.params else found[-limit:]
        return [
            [start, *bar[:5], start + length - 1, "0.00000000", 1, "0.00000000", "0.00000000", "0"]
            for start, bar in chosen
        ]

    def bars(self, symbol: str, interval: str) -> dict[int, list[str]]:
        """Bars by start, as open, high, low, close, volume: those set by hand, else those of the trades."""
        market, length = self._exchange.prices[symbol], INTERVALS_MS[interval]
        if interval in market.klines:
            return {start: list(bar) for start, bar in market.klines[interval].items()}
        made: dict[int, list[Decimal]] = {}
        for done in market.prints:
            start = done.time_ms - done.time_ms % length
            bar = made.setdefault(start, [done.price, done.price, done.price, done.price, ZERO])
            bar[1], bar[2] = max(bar[1], done.price), min(bar[2], done.price)
            bar[3], bar[4] = done.price, bar[4] + done.qty
        return {start: [text(number) for number in bar] for start, bar in made.items()}

    def avg_price(self, call: Call) -> Json:
        symbol = self._exchange.symbol(call.need("symbol"))
        prints = self._exchange.prices[symbol.name].prints
        closed = prints[-1].time_ms if prints else 0
        return {"mins": 5, "price": text(self._exchange.average(symbol)), "closeTime": closed}

    def day(self, call: Call) -> Any:
        return self._each(call, self.ticker)

    def price(self, call: Call) -> Any:
        def row(symbol: str) -> Json:
            return {"symbol": symbol, "price": text(self._exchange.prices[symbol].last or ZERO)}

        return self._each(call, row)

    def book(self, call: Call) -> Any:
        def row(symbol: str) -> Json:
            bid, ask = self.touch(symbol)
            return {
                "symbol": symbol,
                "bidPrice": text(bid[0]),
                "bidQty": text(bid[1]),
                "askPrice": text(ask[0]),
                "askQty": text(ask[1]),
            }

        return self._each(call, row)

    def touch(self, symbol: str) -> tuple[tuple[Decimal, Decimal], tuple[Decimal, Decimal]]:
        """Best bid and best ask, zeros where there is none."""
        none = [(ZERO, ZERO)]
        bids, asks = self._side(symbol, "BUY") or none, self._side(symbol, "SELL") or none
        return bids[0], asks[0]

    def ticker(self, symbol: str) -> Json:
        """The statistics of the last 24 hours."""
        market, now = self._exchange.prices[symbol], self._exchange.now_ms
        day = [done for done in market.prints if done.time_ms > now - DAY_MS]
        prices = [done.price for done in day] or [market.last or ZERO]
        volume = sum((done.qty for done in day), ZERO)
        value = sum((done.qty * done.price for done in day), ZERO)
        change, (bid, ask) = prices[-1] - prices[0], self.touch(symbol)
        percent = change / prices[0] * 100 if prices[0] else ZERO
        return {
            "symbol": symbol,
            "priceChange": text(change),
            "priceChangePercent": f"{percent:.3f}",
            "weightedAvgPrice": text(value / volume if volume else ZERO),
            "prevClosePrice": text(prices[0]),
            "lastPrice": text(prices[-1]),
            "lastQty": text(day[-1].qty if day else ZERO),
            "bidPrice": text(bid[0]),
            "bidQty": text(bid[1]),
            "askPrice": text(ask[0]),
            "askQty": text(ask[1]),
            "openPrice": text(prices[0]),
            "highPrice": text(max(prices)),
            "lowPrice": text(min(prices)),
            "volume": text(volume),
            "quoteVolume": text(value),
            "openTime": now - DAY_MS,
            "closeTime": now,
            "firstId": day[0].trade_id if day else -1,
            "lastId": day[-1].trade_id if day else -1,
            "count": len(day),
        }

    def _each(self, call: Call, row: Callable[[str], Json]) -> Any:
        """One row for `symbol`, a list for `symbols` or for all."""
        if call.get("symbol"):
            return row(self._exchange.symbol(call.get("symbol")).name)
        names = call.texts("symbols")
        if names is not None:
            return [row(self._exchange.symbol(name).name) for name in names]
        return [row(name) for name in self._exchange.symbols]

    def _side(self, symbol: str, side: str) -> list[tuple[Decimal, Decimal]]:
        market = self._exchange.prices[symbol]
        shown = market.bids if side == "BUY" else market.asks
        mine = self._exchange.resting.get((symbol, side))
        if not mine:
            return shown
        levels = dict(shown)
        for order in mine:
            visible = min(order.iceberg, order.remaining) if order.iceberg else order.remaining
            levels[order.price] = levels.get(order.price, ZERO) + visible
        return sorted(levels.items(), reverse=side == "BUY")


def aggregate(done: Print) -> Json:
    """A trade as an aggregate of one."""
    return {
        "a": done.trade_id,
        "p": text(done.price),
        "q": text(done.qty),
        "f": done.trade_id,
        "l": done.trade_id,
        "T": done.time_ms,
        "m": done.buyer_is_maker,
        "M": True,
    }
