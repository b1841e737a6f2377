"""Rows of exchangeInfo and orders of ours, as small as they can be. The numbers are made up, the form is Binance's."""

from decimal import Decimal
from typing import Any

import msgspec

from tests.kit import START
from trading.binance.products import Product
from trading.errors import VenueError
from trading.executors.binance.rules import SymbolRules, rules_of
from trading.instruments import Side, Symbol
from trading.intent import Mode, OrderType, TimeInForce
from trading.order import Order, OrderStatus

D = Decimal

SPOT_ROW: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "status": "TRADING",
    "baseAsset": "BTC",
    "baseAssetPrecision": 8,
    "quoteAsset": "USDT",
    "quoteAssetPrecision": 8,
    "orderTypes": [
        "LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"
    ],
    "icebergAllowed": True,
    "ocoAllowed": True,
    "otoAllowed": True,
    "opoAllowed": True,
    "quoteOrderQtyMarketAllowed": True,
    "allowTrailingStop": True,
    "cancelReplaceAllowed": True,
    "amendAllowed": True,
    "isSpotTradingAllowed": True,
    "filters": [
        {"filterType": "PRICE_FILTER", "minPrice": "0.01000000", "maxPrice": "1000000.00", "tickSize": "0.01000000"},
        {"filterType": "LOT_SIZE", "minQty": "0.00010000", "maxQty": "9000.00000000", "stepSize": "0.00010000"},
        {"filterType": "ICEBERG_PARTS", "limit": 100},
        {"filterType": "MARKET_LOT_SIZE", "minQty": "0.00000000", "maxQty": "100.00000000", "stepSize": "0.00000000"},
        {
            "filterType": "TRAILING_DELTA",
            "minTrailingAboveDelta": 10,
            "maxTrailingAboveDelta": 2000,
            "minTrailingBelowDelta": 20,
            "maxTrailingBelowDelta": 1000,
        },
        {
            "filterType": "PERCENT_PRICE_BY_SIDE",
            "bidMultiplierUp": "1.2",
            "bidMultiplierDown": "0.2",
            "askMultiplierUp": "5",
            "askMultiplierDown": "0.8",
            "avgPriceMins": 5,
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": "5.00000000",
            "applyMinToMarket": True,
            "maxNotional": "9000000.00000000",
            "applyMaxToMarket": False,
            "avgPriceMins": 5,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 5},
        {"filterType": "MAX_NUM_ORDER_LISTS", "maxNumOrderLists": 20},
        {"filterType": "MAX_NUM_ORDER_AMENDS", "maxNumOrderAmends": 10},
    ],
}  # fmt: skip

USDM_ROW: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "pair": "BTCUSDT",
    "contractType": "PERPETUAL",
    "status": "TRADING",
    "baseAsset": "BTC",
    "quoteAsset": "USDT",
    "marginAsset": "USDT",
    "pricePrecision": 2,
    "quantityPrecision": 3,
    "orderTypes": [
        "LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"
    ],
    "filters": [
        {"filterType": "PRICE_FILTER", "minPrice": "261.10", "maxPrice": "809484", "tickSize": "0.10", "limit": None},
        {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "1000", "stepSize": "0.001"},
        {"filterType": "MARKET_LOT_SIZE", "minQty": "0.001", "maxQty": "120", "stepSize": "0.001"},
        {"filterType": "MAX_NUM_ORDERS", "limit": 200},
        {"filterType": "MIN_NOTIONAL", "notional": "100"},
        {"filterType": "PERCENT_PRICE", "multiplierUp": "1.05", "multiplierDown": "0.95", "multiplierDecimal": "4"},
    ],
}  # fmt: skip


def rules_from(row: dict[str, Any], product: Product = Product.SPOT) -> SymbolRules:
    """The rules of the one symbol in this row."""
    (rules,) = rules_of({"symbols": [row]}, product).values()
    return rules


def with_filter(row: dict[str, Any], name: str, **values: Any) -> dict[str, Any]:
    """The same row with one filter's values replaced."""
    filters = [each for each in row["filters"] if each["filterType"] != name]
    old = next((each for each in row["filters"] if each["filterType"] == name), {"filterType": name})
    return {**row, "filters": [*filters, {**old, **values}]}


SPOT = rules_from(SPOT_ROW)
USDM = rules_from(USDM_ROW, Product.USDM)
OLD_SPOT = rules_from(
    {**SPOT_ROW, "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"]}
)
"""As most symbols were until 2025: stops only with a limit."""

LISTING = {"BTCUSDT": SPOT}
ENTRY, STOP_LEG, TARGET_LEG = "entryentryentrye", "stopstopstopstop", "targettargettarg"


def order(kind: OrderType = OrderType.LIMIT, side: Side = Side.BUY, **changes: Any) -> Order:
    """An order of 0.5 BTC; a limit order at 50000 unless it is said otherwise."""
    made = Order(
        id=ENTRY,
        key="key",
        account="main",
        mode=Mode.LIVE,
        symbol=Symbol("BTC/USDT"),
        side=side,
        type=kind,
        time_in_force=TimeInForce.GTC,
        quantity=D("0.5"),
        status=OrderStatus.SUBMITTED,
        actor="ana",
        source="web",
        text="buy",
        created_at=START,
        updated_at=START,
        limit_price=D("50000") if kind in (OrderType.LIMIT, OrderType.STOP_LIMIT) else None,
    )
    return msgspec.structs.replace(made, **changes)


def said(error: VenueError) -> tuple[type[VenueError], str]:
    """What an error means: its class and its code."""
    return type(error), error.code
