"""Orders and conditional (algo) orders of USDT-M futures, and how answers and events tell them.

Sources: developers.binance.com, derivatives / usds-margined-futures: "New Order", "Query Order", "Modify Order",
"New Algo Order", "Query Algo Order", "Event: Order Update", "Event: Algo Order Update". Since July 2026 the answers
to new, modified and cancelled orders carry no `avgPrice` and no `cumQuote` (the exchange's own Python client 14.0.0,
its change log); queries and events do.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.emulators.binance.futures_contracts import Contract

ZERO = Decimal(0)
ENDED = frozenset({"FILLED", "CANCELED", "EXPIRED", "EXPIRED_IN_MATCH", "REJECTED"})
CONDITIONAL = frozenset({"STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"})


@dataclass
class Order:
    """One order in the matching engine."""

    contract: Contract
    account: str
    order_id: int
    client_id: str
    side: str
    position_side: str
    type: str  # LIMIT, MARKET, LIQUIDATION
    quantity: Decimal
    price: Decimal = ZERO
    tif: str = "GTC"
    reduce_only: bool = False
    close_position: bool = False
    stp: str = "EXPIRE_MAKER"
    price_match: str = "NONE"
    good_till: int = 0
    margin_price: Decimal = ZERO  # what the margin check assumes: the price, or for a market order the touch
    status: str = "NEW"
    executed: Decimal = ZERO
    quote: Decimal = ZERO
    created_ms: int = 0
    updated_ms: int = 0
    rank: int = 0  # its place in the queue of its price
    modified: int = 0
    algo: "AlgoOrder | None" = None

    @property
    def symbol(self) -> str:
        return self.contract.symbol

    @property
    def remaining(self) -> Decimal:
        return self.quantity - self.executed

    @property
    def average(self) -> Decimal:
        return self.quote / self.executed if self.executed else ZERO

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    def priority(self) -> tuple[Decimal, int]:
        """Its place among the resting orders of its side: the best price first, then the oldest."""
        return (-self.price if self.side == "BUY" else self.price), self.rank

    def reaches(self, price: Decimal) -> bool:
        """Would it trade at this price?"""
        if self.type != "LIMIT":
            return True
        return price <= self.price if self.side == "BUY" else price >= self.price

    def answer(self) -> dict[str, Any]:
        """The answer to POST, PUT and DELETE."""
        contract = self.contract
        return {
            "orderId": self.order_id,
            "symbol": self.symbol,
            "status": self.status,
            "clientOrderId": self.client_id,
            "price": contract.price(self.price),
            "origQty": contract.quantity(self.quantity),
            "executedQty": contract.quantity(self.executed),
            "cumQty": contract.quantity(self.executed),
            "timeInForce": self.tif,
            "type": self.type,
            "reduceOnly": self.reduce_only,
            "closePosition": self.close_position,
            "side": self.side,
            "positionSide": self.position_side,
            "stopPrice": contract.price(ZERO),
            "workingType": "CONTRACT_PRICE",
            "priceProtect": False,
            "origType": self.type,
            "priceMatch": self.price_match,
            "selfTradePreventionMode": self.stp,
            "goodTillDate": self.good_till,
            "updateTime": self.updated_ms,
        }

    def queried(self) -> dict[str, Any]:
        """As a query tells it."""
        told = self.answer()
        del told["cumQty"]
        # Five decimals, rounded: the exact prices are in userTrades.
        return told | {"avgPrice": f"{self.average:.5f}", "cumQuote": f"{self.quote:.7f}", "time": self.created_ms}

    def event(self, execution: str, now: int, **changes: Any) -> dict[str, Any]:
        """ORDER_TRADE_UPDATE."""
        contract = self.contract
        order = {
            "s": self.symbol,
            "c": self.client_id,
            "S": self.side,
            "o": self.type,
            "f": self.tif,
            "q": contract.quantity(self.quantity),
            "p": contract.price(self.price),
            "ap": f"{self.average:.5f}".rstrip("0").rstrip(".") if self.executed else "0",
            "sp": "0",
            "x": execution,
            "X": self.status,
            "i": self.order_id,
            "l": contract.quantity(ZERO),
            "z": contract.quantity(self.executed),
            "L": "0",
            "n": "0",
            "N": self.contract.quote,
            "T": now,
            "t": 0,
            "b": "0",
            "a": "0",
            "m": False,
            "R": self.reduce_only,
            "wt": "CONTRACT_PRICE",
            "ot": self.type,
            "ps": self.position_side,
            "cp": self.close_position,
            "rp": "0",
            "pP": False,
            "si": 0,
            "ss": 0,
            "V": self.stp,
            "pm": self.price_match,
            "gtd": self.good_till,
            "er": "0",
        }
        return {"e": "ORDER_TRADE_UPDATE", "T": now, "E": now, "o": {**order, **changes}}


@dataclass
class AlgoOrder:
    """One conditional order, waiting in the algo service until its price is reached."""

    contract: Contract
    account: str
    algo_id: int
    client_id: str
    side: str
    position_side: str
    type: str
    quantity: Decimal = ZERO
    price: Decimal = ZERO
    trigger: Decimal = ZERO
    activate: Decimal = ZERO
    callback: Decimal = ZERO  # percent
    working: str = "CONTRACT_PRICE"
    tif: str = "GTC"
    reduce_only: bool = False
    close_position: bool = False
    price_protect: bool = False
    stp: str = "EXPIRE_MAKER"
    price_match: str = "NONE"
    good_till: int = 0
    status: str = "NEW"
    activated: bool = False
    extreme: Decimal = ZERO  # of a trailing stop, since it was activated
    created_ms: int = 0
    updated_ms: int = 0
    triggered_ms: int = 0
    reason: str = ""
    order: Order | None = None  # the actual order, once triggered

    @property
    def symbol(self) -> str:
        return self.contract.symbol

    def answer(self) -> dict[str, Any]:
        """The answer to POST /fapi/v1/algoOrder."""
        contract, trailing = self.contract, self.type == "TRAILING_STOP_MARKET"
        return {
            "algoId": self.algo_id,
            "clientAlgoId": self.client_id,
            "algoType": "CONDITIONAL",
            "orderType": self.type,
            "symbol": self.symbol,
            "side": self.side,
            "positionSide": self.position_side,
            "timeInForce": self.tif,
            "quantity": contract.quantity(self.quantity),
            "algoStatus": self.status,
            "triggerPrice": contract.price(self.trigger),
            "price": contract.price(self.price),
            "icebergQuantity": None,
            "selfTradePreventionMode": self.stp,
            "workingType": self.working,
            "priceMatch": self.price_match,
            "closePosition": self.close_position,
            "priceProtect": self.price_protect,
            "reduceOnly": self.reduce_only,
            "activatePrice": contract.price(self.activate) if trailing else "",
            "callbackRate": str(self.callback) if trailing else "",
            "createTime": self.created_ms,
            "updateTime": self.updated_ms,
            "triggerTime": self.triggered_ms,
            "goodTillDate": self.good_till,
        }

    def queried(self) -> dict[str, Any]:
        """As a query tells it: with the order that it became."""
        told, order = self.answer(), self.order
        actual = {
            "actualOrderId": str(order.order_id) if order else "",
            "actualPrice": f"{order.average:.5f}" if order else "0.00000",
            "tpTriggerPrice": self.contract.price(ZERO),
            "tpPrice": self.contract.price(ZERO),
            "slTriggerPrice": self.contract.price(ZERO),
            "slPrice": self.contract.price(ZERO),
            "tpOrderType": "",
        }
        if order:
            actual |= {"actualType": order.type, "actualQty": self.contract.quantity(order.executed)}
        return told | actual

    def event(self, now: int) -> dict[str, Any]:
        """ALGO_UPDATE."""
        told: dict[str, Any] = {
            "caid": self.client_id,
            "aid": self.algo_id,
            "at": "CONDITIONAL",
            "o": self.type,
            "s": self.symbol,
            "S": self.side,
            "ps": self.position_side,
            "f": self.tif,
            "q": self.contract.quantity(self.quantity),
            "X": self.status,
            "ai": str(self.order.order_id) if self.order else "",
            "tp": self.contract.price(self.trigger),
            "p": self.contract.price(self.price),
            "V": self.stp,
            "wt": self.working,
            "pm": self.price_match,
            "cp": self.close_position,
            "pP": self.price_protect,
            "R": self.reduce_only,
            "tt": self.triggered_ms,
            "gtd": self.good_till,
        }
        if self.order:
            quantity = self.contract.quantity(self.order.executed)
            told |= {"ap": f"{self.order.average:.5f}", "aq": quantity, "act": self.order.type}
        if self.type == "TRAILING_STOP_MARKET":
            told["ia"] = self.activated
        if self.reason:
            told["rm"] = self.reason
        return {"e": "ALGO_UPDATE", "T": now, "E": now, "o": told}


def made_id(order_id: int) -> str:
    """A client id as the exchange makes one: 22 letters and digits."""
    return re.sub(r"[^A-Za-z0-9]", "", f"LJ9R4QZDih{order_id:012d}")[-22:]
