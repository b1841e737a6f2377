"""What a broker's rules of a symbol allow, checked before anything is sent, with the nearest that would pass. Pure.

Distances (stops level, freeze level) are from the price at which a position would be closed: a long one's stop and
target from the bid, a short one's from the ask; for a waiting order from its own price (MQL5 book, "Stop levels").
"""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import NamedTuple

from trading.errors import VenueRefused
from trading.instruments import ZERO, Side, plain
from trading.intent import OrderType, TimeInForce
from trading.mt5.constants import Constants as mt5
from trading.mt5.listing import SymbolRules
from trading.order import Order

FOK_BIT, IOC_BIT = 1, 2  # of a symbol's filling_mode
GTC_BIT = 1  # of its expiration_mode
_MODES = {
    OrderType.MARKET: (1, "orders at the market"),
    OrderType.LIMIT: (2, "limit orders"),
    OrderType.STOP: (4, "stop orders"),
    OrderType.TRAILING_STOP: (4, "stop orders"),
    OrderType.STOP_LIMIT: (8, "stop-limit orders"),
}
"""Bits of a symbol's order_mode (MQL5 reference, SYMBOL_ORDER_MODE)."""


class Shown(NamedTuple):
    """What the market shows now."""

    bid: Decimal
    ask: Decimal

    def taken(self, side: Side) -> Decimal:
        """What an order of this side pays."""
        return self.ask if side is Side.BUY else self.bid

    def closed(self, side: Side) -> Decimal:
        """What a position that was opened by this side is closed at."""
        return self.bid if side is Side.BUY else self.ask


def is_stop(order: Order) -> bool:
    """Whether a level is the stop, or else the target."""
    return order.type in (OrderType.STOP, OrderType.TRAILING_STOP)


def price_of(order: Order, shown: Shown) -> Decimal:
    """The price that a waiting order waits for; of a trailing stop, the first one."""
    if order.trail is not None:
        market = shown.taken(order.side)
        return market + order.side.sign * order.trail.distance(market)
    price = order.limit_price if order.type is OrderType.LIMIT else order.stop_price
    if price is None:
        raise VenueRefused(f"A {order.type} order lacks a price.", code="BAD_ORDER")
    return price


def entry_of(order: Order, shown: Shown) -> Decimal:
    """The price that a waiting order is done at: a stop-limit waits twice."""
    limit = order.limit_price if order.type is OrderType.STOP_LIMIT else None
    return price_of(order, shown) if limit is None else limit


def levels_of(order: Order, rules: SymbolRules, entry: Decimal) -> tuple[Decimal, Decimal]:
    """Stop and target that an entry at this price takes along, 0 for none."""
    sl = order.stop_loss or ZERO
    if order.trail_loss is not None:
        sl = on_tick(entry - order.side.sign * order.trail_loss.distance(entry), rules, order.side is Side.SELL)
    return sl, order.take_profit or ZERO


def on_tick(price: Decimal, rules: SymbolRules, up: bool) -> Decimal:
    """The price on the symbol's tick."""
    tick = rules.instrument.tick
    return (price / tick).to_integral_value(ROUND_CEILING if up else ROUND_FLOOR) * tick


def check_volume(volume: Decimal, rules: SymbolRules) -> None:
    """Raises VenueRefused for a number of lots that the symbol does not take."""
    least, most, step = rules.instrument.min_quantity, rules.instrument.max_quantity, rules.instrument.step
    if volume < least or (most and volume > most) or volume % step:
        remedy = f"The minimum is {plain(least)}, in steps of {plain(step)}"
        raise VenueRefused(
            f"{plain(volume)} lots of {rules.symbol} are not allowed.",
            f"{remedy}, up to {plain(most)}." if most else f"{remedy}.",
            code="LOT_SIZE",
        )


def check_price(price: Decimal, rules: SymbolRules) -> None:
    """Raises VenueRefused for a price off the tick."""
    if price <= 0 or price % rules.instrument.tick:
        near = on_tick(price, rules, False)
        text = f"The price {plain(price)} is not a multiple of {plain(rules.instrument.tick)}."
        raise VenueRefused(text, f"{plain(near)} is.", code="PRICE_FILTER")


def check_tradable(rules: SymbolRules) -> None:
    """Raises VenueRefused where the symbol is not traded at all."""
    if rules.trade_mode == mt5.SYMBOL_TRADE_MODE_DISABLED:
        raise VenueRefused(f"{rules.symbol} cannot be traded.", "The broker only shows it.", code="TRADE_DISABLED")


def check_kind(order: Order, rules: SymbolRules) -> None:
    """What the symbol takes at all: this type, and this time in force.

    Raises:
        VenueRefused: TRADE_DISABLED, NOT_SUPPORTED.
    """
    check_tradable(rules)
    bit, name = _MODES.get(order.type, (0, f"{order.type} orders"))
    if rules.order_mode and not rules.order_mode & bit:
        others = ", ".join(dict.fromkeys(name for bit, name in _MODES.values() if rules.order_mode & bit))
        raise _unsupported(f"The broker takes no {name} of {rules.symbol}.", f"It takes {others or 'none'}.")
    if order.type is not OrderType.MARKET:
        _check_time(order, rules)


def check_side(side: Side, rules: SymbolRules) -> None:
    """Raises VenueRefused where the symbol may not be opened this way."""
    if rules.trade_mode == mt5.SYMBOL_TRADE_MODE_CLOSEONLY:
        raise _unsupported(f"The broker lets {rules.symbol} only be closed.", "Trade another one.")
    if rules.trade_mode == mt5.SYMBOL_TRADE_MODE_LONGONLY and side is Side.SELL:
        raise _unsupported(f"The broker lets {rules.symbol} only be bought.", "Sell another one.")
    if rules.trade_mode == mt5.SYMBOL_TRADE_MODE_SHORTONLY and side is Side.BUY:
        raise _unsupported(f"The broker lets {rules.symbol} only be sold.", "Buy another one.")


