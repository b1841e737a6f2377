"""Who asks, from where, with whose agreement, and what of the desk a command may use."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Protocol

import msgspec

from handlers.reply import Reply
from trading.book import Book
from trading.clock import Clock
from trading.errors import ConfigError, IntentError
from trading.instruments import Instrument, Symbol, decimal_from_text
from trading.intent import AccountId, Mode, Origin
from trading.journal.queries import Queries
from trading.kill import Killer
from trading.oms import Oms
from trading.protection import Protection
from trading.reconcile import Reconciler
from trading.risk.gate import RiskGate
from trading.runner import Runner
from trading.valuation import Valuation


class Role(IntEnum):
    """What somebody may do; each role may do everything the ones before it may."""

    STRANGER = 0  # nobody the settings name: may ask who they are, nothing else
    VIEWER = 1
    TRADER = 2
    ADMIN = 3

    def __str__(self) -> str:
        return self.name.lower()

    @classmethod
    def of(cls, name: str) -> "Role":
        """The role that settings and tokens call `viewer`, `trader` or `admin`.

        Raises:
            ConfigError: any other name.
        """
        for role in (cls.VIEWER, cls.TRADER, cls.ADMIN):
            if str(role) == name:
                return role
        raise ConfigError(f"{name[:24]!r} is not a role.", "Roles are viewer, trader and admin.", code="BAD_ROLE")


class Consent(IntEnum):
    """How far a request has been agreed to: by nobody yet, by its person, by a second person."""

    NONE = 0
    CONFIRMED = 1
    APPROVED = 2


class When(StrEnum):
    """Which orders a person must confirm (settings: `confirm.orders`)."""

    NEVER = "never"
    LIVE = "live"
    ABOVE = "above"
    ALWAYS = "always"


class ConfirmPolicy(msgspec.Struct, frozen=True):
    """What must be agreed to before it is sent. Values are in the desk's currency."""

    orders: When = When.LIVE
    above: Decimal = Decimal(0)
    approve_above: Decimal | None = None
    expires_s: int = 120

    @classmethod
    def parse(cls, orders: str, approve_above: str = "", expires_s: int = 120) -> "ConfirmPolicy":
        """From settings: `never`, `live`, `above:VALUE` or `always`, and the value from which a second person counts.

        Raises:
            ConfigError: any other text.
        """
        word, _, value = orders.partition(":")
        try:
            when = When(word)
            if (when is When.ABOVE) != bool(value):
                raise ValueError
            above = decimal_from_text(value) if value else Decimal(0)
            second = decimal_from_text(approve_above) if approve_above else None
        except (ValueError, IntentError):
            raise ConfigError(
                f"confirm: {orders[:24]!r} with approve_above {approve_above[:24]!r} cannot be read.",
                "Write never, live, above:1000 or always; approve_above is a value such as 5000, or empty.",
            ) from None
        return cls(when, above, second, expires_s)

    def need(self, mode: Mode, value: Decimal | None, *, reduces: bool = False) -> Consent:
        """The consent an order of this value needs; one that cannot be priced (None) counts as the largest.

        What only `reduces` a position waits for no second person: nobody may be kept from getting out.
        """
        if not reduces and self.approve_above is not None and (value is None or value >= self.approve_above):
            return Consent.APPROVED
        asks = {
            When.NEVER: False,
            When.LIVE: mode is Mode.LIVE,
            When.ABOVE: value is None or value > self.above,
            When.ALWAYS: True,
        }[self.orders]
        return Consent.CONFIRMED if asks else Consent.NONE


AUTOMATIC = ("webhook:", "strategy:")
"""How the ids begin of actors that are not people."""


class Actor(msgspec.Struct, frozen=True):
    """Somebody or something that sends command lines.

    `id` is the same on every surface: `person:ana`, `local:admin`, `token:abc`, `strategy:trend`,
    `webhook:pine`. `account` is the account used when a line names none (empty: the desk's first).
    `policy` replaces the desk's rules of confirmation (webhooks have their own).
    """

    id: str
    name: str
    role: Role
    account: str = ""
    policy: ConfirmPolicy | None = None

    @property
    def automatic(self) -> bool:
        """Whether nobody sits there who could press a button."""
        return self.id.startswith(AUTOMATIC)


