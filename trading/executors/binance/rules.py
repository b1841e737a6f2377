"""What Binance allows on a symbol: exchangeInfo, spot and USDT-M, as `SymbolRules`. Pure.

Sources: binance-spot-api-docs filters.md and rest-api.md ("Exchange information");
derivatives/usds-margined-futures exchangeInfo and common-definition. Formats back to 2018 are read; what a row does
not say is switched off, and a row that cannot be read is left out, as new kinds of symbols must not stop the desk.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from trading.binance.products import Product
from trading.instruments import ZERO, Instrument, Settlement, Symbol, plain

PERPETUAL = frozenset({"PERPETUAL", "TRADIFI_PERPETUAL"})
_UNREADABLE = (KeyError, TypeError, ValueError, InvalidOperation)
_Row = Mapping[str, Any]


class Range(msgspec.Struct, frozen=True):
    """From `least` to `most`; 0 sets no bound."""

    least: Decimal = ZERO
    most: Decimal = ZERO

    def holds(self, value: Decimal) -> bool:
        return value >= self.least and (not self.most or value <= self.most)


CALLBACK = Range(Decimal(10), Decimal(1000))
"""Basis points by which a stop may trail on the futures: 0.1% to 10% (New-Algo-Order, callbackRate)."""


class Lots(msgspec.Struct, frozen=True):
    """Quantities: how many, and in which steps. A step of 0 asks for none."""

    range: Range = Range()
    step: Decimal = ZERO


class Most(msgspec.Struct, frozen=True):
    """How many may be open at once on the symbol; 0 sets no limit."""

    orders: int = 0
    algo_orders: int = 0  # stops and targets
    icebergs: int = 0
    lists: int = 0
    amends: int = 0  # changes of one order
    iceberg_parts: int = 0


class SymbolRules(msgspec.Struct, frozen=True):
    """One symbol. Prices in quote currency; `near_*` are multiples of the reference price, `trail_*` basis points.

    `trail_above` is for trailing BUY stops, `trail_below` for SELL stops. `market` holds for what executes at the
    market, beside the instrument's own limits.
    """

    instrument: Instrument
    venue_symbol: str
    status: str
    order_types: frozenset[str]
    is_open_to_us: bool = True  # spot trading is allowed on it
    iceberg_allowed: bool = False
    oco_allowed: bool = False
    oto_allowed: bool = False
    opo_allowed: bool = False
    amend_allowed: bool = False
    cancel_replace_allowed: bool = False
    trailing_allowed: bool = False
    prices: Range = Range()
    market: Lots = Lots()
    near_buy: Range = Range()
    near_sell: Range = Range()
    trail_above: Range = Range()
    trail_below: Range = Range()
    min_notional_at_market: bool = True
    max_notional_at_market: bool = False
    max_position: Decimal = ZERO
    most: Most = Most()

    @property
    def symbol(self) -> Symbol:
        return self.instrument.symbol

    @property
    def is_linear(self) -> bool:
        return self.instrument.settlement is Settlement.LINEAR


def rules_of(info: _Row, product: Product) -> dict[Symbol, SymbolRules]:
    """Every readable symbol of an exchangeInfo answer; of the futures the perpetuals settled in their quote."""
    read = _usdm if product is Product.USDM else _spot
    found: dict[Symbol, SymbolRules] = {}
    for row in info.get("symbols", ()):
        try:
            rules = read(row)
        except _UNREADABLE:
            continue
        if rules is not None:
            found[rules.symbol] = rules
    return found


def _spot(row: _Row) -> SymbolRules:
    filters = _filters(row)
    value = filters.get("NOTIONAL", {})
    least = filters.get("MIN_NOTIONAL", {})
    digits = row.get("quoteAssetPrecision", row.get("quotePrecision", 8))
    return SymbolRules(
        instrument=Instrument(
            **_steps(row, filters, digits),
            symbol=Symbol(f"{row['baseAsset']}/{row['quoteAsset']}"),
            min_notional=max(_number(value.get("minNotional")), _number(least.get("minNotional"))),
            max_notional=_number(value.get("maxNotional")),
        ),
        is_open_to_us=row.get("isSpotTradingAllowed", True),
        iceberg_allowed=row.get("icebergAllowed", False),
        oco_allowed=row.get("ocoAllowed", False),
        oto_allowed=row.get("otoAllowed", False),
        opo_allowed=row.get("opoAllowed", False),
        amend_allowed=row.get("amendAllowed", False),
        cancel_replace_allowed=row.get("cancelReplaceAllowed", False),
        trailing_allowed=row.get("allowTrailingStop", False),
        min_notional_at_market=value.get("applyMinToMarket", False) or least.get("applyToMarket", not value),
        max_notional_at_market=value.get("applyMaxToMarket", False),
        max_position=_number(filters.get("MAX_POSITION", {}).get("maxPosition")),
        **_common(row, row["orderTypes"], filters),
    )


def _usdm(row: _Row) -> SymbolRules | None:
    """None for what is dated, or settled in something else than its quote currency."""
    if row["contractType"] not in PERPETUAL or row["marginAsset"] != row["quoteAsset"]:
        return None
    filters = _filters(row)
    base, quote = row["baseAsset"], row["quoteAsset"]
    return SymbolRules(
        instrument=Instrument(
            **_steps(row, filters, row.get("pricePrecision", 8)),
            symbol=Symbol(f"{base}/{quote}:{quote}"),
            min_notional=_number(filters.get("MIN_NOTIONAL", {}).get("notional")),
            settlement=Settlement.LINEAR,
        ),
        cancel_replace_allowed=True,  # an order is modified in place (PUT /fapi/v1/order)
        trailing_allowed="TRAILING_STOP_MARKET" in _kinds(row),
        **_common(row, _kinds(row), filters) | {"trail_above": CALLBACK, "trail_below": CALLBACK},
    )


def _kinds(row: _Row) -> Iterable[str]:
    return row.get("orderTypes") or row["orderType"]  # type: ignore[no-any-return]


def _filters(row: _Row) -> dict[str, _Row]:
    """By name, without what is null."""
    return {
        each["filterType"]: {key: value for key, value in each.items() if value is not None} for each in row["filters"]
    }


def _steps(row: _Row, filters: Mapping[str, _Row], digits: int) -> dict[str, Any]:
    """What every instrument has. A tick of 0 is switched off: then the digits of the price are the limit."""
    lot = filters["LOT_SIZE"]
    return {
        "base": row["baseAsset"],
        "quote": row["quoteAsset"],
        "tick": _number(filters["PRICE_FILTER"].get("tickSize")) or Decimal(1).scaleb(-digits),
        "step": _number(lot.get("stepSize")) or Decimal(1).scaleb(-row.get("baseAssetPrecision", 8)),
        "min_quantity": _number(lot.get("minQty")),
        "max_quantity": _number(lot.get("maxQty")),
    }


def _common(row: _Row, kinds: Iterable[str], filters: Mapping[str, _Row]) -> dict[str, Any]:
    price, market = filters.get("PRICE_FILTER", {}), filters.get("MARKET_LOT_SIZE", {})
    both = filters.get("PERCENT_PRICE", {})
    sides = filters.get("PERCENT_PRICE_BY_SIDE", {})
    trail = filters.get("TRAILING_DELTA", {})
    near = _range(both, "multiplierDown", "multiplierUp")
    return {
        "venue_symbol": row["symbol"],
        "status": row.get("status") or row["contractStatus"],
        "order_types": frozenset(kinds),
        "prices": _range(price, "minPrice", "maxPrice"),
        "market": Lots(_range(market, "minQty", "maxQty"), _number(market.get("stepSize"))),
        "near_buy": _range(sides, "bidMultiplierDown", "bidMultiplierUp") if sides else near,
        "near_sell": _range(sides, "askMultiplierDown", "askMultiplierUp") if sides else near,
        "trail_above": _range(trail, "minTrailingAboveDelta", "maxTrailingAboveDelta"),
        "trail_below": _range(trail, "minTrailingBelowDelta", "maxTrailingBelowDelta"),
        "most": Most(
            orders=_count(filters, "MAX_NUM_ORDERS", "maxNumOrders"),
            algo_orders=_count(filters, "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders"),
            icebergs=_count(filters, "MAX_NUM_ICEBERG_ORDERS", "maxNumIcebergOrders"),
            lists=_count(filters, "MAX_NUM_ORDER_LISTS", "maxNumOrderLists"),
            amends=_count(filters, "MAX_NUM_ORDER_AMENDS", "maxNumOrderAmends"),
            iceberg_parts=_count(filters, "ICEBERG_PARTS", "limit"),
        ),
    }


def _count(filters: Mapping[str, _Row], name: str, key: str) -> int:
    """Spot names the figure by what it counts, the futures say `limit`."""
    row = filters.get(name, {})
    return int(row.get(key, row.get("limit", 0)))


def _range(row: _Row, least: str, most: str) -> Range:
    return Range(_number(row.get(least)), _number(row.get(most)))


def _number(text: str | int | None) -> Decimal:
    """The venue's own decimal text, without trailing zeros; 0 if it says nothing."""
    return ZERO if text is None else Decimal(plain(Decimal(text)))
