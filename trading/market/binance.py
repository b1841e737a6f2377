"""Binance's public prices, spot and USDT-M futures, by its market streams; without keys.

The streams tell the best five levels of a book ten times a second and every trade. What they do not tell for a
while (a quiet symbol, a connection that is down) is asked for by REST, at a pace that leaves the address's request
limit to the orders.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from functools import partial
from random import Random

import aiohttp
import msgspec

from trading.clock import Clock
from trading.errors import IntentError, VenueUnreachable
from trading.instruments import ZERO, Instrument, Symbol
from trading.market import binance_wire as wire
from trading.market.binance_rest import Admission, PublicRest
from trading.market.binance_stream import MOST_STREAMS, Hear, Stream
from trading.market.candles import UNIX, Tape, bar_start
from trading.market.feed import MILLISECOND
from trading.quotes import Candle, Quote, timeframe_seconds

QUIET_S = 5.0  # a price that the stream has not told for so long is asked for
POLL_S = 1.0  # the same while the stream is down
POLL_SHARE = 0.2  # of the request limit may go into asking for prices
MOST_MISSED = 3  # changes that a stream may not have told before it is taken for dead
LEAST_PAUSE_S = 0.01  # a timer may go off a moment early
LONGEST_PAUSE_S = 60.0  # between two tries of a price that is not answered
RECOUNT_S = 5.0  # after so long without a newer book an older number is believed: the venue counts anew
LAST_S = 60.0  # how long a trade is the last price; after that the middle of the book says more
SETTLE_S = 2.0  # a bar without one after it is final so long after its end
CLOCK_S = 1800.0  # between two looks at the venue's clock


class Followed:
    """One symbol, as far as it is known."""

    def __init__(self, listed: wire.Listed, endpoints: wire.Endpoints) -> None:
        self.instrument, self.venue_symbol, self.endpoints = listed.instrument, listed.venue_symbol, endpoints
        self.update_id = 0
        self.shown_s = float("-inf")  # times are the loop's
        self.traded = ZERO  # since the last quote
        self.last = ZERO
        self.last_s = float("-inf")
        self.reason = ""  # why there is no new price
        self.missed = 0  # changes in a row that had to be asked for while the stream was silent

    def last_price(self, bid: Decimal, ask: Decimal, now_s: float) -> Decimal:
        """The price of the last trade, or, if there was none lately, the middle of the book, on the tick."""
        if now_s - self.last_s <= LAST_S:
            return self.last
        tick = self.instrument.tick
        return ((bid + ask) / 2 / tick).to_integral_value(ROUND_HALF_EVEN) * tick


class BinanceMarket:
    """Follows `symbols`: `BTC/USDT` on spot, `BTC/USDT:USDT` on the USDT-M futures.

    `environment` is live, demo or testnet; `rest_url` and `stream_url` replace scheme and host of its addresses (a
    proxy, an emulator). `admissions` admit REST requests by product (spot, usdm); without one, only a 429 or 418 holds
    them back. While a price cannot be had the last quote stays, and gets stale; `problem` says why.

    Raises:
        ConfigError: something else than a symbol, an environment, an address.
    """

    name = "binance"
    speed = Decimal(1)

    def __init__(
        self,
        symbols: Sequence[str],
        clock: Clock,
        chance: Random,
        environment: str = "live",
        rest_url: str = "",
        stream_url: str = "",
        *,
        admissions: Mapping[str, Admission] | None = None,
        timeout_s: float = 10.0,
    ) -> None:
        self._clock, self._chance, self._timeout_s = clock, chance, timeout_s
        self._wanted: dict[wire.Endpoints, list[str]] = {}
        for symbol in dict.fromkeys(symbols):
            self._wanted.setdefault(wire.endpoints_of(symbol), []).append(symbol)
        self._addresses = {each: each.rest_url(environment, rest_url) for each in self._wanted}
        self._stream_urls = {each: each.stream_urls(environment, stream_url) for each in self._wanted}
        self._admissions = dict(admissions or {})
        self._tape = Tape()
        self._followed: dict[Symbol, Followed] = {}
        self._instruments: dict[Symbol, Instrument] = {}
        self._books: dict[Symbol, Stream] = {}
        self._ahead = timedelta(0)  # the venue's clock of ours
        self._http: aiohttp.ClientSession | None = None
        self._rest: dict[wire.Endpoints, PublicRest] = {}

    @property
    def instruments(self) -> Mapping[Symbol, Instrument]:
        return self._instruments

    @property
    def problem(self) -> str:
        """Why prices are missing or come slowly, in one line; empty when all is well."""
        missing = {symbol: one.reason for symbol, one in self._followed.items() if one.reason}
        down = {stream.problem for stream in self._books.values()} - {""}
        if any(one.missed >= MOST_MISSED for one in self._followed.values()):
            down.add("it is connected but silent")
        told = [f"No new prices of {', '.join(missing)}: {' '.join(sorted(set(missing.values())))}"] * bool(missing)
        told += [f"The price stream is down, prices are asked for instead: {reason}." for reason in sorted(down)]
        return " ".join(told)

    def now(self) -> datetime:
        return self._clock.now() + self._ahead

    def quote(self, symbol: Symbol) -> Quote | None:
        return self._tape.latest.get(symbol)

    def subscribe(self, listener: Callable[[Quote], None]) -> Callable[[], None]:
        return self._tape.subscribe(listener)

    # --- start and stop ---------------------------------------------------------------------------

    async def start(self) -> None:
        """Load the instruments, look at the venue's clock, get the first quotes, then follow the streams.

        Raises:
            ConfigError: Binance does not list a symbol.
            VenueUnreachable: it does not answer.
        """
        self._http = http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self._timeout_s))
        try:
            for endpoints, address in self._addresses.items():
                admission = self._admissions.get(endpoints.product)
                self._rest[endpoints] = rest = PublicRest(http, endpoints, address, admission)
                for symbol, listed in (await rest.listed(self._wanted[endpoints])).items():
                    self._followed[symbol] = Followed(listed, endpoints)
                    self._instruments[symbol] = listed.instrument
            await self._look_at_clock()
            await asyncio.gather(*map(self.poll, self._followed))
        except BaseException:
            await self.stop()
            raise
        self._tape.run(self._run(http, self._streams()))

    async def stop(self) -> None:
        await self._tape.stop()
        if self._http is not None:
            await self._http.close()

    def _streams(self) -> list[Stream]:
        """The connections that are needed: spot tells books and trades on one, the futures on two."""
        streams: list[Stream] = []
        for endpoints, (book_url, trade_url) in self._stream_urls.items():
            followed = [one for one in self._followed.values() if one.endpoints is endpoints]
            size = MOST_STREAMS // 2
            for group in (followed[start : start + size] for start in range(0, len(followed), size)):
                hear: dict[str, dict[str, Hear]] = {book_url: {}, trade_url: {}}
                for one in group:
                    hear[book_url][wire.book_stream(one.venue_symbol)] = partial(self._hear_book, one)
                    hear[trade_url][wire.trade_stream(one.venue_symbol)] = partial(self._hear_trade, one)
                made = {url: Stream(url, told, self._chance) for url, told in hear.items()}
                self._books.update(dict.fromkeys((one.instrument.symbol for one in group), made[book_url]))
                streams += made.values()
        return streams

    async def _run(self, http: aiohttp.ClientSession, streams: Sequence[Stream]) -> None:
        async with asyncio.TaskGroup() as group:
            for stream in streams:
                group.create_task(stream.run(http))
            for symbol in self._followed:
                group.create_task(self._watch(symbol))
            group.create_task(self._keep_clock())

    # --- quotes -----------------------------------------------------------------------------------

    def _hear_book(self, one: Followed, event: msgspec.Raw) -> None:
        one.missed = 0
        self._show(one, wire.book(one.endpoints, event))

    def _hear_trade(self, one: Followed, event: msgspec.Raw) -> None:
        trade = wire.trade(event)
        one.traded += trade.quantity
        one.last, one.last_s = trade.price, asyncio.get_running_loop().time()

    def _show(self, one: Followed, book: wire.Book) -> None:
        """Publish a book, unless a newer one was."""
        now_s = asyncio.get_running_loop().time()
        if book.update_id < one.update_id and now_s - one.shown_s < RECOUNT_S:
            return
        symbol, bids, asks = one.instrument.symbol, wire.levels(book.bids), wire.levels(book.asks)
        if not bids or not asks or bids[0].price >= asks[0].price:
            one.reason = f"The book of {symbol} is empty or crossed."
            return
        last = one.last_price(bids[0].price, asks[0].price, now_s)
        traded, one.traded = one.traded, ZERO
        one.update_id, one.shown_s, one.reason = book.update_id, now_s, ""
        self._tape.publish(Quote(symbol, bids, asks, last, self._clock.now(), traded))

    async def _watch(self, symbol: Symbol) -> None:
        """Ask for the price whenever the stream has not told it for a while."""
        one, loop = self._followed[symbol], asyncio.get_running_loop()
        pause_s, failures = self._pace_s(symbol), 0
        while True:
            await asyncio.sleep(pause_s)
            pace_s, quiet_s = self._pace_s(symbol), loop.time() - one.shown_s
            if quiet_s < pace_s:
                pause_s, failures = max(LEAST_PAUSE_S, pace_s - quiet_s), 0
            elif await self.poll(symbol):
                pause_s, failures = pace_s, 0
            else:
                failures += 1
                pause_s = min(LONGEST_PAUSE_S, max(pace_s, 2.0 ** min(failures - 1, 10)))

    def _pace_s(self, symbol: Symbol) -> float:
        one = self._followed[symbol]
        wished_s = POLL_S if one.missed or self._books[symbol].problem else QUIET_S
        weight = len(self._wanted[one.endpoints]) * one.endpoints.depth_weight
        return max(wished_s, weight * 60 / (one.endpoints.limit * POLL_SHARE))

    async def poll(self, symbol: Symbol) -> bool:
        """Ask for one book and show it; the answer is whether there was one to show."""
        one, before = self._followed[symbol], self.quote(symbol)
        try:
            book = await self._rest[one.endpoints].book(one.venue_symbol)
        except VenueUnreachable as why:
            one.reason = why.text
            return False
        if self.quote(symbol) is before:  # else the stream was quicker
            self._show(one, book)
            self._judge(one, before)
        return not one.reason

    def _judge(self, one: Followed, before: Quote | None) -> None:
        """Renew a stream that is connected but does not tell what changes."""
        stream, now = self._books.get(one.instrument.symbol), self.quote(one.instrument.symbol)
        if stream is None or stream.problem or before is None or now is None:
            return
        one.missed = one.missed + 1 if (now.bids, now.asks) != (before.bids, before.asks) else 0
        if one.missed >= MOST_MISSED:
            stream.renew()

    # --- candles ----------------------------------------------------------------------------------

    async def candles(self, symbol: Symbol, timeframe: str, limit: int) -> Sequence[Candle]:
        """The last closed candles, oldest first; where the exchange has none, there is a hole.

        Raises:
            IntentError: an unknown symbol, or a timeframe that Binance does not have.
            VenueUnreachable: it does not answer.
        """
        one = self._followed.get(symbol)
        if one is None:
            raise IntentError(f"{symbol} is not followed.", "Add it to the market's symbols.", code="BAD_SYMBOL")
        length_ms = timeframe_seconds(timeframe) * 1000
        if timeframe not in one.endpoints.intervals:
            remedy = f"There are {', '.join(one.endpoints.intervals)}."
            raise IntentError(f"binance has no {timeframe} candles.", remedy, code="BAD_TIMEFRAME")
        end_ms = (bar_start(self.now(), timeframe) - UNIX) // MILLISECOND
        # The one that is forming is asked for as well: it shows that the one before has closed.
        since_ms = end_ms - limit * length_ms
        klines = await self._rest[one.endpoints].klines(one.venue_symbol, timeframe, since_ms, length_ms, limit + 1)
        if klines and klines[-1].end > (self.now() - UNIX) / MILLISECOND - SETTLE_S * 1000:
            klines.pop()
        return [kline.candle(symbol, timeframe) for kline in klines if kline.start < end_ms]

    # --- the venue's clock --------------------------------------------------------------------------

    async def _look_at_clock(self) -> None:
        """Measure how far the venue's clock is ahead: it told the time at the middle of the round trip.

        Raises:
            VenueUnreachable: it does not answer; the old measure stays.
        """
        for rest in list(self._rest.values())[:1]:
            asked = self._clock.now()
            told_ms = await rest.server_ms()
            middle = asked + (self._clock.now() - asked) / 2
            self._ahead = UNIX + told_ms * MILLISECOND - middle

    async def _keep_clock(self) -> None:
        while True:
            await asyncio.sleep(CLOCK_S)
            try:
                await self._look_at_clock()
            except VenueUnreachable:
                continue  # candles do not wait for it: the old measure is as good as before
