"""What one side holds to be true of an account, and what of it the other side does not: the heart of both campaigns.

The exchange's side is told by its ledger, which nothing but the engine writes to, and by what is open there.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

Row = Mapping[str, Any]
ZERO, EIGHT = Decimal(0), Decimal("1e-8")
NEVER = frozenset({"DENIED", "REJECTED"})
OPEN = frozenset({"NEW", "PARTIALLY_FILLED", "PENDING_NEW"})
REPLACING = "cancelReplace"


class Trade(NamedTuple):
    """One execution; `order_id` is ours."""

    order_id: str
    trade_id: str
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_currency: str


class Terms(NamedTuple):
    """What an open order stands for; a price of 0 is none."""

    quantity: Decimal
    limit: Decimal
    stop: Decimal


@dataclass
class Ours:
    """The desk's books. `status` of every order; `terms` of the open ones."""

    status: dict[str, str] = field(default_factory=dict)
    filled: dict[str, Decimal] = field(default_factory=dict)
    terms: dict[str, Terms] = field(default_factory=dict)
    trades: Counter[Trade] = field(default_factory=Counter)
    money: dict[str, Decimal] = field(default_factory=dict)
    held: dict[str, Decimal] = field(default_factory=dict)
    unsettled: list[str] = field(default_factory=list)  # in doubt, on their way, being changed


@dataclass
class Theirs:
    """The exchange's. `placed` is how often an order of this id was accepted while another of it could still trade."""

    placed: Counter[str] = field(default_factory=Counter)
    refused: set[str] = field(default_factory=set)  # accepted at first, and refused when they were triggered
    terms: dict[str, Terms] = field(default_factory=dict)
    trades: Counter[Trade] = field(default_factory=Counter)
    money: dict[str, Decimal] = field(default_factory=dict)
    held: dict[str, Decimal] = field(default_factory=dict)
    rounding: Decimal = ZERO  # of its money: the futures round the profit of each trade to eight places


@dataclass
class Difference:
    """One line each. `doubled`: it is there more often than it should be; `lost`: it is missing, or not as it was."""

    doubled: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.doubled or self.lost)

    def __str__(self) -> str:
        return "\n".join([*(f"  doubled: {line}" for line in self.doubled), *(f"  lost: {line}" for line in self.lost)])


# --- the exchange's side ---------------------------------------------------------------------


def ledger(rows: Iterable[Row], product: str, account: str, theirs: Theirs) -> Theirs:
    """Add what an exchange's ledger says of an account at one of its products.

    A cancelReplace of an order that it cancelled first is no second order. On the futures a conditional order ("algo")
    becomes a plain one of the same id.
    """
    accepted: Counter[tuple[str, bool]] = Counter()
    live: set[tuple[str, int]] = set()
    for row in rows:
        if row["account"] != account or row["product"] != product:
            continue
        kind, order_id, number = row["kind"].removeprefix("algo "), row["client_order_id"], row["order_id"]
        if kind == "order":
            is_next = REPLACING in row["by"] and not any(name == order_id for name, _ in live)
            accepted[order_id, row["kind"] == kind] += not is_next
            live.add((order_id, number))
        elif kind in ("cancel", "expire", "reject"):
            live.discard((order_id, number))
            if kind == "reject":
                theirs.refused.add(order_id)
        elif kind == "trade":
            quantity, price, fee = (Decimal(row[name]) for name in ("qty", "price", "fee"))
            theirs.trades[Trade(order_id, str(row["trade_id"]), quantity, price, fee, row["fee_asset"])] += 1
    for (order_id, _), count in accepted.items():
        theirs.placed[order_id] = max(theirs.placed[order_id], count)
    return theirs


def spot_books(rows: Iterable[Row], orders: Iterable[Row], balances: Mapping[str, Sequence[str]], name: str) -> Theirs:
    """The spot account: its ledger, all its orders, its free and locked balances."""
    theirs = ledger(rows, "spot", name, Theirs())
    for row in orders:
        if row["status"] in OPEN:
            prices = (Decimal(row.get(key) or 0) for key in ("price", "stopPrice"))
            theirs.terms[row["clientOrderId"]] = Terms(Decimal(row["origQty"]), *prices)
    totals = {asset: Decimal(free) + Decimal(locked) for asset, (free, locked) in balances.items()}
    theirs.money = {asset: total for asset, total in totals.items() if total}
    return theirs


