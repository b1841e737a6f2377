"""Orders of USDT-M futures read from a request: parameters, and what suits the position mode.

Sources: developers.binance.com, derivatives / usds-margined-futures: "New Order", "New Algo Order", "Error Codes".
"""

import re
from decimal import Decimal

from tests.emulators.binance import codes
from tests.emulators.binance import futures_codes as refusals
from tests.emulators.binance.calls import Call
from tests.emulators.binance.futures_contracts import Contract
from tests.emulators.binance.futures_orders import CONDITIONAL, AlgoOrder, Order
from tests.emulators.binance.futures_positions import ZERO, FuturesAccount
from tests.emulators.binance.prices import Shown

CLIENT_ID = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")
STP_MODES = ("NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH")
LAST_MOMENT_MS = 253_402_300_799_000


def read_order(call: Call, account: FuturesAccount, contract: Contract, market: Shown) -> Order:
    """An order from the parameters of `POST /fapi/v1/order`; what it does to the account is checked later."""
    kind = call.need("type")
    if kind in CONDITIONAL:
        raise refusals.USE_ALGO_ORDERS.refusal()
    if kind not in ("LIMIT", "MARKET"):
        raise codes.INVALID_ORDER_TYPE.refusal()
    side, position_side = read_sides(call, account)
    if call.get("newOrderRespType", "ACK") not in ("ACK", "RESULT"):
        raise refusals.INVALID_RESP_TYPE.refusal()
    call.need("quantity")
    order = Order(
        contract=contract,
        account=account.name,
        order_id=0,
        client_id=read_client_id(call, "newClientOrderId"),
        side=side,
        position_side=position_side,
        type=kind,
        quantity=call.decimal("quantity") or ZERO,
        reduce_only=read_reduce_only(call, account, side, position_side),
        stp=read_stp(call),
    )
    if kind == "LIMIT":
        order.tif = read_tif(call, call.need("timeInForce"), ("GTC", "IOC", "FOK", "GTX", "GTD"))
        order.price_match = call.get("priceMatch", "NONE")
        order.price = read_price(call, order.side, market)
        order.margin_price = order.price
        order.good_till = read_good_till(call, order.tif)
    else:
        if call.get("priceMatch", "NONE") != "NONE":
            raise refusals.PRICE_MATCH_TYPE.refusal()
        for name in ("price", "timeInForce"):
            if name in call.params:
                raise codes.PARAM_NOT_REQUIRED.refusal(name.lower())
        order.margin_price = touch(market, side)
    return order


def read_algo(call: Call, account: FuturesAccount, contract: Contract, market: Shown) -> AlgoOrder:
    """A conditional order from the parameters of `POST /fapi/v1/algoOrder`."""
    if call.need("algoType") != "CONDITIONAL":
        raise codes.INVALID_PARAMETER.refusal("algoType")
    kind = call.need("type")
    if kind not in CONDITIONAL:
        raise codes.INVALID_ORDER_TYPE.refusal()
    side, position_side = read_sides(call, account)
    closing = call.flag("closePosition")
    order = AlgoOrder(
        contract=contract,
        account=account.name,
        algo_id=0,
        client_id=read_client_id(call, "clientAlgoId"),
        side=side,
        position_side=position_side,
        type=kind,
        working=call.get("workingType", "CONTRACT_PRICE"),
        tif="GTE_GTC"
        if closing
        else read_tif(call, call.get("timeInForce", "GTC"), ("GTC", "IOC", "FOK", "GTX", "GTD")),
        close_position=closing,
        price_protect=call.flag("priceProtect"),
        stp=read_stp(call),
    )
    order.good_till = read_good_till(call, order.tif)
    if order.working not in ("CONTRACT_PRICE", "MARK_PRICE"):
        raise refusals.INVALID_WORKING_TYPE.refusal(order.working)
    _read_size(call, account, order)
    _read_trigger(call, order, market)
    return order


def _read_size(call: Call, account: FuturesAccount, order: AlgoOrder) -> None:
    """Quantity, or closePosition in place of it."""
    if not order.close_position:
        call.need("quantity")
        order.quantity = call.decimal("quantity") or ZERO
        order.contract.check_quantity(order.quantity, market=order.type not in ("STOP", "TAKE_PROFIT"))
        order.reduce_only = read_reduce_only(call, account, order.side, order.position_side)
        return
    if order.type not in ("STOP_MARKET", "TAKE_PROFIT_MARKET"):
        raise codes.INVALID_PARAMETER.refusal("closePosition")
    if call.decimal("quantity"):
        raise refusals.QTY_WITH_CLOSE_POSITION.refusal()
    if "reduceOnly" in call.params:
        raise codes.PARAM_NOT_REQUIRED.refusal("reduceonly")
    if (order.side, order.position_side) in (("BUY", "LONG"), ("SELL", "SHORT")):
        raise codes.INVALID_PARAMETER.refusal("positionSide")
    order.reduce_only = True


