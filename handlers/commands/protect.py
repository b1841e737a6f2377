"""Stops and targets of what is open: OCO pairs, and changing the protection there is."""

from decimal import Decimal
from typing import Annotated

import msgspec

from handlers.accounts import account_in
from handlers.actor import Role
from handlers.cards import SETTLE_S, amended, headline, outcome, place, remedy, told
from handlers.context import Context
from handlers.figures import price
from handlers.reply import Reply
from handlers.spec import Arg, command
from handlers.values import AccountName, OrderRef
from trading.ids import order_id
from trading.instruments import Price, Side, Symbol
from trading.intent import Intent, Leg, Mode, OrderType, Size, Trail


@command(role=Role.TRADER, group="trade", dry=True)
async def oco(
    ctx: Context,
    symbol: Annotated[Symbol, Arg("Which holding to exit", held=True)],
    size: Annotated[Size, Arg("How much of it")],
    *,
    tp: Annotated[Price, Arg("Take profit", example="70000")],
    sl: Annotated[Price, Arg("Stop loss", example="55000")],
    account: Annotated[AccountName | None, Arg("Which account")] = None,
) -> Reply:
    """Exit at a target or at a stop, whichever comes first."""
    where = ctx.account(account)
    position = ctx.book.position(where, symbol)
    side = Side.BUY if position is not None and position.quantity < 0 else Side.SELL
    group = order_id(f"{ctx.key}:oco")
    stop = Intent(
        key=ctx.key,
        account=where,
        symbol=symbol,
        side=side,
        size=size,
        origin=ctx.origin,
        type=OrderType.STOP,
        stop_price=sl,
        leg=Leg.STOP_LOSS,
        reduce_only=True,
        group=group,
    )
    target = msgspec.structs.replace(
        stop, key=f"{ctx.key}:tp", type=OrderType.LIMIT, stop_price=None, limit_price=tp, leg=Leg.TAKE_PROFIT
    )
    return await place(ctx, stop, target, note=f"One cancels the other: stop {price(sl)}, target {price(tp)}.")


async def _protect(
    ctx: Context,
    what: Symbol | OrderRef,
    account: AccountName | None,
    mode: Mode | None,
    *,
    stop: Decimal | None = None,
    target: Decimal | None = None,
    trail: Trail | None = None,
) -> Reply:
    """Change the protection of a position, of a working entry, or of one protective order."""
    order = ctx.book.order(what) if isinstance(what, OrderRef) else None
    if order is not None and order.is_open:
        changed = await ctx.desk.protection.change_order(
            order, ctx.key, ctx.origin, stop=stop, target=target, trail=trail
        )
    else:
        where = order.account_id if order else account_in(ctx, account, mode)
        symbol = order.symbol if order else Symbol(what)
        changed = await ctx.desk.protection.change(
            ctx.key, where, symbol, ctx.origin, stop=stop, target=target, trail=trail
        )
    if not changed:
        return Reply.good("Noted: it is placed as soon as what is in its way is gone.")
    placed = [await ctx.desk.oms.settled((await amended(ctx, each)).id, SETTLE_S) for each in changed]
    replies = [told(each) for each in placed]
    lines = [f"{headline(each)}: {outcome(each)} {await remedy(ctx, each)}".strip() for each in placed]
    if all(reply.ok for reply in replies):
        name, value = _wish(stop, target, trail)
        waits = any(each.is_amending for each in placed)
        lines.insert(0, f"{name} of {placed[0].symbol}: {value}{', not answered by the venue yet' if waits else ''}.")
    worst = next((reply for reply in replies if not reply.ok), replies[0])
    return msgspec.structs.replace(worst, text="\n".join(lines))


def _wish(stop: Decimal | None, target: Decimal | None, trail: Trail | None) -> tuple[str, str]:
    """What was asked for, and its new value."""
    if trail is not None:
        return "Trailing stop", f"{trail} behind the best price"
    return ("Stop loss", price(stop)) if stop is not None else ("Take profit", price(target))


@command(role=Role.TRADER, group="trade")
async def sl(
    ctx: Context,
    what: Annotated[Symbol | OrderRef, Arg("A position's symbol, or an order", held=True)],
    stop: Annotated[Price, Arg("The new stop loss")],
    *,
    account: Annotated[AccountName | None, Arg("Which account")] = None,
    mode: Annotated[Mode | None, Arg("What was opened in this mode; the account's present one if left out")] = None,
) -> Reply:
    """Set the stop loss of a position or an order."""
    return await _protect(ctx, what, account, mode, stop=stop)


@command(role=Role.TRADER, group="trade")
async def tp(
    ctx: Context,
    what: Annotated[Symbol | OrderRef, Arg("A position's symbol, or an order", held=True)],
    target: Annotated[Price, Arg("The new take profit")],
    *,
    account: Annotated[AccountName | None, Arg("Which account")] = None,
    mode: Annotated[Mode | None, Arg("What was opened in this mode; the account's present one if left out")] = None,
) -> Reply:
    """Set the take profit of a position or an order."""
    return await _protect(ctx, what, account, mode, target=target)


@command(role=Role.TRADER, group="trade")
async def trail(
    ctx: Context,
    what: Annotated[Symbol | OrderRef, Arg("A position's symbol, or an order", held=True)],
    distance: Annotated[Trail, Arg("How far behind the best price: 500 or 1.5%")],
    *,
    account: Annotated[AccountName | None, Arg("Which account")] = None,
    mode: Annotated[Mode | None, Arg("What was opened in this mode; the account's present one if left out")] = None,
) -> Reply:
    """Let the stop of a position or an order follow the price."""
    return await _protect(ctx, what, account, mode, trail=distance)
