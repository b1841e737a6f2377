"""The command line. What a command needs beyond the settings is loaded when it runs: `--help` waits for no library."""

import asyncio
import os
import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bot.place import ConfigFile, DataDir, Place, command
from bot.webhooks.cli import webhook
from trading.errors import ConfigError

UNFOLDED = 10_000  # characters of a line that nobody sees at a terminal: programs want one row a line
LATER = ("backtest", "optimize", "data")

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Tiller, a trading desk run from chat.",
)
journal = typer.Typer(no_args_is_help=True, help="The record of everything: prove it, read it, export it.")
db = typer.Typer(no_args_is_help=True, help="The database: migrations and backups.")

OrderRef = Annotated[str, typer.Argument(metavar="ID", help="An order's id, or how it begins.")]


class TokenRole(StrEnum):
    VIEWER = "viewer"
    TRADER = "trader"
    ADMIN = "admin"


@cli.callback()
@journal.callback()
@db.callback()
@webhook.callback()
def name_place(context: typer.Context, config: ConfigFile = None, data_dir: DataDir = None) -> None:
    context.obj = (context.obj or Place()).nearer(config, data_dir)


def say(line: str) -> None:
    """Show a line at once, also to a pipe."""
    print(line, flush=True)


def _width() -> int:
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else UNFOLDED


# --- the bot ---------------------------------------------------------------------------------


@command(cli)
def run(
    place: Place,
    port: Annotated[int | None, typer.Option(metavar="N", help="Port of console and API; 0 takes a free one.")] = None,
) -> None:
    """Run the bot."""
    settings = place.settings(port)
    from bot.serve import serve

    def tell(line: str) -> None:
        with suppress(OSError):  # the desk goes on, whether or not somebody reads what it prints
            say(line)

    asyncio.run(serve(settings, tell))


@command(cli)
def check(place: Place) -> int:
    """Check settings, data directory, database, port and accounts; a table of pass and fail, with the remedy."""
    from bot.check import check as look

    async def show() -> int:
        failed = 0
        async for finding in look(place.settings):
            say(f"{'pass' if finding.passed else 'FAIL'}  {finding.name:<16} {finding.text}")
            failed += not finding.passed
        return 1 if failed else 0

    return asyncio.run(show())


@command(cli)
def link(place: Place) -> None:
    """Print a fresh one-time link that signs in at the console of the running bot, by each of its addresses."""
    from bot.client import connect

    async def ask() -> list[str]:
        async with connect(place.settings, os.environ) as client:
            return await client.link()

    for address in asyncio.run(ask()):
        say(address)


@command(cli)
def bridge(place: Place) -> None:
    """Run beside an MT5 terminal, and make the calls that a bot elsewhere asks for: see docs/mt5.md."""
    from bot.bridge.serve import serve

    asyncio.run(serve(place.settings(), say))


# --- commands of the desk --------------------------------------------------------------------


@command(cli)
def chat(
    place: Place,
    line: Annotated[str | None, typer.Option("-c", metavar="LINE", help="Run this one command.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the reply as JSON.")] = False,
) -> int:
    """A console on the running bot: Tab completes, alerts arrive as they happen. With -c, one command."""
    from bot.client import connect

    client = connect(place.settings, os.environ)
    if line is not None or not sys.stdin.isatty():
        from bot.chats.shown import ask

        lines = sys.stdin if line is None else [line]
        return 0 if asyncio.run(ask(client, lines, say, _width(), as_json=as_json)) else 1
    from bot.chats.terminal import Terminal, history_file

    return asyncio.run(Terminal(client, history_file(place.settings, os.environ)).run())


@command(cli)
def why(place: Place, order: OrderRef) -> int:
    """Tell an order's whole life, with the bot up or down."""
    from bot.offline import ask_anywhere
    from handlers.reply import as_text

    reply = asyncio.run(ask_anywhere(place.settings, os.environ, f"/why {order}"))
    say(as_text(reply, _width()))
    return 0 if reply.ok else 1


@command(cli)
def kill(
    place: Place, flatten: Annotated[bool, typer.Option("--flatten", help="Also close every position.")] = False
) -> int:
    """Halt the desk, with the bot up or down: nothing new, cancel what could open something."""
    from bot.halt import kill as halt

    return asyncio.run(halt(place.settings, os.environ, flatten=flatten, say=say))


