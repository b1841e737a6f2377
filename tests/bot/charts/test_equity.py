"""The picture of the equity has what it should at the place where it belongs: looked at pixel by pixel."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.charts import canvas
from bot.charts.equity import FALL, LINE, LOSS, equity_picture
from handlers.curve import Curve, Paid, Sample, curve_of
from handlers.drawings import EquityDrawing
from handlers.reply import Image
from tests.bot.charts.pixels import START, fill, middle, opened, where
from trading.instruments import Side


def _curve(*worths: int, paid: Sequence[Paid] = ()) -> Curve:
    return curve_of([Sample(START + timedelta(hours=n), Decimal(worth)) for n, worth in enumerate(worths)], paid)


def _picture(curve: Curve, **more: object) -> Image:
    fields = {"title": "Equity", "points": curve.points, "currency": "USDT", "paid": curve.payments}
    return equity_picture(EquityDrawing(**fields | more))  # type: ignore[arg-type]


def test_it_is_of_a_size_a_phone_shows_small_and_the_same_for_the_same() -> None:
    jagged = _curve(*(1000 + n * 37 % 101 for n in range(5000)))
    image = _picture(jagged)
    opened(image)
    assert image.name == "equity.png"
    assert len(image.content) < 200_000
    assert image == _picture(jagged)


def test_a_curve_that_only_rises_has_no_drawdown() -> None:
    assert not where(_picture(_curve(100, 110, 120)), LOSS)


def test_the_drawdown_is_deepest_where_the_fall_from_the_best_is() -> None:
    image = _picture(_curve(100, 120, 90, 100, 130))
    shade, curve = where(image, FALL, lambda x, y: y > 430), where(image, LINE)
    assert where(image, LOSS)
    deepest = max(shade, key=lambda at: at[1])
    assert deepest[0] == pytest.approx(16 + 834 * 2 / 4, abs=4)  # at the third of five points
    lowest, highest = max(curve, key=lambda at: at[1]), min(curve, key=lambda at: at[1])
    assert lowest[0] == pytest.approx(16 + 834 * 2 / 4, abs=4)
    assert highest[0] == pytest.approx(850, abs=6)
    assert max(y for _, y in curve) < min(y for _, y in shade)  # the two do not touch


def test_a_payment_makes_no_step_but_is_marked() -> None:
    paid = Paid(START + timedelta(hours=1.5), Decimal(1000))
    with_it, without = _picture(_curve(100, 110, 1110, 1120, paid=[paid])), _picture(_curve(1100, 1110, 1110, 1120))
    shown, plain = (set(where(each, LINE, lambda x, y: y > 100)) for each in (with_it, without))
    assert shown <= plain
    assert len(shown) > 0.97 * len(plain)
    assert not where(with_it, LOSS)
    dashes = where(with_it, canvas.FAINT, lambda x, y: 150 < y < 400)
    assert middle(dashes)[0] == pytest.approx(16 + 834 / 2, abs=1)  # half way through three hours
    assert not where(without, canvas.FAINT, lambda x, y: 150 < y < 400)


def test_fills_are_on_the_curve_dots_when_bought_and_rings_when_sold() -> None:
    curve = _curve(100, 100, 100, 130, 130)
    bought = where(_picture(curve, fills=[fill(1, 5)]), LINE, lambda x, y: 200 < x < 250)
    sold = where(_picture(curve, fills=[fill(1, 5, Side.SELL)]), canvas.SOLD)
    assert middle(sold) == pytest.approx(
        (16 + 834 / 4, middle(where(_picture(curve), LINE, lambda x, y: x < 400))[1]), abs=1
    )
    centre = tuple(map(round, middle(sold)))
    assert centre not in sold
    assert centre in bought
    assert _picture(curve, fills=[fill(-1, 5), fill(5, 5)]) == _picture(curve)


def test_a_short_fall_among_many_points_is_not_lost() -> None:
    values = [1000] * 20_000
    values[10_007] = 500  # neither the first nor the last of its pixel
    image = _picture(_curve(*values))
    assert max(y for x, y in where(image, FALL, lambda x, y: y > 430) if 430 < x < 436) > 580


@pytest.mark.parametrize("values", [(100,), (100, 100), (0, 0), (-5, 5), (0, 10), (10**12, 10**12 + 1)])
def test_few_or_flat_or_huge_points_can_be_drawn(values: tuple[int, ...]) -> None:
    image = _picture(_curve(*values))
    assert where(image, LINE)
    pixels = opened(image)
    assert {pixels.getpixel((999, y)) for y in range(640)} == {canvas.PAPER}


def test_nothing_to_draw_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(AssertionError, match="at least one point"):
        EquityDrawing("Equity", [], "USDT")
