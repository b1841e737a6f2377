"""MetaTrader 5 over the bridge as a stage of the contract suite: a real one, called from a thread of its own."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.bridge.served import Served, served
from tests.emulators.mt5.desk import Mt5Desk
from tests.emulators.mt5.person import Person
from tests.emulators.mt5.symbols import Symbol, forex
from tests.trading.executors.mt5.stage import COIN, Broker, Mt5Stage, coin
from trading.mt5.link import Link
from trading.mt5.package_thread import Thread


class BridgedBroker(Broker):
    """The broker, and the bridge beside its terminal that leads there."""

    def __init__(self, mode: int, symbols: list[Symbol]) -> None:
        super().__init__(mode, symbols)
        self.bridge: Served

    def beside(self) -> Mt5Desk:
        """What the bridge is beside."""
        return Mt5Desk(self.terminal, None, Person(self.terminal))

    def link(self, line: Any = None, **login: Any) -> Link:
        return Link(self.bridge.client, self.login._replace(**login), self.clock, line=line or Thread("mt5"))


class BridgedStage(Mt5Stage):
    """The same account, whose executor is made once the bridge is there."""

    def __init__(self, mode: int) -> None:
        self.broker: BridgedBroker = BridgedBroker(mode, [coin(), forex("EURUSD")])
        self.broker.terminal.show(COIN, "100", "101", depth=5)


@asynccontextmanager
async def bridged_stage(mode: int) -> AsyncIterator[BridgedStage]:
    stage = BridgedStage(mode)
    with tempfile.TemporaryDirectory() as folder:
        async with served(Path(folder), there=stage.broker.beside()) as stage.broker.bridge:
            stage.executor = stage.broker.executor()
            await stage.executor.start()
            try:
                yield stage
            finally:
                await stage.executor.stop()
