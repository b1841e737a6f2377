"""`tiller kill` and `tiller resume`: the desk is halted, whether the bot answers, hangs or is down."""

import asyncio
from collections.abc import Callable, Mapping

from bot import kill_file
from bot.client import Client, connect
from bot.settings import Settings
from trading.clock import SystemClock
from trading.errors import ConfigError, JournalError, TradingError
from trading.ids import derive
from trading.intent import Origin
from trading.journal.store import open_journal

FOLLOWED_S = 10.0  # how long the steps of a kill are shown
OBEYED_S = 3.0  # a bot that is well obeys the KILL file within one
LOOK_S = 0.1
SHELL = Origin("local:shell", "file", "tiller kill")
LATER = "At the next start: orders that could open something are cancelled{more}; nothing new until `tiller resume`."

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
    known = settings()
    file = known.data_dir / "KILL"
    try:
        known.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        kill_file.write(file, flatten=flatten)
    except OSError as why:
        raise ConfigError(f"{file} cannot be written: {why.strerror}.", "Use the bot's own user.") from None
    say(f"{file} is there: no start goes past it.")
    asked = kill_file.read(file)
    assert asked is not None, "it was just written"
    try:
        async with connect(settings, environ) as client:
            return await _follow(client, derive("kill", asked[0]), flatten, say)
    except ConfigError as why:
        if why.code != "NO_BOT":
            say(f"The bot was not asked: {why}")
            return 1
    return await _latch(known, asked[0], flatten, say)


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
    for line in released:
        say(line)
    say("Released. No Tiller runs now; the next start trades again.")
    return 0


async def _ask(client: Client, line: str, say: Say) -> int:
    reply = await client.run(line)
    say(reply["text"])
    return 0 if reply["ok"] else 1


async def _follow(client: Client, kill_id: str, flatten: bool, say: Say) -> int:
    """Show each step of the kill until it is done or time is over; ask for it once more if the file is not obeyed."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    seen = int((await client.get("status"))["last_seq"])
    begun = await _begun(client, kill_id, seen)
    while loop.time() - began < FOLLOWED_S:
        for event in await client.get("events", after=seen, limit=1000):
            seen = event["seq"]
            if event["payload"].get("kill_id") != kill_id:
                continue
            begun = True
            if event["type"] == "KillStarted":
                say("The desk is HALTED.")
            else:
                say(f"- {event['payload']['text']}")
            if event["type"] == "KillFinished":
                return 0
        if not begun and loop.time() - began > OBEYED_S:
            return await _ask(client, "/kill flatten=yes" if flatten else "/kill", say)
        await asyncio.sleep(LOOK_S)
    say("Still at it; the bot goes on by itself. See: tiller journal tail -f")
    return 0
