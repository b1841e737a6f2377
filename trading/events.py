"""Everything that can happen to the desk. A fact is appended to the journal before it is acted on or told.

Events are frozen and tagged by their class name; new fields need defaults, so that old journals
replay for ever. `order_id` and `account`, where present, are indexed by the journal.
"""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Union

import msgspec

from trading.instruments import ZERO, Instrument, Money, Side, Symbol
from trading.intent import AccountId, Leg, Mode, OrderType, TimeInForce, Trail


class TradingState(StrEnum):
    """What the desk, an account, a symbol or a strategy may do; cancels and reducing always pass."""

    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"  # paused: no new entries
    HALTED = "HALTED"  # killed: nothing but getting out


class Event(msgspec.Struct, frozen=True, omit_defaults=True, tag=True, tag_field="type"):
    """The base of all facts."""


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one risk check found: `text` has the numbers, `remedy` what to do when it did not pass."""

    code: str
    passed: bool
    text: str
    remedy: str = ""


# --- an order's life -------------------------------------------------------------------------


class OrderInitialized(Event, frozen=True):
    """Somebody's intent, sized and rounded, before the verdict."""

    order_id: str
    key: str
    account: str
    mode: Mode
    symbol: Symbol
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    quantity: Decimal
    actor: str
    source: str
    text: str
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail: Trail | None = None
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    trail_loss: Trail | None = None
    reduce_only: bool = False
    post_only: bool = False
    iceberg: Decimal | None = None
    leg: Leg = Leg.ENTRY
    parent_id: str = ""
    group: str = ""


class OrderDenied(Event, frozen=True):
    """Our risk gate said no; it never left."""

    order_id: str
    code: str
    reason: str
    findings: tuple[Finding, ...] = ()


class OrderSubmitted(Event, frozen=True):
    """About to be sent: durable before the wire. From here on its outcome is the venue's to tell."""

    order_id: str
    findings: tuple[Finding, ...] = ()
    request: str = ""


class OrderAccepted(Event, frozen=True):
    order_id: str
    venue_order_id: str = ""


class OrderRejected(Event, frozen=True):
    """The venue said no, or it never reached the venue."""

    order_id: str
    code: str
    reason: str


class OrderInDoubt(Event, frozen=True):
    """It may have arrived. It is never sent again; reconcile finds out."""

    order_id: str
    reason: str


class OrderFilled(Event, frozen=True):
    """One trade. `trade_id` is the venue's, unique in the account: the same one again is the same fill.

    `fee_value` is the fee in the instrument's quote currency at the time of the fill.
    """

    order_id: str
    trade_id: str
    quantity: Decimal
    price: Decimal
    fee: Money
    fee_value: Decimal
    traded_at: datetime
    maker: bool = False


class OrderCancelRequested(Event, frozen=True):
    order_id: str
    actor: str
    source: str


class OrderCancelRefused(Event, frozen=True):
    order_id: str
    reason: str


class OrderCanceled(Event, frozen=True):
    order_id: str
    reason: str = ""


class OrderExpired(Event, frozen=True):
    order_id: str
    reason: str = ""


class OrderAmendRequested(Event, frozen=True):
    """Written before the wire; what stays as it is, is None."""

    order_id: str
    actor: str
    source: str
    quantity: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None


class OrderAmended(Event, frozen=True):
    order_id: str
    quantity: Decimal
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    venue_order_id: str = ""


class OrderAmendRefused(Event, frozen=True):
    order_id: str
    reason: str


class OrderTriggered(Event, frozen=True):
    """A stop or take-profit saw its price."""

    order_id: str


class ProtectionChanged(Event, frozen=True):
    """A bracket's stop or target was changed before its legs were placed, or wished for a position."""

    order_id: str
    actor: str
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    trail_loss: Trail | None = None


# --- accounts --------------------------------------------------------------------------------


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


class PositionAdjusted(Event, frozen=True):
    """A position brought to what the venue has, by a person's decision."""

    account: str
    mode: Mode
    symbol: Symbol
    quantity: Decimal
    price: Decimal
    reason: str
    actor: str


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


# --- control ---------------------------------------------------------------------------------


class TradingStateChanged(Event, frozen=True):
    """The latch of a scope (`all`, an account, a symbol, a strategy). It survives restarts."""

    scope: str
    state: TradingState
    actor: str
    reason: str = ""


class KillStarted(Event, frozen=True):
    """Latched first; then orders are cancelled and, if asked, positions closed until done."""

    kill_id: str
    scope: str
    flatten: bool
    actor: str


