"""Stops and targets of what is open: OCO pairs, and changing the protection there is."""

from decimal import Decimal
from typing import Annotated

import msgspec

from handlers.accounts import account_in
from handlers.actor import Role
from handlers.cards import SETTLE_S, amended, checks, headline, outcome, place, remedy, told
from handlers.context import Context
from handlers.figures import price, sentence
from handlers.reply import Reply, Tone
from handlers.spec import Arg, command
from handlers.values import AccountName, OrderRef
from trading.cover import IN_THE_WAY, Wish
from trading.ids import order_id
from trading.instruments import ZERO, Price, Symbol
from trading.intent import Intent, Leg, Mode, OrderType, Size, Trail
from trading.portfolio import closing_side
from trading.ports import Approved
from trading.protection import Change
from trading.risk.gate import Denied


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
    side = closing_side(position.quantity if position else ZERO)
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
    protection, wish = ctx.desk.protection, Wish(stop, target, trail)
    order = ctx.book.order(what) if isinstance(what, OrderRef) else None
    if order is not None and order.is_open:
        change = protection.change_of_order(order, wish)
    else:
        where = order.account_id if order else account_in(ctx, account, mode)
        change = protection.change_of(where, order.symbol if order else Symbol(what), wish)
    if ctx.dry:
        return _tried(ctx, change)
    changed = await protection.make(ctx.key, change, ctx.origin)
    if not changed:
        return Reply.good("Noted: it is placed as soon as what is in its way is gone.")
    placed = [await ctx.desk.oms.settled((await amended(ctx, each)).id, SETTLE_S) for each in changed]
    replies = [told(each) for each in placed]
    lines = [f"{headline(each)}: {outcome(each, ctx.book)} {await remedy(ctx, each)}".strip() for each in placed]
    if all(reply.ok for reply in replies):
        name, value = _wish(stop, target, trail)
        waits = any(each.is_amending for each in placed)
        lines.insert(0, f"{name} of {placed[0].symbol}: {value}{', not answered by the venue yet' if waits else ''}.")
    worst = next((reply for reply in replies if not reply.ok), replies[0])
    return msgspec.structs.replace(worst, text="\n".join(lines))


def _tried(ctx: Context, change: Change) -> Reply:
    """What would be done, each check and the exact request; nothing is sent."""
    trial = ctx.desk.protection.trial(ctx.key, change, ctx.origin)
    lines: list[str] = []
    verdicts = [verdict for *_, verdict in trial.moved] + [verdict for _, verdict in trial.sent]
    for before, after, verdict in trial.moved:
        lines += [f"Would change {headline(before)}", f"to           {headline(after)}", *checks(verdict)]
        lines += [f"It would stand as: {_request(ctx, verdict)}"] if isinstance(verdict, Approved) else []
    if change.entry is not None and not trial.moved:
        name, value = _wish(*change.wish)
        lines.append(f"Would note for {headline(change.entry)}: {name.lower()} {value}, placed as it fills.")
    lines += [f"Would cancel {headline(leg)}" for leg in trial.gone]
    for orders, verdict in trial.sent:
        lines += ["", *(headline(each) for each in orders), *checks(verdict, IN_THE_WAY if trial.gone else ())]
        lines += [f"Would send: {_request(ctx, verdict)}"] if isinstance(verdict, Approved) else []
    if not (trial.moved or trial.sent or change.entry):
        lines.append("Would note it; it is placed as soon as what is in its way is gone.")
    denied = next((verdict for verdict in verdicts if isinstance(verdict, Denied)), None)
    if denied is not None:
        lines.append(f"It would be denied: {sentence(denied.reason)} {denied.remedy}".strip())
    text = "\n".join([*lines, "Nothing was sent."]).strip()
    return Reply(text, tone=Tone.WARN, error=str(denied.code)) if denied else Reply(text)


def _request(ctx: Context, verdict: Approved) -> str:
    return ctx.desk.oms.executors[verdict.order.account_id].describe(verdict)


def _wish(stop: Decimal | None, target: Decimal | None, trail: Trail | None) -> tuple[str, str]:
    """What was asked for, and its new value."""
    if trail is not None:
        return "Trailing stop", f"{trail} behind the best price"
    return ("Stop loss", price(stop)) if stop is not None else ("Take profit", price(target))


@command(role=Role.TRADER, group="trade", dry=True)
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


@command(role=Role.TRADER, group="trade", dry=True)
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


@command(role=Role.TRADER, group="trade", dry=True)
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
