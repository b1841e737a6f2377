"""The desk of the settings: every part of it, connected."""

from collections import defaultdict
from typing import Any

import msgspec

from bot.desk import LiveDesk
from bot.logs import LogTail
from bot.settings.models import Settings
from bot.settings.risk import AccountRisk, RiskSettings
from bot.tokens import Tokens
from bot.wiring.markets import build_markets
from bot.wiring.venues import build_executors
from trading.binance.budget import Budget
from trading.book import Book
from trading.clock import Clock
from trading.drafting import Drafting
from trading.executors.closed import ClosedExecutor
from trading.instruments import Instrument, Symbol
from trading.intent import AccountId
from trading.journal.store import JournalStore
from trading.kill import Killer
from trading.oms import Oms
from trading.order import Order
from trading.ports import Funds, KnowsMargin
from trading.protection import Protection
from trading.reconcile import Reconciler
from trading.risk.gate import RiskGate
from trading.risk.limits import Limits
from trading.runner import Runner, StrategyConfig
from trading.valuation import Valuation


def build_desk(
    settings: Settings, store: JournalStore, clock: Clock, version: str, tail: LogTail, tokens: Tokens
) -> LiveDesk:
    """Every part of the desk, connected; nothing is started.

    Raises:
        ConfigError: something of the settings is not part of this version, or a strategy is unknown.
    """
    book = Book(store, clock)
    budgets = defaultdict[str, Budget](lambda: Budget(clock))
    markets = build_markets(settings, clock, budgets)
    executors = build_executors(settings, markets, store, clock, book, budgets)
    valuation = Valuation(book, markets, settings.currency, settings.rates)
    closed = {account: each.why for account, each in executors.items() if isinstance(each, ClosedExecutor)}
    unready = {a: "starting: not reconciled with the venue yet" for a in executors if a not in closed}

    def listed(account: AccountId, symbol: Symbol) -> Instrument | None:
        return executors[account].instruments.get(symbol)

    def margin(order: Order) -> Funds | None:
        executor = executors[order.account_id]
        return executor.margin(order) if isinstance(executor, KnowsMargin) else None

    gate = RiskGate(
        book,
        valuation,
        msgspec.convert(limits_of(settings.risk), Limits),
        {name: limits_of(account.risk) for name, account in settings.accounts.items()},
        settings.timezone,
        capabilities=lambda account: executors[account].capabilities,
        not_ready=lambda account: unready.get(account, "") or closed.get(account, ""),
        listed=listed,
        vet=lambda order, reference: executors[order.account_id].vet(order, reference),
        margin=margin,
    )
    oms = Oms(book, gate, Drafting(book, valuation, executors), executors)
    protection = Protection(oms)
    runner = Runner(book, oms, markets, build_strategies(settings), make_room=protection.make_room)
    return LiveDesk(
        version=version,
        config=settings,
        clock=clock,
        book=book,
        valuation=valuation,
        executors=executors,
        markets=markets,
        gate=gate,
        oms=oms,
        protection=protection,
        reconciler=Reconciler(oms),
        killer=Killer(oms, protection, territories(settings)),
        runner=runner,
        history=store.queries,
        tokens=tokens,
        tail=tail,
        unready=unready,
        budgets=budgets,
        closed=closed,
    )


def limits_of(risk: RiskSettings | AccountRisk) -> dict[str, Any]:
    """The limits that a section of settings sets, by the names that `trading.risk` knows them by."""
    written = {name: value for name, value in risk if value is not None}
    if (cooldown := written.pop("cooldown", None)) is not None:
        written["cooldown_s"] = int(cooldown.total_seconds())
    return written


def territories(settings: Settings) -> dict[str, tuple[str, frozenset[Symbol]]]:
    """Where each strategy trades: its account and symbols."""
    return {
        name: (strategy.account, frozenset(Symbol(symbol) for symbol in strategy.symbols))
        for name, strategy in settings.strategies.items()
    }


def build_strategies(settings: Settings) -> list[StrategyConfig]:
    """The configured strategies."""
    return [
        StrategyConfig(
            name=name,
            class_name=strategy.class_,
            account=strategy.account,
            symbols=tuple(Symbol(symbol) for symbol in strategy.symbols),
            timeframe=strategy.timeframe,
            params=dict(strategy.params),
            size=strategy.size,
            autostart=strategy.autostart,
        )
        for name, strategy in settings.strategies.items()
    ]
