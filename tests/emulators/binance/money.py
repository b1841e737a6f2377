"""Amounts as the exchange writes and rounds them: eight decimals."""

from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

ZERO = Decimal(0)
EIGHT = Decimal("0.00000001")


def text(amount: Decimal) -> str:
    """`0.10000000`."""
    return f"{amount:.8f}"


def cut(amount: Decimal) -> Decimal:
    """What is left of an amount after eight decimals."""
    return amount.quantize(EIGHT, rounding=ROUND_DOWN)


def rounded(amount: Decimal) -> Decimal:
    """To eight decimals, halves up: how the examples of commission_faq.md are rounded."""
    return amount.quantize(EIGHT, rounding=ROUND_HALF_UP)


def floor_to(amount: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of a step that is not above the amount; the amount itself for a step of 0."""
    return amount if step == 0 else (amount // step) * step
