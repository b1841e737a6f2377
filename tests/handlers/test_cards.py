"""The lines of an order card."""

from decimal import Decimal

import pytest

from handlers.cards import Preview, card
from tests.trading.executors.contract import make_order
from trading.instruments import Side, Symbol
from trading.ports import Funds

D = Decimal


@pytest.mark.parametrize(
    ("margin", "line"),
    [
        (None, ""),
        (Funds(D("108.01"), D("9891.99"), "EUR", D("9.15")), "Margin 108.01 EUR of 9,891.99 EUR free"),
    ],
)
def test_what_an_order_takes_of_a_lent_account_is_on_its_card(margin: Funds | None, line: str) -> None:
    order = make_order("o", Side.BUY, "0.1", symbol=Symbol("EURUSD"))
    shown = Preview(order, D("1.0801"), D(10801), D(0), D(10000), "USD", None, D(10000), None, margin)
    lines = card(shown, "USDT").splitlines()
    assert [each for each in lines if each.startswith("Margin")] == ([line] if line else [])
    assert lines[0].endswith("EURUSD MARKET")
