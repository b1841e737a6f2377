"""What every check is, and how numbers are told."""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import ClassVar

import msgspec

from trading import instruments
from trading.events import Finding
from trading.instruments import Instrument
from trading.order import Order
from trading.risk.reasons import Reason
from trading.risk.view import View

UP, DOWN = ROUND_CEILING, ROUND_FLOOR
CENT = Decimal("0.01")
ONE = Decimal(1)
LARGE = Decimal(10) ** 15
plain = lru_cache(maxsize=4096)(instruments.plain)  # the same steps and limits are told again and again


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
    if ONE <= size < LARGE:
        return f"{value.quantize(CENT, rounding)!s} {currency}"
    if size >= LARGE:
        return f"{value:.3E} {currency}"
    place = Decimal(1).scaleb(value.adjusted() - 3) if value else CENT
    return f"{value.quantize(place, rounding):f} {currency}"


def percent(value: Decimal, rounding: str = ROUND_HALF_EVEN) -> str:
    """To a hundredth of a percent."""
    return f"{value:.3E}%" if abs(value) >= LARGE else f"{value.quantize(CENT, rounding):f}%"


def units(quantity: Decimal, instrument: Instrument) -> str:
    """A quantity with what it counts: base currency, or lots where a lot is a multiple of it."""
    return f"{plain(quantity)} {instrument.base if instrument.multiplier == 1 else 'lots'}"
