"""Public data of USDT-M futures by request.

Source: developers.binance.com, derivatives / usds-margined-futures, "Market Data" (REST and WebSocket API).
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from tests.emulators.binance import codes
from tests.emulators.binance.calls import Answering, Call, Route
from tests.emulators.binance.futures_clearing import PRODUCT
from tests.emulators.binance.futures_contracts import Contract
from tests.emulators.binance.futures_exchange import FuturesExchange
from tests.emulators.binance.futures_history import limit
from tests.emulators.binance.futures_positions import eight
from tests.emulators.binance.limits import RateLimits
from tests.emulators.binance.prices import Level

MINUTE_MS = 60_000
# A month has no fixed length; nothing here needs one.
INTERVALS_MS = {
    f"{count}{unit}": count * length
    for unit, length, counts in (
        ("m", MINUTE_MS, (1, 3, 5, 15, 30)),
        ("h", 60 * MINUTE_MS, (1, 2, 4, 6, 8, 12)),
        ("d", 1440 * MINUTE_MS, (1, 3)),
        ("w", 10_080 * MINUTE_MS, (1,)),
    )
    for count in counts
}
DEPTHS = (5, 10, 20, 50, 100, 500, 1000)
FUNDING_MS = 480 * MINUTE_MS


class Market:
    """What anybody may ask and listen to."""

    def __init__(self, exchange: FuturesExchange, now_ms: Callable[[], int], limits: RateLimits) -> None:
        self._exchange, self._now_ms, self._limits = exchange, now_ms, limits
        self.funding_rates: dict[str, Decimal] = {}

    def routes(self) -> dict[str, Route]:
        """The REST operations."""
        return {
            "GET /fapi/v1/ping": _public(lambda call: {}),
            "GET /fapi/v1/time": _public(lambda call: {"serverTime": call.now_ms}),
            "GET /fapi/v1/exchangeInfo": _public(self.exchange_info),
            "GET /fapi/v1/depth": _public(self.depth, 5),
            "GET /fapi/v1/trades": _public(self.trades, 5),
            "GET /fapi/v1/klines": _public(self.klines, 2),
            "GET /fapi/v1/premiumIndex": _public(self.premium_index),
            "GET /fapi/v1/ticker/24hr": _public(self.day_ticker),
            "GET /fapi/v1/ticker/price": _public(self.price_ticker),
            "GET /fapi/v2/ticker/price": _public(self.price_ticker),
            "GET /fapi/v1/ticker/bookTicker": _public(self.book_ticker, 2),
        }

    def methods(self) -> dict[str, Route]:
        """The WebSocket API's methods."""
        return {
            "depth": _public(self.depth, 5),
            "ticker.price": _public(self.price_ticker),
            "ticker.book": _public(self.book_ticker, 2),
        }

    def exchange_info(self, call: Call) -> dict[str, Any]:
        return {
            "timezone": "UTC",
            "serverTime": call.now_ms,
            "futuresType": "U_MARGINED",
            "rateLimits": self._limits.rows,
            "exchangeFilters": [],
            "assets": [{"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "-10000"}],
            "symbols": [contract.listing() for contract in self._exchange.contracts.values()],
        }

    def depth(self, call: Call) -> dict[str, Any]:
        contract, market = self._named(call)
        count = call.integer("limit") or 500
        if count not in DEPTHS:
            raise codes.Code(-4021, "{} is not valid depth limit.").refusal(count)
        return {
            "lastUpdateId": market.update_id,
            "E": call.now_ms,
            "T": call.now_ms,
            "bids": levels(contract, market.bids, count),
            "asks": levels(contract, market.asks, count),
        }

    def trades(self, call: Call) -> list[dict[str, Any]]:
        contract, market = self._named(call)
        return [
            {
                "id": done.trade_id,
                "price": contract.price(done.price),
                "qty": contract.quantity(done.qty),
                "quoteQty": eight(done.price * done.qty),
                "time": done.time_ms,
                "isBuyerMaker": done.buyer_is_maker,
            }
            for done in market.prints[-limit(call) :]
        ]

    def klines(self, call: Call) -> list[list[Any]]:
        _, market = self._named(call)
        interval = call.need("interval")
        if interval not in INTERVALS_MS:
            raise codes.BAD_INTERVAL.refusal()
        since, until = call.integer("startTime"), call.integer("endTime")
        rows = [
            (start, bar)
            for start, bar in sorted(market.klines.get(interval, {}).items())
            if (since or 0) <= start <= (until if until is not None else call.now_ms)
        ]
        count = max(1, min(call.integer("limit") or 500, 1500))
        chosen = rows[:count] if since is not None else rows[-count:]
        length = INTERVALS_MS[interval]
        return [[start, *bar, start + length - 1, "0", 1, "0", "0", "0"] for start, bar in chosen]

    def premium_index(self, call: Call) -> list[dict[str, Any]] | dict[str, Any]:
        return self._one_or_all(call, self._premium)

    def price_ticker(self, call: Call) -> list[dict[str, Any]] | dict[str, Any]:
        return self._one_or_all(call, self._price)

    def book_ticker(self, call: Call) -> list[dict[str, Any]] | dict[str, Any]:
        return self._one_or_all(call, self._book)

    def day_ticker(self, call: Call) -> list[dict[str, Any]] | dict[str, Any]:
        return self._one_or_all(call, self._day)

    def _named(self, call: Call) -> tuple[Contract, Any]:
        contract = self._exchange.contracts.get(call.need("symbol"))
        if contract is None:
            raise codes.INVALID_SYMBOL.refusal()
        return contract, self._exchange.prices[contract.symbol]

    def _one_or_all(
        self, call: Call, row: Callable[[Contract], dict[str, Any]]
    ) -> list[dict[str, Any]] | dict[str, Any]:
        if call.get("symbol"):
            return row(self._named(call)[0])
        return [row(contract) for contract in self._exchange.contracts.values()]

    def _premium(self, contract: Contract) -> dict[str, Any]:
        now, mark = self._now_ms(), eight(self._exchange.clearing.mark(contract.symbol))
        return {
            "symbol": contract.symbol,
            "markPrice": mark,
            "indexPrice": mark,
            "estimatedSettlePrice": mark,
            "lastFundingRate": eight(self.funding_rates.get(contract.symbol, Decimal("0.0001"))),
            "interestRate": "0.00010000",
            "nextFundingTime": (now // FUNDING_MS + 1) * FUNDING_MS,
            "time": now,
        }

    def _price(self, contract: Contract) -> dict[str, Any]:
        last = self._exchange.prices[contract.symbol].last or Decimal(0)
        return {"symbol": contract.symbol, "price": contract.price(last), "time": self._now_ms()}

    def _book(self, contract: Contract) -> dict[str, Any]:
        market = self._exchange.prices[contract.symbol]
        bid, ask = best(market.bids), best(market.asks)
        return {
            "symbol": contract.symbol,
            "bidPrice": contract.price(bid[0]),
            "bidQty": contract.quantity(bid[1]),
            "askPrice": contract.price(ask[0]),
            "askQty": contract.quantity(ask[1]),
            "time": self._now_ms(),
            "lastUpdateId": market.update_id,
        }

    def _day(self, contract: Contract) -> dict[str, Any]:
        market, now = self._exchange.prices[contract.symbol], self._now_ms()
        done = market.prints
        prices = [trade.price for trade in done] or [Decimal(0)]
        volume = sum((trade.qty for trade in done), Decimal(0))
        quote = sum((trade.qty * trade.price for trade in done), Decimal(0))
        return {
            "symbol": contract.symbol,
            "priceChange": contract.price(prices[-1] - prices[0]),
            "priceChangePercent": "0.000",
            "weightedAvgPrice": contract.price(quote / volume if volume else Decimal(0)),
            "lastPrice": contract.price(prices[-1]),
            "lastQty": contract.quantity(done[-1].qty if done else Decimal(0)),
            "openPrice": contract.price(prices[0]),
            "highPrice": contract.price(max(prices)),
            "lowPrice": contract.price(min(prices)),
            "volume": contract.quantity(volume),
            "quoteVolume": contract.price(quote),
            "openTime": now - 86_400_000,
            "closeTime": now,
            "firstId": done[0].trade_id if done else -1,
            "lastId": done[-1].trade_id if done else -1,
            "count": len(done),
        }


def levels(contract: Contract, rows: list[Level], count: int) -> list[list[str]]:
    """Levels as texts."""
    return [[contract.price(price), contract.quantity(quantity)] for price, quantity in rows[:count]]


def best(rows: list[Level]) -> Level:
    """The best level; zeros on an empty side."""
    return rows[0] if rows else (Decimal(0), Decimal(0))


def _public(answer: Answering, weight: int = 1) -> Route:
    return Route(PRODUCT, answer, "NONE", weight)
