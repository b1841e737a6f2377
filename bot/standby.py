"""The desk with nothing started: its books and its rules, without markets or venues, for when the bot is down."""

import structlog

from bot.app import VERSION, commands
from bot.desk import LOCAL_ADMIN, LiveDesk
from bot.logs import LogTail
from bot.settings.models import Settings
from bot.tokens import Tokens
from bot.wiring.desk import build_desk
from handlers.actor import ConfirmPolicy
from handlers.dispatch import Dispatcher
from handlers.reply import Reply
from trading.clock import SystemClock
from trading.journal.store import JournalStore

log = structlog.get_logger("tiller")
__all__ = ["ask", "commands", "standby"]  # commands: importing declares them


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
    desk = await standby(settings, store)
    door = Dispatcher(desk, ConfirmPolicy(), lambda notice, why: log.error("mishap", id=notice, exc_info=why))
    return await door.run(line, LOCAL_ADMIN, "terminal")
