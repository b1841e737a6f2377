"""Strategies at work: closed bars in, orders out through the OMS like anybody else's, each wish recorded.

`tick` is called a moment after a bar has closed. A strategy is first warmed up with history, and only
the newest closed bar may lead to an order: what was missed by a stall or a restart is history, and is
never traded late.

The position of a strategy is the position of its account in the symbol, whoever opened it: a person
who closes it by hand, a stop that is hit, and the strategy act on one and the same thing. Two
strategies on one symbol therefore want two accounts. Dust, which cannot be sold, counts as flat.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from decimal import Decimal

import msgspec

from trading import events as e
from trading.bars import Feed, closed_since, is_news, warmed_up
from trading.book import Book
from trading.control import StrategySwitch
from trading.errors import ConfigError, IntentError, TradingError, VenueError
from trading.ids import derive
from trading.instruments import ZERO, Instrument, Side, Symbol, plain
from trading.intent import AccountId, Intent, Origin, Size, Unit
from trading.oms import Oms
from trading.order import Order
from trading.portfolio import closing_side
from trading.ports import Market
from trading.quotes import Candle, timeframe_seconds
from trading.strategies import strategy_class
from trading.strategies.strategy import Wish, unknown

SETTLE_S = 5.0  # how long to wait for an order's outcome, so that the signal can tell it

MakeRoom = Callable[[AccountId, Symbol, Decimal, Origin], Awaitable[None]]
"""Frees a part of a position from what its protective orders hold, before it is closed."""


class StrategyConfig(msgspec.Struct, frozen=True):
    """One strategy as the settings have it: `size` is an entry's; without `autostart` it waits to be started."""

    name: str
    class_name: str
    account: str
    symbols: tuple[Symbol, ...]
    timeframe: str
    params: Mapping[str, str]
    size: Size
    autostart: bool = True

    @property
    def actor(self) -> str:
        return f"strategy:{self.name}"


