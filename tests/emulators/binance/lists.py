"""Order lists: how one order of a list moves the others (rest-api.md "Order lists", faqs/opo.md, enums.md).

- Of a pair (OCO, or the two pending orders of an OTOCO) one order lives: as soon as one starts to work by its trigger
  or has its first trade, or ends, the other one expires (`OCO_TRIGGER`). A cancel of either cancels the list.
- Pending orders wait for the working order to fill wholly. If it expires they expire (`OTO_PHASE_ONE_EXPIRED`).
- A pending order that the book does not take then (funds, filters, a stop price that has been passed) expires with
  `REJECTED`, and its pair with it.
- OPO: what the working order has bought is locked for the pending orders and becomes their quantity.
"""

from decimal import Decimal

from tests.emulators.binance import codes, reports
from tests.emulators.binance.engine import Engine
from tests.emulators.binance.money import ZERO
from tests.emulators.binance.orders import STOPS, Hold, Json, Order, OrderList
from tests.emulators.binance.rules import Symbol, check_form

PAIRED = frozenset({"STOP_LOSS_LIMIT", "STOP_LOSS", "LIMIT_MAKER", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"})


class Lists:
    """The order lists of an engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        engine.list_rules = self

    def place(self, group: OrderList) -> Json:
        """Place a checked list; the answer, as of before any pending order is activated. Refuses -2010."""
        engine = self._engine
        with engine.operation():
            at_once = group.orders if group.contingency == "OCO" else group.orders[:1]
            for order in at_once:
                engine.refuse_at_book(order)
            engine.acquire(at_once)
            group.id, group.time_ms = engine.next_id("list"), engine.now_ms
            group.client_id = group.client_id or engine.made_up_id()
            engine.lists[group.id] = group
            for order in group.orders:
                order.group = group
                engine.accept(order)
                if order not in at_once:
                    order.status = "PENDING_NEW"
            engine.told_list(group)
            for order in group.orders[len(at_once) :]:
                engine.tell(order, "NEW")
            for order in at_once:
                engine.start(order)
            return {**reports.listed(group), "orderReports": [reports.placed(order) for order in group.orders]}

    def working(self, order: Order) -> None:
        """An order of a list has begun to work by its trigger, or has had its first trade."""
        group = order.group
        assert group is not None
        if order in group.pair:
            self._expire(group, [other for other in group.pair if other is not order], "OCO_TRIGGER")

    def closed(self, order: Order) -> None:
        """An order of a list has ended."""
        group = order.group
        assert group is not None
        others = [other for other in group.orders if other.open]
        if order.status == "CANCELED":
            for other in others:
                if other.open:
                    self._engine.close(other, "CANCELED", new_id=order.client_id)
        elif order is group.first and order.status == "FILLED":
            self._engine.later(lambda: self._activate(group))
        elif order is group.first:
            self._expire(group, others, "OTO_PHASE_ONE_EXPIRED")
        elif order in group.pair and order.expiry != "OCO_TRIGGER":
            self._expire(group, [other for other in others if other in group.pair], "OCO_TRIGGER")
        if order is group.first and order.status != "FILLED":
            self._release(group)
        self._finish(group)

    def receive(self, order: Order, asset: str, got: Decimal, fee: Decimal, fee_asset: str) -> None:
        """The working order of an OPO list has bought: it is locked for the pending orders.

        The commission comes from the free balance if there is enough, else from what was bought (faqs/opo.md).
        """
        group, account = order.group, self._engine.account_of(order)
        assert group is not None
        if group.received is None:
            group.received = Hold(asset)
        net = got
        if fee_asset == asset and (asset == "BNB" or account.free.get(asset, ZERO) < fee):
            net = got - fee
        elif fee:
            account.add(fee_asset, -fee)
        account.receive_held(group.received, net)

    def _activate(self, group: OrderList) -> None:
        """The working order has filled wholly: the pending ones go to the book."""
        engine = self._engine
        pending = [order for order in group.orders[1:] if order.open]
        if not pending:
            return
        symbol = engine.symbols[group.symbol]
        if group.received is not None:
            qty = symbol.lot(group.received.amount, market=any(order.takes for order in pending))
            group.received.orders = pending
            for order in pending:
                order.qty, order.hold = qty, group.received
        refused = next((order for order in pending if not self._takes(symbol, order)), None)
        for order in pending:
            order.status = "NEW"
        if refused is None and group.received is not None:
            engine.resize(group.received)
        elif refused is None:
            try:
                engine.acquire(pending)
            except codes.Refusal:
                refused = pending[0]
        if refused is not None:
            self._release(group)
            engine.close(refused, "EXPIRED", "REJECTED")
            return
        for order in pending:
            if order.open:
                engine.start(order)

    def _takes(self, symbol: Symbol, order: Order) -> bool:
        """Does the book take a pending order as the market is now?"""
        engine = self._engine
        try:
            if order.qty <= 0 or symbol.status != "TRADING":
                return False
            check_form(symbol, order, engine.prices[symbol.name].last or ZERO)
            engine.refuse_at_book(order)
        except codes.Refusal:
            return False
        return True

    def _expire(self, group: OrderList, orders: list[Order], reason: str) -> None:
        for order in orders:
            if order.open:
                self._engine.close(order, "EXPIRED", reason)

    def _release(self, group: OrderList) -> None:
        if group.received is not None and group.received.amount:
            account = self._engine.accounts[group.account]
            account.lock(group.received, ZERO)

    def _finish(self, group: OrderList) -> None:
        if group.open and not any(order.open for order in group.orders):
            group.status = group.status_type = "ALL_DONE"
            self._engine.told_list(group)


def check_pair(side: str, above: Order, below: Order) -> None:
    """The two orders of a pair: types that go together, on their sides. Refuses -1158, -1165 ... -1199."""
    if above.type not in PAIRED or below.type not in PAIRED:
        raise codes.OCO_ORDER_TYPE_REJECTED.refusal()
    if above.type == below.type == "LIMIT_MAKER":
        raise codes.BOTH_OCO_ORDERS_CANNOT_BE_LIMIT.refusal()
    profit, stop = (above, below) if side == "SELL" else (below, above)
    if stop.type == "LIMIT_MAKER":
        raise (codes.SELL_OCO_LIMIT_MUST_BE_ABOVE if side == "SELL" else codes.BUY_OCO_LIMIT_MUST_BE_BELOW).refusal()
    if stop.type not in STOPS:
        sell = side == "SELL"
        raise (codes.SELL_OCO_TAKE_PROFIT_MUST_BE_ABOVE if sell else codes.BUY_OCO_TAKE_PROFIT_MUST_BE_BELOW).refusal()
    if profit.type in STOPS:
        raise (
            codes.SELL_OCO_STOP_LOSS_MUST_BE_BELOW if side == "SELL" else codes.BUY_OCO_STOP_LOSS_MUST_BE_ABOVE
        ).refusal()


def check_prices(above: Order, below: Order, last: Decimal | None) -> None:
    """Above > last price > below, by the price of a limit order and the stop price of the others. Refuses -2010.

    `last` None compares only the two (a pending pair).
    """
    high, low = (order.price if order.type == "LIMIT_MAKER" else order.stop for order in (above, below))
    wrong = high and low and high <= low
    if last is not None:
        wrong = wrong or (high and high <= last) or (low and low >= last)
    if wrong:
        raise codes.NEW_ORDER_REJECTED.refusal(codes.BAD_PRICES)
