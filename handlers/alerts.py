"""What people are told unasked: one alert per event worth knowing, in plain words, for every surface."""

from enum import IntEnum

import msgspec

from handlers.cards import headline
from handlers.figures import number
from handlers.reply import Button, Tone
from handlers.story import tell
from trading import events as e
from trading.book import Book
from trading.control import AccountMode, Drift, Kill, Latch
from trading.intent import OrderType
from trading.order import Order


class Severity(IntEnum):
    INFO = 0
    NOTICE = 1
    WARNING = 2
    CRITICAL = 3


KINDS = {
    "fills": "An order was filled, or a part of it",
    "orders": "Accepted, changed, cancelled, expired",
    "errors": "What went wrong or is in doubt",
    "risk": "Denials, limits, locks",
    "control": "Latches, kills, modes, strategies, people",
    "system": "Starts, stops, what was resolved, what schedules did",
    "prices": "Price alerts that people set",
    "alerts": "Alerts from outside, and what became of each",
}
"""What settings and people switch on and off, with what it is."""

DIGEST, URGENT = "digest", "urgent"
ALWAYS = frozenset({DIGEST, URGENT})
"""Kinds that nobody can switch off: what a place asked for by itself, and what nobody has seen."""


class Alert(msgspec.Struct, frozen=True):
    """One thing to tell, of a kind of KINDS or ALWAYS.

    `to` is the one destination it is for; empty means every one. `short` is the whole of it in one line, for
    where several are told together; empty if it must be told as it is.
    """

    seq: int
    kind: str
    severity: Severity
    text: str
    tone: Tone = Tone.INFO
    order_id: str = ""
    buttons: tuple[Button, ...] = ()
    to: str = ""
    short: str = ""


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
    e.StrangerSeen: ("control", Severity.NOTICE, Tone.WARN),
    e.PersonAdmitted: ("control", Severity.NOTICE, Tone.INFO),
    e.PersonBlocked: ("control", Severity.NOTICE, Tone.INFO),
    e.ChatMoved: ("system", Severity.NOTICE, Tone.WARN),
    e.DigestTold: (DIGEST, Severity.NOTICE, Tone.INFO),
    e.WatchFired: ("prices", Severity.NOTICE, Tone.INFO),
    e.AlertRepeated: (URGENT, Severity.CRITICAL, Tone.WARN),
    e.AlertResent: ("alerts", Severity.INFO, Tone.INFO),
}
_SETTLED = {
    e.Outcome.EXECUTED: (Severity.NOTICE, Tone.GOOD),
    e.Outcome.WAITING: (Severity.WARNING, Tone.WARN),
    e.Outcome.APPROVED: (Severity.INFO, Tone.GOOD),
    e.Outcome.REJECTED: (Severity.NOTICE, Tone.WARN),
    e.Outcome.DENIED: (Severity.WARNING, Tone.BAD),
    e.Outcome.EXPIRED: (Severity.WARNING, Tone.BAD),
    e.Outcome.UNREADABLE: (Severity.WARNING, Tone.BAD),
}
_NOTICED = {
    "info": (Severity.INFO, Tone.INFO),
    "warning": (Severity.WARNING, Tone.WARN),
    "error": (Severity.WARNING, Tone.BAD),
    "critical": (Severity.CRITICAL, Tone.BAD),
}
_BY_HAND = ("person:", "local:", "token:")
"""How the ids begin of actors who type: they know what they have done."""


