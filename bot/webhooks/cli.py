"""`tiller webhook`: the sources of alerts, with the bot up or down; one that runs knows at once what changes."""

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from bot.place import Place, command
from trading.errors import ConfigError

webhook = typer.Typer(no_args_is_help=True, help="Sources of alerts, such as TradingView: make, list, try, rotate.")
Name = Annotated[str, typer.Argument(metavar="NAME", help="A word of your own, such as pine.")]


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - what was asked for


@command(webhook)
def new(
    place: Place,
    name: Name,
    account: Annotated[str, typer.Option(help="The account it trades; else the first.")] = "",
    role: Annotated[str, typer.Option(help="What it may do: viewer, trader or admin.")] = "trader",
    confirm: Annotated[str, typer.Option(help="What a person must confirm: never, above:VALUE, always.")] = "never",
    allow_ips: Annotated[str, typer.Option(help="tradingview, or addresses with commas; empty: any.")] = "",
) -> None:
    """Make a source: print its address, shown this once, and messages to paste into an alert."""
    from bot.folder import prepare
    from bot.webhooks.sources import Sources
    from handlers.actor import Role
    from handlers.commands.webhooks import welcome

    settings = place.settings()
    prepare(settings.data_dir)
    Role.of(role)
    more = {"confirm": confirm, **({"allow_ips": allow_ips} if allow_ips else {})}
    chosen = account or next(iter(settings.accounts))
    say(welcome(name, Sources(settings).make(name, chosen, role, **more)))


@command(webhook, "list")
def list_(place: Place) -> None:
    """List the sources; never their secrets."""
    from bot.webhooks.sources import Sources

    sources = Sources(place.settings())
    if sources.problem:
        raise ConfigError(sources.problem, "Put it right, or away.")
    cards = sources.cards()
    for card in cards:
        where = card.problem or ("made here" if card.is_made else "settings")
        conditions = f", {card.conditions}" if card.conditions else ""
        say(f"{card.name:<12} {card.role} on {card.account}, confirm {card.confirm}{conditions} ({where})")
    if not cards:
        say("There are no sources yet. Make one: tiller webhook new pine")


@command(webhook)
def rotate(place: Place, name: Name) -> None:
    """Give a source a new secret and print its address; the old one is worthless at once."""
    from bot.webhooks.sources import Sources

    say(Sources(place.settings()).rotate(name))


@command(webhook)
def remove(place: Place, name: Name) -> None:
    """End a source: its alerts are refused from now on."""
    from bot.webhooks.sources import Sources

    Sources(place.settings()).remove(name)
    say(f"{name} is removed.")


@command(webhook)
def test(
    place: Place,
    name: Name,
    body: Annotated[Path, typer.Option(metavar="FILE", help="The message, as TradingView would send it.")],
) -> int:
    """Show how a message is read, each check and the exact request; nothing is stored or sent."""
    from bot.offline import try_alert
    from handlers.reply import as_text

    try:
        content = body.read_bytes()
    except OSError as why:
        raise ConfigError(f"{body} cannot be read: {why.strerror}.", "Name the file of the message.") from None
    reply = asyncio.run(try_alert(place.settings, os.environ, name, content))
    say(as_text(reply))
    return 0 if reply.ok and not reply.error else 1
