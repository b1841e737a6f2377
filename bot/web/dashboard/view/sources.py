"""The sources of alerts as their page shows them, never their secrets; and the messages to paste beside an address."""

from bot.app import App
from bot.web.dashboard.view.cells import Shape
from handlers.commands.webhooks import KEEP_IT, described
from handlers.sources import SourceCard, Sources
from handlers.tradingview.messages import ABOUT, Kind, message_for


def sources(app: App) -> Shape:
    """Each source with what it may do, those of the settings first; and the accounts that a new one may trade."""
    known = app.desk.sources
    found = [
        {
            "name": card.name,
            "told": _told(known, card),
            "address": known.address(card.name),
            "is_made": card.is_made,
        }
        for card in known.cards()
    ]
    return {"problem": known.problem, "sources": found, "accounts": list(app.desk.accounts)}


def _told(known: Sources, card: SourceCard) -> str:
    """What follows its name."""
    return "\n".join(filter(None, [*described(card), known.refusals(card.name)])).removeprefix(f"{card.name} ")


def pasted() -> Shape:
    """What never changes: the ready messages, and what is said of an address that was just made."""
    messages = [{"name": kind.capitalize(), "about": ABOUT[kind], "text": message_for(kind)} for kind in Kind]
    return {"messages": messages, "keep": KEEP_IT}
