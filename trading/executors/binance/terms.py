"""An order of ours in Binance's terms: which of its types, with which prices. Pure.

Sources: binance-spot-api-docs rest-api.md ("New order", additional parameters by type) and faqs/trailing-stop-faq.md;
derivatives/usds-margined-futures New-Order and New-Algo-Order.
"""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import NoReturn

import msgspec

from trading.errors import VenueRefused
from trading.executors.binance.rules import SymbolRules
from trading.instruments import Side
from trading.intent import OrderType, TimeInForce
from trading.order import Order

ALGO = frozenset({"STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"})
"""What MAX_NUM_ALGO_ORDERS counts on spot."""

CONDITIONAL = frozenset({"STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"})
"""What the futures' algo service takes, and their order endpoint refuses with -4120."""

SLIPPAGE = Decimal("0.05")
"""How far behind its trigger a stop is limited, on symbols that take no stop at the market."""

_SPOT = {
    OrderType.STOP: "STOP_LOSS",
    OrderType.STOP_LIMIT: "STOP_LOSS_LIMIT",
    OrderType.TAKE_PROFIT: "TAKE_PROFIT",
    OrderType.TRAILING_STOP: "STOP_LOSS",
}
_USDM = {
    OrderType.STOP: "STOP_MARKET",
    OrderType.STOP_LIMIT: "STOP",
    OrderType.TAKE_PROFIT: "TAKE_PROFIT_MARKET",
    OrderType.TRAILING_STOP: "TRAILING_STOP_MARKET",
}


class Terms(msgspec.Struct, frozen=True):
    """What is sent. `price` is the limit, `delta` the distance of a trailing stop in basis points (0.01%)."""

    kind: str
    time_in_force: str = ""
    price: Decimal | None = None
    stop_price: Decimal | None = None
    delta: int | None = None

    @property
    def is_limited(self) -> bool:
        """It has a limit; everything else executes at the market, at once or once triggered."""
        return self.price is not None


def terms_of(order: Order, rules: SymbolRules, reference: Decimal | None = None) -> Terms:
    """The terms of `order`; `reference` is a price of now, where there is one (quote currency).

    A stop at the market becomes one with a limit `SLIPPAGE` behind its trigger on a symbol that takes no other, as
    many did until 2025: it then fills at the market all the same, unless the price leaps further than that.

    Raises:
        VenueRefused: the symbol takes no such order, or a trailing distance cannot be told in percent.
    """
    if order.post_only and (order.type is not OrderType.LIMIT or order.time_in_force is not TimeInForce.GTC):
        raise VenueRefused("Only a GTC LIMIT order can be post-only.", "Leave out post=yes.", code="BAD_ORDER")
    terms = _usdm(order, reference) if rules.is_linear else _spot(order, rules, reference)
    if terms.kind not in rules.order_types:
        raise VenueRefused(
            f"{rules.symbol} takes no {terms.kind} orders on Binance.",
            "Use another kind of order.",
            code="NOT_SUPPORTED",
        )
    return terms


def target_terms(order: Order, rules: SymbolRules) -> Terms:
    """The terms of a limit order that takes the profit in a pair: there Binance wants a LIMIT_MAKER.

    Raises:
        VenueRefused: the symbol takes no such order.
    """
    if order.type is not OrderType.LIMIT:
        return terms_of(order, rules)
    return terms_of(msgspec.structs.replace(order, post_only=True, time_in_force=TimeInForce.GTC), rules)


def _spot(order: Order, rules: SymbolRules, reference: Decimal | None) -> Terms:
    match order.type:
        case OrderType.MARKET:
            return Terms("MARKET")
        case OrderType.LIMIT if order.post_only:
            return Terms("LIMIT_MAKER", price=_given(order.limit_price))
        case OrderType.LIMIT:
            return Terms("LIMIT", order.time_in_force, _given(order.limit_price))
        case OrderType.STOP_LIMIT:
            price, stop = _given(order.limit_price), _given(order.stop_price)
            return Terms("STOP_LOSS_LIMIT", order.time_in_force, price, stop)
    kind = _SPOT[order.type]
    trails = order.type is OrderType.TRAILING_STOP
    delta = _basis_points(order, reference) if trails else None
    stop_price = None if trails else _given(order.stop_price)
    limited = f"{kind}_LIMIT"
    trigger = stop_price if delta is None else _trigger(order, reference, delta)
    if kind in rules.order_types or limited not in rules.order_types or trigger is None:
        return Terms(kind, stop_price=stop_price, delta=delta)
    price = rules.instrument.round_price(trigger * (1 + order.side.sign * SLIPPAGE), order.side)
    return Terms(limited, TimeInForce.GTC, max(price, rules.instrument.tick), stop_price, delta)


def _usdm(order: Order, reference: Decimal | None) -> Terms:
    in_force = "GTX" if order.post_only else order.time_in_force  # GTX: good till crossing
    match order.type:
        case OrderType.MARKET:
            return Terms("MARKET")
        case OrderType.LIMIT:
            return Terms("LIMIT", in_force, _given(order.limit_price))
        case OrderType.STOP_LIMIT:
            return Terms("STOP", in_force, _given(order.limit_price), _given(order.stop_price))
        case OrderType.TRAILING_STOP:
            return Terms(_USDM[order.type], delta=_basis_points(order, reference))
    return Terms(_USDM[order.type], stop_price=_given(order.stop_price))


def _trigger(order: Order, reference: Decimal | None, delta: int) -> Decimal | None:
    """Where a trailing stop stands at first."""
    return None if reference is None else reference * (1 + order.side.sign * Decimal(delta).scaleb(-4))


def _basis_points(order: Order, reference: Decimal | None) -> int:
    """Binance trails by a share of the price only. A distance is told as one of the stop, or of the price of now."""
    if order.trail is None:
        _incomplete(order)
    base = order.stop_price or reference
    if not order.trail.percent and not base:
        raise VenueRefused(
            "Binance trails by percent only, and there is no price to turn the distance into one.",
            "Write it in percent, like trail=1.5%.",
            code="TRAILING_DELTA",
        )
    share = order.trail.amount / 100 if order.trail.percent else order.trail.amount / (base or Decimal(1))
    return int(share.scaleb(4).to_integral_value(ROUND_HALF_EVEN))


def _given(price: Decimal | None) -> Decimal:
    if price is None:
        raise VenueRefused("The order lacks a price.", code="BAD_ORDER")
    return price


def _incomplete(order: Order) -> NoReturn:
    raise VenueRefused(f"A {order.type} order lacks its distance.", code="BAD_ORDER")


def is_above(order: Order) -> bool:
    """Whether the trigger or target of this order is above the market: stops of a BUY, targets of a SELL."""
    stops = order.type in (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP)
    return stops is (order.side is Side.BUY)
