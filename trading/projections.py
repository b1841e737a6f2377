"""The rows people and programs query: six kinds of entities as table rows, nothing computed."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from trading.control import EquityPoint, Signal
from trading.order import Order
from trading.portfolio import Balance, Fill, Position
from trading.ports import Row
from trading.steps.step import Entity

UNLISTED = (
    "trail",
    "stop_loss",
    "take_profit",
    "trail_loss",
    "fees",
    "group",
    "iceberg",
    "initial_quantity",
    "is_amending",
)
"""What of an order is not in its table."""


def _order(order: Order) -> Mapping[str, Any]:
    return {
        **_plain(order, *UNLISTED),
        "fees": msgspec.json.encode(order.fees).decode(),
        "oco_group": order.group,
    }


def _fill(fill: Fill) -> Mapping[str, Any]:
    return {**_plain(fill, "fee"), "fee_amount": fill.fee.amount, "fee_currency": fill.fee.currency}


def _position(position: Position) -> Mapping[str, Any]:
    return _plain(position, "trip", "multiplier")


def _plain(entity: msgspec.Struct, *without: str) -> dict[str, Any]:
    return {name: getattr(entity, name) for name in entity.__struct_fields__ if name not in without and name != "id"}


TABLES: dict[type[Any], tuple[str, Callable[[Any], Mapping[str, Any]]]] = {
    Order: ("orders", _order),
    Fill: ("fills", _fill),
    Position: ("positions", _position),
    Balance: ("balances", _plain),
    EquityPoint: ("equity", _plain),
    Signal: ("signals", _plain),
}


def row(entity: Entity) -> Row | None:
    """The row of an entity, or None for those that live only in the journal."""
    table = TABLES.get(type(entity))
    return Row(table[0], entity.pk, table[1](entity)) if table else None
