"""The trade server: takes requests in an account's name, checks them, executes them."""

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from tests.emulators.mt5 import admission
from tests.emulators.mt5.account import LIMITS, PENDING, Account, Order, Position
from tests.emulators.mt5.clock import Clock
from tests.emulators.mt5.codes import Refusal
from tests.emulators.mt5.decimals import ZERO
from tests.emulators.mt5.executing import COMMENT, PLAIN, Effects, Execution, Result
from tests.emulators.mt5.market import Market, Quote
from tests.emulators.mt5.requests import Request
from tests.emulators.mt5.symbols import Symbol
from trading.mt5.constants import Constants as mt5


class Broker(Execution):
    """A broker with its accounts. `max_requests_per_s`: how many of an account it takes in a second, 0 for any."""

    def __init__(self, clock: Clock, market: Market) -> None:
        super().__init__(clock, market)
        self.accounts: dict[int, Account] = {}
        self.max_requests_per_s = 0
        self._requests: dict[int, deque[int]] = {}

    def send(self, account: Account, request: Request, by: str, effects: Effects = PLAIN) -> Result:
        """Carry out a request. `by`: order_send, or person for somebody at the terminal. Raises Refusal."""
        self._gate(account, by)
        return self._acts(request)(account, request, by, effects, False)

    def check(self, account: Account, request: Request) -> Result:
        """Would it be taken? Refuses as `send` would."""
        return self._acts(request)(account, request, "order_send", PLAIN, True)

    def _acts(self, request: Request) -> Callable[[Account, Request, str, Effects, bool], Result]:
        acts = {
            mt5.TRADE_ACTION_DEAL: self._market,
            mt5.TRADE_ACTION_PENDING: self._pending,
            mt5.TRADE_ACTION_SLTP: self._protect,
            mt5.TRADE_ACTION_MODIFY: self._modify,
            mt5.TRADE_ACTION_REMOVE: self._remove,
            mt5.TRADE_ACTION_CLOSE_BY: self._close_by,
        }
        if request.action not in acts:
            raise Refusal(mt5.TRADE_RETCODE_INVALID)
        return acts[request.action]

    def _gate(self, account: Account, by: str) -> None:
        if not account.trade_allowed:
            raise Refusal(mt5.TRADE_RETCODE_TRADE_DISABLED)
        if by == "order_send" and not account.trade_expert:
            raise Refusal(mt5.TRADE_RETCODE_SERVER_DISABLES_AT)
        now, recent = self.clock.now_ms, self._requests.setdefault(account.login, deque())
        while recent and recent[0] <= now - 1000:
            recent.popleft()
        if self.max_requests_per_s and len(recent) >= self.max_requests_per_s:
            raise Refusal(mt5.TRADE_RETCODE_TOO_MANY_REQUESTS)
        recent.append(now)

    def _tradable(self, name: str) -> tuple[Symbol, Quote]:
        return admission.tradable(self.market, name, self.clock.server_ms)

    # Market orders

    def _market(self, account: Account, request: Request, by: str, effects: Effects, only_check: bool) -> Result:
        position = self._position(account, request)
        request = replace(request, symbol=request.symbol or (position.symbol if position else ""))
        symbol, quote = self._tradable(request.symbol)
        quote = _slipped(symbol, quote, request, effects.slip)
        if request.type not in (mt5.ORDER_TYPE_BUY, mt5.ORDER_TYPE_SELL):
            raise Refusal(mt5.TRADE_RETCODE_INVALID_ORDER)
        admission.check_type(symbol, request.type)
        admission.check_volume(symbol, request.volume)
        admission.check_filling(symbol, request)
        admission.check_market_price(symbol, request, quote)
        self._check_position(account, symbol, request, position, quote)
        order = self._order(request, by, effects, position.identifier if position and account.hedging else 0)
        if only_check:
            return Result(price=quote.price(order.buys), volume=order.volume)
        if effects.placed is not None:
            return self._place(account, order, effects.placed)
        return self._execute(account, order, quote, effects.part)

    def _position(self, account: Account, request: Request) -> Position | None:
        """The position that a request names. Refuses 10036."""
        if not request.position:
            return None
        if request.position not in account.positions:
            raise Refusal(mt5.TRADE_RETCODE_POSITION_CLOSED)
        return account.positions[request.position]

    def _check_position(
        self, account: Account, symbol: Symbol, request: Request, position: Position | None, quote: Quote
    ) -> None:
        buys = request.type == mt5.ORDER_TYPE_BUY
        if position and position.symbol != symbol.name:
            raise Refusal(mt5.TRADE_RETCODE_INVALID)
        if account.hedging:
            if position and position.long == buys:
                raise Refusal(mt5.TRADE_RETCODE_INVALID)
            held = position
        else:
            net = account.net(symbol.name)
            held = net if net and net.long != buys else None
        if held and (account.hedging or request.volume <= held.volume):
            admission.check_closing(account, symbol, held, request.volume, quote)
            return
        opened = request.volume - (held.volume if held else ZERO)
        admission.check_opening(symbol, buys)
        admission.check_limits(account, symbol, buys, opened)
        fresh = account.hedging or account.net(symbol.name) is None
        if fresh and 0 < account.limit_positions <= len(account.positions):
            raise Refusal(mt5.TRADE_RETCODE_LIMIT_POSITIONS)
        if account.hedge_prohibited and any(one.long != buys for one in account.of(symbol.name)):
            raise Refusal(10046)
        admission.check_levels(symbol, buys, request.sl, request.tp, quote.price(not buys))
        admission.check_money(self.market, account, symbol, buys, request.volume, quote.price(buys))

    # Pending orders

    def _pending(self, account: Account, request: Request, by: str, effects: Effects, only_check: bool) -> Result:
        symbol, quote = self._tradable(request.symbol)
        if request.type not in PENDING:
            raise Refusal(mt5.TRADE_RETCODE_INVALID_ORDER)
        admission.check_type(symbol, request.type)
        admission.check_volume(symbol, request.volume)
        admission.check_filling(symbol, request)
        admission.check_pending_price(symbol, request, quote)
        admission.check_expiration(symbol, request, self.clock.server_ms)
        order = self._order(request, by, effects)
        admission.check_opening(symbol, order.buys)
        admission.check_levels(symbol, order.buys, request.sl, request.tp, request.stoplimit or request.price)
        if account.limit_orders and len(account.orders) >= account.limit_orders:
            raise Refusal(mt5.TRADE_RETCODE_LIMIT_ORDERS)
        admission.check_limits(account, symbol, order.buys, order.volume)
        if symbol.exemode == mt5.SYMBOL_TRADE_EXECUTION_EXCHANGE and order.type in LIMITS:
            return self._match(account, order, quote, only_check)
        if not only_check:
            self.accept(account, order)
        return Result(order=order.ticket, volume=order.volume, price=order.price)

    def _match(self, account: Account, order: Order, quote: Quote, only_check: bool) -> Result:
        """A limit on an exchange takes what is within it. Refuses 10006 what is FOK or IOC and gets nothing."""
        price, volume = quote.price(order.buys), self._within(order, quote)
        if order.filling == mt5.ORDER_FILLING_FOK and volume < order.volume:
            volume = ZERO
        if not volume and order.filling in (mt5.ORDER_FILLING_FOK, mt5.ORDER_FILLING_IOC):
            raise Refusal(mt5.TRADE_RETCODE_REJECT)
        if volume:
            symbol = self.market.symbols[order.symbol]
            admission.check_money(self.market, account, symbol, order.buys, volume, price)
        if not only_check:
            self.accept(account, order)
        if only_check or not volume:
            return Result(order=order.ticket, volume=order.volume, price=order.price)
        deal = self.fill(account, order, volume, price)
        if order.rest and order.filling == mt5.ORDER_FILLING_IOC:
            self.finish(account, order, mt5.ORDER_STATE_PARTIAL)
        retcode = mt5.TRADE_RETCODE_DONE_PARTIAL if order.rest else mt5.TRADE_RETCODE_DONE
        return Result(retcode, deal.ticket, order.ticket, volume, deal.price, quote.bid, quote.ask)

    def _within(self, order: Order, quote: Quote) -> Decimal:
        """How much of a limit order on an exchange can be had at the price of now."""
        price = quote.price(order.buys)
        within = price <= order.price if order.buys else price >= order.price
        return self.market.available(order.symbol, order.buys, order.rest) if within else ZERO

    def _waiting(self, account: Account, request: Request) -> tuple[Order, Symbol, Quote]:
        """The pending order that a request names, not frozen. Refuses 10035, 10023 (it is done), 10029."""
        order = account.orders.get(request.order)
        if order is None:
            done = any(one.ticket == request.order for one in account.history)
            raise Refusal(mt5.TRADE_RETCODE_ORDER_CHANGED if done else mt5.TRADE_RETCODE_INVALID_ORDER)
        symbol, quote = self._tradable(order.symbol)
        if order.pending:
            admission.check_frozen(symbol, quote.price(order.buys), order.price)
        return order, symbol, quote

    def _modify(self, account: Account, request: Request, by: str, effects: Effects, only_check: bool) -> Result:
        order, symbol, quote = self._waiting(account, request)
        asked = replace(request, type=order.type, volume=order.volume)
        asked = replace(asked, stoplimit=request.stoplimit or order.stoplimit)
        admission.check_pending_price(symbol, asked, quote)
        admission.check_expiration(symbol, asked, self.clock.server_ms)
        admission.check_levels(symbol, order.buys, asked.sl, asked.tp, asked.stoplimit or asked.price)
        end = admission.ends(asked.type_time, asked.expiration, order.time_ms)
        new = (asked.price, asked.stoplimit, asked.sl, asked.tp, asked.type_time, end)
        old = (order.price, order.stoplimit, order.sl, order.tp, order.time_type, order.expiration)
        if new == old:
            raise Refusal(mt5.TRADE_RETCODE_NO_CHANGES)
        if not only_check:
            order.price, order.stoplimit, order.sl, order.tp, order.time_type, order.expiration = new
            self.note("modify", account, order, by=by)
            exchanged = symbol.exemode == mt5.SYMBOL_TRADE_EXECUTION_EXCHANGE and order.type in LIMITS
            if exchanged and (volume := self._within(order, quote)):
                self.fill(account, order, volume, quote.price(order.buys))
        return Result(order=order.ticket, price=order.price, volume=order.volume)

    def _remove(self, account: Account, request: Request, by: str, effects: Effects, only_check: bool) -> Result:
        order, _, _ = self._waiting(account, request)
        if not only_check:
            self.note("remove", account, order, by=by)
            self.finish(account, order, mt5.ORDER_STATE_CANCELED)
        return Result(order=order.ticket)

    # Positions

    def _protect(self, account: Account, request: Request, by: str, effects: Effects, only_check: bool) -> Result:
        position = self._position(account, request)
        if position is None and not account.hedging:
            position = account.net(request.symbol)
        if position is None:
            raise Refusal(mt5.TRADE_RETCODE_INVALID)
        symbol, quote = self._tradable(position.symbol)
        price = quote.price(not position.long)
        if (request.sl, request.tp) == (position.sl, position.tp):
            raise Refusal(mt5.TRADE_RETCODE_NO_CHANGES)
        admission.check_frozen(symbol, price, position.sl, position.tp)
        admission.check_levels(symbol, position.long, request.sl, request.tp, price)
        if not only_check:
            position.sl, position.tp, position.updated_ms = request.sl, request.tp, self.clock.server_ms
            self._note_position(account, position, by)
        return Result()

    def _note_position(self, account: Account, position: Position, by: str) -> None:
        kind = mt5.ORDER_TYPE_BUY if position.long else mt5.ORDER_TYPE_SELL
        order = Order(position.ticket, position.symbol, kind, ZERO, position.volume, 0, by, position.price_open)
        order.position_id, order.magic, order.asked = position.identifier, position.magic, position.comment
        self.note("modify", account, order)

    def _close_by(self, account: Account, request: Request, by: str, effects: Effects, only_check: bool) -> Result:
        first = self._position(account, request)
        second = account.positions.get(request.position_by)
        if first is None or not account.hedging:
            raise Refusal(mt5.TRADE_RETCODE_INVALID)
        if second is None:
            raise Refusal(mt5.TRADE_RETCODE_POSITION_CLOSED)
        symbol, _ = self._tradable(first.symbol)
        if first.symbol != second.symbol or first.long == second.long:
            raise Refusal(mt5.TRADE_RETCODE_INVALID)
        admission.check_type(symbol, mt5.ORDER_TYPE_CLOSE_BY)
        volume = min(first.volume, second.volume)
        asked = replace(request, type=mt5.ORDER_TYPE_CLOSE_BY, symbol=symbol.name, volume=volume)
        order = self._order(asked, by, effects, first.identifier)
        order.position_by_id = second.identifier
        order.comment = f"close #{first.ticket} by #{second.ticket}"[:COMMENT]
        if only_check:
            return Result()
        self.accept(account, order)
        deal = self.close_by(account, order, first, second)
        return Result(deal=deal.ticket, order=order.ticket, volume=deal.volume, price=deal.price)


def _slipped(symbol: Symbol, quote: Quote, request: Request, points: int) -> Quote:
    """The price after it has moved against a request."""
    move = points * symbol.point * (1 if request.type == mt5.ORDER_TYPE_BUY else -1)
    return replace(quote, bid=quote.bid + move, ask=quote.ask + move)
