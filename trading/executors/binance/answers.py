"""What Binance answers to a request, spot and USDT-M, as our orders, fills, balances and reports. Pure.

Sources: binance-spot-api-docs rest-api.md; derivatives/usds-margined-futures trade and account rest-api.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from trading.executors.binance.names import ours
from trading.executors.binance.rows import (
    ENDED,
    Listing,
    Row,
    expiry,
    fee,
    limit_of,
    moment,
    number,
    price,
    summary,
    symbol_of,
)
from trading.instruments import Money, Symbol
from trading.order import Order
from trading.reports import Accepted, Amended, Canceled, Expired, Filled, Rejected, Report, VenueOrder

TRAILING = "TRAILING_STOP_MARKET"  # its stop price is to be ignored, as it moves

_STATUS = {
    "FILLED": "filled",
    "CANCELED": "canceled",
    "CANCELLED": "canceled",
    "REJECTED": "rejected",
    "EXPIRED": "expired",
    "EXPIRED_IN_MATCH": "expired",
}
"""Everything else is open: NEW, PARTIALLY_FILLED, PENDING_NEW (waits for its entry), PENDING_CANCEL (unused),
NEW_INSURANCE, NEW_ADL; and what may come, as an order that is wrongly taken for open is asked for again."""


# --- orders ----------------------------------------------------------------------------------


def order_of(row: Row, listing: Listing, order_id: str | None = None) -> VenueOrder:
    """An order as a query, a list of orders or an answer shows it.

    `order_id` is ours where the caller knows it better: a list that was cancelled has renamed its orders. Expired
    says nothing of how much was filled before.
    """
    name = row["symbol"]
    status = str(row["status"])
    symbol = symbol_of(name, listing)
    trailing = row.get("type") == TRAILING
    return VenueOrder(
        venue_order_id=str(row["orderId"]),
        order_id=ours(_client_id(row)) if order_id is None else order_id,
        symbol=symbol,
        status=_STATUS.get(status, "open"),
        quantity=number(row.get("origQty", row.get("qty"))),
        filled_quantity=number(row.get("executedQty")),
        limit_price=limit_of(row.get("price"), row.get("strategyType")),
        stop_price=None if trailing else price(row.get("stopPrice")),
        text=summary(row, symbol),
        reason=expiry(row.get("expiryReason"), status) if status in ENDED else "",
    )


def algo_order_of(row: Row, listing: Listing) -> VenueOrder:
    """A conditional order of the futures, as the algo service has it.

    One that is triggered or finished is open here: what became of it, the order says that `triggered_id` names.
    """
    symbol = symbol_of(row["symbol"], listing)
    trailing = TRAILING in (row.get("orderType"), row.get("type"))
    return VenueOrder(
        venue_order_id=str(row["algoId"]),
        order_id=ours(row["clientAlgoId"]),
        symbol=symbol,
        status=_STATUS.get(str(row["algoStatus"]), "open"),
        quantity=number(row.get("quantity")),
        filled_quantity=number(None),
        limit_price=price(row.get("price")),
        stop_price=None if trailing else price(row.get("triggerPrice")),
        text=summary(row, symbol),
    )


def triggered_id(row: Row) -> str:
    """The venue id of the order that a conditional one became; empty as long as it waits."""
    return str(row.get("actualOrderId") or "")


def _client_id(row: Row) -> str:
    """In the answer to a cancel, `clientOrderId` is the cancel's."""
    return str(row.get("origClientOrderId") or row.get("clientOrderId") or "")


def _singles(rows: Iterable[Row]) -> Iterable[Row]:
    for row in rows:
        yield from row.get("orderReports", [row])


# --- fills, balances, positions --------------------------------------------------------------


def fills_of(rows: Iterable[Row], listing: Listing, order_ids: Mapping[str, str]) -> list[Filled]:
    """myTrades or userTrades; `order_ids` gives our ids for the venue's, which is all that a trade carries."""
    return [
        Filled(
            order_ids.get(str(row["orderId"]), ""),
            str(row["id"]),
            number(row["qty"]),
            number(row["price"]),
            fee(row.get("commission"), row.get("commissionAsset"), row["symbol"], listing),
            moment(row["time"]),
            bool(row.get("isMaker", row.get("maker", False))),
        )
        for row in rows
    ]


def balances_of(answer: Row | Sequence[Row]) -> list[Money]:
    """Totals that are not zero: free and locked of the spot account, wallets of the futures' balance or account."""
    if isinstance(answer, Mapping):
        rows: Sequence[Row] = answer.get("balances") or answer.get("assets") or ()
    else:
        rows = answer
    totals = [Money(_total(row), row["asset"]) for row in rows]
    return [total for total in totals if total.amount]


