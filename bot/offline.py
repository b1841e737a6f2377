"""What works with the bot down, and mostly beside it too: the journal and the tokens, straight from the database."""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

from bot.chats.shown import reply_of
from bot.client import connect
from bot.settings import Settings
from bot.tokens import Tokens
from bot.web import shapes
from handlers.context import Role
from handlers.reply import Reply
from handlers.story import tell
from trading.clock import SystemClock
from trading.errors import ConfigError, IntentError, JournalError
from trading.events import Recorded
from trading.journal import backup as files
from trading.journal import sqlite
from trading.journal.store import JournalStore, is_sqlite, open_journal, restore_journal, sqlite_path

LOOK_S = 0.5  # between two looks at a journal that may grow
CHUNK = 1000
Say = Callable[[str], None]


async def reading(settings: Settings) -> JournalStore:
    """The journal to read, with a bot at work or not.

    Raises:
        JournalError: there is none yet, it is an older or newer Tiller's, or cannot be read.
    """
    return await open_journal(settings.database.url, writer=False)


async def ask_anywhere(settings: Callable[[], Settings], environ: Mapping[str, str], line: str) -> Reply:
    """Ask the running bot, or else the journal itself. Only for lines that change nothing.

    Raises:
        TradingError: neither can answer.
    """
    try:
        async with connect(settings, environ) as client:
            return reply_of(await client.run(line))
    except ConfigError as why:
        if why.code != "NO_BOT" or environ.get("TILLER_URL"):
            raise
    from bot.standby import ask  # the whole desk: only where there is no running one

    async with await reading(settings()) as store:
        return await ask(settings(), store, line)


# --- the journal -----------------------------------------------------------------------------


async def export(settings: Settings, target: Path | None, say: Say) -> None:
    """Every event as a line of JSON, to a new file or to `say`.

    Raises:
        JournalError: it cannot be read, or the file is there already or cannot be written.
    """
    async with await reading(settings) as store:
        if target is None:
            await _lines(store, say)
            return
        try:
            with target.open("x", encoding="utf-8") as file:
                count = await _lines(store, lambda line: print(line, file=file))
        except FileExistsError:
            raise JournalError(f"{target} is there already.", "Choose another name.") from None
        except OSError as why:
            raise JournalError(f"{target} cannot be written: {why.strerror}.", "Choose another place.") from None
    say(f"{count} events in {target}")
