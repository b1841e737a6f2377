"""What happened to an account: its money, its positions, its mode, and where its books differ from the venue's."""

from datetime import datetime
from decimal import Decimal

from trading.events.fact import Event
from trading.instruments import ZERO, Instrument, Money, Symbol
from trading.intent import Mode


class InstrumentListed(Event, frozen=True):
    """The venue's filters as they were when first traded, or changed since."""

    account: str
    mode: Mode
    instrument: Instrument


class AccountOpened(Event, frozen=True):
    """An account seen for the first time, with what the venue said it held."""

    account: str
    mode: Mode
    venue: str
    currency: str
    balances: tuple[Money, ...]


class BalanceAdjusted(Event, frozen=True):
    """Money that moved without an order of ours: a deposit, a withdrawal, an adopted difference."""

    account: str
    mode: Mode
    change: Money
    reason: str
    actor: str
    value: Decimal = ZERO  # of the change, in the desk's currency: deposits are neither profit nor loss
    payment_id: str = ""  # the venue's, of what it has paid or taken itself: the same one again is the same payment


class PositionAdjusted(Event, frozen=True):
    """A position brought to what the venue has, by a person's decision."""

    account: str
    mode: Mode
    symbol: Symbol
    quantity: Decimal
    price: Decimal
    reason: str
    actor: str
    value: Decimal = ZERO  # by which the account's worth changes in the desk's currency: neither profit nor loss


class EquitySampled(Event, frozen=True):
    """Account equity in the desk's currency. `day` is the date in the desk's time zone."""

    account: str
    mode: Mode
    equity: Decimal
    cash: Decimal
    unrealized: Decimal
    day: str
    currency: str = ""  # of the amounts; a change of the desk's currency begins every figure anew


class DriftFound(Event, frozen=True):
    """Our books differ from the venue's. Never absorbed silently: a person adopts, ignores or closes."""

    account: str
    mode: Mode
    drift_id: str
    kind: str  # balance | position | order | fill
    subject: str
    ours: str
    theirs: str


class DriftResolved(Event, frozen=True):
    account: str
    mode: Mode
    drift_id: str
    resolution: str  # adopted | ignored | closed (cancelled there) | gone
    actor: str


class Reconciled(Event, frozen=True):
    """Our books were held against the venue's."""

    account: str
    mode: Mode
    orders_checked: int = 0
    fills_found: int = 0
    doubts_resolved: int = 0
    differences: int = 0
    text: str = ""


class ModeChanged(Event, frozen=True):
    """Which mode new orders of an account use; `until` is when it falls back to paper by itself."""

    account: str
    mode: Mode
    actor: str
    until: datetime | None = None
