"""Events in plain words: for `/why`, for alerts, for the journal's reader. One place for all surfaces."""

from datetime import timedelta

from handlers.figures import money, number, price
from trading import events as e
from trading.instruments import plain
from trading.intent import AccountId
from trading.words import STATUS, begun, resume_line, scope_label, span

_ENDINGS = {
    "OCO": "its other half was filled or cancelled",
    "LIST": "together with its bracket",
    **{f"ENTRY {status.lower()}": f"its entry was {words}" for status, words in STATUS.items()},
}
"""Why a venue ended an order by itself, where it says so by a code."""


def killing(flatten: bool) -> str:
    """What a kill does."""
    if flatten:
        return "every order is cancelled and every position closed"
    return "what could open something is cancelled; positions stay, with their stops and targets"


PASSED = "check passed"
"""How the line of a check begins that an order has passed."""


def ended(how: str, reason: str) -> str:
    """`Canceled: its other half was filled or cancelled`."""
    return f"{how}: {_ENDINGS.get(reason, reason)}" if reason else how


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
            return [_state(event)]
        case e.KillStarted():
            return [f"KILL of {scope_label(event.scope)} by {event.actor}: {killing(event.flatten)}"]
        case e.KillStep():
            return [f"Kill, {event.text}"]
        case e.KillFinished():
            return [event.text]
        case e.ModeChanged():
            until = f" until {event.until:%Y-%m-%d %H:%M} UTC" if event.until else ""
            return [f"{event.account} is now {event.mode.upper()}{until}, by {event.actor}"]
        case e.LimitChanged():
            where = event.account or "the desk"
            return [f"Limit {event.name} of {where} is now {event.value}, by {event.actor}"]
        case e.SymbolLocked():
            until = f" until {event.until:%Y-%m-%d %H:%M} UTC" if event.until else ""
            why = f": {event.reason}" if event.reason else ""
            return [f"{event.symbol} locked{until} by {event.actor}{why}"]
        case e.SymbolUnlocked():
            return [f"{event.symbol} unlocked by {event.actor}"]
        case e.StrategySwitched():
            return [f"Strategy {event.strategy} {'started' if event.running else 'stopped'} by {event.actor}"]
        case e.SignalEmitted():
            return [
                f"{event.strategy}: {event.side} {event.symbol} at {price(event.price)}: {event.outcome or 'no order'}"
            ]
        case e.DriftFound():
            differs = f"{event.kind} {event.subject} differs: ours {event.ours}, the venue's {event.theirs}"
            return [f"{_label(event)}: {differs}. See /reconcile"]
        case e.DriftResolved():
            return [f"{_label(event)}: difference {event.resolution} by {event.actor}"]
        case e.Reconciled() | e.DeskStarted():
            return [event.text] if event.text else []
        case e.BalanceAdjusted():
            return [f"{_label(event)}: {plain(event.change.amount)} {event.change.currency}, {event.reason}"]
        case e.PositionAdjusted():
            return [f"{_label(event)}: {event.symbol} is now {plain(event.quantity)}, {event.reason}"]
        case e.ConfirmationClosed():
            return [f"Confirmation {event.token} {event.outcome}"] if event.outcome in ("expired", "voided") else []
        case e.Noticed():
            return [f"{event.severity.upper()} {event.where}: {event.text} (id {event.notice_id})"]
        case e.DeskStopped():
            return [f"Tiller stopped: {event.reason}"]
        case _:
            return _audience(event)


def _audience(event: e.AnyEvent) -> list[str]:
    """Who is let in, and what people asked to be told."""
    match event:
        case e.StrangerSeen():
            name = f", by the name of {event.name!r}, which proves nothing" if event.name else ""
            return [f"{event.person} asks to be let in{name}"]
        case e.PersonAdmitted():
            if not event.role:
                return [f"{event.person} ({event.alias}) may do nothing here any more, says {event.actor}"]
            return [f"{event.person} is {event.alias} here now, with the role {event.role}; let in by {event.actor}"]
        case e.PersonBlocked():
            return [f"{event.person} is blocked by {event.actor}"]
        case e.ChatMoved():
            return [f"The {event.platform} chat {event.old} has the id {event.new} now: put it into the settings"]
        case e.DigestTold() | e.WatchFired() | e.AlertRepeated():
            return event.text.splitlines()
        case e.AlertSettled():
            return [f"Alert of {event.source} {event.outcome}: {event.text}"]
        case e.AlertResent():
            return [f"Alert of {event.source}: it came again, and was not done again"]
        case _:
            return []


