"""MetaTrader 5 as a stage of the contract suite: the real executor at the emulated terminal, calls made in line."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any, TypeVar

from tests.emulators.mt5.module import MetaTrader5
from tests.emulators.mt5.person import Person
from tests.emulators.mt5.symbols import FOK, IOC, Symbol, forex
from tests.emulators.mt5.terminal import Terminal
from tests.kit import START, HandClock
from tests.trading.executors.contract import Habits, levels
from trading import instruments
from trading.errors import OutcomeUnknown
from trading.executors.mt5.executor import Mt5Executor
from trading.executors.mt5.tracks import Books
from trading.instruments import Side
from trading.mt5.constants import Constants as mt5
from trading.mt5.link import Link, Login
from trading.reports import Rejected, Report

HEDGING, NETTING = mt5.ACCOUNT_MARGIN_MODE_RETAIL_HEDGING, mt5.ACCOUNT_MARGIN_MODE_RETAIL_NETTING
EXCHANGE = mt5.ACCOUNT_MARGIN_MODE_EXCHANGE
EURUSD = instruments.Symbol("EURUSD")
COIN = instruments.Symbol("COIN")
T = TypeVar("T")


class Inline:
    """A line without a thread: the call is made at once."""

    async def run(self, work: Callable[[], T], timeout_s: float) -> T:
        await asyncio.sleep(0)
        return work()

    def close(self) -> None: ...


class Broker:
    """The terminal, the clock that it shares with the desk, and somebody at it."""

    def __init__(self, mode: int = HEDGING, symbols: list[Symbol] | None = None, **account: Any) -> None:
        self.clock = HandClock()
        self.terminal = Terminal(START.timestamp(), symbols=symbols)
        self.terminal.account(**{"margin_mode": mode, **account})
        self.person = Person(self.terminal)
        self.faults = self.terminal.faults
        self.login = Login(5001, "secret", "Emulated-Demo")

    def link(self, line: Any = None, **login: Any) -> Link:
        return Link(lambda: MetaTrader5(self.terminal), self.login._replace(**login), self.clock, line=line or Inline())

    def executor(self, books: Books | None = None) -> Mt5Executor:
        return Mt5Executor(self.link(), books)

    def move(self, seconds: float) -> None:
        """Time goes by, at the broker and here."""
        self.clock.move(seconds)
        self.terminal.advance(seconds)

    def show(self, bids: str, asks: str, name: str = COIN) -> None:
        """The best level of either side, a second later; a terminal executes at no other."""
        self.move(1)
        (bid, *_), (ask, *_) = levels(bids), levels(asks)
        with self.terminal.lock:
            market, most = self.terminal.market, max(bid.quantity, ask.quantity)
            market.show(name, bid.price, ask.price, depth=most)
            market.take(name, True, most - ask.quantity)
            market.take(name, False, most - bid.quantity)
            self.terminal.server.price_moved(name)


def coin(mode: int = HEDGING) -> Symbol:
    """What the suite trades: a contract on one of something, quoted in dollars; at a broker or on an exchange."""
    fine: dict[str, Any] = {"volume_step": Decimal("0.001"), "volume_max": Decimal(1000), "filling_mode": IOC}
    if mode == EXCHANGE:
        fine |= {"exemode": mt5.SYMBOL_TRADE_EXECUTION_EXCHANGE, "filling_mode": FOK | IOC}
    calc: dict[str, Any] = {"calc_mode": mt5.SYMBOL_CALC_MODE_CFDLEVERAGE, "margin_currency": "USD"}
    return Symbol("COIN", "COIN", "USD", 2, Decimal(1), commission=Decimal("0.5"), **fine, **calc)


class Mt5Stage:
    habits = Habits(
        lookups=6,
        market_waits=False,
        unfillable=Rejected,
        double=OutcomeUnknown,
        is_deep=False,
        crosses=False,
        improves=True,
        checks_funds=False,
    )
    symbol = COIN

    def __init__(self, mode: int) -> None:
        if mode == EXCHANGE:
            self.habits = self.habits._replace(market_waits=True, crosses=True)
        self.broker = Broker(mode, [coin(mode), forex("EURUSD")])
        self.broker.terminal.show(COIN, "100", "101", depth=5)
        self.executor = self.broker.executor()

    async def show(self, bids: str, asks: str, last: Side) -> None:
        self.broker.show(bids, asks)

    async def settle(self, heard: list[Report]) -> None:
        await self.executor.look()
        await self.executor.tend()
        for _ in range(3):
            await asyncio.sleep(0)

    async def wait(self, seconds: float) -> None:
        self.broker.move(seconds)

    async def restart(self) -> None:
        await self.executor.stop()
        self.executor = self.broker.executor()
        await self.executor.start()


@asynccontextmanager
async def mt5_stage(mode: int) -> AsyncIterator[Mt5Stage]:
    stage = Mt5Stage(mode)
    await stage.executor.start()
    try:
        yield stage
    finally:
        await stage.executor.stop()
