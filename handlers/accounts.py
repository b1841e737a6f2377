"""Which account is meant: in the mode that it uses now, or in the other one where something is still open."""

from collections.abc import Iterable
from decimal import Decimal
from zoneinfo import ZoneInfo

from handlers.context import Context
from handlers.figures import number, price
from trading.book import Book
from trading.control import Latch
from trading.errors import IntentError
from trading.instruments import ZERO
from trading.intent import AccountId, Leg, Mode
from trading.oms import Oms
from trading.order import Order
from trading.portfolio import Position
from trading.valuation import Valuation
from trading.words import begun, resume_line, scope_label


def in_use(book: Book, names: Iterable[str]) -> list[AccountId]:
    """Each account in its present mode, followed by its other mode if a position or an order is open there."""
    found = []
    for name in names:
        present = book.mode(name)
        for mode in sorted(Mode, key=lambda each: each is not present):
            account = AccountId(name, mode)
            if mode is present or book.positions(account) or book.open_orders(account):
                found.append(account)
    return found


def chosen(ctx: Context, name: str | None) -> list[AccountId]:
    """The named account or every account: those in use."""
    return in_use(ctx.book, [name] if name else ctx.desk.accounts)


def account_in(ctx: Context, name: str | None, mode: Mode | None) -> AccountId:
    """The named account in a mode; in its present one if none is given.

    Raises:
        IntentError: it has no such mode.
    """
    present = ctx.account(name)
    account = AccountId(present.name, mode or present.mode)
    if account not in ctx.desk.oms.executors:
        raise IntentError(f"{account.name} has nothing {account.mode}.", "/accounts lists them.", code="NO_ACCOUNT")
    return account


def options(book: Book, account: AccountId) -> str:
    """What a line about this account adds, whatever mode it uses now: `account=main mode=live`."""
    other = book.mode(account.name) is not account.mode
    return f"account={account.name}{f' mode={account.mode}' if other else ''}"


def stated_rates(valuation: Valuation) -> list[str]:
    """`1 USD counts as 1 USDT, as the settings state`: a line if there are such rates, else none."""
    rates = [f"1 {name} counts as {number(worth)} {valuation.currency}" for name, worth in valuation.stated.items()]
    return [f"{', '.join(rates)}, as the settings state where no market says."] if rates else []


def latch_text(latch: Latch, zone: str) -> str:
    """`The desk is HALTED by person:ana at 2026-01-05 13:00 UTC (the feed is broken): /resume releases it`."""
    what = f"{begun(scope_label(latch.scope))} is {latch.state} {latch.origin(ZoneInfo(zone))}"
    return f"{what}: {resume_line(latch.scope)} releases it"


def released_text(latch: Latch, zone: str) -> str:
    """`The desk was HALTED by person:ana at 2026-01-05 13:00 UTC`: of a latch that holds no more."""
    return f"{begun(scope_label(latch.scope))} was {latch.state} {latch.origin(ZoneInfo(zone))}."


def holding_text(position: Position) -> str:
    """`PAPER demo 0.5 BTC/USDT`."""
    return f"{AccountId(position.account, position.mode)!s} {number(position.quantity)} {position.symbol}"


def is_dust(oms: Oms, position: Position) -> bool:
    """Whether a position is too small for its venue to take an order that closes it."""
    account = AccountId(position.account, position.mode)
    instrument = oms.book.instrument(account, position.symbol)
    mark = oms.drafting.valuation.mark(position) or position.average_price or ZERO
    return instrument is not None and not instrument.is_closable(position.quantity, mark)


def reduces(book: Book, order: Order) -> bool:
    """Whether an order, with the plain ones that are open, can do no more than close what is held."""
    position = book.position(order.account_id, order.symbol)
    held = -order.side.sign * position.quantity if position else ZERO
    working = book.open_orders(order.account_id, order.symbol)
    closing = sum(
        (o.remaining for o in working if o.id != order.id and o.side is order.side and o.leg is Leg.ENTRY), ZERO
    )
    return order.reduce_only or order.quantity + closing <= held


def covered(oms: Oms, position: Position, legs: Iterable[Order], kind: Leg) -> str:
    """At which price the stops or the targets close a position, and how much where it is not all: `57,000 (0.002)`."""
    amounts: dict[str, Decimal] = {}
    for leg in legs:
        if leg.leg is kind:
            at = f"trail {leg.trail}" if leg.trail else price(leg.stop_price or leg.limit_price)
            amounts[at] = amounts.get(at, ZERO) + leg.remaining
    held = abs(position.quantity)
    instrument = oms.book.instrument(AccountId(position.account, position.mode), position.symbol)
    whole = instrument.round_quantity(held) if instrument else held
    if len(amounts) == 1 and sum(amounts.values()) >= whole:
        return next(iter(amounts))
    return ", ".join(f"{at} ({number(amount)})" for at, amount in amounts.items()) or "-"


def closing_line(book: Book, position: Position) -> str:
    """The line that closes a position."""
    account = AccountId(position.account, position.mode)
    return f"/close {position.symbol} {options(book, account)}"
