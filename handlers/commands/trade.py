"""Opening and closing positions."""

from decimal import Decimal
from typing import Annotated, Literal

import msgspec

from handlers.accounts import account_in, is_dust, options
from handlers.actor import Role
from handlers.cards import place, preview, told
from handlers.context import Context
from handlers.figures import number, signed
from handlers.literals import show
from handlers.reply import Reply, Table, Tone
from handlers.spec import Arg, command
from handlers.values import AccountName, Line, Part
from trading.errors import IntentError, VenueError
from trading.instruments import Price, Quantity, Settlement, Side, Symbol
from trading.intent import AccountId, Intent, Mode, OrderType, Size, TimeInForce, Trail, Unit
from trading.portfolio import Position, closing_side
from trading.words import counted


def _type(limit: Decimal | None, stop: Decimal | None, trail: Trail | None, reduce: bool) -> OrderType:
    if trail is not None and reduce:
        return OrderType.TRAILING_STOP
    if stop is not None:
        return OrderType.STOP if limit is None else OrderType.STOP_LIMIT
    return OrderType.MARKET if limit is None else OrderType.LIMIT


async def _open(
    ctx: Context,
    side: Side,
    symbol: Symbol,
    size: Size,
    limit: Decimal | None,
    stop: Decimal | None,
    sl: Decimal | None,
    tp: Decimal | None,
    trail: Trail | None,
    tif: TimeInForce | None,
    post: bool,
    iceberg: Decimal | None,
    reduce: bool,
    account: AccountName | None,
) -> Reply:
    kind = _type(limit, stop, trail, reduce)
    exit_trail = trail if kind is OrderType.TRAILING_STOP else None
    if exit_trail is not None and (limit is not None or stop is not None):
        remedy = "Leave out the limit and stop, or leave out trail."
        raise IntentError("A trailing stop follows the price by itself.", remedy, code="TWO_STOPS")
    if sl is not None and trail is not None:
        raise IntentError("sl and trail are both stops.", "Give one of them.", code="TWO_STOPS")
    if kind is OrderType.MARKET and post:
        remedy = f"Write the limit: /{side.lower()} {symbol} {size} PRICE."
        raise IntentError("A market order cannot wait in the book.", remedy, code="NO_LIMIT")
    intent = Intent(
        key=ctx.key,
        account=ctx.account(account),
        symbol=symbol,
        side=side,
        size=size,
        origin=ctx.origin,
        type=kind,
        time_in_force=tif or TimeInForce.GTC,
        limit_price=limit,
        stop_price=stop,
        trail=exit_trail,
        stop_loss=sl,
        take_profit=tp,
        trail_loss=None if exit_trail else trail,
        reduce_only=reduce,
        post_only=post,
        iceberg=iceberg,
    )
    return await place(ctx, intent)


@command(role=Role.TRADER, group="trade", dry=True)
async def buy(
    ctx: Context,
    symbol: Annotated[Symbol, Arg("What to buy")],
    size: Annotated[Size, Arg("0.01 units, $100, 5% of equity, or risk=1% with sl")],
    limit: Annotated[Price | None, Arg("Limit price; a market order if left out")] = None,
    *,
    stop: Annotated[Price | None, Arg("Wait until the price rises to this")] = None,
    sl: Annotated[Price | None, Arg("Stop loss")] = None,
    tp: Annotated[Price | None, Arg("Take profit")] = None,
    trail: Annotated[Trail | None, Arg("Trailing stop at a distance: 500 or 1.5%")] = None,
    tif: Annotated[TimeInForce | None, Arg("How long it stays: gtc, ioc or fok")] = None,
    post: Annotated[bool, Arg("Only as a maker")] = False,
    iceberg: Annotated[Quantity | None, Arg("How much of it the book shows at a time")] = None,
    reduce: Annotated[bool, Arg("Only if it reduces a position")] = False,
    account: Annotated[AccountName | None, Arg("Which account")] = None,
) -> Reply:
    """Buy, after the risk checks."""
    return await _open(ctx, Side.BUY, symbol, size, limit, stop, sl, tp, trail, tif, post, iceberg, reduce, account)


