"""Binance's public market data in our words: paths, stream names, order books, trades, candles. Pure.

Sources: binance-spot-api-docs rest-api.md ("Order book", "Kline/Candlestick data", "Exchange information"),
web-socket-streams.md and general-info.md of the testnet and the demo mode; developers.binance.com, derivatives,
USDS-M futures: "Market Data Endpoints" and "Websocket Market Streams". The futures streams are split by path since
2026-04-23: books come by `/public`, trades by `/market`; a stream that is asked for on the wrong path stays silent.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from trading.binance.addresses import addresses_of
from trading.binance.products import Product, product_of
from trading.instruments import Instrument, Symbol
from trading.market.candles import UNIX
from trading.market.feed import MILLISECOND, instrument_of
from trading.quotes import Candle, Level

DEPTH = 5  # levels a side
KLINES = 1000  # candles a request; of the futures there may be more, at twice the weight
SERVER_SHUTDOWN = "serverShutdown"
PERPETUAL = frozenset({"PERPETUAL", "TRADIFI_PERPETUAL"})
GARBLED = (msgspec.MsgspecError, ArithmeticError, ValueError)
"""What reading trips over when an answer or an event has another shape."""

INTERVALS = ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d")
"""Timeframes of candles; there are weeks and months too, but no timeframe of ours is as long."""


@dataclass(frozen=True, eq=False)  # there is one object of each
class Endpoints:
    """Where a product tells its prices, and what asking costs: in units of `limit`, an address's own a minute."""

    product: Product
    path: str  # of REST
    book_path: str  # of the streams
    trade_path: str
    intervals: tuple[str, ...]
    limit: int
    depth_weight: int
    list_weight: int
    kline_weight: Callable[[int], int]  # of so many candles

    def rest_url(self, environment: str, given: str = "") -> str:
        """The address of REST; `given` replaces scheme and host.

        Raises:
            ConfigError: `given` is not an address, or there is no such environment.
        """
        return addresses_of(self.product, environment, rest_url=given).rest + self.path

    def stream_urls(self, environment: str, given: str = "") -> tuple[str, str]:
        """The addresses of the combined streams of books and of trades; `given` replaces scheme and host.

        Raises:
            ConfigError: `given` is not an address, or there is no such environment.
        """
        base = addresses_of(self.product, environment, stream_url=given).streams
        return base + self.book_path, base + self.trade_path


def _usdm_kline_weight(count: int) -> int:
    return 1 if count < 100 else 2 if count < 500 else 5


SPOT = Endpoints(
    product=Product.SPOT,
    path="/api/v3",
    book_path="/stream",
    trade_path="/stream",
    intervals=("1s", *INTERVALS),
    limit=6000,
    depth_weight=5,
    list_weight=20,
    kline_weight=lambda count: 2,
)
USDM = Endpoints(
    product=Product.USDM,
    path="/fapi/v1",
    book_path="/public/stream",
    trade_path="/market/stream",
    intervals=INTERVALS,
    limit=2400,
    depth_weight=2,
    list_weight=1,
    kline_weight=_usdm_kline_weight,
)


def endpoints_of(symbol: str) -> Endpoints:
    """Those of the product that a symbol belongs to.

    Raises:
        ConfigError: no symbol of Binance.
    """
    return USDM if product_of(symbol) is Product.USDM else SPOT


# --- what is listed -----------------------------------------------------------------------------


class Listing(msgspec.Struct, rename="camel"):
    """A row of exchangeInfo; `contract_type` and `margin_asset` are the futures'."""

    symbol: str
    base_asset: str
    quote_asset: str
    filters: list[dict[str, Any]]
    contract_type: str = ""
    margin_asset: str = ""


class ExchangeInfo(msgspec.Struct):
    symbols: list[Listing]


class Listed(NamedTuple):
    """A symbol and the venue's own name of it."""

    instrument: Instrument
    venue_symbol: str


