"""A symbol's rules and the filters an order must pass, as filters.md and exchangeInfo describe them."""

from collections.abc import Iterable
from decimal import ROUND_CEILING, Decimal
from functools import cached_property
from typing import Any

from tests.emulators.binance import codes
from tests.emulators.binance.money import ZERO, floor_to
from tests.emulators.binance.orders import CONTINGENT, Order

TYPES = ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"]


def listing(base: str, quote: str, tick: str, step: str, min_notional: str, **changes: Any) -> dict[str, Any]:
    """A symbol of exchangeInfo, with the filters that real ones have."""
    filters = [
        {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "1000000.00000000", "tickSize": tick},
        {"filterType": "LOT_SIZE", "minQty": step, "maxQty": "9000.00000000", "stepSize": step},
        {"filterType": "ICEBERG_PARTS", "limit": 100},
        # A step of zero is what the real one says: it means no step of its own.
        {"filterType": "MARKET_LOT_SIZE", "minQty": "0.00000000", "maxQty": "129.84957276", "stepSize": "0.00000000"},
        {
            "filterType": "TRAILING_DELTA",
            "minTrailingAboveDelta": 10,
            "maxTrailingAboveDelta": 2000,
            "minTrailingBelowDelta": 10,
            "maxTrailingBelowDelta": 2000,
        },
        {
            "filterType": "PERCENT_PRICE_BY_SIDE",
            "bidMultiplierUp": "5",
            "bidMultiplierDown": "0.2",
            "askMultiplierUp": "5",
            "askMultiplierDown": "0.2",
            "avgPriceMins": 5,
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": min_notional,
            "applyMinToMarket": True,
            "maxNotional": "9000000.00000000",
            "applyMaxToMarket": False,
            "avgPriceMins": 5,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
        {"filterType": "MAX_NUM_ORDER_LISTS", "maxNumOrderLists": 20},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 5},
        {"filterType": "MAX_NUM_ORDER_AMENDS", "maxNumOrderAmends": 10},
    ]
    return {
        "symbol": base + quote,
        "status": "TRADING",
        "baseAsset": base,
        "baseAssetPrecision": 8,
        "quoteAsset": quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": list(TYPES),
        "icebergAllowed": True,
        "ocoAllowed": True,
        "otoAllowed": True,
        "opoAllowed": True,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": True,
        "cancelReplaceAllowed": True,
        "amendAllowed": True,
        "pegInstructionsAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": filters,
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": ["NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT"],
        **changes,
    }


class Symbol:
    """One row of exchangeInfo with its filters read. Change `info` by `with_filter`, `status` freely."""

    def __init__(self, info: dict[str, Any]) -> None:
        self.info = info
        self.name: str = info["symbol"]
        self.base: str = info["baseAsset"]
        self.quote: str = info["quoteAsset"]
        self.reference: Decimal | None = None  # a reference price, where the exchange has one

    @property
    def status(self) -> str:
        return str(self.info["status"])

    @status.setter
    def status(self, status: str) -> None:
        self.info["status"] = status

    @cached_property
    def filters(self) -> dict[str, dict[str, Decimal]]:
        """The filters by name, their numbers as Decimals."""
        return {
            row["filterType"]: {
                name: Decimal(int(value) if isinstance(value, bool) else str(value))
                for name, value in row.items()
                if name != "filterType"
            }
            for row in self.info["filters"]
        }

    def with_filter(self, kind: str, **numbers: Any) -> None:
        """Set one filter's numbers (a new one if there is none)."""
        row = next((row for row in self.info["filters"] if row["filterType"] == kind), None)
        if row is None:
            row = {"filterType": kind}
            self.info["filters"].append(row)
        row.update(numbers)
        self.__dict__.pop("filters", None)

    def lot(self, qty: Decimal, market: bool) -> Decimal:
        """The largest quantity that LOT_SIZE (and MARKET_LOT_SIZE) allow, not above this one."""
        qty = floor_to(qty, self.filters.get("LOT_SIZE", {}).get("stepSize", ZERO))
        if market:
            qty = floor_to(qty, self.filters.get("MARKET_LOT_SIZE", {}).get("stepSize", ZERO))
        return qty


