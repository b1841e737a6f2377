"""From the body of an alert to what it wants. What it does not say is never guessed: it is refused, with the place."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from handlers.tradingview.body import taken_apart
from handlers.tradingview.fields import Fields
from handlers.tradingview.given import Given, Shape
from handlers.tradingview.orders import wishes
from handlers.tradingview.symbols import Source
from handlers.tradingview.wish import Wish

LONGEST_AGE_S = 86_400


class Reading(msgspec.Struct, frozen=True):
    """What an alert wants, in its order. `id` and `sent_at` are as the alert gives them, empty and None without.

    `max_age_s` is the alert's own limit of age; `notes` say what was left unread or taken in one of several senses.
    """

    orders: tuple[Wish, ...]
    shape: Shape
    id: str = ""
    sent_at: datetime | None = None
    max_age_s: int | None = None
    comment: str = ""
    notes: tuple[str, ...] = ()


def read(body: bytes, source: Source) -> Reading:
    """What a body asks for: all of it, or nothing.

    Raises:
        Unreadable: it cannot be read, or not safely; nothing else is ever raised.
    """
    apart = taken_apart(body)
    orders = [Fields(given, strict=apart.shape is Shape.LINES) for given in apart.records]
    notes: list[str] = []
    found = [wish for fields in orders for wish in wishes(fields, source, notes)]
    if unread := list(dict.fromkeys(place for fields in orders for place in fields.unread)):
        notes.append(f"Not read: {', '.join(unread[:20])}{', ...' if len(unread) > 20 else ''}.")
    ids = list(dict.fromkeys(text for fields in orders if (text := _id(fields))))
    for text in ids:
        if not any(char.isdigit() for char in text):
            notes.append(f"The id {text!r} has no digit: another alert with it counts as this one again.")
    return Reading(
        orders=tuple(found),
        shape=apart.shape,
        id="+".join(ids),
        sent_at=min((at for fields in orders if (at := fields.time())), default=None),
        max_age_s=min((age for fields in orders if (age := _age(fields))), default=None),
        comment=next((text for fields in orders if (text := _comment(fields.all("comment")))), ""),
        notes=tuple(dict.fromkeys(notes)),
    )


def _id(fields: Fields) -> str:
    given = fields.one("id")
    return fields.text("id") or "" if given is not None and str(given.value).strip() else ""


def _age(fields: Fields) -> int | None:
    age = fields.number("max_age")
    return None if age is None else max(1, int(min(age, Decimal(LONGEST_AGE_S))))


def _comment(given: Sequence[Given]) -> str:
    """On one line, without what cannot be seen."""
    text = str(given[0].value) if given else ""
    return "".join(char if char.isprintable() else " " for char in text).strip()[:200]
