"""What the exchange really did, in order: the truth that a campaign compares the desk's books with."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Executed:
    """One fact. `kind`: order (accepted), trade, cancel, expire, replace (amended), reject, transfer.

    `by` is the operation that caused it (`POST /api/v3/order`, `order.place`), `somebody` for what a test did by hand
    in the account's name, or `` for the market's own doing. Quantities and prices are texts.
    """

    product: str
    account: str
    kind: str
    time_ms: int
    by: str = ""
    symbol: str = ""
    side: str = ""
    type: str = ""
    order_id: int = -1
    list_id: int = -1
    client_order_id: str = ""  # the id that the order was placed with, whatever became of it
    qty: str = "0"
    price: str = "0"
    trade_id: int = -1
    fee: str = "0"
    fee_asset: str = ""
    maker: bool = False
    reason: str = ""


class Ledger:
    """The facts, append only."""

    def __init__(self) -> None:
        self.facts: list[Executed] = []

    def __iter__(self) -> Iterator[Executed]:
        return iter(self.facts)

    def __len__(self) -> int:
        return len(self.facts)

    def append(self, fact: Executed) -> None:
        self.facts.append(fact)

    def of(self, kind: str, account: str = "", client_order_id: str = "") -> list[Executed]:
        """The facts of one kind, of one account and one client order id if given."""
        return [
            fact
            for fact in self.facts
            if fact.kind == kind and account in ("", fact.account) and client_order_id in ("", fact.client_order_id)
        ]

    def doubled(self) -> dict[tuple[str, str, str], int]:
        """(product, account, client order id) -> how often an order with it was accepted, where more than once."""
        orders = Counter((f.product, f.account, f.client_order_id) for f in self.facts if f.kind == "order")
        return {key: count for key, count in orders.items() if count > 1}

    def rows(self) -> list[dict[str, Any]]:
        """The facts as JSON can carry them."""
        return [asdict(fact) for fact in self.facts]
