"""The prices that the broker shows: ticks, volume at them, depth of market, bars; and rates between currencies."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from tests.emulators.mt5.bars import Bars
from tests.emulators.mt5.clock import Clock
from tests.emulators.mt5.decimals import ONE, ZERO, Number, exact
from tests.emulators.mt5.symbols import Symbol
from trading.mt5.constants import Constants as mt5

Level = tuple[Decimal, Decimal]


@dataclass(frozen=True)
class Quote:
    """One tick."""

    bid: Decimal
    ask: Decimal
    time_ms: int
    last: Decimal = ZERO
    volume: Decimal = ZERO
    flags: int = mt5.TICK_FLAG_BID | mt5.TICK_FLAG_ASK

    def price(self, buys: bool) -> Decimal:
        """What a buy or a sell pays."""
        return self.ask if buys else self.bid


class Market:
    """The symbols of a broker and their prices."""

    def __init__(self, clock: Clock, symbols: Iterable[Symbol]) -> None:
        self._clock = clock
        self.symbols = {symbol.name: symbol for symbol in symbols}
        self.quotes: dict[str, Quote] = {}
        self.ticks: dict[str, deque[Quote]] = {}
        self.bars: dict[str, Bars] = {}
        self.books: dict[str, tuple[list[Level], list[Level]]] = {}
        self._left: dict[tuple[str, bool], Decimal] = {}  # volume still to be had, by symbol and whether one buys

    def show(self, name: str, bid: Number, ask: Number, *, last: Number = 0, depth: Number | None = None) -> Quote:
        """A new tick. `depth`: the volume on each side that orders can take, without end if None."""
        before = self.quotes.get(name)
        quote = Quote(exact(bid), exact(ask), self._clock.server_ms, exact(last))
        flags = 0
        for flag, new, old in (
            (mt5.TICK_FLAG_BID, quote.bid, before and before.bid),
            (mt5.TICK_FLAG_ASK, quote.ask, before and before.ask),
            (mt5.TICK_FLAG_LAST, quote.last, before.last if before else ZERO),
        ):
            flags |= flag if new != old else 0
        quote = Quote(quote.bid, quote.ask, quote.time_ms, quote.last, flags=flags)
        self.quotes[name] = quote
        self.ticks.setdefault(name, deque(maxlen=100_000)).append(quote)
        symbol = self.symbols[name]
        spread = int((quote.ask - quote.bid) / symbol.point)
        self.bars.setdefault(name, Bars()).add(quote.time_ms // 1000, float(quote.bid), spread)
        self.books.pop(name, None)
        for buys in (True, False):
            self._left.pop((name, buys), None)
            if depth is not None:
                self._left[name, buys] = exact(depth)
        return quote

    def load_weeks(self, name: str, weeks: int, price: Number) -> None:
        """Bars of so many past weeks, one in five minutes whenever the market was open by its sessions."""
        symbol, end, each = self.symbols[name], self._clock.server_ms // 1000, float(exact(price))
        start = (end - weeks * 604_800) // 300 * 300
        times = (second for second in range(start, end, 300) if symbol.open_at(second * 1000))
        self.bars.setdefault(name, Bars()).load([(second, each, each, each, each, 1, 0) for second in times])

    def available(self, name: str, buys: bool, wanted: Decimal) -> Decimal:
        """How much of a volume can be had now."""
        return min(wanted, self._left.get((name, buys), wanted))

    def take(self, name: str, buys: bool, volume: Decimal) -> None:
        """Somebody takes this volume."""
        if (name, buys) in self._left:
            self._left[name, buys] -= volume

    def show_book(
        self, name: str, bids: Iterable[tuple[Number, Number]], asks: Iterable[tuple[Number, Number]]
    ) -> None:
        """A depth of market of (price, volume), best first, until the next tick."""
        sides = [[(exact(price), exact(volume)) for price, volume in side] for side in (bids, asks)]
        self.books[name] = (sides[0], sides[1])

    def book(self, name: str) -> tuple[list[Level], list[Level]]:
        """The depth of market: what was shown, or the best prices alone."""
        quote = self.quotes.get(name)
        if name in self.books or quote is None:
            return self.books.get(name, ([], []))
        volume = [self._left.get((name, buys), Decimal(100)) for buys in (False, True)]
        return [(quote.bid, volume[0])], [(quote.ask, volume[1])]

    def convert(self, amount: Decimal, source: str, target: str) -> Decimal:
        """An amount in another currency, at the side of the price that is worse for its owner.

        LookupError if there is no price between the two, not even through the dollar.
        """
        if source == target or not amount:
            return amount
        rate = self._rate(source, target, amount > 0)
        if rate is None and "USD" not in (source, target):
            first, second = self._rate(source, "USD", amount > 0), self._rate("USD", target, amount > 0)
            rate = first * second if first is not None and second is not None else None
        if rate is None:
            raise LookupError(f"no price between {source} and {target}")
        return amount * rate

    def _rate(self, source: str, target: str, sells: bool) -> Decimal | None:
        """What one unit of `source` brings (`sells`) or costs in `target`."""
        for name, quote in self.quotes.items():
            symbol = self.symbols[name]
            if symbol.calc_mode != mt5.SYMBOL_CALC_MODE_FOREX:
                continue
            if (symbol.base, symbol.profit) == (source, target):
                return quote.bid if sells else quote.ask
            if (symbol.base, symbol.profit) == (target, source):
                return ONE / (quote.ask if sells else quote.bid)
        return None
