"""Our books against the venue's, and what a person decides where they differ."""

from decimal import Decimal
from typing import Annotated

from handlers.actor import Role
from handlers.cards import place
from handlers.context import Context
from handlers.figures import number
from handlers.reply import Button, Reply, Table, Tone
from handlers.spec import Arg, command
from handlers.values import AccountName
from trading.control import Drift
from trading.errors import IntentError, VenueError
from trading.instruments import ZERO, Settlement, Side, Symbol
from trading.intent import AccountId, Intent, Size
from trading.portfolio import closing_side
from trading.reports import VenueOrder

SHOWN = 3  # differences that get buttons


@command(role=Role.TRADER, group="account", audit=True)
async def reconcile(
    ctx: Context,
    account: Annotated[AccountName | None, Arg("Only this account")] = None,
    *,
    adopt: Annotated[str | None, Arg("Take over the venue's figure of this difference")] = None,
    ignore: Annotated[str | None, Arg("Leave this difference as it is")] = None,
    close: Annotated[str | None, Arg("Cancel the order, or sell or close what is held, that is not ours")] = None,
) -> Reply:
    """Hold our books against the venue's, and decide on differences."""
    if adopt is not None:
        return await _decide(ctx, _found(ctx, adopt), "adopted")
    if ignore is not None:
        return await _decide(ctx, _found(ctx, ignore), "ignored")
    if close is not None:
        return await _close(ctx, _found(ctx, close))
    reconciler = ctx.desk.reconciler
    open_ones = [a for a in ctx.desk.oms.executors if a not in ctx.desk.closed]
    wanted = [a for a in open_ones if account is None or a.name == account]
    outcomes = [await reconciler.reconcile(each, thorough=True) for each in wanted]
    drifts = [d for outcome in outcomes for d in outcome.drifts]
    rows = [(d.id[:6], str(d.account_id), f"{d.kind} {d.subject}", d.ours, d.theirs) for d in drifts]
    buttons = [
        Button(f"{word.capitalize()} {d.id[:6]}", f"/reconcile {word}={d.id}")
        for d in drifts[:SHOWN]
        for word in _ways(ctx, d)
    ]
    table = (
        Table.of(("ID", "Account", "What", "Ours", "Venue's"), rows, ("ID", "What", "Ours", "Venue's"))
        if rows
        else None
    )
    bad = drifts or any(outcome.problem for outcome in outcomes)
    text = "\n".join(outcome.text for outcome in outcomes)
    return Reply(text, table=table, buttons=tuple(buttons), tone=Tone.WARN if bad else Tone.GOOD)


def _ways(ctx: Context, drift: Drift) -> list[str]:
    """What can be decided on a difference: a figure is adopted, and what is not ours is closed if it can be."""
    try:
        if drift.kind != "order":
            _excess(ctx, drift)
        closable = ["close"]
    except IntentError:
        closable = []
    adoptable = ["adopt"] if drift.kind in ("balance", "position") else []
    return [*adoptable, "ignore", *closable]


def _found(ctx: Context, which: str) -> Drift:
    for drift in ctx.desk.reconciler.open_drifts():
        if drift.id.startswith(which):
            return drift
    raise IntentError(f"There is no open difference {which[:20]!r}.", "/reconcile lists them.", code="NO_DIFFERENCE")


async def _decide(ctx: Context, drift: Drift, resolution: str) -> Reply:
    await ctx.desk.reconciler.resolve(drift, resolution, ctx.origin)
    return Reply.good(f"{drift.kind} {drift.subject}: {resolution}.")


# --- close: what is not ours is brought to an end at the venue -------------------------------


async def _close(ctx: Context, drift: Drift) -> Reply:
    """Cancel a stranger's order; adopt what is held beyond our books, then close just that at the market."""
    account = drift.account_id
    if drift.kind == "order":
        stranger = await _stranger(ctx, drift)
        if not ctx.confirmed:
            what = stranger.text or stranger.venue_order_id
            return await ctx.ask(Reply(f"{account}: cancel what is not ours: {what}.", tone=Tone.WARN))
        return await _withdraw(ctx, account, stranger, drift)
    symbol, side, quantity = _excess(ctx, drift)
    if not ctx.confirmed:
        what = f"{side} {number(quantity)} {symbol} at the market"
        return await ctx.ask(Reply(f"{account}: {what}, which is not in our books.", tone=Tone.WARN))
    await ctx.desk.reconciler.resolve(drift, "adopted", ctx.origin)
    reduce_only = drift.kind == "position"
    intent = Intent(ctx.key, account, symbol, side, Size(quantity), ctx.origin, reduce_only=reduce_only)
    return await place(ctx, intent, note="Adopted, and closed:", closes=True)


async def _stranger(ctx: Context, drift: Drift) -> VenueOrder:
    try:
        open_there = await ctx.desk.oms.executors[drift.account_id].open_orders()
    except VenueError as why:
        raise IntentError(f"The venue does not say what is open: {why}", "Try again.", code=why.code) from None
    for order in open_there:
        if order.venue_order_id == drift.subject:
            return order
    raise IntentError("That order is not open any more.", "/reconcile looks again.", code="NOT_OPEN")


async def _withdraw(ctx: Context, account: AccountId, order: VenueOrder, drift: Drift) -> Reply:
    try:
        await ctx.desk.oms.executors[account].withdraw(order)
    except VenueError as why:
        raise IntentError(f"It was not cancelled: {why}", "/reconcile looks again.", code=why.code) from None
    await ctx.desk.reconciler.resolve(drift, "closed", ctx.origin)
    return Reply.good(f"Cancelled at the venue: {order.text or order.venue_order_id}.")


def _excess(ctx: Context, drift: Drift) -> tuple[Symbol, Side, Decimal]:
    """What to trade so that the venue holds what our books say.

    Raises:
        IntentError: there is nothing that could be traded.
    """
    if drift.kind == "fill":
        raise IntentError("A fill cannot be undone.", "Adopt or ignore it.", code="NOT_CLOSABLE")
    ours, theirs = Decimal(drift.ours), Decimal(drift.theirs)
    beyond = theirs - ours
    listed = ctx.desk.oms.executors[drift.account_id].instruments.values()
    # Only what is held there can be closed there: what is missing, or has changed its side, cannot be traded away.
    if not abs(beyond) <= abs(theirs) or theirs * beyond <= 0:
        instrument = None
    elif drift.kind == "position":
        instrument = next((i for i in listed if i.symbol == drift.subject), None)
    else:
        spot = (i for i in listed if i.settlement is Settlement.SPOT and i.base == drift.subject)
        instrument = next(spot, None)
    quantity = instrument.round_quantity(abs(beyond)) if instrument else ZERO
    if instrument is None or not quantity:
        text = f"There is nothing to close: {drift.kind} {drift.subject} is {drift.ours} here and {drift.theirs} there."
        raise IntentError(text, "Adopt or ignore it.", code="NOT_CLOSABLE")
    return instrument.symbol, closing_side(beyond), quantity
