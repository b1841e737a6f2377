"""The account requests of the spot exchange (rest-api.md "Account Endpoints", and sapi's apiRestrictions)."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from tests.emulators.binance import codes, reports
from tests.emulators.binance.accounts import Account, Rates
from tests.emulators.binance.calls import Call, Route
from tests.emulators.binance.exchange import Exchange
from tests.emulators.binance.house import PRODUCT
from tests.emulators.binance.money import ZERO, text
from tests.emulators.binance.orders import Json, Order, OrderList

Row = TypeVar("Row")
DAY_MS = 86_400_000
TOO_LONG = codes.Code(-1127, "More than 24 hours between startTime and endTime.")


class SpotAccount:
    """The account requests of one exchange."""

    def __init__(self, exchange: Exchange, account: Callable[[Call], Account]) -> None:
        self._exchange, self._account = exchange, account

    def routes(self) -> list[tuple[str, str, Route]]:
        """REST operation, WebSocket API method, route."""

        def route(answer: Callable[[Call], object], weight: int | Callable[[Mapping[str, str]], int]) -> Route:
            return Route(PRODUCT, answer, "USER_DATA", weight)

        def of_open(params: Mapping[str, str]) -> int:
            return 6 if params.get("symbol") else 80

        def of_trades(params: Mapping[str, str]) -> int:
            return 5 if params.get("orderId") else 20

        return [
            ("GET /api/v3/account", "account.status", route(self.account, 20)),
            ("GET /api/v3/order", "order.status", route(self.order, 4)),
            ("GET /api/v3/openOrders", "openOrders.status", route(self.open_orders, of_open)),
            ("GET /api/v3/allOrders", "allOrders", route(self.all_orders, 20)),
            ("GET /api/v3/orderList", "orderList.status", route(self.order_list, 4)),
            ("GET /api/v3/allOrderList", "allOrderLists", route(self.all_lists, 20)),
            ("GET /api/v3/openOrderList", "openOrderLists.status", route(self.open_lists, 6)),
            ("GET /api/v3/myTrades", "myTrades", route(self.trades, of_trades)),
            ("GET /api/v3/rateLimit/order", "account.rateLimits.orders", route(self.order_counts, 40)),
            ("GET /api/v3/account/commission", "account.commission", route(self.commission, 20)),
            ("GET /api/v3/order/amendments", "order.amendments", route(self.amendments, 4)),
            ("GET /api/v3/myPreventedMatches", "myPreventedMatches", route(self.prevented, 20)),
            ("GET /api/v3/myFilters", "myFilters", route(self.filters, 40)),
            ("GET /sapi/v1/account/apiRestrictions", "", route(self.restrictions, 1)),
        ]

    def account(self, call: Call) -> Json:
        account, now = self._account(call), self._exchange.now_ms
        rates = account.commission.standard
        known = {asset for symbol in self._exchange.symbols.values() for asset in (symbol.base, symbol.quote)}
        assets = sorted(known | set(account.free))
        balances = [
            {
                "asset": asset,
                "free": text(account.free.get(asset, ZERO)),
                "locked": text(account.locked.get(asset, ZERO)),
            }
            for asset in assets
            if account.balance(asset) or not call.flag("omitZeroBalances")
        ]
        return {
            "makerCommission": int(rates.maker * 10_000),
            "takerCommission": int(rates.taker * 10_000),
            "buyerCommission": int(rates.buyer * 10_000),
            "sellerCommission": int(rates.seller * 10_000),
            "commissionRates": _rates(rates),
            "canTrade": account.can_trade,
            "canWithdraw": True,
            "canDeposit": True,
            "brokered": False,
            "requireSelfTradePrevention": False,
            "preventSor": False,
            "updateTime": account.update_ms or now,
            "accountType": "SPOT",
            "balances": balances,
            "permissions": ["SPOT"],
            "uid": account.uid,
            **({"tradeGroupId": account.trade_group} if account.trade_group >= 0 else {}),
        }

    def order(self, call: Call) -> Json:
        symbol = self._exchange.symbol(call.need("symbol")).name
        number, name = call.integer("orderId"), call.get("origClientOrderId")
        if number is None and not name:
            raise codes.PARAM_EITHER.refusal("origClientOrderId", "orderId")
        return self._exchange.query(self._account(call), symbol, number, name)

    def open_orders(self, call: Call) -> list[Json]:
        symbol = self._exchange.symbol(call.params["symbol"]).name if call.get("symbol") else ""
        orders = self._account(call).open.values()
        return [reports.queried(order) for order in orders if symbol in ("", order.symbol) and self._visible(order.id)]

    def all_orders(self, call: Call) -> list[Json]:
        symbol = self._exchange.symbol(call.need("symbol")).name
        since, until = self._span(call)
        first = call.integer("orderId")
        found: list[Order] = [
            order
            for order in self._account(call).orders.values()
            if order.symbol == symbol
            and self._visible(order.id)
            and (first is None or order.id >= first)
            and since <= order.time_ms <= until
        ]
        return [reports.queried(order) for order in self._limited(call, found, first is not None)]

    def trades(self, call: Call) -> list[Json]:
        symbol = self._exchange.symbol(call.need("symbol")).name
        since, until = self._span(call)
        order, first = call.integer("orderId"), call.integer("fromId")
        if first is not None and ("startTime" in call.params or "endTime" in call.params):
            raise codes.OPTIONAL_PARAMS_BAD_COMBO.refusal()
        found = [
            trade
            for trade in self._account(call).trades
            if trade.symbol == symbol
            and self._visible(trade.order_id)
            and order in (None, trade.order_id)
            and (first is None or trade.trade_id >= first)
            and since <= trade.time_ms <= until
        ]
        return [reports.my_trade(trade) for trade in self._limited(call, found, first is not None)]

    def order_list(self, call: Call) -> Json:
        number, name = call.integer("orderListId"), call.get("origClientOrderId")
        if number is None and not name:
            raise codes.PARAM_EITHER.refusal("origClientOrderId", "orderListId")
        for group in reversed(self._lists(call)):
            if (number is None or group.id == number) and (not name or group.client_id == name):
                return reports.listed(group)
        raise codes.Refusal(codes.NO_SUCH_ORDER.code, "Order list does not exist.")

    def open_lists(self, call: Call) -> list[Json]:
        return [reports.listed(group) for group in self._lists(call) if group.open]

    def all_lists(self, call: Call) -> list[Json]:
        since, until = self._span(call)
        first = call.integer("fromId")
        if first is not None and ("startTime" in call.params or "endTime" in call.params):
            raise codes.OPTIONAL_PARAMS_BAD_COMBO.refusal()
        found = [
            group
            for group in self._lists(call)
            if (first is None or group.id >= first) and since <= group.time_ms <= until
        ]
        return [reports.listed(group) for group in self._limited(call, found, first is not None)]

    def order_counts(self, call: Call) -> list[Json]:
        counts = self._exchange.venue.limits[PRODUCT].counts(call.account)
        return [row for row in counts if row["rateLimitType"] == "ORDERS"]

    def commission(self, call: Call) -> Json:
        symbol, pays = self._exchange.symbol(call.need("symbol")), self._account(call).commission
        return {
            "symbol": symbol.name,
            "standardCommission": _rates(pays.standard),
            "specialCommission": _rates(pays.special),
            "taxCommission": _rates(pays.tax),
            "discount": {
                "enabledForAccount": pays.pay_in_bnb,
                "enabledForSymbol": True,
                "discountAsset": "BNB",
                "discount": text(pays.discount),
            },
        }

    def amendments(self, call: Call) -> list[Json]:
        number = call.integer("orderId")
        if number is None:
            raise codes.PARAM_MISSING.refusal("orderId")
        symbol = self._exchange.symbol(call.need("symbol")).name
        order = self._account(call).orders.get(number)
        if order is None or order.symbol != symbol:
            raise codes.NO_SUCH_ORDER.refusal()
        return [
            {
                "symbol": symbol,
                "orderId": order.id,
                "executionId": one.execution_id,
                "origClientOrderId": one.from_id,
                "newClientOrderId": one.to_id,
                "origQty": text(one.from_qty),
                "newQty": text(one.to_qty),
                "time": one.time_ms,
            }
            for one in order.amendments
        ]

    def prevented(self, call: Call) -> list[Json]:
        symbol, order = self._exchange.symbol(call.need("symbol")).name, call.integer("orderId")
        account = self._account(call)
        return [
            {
                "symbol": row.symbol,
                "preventedMatchId": row.match_id,
                "takerOrderId": row.taker_id,
                "makerSymbol": row.symbol,
                "makerOrderId": row.maker_id,
                "tradeGroupId": account.trade_group,
                "selfTradePreventionMode": row.mode,
                "price": text(row.price),
                **({"takerPreventedQuantity": text(row.taker_qty)} if row.taker_qty is not None else {}),
                **({"makerPreventedQuantity": text(row.maker_qty)} if row.maker_qty is not None else {}),
                "transactTime": row.time_ms,
            }
            for row in account.prevented
            if row.symbol == symbol and order in (None, row.taker_id, row.maker_id)
        ]

    def filters(self, call: Call) -> Json:
        symbol = self._exchange.symbol(call.need("symbol"))
        return {"exchangeFilters": [], "symbolFilters": symbol.info["filters"], "assetFilters": []}

    def restrictions(self, call: Call) -> Json:
        """What the key may do (developers.binance.com, Wallet, "Get API Key Permission")."""
        assert call.key is not None
        may = call.key.permissions
        return {
            "ipRestrict": False,
            "createTime": call.key.created_ms,
            "enableReading": "USER_DATA" in may,
            "enableWithdrawals": "WITHDRAW" in may,
            "enableInternalTransfer": False,
            "enableMargin": False,
            "enableFutures": "FUTURES" in may,
            "permitsUniversalTransfer": False,
            "enableVanillaOptions": False,
            "enableFixApiTrade": False,
            "enableFixReadOnly": False,
            "enableSpotAndMarginTrading": "TRADE" in may,
            "enablePortfolioMarginTrading": False,
        }

    def _lists(self, call: Call) -> list[OrderList]:
        account = self._account(call).name
        return [
            group
            for group in self._exchange.lists.values()
            if group.account == account and all(self._visible(order.id) for order in group.orders)
        ]

    def _visible(self, order_id: int) -> bool:
        return not self._exchange.venue.faults.hidden(PRODUCT, order_id, lists=True)

    def _span(self, call: Call) -> tuple[int, int]:
        since, until = call.integer("startTime"), call.integer("endTime")
        if since is not None and until is not None and until - since > DAY_MS:
            raise TOO_LONG.refusal()
        return since or 0, until if until is not None else 2**63

    def _limited(self, call: Call, rows: list[Row], oldest: bool) -> list[Row]:
        """The oldest of a range with a start, else the newest ("General API Information")."""
        limit = min(call.integer("limit") or 500, 1000)
        return rows[:limit] if oldest or "startTime" in call.params else rows[-limit:]


def _rates(rates: Rates) -> dict[str, str]:
    return {
        "maker": text(rates.maker),
        "taker": text(rates.taker),
        "buyer": text(rates.buyer),
        "seller": text(rates.seller),
    }
