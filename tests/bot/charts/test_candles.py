"""The picture of a market has what it should at the place where it belongs: looked at pixel by pixel."""

from decimal import Decimal

import pytest

from bot.charts import canvas
from bot.charts.candles import PALE
from handlers.drawings import CandlesDrawing, OrderMark
from tests.bot.charts.pixels import RISING, START, Pixels, candles, chart, fill, middle, opened, where
from trading.instruments import Side, Symbol
from trading.quotes import Candle


def test_a_picture_is_of_a_size_a_phone_shows_and_small() -> None:
    crowded = [fill(n / 10, 100 + n % 20, Side.SELL if n % 2 else Side.BUY) for n in range(100)]
    lines = [OrderMark(Decimal(100 + n), Side.SELL, "SELL 0.01") for n in range(8)]
    image = chart(candles(*(100 + n * 37 % 23 for n in range(80)), volume=5), crowded, lines, average=Decimal(110))
    opened(image)
    assert image.name == "BTC-USDT-1h.png"
    assert len(image.content) < 200_000


def test_the_same_is_drawn_the_same_to_the_byte() -> None:
    assert chart(RISING, [fill(1, 104)]) == chart(RISING, [fill(1, 104)])


def test_a_fill_is_marked_at_its_candle_and_price() -> None:
    assert not where(chart(), canvas.BOUGHT)
    assert not where(chart(), canvas.SOLD)
    early = middle(where(chart(RISING, [fill(1, 104)]), canvas.BOUGHT))
    late = middle(where(chart(RISING, [fill(8, 104)]), canvas.BOUGHT))
    higher = middle(where(chart(RISING, [fill(8, 116)]), canvas.BOUGHT))
    width = 834 / 10  # of a candle: ten of them between the margins of 16 and 150
    assert early[0] == pytest.approx(16 + 1.5 * width, abs=1)
    assert late[0] == pytest.approx(16 + 8.5 * width, abs=1)
    assert early[1] == pytest.approx(late[1], abs=1)
    assert higher[1] < late[1] - 200  # twelve of the 22 that the candles span, of 532 pixels


def test_a_fill_stands_at_the_candle_during_which_it_was_made() -> None:
    first, last, after = (chart(RISING, [fill(hour, 108)]) for hour in (3, 3.999, 4))
    assert where(first, canvas.BOUGHT) == where(last, canvas.BOUGHT) != where(after, canvas.BOUGHT)


def test_a_fill_of_the_candle_that_still_forms_stands_after_the_last_closed_one() -> None:
    image = chart(RISING, [fill(10.2, 119)], later_s=1800, last=Decimal(118))
    (x, _), (_, price) = middle(where(image, canvas.BOUGHT)), middle(where(image, PALE))
    width = 834 / 11
    assert x == pytest.approx(16 + 10.5 * width, abs=1)
    body = where(image, PALE)
    assert {x for x, _ in body} <= set(range(int(16 + 10 * width), 851))
    assert price < middle(where(chart(candles(*RISING_CLOSES[:2]), later_s=1800), PALE))[1]  # it is up there


RISING_CLOSES = [int(bar.close) for bar in RISING]


def test_bought_points_up_to_the_price_and_sold_down_to_it() -> None:
    bought = where(chart(RISING, [fill(5, 110)]), canvas.BOUGHT)
    sold = where(chart(RISING, [fill(5, 110, Side.SELL)]), canvas.SOLD)

    def wide(pixels: Pixels, y: int) -> int:
        return sum(1 for _, at in pixels if at == y)

    tip, base = min(y for _, y in bought), max(y for _, y in bought)
    assert wide(bought, tip) < wide(bought, base)
    assert wide(sold, min(y for _, y in sold)) > wide(sold, max(y for _, y in sold))
    assert abs(tip - max(y for _, y in sold)) <= 8  # both touch the same price, but for the white rim


def test_fills_before_the_candles_and_after_now_are_left_out() -> None:
    assert chart(RISING, [fill(-1, 104), fill(10, 104)]) == chart(RISING)


def test_a_fill_beyond_the_candles_prices_is_still_seen() -> None:
    assert where(chart(RISING, [fill(5, 150)]), canvas.BOUGHT)


