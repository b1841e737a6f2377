"""The journal's projections, read behind the desk's back, held against an MT5 broker's ledger and its terminal."""

import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from tests.crash.broker import Broker
from tests.faults.books import NEVER, ZERO, Difference
from trading.ids import is_order_id

PASSING = ("INITIALIZED", "SUBMITTED", "PENDING_CANCEL")
WORKING = ("ACCEPTED", "PARTIALLY_FILLED")
LEVELS = ("sl ", "tp ")


class Deal(NamedTuple):
    """One execution; `order_id` is ours."""

    order_id: str
    side: str
    lots: Decimal
    price: Decimal


@dataclass
class Found(Difference):
    """What differs. `open`: of those, orders of which the desk says itself that it does not know yet."""

    open: list[str] = field(default_factory=list)

    @property
    def is_certain(self) -> bool:
        """Whether nothing differs but what is open."""
        return not self.doubled and self.lost == self.open


class Ours:
    """The desk's books."""

    def __init__(self, folder: Path) -> None:
        with closing(sqlite3.connect(f"file:{folder / 'tiller.db'}?mode=ro", uri=True)) as database:
            database.row_factory = sqlite3.Row

            def read(table: str) -> list[Any]:
                return database.execute(f"SELECT * FROM {table} WHERE mode = 'live'").fetchall()

            database.execute("BEGIN")  # all of one moment
            self.orders = {row["id"]: row for row in read("orders")}
            fills = read("fills")
            self.told = Counter(row["trade_id"] for row in fills)
            self.deals = {
                row["trade_id"]: Deal(row["order_id"], row["side"], _number(row["quantity"]), _number(row["price"]))
                for row in fills
            }
            self.held = {row["symbol"]: held for row in read("positions") if (held := _number(row["quantity"]))}
            self.money = sum((_number(row["amount"]) for row in read("balances") if row["currency"] == "USD"), ZERO)

    def is_level(self, order_id: str) -> bool:
        return str(self.orders[order_id]["venue_order_id"]).startswith(LEVELS)

    def open(self) -> list[str]:
        """Orders that are in doubt or on their way."""
        return [
            f"order {order_id} is {row['status']}, in doubt {bool(row['in_doubt'])}: {row['reason']}"
            for order_id, row in self.orders.items()
            if row["in_doubt"] or row["status"] in PASSING
        ]

    def waiting(self) -> dict[str, tuple[Decimal, Decimal]]:
        """Orders that wait at the broker: lots and price."""
        return {
            order_id: (
                _number(row["quantity"]) - _number(row["filled_quantity"]),
                _number(row["limit_price"] or row["stop_price"]),
            )
            for order_id, row in self.orders.items()
            if row["status"] in WORKING and row["type"] != "MARKET" and not self.is_level(order_id)
        }


def compare(folder: Path, broker: Broker, told: Collection[str]) -> Found:
    """What is doubled and what is lost. `told`: the orders that people were told of."""
    ours, ledger = Ours(folder), broker.ledger()
    found = Found(open=ours.open())
    found.lost += found.open
    found.doubled += [f"accepted more than once: {each}" for each in broker.do("doubled")]
    sent = {_order(row) for row in ledger if row["kind"] == "order" and row["by"] == "order_send"} - {""}
    refused = {_order(row) for row in ledger if row["kind"] == "reject"}
    for order_id in sorted((sent | set(told)) - ours.orders.keys()):
        found.lost.append(f"order {order_id} is not in our books")
    for order_id in sorted(sent & ours.orders.keys() - refused):
        if (status := ours.orders[order_id]["status"]) in NEVER:
            found.lost.append(f"order {order_id}: the broker accepted it, and we say {status}")
    _deals(ours, ledger, found)
    mine, its = ours.money, Decimal(broker.do("balance"))
    found.lost += [f"balance: we say {mine}, the broker {its}"] if mine != its else []
    held = _net(broker.see("positions_get"))
    found.lost += [f"positions: we say {ours.held}, the broker {held}"] if ours.held != held else []
    _waiting(ours, broker, found)
    return found


def _deals(ours: Ours, ledger: Iterable[dict[str, Any]], found: Found) -> None:
    theirs = {
        str(row["deal"]): Deal(_order(row), _side(row), Decimal(row["volume"]), Decimal(row["price"]))
        for row in ledger
        if row["kind"] == "deal" and not _closes_by(row)
    }
    found.doubled += [f"deal {number}: {n} times in our books" for number, n in ours.told.items() if n > 1]
    for number in sorted(ours.deals.keys() | theirs.keys()):
        mine, its = ours.deals.get(number), theirs.get(number)
        if mine and its and not its.order_id and ours.orders[mine.order_id]["leg"] in ("sl", "tp"):
            mine = mine._replace(order_id="")  # the broker did it by itself: it knows nothing of our order
        if mine != its:
            found.lost.append(f"deal {number}: {mine} in our books, {its} at the broker")


def _waiting(ours: Ours, broker: Broker, found: Found) -> None:
    mine = ours.waiting()
    theirs = {
        each.comment.partition("-")[0]: (_exact(each.volume_current), _exact(each.price_open))
        for each in broker.see("orders_get")
    }
    for order_id in sorted(mine.keys() | theirs.keys()):
        if mine.get(order_id) != theirs.get(order_id):
            found.lost.append(
                f"order {order_id} waits: {mine.get(order_id)} in our books, {theirs.get(order_id)} there"
            )


def _order(row: dict[str, Any]) -> str:
    """Our order in the comment of a fact; empty where the broker acted by itself."""
    name = str(row["comment"]).partition("-")[0]
    return name if is_order_id(name) and row["by"] == "order_send" else ""


def _side(row: dict[str, Any]) -> str:
    return "SELL" if row["type"] % 2 else "BUY"


def _closes_by(row: dict[str, Any]) -> bool:
    """Two opposite positions of ours closed by each other, which is no trade: such a request has no comment."""
    return row["by"] == "order_send" and not row["comment"]


def _net(positions: Iterable[Any]) -> dict[str, Decimal]:
    """Lots by symbol, negative when short."""
    net: dict[str, Decimal] = {}
    for each in positions:
        net[each.symbol] = net.get(each.symbol, ZERO) + _exact(each.volume) * (1 - 2 * each.type)
    return {symbol: lots for symbol, lots in net.items() if lots}


def _number(stored: Any) -> Decimal:
    return ZERO if stored is None else Decimal(str(stored))


def _exact(value: float) -> Decimal:
    return Decimal(str(round(value, 8)))
