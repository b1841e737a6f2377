"""Prices from a MetaTrader 5 terminal, over the same link as the orders of its account.

The package pushes nothing: the last tick of each symbol is asked for, some times a second. A tick that stays the same
is shown again as long as it is young by the broker's own clock; an old one gets stale, as when the market is closed.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from trading.errors import IntentError, VenueUnreachable
from trading.instruments import ZERO, Instrument, Symbol
from trading.market.candles import Tape
from trading.mt5.brokertime import FURTHEST
from trading.mt5.constants import Constants as mt5
from trading.mt5.link import Link
from trading.mt5.listing import SymbolRules
from trading.mt5.package_thread import Unanswered
from trading.mt5.terminal import Failed, Terminal, exact, is_sound
from trading.quotes import Candle, Level, Quote, timeframe_seconds

POLL_S = 0.25
REPEAT_S = 1.0  # how often a price that stays the same is shown again
YOUNG = timedelta(seconds=60)  # until a tick no longer says what the price is now
TIMEFRAMES = {
    **{f"{minutes}m": getattr(mt5, f"TIMEFRAME_M{minutes}") for minutes in (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)},
    **{f"{hours}h": getattr(mt5, f"TIMEFRAME_H{hours}") for hours in (1, 2, 3, 4, 6, 8, 12)},
    "1d": mt5.TIMEFRAME_D1,
}


class Mt5Market:
    """Every symbol of the terminal's Market Watch, and those that the link was told to follow."""

    name = "mt5"
    speed = Decimal(1)

    def __init__(self, link: Link) -> None:
        self.link = link
        self._tape = Tape()
        self._problem = ""
        self._shown_s: dict[str, float] = {}

    @property
    def problem(self) -> str:
        """Why prices are missing, in one line; empty when they are not."""
        return self.link.problem or self._problem or self._quiet()

    def _quiet(self) -> str:
        """Whether the market seems closed: nothing has moved for a while."""
        times = [self.link.time.utc(tick.time_msc) for tick in self.link.ticks.values()]
        if not times or not self.link.time.is_measured or self.link.clock.now() - max(times) <= YOUNG:
            return ""
        return f"No new prices since {max(times):%A %H:%M} UTC: the market seems closed."

    @property
    def instruments(self) -> Mapping[Symbol, Instrument]:
        return {rules.symbol: rules.instrument for rules in self.link.rules.values()}

    def now(self) -> datetime:
        return self.link.clock.now()

    def quote(self, symbol: Symbol) -> Quote | None:
        return self._tape.latest.get(symbol)

    def subscribe(self, listener: Callable[[Quote], None]) -> Callable[[], None]:
        return self._tape.subscribe(listener)

    async def start(self) -> None:
        """Connect, and see each price once.

        Raises:
            VenueUnreachable: the terminal does not answer; VenueRefused: it is not the account that was meant.
        """
        await self.link.open()
        with suppress(Failed, Unanswered, VenueUnreachable):  # the next look asks again
            await self.poll()
        self._tape.run(self._follow())

    async def stop(self) -> None:
        await self._tape.stop()
        await self.link.close()

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(POLL_S)
            try:
                if not self.link.problem:
                    await self.poll()
                self._problem = ""
            except (Failed, Unanswered, VenueUnreachable) as why:
                self._problem = f"The terminal does not tell its prices: {why}."

    async def poll(self) -> None:
        """Ask for the last tick of every symbol, and show what is new.

        Raises:
            Failed, Unanswered, VenueUnreachable: the terminal cannot be asked.
        """
        rules = list(self.link.rules.values())
        now_s = asyncio.get_running_loop().time()
        for one, tick in zip(rules, await self.link.ask(lambda terminal: _ticks(terminal, rules)), strict=True):
            if tick is None or not is_sound(tick):
                continue
            is_news = self.link.hear(one.name, tick) or self.quote(one.symbol) is None
            if is_news or now_s - self._shown_s.get(one.name, 0.0) >= REPEAT_S:
                self._show(one, tick, is_news=is_news, now_s=now_s)

    def _show(self, rules: SymbolRules, tick: Any, *, is_news: bool, now_s: float) -> None:
        now, made = self.link.clock.now(), self.link.time.utc(tick.time_msc)
        if not self.link.time.is_measured:
            made -= FURTHEST  # nobody knows how old it is: it is not traded on
        old = now - made > YOUNG
        if old and not is_news:
            return
        self._shown_s[rules.name] = now_s
        size = rules.instrument.max_quantity or Decimal(1)  # how much can be had, the terminal does not tell
        bid, ask = exact(tick.bid), exact(tick.ask)
        at = made if old else now
        last = exact(tick.last) if tick.last > 0 else bid
        self._tape.publish(Quote(rules.symbol, (Level(bid, size),), (Level(ask, size),), last, at, ZERO))

    async def candles(self, symbol: Symbol, timeframe: str, limit: int) -> Sequence[Candle]:
        """The last closed candles, oldest first; where nothing was traded there is none. Days begin at the broker's.

        Raises:
            IntentError: an unknown symbol, or a timeframe that terminals do not have.
            VenueUnreachable: the terminal does not answer.
        """
        rules = self.link.rules.get(symbol)
        if rules is None:
            raise IntentError(f"{symbol} is not followed.", "Add it to the terminal's Market Watch.", code="BAD_SYMBOL")
        length = timedelta(seconds=timeframe_seconds(timeframe))
        if timeframe not in TIMEFRAMES:
            raise IntentError(
                f"mt5 has no {timeframe} candles.", f"There are {', '.join(TIMEFRAMES)}.", code="BAD_TIMEFRAME"
            )
        try:
            rows = await self.link.ask(lambda terminal: terminal.rates(rules.name, TIMEFRAMES[timeframe], limit + 1))
        except (Failed, Unanswered) as why:
            raise VenueUnreachable(f"The terminal has no candles of {symbol}: {why}.", "Try again shortly.") from None
        now = self.now()
        found = [self._candle(row, symbol, timeframe) for row in rows]
        return [candle for candle in found if candle.start + length <= now][-limit:]

    def _candle(self, row: Any, symbol: Symbol, timeframe: str) -> Candle:
        first, high, low, last = (exact(float(row[name])) for name in ("open", "high", "low", "close"))
        volume = Decimal(int(row["real_volume"]) or int(row["tick_volume"]))
        start = self.link.time.utc(int(row["time"]) * 1000)
        return Candle(symbol, timeframe, start, first, high, low, last, volume)


def _ticks(terminal: Terminal, rules: Sequence[SymbolRules]) -> list[Any]:
    """The last tick of each symbol, None where there is none yet."""
    ticks: list[Any] = []
    for one in rules:
        try:
            ticks.append(terminal.tick(one.name))
        except Failed as why:
            if why.code != mt5.RES_E_NOT_FOUND:
                raise
            ticks.append(None)
    return ticks
