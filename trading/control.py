"""What people have switched, locked, limited, scheduled or still have to confirm."""

from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec

from trading.events import TradingState
from trading.instruments import Instrument, Symbol
from trading.intent import AccountId, Mode
from trading.words import minute, span


class Founding(msgspec.Struct, frozen=True):
    """What tells this desk's orders from another's."""

    desk_id: str

    @property
    def pk(self) -> str:
        return "desk"


class Payment(msgspec.Struct, frozen=True):
    """What a venue has paid or taken by itself, and is in the books."""

    account: str
    mode: Mode
    id: str

    @property
    def pk(self) -> str:
        return f"{self.account}:{self.mode}:{self.id}"


class Latch(msgspec.Struct, frozen=True):
    """The trading state of a scope: `all`, an account, a symbol or a strategy."""

    scope: str
    state: TradingState
    actor: str
    reason: str
    at: datetime

    @property
    def pk(self) -> str:
        return self.scope

    def origin(self, zone: ZoneInfo) -> str:
        """Who, when and, if somebody said so, why: `by person:ana at 2026-01-05 13:00 UTC (the feed is broken)`."""
        return f"by {self.actor} at {minute(self.at, zone)}{f' ({self.reason})' if self.reason else ''}"


class Kill(msgspec.Struct, frozen=True):
    """A kill that was begun; it is worked on until `done`, across restarts."""

    id: str
    scope: str
    flatten: bool
    actor: str
    started_at: datetime
    steps: tuple[str, ...] = ()
    done: bool = False

    @property
    def pk(self) -> str:
        return self.id


class AccountMode(msgspec.Struct, frozen=True):
    """Which mode new orders of an account use."""

    account: str
    mode: Mode
    actor: str
    until: datetime | None = None

    @property
    def pk(self) -> str:
        return self.account

    def at(self, now: datetime) -> Mode:
        """A time-boxed live mode is paper again when its time is over."""
        return Mode.PAPER if self.until is not None and now >= self.until else self.mode


class LimitOverride(msgspec.Struct, frozen=True):
    """A risk limit set from chat; an empty account means the desk."""

    account: str
    name: str
    value: str
    actor: str

    @property
    def pk(self) -> str:
        return f"{self.account}:{self.name}"


class Lock(msgspec.Struct, frozen=True):
    """No new entries in a symbol, until a time or for good."""

    symbol: Symbol
    until: datetime | None
    reason: str
    actor: str
    active: bool = True

    @property
    def pk(self) -> str:
        return self.symbol

    def holds(self, now: datetime) -> bool:
        return self.active and (self.until is None or now < self.until)


class Confirmation(msgspec.Struct, frozen=True):
    """A command waiting for its person; `outcome` is empty while it waits."""

    token: str
    actor: str
    line: str
    key: str
    summary: str
    expires: datetime
    surface: str = ""
    phrase: str = ""
    approval: bool = False
    outcome: str = ""
    closed_by: str = ""

    @property
    def pk(self) -> str:
        return self.token


class Answer(msgspec.Struct, frozen=True):
    """What a request key was answered, so that the same key gets the same answer."""

    key: str
    answer: str

    @property
    def pk(self) -> str:
        return self.key


class StrategySwitch(msgspec.Struct, frozen=True):
    strategy: str
    running: bool
    actor: str

    @property
    def pk(self) -> str:
        return self.strategy


class Signal(msgspec.Struct, frozen=True):
    """What a strategy wanted at one bar's close, and what became of it."""

    id: str
    strategy: str
    account: str
    symbol: Symbol
    side: str
    bar_close: datetime
    price: Decimal
    at: datetime
    order_id: str = ""
    outcome: str = ""

    @property
    def pk(self) -> str:
        return self.id


class Schedule(msgspec.Struct, frozen=True):
    """A command line run every so often or at a time of day, as the person who set it."""

    id: str
    line: str
    actor: str
    role: str
    every_s: int = 0
    at: str = ""
    active: bool = True

    @property
    def pk(self) -> str:
        return self.id

    def when(self, zone: str) -> str:
        """`every 4h`, `daily at 08:30 UTC`."""
        return f"daily at {self.at} {zone}" if self.at else f"every {span(timedelta(seconds=self.every_s))}"


class Drift(msgspec.Struct, frozen=True):
    """A difference between our books and the venue's, waiting for a person's decision."""

    id: str
    account: str
    mode: Mode
    kind: str
    subject: str
    ours: str
    theirs: str
    resolution: str = ""

    @property
    def pk(self) -> str:
        return self.id

    @property
    def account_id(self) -> AccountId:
        return AccountId(self.account, self.mode)


class EquityPoint(msgspec.Struct, frozen=True):
    id: str
    account: str
    mode: Mode
    at: datetime
    equity: Decimal
    cash: Decimal
    unrealized: Decimal
    day: str

    @property
    def pk(self) -> str:
        return self.id


class Listing(msgspec.Struct, frozen=True):
    """The venue's filters for one instrument of one account, as last recorded."""

    account: str
    mode: Mode
    instrument: Instrument

    @property
    def pk(self) -> str:
        return f"{self.account}:{self.mode}:{self.instrument.symbol}"
