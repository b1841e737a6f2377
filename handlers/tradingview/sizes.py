"""How much an order of an alert is for, and at which prices."""

from decimal import Decimal, localcontext
from itertools import pairwise
from typing import NamedTuple

import msgspec

from handlers.literals import cut
from handlers.tradingview.fields import SIZES, Fields, contradiction, exact, placed
from handlers.tradingview.given import Unreadable
from handlers.tradingview.wish import EXACT
from handlers.tradingview.words import KINDS
from trading.errors import IntentError
from trading.instruments import PLACES, Side, decimal_from_text, plain
from trading.intent import Size, Unit

_COUNTED = {"base": Unit.UNITS, "quote": Unit.VALUE}
_AT_MARKET = dict.fromkeys(("stop", "stopmarket", "market"), True)
_EXAMPLES = "Write a size of 0.01, $100, 5% or risk=1%."


# --- how much --------------------------------------------------------------------------------


def size_of(fields: Fields, symbol: str, closing: bool = False) -> Size | None:
    """The size an order gives; None if it gives none. Percents of a close count the position.

    Raises:
        Unreadable: it gives several, or one that could mean several things.
    """
    said = [word for word in SIZES if word in fields]
    if not said:
        return None
    word, place = said[0], fields.place(said[0])
    if len(said) > 1:
        text = f"There is a size here, and another in {place}."
        raise Unreadable(text, "Send one of them.", code="AMBIGUOUS", place=fields.place(said[1]))
    text = _plainly(fields.text(word) or "")
    if word == "size" and fields.has("stub") and text[-1:] != "%":
        raise Unreadable("Beside a stub, size counts dollars.", f"Write ${text}.", code="AMBIGUOUS", place=place)
    size = placed(place, lambda text: _sized(word, text, fields, symbol), text)
    if not closing:
        return size
    if size.unit is Unit.EQUITY and word in ("size", "units") and size.amount <= 100:
        return Size(size.amount, Unit.POSITION)
    if size.unit not in (Unit.UNITS, Unit.VALUE):
        text = f"{size} is not a part of a position."
        raise Unreadable(text, "Write 50%, 0.01 or $100.", code="BAD_SIZE", place=place)
    return size


def _plainly(text: str) -> str:
    """Numbers as they are typed: 1e-7 is 0.0000001."""
    try:
        value = exact(text)
    except IntentError:
        return text
    return text if value < 0 else plain(value)


def _sized(word: str, text: str, fields: Fields, symbol: str) -> Size:
    given = fields.one(word)
    name = given.name.lower() if given else ""
    if word in ("size", "units"):
        size = Size.parse(text)
        counted = fields.chosen("unit", _COUNTED)
        if counted and (word != "units" or size.unit is not Unit.UNITS):
            raise IntentError("It says twice what it counts.", _EXAMPLES, code="AMBIGUOUS")
        if word == "units" and size.unit not in (Unit.UNITS, Unit.EQUITY):
            raise IntentError(f"{cut(text)} is not a number of units.", _EXAMPLES, code="BAD_SIZE")
        return msgspec.structs.replace(size, unit=counted) if counted else size
    if word == "value":
        if "usd" in name and "USD" not in symbol:
            raise IntentError(f"{symbol} is not paid in dollars.", "Write quote_quantity.", code="AMBIGUOUS")
        return Size.parse(f"${text.removeprefix('$')}")
    if word == "risk" and "percent" not in name and not text.endswith("%"):
        raise IntentError("A risk of what?", "Write risk=1%, percent of equity.", code="AMBIGUOUS")
    number = decimal_from_text(text.removesuffix("%"), "percentage")
    return Size.parse(f"{'risk=' if word == 'risk' else ''}{plain(number)}%")


# --- at which prices -------------------------------------------------------------------------


class Prices(NamedTuple):
    """Limit and stop of an order, and the stop loss and take profit for what it opens."""

    limit: Decimal | None
    stop: Decimal | None
    sl: Decimal | None
    tp: Decimal | None


PRICES = ("kind", "limit", "stop")
PROTECTION = ("sl", "tp", "sl_percent", "tp_percent", "trail")


def prices(fields: Fields, side: Side, notes: list[str]) -> Prices:
    """The prices of an order that buys or sells.

    Raises:
        Unreadable: they do not fit together, or one of them could mean several things.
    """
    limit, stop = entry(fields)
    reference = fields.number("price") if limit is None and stop is None else None
    if reference is not None:
        notes.append(f"{fields.place('price')} {plain(reference)} is the alert's own price, not a limit.")
    base = limit or stop or reference
    loss = _protective(fields, "sl", base, -side.sign)
    gain = _protective(fields, "tp", base, side.sign)
    if loss is not None and fields.chosen("sl_type", _AT_MARKET):
        notes.append(f"{fields.place('sl_type')}: the stop loss is done at the market.")
    steps = [(price, name) for price, name in ((loss, "sl"), (base, "price"), (gain, "tp")) if price is not None]
    for (one, first), (other, second) in pairwise(steps):
        if one == other or (one < other) is not (side is Side.BUY):
            word = second if second != "price" else first
            text = f"A {side.lower()} with {first} {plain(one)} and {second} {plain(other)} makes no sense."
            raise contradiction(text, fields.place(word) or fields.place(f"{word}_percent"))
    return Prices(limit, stop, loss, gain)


def entry(fields: Fields) -> tuple[Decimal | None, Decimal | None]:
    """Limit and stop price, by the kind of order that is said."""
    kind = fields.chosen("kind", KINDS)
    limit, stop = fields.number("limit"), fields.number("stop")
    if stop is not None and not kind and not fields.marked and fields.has("stop"):
        text = "stop may be where to enter, or the stop loss."
        raise Unreadable(text, "Write stop_price, or sl.", code="AMBIGUOUS", place=fields.place("stop"))
    place = fields.place("kind")
    if kind in ("market", "limit") and stop is not None:
        raise contradiction(f"A {kind} order has no stop price.", fields.place("stop"))
    if kind in ("market", "stop") and limit is not None:
        raise contradiction(f"A {kind} order has no limit.", fields.place("limit"))
    if kind in ("limit", "stoplimit") and limit is None:
        limit = fields.number("price")
        if limit is None:
            raise Unreadable("It has no price.", "Write limit_price.", code="NO_PRICE", place=place)
    if kind in ("stop", "stoplimit") and stop is None:
        stop = fields.number("price") if kind == "stop" else None
        if stop is None:
            raise Unreadable("It has no stop price.", "Write stop_price.", code="NO_PRICE", place=place)
    return limit, stop


def _protective(fields: Fields, word: str, base: Decimal | None, sign: int) -> Decimal | None:
    """A stop loss or take profit: its price, or so many percent from the alert's price."""
    price, percent = fields.number(word), fields.read(f"{word}_percent", _percent)
    place = fields.place(f"{word}_percent")
    if percent is None:
        return price
    if price is not None:
        raise contradiction(f"There is a price for it in {fields.place(word)} too.", place)
    if base is None:
        raise Unreadable("Percent of which price?", "Send the price too.", code="NO_PRICE", place=place)
    with localcontext(EXACT):
        away = (base * (100 + sign * percent) / 100).quantize(PLACES).normalize()
    try:
        return exact(plain(away), least="above")
    except IntentError:
        text = f"{plain(percent)}% of {plain(base)} leads to no price."
        raise Unreadable(text, "Write a price.", code="BAD_NUMBER", place=place) from None


def _percent(text: str) -> Decimal:
    return exact(text.removesuffix("%"), least="above")
