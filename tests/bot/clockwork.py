"""The real scheduler over a real book and runner, and markets whose minutes take a quarter of a second."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from bot.scheduler import Scheduler
from bot.supervise import Supervisor
from tests.kit import BTC, HandClock, HandMarket, MemoryJournal
from tests.trading.strategy_desk import Venue
from trading import events as e
from trading.book import Book
from trading.clock import SystemClock
from trading.control import Schedule
from trading.drafting import Drafting
from trading.instruments import ZERO, Money, Symbol
from trading.intent import AccountId, Mode, Size
from trading.market.candles import bar_start
from trading.oms import Oms
from trading.ports import Executor
from trading.quotes import Candle, timeframe_seconds
from trading.risk.gate import RiskGate
from trading.risk.limits import Limits
from trading.runner import Runner, StrategyConfig
from trading.valuation import Valuation


class FastMarket(HandMarket):
    """A minute takes a quarter of a second, and the price turns all the time."""

    speed = Decimal(240)

    def __init__(self, price: str = "100") -> None:
        super().__init__(HandClock())
        self.price = Decimal(price)
        self.trouble: Exception | None = None
        self.asked = 0
        self.again = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self.show("BTC/USDT", "100", "100.01", depth="1000")

    def now(self) -> datetime:
        return self.clock.now() + timedelta(seconds=(self._loop.time() - self._began) * 240)

    async def candles(self, symbol: Symbol, timeframe: str, limit: int) -> Sequence[Candle]:
        self.asked += 1
        self.again.set()
        if self.trouble is not None:
            raise self.trouble
        end = bar_start(self.now(), timeframe)
        length = timedelta(seconds=timeframe_seconds(timeframe))
        starts = [end - back * length for back in range(limit, 0, -1)]
        prices = [self.price + start.minute**2 % 7 for start in starts]
        return [Candle(symbol, timeframe, at, c, c, c, c, ZERO) for at, c in zip(starts, prices, strict=True)]

    async def until_asked(self, times: int) -> None:
        while self.asked < times:
            self.again.clear()
            await self.again.wait()


class Clockwork:
    """A scheduler over a real book and runner, with what it called and what it told."""

    def __init__(self, markets: dict[str, FastMarket], timeframe: str = "1m") -> None:
        self.journal = MemoryJournal()
        self.book = Book(self.journal, SystemClock())
        valuation = Valuation(self.book, markets, "USDT")
        self.venues = {AccountId(name, Mode.PAPER): Venue(market, False) for name, market in markets.items()}
        executors: dict[AccountId, Executor] = {**self.venues}
        gate = RiskGate(
            self.book, valuation, Limits(stale_price_s=0), {}, "UTC", lambda account: executors[account].capabilities
        )
        oms = Oms(self.book, gate, Drafting(self.book, valuation, executors), executors)
        for venue in self.venues.values():
            venue.hear = oms.on_report
        params = {"fast": "1", "slow": "2"}
        configs = [
            StrategyConfig(name, "sma_cross", name, (BTC.symbol,), timeframe, params, Size(Decimal(1)))
            for name in markets
        ]
        self.runner = Runner(self.book, oms, markets, configs)
        self.told: list[tuple[str, str]] = []
        self.lines: list[tuple[str, str, datetime]] = []
        self.samples = 0
        self.scheduler = Scheduler(self.runner, markets, "Europe/Vienna", Supervisor(self.mishap).attempt)

    async def mishap(self, where: str, why: Exception) -> None:
        self.told.append((where, type(why).__name__))
        await self.book.record(e.Noticed(f"id{len(self.told)}", "error", where, str(why)))

    async def run_line(self, schedule: Schedule, key: str) -> None:
        self.lines.append((schedule.line, key, self.book.clock.now()))
        await self.book.record(e.CommandRun(key, schedule.actor, schedule.role, "schedule", schedule.line, True))

    async def sample(self) -> None:
        self.samples += 1

    async def begin(self) -> None:
        for account in self.venues:
            opened = e.AccountOpened(account.name, account.mode, "hand", "USDT", (Money(Decimal(10_000), "USDT"),))
            await self.book.record(opened, e.InstrumentListed(account.name, account.mode, BTC))
        self.scheduler.start(self.run_line, self.sample, self.book)

    def recorded(self) -> list[e.AnyEvent]:
        return [entry.event for entry in self.journal.entries]
