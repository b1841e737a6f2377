"""What the spot engine stands on: symbols, accounts, ids, words to the accounts, and operations.

Everything that changes the exchange happens inside `operation()`: what it sets off (triggers, activated pending orders,
other people's books that cross a resting order) is carried out one after the other before the outermost operation
ends; then the accounts whose balances changed are told.
"""

import random
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal

from tests.emulators.binance import reports
from tests.emulators.binance.accounts import Account
from tests.emulators.binance.ledger import Executed
from tests.emulators.binance.money import ZERO, cut, text
from tests.emulators.binance.orders import Hold, Order, OrderList, Trade
from tests.emulators.binance.prices import Prices
from tests.emulators.binance.rules import Symbol
from tests.emulators.binance.venue import Binance

PRODUCT = "spot"
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


class House:
    """The accounts, ids and operations of the spot exchange; what an order does is the engine's."""

    def __init__(self, venue: Binance, prices: Prices, seed: int = 1) -> None:
        self.venue, self.prices = venue, prices
        self.symbols: dict[str, Symbol] = {}
        self.accounts: dict[str, Account] = {}
        self.lists: dict[int, OrderList] = {}
        self.on_settled: list[Callable[[str], None]] = []  # told of each symbol whose book or price has changed
        self.by = ""  # who acts when it is not a request
        self._chance = random.Random(seed)
        self._ids = {"order": 0, "list": -1, "execution": 0, "match": -1}
        self._depth = 0
        self._prints: deque[tuple[str, Decimal]] = deque()
        self._later: deque[Callable[[], None]] = deque()
        self._crossing: dict[str, None] = {}
        self._touched: dict[str, None] = {}
        prices.on_print.append(self._printed)
        prices.on_book.append(self._shown)

    # Words used everywhere

    @property
    def now_ms(self) -> int:
        return self.venue.now_ms

    def next_id(self, kind: str) -> int:
        """The next order, list, execution or match id."""
        self._ids[kind] += 1
        return self._ids[kind]

    def made_up_id(self) -> str:
        """A client order id for who sent none."""
        return "".join(self._chance.choices(_LETTERS, k=22))

    def account_of(self, order: Order) -> Account:
        return self.accounts[order.account]

    def tell(self, order: Order, kind: str, trade: Trade | None = None, origin: str = "") -> int:
        """Send an executionReport; its execution id."""
        number = self.next_id("execution")
        event = reports.execution(order, kind, self.now_ms, number, trade, origin)
        self.venue.tell(PRODUCT, order.account, event)
        return number

    def record(self, order: Order, kind: str, trade: Trade | None = None, reason: str = "") -> None:
        """Write a fact about an order into the ledger."""
        qty = trade.qty if trade else order.qty
        self.venue.record(
            Executed(
                product=PRODUCT,
                account=order.account,
                kind=kind,
                time_ms=self.now_ms,
                by=self.venue.faults.operation or self.by,
                symbol=order.symbol,
                side=order.side,
                type=order.type,
                order_id=order.id,
                list_id=order.list_id,
                client_order_id=order.placed_id,
                qty=text(qty),
                price=text(trade.price if trade else order.price),
                trade_id=trade.trade_id if trade else -1,
                fee=text(trade.fee) if trade else "0",
                fee_asset=trade.fee_asset if trade else "",
                maker=trade.maker if trade else False,
                reason=reason,
            )
        )

    # Operations

    @contextmanager
    def operation(self) -> Iterator[None]:
        """Everything that changes the exchange happens inside one of these."""
        self._depth += 1
        try:
            yield
            if self._depth == 1:
                self._settle()
        finally:
            self._depth -= 1
            if self._depth == 0:
                self._flush()

    def later(self, step: Callable[[], None]) -> None:
        """Carry this out when the present step is done."""
        self._later.append(step)

    def touch(self, symbol: str) -> None:
        """This symbol's book has changed."""
        self._touched[symbol] = None

    def _settle(self) -> None:
        while self._later or self._prints or self._crossing:
            if self._prints:
                self.trigger(*self._prints.popleft())
            elif self._later:
                self._later.popleft()()
            else:
                self.cross(self._crossing.popitem()[0])

    def _flush(self) -> None:
        now = self.now_ms
        for account in self.accounts.values():
            if account.changed:
                assets, account.changed, account.update_ms = list(account.changed), {}, now
                self.venue.tell(PRODUCT, account.name, reports.positions(account, assets, now))
        touched, self._touched = self._touched, {}
        for symbol in touched:
            for heard in self.on_settled:
                heard(symbol)

    def _printed(self, symbol: str) -> None:
        last = self.prices[symbol].last
        if symbol in self.symbols and last is not None:
            self._prints.append((symbol, last))
            with self.operation():
                self.touch(symbol)

    def _shown(self, symbol: str) -> None:
        if symbol in self.symbols:
            self._crossing[symbol] = None
            with self.operation():
                self.touch(symbol)

    def told_list(self, group: OrderList) -> None:
        """Send a listStatus."""
        self.venue.tell(PRODUCT, group.account, reports.list_status(group, self.now_ms))

    # Funds

    def need(self, order: Order) -> Decimal:
        """What an open order must have locked: base of a sell, quote of a buy."""
        if not order.open or order.status == "PENDING_NEW":
            return ZERO
        if order.side == "SELL":
            return order.remaining
        price = order.price or order.stop or self.prices[order.symbol].last or ZERO
        return cut(price * order.remaining)

    def acquire(self, orders: list[Order]) -> None:
        """Lock the funds of one order, or of a pair of which one can trade. Refuses -2010."""
        symbol = self.symbols[orders[0].symbol]
        hold = Hold(symbol.base if orders[0].side == "SELL" else symbol.quote, orders=orders)
        self.account_of(orders[0]).lock(hold, max(self.need(order) for order in orders))
        for order in orders:
            order.hold = hold

    def resize(self, hold: Hold) -> None:
        """Unlock what a hold's orders do not need any more."""
        needed = max((self.need(order) for order in hold.orders), default=ZERO)
        self.account_of(hold.orders[0]).lock(hold, min(needed, hold.amount))

    # What the engine does

    def trigger(self, symbol: str, last: Decimal) -> None:
        """A symbol has traded at this price."""
        raise NotImplementedError

    def cross(self, symbol: str) -> None:
        """A symbol's book was shown anew."""
        raise NotImplementedError
