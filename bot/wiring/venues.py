"""Where orders go, and which parts send them."""

from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from random import Random

from bot.settings.accounts import AccountSettings
from bot.settings.models import Settings
from bot.wiring.markets import Budgets, symbols_of
from bot.wiring.mt5 import link_of
from trading.binance.addresses import addresses_of
from trading.binance.products import Product
from trading.book import Book
from trading.clock import Clock
from trading.executors.binance.account import Side
from trading.executors.binance.executor import BinanceExecutor
from trading.executors.binance.keys import ApiKey
from trading.executors.binance.session import Session
from trading.executors.binance.sources import FuturesEvents, SpotEvents
from trading.executors.binance.spot import SpotSide
from trading.executors.binance.stream import UserStream
from trading.executors.binance.usdm import UsdmSide
from trading.executors.closed import ClosedExecutor
from trading.executors.mt5.executor import Mt5Executor
from trading.executors.mt5.tracks import Books
from trading.executors.paper.executor import PaperExecutor
from trading.executors.paper.funds import Fees, Lending
from trading.instruments import Money, Symbol
from trading.intent import AccountId, Mode
from trading.journal.store import JournalStore
from trading.market.mt5 import Mt5Market
from trading.order import Order
from trading.ports import Executor, Market

LENT = Decimal(20)
"""What a new futures account has at Binance, until it sets another leverage for a symbol."""
MAINTENANCE = Decimal("0.004")
"""Of the value of a position, in the lowest bracket of BTCUSDT at Binance (GET /fapi/v1/leverageBracket)."""
LENT_BY_BROKERS = Decimal(30)
"""The most that retail clients in the EU get, on major currency pairs (ESMA decision 2018/796)."""
STOP_OUT = Decimal("0.5")
"""Of the margin: the level at which EU brokers must close positions of retail clients (the same decision)."""


def _lending(account: AccountSettings, market: Market) -> Lending:
    """What a paper account lends: as its settings say, or as a new account has it where its prices come from."""
    if isinstance(market, Mt5Market):
        told = market.link.account.leverage if market.link.account is not None else 0
        leverage = account.leverage or Decimal(told) or LENT_BY_BROKERS
        return Lending(leverage, STOP_OUT / leverage)
    leverage = account.leverage or LENT
    return Lending(leverage, min(MAINTENANCE, STOP_OUT / leverage))


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
        lending=partial(_lending, account, market),
        latency_s=account.latency_ms / 1000,
        products=("usdm",) if account.market == "mt5" else account.products,  # a terminal lists contracts only
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


def _mt5(name: str, settings: Settings, market: Market, clock: Clock, book: Book) -> Executor:
    """A MetaTrader 5 account, over the link of its prices where those are the terminal's."""
    live = AccountId(name, Mode.LIVE)
    link = market.link if isinstance(market, Mt5Market) else link_of(settings, name, clock, ())

    def recent() -> list[Order]:
        return [order for order in book.recent_orders() if order.account_id == live]

    return Mt5Executor(link, Books(partial(book.open_orders, live), recent))


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
            elif mode is Mode.LIVE and account.venue == "mt5":
                made = _mt5(name, settings, markets[name], clock, book)
            else:
                made = _paper(name, mode, account, markets[name], store, clock)
            executors[AccountId(name, mode)] = made
    return executors
