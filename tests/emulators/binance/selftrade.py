"""Self-trade prevention (stp_faq.md): the taker's mode decides; what is prevented is not a trade."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

from tests.emulators.binance.accounts import Account, Prevented
from tests.emulators.binance.orders import Order


class Closing(Protocol):
    """What this needs of the engine."""

    @property
    def now_ms(self) -> int:
        """The exchange's time."""

    def next_id(self, kind: str) -> int:
        """The next id of its kind."""

    def account_of(self, order: Order) -> Account:
        """An order's account."""

    def tell(self, order: Order, kind: str) -> int:
        """Send an executionReport."""

    def close(self, order: Order, status: str) -> None:
        """End an order."""


def concerns(engine: Closing, taker: Order, maker: Order) -> bool:
    """Would this be a self-trade that the taker's mode prevents?"""
    if taker.stp == "NONE":
        return False
    one, other = engine.account_of(taker), engine.account_of(maker)
    return one is other or one.trade_group == other.trade_group != -1


def prevent(engine: Closing, taker: Order, maker: Order, price: Decimal) -> None:
    """Expire what the mode says. TRANSFER between orders of one account is DECREMENT."""
    mode = "DECREMENT" if taker.stp == "TRANSFER" else taker.stp
    both = min(taker.remaining, maker.remaining) if mode == "DECREMENT" else None
    of_taker = both if both is not None else taker.remaining if mode in ("EXPIRE_TAKER", "EXPIRE_BOTH") else None
    of_maker = both if both is not None else maker.remaining if mode in ("EXPIRE_MAKER", "EXPIRE_BOTH") else None
    match = engine.next_id("match")
    row = Prevented(match, taker.symbol, taker.id, maker.id, taker.stp, price, of_taker, of_maker, engine.now_ms)
    for order, qty in ((maker, of_maker), (taker, of_taker)):
        if qty is None:
            continue
        account = engine.account_of(order)
        if row not in account.prevented:
            account.prevented.append(row)
        order.prevented += qty
        order.last_prevented, order.prevented_match = qty, match
        order.counter_id = taker.id if order is maker else maker.id
        if order.remaining <= 0:
            engine.close(order, "EXPIRED_IN_MATCH")
        else:
            engine.tell(order, "TRADE_PREVENTION")
        order.last_prevented = None