class Desk(Protocol):
    """What commands may ask of the desk; the running process hands in the real one."""

    @property
    def book(self) -> Book: ...

    @property
    def valuation(self) -> Valuation: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def oms(self) -> Oms: ...

    @property
    def gate(self) -> RiskGate: ...

    @property
    def protection(self) -> Protection: ...

    @property
    def reconciler(self) -> Reconciler: ...

    @property
    def killer(self) -> Killer: ...

    @property
    def runner(self) -> Runner: ...

    @property
    def history(self) -> Queries: ...

    @property
    def version(self) -> str: ...

    @property
    def not_ready(self) -> str:
        """Why nothing new may be sent yet; empty once every account has been reconciled."""
        ...

    def account_number(self, account: str) -> str:
        """How the venue calls the account: shown before it goes live."""
        ...

    def clear_kill_file(self) -> None:
        """Remove the KILL file, so that a resume holds after a restart."""
        ...

    def health(self) -> Mapping[str, tuple[bool, str]]:
        """Each part of the process: whether it works, and a few words."""
        ...

    def log_lines(self, count: int) -> Sequence[str]:
        """The last log lines, without secrets."""
        ...

    async def people(self) -> Sequence[tuple[str, str, str]]:
        """Who may do something: name, role, known by."""
        ...

    @property
    def accounts(self) -> Sequence[str]:
        """Configured account names; the first is used where a line names none."""
        ...

    @property
    def strategies(self) -> Sequence[str]:
        """Configured strategy names."""
        ...

    @property
    def timezone(self) -> str:
        """IANA name of the time zone of days, digests and daily limits."""
        ...

    @property
    def settings(self) -> Mapping[str, str]:
        """Every setting as `section.key` with its value as text; secrets only as set or not set."""
        ...

    def instruments(self, account: str) -> Mapping[Symbol, Instrument]:
        """What the account can trade."""
        ...

    async def actor(self, actor_id: str) -> Actor | None:
        """The actor with the role it has now; None if it is no longer known (approvals and schedules ask)."""
        ...


class Door(Protocol):
    """The dispatcher, as far as a command may use it."""

    async def ask(self, ctx: "Context", card: Reply, phrase: str, approval: bool) -> Reply:
        """Record that `ctx.line` waits for consent; answers the card with its buttons."""
        ...

    async def agree(self, ctx: "Context", token: str, phrase: str) -> Reply:
        """Close a waiting line as agreed to, run it, and answer what it answered."""
        ...

    async def reject(self, ctx: "Context", token: str) -> Reply:
        """Close a waiting line unrun."""
        ...

    async def dry(self, ctx: "Context", line: str) -> Reply:
        """Run a line with `ctx.dry` set; only commands that declare that they honour it."""
        ...


class Context(msgspec.Struct, frozen=True):
    """One request on its way through the door.

    `key` is unique to the request and the same when it is delivered again: orders are made with it.
    `surface` is web, terminal, api, telegram, discord, strategy, webhook or schedule. In a `dry` run
    nothing may be recorded or sent: commands declared with `dry=True` see to that.
    """

    desk: Desk
    door: Door
    actor: Actor
    surface: str
    key: str
    line: str
    now: datetime
    policy: ConfirmPolicy = ConfirmPolicy()
    consent: Consent = Consent.NONE
    dry: bool = False

    @property
    def book(self) -> Book:
        return self.desk.book

    @property
    def confirmed(self) -> bool:
        """Whether the person has confirmed this very line."""
        return self.consent >= Consent.CONFIRMED

    @property
    def approved(self) -> bool:
        """Whether a second person has approved this very line."""
        return self.consent >= Consent.APPROVED

    @property
    def origin(self) -> Origin:
        """Who asked, from where, in which words: for the intents a command makes."""
        return Origin(self.actor.id, self.surface, self.line)

    def account(self, name: str | None = None) -> AccountId:
        """The named account, or the one meant when none is named, in the mode its new orders use now.

        Raises:
            IntentError: there is no account.
        """
        chosen = name or self.actor.account or next(iter(self.desk.accounts), "")
        if not chosen:
            raise IntentError(
                "The desk has no account.", "Add one to the settings: [accounts.demo].", code="NO_ACCOUNT"
            )
        return AccountId(chosen, self.book.mode(chosen))

    async def ask(self, card: Reply, phrase: str = "", approval: bool = False) -> Reply:
        """Ask for a confirmation (or a second person's approval) and answer `card` with the two buttons.

        The line runs again, with `confirmed` (or `approved`) true, once it has been agreed to. Use::

            need = ctx.policy.need(account.mode, value)
            if need > ctx.consent:
                return await ctx.ask(card, approval=need is Consent.APPROVED)
        """
        return await self.door.ask(self, card, phrase, approval)
