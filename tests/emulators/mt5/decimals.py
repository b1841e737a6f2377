"""Numbers as the server keeps them: exact, eight decimals, whatever float noise they came with."""

from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal

ZERO = Decimal(0)
ONE = Decimal(1)
Number = Decimal | float | int | str
_EIGHT = Decimal("1e-8")


def exact(value: Number) -> Decimal:
    """The decimal that a number stands for: 0.1 + 0.2 is 0.3. ValueError for what is not finite."""
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not number.is_finite():
        raise ValueError(f"{value} is not a number")
    return number.quantize(_EIGHT)


def cents(amount: Decimal, digits: int) -> Decimal:
    """Money rounded to its currency's digits, halves away from zero."""
    return amount.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def text(number: Decimal) -> str:
    """A number without the zeros at its end."""
    return f"{number.normalize():f}"


def floored(volume: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of the step that is not above the volume."""
    return (volume / step).to_integral_value(ROUND_FLOOR) * step


def on_step(value: Decimal, step: Decimal) -> bool:
    """Is the value a multiple of the step?"""
    return value % step == 0
