"""From a size as people write it to a quantity of the instrument, never more than was asked for.

::

    units      quantity = amount
    value      quantity = amount / (price * multiplier)
    equity     quantity = equity * percent / 100 / (price * multiplier * rate)
    risk       quantity = equity * percent / 100 / (|price - stop| * multiplier * rate)
    position   quantity = |position| * percent / 100

and then down to the step. Risk sizing is the fixed-fractional rule (Van Tharp, "Trade Your Way to
Financial Freedom", ch. 14, percent risk model): the loss is what was asked when the stop is done at
its own price; fees, and a gap through the stop, come on top.
"""

from decimal import (
    ROUND_CEILING,
    ROUND_FLOOR,
    Context,
    Decimal,
    DivisionByZero,
    FloatOperation,
    InvalidOperation,
    localcontext,
)

from trading.errors import IntentError
from trading.instruments import Instrument, Quantity, Side, plain
from trading.intent import Size, Unit

# Wide enough that every product here is exact; what a division cuts is cut downwards.
_EXACT = Context(prec=200, rounding=ROUND_FLOOR, traps=[FloatOperation, InvalidOperation, DivisionByZero])


def quantity(
    size: Size,
    *,
    side: Side,
    price: Decimal | None,
    stop: Decimal | None,
    instrument: Instrument,
    equity: Decimal,
    position_quantity: Decimal,
    rate: Decimal | None,
) -> Quantity:
    """Units of the instrument for `size`, rounded down to its step.

    `price` is where the order will be done and `stop` where it is given up, in quote currency;
    `equity` is in the desk's currency, of which one unit of the quote currency is worth `rate`.

    Raises:
        IntentError: below the minimum, no price to size by, risk without a stop or with one on the
            wrong side, no equity, no position, more than 100% of a position.
    """
    with localcontext(_EXACT):
        wanted = _wanted(size, side, price, stop, instrument, equity, position_quantity, rate)
        rounded = instrument.round_quantity(wanted)
        least = _least(instrument, price)
        if rounded < instrument.step or rounded < instrument.min_quantity:
            what = _units(_digits(wanted), instrument)
            raise IntentError(
                f"{what if size.unit is Unit.UNITS else f'{size} ({what})'} is too little of {instrument.symbol}: "
                f"the minimum is {_units(least, instrument)}{_about(least, price, instrument)}.",
                f"Use at least {plain(least)}.",
                code="BAD_SIZE",
            )
    return rounded


def _wanted(
    size: Size,
    side: Side,
    price: Decimal | None,
    stop: Decimal | None,
    instrument: Instrument,
    equity: Decimal,
    position_quantity: Decimal,
    rate: Decimal | None,
) -> Decimal:
    """The size in units, not rounded yet."""
    if size.unit is Unit.UNITS:
        return size.amount
    if size.unit is Unit.POSITION:
        return _part(size, position_quantity, instrument)
    if price is None or price <= 0:
        raise IntentError(
            f"{size} needs a price of {instrument.symbol}, and there is none yet.",
            f"Write the size in units, like {plain(_least(instrument, None))}, or wait for a price.",
            code="NO_PRICE",
        )
    if size.unit is Unit.VALUE:
        return size.value_in(instrument.quote) / (price * instrument.multiplier)
    if rate is None or rate <= 0:
        raise IntentError(
            f"{size} needs the price of {instrument.quote} in the desk's currency, and there is none.",
            f"Write the size in units or as a value in {instrument.quote}, like $100.",
            code="NO_PRICE",
        )
    if equity <= 0:
        raise IntentError(
            f"{size} of an equity of {plain(equity)} is nothing.", "Write the size in units.", code="BAD_SIZE"
        )
    lost = price if size.unit is Unit.EQUITY else _to_stop(size, side, price, stop)
    return equity * size.amount / (100 * lost * instrument.multiplier * rate)


def _part(size: Size, position_quantity: Decimal, instrument: Instrument) -> Decimal:
    if not position_quantity:
        raise IntentError(
            f"There is no position in {instrument.symbol}.", "/positions shows what is open.", code="BAD_SIZE"
        )
    if size.amount > 100:
        raise IntentError(
            f"{plain(size.amount)}% is more than the whole position of {_units(abs(position_quantity), instrument)}.",
            "Write 100% or less.",
            code="BAD_SIZE",
        )
    return abs(position_quantity) * size.amount / 100


def _to_stop(size: Size, side: Side, price: Decimal, stop: Decimal | None) -> Decimal:
    """What one unit of base loses from the entry to the stop, in quote currency."""
    if stop is None:
        raise IntentError(f"{size} needs a stop to risk it to.", "Add the stop-loss: sl=PRICE.", code="BAD_SIZE")
    loss = (price - stop) * side.sign
    if loss <= 0 or stop <= 0:
        where = "below" if side is Side.BUY else "above"
        raise IntentError(
            f"The stop {plain(stop)} of a {side} at {plain(price)} is on the wrong side.",
            f"Put it {where} {plain(price)}.",
            code="STOP_WRONG_SIDE",
        )
    return loss


def _least(instrument: Instrument, price: Decimal | None) -> Decimal:
    """The smallest quantity that the venue's minimum, step and, at a price, least value allow."""
    least = max(instrument.step, instrument.min_quantity)
    if price is not None and price > 0:
        least = max(least, instrument.min_notional / (price * instrument.multiplier))
    return (least / instrument.step).to_integral_value(ROUND_CEILING) * instrument.step


def _about(least: Decimal, price: Decimal | None, instrument: Instrument) -> str:
    if price is None:
        return ""
    value = instrument.notional(least, price)
    shown = value.quantize(Decimal(1), ROUND_CEILING) if value >= 10 else _digits(value, ROUND_CEILING)
    return f" (about {plain(shown)} {instrument.quote})"


def _digits(value: Decimal, rounding: str = ROUND_FLOOR) -> Decimal:
    """Three significant digits: enough to see how far off it is."""
    return value.quantize(Decimal(1).scaleb(value.adjusted() - 2), rounding) if value else value


def _units(amount: Decimal, instrument: Instrument) -> str:
    return f"{plain(amount)} {instrument.base if instrument.multiplier == 1 else 'lots'}"