class KillStep(Event, frozen=True):
    kill_id: str
    text: str
    failed: bool = False


class KillFinished(Event, frozen=True):
    kill_id: str
    text: str


class LimitChanged(Event, frozen=True):
    """A risk limit set from chat; `account` empty means the desk. It survives restarts."""

    account: str
    name: str
    value: str
    actor: str


class SymbolLocked(Event, frozen=True):
    symbol: Symbol
    until: datetime | None
    reason: str
    actor: str


class SymbolUnlocked(Event, frozen=True):
    symbol: Symbol
    actor: str


class ConfirmationAsked(Event, frozen=True):
    """A command waits for its person (or, as an approval, for a second one)."""

    token: str
    actor: str
    line: str
    key: str
    summary: str
    expires: datetime
    surface: str = ""
    phrase: str = ""
    approval: bool = False


class ConfirmationClosed(Event, frozen=True):
    """One-shot: confirmed, approved, rejected, expired or voided (by a restart)."""

    token: str
    outcome: str
    actor: str


class CommandRun(Event, frozen=True):
    """The audit trail, and the answer to the same key sent again."""

    key: str
    actor: str
    role: str
    surface: str
    line: str
    ok: bool
    code: str = ""
    answer: str = ""


class StrategySwitched(Event, frozen=True):
    strategy: str
    running: bool
    actor: str


class SignalEmitted(Event, frozen=True):
    """What a strategy wanted at the close of one bar, and what became of it."""

    signal_id: str
    strategy: str
    account: str
    symbol: Symbol
    side: str  # BUY | SELL | CLOSE
    bar_close: datetime
    price: Decimal
    order_id: str = ""
    outcome: str = ""


class ScheduleSet(Event, frozen=True):
    """A command line to be run every so often, or at a time of day."""

    schedule_id: str
    line: str
    actor: str
    role: str
    every_s: int = 0
    at: str = ""


class ScheduleRemoved(Event, frozen=True):
    schedule_id: str
    actor: str


class DeskFounded(Event, frozen=True):
    """The first fact of a journal. Its id is in every order id, so that two desks on one account never share one."""

    desk_id: str


class DeskStarted(Event, frozen=True):
    """The start-up card: what was found and reconciled."""

    version: str
    text: str = ""


class DeskStopped(Event, frozen=True):
    reason: str = ""


class Noticed(Event, frozen=True):
    """Something people must be told: an error with its id, a warning."""

    notice_id: str
    severity: str  # info | warning | error | critical
    where: str
    text: str


AnyEvent = Union[
    OrderInitialized, OrderDenied, OrderSubmitted, OrderAccepted, OrderRejected, OrderInDoubt,
    OrderFilled, OrderCancelRequested, OrderCancelRefused, OrderCanceled, OrderExpired,
    OrderAmendRequested, OrderAmended, OrderAmendRefused, OrderTriggered, ProtectionChanged,
    InstrumentListed, AccountOpened, BalanceAdjusted, PositionAdjusted, EquitySampled, DriftFound,
    DriftResolved, Reconciled, ModeChanged, TradingStateChanged, KillStarted, KillStep, KillFinished,
    LimitChanged, SymbolLocked, SymbolUnlocked, ConfirmationAsked, ConfirmationClosed, CommandRun,
    StrategySwitched, SignalEmitted, ScheduleSet, ScheduleRemoved, DeskFounded, DeskStarted, DeskStopped, Noticed,
]  # fmt: skip

_encoder = msgspec.json.Encoder(decimal_format="string")
_decoder: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)


class Recorded(msgspec.Struct, frozen=True):
    """An event in the journal. `hash` seals this entry and, through it, every one before."""

    seq: int
    at: datetime
    event: AnyEvent
    hash: str = ""

    @property
    def type(self) -> str:
        return type(self.event).__name__


def encode(event: AnyEvent) -> bytes:
    """Canonical JSON: the same event is the same bytes."""
    return _encoder.encode(event)


def decode(payload: bytes | str) -> AnyEvent:
    """Back from the journal.

    Raises:
        msgspec.DecodeError: not an event this version knows.
    """
    return _decoder.decode(payload)


def account_of(event: AnyEvent) -> str:
    """The account an event names, or an empty string."""
    return getattr(event, "account", "")


def order_of(event: AnyEvent) -> str:
    """The order an event names, or an empty string."""
    return getattr(event, "order_id", "")


__all__ = [
    "AccountId",
    "AnyEvent",
    "Event",
    "Finding",
    "Recorded",
    "TradingState",
    "account_of",
    "decode",
    "encode",
    "order_of",
]
