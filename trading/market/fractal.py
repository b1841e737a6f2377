"""Prices that are made, not remembered: a pure function of a seed, a symbol and a second.

The log price is fractal value noise, built by midpoint displacement (Fournier, Fussell and
Carpenter 1982): one octave for every doubling of the period from a second to a day, each a line
through hashed nodes, its amplitude growing with the square root of the period as a random walk's
does. A slower noise, the heat, scales the quick octaves, so that calm and wild hours come in
clusters; rare hashed jumps decay over two hours. `tanh` keeps the price within 3.5 % of its base
for ever. Floats stay in here; what comes out is whole ticks and steps as Decimal.
"""

import asyncio
import math
import struct
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from hashlib import shake_128
from itertools import pairwise
from typing import NamedTuple

from trading.instruments import Instrument, Symbol
from trading.market.candles import UNIX
from trading.quotes import Candle, Level, Quote, timeframe_seconds

LIMIT = 0.034  # the log price stays this close to the base: within 3.5 %
CHUNK_S = 1024  # seconds made at once; the quick octaves are those shorter than it
QUICK = 10  # octaves of 1, 2, 4 ... 512 s
SLOW = 7  # octaves of 1, 2, 4 ... 64 chunks: 17 min to 18 h
SLOW_CAP = 5  # from this slow octave on the amplitude stays: the squash would flatten more
ROUGHNESS = 0.12  # the quickest octave's swing in a minute's volatility; measured, not derived
JUMP_CHUNKS = 8  # a jump is over after 2.3 h
JUMP_CHANCE = 1 / 24  # a chunk: one in 7 h
DEPTH = 5  # levels a side
BEST_VALUE = 3_000.0  # quote currency at the best level: from this to 30 times it
TRADED_VALUE = 9_000.0  # quote currency that changes hands in an average second
SECOND = timedelta(seconds=1)


class Listing(NamedTuple):
    """A symbol of this market against USDT: filters as Binance's, base price, volatility."""

    asset: str
    price: float
    tick: str
    step: str
    most: str
    volatility: float  # standard deviation of a typical minute's return

    @property
    def instrument(self) -> Instrument:
        tick, step, most = Decimal(self.tick), Decimal(self.step), Decimal(self.most)
        value = (Decimal(5), Decimal(9_000_000))
        return Instrument(Symbol(f"{self.asset}/USDT"), self.asset, "USDT", tick, step, step, most, *value)


LISTINGS = (
    Listing("BTC", 61_500.0, "0.01", "0.00001", "9000", 0.0006),
    Listing("ETH", 3_200.0, "0.01", "0.0001", "9000", 0.0007),
    Listing("SOL", 170.0, "0.01", "0.001", "90000", 0.0009),
    Listing("BNB", 640.0, "0.01", "0.001", "900000", 0.0006),
    Listing("EUR", 1.09, "0.0001", "0.1", "6000000", 0.0004),
)


def _words(count: int, *key: str | int) -> tuple[int, ...]:
    """`count` uniform 16-bit words that `key` always leads to; fewer words are the first of more."""
    return struct.unpack(f"<{count}H", shake_128(repr(key).encode()).digest(2 * count))


def _node(*key: str | int) -> float:
    """A hashed value, uniform in (-1, 1)."""
    return (_words(1, *key)[0] - 32767.5) / 32768


class Chunk(NamedTuple):
    """`CHUNK_S` seconds of one symbol: log price (before the squash) and steps traded, a second each."""

    path: list[float]
    traded: list[int]
    heat: float