class Runner:
    """Runs the configured strategies; `markets` are by account name.

    Raises:
        ConfigError: a strategy cannot be run as it is configured.
    """

    def __init__(
        self,
        book: Book,
        oms: Oms,
        markets: Mapping[str, Market],
        configs: Iterable[StrategyConfig],
        make_room: MakeRoom | None = None,
    ) -> None:
        self.book = book
        self.oms = oms
        self.markets = markets
        self.configs = {config.name: config for config in configs}
        self.make_room = make_room
        self._feeds: defaultdict[str, dict[Symbol, Feed]] = defaultdict(dict)  # by strategy
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        for config in self.configs.values():
            _check(config, markets)

    # --- switching ---------------------------------------------------------------------------

    def config(self, name: str) -> StrategyConfig:
        """The strategy as it is configured.

        Raises:
            IntentError: there is no such strategy.
        """
        if name not in self.configs:
            why = unknown("strategy", name, self.configs)
            raise IntentError(why.text, why.remedy, code="UNKNOWN_STRATEGY")
        return self.configs[name]

    def account(self, name: str) -> str:
        """The name of the account that a strategy trades."""
        return self.config(name).account

    def running(self, name: str) -> bool:
        """Whether it was switched on, or, when it was never switched, is to run by itself."""
        switch = self.book.get(StrategySwitch, name)
        return switch.running if switch else self.config(name).autostart

    async def start(self, name: str, actor: str) -> bool:
        """Let a strategy trade; answers whether it stood still before. It begins with fresh history.

        Raises:
            IntentError: there is no such strategy, or its account's market does not list its symbols.
        """
        self._check_listed(self.config(name))
        if not self.running(name):
            self._feeds[name].clear()
        return await self._switch(name, True, actor)

    async def stop(self, name: str, actor: str) -> bool:
        """Let a strategy trade no more; answers whether it ran. Its positions and orders stay.

        Raises:
            IntentError: there is no such strategy.
        """
        return await self._switch(name, False, actor)

    def _check_listed(self, config: StrategyConfig) -> None:
        listed = self.markets[config.account].instruments
        for symbol in config.symbols:
            if listed and symbol not in listed:
                text = f"{config.name} trades {symbol}, which the market of {config.account} does not list."
                raise IntentError(text, "Add it to [market] symbols, or change the strategy's.", code="BAD_SYMBOL")

    async def _switch(self, name: str, running: bool, actor: str) -> bool:
        changes = self.running(name) is not running
        if changes:
            await self.book.record(e.StrategySwitched(name, running, actor))
        return changes

    # --- bars --------------------------------------------------------------------------------

    async def tick(self, name: str) -> None:
        """Show a strategy the bars that have closed since the last time, and do what it wishes.

        The first time, and the first time after a start, is the warm-up: call it at once then.
        Whoever calls this watches over it: a VenueError is the market's, and the next tick tries again;
        after anything else the strategy cannot be trusted and is to be stopped.

        Raises:
            VenueError: the market did not answer; no bar was lost.
            IntentError: the account or its market does not have the symbol or the timeframe.
            Exception: whatever the strategy itself raises.
        """
        config = self.config(name)
        async with self._locks[name]:
            if not self.running(name):
                self._feeds[name].clear()
                return
            ends = await asyncio.gather(
                *(self._advance(config, symbol) for symbol in dict.fromkeys(config.symbols)), return_exceptions=True
            )
        failures = [end for end in ends if isinstance(end, BaseException)]
        if failures:  # one symbol's trouble keeps no other from its bar; the worst is told
            raise min(failures, key=lambda why: isinstance(why, VenueError))

    async def _advance(self, config: StrategyConfig, symbol: Symbol) -> None:
        market = self.markets[config.account]
        account = AccountId(config.account, self.book.mode(config.account))
        instrument = self.oms.drafting.instrument(account, symbol)
        feed = self._feeds[config.name].get(symbol)
        candles = None if feed is None else await closed_since(feed.until, market, symbol, config.timeframe)
        if feed is None or candles is None:
            strategy = strategy_class(config.class_name).make(config.params, float(instrument.tick))
            self._feeds[config.name][symbol] = await warmed_up(strategy, market, symbol, config.timeframe)
        elif candles:
            newest = candles[-1]
            wish = feed.show(candles, self._held(account, instrument, newest.close))
            if wish is not None and is_news(newest, market) and self.running(config.name):
                await self._act(config, account, instrument, wish, newest)

    def _held(self, account: AccountId, instrument: Instrument, price: Decimal) -> Decimal:
        """The signed position, with dust as flat."""
        position = self.book.position(account, instrument.symbol)
        if position is None or instrument.is_dust(position.quantity, price):
            return ZERO
        return position.quantity

    # --- wishes ------------------------------------------------------------------------------

    async def _act(
        self, config: StrategyConfig, account: AccountId, instrument: Instrument, wish: Wish, bar: Candle
    ) -> None:
        """Pursue a wish and record what became of it; one that is fulfilled already leaves no trace."""
        key = f"{config.actor}:{bar.symbol}:{bar.end.isoformat()}"
        text = f"{config.class_name}: {wish} {bar.symbol} at {plain(bar.close)}, {bar.end:%Y-%m-%d %H:%M:%S}"
        entry = Intent(key, account, bar.symbol, Side.BUY, config.size, Origin(config.actor, "strategy", text))
        placed = ""
        try:
            done = self.book.order(self.book.order_id(key)) or await self._pursue(entry, wish, instrument, bar.close)
        except IntentError as why:
            done = str(why)
        if isinstance(done, Order):
            placed, done = done.id, _told(done)
        if done:
            signal = derive("signal", key)
            await self.book.record(
                e.SignalEmitted(signal, config.name, account.name, bar.symbol, wish, bar.end, bar.close, placed, done)
            )

    async def _pursue(self, entry: Intent, wish: Wish, instrument: Instrument, price: Decimal) -> Order | str:
        """The order that a wish leads to, or why it leads to none; empty when there is nothing to do.

        `entry` is complete but for its side. A position on the wrong side is closed first; where an
        entry follows, that is an order of its own, and the entry waits for it.
        """
        target = wish.target(self.oms.executors[entry.account].capabilities.shorting)
        held = self._held(entry.account, instrument, price)
        # What it sent itself: the stops that protect its positions are from it too, but have another source.
        me, working = (entry.origin.actor, entry.origin.source), self.book.open_orders(entry.account, entry.symbol)
        own = [order for order in working if (order.actor, order.source) == me]
        if held * target < 0 or (held and not target):
            if any(order.reduce_only for order in own):
                return "exit still open"
            out = await self._close(entry, held, instrument, f"{entry.key}:exit" if target else entry.key)
            if not target or self._held(entry.account, instrument, price):
                return out
            held = ZERO
        if any(not order.reduce_only for order in own):
            return "entry still open"
        if held or not target:
            return ""
        return await self._send(msgspec.structs.replace(entry, side=Side.BUY if target > 0 else Side.SELL))

    async def _close(self, entry: Intent, held: Decimal, instrument: Instrument, key: str) -> Order:
        size = instrument.round_quantity(abs(held))
        if self.make_room is not None:
            await self.make_room(entry.account, entry.symbol, size, entry.origin)
        side = closing_side(held)
        return await self._send(msgspec.structs.replace(entry, key=key, side=side, size=Size(size), reduce_only=True))

    async def _send(self, intent: Intent) -> Order:
        return await self.oms.settled((await self.oms.submit(intent)).id, SETTLE_S)


def _told(order: Order) -> str:
    status = "UNKNOWN - checking" if order.in_doubt else str(order.status)
    return f"{status}: {order.reason}" if order.reason else status


def _check(config: StrategyConfig, markets: Mapping[str, Market]) -> None:
    try:
        strategy_class(config.class_name).parameters.read(config.params)
        timeframe_seconds(config.timeframe)
        if config.account not in markets:
            raise ConfigError(f"{config.account!r} is not an account.", f"There is {', '.join(markets)}.")
        if config.size.unit in (Unit.RISK, Unit.POSITION):
            raise ConfigError(f"Its size is {config.size}, but its entries have no stop.", "Write 0.01, $100 or 5%.")
    except TradingError as why:
        raise ConfigError(f"[strategies.{config.name}] {why.text}", why.remedy) from None
