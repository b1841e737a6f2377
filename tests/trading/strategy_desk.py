"""A small desk for strategies: a market shown by hand, a venue that does what it is told, virtual time.

Most strategies here are `sma_cross` with averages of one and two bars. Its side is that of the last
change of the close, so it wishes BUY when a falling close rises and SELL when a rising one falls.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import wraps
from typing import Any

import msgspec

from tests.kit import BTC, ETH, HandClock, HandMarket, MemoryJournal
from tests.loop import VirtualLoop
from trading import events as e
from trading.book import Book
from trading.drafting import Drafting
from trading.errors import OutcomeUnknown, VenueRefused
from trading.instruments import ZERO, Instrument, Money, Settlement, Side, Symbol
from trading.intent import AccountId, Intent, Mode, OrderType, Origin, Size, TimeInForce
from trading.oms import Oms
from trading.order import Order
from trading.ports import Approved, Capabilities
from trading.quotes import Candle
from trading.reports import Accepted, Filled, Report, VenueOrder
from trading.risk.gate import RiskGate
from trading.risk.limits import Limits
from trading.runner import Runner, StrategyConfig
from trading.valuation import Valuation

DEMO = AccountId("demo", Mode.PAPER)
MINUTE = timedelta(minutes=1)
TREND = StrategyConfig("trend", "sma_cross", "demo", (BTC.symbol,), "1m", {"fast": "1", "slow": "2"}, Size(Decimal(1)))
BREAKOUT = msgspec.structs.replace(TREND, class_name="donchian", params={"entry": "2", "exit": "1"})


class Venue:
    """An account at a venue. `mood` is what it does with an order: fill, hold, refuse or lose it."""

    venue = "hand"

    def __init__(self, market: HandMarket, shorting: bool) -> None:
        self.market = market
        self.capabilities = Capabilities(frozenset(OrderType), frozenset(TimeInForce), shorting=shorting)
        self.mood = "fill"
        self.placed: list[Order] = []
        self.trades = 0
        self.hear: Callable[[AccountId, Report], Coroutine[Any, Any, None]]

    @property
    def instruments(self) -> Mapping[Symbol, Instrument]:
        return self.market.instruments

    async def place(self, approved: Approved) -> None:
        order = approved.order
        self.placed.append(order)
        if self.mood == "refuse":
            raise VenueRefused("The venue says no.", code="NO")
        if self.mood == "lose":
            raise OutcomeUnknown("No answer in 10 s.")
        await self.hear(order.account_id, Accepted(order.id, f"V{len(self.placed)}"))
        if self.mood == "fill":
            await self.fill(order)

    async def fill(self, order: Order) -> None:
        quote = self.market.quote(order.symbol)
        assert quote is not None
        price, fee = quote.taker(order.side)[0].price, Money(ZERO, "USDT")
        self.trades += 1  # venues number trades upwards
        fill = Filled(order.id, f"T{self.trades}", order.quantity, price, fee, self.market.now())
        await self.hear(order.account_id, fill)

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    async def cancel(self, order: Order) -> None: ...
    async def amend(self, order: Order, quantity: Decimal, limit: Decimal | None, stop: Decimal | None) -> None: ...
    def vet(self, order: Order, reference: Decimal | None) -> None: ...

    def describe(self, approved: Approved) -> str:
        return ""

    def reports(self) -> AsyncIterator[Report]:
        raise NotImplementedError

    async def lookup(self, order: Order) -> VenueOrder | None:
        return None

    async def open_orders(self) -> Sequence[VenueOrder]:
        return ()

    async def fills(self, since: datetime) -> Sequence[Filled]:
        return ()

    async def balances(self) -> Sequence[Money]:
        return ()

    async def positions(self) -> Mapping[Symbol, Decimal]:
        return {}


class Clock(HandClock):
    """Goes with the loop's virtual time."""

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.get_running_loop()

    def now(self) -> datetime:
        return self.at + timedelta(seconds=self._loop.time())


class SlowMarket(HandMarket):
    """A market that takes its time with candles: for ever until `answer` is set, or to say what the `trouble` is."""

    def __init__(self, clock: HandClock, *instruments: Instrument) -> None:
        super().__init__(clock, *instruments)
        self.trouble: dict[Symbol, Exception] = {}
        self.answer = asyncio.Event()
        self.answer.set()

    async def candles(self, symbol: Symbol, timeframe: str, limit: int) -> Sequence[Candle]:
        await asyncio.sleep(0)
        await self.answer.wait()
        if symbol in self.trouble:
            raise self.trouble[symbol]
        closed = [candle for candle in await super().candles(symbol, timeframe, 100_000) if candle.end <= self.now()]
        return closed[-limit:]