def _total(row: Row) -> Decimal:
    if "free" in row:
        return number(row["free"]) + number(row.get("locked"))
    return number(row.get("walletBalance", row.get("balance")))


def positions_of(rows: Iterable[Row], listing: Listing) -> dict[Symbol, Decimal]:
    """Signed quantities of positionRisk or of the account's `positions`; both sides of a hedge together."""
    held: dict[Symbol, Decimal] = {}
    for row in rows:
        symbol = symbol_of(row["symbol"], listing)
        held[symbol] = held.get(symbol, number(None)) + number(row["positionAmt"])
    return {symbol: quantity for symbol, quantity in held.items() if quantity}


# --- the immediate answers to what changes something -----------------------------------------


def placed(answer: Row, listing: Listing) -> list[Report]:
    """The answer to a new order or list: accepted, with what was filled and how it ended, if it has.

    The futures tell neither the trades in it nor why an order ended: that is left to the stream, which tells both.
    A list that is filled at once still shows its waiting orders as they were before (rest-api.md, OTO).
    """
    if "algoId" in answer:
        return [Accepted(ours(answer["clientAlgoId"]), str(answer["algoId"]))]
    return [report for row in _singles([answer]) for report in _placed(row, listing)]


def _placed(row: Row, listing: Listing) -> list[Report]:
    order_id, name = ours(row["clientOrderId"]), row["symbol"]
    reports: list[Report] = [Accepted(order_id, str(row["orderId"]))]
    reports += [
        Filled(
            order_id,
            str(trade["tradeId"]),
            number(trade["qty"]),
            number(trade["price"]),
            fee(trade.get("commission"), trade.get("commissionAsset"), name, listing),
            moment(row["transactTime"]),
        )
        for trade in row.get("fills", ())
        if int(trade.get("tradeId", -1)) >= 0
    ]
    status = str(row.get("status", ""))
    if "fills" not in row:
        return reports
    if status in ENDED:
        reports.append(Expired(order_id, expiry(row.get("expiryReason"), status), number(row.get("executedQty"))))
    elif status == "REJECTED":
        reports.append(Rejected(order_id, "REJECTED", "Binance refused it"))
    elif status == "CANCELED":
        reports.append(Canceled(order_id, "cancelled by Binance"))
    return reports


def canceled(answer: Row, order_id: str = "") -> list[Report]:
    """The answer to a cancel of an order or a list: every order that it ended.

    `order_id` is ours where the caller knows it better: somebody may have renamed the order.
    """
    if "algoId" in answer:
        return [Canceled(ours(answer["clientAlgoId"]))]
    rows = [row for row in _singles([answer]) if row.get("status", "CANCELED") == "CANCELED"]
    return [Canceled(ours(_client_id(row)) or order_id, "", number(row.get("executedQty"))) for row in rows]


def amended(answer: Row, order: Order) -> list[Report]:
    """The answer to a change in place (keepPriority, or the futures' modify); `order` carries what was wished.

    The futures cancel an order that is changed to what is filled already, or, if it is post-only, to what would take.
    """
    row = answer.get("amendedOrder", answer)
    if row.get("status") == "CANCELED":
        return [Canceled(order.id, "Binance ended it instead of changing it", number(row.get("executedQty")))]
    quantity = number(row.get("qty", row.get("origQty")))
    return [Amended(order.id, quantity, order.limit_price, order.stop_price, str(row["orderId"]))]


def replaced(answer: Row, order: Order, listing: Listing) -> list[Report]:
    """The answer to a cancelReplace of which both halves were done: the change, and what the new order did since."""
    new = (answer.get("data") or answer)["newOrderResponse"]
    change = Amended(order.id, order.quantity, order.limit_price, order.stop_price, str(new["orderId"]))
    return [change, *_placed(new, listing)[1:]]


def is_as_wished(order: Order, shown: VenueOrder) -> bool:
    """Whether the order as Binance has it is what `order` wants it to be: a change came through before."""
    wished = (order.quantity, order.limit_price, order.stop_price)
    return (shown.quantity, shown.limit_price, shown.stop_price) == wished


def as_it_is(order: Order, shown: VenueOrder) -> list[Report]:
    """What is said of a change that was done before."""
    return [Amended(order.id, order.quantity, order.limit_price, order.stop_price, shown.venue_order_id)]
