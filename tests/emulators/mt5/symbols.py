"""A symbol's rules, as a broker sets them up, and some symbols to trade."""

from dataclasses import dataclass, replace
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

from tests.emulators.mt5.decimals import ONE, ZERO, exact
from trading.mt5.constants import Constants as mt5

FOK, IOC, BOC = 1, 2, 4  # bits of filling_mode; RETURN has none
MARKET, LIMIT, STOP, STOP_LIMIT, SL, TP, CLOSE_BY = 1, 2, 4, 8, 16, 32, 64  # bits of order_mode
SWAPS = (
    mt5.SYMBOL_SWAP_MODE_DISABLED,
    mt5.SYMBOL_SWAP_MODE_POINTS,
    mt5.SYMBOL_SWAP_MODE_CURRENCY_SYMBOL,
    mt5.SYMBOL_SWAP_MODE_CURRENCY_DEPOSIT,
    mt5.SYMBOL_SWAP_MODE_REOPEN_CURRENT,
)
WEEK = tuple((day, 0, 1440) for day in range(5))


@dataclass
class Symbol:
    """One symbol. Change anything at any time; levels and deviations are in points, volumes in lots."""

    name: str
    base: str
    profit: str
    digits: int
    contract_size: Decimal = Decimal(100_000)
    margin_currency: str = ""  # the base if empty
    description: str = ""
    path: str = "Forex"
    calc_mode: int = mt5.SYMBOL_CALC_MODE_FOREX
    trade_mode: int = mt5.SYMBOL_TRADE_MODE_FULL
    exemode: int = mt5.SYMBOL_TRADE_EXECUTION_MARKET
    filling_mode: int = FOK | IOC
    accepts: int | None = None  # the bits that the server really accepts, if symbol_info tells others
    expiration_mode: int = 15
    order_mode: int = 127
    volume_min: Decimal = Decimal("0.01")
    volume_max: Decimal = Decimal(500)
    volume_step: Decimal = Decimal("0.01")
    volume_limit: Decimal = ZERO  # of positions and orders in one direction; 0: none
    stops_level: int = 0
    freeze_level: int = 0
    tick_size: Decimal = ZERO  # a point if 0
    swap_mode: int = mt5.SYMBOL_SWAP_MODE_POINTS
    swap_long: Decimal = ZERO
    swap_short: Decimal = ZERO
    triple_swap_day: int = mt5.DAY_OF_WEEK_WEDNESDAY
    commission: Decimal = ZERO  # of a lot, in the account's currency, for each deal
    margin_rate: Decimal = ONE
    margin_initial: Decimal = ZERO
    margin_hedged: Decimal | None = None  # of a lot that is hedged, in units; the contract size if None
    book_depth: int = 10
    sessions: tuple[tuple[int, int, int], ...] = WEEK  # (Monday is 0, minute it opens, closes), in the broker's time
    halted: bool = False  # closed whatever the sessions say
    shown: bool = True  # in the Market Watch from the start

    def __post_init__(self) -> None:
        if self.swap_mode not in SWAPS:
            raise ValueError(f"{self.name}: swap mode {self.swap_mode} is not emulated")
        self.tick_size = self.tick_size or self.point
        self.margin_currency = self.margin_currency or self.base

    @property
    def point(self) -> Decimal:
        return Decimal(1).scaleb(-self.digits)

    @property
    def fillings(self) -> int:
        """The filling bits that the server accepts."""
        return self.filling_mode if self.accepts is None else self.accepts

    def open_at(self, server_ms: int) -> bool:
        """Is the market open at this time of the broker?"""
        now = datetime.fromtimestamp(server_ms / 1000, timezone.utc)
        minute = now.hour * 60 + now.minute
        return not self.halted and any(
            day == now.weekday() and start <= minute < end for day, start, end in self.sessions
        )

    def change(self, **changes: Any) -> None:
        """Set rules by name; numbers may be text or float. AttributeError for a rule there is not."""
        for name, value in changes.items():
            old = getattr(self, name)
            setattr(self, name, exact(value) if isinstance(old, Decimal) else value)


def renamed(symbol: Symbol, name: str, **changes: Any) -> Symbol:
    """The same symbol by another name, as brokers have `EURUSD.m` beside `EURUSD`."""
    other = replace(symbol, name=name)
    other.change(**changes)
    return other


def forex(name: str, digits: int = 5, **changes: Any) -> Symbol:
    """A currency pair."""
    return Symbol(name, name[:3], name[3:6], digits, description=f"{name[:3]} vs {name[3:6]}", **changes)


def listing() -> list[Symbol]:
    """The symbols that a broker starts with."""
    pairs = [forex(name) for name in ("EURUSD", "GBPUSD", "AUDUSD")]
    yen = [forex(name, 3) for name in ("USDJPY", "EURJPY")]
    metal: dict[str, Any] = {"path": "Metals", "margin_currency": "USD", "calc_mode": mt5.SYMBOL_CALC_MODE_CFDLEVERAGE}
    index: dict[str, Any] = {"path": "Indices", "filling_mode": IOC, "calc_mode": mt5.SYMBOL_CALC_MODE_CFDLEVERAGE}
    share: dict[str, Any] = {"path": "Exchange", "exemode": mt5.SYMBOL_TRADE_EXECUTION_EXCHANGE}
    tenth, stocks = Decimal("0.1"), mt5.SYMBOL_CALC_MODE_EXCH_STOCKS
    return [
        *pairs,
        *yen,
        Symbol("XAUUSD", "XAU", "USD", 2, Decimal(100), description="Gold vs US Dollar", **metal),
        Symbol("US500", "USD", "USD", 1, ONE, description="US 500", volume_min=tenth, volume_step=tenth, **index),
        Symbol("ACME", "USD", "USD", 2, ONE, volume_min=ONE, volume_step=ONE, calc_mode=stocks, **share),
    ]
