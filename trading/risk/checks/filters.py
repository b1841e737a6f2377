"""The venue's own filters, so that what it would refuse is refused here, with the number that would do.

A filter of 0 is one that the venue does not have.
"""

from collections.abc import Iterator
from decimal import Decimal

from trading.events import Finding
from trading.instruments import Settlement, Side
from trading.intent import Leg
from trading.order import Order
from trading.risk.checks.check import DOWN, UP, Check, money, plain, units
from trading.risk.reasons import Reason
from trading.risk.view import View


class LotSize(Check, frozen=True):
    """The quantity is a positive multiple of the step."""

    reason = Reason.LOT_SIZE
    entries_only = False

    def __call__(self, order: Order, view: View) -> Finding | None:
        instrument, quantity = view.instrument, order.quantity
        step = instrument.step
        if not step:
            return None
        if quantity > 0 and not quantity % step:
            return self.passes(f"quantity {plain(quantity)}, step {plain(step)}")
        down = max((quantity / step).to_integral_value(DOWN), Decimal(1)) * step
        up = max((quantity / step).to_integral_value(UP), Decimal(1)) * step
        text = f"quantity {plain(quantity)} is not a multiple of the step {plain(step)}"
        return _beside(self, text, units(down, instrument), units(up, instrument))


def _beside(check: Check, text: str, down: str, up: str) -> Finding:
    """Denied, with the nearest below and above that would do; below the first there is none."""
    if down != up:
        return check.denies(text, down=down, up=up)
    return Finding(check.reason, False, text, f"Use {up}.")


class MinQuantity(Check, frozen=True):
    reason = Reason.MIN_QUANTITY
    entries_only = False

    def __call__(self, order: Order, view: View) -> Finding | None:
        least = view.instrument.min_quantity
        if not least:
            return None
        if order.quantity >= least:
            return self.passes(f"at least the minimum {plain(least)}")
        text = f"quantity {units(order.quantity, view.instrument)}, minimum {plain(least)}"
        return self.denies(text, least=units(least, view.instrument))


class MaxQuantity(Check, frozen=True):
    reason = Reason.MAX_QUANTITY
    entries_only = False

    def __call__(self, order: Order, view: View) -> Finding | None:
        most = view.instrument.max_quantity
        if not most:
            return None
        if order.quantity <= most:
            return self.passes(f"at most the maximum {plain(most)}")
        text = f"quantity {units(order.quantity, view.instrument)}, maximum {plain(most)}"
        return self.denies(text, most=units(most, view.instrument))


class TickSize(Check, frozen=True):
    """Every price of the order, its bracket's stop and target too, is a positive multiple of the tick."""

    reason = Reason.TICK_SIZE
    entries_only = False

    def __call__(self, order: Order, view: View) -> Finding | None:
        tick = view.instrument.tick
        if not tick:
            return None
        prices = list(_prices(order))
        for name, price in prices:
            if price <= 0 or price % tick:
                down = max((price / tick).to_integral_value(DOWN), Decimal(1)) * tick
                up = max((price / tick).to_integral_value(UP), Decimal(1)) * tick
                text = f"{name} {plain(price)} is not a multiple of the tick {plain(tick)}"
                return _beside(self, text, plain(down), plain(up))
        return self.passes(f"{prices[0][0]} {plain(prices[0][1])}, tick {plain(tick)}") if prices else None


def _prices(order: Order) -> Iterator[tuple[str, Decimal]]:
    for name, price in (
        ("limit price", order.limit_price),
        ("stop price", order.stop_price),
        ("stop-loss", order.stop_loss),
        ("take-profit", order.take_profit),
    ):
        if price is not None:
            yield name, price


class MinNotional(Check, frozen=True):
    """Worth enough at its own price, and at those of its stop and target, which could not be placed otherwise.

    A venue that holds positions lets any remainder of one be closed.
    """

    reason = Reason.MIN_NOTIONAL
    entries_only = False

    def __call__(self, order: Order, view: View) -> Finding | None:
        instrument, least = view.instrument, view.instrument.min_notional
        linear = instrument.settlement is Settlement.LINEAR
        if not least or (order.reduce_only and linear):
            return None
        passed: Finding | None = None
        for name, price, share in _placements(order, view, with_legs=not linear):
            left = order.quantity if share == 1 else instrument.round_quantity(order.quantity * share)
            value = instrument.notional(left, price)
            text = f"{name} {money(value, instrument.quote, DOWN)}, the venue's minimum {plain(least)}"
            if value < least:
                step = instrument.step or Decimal(1)
                steps = (least / (price * instrument.multiplier) / step).to_integral_value(UP)
                return self.denies(text, least=units((steps / share).to_integral_value(UP) * step, instrument))
            passed = passed or self.passes(text)
        return passed


_VALUES = {Leg.ENTRY: "value", Leg.STOP_LOSS: "stop-loss value", Leg.TAKE_PROFIT: "take-profit value"}


def _placements(order: Order, view: View, *, with_legs: bool) -> Iterator[tuple[str, Decimal, Decimal]]:
    """The order and what it will place: the name of its value, its price, and its share of the quantity after fees."""
    if price := _own_price(order, view):
        yield _VALUES[order.leg], price, Decimal(1)
    can = view.facts.capabilities
    share = 1 - can.taker_fee if can.fee_in_received and order.side is Side.BUY else Decimal(1)
    for leg, wished in ((Leg.STOP_LOSS, order.stop_loss), (Leg.TAKE_PROFIT, order.take_profit)):
        if wished and with_legs:
            yield _VALUES[leg], wished, share


class MaxNotional(Check, frozen=True):
    reason = Reason.MAX_NOTIONAL
    entries_only = False

    def __call__(self, order: Order, view: View) -> Finding | None:
        instrument, price = view.instrument, _own_price(order, view)
        most = instrument.max_notional
        if not most or not price:
            return None
        value = instrument.notional(order.quantity, price)
        text = f"value {money(value, instrument.quote, UP)}, the venue's maximum {plain(most)}"
        if value <= most:
            return self.passes(text)
        fits = instrument.round_quantity(most / (price * instrument.multiplier))
        return self.denies(text, most=units(fits, instrument))


def _own_price(order: Order, view: View) -> Decimal | None:
    """The price a venue's filter looks at: the order's own, or the market's."""
    if order.limit_price is not None:
        return order.limit_price
    if order.stop_price is not None:
        return order.stop_price
    levels = view.quote.taker(order.side) if view.quote is not None else ()
    return levels[0].price if levels else None


FILTERS: tuple[Check, ...] = (LotSize(), MinQuantity(), MaxQuantity(), TickSize(), MinNotional(), MaxNotional())
"""All of them; they are asked about the legs of a list too."""
