"""What can be traded and in which steps: symbols, decimal text, money, rounding.

Money is Decimal from the first character typed to the last one told. Text comes in through
`decimal_from_text`; a float never does.
"""

import re
from decimal import (
    ROUND_CEILING,
    ROUND_FLOOR,
    Context,
    Decimal,
    DivisionByZero,
    FloatOperation,
    InvalidOperation,
    Overflow,
    setcontext,
)
from enum import StrEnum
from typing import NewType

import msgspec

from trading.errors import IntentError

Symbol = NewType("Symbol", str)
"""A canonical symbol as the venue's instrument list names it: `BTC/USDT`, `EURUSD`."""

Price = NewType("Price", Decimal)
"""Quote currency per unit of base."""

Quantity = NewType("Quantity", Decimal)
"""Units of the instrument: base currency on spot, contracts or lots elsewhere."""

ZERO = Decimal(0)
PLACES = Decimal("1e-18")
"""Where money divided is cut; finer than any venue's step."""

_DECIMAL = re.compile(r"[0-9]{1,15}(\.[0-9]{1,18})?|\.[0-9]{1,18}", re.ASCII)


def trap_floats() -> None:
    """Make mixing floats into money an error in this thread (called at process start and in tests)."""
    setcontext(Context(prec=40, traps=[FloatOperation, InvalidOperation, DivisionByZero, Overflow]))


def decimal_from_text(text: str, what: str = "number") -> Decimal:
    """A plain positive decimal number: ASCII digits and one point.

    Raises:
        IntentError: signs, exponents, NaN, infinities, separators, other digits, more than
            15 digits before or 18 after the point.
    """
    if not _DECIMAL.fullmatch(text):
        shown = text if len(text) <= 24 else text[:21] + "..."
        raise IntentError(f"{shown!r} is not a {what}.", "Write it like 0.25 or 59000.", code="BAD_NUMBER")
    return Decimal(text)


def plain(value: Decimal) -> str:
    """Decimal as people write it: no exponent, no trailing zeros (`0.00000001`, not `1E-8`)."""
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


class Side(StrEnum):
    BUY = "BUY"
    SELL = "SELL"

    @property
    def opposite(self) -> "Side":
        return Side.SELL if self is Side.BUY else Side.BUY

    @property
    def sign(self) -> int:
        """+1 for BUY, -1 for SELL."""
        return 1 if self is Side.BUY else -1


class Settlement(StrEnum):
    """How a fill moves balances."""

    SPOT = "spot"  # both currencies change hands
    LINEAR = "linear"  # only profit, loss and fees do, in the quote currency


class Money(msgspec.Struct, frozen=True):
    """An amount of one currency; amounts of different currencies do not add."""

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{plain(self.amount)} {self.currency}"


class Instrument(msgspec.Struct, frozen=True, omit_defaults=True):
    """One tradable thing and its venue filters. A limit of 0 means the venue sets none.

    `tick` and `step` are the price and quantity increments; `multiplier` is the contract size
    (units of base per unit of quantity).
    """

    symbol: Symbol
    base: str
    quote: str
    tick: Decimal
    step: Decimal
    min_quantity: Decimal = ZERO
    max_quantity: Decimal = ZERO
    min_notional: Decimal = ZERO
    max_notional: Decimal = ZERO
    settlement: Settlement = Settlement.SPOT
    multiplier: Decimal = Decimal(1)

    def round_price(self, price: Decimal, side: Side) -> Price:
        """To the tick, never worse than asked: a BUY rounds down, a SELL up."""
        rounding = ROUND_FLOOR if side is Side.BUY else ROUND_CEILING
        return Price((price / self.tick).to_integral_value(rounding) * self.tick)

    def round_quantity(self, quantity: Decimal) -> Quantity:
        """Down to the step: never more than asked or held."""
        return Quantity((quantity / self.step).to_integral_value(ROUND_FLOOR) * self.step)

    def notional(self, quantity: Decimal, price: Decimal) -> Decimal:
        """Value in the quote currency."""
        return quantity * price * self.multiplier

    def is_dust(self, quantity: Decimal, price: Decimal) -> bool:
        """Whether a holding is too small to be sold: under a step, the minimum or the notional."""
        size = self.round_quantity(abs(quantity))
        return size <= 0 or size < self.min_quantity or self.notional(size, price) < self.min_notional

    def is_closable(self, quantity: Decimal, price: Decimal) -> bool:
        """Whether an order that only reduces can close a holding.

        A venue that holds positions lets any remainder of one be closed, whatever it is worth (Binance USDT-M: the
        minimum notional, error -4164, spares reduce-only orders).
        """
        size = self.round_quantity(abs(quantity))
        if self.settlement is Settlement.LINEAR:
            return size > 0 and size >= self.min_quantity
        return not self.is_dust(quantity, price)
