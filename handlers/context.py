"""One request on its way through the door, and what of the desk it may use."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from handlers.actor import Actor, ConfirmPolicy, Consent
from handlers.drawings import Drawing
from handlers.guests import Named
from handlers.links import Link
from handlers.reply import Image, Reply
from handlers.sources import Sources
from trading.book import Book
from trading.clock import Clock
from trading.errors import IntentError
from trading.instruments import Instrument, Symbol
from trading.intent import AccountId, Origin
from trading.journal.queries import Queries
from trading.kill import Killer
from trading.oms import Oms
from trading.protection import Protection
from trading.reconcile import Reconciler
from trading.risk.gate import RiskGate
from trading.runner import Runner
from trading.valuation import Valuation


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
        """Why nothing new may be sent yet; empty once every account in use has been reconciled."""
        ...

    @property
    def unready(self) -> Mapping[AccountId, str]:
        """Why an account may not send anything new yet in a mode; empty text for those that may."""
        ...

    @property
    def closed(self) -> Mapping[AccountId, str]:
        """Why an account cannot be used in a mode at all, of those that cannot."""
        ...

    def account_number(self, account: str) -> str:
        """How the venue calls the account: shown before it goes live."""
        ...

    def environment(self, account: str) -> str:
        """Where its live orders go: live is real money, demo and testnet are not; empty while that is not known."""
        ...

    def clear_kill_file(self) -> None:
        """Remove the KILL file, so that a resume holds after a restart."""
        ...

    def health(self) -> Mapping[str, tuple[bool, str]]:
        """Each part of the process: whether it works, and a few words."""
        ...

    def destinations(self) -> Mapping[str, frozenset[str]]:
        """The places of chats that are told things, each with the kinds of alerts the settings send there."""
        ...

    def log_lines(self, count: int) -> Sequence[str]:
        """The last log lines, without secrets."""
        ...

    async def draw(self, drawing: Drawing) -> Image:
        """The picture of it. Pictures are drawn one after the other, and nothing else waits for them."""
        ...

    @property
    def sources(self) -> Sources:
        """Who may send alerts from outside."""
        ...

    def link(self, actor: Actor) -> Link:
        """A new link that signs the actor in at the dashboard.

        Raises:
            IntentError: they have asked too often.
        """
        ...

    @property
    def named(self) -> Mapping[str, Named]:
        """The people of the settings, by name."""
        ...

    async def roster(self) -> Sequence[tuple[str, str, str]]:
        """Who may do something by the settings or by a token: name, role, known by."""
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

    async def agree(self, ctx: "Context", token: str, phrase: str, line: str = "") -> Reply:
        """Close a waiting line as agreed to, run it (or `line` in its place), and answer what it answered."""
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
    nothing may be recorded or sent: commands declared with `dry=True` see to that. `place` is where on
    a chat it was said, by the name the notifier tells it things under; empty elsewhere.
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
    place: str = ""

    @property
    def book(self) -> Book:
        return self.desk.book

    @property
    def shows_pictures(self) -> bool:
        """Whether a picture is seen beside the answer; elsewhere figures must do."""
        return self.surface in ("web", "telegram", "discord")

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
