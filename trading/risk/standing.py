"""Where an account stands now: its worth, its day, its exposure with everything its open orders may still do."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from trading.book import Book
from trading.events import EquitySampled
from trading.instruments import ZERO, Instrument, Settlement, Side, Symbol
from trading.intent import AccountId
from trading.order import Order
from trading.portfolio import Account, Position, sample
from trading.risk.promised import NOTHING, Amount, Promised, reference_price
from trading.valuation import Equity, Valuation

ONE = Decimal(1)


class Terms(NamedTuple):
    """What turns quantities of a symbol into the desk's currency."""

    instrument: Instrument | None  # None when the venue no longer lists it
    rate: Decimal  # desk currency for one unit of the quote currency; 1 when no price tells

    @property
    def spot(self) -> bool:
        return self.instrument is not None and self.instrument.settlement is Settlement.SPOT

    @property
    def multiplier(self) -> Decimal:
        return self.instrument.multiplier if self.instrument is not None else ONE


class Standing(msgspec.Struct, frozen=True):
    """Values in the desk's currency. `exposures` has, by symbol, the largest value its position can come to.

    `figures` are the account's running figures as a sample taken now would leave them, so that a day
    that has just begun is a new day here too. `occupied` are the symbols with a position that is not
    dust, or with an order that may open one.
    """

    account: AccountId
    now: datetime
    zone: ZoneInfo
    currency: str
    equity: Equity
    figures: Account
    orders: tuple[Order, ...]
    promised: Promised
    positions: Mapping[Symbol, Position]
    worths: Mapping[Symbol, Decimal]
    terms: Mapping[Symbol, Terms]
    exposures: Mapping[Symbol, Decimal]
    occupied: frozenset[Symbol]

    @property
    def day_pnl(self) -> Decimal:
        """Profit or loss since the day began."""
        return self.equity.total - self.figures.day_start

    @property
    def drawdown(self) -> Decimal:
        """Percent below the highest equity."""
        peak = self.figures.peak
        return (peak - self.equity.total) * 100 / peak if peak > 0 else ZERO

    @property
    def exposure(self) -> Decimal:
        return sum(self.exposures.values(), ZERO)


def largest_value(held: Decimal, worth: Decimal, buys: Amount, sells: Amount, rate: Decimal) -> Decimal:
    """The largest value a position of `held` units, now worth `worth`, comes to if either side is all done."""
    return max(worth, _value_after(held, worth, buys, rate), _value_after(-held, worth, sells, rate))


def _value_after(held: Decimal, worth: Decimal, promised: Amount, rate: Decimal) -> Decimal:
    """`held` as the promised side counts it: negative is what that side closes before it opens anything."""
    if not promised.quantity:
        return ZERO
    if held >= 0:
        return worth + promised.value * rate
    beyond = promised.quantity + held
    return promised.value * rate * beyond / promised.quantity if beyond > 0 else ZERO


def stand(
    book: Book, valuation: Valuation, account: AccountId, zone: ZoneInfo, judged: Order | None = None
) -> Standing:
    """Look at an account as it is without the order to be judged."""
    now = book.clock.now()
    without = judged.id if judged else ""
    equity = valuation.equity(account)
    orders = tuple(
        order
        for order in book.open_orders()
        if order.account == account.name and order.mode == account.mode and order.id != without
    )
    positions = {position.symbol: position for position in book.positions(account)}
    worths = {symbol: valuation.position_value(position) for symbol, position in positions.items()}
    symbols = {*positions, *(order.symbol for order in orders), *((judged.symbol,) if judged else ())}
    terms = {symbol: _terms(valuation, account, book.instrument(account, symbol)) for symbol in symbols}
    promised = Promised()
    for order in orders:
        _promise(book, valuation, promised, order, terms[order.symbol])
    return Standing(
        account=account,
        now=now,
        zone=zone,
        currency=valuation.currency,
        equity=equity,
        figures=_figures(book, account, valuation.currency, equity, now.astimezone(zone).date().isoformat()),
        orders=orders,
        promised=promised,
        positions=positions,
        worths=worths,
        terms=terms,
        exposures={
            symbol: largest_value(
                positions[symbol].quantity if symbol in positions else ZERO,
                worths.get(symbol, ZERO),
                promised.of(symbol, Side.BUY),
                NOTHING if terms[symbol].spot else promised.of(symbol, Side.SELL),
                terms[symbol].rate,
            )
            for symbol in symbols
        },
        occupied=frozenset(_occupied(valuation, book, account, positions, promised, terms)),
    )


def _terms(valuation: Valuation, account: AccountId, instrument: Instrument | None) -> Terms:
    rate = valuation.rate(account, instrument.quote) if instrument is not None else None
    return Terms(instrument, rate or ONE)


def _promise(book: Book, valuation: Valuation, promised: Promised, order: Order, terms: Terms) -> None:
    quantity = order.remaining
    if order.parent_id and (parent := book.order(order.parent_id)) and parent.is_open:
        # A leg whose entry still works at the venue can only close what the entry has opened.
        quantity = min(quantity, parent.filled_quantity)
    known = order.limit_price is not None or order.stop_price is not None
    price = reference_price(order, None if known else valuation.quote(order.account_id, order.symbol))
    promised.add(order, quantity, (price or ZERO) * terms.multiplier)


def _figures(book: Book, account: AccountId, currency: str, equity: Equity, today: str) -> Account:
    opened = book.account(account) or Account(account.name, account.mode, "", currency, book.clock.now())
    now = EquitySampled(account.name, account.mode, equity.total, equity.cash, equity.unrealized, today)
    return sample(opened, now)


def _occupied(
    valuation: Valuation,
    book: Book,
    account: AccountId,
    positions: Mapping[Symbol, Position],
    promised: Promised,
    terms: Mapping[Symbol, Terms],
) -> set[Symbol]:
    symbols = {
        symbol
        for (symbol, side), amount in promised.totals.items()
        if amount.quantity and not (terms[symbol].spot and side is Side.SELL)
    }
    for symbol, position in positions.items():
        instrument, mark = book.instrument(account, symbol), valuation.mark(position)
        if instrument is None or mark is None or not instrument.is_dust(position.quantity, mark):
            symbols.add(symbol)
    return symbols
