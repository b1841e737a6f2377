"""An exchange's public prices through ccxt, without keys."""

import asyncio
import importlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, TypeVar
from urllib.parse import urlsplit

from trading.clock import Clock
from trading.errors import ConfigError, IntentError, TradingError, VenueUnreachable
from trading.instruments import ZERO, Instrument, Settlement, Symbol, plain
from trading.market.candles import UNIX, Tape, bar_start
from trading.quotes import Candle, Level, Quote, timeframe_seconds

T = TypeVar("T")

DEPTH = 5  # levels a side
LONGEST_PAUSE_S = 60.0  # between two tries of an exchange that does not answer
PAGE = 1000  # candles a request, the most that Binance sends
MILLISECOND = timedelta(milliseconds=1)

REASONS = {
    "RequestTimeout": "did not answer in time",
    "DDoSProtection": "asks us to slow down",
    "RateLimitExceeded": "asks us to slow down",
    "OnMaintenance": "is under maintenance",
    "ExchangeNotAvailable": "cannot be reached",
    "RestrictedLocation": "does not serve this location",
    "BadSymbol": "does not list this symbol",
}
"""What the classes of ccxt mean for somebody who waits for a price."""

REMEDY = "Check the network and the address; it is asked again."

GARBLED = (AttributeError, IndexError, KeyError, TypeError, ValueError, ArithmeticError)
"""What ccxt, and our reading of it, trip over when an answer has another shape."""


def instrument_of(market: Mapping[str, Any]) -> Instrument:
    """A market of ccxt (numbers as text, precision in tick sizes) as an instrument.

    Binance's own filters come first, as ccxt maps only some of them; a filter of 0 is switched off.

    Raises:
        ConfigError: it has no price or quantity step, or is settled in its base currency.
    """
    info = market["info"]
    filters = {f["filterType"]: f for f in info.get("filters", ())} if isinstance(info, dict) else {}
    price, lot = filters.get("PRICE_FILTER", {}), filters.get("LOT_SIZE", {})
    value = filters.get("NOTIONAL") or filters.get("MIN_NOTIONAL") or {}
    amount, cost = market["limits"]["amount"], market["limits"]["cost"]
    tick = _first(price.get("tickSize"), market["precision"]["price"])
    step = _first(lot.get("stepSize"), market["precision"]["amount"])
    if not tick or not step:
        raise ConfigError(f"{market['symbol']} has no price or quantity step.", "Choose another symbol.")
    if market.get("inverse"):
        raise ConfigError(f"{market['symbol']} is settled in {market['base']}.", "Choose one settled in its quote.")
    return Instrument(
        symbol=Symbol(market["symbol"]),
        base=market["base"],
        quote=market["quote"],
        tick=tick,
        step=step,
        min_quantity=_first(lot.get("minQty"), amount.get("min")),
        max_quantity=_first(lot.get("maxQty"), amount.get("max")),
        min_notional=_first(value.get("minNotional"), value.get("notional"), cost.get("min")),
        max_notional=_first(value.get("maxNotional"), cost.get("max")),
        settlement=Settlement.LINEAR if market.get("linear") else Settlement.SPOT,
        multiplier=_first(market.get("contractSize")) or Decimal(1),
    )


def _first(*texts: str | None) -> Decimal:
    """The first that is there and above 0, without trailing zeros; else 0."""
    numbers = (Decimal(plain(Decimal(text))) for text in texts if text is not None)
    return next((number for number in numbers if number > 0), ZERO)


def quote_of(book: Mapping[str, Any], instrument: Instrument, at: datetime) -> Quote:
    """An order book of ccxt as a quote. A book has no trades: `last` is the middle, `traded` 0.

    Raises:
        VenueUnreachable: the book is not two-sided, or crossed.
    """
    # ccxt hands out floats here whatever it was told, and sorts texts as texts. The shortest text of
    # a double is the venue's own as long as that has no more than 15 digits, as IEEE 754 promises.
    bids, asks = (
        sorted((Level(Decimal(str(level[0])), Decimal(str(level[1]))) for level in book[side] if level[1]), key=_price)
        for side in ("bids", "asks")
    )
    if not bids or not asks or bids[-1].price >= asks[0].price:
        raise VenueUnreachable(f"The book of {instrument.symbol} is empty or crossed.")
    middle = (bids[-1].price + asks[0].price) / 2
    last = (middle / instrument.tick).to_integral_value(ROUND_HALF_EVEN) * instrument.tick
    return Quote(instrument.symbol, tuple(bids[: -DEPTH - 1 : -1]), tuple(asks[:DEPTH]), last, at)


