"""What people are told unasked: one alert per event worth knowing, in plain words, for every surface."""

from enum import IntEnum

import msgspec

from handlers.cards import headline
from handlers.figures import number
from handlers.reply import Button, Tone
from handlers.story import tell
from trading import events as e
from trading.book import Book


class Severity(IntEnum):
    INFO = 0
    NOTICE = 1
    WARNING = 2
    CRITICAL = 3


class Alert(msgspec.Struct, frozen=True):
    """One thing to tell. `kind` is what settings switch on and off: fills, orders, errors, risk, control, system.

    `to` is the one destination it is for; empty means every one.
    """

    seq: int
    kind: str
    severity: Severity
    text: str
    tone: Tone = Tone.INFO
    order_id: str = ""
    buttons: tuple[Button, ...] = ()
    to: str = ""


_KINDS: dict[type[e.Event], tuple[str, Severity, Tone]] = {
    e.OrderFilled: ("fills", Severity.NOTICE, Tone.GOOD),
    e.OrderAccepted: ("orders", Severity.INFO, Tone.INFO),
    e.OrderDenied: ("risk", Severity.WARNING, Tone.BAD),
    e.OrderRejected: ("errors", Severity.WARNING, Tone.BAD),
    e.OrderInDoubt: ("errors", Severity.CRITICAL, Tone.WARN),
    e.OrderCanceled: ("orders", Severity.INFO, Tone.WARN),
    e.OrderExpired: ("orders", Severity.INFO, Tone.WARN),
    e.OrderCancelRefused: ("orders", Severity.NOTICE, Tone.WARN),
    e.OrderAmended: ("orders", Severity.INFO, Tone.INFO),
    e.OrderAmendRefused: ("errors", Severity.NOTICE, Tone.BAD),
    e.TradingStateChanged: ("control", Severity.CRITICAL, Tone.WARN),
    e.KillStarted: ("control", Severity.CRITICAL, Tone.WARN),
    e.KillStep: ("control", Severity.WARNING, Tone.WARN),
    e.KillFinished: ("control", Severity.WARNING, Tone.WARN),
    e.ModeChanged: ("control", Severity.CRITICAL, Tone.WARN),
    e.LimitChanged: ("risk", Severity.NOTICE, Tone.INFO),
    e.SymbolLocked: ("risk", Severity.NOTICE, Tone.WARN),
    e.SymbolUnlocked: ("risk", Severity.NOTICE, Tone.INFO),
    e.StrategySwitched: ("control", Severity.NOTICE, Tone.INFO),
    e.DriftFound: ("errors", Severity.CRITICAL, Tone.WARN),
    e.DriftResolved: ("system", Severity.NOTICE, Tone.INFO),
    e.ConfirmationClosed: ("control", Severity.INFO, Tone.INFO),
    e.DeskStarted: ("system", Severity.NOTICE, Tone.INFO),
    e.DeskStopped: ("system", Severity.NOTICE, Tone.INFO),
}
_NOTICED = {
    "info": (Severity.INFO, Tone.INFO),
    "warning": (Severity.WARNING, Tone.WARN),
    "error": (Severity.WARNING, Tone.BAD),
    "critical": (Severity.CRITICAL, Tone.BAD),
}


def alert_of(entry: e.Recorded, book: Book) -> Alert | None:
    """What to tell of one journal entry; None for what nobody needs to be told."""
    event = entry.event
    lines = tell(entry)
    if not lines:
        return None
    if isinstance(event, e.Noticed):
        severity, tone = _NOTICED.get(event.severity, _NOTICED["error"])
        return Alert(entry.seq, "errors", severity, lines[0], tone)
    if type(event) not in _KINDS:
        return None
    kind, severity, tone = _KINDS[type(event)]
    order = book.order(e.order_of(event))
    if order is None:
        return Alert(entry.seq, kind, severity, "\n".join(lines), tone)
    text = f"{headline(order)}\n{lines[0]}"
    if isinstance(event, e.OrderFilled) and event.quantity < order.quantity:
        text += f", part of {number(order.quantity)}"
    return Alert(entry.seq, kind, severity, text, tone, order.id)
