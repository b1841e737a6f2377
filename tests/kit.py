"""Parts that tests pass in where the product has a clock, a journal or a market."""

import hashlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from trading.events import AnyEvent, Recorded, encode, order_of
from trading.instruments import Instrument, Symbol
from trading.ports import Row
from trading.quotes import Candle, Level, Quote

START = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


class HandClock:
    """A clock that stands still until it is moved."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class MemoryJournal:
    """The journal's contract in memory: gapless, chained, with projections and cursors."""

    def __init__(self) -> None:
        self.entries: list[Recorded] = []
        self.rows: dict[str, dict[str, Row]] = {}
        self.cursors: dict[str, int] = {}

    @property
    def last_seq(self) -> int:
        return len(self.entries)

    async def append(self, events: Sequence[AnyEvent], at: datetime, rows: Sequence[Row]) -> Sequence[Recorded]:
        added = []
        for event in events:
            seq = self.last_seq + 1
            before = self.entries[-1].hash if self.entries else ""
            sealed = f"{before}{seq}{at.isoformat()}{type(event).__name__}".encode() + encode(event)
            self.entries.append(Recorded(seq, at, event, hashlib.sha256(sealed).hexdigest()))
            added.append(self.entries[-1])
        for row in rows:
            self.rows.setdefault(row.table, {})[row.key] = row
        return added

    async def read(self, after: int = 0, order_id: str = "", limit: int = 0) -> AsyncIterator[Recorded]:
        wanted = [x for x in self.entries[after:] if not order_id or order_of(x.event) == order_id]
        for entry in wanted[: limit or None]:
            yield entry

    async def cursor(self, destination: str) -> int:
        return self.cursors.get(destination, 0)

    async def move_cursor(self, destination: str, seq: int) -> None:
        self.cursors[destination] = seq


class MemoryVenueStore:
    """A `VenueStore` that lasts as long as the object."""

    def __init__(self) -> None:
        self._venues: dict[str, dict[str, str]] = {}

    async def load(self, venue: str) -> Mapping[str, str]:
        return dict(self._venues.get(venue, {}))

    async def save(self, venue: str, changes: Mapping[str, str | None]) -> None:
        kept = self._venues.setdefault(venue, {})
        for key, value in changes.items():
            if value is None:
                kept.pop(key, None)
            else:
                kept[key] = value


BTC = Instrument(
    symbol=Symbol("BTC/USDT"),
    base="BTC",
    quote="USDT",
    tick=Decimal("0.01"),
    step=Decimal("0.00001"),
    min_quantity=Decimal("0.00001"),
    max_quantity=Decimal(9000),
    min_notional=Decimal(5),
)
ETH = Instrument(
    symbol=Symbol("ETH/USDT"),
    base="ETH",
    quote="USDT",
    tick=Decimal("0.01"),
    step=Decimal("0.0001"),
    min_quantity=Decimal("0.0001"),
    max_quantity=Decimal(9000),
    min_notional=Decimal(5),
)


class HandMarket:
    """A market that shows what it is told to."""

    problem = ""

    def __init__(self, clock: HandClock, *instruments: Instrument) -> None:
        self.name = "hand"
        self.clock = clock
        self._instruments = {i.symbol: i for i in (instruments or (BTC, ETH))}
        self._quotes: dict[Symbol, Quote] = {}
        self._candles: list[Candle] = []
        self._listeners: list[Callable[[Quote], None]] = []

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    @property
    def instruments(self) -> Mapping[Symbol, Instrument]:
        return self._instruments

    @property
    def speed(self) -> Decimal:
        return Decimal(1)

    def now(self) -> datetime:
        return self.clock.now()

    def quote(self, symbol: Symbol) -> Quote | None:
        return self._quotes.get(symbol)

    def subscribe(self, listener: Callable[[Quote], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def candles(self, symbol: Symbol, timeframe: str, limit: int) -> Sequence[Candle]:
        return [c for c in self._candles if c.symbol == symbol and c.timeframe == timeframe][-limit:]

    def show(self, symbol: str, bid: str, ask: str, depth: str = "10") -> Quote:
        """Show one level a side and tell the listeners."""
        quote = Quote(
            symbol=Symbol(symbol),
            bids=(Level(Decimal(bid), Decimal(depth)),),
            asks=(Level(Decimal(ask), Decimal(depth)),),
            last=Decimal(bid),
            at=self.clock.now(),
            traded=Decimal(depth),
        )
        self._quotes[quote.symbol] = quote
        for listener in tuple(self._listeners):
            listener(quote)
        return quote

    def add_candle(self, candle: Candle) -> None:
        self._candles.append(candle)
