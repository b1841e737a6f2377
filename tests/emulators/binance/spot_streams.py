"""The market streams of the spot exchange (web-socket-streams.md): what is published when a book or a price changes.

`<s>@bookTicker`, `@depth5|10|20[@100ms]`, `@depth[@100ms]`, `@trade`, `@aggTrade`, `@kline_<i>`, `@miniTicker`,
`@ticker`, `@avgPrice`. Everything goes out at once, not in the intervals of the real streams.
"""

from tests.emulators.binance.exchange import Exchange
from tests.emulators.binance.money import text
from tests.emulators.binance.orders import Json
from tests.emulators.binance.prices import Print
from tests.emulators.binance.spot_market import INTERVALS_MS, SpotMarket, aggregate
from tests.emulators.binance.streams import Streams


class SpotStreams:
    """Publishes one exchange's market on its streams."""

    def __init__(self, exchange: Exchange, market: SpotMarket, streams: Streams) -> None:
        self._exchange, self._market, self._streams = exchange, market, streams
        self._told: dict[str, tuple[object, object]] = {}  # the best bid and ask that bookTicker last told
        self._levels: dict[str, dict[str, dict[str, str]]] = {}  # what the depth stream last told
        self._printed: dict[str, int] = {}  # the last trade told by symbol
        self._bar: dict[str, int] = {}  # the bar that a kline stream last told
        exchange.on_settled.append(self.settled)
        exchange.prices.on_print.append(self.printed)

    def settled(self, symbol: str) -> None:
        """A symbol's book or price has changed."""
        name, streams = symbol.lower(), self._streams
        if not streams.names():
            return
        if streams.listened(f"{name}@bookTicker"):
            self._book_ticker(symbol)
        update = self._exchange.prices[symbol].update_id
        for depth in (5, 10, 20):
            for stream in (f"{name}@depth{depth}", f"{name}@depth{depth}@100ms"):
                if streams.listened(stream):
                    streams.publish(stream, {"lastUpdateId": update, **self._market.levels(symbol, depth)})
        for stream in (f"{name}@depth", f"{name}@depth@100ms"):
            if streams.listened(stream):
                self._depth(symbol, stream)

    def printed(self, symbol: str) -> None:
        """A public trade was printed."""
        name, streams, now = symbol.lower(), self._streams, self._exchange.now_ms
        if symbol not in self._exchange.symbols or not streams.names():
            return
        done = self._exchange.prices[symbol].prints[-1]
        if streams.listened(f"{name}@trade"):
            streams.publish(f"{name}@trade", _trade(symbol, done, now))
        if streams.listened(f"{name}@aggTrade"):
            streams.publish(f"{name}@aggTrade", {"e": "aggTrade", "E": now, "s": symbol, **aggregate(done)})
        if streams.listened(f"{name}@miniTicker") or streams.listened(f"{name}@ticker"):
            self._tickers(symbol, now)
        for interval in INTERVALS_MS:
            if streams.listened(f"{name}@kline_{interval}"):
                self._kline(symbol, interval, done, now)

    def close_bars(self) -> None:
        """Tell of bars whose time is over without a trade after it (a campaign's clock may call this)."""
        for stream in self._streams.names():
            symbol, _, interval = stream.upper().partition("@KLINE_")
            if interval.lower() in INTERVALS_MS and symbol in self._exchange.symbols:
                self._finish_bar(symbol, interval.lower(), stream, self._exchange.now_ms)

    def _book_ticker(self, symbol: str) -> None:
        bid, ask = self._market.touch(symbol)
        if self._told.get(symbol) == (bid, ask):
            return
        self._told[symbol] = (bid, ask)
        event = {
            "u": self._exchange.prices[symbol].update_id,
            "s": symbol,
            "b": text(bid[0]),
            "B": text(bid[1]),
            "a": text(ask[0]),
            "A": text(ask[1]),
        }
        self._streams.publish(f"{symbol.lower()}@bookTicker", event)

    def _depth(self, symbol: str, stream: str) -> None:
        update = self._exchange.prices[symbol].update_id
        before = self._levels.get(stream, {"bids": {}, "asks": {}})
        now = {side: {row[0]: row[1] for row in rows} for side, rows in self._market.levels(symbol, 5000).items()}
        self._levels[stream] = now
        changed = {
            key: [[price, qty] for price, qty in now[side].items() if before[side].get(price) != qty]
            + [[price, "0.00000000"] for price in before[side] if price not in now[side]]
            for key, side in (("b", "bids"), ("a", "asks"))
        }
        event = {"e": "depthUpdate", "E": self._exchange.now_ms, "s": symbol, "U": update, "u": update, **changed}
        self._streams.publish(stream, event)

    def _tickers(self, symbol: str, now: int) -> None:
        name, day = symbol.lower(), self._market.ticker(symbol)
        mini = {
            "e": "24hrMiniTicker",
            "E": now,
            "s": symbol,
            "c": day["lastPrice"],
            "o": day["openPrice"],
            "h": day["highPrice"],
            "l": day["lowPrice"],
            "v": day["volume"],
            "q": day["quoteVolume"],
        }
        self._streams.publish(f"{name}@miniTicker", mini)
        full = {
            **mini,
            "e": "24hrTicker",
            "p": day["priceChange"],
            "P": day["priceChangePercent"],
            "w": day["weightedAvgPrice"],
            "x": day["prevClosePrice"],
            "Q": day["lastQty"],
            "b": day["bidPrice"],
            "B": day["bidQty"],
            "a": day["askPrice"],
            "A": day["askQty"],
            "O": day["openTime"],
            "C": day["closeTime"],
            "F": day["firstId"],
            "L": day["lastId"],
            "n": day["count"],
        }
        self._streams.publish(f"{name}@ticker", full)

    def _kline(self, symbol: str, interval: str, done: Print, now: int) -> None:
        stream = f"{symbol.lower()}@kline_{interval}"
        self._finish_bar(symbol, interval, stream, done.time_ms)
        start = done.time_ms - done.time_ms % INTERVALS_MS[interval]
        self._bar[stream] = start
        self._streams.publish(stream, self._kline_event(symbol, interval, start, now, closed=False))

    def _finish_bar(self, symbol: str, interval: str, stream: str, now: int) -> None:
        before = self._bar.get(stream)
        if before is not None and before + INTERVALS_MS[interval] <= now:
            del self._bar[stream]
            self._streams.publish(stream, self._kline_event(symbol, interval, before, now, closed=True))

    def _kline_event(self, symbol: str, interval: str, start: int, now: int, *, closed: bool) -> Json:
        end = start + INTERVALS_MS[interval] - 1
        prints = [done for done in self._exchange.prices[symbol].prints if start <= done.time_ms <= end]
        prices, volume = [done.price for done in prints], sum(done.qty for done in prints)
        value = sum(done.qty * done.price for done in prints)
        bar = {
            "t": start,
            "T": end,
            "s": symbol,
            "i": interval,
            "f": prints[0].trade_id if prints else -1,
            "L": prints[-1].trade_id if prints else -1,
            "o": f"{prices[0] if prices else 0:.8f}",
            "c": f"{prices[-1] if prices else 0:.8f}",
            "h": f"{max(prices, default=0):.8f}",
            "l": f"{min(prices, default=0):.8f}",
            "v": f"{volume:.8f}",
            "n": len(prints),
            "x": closed,
            "q": f"{value:.8f}",
            "V": "0.00000000",
            "Q": "0.00000000",
            "B": "0",
        }
        return {"e": "kline", "E": now, "s": symbol, "k": bar}


def _trade(symbol: str, done: Print, now: int) -> Json:
    return {
        "e": "trade",
        "E": now,
        "s": symbol,
        "t": done.trade_id,
        "p": text(done.price),
        "q": text(done.qty),
        "T": done.time_ms,
        "m": done.buyer_is_maker,
        "M": True,
    }
