"""What an account can ask of the spot exchange: place, test, list, cancel, replace, amend, look up.

The rules are those of rest-api.md; requests are read in spot_trade.py, so that a test can also act in an account's name
(`Exchange.somebody`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from tests.emulators.binance import codes, reports
from tests.emulators.binance.accounts import Account
from tests.emulators.binance.engine import Engine
from tests.emulators.binance.house import PRODUCT
from tests.emulators.binance.ledger import Executed
from tests.emulators.binance.lists import Lists, check_pair, check_prices
from tests.emulators.binance.money import ZERO, text
from tests.emulators.binance.orders import Amendment, Json, Order, OrderList
from tests.emulators.binance.rules import Symbol, check_form, check_numbers

ARCHIVED_MS = 90 * 86_400_000


class Exchange(Engine):
    """The engine with the requests it serves."""

    def open_account(self, name: str, **balances: Any) -> Account:
        """An account with these free balances (`USDT="10000"`); the one there is already, with them added."""
        if name not in self.accounts:
            self.accounts[name] = Account(name, 354_937_868 + len(self.accounts))
        for asset, amount in balances.items():
            self.deposit(name, asset, amount)
        return self.accounts[name]

    def deposit(self, account: str, asset: str, amount: object) -> None:
        """Deposit, or withdraw a negative amount: balanceUpdate and outboundAccountPosition. Refuses -2010."""
        delta = Decimal(str(amount))
        owner = self.accounts[account]
        if owner.free.get(asset, ZERO) + delta < 0:
            raise codes.NEW_ORDER_REJECTED.refusal(codes.INSUFFICIENT_BALANCE)
        with self.operation():
            owner.add(asset, delta)
            now = self.now_ms
            event = {"e": "balanceUpdate", "E": now, "a": asset, "d": text(delta), "T": now}
            self.venue.tell(PRODUCT, account, event)
            self.venue.record(Executed(PRODUCT, account, "transfer", now, "somebody", qty=text(delta), fee_asset=asset))

    @contextmanager
    def somebody(self) -> Iterator[None]:
        """What happens inside is recorded as done by somebody else in the account's name."""
        before, self.by = self.by, "somebody"
        try:
            yield
        finally:
            self.by = before

    def symbol(self, name: str) -> Symbol:
        """A symbol. Refuses -1121."""
        if name not in self.symbols:
            raise codes.INVALID_SYMBOL.refusal()
        return self.symbols[name]

    def set_status(self, name: str, status: str, *, expire: bool = False) -> None:
        """Change a symbol's status; `expire` ends its open orders (EXCHANGE_CANCELED), as a delisting does."""
        self.symbols[name].status = status
        if expire:
            with self.operation():
                for account in self.accounts.values():
                    for order in list(account.open.values()):
                        if order.symbol == name and order.open:
                            self.close(order, "EXPIRED", "EXCHANGE_CANCELED")

    # Placing

    def place(self, account: Account, order: Order) -> Json:
        """Place an order; its answer. Refuses -1013, -2010."""
        self.check(account, [order])
        with self.operation():
            self.refuse_at_book(order)
            if order.takes and not order.contingent:
                self._check_liquidity(order)
                self.afford(order)
            else:
                self.acquire([order])
            self.accept(order)
            self.start(order)
            return reports.placed(order)

    def place_list(self, account: Account, group: OrderList, last_matters: bool) -> Json:
        """Place a list whose orders were read; its answer. Refuses -11xx, -1013, -2010."""
        if group.pair:
            above, below = group.pair
            check_pair(above.side, above, below)
            last = self.prices[group.symbol].last if last_matters else None
            check_prices(above, below, last)
        self.check(account, group.orders)
        if group.client_id and any(
            other.open and other.account == account.name and other.client_id == group.client_id
            for other in self.lists.values()
        ):
            raise codes.NEW_ORDER_REJECTED.refusal(codes.DUPLICATE_ORDER)
        rules = self.list_rules
        assert isinstance(rules, Lists)
        return rules.place(group)

    def check(self, account: Account, orders: list[Order]) -> None:
        """Everything that is looked at before the engine: account, symbol, filters, ids. Refuses -1013, -2010."""
        symbol = self.symbol(orders[0].symbol)
        if not account.can_trade:
            raise codes.NEW_ORDER_REJECTED.refusal(codes.MAY_NOT_TRADE)
        if "SPOT" not in {name for group in symbol.info["permissionSets"] for name in group}:
            raise codes.NEW_ORDER_REJECTED.refusal(codes.SYMBOL_NOT_PERMITTED)
        if symbol.status != "TRADING":
            raise codes.INVALID_MESSAGE.refusal(codes.MARKET_IS_CLOSED)
        average = self.average(symbol)
        for order in orders:
            order.account = account.name
            if not order.from_received:
                check_form(symbol, order, average)
        here = {order.list_id for order in account.open.values() if order.symbol == symbol.name}
        check_numbers(symbol, orders, account.open.values(), len(here - {-1}), account.balance(symbol.base))
        ids = [order.client_id for order in orders if order.client_id]
        if len(set(ids)) < len(ids) or any(order.client_id in ids for order in account.open.values()):
            raise codes.NEW_ORDER_REJECTED.refusal(codes.DUPLICATE_ORDER)

    def _check_liquidity(self, order: Order) -> None:
        if not order.quote_qty:
            return
        symbol = self.symbols[order.symbol]
        if self.best(order) is None:
            raise codes.NEW_ORDER_REJECTED.refusal(codes.NO_LIQUIDITY.format("symbol minimum quantity"))
        if symbol.lot(self.reach(order)[0], market=True) < symbol.filters["LOT_SIZE"]["minQty"]:
            raise codes.NEW_ORDER_REJECTED.refusal(codes.NO_LIQUIDITY.format("LOT_SIZE filter minimum quantity"))

    def average(self, symbol: Symbol) -> Decimal:
        """The volume-weighted price of the last five minutes; without trades in them the last price, else 0."""
        market, since = self.prices[symbol.name], self.now_ms - 300_000
        volume = value = ZERO
        for done in reversed(market.prints):
            if done.time_ms < since:
                break
            volume, value = volume + done.qty, value + done.price * done.qty
        return value / volume if volume else market.last or ZERO

    # Looking up

    def find(self, account: Account, symbol: str, order_id: int | None, client_id: str, *, opened: bool) -> Order:
        """An order by the exchange's id, else by its present client id (the newest). `opened`: among open ones.

        KeyError if there is none. Refuses -2039 if both ids are given and are not of one order.
        """
        among = account.open if opened else account.orders
        if order_id is not None:
            order = among[order_id]
            if order.symbol != symbol:
                raise KeyError(order_id)
            if client_id and order.client_id != client_id:
                raise codes.CLIENT_ORDER_ID_INVALID.refusal()
            return order
        for order in reversed(among.values()):
            if order.client_id == client_id and order.symbol == symbol:
                return order
        raise KeyError(client_id)

    def query(self, account: Account, symbol: str, order_id: int | None, client_id: str) -> Json:
        """An order's state. Refuses -2013 (unknown, or lagging), -2026 (archived)."""
        try:
            order = self.find(account, symbol, order_id, client_id, opened=False)
        except KeyError:
            raise codes.NO_SUCH_ORDER.refusal() from None
        if self.venue.faults.hidden(PRODUCT, order.id):
            raise codes.NO_SUCH_ORDER.refusal()
        if not order.open and not order.executed and self.now_ms - order.update_ms > ARCHIVED_MS:
            raise codes.ORDER_ARCHIVED.refusal()
        return reports.queried(order)

    # Cancelling and changing

    def cancel(self, account: Account, order: Order, new_id: str, restriction: str = "") -> Json:
        """Cancel an open order; of a list: the whole list. Refuses -2011."""
        symbol = self.symbols[order.symbol]
        if symbol.status == "BREAK":
            raise codes.CANCEL_REJECTED.refusal(codes.MARKET_IS_CLOSED)
        wanted = {"ONLY_NEW": "NEW", "ONLY_PARTIALLY_FILLED": "PARTIALLY_FILLED"}.get(restriction)
        if wanted and order.status != wanted:
            raise codes.CANCEL_REJECTED.refusal(codes.CANCEL_RESTRICTED)
        with self.operation():
            self.close(order, "CANCELED", new_id=new_id or self.made_up_id())
        if order.group is None:
            return reports.canceled(order)
        return self.canceled_list(order.group)

    def canceled_list(self, group: OrderList) -> Json:
        """The answer to the cancel of a list."""
        rows = [reports.canceled(order) for order in group.orders if order.status == "CANCELED"]
        return {**reports.listed(group), "orderReports": rows}

    def cancel_list(self, group: OrderList, new_id: str) -> Json:
        """Cancel an open list. Refuses -2011."""
        first = next((order for order in group.orders if order.open), None)
        if first is None:
            raise codes.CANCEL_REJECTED.refusal(codes.UNKNOWN_ORDER)
        self.cancel(self.accounts[group.account], first, new_id)
        return self.canceled_list(group)

    def amend(self, account: Account, order: Order, qty: Decimal, new_id: str) -> Json:
        """Reduce an order's quantity in its place; both orders of a pair. Refuses -1013, -2038."""
        symbol = self.symbols[order.symbol]
        self._check_amend(symbol, order, qty)
        with self.operation():
            number = 0
            pair = order.group.pair if order.group is not None and order in order.group.pair else [order]
            from_id = order.client_id
            renamed = new_id or self.made_up_id()
            for one in sorted(pair, key=lambda leg: leg is not order):
                origin, before = one.client_id, one.qty
                one.qty, one.update_ms = max(qty, one.executed), self.now_ms
                if one is order:
                    one.client_id = renamed
                if one.iceberg > qty:
                    one.iceberg = qty
                execution = self.tell(one, "REPLACED", origin=origin)
                number = number or execution
                self.record(one, "replace")
                one.amendments.append(Amendment(execution, origin, one.client_id, before, qty, self.now_ms))
            if order.hold is not None:
                self.resize(order.hold)
            if order.group is not None and renamed != from_id:
                order.group.status_type = "UPDATED"
                self.told_list(order.group)
                order.group.status_type = "EXEC_STARTED"
            if order.remaining <= 0:
                self.close(order, "EXPIRED", "NONE")  # nothing of it is left
            return reports.amended(order, number, from_id)

    def _check_amend(self, symbol: Symbol, order: Order, qty: Decimal) -> None:
        if not symbol.info["amendAllowed"]:
            raise codes.AMEND_REJECTED.refusal(codes.AMEND_NOT_SUPPORTED)
        if order.from_received and order.status == "PENDING_NEW":
            raise codes.AMEND_REJECTED.refusal(codes.AMEND_OPO)
        if qty == order.qty:
            raise codes.AMEND_REJECTED.refusal(codes.NO_CHANGE)
        if qty > order.qty:
            raise codes.AMEND_REJECTED.refusal(codes.AMEND_INCREASE)
        most = symbol.filters.get("MAX_NUM_ORDER_AMENDS", {}).get("maxNumOrderAmends")
        if most is not None and len(order.amendments) >= most:
            raise codes.FILTER_FAILURE.refusal("MAX_NUM_ORDER_AMENDS")
        before, order.qty = order.qty, qty
        try:
            check_form(symbol, order, self.average(symbol))
        finally:
            order.qty = before
