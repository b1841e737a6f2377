"""The matching engine of USDT-M futures: the accounts' orders meet the shown books.

Sources: developers.binance.com, derivatives / usds-margined-futures: "New Order", "Modify Order", "Cancel Order",
"Event: Order Update" (its expiry reasons). The books are other people's; an order takes what is shown, rests, and is
filled as the maker when a book is shown that crosses it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal

from tests.emulators.binance import futures_codes as refusals
from tests.emulators.binance.faults import Faults
from tests.emulators.binance.futures_admission import touch
from tests.emulators.binance.futures_algo import AlgoService
from tests.emulators.binance.futures_checks import check_margin, check_modify, check_order, closable
from tests.emulators.binance.futures_clearing import PRODUCT, Clearing
from tests.emulators.binance.futures_contracts import listed
from tests.emulators.binance.futures_orders import Order, made_id
from tests.emulators.binance.futures_positions import ZERO, FuturesAccount
from tests.emulators.binance.ledger import Ledger
from tests.emulators.binance.prices import Prices

# Expiry reasons ("er" of ORDER_TRADE_UPDATE).
SELF_TRADE, IOC, KNOCKED_OUT, LIQUIDATED, DELISTED, MARKET_LEFT = "1", "2", "4", "5", "7", "9"


class FuturesExchange:
    """All orders of all accounts. Orders and positions change only here, at once and without awaiting."""

    def __init__(self, now_ms: Callable[[], int], faults: Faults, ledger: Ledger) -> None:
        self.contracts = listed()
        self.prices = Prices(now_ms)
        self.clearing = Clearing(self.contracts, self.prices, now_ms, ledger, faults)
        self.algos = AlgoService(self.clearing, self.prices, now_ms, self._enter_triggered)
        self._now_ms, self._faults = now_ms, faults
        self._order_id = 8_389_765_000_000_000_000  # beyond what a float can hold, as the exchange's own are
        self._rank = 0
        self._touched: list[str] = []
        self._working = False
        self.prices.on_book.append(self._heard)
        self.prices.on_print.append(self._heard)

    def account(self, name: str) -> FuturesAccount:
        return self.clearing.account(name)

    def mark(self, symbol: str, price: object) -> None:
        """Set a mark price; without one the last price is taken."""
        self.clearing.marks[symbol] = Decimal(str(price))
        self._heard(symbol)

    # What clients ask for

    def place(self, account: FuturesAccount, order: Order) -> Order:
        """Admit an order and let it trade. Refuses what the filters, the position mode and the margin forbid."""
        check_order(account, order, self.clearing.mark(order.symbol))
        check_margin(self.clearing, account, order)
        if order.tif == "GTX" and self._crosses(order):
            raise refusals.GTX_REJECT.refusal()
        if order.tif == "FOK" and self._within_reach(order) < order.quantity:
            raise refusals.FOK_REJECT.refusal()
        with self._at_work():
            self._enter(account, order)
            self._take(account, order)
        return order

    def cancel(self, order: Order) -> Order:
        """Cancel an open order."""
        with self._at_work():
            self._end(order, "CANCELED", "CANCELED")
        return order

    def modify(
        self, account: FuturesAccount, order: Order, quantity: Decimal, price: Decimal, tag: int | None
    ) -> Order:
        """Give a limit order another quantity and price; it goes to the end of the queue. Refuses -5024 ... -5029."""
        check_modify(self.clearing, account, order, quantity, price)
        with self._at_work():
            held, order.margin_price = (order.quantity, order.price), price
            order.quantity, order.price = quantity, price
            if quantity <= order.executed or (order.tif == "GTX" and self._crosses(order)):
                order.quantity, order.price = held
                self._end(order, "CANCELED", "CANCELED")
                return order
            order.modified += 1
            order.rank, order.updated_ms = self._next_rank(), self._now_ms()
            more = {"M": str(tag)} if tag is not None else {}
            self.clearing.tell(account.name, order.event("AMENDMENT", self._now_ms(), **more))
            self.clearing.note("replace", order)
            self._take(account, order)
        return order

    def find(self, account: FuturesAccount, order_id: int | None, client_id: str) -> Order | None:
        """An order by the exchange's id, else the newest with the client's."""
        if order_id is not None:
            return account.orders.get(order_id)
        return next((order for order in reversed(account.orders.values()) if order.client_id == client_id), None)

    def expire(self) -> None:
        """End what has reached its `goodTillDate`."""
        now = self._now_ms()
        due = [o for a in self.clearing.accounts.values() for o in a.open_orders.values() if 0 < o.good_till <= now]
        with self._at_work():
            for order in due:
                self._end(order, "EXPIRED", "EXPIRED")
            self.algos.expire()

    def delist(self, symbol: str, status: str = "SETTLING") -> None:
        """Take a symbol out of trading: its orders end with the reason 7."""
        self.contracts[symbol].status = status
        with self._at_work():
            for account in self.clearing.accounts.values():
                for order in [there for there in account.open_orders.values() if there.symbol == symbol]:
                    self._end(order, "EXPIRED", "EXPIRED", er=DELISTED)

    # Matching

    def _crosses(self, order: Order) -> bool:
        market = self.prices[order.symbol]
        levels = market.asks if order.side == "BUY" else market.bids
        return bool(levels) and order.reaches(levels[0][0])

    def _within_reach(self, order: Order) -> Decimal:
        market = self.prices[order.symbol]
        levels = market.asks if order.side == "BUY" else market.bids
        return sum((there for price, there in levels if order.reaches(price)), ZERO)

    def _enter(self, account: FuturesAccount, order: Order) -> None:
        self._order_id += 1
        order.order_id, order.rank = self._order_id, self._next_rank()
        order.client_id = order.client_id or made_id(order.order_id)
        order.created_ms = order.updated_ms = self._now_ms()
        account.orders[order.order_id] = account.open_orders[order.order_id] = order
        self._faults.created(PRODUCT, order.order_id, order.client_id)
        self.clearing.note("order", order)
        if order.algo is not None:
            self.algos.entered(order.algo, order)
        self.clearing.tell(account.name, order.event("NEW", self._now_ms()))

    def _take(self, account: FuturesAccount, order: Order) -> None:
        """Trade with the shown book as far as the order reaches; then rest or end."""
        market = self.prices[order.symbol]
        while not order.ended and order.remaining:
            levels = market.asks if order.side == "BUY" else market.bids
            price = levels[0][0] if levels and order.reaches(levels[0][0]) else None
            if self._prevented(account, order, price):
                continue
            if price is None:
                break
            quantity = min(self._left(account, order), levels[0][1])
            if not quantity:
                break
            self.prices.take(order.symbol, order.side, price, quantity)
            self._fill(account, order, price, quantity, maker=False)
        if order.ended:
            return
        if order.type == "MARKET":
            self._end(order, "EXPIRED", "EXPIRED", er=MARKET_LEFT)
        elif order.tif == "IOC":
            self._end(order, "EXPIRED", "EXPIRED", er=IOC)

    def _fill(self, account: FuturesAccount, order: Order, price: Decimal, quantity: Decimal, *, maker: bool) -> None:
        self.clearing.trade(order, price, quantity, maker=maker)
        if not order.remaining:
            account.open_orders.pop(order.order_id, None)
        if order.algo is not None:
            self.algos.followed(order.algo)
        self._knock_out(account, order.symbol, order.position_side)

    def _left(self, account: FuturesAccount, order: Order) -> Decimal:
        """What may still trade: what reduces only stops at zero."""
        if not order.reduce_only:
            return order.remaining
        return min(order.remaining, closable(account, order.side, order.symbol, order.position_side))

    def _prevented(self, account: FuturesAccount, taker: Order, price: Decimal | None) -> bool:
        """Self-trade prevention: the account's own resting orders are met before a worse price of the book."""
        if taker.stp == "NONE":
            return False
        for order in list(account.open_orders.values()):
            own = order is not taker and order.symbol == taker.symbol and order.side != taker.side
            if not own or not taker.reaches(order.price):
                continue
            if price is not None and not _better_or_same(taker.side, order.price, price):
                continue
            if taker.stp in ("EXPIRE_MAKER", "EXPIRE_BOTH"):
                self._end(order, "EXPIRED", "EXPIRED_IN_MATCH", er=SELF_TRADE)
            if taker.stp in ("EXPIRE_TAKER", "EXPIRE_BOTH"):
                self._end(taker, "EXPIRED", "EXPIRED_IN_MATCH", er=SELF_TRADE)
            return True
        return False

    def _knock_out(self, account: FuturesAccount, symbol: str, position_side: str) -> None:
        """End the reducing orders that the position has become too small for, the worst priced first (reason 4)."""
        self.algos.position_changed(account, symbol, position_side)
        for side in ("BUY", "SELL"):
            left = closable(account, side, symbol, position_side)
            orders = [
                order
                for order in account.open_orders.values()
                if (order.symbol, order.side, order.position_side) == (symbol, side, position_side)
                and order.reduce_only
                and order.type == "LIMIT"
            ]
            for order in sorted(orders, key=Order.priority):
                left -= order.remaining
                if left < 0:
                    self._end(order, "EXPIRED", "EXPIRED", er=KNOCKED_OUT)

    def _end(self, order: Order, execution: str, status: str, **more: str) -> None:
        order.status, order.updated_ms = status, self._now_ms()
        account = self.account(order.account)
        account.open_orders.pop(order.order_id, None)
        self.clearing.tell(account.name, order.event(execution, self._now_ms(), **more))
        self.clearing.note("cancel" if execution == "CANCELED" else "expire", order, reason=more.get("er", ""))
        if order.algo is not None:
            self.algos.followed(order.algo)

    def _enter_triggered(self, account: FuturesAccount, order: Order) -> None:
        """Place the order of a triggered conditional one; the caller hears a refusal."""
        order.margin_price = order.price or touch(self.prices[order.symbol], order.side)
        self.place(account, order)

    # What moves by itself

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        """While orders are worked on, prices that change are kept for afterwards."""
        if self._working:
            yield
            return
        self._working = True
        try:
            yield
        finally:
            self._working = False
        self._catch_up()

    def _heard(self, symbol: str) -> None:
        if symbol not in self._touched:
            self._touched.append(symbol)
        self._catch_up()

    def _catch_up(self) -> None:
        while self._touched and not self._working:
            symbol = self._touched.pop(0)
            if symbol not in self.contracts:
                continue
            self._working = True
            try:
                self._rematch(symbol)
                self.algos.watch(symbol)
                self._liquidate(symbol)
            finally:
                self._working = False

    def _rematch(self, symbol: str) -> None:
        """Fill resting orders, best price first, with the part of the book that crosses them."""
        market = self.prices[symbol]
        resting = [o for a in self.clearing.accounts.values() for o in a.open_orders.values() if o.symbol == symbol]
        for order in sorted(resting, key=Order.priority):
            levels = market.asks if order.side == "BUY" else market.bids
            account = self.account(order.account)
            while not order.ended and levels and order.reaches(levels[0][0]):
                quantity = min(self._left(account, order), levels[0][1])
                if not quantity:
                    break
                self.prices.take(symbol, order.side, levels[0][0], quantity)
                self._fill(account, order, order.price, quantity, maker=True)

    def _liquidate(self, symbol: str) -> None:
        """Close what the maintenance margin no longer carries, at the mark price."""
        for account in list(self.clearing.accounts.values()):
            margins = self.clearing.margins(account)
            for position in [held for held in account.held() if held.symbol == symbol]:
                if not margins.carries(position):
                    self._close_out(account, symbol, position.side)

    def _close_out(self, account: FuturesAccount, symbol: str, position_side: str) -> None:
        for order in [there for there in account.open_orders.values() if there.symbol == symbol]:
            self._end(order, "EXPIRED", "EXPIRED", er=LIQUIDATED)
        amount = account.position(symbol, position_side).amount
        side, mark = ("SELL" if amount > 0 else "BUY"), self.clearing.mark(symbol)
        client_id = f"autoclose-{self._now_ms()}{self._next_rank():06d}"
        order = Order(
            self.contracts[symbol], account.name, 0, client_id, side, position_side, "LIQUIDATION", abs(amount), mark
        )
        self._enter(account, order)
        order.status = "FILLED"
        self._fill(account, order, mark, abs(amount), maker=False)

    def _next_rank(self) -> int:
        self._rank += 1
        return self._rank


def _better_or_same(taker_side: str, price: Decimal, than: Decimal) -> bool:
    return price <= than if taker_side == "BUY" else price >= than
