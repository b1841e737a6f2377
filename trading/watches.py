"""What a watch looks at, a price or the unrealised result of a position, and when it has got there.

Of a price, the bid counts for `above` and the ask for `below`: the whole market is beyond the level then, and a
spread that opens for a moment is no news. Of a position, what closing it at the market would bring counts, in the
desk's currency. A level that is touched is reached.
"""

from decimal import Decimal

from trading.audience import Watch
from trading.intent import AccountId, Mode
from trading.portfolio import Position, position_key
from trading.quotes import Quote
from trading.valuation import Valuation

PRICE, POSITION = "price", "position"  # subjects
ABOVE, BELOW = "above", "below"  # directions
MOST = 100  # active at a time


def account_of(watch: Watch) -> AccountId:
    """Whose price or position it is. A watch of a position names the mode too, `main:live`; a price has none."""
    name, _, mode = watch.account.partition(":")
    return AccountId(name, Mode(mode) if mode else Mode.PAPER)


def seen(watch: Watch, quote: Quote, valuation: Valuation) -> Decimal | None:
    """What is held against the level when the market shows `quote`; None while there is no such position."""
    if watch.subject == PRICE:
        return quote.bid if watch.direction == ABOVE else quote.ask
    account = account_of(watch)
    position = valuation.book.get(Position, position_key(account, watch.symbol))
    if position is None or not position.quantity:
        return None
    return valuation.worth(account, position.unrealized(quote.mark(position.quantity)), position.currency)


def present(watch: Watch, valuation: Valuation) -> Decimal | None:
    """What is held against the level now; None without a price, or without a position."""
    account = account_of(watch)
    quote = valuation.quote(account, watch.symbol) if account.name in valuation.markets else None
    return None if quote is None else seen(watch, quote, valuation)


def reached(watch: Watch, value: Decimal) -> bool:
    """Whether `value` is at the level or beyond it."""
    return value >= watch.level if watch.direction == ABOVE else value <= watch.level