@command(role=Role.TRADER, group="trade", dry=True)
async def sell(
    ctx: Context,
    symbol: Annotated[Symbol, Arg("What to sell")],
    size: Annotated[Size, Arg("0.01 units, $100, 5% of equity, or risk=1% with sl")],
    limit: Annotated[Price | None, Arg("Limit price; a market order if left out")] = None,
    *,
    stop: Annotated[Price | None, Arg("Wait until the price falls to this")] = None,
    sl: Annotated[Price | None, Arg("Stop loss")] = None,
    tp: Annotated[Price | None, Arg("Take profit")] = None,
    trail: Annotated[Trail | None, Arg("Trailing stop at a distance: 500 or 1.5%")] = None,
    tif: Annotated[TimeInForce | None, Arg("How long it stays: gtc, ioc or fok")] = None,
    post: Annotated[bool, Arg("Only as a maker")] = False,
    iceberg: Annotated[Quantity | None, Arg("How much of it the book shows at a time")] = None,
    reduce: Annotated[bool, Arg("Only if it reduces a position")] = False,
    account: Annotated[AccountName | None, Arg("Which account")] = None,
) -> Reply:
    """Sell, after the risk checks."""
    return await _open(ctx, Side.SELL, symbol, size, limit, stop, sl, tp, trail, tif, post, iceberg, reduce, account)


# --- closing ---------------------------------------------------------------------------------


@command(role=Role.TRADER, group="trade", dry=True)
async def close(
    ctx: Context,
    symbol: Annotated[Symbol | Literal["all"], Arg("Which position, or all of them", held=True)],
    part: Annotated[Part | None, Arg("How much: 50%, 0.01 or $100; all of it if left out")] = None,
    *,
    account: Annotated[AccountName | None, Arg("Which account")] = None,
    mode: Annotated[Mode | None, Arg("What was opened in this mode; the account's present one if left out")] = None,
) -> Reply:
    """Close a position, or a part of it, at the market."""
    where = account_in(ctx, account, mode)
    if symbol != "all":
        return await _close_one(ctx, where, Symbol(symbol), part, ctx.key)
    return await _close_all(ctx, where, part)


async def _close_all(ctx: Context, where: AccountId, part: Size | None) -> Reply:
    """Close every position that is not dust; one that cannot be closed now does not hold up the others."""
    held = ctx.book.positions(where)
    dust = [p for p in held if is_dust(ctx.desk.oms, p)]
    positions = [p for p in held if p not in dust]
    left = f"Too small to be closed, left as dust: {', '.join(f'{number(p.quantity)} {p.symbol}' for p in dust)}."
    if not positions:
        raise _nothing_open(ctx, where, f"{where} has no open position.{f' {left}' if dust else ''}")
    if ctx.policy.need(where.mode, None, reduces=True) > ctx.consent and not ctx.dry:
        rows = [(p.symbol, number(p.quantity), signed(ctx.desk.valuation.unrealized(p), p.currency)) for p in positions]
        table = Table.of(("Symbol", "Quantity", "Unrealized"), rows)
        each = "" if part is None else f"{show(part)} of {'each of ' if len(positions) > 1 else ''}"
        text = f"{where}: close {each}{counted(len(positions), 'position')} at the market."
        return await ctx.ask(Reply(text, tone=Tone.WARN, table=table))
    replies = [await _close_next(ctx, where, p.symbol, part) for p in positions]
    bad = [reply for reply in replies if not reply.ok]
    tone = Tone.WARN if bad else Tone.GOOD
    texts = [reply.text for reply in replies] + ([left] if dust else [])
    other = _other_mode(where)
    if elsewhere := ctx.book.positions(other):
        open_ = ", ".join(f"{number(p.quantity)} {p.symbol}" for p in elsewhere)
        texts.append(f"Still open on {other}: {open_}. /close all {options(ctx.book, other)} closes that.")
    return Reply("\n\n".join(texts), ok=not bad, tone=tone, error=bad[0].error if bad else None)


async def _close_next(ctx: Context, account: AccountId, symbol: Symbol, part: Size | None) -> Reply:
    """One of several closes; what is wrong with it is said in its place."""
    try:
        return await _close_one(ctx, account, symbol, part, f"{ctx.key}:{symbol}")
    except (IntentError, VenueError) as why:
        refused = Reply.refused(why)
        return msgspec.structs.replace(refused, text=f"{symbol} was not closed: {refused.text}")


def _other_mode(account: AccountId) -> AccountId:
    return AccountId(account.name, Mode.PAPER if account.mode is Mode.LIVE else Mode.LIVE)


