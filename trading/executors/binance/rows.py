"""What both Binance's answers and its events are read with: numbers, times, symbols, reasons. Pure.

Words that Binance may add later are kept as they are, never a reason to fail.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from trading.errors import OutcomeUnknown, VenueUnreachable
from trading.executors.binance.codes import LOOKED_UP
from trading.executors.binance.names import AT_MARKET
from trading.executors.binance.rules import SymbolRules
from trading.instruments import ZERO, Money, Symbol, plain

Row = Mapping[str, Any]
Listing = Mapping[str, SymbolRules]
"""The symbols of one product by Binance's own name for them."""

UNREADABLE = (AttributeError, LookupError, TypeError, ValueError, InvalidOperation)
"""What reading something ends with that has another form than it should."""

_UNIX = datetime(1970, 1, 1, tzinfo=UTC)

ENDED = frozenset({"EXPIRED", "EXPIRED_IN_MATCH"})

_EXPIRY = {
    "REJECTED": "Binance refused it when its turn came, for want of funds or a broken filter",
    "EXCHANGE_CANCELED": "cancelled by Binance",
    "OCO_TRIGGER": "the other order of its pair went ahead",
    "OTO_PHASE_ONE_EXPIRED": "its entry expired",
    "UNFILLED_IOC_QUANTITY_EXPIRED": "the rest could not be filled at once",
    "UNFILLED_FOK_ORDER_EXPIRED": "it could not be filled completely at once",
    "INSUFFICIENT_LIQUIDITY": "the book ran out",
    "EXECUTION_RULE_PRICE_RANGE_EXCEEDED": "the book ran out of prices that Binance allows",
    "EXPIRED_IN_MATCH": "it would have traded with another order of the account",
    "1": "it would have traded with another order of the account",
    "2": "the rest could not be filled at once",
    "3": "it would have traded with another order of the account",
    "4": "another reduce-only order took its place, or it would have opened the other side",
    "5": "the account was liquidated",
    "6": "the position it closes is gone",
    "7": "the symbol was delisted",
    "9": "the book ran out",
    "10": "it could not be filled completely at once",
    "11": "it would have taken instead of made",
}
"""Spot's `eR` and `expiryReason` by name, the futures' `er` by number (Event-Order-Update)."""

_NOTHING = frozenset({"", "0", "NONE"})


def by_venue_symbol(rules: Mapping[Symbol, SymbolRules]) -> dict[str, SymbolRules]:
    """The same rules by Binance's name of the symbol."""
    return {each.venue_symbol: each for each in rules.values()}


def symbol_of(name: str, listing: Listing) -> Symbol:
    """Ours for Binance's; its own where it lists none that we know."""
    rules = listing.get(name)
    return Symbol(name) if rules is None else rules.symbol


def number(value: object) -> Decimal:
    """A number of the venue's, which comes as text, without trailing zeros; 0 for none."""
    return ZERO if value in (None, "") else Decimal(plain(Decimal(str(value))))


def price(value: object) -> Decimal | None:
    """A price, or None for the 0 that stands for none."""
    return number(value) or None


def moment(ms: object) -> datetime:
    """Milliseconds since 1970 as a time (UTC)."""
    return _UNIX + timedelta(milliseconds=int(str(ms)))


def fee(amount: object, asset: object, name: str, listing: Listing) -> Money:
    """A commission; none is zero of the quote currency."""
    if asset:
        return Money(number(amount), str(asset))
    rules = listing.get(name)
    return Money(ZERO, rules.instrument.quote if rules else "")


def limit_of(value: object, strategy_type: object) -> Decimal | None:
    """The limit an order was given by us; not the one that only stands in for the market (`names.AT_MARKET`)."""
    return None if strategy_type is not None and number(strategy_type) == AT_MARKET else price(value)


def expiry(reason: object, status: str = "") -> str:
    """Why an order expired, for a person."""
    word = str(reason if reason is not None else "")
    word = status if word in _NOTHING else word
    return _EXPIRY.get(word, "" if word in ("EXPIRED", "") else word)


def summary(row: Row, symbol: Symbol) -> str:
    """An order in one line, for one that is not ours."""
    at = price(row.get("price")) or price(row.get("stopPrice")) or price(row.get("triggerPrice"))
    kind = row.get("type") or row.get("orderType") or ""
    size = number(row.get("origQty", row.get("quantity")))
    said = f"{row.get('side', '')} {kind} {plain(size)} {symbol}"
    return f"{said} at {plain(at)}" if at else said


@contextmanager
def reading(*, executed: bool = False) -> Iterator[None]:
    """What is done inside reads an answer; `executed`: to a request that could execute something.

    Raises:
        OutcomeUnknown, VenueUnreachable: the answer has another form than it should.
    """
    try:
        yield
    except UNREADABLE as why:
        text = f"Binance's answer has another form than it should ({type(why).__name__})."
        if executed:
            raise OutcomeUnknown(text, LOOKED_UP, code="UNREADABLE") from None
        raise VenueUnreachable(text, "The desk asks again.", code="UNREADABLE") from None
