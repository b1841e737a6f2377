"""A seeded market: prices that walk and jump when they are told to, with three levels a side."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from random import Random

from trading.clock import Clock
from trading.instruments import Instrument, Settlement, Side, Symbol
from trading.quotes import Candle, Level, Quote

BTC, ETH, BNB, PERP = Symbol("BTC/USDT"), Symbol("ETH/USDT"), Symbol("BNB/USDT"), Symbol("ETH/USDT:USDT")
INSTRUMENTS = {
    BTC: Instrument(
        symbol=BTC,
        base="BTC",
        quote="USDT",
        tick=Decimal("0.01"),
        step=Decimal("0.00001"),
        min_quantity=Decimal("0.00001"),
        max_quantity=Decimal(100),
        min_notional=Decimal(5),
    ),
    ETH: Instrument(
        symbol=ETH,
        base="ETH",
        quote="USDT",
        tick=Decimal("0.01"),
        step=Decimal("0.0001"),
        min_quantity=Decimal("0.0001"),
        max_quantity=Decimal(1000),
        min_notional=Decimal(5),
    ),
    BNB: Instrument(
        symbol=BNB, base="BNB", quote="USDT", tick=Decimal("0.1"), step=Decimal("0.001"), min_notional=Decimal(5)
    ),
    PERP: Instrument(
        symbol=PERP,
        base="ETH",
        quote="USDT",
        tick=Decimal("0.01"),
        step=Decimal("0.1"),
        min_quantity=Decimal("0.1"),
        max_quantity=Decimal(10000),
        min_notional=Decimal(5),
        settlement=Settlement.LINEAR,
        multiplier=Decimal("0.1"),
    ),
}
STARTS = {BTC: Decimal(60000), ETH: Decimal(3000), BNB: Decimal(600), PERP: Decimal(3000)}


class SeededMarket:
    """Implements `trading.ports.Market`; `tick` and `jump` are the world's."""

    name = "seeded"

    def __init__(self, clock: Clock, chance: Random) -> None:
        self.clock = clock
        self.chance = chance
        self._mids = dict(STARTS)
        self._quotes: dict[Symbol, Quote] = {}
        self._listeners: list[Callable[[Quote], None]] = []
        self.show()

    def tick(self) -> None:
        """Every price takes one small step."""
        for symbol, mid in self._mids.items():
            self._mids[symbol] = mid * (1 + Decimal(self.chance.randint(-30, 30)) / 10000)
        self.show()

    def jump(self, symbol: Symbol) -> Decimal:
        """One price moves by up to 6 percent at once; answers the change in percent."""
        percent = Decimal(self.chance.randint(-60, 60)) / 10
        self._mids[symbol] *= 1 + percent / 100
        self.show()
        return percent

    def show(self) -> None:
        """Quote every symbol as of now."""
        for symbol, mid in self._mids.items():
            quote = self._quote(symbol, mid)
            self._quotes[symbol] = quote
            for listener in tuple(self._listeners):
                listener(quote)

    def _quote(self, symbol: Symbol, mid: Decimal) -> Quote:
        instrument = INSTRUMENTS[symbol]
        half = mid / 5000
        bids = [instrument.round_price(mid - half * n, Side.BUY) for n in (1, 2, 3)]
        asks = [instrument.round_price(mid + half * n, Side.SELL) for n in (1, 2, 3)]
        depth = 20000 / mid
        return Quote(
            symbol=symbol,
            bids=tuple(Level(price, depth) for price in bids),
            asks=tuple(Level(price, depth) for price in asks),
            last=bids[0],
            at=self.clock.now(),
            traded=depth,
        )

    # --- the port ----------------------------------------------------------------------------

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    @property
    def instruments(self) -> Mapping[Symbol, Instrument]:
        return INSTRUMENTS

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
        return []
