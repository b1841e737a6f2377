"""Orders of USDT-M futures as clients ask for them: REST and WebSocket API share these answers.

Source: developers.binance.com, derivatives / usds-margined-futures, "Trade" (REST and WebSocket API).
"""

import json
from collections.abc import Iterable
from typing import Any, TypeVar

from tests.emulators.binance import codes
from tests.emulators.binance import futures_codes as refusals
from tests.emulators.binance.calls import Answering, Call, Route
from tests.emulators.binance.faults import Faults
from tests.emulators.binance.futures_admission import read_algo, read_order
from tests.emulators.binance.futures_clearing import PRODUCT
from tests.emulators.binance.futures_contracts import Contract
from tests.emulators.binance.futures_exchange import FuturesExchange
from tests.emulators.binance.futures_history import findable, limit, window
from tests.emulators.binance.futures_orders import AlgoOrder, Order
from tests.emulators.binance.futures_positions import ZERO, FuturesAccount

DONE = {"code": 200, "msg": "The operation of cancel all open order is done."}
Kept = TypeVar("Kept", Order, AlgoOrder)


class Orders:
    """What may be asked about orders and conditional orders."""

    def __init__(self, exchange: FuturesExchange, faults: Faults) -> None:
        self._exchange, self._faults = exchange, faults

    def routes(self) -> dict[str, Route]:
        """The REST operations. Placing costs no weight but counts as an order."""
        one_or_all = lambda params: 1 if params.get("symbol") else 40  # noqa: E731
        return {
            "POST /fapi/v1/order": _signed(self.place, weight=0, orders=1),
            "POST /fapi/v1/order/test": _signed(self.test, weight=0),
            "PUT /fapi/v1/order": _signed(self.modify, weight=0, orders=1),
            "GET /fapi/v1/order": _signed(self.query),
            "DELETE /fapi/v1/order": _signed(self.cancel),
            "POST /fapi/v1/batchOrders": _signed(self.place_batch, weight=5, orders=5),
            "PUT /fapi/v1/batchOrders": _signed(self.modify_batch, weight=5, orders=5),
            "DELETE /fapi/v1/batchOrders": _signed(self.cancel_batch),
            "GET /fapi/v1/openOrder": _signed(self.query_open),
            "GET /fapi/v1/openOrders": Route(PRODUCT, self.open_orders, "FUTURES", one_or_all),
            "GET /fapi/v1/allOrders": _signed(self.all_orders, weight=5),
            "DELETE /fapi/v1/allOpenOrders": _signed(self.cancel_all),
            "GET /fapi/v1/userTrades": _signed(self.trades, weight=5),
            "POST /fapi/v1/algoOrder": _signed(self.place_algo, weight=0, orders=1),
            "GET /fapi/v1/algoOrder": _signed(self.query_algo),
            "DELETE /fapi/v1/algoOrder": _signed(self.cancel_algo),
            "DELETE /fapi/v1/algoOpenOrders": _signed(self.cancel_all_algos),
            "GET /fapi/v1/openAlgoOrders": Route(PRODUCT, self.open_algos, "FUTURES", one_or_all),
            "GET /fapi/v1/allAlgoOrders": _signed(self.all_algos, weight=5),
        }

    def methods(self) -> dict[str, Route]:
        """The WebSocket API's methods (`/ws-fapi/v1`)."""
        return {
            "order.place": _signed(self.place, weight=0, orders=1),
            "order.modify": _signed(self.modify, weight=0, orders=1),
            "order.cancel": _signed(self.cancel),
            "order.status": _signed(self.query),
            "algoOrder.place": _signed(self.place_algo, weight=0, orders=1),
            "algoOrder.cancel": _signed(self.cancel_algo),
        }

    def contract(self, call: Call) -> Contract:
        """The contract that `symbol` names. Refuses -1102, -1121."""
        contract = self._exchange.contracts.get(call.need("symbol"))
        if contract is None:
            raise codes.INVALID_SYMBOL.refusal()
        return contract

    def account(self, call: Call) -> FuturesAccount:
        """The account of the call's key, with whatever time has ended by now ended."""
        self._exchange.expire()
        return self._exchange.account(call.account)

    # Orders

    def place(self, call: Call) -> dict[str, Any]:
        account, contract = self.account(call), self.contract(call)
        order = self._exchange.place(
            account, read_order(call, account, contract, self._exchange.prices[contract.symbol])
        )
        told = order.answer()
        # RESULT waits for the end of a market order and of a limit order that does not rest; ACK never does.
        if call.get("newOrderRespType", "ACK") == "RESULT" and (order.type == "MARKET" or order.tif != "GTC"):
            return told
        return told | {"status": "NEW", "executedQty": contract.quantity(ZERO), "cumQty": contract.quantity(ZERO)}

    def test(self, call: Call) -> dict[str, Any]:
        account, contract = self.account(call), self.contract(call)
        return read_order(call, account, contract, self._exchange.prices[contract.symbol]).answer()

    def modify(self, call: Call) -> dict[str, Any]:
        account, contract = self.account(call), self.contract(call)
        order = self._open(call, account)
        call.need("side")
        call.need("quantity")
        call.need("price")
        quantity, price = call.decimal("quantity") or ZERO, call.decimal("price") or ZERO
        tag = call.integer("modifyId")
        self._exchange.modify(account, order, quantity, price, tag)
        more = {"pair": contract.symbol} | ({"modifyId": tag} if tag is not None else {})
        return order.answer() | more

    def query(self, call: Call) -> dict[str, Any]:
        account = self.account(call)
        self.contract(call)
        return self._visible(self._found(call, account), call.now_ms).queried()

    def query_open(self, call: Call) -> dict[str, Any]:
        account = self.account(call)
        order = self._visible(self._found(call, account), call.now_ms)
        if order.ended:
            raise codes.NO_SUCH_ORDER.refusal()
        return order.queried()

    def cancel(self, call: Call) -> dict[str, Any]:
        account = self.account(call)
        self.contract(call)
        return self._exchange.cancel(self._open(call, account)).answer()

    def cancel_all(self, call: Call) -> dict[str, Any]:
        account, contract = self.account(call), self.contract(call)
        for order in [there for there in account.open_orders.values() if there.symbol == contract.symbol]:
            self._exchange.cancel(order)
        return DONE

    def open_orders(self, call: Call) -> list[dict[str, Any]]:
        account, symbol = self.account(call), self._symbol(call)
        return [
            o.queried() for o in account.open_orders.values() if symbol in ("", o.symbol) and self._listed(o.order_id)
        ]

    def all_orders(self, call: Call) -> list[dict[str, Any]]:
        account, symbol = self.account(call), self._symbol(call)
        first = call.integer("orderId") or 0
        found = [
            order
            for order in account.orders.values()
            if symbol in ("", order.symbol) and order.order_id >= first and self._listed(order.order_id)
        ]
        recent = [order for order in found if findable(order, call.now_ms)]
        return [order.queried() for order in window(call, recent, lambda order: order.created_ms, oldest=bool(first))]

    def trades(self, call: Call) -> list[dict[str, Any]]:
        account, contract = self.account(call), self.contract(call)
        first, order_id = call.integer("fromId"), call.integer("orderId")
        if first is not None and ("startTime" in call.params or "endTime" in call.params):
            raise codes.OPTIONAL_PARAMS_BAD_COMBO.refusal()
        found = [
            row
            for row in account.trades
            if row["symbol"] == contract.symbol
            and order_id in (None, row["orderId"])
            and row["id"] >= (first or 0)
            and self._listed(row["orderId"])
        ]
        if first is not None:
            return found[: limit(call)]
        return window(call, found, lambda row: int(row["time"]))

    # Several at once: each is answered for itself

    def place_batch(self, call: Call) -> list[dict[str, Any]]:
        return [self._each(self.place, call, params) for params in _batch(call)]

    def modify_batch(self, call: Call) -> list[dict[str, Any]]:
        return [self._each(self.modify, call, params) for params in _batch(call)]

    def cancel_batch(self, call: Call) -> list[dict[str, Any]]:
        self.contract(call)
        # Clients send these two names in either case.
        lists = Call(call.operation, {name.lower(): value for name, value in call.params.items()}, call.now_ms)
        numbers, names = lists.texts("orderidlist"), lists.texts("origclientorderidlist")
        if not numbers and not names:
            raise codes.PARAM_EITHER.refusal("orderIdList", "origClientOrderIdList")
        if len(numbers or names or []) > 10:
            raise refusals.BATCH_SIZE.refusal(len(numbers or names or []))
        wanted = [("orderId", n) for n in numbers] if numbers else [("origClientOrderId", n) for n in names or []]
        symbol = call.need("symbol")
        return [self._each(self.cancel, call, {"symbol": symbol, name: value}) for name, value in wanted]

    def _each(self, answer: Answering, call: Call, params: dict[str, str]) -> dict[str, Any]:
        try:
            found: dict[str, Any] = answer(Call(call.operation, params, call.now_ms, call.key))
        except codes.Refusal as refusal:
            return refusal.body
        return found

    # Conditional orders

    def place_algo(self, call: Call) -> dict[str, Any]:
        account, contract = self.account(call), self.contract(call)
        algo = read_algo(call, account, contract, self._exchange.prices[contract.symbol])
        self._exchange.algos.place(account, algo)
        self._faults.created(PRODUCT, algo.algo_id, algo.client_id)
        return algo.answer()

    def query_algo(self, call: Call) -> dict[str, Any]:
        return self._visible(self._found_algo(call), call.now_ms).queried()

    def cancel_algo(self, call: Call) -> dict[str, Any]:
        algo = self._found_algo(call)
        if algo is None or algo.status != "NEW":
            raise refusals.UNKNOWN_ORDER.refusal()
        self._exchange.algos.cancel(algo)
        return {"algoId": algo.algo_id, "clientAlgoId": algo.client_id, "code": "200", "msg": "success"}

    def cancel_all_algos(self, call: Call) -> dict[str, Any]:
        account, contract = self.account(call), self.contract(call)
        for algo in [a for a in account.open_algos.values() if a.symbol == contract.symbol and a.status == "NEW"]:
            self._exchange.algos.cancel(algo)
        return DONE

    def open_algos(self, call: Call) -> list[dict[str, Any]]:
        account, symbol = self.account(call), self._symbol(call)
        found = [algo for algo in account.open_algos.values() if symbol in ("", algo.symbol)]
        return [algo.queried() for algo in found if self._listed(algo.algo_id)]

    def all_algos(self, call: Call) -> list[dict[str, Any]]:
        account, contract = self.account(call), self.contract(call)
        first = call.integer("algoId") or 0
        found = [
            algo
            for algo in account.algos.values()
            if algo.symbol == contract.symbol and algo.algo_id >= first and self._listed(algo.algo_id)
        ]
        return [algo.queried() for algo in window(call, found, lambda algo: algo.created_ms, oldest=bool(first))]

    # Look-ups

    def _found(self, call: Call, account: FuturesAccount) -> Order | None:
        """By `orderId`, which prevails, or `origClientOrderId`. Refuses -1102 without either."""
        number, name = call.integer("orderId"), call.get("origClientOrderId")
        if number is None and not name:
            raise codes.PARAM_EITHER.refusal("origClientOrderId", "orderId")
        order = self._exchange.find(account, number, name)
        return order if order is not None and order.symbol == call.need("symbol") else None

    def _open(self, call: Call, account: FuturesAccount) -> Order:
        order = self._found(call, account)
        if order is None or order.ended:
            raise refusals.UNKNOWN_ORDER.refusal()
        return order

    def _found_algo(self, call: Call) -> AlgoOrder | None:
        number, name = call.integer("algoId"), call.get("clientAlgoId")
        if number is None and not name:
            raise codes.PARAM_EITHER.refusal("algoId", "clientAlgoId")
        return self._exchange.algos.find(self.account(call), number, name)

    def _visible(self, order: Kept | None, now_ms: int) -> Kept:
        """The order that a query finds. Refuses -2013: unknown, too old, or not yet known to the query."""
        if order is None:
            raise codes.NO_SUCH_ORDER.refusal()
        number = order.order_id if isinstance(order, Order) else order.algo_id
        if not findable(order, now_ms) or self._faults.hidden(PRODUCT, number):
            raise codes.NO_SUCH_ORDER.refusal()
        return order

    def _listed(self, number: int) -> bool:
        return not self._faults.hidden(PRODUCT, number, lists=True)

    def _symbol(self, call: Call) -> str:
        return self.contract(call).symbol if call.get("symbol") else ""


def _signed(answer: Answering, weight: int = 1, orders: int = 0) -> Route:
    return Route(PRODUCT, answer, "FUTURES", weight, orders=orders)


def _batch(call: Call) -> Iterable[dict[str, str]]:
    try:
        rows = json.loads(call.need("batchOrders"), parse_float=str, parse_int=str)
    except ValueError:
        raise codes.INVALID_PARAMETER.refusal("batchOrders") from None
    if not isinstance(rows, list) or not 1 <= len(rows) <= 5:
        raise refusals.BATCH_SIZE.refusal(len(rows) if isinstance(rows, list) else 0)
    return [
        {name: value if isinstance(value, str) else json.dumps(value) for name, value in row.items()} for row in rows
    ]
