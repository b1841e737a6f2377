"""Price alerts: a level of a price, or of a position's unrealised result, that somebody wants to hear of once."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

import msgspec

from handlers.accounts import chosen
from handlers.actor import Role
from handlers.context import Context
from handlers.figures import ago, price, signed
from handlers.reply import Button, Reply, Table
from handlers.spec import Arg, Choice, command
from handlers.values import AccountName, Level
from trading import events as e
from trading.audience import Watch
from trading.errors import IntentError
from trading.ids import derive
from trading.instruments import Symbol
from trading.portfolio import account_key
from trading.watches import MOST, POSITION, PRICE, account_of, present, reached

RIGHT = "Example: /alert BTC/USDT above 70000"
BUTTONS = 8


def _mine(ctx: Context) -> Iterator[Choice]:
    """The ids of the active alerts, with what they are about."""
    for watch in _active(ctx):
        yield Choice(watch.id, _title(watch, ctx.desk.valuation.currency))


@command(group="market", audit=True)
async def alert(
    ctx: Context,
    symbol: Annotated[Symbol | None, Arg("What to watch; lists the alerts if left out", example="BTC/USDT")] = None,
    direction: Annotated[Literal["above", "below"] | None, Arg("Which side of it is news", example="above")] = None,
    level: Annotated[Level | None, Arg("The price; with of=pnl the result, such as -200", example="70000")] = None,
    *,
    of: Annotated[Literal["price", "pnl"], Arg("price, or pnl: the position's unrealized profit")] = "price",
    account: Annotated[AccountName | None, Arg("Whose market, or whose position")] = None,
    remove: Annotated[str | None, Arg("Remove the alert with this id", complete=_mine)] = None,
) -> Reply:
    """Be told once when a price or a position's result gets somewhere, or list what is watched.

    Of a price, the bid counts for above and the ask for below. Of a position, what closing it now would bring counts,
    in the desk's currency; while there is none, the alert waits for the next. It is told where it was set, or on every
    chat if that was elsewhere. Alerts outlive a restart: what is beyond its level at the start is told then. Anybody
    may remove their own; traders may remove any.
    """
    if remove is not None:
        return await _remove(ctx, remove)
    if symbol is None and direction is None and level is None:
        return _listing(ctx)
    if symbol is None:
        raise IntentError("Say what to watch.", RIGHT, code="NO_SYMBOL")
    if direction is None or level is None:
        raise IntentError(f"Say which side of which level of {symbol} is news.", RIGHT, code="NO_LEVEL")
    subject, where = (PRICE, ctx.account(account).name) if of == "price" else _position(ctx, symbol, account)
    place = ctx.place if ctx.place in ctx.desk.destinations() else ""
    watch = Watch(derive("watch", ctx.key), subject, where, symbol, direction, level, place, ctx.actor.id, ctx.now)
    if ctx.book.get(Watch, watch.id) is None:  # else it was set before, and only the answer was lost
        await _set(ctx, watch)
    told, title = f"in {place}" if place else "on every chat", _title(watch, ctx.desk.valuation.currency)
    return Reply.good(f"You will be told once, {told}: {title}. Id {watch.id[:6]}.")


def _position(ctx: Context, symbol: Symbol, account: AccountName | None) -> tuple[str, str]:
    """A position as a subject: the one of the mode that the account uses now comes first."""
    for each in chosen(ctx, ctx.account(account).name):
        position = ctx.book.position(each, symbol)
        if position is not None and position.quantity:
            return POSITION, account_key(each)
    raise IntentError(f"There is no open position in {symbol}.", "/positions lists them.", code="NO_POSITION")


async def _set(ctx: Context, watch: Watch) -> None:
    """Journal a new watch.

    Raises:
        IntentError: there is no price, it has got there already, it is watched already, or too much is.
    """
    if watch.subject == PRICE and watch.level <= 0:
        raise IntentError("A price is above zero.", f"{RIGHT}; of a result: of=pnl.", code="BAD_NUMBER")
    value = present(watch, ctx.desk.valuation)
    if value is None:
        raise IntentError(f"There is no price for {watch.symbol} yet.", "Try again in a moment.", code="NO_PRICE")
    if reached(watch, value):
        currency = ctx.desk.valuation.currency
        text = f"{_title(watch, currency)} is true already: it is {_figure(watch, value, currency)}."
        raise IntentError(text, "Choose a level it has yet to reach.", code="ALREADY_THERE")
    async with ctx.book.lock:  # so that two at once cannot both be the last that may be
        active = _active(ctx)
        if twin := next((known for known in active if _same(known, watch)), None):
            raise IntentError(f"That alert is set already: {twin.id[:6]}.", "/alert lists them.", code="ALREADY_SET")
        if len(active) >= MOST:
            raise IntentError(f"There are {MOST} alerts, as many as may be.", "Remove one: /alert.", code="TOO_MANY")
        await ctx.book.write(
            e.WatchSet(
                watch.id, watch.subject, watch.account, watch.symbol, watch.direction, watch.level, watch.destination,
                watch.actor,
            )
        )  # fmt: skip


def _same(known: Watch, watch: Watch) -> bool:
    """Whether two watches would tell the same thing in the same place."""
    return msgspec.structs.replace(known, id=watch.id, at=watch.at) == watch


async def _remove(ctx: Context, beginning: str) -> Reply:
    found = [watch for watch in _active(ctx) if beginning and watch.id.startswith(beginning.lower())]
    if not found:
        raise IntentError(f"There is no alert {beginning[:20]!r}.", "/alert lists them.", code="NO_ALERT")
    if len(found) > 1:
        text = f"{len(found)} alerts begin with {beginning[:20]!r}."
        raise IntentError(text, f"Write more of it: {' or '.join(w.id for w in found[:3])}.", code="NO_ALERT")
    (watch,) = found
    if watch.actor != ctx.actor.id and ctx.actor.role < Role.TRADER:
        text = f"That alert is {_who(watch)}'s; to remove it needs trader, you are {ctx.actor.role}."
        raise IntentError(text, f"Ask {_who(watch)}, or a trader.", code="NOT_ALLOWED")
    await ctx.book.record(e.WatchRemoved(watch.id, ctx.actor.id))
    return Reply.good(f"Removed: {_title(watch, ctx.desk.valuation.currency)}")


# --- words -----------------------------------------------------------------------------------


def fired_text(watch: Watch, value: Decimal, currency: str, now: datetime, missed: bool) -> str:
    """`BTC/USDT is above 70,000: 70,012.5 (set by ana 2h ago)`; `missed`: it got there while the desk was down."""
    side = "at" if value == watch.level else watch.direction
    level, figure = _figure(watch, watch.level, currency), _figure(watch, value, currency)
    text = f"{_subject(watch)} is {side} {level}: {figure} (set by {_who(watch)} {ago(watch.at, now)})"
    return f"{text}. It got there while the desk was down." if missed else text


def _title(watch: Watch, currency: str) -> str:
    return f"{_subject(watch)} {watch.direction} {_figure(watch, watch.level, currency)}"


def _subject(watch: Watch) -> str:
    """`BTC/USDT`, `Profit of PAPER demo BTC/USDT`."""
    return watch.symbol if watch.subject == PRICE else f"Profit of {account_of(watch)} {watch.symbol}"


def _figure(watch: Watch, value: Decimal, currency: str) -> str:
    return price(value) if watch.subject == PRICE else signed(value, currency)


def _who(watch: Watch) -> str:
    return watch.actor.removeprefix("person:")


def _active(ctx: Context) -> list[Watch]:
    return [watch for watch in ctx.book.all(Watch) if watch.active]


def _listing(ctx: Context) -> Reply:
    valuation, rows = ctx.desk.valuation, []
    active = _active(ctx)
    if not active:
        return Reply(f"Nothing is watched. {RIGHT}")
    for watch in active:
        value = present(watch, valuation)
        now = "-" if value is None else _figure(watch, value, "")
        where = watch.destination or "every chat"
        rows.append((watch.id[:6], _title(watch, ""), now, _who(watch), where))
    buttons = tuple(Button(f"Remove {w.id[:6]}", f"/alert remove={w.id}") for w in active[:BUTTONS])
    table = Table.of(("ID", "Alert", "Now", "By", "Told in"), rows, ("ID", "Alert", "Now", "By"))
    return Reply("", table=table, buttons=buttons)
