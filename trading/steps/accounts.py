"""What accounts hold and in which mode they trade: openings, corrections, samples, differences."""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from trading import control as c
from trading import events as e
from trading.instruments import ZERO
from trading.intent import AccountId
from trading.portfolio import Account, Balance, Position, Tape, account_key, position_key, sample
from trading.steps.step import Entity, Get, Steps, balance_of, instrument_of

steps = Steps()


@steps.on(e.InstrumentListed)
def _listed(event: e.InstrumentListed, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    yield c.Listing(event.account, event.mode, event.instrument)


@steps.on(e.AccountOpened)
def _opened(event: e.AccountOpened, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    yield Account(event.account, event.mode, event.venue, event.currency, entry.at)
    for money in event.balances:
        yield Balance(event.account, event.mode, money.currency, money.amount)


@steps.on(e.BalanceAdjusted)
def _balance_adjusted(event: e.BalanceAdjusted, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    account = AccountId(event.account, event.mode)
    balance = balance_of(get, account, event.change.currency)
    yield msgspec.structs.replace(balance, amount=balance.amount + event.change.amount)
    if event.payment_id:
        yield c.Payment(event.account, event.mode, event.payment_id)
    yield from _no_profit(get, account, event.value)


@steps.on(e.PositionAdjusted)
def _position_adjusted(event: e.PositionAdjusted, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    account = AccountId(event.account, event.mode)
    instrument = instrument_of(get, account, event.symbol)
    before = get(Position, position_key(account, event.symbol)) or Position(
        account.name, account.mode, event.symbol, instrument.quote, multiplier=instrument.multiplier
    )
    cost = instrument.notional(abs(event.quantity), event.price)
    opened = (before.opened_at or entry.at) if event.quantity else None
    after = msgspec.structs.replace(
        before, quantity=event.quantity, cost=cost, trip=ZERO, opened_at=opened, updated_at=entry.at
    )
    yield after
    yield Tape(after)
    yield from _no_profit(get, account, event.value)


def _no_profit(get: Get, account: AccountId, value: Decimal) -> Iterator[Entity]:
    """The account's figures after its worth has changed by what is neither profit nor loss.

    A loss of the day is an amount and stays it. The fall from the highest is a percentage and stays it: the highest
    moves in proportion, as with the unit price of a fund, so that a payment neither hides a fall nor makes one.
    """
    figures = get(Account, account_key(account))
    if figures is None or not figures.day or not value:
        return
    before, after = figures.equity, figures.equity + value
    peak = figures.peak * after / before if before > 0 and after > 0 else figures.peak + value
    yield msgspec.structs.replace(figures, equity=after, peak=peak, day_start=figures.day_start + value)


@steps.on(e.EquitySampled)
def _sampled(event: e.EquitySampled, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    figures = get(Account, account_key(AccountId(event.account, event.mode)))
    if figures is not None:
        yield sample(figures, event)
    yield c.EquityPoint(
        str(entry.seq), event.account, event.mode, entry.at, event.equity, event.cash, event.unrealized, event.day
    )


@steps.on(e.Reconciled)
def _reconciled(event: e.Reconciled, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    figures = get(Account, account_key(AccountId(event.account, event.mode)))
    if figures is not None:
        yield msgspec.structs.replace(figures, reconciled_at=entry.at)


@steps.on(e.DriftFound)
def _drift_found(event: e.DriftFound, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    yield c.Drift(event.drift_id, event.account, event.mode, event.kind, event.subject, event.ours, event.theirs)


@steps.on(e.DriftResolved)
def _drift_resolved(event: e.DriftResolved, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    if (drift := get(c.Drift, event.drift_id)) is not None:
        yield msgspec.structs.replace(drift, resolution=event.resolution)


@steps.on(e.ModeChanged)
def _mode(event: e.ModeChanged, entry: e.Recorded, get: Get) -> Iterator[Entity]:
    yield c.AccountMode(event.account, event.mode, event.actor, event.until)
