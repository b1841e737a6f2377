"""The trading requests of the spot exchange: parameters in, answers out (rest-api.md "Trading endpoints")."""

from collections.abc import Callable

from tests.emulators.binance import codes, drafts
from tests.emulators.binance.accounts import Account
from tests.emulators.binance.calls import Call, Route
from tests.emulators.binance.exchange import Exchange
from tests.emulators.binance.house import PRODUCT
from tests.emulators.binance.orders import Json, Order, OrderList

LEG = (
    "Type ClientOrderId Price StopPrice TrailingDelta IcebergQty TimeInForce StrategyId StrategyType "
    "PegPriceType PegOffsetType PegOffsetValue"
)
NEW = (
    "symbol side type timeInForce quantity quoteOrderQty price newClientOrderId strategyId strategyType stopPrice "
    "trailingDelta icebergQty newOrderRespType selfTradePreventionMode pegPriceType pegOffsetValue pegOffsetType"
)
LIST = "symbol listClientOrderId newOrderRespType selfTradePreventionMode"


def _legs(*prefixes: str) -> str:
    return " ".join(prefix + name for prefix in prefixes for name in LEG.split())


WORKING = _legs("working") + " workingSide workingQuantity"
ACCEPTS = {
    "new": NEW,
    "test": f"{NEW} computeCommissionRates",
    "cancel": "symbol orderId origClientOrderId newClientOrderId cancelRestrictions",
    "replace": f"{NEW} cancelReplaceMode cancelNewClientOrderId cancelOrigClientOrderId cancelOrderId "
    "cancelRestrictions orderRateLimitExceededMode",
    "amend": "symbol orderId origClientOrderId newClientOrderId newQty",
    "oco": f"{LIST} side quantity {_legs('above', 'below')}",
    "oto": f"{LIST} {WORKING} pendingSide pendingQuantity {_legs('pending')}",
    "otoco": f"{LIST} {WORKING} pendingSide pendingQuantity {_legs('pendingAbove', 'pendingBelow')}",
    "opo": f"{LIST} {WORKING} pendingSide {_legs('pending')}",
    "opoco": f"{LIST} {WORKING} pendingSide {_legs('pendingAbove', 'pendingBelow')}",
    "cancel_list": "symbol orderListId listClientOrderId newClientOrderId",
    "cancel_all": "symbol",
}


