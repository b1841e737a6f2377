"""Everything that can happen to the desk. A fact is appended to the journal before it is acted on or told.

Events are frozen and tagged by their class name; new fields need defaults, so that old journals
replay for ever. `order_id` and `account`, where present, are indexed by the journal.
"""

from datetime import datetime
from typing import Union

import msgspec

from trading.events.accounts import (
    AccountOpened,
    BalanceAdjusted,
    DriftFound,
    DriftResolved,
    EquitySampled,
    InstrumentListed,
    ModeChanged,
    PositionAdjusted,
    Reconciled,
)
from trading.events.audience import (
    AlertAcknowledged,
    AlertLevelSet,
    AlertRepeated,
    ChatMoved,
    DestinationMuted,
    DigestSet,
    DigestTold,
    PersonAdmitted,
    PersonBlocked,
    StrangerSeen,
    WatchFired,
    WatchRemoved,
    WatchSet,
)
from trading.events.control import (
    CommandRun,
    ConfirmationAsked,
    ConfirmationClosed,
    KillFinished,
    KillStarted,
    KillStep,
    LimitChanged,
    ScheduleRemoved,
    ScheduleSet,
    SymbolLocked,
    SymbolUnlocked,
    TradingStateChanged,
)
from trading.events.desk import (
    DeskFounded,
    DeskStarted,
    DeskStopped,
    Noticed,
    SignalEmitted,
    StrategySwitched,
)
from trading.events.fact import (
    Event,
    Finding,
    TradingState,
)
from trading.events.orders import (
    OrderAccepted,
    OrderAmended,
    OrderAmendRefused,
    OrderAmendRequested,
    OrderCanceled,
    OrderCancelRefused,
    OrderCancelRequested,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderInDoubt,
    OrderInitialized,
    OrderRejected,
    OrderSubmitted,
    OrderTriggered,
    ProtectionChanged,
)
from trading.events.webhooks import AlertReceived, AlertResent, AlertSettled, Outcome

AnyEvent = Union[
    OrderInitialized, OrderDenied, OrderSubmitted, OrderAccepted, OrderRejected, OrderInDoubt,
    OrderFilled, OrderCancelRequested, OrderCancelRefused, OrderCanceled, OrderExpired,
    OrderAmendRequested, OrderAmended, OrderAmendRefused, OrderTriggered, ProtectionChanged,
    InstrumentListed, AccountOpened, BalanceAdjusted, PositionAdjusted, EquitySampled, DriftFound,
    DriftResolved, Reconciled, ModeChanged, TradingStateChanged, KillStarted, KillStep,
    KillFinished, LimitChanged, SymbolLocked, SymbolUnlocked, ConfirmationAsked, ConfirmationClosed,
    CommandRun, ScheduleSet, ScheduleRemoved, StrategySwitched, SignalEmitted, DeskFounded,
    DeskStarted, DeskStopped, Noticed, StrangerSeen, PersonAdmitted, PersonBlocked, ChatMoved,
    AlertLevelSet, DestinationMuted, DigestSet, DigestTold, AlertAcknowledged, AlertRepeated,
    WatchSet, WatchFired, WatchRemoved, AlertReceived, AlertResent, AlertSettled,
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
    "AccountOpened",
    "AlertAcknowledged",
    "AlertLevelSet",
    "AlertReceived",
    "AlertRepeated",
    "AlertResent",
    "AlertSettled",
    "AnyEvent",
    "BalanceAdjusted",
    "ChatMoved",
    "CommandRun",
    "ConfirmationAsked",
    "ConfirmationClosed",
    "DeskFounded",
    "DeskStarted",
    "DeskStopped",
    "DestinationMuted",
    "DigestSet",
    "DigestTold",
    "DriftFound",
    "DriftResolved",
    "EquitySampled",
    "Event",
    "Finding",
    "InstrumentListed",
    "KillFinished",
    "KillStarted",
    "KillStep",
    "LimitChanged",
    "ModeChanged",
    "Noticed",
    "OrderAccepted",
    "OrderAmendRefused",
    "OrderAmendRequested",
    "OrderAmended",
    "OrderCancelRefused",
    "OrderCancelRequested",
    "OrderCanceled",
    "OrderDenied",
    "OrderExpired",
    "OrderFilled",
    "OrderInDoubt",
    "OrderInitialized",
    "OrderRejected",
    "OrderSubmitted",
    "OrderTriggered",
    "Outcome",
    "PersonAdmitted",
    "PersonBlocked",
    "PositionAdjusted",
    "ProtectionChanged",
    "Reconciled",
    "Recorded",
    "ScheduleRemoved",
    "ScheduleSet",
    "SignalEmitted",
    "StrangerSeen",
    "StrategySwitched",
    "SymbolLocked",
    "SymbolUnlocked",
    "TradingState",
    "TradingStateChanged",
    "WatchFired",
    "WatchRemoved",
    "WatchSet",
    "account_of",
    "decode",
    "encode",
    "order_of",
]
