"""What USDT-M futures publish to market streams, on their two paths.

Sources: developers.binance.com, derivatives / usds-margined-futures, "Websocket Market Streams" and "Important
WebSocket Change Notice": since 2026-04-23 books and best prices are served on `/public`, klines, aggregate trades and
mark prices on `/market`; a connection on the old root receives what `/public` has.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from tests.emulators.binance.connections import Connection
from tests.emulators.binance.futures_exchange import FuturesExchange
from tests.emulators.binance.futures_market import FUNDING_MS, INTERVALS_MS, best, levels
from tests.emulators.binance.futures_positions import eight
from tests.emulators.binance.streams import Streams

PARTIAL = re.compile(r"@depth(5|10|20)(@\d+ms)?$")
DIFFERENCES = re.compile(r"@depth(@\d+ms)?$")
MOST_LEVELS = 1000


class Broadcast:
    """Publishes what changes to the market streams: books on `/public`, trades and klines on `/market`."""

    def __init__(self, exchange: FuturesExchange, now_ms: Callable[[], int], public: Streams, market: Streams) -> None:
        self._exchange, self._now_ms = exchange, now_ms
        self._public, self._market = public, market
        self._sent: dict[str, int] = {}  # by stream: the update told last
        self._known: dict[str, tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]]] = {}  # its levels then
        exchange.prices.on_book.append(self._book_changed)
        exchange.prices.on_print.append(self._traded)
        public.on_subscribe.append(self._subscribed)

    def marked(self, symbol: str) -> None:
        """Tell a mark price that was set."""
        mark, now = eight(self._exchange.clearing.mark(symbol)), self._now_ms()
        told = {"e": "markPriceUpdate", "E": now, "s": symbol, "p": mark, "i": mark, "P": mark, "r": "0.00010000"}
        told["T"] = (now // FUNDING_MS + 1) * FUNDING_MS
        for name in (f"{symbol.lower()}@markPrice", f"{symbol.lower()}@markPrice@1s"):
            self._market.publish(name, told)

    def bar(self, symbol: str, interval: str, start_ms: int, ohlcv: list[str], *, closed: bool) -> None:
        """Show a bar: keep it for REST and tell it."""
        self._exchange.prices.kline(symbol, interval, start_ms, ohlcv)
        opened, high, low, close, volume = ohlcv
        bar = {
            "t": start_ms,
            "T": start_ms + INTERVALS_MS[interval] - 1,
            "s": symbol,
            "i": interval,
            "f": 100,
            "L": 200,
            "o": opened,
            "c": close,
            "h": high,
            "l": low,
            "v": volume,
            "n": 100,
            "x": closed,
            "q": "0",
            "V": "0",
            "Q": "0",
            "B": "0",
        }
        told = {"e": "kline", "E": self._now_ms(), "s": symbol, "k": bar}
        self._market.publish(f"{symbol.lower()}@kline_{interval}", told)

    def _subscribed(self, name: str, connection: Connection) -> None:
        symbol = name.partition("@")[0].upper()
        if symbol not in self._exchange.contracts:
            return
        if DIFFERENCES.search(name):
            # Differences start from here; what came before is asked for by REST.
            self._sent.setdefault(name, self._exchange.prices[symbol].update_id)
            self._known.setdefault(name, self._book(symbol))
        else:
            self._tell_book(symbol, name)

    def _book_changed(self, symbol: str) -> None:
        prefix = f"{symbol.lower()}@"
        for name in self._public.names():
            if name.startswith(prefix):
                self._tell_book(symbol, name)

    def _tell_book(self, symbol: str, name: str) -> None:
        contract, market = self._exchange.contracts[symbol], self._exchange.prices[symbol]
        now = self._now_ms()
        if name.endswith("@bookTicker"):
            bid, ask = best(market.bids), best(market.asks)
            told: dict[str, Any] = {"e": "bookTicker", "u": market.update_id, "s": symbol}
            told |= {"b": contract.price(bid[0]), "B": contract.quantity(bid[1])}
            told |= {"a": contract.price(ask[0]), "A": contract.quantity(ask[1]), "T": now, "E": now}
        elif DIFFERENCES.search(name) or PARTIAL.search(name):
            before = self._sent.get(name, market.update_id - 1)
            self._sent[name] = market.update_id
            told = {"e": "depthUpdate", "E": now, "T": now, "s": symbol}
            told |= {"U": before + 1, "u": market.update_id, "pu": before, **self._rows(symbol, name)}
        else:
            return
        self._public.publish(name, told)

    def _rows(self, symbol: str, name: str) -> dict[str, list[list[str]]]:
        """The first levels of a partial book, or the levels that differ from those told last (0: gone)."""
        contract, market = self._exchange.contracts[symbol], self._exchange.prices[symbol]
        if partial := PARTIAL.search(name):
            count = int(partial[1])
            return {"b": levels(contract, market.bids, count), "a": levels(contract, market.asks, count)}
        before, self._known[name] = self._known.get(name, ({}, {})), self._book(symbol)
        sides = []
        for old, new in zip(before, self._known[name], strict=True):
            gone = {price: Decimal(0) for price in old.keys() - new.keys()}
            changed = {price: there for price, there in new.items() if old.get(price) != there}
            sides.append(levels(contract, [*gone.items(), *changed.items()], MOST_LEVELS))
        return {"b": sides[0], "a": sides[1]}

    def _book(self, symbol: str) -> tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]]:
        market = self._exchange.prices[symbol]
        return dict(market.bids), dict(market.asks)

    def _traded(self, symbol: str) -> None:
        contract = self._exchange.contracts.get(symbol)
        if contract is None:
            return
        self._book_changed(symbol)  # a trade has taken something from it
        done, now, name = self._exchange.prices[symbol].prints[-1], self._now_ms(), symbol.lower()
        price = {"p": contract.price(done.price), "q": contract.quantity(done.qty), "T": done.time_ms}
        maker = {"m": done.buyer_is_maker}
        trade = {"e": "trade", "E": now, "s": symbol, "t": done.trade_id, **price, "X": "MARKET", **maker}
        self._public.publish(f"{name}@trade", trade)
        if self._market.listened(f"{name}@aggTrade"):
            ids = {"a": done.trade_id, "f": done.trade_id, "l": done.trade_id}
            self._market.publish(f"{name}@aggTrade", {"e": "aggTrade", "E": now, "s": symbol, **ids, **price, **maker})
