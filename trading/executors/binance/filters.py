"""What Binance would refuse, said by us before it sees the order. Pure.

Each check follows binance-spot-api-docs filters.md and names the nearest value that passes. What depends on a price
of now (PERCENT_PRICE, the value of a market order) is judged by the one handed in, and left to Binance without one.
"""

from collections.abc import Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import msgspec

from trading.errors import VenueRefused
from trading.executors.binance.rules import Lots, Range, SymbolRules
from trading.executors.binance.terms import ALGO, Terms, terms_of
from trading.instruments import ZERO, Side, plain
from trading.order import Order

_CLOSED = {
    "HALT": "is halted",
    "BREAK": "is in a break",
    "END_OF_DAY": "has ended its day",
    "CANCEL_ONLY": "takes only cancels",
    "PRE_TRADING": "has not opened yet",
    "PENDING_TRADING": "has not opened yet",
    "POST_TRADING": "has closed",
    "AUCTION_MATCH": "is in an auction",
    "PRE_SETTLE": "is about to be settled",
    "PRE_DELIVERING": "is about to be delivered",
    "SETTLING": "is being settled",
    "DELIVERING": "is being delivered",
    "DELIVERED": "was delivered",
    "CLOSE": "is closed",
}


class Held(msgspec.Struct, frozen=True):
    """What the account has open on the symbol. `position` is the base it holds and has BUY orders for."""

    orders: int = 0
    algo_orders: int = 0
    icebergs: int = 0
    lists: int = 0
    position: Decimal = ZERO


def check(
    order: Order,
    rules: SymbolRules,
    reference: Decimal | None = None,
    *,
    visible: Decimal | None = None,
    held: Held | None = None,
) -> None:
    """Nothing if the order passes every filter; `visible` is the shown part of an iceberg.

    Raises:
        VenueRefused: the first that it breaks, with the nearest value that would pass.
    """
    check_status(rules)
    terms = terms_of(order, rules, reference)
    for refusal in _broken(order, terms, rules, reference, visible):
        raise refusal
    for refusal in _too_many(order, terms, rules, visible, held or Held()):
        raise refusal


def check_status(rules: SymbolRules) -> None:
    """Nothing if the symbol trades.

    Raises:
        VenueRefused: it does not, or not for us.
    """
    if rules.status != "TRADING":
        text = f"{rules.symbol} {_CLOSED.get(rules.status, f'is {rules.status}')} on Binance."
        raise VenueRefused(text, "Wait until Binance opens it again.", code="MARKET_CLOSED")
    if not rules.is_open_to_us:
        raise VenueRefused(f"{rules.symbol} has no spot trading.", "Use another symbol.", code="SYMBOL_NOT_PERMITTED")


def _broken(
    order: Order, terms: Terms, rules: SymbolRules, reference: Decimal | None, visible: Decimal | None
) -> Iterator[VenueRefused]:
    for price in (terms.price, terms.stop_price):
        if price is not None:
            yield from _price(price, rules)
    listed = rules.instrument
    lots = Lots(Range(listed.min_quantity, listed.max_quantity), listed.step)
    yield from _quantity("LOT_SIZE", order.quantity, lots)
    if not terms.is_limited:
        # A stop that triggers is a market order by then, and would end as "rejected by filters".
        yield from _quantity("MARKET_LOT_SIZE", order.quantity, rules.market)
    if visible is not None:
        yield from _iceberg(order, terms, rules, visible, lots)
    if terms.price is not None and reference:
        yield from _near(order.side, terms.price, reference, rules)
    if terms.delta is not None:
        yield from _trail(order.side, terms.delta, rules)
    yield from _value(order, terms, rules, reference)


def _price(price: Decimal, rules: SymbolRules) -> Iterator[VenueRefused]:
    tick = rules.instrument.tick
    if price <= 0 or not rules.prices.holds(price) or price % tick:
        near = _nearest(price, rules.prices, tick)
        yield _refused("PRICE_FILTER", f"The price {plain(price)} is not allowed.", f"The nearest is {plain(near)}.")


def _quantity(code: str, quantity: Decimal, lots: Lots) -> Iterator[VenueRefused]:
    if quantity <= 0 or not lots.range.holds(quantity) or (lots.step and quantity % lots.step):
        near = _nearest(quantity, lots.range, lots.step)
        text = f"The quantity {plain(quantity)} is not allowed."
        text = text if code == "LOT_SIZE" else f"{text[:-1]} at the market."
        yield _refused(code, text, f"The nearest is {plain(near)}.")


def _iceberg(order: Order, terms: Terms, rules: SymbolRules, visible: Decimal, lots: Lots) -> Iterator[VenueRefused]:
    if not rules.iceberg_allowed or not terms.is_limited or terms.time_in_force not in ("", "GTC"):
        yield _refused("NOT_SUPPORTED", "It cannot be an iceberg.", "Use a GTC limit order on a symbol that takes it.")
    yield from _quantity("LOT_SIZE", visible, lots)
    if visible > order.quantity:
        yield _refused(
            "ICEBERG", "The visible part is larger than the order.", f"Show {plain(order.quantity)} at most."
        )
    most = rules.most.iceberg_parts
    if most and order.quantity > visible * most:
        step = lots.step or Decimal(1)
        near = max(_steps(order.quantity / most, step, ROUND_CEILING), lots.range.least)
        yield _refused("ICEBERG_PARTS", f"It would have more than {most} parts.", f"Show {plain(near)} or more.")


