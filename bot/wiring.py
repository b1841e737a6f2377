"""The composition root: the one file that names concrete parts. A new venue, market or store is one row here."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from bot.desk import LiveDesk
from bot.logs import LogTail
from bot.settings.accounts import AccountSettings
from bot.settings.models import Settings
from bot.settings.risk import AccountRisk, RiskSettings
from bot.tokens import Tokens
from trading.book import Book
from trading.clock import Clock
from trading.drafting import Drafting
from trading.errors import ConfigError
from trading.executors.binance.account import Side
from trading.executors.binance.addresses import addresses_of
from trading.executors.binance.budget import Budget, Urgency
from trading.executors.binance.codes import Product
from trading.executors.binance.executor import BinanceExecutor
from trading.executors.binance.keys import ApiKey
from trading.executors.binance.session import Session
from trading.executors.binance.sources import FuturesEvents, SpotEvents
from trading.executors.binance.spot import SpotSide
from trading.executors.binance.stream import UserStream
from trading.executors.binance.usdm import UsdmSide
from trading.executors.closed import ClosedExecutor
from trading.executors.paper.executor import PaperExecutor
from trading.executors.paper.funds import Fees
from trading.instruments import Instrument, Money, Symbol
from trading.intent import AccountId, Mode
from trading.journal.store import JournalStore
from trading.kill import Killer
from trading.market.binance import BinanceMarket
from trading.market.binance_rest import Admission
from trading.market.feed import CcxtMarket
from trading.market.replay import ReplayMarket
from trading.market.simulated import LISTINGS, SimulatedMarket
from trading.oms import Oms
from trading.ports import Executor, Market
from trading.protection import Protection
from trading.reconcile import Reconciler
from trading.risk.gate import RiskGate
from trading.risk.limits import Limits
from trading.runner import Runner, StrategyConfig
from trading.valuation import Valuation

Budgets = Mapping[str, Budget]
"""By the address of a REST host: accounts and markets there share its limits."""


def _simulated(settings: Settings, name: str, clock: Clock, budgets: Budgets) -> Market:
    market = settings.market
    return SimulatedMarket(clock, market.seed, market.speed, float(market.interval_s))


def _replay(settings: Settings, name: str, clock: Clock, budgets: Budgets) -> Market:
    market = settings.market
    symbol = Symbol(market.symbols[0])
    known = next((each.instrument for each in LISTINGS if each.instrument.symbol == symbol), None)
    return ReplayMarket(Path(market.file), clock, known or _unlisted(symbol), market.speed)


def _unlisted(symbol: Symbol) -> Instrument:
    """Filters for a symbol that only a candle file knows: fine steps, no minimums."""
    base, _, quote = symbol.partition("/")
    return Instrument(symbol, base, quote or "USD", Decimal("0.00001"), Decimal("0.00001"))


def _binance_prices(settings: Settings, name: str, clock: Clock, budgets: Budgets) -> Market:
    """Binance's public streams: of the live exchange for a paper account, else of the account's own environment."""
    account = settings.accounts[name]
    environment = account.environment if account.venue == "binance" else "live"

    def admission(product: Product) -> Admission:
        addresses = addresses_of(product, environment, account.rest_url)
        return partial(budgets[addresses.rest].room, urgency=Urgency.READ)

    return BinanceMarket(
        symbols_of(settings, name),
        clock,
        Random(f"prices of {name}"),
        environment,
        account.rest_url,
        account.stream_url,
        admissions={product.value: admission(product) for product in Product},
    )


def _exchange_prices(settings: Settings, name: str, clock: Clock, budgets: Budgets) -> Market:
    """The public prices of any exchange of ccxt."""
    account = settings.accounts[name]
    return CcxtMarket(
        account.market.removeprefix("ccxt:"), symbols_of(settings, name), clock, rest_url=account.rest_url
    )


def symbols_of(settings: Settings, name: str) -> list[str]:
    """What an account follows at an exchange: what its strategies trade and what the settings name."""
    traded = [s for each in settings.strategies.values() if each.account == name for s in each.symbols]
    return list(dict.fromkeys([*settings.market.symbols, *traded])) or ["BTC/USDT", "ETH/USDT"]


MARKETS: dict[str, Callable[[Settings, str, Clock, Budgets], Market]] = {
    "simulated": _simulated,
    "replay": _replay,
    "binance": _binance_prices,
    "ccxt": _exchange_prices,
}
SHARED = ("simulated", "replay")
"""Markets that are the same for every account."""

VENUES = ("paper", "binance")
"""Venues that this version can trade at."""


def _paper(
    name: str, mode: Mode, account: AccountSettings, market: Market, store: JournalStore, clock: Clock
) -> PaperExecutor:
    """A paper account. Its live mode is a rehearsal: an account of its own, with the same funds and rules."""
    return PaperExecutor(
        name if mode is Mode.PAPER else f"{name}:{mode}",
        market,
        store,
        clock,
        funds=tuple(Money(amount, currency) for currency, amount in account.funds.items()),
        fees=Fees(maker=account.maker_fee, taker=account.taker_fee),
        fee_currency=account.fee_currency,
        latency_s=account.latency_ms / 1000,
        products=account.products,
    )


def _binance(name: str, settings: Settings, market: Market, clock: Clock, book: Book, budgets: Budgets) -> Executor:
    """A Binance account; without keys it is closed, and its paper mode works all the same."""
    account, live = settings.accounts[name], AccountId(name, Mode.LIVE)
    key, secret = account.api_key.get_secret_value(), account.api_secret.get_secret_value()
    if not key and not secret:
        prefix = f"TILLER_ACCOUNTS__{name.upper()}__API_"
        return ClosedExecutor("binance", f"{name} has no API key.", f"Set {prefix}KEY and {prefix}SECRET.")

    def price(symbol: Symbol) -> Decimal | None:
        shown = market.quote(symbol)
        return shown.last if shown else None

    sides: list[Side] = []
    for product in map(Product, account.products):
        addresses = addresses_of(product, account.environment, account.rest_url, account.ws_api_url, account.stream_url)
        session = Session(name, product, ApiKey(key, secret), addresses, budgets[addresses.rest], clock)
        is_usdm = product is Product.USDM
        source = FuturesEvents(session) if is_usdm else SpotEvents(session)
        stream = UserStream(session, source, Random(f"{name} {product}"))
        symbols = [Symbol(symbol) for symbol in symbols_of(settings, name) if (":" in symbol) is is_usdm]
        make = UsdmSide if is_usdm else SpotSide
        sides.append(make(session, stream, clock, symbols, partial(book.by_venue_id, live), price))
    # Only the live exchange tells what a key may do; the others hold no money.
    may_withdraw = account.allow_withdrawals or account.environment != "live"
    return BinanceExecutor(sides, clock, may_withdraw=may_withdraw)


def build_markets(settings: Settings, clock: Clock, budgets: Budgets) -> dict[str, Market]:
    """The market of each account; accounts on a simulated market share one.

    Raises:
        ConfigError: a market that this version does not have.
    """
    shared: dict[str, Market] = {}
    markets: dict[str, Market] = {}
    for name, account in settings.accounts.items():
        make = MARKETS.get(account.market.partition(":")[0])
        if make is None or account.venue not in VENUES:
            missing = account.venue if account.venue not in VENUES else account.market
            raise ConfigError(
                f"[accounts.{name}]: {missing} is not part of this version.",
                'Use venue = "paper" or "binance", and market = "simulated", "replay", "binance" or "ccxt:NAME".',
            )
        if account.market in SHARED:
            shared.setdefault(account.market, make(settings, name, clock, budgets))
        markets[name] = shared.get(account.market) or make(settings, name, clock, budgets)
    return markets


def build_executors(
    settings: Settings,
    markets: Mapping[str, Market],
    store: JournalStore,
    clock: Clock,
    book: Book,
    budgets: Budgets,
) -> dict[AccountId, Executor]:
    """One executor for each account in each of its modes."""
    executors: dict[AccountId, Executor] = {}
    for name, account in settings.accounts.items():
        for mode in Mode:
            if mode is Mode.LIVE and account.venue == "binance":
                made: Executor = _binance(name, settings, markets[name], clock, book, budgets)
            else:
                made = _paper(name, mode, account, markets[name], store, clock)
            executors[AccountId(name, mode)] = made
    return executors


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
    valuation = Valuation(book, markets, settings.currency)
    closed = {account: each.why for account, each in executors.items() if isinstance(each, ClosedExecutor)}
    unready = {a: "starting: not reconciled with the venue yet" for a in executors if a not in closed}

    def listed(account: AccountId, symbol: Symbol) -> Instrument | None:
        return executors[account].instruments.get(symbol)

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
