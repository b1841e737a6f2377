"""What people decided: latches, kills, limits, locks, consents, schedules; and every line they ran."""

from datetime import datetime

from trading.events.fact import Event, TradingState
from trading.instruments import Symbol


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
