"""The fields of the answers of the emulator's USDT-M futures: those of the examples in the documentation.

developers.binance.com, derivatives / usds-margined-futures (as of August 2026): "New Order", "Query Order", "New Algo
Order", "Account Trade List", "Position Information V3".
"""

from tests.emulators.futures_desk import ccxt_client, exchange

ORDER = {
    "clientOrderId",
    "executedQty",
    "orderId",
    "origQty",
    "price",
    "reduceOnly",
    "side",
    "positionSide",
    "status",
    "stopPrice",
    "closePosition",
    "symbol",
    "timeInForce",
    "type",
    "origType",
    "updateTime",
    "workingType",
    "priceProtect",
    "priceMatch",
    "selfTradePreventionMode",
    "goodTillDate",
}
ALGO = {
    "algoId",
    "clientAlgoId",
    "algoType",
    "orderType",
    "symbol",
    "side",
    "positionSide",
    "timeInForce",
    "quantity",
    "algoStatus",
    "triggerPrice",
    "price",
    "icebergQuantity",
    "selfTradePreventionMode",
    "workingType",
    "priceMatch",
    "closePosition",
    "priceProtect",
    "reduceOnly",
    "activatePrice",
    "callbackRate",
    "createTime",
    "updateTime",
    "triggerTime",
    "goodTillDate",
}
TRADE = {
    "buyer",
    "commission",
    "commissionAsset",
    "id",
    "maker",
    "orderId",
    "price",
    "qty",
    "quoteQty",
    "baseQty",
    "marginAsset",
    "realizedPnl",
    "side",
    "positionSide",
    "symbol",
    "pair",
    "time",
}
RISK = {
    "symbol",
    "positionSide",
    "positionAmt",
    "entryPrice",
    "breakEvenPrice",
    "markPrice",
    "unRealizedProfit",
    "liquidationPrice",
    "isolatedMargin",
    "notional",
    "marginAsset",
    "isolatedWallet",
    "initialMargin",
    "maintMargin",
    "positionInitialMargin",
    "openOrderInitialMargin",
    "adl",
    "bidNotional",
    "askNotional",
    "updateTime",
}


async def test_answers_have_the_documented_fields() -> None:
    async with exchange() as (_, futures), ccxt_client(futures) as client:
        market = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"}
        placed = await client.fapiPrivatePostOrder(market)
        assert set(placed) == ORDER | {"cumQty"}
        found = await client.fapiPrivateGetOrder({"symbol": "BTCUSDT", "orderId": placed["orderId"]})
        assert set(found) == ORDER | {"avgPrice", "cumQuote", "time"}
        stop = market | {"algoType": "CONDITIONAL", "type": "STOP_MARKET", "triggerPrice": "61000"}
        assert set(await client.fapiPrivatePostAlgoOrder(stop)) == ALGO
        [trade] = await client.fapiPrivateGetUserTrades({"symbol": "BTCUSDT"})
        assert set(trade) == TRADE
        [risk] = await client.fapiPrivateV3GetPositionRisk()
        assert set(risk) == RISK
