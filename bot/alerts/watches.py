"""Price alerts at work: every quote is held against the watches, and each that got there is journalled, once.

A listener of a market must not wait, so what was reached is only noted there and journalled by the task; what the
journal did not take is tried again when the task is begun again. What was reached while the desk was down is told
at the first price after the start.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from contextlib import ExitStack
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from handlers.commands.watch import fired_text
from trading import events as e
from trading.audience import Watch
from trading.instruments import Symbol
from trading.ports import Market
from trading.quotes import Quote
from trading.valuation import Valuation
from trading.watches import account_of, reached, seen


class Reached(NamedTuple):
    """A watch that got there, with what was seen; `missed` if nobody looked when it did."""

    watch: Watch
    value: Decimal
    missed: bool


class Watches:
    """Looks at every quote of every market, from when `run` begins. `destinations` are the places that are told things.

    What was to be told in a place that is none of them any more, is told in every one.
    """

    def __init__(self, valuation: Valuation, destinations: Callable[[], Collection[str]]) -> None:
        self.valuation = valuation
        self.destinations = destinations
        self.book = valuation.book
        self._active: dict[Symbol, list[Watch]] = {}
        self._unseen: set[str] | None = None  # set before the start, and no price was shown since
        self._reached: dict[str, Reached] = {}
        self._news = asyncio.Event()

    async def run(self) -> None:
        """Journal what gets there, for ever.

        Raises:
            JournalError: the journal cannot be read or written; nothing is forgotten.
        """
        with ExitStack() as listening:
            listening.callback(self.book.subscribe(self._follow))
            self._collect()
            for market, accounts in self._markets():
                listening.callback(market.subscribe(partial(self._look, accounts)))
            for market, accounts in self._markets():
                for symbol in tuple(self._active):
                    if (quote := market.quote(symbol)) is not None:
                        self._look(accounts, quote)
            if self._reached:  # from before the task was begun again
                self._news.set()
            while True:
                await self._news.wait()
                self._news.clear()
                for found in tuple(self._reached.values()):
                    await self._fire(found)
                    del self._reached[found.watch.id]

    def _markets(self) -> Iterable[tuple[Market, frozenset[str]]]:
        """Each market once, with the accounts whose prices it has."""
        accounts: dict[int, set[str]] = defaultdict(set)
        for name, market in self.valuation.markets.items():
            accounts[id(market)].add(name)
        markets = {id(market): market for market in self.valuation.markets.values()}
        return [(market, frozenset(accounts[number])) for number, market in markets.items()]

    def _follow(self, entry: e.Recorded) -> None:
        if isinstance(entry.event, e.WatchSet | e.WatchFired | e.WatchRemoved):
            self._collect()

    def _collect(self) -> None:
        active: dict[Symbol, list[Watch]] = defaultdict(list)
        for watch in self.book.all(Watch):
            if watch.active:
                active[watch.symbol].append(watch)
        self._active = dict(active)
        if self._unseen is None:
            self._unseen = {watch.id for watches in active.values() for watch in watches}

    def _look(self, accounts: frozenset[str], quote: Quote) -> None:
        """Hold one quote against the watches of its symbol."""
        for watch in self._active.get(quote.symbol, ()):
            if watch.id in self._reached or account_of(watch).name not in accounts:
                continue
            value = seen(watch, quote, self.valuation)
            if value is None:
                continue
            unseen = self._unseen or set()
            missed = watch.id in unseen
            unseen.discard(watch.id)
            if reached(watch, value):
                self._reached[watch.id] = Reached(watch, value, missed)
                self._news.set()

    async def _fire(self, found: Reached) -> None:
        """Journal it, unless it was removed meanwhile."""
        watch = found.watch
        text = fired_text(watch, found.value, self.valuation.currency, self.book.clock.now(), found.missed)
        place = watch.destination
        if place and place not in self.destinations():
            text, place = f"{text}. {place}, where it was set, is told nothing any more", ""
        async with self.book.lock:
            now = self.book.get(Watch, watch.id)
            if now is not None and now.active:
                await self.book.write(e.WatchFired(watch.id, found.value, text, place))