class SpotTrade:
    """The trading requests of one exchange."""

    def __init__(self, exchange: Exchange, account: Callable[[Call], Account]) -> None:
        self._exchange, self._account = exchange, account

    def routes(self) -> list[tuple[str, str, Route]]:
        """REST operation, WebSocket API method, route."""

        def route(name: str, answer: Callable[[Call], object], weight: int = 1, orders: int = 0) -> Route:
            accepts = frozenset(ACCEPTS[name].split())
            free = name not in ("test", "amend")
            return Route(PRODUCT, answer, "TRADE", weight, free, orders, accepts)

        lists = "POST /api/v3/orderList/"
        return [
            ("POST /api/v3/order", "order.place", route("new", self.new, orders=1)),
            ("POST /api/v3/order/test", "order.test", route("test", self.test)),
            ("DELETE /api/v3/order", "order.cancel", route("cancel", self.cancel)),
            ("POST /api/v3/order/cancelReplace", "order.cancelReplace", route("replace", self.replace)),
            ("PUT /api/v3/order/amend/keepPriority", "order.amend.keepPriority", route("amend", self.amend, 4)),
            ("DELETE /api/v3/openOrders", "openOrders.cancelAll", route("cancel_all", self.cancel_all)),
            (f"{lists}oco", "orderList.place.oco", route("oco", self.oco, orders=2)),
            (f"{lists}oto", "orderList.place.oto", route("oto", self.oto, orders=2)),
            (f"{lists}otoco", "orderList.place.otoco", route("otoco", self.otoco, orders=3)),
            (f"{lists}opo", "orderList.place.opo", route("opo", self.opo, orders=2)),
            (f"{lists}opoco", "orderList.place.opoco", route("opoco", self.opoco, orders=3)),
            ("DELETE /api/v3/orderList", "orderList.cancel", route("cancel_list", self.cancel_list)),
        ]

    def new(self, call: Call) -> Json:
        symbol = self._exchange.symbol(call.need("symbol"))
        return self._exchange.place(self._account(call), drafts.order(call, symbol))

    def test(self, call: Call) -> Json:
        """Everything but the matching engine."""
        account, symbol = self._account(call), self._exchange.symbol(call.need("symbol"))
        order = drafts.order(call, symbol)
        self._exchange.check(account, [order])
        if not call.flag("computeCommissionRates"):
            return {}
        buyer, pays = order.side == "BUY", account.commission
        kinds = (("standard", pays.standard), ("special", pays.special), ("tax", pays.tax))
        rates = {
            f"{name}CommissionForOrder": {
                "maker": f"{rate.of(True, buyer):.8f}",
                "taker": f"{rate.of(False, buyer):.8f}",
            }
            for name, rate in kinds
        }
        discount = {
            "enabledForAccount": pays.pay_in_bnb,
            "enabledForSymbol": True,
            "discountAsset": "BNB",
            "discount": f"{pays.discount:.8f}",
        }
        return {**rates, "discount": discount}

    def cancel(self, call: Call) -> Json:
        return self._cancel(call, "orderId", "origClientOrderId", "newClientOrderId")

    def replace(self, call: Call) -> Json:
        """Cancel and place; half a success is a refusal with -2021, none with -2022, both halves in `data`."""
        exchange, account = self._exchange, self._account(call)
        symbol = exchange.symbol(call.need("symbol"))
        mode = call.need("cancelReplaceMode")
        if mode not in ("STOP_ON_FAILURE", "ALLOW_FAILURE"):
            raise codes.INVALID_PARAMETER.refusal("cancelReplaceMode")
        if not symbol.info["cancelReplaceAllowed"]:
            raise codes.NEW_ORDER_REJECTED.refusal(codes.CANCEL_REPLACE_NOT_SUPPORTED)
        order = drafts.order(call, symbol)
        # Filters are evaluated before either half; the id of an order that is about to go is free then.
        taken, order.client_id = order.client_id, ""
        exchange.check(account, [order])
        order.client_id = taken
        over = self._over_limit(call)
        if over is not None and call.get("orderRateLimitExceededMode") != "CANCEL_ONLY":
            raise over
        data: Json = {"cancelResult": "SUCCESS", "newOrderResult": "NOT_ATTEMPTED"}
        try:
            ids = ("cancelOrderId", "cancelOrigClientOrderId", "cancelNewClientOrderId")
            data["cancelResponse"] = self._cancel(call, *ids)
        except codes.Refusal as refusal:
            data.update(cancelResult="FAILURE", cancelResponse=refusal.body)
        status = over.status if over is not None else 409
        data["newOrderResponse"] = None
        if data["cancelResult"] == "SUCCESS" or mode == "ALLOW_FAILURE":
            try:
                if over is not None:
                    raise over
                data.update(newOrderResponse=exchange.place(account, order), newOrderResult="SUCCESS")
            except codes.Refusal as refusal:
                data.update(newOrderResponse=refusal.body, newOrderResult="FAILURE")
        good = [data[half] == "SUCCESS" for half in ("cancelResult", "newOrderResult")]
        if all(good):
            return data
        code = codes.CANCEL_REPLACE_PARTIAL if any(good) else codes.CANCEL_REPLACE_FAILED
        failed = status if any(good) or over is not None else code.status
        raise codes.Refusal(code.code, code.msg, failed, {"data": data})

    def amend(self, call: Call) -> Json:
        qty = call.decimal("newQty")
        if not qty:
            raise codes.PARAM_MISSING.refusal("newQty")
        account = self._account(call)
        order = self._open_order(call, account, "orderId", "origClientOrderId", codes.AMEND_REJECTED)
        return self._exchange.amend(account, order, qty, drafts.client_id(call, "newClientOrderId"))

    def cancel_all(self, call: Call) -> list[Json]:
        account, symbol = self._account(call), self._exchange.symbol(call.need("symbol")).name
        orders = [order for order in account.open.values() if order.symbol == symbol]
        if not orders:
            raise codes.CANCEL_REJECTED.refusal(codes.UNKNOWN_ORDER)
        return [self._exchange.cancel(account, order, "") for order in orders if order.open]

    # Lists

    def oco(self, call: Call) -> Json:
        self._allowed(call, "oco")
        side, qty = drafts.side(call, "side"), call.decimal("quantity")
        if not qty:
            raise codes.PARAM_MISSING.refusal("quantity")
        symbol = self._exchange.symbol(call.need("symbol"))
        orders = [drafts.leg(call, symbol, prefix, side, qty) for prefix in ("above", "below")]
        return self._list(call, "OCO", orders)

    def oto(self, call: Call) -> Json:
        return self._triggered(call, ("pending",), ("oto",), opo=False)

    def otoco(self, call: Call) -> Json:
        return self._triggered(call, ("pendingAbove", "pendingBelow"), ("oto", "oco"), opo=False)

    def opo(self, call: Call) -> Json:
        return self._triggered(call, ("pending",), ("oto", "opo"), opo=True)

    def opoco(self, call: Call) -> Json:
        return self._triggered(call, ("pendingAbove", "pendingBelow"), ("oto", "oco", "opo"), opo=True)

    def cancel_list(self, call: Call) -> Json:
        account, symbol = self._account(call), self._exchange.symbol(call.need("symbol")).name
        number, name = call.integer("orderListId"), call.get("listClientOrderId")
        if number is None and not name:
            raise codes.PARAM_EITHER.refusal("orderListId", "listClientOrderId")
        for group in reversed(self._exchange.lists.values()):
            right = group.id == number if number is not None else group.client_id == name
            if right and group.open and group.account == account.name and group.symbol == symbol:
                if name and group.client_id != name:
                    break
                return self._exchange.cancel_list(group, drafts.client_id(call, "newClientOrderId"))
        raise codes.CANCEL_REJECTED.refusal(codes.UNKNOWN_ORDER)

    def _triggered(self, call: Call, pending: tuple[str, ...], flags: tuple[str, ...], *, opo: bool) -> Json:
        self._allowed(call, *flags)
        symbol = self._exchange.symbol(call.need("symbol"))
        side, qty = drafts.side(call, "workingSide"), call.decimal("workingQuantity")
        if not qty:
            raise codes.PARAM_MISSING.refusal("workingQuantity")
        if call.need("workingType") not in ("LIMIT", "LIMIT_MAKER"):
            raise codes.INVALID_ORDER_TYPE.refusal()
        working = drafts.leg(call, symbol, "working", side, qty)
        other, size = drafts.side(call, "pendingSide"), None if opo else call.decimal("pendingQuantity")
        if opo and side != "BUY":
            raise codes.OPO_WORKING_MUST_BE_BUY.refusal()
        if opo and other != "SELL":
            raise codes.OPO_PENDING_MUST_BE_SELL.refusal()
        if not opo and not size:
            raise codes.PARAM_MISSING.refusal("pendingQuantity")
        orders = [working, *(drafts.leg(call, symbol, prefix, other, size) for prefix in pending)]
        return self._list(call, "OTO", orders, opo=opo)

    def _list(self, call: Call, contingency: str, orders: list[Order], *, opo: bool = False) -> Json:
        account = self._account(call)
        if "newOrderRespType" not in call.params:
            for order in orders:
                order.resp = "RESULT"
        name = drafts.client_id(call, "listClientOrderId")
        group = OrderList(-1, account.name, orders[0].symbol, contingency, name, orders, 0, opo=opo)
        return self._exchange.place_list(account, group, last_matters=contingency == "OCO")

    def _allowed(self, call: Call, *flags: str) -> None:
        info = self._exchange.symbol(call.need("symbol")).info
        for flag in flags:
            if not info[f"{flag}Allowed"]:
                text = f"{flag.upper()} orders are not supported for this symbol" + ("" if flag == "oco" else ".")
                raise codes.NEW_ORDER_REJECTED.refusal(text)

    # Finding what to cancel

    def _cancel(self, call: Call, by_id: str, by_client: str, new: str) -> Json:
        restriction = call.get("cancelRestrictions")
        if restriction not in ("", "ONLY_NEW", "ONLY_PARTIALLY_FILLED"):
            raise codes.INVALID_CANCEL_RESTRICTIONS.refusal()
        account = self._account(call)
        order = self._open_order(call, account, by_id, by_client, codes.CANCEL_REJECTED)
        return self._exchange.cancel(account, order, drafts.client_id(call, new), restriction)

    def _open_order(self, call: Call, account: Account, by_id: str, by_client: str, code: codes.Code) -> Order:
        symbol = self._exchange.symbol(call.need("symbol")).name
        number, name = call.integer(by_id), call.get(by_client)
        if number is None and not name:
            raise codes.PARAM_EITHER.refusal(by_client, by_id)
        try:
            return self._exchange.find(account, symbol, number, name, opened=True)
        except KeyError:
            raise code.refusal(codes.UNKNOWN_ORDER) from None

    def _over_limit(self, call: Call) -> codes.Refusal | None:
        try:
            self._exchange.venue.limits[PRODUCT].order(call.account, 1)
        except codes.Refusal as refusal:
            return refusal
        return None
