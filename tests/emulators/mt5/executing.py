"""Orders made of requests, and their execution at the market, at once or later."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from tests.emulators.mt5 import admission
from tests.emulators.mt5.account import Account, Order
from tests.emulators.mt5.clock import Clock
from tests.emulators.mt5.codes import Refusal
from tests.emulators.mt5.dealing import Dealing
from tests.emulators.mt5.decimals import ZERO, floored
from tests.emulators.mt5.market import Market, Quote
from tests.emulators.mt5.requests import Request
from trading.mt5.constants import Constants as mt5

COMMENT = 31  # characters that a server keeps


@dataclass(frozen=True)
class Result:
    """What the server answers to a request that it has not refused."""

    retcode: int = mt5.TRADE_RETCODE_DONE
    deal: int = 0
    order: int = 0
    volume: Decimal = ZERO
    price: Decimal = ZERO
    bid: Decimal = ZERO
    ask: Decimal = ZERO


@dataclass(frozen=True)
class Effects:
    """What is different about one request: see faults.py."""

    slip: int = 0  # points that the price moves against it on its way
    part: Decimal | None = None
    placed: dict[str, Any] | None = None
    comment: dict[str, Any] | None = None


PLAIN = Effects()


class Execution(Dealing):
    """Execution of orders."""

    def __init__(self, clock: Clock, market: Market) -> None:
        super().__init__(clock, market)
        self.waiting: list[tuple[float, Callable[[], None]]] = []  # (UTC ms, what happens then)

    def _order(self, request: Request, by: str, effects: Effects, position_id: int = 0) -> Order:
        comment = request.comment
        if effects.comment is not None:
            comment = str(effects.comment.get("text", comment[: effects.comment.get("cut", COMMENT)]))
        return Order(
            self.ticket(),
            request.symbol,
            request.type,
            request.volume,
            request.volume,
            self.clock.server_ms,
            by,
            price=request.price,
            stoplimit=request.stoplimit,
            sl=request.sl,
            tp=request.tp,
            filling=request.type_filling,
            time_type=request.type_time,
            expiration=admission.ends(request.type_time, request.expiration, self.clock.server_ms),
            magic=request.magic,
            comment=comment[:COMMENT],
            asked=request.comment,
            position_id=position_id,
            reason=mt5.ORDER_REASON_EXPERT if by == "order_send" else mt5.ORDER_REASON_CLIENT,
        )

    def _place(self, account: Account, order: Order, placed: dict[str, Any]) -> Result:
        """The server has the order and will see to it later."""
        order.state = mt5.ORDER_STATE_STARTED
        self.accept(account, order)

        def settle() -> None:
            held = account.identified(order.position_id) if order.position_id else None
            gone = order.position_id and (held is None or held.volume < order.rest)
            if placed.get("outcome") == "rejected" or gone or order.ticket not in account.orders:
                self.reject(account, order)
            else:
                self.execute_rest(account, order)

        after = placed.get("after")
        self.waiting.append((float("inf") if after is None else self.clock.now_ms + 1000 * float(after), settle))
        return Result(mt5.TRADE_RETCODE_PLACED, order=order.ticket, volume=order.volume)

    def reject(self, account: Account, order: Order) -> None:
        """The server turns down an order that it had accepted."""
        if order.ticket in account.orders:
            self.note("reject", account, order, by="market")
            self.finish(account, order, mt5.ORDER_STATE_REJECTED)

    def execute_rest(self, account: Account, order: Order) -> None:
        """Fill what can be filled now of an order that was accepted before."""
        volume = self.market.available(order.symbol, order.buys, order.rest)
        if volume:
            self.fill(account, order, volume, self.market.quotes[order.symbol].price(order.buys))

    def _execute(self, account: Account, order: Order, quote: Quote, part: Decimal | None) -> Result:
        symbol = self.market.symbols[order.symbol]
        volume = self.market.available(order.symbol, order.buys, order.volume)
        if part is not None:
            volume = min(volume, max(floored(order.volume * part, symbol.volume_step), symbol.volume_min))
        volume = floored(volume, symbol.volume_step)
        returns = order.filling == mt5.ORDER_FILLING_RETURN
        if volume < order.volume and order.filling == mt5.ORDER_FILLING_FOK and part is None:
            raise Refusal(mt5.TRADE_RETCODE_REJECT)
        if not volume and not returns:
            raise Refusal(mt5.TRADE_RETCODE_REJECT)
        self.accept(account, order)
        shown = Result(order=order.ticket, bid=quote.bid, ask=quote.ask)
        if not volume:
            return replace(shown, retcode=mt5.TRADE_RETCODE_PLACED, volume=order.volume)
        deal = self.fill(account, order, volume, quote.price(order.buys))
        if order.rest and (not returns or part is not None):
            self.finish(account, order, mt5.ORDER_STATE_PARTIAL)
        retcode = mt5.TRADE_RETCODE_DONE_PARTIAL if order.rest else mt5.TRADE_RETCODE_DONE
        return replace(shown, retcode=retcode, deal=deal.ticket, volume=volume, price=deal.price)
