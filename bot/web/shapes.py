"""The public JSON shapes of docs and programs: numbers as plain text, times ISO 8601 UTC, ids as text."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from handlers.states import waits_for_entry
from trading.book import Book
from trading.instruments import Money, plain
from trading.order import Order
from trading.portfolio import Position

Shape = dict[str, Any]


def text(value: Any) -> Any:
    """Decimals and times as text, everything inside containers too."""
    match value:
        case Decimal():
            return plain(value)
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case Money():
            return {"amount": plain(value.amount), "currency": value.currency}
        case Mapping():
            return {key: text(inner) for key, inner in value.items()}
        case list() | tuple():
            return [text(inner) for inner in value]
        case str() | int() | bool() | None:
            return value
        case _:
            return str(value)


ORDER = (
    "id", "account", "mode", "symbol", "side", "type", "time_in_force", "quantity", "limit_price", "stop_price",
    "status", "filled_quantity", "fees", "source", "actor", "venue_order_id", "created_at", "updated_at", "reason",
)  # fmt: skip


def order(found: Order | Mapping[str, Any], book: Book) -> Shape:
    """An order, from memory or from its table."""
    columns: Mapping[str, Any] = msgspec.structs.asdict(found) if isinstance(found, Order) else found
    filled, value = columns["filled_quantity"], columns["filled_value"]
    shape = {name: columns[name] for name in ORDER}
    live = book.order(columns["id"])
    more = {
        "average_price": value / filled if filled else None,
        "leg": columns["leg"],
        "parent_id": columns["parent_id"] or None,
        "in_doubt": columns["in_doubt"],
        "waits_for_entry": live is not None and waits_for_entry(live, book),
    }
    shown: Shape = text({**shape, **more})
    return shown | {"venue_order_id": columns["venue_order_id"] or None}


def fill(columns: Mapping[str, Any]) -> Shape:
    names = ("id", "order_id", "account", "mode", "symbol", "side", "quantity", "price", "realized")
    fee = {"amount": columns["fee_amount"], "currency": columns["fee_currency"]}
    return text({name: columns[name] for name in names} | {"fee": fee, "at": columns["traded_at"]})  # type: ignore[no-any-return]


def position(found: Position, mark: Decimal | None) -> Shape:
    return text(  # type: ignore[no-any-return]
        {
            "account": found.account,
            "mode": found.mode,
            "symbol": found.symbol,
            "quantity": found.quantity,
            "average_price": found.average_price,
            "mark_price": mark,
            "realized_pnl": found.realized,
            "unrealized_pnl": None if mark is None else found.unrealized(mark),
            "currency": found.currency,
        }
    )


def event(columns: Mapping[str, Any]) -> Shape:
    payload = {name: value for name, value in columns["payload"].items() if name != "type"}
    order_id = columns["order_id"] or None
    known: Shape = text({"seq": columns["seq"], "at": columns["at"], "type": columns["type"]})
    return known | {"order_id": order_id, "payload": payload}


def raw(columns: Mapping[str, Any]) -> bytes:
    """The event of a journal row as it was written."""
    return msgspec.json.encode(columns["payload"])
