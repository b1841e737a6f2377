"""Our orders as trade requests. Pure.

Filling (ENUM_ORDER_TYPE_FILLING; the symbol's `filling_mode` counts in bits, with other numbers): an order at the
market is RETURN under exchange execution, else the first of FOK and IOC that the symbol's bits have; one that waits is
RETURN. Brokers' bits are wrong now and then: the others are tried when 10030 says that nothing was executed. Only on an
exchange does a limit order execute at once, and may be FOK or IOC (MetaTrader 5 help, "Trading principles").
"""

from decimal import Decimal
from typing import Any

from trading.executors.mt5.marks import comment_of, magic_of
from trading.executors.mt5.rules import FOK_BIT, IOC_BIT
from trading.instruments import ZERO, Side
from trading.intent import OrderType, TimeInForce
from trading.mt5.constants import Constants as mt5
from trading.mt5.listing import SymbolRules
from trading.order import Order

Request = dict[str, Any]
AT_ONCE = frozenset({mt5.ORDER_FILLING_FOK, mt5.ORDER_FILLING_IOC})
_FILLINGS = {TimeInForce.FOK: mt5.ORDER_FILLING_FOK, TimeInForce.IOC: mt5.ORDER_FILLING_IOC}
DEVIATION = 20  # points that a price may move against a market order while it is on its way
_WAITING = {
    (OrderType.LIMIT, Side.BUY): mt5.ORDER_TYPE_BUY_LIMIT,
    (OrderType.LIMIT, Side.SELL): mt5.ORDER_TYPE_SELL_LIMIT,
    (OrderType.STOP, Side.BUY): mt5.ORDER_TYPE_BUY_STOP,
    (OrderType.STOP, Side.SELL): mt5.ORDER_TYPE_SELL_STOP,
    (OrderType.STOP_LIMIT, Side.BUY): mt5.ORDER_TYPE_BUY_STOP_LIMIT,
    (OrderType.STOP_LIMIT, Side.SELL): mt5.ORDER_TYPE_SELL_STOP_LIMIT,
    (OrderType.TRAILING_STOP, Side.BUY): mt5.ORDER_TYPE_BUY_STOP,
    (OrderType.TRAILING_STOP, Side.SELL): mt5.ORDER_TYPE_SELL_STOP,
}
BUYS = frozenset({mt5.ORDER_TYPE_BUY, mt5.ORDER_TYPE_BUY_LIMIT, mt5.ORDER_TYPE_BUY_STOP, mt5.ORDER_TYPE_BUY_STOP_LIMIT})
LIMITS = frozenset({mt5.ORDER_TYPE_BUY_LIMIT, mt5.ORDER_TYPE_SELL_LIMIT})
STOP_LIMITS = frozenset({mt5.ORDER_TYPE_BUY_STOP_LIMIT, mt5.ORDER_TYPE_SELL_STOP_LIMIT})
AT_MARKET = frozenset({mt5.ORDER_TYPE_BUY, mt5.ORDER_TYPE_SELL})


def fillings(rules: SymbolRules, order: Order) -> list[int]:
    """The filling modes of a market order to be tried, the best first."""
    if order.time_in_force in _FILLINGS:
        return [_FILLINGS[order.time_in_force]]
    bits = [(FOK_BIT, mt5.ORDER_FILLING_FOK), (IOC_BIT, mt5.ORDER_FILLING_IOC)]
    able = [mode for bit, mode in bits if rules.filling_mode & bit]
    others = [mode for bit, mode in bits if not rules.filling_mode & bit]
    if rules.is_on_exchange:
        return [mt5.ORDER_FILLING_RETURN, *able, *others]
    return [*able, *others, mt5.ORDER_FILLING_RETURN]


def deal(
    order: Order,
    rules: SymbolRules,
    volume: Decimal,
    part: int,
    position: int = 0,
    sl: Decimal = ZERO,
    tp: Decimal = ZERO,
) -> Request:
    """A market order over `volume`, or the close of (a part of) the position with this ticket."""
    buys = order.side is Side.BUY
    request = {
        "action": mt5.TRADE_ACTION_DEAL,
        "symbol": rules.name,
        "volume": float(volume),
        "type": mt5.ORDER_TYPE_BUY if buys else mt5.ORDER_TYPE_SELL,
        "deviation": DEVIATION,
        "magic": magic_of(order.id),
        "comment": comment_of(order.id, part),
        "type_time": mt5.ORDER_TIME_GTC,
        "sl": float(sl),
        "tp": float(tp),
    }
    return {**request, "position": position} if position else request


def waiting(
    order: Order, rules: SymbolRules, volume: Decimal, price: Decimal, part: int, sl: Decimal = ZERO, tp: Decimal = ZERO
) -> Request:
    """An order that waits for `price`; a stop-limit then goes on to wait as a limit."""
    request = {
        "action": mt5.TRADE_ACTION_PENDING,
        "symbol": rules.name,
        "volume": float(volume),
        "type": _WAITING[order.type, order.side],
        "price": float(price),
        "magic": magic_of(order.id),
        "comment": comment_of(order.id, part),
        "type_time": mt5.ORDER_TIME_GTC,
        "type_filling": _FILLINGS.get(order.time_in_force, mt5.ORDER_FILLING_RETURN),
        "sl": float(sl),
        "tp": float(tp),
    }
    if order.type is OrderType.STOP_LIMIT and order.limit_price is not None:
        return {**request, "stoplimit": float(order.limit_price)}
    return request


def levels(name: str, ticket: int, sl: Decimal, tp: Decimal) -> Request:
    """Set both levels of a position; 0 takes one away."""
    return {
        "action": mt5.TRADE_ACTION_SLTP,
        "symbol": name,
        "position": ticket,
        "sl": float(sl),
        "tp": float(tp),
    }


def change(record: Any, price: Decimal, limit: Decimal | None = None) -> Request:
    """Another price for a waiting order, and another limit for a stop-limit before its stop is seen; else all stays."""
    return {
        "action": mt5.TRADE_ACTION_MODIFY,
        "order": record.ticket,
        "symbol": record.symbol,
        "price": float(price),
        "stoplimit": record.price_stoplimit if limit is None else float(limit),
        "sl": record.sl,
        "tp": record.tp,
        "type_time": record.type_time,
        "expiration": record.time_expiration,
    }


def remove(ticket: int) -> Request:
    """Delete a waiting order."""
    return {"action": mt5.TRADE_ACTION_REMOVE, "order": ticket}


def close_by(name: str, ticket: int, other: int, magic: int) -> Request:
    """Close two opposite positions against each other."""
    return {
        "action": mt5.TRADE_ACTION_CLOSE_BY,
        "symbol": name,
        "position": ticket,
        "position_by": other,
        "magic": magic,
    }
