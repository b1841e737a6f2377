"""An order and a trade as the simulated venue has them."""

from dataclasses import dataclass, field
from decimal import Decimal

from trading import reports
from trading.instruments import ZERO, Side, Symbol
from trading.intent import OrderType, TimeInForce, Trail


@dataclass(eq=False)
class Deal:
    """One order on the venue's books."""

    id: str
    client: str  # our order id, or empty for a manual trade
    symbol: Symbol
    side: Side
    type: OrderType
    tif: TimeInForce
    quantity: Decimal
    limit: Decimal | None = None
    stop: Decimal | None = None
    trail: Trail | None = None
    reduce_only: bool = False
    filled: Decimal = ZERO
    status: str = "open"
    reason: str = ""
    waiting: bool = False  # a bracket's leg before its entry is complete
    triggered: bool = False
    best: Decimal | None = None
    entry: "Deal | None" = None
    mates: list["Deal"] = field(default_factory=list)  # the other legs of its pair

    @property
    def remaining(self) -> Decimal:
        return self.quantity - self.filled

    @property
    def is_open(self) -> bool:
        return self.status == "open"

    def shown(self) -> reports.VenueOrder:
        """As the venue answers when asked."""
        return reports.VenueOrder(
            self.id, self.client, self.symbol, self.status, self.quantity, self.filled, self.limit, self.stop,
            f"{self.side} {self.quantity} {self.symbol}", self.reason,
        )  # fmt: skip


@dataclass
class Trade:
    symbol: Symbol
    side: Side
    fill: reports.Filled
