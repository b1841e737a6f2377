"""The desk with nothing started: its books and its rules, without markets or venues, for when the bot is down."""

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec
import structlog

from bot.app import VERSION, commands
from bot.desk import LiveDesk
from bot.logs import LogTail
from bot.settings.models import Settings
from bot.tokens import LOCAL_ADMIN, Tokens
from bot.webhooks.fulfilment import Fulfilment
from bot.webhooks.trial import trial
from bot.wiring.desk import build_desk
from handlers.actor import ConfirmPolicy
from handlers.dispatch import Dispatcher
from handlers.reply import Reply
from trading.clock import SystemClock
from trading.control import Listing
from trading.errors import ConfigError, IntentError
from trading.instruments import Instrument, Symbol
from trading.journal.store import JournalStore
from trading.ports import Executor

CONNECT_S = 30.0
log = structlog.get_logger("tiller")
__all__ = ["ask", "commands", "standby", "try_alert"]  # commands: importing declares them


async def standby(settings: Settings, store: JournalStore) -> LiveDesk:
    """The desk as the journal left it.

    Raises:
        TradingError: the journal is broken, or something of the settings is not part of this version.
    """
    clock = SystemClock()
    desk = build_desk(settings, store, clock, VERSION, LogTail(0), Tokens(store, settings.data_dir, clock))
    await desk.book.open()
    return desk


async def ask(settings: Settings, store: JournalStore, line: str) -> Reply:
    """Run a line that only reads, as the admin of this machine."""
    return await _door(await standby(settings, store)).run(line, LOCAL_ADMIN, "terminal")


async def try_alert(settings: Settings, store: JournalStore, source: str, body: bytes) -> Reply:
    """How an alert would be read. Only the market is connected, for its prices; no venue is.

    Raises:
        IntentError: there is no such source.
        TradingError: the market cannot be reached.
    """
    desk = await standby(settings, store)
    known = desk.sources.find(source)
    if known is None:
        raise IntentError(f"There is no source {source[:24]!r}.", "tiller webhook list names them.", code="NO_SOURCE")
    door, market = _door(desk), desk.markets.get(known.account)
    try:
        if market is not None:
            async with asyncio.timeout(CONNECT_S):
                await market.start()
            rest(desk)
        reply = await trial(Fulfilment(desk, door.run, door.context), door.run, known, body)
        return msgspec.structs.replace(reply, text=f"No Tiller runs; this is the desk as it was left.\n{reply.text}")
    except TimeoutError:
        raise ConfigError(f"The market of {known.account} does not answer.", "Is the network up?") from None
    finally:
        if market is not None:
            await market.stop()


class Resting:
    """An executor that is not connected: it can say what it would do with what its market offers."""

    def __init__(self, executor: Executor, instruments: Mapping[Symbol, Instrument]) -> None:
        self._executor = executor
        self.instruments = instruments

    def __getattr__(self, name: str) -> Any:
        return getattr(self._executor, name)


def rest(desk: LiveDesk) -> None:
    """Let the executors know what their markets offer, and what was traded before; every part of the desk sees it."""
    assert isinstance(desk.executors, dict), "the one that every part was given"
    desk.unready.clear()  # nobody is about to trade
    for account, executor in desk.executors.items():
        known = {e.instrument.symbol: e.instrument for e in desk.book.all(Listing) if (e.account, e.mode) == account}
        desk.executors[account] = Resting(executor, {**desk.markets[account.name].instruments, **known})


def _door(desk: LiveDesk) -> Dispatcher:
    return Dispatcher(desk, ConfirmPolicy(), lambda notice, why: log.error("mishap", id=notice, exc_info=why))