def _nothing_open(ctx: Context, account: AccountId, text: str, symbol: str = "all") -> IntentError:
    """There is no such position; where it is open in the other mode, the line that closes it there."""
    other = _other_mode(account)
    elsewhere = any(symbol in ("all", p.symbol) for p in ctx.book.positions(other))
    remedy = f"Open on {other}: /close {symbol} {options(ctx.book, other)}." if elsewhere else ""
    return IntentError(text, remedy or "/positions lists them.", code="NO_POSITION")


async def _close_one(ctx: Context, account: AccountId, symbol: Symbol, part: Size | None, key: str) -> Reply:
    known = ctx.book.order(ctx.book.order_id(key))
    if known is not None:
        return told(known)
    position = ctx.book.position(account, symbol)
    if position is None or not position.quantity:
        raise _nothing_open(ctx, account, f"{account} has no open position in {symbol}.", symbol)
    legs = ctx.desk.protection.legs(account, symbol)
    size = _part(ctx, position, part)
    side = closing_side(position.quantity)
    spot = ctx.desk.oms.drafting.instrument(account, symbol).settlement is Settlement.SPOT
    intent = Intent(key, account, symbol, side, size, ctx.origin, reduce_only=not spot or bool(legs))
    # By the value that `place` asks about: protection that made room for a close that then waits, protects nobody.
    asking = ctx.policy.need(account.mode, preview(ctx, intent).value, reduces=True) > ctx.consent
    if legs:
        ctx.desk.protection.trimming.check_free(account, symbol, size.amount)
    note = f"Closes {number(size.amount)} of {number(abs(position.quantity))} {symbol}."
    if legs and not ctx.dry and not asking:
        await ctx.desk.protection.make_room(account, symbol, size.amount, ctx.origin)
        held = {leg.id: leg.remaining for leg in ctx.desk.protection.legs(account, symbol)}
        moved = sum(held.get(leg.id) != leg.remaining for leg in legs)
        note += f" First, {counted(moved, 'protective order')} made room." if moved else ""
        rest = abs(position.quantity) - size.amount
        if rest and not held:
            bare = all(ctx.desk.protection.trimming.is_dust(leg, min(rest, leg.remaining)) for leg in legs)
            note += " What stays has no stop or target now." if bare else " What stays is protected again after it."
    reply = await place(ctx, intent, note=note, closes=True)
    after = ctx.book.position(account, symbol)
    if reply.ok and reply.order_id and after is not None:
        gained = after.realized - position.realized
        text = f"{reply.text}\nRealized {signed(gained, position.currency)} net of fees."
        return msgspec.structs.replace(reply, text=text)
    return reply


def _part(ctx: Context, position: Position, part: Size | None) -> Size:
    """The quantity to close: at most the position, in whole steps."""
    account = AccountId(position.account, position.mode)
    held = abs(position.quantity)
    instrument = ctx.desk.oms.drafting.instrument(account, position.symbol)
    whole = instrument.round_quantity(held)
    if part is None or (part.unit is Unit.POSITION and part.amount == 100):
        wanted = whole
    elif part.unit is Unit.POSITION:
        wanted = instrument.round_quantity(held * part.amount / 100)
    elif part.unit is Unit.VALUE:
        mark = ctx.desk.valuation.mark(position)
        if mark is None:
            raise IntentError(f"There is no price for {position.symbol}.", "Give the part as 50% or in units.")
        wanted = instrument.round_quantity(part.value_in(instrument.quote) / mark / position.multiplier)
    else:
        wanted = instrument.round_quantity(part.amount)
    if wanted > held:
        raise IntentError(
            f"The position is only {number(held)} {instrument.base if instrument.multiplier == 1 else 'lots'}.",
            "Leave the part out to close all.",
            code="TOO_MUCH",
        )
    if wanted <= 0:
        raise IntentError(
            f"That part of {number(held)} {position.symbol} is below one step of {number(instrument.step)}.",
            "Close all of it, or keep it as dust.",
            code="DUST",
        )
    return Size(wanted)


@command(role=Role.VIEWER, group="trade")
async def dryrun(ctx: Context, line: Annotated[Line, Arg("The command line to try")]) -> Reply:
    """Show what a line would do, each check and the exact request, without sending."""
    return await ctx.door.dry(ctx, line)
