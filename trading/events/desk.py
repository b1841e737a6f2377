"""The desk's own work: its starts and stops, its strategies, and what it notices."""

from datetime import datetime
from decimal import Decimal

from trading.events.fact import Event
from trading.instruments import Symbol


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
