"""Executions: what a deal does to positions, to the balance and to the history, by hedging and by netting.

Netting, by the MetaTrader 5 help and the MQL5 reference: a deal of the same side adds to the position at the average
price, and its order's levels replace the position's (zero deletes them); a smaller one of the other side closes a part
and leaves the levels; a larger one reverses the position, in one deal INOUT: the identifier stays, the ticket becomes
that of the order.
"""

from decimal import Decimal

from tests.emulators.mt5 import money
from tests.emulators.mt5.account import Account, Deal, Order, Position
from tests.emulators.mt5.clock import Clock
from tests.emulators.mt5.decimals import ZERO, cents, text
from tests.emulators.mt5.ledger import Executed, Ledger
from tests.emulators.mt5.market import Market
from trading.mt5.constants import Constants as mt5


class Dealing:
    """The books of a broker. Tickets of orders and of deals are counted apart."""

    def __init__(self, clock: Clock, market: Market) -> None:
        self.clock, self.market, self.ledger = clock, market, Ledger()
        self._orders, self._deals = 50_000_000, 40_000_000

    def ticket(self) -> int:
        """A new order's ticket."""
        self._orders += 1
        return self._orders

    def accept(self, account: Account, order: Order) -> None:
        """The server has taken an order."""
        account.orders[order.ticket] = order
        self.note("order", account, order)

    def finish(self, account: Account, order: Order, state: int) -> None:
        """An order goes into history."""
        account.orders.pop(order.ticket, None)
        order.state, order.done_ms = state, self.clock.server_ms
        account.history.append(order)

    def note(self, kind: str, account: Account, order: Order, deal: Deal | None = None, by: str = "") -> None:
        """Write down what happened to an order."""
        volume, price = (deal.volume, deal.price) if deal else (order.rest, order.price)
        fact = Executed(
            kind,
            account.login,
            self.clock.now_ms,
            by or order.by,
            order.symbol,
            order.type,
            order.ticket,
            deal.position_id if deal else order.position_id,
            order.magic,
            order.asked,
            text(volume),
            text(price),
            deal.ticket if deal else 0,
        )
        self.ledger.facts.append(fact)

    def deposit(self, account: Account, amount: Decimal, comment: str = "Deposit") -> Deal:
        """Money paid in, or out: a deal of type BALANCE."""
        deal = Deal(self._deal(), 0, self.clock.server_ms, mt5.DEAL_TYPE_BALANCE, 0, profit=amount, comment=comment)
        self._book(account, deal)
        return deal

    def fill(self, account: Account, order: Order, volume: Decimal, price: Decimal) -> Deal:
        """Execute so much of an order at a price; a filled order goes into history."""
        self.market.take(order.symbol, order.buys, volume)
        if account.hedging:
            deal = self._hedged(account, order, volume, price)
        else:
            deal = self._netted(account, order, volume, price)
        order.rest -= volume
        order.position_id = deal.position_id
        self.note("deal", account, order, deal)
        if order.rest:
            order.state = mt5.ORDER_STATE_PARTIAL
        else:
            self.finish(account, order, mt5.ORDER_STATE_FILLED)
        return deal

    def close_by(self, account: Account, order: Order, first: Position, second: Position) -> Deal:
        """Close two opposite positions against each other: two deals OUT_BY, the first has the whole profit."""
        volume, price = min(first.volume, second.volume), second.price_open
        deal = self._reduce(account, order, first, volume, price, mt5.DEAL_ENTRY_OUT_BY)
        other = self._reduce(account, order, second, volume, price, mt5.DEAL_ENTRY_OUT_BY)
        order.rest = ZERO
        for one in (deal, other):
            self.note("deal", account, order, one)
        self.finish(account, order, mt5.ORDER_STATE_FILLED)
        return deal

    def _hedged(self, account: Account, order: Order, volume: Decimal, price: Decimal) -> Deal:
        position = account.identified(order.position_id) if order.position_id else None
        if position is None:
            return self._open(account, order, volume, price)
        if position.identifier == order.ticket:  # the rest of an order that was filled in part
            return self._increase(account, order, position, volume, price)
        return self._reduce(account, order, position, volume, price, mt5.DEAL_ENTRY_OUT)

    def _netted(self, account: Account, order: Order, volume: Decimal, price: Decimal) -> Deal:
        position = account.net(order.symbol)
        if position is None:
            return self._open(account, order, volume, price)
        if position.long == order.buys:
            position.sl, position.tp = order.sl, order.tp
            return self._increase(account, order, position, volume, price)
        if volume <= position.volume:
            return self._reduce(account, order, position, volume, price, mt5.DEAL_ENTRY_OUT)
        return self._reverse(account, order, position, volume, price)

    def _open(self, account: Account, order: Order, volume: Decimal, price: Decimal) -> Deal:
        kind, now = mt5.POSITION_TYPE_BUY if order.buys else mt5.POSITION_TYPE_SELL, self.clock.server_ms
        position = Position(order.ticket, order.ticket, order.symbol, kind, volume, price, now, now)
        self._adopt(position, order)
        account.positions[position.ticket] = position
        return self._done(account, order, volume, price, mt5.DEAL_ENTRY_IN, position.identifier)

    def _increase(self, account: Account, order: Order, position: Position, volume: Decimal, price: Decimal) -> Deal:
        total = position.volume + volume
        position.price_open = (position.price_open * position.volume + price * volume) / total
        position.volume, position.updated_ms = total, self.clock.server_ms
        return self._done(account, order, volume, price, mt5.DEAL_ENTRY_IN, position.identifier)

    def _reduce(
        self, account: Account, order: Order, position: Position, volume: Decimal, price: Decimal, entry: int
    ) -> Deal:
        profit, swap = self._realize(account, position, volume, price)
        position.volume -= volume
        position.swap, position.updated_ms = position.swap - swap, self.clock.server_ms
        if not position.volume:
            del account.positions[position.ticket]
        sold = position.long
        return self._done(account, order, volume, price, entry, position.identifier, profit, swap, sold=sold)

    def _reverse(self, account: Account, order: Order, position: Position, volume: Decimal, price: Decimal) -> Deal:
        rest = volume - position.volume
        profit, swap = self._realize(account, position, position.volume, price)
        del account.positions[position.ticket]
        position.ticket, position.volume, position.price_open, position.swap = order.ticket, rest, price, ZERO
        position.type = mt5.POSITION_TYPE_BUY if order.buys else mt5.POSITION_TYPE_SELL
        position.time_ms = position.updated_ms = self.clock.server_ms
        self._adopt(position, order)
        account.positions[position.ticket] = position
        return self._done(account, order, volume, price, mt5.DEAL_ENTRY_INOUT, position.identifier, profit, swap)

    def _adopt(self, position: Position, order: Order) -> None:
        position.sl, position.tp = order.sl, order.tp
        position.magic, position.comment, position.reason = order.magic, order.comment, min(order.reason, 3)

    def _realize(
        self, account: Account, position: Position, volume: Decimal, price: Decimal
    ) -> tuple[Decimal, Decimal]:
        """The profit and the swap of the part that is closed."""
        symbol = self.market.symbols[position.symbol]
        profit = money.profit(self.market, account, symbol, position.long, volume, position.price_open, price)
        return profit, cents(position.swap * volume / position.volume, account.digits)

    def _done(
        self,
        account: Account,
        order: Order,
        volume: Decimal,
        price: Decimal,
        entry: int,
        position_id: int,
        profit: Decimal = ZERO,
        swap: Decimal = ZERO,
        sold: bool | None = None,
    ) -> Deal:
        symbol = self.market.symbols[order.symbol]
        # Closing one position by another is no new trade: nothing is charged for it.
        charged = ZERO if entry == mt5.DEAL_ENTRY_OUT_BY else symbol.commission * volume
        deal = Deal(
            self._deal(),
            order.ticket,
            self.clock.server_ms,
            mt5.DEAL_TYPE_SELL if sold or (sold is None and not order.buys) else mt5.DEAL_TYPE_BUY,
            entry,
            volume,
            price,
            profit,
            -cents(charged, account.digits),
            swap,
            symbol=order.symbol,
            magic=order.magic,
            position_id=position_id,
            reason=order.reason,
            comment=order.comment,
        )
        self._book(account, deal)
        return deal

    def _book(self, account: Account, deal: Deal) -> None:
        account.balance += deal.money
        account.deals.append(deal)

    def _deal(self) -> int:
        self._deals += 1
        return self._deals
