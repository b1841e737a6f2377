"""What works with the bot down, and mostly beside it too: the journal and the tokens, straight from the database."""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from pathlib import Path

import msgspec

from bot.chats.shown import reply_of
from bot.client import connect
from bot.settings.models import Settings
from bot.tokens import Tokens
from handlers.actor import Role
from handlers.reply import Reply
from handlers.story import PASSED, tell_all
from trading.clock import SystemClock
from trading.errors import ConfigError, IntentError, JournalError
from trading.events import Recorded
from trading.journal import backup as copies
from trading.journal import sqlite
from trading.journal.store import JournalStore, is_sqlite, open_journal, restore_journal, sqlite_path
from trading.words import counted

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
    from bot.standby import ask  # a whole desk: only where none is running

    async with await reading(settings()) as store:
        return await ask(settings(), store, line)


async def try_alert(settings: Callable[[], Settings], environ: Mapping[str, str], source: str, body: bytes) -> Reply:
    """How the running bot would read an alert or, with the bot down, the desk as the journal left it.

    Raises:
        TradingError: neither can answer, or there is no such source.
    """
    try:
        async with connect(settings, environ) as client:
            return reply_of(await client.try_alert(source, body))
    except ConfigError as why:
        if why.code != "NO_BOT" or environ.get("TILLER_URL"):
            raise
    from bot.standby import try_alert as ask  # a whole desk: only where none is running

    async with await reading(settings()) as store:
        return await ask(settings(), store, source, body)


# --- the journal -----------------------------------------------------------------------------


async def export(settings: Settings, target: Path | None, say: Say) -> None:
    """Every event as a line of JSON, to a new file or to `say`.

    Raises:
        JournalError: it cannot be read, or the file is there already or cannot be written.
    """
    async with await reading(settings) as store:
        if target is None:
            await _export(store, say)
            return
        try:
            with target.open("x", encoding="utf-8") as file:
                count = await _export(store, lambda line: file.write(f"{line}\n"))
        except FileExistsError:
            raise JournalError(f"{target} is there already.", "Choose another name.") from None
        except OSError as why:
            raise JournalError(f"{target} cannot be written: {why.strerror}.", "Choose another place.") from None
    say(f"{counted(count, 'event')} in {target}")


async def _export(store: JournalStore, line: Callable[[str], object]) -> int:
    count = after = 0
    while rows := await store.queries.events(after, limit=CHUNK):
        for row in rows:
            line(msgspec.json.encode(row).decode())
        count, after = count + len(rows), rows[-1]["seq"]
    return count


async def tail(settings: Settings, number: int, follow: bool, say: Say) -> None:
    """The last `number` events in plain words; with `follow`, each new one too."""
    async with await reading(settings) as store:
        after = max(store.last_seq - number, 0)
        while True:
            async for entry in store.read(after=after):
                say(in_words(entry))
                after = entry.seq
            if not follow:
                return
            await asyncio.sleep(LOOK_S)


def in_words(entry: Recorded) -> str:
    """One entry on one line: number, time in UTC, type, and what it tells."""
    lines = [line for line in tell_all(entry) if not line.startswith(PASSED)]  # /why shows all the checks of an order
    told = "; ".join(lines) or msgspec.json.encode(entry.event).decode()
    text = "".join(c if c.isprintable() else " " for c in told)
    return f"{entry.seq:>6}  {entry.at:%Y-%m-%d %H:%M:%S}  {type(entry.event).__name__}: {text}"


# --- the database ----------------------------------------------------------------------------


async def upgrade(settings: Settings) -> str:
    """Apply the migrations that are missing.

    Raises:
        JournalError: a bot is using it, a newer Tiller made it, or it cannot be written.
    """
    async with await open_journal(settings.database.url) as store:
        return f"The database is up to date; its journal has {store.last_seq} events."


async def backup(settings: Settings, target: Path) -> str:
    """Copy the database, of whichever version, to a new file.

    Raises:
        JournalError: it is PostgreSQL, there is none, there is such a file, or it cannot be written.
    """
    if is_sqlite(settings.database.url):
        await copies.backup(sqlite_path(settings.database.url), target)
    else:
        async with await reading(settings) as store:
            await store.backup(target)
    return f"Saved in {target}."


async def restore(settings: Settings, source: Path, *, force: bool) -> str:
    """Put a backup in place of the database.

    Raises:
        JournalError: a bot is using it, it has more than the backup (unless `force`), or `source` is not a backup.
    """
    url = settings.database.url
    if is_sqlite(url) and not force:
        present, saved = _last(sqlite_path(url)), _last(source)
        if present is not None and saved is not None and present > saved:
            raise JournalError(
                f"The database has {present - saved} events more than the backup; they would be lost.",
                "With --force it is done; what is there now is kept aside.",
                code="JOURNAL_AHEAD",
            )
    kept = await restore_journal(url, source)
    return f"Restored from {source}." + (f" What was there is kept in {kept}." if kept else "")


def _last(path: Path) -> int | None:
    """The last entry of a database file; None if it has no journal that can be read."""
    if not path.is_file():
        return None
    with suppress(sqlite3.Error), closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as opened:
        return sqlite.tail(opened).seq
    return None


# --- tokens ----------------------------------------------------------------------------------


async def new_token(settings: Settings, role: str) -> str:
    """A new token; it is kept only as its hash.

    Raises:
        JournalError: the database cannot be used.
    """
    async with await _with_tokens(settings) as store:
        return await Tokens(store, settings.data_dir, SystemClock()).issue(Role.of(role))


async def tokens(settings: Settings) -> list[str]:
    """The valid tokens, a line each; never the tokens themselves."""
    async with await _with_tokens(settings) as store:
        found = await Tokens(store, settings.data_dir, SystemClock()).listed()
    return [f"{number:<10} {role:<7} {about}" for number, role, about in found] or ["There are no tokens yet."]


async def revoke_token(settings: Settings, which: str) -> str:
    """Refuse a token from now on.

    Raises:
        IntentError: there is no such token.
    """
    number = which.removeprefix("token:")
    async with await _with_tokens(settings) as store:
        if not number.isdecimal() or not await store.tokens.revoke(int(number), SystemClock().now()):
            raise IntentError(f"There is no token {which[:24]!r}.", "tiller token lists them.", code="NO_TOKEN")
    return f"Revoked: token:{number}."


async def _with_tokens(settings: Settings) -> JournalStore:
    """The database beside a running bot; made or brought up to date if no bot has done so yet."""
    try:
        return await reading(settings)
    except JournalError as why:
        if why.code not in ("JOURNAL_ABSENT", "JOURNAL_OLDER"):
            raise
    return await open_journal(settings.database.url)
