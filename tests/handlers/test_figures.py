"""Numbers and times as people read them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers import figures

amounts = st.decimals(min_value=-(10**12), max_value=10**12, allow_nan=False, allow_infinity=False, places=8)


@given(amounts)
def test_a_number_reads_back_exactly(value: Decimal) -> None:
    assert Decimal(figures.number(value).replace(",", "")) == value


@given(amounts)
def test_money_is_within_half_a_unit_of_its_last_place(value: Decimal) -> None:
    shown = Decimal(figures.money(value).replace(",", ""))
    if abs(value) >= 1:
        assert abs(shown - value) <= Decimal("0.005")
    else:
        assert abs(shown - value) <= abs(value) * Decimal("0.001")


@pytest.mark.parametrize(
    ("value", "text"),
    [("61512.3", "61,512.3"), ("0.00000001", "0.00000001"), ("-1234.50", "-1,234.5"), ("1E+3", "1,000"), ("0", "0")],
)
def test_numbers_have_no_exponent_and_no_trailing_zeros(value: str, text: str) -> None:
    assert figures.number(Decimal(value)) == text


def test_profit_has_its_sign_and_nothing_is_a_dash() -> None:
    assert figures.signed(Decimal("12.345"), "USDT") == "+12.34 USDT"
    assert figures.signed(Decimal(-3)) == "-3.00"
    assert figures.money(None) == figures.number(None) == figures.price(None) == "-"


def test_times_are_shown_in_the_desks_zone() -> None:
    at = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    assert figures.moment(at, "Europe/Vienna") == "2026-07-02 00:30:00"
    assert figures.ago(at, at - timedelta(seconds=5)) == "0s ago"
    for seconds, shown in ((59, "59s"), (60, "1m"), (3599, "59m"), (7200, "2h"), (86399, "23h"), (200_000, "2d")):
        assert figures.ago(at, at + timedelta(seconds=seconds)) == f"{shown} ago"


def test_lists_are_words() -> None:
    assert figures.listed(list("abc"), 2) == "a, b and 1 more"


def test_a_length_of_time_names_its_day_once() -> None:
    first = datetime(2026, 1, 5, 22, 30, tzinfo=UTC)
    assert figures.between(first, first + timedelta(hours=1), "UTC") == "05 Jan 22:30 to 23:30"
    assert figures.between(first, first + timedelta(hours=1), "Europe/Vienna") == "05 Jan 23:30 to 06 Jan 00:30"


@pytest.mark.parametrize(
    ("value", "text"), [("-0.0027", "0.00%"), ("0", "0.00%"), ("1.005", "+1.00%"), ("-12.345", "-12.34%")]
)
def test_a_change_in_percent_has_its_sign_unless_nothing_is_left_of_it(value: str, text: str) -> None:
    assert figures.signed_percent(Decimal(value)) == text
