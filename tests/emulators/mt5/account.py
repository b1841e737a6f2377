"""An account at the broker, and what is in it: positions, orders, deals. Times are the broker's, in milliseconds."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from tests.emulators.mt5.decimals import ZERO
from trading.mt5.constants import Constants as mt5

BUYS = frozenset({mt5.ORDER_TYPE_BUY, mt5.ORDER_TYPE_BUY_LIMIT, mt5.ORDER_TYPE_BUY_STOP, mt5.ORDER_TYPE_BUY_STOP_LIMIT})
LIMITS = frozenset({mt5.ORDER_TYPE_BUY_LIMIT, mt5.ORDER_TYPE_SELL_LIMIT})
STOPS = frozenset({mt5.ORDER_TYPE_BUY_STOP, mt5.ORDER_TYPE_SELL_STOP})
STOP_LIMITS = frozenset({mt5.ORDER_TYPE_BUY_STOP_LIMIT, mt5.ORDER_TYPE_SELL_STOP_LIMIT})
PENDING = LIMITS | STOPS | STOP_LIMITS


@dataclass
class Position:
    """An open position. `identifier` stays, `ticket` may change."""

    ticket: int
    identifier: int
    symbol: str
    type: int
    volume: Decimal
    price_open: Decimal
    time_ms: int
    updated_ms: int
    sl: Decimal = ZERO
    tp: Decimal = ZERO
    swap: Decimal = ZERO
    magic: int = 0
    comment: str = ""
    reason: int = mt5.POSITION_REASON_CLIENT

    @property
    def long(self) -> bool:
        return self.type == mt5.POSITION_TYPE_BUY


@dataclass
class Order:
    """An order, active or in history. `by` is who gave it: order_send, person or market (the server itself)."""

    ticket: int
    symbol: str
    type: int
    volume: Decimal
    rest: Decimal  # not filled yet
    time_ms: int
    by: str
    price: Decimal = ZERO
    stoplimit: Decimal = ZERO
    sl: Decimal = ZERO
    tp: Decimal = ZERO
    filling: int = mt5.ORDER_FILLING_FOK
    time_type: int = mt5.ORDER_TIME_GTC
    expiration: int = 0  # seconds
    magic: int = 0
    comment: str = ""
    asked: str = ""  # the comment that the order was given with, whatever became of it
    position_id: int = 0  # what it closes; once filled, what it belongs to
    position_by_id: int = 0
    reason: int = mt5.ORDER_REASON_CLIENT
    state: int = mt5.ORDER_STATE_PLACED
    done_ms: int = 0

    @property
    def buys(self) -> bool:
        return self.type in BUYS

    @property
    def pending(self) -> bool:
        return self.type in PENDING


@dataclass(frozen=True)
class Deal:
    """An execution, or a movement of money: profit, commission, swap and fee together change the balance."""

    ticket: int
    order: int
    time_ms: int
    type: int
    entry: int
    volume: Decimal = ZERO
    price: Decimal = ZERO
    profit: Decimal = ZERO
    commission: Decimal = ZERO
    swap: Decimal = ZERO
    fee: Decimal = ZERO
    symbol: str = ""
    magic: int = 0
    position_id: int = 0
    reason: int = mt5.DEAL_REASON_CLIENT
    comment: str = ""

    @property
    def money(self) -> Decimal:
        """What it adds to the balance."""
        return self.profit + self.commission + self.swap + self.fee


@dataclass
class Account:
    """One account. Change its settings at any time."""

    login: int
    password: str
    server: str
    name: str = "A Trader"
    company: str = "Emulated Markets Ltd"
    currency: str = "USD"
    digits: int = 2
    trade_mode: int = mt5.ACCOUNT_TRADE_MODE_DEMO
    margin_mode: int = mt5.ACCOUNT_MARGIN_MODE_RETAIL_HEDGING
    leverage: int = 100
    limit_orders: int = 200
    limit_positions: int = 0  # 0: none
    fifo_close: bool = False
    hedge_prohibited: bool = False
    trade_allowed: bool = True
    trade_expert: bool = True
    so_call: Decimal = Decimal(50)  # margin levels, in per cent
    so_so: Decimal = Decimal(30)
    balance: Decimal = ZERO
    credit: Decimal = ZERO
    positions: dict[int, Position] = field(default_factory=dict)  # by ticket
    orders: dict[int, Order] = field(default_factory=dict)  # active, by ticket
    history: list[Order] = field(default_factory=list)
    deals: list[Deal] = field(default_factory=list)

    @property
    def hedging(self) -> bool:
        return self.margin_mode == mt5.ACCOUNT_MARGIN_MODE_RETAIL_HEDGING

    def of(self, symbol: str) -> Iterator[Position]:
        """Its positions of a symbol, oldest first."""
        return (position for position in list(self.positions.values()) if position.symbol == symbol)

    def net(self, symbol: str) -> Position | None:
        """The position of a symbol where there can be but one."""
        return next(self.of(symbol), None)

    def identified(self, identifier: int) -> Position | None:
        """The open position of this identifier."""
        return next((one for one in self.positions.values() if one.identifier == identifier), None)
