"""Rounding never makes an order worse or larger than asked; text that is not a plain number is no number."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kit import BTC
from tests.trading.risk.desk import EURUSD, PERP
from trading.errors import IntentError
from trading.instruments import Instrument, Money, Settlement, Side, decimal_from_text, plain

INSTRUMENTS = st.sampled_from((BTC, PERP, EURUSD))
AMOUNTS = st.decimals(min_value=Decimal("0.000001"), max_value=Decimal(10**9), places=9)


@given(instrument=INSTRUMENTS, price=AMOUNTS, side=st.sampled_from(Side))
def test_a_price_is_rounded_to_the_tick_and_never_worse_than_asked(
    instrument: Instrument, price: Decimal, side: Side
) -> None:
    rounded = instrument.round_price(price, side)
    assert rounded % instrument.tick == 0
    assert 0 <= (price - rounded) * side.sign < instrument.tick
    assert instrument.round_price(rounded, side) == rounded


@given(instrument=INSTRUMENTS, quantity=AMOUNTS)
def test_a_quantity_is_rounded_down_to_the_step(instrument: Instrument, quantity: Decimal) -> None:
    rounded = instrument.round_quantity(quantity)
    assert rounded % instrument.step == 0
    assert 0 <= quantity - rounded < instrument.step


@given(instrument=INSTRUMENTS, quantity=AMOUNTS, price=AMOUNTS)
def test_what_is_not_dust_can_be_sold(instrument: Instrument, quantity: Decimal, price: Decimal) -> None:
    sold = instrument.round_quantity(quantity)
    fits = (
        sold > 0 and sold >= instrument.min_quantity and sold * price * instrument.multiplier >= instrument.min_notional
    )
    assert instrument.is_dust(quantity, price) != fits
    assert instrument.is_dust(-quantity, price) == instrument.is_dust(quantity, price)


@given(instrument=INSTRUMENTS, quantity=AMOUNTS, price=AMOUNTS)
def test_a_contract_can_be_closed_whatever_it_is_worth(
    instrument: Instrument, quantity: Decimal, price: Decimal
) -> None:
    sold = instrument.round_quantity(quantity)
    worth = sold * price * instrument.multiplier
    enough = instrument.settlement is Settlement.LINEAR or worth >= instrument.min_notional
    assert instrument.is_closable(quantity, price) == (sold > 0 and sold >= instrument.min_quantity and enough)
    assert instrument.is_closable(-quantity, price) == instrument.is_closable(quantity, price)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "-1", "+1", "1e3", "1E-8", "NaN", "inf", "Infinity", "1,000", "1_000", "0x10", "1.", ".", "1.2.3",
        " 1", "1 ", "1\n", "\u0661", "\uff11", "\u00b2", "1" * 16, "0." + "1" * 19, "9" * 10_000, "1;DROP TABLE", "--1",
    ],
)  # fmt: skip
def test_hostile_text_is_not_a_number(text: str) -> None:
    with pytest.raises(IntentError) as refused:
        decimal_from_text(text, "price")
    assert refused.value.code == "BAD_NUMBER"
    assert len(str(refused.value)) < 120  # however long the text was


@given(st.text(max_size=40))
def test_any_text_is_a_positive_number_or_refused(text: str) -> None:
    try:
        number = decimal_from_text(text)
    except IntentError:
        return
    assert number.is_finite()
    assert number >= 0
    assert text.isascii()


@given(st.decimals(min_value=0, max_value=Decimal(10**14), places=12))
def test_a_number_is_read_back_as_it_was_told(number: Decimal) -> None:
    told = plain(number)
    assert decimal_from_text(told) == number
    assert "e" not in told.lower()
    assert told == "0" or not told.endswith(("0", ".")) or "." not in told


def test_numbers_as_people_write_them() -> None:
    assert plain(Decimal("1E-8")) == "0.00000001"
    assert plain(Decimal("1E+3")) == "1000"
    assert plain(Decimal("-0.00")) == "0"
    assert str(Money(Decimal("1.50"), "USDT")) == "1.5 USDT"
    assert decimal_from_text(".5") == Decimal("0.5")


def test_a_lot_counts_its_contract_size() -> None:
    assert EURUSD.notional(Decimal("0.5"), Decimal("1.1")) == Decimal(55000)
