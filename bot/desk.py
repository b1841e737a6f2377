"""The desk as commands see it: the parts that wiring made, and what the process knows of itself."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bot.chats.base import Place, destination
from bot.client import address, configured
from bot.logs import LogTail
from bot.people import People
from bot.settings.models import Settings
from bot.tokens import LINK_LIFE, LOCAL_ADMIN, Identity, Tokens, login_path
from bot.webhooks.sources import Sources
from handlers.accounts import in_use
from handlers.actor import Actor
from handlers.drawings import CandlesDrawing, Drawing
from handlers.guests import Named
from handlers.links import Link
from handlers.reply import Image
from trading.binance.budget import Budget
from trading.book import Book
from trading.clock import Clock
from trading.instruments import Instrument, Symbol
from trading.intent import AccountId, Mode
from trading.journal.queries import Queries
from trading.kill import Killer
from trading.oms import Oms
from trading.ports import Executor, KnowsStake, Market
from trading.protection import Protection
from trading.reconcile import Reconciler
from trading.risk.gate import RiskGate
from trading.runner import Runner
from trading.valuation import Valuation
from trading.words import age, counted


@dataclass
class LiveDesk:
    """Implements `handlers.context.Desk` for the running process."""

    version: str
    config: Settings
    clock: Clock
    book: Book
    valuation: Valuation
    executors: Mapping[AccountId, Executor]
    markets: Mapping[str, Market]
    gate: RiskGate
    oms: Oms
    protection: Protection
    reconciler: Reconciler
    killer: Killer
    runner: Runner
    history: Queries
    tokens: Tokens
    tail: LogTail
    unready: dict[AccountId, str] = field(default_factory=dict)
    closed: Mapping[AccountId, str] = field(default_factory=dict)
    budgets: Mapping[str, Budget] = field(default_factory=dict)
    task_health: Callable[[], Mapping[str, str]] = dict
    easel: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self.accounts: Sequence[str] = tuple(self.config.accounts)
        self.strategies: Sequence[str] = tuple(self.config.strategies)
        self.timezone: str = self.config.timezone
        self.settings: Mapping[str, str] = self.config.shown()
        self.people = People(self.config.people, self.book)
        self.named: Mapping[str, Named] = self.people.named
        self.sources = Sources(self.config)

    @property
    def kill_file(self) -> Path:
        return self.config.data_dir / "KILL"

    @property
    def not_ready(self) -> str:
        """The first reason why something new may not be sent yet: the journal's, or that of an account in use."""
        used = (self.unready.get(each, "") for each in in_use(self.book, self.accounts))
        return self.book.problem or next(filter(None, used), "")

    def instruments(self, account: str) -> Mapping[Symbol, Instrument]:
        executor = self.executors.get(AccountId(account, self.book.mode(account)))
        return executor.instruments if executor else {}

    async def actor(self, actor_id: str) -> Actor | None:
        """The actor as it is today: a person of the settings or a guest, a valid token, the local admin."""
        if actor_id == LOCAL_ADMIN.id:
            return LOCAL_ADMIN
        kind, _, name = actor_id.partition(":")
        if kind == "person":
            return self.people.person(name)
        if kind == "token":
            return await self.tokens.actor(name)
        if kind == "webhook":
            source = self.sources.find(name)
            return source.actor if source else None
        return None

    def identity(self, actor_id: str) -> Identity:
        """Who the actor is today, for a link or a session."""
        kind, _, name = actor_id.partition(":")
        return Identity(actor_id, self.people.mark(name) if kind == "person" else "")

    async def holder(self, known: Identity) -> Actor | None:
        """The actor of a link or a session as it is today; None if it is not the one that it was made for."""
        return await self.actor(known.actor_id) if known == self.identity(known.actor_id) else None

    def link(self, actor: Actor) -> Link:
        path = login_path(self.tokens.link_asked_for(self.identity(actor.id)))
        public = self.config.web.url
        return Link(f"{public or address(self.config) or configured(self.config)}{path}", LINK_LIFE, bool(public))

    def account_number(self, account: str) -> str:
        config = self.config.accounts[account]
        return str(config.login) if config.login else account

    def environment(self, account: str) -> str:
        config, executor = self.config.accounts[account], self.executors[AccountId(account, Mode.LIVE)]
        if not isinstance(executor, KnowsStake):
            return config.environment
        if executor.is_real is None:  # not connected yet: a demo by the settings takes no account of real money
            return "demo" if config.environment == "demo" else ""
        return "live" if executor.is_real else "demo"

    def clear_kill_file(self) -> None:
        self.kill_file.unlink(missing_ok=True)

    def health(self) -> Mapping[str, tuple[bool, str]]:
        now = self.clock.now()
        problem = self.book.problem
        found = {"journal": (not problem, problem or f"entry {self.book.journal.last_seq}")}
        for account, why in self.unready.items():
            problem = why or self.executors[account].problem
            found[f"account {account}"] = (not problem, problem or "reconciled")
        for name, market in self.markets.items():
            ages = [(now - q.at).total_seconds() for s in market.instruments if (q := market.quote(s))]
            fresh = bool(ages) and min(ages) < self.config.risk.stale_price_s
            told = f"{age(min(ages))} old" if ages else "none yet"
            found[f"prices of {name}"] = (fresh, f"{told}; {market.problem}" if market.problem else told)
        for name, failure in self.task_health().items():
            found[name] = (not failure, failure or "running")
        if self.sources.problem:
            found["webhooks"] = (False, self.sources.problem)
        doubts = [order.id for order in self.book.open_orders() if order.in_doubt]
        found["doubts"] = (not doubts, ", ".join(doubts) or "none")
        drifts = self.reconciler.open_drifts()
        differences = f"{counted(len(drifts), 'difference')}: see /reconcile"
        found["differences"] = (not drifts, differences if drifts else "none")
        return found

    def destinations(self) -> Mapping[str, frozenset[str]]:
        telegram = [(destination("telegram", Place(c.id, c.topic)), c.alerts) for c in self.config.telegram.chats]
        discord = [(destination("discord", Place(c.id)), c.alerts) for c in self.config.discord.channels]
        return {name: frozenset(kinds) for name, kinds in (*telegram, *discord)}

    def log_lines(self, count: int) -> Sequence[str]:
        return self.tail.last(count)

    async def roster(self) -> Sequence[tuple[str, str, str]]:
        rows = []
        for name, person in self.named.items():
            ids = [f"{chat} {number}" for chat, number in person.ids.items()]
            rows.append((f"person:{name}", str(person.role), ", ".join(ids) or "-"))
        return [*rows, *await self.tokens.listed()]

    async def draw(self, drawing: Drawing) -> Image:
        """The picture, made in a thread: it takes the processor for up to a tenth of a second."""
        async with self.easel:
            return await asyncio.to_thread(_drawn, drawing)


def _drawn(drawing: Drawing) -> Image:
    # Pillow is loaded for the first picture: a desk that draws none does not carry it.
    from bot.charts.candles import candles_picture
    from bot.charts.equity import equity_picture

    if isinstance(drawing, CandlesDrawing):
        return candles_picture(drawing)
    return equity_picture(drawing)
