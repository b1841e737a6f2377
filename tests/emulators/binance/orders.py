"""Orders, order lists and trades of the spot exchange, as the engine keeps them (enums.md has the words)."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.emulators.binance.money import ZERO

OPEN = frozenset({"NEW", "PARTIALLY_FILLED", "PENDING_NEW"})
CONTINGENT = frozenset({"STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"})
PRICED = frozenset({"LIMIT", "LIMIT_MAKER", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"})
STOPS = frozenset({"STOP_LOSS", "STOP_LOSS_LIMIT"})


@dataclass(frozen=True)
class Trade:
    """One of an account's fills (a row of myTrades)."""

    trade_id: int
    symbol: str
    order_id: int
    list_id: int
    price: Decimal
    qty: Decimal
    quote: Decimal
    fee: Decimal
    fee_asset: str
    time_ms: int
    buyer: bool
    maker: bool


@dataclass
class Hold:
    """Funds locked for one order, or for the orders of a pair of which only one can trade."""

    asset: str
    amount: Decimal = ZERO
    orders: list["Order"] = field(default_factory=list)


@dataclass
class Amendment:
    """One row of order/amendments."""

    execution_id: int
    from_id: str
    to_id: str
    from_qty: Decimal
    to_qty: Decimal
    time_ms: int


@dataclass(eq=False)
class Order:
    """One order. `client_id` is the present one, `placed_id` the one it was placed with."""

    account: str
    symbol: str
    side: str
    type: str
    tif: str = "GTC"
    qty: Decimal = ZERO
    quote_qty: Decimal = ZERO
    price: Decimal = ZERO
    stop: Decimal = ZERO
    trailing: int = 0
    iceberg: Decimal = ZERO
    stp: str = "NONE"
    client_id: str = ""
    strategy: dict[str, int] = field(default_factory=dict)  # strategyId, strategyType
    resp: str = ""
    from_received: bool = False  # a pending order of an OPO list: no quantity of its own

    id: int = -1
    placed_id: str = ""
    cancel_of: str = ""  # the id before the cancel (`C` of its report)
    status: str = "NEW"
    executed: Decimal = ZERO
    quote: Decimal = ZERO
    prevented: Decimal = ZERO
    prevented_match: int = -1
    last_prevented: Decimal | None = None  # while that is told
    counter_id: int = -1
    time_ms: int = 0
    update_ms: int = 0
    working_ms: int = -1
    trailing_ms: int = -1
    extreme: Decimal | None = None  # best price since a trailing order tracks
    expiry: str = ""
    group: "OrderList | None" = None
    hold: Hold | None = None
    fills: list[Trade] = field(default_factory=list)
    amendments: list[Amendment] = field(default_factory=list)

    @property
    def open(self) -> bool:
        return self.status in OPEN

    @property
    def working(self) -> bool:
        """On the book, or taking from it."""
        return self.working_ms >= 0

    @property
    def remaining(self) -> Decimal:
        return self.qty - self.executed - self.prevented

    @property
    def contingent(self) -> bool:
        return self.type in CONTINGENT

    @property
    def takes(self) -> bool:
        """Does it trade at any price, once it works?"""
        return self.type in ("MARKET", "STOP_LOSS", "TAKE_PROFIT")

    @property
    def list_id(self) -> int:
        return self.group.id if self.group is not None else -1

    @property
    def above(self) -> bool:
        """Does its trigger lie above the market?"""
        return (self.type in STOPS) == (self.side == "BUY")


@dataclass(eq=False)
class OrderList:
    """An order list. `orders`: OCO above, below; OTO working, pending; OTOCO working, pending above, pending below."""

    id: int
    account: str
    symbol: str
    contingency: str  # OCO or OTO
    client_id: str
    orders: list[Order]
    time_ms: int
    status: str = "EXECUTING"
    status_type: str = "EXEC_STARTED"
    opo: bool = False
    received: Hold | None = None  # an OPO list: what its working order has bought

    @property
    def open(self) -> bool:
        return self.status == "EXECUTING"

    @property
    def first(self) -> Order | None:
        """The working order of an OTO list."""
        return self.orders[0] if self.contingency == "OTO" else None

    @property
    def pair(self) -> list[Order]:
        """The two orders of which one cancels the other; none in an OTO."""
        orders = self.orders if self.contingency == "OCO" else self.orders[1:]
        return orders if len(orders) == 2 else []


Json = dict[str, Any]
