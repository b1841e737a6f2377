"""What accounts are worth in the desk's one currency, at the prices their markets show now.

Where no market of the account shows a currency in the desk's, what the operator states counts; nothing is guessed.
"""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

import msgspec

from trading.book import Book
from trading.instruments import ZERO, Settlement, Symbol
from trading.intent import AccountId
from trading.portfolio import Position
from trading.ports import Market
from trading.quotes import Quote


class Equity(msgspec.Struct, frozen=True):
    """Worth of an account: `total` = cash + holdings (spot) or cash + unrealised profit (linear).

    `unpriced` names currencies held for which no market shows a price; they count as nothing.
    """

    total: Decimal
    cash: Decimal
    unrealized: Decimal
    unpriced: tuple[str, ...] = ()


class Valuation:
    """Prices, rates and worths; reads the books and the markets, changes nothing.

    `stated` is what one unit of a currency is worth in the desk's where no market says so.
    """

    def __init__(
        self,
        book: Book,
        markets: Mapping[str, Market],
        currency: str,
        stated: Mapping[str, Decimal] = MappingProxyType({}),
    ) -> None:
        self.book = book
        self.markets = markets
        self.currency = currency
        self.stated = stated

    def quote(self, account: AccountId, symbol: Symbol) -> Quote | None:
        """What the account's market shows."""
        return self.markets[account.name].quote(symbol)

    def rate(self, account: AccountId, currency: str, into: str = "") -> Decimal | None:
        """How much of `into` (the desk's currency) one unit of `currency` is worth, at the mid price or as stated."""
        into = into or self.currency
        if currency == into:
            return Decimal(1)
        if (direct := self._direct(account, currency, into)) is not None:
            return direct
        for middle in self._quoted_in(account, currency):  # one step through what it is quoted in
            first = self._direct(account, currency, middle)
            second = self._direct(account, middle, into)
            if first is not None and second is not None:
                return first * second
        return self._stated(account, currency) if into == self.currency else None

    def _stated(self, account: AccountId, currency: str) -> Decimal | None:
        """The rate that the operator states, of the currency itself or of one that a market shows it in."""
        if currency in self.stated and not self._lists(account, currency):
            return self.stated[currency]
        for middle, worth in self.stated.items():
            if (shown := self._direct(account, currency, middle)) is not None and not self._lists(account, middle):
                return shown * worth
        return None

    def _lists(self, account: AccountId, currency: str) -> bool:
        """Whether the account's market has a price of it in the desk's currency, now or soon."""
        listed = self.markets[account.name].instruments.values()
        return any({each.base, each.quote} == {currency, self.currency} for each in listed)

    def _quoted_in(self, account: AccountId, currency: str) -> list[str]:
        listed = self.markets[account.name].instruments.values()
        return list(dict.fromkeys(each.quote for each in listed if each.base == currency))

    def _direct(self, account: AccountId, currency: str, into: str) -> Decimal | None:
        """The rate that one instrument shows, in either direction."""
        market = self.markets[account.name]
        for base, quote, inverse in ((currency, into, False), (into, currency, True)):
            for symbol in (f"{base}/{quote}", f"{base}{quote}"):
                if shown := market.quote(Symbol(symbol)):
                    return 1 / shown.mid if inverse else shown.mid
        return None

    def worth(self, account: AccountId, amount: Decimal, currency: str) -> Decimal | None:
        """An amount in the desk's currency, or None without a price."""
        rate = self.rate(account, currency)
        return None if rate is None else amount * rate

    def mark(self, position: Position) -> Decimal | None:
        """Where the position could be closed now, or None without a quote."""
        shown = self.quote(AccountId(position.account, position.mode), position.symbol)
        return shown.mark(position.quantity) if shown else None

    def unrealized(self, position: Position) -> Decimal | None:
        """Profit of closing at the mark, in the position's currency."""
        mark = self.mark(position)
        return None if mark is None else position.unrealized(mark)

    def position_value(self, position: Position) -> Decimal:
        """Absolute value in the desk's currency, at the mark or, without one, at cost."""
        account = AccountId(position.account, position.mode)
        mark = self.mark(position)
        value = position.cost if mark is None else position.value(mark)
        return value * (self.rate(account, position.currency) or Decimal(1))

    def equity(self, account: AccountId) -> Equity:
        """Worth of the account now."""
        total, cash, unpriced = ZERO, ZERO, []
        for balance in self.book.balances(account):
            if not balance.amount:
                continue
            worth = self.worth(account, balance.amount, balance.currency)
            if worth is None:
                unpriced.append(balance.currency)
                continue
            total += worth
            cash += worth if balance.currency == self.currency else ZERO
        unrealized = ZERO
        for position in self.book.positions(account):
            profit = self.unrealized(position)
            if profit is None:
                continue
            profit *= self.rate(account, position.currency) or Decimal(1)
            unrealized += profit
            instrument = self.book.instrument(account, position.symbol)
            if instrument is not None and instrument.settlement is Settlement.LINEAR:
                total += profit
        return Equity(total, cash, unrealized, tuple(unpriced))

    def awaits_price(self, account: AccountId) -> bool:
        """Whether something the account holds has no price yet that its market will show."""
        if any(self.mark(position) is None for position in self.book.positions(account)):
            return True
        listed = self.markets[account.name].instruments.values()
        unpriced = self.equity(account).unpriced
        return bool(unpriced) and (not listed or any(each.base in unpriced for each in listed))

    def exposure(self, account: AccountId) -> Decimal:
        """Absolute value of all positions of the account, in the desk's currency."""
        return sum((self.position_value(p) for p in self.book.positions(account)), ZERO)
