"""The day in one message, now or daily."""

from datetime import time
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from handlers.actor import Role
from handlers.context import Context
from handlers.destinations import destination, destinations
from handlers.digest import tell_period
from handlers.reply import Reply
from handlers.spec import Arg, command
from trading import events as e
from trading.audience import Digest
from trading.errors import IntentError


@command(group="account", audit=True, private=True)
async def digest(
    ctx: Context,
    at: Annotated[
        time | Literal["off"] | None, Arg("When it is told daily, or off; today's now if left out", example="21:00")
    ] = None,
    *,
    chat: Annotated[str | None, Arg("Where it is told; here if left out", complete=destinations)] = None,
) -> Reply:
    """Show today in short, or have it told daily at an hour of the desk's time zone.

    What is told daily is about the time since that hour of the day before, so that every trade is in one digest. A
    desk that was down at the hour tells it when it is back, at most 12 hours late.
    """
    if at is None and chat is None:
        start = ctx.now.astimezone(ZoneInfo(ctx.desk.timezone)).replace(hour=0, minute=0, second=0, microsecond=0)
        title = f"Today, {start:%a} {start.day} {start:%b %Y}, so far"
        return Reply("\n".join([await tell_period(ctx.desk, start, ctx.now, title), "", *_set(ctx)]))
    if at is None:
        raise IntentError("Say when: 21:00, or off.", "Example: /digest 21:00", code="NO_TIME")
    if ctx.actor.role < Role.TRADER:
        text = f"To change what a chat is told needs trader; you are {ctx.actor.role}."
        raise IntentError(text, "/digest shows today's now.", code="NOT_ALLOWED")
    where = destination(ctx, chat)
    known = ctx.book.get(Digest, where) or Digest(where)
    if at == "off":
        if not known.at:
            return Reply(f"No digest is told in {where}.")
        await ctx.book.record(e.DigestSet(where, "", ctx.actor.id))
        return Reply.good(f"No digest is told in {where} any more.")
    await ctx.book.record(e.DigestSet(where, f"{at:%H:%M}", ctx.actor.id))
    today = f"{ctx.now.astimezone(ZoneInfo(ctx.desk.timezone)):%Y-%m-%d}"
    later = " Today's was told already." if known.told >= today else ""
    return Reply.good(f"The digest is told daily at {at:%H:%M} {ctx.desk.timezone} in {where}.{later}")


def _set(ctx: Context) -> list[str]:
    """When and where the digest is told."""
    kept = [each for each in ctx.book.all(Digest) if each.at]
    return [f"Told daily at {each.at} in {each.destination}" for each in kept] or ["Daily: /digest 21:00"]
