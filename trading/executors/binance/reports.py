"""What Binance says on the user data stream, spot and USDT-M, as our reports. Pure.

Sources: binance-spot-api-docs user-data-stream.md; derivatives/usds-margined-futures user-data-streams.

An order that is not ours is reported without an id, so that the desk looks what happened. Events that tell nothing
of orders or funding (transfers, positions, the stream itself) make no reports.
"""

from collections.abc import Callable, Mapping

from trading.executors.binance.names import is_from_us, is_replaced, ours
from trading.executors.binance.rows import (
    ENDED,
    UNREADABLE,
    Listing,
    Row,
    expiry,
    fee,
    limit_of,
    moment,
    number,
    price,
)
from trading.executors.binance.terms import ALGO
from trading.instruments import Money
from trading.reports import Accepted, Amended, Canceled, Expired, Filled, Paid, Reconnected, Rejected, Report, Triggered

ELSEWHERE = "cancelled at Binance, not by the desk"
_TRADES = frozenset({"TRADE", "CALCULATED"})  # CALCULATED: a liquidation's
_REFUSALS = {
    "INSUFFICIENT_BALANCES": ("INSUFFICIENT_FUNDS", "there is not enough money for it"),
    "STOP_PRICE_WOULD_TRIGGER_IMMEDIATELY": ("WOULD_TRIGGER", "it would trigger immediately"),
    "WOULD_MATCH_IMMEDIATELY": ("WOULD_TAKE", "it would have traded at once"),
    "OCO_BAD_PRICES": ("OCO_BAD_PRICES", "stop and target are on the wrong sides of the price"),
}


def event_of(message: Row) -> Row:
    """The event in a message of the stream: bare, or in the envelope of the WebSocket API or of a combined stream."""
    for key in ("event", "data"):
        inner = message.get(key)
        if isinstance(inner, Mapping):
            return inner
    return message


def reports_of(message: Row, listing: Listing) -> list[Report]:
    """Everything a message of the stream says of orders; nothing for an event this desk does not know.

    One that cannot be read is a `Reconnected`: something was missed, and the desk asks what.
    """
    event = event_of(message)
    kind = str(event.get("e", ""))
    read = _READERS.get(kind)
    try:
        return [] if read is None else read(event, listing)
    except UNREADABLE:
        return [Reconnected(f"an unreadable {kind}")]


# --- spot ------------------------------------------------------------------------------------


def _execution(event: Row, listing: Listing) -> list[Report]:
    """executionReport. On a cancel `C` is the order's own id, and `c` the cancel's."""
    kind, status, venue_id = event["x"], event["X"], str(event["i"])
    if kind == "CANCELED":
        return _canceled(event)
    order_id = ours(event["c"]) or ours(event.get("C") or "")
    if kind == "NEW":
        works = event.get("w") is True and event.get("o") in ALGO
        accepted: list[Report] = [Accepted(order_id, venue_id)]
        return [*accepted, Triggered(order_id)] if works else accepted
    if kind == "REPLACED":
        limit = limit_of(event.get("p"), event.get("J"))
        return [Amended(order_id, number(event["q"]), limit, price(event.get("P")), venue_id)]
    if kind == "REJECTED":
        code, why = _REFUSALS.get(event.get("r", ""), ("REJECTED", str(event.get("r", ""))))
        return [Rejected(order_id, code, why)]
    reports: list[Report] = _fill(event, order_id, event["s"], listing) if kind in _TRADES else []
    if status in ENDED or kind == "EXPIRED":
        reports.append(Expired(order_id, expiry(event.get("eR"), status), number(event.get("z"))))
    return reports


def _canceled(event: Row) -> list[Report]:
    """A cancel; none of an order that made way for its changed self, which lives on under the id."""
    cancel_id, original = event["c"], event.get("C") or event["c"]
    if is_replaced(cancel_id):
        return []
    return [Canceled(ours(original), "" if is_from_us(cancel_id) else ELSEWHERE, number(event.get("z")))]


def _fill(row: Row, order_id: str, name: str, listing: Listing) -> list[Report]:
    """One trade, in the letters that spot and futures share; none for a trade of nothing.

    Raises:
        ValueError: it tells no price; the list of trades will.
    """
    quantity = number(row.get("l"))
    if quantity <= 0:
        return []
    at = number(row.get("L")) or number(row.get("Y")) / quantity
    if at <= 0:
        raise ValueError("a trade without a price")
    return [
        Filled(
            order_id,
            str(row["t"]),
            quantity,
            at,
            fee(row.get("n"), row.get("N"), name, listing),
            moment(row["T"]),
            bool(row.get("m", False)),
        )
    ]


# --- USDT-M ----------------------------------------------------------------------------------


def _order_update(event: Row, listing: Listing) -> list[Report]:
    """ORDER_TRADE_UPDATE. A cancel keeps the client id here; so does the order that a triggered one becomes."""
    order = event["o"]
    kind, status = order["x"], order["X"]
    order_id, venue_id = ours(order["c"]), str(order["i"])
    if kind == "NEW":
        return [Accepted(order_id, venue_id)]
    if kind == "AMENDMENT":
        stop = price(order.get("sp"))
        return [Amended(order_id, number(order["q"]), price(order.get("p")), stop, venue_id)]
    if kind == "CANCELED":
        return [Canceled(order_id, filled_quantity=number(order.get("z")))]
    reports: list[Report] = _fill(order, order_id, order["s"], listing) if kind in _TRADES else []
    if status in ENDED or kind == "EXPIRED":
        reason = str(order.get("er", ""))
        if reason == "8":  # the waiting order ends because the one it becomes begins
            return [*reports, Triggered(order_id)]
        reports.append(Expired(order_id, expiry(reason, status), number(order.get("z"))))
    return reports


def _algo_update(event: Row, listing: Listing) -> list[Report]:
    """ALGO_UPDATE: the life of a conditional order until it is triggered; what it becomes has events of its own."""
    order = event["o"]
    order_id, why = ours(order["caid"]), str(order.get("rm") or "")
    match order["X"]:
        case "NEW":
            return [Accepted(order_id, str(order["aid"]))]
        case "TRIGGERED":
            return [Triggered(order_id)]
        case "CANCELED":
            return [Canceled(order_id, why)]
        case "REJECTED":
            return [Rejected(order_id, "REJECTED", why or "Binance refused it when it was triggered")]
        case "EXPIRED":
            return [Expired(order_id, why or "cancelled by Binance")]
        case _:
            return []  # TRIGGERING, FINISHED, and what may come


def _account_update(event: Row, listing: Listing) -> list[Report]:
    """ACCOUNT_UPDATE: only funding. What trades do to money is in their own events; transfers are for people to see.

    `wb` is the balance afterwards: with it the same event that two connections tell is one payment.
    """
    told, when = event["a"], event["T"]
    if told["m"] != "FUNDING_FEE":
        return []
    return [
        Paid(f"{when}:{row['a']}:{row['wb']}:{row['bc']}", Money(number(row["bc"]), row["a"]), "funding", moment(when))
        for row in told["B"]
        if number(row["bc"])
    ]


_READERS: Mapping[str, Callable[[Row, Listing], list[Report]]] = {
    "executionReport": _execution,
    "ORDER_TRADE_UPDATE": _order_update,
    "ALGO_UPDATE": _algo_update,
    "ACCOUNT_UPDATE": _account_update,
}
"""By event type. TRADE_LITE repeats what ORDER_TRADE_UPDATE says, without fees; listStatus what its orders say."""
