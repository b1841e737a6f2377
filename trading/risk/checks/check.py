"""What every check is, and how numbers are told."""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import ClassVar

import msgspec

from trading.events import Finding
from trading.instruments import Instrument, plain
from trading.order import Order
from trading.risk.reasons import Reason
from trading.risk.view import View

UP, DOWN = ROUND_CEILING, ROUND_FLOOR
CENT = Decimal("0.01")
LARGE = Decimal(10) ** 15


class Check(msgspec.Struct, frozen=True):
    """One rule with its limit.

    Called with an order and the view it answers a finding, or None where it has nothing to say.
    A rule for `entries_only` is not asked about orders that reduce a position: they always pass it.
    """

    reason: ClassVar[Reason]
    entries_only: ClassVar[bool] = True

    def __call__(self, order: Order, view: View) -> Finding | None:
        raise NotImplementedError

    def passes(self, text: str) -> Finding:
        return Finding(self.reason, True, text)

    def denies(self, text: str, **numbers: object) -> Finding:
        return Finding(self.reason, False, text, self.reason.advise(**numbers))


def money(value: Decimal, currency: str, rounding: str = ROUND_HALF_EVEN) -> str:
    """An amount to the cent, or to four digits when it is below one.

    What is held against a maximum is rounded UP and against a minimum DOWN, so that the number told
    is never on the other side of the limit.
    """
    size = abs(value)
    if size >= LARGE:
        return f"{value:.3E} {currency}"
    place = CENT if size >= 1 or not value else Decimal(1).scaleb(value.adjusted() - 3)
    amount = value.quantize(place, rounding)
    return f"{amount} {currency}" if size >= 1 else f"{amount:f} {currency}"


def percent(value: Decimal, rounding: str = ROUND_HALF_EVEN) -> str:
    """To a hundredth of a percent."""
    return f"{value:.3E}%" if abs(value) >= LARGE else f"{value.quantize(CENT, rounding):f}%"


def units(quantity: Decimal, instrument: Instrument) -> str:
    """A quantity with what it counts: base currency, or lots where a lot is a multiple of it."""
    return f"{plain(quantity)} {instrument.base if instrument.multiplier == 1 else 'lots'}"
