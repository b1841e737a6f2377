"""What is sent to Binance's USDT-M futures, for each thing the desk can ask. Pure: method, path, parameters.

Conditional orders go to the algo service, which has ids and look-ups of its own; once one is triggered, the order it
becomes carries the same client id. The account is in one-way mode. Sources: derivatives/usds-margined-futures, trade
and account rest-api; change log 2025-11-06 (algo service, in force since 2025-12-09).
"""

from decimal import Decimal

from trading.errors import VenueRefused
from trading.executors.binance.requests import MOST_ROWS, Params, Request
from trading.executors.binance.rules import SymbolRules
from trading.executors.binance.terms import CONDITIONAL, terms_of
from trading.instruments import plain
from trading.intent import OrderType
from trading.order import Order
from trading.ports import Approved
from trading.reports import VenueOrder

_ORDER, _ALGO = "/fapi/v1/order", "/fapi/v1/algoOrder"
LAST_PRICE = "CONTRACT_PRICE"
_PLAIN = (OrderType.MARKET, OrderType.LIMIT)


def is_conditional(order: Order) -> bool:
    """Whether the algo service holds the order, as long as it is not triggered."""
    return order.type not in _PLAIN


def place(
    approved: Approved,
    rules: SymbolRules,
    *,
    visible: Decimal | None = None,
    reference: Decimal | None = None,
    working_type: str = LAST_PRICE,
) -> Request:
    """A single order. `working_type` is the price that triggers it: the last one, or the mark.

    Raises:
        VenueRefused: the symbol takes no such order; the futures know no lists and no icebergs.
    """
    order = approved.order
    if approved.legs:
        text = "Binance's futures hold no pairs and no brackets."
        raise VenueRefused(text, "Send single orders.", code="NOT_SUPPORTED")
    if visible is not None:
        raise VenueRefused("Binance's futures take no icebergs.", "Split the order.", code="NOT_SUPPORTED")
    terms = terms_of(order, rules, reference)
    params = {"symbol": rules.venue_symbol, "side": order.side.value, "type": terms.kind}
    params["quantity"] = plain(order.quantity)
    if terms.time_in_force:
        params["timeInForce"] = terms.time_in_force
    if terms.price is not None:
        params["price"] = plain(terms.price)
    if order.reduce_only:
        params["reduceOnly"] = "true"
    params["newOrderRespType"] = "RESULT"
    if terms.kind not in CONDITIONAL:
        return Request("POST", _ORDER, {**params, "newClientOrderId": order.id}, weight=0, is_order=True)
    params |= {"algoType": "CONDITIONAL", "clientAlgoId": order.id, "workingType": working_type}
    if terms.stop_price is not None:
        params["triggerPrice"] = plain(terms.stop_price)
    if terms.delta is not None:
        params["callbackRate"] = plain(Decimal(terms.delta).scaleb(-2))
    return Request("POST", _ALGO, params, weight=0, is_order=True)


def cancel(order: Order, rules: SymbolRules, *, triggered: bool = False) -> Request:
    """Cancel an order. A conditional one that was `triggered` is a plain order by then."""
    if is_conditional(order) and not triggered:
        return Request("DELETE", _ALGO, {"clientAlgoId": order.id}, is_order=True)
    return Request("DELETE", _ORDER, _by_our_id(order, rules), is_order=True)


def amend(order: Order, shown: VenueOrder, rules: SymbolRules) -> Request:
    """Make the limit order as the venue has it (`shown`) into `order`, in place and under its id.

    `quantity` counts what is filled already, as ours does.

    Raises:
        VenueRefused: nothing would change, or it is no limit order: the algo service changes none.
    """
    if (order.limit_price, order.stop_price, order.quantity) == (shown.limit_price, shown.stop_price, shown.quantity):
        raise VenueRefused("It is like that already.", code="NO_CHANGE")
    if order.type is not OrderType.LIMIT or order.limit_price is None:
        text = f"Binance's futures cannot change a {order.type} order."
        raise VenueRefused(text, "Cancel it and place it anew.", code="NOT_SUPPORTED")
    params = {
        **_by_our_id(order, rules),
        "side": order.side.value,
        "quantity": plain(order.quantity),
        "price": plain(order.limit_price),
    }
    return Request("PUT", _ORDER, params, is_order=True)