def _near(side: Side, price: Decimal, reference: Decimal, rules: SymbolRules) -> Iterator[VenueRefused]:
    share = rules.near_buy if side is Side.BUY else rules.near_sell
    allowed = Range(share.least * reference, share.most * reference)
    if not allowed.holds(price):
        near = _nearest(price, allowed, rules.instrument.tick)
        text = f"The price {plain(price)} is too far from the market at {plain(reference)}."
        yield _refused("PERCENT_PRICE", text, f"The nearest is {plain(near)}.")


def _trail(side: Side, delta: int, rules: SymbolRules) -> Iterator[VenueRefused]:
    if not rules.trailing_allowed:
        yield _refused("NOT_SUPPORTED", f"{rules.symbol} takes no trailing stops.", "Use a stop.")
    allowed = rules.trail_above if side is Side.BUY else rules.trail_below
    if delta <= 0 or not allowed.holds(Decimal(delta)):
        near = _nearest(Decimal(delta), allowed, Decimal(1)).scaleb(-2)
        text = f"A trailing distance of {plain(Decimal(delta).scaleb(-2))}% is not allowed."
        yield _refused("TRAILING_DELTA", text, f"The nearest is {plain(near)}%.")


def _value(order: Order, terms: Terms, rules: SymbolRules, reference: Decimal | None) -> Iterator[VenueRefused]:
    """MIN_NOTIONAL and NOTIONAL, at every price the order has; a market order's by the flags, at the price of now.

    On the futures a reduce-only order may be of any value (-4164).
    """
    if rules.is_linear and order.reduce_only:
        return
    listed = rules.instrument
    own = [price for price in (terms.price, terms.stop_price) if price is not None]
    least, most = listed.min_notional, listed.max_notional
    if not own:
        least = least if rules.min_notional_at_market else ZERO
        most = most if rules.max_notional_at_market else ZERO
    for price in own or ([reference] if reference else []):
        value = listed.notional(order.quantity, price)
        if value < least:
            near = max(_steps(least / (price * listed.multiplier), listed.step, ROUND_CEILING), listed.min_quantity)
            text = f"The value {plain(value)} {listed.quote} is below the minimum of {plain(least)}."
            yield _refused("NOTIONAL", text, f"At {plain(price)} the least quantity is {plain(near)}.")
        if most and value > most:
            near = _steps(most / (price * listed.multiplier), listed.step, ROUND_FLOOR)
            text = f"The value {plain(value)} {listed.quote} is above the maximum of {plain(most)}."
            yield _refused("NOTIONAL", text, f"At {plain(price)} the most is {plain(near)}.")


def _too_many(
    order: Order, terms: Terms, rules: SymbolRules, visible: Decimal | None, held: Held
) -> Iterator[VenueRefused]:
    most = rules.most
    counts = [("MAX_NUM_ORDERS", held.orders, most.orders, "orders")]
    if terms.kind in ALGO and not rules.is_linear:
        counts.append(("MAX_NUM_ALGO_ORDERS", held.algo_orders, most.algo_orders, "stops and targets"))
    if visible is not None:
        counts.append(("MAX_NUM_ICEBERG_ORDERS", held.icebergs, most.icebergs, "icebergs"))
    if order.group:
        counts.append(("MAX_NUM_ORDER_LISTS", held.lists, most.lists, "pairs"))
    for code, count, limit, what in counts:
        if limit and count >= limit:
            yield _refused(code, f"{count} {what} are open on {rules.symbol}, the most there may be.", "Cancel some.")
    if order.side is Side.BUY and rules.max_position and held.position + order.quantity > rules.max_position:
        near = rules.instrument.round_quantity(max(rules.max_position - held.position, ZERO))
        yield _refused("MAX_POSITION", "The account would hold too much of it.", f"The most is {plain(near)}.")


def _nearest(value: Decimal, allowed: Range, step: Decimal) -> Decimal:
    """The nearest value in `allowed` that is a multiple of `step`, downwards if it can be."""
    within = max(value, allowed.least, ZERO)
    within = min(within, allowed.most) if allowed.most else within
    if not step:
        return within
    down = _steps(within, step, ROUND_FLOOR)
    return down if down > 0 and down >= allowed.least else max(_steps(within, step, ROUND_CEILING), step)


def _steps(value: Decimal, step: Decimal, rounding: str) -> Decimal:
    return (value / step).to_integral_value(rounding) * step if step else value


def _refused(code: str, text: str, remedy: str) -> VenueRefused:
    return VenueRefused(text, remedy, code=code)
