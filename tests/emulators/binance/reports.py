"""Orders, lists and trades as the exchange writes them: REST and WebSocket answers, user data events.

Shapes from rest-api.md ("New order", "Query order", "Conditional fields in Order Responses") and user-data-stream.md.
"""

from tests.emulators.binance.accounts import Account
from tests.emulators.binance.money import ZERO, text
from tests.emulators.binance.orders import Json, Order, OrderList, Trade


def placed(order: Order, fills: list[Trade] | None = None, resp: str = "") -> Json:
    """The answer to a new order: ACK, RESULT or FULL. Written before later trades change the order."""
    resp = resp or order.resp
    ack: Json = {
        "symbol": order.symbol,
        "orderId": order.id,
        "orderListId": order.list_id,
        "clientOrderId": order.client_id,
        "transactTime": order.update_ms,
    }
    if resp == "ACK":
        return ack
    result = {**ack, **_state(order), "workingTime": order.working_ms, **_conditional(order)}
    if order.expiry:
        result["expiryReason"] = order.expiry
    if resp == "FULL":
        result["fills"] = [
            {
                "price": text(trade.price),
                "qty": text(trade.qty),
                "commission": text(trade.fee),
                "commissionAsset": trade.fee_asset,
                "tradeId": trade.trade_id,
            }
            for trade in (order.fills if fills is None else fills)
        ]
    return {**result, "selfTradePreventionMode": order.stp}


def canceled(order: Order) -> Json:
    """The answer to a cancel."""
    return {
        "symbol": order.symbol,
        "origClientOrderId": order.cancel_of,
        "orderId": order.id,
        "orderListId": order.list_id,
        "clientOrderId": order.client_id,
        "transactTime": order.update_ms,
        **_state(order),
        **_conditional(order),
        "selfTradePreventionMode": order.stp,
    }


def queried(order: Order) -> Json:
    """A row of order, openOrders and allOrders."""
    found = {
        "symbol": order.symbol,
        "orderId": order.id,
        "orderListId": order.list_id,
        "clientOrderId": order.client_id,
        **_state(order),
        "stopPrice": text(order.stop),
        "icebergQty": text(order.iceberg),
        "time": order.time_ms,
        "updateTime": order.update_ms,
        "isWorking": order.working,
        "workingTime": order.working_ms,
        **_conditional(order),
        "selfTradePreventionMode": order.stp,
    }
    if order.expiry:
        found["expiryReason"] = order.expiry
    return found


def listed(group: OrderList) -> Json:
    """An order list without its reports."""
    return {
        "orderListId": group.id,
        "contingencyType": group.contingency,
        "listStatusType": group.status_type,
        "listOrderStatus": group.status,
        "listClientOrderId": group.client_id,
        "transactionTime": group.time_ms,
        "symbol": group.symbol,
        "orders": [
            {"symbol": order.symbol, "orderId": order.id, "clientOrderId": order.cancel_of or order.client_id}
            for order in group.orders
        ],
    }


def amended(order: Order, execution_id: int, from_id: str) -> Json:
    """The answer to an amendment."""
    state = _state(order)
    body = {
        "symbol": order.symbol,
        "orderId": order.id,
        "orderListId": order.list_id,
        "origClientOrderId": from_id,
        "clientOrderId": order.client_id,
        "price": state["price"],
        "qty": state["origQty"],
        "executedQty": state["executedQty"],
        "preventedQty": text(order.prevented),
        "quoteOrderQty": state["origQuoteOrderQty"],
        "cumulativeQuoteQty": state["cummulativeQuoteQty"],
        "status": order.status,
        "timeInForce": order.tif,
        "type": order.type,
        "side": order.side,
        **({"workingTime": order.working_ms} if order.working else {}),
        **_conditional(order),
        "selfTradePreventionMode": order.stp,
    }
    answer: Json = {"transactTime": order.update_ms, "executionId": execution_id, "amendedOrder": body}
    if order.group is not None:
        status = listed(order.group)
        status.pop("listStatusType")
        status.pop("transactionTime")
        answer["listStatus"] = status
    return answer


