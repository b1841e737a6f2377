"""The spot matching engine: price and time priority, triggers, partial fills.

Other people's orders are those of `prices`; where they show a price that crosses an account's resting order, that
order is filled as the maker, as far as what is shown goes.
"""

from decimal import Decimal
from typing import Protocol

from tests.emulators.binance import codes, selftrade, triggers
from tests.emulators.binance.house import PRODUCT, House
from tests.emulators.binance.money import ZERO, cut
from tests.emulators.binance.orders import Order, Trade
from tests.emulators.binance.prices import Prices
from tests.emulators.binance.venue import Binance


class ListRules(Protocol):
    """How the orders of a list move each other."""

    def working(self, order: Order) -> None:
        """An order of a list has begun to work by its trigger, or has had its first trade."""

    def closed(self, order: Order) -> None:
        """An order of a list has ended."""

    def receive(self, order: Order, asset: str, got: Decimal, fee: Decimal, fee_asset: str) -> None:
        """The working order of an OPO list has bought."""


class Engine(House):
    """The books of the spot exchange."""

    def __init__(self, venue: Binance, prices: Prices, seed: int = 1) -> None:
        super().__init__(venue, prices, seed)
        self.list_rules: ListRules | None = None
        self.resting: dict[tuple[str, str], list[Order]] = {}  # symbol, side: best first, then oldest
        self.waiting: dict[str, list[Order]] = {}  # contingent orders by symbol

    # The life of an order

    def accept(self, order: Order) -> None:
        """Give an order its ids and let it be known; nothing of it works yet."""
        order.id = self.next_id("order")
        order.client_id = order.client_id or self.made_up_id()
        order.placed_id = order.client_id
        order.time_ms = order.update_ms = self.now_ms
        account = self.account_of(order)
        account.orders[order.id] = account.open[order.id] = order
        self.venue.faults.created(PRODUCT, order.id, order.client_id)
        self.record(order, "order")

    def start(self, order: Order) -> None:
        """An accepted order begins to work, or to wait for its trigger."""
        order.status = "NEW"
        if order.contingent:
            self.waiting.setdefault(order.symbol, []).append(order)
            if order.trailing and not order.stop:
                order.extreme, order.trailing_ms = self.prices[order.symbol].last, self.now_ms
            self.tell(order, "NEW")
        else:
            order.working_ms = order.update_ms = self.now_ms
            self.tell(order, "NEW")
            self.take(order)

    def take(self, order: Order) -> None:
        """An order that works takes what there is, then rests or expires."""
        if order.tif == "FOK" and not order.takes and self.reach(order)[0] < order.remaining:
            self.close(order, "EXPIRED", "UNFILLED_FOK_ORDER_EXPIRED")
            return
        self._match(order)
        if order.quote_qty:
            order.qty = order.executed or order.qty  # it was for as much as it got
        if not order.open:
            return
        if order.takes:
            done = order.quote_qty and order.executed and self.best(order) is not None
            if done:
                self.close(order, "FILLED")
            else:
                self.close(order, "EXPIRED", "INSUFFICIENT_LIQUIDITY")
        elif order.tif in ("IOC", "FOK"):
            self.close(order, "EXPIRED", "UNFILLED_IOC_QUANTITY_EXPIRED")
        else:
            self._rest(order)

    def close(self, order: Order, status: str, expiry: str = "", new_id: str | None = None) -> None:
        """An order ends: FILLED, CANCELED (with the id of the cancel), EXPIRED or EXPIRED_IN_MATCH."""
        order.status, order.expiry, order.update_ms = status, expiry, self.now_ms
        self.account_of(order).open.pop(order.id, None)
        for orders in (self.resting.get((order.symbol, order.side), []), self.waiting.get(order.symbol, [])):
            if order in orders:
                orders.remove(order)
        self.touch(order.symbol)
        origin = ""
        if new_id is not None:
            origin = order.cancel_of = order.client_id
            order.client_id = new_id
        if order.hold is not None:
            self.resize(order.hold)
        if status == "CANCELED":
            self.tell(order, "CANCELED", origin=origin)
            self.record(order, "cancel")
        elif status != "FILLED":
            self.tell(order, "TRADE_PREVENTION" if status == "EXPIRED_IN_MATCH" else "EXPIRED")
            self.record(order, "expire", reason=expiry)
        if order.group is not None and self.list_rules is not None:
            self.list_rules.closed(order)

    # The book

    def afford(self, order: Order) -> None:
        """Can the account pay for an order that trades at any price, from what it has free or held? Refuses -2010."""
        if not order.takes:
            return
        symbol, account = self.symbols[order.symbol], self.account_of(order)
        qty, value = self.reach(order)
        asset, cost = (symbol.quote, cut(value)) if order.side == "BUY" else (symbol.base, order.qty or qty)
        held = order.hold.amount if order.hold is not None else ZERO
        if cost > account.free.get(asset, ZERO) + held:
            raise codes.NEW_ORDER_REJECTED.refusal(codes.INSUFFICIENT_BALANCE)

    def best(self, order: Order) -> tuple[Decimal, Order | None, Decimal] | None:
        """The best price on the other side: price, an account's order or None for other people's, quantity."""
        other = "SELL" if order.side == "BUY" else "BUY"
        market = self.prices[order.symbol]
        levels = market.asks if order.side == "BUY" else market.bids
        mine = self.resting.get((order.symbol, other)) or []
        if mine and (not levels or _as_good(mine[0].price, levels[0][0], order.side)):
            return mine[0].price, mine[0], mine[0].remaining
        return (levels[0][0], None, levels[0][1]) if levels else None

    def reach(self, order: Order) -> tuple[Decimal, Decimal]:
        """What an order would trade at once: quantity and its value (self-trades counted as trades)."""
        other = "SELL" if order.side == "BUY" else "BUY"
        market = self.prices[order.symbol]
        levels = list(market.asks if order.side == "BUY" else market.bids)
        levels += [(mine.price, mine.remaining) for mine in self.resting.get((order.symbol, other), [])]
        levels.sort(reverse=order.side == "SELL")
        qty = value = ZERO
        for price, there in levels:
            if not _within(order, price):
                break
            left = (order.quote_qty - value) / price if order.quote_qty else order.remaining - qty
            taken = min(left, there)
            qty, value = qty + taken, value + taken * price
            if taken == left:
                break
        return qty, value

    def _match(self, order: Order) -> None:
        symbol = self.symbols[order.symbol]
        while order.open:
            found = self.best(order)
            if found is None or not _within(order, found[0]):
                return
            price, maker, there = found
            left = order.remaining
            if order.quote_qty:
                left = symbol.lot((order.quote_qty - order.quote) / price, market=True)
            if left <= 0:
                return
            if maker is not None and selftrade.concerns(self, order, maker):
                selftrade.prevent(self, order, maker, price)
                continue
            qty = min(left, there)
            if maker is None:
                self.prices.take(order.symbol, order.side, price, qty)
            self._trade(order, maker, price, qty)

    def cross(self, symbol: str) -> None:
        """Other people's book is shown anew: it takes from what rests."""
        market = self.prices[symbol]
        for side in ("BUY", "SELL"):
            for order in list(self.resting.get((symbol, side), [])):
                while order.open and order.working:
                    levels = market.asks if side == "BUY" else market.bids
                    if not levels or not _as_good(order.price, levels[0][0], "SELL" if side == "BUY" else "BUY"):
                        break
                    level, there = levels[0]
                    qty = min(order.remaining, there)
                    self.prices.take(symbol, side, level, qty)
                    self._trade(None, order, order.price, qty)

    def _rest(self, order: Order) -> None:
        orders = self.resting.setdefault((order.symbol, order.side), [])
        sign = -1 if order.side == "BUY" else 1
        orders.append(order)
        orders.sort(key=lambda resting: (sign * resting.price, resting.working_ms, resting.id))
        self.touch(order.symbol)

    # Trades

    def _trade(self, taker: Order | None, maker: Order | None, price: Decimal, qty: Decimal) -> None:
        trade_id = self.prices.next_trade_id()
        buyer_is_maker = maker.side == "BUY" if maker is not None else taker is not None and taker.side == "SELL"
        for order in (taker, maker):
            if order is not None:
                self._fill(order, price, qty, order is maker, trade_id)
        symbol = (taker or maker).symbol  # type: ignore[union-attr]
        self.prices.printed(symbol, price, qty, buyer_is_maker, trade_id)
        self.touch(symbol)

    def _fill(self, order: Order, price: Decimal, qty: Decimal, maker: bool, trade_id: int) -> None:
        symbol, account = self.symbols[order.symbol], self.account_of(order)
        value, buyer = cut(price * qty), order.side == "BUY"
        got, asset = (qty, symbol.base) if buyer else (value, symbol.quote)
        first = order.executed == 0
        order.executed, order.quote, order.update_ms = order.executed + qty, order.quote + value, self.now_ms
        order.status = "PARTIALLY_FILLED" if order.remaining > 0 or order.quote_qty else "FILLED"
        account.spend(order.hold, symbol.quote if buyer else symbol.base, value if buyer else qty)
        fee, fee_asset = account.fee(asset, got, maker, buyer, self._bnb_price)  # BNB that is sold pays no fee
        if order.group is not None and order.group.opo and order is order.group.first:
            assert self.list_rules is not None
            self.list_rules.receive(order, asset, got, fee, fee_asset)
        else:
            account.add(asset, got)
            account.add(fee_asset, -fee)
        trade = Trade(
            trade_id,
            order.symbol,
            order.id,
            order.list_id,
            price,
            qty,
            value,
            fee,
            fee_asset,
            self.now_ms,
            buyer,
            maker,
        )
        order.fills.append(trade)
        account.trades.append(trade)
        if order.quote_qty and symbol.lot((order.quote_qty - order.quote) / price, market=True) <= 0:
            order.status, order.qty = "FILLED", order.executed
        if order.hold is not None:
            self.resize(order.hold)
        self.tell(order, "TRADE", trade)
        self.record(order, "trade", trade)
        if first:
            self.venue.limits[PRODUCT].traded(account.name)
            self._begun(order)
        if order.status == "FILLED":
            self.close(order, "FILLED")

    def _bnb_price(self, asset: str) -> Decimal | None:
        return self.prices[f"BNB{asset}"].last if f"BNB{asset}" in self.symbols else None

    # Triggers

    def trigger(self, symbol: str, last: Decimal) -> None:
        for order in list(self.waiting.get(symbol, [])):
            if order.open and triggers.reached(order, last, self.now_ms):
                self._fire(order)

    def _fire(self, order: Order) -> None:
        self.waiting[order.symbol].remove(order)
        order.working_ms = order.update_ms = self.now_ms
        self.tell(order, "NEW")
        self._begun(order)
        try:
            self.afford(order)
        except codes.Refusal:
            self.close(order, "EXPIRED", "REJECTED")
            return
        self.take(order)

    def _begun(self, order: Order) -> None:
        if order.group is not None and self.list_rules is not None:
            self.list_rules.working(order)

    def would_match(self, order: Order) -> bool:
        """Would it take from the book?"""
        found = self.best(order)
        return found is not None and _within(order, found[0])

    def refuse_at_book(self, order: Order) -> None:
        """What the matching engine refuses of an order on its way to the book. Refuses -2010."""
        if triggers.at_once(order, self.prices[order.symbol].last):
            raise codes.NEW_ORDER_REJECTED.refusal(codes.WOULD_TRIGGER)
        if order.type == "LIMIT_MAKER" and self.would_match(order):
            raise codes.NEW_ORDER_REJECTED.refusal(codes.WOULD_MATCH)


def _as_good(price: Decimal, than: Decimal, side: str) -> bool:
    """For someone on this side: is one price on the other side as good as another?"""
    return price <= than if side == "BUY" else price >= than


def _within(order: Order, price: Decimal) -> bool:
    """May this order trade at that price?"""
    return order.takes or _as_good(price, order.price, order.side)