def tell_all(entry: e.Recorded) -> list[str]:
    """One entry of the journal as lines for people, bookkeeping too; empty only where there is nothing to say."""
    return tell(entry) or _bookkeeping(entry.event)


def _bookkeeping(event: e.AnyEvent) -> list[str]:
    match event:
        case e.CommandRun():
            return [f"{event.actor} via {event.surface}: {event.line}{'' if event.ok else f': refused ({event.code})'}"]
        case e.ConfirmationAsked():
            who = f"somebody other than {event.actor} must approve" if event.approval else f"{event.actor} must confirm"
            return [f"{who}: {event.line}"]
        case e.ConfirmationClosed():
            return [f"Confirmation {event.token} {event.outcome} by {event.actor}"]
        case e.ScheduleSet():
            when = f"daily at {event.at}" if event.at else f"every {span(timedelta(seconds=event.every_s))}"
            return [f"{event.actor} scheduled {when}: {event.line}"]
        case e.ScheduleRemoved():
            return [f"{event.actor} removed schedule {event.schedule_id}"]
        case e.AccountOpened():
            held = ", ".join(f"{number(balance.amount)} {balance.currency}" for balance in event.balances) or "nothing"
            return [f"{_label(event)} opened at {event.venue} with {held}"]
        case e.EquitySampled():
            return [f"{_label(event)} is worth {money(event.equity, event.currency)}"]
        case e.InstrumentListed():
            return [f"{_label(event)}: the filters of {event.instrument.symbol}"]
        case e.DeskFounded():
            return ["The desk was founded"]
        case _:
            return _wishes(event)


def _wishes(event: e.AnyEvent) -> list[str]:
    """What people want to be told, and have seen."""
    match event:
        case e.AlertLevelSet():
            which = f"{event.severity} {event.kind}" if event.severity else event.kind
            return [f"{event.actor} set alerts of {which} at {event.destination} to {event.level}"]
        case e.DestinationMuted():
            until = f"muted {event.destination} until {event.until:%Y-%m-%d %H:%M} UTC" if event.until else ""
            return [f"{event.actor} {until or f'unmuted {event.destination}'}"]
        case e.DigestSet():
            return [f"{event.actor} set the digest at {event.destination} to {event.at or 'off'}"]
        case e.AlertAcknowledged():
            return [f"{event.actor} has seen alert {event.seq}"]
        case e.WatchSet():
            what = f"the {event.subject} of {event.symbol} on {event.account}"
            return [f"{event.actor} wants to be told when {what} is {event.direction} {number(event.level)}"]
        case e.WatchRemoved():
            return [f"{event.actor} removed price alert {event.watch_id}"]
        case e.AlertReceived():
            return [f"{event.source} sent: {event.text}"]
        case _:
            return []


OfAccount = (
    e.AccountOpened
    | e.BalanceAdjusted
    | e.DriftFound
    | e.DriftResolved
    | e.EquitySampled
    | e.InstrumentListed
    | e.PositionAdjusted
)


def _label(event: OfAccount) -> str:
    return str(AccountId(event.account, event.mode))


def _state(event: e.TradingStateChanged) -> str:
    """What a latch or its release means, and the way back."""
    scope, why = begun(scope_label(event.scope)), f" ({event.reason})" if event.reason else ""
    by = f"{scope} is {event.state}, by {event.actor}{why}"
    if event.state is e.TradingState.ACTIVE:
        return f"{by}: it may trade again"
    return f"{by}: nothing new is opened, closing goes on; {resume_line(event.scope)} releases it"


def _checks(findings: tuple[e.Finding, ...]) -> list[str]:
    return [f"{PASSED if f.passed else 'check FAILED'}  {f.code}: {f.text}" for f in findings]


def _changes(event: e.OrderAmendRequested | e.OrderAmended) -> str:
    named = (("quantity", event.quantity), ("price", event.limit_price), ("stop", event.stop_price))
    return ", ".join(f"{name} {number(value)}" for name, value in named if value is not None)
