"""USDT-M futures on the emulated exchange.

    async with Binance(keys=[...]) as venue:
        futures = Futures(venue)
        futures.transfer("main", 10_000)
        futures.show("BTCUSDT", bids=[["60000", "1"]], asks=[["60000.1", "1"]])

Its addresses: `futures.rest_url` (`/fapi/...`), `futures.ws_api_url` (`/ws-fapi/v1`), `futures.stream_url` (the host of
the streams: `/public`, `/market`, `/private` follow it). What it did is in `venue.executed`, product `usdm`.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from aiohttp import web

from tests.emulators.binance.calls import Answering, Call
from tests.emulators.binance.futures_accounts import Accounts
from tests.emulators.binance.futures_broadcast import Broadcast
from tests.emulators.binance.futures_clearing import PRODUCT, plain
from tests.emulators.binance.futures_exchange import FuturesExchange
from tests.emulators.binance.futures_market import Market
from tests.emulators.binance.futures_orders import AlgoOrder, Order
from tests.emulators.binance.futures_positions import FuturesAccount
from tests.emulators.binance.futures_rest import Orders
from tests.emulators.binance.futures_user import UserStreams
from tests.emulators.binance.limits import Limit
from tests.emulators.binance.signing import ApiKey
from tests.emulators.binance.venue import Binance

# "General Info", limits; exchangeInfo tells the same.
LIMITS = [
    Limit("REQUEST_WEIGHT", "MINUTE", 1, 2400),
    Limit("ORDERS", "MINUTE", 1, 1200),
    Limit("ORDERS", "SECOND", 10, 300),
]


class Futures:
    """USDT-M futures on a server; everything a test or a campaign does by hand is a method here."""

    def __init__(self, venue: Binance) -> None:
        self._venue = venue
        self.exchange = FuturesExchange(lambda: venue.now_ms, venue.faults, venue.executed)
        self.exchange.clearing.tell = lambda account, event: venue.tell(PRODUCT, account, event)
        self.limits = venue.limit(PRODUCT, list(LIMITS))
        self.users = UserStreams(venue)
        self.orders = Orders(self.exchange, venue.faults)
        accounts = Accounts(self.exchange, self.orders)
        self.market = Market(self.exchange, lambda: venue.now_ms, self.limits)
        # The root serves what /public serves.
        public = venue.market(f"{PRODUCT}-public", "/fstream", "/fstream/public")
        market = venue.market(f"{PRODUCT}-market", "/fstream/market")
        self.broadcast = Broadcast(self.exchange, lambda: venue.now_ms, public, market)
        for part in (self.orders, accounts, self.market, self.users):
            for operation, route in part.routes().items():
                venue.rest(operation, route)
        api = venue.ws_api(PRODUCT, "/ws-fapi/v1")
        own = (self.orders.methods(), accounts.methods(), self.market.methods(), self.users.methods(self._account_of))
        for methods in own:
            for name, route in methods.items():
                api.method(name, route)
        venue.websocket("/fstream/private/ws", self._private)
        venue.websocket("/fstream/private/stream", self._private_combined)
        self._control()

    @property
    def rest_url(self) -> str:
        return self._venue.url

    @property
    def ws_api_url(self) -> str:
        return self._venue.url.replace("http", "ws", 1) + "/ws-fapi/v1"

    @property
    def stream_url(self) -> str:
        return self._venue.url.replace("http", "ws", 1) + "/fstream"

    def account(self, name: str = "main") -> FuturesAccount:
        """An account: wallet, positions, orders, trades."""
        return self.exchange.account(name)

    def show(
        self,
        symbol: str,
        bids: Iterable[Sequence[object]],
        asks: Iterable[Sequence[object]],
        last: object | None = None,
    ) -> None:
        """Set the book; resting orders that it crosses are filled, conditional ones that it reaches triggered."""
        self.exchange.prices.show(symbol, bids, asks, last)

    def print(self, symbol: str, price: object, quantity: object = 1) -> None:
        """A trade between other people: moves the last price."""
        self.exchange.prices.trade(symbol, price, quantity)

    def mark(self, symbol: str, price: object) -> None:
        """Set the mark price."""
        self.exchange.mark(symbol, price)
        self.broadcast.marked(symbol)

    def bar(self, symbol: str, interval: str, start_ms: int, ohlcv: Sequence[str], closed: bool = True) -> None:
        """Show a bar: open, high, low, close, volume."""
        self.broadcast.bar(symbol, interval, start_ms, list(ohlcv), closed=closed)

    def fund(self, symbol: str, rate: object) -> None:
        """Charge funding at this rate."""
        self.exchange.clearing.fund(symbol, rate)

    def transfer(self, account: str, amount: object, asset: str = "USDT") -> None:
        """Move money in (or out, when negative)."""
        self.exchange.clearing.transfer(account, amount, asset)

    def delist(self, symbol: str, status: str = "SETTLING") -> None:
        """Take a symbol out of trading."""
        self.exchange.delist(symbol, status)

    def place(self, account: str = "main", **params: object) -> Order:
        """Place an order by hand, as the account's owner would on the web site: `place(symbol=..., side=...)`."""
        named = {"newClientOrderId": f"web_{len(self.account(account).orders) + 1:020d}"}
        told = self._by_hand(account, self.orders.place, named | {name: str(value) for name, value in params.items()})
        return self.account(account).orders[int(told["orderId"])]

    def place_algo(self, account: str = "main", **params: object) -> AlgoOrder:
        """Place a conditional order by hand."""
        named = {"algoType": "CONDITIONAL", "clientAlgoId": f"web_{len(self.account(account).algos) + 1:020d}"}
        texts = named | {name: str(value) for name, value in params.items()}
        told = self._by_hand(account, self.orders.place_algo, texts)
        return self.account(account).algos[int(told["algoId"])]

    def cancel(self, order: Order) -> None:
        """Cancel an order by hand."""
        params = {"symbol": order.symbol, "orderId": str(order.order_id)}
        self._by_hand(order.account, self.orders.cancel, params)

    def ask(self, account: str, answer: Answering, **params: object) -> Any:
        """What an operation answers the account's owner: `ask("main", futures.orders.query, symbol=...)`."""
        return self._by_hand(account, answer, {name: str(value) for name, value in params.items()})

    def tick(self) -> None:
        """Let what the clock has ended end: GTD orders and listen keys."""
        self.exchange.expire()
        self.users.expire()

    def _by_hand(self, account: str, answer: Answering, params: dict[str, str]) -> Any:
        faults = self._venue.faults
        outer, faults.operation = faults.operation, "somebody"
        try:
            call = Call("somebody", params, self._venue.now_ms, ApiKey("byhand", account=account))
            return answer(call)
        finally:
            faults.operation = outer

    def _account_of(self, call: Call) -> str:
        """The account of the API key that a WebSocket API request names, or of its session."""
        session = call.connection.session if call.connection is not None else None
        named = call.get("apiKey") or (session.key if session is not None else "")
        return self._venue.keys.find(named, "USER_STREAM").account

    async def _private(self, request: web.BaseRequest, rest: str) -> web.StreamResponse:
        return await self.users.serve(request, rest, combined=False)

    async def _private_combined(self, request: web.BaseRequest, rest: str) -> web.StreamResponse:
        return await self.users.serve(request, rest, combined=True)

    def _control(self) -> None:
        """What another process may do, by name."""

        def place(**params: Any) -> dict[str, Any]:
            return self.place(**params).queried()

        def positions(account: str = "main") -> list[dict[str, str]]:
            held = self.account(account).held()
            return [
                {"symbol": p.symbol, "side": p.side, "amount": str(p.amount), "entry": plain(p.entry)} for p in held
            ]

        def wallet(account: str = "main") -> dict[str, str]:
            return {asset: str(amount) for asset, amount in self.account(account).wallet.items()}

        def open_orders(account: str = "main") -> list[dict[str, Any]]:
            return [order.queried() for order in self.account(account).open_orders.values()]

        def open_algos(account: str = "main") -> list[dict[str, Any]]:
            return [algo.queried() for algo in self.account(account).open_algos.values()]

        commands: dict[str, Callable[..., Any]] = {
            "show": self.show,
            "print": self.print,
            "mark": self.mark,
            "fund": self.fund,
            "transfer": self.transfer,
            "delist": self.delist,
            "tick": self.tick,
            "place": place,
            "positions": positions,
            "wallet": wallet,
            "open_orders": open_orders,
            "open_algos": open_algos,
        }
        self._venue.control.update({f"{PRODUCT}_{name}": command for name, command in commands.items()})
