"""How numbers and times are written for people: grouped, rounded for reading, in the desk's time zone."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from zoneinfo import ZoneInfo

from trading.instruments import plain
from trading.words import LENGTHS, span

CENT = Decimal("0.01")


def number(value: Decimal | None) -> str:
    """Exact, with thousands grouped: `61,512.3`; `-` for nothing."""
    if value is None:
        return "-"
    whole, dot, rest = plain(value).partition(".")
    sign, digits = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    return f"{sign}{int(digits):,}{dot}{rest}"


def money(value: Decimal | None, currency: str = "") -> str:
    """Rounded for reading: two places, or four significant digits below one: `615.20 USDT`."""
    if value is None:
        return "-"
    if value and abs(value) < 1:
        places = Decimal(1).scaleb(value.adjusted() - 3)
        text = number(value.quantize(places, ROUND_HALF_EVEN))
    else:
        text = f"{value.quantize(CENT, ROUND_HALF_EVEN):,f}"
    return f"{text} {currency}".strip()


def signed(value: Decimal | None, currency: str = "") -> str:
    """Money with its sign: profit and loss."""
    text = money(value, currency)
    return f"+{text}" if value is not None and value > 0 else text


def percent(part: Decimal, whole: Decimal) -> str:
    """`part` of `whole`, two places."""
    return "-" if not whole else f"{part / whole * 100:.2f}%"


def signed_percent(value: Decimal) -> str:
    """Percent with its sign, two places; without one if nothing is left of it: `0.00%`."""
    rounded = value.quantize(CENT, ROUND_HALF_EVEN)
    return f"{rounded:+.2f}%" if rounded else "0.00%"


def price(value: Decimal | None) -> str:
    """A price: grouped, and cut to eight significant digits where it was computed."""
    if value is None:
        return "-"
    cut = value if not value else value.quantize(Decimal(1).scaleb(max(value.adjusted() - 9, -12)))
    return number(cut)


def moment(at: datetime, zone: str) -> str:
    """Date and time in the desk's zone, to the second."""
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S}"


def short_moment(at: datetime, zone: str) -> str:
    """Day and time in the desk's zone, to the minute: `05 Jan 08:00`."""
    return f"{at.astimezone(ZoneInfo(zone)):%d %b %H:%M}"


def between(first: datetime, last: datetime, zone: str) -> str:
    """From when to when in the desk's zone, to the minute: `05 Jan 08:00 to 19:20`, `05 Jan 08:00 to 06 Jan 09:00`."""
    same = first.astimezone(ZoneInfo(zone)).date() == last.astimezone(ZoneInfo(zone)).date()
    return f"{short_moment(first, zone)} to {short_moment(last, zone)[-5 if same else 0 :]}"


def ago(at: datetime, now: datetime) -> str:
    """`12s ago`, `5m ago`, `3h ago`, `2d ago`: in the largest unit of which one has passed."""
    seconds = max(int((now - at).total_seconds()), 0)
    unit = next((unit for unit in LENGTHS.values() if seconds >= unit), 1)
    return f"{span(timedelta(seconds=seconds // unit * unit))} ago"


def sentence(text: str) -> str:
    """The text with one mark at its end, so that another sentence may follow."""
    text = text.rstrip()
    return text if not text or text[-1] in ".!?:" else f"{text}."


def listed(words: Sequence[str], most: int = 10) -> str:
    """`a, b, c and 4 more`."""
    if len(words) <= most:
        return ", ".join(words)
    return f"{', '.join(words[:most])} and {len(words) - most} more"
