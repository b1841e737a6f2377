"""Somebody at the terminal, or on the phone: trades by hand, which the desk has not asked for."""

from typing import Any

from tests.emulators.mt5.decimals import Number, exact
from tests.emulators.mt5.executing import Result
from tests.emulators.mt5.requests import Request
from tests.emulators.mt5.symbols import IOC, Symbol
from tests.emulators.mt5.terminal import Terminal
from trading.mt5.constants import Constants as mt5


class Person:
    """What a person does; each raises Refusal if the server refuses it. Orders are by hand: no magic, reason CLIENT."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    def buy(self, symbol: str, volume: Number, **more: Any) -> Result:
        """Buy at the market; `sl`, `tp`, `comment`."""
        return self._deal(symbol, mt5.ORDER_TYPE_BUY, volume, **more)

    def sell(self, symbol: str, volume: Number, **more: Any) -> Result:
        """Sell at the market."""
        return self._deal(symbol, mt5.ORDER_TYPE_SELL, volume, **more)

    def close(self, ticket: int, volume: Number | None = None) -> Result:
        """Close a position, or a part of it."""
        position = self._terminal.current.positions[ticket]
        kind = mt5.ORDER_TYPE_SELL if position.long else mt5.ORDER_TYPE_BUY
        return self._deal(position.symbol, kind, position.volume if volume is None else volume, position=ticket)

    def close_by(self, ticket: int, other: int) -> Result:
        """Close a position by an opposite one."""
        return self._send(action=mt5.TRADE_ACTION_CLOSE_BY, position=ticket, position_by=other)

    def place(self, symbol: str, type: int, volume: Number, price: Number, **more: Any) -> Result:
        """Place a pending order; `stoplimit`, `sl`, `tp`, `type_time`, `expiration`, `comment`."""
        asked = {"type_filling": mt5.ORDER_FILLING_RETURN, **more}
        return self._send(
            action=mt5.TRADE_ACTION_PENDING, symbol=symbol, type=type, volume=volume, price=price, **asked
        )

    def protect(self, ticket: int, sl: Number = 0, tp: Number = 0) -> Result:
        """Set or clear the levels of a position."""
        symbol = self._terminal.current.positions[ticket].symbol
        return self._send(action=mt5.TRADE_ACTION_SLTP, symbol=symbol, position=ticket, sl=sl, tp=tp)

    def modify(self, ticket: int, **changes: Any) -> Result:
        """Change a pending order: `price`, `stoplimit`, `sl`, `tp`, `type_time`, `expiration`."""
        order = self._terminal.current.orders[ticket]
        asked = {"price": order.price, "sl": order.sl, "tp": order.tp, **changes}
        return self._send(action=mt5.TRADE_ACTION_MODIFY, order=ticket, **asked)

    def remove(self, ticket: int) -> Result:
        """Delete a pending order."""
        return self._send(action=mt5.TRADE_ACTION_REMOVE, order=ticket)

    def _deal(self, name: str, type: int, volume: Number, **more: Any) -> Result:
        symbol = self._terminal.market.symbols[name]
        quote = self._terminal.market.quotes[name]
        asked: dict[str, Any] = {
            "type_filling": _filling(symbol),
            "price": quote.price(type == mt5.ORDER_TYPE_BUY),
            **more,
        }
        return self._send(action=mt5.TRADE_ACTION_DEAL, symbol=name, type=type, volume=volume, **asked)

    def _send(self, **asked: Any) -> Result:
        for name in ("volume", "price", "stoplimit", "sl", "tp"):
            asked[name] = exact(asked.get(name, 0))
        with self._terminal.lock:
            server = self._terminal.server
            server.time_passed()
            return server.send(self._terminal.current, Request(**asked), "person")


def _filling(symbol: Symbol) -> int:
    if symbol.exemode == mt5.SYMBOL_TRADE_EXECUTION_EXCHANGE:
        return mt5.ORDER_FILLING_RETURN
    return mt5.ORDER_FILLING_IOC if symbol.fillings & IOC else mt5.ORDER_FILLING_FOK
