"""Amounts and times in one form, exact, whatever the decimal context of whoever asks."""

import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Context, Decimal, Inexact, localcontext
from enum import Enum
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.errors import JournalError
from trading.instruments import Side
from trading.journal.values import NORMAL, SQLITE, exact

ANY_AMOUNT = st.decimals(min_value=Decimal("-1e29"), max_value=Decimal("1e29"), allow_nan=False)


@given(ANY_AMOUNT)
def test_an_amount_is_the_nearest_of_18_places(amount: Decimal) -> None:
    units = round(Fraction(amount) * 10**18)  # half to even, as the standard rounds
    assert Fraction(exact(amount)) == Fraction(units, 10**18)


@given(ANY_AMOUNT)
def test_an_amount_has_one_spelling(amount: Decimal) -> None:
    text = SQLITE[Decimal](amount)
    assert Decimal(text) == exact(amount)
    assert re.fullmatch(r"0|-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?", text)
    assert str(exact(exact(amount))) == str(exact(amount)) == str(exact(Decimal(text)))


def test_a_narrow_context_changes_nothing() -> None:
    wide = Decimal("12345678901234567890.123456789012345678")
    with localcontext(Context(prec=5, traps=[Inexact])):
        assert str(exact(wide)) == "12345678901234567890.123456789012345678"
        assert str(exact(Decimal("1E+3"))) == "1000"
        assert str(exact(Decimal("-0.00"))) == "0"


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "-Infinity", "1e30", "-1e30", "1e400"])
def test_what_is_no_amount(text: str) -> None:
    for forms in (NORMAL, SQLITE):
        with pytest.raises(JournalError, match="not an amount"):
            forms[Decimal](Decimal(text))


def test_times_are_in_utc_and_compare_as_text() -> None:
    noon = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
    elsewhere = noon.astimezone(timezone(timedelta(hours=-5)))
    assert NORMAL[datetime](elsewhere).tzinfo is UTC
    texts = [SQLITE[datetime](moment) for moment in (noon, elsewhere, noon + timedelta(microseconds=1))]
    assert texts[0] == texts[1] == "2026-01-05 12:00:00+00:00"
    assert texts[1] < texts[2]


def test_everything_else_becomes_its_value_or_json() -> None:
    class Colour(Enum):
        RED = 3

    assert NORMAL[Side](Side.BUY) == "BUY"
    assert type(NORMAL[Side](Side.BUY)) is str
    assert NORMAL[Colour](Colour.RED) == 3
    assert NORMAL[tuple]((Decimal("0.10"), "ü")) == '["0.10","ü"]'
    assert SQLITE[bool](True) == 1
    with pytest.raises(JournalError, match="float"):
        NORMAL[float](0.1)
