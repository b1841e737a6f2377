"""Limits and locks: lowering takes effect at once, raising is confirmed."""

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Literal

from handlers.context import Context, Role
from handlers.figures import CENT, moment, money, number, signed, span
from handlers.reply import Button, Reply, Table, Tone
from handlers.spec import Arg, Choice, command
from handlers.values import AccountName
from trading import events as e
from trading.control import Lock
from trading.errors import IntentError
from trading.instruments import Symbol
from trading.risk import limits


@command(group="risk", private=True)
async def risk(ctx: Context, account: Annotated[AccountName | None, Arg("Which account")] = None) -> Reply:
    """Show how much of each limit is used, and the room left today."""
    where = ctx.account(account)
    gate, currency = ctx.desk.gate, ctx.desk.valuation.currency
    rows = [
        (
            use.name,
            number(use.used.quantize(CENT)),
            limits.shown(use.name, use.limit, currency),
            bar(use.used, use.limit),
        )
        for use in gate.usage(where)
    ]
    text = (
        f"{where}: {ctx.book.state(where.name)}. Today {signed(gate.day_pnl(where), currency)},"
        f" room left today {money(gate.room_today(where), currency)}."
    )
    return Reply(text, table=Table.of(("Limit", "Used", "Limit is", ""), rows), private=True)


def bar(used: Decimal, limit: Decimal) -> str:
    """How full: ten blocks."""
    filled = min(int(used / limit * 10), 10) if limit else 0
    return "█" * filled + "░" * (10 - filled)


def _limit_names(ctx: Context) -> list[Choice]:
    return [Choice(name, spec.meaning) for name, spec in limits.LIMITS.items()]


@command(role=Role.ADMIN, group="risk")
async def limit(
    ctx: Context,
    name: Annotated[str, Arg("Which limit; /risk lists them", complete=_limit_names, example="max_order_value")],
    value: Annotated[str, Arg("The new value, or off", example="500")],
    *,
    account: Annotated[AccountName | None, Arg("Only this account; it can only be tighter there")] = None,
) -> Reply:
    """Set a risk limit; lowering is immediate, raising is confirmed."""
    currency = ctx.desk.valuation.currency
    wanted = limits.parse(name, value)
    before = getattr(ctx.desk.gate.effective(account or ""), name)
    where = account or "the desk"
    shown, was = limits.shown(name, wanted, currency), limits.shown(name, before, currency)
    if limits.loosens(name, before, wanted) and not ctx.confirmed:
        card = Reply(f"{name} of {where} is raised from {was} to {shown}.", tone=Tone.WARN)
        return await ctx.ask(card)
    await ctx.book.record(e.LimitChanged(account or "", name, limits.text_of(wanted), ctx.actor.id))
    text = f"{name} of {where} is now {shown} (was {was})."
    if account is not None:
        holds = limits.shown(name, getattr(ctx.desk.gate.effective(ctx.account(account)), name), currency)
        text += f" What holds for {account}: {holds}."
    return Reply.good(text)


# --- locks -----------------------------------------------------------------------------------


@command(role=Role.TRADER, group="risk")
async def lock(
    ctx: Context,
    symbol: Annotated[Symbol, Arg("Which symbol gets no new entries")],
    duration: Annotated[timedelta | None, Arg("For how long; until /unlock if left out", example="1h")] = None,
) -> Reply:
    """Let nothing new be opened in a symbol."""
    until = ctx.now + duration if duration else None
    await ctx.book.record(e.SymbolLocked(symbol, until, f"locked by {ctx.actor.name}", ctx.actor.id))
    how_long = f"for {span(duration)}" if duration else "until /unlock"
    return Reply.good(
        f"{symbol} is locked {how_long}; closing still works.", buttons=(Button("Unlock", f"/unlock {symbol}"),)
    )


@command(role=Role.TRADER, group="risk")
async def unlock(ctx: Context, symbol: Annotated[Symbol | Literal["all"], Arg("Which symbol, or all")]) -> Reply:
    """Let a symbol be traded again."""
    held = [x.symbol for x in ctx.book.all(Lock) if x.holds(ctx.now) and symbol in ("all", x.symbol)]
    if not held:
        raise IntentError(f"{symbol} is not locked.", "/locks lists what is.", code="NOT_LOCKED")
    await ctx.book.record(*(e.SymbolUnlocked(each, ctx.actor.id) for each in held))
    return Reply.good(f"Unlocked: {', '.join(held)}.")


@command(group="risk")
async def locks(ctx: Context) -> Reply:
    """List the locked symbols."""
    rows = [
        (x.symbol, moment(x.until, ctx.desk.timezone) if x.until else "until /unlock", x.reason)
        for x in ctx.book.all(Lock)
        if x.holds(ctx.now)
    ]
    return Reply("", table=Table.of(("Symbol", "Until", "Why"), rows)) if rows else Reply("Nothing is locked.")
