"""The terminal as its package shows it, with errors that are raised. Called from the package's own thread only."""

from decimal import Decimal
from typing import Any

from trading.mt5.constants import Constants as mt5

DAY_S = 86_400


class Failed(Exception):
    """The package answered None or False; `code` and `text` are its last_error of that very call."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code} {text}")
        self.code, self.text = code, text


class Terminal:
    """The calls that the desk makes. `package` is the MetaTrader5 module, or whatever has its surface.

    None is an error and never "nothing there": each method raises `Failed` for it. Times are the broker's, in seconds.
    """

    def __init__(self, package: Any) -> None:
        self.package = package

    def connect(self, login: int, password: str, server: str, timeout_ms: int) -> None:
        """Start or find the terminal, and log in where a login is given."""
        named: dict[str, Any] = {"timeout": timeout_ms}
        if login:
            named |= {"login": login, "password": password, "server": server}
        self._call("initialize", **named)

    def info(self) -> Any:
        return self._call("terminal_info")

    def account(self) -> Any:
        return self._call("account_info")

    def symbols(self) -> tuple[Any, ...]:
        return tuple(self._call("symbols_get"))

    def symbol(self, name: str) -> Any:
        return self._call("symbol_info", name)

    def select(self, name: str) -> None:
        """Put a symbol into the Market Watch: without that it has neither prices nor trades."""
        self._call("symbol_select", name, True)

    def tick(self, name: str) -> Any:
        return self._call("symbol_info_tick", name)

    def rates(self, name: str, timeframe: int, count: int) -> Any:
        """The last bars, the forming one too, oldest first."""
        return self._call("copy_rates_from_pos", name, timeframe, 0, count)

    def margin(self, name: str, buys: bool, volume: float, price: float) -> float:
        """What so many lots would take of the account's money, at a price; without what is open already."""
        side = mt5.ORDER_TYPE_BUY if buys else mt5.ORDER_TYPE_SELL
        return float(self._call("order_calc_margin", side, name, volume, price))

    def positions(self) -> tuple[Any, ...]:
        return tuple(self._call("positions_get"))

    def orders(self) -> tuple[Any, ...]:
        return tuple(self._call("orders_get"))

    def past_orders(self, since_s: int, until_s: int) -> tuple[Any, ...]:
        return tuple(self._call("history_orders_get", since_s, until_s))

    def past_order(self, ticket: int) -> Any:
        """One order of history, or None if there is none (yet)."""
        return next(iter(self._call("history_orders_get", ticket=ticket)), None)

    def deals(self, since_s: int, until_s: int) -> tuple[Any, ...]:
        return tuple(self._call("history_deals_get", since_s, until_s))

    def deals_of_order(self, ticket: int) -> tuple[Any, ...]:
        return tuple(self._call("history_deals_get", ticket=ticket))

    def deals_of_position(self, identifier: int) -> tuple[Any, ...]:
        return tuple(self._call("history_deals_get", position=identifier))

    def send(self, request: dict[str, Any], key: str) -> Any:
        """Send a trade request. `key` names it where a bridge keeps what became of each."""
        named = {"key": key} if hasattr(self.package, "recall") else {}
        return self._call("order_send", request, **named)

    def check(self, request: dict[str, Any]) -> Any:
        return self._call("order_check", request)

    def close(self) -> None:
        self.package.shutdown()

    def _call(self, name: str, *unnamed: Any, **named: Any) -> Any:
        answer = getattr(self.package, name)(*unnamed, **named)
        if answer is None or answer is False:
            code, text = self.package.last_error()
            raise Failed(int(code), str(text))
        return answer


def exact(value: float) -> Decimal:
    """The decimal that a float of the terminal stands for: 0.1 + 0.2 is 0.3. Eight places, which is what it counts."""
    text = f"{value:.8f}".rstrip("0").rstrip(".")
    return Decimal("0" if text in ("", "-0") else text)


def is_sound(tick: Any) -> bool:
    """Whether a tick has prices; it has none before the first, and none may be crossed."""
    return bool(tick.bid > 0 and tick.ask >= tick.bid)


NEVER_SENT = frozenset({mt5.RES_E_INTERNAL_FAIL_INIT, mt5.RES_E_INTERNAL_FAIL_CONNECT})
"""Errors after which nothing has left this process."""