class Path:
    """The price path of one symbol."""

    def __init__(self, seed: int, listing: Listing) -> None:
        self.instrument = listing.instrument
        self.base_ticks = listing.price / float(listing.instrument.tick)
        self.steps_per_value = 1 / listing.price / float(listing.instrument.step)
        self._key = (seed, str(listing.instrument.symbol))
        self._scale = listing.volatility
        self.chunk = lru_cache(maxsize=8)(self._chunk)

    def ticks(self, log_price: float) -> int:
        """The shown price, in whole ticks. It never falls where the log price rises."""
        return round(self.base_ticks * math.exp(LIMIT * math.tanh(log_price / LIMIT)))

    def last(self, second: int) -> int:
        """The last price at a second since 1970, in ticks."""
        return self.ticks(self.chunk(second // CHUNK_S).path[second % CHUNK_S])

    def traded(self, after: int, until: int) -> int:
        """Steps traded in the seconds from `after` (exclusive) to `until` (inclusive)."""
        return sum(self.chunk(s // CHUNK_S).traded[s % CHUNK_S] for s in range(after + 1, until + 1))

    def quote(self, second: int, at: datetime, traded: int) -> Quote:
        """The book of a second since 1970; its last price is the bid or the ask, as the last trade took it."""
        width, taker, *sizes = _words(2 + 4 * DEPTH, *self._key, "book", second)
        point = self.base_ticks / 10_000  # 0.01 %, in ticks
        wild = int(0.5 * point * self.chunk(second // CHUNK_S).heat * width / 65536)
        last = self.last(second)
        spread = max(1, min(1 + wild, last * 2 // 10_000))
        bid = last - spread if taker & 1 else last
        return Quote(
            symbol=self.instrument.symbol,
            bids=self._levels(bid, -1, sizes[: 2 * DEPTH]),
            asks=self._levels(bid + spread, 1, sizes[2 * DEPTH :]),
            last=last * self.instrument.tick,
            at=at,
            traded=traded * self.instrument.step,
        )

    def _levels(self, price: int, direction: int, words: Sequence[int]) -> tuple[Level, ...]:
        """`DEPTH` levels from the best one on, deeper ones larger."""
        levels = []
        for depth, (size, gap) in enumerate(zip(words[::2], words[1::2], strict=True)):
            value = BEST_VALUE * 30 ** (size / 65536) * (1 + depth / 2)
            quantity = max(1, round(value * self.steps_per_value)) * self.instrument.step
            levels.append(Level(price * self.instrument.tick, quantity))
            price += direction * (1 + int(self.base_ticks * 0.00003 * gap / 65536))
        return tuple(levels)

    async def candle(self, timeframe: str, start: int) -> Candle:
        """The closed candle that opens at a second since 1970; lets others run while it is made."""
        end = start + timeframe_seconds(timeframe)
        opening, highest, lowest, traded = self.last(start), -math.inf, math.inf, 0
        for index in range(start // CHUNK_S, (end - 1) // CHUNK_S + 1):
            chunk = self.chunk(index)
            part = slice(max(0, start - index * CHUNK_S), end - index * CHUNK_S)
            seconds = chunk.path[part]
            highest, lowest = max(highest, max(seconds)), min(lowest, min(seconds))
            traded += sum(chunk.traded[part])
            await asyncio.sleep(0)
        shown = (opening, self.ticks(highest), self.ticks(lowest), self.last(end - 1))
        first, high, low, last = (ticks * self.instrument.tick for ticks in shown)
        volume = traded * self.instrument.step
        return Candle(self.instrument.symbol, timeframe, UNIX + start * SECOND, first, high, low, last, volume)

    def _chunk(self, index: int) -> Chunk:
        heat, heat_after = self._heat(index), self._heat(index + 1)
        path = [self._slow(index), self._slow(index + 1)]
        for octave in reversed(range(QUICK)):
            swing = ROUGHNESS * self._scale * 2 ** (octave / 2) / 32768
            here = _words(CHUNK_S >> octave, *self._key, "quick", octave, index)
            after = _words(1, *self._key, "quick", octave, index + 1)[0]
            end = path[-1] + swing * heat_after * (after - 32767.5)
            swing *= heat
            path = [x + swing * (w - 32767.5) for x, w in zip(_with_midpoints(path), here, strict=False)]
            path.append(end)
        path.pop()  # the next chunk's first second
        self._add_jumps(path, index)
        rate = 5 * TRADED_VALUE * self.steps_per_value * heat**2 / 65536**4  # u^4 averages 1/5: bursts
        traded = [int(rate * float(w) ** 4) for w in _words(CHUNK_S, *self._key, "traded", index)]
        return Chunk(path, traded, heat)

    def _slow(self, index: int) -> float:
        """The slow octaves at the first second of a chunk."""
        swing = ROUGHNESS * self._scale * 2 ** (QUICK / 2)
        return sum(swing * 2 ** (min(o, SLOW_CAP) / 2) * self._noise("slow", o, index) for o in range(SLOW))

    def _heat(self, index: int) -> float:
        """How wild a chunk is: about 1, mostly from 0.2 to 5."""
        return math.exp(0.45 * sum(self._noise("heat", octave, index) for octave in range(SLOW)))

    def _noise(self, what: str, octave: int, index: int) -> float:
        """A line between the two nodes around a chunk, which are 2^octave chunks apart."""
        node, past = index >> octave, index % (1 << octave) / (1 << octave)
        left = _node(*self._key, what, octave, node)
        return left + past * (_node(*self._key, what, octave, node + 1) - left) if past else left

    def _add_jumps(self, path: list[float], index: int) -> None:
        """Add what is left in this chunk of the jumps of the last `JUMP_CHUNKS` chunks."""
        for origin in range(index - JUMP_CHUNKS + 1, index + 1):
            chance, when, how_far, side = _words(4, *self._key, "jump", origin)
            if chance >= 65536 * JUMP_CHANCE:
                continue
            age = (index - origin) * CHUNK_S - when * CHUNK_S // 65536  # at the chunk's first second
            size = self._scale * (5 + 9 * how_far / 65536) * (1 if side & 1 else -1)
            life = (JUMP_CHUNKS - 1) * CHUNK_S
            for second in range(max(0, -age), min(CHUNK_S, life - age)):
                path[second] += size * (1 - (age + second) / life) ** 2


def _with_midpoints(values: Sequence[float]) -> list[float]:
    out = [0.0] * (2 * len(values) - 1)
    out[::2] = values
    out[1::2] = [(a + b) / 2 for a, b in pairwise(values)]
    return out
