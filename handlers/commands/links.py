"""Signing in at the dashboard from a chat."""

from handlers.confirm import UNATTENDED
from handlers.context import Context
from handlers.reply import Reply
from handlers.spec import command
from trading.errors import IntentError
from trading.words import span

GROUP = "telegram:-"
"""How the places begin where others would read the answer: a Discord server shows it to the asker alone."""
SHOWN_ONCE = "The link was shown once; another: /link"
LOCAL_ONLY = "It works on the desk's own machine only. For other places set [web] url, the address that leads here."


@command(group="system", audit=True)
async def link(ctx: Context) -> Reply:
    """Sign in at the dashboard: a link that works once, as you.

    Whoever opens it first is signed in as you, and may do there what you may. Ask for it in private.
    """
    if ctx.surface in UNATTENDED or ctx.actor.automatic:
        raise IntentError("A link is for a person's eyes.", "Ask for it yourself.", code="NOT_ALLOWED")
    if ctx.place.startswith(GROUP):
        raise IntentError("A link is for your eyes only.", "Ask me in private: /link", code="ASK_IN_PRIVATE")
    made = ctx.desk.link(ctx.actor)
    lines = [
        f"Open this within {span(made.life)}. It signs you in as {ctx.actor.id}, {ctx.actor.role}, and works once:",
        made.address,
        *([] if made.leads_here else [LOCAL_ONLY]),
    ]
    return Reply.good("\n".join(lines), private=True, kept=SHOWN_ONCE)
