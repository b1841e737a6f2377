"""What is sent to Binance's spot exchange, for each thing the desk can ask. Pure: method, path, parameters.

Signing, timestamps and sending are `session.py`'s. Weights are the documented ones (rest-api.md); those of orders are
only charged when they fail. Quantities are always in base, never `quoteOrderQty`.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from trading.errors import VenueRefused
from trading.executors.binance.names import AT_MARKET, list_id, replaced_id
from trading.executors.binance.rules import SymbolRules
from trading.executors.binance.terms import Terms, is_above, target_terms, terms_of
from trading.instruments import plain
from trading.intent import OrderType
from trading.order import Order
from trading.ports import Approved
from trading.reports import VenueOrder

Params = dict[str, str]
_SECRET = frozenset({"apiKey", "signature", "timestamp", "recvWindow"})
_WORKING = frozenset({"LIMIT", "LIMIT_MAKER"})
MOST_ROWS = 1000  # of trades and orders in one answer


class Request(msgspec.Struct, frozen=True):
    """One call. `is_order`: it could execute or change something, so that its failure may leave a doubt."""

    method: str
    path: str
    params: Mapping[str, str] = {}
    weight: int = 1
    is_order: bool = False
    is_signed: bool = True


def text(request: Request) -> str:
    """The request as a person reads it in `/dryrun` and `/why`: without secrets, timestamps or signature."""
    said = [f"{key}={value}" for key, value in request.params.items() if key not in _SECRET]
    return " ".join([request.method, request.path, *said])


# --- placing ---------------------------------------------------------------------------------


def place(
    approved: Approved, rules: SymbolRules, *, visible: Decimal | None = None, reference: Decimal | None = None
) -> Request:
    """A single order, an OCO pair, or an entry with one or two legs that the venue holds until it is filled.

    `visible` is the shown part of an iceberg, `reference` a price of now for trailing distances.

    Raises:
        VenueRefused: the symbol takes no such order, or the orders make no list that Binance knows.
    """
    first, legs = approved.order, approved.legs
    if not legs:
        return _order("/api/v3/order", _single(first, rules, visible, reference))
    common = {
        "symbol": rules.venue_symbol,
        "listClientOrderId": list_id(first),
        "newOrderRespType": "FULL",
    }
    if first.side is legs[0].side:
        return _order("/api/v3/orderList/oco", common | _pair(first, legs, rules, reference))
    return _bracket(first, legs, rules, common, visible)


def _single(order: Order, rules: SymbolRules, visible: Decimal | None, reference: Decimal | None) -> Params:
    terms = terms_of(order, rules, reference)
    return {
        "symbol": rules.venue_symbol,
        "side": order.side.value,
        "type": terms.kind,
        "quantity": plain(order.quantity),
        **_fields("", order, terms, visible),
        "newOrderRespType": "FULL",
    }


def _fields(prefix: str, order: Order, terms: Terms, visible: Decimal | None = None) -> Params:
    """Id, prices and the rest of one order under the names that start with `prefix` (none: a single order)."""
    limited_by_us = terms.is_limited and order.type in (OrderType.STOP, OrderType.TAKE_PROFIT, OrderType.TRAILING_STOP)
    values = {
        "clientOrderId": order.id,
        "timeInForce": terms.time_in_force,
        "price": None if terms.price is None else plain(terms.price),
        "stopPrice": None if terms.stop_price is None else plain(terms.stop_price),
        "trailingDelta": None if terms.delta is None else str(terms.delta),
        "icebergQty": None if visible is None else plain(visible),
        "strategyType": str(AT_MARKET) if limited_by_us else None,
    }
    return {_named(prefix, key): value for key, value in values.items() if value}


def _named(prefix: str, key: str) -> str:
    if not prefix:
        return "newClientOrderId" if key == "clientOrderId" else key
    return prefix + key[0].upper() + key[1:]


def _pair(first: Order, legs: Sequence[Order], rules: SymbolRules, reference: Decimal | None) -> Params:
    """An OCO pair: one order above the market, one below, of one side and one quantity."""
    if not rules.oco_allowed:
        raise _unsupported(rules, "pairs of stop and target")
    return {
        "side": first.side.value,
        "quantity": plain(first.quantity),
        **_sides([first, *legs], rules, reference, "above", "below"),
    }


def _bracket(
    entry: Order, legs: Sequence[Order], rules: SymbolRules, common: Params, visible: Decimal | None
) -> Request:
    """OTO or OTOCO: the entry works, its legs wait until it is filled completely.

    The quantity of the legs is theirs, which leaves out the fee that the entry pays of what it receives.
    """
    terms = terms_of(entry, rules)
    if not rules.oto_allowed or (len(legs) > 1 and not rules.oco_allowed):
        raise _unsupported(rules, "brackets")
    if terms.kind not in _WORKING:
        text = "Binance holds stops and targets only for an entry with a limit."
        raise VenueRefused(text, "Give the entry a limit, or leave out sl and tp.", code="NOT_SUPPORTED")
    params = common | {
        "workingType": terms.kind,
        "workingSide": entry.side.value,
        "workingQuantity": plain(entry.quantity),
        **_fields("working", entry, terms, visible),
        "pendingSide": legs[0].side.value,
        "pendingQuantity": plain(legs[0].quantity),
    }
    if len(legs) > 1:
        sides = _sides(legs, rules, entry.limit_price, "pendingAbove", "pendingBelow")
        return _order("/api/v3/orderList/otoco", params | sides)
    leg_terms = terms_of(legs[0], rules, entry.limit_price)
    params |= {"pendingType": leg_terms.kind, **_fields("pending", legs[0], leg_terms)}
    return _order("/api/v3/orderList/oto", params)


def _sides(legs: Sequence[Order], rules: SymbolRules, reference: Decimal | None, above: str, below: str) -> Params:
    """The two legs of a pair under the names of their sides.

    Raises:
        VenueRefused: they are no pair.
    """
    by_side = {is_above(leg): leg for leg in legs}
    same = len({(leg.symbol, leg.side, leg.quantity) for leg in legs}) == 1
    if len(legs) != 2 or len(by_side) != 2 or not same:
        raise VenueRefused("A pair is one stop and one target of the same size.", code="BAD_LIST")
    params: Params = {}
    for prefix, leg in ((above, by_side[True]), (below, by_side[False])):
        terms = target_terms(leg, rules) if leg.type is OrderType.LIMIT else terms_of(leg, rules, reference)
        params |= {f"{prefix}Type": terms.kind, **_fields(prefix, leg, terms)}
    return params


# --- changing --------------------------------------------------------------------------------


def cancel(order: Order, rules: SymbolRules, *, by_venue_id: bool = False) -> Request:
    """Cancel an order; one of a list takes its list with it.

    The cancel carries the order's own id, which would otherwise be replaced by one nobody knows; so a look-up by our
    id still finds it.
    """
    named = {"orderId": order.venue_order_id} if by_venue_id else {"origClientOrderId": order.id}
    params = {"symbol": rules.venue_symbol, **named, "newClientOrderId": order.id}
    return _order("/api/v3/order", params, method="DELETE")


def amend(order: Order, shown: VenueOrder, rules: SymbolRules, *, in_list: bool = False) -> Request:
    """Make the order as the venue has it (`shown`) into `order`, which carries the wished values.

    Less of the same keeps its place in the queue (`amend/keepPriority`), its id being sent again so that it stays.
    Anything else is one `cancelReplace`, chosen so that it can be neither doubled nor lost:

    - STOP_ON_FAILURE: the new order is only placed once the old one is cancelled.
    - ONLY_NEW: an order of which a part is filled is refused, as fills of the two could not be told apart from then on.
    - The new order takes our id, which the cancel sets free by calling the old one `replaced_id`. A look-up by our id
      thus finds the new order, and its fills are ours; if there is none, only the first half was done, and the old
      order, found by the venue's id, is seen to be cancelled. No answer can leave a third state.

    Raises:
        VenueRefused: nothing would change, it is in a list, or it is partly filled.
    """
    prices = (order.limit_price, order.stop_price) == (shown.limit_price, shown.stop_price)
    if prices and order.quantity == shown.quantity:
        raise VenueRefused("It is like that already.", code="NO_CHANGE")
    if prices and order.quantity < shown.quantity and rules.amend_allowed:
        params = {
            "symbol": rules.venue_symbol,
            "origClientOrderId": order.id,
            "newClientOrderId": order.id,
            "newQty": plain(order.quantity),
        }
        return Request("PUT", "/api/v3/order/amend/keepPriority", params, weight=4, is_order=True)
    if in_list:
        text = "Binance holds it in a list, whose orders can only be made smaller."
        raise VenueRefused(text, "Cancel it and place both anew.", code="IN_LIST")
    if shown.filled_quantity:
        text = f"{plain(shown.filled_quantity)} of it is filled by now."
        raise VenueRefused(text, "Cancel the rest and place a new order.", code="PARTLY_FILLED")
    return _replace(order, rules)


def _replace(order: Order, rules: SymbolRules) -> Request:
    if not rules.cancel_replace_allowed:
        raise _unsupported(rules, "changes of open orders")
    visible = order.iceberg if order.iceberg and order.iceberg < order.quantity else None
    params = _single(order, rules, visible, None) | {
        "cancelReplaceMode": "STOP_ON_FAILURE",
        "cancelRestrictions": "ONLY_NEW",
        "cancelOrigClientOrderId": order.id,
        "cancelNewClientOrderId": replaced_id(order),
    }
    return _order("/api/v3/order/cancelReplace", params)


# --- asking ----------------------------------------------------------------------------------


def lookup(order: Order, rules: SymbolRules, *, by_venue_id: bool = False) -> Request:
    """One order, by our id or by the venue's; the venue's also finds what a cancel has renamed."""
    named = {"orderId": order.venue_order_id} if by_venue_id else {"origClientOrderId": order.id}
    return Request("GET", "/api/v3/order", {"symbol": rules.venue_symbol, **named}, weight=4)


def lookup_list(name: str) -> Request:
    """A list and the venue's ids of its orders, by its own id."""
    return Request("GET", "/api/v3/orderList", {"origClientOrderId": name}, weight=4)


