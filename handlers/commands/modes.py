"""Paper and live: which mode an account's new orders use, and the ceremony of going live."""

from datetime import timedelta
from typing import Annotated, Literal

from handlers.accounts import options
from handlers.actor import Role
from handlers.context import Context
from handlers.figures import moment, money, number
from handlers.reply import Button, Reply, Table, Tone
from handlers.spec import Arg, command
from handlers.values import AccountName
from trading import events as e
from trading.control import AccountMode
from trading.errors import IntentError
from trading.intent import AccountId, Mode
from trading.words import span

PAPER_VENUE = "paper"  # where LIVE is a rehearsal
MONEY = {
    "live": "From then on its orders are real there, and made with REAL MONEY.",
    "demo": "From then on its orders are real there, but the money is a demo's: play money.",
    "testnet": "From then on its orders are real there, but the money is a test network's: play money.",
    "": "From then on its orders are real there. Whether the money is real cannot be told now: take it for real.",
}
"""What orders are made with, by where they go; empty: not known."""


@command(role=Role.VIEWER, group="control", audit=True)
async def mode(
    ctx: Context,
    account: Annotated[AccountName | None, Arg("Which account")] = None,
    to: Annotated[Literal["paper", "live"] | None, Arg("paper or live; shows the mode if left out")] = None,
    duration: Annotated[timedelta | None, Arg("Back to paper after this: 8h")] = None,
) -> Reply:
    """Show an account's mode, or switch it between paper and live."""
    if to is None:
        return _modes(ctx, account)
    where = ctx.account(account)
    if to == "paper":
        return await _to_paper(ctx, where)
    if ctx.actor.role < Role.ADMIN:
        raise IntentError(f"Going live needs admin; you are {ctx.actor.role}.", "Ask an admin.", code="NOT_ALLOWED")
    live = AccountId(where.name, Mode.LIVE)
    if why := ctx.desk.closed.get(live):
        raise IntentError(f"{where.name} cannot go live: {why}", code="NO_LIVE_VENUE")
    if where.mode is Mode.LIVE and duration is None:
        return Reply(f"{where.name} is LIVE already.")
    if not ctx.confirmed:
        return await ctx.ask(_live_card(ctx, live, duration), phrase=f"go live {where.name}")
    until = ctx.now + duration if duration else None
    await ctx.book.record(e.ModeChanged(where.name, Mode.LIVE, ctx.actor.id, until))
    return Reply(f"{where.name} is LIVE{f' for {span(duration)}' if duration else ''}.", tone=Tone.WARN)


def _modes(ctx: Context, account: str | None) -> Reply:
    rows = []
    for each in map(ctx.account, [account] if account else ctx.desk.accounts):
        switch = ctx.book.get(AccountMode, each.name)
        until = moment(switch.until, ctx.desk.timezone) if switch and switch.until and each.mode is Mode.LIVE else "-"
        rows.append((each.name, _venue(ctx, each), each.mode.upper(), until))
    return Reply("", table=Table.of(("Account", "Venue", "Mode", "Until"), rows))


def _venue(ctx: Context, account: AccountId) -> str:
    """`paper`, `binance testnet`, `mt5 live`; without what is not known."""
    venue = ctx.desk.oms.executors[account].venue
    return venue if venue == PAPER_VENUE else f"{venue} {ctx.desk.environment(account.name)}".rstrip()


def _live_card(ctx: Context, live: AccountId, duration: timedelta | None) -> Reply:
    desk, currency = ctx.desk, ctx.desk.valuation.currency
    limits = desk.gate.effective(live)
    venue = desk.oms.executors[live].venue
    where = f"{_venue(ctx, live)}, account {desk.account_number(live.name)}"
    real = MONEY[desk.environment(live.name)]
    if venue == PAPER_VENUE:
        where = "its paper venue"
        real = "This is a rehearsal: the venue is a paper one and nothing is real, but the rules are those of LIVE."
    lines = [
        f"{live.name} goes LIVE at {where}, {f'for {span(duration)}' if duration else 'until switched back'}.",
        f"{real} Order limit {money(limits.max_order_value, currency)},"
        f" daily loss limit {money(limits.max_daily_loss, currency)}.",
    ]
    lines += [f"It cannot trade yet: {why}"] if (why := desk.unready.get(live)) else []
    running = [name for name in desk.strategies if desk.runner.running(name) and desk.runner.account(name) == live.name]
    lines += [f"Strategies that will trade it: {', '.join(running)}."] if running else []
    return Reply("\n".join(lines), tone=Tone.WARN)


async def _to_paper(ctx: Context, where: AccountId) -> Reply:
    if ctx.actor.role < Role.TRADER:
        raise IntentError(f"This needs trader; you are {ctx.actor.role}.", "Ask a trader.", code="NOT_ALLOWED")
    live = AccountId(where.name, Mode.LIVE)
    await ctx.book.record(e.ModeChanged(where.name, Mode.PAPER, ctx.actor.id))
    stays = [f"{number(p.quantity)} {p.symbol}" for p in ctx.book.positions(live)]
    stays += [f"{o.side} {number(o.quantity)} {o.symbol} ({o.id[:6]})" for o in ctx.book.open_orders(live)]
    text = f"{where.name} is on PAPER; new orders are simulated."
    if not stays:
        return Reply.good(text)
    text += f"\nStill open on {live}: {', '.join(stays)}."
    closing = Button("Close LIVE", f"/close all {options(ctx.book, live)}")
    return Reply(text, tone=Tone.WARN, buttons=(closing,) if ctx.book.positions(live) else ())
