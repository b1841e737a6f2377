"""What was paid in or out is no profit and no loss, whenever it was paid."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.curve import Curve, Paid, Sample, curve_of, together
from tests.kit import START

D = Decimal


def _samples(*worths: object, hour: int = 0) -> list[Sample]:
    return [Sample(START + timedelta(hours=hour + n), D(str(worth))) for n, worth in enumerate(worths)]


def _paid(hour: float, amount: object) -> Paid:
    return Paid(START + timedelta(hours=hour), D(str(amount)))


def _curve(*worths: object, paid: tuple[Paid, ...] = ()) -> Curve:
    return curve_of(_samples(*worths), paid)


def test_without_payments_it_is_what_was_owned() -> None:
    curve = _curve(100, 120, 90, 108)
    assert (curve.start, curve.end, curve.change, curve.paid) == (100, 108, 8, 0)
    assert [point.worth for point in curve.points] == [100, 120, 90, 108]
    assert curve.growth == pytest.approx(D(8))
    assert curve.deepest == 30
    assert curve.drawdown == pytest.approx(D(-25))
    assert [round(point.fall, 2) for point in curve.points] == [0, 0, -25, -10]


def test_a_deposit_is_no_profit_and_a_withdrawal_no_fall() -> None:
    deposit = _curve(100, 110, 1110, paid=(_paid(1.5, 1000),))
    assert (deposit.change, deposit.paid) == (10, 1000)
    assert deposit.growth == pytest.approx(D(10))
    assert [point.worth for point in deposit.points] == [1100, 1110, 1110]
    withdrawal = _curve(1000, 2000, 1000, paid=(_paid(1.5, -1000),))
    assert withdrawal.change == 1000
    assert withdrawal.growth == pytest.approx(D(100))
    assert (withdrawal.drawdown, withdrawal.deepest) == (0, 0)


def test_a_loss_beside_a_large_deposit_is_a_part_of_what_was_there_to_lose() -> None:
    curve = _curve(100, 9850, paid=(_paid(0.5, 9900),))
    assert curve.change == -150
    assert curve.growth == pytest.approx(D("-1.5"))  # of 10,000; of the 100 before it would be more than all


def test_payments_outside_are_left_out() -> None:
    curve = _curve(100, 110, paid=(_paid(-1, 50), _paid(0, 100), _paid(2, 70)))
    assert (curve.paid, curve.change) == (0, 10)


def test_an_account_that_came_later_was_paid_in() -> None:
    first, second = _curve(100, 110, 120, 130), curve_of(_samples(500, 490, hour=2))
    both = together([first, second])
    assert [sample.worth for sample in both.samples] == [100, 110, 620, 620]
    assert (both.paid, both.change) == (500, 20)
    assert both.growth == pytest.approx((D("1.1") * D(620) / D(610) - 1) * 100)


def test_each_account_counts_with_what_it_was_last_seen_to_be_worth() -> None:
    first = curve_of(_samples(100, 200))
    second = curve_of([Sample(START, D(10)), Sample(START + timedelta(minutes=30), D(20))])
    assert [sample.worth for sample in together([first, second]).samples] == [110, 120, 220]


def test_nothing_left_is_a_fall_of_everything() -> None:
    assert _curve(100, 0).drawdown == -100
    assert _curve(0, 0).growth == 0
    assert _curve(100, -50, 200).growth == -100


WORTHS = st.lists(st.decimals(min_value=1, max_value=10**6, places=2), min_size=2, max_size=20)


@given(WORTHS, st.lists(st.tuples(st.integers(1, 19), st.decimals(min_value=1, max_value=10**6, places=2)), max_size=5))
def test_money_adds_up_and_the_curve_ends_at_what_is_owned(
    worths: list[Decimal], payments: list[tuple[int, Decimal]]
) -> None:
    paid = [_paid(hour, amount) for hour, amount in payments]
    curve = curve_of(_samples(*worths), paid)
    assert curve.start + curve.paid + curve.change == curve.end == curve.points[-1].worth
    assert curve.points[-1].worth - curve.points[0].worth == curve.change
    assert -100 <= curve.drawdown <= 0 <= curve.deepest


@given(WORTHS, st.integers(1, 19), st.decimals(min_value=1, max_value=10**6, places=2))
def test_a_payment_while_nothing_moves_changes_no_percentage(worths: list[Decimal], hour: int, amount: Decimal) -> None:
    """Growth goes on at the same rates on what is there after it."""
    hour = min(hour, len(worths))
    scale = 1 + amount / worths[hour - 1]
    before, after = worths[:hour], [worth * scale for worth in worths[hour - 1 :]]
    paid = Paid(START + timedelta(hours=hour), amount)
    with_it, without = curve_of(_samples(*before, *after), [paid]), curve_of(_samples(*worths))
    assert with_it.growth == pytest.approx(without.growth, abs=D("1e-9"))
    assert with_it.drawdown == pytest.approx(without.drawdown, abs=D("1e-9"))


def test_a_curve_has_a_sample() -> None:
    with pytest.raises(AssertionError, match="at least one sample"):
        curve_of([])