def check_form(symbol: Symbol, order: Order, average: Decimal) -> None:
    """The filters of one order by itself; `average` is the price that MARKET orders are valued at.

    Refuses: -1013 "Filter failure: ..." by the first filter that fails; -1111 for more decimals than there are.
    """
    for name, value in (("price", order.price), ("stopPrice", order.stop), ("quantity", order.qty)):
        if -int(value.as_tuple().exponent) > 8:
            raise codes.BAD_PRECISION.refusal(name)
    filters = symbol.filters
    reference = symbol.reference if symbol.reference is not None else average
    prices = [price for price in (order.price, order.stop) if price]
    if not all(_fits(price, filters["PRICE_FILTER"], "Price", "tickSize") for price in prices):
        raise codes.FILTER_FAILURE.refusal("PRICE_FILTER")
    _check_percent(order, filters, reference)
    quantities = [qty for qty in (order.qty, order.iceberg) if qty]
    if not all(_fits(qty, filters["LOT_SIZE"], "Qty", "stepSize") for qty in quantities):
        raise codes.FILTER_FAILURE.refusal("LOT_SIZE")
    rule = filters.get("MARKET_LOT_SIZE")
    if order.takes and order.qty and rule and not _fits(order.qty, rule, "Qty", "stepSize"):
        raise codes.FILTER_FAILURE.refusal("MARKET_LOT_SIZE")
    _check_notional(order, filters, reference)
    rule = filters.get("ICEBERG_PARTS")
    if order.iceberg and rule and (order.qty / order.iceberg).to_integral_value(ROUND_CEILING) > rule["limit"]:
        raise codes.FILTER_FAILURE.refusal("ICEBERG_PARTS")
    if order.trailing and "TRAILING_DELTA" in filters:
        way, rule = ("Above" if order.above else "Below"), filters["TRAILING_DELTA"]
        if not rule[f"minTrailing{way}Delta"] <= order.trailing <= rule[f"maxTrailing{way}Delta"]:
            raise codes.FILTER_FAILURE.refusal("TRAILING_DELTA")


def check_numbers(symbol: Symbol, new: list[Order], theirs: Iterable[Order], lists: int, held: Decimal) -> None:
    """The filters on how much an account has: `theirs` are its open orders of all symbols, `lists` its open lists of
    this one (a list counts once more if `new` is one), `held` its base asset. Refuses -1013.
    """
    filters = symbol.filters
    everywhere = list(theirs)
    here = [order for order in everywhere if order.symbol == symbol.name]
    kinds = (
        ("NUM_ORDERS", "maxNumOrders", lambda order: True),
        ("NUM_ALGO_ORDERS", "maxNumAlgoOrders", lambda order: order.type in CONTINGENT),
        ("NUM_ICEBERG_ORDERS", "maxNumIcebergOrders", lambda order: order.iceberg > 0),
    )
    for name, field, counts in kinds:
        fresh = sum(1 for order in new if counts(order))
        for kind, orders in ((f"MAX_{name}", here), (f"EXCHANGE_MAX_{name}", everywhere)):
            if fresh and kind in filters and sum(map(counts, orders)) + fresh > filters[kind][field]:
                raise codes.FILTER_FAILURE.refusal(kind)
    rule = filters.get("MAX_NUM_ORDER_LISTS")
    if len(new) > 1 and rule and lists + 1 > rule["maxNumOrderLists"]:
        raise codes.FILTER_FAILURE.refusal("MAX_NUM_ORDER_LISTS")
    buys = [order for order in new if order.side == "BUY"]
    if buys and "MAX_POSITION" in filters:
        position = held + sum((order.remaining for order in here if order.side == "BUY"), ZERO)
        if position + buys[0].qty > filters["MAX_POSITION"]["maxPosition"]:
            raise codes.FILTER_FAILURE.refusal("MAX_POSITION")


def _fits(value: Decimal, rule: dict[str, Decimal], name: str, step: str) -> bool:
    """Within min and max and on the step; a rule of 0 does not apply."""
    low, high = rule.get(f"min{name}", ZERO), rule.get(f"max{name}", ZERO)
    if (low and value < low) or (high and value > high):
        return False
    return not rule.get(step) or value % rule[step] == 0


def _check_percent(order: Order, filters: dict[str, dict[str, Decimal]], reference: Decimal) -> None:
    if not order.price or not reference:
        return
    if "PERCENT_PRICE" in filters:
        rule = filters["PERCENT_PRICE"]
        if not reference * rule["multiplierDown"] <= order.price <= reference * rule["multiplierUp"]:
            raise codes.FILTER_FAILURE.refusal("PERCENT_PRICE")
    if "PERCENT_PRICE_BY_SIDE" in filters:
        rule, side = filters["PERCENT_PRICE_BY_SIDE"], "bid" if order.side == "BUY" else "ask"
        low, high = reference * rule[f"{side}MultiplierDown"], reference * rule[f"{side}MultiplierUp"]
        if not low <= order.price <= high:
            raise codes.FILTER_FAILURE.refusal("PERCENT_PRICE_BY_SIDE")


def _check_notional(order: Order, filters: dict[str, dict[str, Decimal]], reference: Decimal) -> None:
    market = order.takes
    notional = order.quote_qty or order.qty * (reference if market else order.price)
    if "MIN_NOTIONAL" in filters:
        rule = filters["MIN_NOTIONAL"]
        if (not market or rule.get("applyToMarket")) and notional < rule["minNotional"]:
            raise codes.FILTER_FAILURE.refusal("MIN_NOTIONAL")
    if "NOTIONAL" in filters:
        rule = filters["NOTIONAL"]
        if (not market or rule["applyMinToMarket"]) and notional < rule["minNotional"]:
            raise codes.FILTER_FAILURE.refusal("NOTIONAL")
        if (not market or rule["applyMaxToMarket"]) and notional > rule["maxNotional"]:
            raise codes.FILTER_FAILURE.refusal("NOTIONAL")
