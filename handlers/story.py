"""Events in plain words: for `/why`, for alerts, for the journal's reader. One place for all surfaces."""

import re

from handlers.figures import money, number, price
from trading import events as e
from trading.instruments import plain
from trading.order import OrderStatus

STATUS = {status: status.replace("_", " ").lower() for status in OrderStatus} | {
    OrderStatus.PENDING_CANCEL: "cancel sent",
    OrderStatus.PARTIALLY_FILLED: "partly filled",
}
"""How the states of an order are called."""

_CODE = re.compile(rf"\b({'|'.join(OrderStatus)})\b")
_ENDINGS = {
    "OCO": "its other half was filled or cancelled",
    "LIST": "together with its bracket",
    **{f"ENTRY {status.lower()}": f"its entry was {words}" for status, words in STATUS.items()},
}
"""Why a venue ended an order by itself, where it says so by a code."""


def ended(how: str, reason: str) -> str:
    """`Canceled: its other half was filled or cancelled`."""
    return f"{how}: {_ENDINGS.get(reason, reason)}" if reason else how


def in_words(text: str) -> str:
    """A text with the states of orders in words."""
    return _CODE.sub(lambda found: STATUS[OrderStatus(found[1])], text)


def tell(entry: e.Recorded) -> list[str]:
    """One entry of the journal as lines for people; empty for what is only bookkeeping."""
    event = entry.event
    match event:
        case e.OrderInitialized():
            key = f"key {event.key}"
            return [f"{event.actor} asked via {event.source}: {event.text or '-'} ({key})"]
        case e.OrderDenied():
            return [f"Denied. {event.code}: {event.reason}", *_checks(event.findings)]
        case e.OrderSubmitted():
            sent = f"Written to the journal, then sent: {event.request}" if event.request else "Written, then sent"
            return [*_checks(event.findings), sent]
        case e.OrderAccepted():
            return [f"The venue accepted it as {event.venue_order_id or '(no id)'}"]
        case e.OrderRejected():
            return [f"Rejected. {event.code}: {event.reason}"]
        case e.OrderInDoubt():
            return [f"UNKNOWN - checking: {event.reason}. It is never sent again"]
        case e.OrderFilled():
            role = "maker" if event.maker else "taker"
            fee = money(event.fee.amount, event.fee.currency)
            return [
                f"Filled {number(event.quantity)} at {price(event.price)} ({role}), fee {fee}, trade {event.trade_id}"
            ]
        case e.OrderCancelRequested():
            return [f"{event.actor} asked to cancel via {event.source}"]
        case e.OrderCancelRefused():
            return [f"The cancel was refused: {event.reason}"]
        case e.OrderCanceled():
            return [ended("Canceled", event.reason)]
        case e.OrderExpired():
            return [ended("Expired", event.reason)]
        case e.OrderAmendRequested():
            wished = _changes(event)
            return [f"{event.actor} asked via {event.source} to change {wished}"]
        case e.OrderAmended():
            return [f"Changed: {_changes(event)}"]
        case e.OrderAmendRefused():
            return [f"The change was refused: {event.reason}"]
        case e.OrderTriggered():
            return ["Its price was seen: triggered"]
        case e.ProtectionChanged():
            return [f"{event.actor} changed the protection"]
        case _:
            return _beyond_orders(event)


def _beyond_orders(event: e.AnyEvent) -> list[str]:
    match event:
        case e.TradingStateChanged():
            return [f"{event.scope} is {event.state} ({event.reason}) by {event.actor}"]
        case e.KillStarted():
            how = "cancel and close everything" if event.flatten else "cancel orders"
            return [f"KILL {event.scope} by {event.actor}: {how}"]
        case e.KillStep():
            return [f"kill: {in_words(event.text)}"]
        case e.KillFinished():
            return [f"kill done: {event.text}"]
        case e.ModeChanged():
            until = f" until {event.until:%Y-%m-%d %H:%M} UTC" if event.until else ""
            return [f"{event.account} is now {event.mode.upper()}{until}, by {event.actor}"]
        case e.LimitChanged():
            where = event.account or "the desk"
            return [f"Limit {event.name} of {where} is now {event.value}, by {event.actor}"]
        case e.SymbolLocked():
            until = f" until {event.until:%Y-%m-%d %H:%M} UTC" if event.until else ""
            return [f"{event.symbol} locked{until} by {event.actor}: {event.reason}"]
        case e.SymbolUnlocked():
            return [f"{event.symbol} unlocked by {event.actor}"]
        case e.StrategySwitched():
            return [f"Strategy {event.strategy} {'started' if event.running else 'stopped'} by {event.actor}"]
        case e.SignalEmitted():
            return [
                f"{event.strategy}: {event.side} {event.symbol} at {price(event.price)}: {event.outcome or 'no order'}"
            ]
        case e.DriftFound():
            return [
                f"{event.account}: {event.kind} {event.subject} differs: ours {event.ours}, the venue's {event.theirs}."
                " See /reconcile"
            ]
        case e.DriftResolved():
            return [f"{event.account}: difference {event.resolution} by {event.actor}"]
        case e.Reconciled() | e.DeskStarted():
            return [event.text] if event.text else []
        case e.BalanceAdjusted():
            return [f"{event.account}: {plain(event.change.amount)} {event.change.currency}, {event.reason}"]
        case e.PositionAdjusted():
            return [f"{event.account}: {event.symbol} is now {plain(event.quantity)}, {event.reason}"]
        case e.ConfirmationClosed():
            return [f"Confirmation {event.token} {event.outcome}"] if event.outcome in ("expired", "voided") else []
        case e.Noticed():
            return [f"{event.severity.upper()} {event.where}: {event.text} (id {event.notice_id})"]
        case e.DeskStopped():
            return [f"Tiller stopped: {event.reason}"]
        case _:
            return []


def _checks(findings: tuple[e.Finding, ...]) -> list[str]:
    return [f"check {'passed' if f.passed else 'FAILED'}  {f.code}: {f.text}" for f in findings]


def _changes(event: e.OrderAmendRequested | e.OrderAmended) -> str:
    named = (("quantity", event.quantity), ("price", event.limit_price), ("stop", event.stop_price))
    return ", ".join(f"{name} {number(value)}" for name, value in named if value is not None)
