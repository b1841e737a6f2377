"""What happens without anybody asking: orders and levels reached, stop out, expiry, swap."""

from datetime import datetime, timedelta, timezone
from decimal import Decimal

from tests.emulators.mt5 import admission, money
from tests.emulators.mt5.account import LIMITS, STOP_LIMITS, Account, Order, Position
from tests.emulators.mt5.broker import Broker
from tests.emulators.mt5.clock import DAY_MS, Clock
from tests.emulators.mt5.codes import Refusal
from tests.emulators.mt5.decimals import ZERO
from tests.emulators.mt5.market import Market, Quote
from trading.mt5.constants import Constants as mt5

LEVEL_COMMENTS = {mt5.ORDER_REASON_SL: "sl", mt5.ORDER_REASON_TP: "tp"}


class TradeServer(Broker):
    """The trade server with its own doing."""

    def __init__(self, clock: Clock, market: Market) -> None:
        super().__init__(clock, market)
        self._day = clock.server_ms // DAY_MS

    def price_moved(self, name: str) -> None:
        """Everything that the new price of a symbol sets off."""
        if not self.market.symbols[name].open_at(self.clock.server_ms):
            return
        quote = self.market.quotes[name]
        for account in self.accounts.values():
            for order in list(account.orders.values()):
                if order.symbol == name and order.state != mt5.ORDER_STATE_STARTED:
                    self._reach(account, order, quote)
            for position in list(account.of(name)):
                self._protect_position(account, position, quote)
            self._stop_out(account)

    def time_passed(self) -> None:
        """Everything that has come due."""
        now = self.clock.now_ms
        due = [act for when, act in self.waiting if when <= now]
        self.waiting = [one for one in self.waiting if one[0] > now]
        for act in due:
            act()
        for account in self.accounts.values():
            for order in list(account.orders.values()):
                if order.expiration and order.expiration * 1000 <= self.clock.server_ms:
                    self.note("expire", account, order, by="market")
                    self.finish(account, order, mt5.ORDER_STATE_EXPIRED)
        today = self.clock.server_ms // DAY_MS
        while self._day < today:
            self._day += 1
            self._roll_over(datetime.fromtimestamp(self._day * 86_400, timezone.utc) - timedelta(days=1))

    def settle(self) -> None:
        """The server sees to everything that it has put off."""
        waiting, self.waiting = self.waiting, []
        for _, act in waiting:
            act()

    def _reach(self, account: Account, order: Order, quote: Quote) -> None:
        price = quote.price(order.buys)
        if order.type in STOP_LIMITS and _beyond(price, order.price, order.buys):
            order.type = mt5.ORDER_TYPE_BUY_LIMIT if order.buys else mt5.ORDER_TYPE_SELL_LIMIT
            order.price, order.stoplimit = order.stoplimit, ZERO
        if order.type in STOP_LIMITS:
            return
        if order.type in LIMITS:
            reached = _beyond(price, order.price, not order.buys)
        else:  # a stop, or the rest of a market order
            reached = not order.pending or _beyond(price, order.price, order.buys)
        if reached:
            self._trigger(account, order, price)

    def _trigger(self, account: Account, order: Order, price: Decimal) -> None:
        symbol = self.market.symbols[order.symbol]
        net = None if account.hedging else account.net(order.symbol)
        reduces = bool(net and net.long != order.buys and net.volume >= order.rest)
        try:
            if not reduces:
                admission.check_money(self.market, account, symbol, order.buys, order.rest, price)
        except Refusal:
            self.reject(account, order)
            return
        self.execute_rest(account, order)

    def _protect_position(self, account: Account, position: Position, quote: Quote) -> None:
        price = quote.price(not position.long)
        if position.sl and _beyond(price, position.sl, not position.long):
            self.close(account, position, mt5.ORDER_REASON_SL, position.sl)
        elif position.tp and _beyond(price, position.tp, position.long):
            self.close(account, position, mt5.ORDER_REASON_TP, position.tp)

    def close(self, account: Account, position: Position, reason: int, level: Decimal = ZERO) -> None:
        """The server closes a position at the market."""
        symbol = self.market.symbols[position.symbol]
        kind = mt5.ORDER_TYPE_SELL if position.long else mt5.ORDER_TYPE_BUY
        price = self.market.quotes[symbol.name].price(not position.long)
        order = Order(
            self.ticket(), symbol.name, kind, position.volume, position.volume, self.clock.server_ms, "market"
        )
        order.position_id, order.magic, order.reason, order.price = position.identifier, position.magic, reason, level
        if reason in LEVEL_COMMENTS:
            order.comment = f"[{LEVEL_COMMENTS[reason]} {level:.{symbol.digits}f}]"
        else:
            order.comment = "so"
        self.accept(account, order)
        self.fill(account, order, order.volume, price)

    def _stop_out(self, account: Account) -> None:
        """Below the stop out level the position that loses most is closed, until there is enough."""
        while account.positions:
            margin = money.used(self.market, account)
            if not margin or money.equity(self.market, account) * 100 >= account.so_so * margin:
                return
            worst = min(account.positions.values(), key=lambda one: money.floating(self.market, account, one))
            self.close(account, worst, mt5.ORDER_REASON_SO)

    def _roll_over(self, ended: datetime) -> None:
        """Swap for the night after a day of trading; three times after the day that stands for the weekend."""
        weekday = ended.isoweekday() % 7
        if weekday in (mt5.DAY_OF_WEEK_SATURDAY, mt5.DAY_OF_WEEK_SUNDAY):
            return
        for account in self.accounts.values():
            for position in list(account.positions.values()):
                symbol = self.market.symbols[position.symbol]
                days = 3 if weekday == symbol.triple_swap_day else 1
                position.swap += money.swap(self.market, account, position, days)
                if symbol.swap_mode == mt5.SYMBOL_SWAP_MODE_REOPEN_CURRENT:
                    self.reopen(account, position, days)

    def reopen(self, account: Account, position: Position, days: int = 0) -> None:
        """Open a position anew, as with swap by reopening: another ticket, another price, the same identifier."""
        symbol = self.market.symbols[position.symbol]
        points = (symbol.swap_long if position.long else symbol.swap_short) * days * symbol.point
        position.price_open -= points if position.long else -points
        del account.positions[position.ticket]
        position.ticket, position.updated_ms = self.ticket(), self.clock.server_ms
        account.positions[position.ticket] = position


def _beyond(price: Decimal, level: Decimal, above: bool) -> bool:
    """Has the price reached a level from below (`above`) or from above?"""
    return price >= level if above else price <= level
