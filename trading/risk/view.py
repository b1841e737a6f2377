"""Everything a check may look at, worked out once for each judgement.

An order *reduces* when all it can do is close: a SELL within a long position, a BUY within a short
one, and on spot a SELL of what the account holds, bought here or not; less what open orders of the
same direction will close already. Alternatives (stop and target of one bracket, an OCO pair) count
once. An order larger than that is judged as an entry.
"""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import msgspec

from trading.book import Book
from trading.control import Latch, Lock
from trading.events import TradingState
from trading.instruments import ZERO, Instrument
from trading.order import Order
from trading.portfolio import Balance, balance_key
from trading.ports import Capabilities, Funds
from trading.quotes import Quote
from trading.risk.promised import BUY, NOTHING, SELL, SPOT, Amount, plus, reference_price
from trading.risk.standing import Standing, largest_value
from trading.risk.submissions import Sent
from trading.valuation import Valuation


class Facts(NamedTuple):
    """What the gate knows beside the books."""

    capabilities: Capabilities
    not_ready: str
    sent: int
    first_sent: datetime | None
    twin: Sent | None
    confirmed: bool
    margin: Funds | None = None  # what the venue itself says that the order takes


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Prices are in quote currency, values in the desk's; what cannot be known is None."""

    standing: Standing
    facts: Facts
    instrument: Instrument
    latch: Latch | None
    lock: Lock | None
    doubts: tuple[Order, ...]
    quote: Quote | None
    reference: Decimal | None
    rate: Decimal | None
    value: Decimal | None
    held: Decimal
    closable: Decimal
    reducing: bool
    funds: Funds | None
    position_before: Decimal
    position_after: Decimal

    @property
    def exposure_before(self) -> Decimal:
        return self.standing.exposure

    @property
    def exposure_after(self) -> Decimal:
        return self.standing.exposure - self.position_before + self.position_after


def look(
    book: Book, valuation: Valuation, standing: Standing, order: Order, instrument: Instrument, facts: Facts
) -> View:
    """All that there is to see about one order."""
    account = standing.account
    quote = valuation.quote(account, order.symbol)
    rate = valuation.rate(account, instrument.quote)
    reference = reference_price(order, quote)
    unit = (reference or ZERO) * instrument.multiplier
    added = standing.open.promised.added_by(order, order.remaining, reference or ZERO)
    held = _held(book, standing, order, instrument)
    closable = max(held - standing.open.promised.of(order.symbol, order.side).quantity, ZERO)
    before = standing.exposures[order.symbol]
    return View(
        standing=standing,
        facts=facts,
        instrument=instrument,
        latch=strictest_latch(book, order),
        lock=book.lock_on(order.symbol),
        doubts=tuple(o for o in standing.open.doubts if o.symbol == order.symbol),
        quote=quote,
        reference=reference,
        rate=rate,
        value=None if reference is None or rate is None else order.quantity * unit * rate,
        held=held,
        closable=closable,
        reducing=bool(held) and order.remaining <= held and added.quantity <= closable,
        funds=facts.margin or (_funds(book, standing, order, instrument, added) if reference is not None else None),
        position_before=before,
        position_after=_position_after(standing, order, instrument, added),
    )


def _held(book: Book, standing: Standing, order: Order, instrument: Instrument) -> Decimal:
    """How much the order could close at most, if nothing else were closing it."""
    position = standing.positions.get(order.symbol)
    quantity = position.quantity if position else ZERO
    if instrument.settlement is SPOT:
        if order.side is BUY:
            return ZERO
        quantity = max(quantity, _balance(book, standing, instrument.base))
    return max(-order.side.sign * quantity, ZERO)


def _balance(book: Book, standing: Standing, currency: str) -> Decimal:
    balance = book.get(Balance, balance_key(standing.account, currency))
    return balance.amount if balance else ZERO


def _funds(book: Book, standing: Standing, order: Order, instrument: Instrument, added: Amount) -> Funds | None:
    """By our books, where the venue tells nothing. On spot only: elsewhere it lends, and the leverage limit speaks."""
    if instrument.settlement is not SPOT:
        return None
    buys = order.side is BUY
    currency = instrument.quote if buys else instrument.base
    reserved = ZERO
    for (symbol, side), amount in standing.open.promised.totals.items():
        terms = standing.terms[symbol]
        if terms.instrument is None or not terms.spot:
            continue
        if side is BUY and terms.instrument.quote == currency:
            reserved += amount.value * terms.instrument.multiplier
        elif side is SELL and terms.instrument.base == currency:
            reserved += amount.quantity
    needs = added.value * instrument.multiplier if buys else added.quantity
    return Funds(needs, _balance(book, standing, currency) - reserved, currency)


def _position_after(standing: Standing, order: Order, instrument: Instrument, added: Amount) -> Decimal:
    symbol = order.symbol
    position = standing.positions.get(symbol)
    buys, sells = standing.open.promised.of(symbol, BUY), standing.open.promised.of(symbol, SELL)
    if order.side is BUY:
        buys = plus(buys, added)
    else:
        sells = plus(sells, added)
    return largest_value(
        position.quantity if position else ZERO,
        standing.worths.get(symbol, ZERO),
        buys,
        NOTHING if instrument.settlement is SPOT else sells,
        standing.terms[symbol].unit,
    )


def strictest_latch(book: Book, order: Order) -> Latch | None:
    """The latch that holds the order: of all, its account, its symbol, or the strategy that wants it."""
    scopes = ["all", order.account, order.symbol]
    if order.actor.startswith("strategy:"):
        scopes += [order.actor, order.actor.removeprefix("strategy:")]
    held: Latch | None = None
    for scope in scopes:
        latch = book.get(Latch, scope)
        if latch is None or latch.state is TradingState.ACTIVE:
            continue
        if held is None or (latch.state is TradingState.HALTED and held.state is not TradingState.HALTED):
            held = latch
    return held