def _check_time(order: Order, rules: SymbolRules) -> None:
    """How long an order with a price of its own may stay."""
    tif = order.time_in_force
    if tif is TimeInForce.GTC:
        if rules.expiration_mode and not rules.expiration_mode & GTC_BIT:
            text = f"The broker takes orders of {rules.symbol} that wait only with an end, which the desk cannot give."
            raise _unsupported(text, "Leave out the price.")
        return
    if order.type is not OrderType.LIMIT:
        raise _unsupported(f"A {order.type} order waits, and cannot be {tif}.", f"Leave out tif={tif.lower()}.")
    if not rules.is_on_exchange:
        text = f"A limit order of {rules.symbol} waits, and cannot be {tif}: the broker does none at once."
        raise _unsupported(text, f"Leave out the limit, or tif={tif.lower()}.")
    if not rules.filling_mode & (FOK_BIT if tif is TimeInForce.FOK else IOC_BIT):
        raise _unsupported(f"The broker takes no {tif} orders of {rules.symbol}.", f"Leave out tif={tif.lower()}.")


def _unsupported(text: str, remedy: str) -> VenueRefused:
    return VenueRefused(text, remedy, code="NOT_SUPPORTED")


def check_entry(order: Order, rules: SymbolRules, shown: Shown) -> None:
    """All rules for an order that opens something, before it is sent; without a price, those that need none.

    Raises:
        VenueRefused: as of `check_kind`, `check_side`, `check_waiting` and `check_levels`.
    """
    check_kind(order, rules)
    check_side(order.side, rules)
    if not shown.bid:
        return
    market = shown.closed(order.side)
    if order.type is not OrderType.MARKET:
        if order.trail is None:
            check_waiting(order, price_of(order, shown), rules, shown)
        market = entry_of(order, shown)
    check_levels(order.side, market, order.stop_loss, order.take_profit, rules)


def check_waiting(order: Order, price: Decimal, rules: SymbolRules, shown: Shown) -> None:
    """A waiting order on its side of the market, and far enough from it; on an exchange a limit may be anywhere.

    Raises:
        VenueRefused: with the nearest price that would pass; WOULD_TRIGGER for a stop that the market has passed.
    """
    check_price(price, rules)
    if order.type is OrderType.LIMIT and rules.is_on_exchange:
        return
    market, sign = shown.taken(order.side), order.side.sign
    sign = -sign if order.type is OrderType.LIMIT else sign  # a stop waits beyond the market, a limit on this side
    _check_away(price, market, sign, rules, order.type is not OrderType.LIMIT)
    if order.type is OrderType.STOP_LIMIT and order.limit_price is not None:
        _check_limit_of(order, price, order.limit_price, rules)


def _check_limit_of(order: Order, stop: Decimal, limit: Decimal, rules: SymbolRules) -> None:
    """The limit of a stop-limit: but on an exchange it has to wait once more when the stop is seen."""
    check_price(limit, rules)
    if rules.is_on_exchange or (stop - limit) * order.side.sign >= rules.least_away:
        return
    where = "below" if order.side is Side.BUY else "above"
    nearest = on_tick(stop - order.side.sign * rules.least_away, rules, order.side is Side.SELL)
    raise VenueRefused(
        f"The limit {plain(limit)} would be done at once when the stop {plain(stop)} is seen, and a broker takes none "
        f"that is: of a {order.side} stop-limit it waits {where} the stop.",
        f"The nearest that is allowed is {plain(nearest)}. Or leave out the limit.",
        code="WOULD_TAKE",
    )


def check_levels(side: Side, market: Decimal, sl: Decimal | None, tp: Decimal | None, rules: SymbolRules) -> None:
    """Stop and target of a position of this side, that would be closed at `market`; as `check_waiting`."""
    for price, sign in ((sl, -side.sign), (tp, side.sign)):
        if price:
            check_price(price, rules)
            _check_away(price, market, sign, rules, True)


def check_frozen(price: Decimal, market: Decimal, rules: SymbolRules) -> None:
    """Raises VenueRefused where the market is too near for a change."""
    if rules.freeze_level and price and abs(price - market) <= rules.freeze_level:
        raise VenueRefused(
            f"It cannot be changed any more: the market is at {plain(market)}, within the freeze level of "
            f"{plain(rules.freeze_level)}.",
            "Wait: it may be done soon.",
            code="FROZEN",
        )


def _check_away(price: Decimal, market: Decimal, sign: int, rules: SymbolRules, triggers: bool) -> None:
    """`sign`: on which side of the market the price must be."""
    away = (price - market) * sign
    if away >= rules.least_away:
        return
    nearest = on_tick(market + sign * rules.least_away, rules, sign > 0)
    remedy = f"The nearest that is allowed is {plain(nearest)}."
    if away <= 0 and triggers:
        text = f"{plain(price)} would trigger immediately: the market is at {plain(market)}."
        raise VenueRefused(text, remedy, code="WOULD_TRIGGER")
    if away <= 0:
        text = f"A limit of {plain(price)} would be done at once, and a broker takes none that is: "
        raise VenueRefused(
            f"{text}the market is at {plain(market)}.", f"{remedy} Or leave out the limit.", code="WOULD_TAKE"
        )
    text = f"{plain(price)} is too near to the market at {plain(market)}: the broker asks for "
    raise VenueRefused(f"{text}{plain(rules.least_away)} between them.", remedy, code="STOPS_LEVEL")
