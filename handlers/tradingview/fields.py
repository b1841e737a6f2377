"""What one order of an alert says, by meaning: each field once, whatever it was called, without contradictions."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TypeVar
from unicodedata import category

from handlers.literals import cut, flag
from handlers.parse import UNSEEN
from handlers.spelling import nearest
from handlers.tradingview.given import Given, Unreadable
from handlers.tradingview.words import (
    ACTIONS,
    ASSETS,
    KINDS,
    PRIVATE,
    PRODUCTS,
    WORDS,
    is_risky,
    plain_name,
    plain_word,
    word_of,
)
from trading.errors import IntentError
from trading.instruments import decimal_from_text

LONGEST_TEXT = 120  # characters of a value that is read
SIZES = ("size", "units", "value", "equity", "risk")

_NUMBER = re.compile(r"([+-]?)((?:[0-9]{1,30}(?:\.[0-9]{1,30})?|\.[0-9]{1,30})(?:[eE][+-]?[0-9]{1,2})?)", re.ASCII)
_EPOCH = re.compile(r"([0-9]{10})(?:\.?([0-9]{3}))?", re.ASCII)
_ONE_HOT = frozenset(("buy", "sell", "long", "short", "cover", "close", "exit"))
_CANDLE = frozenset(("open", "high", "low", "ohlc", "ohlcv", "bar"))
_MISSING = frozenset(("", "na", "n/a", "nan", "null", "none", "undefined"))
_FIRE_TIMES = ("timenow", "sentat", "timestamp", "time")  # {{time}} is when the bar opened: the least of them

_T = TypeVar("_T")


class Fields:
    """The fields of one order, by the names of `WORDS`; `unread` are those that were not understood."""

    def __init__(self, given: Sequence[Given], strict: bool = False) -> None:
        """`strict`: every name must be known, as in our own format.

        Raises:
            Unreadable: a field that cannot be left unread.
        """
        self.unread: list[str] = []
        self._said: dict[str, list[Given]] = {}
        self._given = given
        for each in given:
            if _last(each) not in PRIVATE and (word := self._meaning(each)) and each.value is not None:
                value = _last(each) if _is_one_hot(each) else each.value
                self._said.setdefault(word, []).append(each._replace(value=value))
        self.marked = strict or self._mark()
        for each in given:
            self._look_at(each)

    def _mark(self) -> bool:
        found = self.text("mark")
        if found and found != "1":
            raise Unreadable(f"Version {cut(found)} is not known.", "Write 1.", code="BAD_VERSION", place="tiller")
        return bool(found)

    def __contains__(self, word: str) -> bool:
        return word in self._said

    def place(self, word: str) -> str:
        """Where a field stands; empty if it does not."""
        return self._said[word][0].place if word in self._said else ""

    def has(self, name: str) -> bool:
        """Whether there is a field of just this name."""
        return any(_last(given) == name for given in self._given)

    # --- which is which ----------------------------------------------------------------------

    def _meaning(self, given: Given) -> str:
        """The field that is meant; some names mean one or another, by what they say."""
        word, name = word_of(given.name), _last(given)
        if given.container:
            return ""
        text = plain_word(given.value)
        if name == "type" and (text in ACTIONS or text in ASSETS):
            return "action" if text in ACTIONS else ""
        if name == "order" and text in KINDS:
            return "kind"
        if name == "market" and text in PRODUCTS:
            return "product"
        if name == "position" and isinstance(given.value, str) and _NUMBER.fullmatch(given.value.strip()):
            return "position_signed"
        if name == "direction" and any(g.value is not None and _last(g) != name for g in self._named("action")):
            return "position"
        if name in ("volume", "vol") and word == "units" and self._is_candle(given):
            return ""
        return "action" if _is_one_hot(given) else word

    def _named(self, *words: str) -> list[Given]:
        """What stands under any name of these fields."""
        return [given for given in self._given if word_of(given.name) in words]

    def _is_candle(self, volume: Given) -> bool:
        """Whether a volume is that of the bar and not of the order."""
        others = [g for g in self._given if g is not volume]
        if not any(_last(g) in _CANDLE for g in others):
            return False
        sizes = self._named(*SIZES, "position_units", "position_signed")
        if any(g.value is not None and g is not volume for g in sizes):
            return True
        raise Unreadable(
            "This may be the bar's volume, or the order's.", "Write quantity.", code="AMBIGUOUS", place=volume.place
        )

    def _look_at(self, given: Given) -> None:
        """Refuse a field whose meaning would be lost; note one that merely is not read."""
        word, name = word_of(given.name), _last(given)
        if name in PRIVATE or self._meaning(given):
            if given.value is None:
                self.unread.append(f"{given.place} (null)")
            return
        if given.container and word:
            raise Unreadable("It is a list or an object.", "Write one value.", code="BAD_VALUE", place=given.place)
        is_off = not given.container and str(given.value).strip().lower() in ("", "0", "false", "no", "none")
        known = name in ("type", "volume", "vol") or (name == "close" and not isinstance(given.value, bool))
        if not known and (self.marked or (is_risky(given.name) and not is_off)):
            near = nearest(given.name, [told.names[0] for told in WORDS.values()], 1) if self.marked else []
            remedy = f"Did you mean {near[0]}?" if near else "Leave it out, or say it in fields that are read."
            raise Unreadable("This field is not read.", remedy, code="UNKNOWN_FIELD", place=given.place)
        if name not in _ONE_HOT:
            self.unread.append(given.place)

    # --- their values ------------------------------------------------------------------------

    def all(self, word: str) -> Sequence[Given]:
        """Everything given for a field."""
        return self._said.get(word, ())

    def one(self, word: str) -> Given | None:
        """What is given for a field.

        Raises:
            Unreadable: it is given more than once, and not the same.
        """
        found = self._said.get(word)
        if not found:
            return None
        if word in ("time", "id", "comment", "price"):
            names = _FIRE_TIMES if word == "time" else [plain_name(name) for name in WORDS[word].names]
            return min(found, key=lambda g: names.index(_last(g)) if _last(g) in names else 99)
        for other in found[1:]:
            if str(other.value).strip().casefold() != str(found[0].value).strip().casefold():
                said = f"It says {cut(str(other.value))}, and {found[0].place} says {cut(str(found[0].value))}."
                raise contradiction(said, other.place)
        return found[0]

    def text(self, word: str) -> str | None:
        """A field's text.

        Raises:
            Unreadable: it is there but empty, or no text.
        """
        given = self.one(word)
        return None if given is None else self.text_of(word, given)

    def text_of(self, word: str, given: Given) -> str:
        """The text of one of the things given for a field.

        Raises:
            Unreadable: it is empty, or no text.
        """
        if not isinstance(given.value, str):
            remedy = f"Write {WORDS[word].example}."
            raise Unreadable("Yes or no does not fit here.", remedy, code="BAD_VALUE", place=given.place)
        text = given.value.strip()
        if text.lower() in _MISSING:
            remedy = f"Leave {WORDS[word].names[0]} out if there is none."
            raise Unreadable("It has no value.", remedy, code="NO_VALUE", place=given.place)
        if len(text) > LONGEST_TEXT or any(category(char) in UNSEEN for char in text):
            remedy = f"Write at most {LONGEST_TEXT} visible characters."
            text = "It is too long, or not all of it can be seen."
            raise Unreadable(text, remedy, code="BAD_VALUE", place=given.place)
        return text

    def read(self, word: str, reader: Callable[[str], _T]) -> _T | None:
        """A field read by `reader`; its IntentError gets the place.

        Raises:
            Unreadable: it cannot be read.
        """
        given, text = self.one(word), self.text(word)
        return None if given is None or text is None else placed(given.place, reader, text)

    def number(self, word: str) -> Decimal | None:
        """A number above zero, exactly as it is written."""
        return self.read(word, lambda text: exact(text, least="above"))

    def chosen(self, word: str, choices: Mapping[str, _T]) -> _T | None:
        """One of a few words."""

        def reader(text: str) -> _T:
            if (name := plain_word(text)) not in choices:
                raise IntentError(f"{cut(text)} is not known.", f"Write {WORDS[word].example}.", code="BAD_CHOICE")
            return choices[name]

        return self.read(word, reader)

    def flag(self, word: str) -> bool:
        """Yes or no; no if it is not given. "False" is no."""
        given = self.one(word)
        if given is not None and isinstance(given.value, bool):
            return given.value
        return bool(self.read(word, flag))

    def time(self) -> datetime | None:
        """When it was sent, in UTC."""
        return self.read("time", moment)


def _last(given: Given) -> str:
    return plain_name(given.name.rpartition(".")[2])


def _is_one_hot(given: Given) -> bool:
    """`"buy": true` is an action; `"sell": false` is not given at all."""
    if _last(given) not in _ONE_HOT:
        return False
    return given.value is True or (isinstance(given.value, str) and given.value.strip().lower() in ("true", "yes"))


def placed(place: str, reader: Callable[[str], _T], text: str) -> _T:
    """What `reader` makes of a text; an IntentError gets its place.

    Raises:
        Unreadable: the reader raised.
    """
    try:
        return reader(text)
    except Unreadable:
        raise
    except IntentError as why:
        raise Unreadable(why.text, why.remedy, code=why.code, place=place) from None


def contradiction(text: str, place: str) -> Unreadable:
    """Two parts of an alert that cannot both be meant."""
    return Unreadable(text, "Say one of them.", code="CONTRADICTION", place=place)


def exact(text: str, least: str = "any") -> Decimal:
    """A number exactly as it is written, also as 1e-7; `least` is any, zero or above.

    Raises:
        IntentError: no number, with too many digits, or too small.
    """
    match = _NUMBER.fullmatch(text.strip())
    if match is None:
        raise IntentError(f"{cut(text)} is not a number.", "Write it like 0.25 or 59000.", code="BAD_NUMBER")
    value = decimal_from_text(f"{Decimal(match[2]):f}")
    if match[1] == "-" and value:
        value = value.copy_negate()
    if (least != "any" and value < 0) or (least == "above" and not value):
        remedy = "Leave it out if there is none." if not value else "Write it without a sign."
        raise IntentError(f"{cut(text)} is {'below zero' if value else 'zero'}.", remedy, code="BAD_NUMBER")
    return value


def moment(text: str) -> datetime:
    """An ISO 8601 time with its zone, or seconds or milliseconds since 1970; in UTC.

    Raises:
        IntentError: anything else.
    """
    remedy = "Write {{timenow}} there."
    try:
        if epoch := _EPOCH.fullmatch(text):
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(epoch[1]), milliseconds=int(epoch[2] or 0))
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            raise IntentError(f"{cut(text)} has no time zone.", remedy, code="BAD_TIME")
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise IntentError(f"{cut(text)} is not a time.", remedy, code="BAD_TIME") from None
