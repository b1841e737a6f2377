"""What the rest of the market shows and trades: order books set by hand, or walked by a seeded generator.

One `Prices` per product. The books are other people's orders; the accounts' own orders rest in the engine, which
listens here and trades with what is shown. Everything is Decimal.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

Level = tuple[Decimal, Decimal]  # price, quantity
Listener = Callable[[str], None]


@dataclass(frozen=True)
class Print:
    """One public trade."""

    trade_id: int
    price: Decimal
    qty: Decimal
    time_ms: int
    buyer_is_maker: bool


@dataclass
class Shown:
    """One symbol: levels best first, the last price, the public trades (newest last)."""

    bids: list[Level] = field(default_factory=list)
    asks: list[Level] = field(default_factory=list)
    last: Decimal | None = None
    update_id: int = 1
    prints: list[Print] = field(default_factory=list)
    klines: dict[str, dict[int, Sequence[str]]] = field(default_factory=dict)  # interval -> start ms -> o h l c v


class Prices:
    """The books and last prices of one product.

    `on_book` listeners hear a symbol whose book was shown anew or traded with, `on_print` ones a symbol with a new
    public trade (its `last` has changed). Both are called at once, in the order they were added.
    """

    def __init__(self, now_ms: Callable[[], int], kept: int = 1000) -> None:
        self.shown: dict[str, Shown] = {}
        self.on_book: list[Listener] = []
        self.on_print: list[Listener] = []
        self._now_ms = now_ms
        self._kept = kept  # public trades remembered by symbol
        self._trade_id = 0

    def __getitem__(self, symbol: str) -> Shown:
        """A symbol's market; an empty one if nothing was shown yet."""
        if symbol not in self.shown:
            self.shown[symbol] = Shown()
        return self.shown[symbol]

    def show(
        self,
        symbol: str,
        bids: Iterable[Sequence[object]],
        asks: Iterable[Sequence[object]],
        last: object | None = None,
    ) -> None:
        """Set the book, [price, quantity] best first; the last price follows into the spread unless given.

        A last price that would lie outside the new spread is moved to its nearer side, as the trades that moved the
        market would have left it. A moved last price is one public trade of the smaller of the touch and 1.
        """
        market = self[symbol]
        market.bids = sorted(_levels(bids), reverse=True)
        market.asks = sorted(_levels(asks))
        market.update_id += 1
        self._tell(self.on_book, symbol)
        moved = Decimal(str(last)) if last is not None else _into_spread(market)
        if moved is not None and moved != market.last:
            self.trade(symbol, moved, Decimal(1))

    def trade(self, symbol: str, price: object, qty: object = 1, buyer_is_maker: bool = False) -> Print:
        """Print a trade between other people: it moves the last price and takes nothing from the book."""
        return self.printed(symbol, Decimal(str(price)), Decimal(str(qty)), buyer_is_maker)

    def printed(
        self, symbol: str, price: Decimal, qty: Decimal, buyer_is_maker: bool, trade_id: int | None = None
    ) -> Print:
        """Print a trade; the engine prints its own with their ids (`next_trade_id`)."""
        market = self[symbol]
        done = Print(trade_id or self.next_trade_id(), price, qty, self._now_ms(), buyer_is_maker)
        market.prints.append(done)
        if len(market.prints) > self._kept * 2:
            del market.prints[: -self._kept]
        market.last = price
        self._tell(self.on_print, symbol)
        return done

    def next_trade_id(self) -> int:
        """A trade id, larger than all before."""
        self._trade_id += 1
        return self._trade_id

    def take(self, symbol: str, side: str, price: Decimal, qty: Decimal) -> None:
        """Take a quantity from the level of that price; `side` BUY takes from the asks."""
        market = self[symbol]
        levels = market.asks if side == "BUY" else market.bids
        for index, (level, there) in enumerate(levels):
            if level == price:
                assert qty <= there, "more was taken than is shown"
                if qty == there:
                    del levels[index]
                else:
                    levels[index] = (level, there - qty)
                market.update_id += 1
                return
        raise AssertionError(f"no level at {price}")

    def kline(self, symbol: str, interval: str, start_ms: int, ohlcv: Sequence[str]) -> None:
        """Set one bar: open, high, low, close, volume as texts."""
        self[symbol].klines.setdefault(interval, {})[start_ms] = ohlcv

    def _tell(self, listeners: list[Listener], symbol: str) -> None:
        for listener in listeners:
            listener(symbol)


class Walk:
    """A seeded walk of one symbol's book, for campaigns: the same seed shows the same books.

    Each `step` moves the middle by up to `swing` ticks and shows `depth` levels with sizes of `step_size` to
    `largest`; one step in `thin` shows a single small level (so that orders fill in part).
    """

    def __init__(
        self,
        prices: Prices,
        symbol: str,
        seed: int,
        start: object,
        tick: object = "0.01",
        swing: int = 50,
        depth: int = 5,
        largest: object = "2",
        step_size: object = "0.001",
        thin: int = 10,
    ) -> None:
        self._prices, self._symbol = prices, symbol
        self._chance = random.Random(seed)
        self._tick, self._middle = Decimal(str(tick)), Decimal(str(start))
        self._swing, self._depth, self._thin = swing, depth, thin
        self._size = Decimal(str(step_size))
        self._sizes = int(Decimal(str(largest)) / self._size)

    def step(self) -> None:
        """Show the next book."""
        moved = self._middle + self._tick * self._chance.randint(-self._swing, self._swing)
        self._middle = max(moved, self._tick * (self._swing + self._depth + 1))
        thin = self._thin > 0 and self._chance.randrange(self._thin) == 0
        depth = 1 if thin else self._depth
        spread = self._tick * self._chance.randint(1, 3)
        bids = [(self._middle - self._tick * level, self._quantity(thin)) for level in range(depth)]
        asks = [(self._middle + spread + self._tick * level, self._quantity(thin)) for level in range(depth)]
        self._prices.show(self._symbol, bids, asks)

    def _quantity(self, thin: bool) -> Decimal:
        return self._size * self._chance.randint(1, max(1, self._sizes // (20 if thin else 1)))


def _levels(rows: Iterable[Sequence[object]]) -> list[Level]:
    return [(Decimal(str(row[0])), Decimal(str(row[1]))) for row in rows]


def _into_spread(market: Shown) -> Decimal | None:
    bid = market.bids[0][0] if market.bids else None
    ask = market.asks[0][0] if market.asks else None
    if market.last is None:
        return bid if bid is not None else ask
    if bid is not None and market.last < bid:
        return bid
    if ask is not None and market.last > ask:
        return ask
    return None