def candle_of(row: Sequence[Any], symbol: Symbol, timeframe: str) -> Candle:
    """A row of ccxt (start in ms, open, high, low, close, volume) as a candle."""
    first, high, low, last, volume = (Decimal(str(cell)) for cell in row[1:6])
    return Candle(symbol, timeframe, UNIX + row[0] * MILLISECOND, first, high, low, last, volume)


def _price(level: Level) -> Decimal:
    return level.price


class CcxtMarket:
    """Asks an exchange of ccxt for the order books of `symbols`, each every `poll_s` seconds.

    When it does not answer, the last quote stays, and gets stale; the pause grows from 1 to 60 s,
    and `problem` says why. `rest_url` replaces scheme and host of all its addresses (a proxy, an
    emulator).

    Raises:
        ConfigError: `rest_url` is not an address.
    """

    speed = Decimal(1)

    def __init__(
        self,
        exchange_id: str,
        symbols: Sequence[str],
        clock: Clock,
        rest_url: str = "",
        poll_s: float = 1.0,
        timeout_s: float = 10.0,
    ) -> None:
        if rest_url and (urlsplit(rest_url).scheme not in ("http", "https") or not urlsplit(rest_url).netloc):
            raise ConfigError("The rest_url of the market is not an address.", "Write it like https://api.example.com.")
        self.name = exchange_id
        self._symbols, self._clock, self._rest_url = tuple(symbols), clock, rest_url.rstrip("/")
        self._poll_s, self._timeout_s = poll_s, timeout_s
        self._tape = Tape()
        self._instruments: dict[Symbol, Instrument] = {}
        self._failures: dict[Symbol, int] = {}  # in a row
        self._reasons: dict[Symbol, str] = {}
        self._exchange: Any = None
        self._error: type[Exception] = VenueUnreachable  # ccxt's own root, once it is imported

    @property
    def instruments(self) -> Mapping[Symbol, Instrument]:
        return self._instruments

    @property
    def problem(self) -> str:
        """Why prices are missing, in one line; empty when none are."""
        if not self._reasons:
            return ""
        return f"No new prices of {', '.join(sorted(self._reasons))}: {' '.join(sorted(set(self._reasons.values())))}"

    def now(self) -> datetime:
        return self._clock.now()

    def quote(self, symbol: Symbol) -> Quote | None:
        return self._tape.latest.get(symbol)

    def subscribe(self, listener: Callable[[Quote], None]) -> Callable[[], None]:
        return self._tape.subscribe(listener)

    async def start(self) -> None:
        """Load the instruments and the first quotes.

        Raises:
            ConfigError: ccxt does not know the exchange, or the exchange a symbol.
            VenueUnreachable: it does not answer.
        """
        # 120 MB and seconds: only for who needs it, and not on the event loop.
        ccxt = await asyncio.to_thread(importlib.import_module, "ccxt.async_support")
        if self.name not in ccxt.exchanges:
            raise ConfigError(f"ccxt knows no exchange {self.name!r}.", "Write binance, kraken, okx ...")
        self._error = ccxt.BaseError
        types = sorted({"linear" if ":" in symbol else "spot" for symbol in self._symbols})
        options = {"fetchMarkets": {"types": types}, "fetchCurrencies": False, "fetchMargins": False}
        config = {"number": str, "timeout": int(self._timeout_s * 1000), "options": options}
        if self._rest_url.startswith("http:"):
            config["timeout_on_exit"] = 0  # ccxt's pause on closing is for TLS
        self._exchange = getattr(ccxt, self.name)(config)
        self._exchange.on_rest_response = self._only_json
        if self._rest_url:
            self._exchange.urls["api"] = _redirected(self._exchange.urls["api"], self._rest_url)
        try:
            if self._exchange.precisionMode != ccxt.TICK_SIZE:
                raise ConfigError(f"{self.name} does not publish its price steps.", "Choose another exchange.")
            self._instruments = await self._ask(self._exchange.load_markets(), self._read_markets)
        except (TradingError, asyncio.CancelledError):
            await self.stop()
            raise
        await asyncio.gather(*map(self.poll, self._instruments))
        self._tape.run(self._run())

    async def stop(self) -> None:
        await self._tape.stop()
        if self._exchange is not None:
            await self._exchange.close()

    def _only_json(self, status: int, reason: str, url: str, method: str, headers: Any, body: str, *sent: Any) -> str:
        """ccxt's hook for an answer's text. It would take a web page for an empty book, or for no candles."""
        text = body.strip()
        if status == 200 and text[:1] + text[-1:] not in ("{}", "[]"):
            raise VenueUnreachable(f"{self.name} answers with something else than JSON.", REMEDY)
        return text

    def _read_markets(self, markets: Mapping[str, Any]) -> dict[Symbol, Instrument]:
        for symbol in self._symbols:
            if symbol not in markets:
                raise ConfigError(f"{self.name} does not list {symbol!r}.", "Write it like BTC/USDT.")
        return {Symbol(symbol): instrument_of(markets[symbol]) for symbol in self._symbols}

    async def _ask(self, request: Awaitable[Any], read: Callable[[Any], T]) -> T:
        """What `read` makes of what ccxt answers.

        Raises:
            VenueUnreachable: there is no such answer.
        """
        try:
            return read(await request)
        except self._error as why:
            names = (kind.__name__ for kind in type(why).__mro__)
            reason = next((REASONS[name] for name in names if name in REASONS), "")
            words = " ".join(str(why).removeprefix(self.name).split())[:100]
            said = type(why).__name__ if "://" in words else words  # an address may hold a password
            raise VenueUnreachable(f"{self.name} {reason or f'answers with an error ({said})'}.", REMEDY) from None
        except GARBLED as why:
            raise VenueUnreachable(f"{self.name} answers in another shape ({type(why).__name__}).", REMEDY) from None

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for symbol in self._instruments:
                group.create_task(self._follow(symbol))

    async def _follow(self, symbol: Symbol) -> None:
        pause_s = self._poll_s
        while True:
            await asyncio.sleep(pause_s)
            pause_s = await self.poll(symbol)

    async def poll(self, symbol: Symbol) -> float:
        """Ask for one book and show it; the answer is how long to wait before asking again, in seconds."""
        limit = DEPTH if self.name.startswith("binance") else 20  # the smallest that other exchanges take
        try:
            quote = await self._ask(
                self._exchange.fetch_order_book(symbol, limit),
                lambda book: quote_of(book, self._instruments[symbol], self._clock.now()),
            )
        except VenueUnreachable as why:
            self._reasons[symbol] = why.text
            self._failures[symbol] = failures = self._failures.get(symbol, 0) + 1
            return min(LONGEST_PAUSE_S, max(self._poll_s, 2.0 ** min(failures - 1, 10)))
        self._reasons.pop(symbol, None)
        self._failures.pop(symbol, None)
        self._tape.publish(quote)
        return self._poll_s

    async def candles(self, symbol: Symbol, timeframe: str, limit: int) -> Sequence[Candle]:
        """The last closed candles, oldest first; where the exchange has none, there is a hole.

        Raises:
            IntentError: an unknown symbol, or a timeframe that the exchange does not have.
            VenueUnreachable: it does not answer.
        """
        if symbol not in self._instruments:
            raise IntentError(f"{symbol} is not followed.", "Add it to the market's symbols.", code="BAD_SYMBOL")
        offered = self._exchange.timeframes or {}
        length = timedelta(seconds=timeframe_seconds(timeframe))
        if timeframe not in offered:
            remedy = f"There are {', '.join(offered)}." if offered else ""
            raise IntentError(f"{self.name} has no {timeframe} candles.", remedy, code="BAD_TIMEFRAME")
        end = bar_start(self._clock.now(), timeframe)
        since, found = end - limit * length, list[Candle]()
        while since < end:
            page = await self._ask(
                self._exchange.fetch_ohlcv(symbol, timeframe, (since - UNIX) // MILLISECOND, min(limit, PAGE)),
                lambda rows: [candle_of(row, symbol, timeframe) for row in rows],
            )
            page = [candle for candle in page if since <= candle.start < end]
            if not page:
                break
            found.extend(page)
            since = page[-1].start + length
        return found[-limit:]


def _redirected(addresses: Any, rest_url: str) -> Any:
    """ccxt's addresses, a tree of texts, with another scheme and host; the paths stay."""
    if isinstance(addresses, dict):
        return {name: _redirected(below, rest_url) for name, below in addresses.items()}
    return rest_url + urlsplit(addresses).path
