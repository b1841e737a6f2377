"""Parameters of a request -> the orders it asks for; what is refused before the engine sees it.

The mandatory parameters by type are those of "New order" and "Mandatory parameters based on ..." in rest-api.md.
`prefix` reads the legs of a list (`working`, `pending`, `pendingAbove`, `above` ...).
"""

import re
from decimal import Decimal

from tests.emulators.binance import codes
from tests.emulators.binance.calls import Call
from tests.emulators.binance.money import ZERO
from tests.emulators.binance.orders import CONTINGENT, PRICED, Order
from tests.emulators.binance.rules import TYPES, Symbol

_ID = re.compile(r"[\.A-Z\:/a-z0-9_-]{1,36}")
_ID_RANGE = r"^[\.A-Z\:/a-z0-9_-]{1,36}$"
TIFS = ("GTC", "IOC", "FOK")
SIDES = ("BUY", "SELL")


def order(call: Call, symbol: Symbol) -> Order:
    """The order of `POST /api/v3/order` and its relatives. Refuses -11xx, -1013, -1014, -2010."""
    kind = call.need("type")
    if kind not in TYPES:
        raise codes.INVALID_ORDER_TYPE.refusal()
    side = _side(call, "side")
    found = _leg(call, symbol, "", side, kind, call.decimal("quantity"))
    found.client_id = client_id(call, "newClientOrderId")
    found.quote_qty = call.decimal("quoteOrderQty") or ZERO
    if found.quote_qty:
        if kind != "MARKET":
            raise codes.PARAM_NOT_REQUIRED.refusal("quoteOrderQty")
        if found.qty:
            raise codes.OPTIONAL_PARAMS_BAD_COMBO.refusal()
        if not symbol.info["quoteOrderQtyMarketAllowed"]:
            raise codes.NEW_ORDER_REJECTED.refusal(codes.QUOTE_QTY_NOT_SUPPORTED)
    elif not found.qty:
        if kind == "MARKET" and "quantity" not in call.params:
            raise codes.PARAM_EITHER.refusal("quantity", "quoteOrderQty")
        if "quantity" not in call.params:
            raise codes.PARAM_MISSING.refusal("quantity")
        raise codes.INVALID_MESSAGE.refusal("Invalid quantity.")
    return found


def leg(call: Call, symbol: Symbol, prefix: str, side: str, qty: Decimal | None) -> Order:
    """One leg of a list; `qty` None for a pending leg of an OPO list."""
    kind = call.need(f"{prefix}Type")
    if kind not in TYPES:
        raise codes.INVALID_ORDER_TYPE.refusal()
    found = _leg(call, symbol, prefix, side, kind, qty)
    found.client_id = client_id(call, f"{prefix}ClientOrderId")
    found.from_received = qty is None
    return found


def side(call: Call, name: str) -> str:
    """BUY or SELL. Refuses -1102, -1117."""
    return _side(call, name)


def client_id(call: Call, name: str) -> str:
    """A client order id, or "" if not sent. Refuses -1100."""
    sent = call.params.get(name, "")
    if sent and not _ID.fullmatch(sent):
        raise codes.ILLEGAL_CHARS.refusal(name, _ID_RANGE)
    return sent


def _side(call: Call, name: str) -> str:
    found = call.need(name)
    if found not in SIDES:
        raise codes.INVALID_SIDE.refusal()
    return found


def _leg(call: Call, symbol: Symbol, prefix: str, side: str, kind: str, qty: Decimal | None) -> Order:
    def named(name: str) -> str:
        return f"{prefix}{name[0].upper()}{name[1:]}" if prefix else name

    order = Order("", symbol.name, side, kind, qty=qty or ZERO)
    order.price = call.decimal(named("price")) or ZERO
    order.stop = call.decimal(named("stopPrice")) or ZERO
    order.trailing = call.integer(named("trailingDelta")) or 0
    order.iceberg = call.decimal(named("icebergQty")) or ZERO
    tif = call.get(named("timeInForce"))
    _check_type(symbol, order, tif, named, call)
    order.tif = tif or "GTC"
    if order.iceberg:
        _check_iceberg(symbol, order)
    order.stp = call.get("selfTradePreventionMode") or symbol.info["defaultSelfTradePreventionMode"]
    if order.stp not in symbol.info["allowedSelfTradePreventionModes"]:
        text = "This symbol does not allow the specified self-trade prevention mode."
        raise codes.INVALID_MESSAGE.refusal(text)
    for name in ("strategyId", "strategyType"):
        value = call.integer(named(name))
        if value is not None:
            order.strategy[name] = value
    if order.strategy.get("strategyType", 1_000_000) < 1_000_000:
        raise codes.BAD_STRATEGY_TYPE.refusal()
    if call.get(named("pegPriceType")) and not symbol.info["pegInstructionsAllowed"]:
        raise codes.NEW_ORDER_REJECTED.refusal(codes.NOT_SUPPORTED.format("Pegged"))
    order.resp = call.get("newOrderRespType") or ("FULL" if kind in ("LIMIT", "MARKET") else "ACK")
    return order


def _check_type(symbol: Symbol, order: Order, tif: str, named: "object", call: Call) -> None:
    assert callable(named)
    kind = order.type
    if kind not in symbol.info["orderTypes"]:
        name = kind.replace("_", " ").capitalize()
        raise codes.NEW_ORDER_REJECTED.refusal(codes.NOT_SUPPORTED.format(name))
    if kind in PRICED and not order.price:
        raise codes.PARAM_MISSING.refusal(named("price"))
    if kind not in PRICED and order.price:
        raise codes.PARAM_NOT_REQUIRED.refusal(named("price"))
    timed = kind in ("LIMIT", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT")
    if timed and not tif:
        raise codes.PARAM_MISSING.refusal(named("timeInForce"))
    if tif and not timed and not (kind == "LIMIT_MAKER" and call.get(named("icebergQty"))):
        raise codes.PARAM_NOT_REQUIRED.refusal(named("timeInForce"))
    if tif and tif not in TIFS:
        raise codes.INVALID_TIF.refusal()
    if kind in CONTINGENT:
        if not order.stop and not order.trailing:
            raise codes.PARAM_EITHER.refusal(named("stopPrice"), named("trailingDelta"))
        if order.trailing and not symbol.info["allowTrailingStop"]:
            raise codes.NEW_ORDER_REJECTED.refusal(codes.TRAILING_NOT_SUPPORTED)
    elif order.stop:
        raise codes.PARAM_NOT_REQUIRED.refusal(named("stopPrice"))
    elif order.trailing:
        raise codes.PARAM_NOT_REQUIRED.refusal(named("trailingDelta"))


def _check_iceberg(symbol: Symbol, order: Order) -> None:
    if order.takes:
        raise codes.PARAM_NOT_REQUIRED.refusal("icebergQty")
    if not symbol.info["icebergAllowed"]:
        raise codes.NEW_ORDER_REJECTED.refusal(codes.NOT_SUPPORTED.format("Iceberg"))
    if order.tif != "GTC":
        raise codes.UNKNOWN_ORDER_COMPOSITION.refusal()
    if order.iceberg >= order.qty and not order.from_received:
        raise codes.INVALID_MESSAGE.refusal(codes.ICEBERG_EXCEEDS)
