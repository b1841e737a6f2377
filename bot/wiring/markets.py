"""Where prices come from, and which parts make them."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from pathlib import Path
from random import Random

from bot.settings.models import Settings
from bot.wiring.mt5 import link_of
from trading.binance.addresses import addresses_of
from trading.binance.budget import Budget, Urgency
from trading.binance.products import Product
from trading.clock import Clock
from trading.errors import ConfigError
from trading.instruments import Instrument, Symbol
from trading.market.binance import BinanceMarket
from trading.market.binance_rest import Admission
from trading.market.feed import CcxtMarket
from trading.market.fractal import LISTINGS
from trading.market.mt5 import Mt5Market
from trading.market.replay import ReplayMarket
from trading.market.simulated import SimulatedMarket
from trading.ports import Market

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


def _terminal_prices(settings: Settings, name: str, clock: Clock, budgets: Budgets) -> Market:
    """The prices of a MetaTrader 5 terminal: of its Market Watch, and of what strategies trade."""
    traded = [s for each in settings.strategies.values() if each.account == name for s in each.symbols]
    return Mt5Market(link_of(settings, name, clock, tuple(dict.fromkeys(traded))))


def symbols_of(settings: Settings, name: str) -> list[str]:
    """What an account follows at an exchange: what its strategies trade and what the settings name."""
    traded = [s for each in settings.strategies.values() if each.account == name for s in each.symbols]
    return list(dict.fromkeys([*settings.market.symbols, *traded])) or ["BTC/USDT", "ETH/USDT"]


VENUES = ("paper", "binance", "mt5")
"""Venues that this version can trade at."""

MARKETS: dict[str, Callable[[Settings, str, Clock, Budgets], Market]] = {
    "simulated": _simulated,
    "replay": _replay,
    "binance": _binance_prices,
    "mt5": _terminal_prices,
    "ccxt": _exchange_prices,
}
SHARED = ("simulated", "replay")
"""Markets that are the same for every account."""


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
            missing = account.market if make is None else account.venue
            raise ConfigError(
                f"[accounts.{name}]: {missing} is not part of this version.",
                'Use venue = "paper", "binance" or "mt5", and market = "simulated", "replay", "binance", "mt5" or '
                '"ccxt:NAME".',
            )
        if account.market in SHARED:
            shared.setdefault(account.market, make(settings, name, clock, budgets))
        markets[name] = shared.get(account.market) or make(settings, name, clock, budgets)
    return markets
