"""How much: an order, a position, everything together, and at which price."""

from datetime import timedelta
from decimal import Decimal

from trading.events import Finding
from trading.instruments import ZERO, Settlement
from trading.intent import OrderType
from trading.order import Order
from trading.quotes import Level
from trading.risk.checks.check import DOWN, UP, Check, money, percent, plain
from trading.risk.reasons import Reason
from trading.risk.view import View
from trading.words import age, span


class Priced(Check, frozen=True):
    """There is a quote."""

    reason = Reason.NO_PRICE

    def __call__(self, order: Order, view: View) -> Finding | None:
        if view.quote is None or view.reference is None:
            return self.denies(f"no price of {order.symbol} yet", symbol=order.symbol)
        return self.passes(f"judged at {plain(view.reference)} {view.instrument.quote}")


class Rated(Check, frozen=True):
    """There is a rate from the symbol's currency into the desk's."""

    reason = Reason.NO_RATE

    def __call__(self, order: Order, view: View) -> Finding | None:
        quote, desk = view.instrument.quote, view.standing.currency
        if view.rate is None:
            return self.denies(f"no rate from {quote} to {desk}", currency=quote, desk=desk)
        return None if quote == desk else self.passes(f"1 {quote} counts as {plain(view.rate)} {desk}")


class Fresh(Check, frozen=True):
    """The quote came in no longer ago than the limit, in seconds."""

    reason = Reason.STALE_PRICE
    limit: int

    def __call__(self, order: Order, view: View) -> Finding | None:
        if view.quote is None:
            return None
        seconds = (view.standing.now - view.quote.at).total_seconds()
        text = f"price {age(seconds)} old, limit {span(timedelta(seconds=self.limit))}"
        return self.passes(text) if seconds <= self.limit else self.denies(text)


class PriceBand(Check, frozen=True):
    """No price much worse than the market, in percent of it: a BUY above it, a SELL below it.

    A limit is held against the best opposite price, or against its own stop when it waits for one. A
    market order is held against the worst of the levels shown that it would take.
    """

    reason = Reason.PRICE_BAND
    limit: Decimal

    def __call__(self, order: Order, view: View) -> Finding | None:
        levels = view.quote.taker(order.side) if view.quote is not None else ()
        if not levels:
            return None
        market, name = levels[0].price, "best price"
        if order.type is OrderType.STOP_LIMIT and order.stop_price is not None:
            market, name = order.stop_price, "stop price"
        price = order.limit_price
        if price is None:
            if order.type is not OrderType.MARKET:
                return None
            price = _last_taken(levels, order.remaining)
        worse = (price - market) * order.side.sign
        if worse <= 0:
            return self.passes(f"{plain(price)} is no worse than the {name}, limit {self.limit:f}%")
        distance = worse * 100 / market
        text = f"{plain(price)} is {percent(distance, UP)} worse than the {name} {plain(market)}, limit {self.limit:f}%"
        if distance <= self.limit:
            return self.passes(text)
        edge = view.instrument.round_price(market * (100 + order.side.sign * self.limit) / 100, order.side)
        return self.denies(text, price=plain(edge))


def _last_taken(levels: tuple[Level, ...], quantity: Decimal) -> Decimal:
    """The price of the last level shown that `quantity` would reach."""
    for level in levels:
        quantity -= level.quantity
        if quantity <= 0:
            return level.price
    return levels[-1].price


class MinOrderValue(Check, frozen=True):
    reason = Reason.MIN_ORDER_VALUE
    limit: Decimal

    def __call__(self, order: Order, view: View) -> Finding | None:
        if view.value is None:
            return None
        currency = view.standing.currency
        text = f"order value {money(view.value, currency, DOWN)}, minimum {self.limit:f} {currency}"
        if view.value >= self.limit:
            return self.passes(text)
        return self.denies(text, least=f"{self.limit:f} {currency}")


class MaxOrderValue(Check, frozen=True):
    reason = Reason.MAX_ORDER_VALUE
    limit: Decimal

    def __call__(self, order: Order, view: View) -> Finding | None:
        if view.value is None:
            return None
        currency = view.standing.currency
        text = f"order value {money(view.value, currency, UP)}, limit {self.limit:f} {currency}"
        if view.value <= self.limit:
            return self.passes(text)
        return self.denies(text, most=f"{self.limit:f} {currency}")


class MaxPositionValue(Check, frozen=True):
    """The position with this order and every open one filled, on the side that makes it larger."""

    reason = Reason.MAX_POSITION_VALUE
    limit: Decimal

    def __call__(self, order: Order, view: View) -> Finding | None:
        currency = view.standing.currency
        text = f"position would be {money(view.position_after, currency, UP)}, limit {self.limit:f} {currency}"
        if view.position_after <= self.limit:
            return self.passes(text)
        return self.denies(text, room=money(max(self.limit - view.position_before, ZERO), currency, DOWN))


class MaxTotalExposure(Check, frozen=True):
    """All positions of the account with this order and every open one filled."""

    reason = Reason.MAX_TOTAL_EXPOSURE
    limit: Decimal

    def __call__(self, order: Order, view: View) -> Finding | None:
        currency, after = view.standing.currency, view.exposure_after
        text = f"exposure would be {money(after, currency, UP)}, limit {self.limit:f} {currency}"
        if after <= self.limit:
            return self.passes(text)
        return self.denies(text, room=money(max(self.limit - view.exposure_before, ZERO), currency, DOWN))


class MaxLeverage(Check, frozen=True):
    """Total exposure as a multiple of equity, where positions are not paid in full (not on spot)."""

    reason = Reason.LEVERAGE
    limit: Decimal

    def __call__(self, order: Order, view: View) -> Finding | None:
        if view.instrument.settlement is Settlement.SPOT:
            return None
        standing, after = view.standing, view.exposure_after
        most = standing.equity.total * self.limit
        text = (
            f"exposure would be {money(after, standing.currency, UP)}, "
            f"limit {self.limit:f} x equity {money(standing.equity.total, standing.currency, DOWN)}"
        )
        if after <= most:
            return self.passes(text)
        return self.denies(text, room=money(max(most - view.exposure_before, ZERO), standing.currency, DOWN))


class MaxOpenPositions(Check, frozen=True):
    """Symbols with a position or an order that may open one; adding to one of them is free."""

    reason = Reason.MAX_OPEN_POSITIONS
    limit: int

    def __call__(self, order: Order, view: View) -> Finding | None:
        after = len(view.standing.occupied | {order.symbol})
        text = f"positions would be {after}, limit {self.limit}"
        if after <= self.limit or order.symbol in view.standing.occupied:
            return self.passes(text)
        return self.denies(text)
