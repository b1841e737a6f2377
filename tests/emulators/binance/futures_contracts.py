"""The contracts of USDT-M futures: what `GET /fapi/v1/exchangeInfo` says of each, and what it makes of an order.

Source: developers.binance.com, derivatives / usds-margined-futures, "Exchange Information", "Common Definition"
(filters) and "Notional and Leverage Brackets".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.emulators.binance import futures_codes as codes

ORDER_TYPES = ["LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"]
# Highest leverage, up to which notional (USDT), and the maintenance margin's rate there.
BRACKETS = ((125, "300000", "0.004"), (100, "800000", "0.005"), (75, "3000000", "0.0065"), (50, "12000000", "0.01"))
LAST_BRACKETS = ((20, "70000000", "0.02"), (10, "100000000", "0.05"), (5, "230000000", "0.1"), (1, "1000000000", "0.5"))


@dataclass(frozen=True)
class Bracket:
    """A step of position size: the highest leverage and the maintenance margin there, `notional * ratio - cum`."""

    number: int
    leverage: int
    floor: Decimal
    cap: Decimal
    ratio: Decimal
    cum: Decimal


def brackets(rows: Sequence[tuple[int, str, str]]) -> tuple[Bracket, ...]:
    """The steps from their leverage, cap and ratio; `cum` keeps the maintenance margin continuous at each floor."""
    found: list[Bracket] = []
    floor = last_ratio = cum = Decimal(0)
    for number, (leverage, cap, ratio) in enumerate(rows, start=1):
        cum += floor * (Decimal(ratio) - last_ratio)
        found.append(Bracket(number, leverage, floor, Decimal(cap), Decimal(ratio), cum))
        floor, last_ratio = Decimal(cap), Decimal(ratio)
    return tuple(found)


@dataclass
class Contract:
    """One perpetual; `status` may be changed by a test (TRADING, SETTLING, CLOSE, PENDING_TRADING ...)."""

    base: str
    tick: Decimal
    step: Decimal
    min_notional: Decimal
    quote: str = "USDT"
    price_precision: int = 2
    quantity_precision: int = 3
    min_price: Decimal = Decimal("0.10")
    max_price: Decimal = Decimal("1000000")
    max_quantity: Decimal = Decimal("1000")
    max_market_quantity: Decimal = Decimal("120")
    multiplier_up: Decimal = Decimal("1.0500")
    multiplier_down: Decimal = Decimal("0.9500")
    trigger_protect: Decimal = Decimal("0.0500")
    max_orders: int = 200
    status: str = "TRADING"
    brackets: tuple[Bracket, ...] = brackets((*BRACKETS, *LAST_BRACKETS))

    @property
    def symbol(self) -> str:
        return self.base + self.quote

    def price(self, value: Decimal) -> str:
        return f"{value:.{self.price_precision}f}"

    def quantity(self, value: Decimal) -> str:
        return f"{value:.{self.quantity_precision}f}"

    def bracket(self, notional: Decimal) -> Bracket:
        """The step in which a position of this size stands."""
        return next((row for row in self.brackets if abs(notional) <= row.cap), self.brackets[-1])

    def largest(self, leverage: int) -> Decimal:
        """The largest notional that may be held at this leverage (`maxNotionalValue`)."""
        return max(row.cap for row in self.brackets if row.leverage >= leverage)

    def check_price(self, price: Decimal) -> None:
        """PRICE_FILTER. Refuses -4001, -1111, -4002, -4013, -4014."""
        if price <= 0:
            raise codes.PRICE_LESS_THAN_ZERO.refusal()
        if _digits(price) > self.price_precision:
            raise codes.BAD_PRECISION.refusal()
        if price > self.max_price:
            raise codes.PRICE_ABOVE_MAX.refusal()
        if price < self.min_price:
            raise codes.PRICE_BELOW_MIN.refusal()
        if price % self.tick:
            raise codes.PRICE_OFF_TICK.refusal()

    def check_trigger(self, price: Decimal) -> None:
        """PRICE_FILTER for a trigger price. Refuses -4006, -1111, -4007, -4014."""
        if price <= 0:
            raise codes.STOP_PRICE_LESS_THAN_ZERO.refusal()
        if _digits(price) > self.price_precision:
            raise codes.BAD_PRECISION.refusal()
        if price > self.max_price:
            raise codes.STOP_PRICE_ABOVE_MAX.refusal()
        if price % self.tick:
            raise codes.PRICE_OFF_TICK.refusal()

    def check_quantity(self, quantity: Decimal, *, market: bool) -> None:
        """LOT_SIZE, and MARKET_LOT_SIZE of market orders. Refuses -4003, -1111, -4004, -4005, -4023."""
        if quantity <= 0:
            raise codes.QTY_LESS_THAN_ZERO.refusal()
        if _digits(quantity) > self.quantity_precision:
            raise codes.BAD_PRECISION.refusal()
        if quantity < self.step:
            raise codes.QTY_BELOW_MIN.refusal()
        if quantity > (min(self.max_quantity, self.max_market_quantity) if market else self.max_quantity):
            raise codes.QTY_ABOVE_MAX.refusal()
        if quantity % self.step:
            raise codes.QTY_OFF_STEP.refusal()

    def check_multiplier(self, side: str, price: Decimal, mark: Decimal) -> None:
        """PERCENT_PRICE: a buy may not be too far above the mark price, a sell not too far below. -4016, -4024."""
        if side == "BUY" and price > mark * self.multiplier_up:
            raise codes.PRICE_ABOVE_MULTIPLIER.refusal()
        if side == "SELL" and price < mark * self.multiplier_down:
            raise codes.PRICE_BELOW_MULTIPLIER.refusal()

    def within_multipliers(self, price: Decimal, mark: Decimal) -> bool:
        """May a market order meet this price?"""
        return mark * self.multiplier_down <= price <= mark * self.multiplier_up

    def listing(self) -> dict[str, Any]:
        """The contract in exchangeInfo."""
        lots = {"minQty": str(self.step), "stepSize": str(self.step)}
        filters: list[dict[str, Any]] = [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": str(self.min_price),
                "maxPrice": str(self.max_price),
                "tickSize": str(self.tick),
            },
            {"filterType": "LOT_SIZE", "maxQty": str(self.max_quantity), **lots},
            {"filterType": "MARKET_LOT_SIZE", "maxQty": str(self.max_market_quantity), **lots},
            {"filterType": "MAX_NUM_ORDERS", "limit": self.max_orders},
            {"filterType": "MIN_NOTIONAL", "notional": str(self.min_notional)},
            {
                "filterType": "PERCENT_PRICE",
                "multiplierUp": str(self.multiplier_up),
                "multiplierDown": str(self.multiplier_down),
                "multiplierDecimal": "4",
            },
            {"filterType": "POSITION_RISK_CONTROL", "positionControlSide": "NONE", "notional": "0"},
        ]
        return {
            "symbol": self.symbol,
            "pair": self.symbol,
            "contractType": "PERPETUAL",
            "deliveryDate": 4133404800000,
            "onboardDate": 1569398400000,
            "status": self.status,
            "maintMarginPercent": "2.5000",
            "requiredMarginPercent": "5.0000",
            "baseAsset": self.base,
            "quoteAsset": self.quote,
            "marginAsset": self.quote,
            "pricePrecision": self.price_precision,
            "quantityPrecision": self.quantity_precision,
            "baseAssetPrecision": 8,
            "quotePrecision": 8,
            "underlyingType": "COIN",
            "underlyingSubType": [],
            "settlePlan": 0,
            "triggerProtect": str(self.trigger_protect),
            "liquidationFee": "0.020000",
            "marketTakeBound": "0.30",
            "filters": filters,
            "orderTypes": ORDER_TYPES,
            "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
        }


def listed() -> dict[str, Contract]:
    """The contracts there are at the start: BTCUSDT and ETHUSDT."""
    found = (
        Contract("BTC", Decimal("0.10"), Decimal("0.001"), Decimal(100)),
        Contract("ETH", Decimal("0.01"), Decimal("0.001"), Decimal(20)),
    )
    return {contract.symbol: contract for contract in found}


def _digits(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    assert isinstance(exponent, int), "a number"
    return max(0, -exponent)