@command(cli)
def resume(place: Place) -> int:
    """Release the kill switch and every pause, with the bot up or down."""
    from bot.halt import resume as release

    return asyncio.run(release(place.settings, os.environ, say=say))


# --- the journal -----------------------------------------------------------------------------


@command(journal)
def verify(place: Place) -> None:
    """Prove that nothing in the journal was changed, and that every table is what the journal says."""
    from bot.offline import reading
    from bot.proof import verify as prove

    async def look() -> int:
        async with await reading(place.settings()) as store:
            return await prove(store)

    say(f"{asyncio.run(look())} events, chain unbroken, projections equal")


@command(journal)
def export(
    place: Place,
    to: Annotated[Path | None, typer.Option("--to", metavar="FILE", help="A new file; else standard output.")] = None,
) -> None:
    """Write every event as one line of JSON."""
    from bot.offline import export as write

    asyncio.run(write(place.settings(), to, say))


@command(journal)
def tail(
    place: Place,
    number: Annotated[int, typer.Option("-n", min=0, metavar="N", help="How many of the last events.")] = 20,
    follow: Annotated[bool, typer.Option("-f", help="Go on as it grows, until Ctrl-C.")] = False,
) -> None:
    """Show the last events in plain words."""
    from bot.offline import tail as show

    with suppress(KeyboardInterrupt):  # the usual end of following
        asyncio.run(show(place.settings(), number, follow, say))


# --- the database ----------------------------------------------------------------------------


@command(db)
def upgrade(place: Place) -> None:
    """Bring the database up to this version (`tiller run` does so too)."""
    from bot.offline import upgrade as bring

    say(asyncio.run(bring(place.settings())))


@command(db)
def backup(place: Place, file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file.")]) -> None:
    """Copy the database into one file, with the bot up or down."""
    from bot.offline import backup as copy

    say(asyncio.run(copy(place.settings(), file)))


@command(db)
def restore(
    place: Place,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Made by: tiller db backup")],
    force: Annotated[bool, typer.Option("--force", help="Also over a journal that has more than the backup.")] = False,
) -> None:
    """Put a backup in place of the database; what was there is kept aside."""
    from bot.offline import restore as put_back

    say(asyncio.run(put_back(place.settings(), file, force=force)))


@command(cli)
def token(
    place: Place,
    new: Annotated[bool, typer.Option("--new", help="Make one and print it: it is shown this once.")] = False,
    role: Annotated[TokenRole, typer.Option(help="What the new one may do.")] = TokenRole.ADMIN,
    revoke: Annotated[str, typer.Option(metavar="ID", help="Refuse this one from now on.")] = "",
) -> None:
    """List the API tokens, make one, or revoke one."""
    from bot import offline

    settings = place.settings()
    if new:
        say(asyncio.run(offline.new_token(settings, role)))
    elif revoke:
        say(asyncio.run(offline.revoke_token(settings, revoke)))
    else:
        for line in asyncio.run(offline.tokens(settings)):
            say(line)


# --- the pages -------------------------------------------------------------------------------


@command(cli)
def docs(
    place: Place,
    stale: Annotated[bool, typer.Option("--check", help="Write nothing; fail if a page is not up to date.")] = False,
    folder: Annotated[Path | None, typer.Option(metavar="DIR", help="The checkout; else this one.")] = None,
) -> None:
    """Write the pages that are made from the code."""
    from bot import pages

    root = folder or pages.ROOT
    if stale:
        pages.check(root)
    for path in [] if stale else pages.write(root):
        say(f"wrote {path}")


def _later(name: str) -> Callable[[typer.Context], None]:
    def absent(context: typer.Context) -> None:
        """Comes with a later version."""
        raise ConfigError(f"`tiller {name}` is not part of this version.", "It comes with a later one.")

    return absent


for _name in LATER:
    _anything = {"ignore_unknown_options": True, "allow_extra_args": True, "allow_interspersed_args": False}
    cli.command(_name, context_settings=_anything, hidden=True)(_later(_name))
cli.add_typer(journal, name="journal")
cli.add_typer(db, name="db")
cli.add_typer(webhook, name="webhook")