def test_a_working_order_is_a_dashed_line_at_its_price() -> None:
    order = OrderMark(Decimal(112), Side.SELL, "SELL 0.01")
    line = where(chart(orders=[order]), canvas.SOLD, lambda x, y: x > 400)
    made = where(chart(RISING, [fill(9, 112, Side.SELL)]), canvas.SOLD)
    assert {y for _, y in line} <= set(range(min(y for _, y in line), min(y for _, y in line) + 2))
    assert max(y for _, y in made) == pytest.approx(line[0][1], abs=8)  # where a fill at that price points to
    row = {x for x, y in line if y == line[0][1]}
    assert len(row) == pytest.approx((850 - 400) / 2, abs=12)  # one half drawn, the other not
    words = where(chart(orders=[order]), canvas.SOLD, lambda x, y: x < 150 and y < line[0][1] - 2)
    assert words


def test_orders_at_nearly_the_same_price_are_named_beside_each_other() -> None:
    pair = [OrderMark(Decimal(price), Side.SELL, "SELL 0.01") for price in ("112", "112.1")]
    line = min(y for _, y in where(chart(orders=pair), canvas.SOLD, lambda x, y: x > 800))

    def words(count: int) -> int:
        return max(x for x, _ in where(chart(orders=pair[:count]), canvas.SOLD, lambda x, y: line - 20 < y < line - 2))

    assert words(2) > words(1) + 100


def test_an_order_far_away_stands_at_the_edge_and_does_not_flatten_the_candles() -> None:
    far, near = chart(orders=[OrderMark(Decimal(9000), Side.SELL, "SELL 1")]), chart()
    assert where(far, canvas.SOLD, lambda x, y: y < 70)
    assert where(far, canvas.UP, lambda x, y: y > 150) == where(near, canvas.UP, lambda x, y: y > 150)


def test_the_average_price_is_a_line_from_side_to_side() -> None:
    line = where(chart(average=Decimal(112)), canvas.INK, lambda x, y: x > 400)
    rows = {y for _, y in line}
    assert len(rows) == 1
    assert len(line) == 449  # to the edge of the plot
    order = where(chart(orders=[OrderMark(Decimal(112), Side.BUY, "")]), canvas.BOUGHT, lambda x, y: x > 400)
    assert rows <= {y for _, y in order}


def test_rising_candles_are_outlines_and_falling_ones_filled_in_another_colour() -> None:
    up, down = chart(), chart(candles(*range(98, 78, -2)))
    assert (bool(where(up, canvas.UP)), bool(where(up, canvas.DOWN))) == (True, False)
    assert (bool(where(down, canvas.UP)), bool(where(down, canvas.DOWN))) == (False, True)
    assert len(where(down, canvas.DOWN)) > 2 * len(where(up, canvas.UP))
    bodies = where(chart(candles(110, 105)), canvas.UP)
    assert middle(bodies)[0] == pytest.approx(16 + 0.25 * 834, abs=1)


def test_volume_stands_at_the_bottom_and_takes_no_room_where_there_is_none() -> None:
    bars = where(chart(candles(*RISING_CLOSES, volume=3)), PALE)
    assert min(y for _, y in bars) == pytest.approx(640 - 44 - 70, abs=1)
    assert max(y for _, y in where(chart(candles(*RISING_CLOSES, volume=3)), canvas.UP)) < 640 - 44 - 70
    assert not where(chart(), PALE)
    assert max(y for _, y in where(chart(), canvas.UP)) > 640 - 44 - 70


@pytest.mark.parametrize("count", [1, 2, 400])
@pytest.mark.parametrize("close", ["0.00001234", "123456.7", "0.000000000001"])
def test_any_number_of_candles_at_any_price_can_be_drawn(count: int, close: str) -> None:
    price = Decimal(close)
    flat = Candle(Symbol("X/USDT"), "1h", START, price, price, price, price, Decimal(0))
    image = chart([flat] * count, last=price)
    assert where(image, canvas.UP)
    # What is written at the right stays within the picture: its last column is blank.
    pixels = opened(image)
    assert {pixels.getpixel((999, y)) for y in range(640)} == {canvas.PAPER}


def test_times_are_in_the_zone_of_the_desk() -> None:
    assert chart(zone="Europe/Vienna") != chart(zone="UTC")


def test_nothing_to_draw_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(AssertionError, match="at least one candle"):
        CandlesDrawing([], Decimal(1), START)