def my_trade(trade: Trade) -> Json:
    """A row of myTrades."""
    return {
        "symbol": trade.symbol,
        "id": trade.trade_id,
        "orderId": trade.order_id,
        "orderListId": trade.list_id,
        "price": text(trade.price),
        "qty": text(trade.qty),
        "quoteQty": text(trade.quote),
        "commission": text(trade.fee),
        "commissionAsset": trade.fee_asset,
        "time": trade.time_ms,
        "isBuyer": trade.buyer,
        "isMaker": trade.maker,
        "isBestMatch": True,
    }


def execution(
    order: Order, kind: str, now_ms: int, execution_id: int, trade: Trade | None = None, origin: str = ""
) -> Json:
    """An executionReport of this execution type (`x`); `origin` is the id before a cancel or an amendment."""
    event: Json = {
        "e": "executionReport",
        "E": now_ms,
        "s": order.symbol,
        "c": order.client_id,
        "S": order.side,
        "o": order.type,
        "f": order.tif,
        "q": text(order.qty),
        "p": text(order.price),
        "P": text(order.stop),
        "F": text(order.iceberg),
        "g": order.list_id,
        "C": origin,
        "x": kind,
        "X": order.status,
        "r": "NONE",
        "i": order.id,
        "l": text(trade.qty if trade else ZERO),
        "z": text(order.executed),
        "L": text(trade.price if trade else ZERO),
        "n": text(trade.fee) if trade else "0",
        "N": trade.fee_asset if trade else None,
        "T": now_ms,
        "t": trade.trade_id if trade else -1,
        "I": execution_id,
        "w": order.open and order.working,
        "m": trade.maker if trade else False,
        "M": trade is not None,
        "O": order.time_ms,
        "Z": text(order.quote),
        "Y": text(trade.quote if trade else ZERO),
        "Q": text(order.quote_qty),
        "V": order.stp,
    }
    if order.working:
        event["W"] = order.working_ms
    if order.trailing:
        event.update(d=order.trailing, D=order.trailing_ms)
    if "strategyId" in order.strategy:
        event["j"] = order.strategy["strategyId"]
    if "strategyType" in order.strategy:
        event["J"] = order.strategy["strategyType"]
    if order.prevented_match >= 0:
        event.update(v=order.prevented_match, A=text(order.prevented), u=-1, U=order.counter_id, Cs=order.symbol)
    if order.last_prevented is not None:
        event["B"] = text(order.last_prevented)
    if order.expiry:
        event["eR"] = order.expiry
    return event


def list_status(group: OrderList, now_ms: int) -> Json:
    """A listStatus event."""
    return {
        "e": "listStatus",
        "E": now_ms,
        "s": group.symbol,
        "g": group.id,
        "c": group.contingency,
        "l": group.status_type,
        "L": group.status,
        "r": "NONE",
        "C": group.client_id,
        "T": now_ms,
        "O": [{"s": order.symbol, "i": order.id, "c": order.client_id} for order in group.orders],
    }


def positions(account: Account, assets: list[str], now_ms: int) -> Json:
    """An outboundAccountPosition of these assets."""
    rows = [
        {"a": asset, "f": text(account.free.get(asset, ZERO)), "l": text(account.locked.get(asset, ZERO))}
        for asset in assets
    ]
    return {"e": "outboundAccountPosition", "E": now_ms, "u": account.update_ms, "B": rows}


def _state(order: Order) -> Json:
    state = {
        "price": text(order.price),
        "origQty": text(order.qty),
        "executedQty": text(order.executed),
        "origQuoteOrderQty": text(order.quote_qty),
        "cummulativeQuoteQty": text(order.quote),
        "status": order.status,
        "timeInForce": order.tif,
        "type": order.type,
        "side": order.side,
    }
    if order.from_received and not order.qty:
        del state["origQty"]  # a pending OPO order has no quantity yet
    return state


def _conditional(order: Order) -> Json:
    found: Json = dict(order.strategy)
    if order.contingent and order.stop:
        found["stopPrice"] = text(order.stop)
    if order.iceberg:
        found["icebergQty"] = text(order.iceberg)
    if order.trailing:
        found.update(trailingDelta=order.trailing, trailingTime=order.trailing_ms)
    if order.prevented_match >= 0:
        found.update(preventedMatchId=order.prevented_match, preventedQuantity=text(order.prevented))
    return found