class Desk:
    """A desk with one account, its market, and what the strategies on it have led to."""

    def __init__(self, *configs: StrategyConfig, shorting: bool = False) -> None:
        self.clock = Clock()
        settlement = Settlement.LINEAR if shorting else Settlement.SPOT
        self.market = SlowMarket(
            self.clock, *(msgspec.structs.replace(each, settlement=settlement) for each in (BTC, ETH))
        )
        self.venue = Venue(self.market, shorting)
        self.journal = MemoryJournal()
        self.book = Book(self.journal, self.clock)
        self.valuation = Valuation(self.book, {"demo": self.market}, "USDT")
        executors = {DEMO: self.venue}
        limits = Limits(stale_price_s=0, duplicate_window_s=0, max_orders_per_minute=0, max_daily_loss=ZERO)
        gate = RiskGate(self.book, self.valuation, limits, {}, "UTC", lambda account: self.venue.capabilities)
        self.oms = Oms(self.book, gate, Drafting(self.book, self.valuation, executors), executors)
        self.venue.hear = self.oms.on_report
        self.configs = configs or (TREND,)
        self.runner = self.new_runner()
        self.calls: list[str] = []

    def new_runner(self) -> Runner:
        return Runner(self.book, self.oms, {"demo": self.market}, self.configs, self.make_room)

    async def make_room(self, account: AccountId, symbol: Symbol, quantity: Decimal, origin: Origin) -> None:
        self.calls.append(f"{account.name} {symbol} {quantity}")

    async def open(self) -> None:
        """Money on the account, and a falling history that ends now; the strategies are warmed up with it."""
        await self.book.record(e.AccountOpened("demo", Mode.PAPER, "hand", "USDT", (Money(Decimal(100_000), "USDT"),)))
        for instrument in self.market.instruments.values():
            await self.book.record(e.InstrumentListed("demo", Mode.PAPER, instrument))
            for back, close in ((3, 120), (2, 110), (1, 100)):
                self.close_at(close, instrument.symbol, self.clock.now() - back * MINUTE)
        for config in self.configs:
            await self.runner.tick(config.name)

    def close_at(self, close: str | int, symbol: str = BTC.symbol, start: datetime | None = None) -> Candle:
        """The market has a candle that closes at this price; by itself, the one of the minute that begins now."""
        price = Decimal(close)
        candle = Candle(Symbol(symbol), "1m", start or self.clock.now(), price, price, price, price, Decimal(1))
        self.market.add_candle(candle)
        if price.is_finite():
            self.market.show(symbol, str(price), str(price + Decimal("0.01")), depth="1000")
        return candle

    async def bar(self, close: str | int, symbol: str = BTC.symbol, name: str = "trend") -> Candle:
        """A minute goes by, its candle closes at this price, and the strategy is called."""
        candle = self.close_at(close, symbol)
        await asyncio.sleep(60)
        await self.runner.tick(name)
        return candle

    async def bars(self, *closes: str | int) -> None:
        for close in closes:
            await self.bar(close)

    @property
    def signals(self) -> list[e.SignalEmitted]:
        return [entry.event for entry in self.journal.entries if isinstance(entry.event, e.SignalEmitted)]

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        return [(signal.side, signal.outcome) for signal in self.signals]

    @property
    def sent(self) -> list[tuple[Side, Decimal]]:
        return [(order.side, order.quantity) for order in self.venue.placed]

    @property
    def held(self) -> Decimal:
        position = self.book.position(DEMO, BTC.symbol)
        return position.quantity if position else ZERO

    async def by_hand(self, side: Side, size: str) -> None:
        """Somebody else trades the same account."""
        key = f"hand:{self.journal.last_seq}"
        await self.oms.submit(Intent(key, DEMO, BTC.symbol, side, Size(Decimal(size)), Origin("person:ana", "web")))


Play = Callable[..., Coroutine[Any, Any, None]]


def on_a_desk(*configs: StrategyConfig, shorting: bool = False) -> Callable[[Play], Callable[[], None]]:
    """Play with a desk on which these strategies have been warmed up, in virtual time."""

    def decorate(play: Play) -> Callable[[], None]:
        @wraps(play)
        def test() -> None:
            async def go() -> None:
                desk = Desk(*configs, shorting=shorting)
                await desk.open()
                await play(desk)

            with asyncio.Runner(loop_factory=VirtualLoop) as runner:
                runner.run(go())

        del test.__wrapped__  # pytest would ask for a fixture called desk
        return test

    return decorate


SIZE = Decimal(1)
BUY, SELL = (Side.BUY, SIZE), (Side.SELL, SIZE)