def open_orders(rules: SymbolRules | None = None) -> Request:
    """What is open, on one symbol or (dear) on all."""
    if rules is None:
        return Request("GET", "/api/v3/openOrders", weight=80)
    return Request("GET", "/api/v3/openOrders", {"symbol": rules.venue_symbol}, weight=6)


def all_orders(rules: SymbolRules, *, since_ms: int | None = None, from_id: str = "") -> Request:
    """Orders of one symbol, open or not, oldest first: from a venue order id on, or of the 24 hours from `since_ms`."""
    return Request("GET", "/api/v3/allOrders", _page(rules, since_ms, "orderId", from_id), weight=20)


def trades(rules: SymbolRules, *, since_ms: int | None = None, from_id: str = "", order_id: str = "") -> Request:
    """Trades of one symbol: from a trade id on, of the 24 hours from `since_ms`, or of one venue order."""
    if order_id:
        return Request("GET", "/api/v3/myTrades", {"symbol": rules.venue_symbol, "orderId": order_id}, weight=5)
    return Request("GET", "/api/v3/myTrades", _page(rules, since_ms, "fromId", from_id), weight=20)


def _page(rules: SymbolRules, since_ms: int | None, id_name: str, from_id: str) -> Params:
    """A page from an id on, else one from a moment on; both at once are refused (-1128)."""
    start = {id_name: from_id} if from_id else {} if since_ms is None else {"startTime": str(since_ms)}
    return {"symbol": rules.venue_symbol, **start, "limit": str(MOST_ROWS)}


def account() -> Request:
    """Balances and what the account may do; empty balances are left out."""
    return Request("GET", "/api/v3/account", {"omitZeroBalances": "true"}, weight=20)


def commission(rules: SymbolRules) -> Request:
    """The account's own commission on a symbol."""
    return Request("GET", "/api/v3/account/commission", {"symbol": rules.venue_symbol}, weight=20)


def permissions() -> Request:
    """What the key may do; withdrawals among it. Not on the testnet, which has no /sapi."""
    return Request("GET", "/sapi/v1/account/apiRestrictions")


def exchange_info() -> Request:
    return Request("GET", "/api/v3/exchangeInfo", weight=20, is_signed=False)


def _order(path: str, params: Params, method: str = "POST") -> Request:
    return Request(method, path, params, is_order=True)


def _unsupported(rules: SymbolRules, what: str) -> VenueRefused:
    return VenueRefused(f"{rules.symbol} takes no {what} on Binance.", "Send single orders.", code="NOT_SUPPORTED")