def usdm_books(
    rows: Iterable[Row],
    orders: Iterable[Row],
    algos: Iterable[Row],
    wallet: Mapping[str, str],
    positions: Iterable[Row],
    name: str,
) -> Theirs:
    """The futures account: its ledger, what is open, its wallet, its positions by Binance's symbol."""
    theirs = ledger(rows, "usdm", name, Theirs())
    for row in orders:
        theirs.terms[row["clientOrderId"]] = Terms(Decimal(row["origQty"]), Decimal(row["price"]), ZERO)
    for row in algos:
        prices = (Decimal(row.get(key) or 0) for key in ("price", "triggerPrice"))
        theirs.terms[row["clientAlgoId"]] = Terms(Decimal(row["quantity"]), *prices)
    theirs.money = {asset: Decimal(amount) for asset, amount in wallet.items() if Decimal(amount)}
    theirs.held = {row["symbol"]: Decimal(row["amount"]) for row in positions}
    theirs.rounding = EIGHT * sum(theirs.trades.values())
    return theirs


# --- the comparison --------------------------------------------------------------------------


def compare(ours: Ours, theirs: Theirs) -> Difference:
    """What is doubled and what is lost. Prices of triggered conditional orders are not compared."""
    found = Difference()
    for order_id, count in theirs.placed.items():
        if count > 1:
            found.doubled.append(f"order {order_id}: the exchange accepted it {count} times")
        if order_id not in ours.status:
            found.lost.append(f"order {order_id}: the exchange has it, and our books do not")
        elif ours.status[order_id] in NEVER and order_id not in theirs.refused:
            found.lost.append(f"order {order_id}: the exchange accepted it, and we say {ours.status[order_id]}")
    for order_id, status in ours.status.items():
        if order_id not in theirs.placed and status not in NEVER:
            found.lost.append(f"order {order_id}: we say {status}, and the exchange never had it")
    _trades(ours, theirs, found)
    _open(ours, theirs, found)
    pairs = (("balance", ours.money, theirs.money, theirs.rounding), ("position", ours.held, theirs.held, ZERO))
    for name, mine, its, rounding in pairs:
        for key in sorted({*mine, *its}):
            if abs(mine.get(key, ZERO) - its.get(key, ZERO)) > rounding:
                found.lost.append(f"{name} {key}: we say {mine.get(key, ZERO)}, the exchange {its.get(key, ZERO)}")
    found.lost += ours.unsettled
    return found


def _trades(ours: Ours, theirs: Theirs, found: Difference) -> None:
    for trade in ours.trades.keys() | theirs.trades.keys():
        mine, its = ours.trades[trade], theirs.trades[trade]
        if mine > its:
            found.doubled.append(f"{trade}: {mine} times in our books, {its} at the exchange")
        elif mine < its:
            found.lost.append(f"{trade}: {mine} times in our books, {its} at the exchange")
    sums: Counter[str] = Counter()
    for trade, count in theirs.trades.items():
        sums[trade.order_id] += trade.quantity * count  # type: ignore[assignment]
    for order_id, filled in ours.filled.items():
        if filled != sums[order_id]:
            found.lost.append(f"order {order_id}: filled {filled} in our books, {sums[order_id]} at the exchange")


def _open(ours: Ours, theirs: Theirs, found: Difference) -> None:
    for order_id in sorted(ours.terms.keys() | theirs.terms.keys()):
        mine, its = ours.terms.get(order_id), theirs.terms.get(order_id)
        if mine is None or its is None:
            found.lost.append(f"order {order_id}: open in our books: {mine}, at the exchange: {its}")
        elif mine != its and (its.stop or not mine.stop or mine._replace(stop=ZERO) != its):
            found.lost.append(f"order {order_id}: {mine} in our books, {its} at the exchange")