def alert_of(entry: e.Recorded, book: Book) -> Alert | None:
    """What to tell of one journal entry; None for what nobody needs to be told."""
    event = entry.event
    lines = tell(entry)
    rank = _rank(event)
    if not lines or rank is None:
        return None
    kind, severity, tone = rank
    order = book.order(e.order_of(event))
    if isinstance(event, e.OrderAccepted) and order is not None and order.type is OrderType.MARKET:
        return None  # what becomes of it follows at once
    text, short, number_of_order = "\n".join(lines), "", ""
    if order is not None:
        line = f"{lines[0]}{_rest(event, order)}"
        text, number_of_order = f"{headline(order)}\n{line}", order.id
        short = f"{order.account_id}: {order.side} {number(order.quantity)} {order.symbol}. {line}"
    elif isinstance(event, e.Noticed):
        text = lines[0]
    buttons = _buttons(entry.seq, event, severity)
    if severity is Severity.CRITICAL or buttons or kind in ALWAYS or "\n" in (short or text):
        short = ""
    else:
        short = short or text
    to = event.destination if isinstance(event, e.DigestTold | e.WatchFired) else ""
    return Alert(entry.seq, kind, severity, text, tone, number_of_order, buttons, to, short)


def _rank(event: e.AnyEvent) -> tuple[str, Severity, Tone] | None:
    if isinstance(event, e.Noticed):
        went_well = event.where == "schedule" and event.severity == "info"
        kind = "system" if went_well else "errors"  # that a connection is back is told where its loss was
        return kind, *_NOTICED.get(event.severity, _NOTICED["error"])
    if isinstance(event, e.AlertSettled):
        return "alerts", *_SETTLED[event.outcome]
    return _KINDS.get(type(event))


def _rest(event: e.AnyEvent, order: Order) -> str:
    """Of what a fill is a part."""
    partial = isinstance(event, e.OrderFilled) and event.quantity < order.quantity
    return f", part of {number(order.quantity)}" if partial else ""


DECISIONS = (("Approve", "confirm"), ("Half", "half"), ("Reject", "reject"))
"""What can be done about an alert that waits, with the commands that do it."""


def _buttons(seq: int, event: e.AnyEvent, severity: Severity) -> tuple[Button, ...]:
    match event:
        case e.StrangerSeen(person=person):
            return (
                Button("Let in as viewer", f"users approve={person} role=viewer"),
                Button("Let in as trader", f"users approve={person} role=trader"),
                Button("Block", f"users block={person}"),
            )
        case e.AlertRepeated():
            return (Button("Seen", f"seen {event.seq}"),)
        case e.AlertSettled(tokens=tokens) if tokens:
            numbered = [(f" {number}" if len(tokens) > 1 else "", token) for number, token in enumerate(tokens, 1)]
            return tuple(
                Button(f"{word}{number}", f"{name} {token}") for number, token in numbered for word, name in DECISIONS
            )
    return (Button("Seen", f"seen {seq}"),) if severity is Severity.CRITICAL and not _is_by_hand(event) else ()


# --- critical alerts that somebody has to see ------------------------------------------------


def must_be_seen(event: e.AnyEvent) -> bool:
    """Whether somebody has to say that they have seen it: it is critical, and nobody's own doing."""
    rank = _rank(event)
    critical = rank is not None and rank[1] is Severity.CRITICAL
    return critical and not _is_by_hand(event) and not isinstance(event, e.AlertRepeated)


def is_settled(event: e.AnyEvent, book: Book) -> bool:
    """Whether what was critical is so no more, by itself or because somebody saw to it."""
    match event:
        case e.OrderInDoubt():
            order = book.order(event.order_id)
            return order is None or not order.in_doubt
        case e.DriftFound():
            drift = book.get(Drift, event.drift_id)
            return drift is None or bool(drift.resolution)
        case e.TradingStateChanged():
            latch = book.get(Latch, event.scope)
            return latch is None or latch.state is not event.state or latch.state is e.TradingState.ACTIVE
        case e.KillStarted():
            kill = book.get(Kill, event.kill_id)
            return kill is None or kill.done
        case e.ModeChanged():
            switch = book.get(AccountMode, event.account)
            return switch is None or (switch.mode, switch.until) != (event.mode, event.until)
    return False


def _is_by_hand(event: e.AnyEvent) -> bool:
    return str(getattr(event, "actor", "")).startswith(_BY_HAND)
