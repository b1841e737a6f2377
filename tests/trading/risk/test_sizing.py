"""Sizes become quantities: never more than asked, and a clear word when it is too little."""

from decimal import Decimal, FloatOperation, localcontext
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.kit import BTC
from tests.trading.risk.desk import EURUSD, D, like
from trading.errors import IntentError
from trading.instruments import Instrument, Quantity, Side
from trading.intent import Size, Unit
from trading.risk.sizing import quantity


def sized(text: str, instrument: Instrument = BTC, **given_: Any) -> Quantity:
    fields: dict[str, Any] = {
        "side": Side.BUY, "price": D(60000), "stop": None, "instrument": instrument, "equity": D(10000),
        "position_quantity": D(0), "rate": D(1),
    }  # fmt: skip
    size = Size(D(text.split("%")[0]), Unit.POSITION) if text.endswith("pos") else Size.parse(text)
    return quantity(size, **(fields | given_))


@pytest.mark.parametrize(
    ("text", "given_", "units"),
    [
        ("0.012345678", {}, "0.01234"),
        ("$600", {}, "0.01"),
        ("$599.99", {}, "0.00999"),
        ("100usdt", {}, "0.00166"),  # 100 / 60,000 = 0.0016666
        ("6%", {}, "0.01"),  # 600 / 60,000
        ("6%", {"rate": D(2)}, "0.005"),  # a quote currency worth twice the desk's
        ("risk=1%", {"stop": D(59000)}, "0.1"),  # 100 lost over 1,000
        ("risk=1%", {"stop": D(61000), "side": Side.SELL}, "0.1"),
        ("50% pos", {"position_quantity": D("0.3")}, "0.15"),
        ("100% pos", {"position_quantity": D("-0.123456")}, "0.12345"),
    ],
)
def test_units(text: str, given_: dict[str, Any], units: str) -> None:
    assert sized(text, **given_) == D(units)


def test_a_contract_is_sized_by_what_it_holds() -> None:
    euro = {"price": D("1.1"), "rate": D(1)}
    assert sized("$110000", EURUSD, **euro) == D(1)  # 100,000 EUR at 1.1
    assert sized("risk=1%", EURUSD, stop=D("1.09"), **euro) == D("0.1")  # 100 over 0.01 * 100,000 a lot


@pytest.mark.parametrize(
    ("text", "given_", "told"),
    [
        ("0.0004", {}, "0.0004 BTC is too little of BTC/USDT: the minimum is 0.001 BTC (about 60 USDT)."),
        ("$30", {}, "$30 (0.0005 BTC) is too little of BTC/USDT: the minimum is 0.001 BTC (about 60 USDT)."),
        ("0.0004", {"price": None}, "the minimum is 0.001 BTC. Use at least 0.001."),
        ("risk=1%", {}, "risk=1% needs a stop to risk it to. Add the stop-loss: sl=PRICE."),
        ("risk=1%", {"stop": D(60000)}, "The stop 60000 of a BUY at 60000 is on the wrong side. Put it below 60000."),
        ("risk=1%", {"stop": D(59999), "side": Side.SELL}, "Put it above 60000."),
        ("5%", {"price": None}, "5% needs a price of BTC/USDT"),
        ("5%", {"rate": None}, "5% needs the price of USDT in the desk's currency"),
        ("5%", {"equity": D(0)}, "5% of an equity of 0 is nothing. Write the size in units."),
        ("risk=5%", {"equity": D(-1), "stop": D(59000)}, "of an equity of -1 is nothing"),
        ("50% pos", {}, "There is no position in BTC/USDT."),
        ("101% pos", {"position_quantity": D(1)}, "101% is more than the whole position of 1 BTC."),
    ],
)
def test_what_cannot_be_sized(text: str, given_: dict[str, Any], told: str) -> None:
    with pytest.raises(IntentError) as refused:
        sized(text, like(BTC, step=D("0.001"), min_quantity=D("0.001")), **given_)
    assert told in str(refused.value)
    assert refused.value.remedy


def test_the_minimum_that_is_named_would_do() -> None:
    dear = like(BTC, step=D("0.001"), min_quantity=D("0.001"), min_notional=D(100))
    with pytest.raises(IntentError, match=r"the minimum is 0.002 BTC \(about 120 USDT\)"):  # 0.001 is worth 60 only
        sized("$1", dear)


def numbers(low: str, high: str, places: int) -> st.SearchStrategy[Decimal]:
    return st.decimals(D(low), D(high), places=places)


instruments = st.builds(
    lambda step, multiplier: like(BTC, step=step, min_quantity=step, multiplier=multiplier),
    st.sampled_from([D("0.00001"), D("0.001"), D("0.01"), D(1), D("0.25"), D("0.3")]),
    st.sampled_from([D(1), D("0.01"), D(100000)]),
)


@given(
    instruments,
    st.sampled_from(["units", "value", "equity", "position"]),
    numbers("0.01", "100", 2),
    numbers("0.000001", "100000", 6),
    numbers("0.01", "10000000", 2),
    numbers("0.00000001", "1000", 8),
    numbers("-1000", "1000", 5),
)
def test_never_more_than_asked(
    instrument: Instrument, unit: str, amount: Decimal, price: Decimal, equity: Decimal, rate: Decimal, held: Decimal
) -> None:
    try:
        found = quantity(
            Size(amount, Unit(unit)),
            side=Side.BUY, price=price, stop=None, instrument=instrument,
            equity=equity, position_quantity=held, rate=rate,
        )  # fmt: skip
    except IntentError:
        return
    with localcontext() as exact:
        exact.prec = 200
        assert found > 0
        assert found % instrument.step == 0
        value = found * price * instrument.multiplier
        if unit == "units":
            assert found <= amount
        elif unit == "value":
            assert value <= amount
        elif unit == "equity":
            assert value * rate * 100 <= equity * amount
        else:
            assert found * 100 <= abs(held) * amount
        # and no more is left out than one step
        more = (found + instrument.step) * price * instrument.multiplier
        assert unit != "value" or more > amount
        assert unit != "equity" or more * rate * 100 > equity * amount


@given(
    instruments, st.sampled_from(Side), numbers("0.01", "100", 2), numbers("0.000001", "100000", 6),
    numbers("0.000001", "100000", 6), numbers("0.01", "10000000", 2), numbers("0.00000001", "1000", 8),
)  # fmt: skip
def test_the_stop_costs_at_most_what_was_risked(
    instrument: Instrument, side: Side, percent: Decimal, price: Decimal, stop: Decimal, equity: Decimal, rate: Decimal
) -> None:
    assume((price - stop) * side.sign > 0)
    try:
        found = quantity(
            Size(percent, Unit.RISK),
            side=side, price=price, stop=stop, instrument=instrument, equity=equity, position_quantity=D(0), rate=rate,
        )  # fmt: skip
    except IntentError:
        return  # too little
    with localcontext() as exact:
        exact.prec = 200
        lost = found * abs(price - stop) * instrument.multiplier * rate
        assert lost * 100 <= equity * percent


@pytest.mark.parametrize("text", ["999999999999999.999999999999999999", "$999999999999999.999999999999999999"])
def test_digits_beyond_any_rounding_do_not_round_up(text: str) -> None:
    assert sized(text, like(BTC, step=D(1), min_quantity=D(1)), price=D(1)) == D(999999999999999)


@pytest.mark.parametrize("name", ["equity", "price", "rate"])
def test_no_float_gets_in(name: str) -> None:
    with pytest.raises((TypeError, FloatOperation)):
        sized("5%", BTC, **{name: 10000.5})
