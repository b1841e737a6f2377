"""What the broker really did, in order: the truth that a campaign compares the desk's books with."""

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Executed:
    """One fact. `kind`: order (accepted), deal, modify (an order or a position's levels), remove, expire, reject.

    `by` is who caused it: order_send, person (at the terminal) or market. Volumes and prices are texts; the comment is
    the one that was asked for, whatever the broker made of it.
    """

    kind: str
    login: int
    time_ms: int  # UTC
    by: str
    symbol: str
    type: int
    ticket: int  # of the order, or of the position whose levels changed
    position_id: int = 0
    magic: int = 0
    comment: str = ""
    volume: str = "0"
    price: str = "0"
    deal: int = 0


class Ledger:
    """The facts, append only."""

    def __init__(self) -> None:
        self.facts: list[Executed] = []

    def of(self, kind: str, by: str = "", comment: str = "") -> list[Executed]:
        """The facts of one kind, by one author and with one comment if given."""
        return [
            fact for fact in self.facts if fact.kind == kind and by in ("", fact.by) and comment in ("", fact.comment)
        ]

    def doubled(self) -> dict[tuple[int, int, str], int]:
        """(login, magic, comment) -> how often order_send had an order with both accepted, where more than once."""
        orders = Counter(
            (fact.login, fact.magic, fact.comment) for fact in self.of("order", "order_send") if fact.comment
        )
        return {key: count for key, count in orders.items() if count > 1}

    def rows(self) -> list[dict[str, Any]]:
        """The facts as JSON can carry them."""
        return [asdict(fact) for fact in self.facts]
