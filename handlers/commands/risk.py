"""Limits and locks: lowering takes effect at once, raising is confirmed."""

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Literal

from handlers.accounts import chosen, stated_rates
from handlers.actor import Role
from handlers.context import Context
from handlers.figures import CENT, moment, money, number, signed
from handlers.reply import Button, Reply, Table, Tone
from handlers.spec import Arg, Choice, command
from handlers.values import AccountName
from trading import events as e
from trading.control import Lock
from trading.errors import IntentError, VenueError
from trading.instruments import Symbol
from trading.risk import limits
from trading.words import span

HIGHEST_LEVERAGE = 125  # that any venue of ours gives


@command(group="risk", private=True)
async def risk(ctx: Context, account: Annotated[AccountName | None, Arg("Only this account")] = None) -> Reply:
    """Show how much of each limit is used, and the room left today."""
    gate, currency = ctx.desk.gate, ctx.desk.valuation.currency
    lines, rows = [], []
    for each in chosen(ctx, account):
        label, room = str(each), gate.room_today(each)
        left = "no daily loss limit" if room is None else f"room left today {money(room, currency)}"
        lines.append(f"{label}: {ctx.book.state(each.name)}. Today {signed(gate.day_pnl(each), currency)}, {left}.")
        for use in gate.usage(each):
            used, most = number(use.used.quantize(CENT)), limits.shown(use.name, use.limit, currency)
            rows.append((label, use.name, used, most, bar(use.used, use.limit)))
    lines += stated_rates(ctx.desk.valuation)
    table = Table.of(("Account", "Limit", "Used", "Limit is", ""), rows, ("Limit", "Used", "Limit is", ""))
    return Reply("\n".join(lines), table=table, private=True)


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
        card = Reply(f"{name} of {where} goes from {was} to {shown}, which lets more orders pass.", tone=Tone.WARN)
        return await ctx.ask(card)
    await ctx.book.record(e.LimitChanged(account or "", name, limits.text_of(wanted), ctx.actor.id))
    text = f"{name} of {where} is now {shown} (was {was})."
    if account is not None:
        holds = limits.shown(name, getattr(ctx.desk.gate.effective(ctx.account(account)), name), currency)
        text += f" What holds for {account}: {holds}."
    return Reply.good(text)


@command(role=Role.TRADER, group="risk", audit=True)
async def leverage(
    ctx: Context,
    symbol: Annotated[Symbol, Arg("Which contract")],
    times: Annotated[int, Arg("How many times its own money a position may be worth", example="2")],
    *,
    account: Annotated[AccountName | None, Arg("Which account")] = None,
) -> Reply:
    """Set the leverage of a contract at its venue; the limit max_leverage stays as it is."""
    where = ctx.account(account)
    executor = ctx.desk.oms.executors[where]
    if not executor.capabilities.leverage:
        raise IntentError(f"{where} has no leverage to set.", "/limit max_leverage 2 limits what the desk may do.")
    if not 1 <= times <= HIGHEST_LEVERAGE:
        raise IntentError(f"Leverage is 1 to {HIGHEST_LEVERAGE}.", f"Write /leverage {symbol} 2.", code="BAD_NUMBER")
    if not ctx.confirmed:
        return await ctx.ask(Reply(f"{where}: leverage of {symbol} becomes {times}x.", tone=Tone.WARN))
    try:
        await executor.set_leverage(symbol, times)
    except VenueError as why:
        raise IntentError(f"The leverage stays as it was: {why}", code=why.code) from None
    return Reply.good(f"{where}: {symbol} is at {times}x.")


# --- locks -----------------------------------------------------------------------------------


@command(role=Role.TRADER, group="risk")
async def lock(
    ctx: Context,
    symbol: Annotated[Symbol, Arg("Which symbol gets no new entries")],
    duration: Annotated[timedelta | None, Arg("For how long; until /unlock if left out", example="1h")] = None,
) -> Reply:
    """Let nothing new be opened in a symbol."""
    until = ctx.now + duration if duration else None
    await ctx.book.record(e.SymbolLocked(symbol, until, "", ctx.actor.id))
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
        (x.symbol, moment(x.until, ctx.desk.timezone) if x.until else "until /unlock", x.actor, x.reason or "-")
        for x in ctx.book.all(Lock)
        if x.holds(ctx.now)
    ]
    return Reply("", table=Table.of(("Symbol", "Until", "By", "Why"), rows)) if rows else Reply("Nothing is locked.")
