"""The spot exchange on a server: REST, WebSocket API, market streams, user data, and a test's own hands.

async with Binance() as venue:
    spot = Spot(venue)
    spot.open_account("main", KEY, USDT="10000")
    spot.show("BTCUSDT", [["60000", "1"]], [["60000.01", "2"]])
"""

from collections.abc import Iterable, Sequence
from typing import Any

from tests.emulators.binance import reports
from tests.emulators.binance.accounts import Account
from tests.emulators.binance.calls import Call
from tests.emulators.binance.exchange import Exchange
from tests.emulators.binance.house import PRODUCT
from tests.emulators.binance.limits import Limit
from tests.emulators.binance.lists import Lists
from tests.emulators.binance.money import ZERO, text
from tests.emulators.binance.orders import Json
from tests.emulators.binance.prices import Prices, Walk
from tests.emulators.binance.rules import Symbol, listing
from tests.emulators.binance.signing import ApiKey
from tests.emulators.binance.spot_account import SpotAccount
from tests.emulators.binance.spot_market import SpotMarket
from tests.emulators.binance.spot_streams import SpotStreams
from tests.emulators.binance.spot_trade import SpotTrade
from tests.emulators.binance.spot_users import SpotUsers
from tests.emulators.binance.venue import Binance

LIMITS = [
    Limit("REQUEST_WEIGHT", "MINUTE", 1, 6000),
    Limit("ORDERS", "SECOND", 10, 100),
    Limit("ORDERS", "DAY", 1, 200_000),
    Limit("RAW_REQUESTS", "MINUTE", 5, 300_000),
]
LISTED = (
    ("BTC", "USDT", "0.01000000", "0.00001000", "5.00000000"),
    ("ETH", "USDT", "0.01000000", "0.00010000", "5.00000000"),
    ("BNB", "USDT", "0.01000000", "0.00100000", "5.00000000"),
)


class Spot:
    """The spot exchange of one Binance."""

    def __init__(self, venue: Binance, symbols: Iterable[dict[str, Any]] | None = None, seed: int = 1) -> None:
        self.venue = venue
        self.prices = Prices(lambda: venue.now_ms)
        self.limits = venue.limit(PRODUCT, list(LIMITS))
        self.exchange = Exchange(venue, self.prices, seed)
        Lists(self.exchange)
        for info in symbols if symbols is not None else [listing(*row) for row in LISTED]:
            self.list_symbol(info)
        self.streams = venue.market(PRODUCT, "")
        self.market = SpotMarket(self.exchange)
        self.published = SpotStreams(self.exchange, self.market, self.streams)
        self.api = venue.ws_api(PRODUCT, "/ws-api/v3")
        self.users = SpotUsers(venue, self.api)
        self._walks: dict[str, Walk] = {}
        trade, account = SpotTrade(self.exchange, self._account), SpotAccount(self.exchange, self._account)
        for operation, method, route in [*self.market.routes(), *trade.routes(), *account.routes()]:
            venue.rest(operation, route)
            if method:
                self.api.method(method, route)
        self._control()

    def list_symbol(self, info: dict[str, Any]) -> Symbol:
        """List a symbol (see `rules.listing`)."""
        symbol = Symbol(info)
        self.exchange.symbols[symbol.name] = symbol
        return symbol

    def open_account(self, name: str, key: ApiKey | None = None, **balances: Any) -> Account:
        """Open an account with free balances, and add its key."""
        if key is not None:
            self.venue.keys.add(key)
        return self.exchange.open_account(name, **balances)

    def show(
        self,
        symbol: str,
        bids: Iterable[Sequence[object]],
        asks: Iterable[Sequence[object]],
        last: object | None = None,
    ) -> None:
        """Show other people's book, [price, quantity] best first."""
        self.prices.show(symbol, bids, asks, last)

    def trade(self, symbol: str, price: object, qty: object = 1) -> None:
        """Print a trade between other people: the last price moves, stops are triggered."""
        self.prices.trade(symbol, price, qty)

    def act(self, account: str, operation: str, **params: object) -> Any:
        """Do in an account's name what a request would, as somebody else who has the password. Refuses what it does."""
        route = self.venue.route(operation)
        key = ApiKey("somebody", account)
        call = Call(operation, {name: str(value) for name, value in params.items()}, self.venue.now_ms, key)
        with self.exchange.somebody():
            return route.answer(call)

    def balances(self, account: str) -> dict[str, tuple[str, str]]:
        """Free and locked by asset, as texts; what is zero is left out."""
        owner = self.exchange.accounts[account]
        held = [asset for asset in owner.free if owner.balance(asset)]
        return {asset: (text(owner.free[asset]), text(owner.locked.get(asset, ZERO))) for asset in held}

    def orders(self, account: str) -> list[Json]:
        """All orders of an account, oldest first, whatever a fault hides."""
        return [reports.queried(order) for order in self.exchange.accounts[account].orders.values()]

    def trades(self, account: str) -> list[Json]:
        """All trades of an account, oldest first."""
        return [reports.my_trade(trade) for trade in self.exchange.accounts[account].trades]

    def _account(self, call: Call) -> Account:
        return self.exchange.open_account(call.account)

    def _control(self) -> None:
        def walk(symbol: str, seed: int = 0, steps: int = 1, **how: Any) -> None:
            if symbol not in self._walks or how:
                self._walks[symbol] = Walk(self.prices, symbol, seed, **how)
            for _ in range(steps):
                self._walks[symbol].step()

        def account(name: str, **balances: Any) -> None:
            self.exchange.open_account(name, **balances)

        self.venue.control.update(
            show=self.show,
            trade=self.trade,
            walk=walk,
            account=account,
            deposit=self.exchange.deposit,
            status=self.exchange.set_status,
            act=self.act,
            balances=self.balances,
            orders=self.orders,
            trades=self.trades,
            terminate=self.users.terminate,
        )
