"""Where an account stands now: its worth, its day, its exposure with everything its open orders may still do."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from trading.book import Book
from trading.events import EquitySampled
from trading.instruments import ZERO, Instrument, Settlement, Symbol
from trading.intent import AccountId
from trading.order import Order
from trading.portfolio import Account, Position, sample
from trading.risk.promised import BUY, ENTRY, NOTHING, SELL, Amount, Promised, reference_price
from trading.valuation import Equity, Valuation

ONE = Decimal(1)


class Terms(NamedTuple):
    """What turns quantities of a symbol into the desk's currency."""

    instrument: Instrument | None  # None when the venue no longer lists it
    spot: bool
    multiplier: Decimal
    rate: Decimal  # desk currency for one unit of the quote currency; 1 when no price tells


class Standing(msgspec.Struct, frozen=True):
    """Values in the desk's currency, of one account at one moment.

    `figures` are the account's running figures as a sample taken now would leave them, so that a day
    that has just begun is a new day here too. `exposures` has, by symbol, the largest value its
    position can come to, and `exposure` their sum. `occupied` are the symbols with a position that
    is not dust, or with an order that may open one. `entries` counts open orders by symbol, without
    the stops and targets of positions.
    """

    account: AccountId
    now: datetime
    zone: ZoneInfo
    currency: str
    equity: Equity
    figures: Account
    promised: Promised
    positions: Mapping[Symbol, Position]
    worths: Mapping[Symbol, Decimal]
    terms: Mapping[Symbol, Terms]
    exposures: Mapping[Symbol, Decimal]
    exposure: Decimal
    occupied: frozenset[Symbol]
    entries: Mapping[Symbol, int]
    doubts: tuple[Order, ...]

    @property
    def day_pnl(self) -> Decimal:
        """Profit or loss since the day began."""
        return self.equity.total - self.figures.day_start

    @property
    def drawdown(self) -> Decimal:
        """Percent below the highest equity."""
        peak = self.figures.peak
        return (peak - self.equity.total) * 100 / peak if peak > 0 else ZERO


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


class _Known(dict[Symbol, Terms]):
    """Terms by symbol, looked up once."""

    def __init__(self, book: Book, valuation: Valuation, account: AccountId) -> None:
        self._of: Callable[[Symbol], Terms] = lambda symbol: _terms(
            valuation, account, book.instrument(account, symbol)
        )

    def __missing__(self, symbol: Symbol) -> Terms:
        self[symbol] = terms = self._of(symbol)
        return terms


def stand(
    book: Book, valuation: Valuation, account: AccountId, zone: ZoneInfo, judged: Order | None = None
) -> Standing:
    """Look at an account as it is without the order to be judged."""
    now = book.clock.now()
    equity = valuation.equity(account)
    positions = {position.symbol: position for position in book.positions(account)}
    worths = {symbol: valuation.position_value(position) for symbol, position in positions.items()}
    orders = _open(book, account, judged)
    terms = _Known(book, valuation, account)
    promised, entries = Promised(), dict.fromkeys(positions, 0)
    if judged is not None:
        entries[judged.symbol] = 0
    for order in orders:
        quantity, price = _promise(book, valuation, order)
        promised.add(order, quantity, price * terms[order.symbol].multiplier)
        if order.leg is ENTRY:
            entries[order.symbol] = entries.get(order.symbol, 0) + 1
    exposures = {
        symbol: largest_value(
            positions[symbol].quantity if symbol in positions else ZERO,
            worths.get(symbol, ZERO),
            promised.of(symbol, BUY),
            NOTHING if terms[symbol].spot else promised.of(symbol, SELL),
            terms[symbol].rate,
        )
        for symbol in {*terms, *entries}
    }
    return Standing(
        account=account,
        now=now,
        zone=zone,
        currency=valuation.currency,
        equity=equity,
        figures=_figures(book, account, valuation.currency, equity, now.astimezone(zone).date().isoformat()),
        promised=promised,
        positions=positions,
        worths=worths,
        terms=terms,
        exposures=exposures,
        exposure=sum(exposures.values(), ZERO),
        occupied=frozenset(_occupied(valuation, positions, promised, terms)),
        entries=entries,
        doubts=tuple(order for order in orders if order.in_doubt),
    )


def _open(book: Book, account: AccountId, judged: Order | None) -> list[Order]:
    name, mode = account
    without = judged.id if judged is not None else ""
    return [o for o in book.open_orders() if o.account == name and o.mode is mode and o.id != without]


def _terms(valuation: Valuation, account: AccountId, instrument: Instrument | None) -> Terms:
    if instrument is None:
        return Terms(None, False, ONE, ONE)
    spot = instrument.settlement is Settlement.SPOT
    return Terms(instrument, spot, instrument.multiplier, valuation.rate(account, instrument.quote) or ONE)


def _promise(book: Book, valuation: Valuation, order: Order) -> tuple[Decimal, Decimal]:
    """What of an open order may still be done, and the price to value it at."""
    quantity = order.quantity - order.filled_quantity
    if order.parent_id and (parent := book.order(order.parent_id)) and parent.is_open:
        # A leg whose entry still works at the venue can only close what the entry has opened.
        quantity = min(quantity, parent.filled_quantity)
    price = order.limit_price if order.limit_price is not None else order.stop_price
    if price is None or order.side is SELL:
        price = reference_price(order, valuation.quote(order.account_id, order.symbol))
    return quantity, price or ZERO


def _figures(book: Book, account: AccountId, currency: str, equity: Equity, today: str) -> Account:
    opened = book.account(account) or Account(account.name, account.mode, "", currency, book.clock.now())
    now = EquitySampled(account.name, account.mode, equity.total, equity.cash, equity.unrealized, today)
    return sample(opened, now)


def _occupied(
    valuation: Valuation, positions: Mapping[Symbol, Position], promised: Promised, terms: Mapping[Symbol, Terms]
) -> Iterator[Symbol]:
    for (symbol, side), amount in promised.totals.items():
        if amount.quantity and not (terms[symbol].spot and side is SELL):
            yield symbol
    for symbol, position in positions.items():
        instrument, mark = terms[symbol].instrument, valuation.mark(position)
        if instrument is None or mark is None or not instrument.is_dust(position.quantity, mark):
            yield symbol
