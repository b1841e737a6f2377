"""Which symbol an alert means: by its source's own table first, then in the common spellings."""

from collections.abc import Callable, Mapping

import msgspec

from handlers.literals import cut
from handlers.tradingview.fields import placed
from handlers.tradingview.given import Unreadable
from trading.errors import IntentError
from trading.instruments import Symbol

Resolve = Callable[[str], Symbol]
"""A symbol in any common spelling -> as the account's instruments name it, or IntentError (`spelling.symbol_of`)."""


class Source(msgspec.Struct, frozen=True):
    """Whose alerts are read: the account they trade, their symbols in our words, and how a symbol is found on it.

    `size` is used where an alert that buys or sells gives none; empty: such an alert is refused.
    """

    account: str
    resolve: Resolve
    symbols: Mapping[str, str] = {}
    size: str = ""


def symbol_for(text: str, exchange: str, source: Source, place: str) -> Symbol:
    """The symbol that `text` means for this source.

    The table's own entry decides. Otherwise what stands before the colon is dropped, but only where the rest means
    one thing: an entry of the table for the same ticker elsewhere, or a common spelling, and not both differently.

    Raises:
        Unreadable: the account does not trade it, or it could be several.
    """
    table = {name.strip().upper(): value for name, value in source.symbols.items()}
    wanted = text.upper()
    prefix, colon, ticker = wanted.rpartition(":")
    whole = wanted if colon else f"{exchange.upper()}:{wanted}" if exchange else wanted
    for name in (whole, wanted):
        if name in table:
            return placed(place, source.resolve, table[name])
    if not colon or "/" in prefix:  # BTC/USDT:USDT is one symbol
        ticker = wanted
    if entry := table.get(ticker):
        return placed(place, source.resolve, entry)
    named = bool(exchange) or ticker != wanted
    elsewhere = () if named else tuple(v for name, v in table.items() if name.rpartition(":")[2] == ticker)
    found = {placed(place, source.resolve, value) for value in elsewhere}
    try:
        found.add(source.resolve(text))
    except IntentError as why:
        if not found:
            raise Unreadable(why.text, why.remedy, code=why.code, place=place) from None
    if len(found) > 1:
        remedy = "Write the exchange before it: {{exchange}}:{{ticker}}."
        text = f"{cut(text)} could be {' or '.join(sorted(found))}."
        raise Unreadable(text, remedy, code="AMBIGUOUS", place=place)
    return found.pop()
