"""`tiller kill` and `tiller resume`: the desk is halted, whether the bot answers, hangs or is down."""

import asyncio
from collections.abc import Callable, Mapping

from bot import kill_file
from bot.client import Client, connect
from bot.settings.models import Settings
from handlers.accounts import released_text
from handlers.story import killing
from trading.errors import ConfigError, JournalError, TradingError
from trading.ids import derive
from trading.intent import Origin
from trading.journal.store import open_journal
from trading.words import counted

FOLLOWED_S = 10.0  # how long the steps of a kill are shown
OBEYED_S = 3.0  # a bot that is well obeys the KILL file within one
LOOK_S = 0.1
RECENT = 500  # entries looked back at: the bot may have begun before it was asked
HANGS_S = 5.0  # a bot that takes longer to answer is not waited for
SHELL = Origin("local:shell", "file", "KILL file")

Say = Callable[[str], None]
Load = Callable[[], Settings]


async def kill(settings: Load, environ: Mapping[str, str], *, flatten: bool, say: Say) -> int:
    """Put the KILL file there, then follow what the bot does; with the bot down, latch in its journal.

    Answers 0 once the desk is halted, 1 if that is not known yet.

    Raises:
        TradingError: the file cannot be written, or the bot of TILLER_URL refused.
    """
    if environ.get("TILLER_URL"):  # another machine's data directory is not here
        async with connect(settings, environ) as client:
            return await _ask(client, "/kill flatten=yes" if flatten else "/kill", say)
    try:
        known = settings()
    except ConfigError as why:
        remedy = "A file named KILL in the bot's data directory halts it too; with the word flatten in it, closes all."
        raise ConfigError(f"{why} Nothing was halted.", remedy) from None
    if not known.data_dir.is_dir():
        remedy = "Name the bot's own with --data-dir or --config."
        raise ConfigError(f"There is no desk in {known.data_dir.absolute()}; nothing was halted.", remedy)
    key = _put_file(known, flatten, say)
    try:
        async with connect(settings, environ, HANGS_S) as client:
            return await _follow(client, derive("kill", key), flatten, say)
    except TradingError as why:
        if why.code != "NO_BOT":
            say("The bot does not answer." if why.code == "NO_ANSWER" else str(why))
            say("It obeys the file as soon as it looks, at the latest when it is started again.")
            return 1
    return await _latch(known, key, flatten, say)


async def resume(settings: Load, environ: Mapping[str, str], *, say: Say) -> int:
    """Release every latch and take the KILL file away, through the bot or, with the bot down, in its journal.

    Raises:
        TradingError: the bot or the journal refused.
    """
    try:
        async with connect(settings, environ) as client:
            return await _ask(client, "/resume", say)
    except ConfigError as why:
        if why.code != "NO_BOT" or environ.get("TILLER_URL"):
            raise
    from bot.standby import standby  # a whole desk: only where none is running

    known = settings()
    file = known.data_dir / "KILL"
    async with await open_journal(known.database.url) as store:
        desk = await standby(known, store)
        released = await desk.killer.resume("all", SHELL)
        there = file.exists()
        desk.clear_kill_file()
    if not released and not there:
        say("The desk was not halted or paused.")
        return 0
    for latch in released:
        say(released_text(latch, known.timezone))
    say("Released. No Tiller runs now; the next start trades again.")
    return 0


async def _ask(client: Client, line: str, say: Say) -> int:
    reply = await client.run(line)
    say(reply["text"])
    return 0 if reply["ok"] else 1


def _put_file(settings: Settings, flatten: bool, say: Say) -> str:
    """Write the KILL file; answers the key of the kill that it asks for."""
    file = settings.data_dir / "KILL"
    try:
        kill_file.write(file, flatten=flatten)
    except OSError as why:
        raise ConfigError(f"{file} cannot be written: {why.strerror}.", "Use the bot's own user.") from None
    say(f"Wrote {file}: a bot obeys it within a second, or when it starts.")
    asked = kill_file.read(file)
    assert asked is not None, "it was just written"
    return asked[0]


async def _follow(client: Client, kill_id: str, flatten: bool, say: Say) -> int:
    """Show each step of the kill until it is done or time is over; ask for it once more if the file is not obeyed."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    seen = max(int((await client.get("status"))["last_seq"]) - RECENT, 0)
    begun = False
    while loop.time() - began < FOLLOWED_S:
        for event in await client.get("events", after=seen, limit=1000):
            seen = event["seq"]
            if event["payload"].get("kill_id") == kill_id:
                begun = True
                say("The desk is HALTED." if event["type"] == "KillStarted" else f"- {event['payload']['text']}")
                if event["type"] == "KillFinished":
                    return 0
        if not begun and loop.time() - began > OBEYED_S:
            return await _ask(client, "/kill flatten=yes" if flatten else "/kill", say)
        await asyncio.sleep(LOOK_S)
    say("Not done yet; the bot keeps trying. Watch it: tiller journal tail -f")
    return 0


async def _latch(settings: Settings, key: str, flatten: bool, say: Say) -> int:
    """With no bot there: latch in the journal, by the same key as the file, so that it is one kill."""
    from bot.standby import standby  # a whole desk: only where none is running

    try:
        async with await open_journal(settings.database.url) as store:
            desk = await standby(settings, store)
            await desk.killer.kill(key, "all", SHELL, flatten=flatten, reason="KILL file")
            orders, positions = len(desk.book.open_orders()), len(desk.book.positions())
    except JournalError as why:
        if why.code != "JOURNAL_IN_USE":
            raise
        say("A bot holds the journal but does not answer: it obeys the file once it runs on, or when it starts again.")
        return 1
    except ConfigError as why:
        say(f"No Tiller runs, and the desk cannot be opened here: {why}")
        say("It is halted by the file at the next start.")
        return 1
    held = f"{counted(orders, 'open order')} and {counted(positions, 'position')}"
    say(f"No Tiller runs; the desk is HALTED in its journal, with {held}.")
    say(f"At the next start {killing(flatten)}; nothing new until: tiller resume")
    return 0
