"""Where an account stands now: its worth, its day, its exposure with everything its open orders may still do."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from trading.book import Book
from trading.events import EquitySampled
from trading.instruments import ZERO, Instrument, Symbol
from trading.intent import AccountId
from trading.order import Order
from trading.portfolio import Account, Position, sample
from trading.risk.promised import BUY, NOTHING, SELL, SPOT, Amount, Commitments, OpenOrders, Promised
from trading.valuation import Equity, Valuation

ONE = Decimal(1)


class Terms(NamedTuple):
    """What turns quantities of a symbol into the desk's currency."""

    instrument: Instrument | None  # None when the venue no longer lists it
    spot: bool
    unit: Decimal  # desk currency for quantity * price: contract size times rate, the rate 1 when no price tells


class Standing(msgspec.Struct, frozen=True):
    """Values in the desk's currency, of one account at one moment.

    `figures` are the account's running figures as a sample taken now would leave them, so that a day
    that has just begun is a new day here too. `exposures` has, by symbol, the largest value its
    position can come to, and `exposure` their sum. `occupied` are the symbols with a position that
    is not dust, or with an order that may open one.
    """

    account: AccountId
    now: datetime
    zone: ZoneInfo
    currency: str
    equity: Equity
    figures: Account
    open: Commitments
    positions: Mapping[Symbol, Position]
    worths: Mapping[Symbol, Decimal]
    terms: Mapping[Symbol, Terms]
    exposures: Mapping[Symbol, Decimal]
    exposure: Decimal
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


def largest_value(held: Decimal, worth: Decimal, buys: Amount, sells: Amount, unit: Decimal) -> Decimal:
    """The largest value a position of `held` units, now worth `worth`, comes to if either side is all done."""
    return max(worth, _value_after(held, worth, buys, unit), _value_after(-held, worth, sells, unit))


def _value_after(held: Decimal, worth: Decimal, promised: Amount, unit: Decimal) -> Decimal:
    """`held` as the promised side counts it: negative is what that side closes before it opens anything."""
    if not promised.quantity:
        return ZERO
    if held >= 0:
        return worth + promised.value * unit
    beyond = promised.quantity + held
    return promised.value * unit * beyond / promised.quantity if beyond > 0 else ZERO


def stand(
    book: Book,
    valuation: Valuation,
    orders: OpenOrders,
    account: AccountId,
    zone: ZoneInfo,
    judged: Order | None = None,
    instrument: Instrument | None = None,
) -> Standing:
    """Look at an account as it is without the order to be judged, of which `instrument` has the filters."""
    now = book.clock.now()
    equity = valuation.equity(account)
    commitments = orders.of(account, judged.id if judged else "")
    promised = commitments.promised
    positions = {position.symbol: position for position in book.positions(account)}
    worths = {symbol: valuation.position_value(position) for symbol, position in positions.items()}
    symbols = {*positions, *(symbol for symbol, side in promised.totals)}
    terms = {symbol: _terms(valuation, account, book.instrument(account, symbol)) for symbol in symbols}
    if judged is not None:
        terms[judged.symbol] = _terms(valuation, account, instrument)
    exposures = {
        symbol: largest_value(
            positions[symbol].quantity if symbol in positions else ZERO,
            worths.get(symbol, ZERO),
            promised.of(symbol, BUY),
            NOTHING if terms[symbol].spot else promised.of(symbol, SELL),
            terms[symbol].unit,
        )
        for symbol in terms
    }
    return Standing(
        account=account,
        now=now,
        zone=zone,
        currency=valuation.currency,
        equity=equity,
        figures=_figures(book, account, valuation.currency, equity, now.astimezone(zone).date().isoformat()),
        open=commitments,
        positions=positions,
        worths=worths,
        terms=terms,
        exposures=exposures,
        exposure=sum(exposures.values(), ZERO),
        occupied=frozenset(_occupied(valuation, positions, promised, terms)),
    )


def day_pnl(book: Book, valuation: Valuation, account: AccountId, zone: ZoneInfo) -> Decimal:
    """Profit or loss of an account since the day began, in the desk's currency: `Standing.day_pnl` by itself."""
    equity, today = valuation.equity(account), book.clock.now().astimezone(zone).date().isoformat()
    return equity.total - _figures(book, account, valuation.currency, equity, today).day_start


def _terms(valuation: Valuation, account: AccountId, instrument: Instrument | None) -> Terms:
    if instrument is None:
        return Terms(None, False, ONE)
    rate = valuation.rate(account, instrument.quote) or ONE
    return Terms(instrument, instrument.settlement is SPOT, instrument.multiplier * rate)


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