def _read_trigger(call: Call, order: AlgoOrder, market: Shown) -> None:
    """The prices: trigger and limit, or a trailing stop's rate and activation."""
    contract = order.contract
    if order.type == "TRAILING_STOP_MARKET":
        call.need("callbackRate")
        rate = call.decimal("callbackRate") or ZERO
        # At most 20 since 2026-10-23 (change log); steps of 0.1.
        if not Decimal("0.1") <= rate <= 20 or rate % Decimal("0.1"):
            raise codes.INVALID_PARAMETER.refusal("callbackRate")
        order.callback = rate
        order.activate = call.decimal("activatePrice") or call.decimal("activationPrice") or ZERO
        if order.activate:
            contract.check_trigger(order.activate)
        return
    call.need("triggerPrice")
    order.trigger = call.decimal("triggerPrice") or ZERO
    contract.check_trigger(order.trigger)
    if order.type in ("STOP", "TAKE_PROFIT"):
        order.price_match = call.get("priceMatch", "NONE")
        order.price = read_price(call, order.side, market)
        contract.check_price(order.price)


def read_sides(call: Call, account: FuturesAccount) -> tuple[str, str]:
    """`side` and `positionSide`, which must suit the position mode. Refuses -1117, -4060, -4061."""
    side = call.need("side")
    if side not in ("BUY", "SELL"):
        raise codes.INVALID_SIDE.refusal()
    position_side = call.get("positionSide", "BOTH")
    if position_side not in ("BOTH", "LONG", "SHORT"):
        raise refusals.INVALID_POSITION_SIDE.refusal()
    if account.dual != (position_side != "BOTH"):
        raise refusals.POSITION_SIDE_NOT_MATCH.refusal()
    return side, position_side


def read_reduce_only(call: Call, account: FuturesAccount, side: str, position_side: str) -> bool:
    """`reduceOnly`; it may not be sent in hedge mode, where the side and the position side tell."""
    if not account.dual:
        return call.flag("reduceOnly")
    if "reduceOnly" in call.params:
        raise codes.PARAM_NOT_REQUIRED.refusal("reduceonly")
    return (side, position_side) in (("SELL", "LONG"), ("BUY", "SHORT"))


def read_client_id(call: Call, name: str) -> str:
    """The client's id, or "" if the exchange is to make one. Refuses -4015."""
    text = call.get(name)
    if text and not CLIENT_ID.fullmatch(text):
        raise refusals.INVALID_CLIENT_ID.refusal()
    return text


def read_tif(call: Call, tif: str, allowed: tuple[str, ...]) -> str:
    if tif not in allowed:
        raise codes.INVALID_TIF.refusal()
    return tif


def read_good_till(call: Call, tif: str) -> int:
    """`goodTillDate` of a GTD order: at least ten minutes ahead. Refuses -1102, -5040."""
    if tif != "GTD":
        return 0
    call.need("goodTillDate")
    moment = call.integer("goodTillDate") or 0
    if not call.now_ms + 600_000 < moment < LAST_MOMENT_MS:
        raise refusals.GOOD_TILL_DATE.refusal()
    return moment // 1000 * 1000


def read_stp(call: Call) -> str:
    mode = call.get("selfTradePreventionMode", "EXPIRE_MAKER")
    if mode not in STP_MODES:
        raise refusals.INVALID_STP.refusal()
    return mode


def read_price(call: Call, side: str, market: Shown) -> Decimal:
    """`price`, or the level of the book that `priceMatch` names. Refuses -1102, -5037, -5041."""
    match = call.get("priceMatch", "NONE")
    if match == "NONE":
        call.need("price")
        return call.decimal("price") or ZERO
    kind, _, depth = match.partition("_")
    if kind not in ("OPPONENT", "QUEUE") or depth not in ("", "5", "10", "20") or "price" in call.params:
        raise refusals.INVALID_PRICE_MATCH.refusal()
    levels = market.asks if (side == "BUY") == (kind == "OPPONENT") else market.bids
    place = int(depth or "1")
    if len(levels) < place:
        raise refusals.NO_DEPTH_FOR_BBO.refusal()
    return levels[place - 1][0]


def touch(market: Shown, side: str) -> Decimal:
    """The price that a market order meets first; the last price on an empty side."""
    levels = market.asks if side == "BUY" else market.bids
    return levels[0][0] if levels else (market.last or ZERO)