def lookup(order: Order, rules: SymbolRules, *, triggered: bool = False) -> Request:
    """One order by our id, where it stands: a conditional one that was `triggered` among the plain orders."""
    if is_conditional(order) and not triggered:
        return algo_order(order.id)
    return Request("GET", _ORDER, _by_our_id(order, rules))


def algo_order(order_id: str) -> Request:
    """One conditional order by our id, as the algo service has it, triggered or not."""
    return Request("GET", _ALGO, {"clientAlgoId": order_id})


def open_orders(rules: SymbolRules | None = None) -> Request:
    """What is open, on one symbol or (dear) on all; conditional orders are not among it."""
    return _of_one_or_all("/fapi/v1/openOrders", rules)


def open_algo_orders(rules: SymbolRules | None = None) -> Request:
    """The conditional orders that wait, on one symbol or (dear) on all."""
    return _of_one_or_all("/fapi/v1/openAlgoOrders", rules)


def _of_one_or_all(path: str, rules: SymbolRules | None) -> Request:
    return Request("GET", path, weight=40) if rules is None else Request("GET", path, {"symbol": rules.venue_symbol})


def all_orders(rules: SymbolRules, *, since_ms: int | None = None, from_id: str = "") -> Request:
    """Orders of one symbol, open or not: from a venue order id on, or of the 7 days from `since_ms`."""
    return Request("GET", "/fapi/v1/allOrders", _page(rules, since_ms, "orderId", from_id), weight=5)


def all_algo_orders(rules: SymbolRules, *, since_ms: int | None = None) -> Request:
    """Conditional orders of one symbol, waiting or not, of the 7 days from `since_ms`."""
    return Request("GET", "/fapi/v1/allAlgoOrders", _page(rules, since_ms, "algoId", ""), weight=5)


def trades(rules: SymbolRules, *, since_ms: int | None = None, from_id: str = "", order_id: str = "") -> Request:
    """Trades of one symbol: from a trade id on, of the 7 days from `since_ms`, or of one venue order."""
    if order_id:
        params = {"symbol": rules.venue_symbol, "orderId": order_id, "limit": str(MOST_ROWS)}
    else:
        params = _page(rules, since_ms, "fromId", from_id)
    return Request("GET", "/fapi/v1/userTrades", params, weight=5)


def balances() -> Request:
    return Request("GET", "/fapi/v3/balance", weight=5)


def account() -> Request:
    """Balances, margin and open positions in one."""
    return Request("GET", "/fapi/v3/account", weight=5)


def positions() -> Request:
    """Open positions, with entry price, leverage and liquidation price."""
    return Request("GET", "/fapi/v3/positionRisk", weight=5)


def account_config() -> Request:
    """Whether the account may trade, and whether it is in hedge mode, in which the desk does not."""
    return Request("GET", "/fapi/v1/accountConfig", weight=5)


def commission(rules: SymbolRules) -> Request:
    """The account's own commission on a symbol."""
    return Request("GET", "/fapi/v1/commissionRate", {"symbol": rules.venue_symbol}, weight=20)


def leverage(rules: SymbolRules, times: int) -> Request:
    """Set the leverage of a symbol: 1 to 125, as far as the symbol allows."""
    params = {"symbol": rules.venue_symbol, "leverage": str(times)}
    return Request("POST", "/fapi/v1/leverage", params, is_order=True)


def exchange_info() -> Request:
    return Request("GET", "/fapi/v1/exchangeInfo", is_signed=False)


def _by_our_id(order: Order, rules: SymbolRules) -> Params:
    return {"symbol": rules.venue_symbol, "origClientOrderId": order.id}


def _page(rules: SymbolRules, since_ms: int | None, id_name: str, from_id: str) -> Params:
    start = {id_name: from_id} if from_id else {} if since_ms is None else {"startTime": str(since_ms)}
    return {"symbol": rules.venue_symbol, **start, "limit": str(MOST_ROWS)}
