"""A terminal to trade at, for tests: an account with money, some prices, and a link to it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from tests.emulators.mt5.link import kill_process
from tests.emulators.mt5.module import MetaTrader5
from tests.emulators.mt5.person import Person
from tests.emulators.mt5.terminal import Terminal
from trading.mt5.constants import Constants as mt5

NOW = 1_789_552_800  # a Wednesday, 10:00 UTC
PRICES = {
    "EURUSD": ("1.08000", "1.08010"),
    "GBPUSD": ("1.27000", "1.27012"),
    "USDJPY": ("150.000", "150.010"),
    "EURJPY": ("162.000", "162.020"),
    "XAUUSD": ("2400.00", "2400.30"),
    "ACME": ("50.00", "50.02"),
}


@dataclass
class Mt5Desk:
    """The terminal, the package linked to it, and somebody at it."""

    terminal: Terminal
    mt5: Any  # as the package is to type checkers
    person: Person

    def link(self, die: Callable[[], NoReturn] = kill_process) -> Any:
        """The package in another process, not initialized."""
        return MetaTrader5(self.terminal, die)

    def request(self, symbol: str, volume: float, type: int = mt5.ORDER_TYPE_BUY, **more: Any) -> dict[str, Any]:
        """A market order at the price of now."""
        quote = self.terminal.market.quotes[symbol]
        filling = mt5.ORDER_FILLING_RETURN if symbol == "ACME" else mt5.ORDER_FILLING_IOC
        price = float(quote.price(type == mt5.ORDER_TYPE_BUY))
        asked = {"action": mt5.TRADE_ACTION_DEAL, "symbol": symbol, "volume": volume, "type": type, "price": price}
        return {**asked, "type_filling": filling, **more}

    def buy(self, symbol: str, volume: float, **more: Any) -> Any:
        """Buy at the market by order_send."""
        return self.mt5.order_send(self.request(symbol, volume, mt5.ORDER_TYPE_BUY, **more))

    def sell(self, symbol: str, volume: float, **more: Any) -> Any:
        """Sell at the market by order_send."""
        return self.mt5.order_send(self.request(symbol, volume, mt5.ORDER_TYPE_SELL, **more))

    def place(self, symbol: str, type: int, volume: float, price: float, **more: Any) -> Any:
        """Place a pending order by order_send."""
        asked = {"action": mt5.TRADE_ACTION_PENDING, "symbol": symbol, "volume": volume, "type": type, "price": price}
        return self.mt5.order_send({**asked, "type_filling": mt5.ORDER_FILLING_RETURN, **more})


def desk(mode: int = mt5.ACCOUNT_MARGIN_MODE_RETAIL_HEDGING, now: float | None = NOW, **settings: Any) -> Mt5Desk:
    """10,000 USD (unless `balance=` or `currency=` say otherwise), the clock standing at NOW, initialized."""
    terminal = Terminal(now)
    terminal.account(**{"margin_mode": mode, **settings})
    for name, (bid, ask) in PRICES.items():
        terminal.show(name, bid, ask)
    link = MetaTrader5(terminal)
    assert link.initialize()
    return Mt5Desk(terminal, link, Person(terminal))