def listed(info: ExchangeInfo, endpoints: Endpoints, symbols: Sequence[str]) -> dict[Symbol, Listed]:
    """Those of `symbols` that are listed: spot pairs, or perpetual futures settled in their quote.

    Raises:
        ConfigError: one of them has no price or quantity step.
    """
    found: dict[Symbol, Listed] = {}
    for row in info.symbols:
        name = f"{row.base_asset}/{row.quote_asset}"
        if endpoints is USDM:
            if row.contract_type not in PERPETUAL or row.margin_asset != row.quote_asset:
                continue
            name = f"{name}:{row.quote_asset}"
        if name in symbols:
            found[Symbol(name)] = Listed(_instrument(row, name, linear=endpoints is USDM), row.symbol)
    return {Symbol(symbol): found[Symbol(symbol)] for symbol in symbols if symbol in found}


def _instrument(row: Listing, name: str, *, linear: bool) -> Instrument:
    # All that ccxt's own fields could add is in the venue's filters.
    unsaid: dict[str, Any] = {"precision": {"price": None, "amount": None}, "limits": {"amount": {}, "cost": {}}}
    names = {"symbol": name, "base": row.base_asset, "quote": row.quote_asset, "linear": linear}
    return instrument_of({**unsaid, **names, "info": {"filters": row.filters}})


# --- books and trades ---------------------------------------------------------------------------


class Frame(msgspec.Struct):
    """What comes on a combined connection: an event of `stream`, or an answer to the request `id`."""

    stream: str = ""
    data: msgspec.Raw = msgspec.Raw(b"{}")
    id: int | None = None
    code: int | None = None
    msg: str = ""
    error: dict[str, Any] | None = None
    e: str = ""

    @property
    def is_shutdown(self) -> bool:
        return SERVER_SHUTDOWN in (self.e, self.stream.removeprefix("!"))

    @property
    def refusal(self) -> str:
        """Why a request was not accepted; empty for anything else."""
        if self.error is not None:
            return f"{self.error.get('code')} {self.error.get('msg')}"
        return f"{self.code} {self.msg}" if self.code is not None else ""


Row = tuple[Decimal, Decimal]


class SpotBook(msgspec.Struct, rename={"update_id": "lastUpdateId"}):
    """The best levels of a book by REST, or by the stream of spot: price and quantity, best first."""

    update_id: int
    bids: list[Row]
    asks: list[Row]


class UsdmBook(msgspec.Struct, rename={"update_id": "u", "bids": "b", "asks": "a"}):
    """The same by the stream of the futures."""

    update_id: int
    bids: list[Row]
    asks: list[Row]


class Trade(msgspec.Struct, rename={"price": "p", "quantity": "q"}):
    """What one taker took at one price (`@aggTrade`)."""

    price: Decimal
    quantity: Decimal


Book = SpotBook | UsdmBook

frame = msgspec.json.Decoder(Frame).decode
trade = msgspec.json.Decoder(Trade).decode
_spot_book = msgspec.json.Decoder(SpotBook).decode
_usdm_book = msgspec.json.Decoder(UsdmBook).decode


def book(endpoints: Endpoints, event: bytes | msgspec.Raw) -> Book:
    """An event of a book's stream.

    Raises:
        msgspec.MsgspecError: it has another shape.
    """
    return _usdm_book(event) if endpoints is USDM else _spot_book(event)


def levels(rows: Sequence[Row]) -> tuple[Level, ...]:
    """One side of a book, the best first; what has no quantity is no level."""
    return tuple(Level(price, quantity) for price, quantity in rows if price.is_finite() and quantity > 0)[:DEPTH]


def book_stream(venue_symbol: str) -> str:
    return f"{venue_symbol.lower()}@depth{DEPTH}@100ms"


def trade_stream(venue_symbol: str) -> str:
    return f"{venue_symbol.lower()}@aggTrade"


# --- candles and the clock ----------------------------------------------------------------------


class Kline(msgspec.Struct, array_like=True):
    """A row of klines; times in ms since 1970, `end` being the bar's last millisecond."""

    start: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    end: int

    def candle(self, symbol: Symbol, timeframe: str) -> Candle:
        start = UNIX + self.start * MILLISECOND
        return Candle(symbol, timeframe, start, self.open, self.high, self.low, self.close, self.volume)


class ServerTime(msgspec.Struct, rename="camel"):
    server_time: int  # ms since 1970
