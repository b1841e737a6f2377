"""The ids under which our orders stand at Binance. Pure.

An order's own id (trading/ids.py) is its client order id for as long as it is open, whatever happens to it. Binance
gives a cancelled order the id of its cancel, which frees its own (web-socket-api.md, "Cancel order"); so an order
that made way for a changed one is marked as old, and the id finds the changed one.
"""

from trading.ids import derive, is_order_id
from trading.order import Order

_OLD = "-old"

AT_MARKET = 1_000_000
"""The `strategyType` (the least there is) of a stop at the market that has a limit only because the symbol takes no
other: its limit is not one of ours."""


def list_id(first: Order) -> str:
    """The list's own id, from its pair or else its first order; distinct from those of its orders, as Binance asks."""
    return derive("list", first.group or first.id)


def list_ids(order: Order) -> list[str]:
    """The ids of the lists that an order may have come with: as one of a pair, as a leg of its entry, as the entry."""
    return [derive("list", name) for name in (order.group, order.parent_id, order.id) if name]


def replaced_id(order: Order) -> str:
    """What an order is called once it was cancelled to make way for its changed self."""
    return f"{order.id}{_OLD}"


def is_replaced(client_id: str) -> bool:
    """Whether this is the id of an order that made way for its changed self."""
    return client_id.endswith(_OLD) and is_order_id(client_id.removesuffix(_OLD))


def is_from_us(client_id: str) -> bool:
    """Whether the desk made this id, whatever for."""
    return is_order_id(client_id.partition("-")[0])


def ours(client_id: str) -> str:
    """The id of our order if this is one; empty for somebody else's, and for one that made way for its changed self."""
    return client_id if is_order_id(client_id) else ""
