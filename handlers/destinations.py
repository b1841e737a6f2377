"""Which place of a chat a line is about: the one it names, the one it was said in, or the only one there is."""

from collections.abc import Iterator

from handlers.context import Context
from handlers.literals import cut
from handlers.spec import Choice
from trading.errors import IntentError


def destinations(ctx: Context) -> Iterator[Choice]:
    """The places that are told things."""
    for name in ctx.desk.destinations():
        yield Choice(name, "here" if name == ctx.place else "")


def destination(ctx: Context, named: str | None) -> str:
    """The place that a line is about.

    Raises:
        IntentError: it names none that is told things, or names none where there are several.
    """
    known = list(ctx.desk.destinations())
    if not known:
        remedy = "Add a chat to [telegram] chats or [discord] channels of the settings."
        raise IntentError("No chat is told anything.", remedy, code="NO_CHAT")
    if named is not None:
        if named in known:
            return named
        raise IntentError(f"{cut(named)} is not told anything.", f"Chats are {', '.join(known)}.", code="NO_CHAT")
    if ctx.place in known:
        return ctx.place
    if len(known) == 1:
        return known[0]
    raise IntentError("Say which chat.", f"Add chat={' or chat='.join(known)}.", code="NO_CHAT")
