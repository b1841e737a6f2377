"""Pictures have what they should at the place where it belongs: looked at pixel by pixel."""

import io
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from PIL import Image as Pillow

from bot.chats import charts
from bot.chats.charts import FillMark, OrderMark, candles_picture, equity_picture
from handlers.reply import Image
from trading.instruments import Side, Symbol
from trading.quotes import Candle

START = datetime(2026, 1, 5, 8, tzinfo=timezone.utc)
Pixels = list[tuple[int, int]]


def _candles(*closes: int, opens: int = 100) -> list[Candle]:
    """Hourly candles, each opening where the one before closed, one above and below as shadows."""
    made = []
    for number, close in enumerate(closes):
        low, high = min(opens, close) - 1, max(opens, close) + 1
        at = START + timedelta(hours=number)
        values = map(Decimal, (opens, high, low, close, 1))
        made.append(Candle(Symbol("BTC/USDT"), "1h", at, *values))
        opens = close
    return made


def _opened(image: Image) -> Pillow.Image:
    picture = Pillow.open(io.BytesIO(image.content))
    assert (picture.format, picture.size, picture.mode) == ("PNG", (1000, 640), "RGB")
    return picture


def _where(image: Image, colour: charts.Colour, within: Callable[[int, int], bool] = lambda x, y: True) -> Pixels:
    """The pixels of exactly this colour, left of the prices and below the title."""
    found, sought = _opened(image).tobytes(), bytes(colour)
    places, at = Pixels(), found.find(sought)
    while at >= 0:
        y, x = divmod(at // 3, 1000)
        if at % 3 == 0 and x < 850 and 64 <= y < 600 and within(x, y):
            places.append((x, y))
        at = found.find(sought, at + 1)
    return sorted(places)


def _middle(pixels: Pixels) -> tuple[float, float]:
    return sum(x for x, _ in pixels) / len(pixels), sum(y for _, y in pixels) / len(pixels)


def _fill(hour: float, price: int, side: Side = Side.BUY) -> FillMark:
    return FillMark(START + timedelta(hours=hour), Decimal(price), side)


RISING = _candles(*range(102, 122, 2))  # ten hours from 100 to 120


def test_a_picture_is_of_a_size_a_phone_shows_and_small() -> None:
    image = candles_picture(RISING, name="btc.png")
    _opened(image)
    assert image.name == "btc.png"
    assert len(image.content) < 100_000


def test_a_fill_is_marked_at_its_candle_and_price() -> None:
    without = candles_picture(RISING)
    assert not _where(without, charts.BOUGHT)
    assert not _where(without, charts.SOLD)
    early = _middle(_where(candles_picture(RISING, [_fill(1, 104)]), charts.BOUGHT))
    late = _middle(_where(candles_picture(RISING, [_fill(8, 104)]), charts.BOUGHT))
    higher = _middle(_where(candles_picture(RISING, [_fill(8, 116)]), charts.BOUGHT))
    width = 834 / 10  # of a candle: ten of them between the margins of 16 and 150
    assert early[0] == pytest.approx(16 + 1.5 * width, abs=1)
    assert late[0] == pytest.approx(16 + 8.5 * width, abs=1)
    assert early[1] == pytest.approx(late[1], abs=1)
    assert higher[1] < late[1] - 200  # twelve of the 22 that the candles span, of 532 pixels


def test_a_fill_stands_at_the_candle_during_which_it_was_made() -> None:
    first = candles_picture(RISING, [_fill(3, 108)])
    last = candles_picture(RISING, [_fill(3.999, 108)])
    after = candles_picture(RISING, [_fill(4, 108)])
    assert _where(first, charts.BOUGHT) == _where(last, charts.BOUGHT) != _where(after, charts.BOUGHT)


def test_bought_points_up_to_the_price_and_sold_down_to_it() -> None:
    bought = _where(candles_picture(RISING, [_fill(5, 110)]), charts.BOUGHT)
    sold = _where(candles_picture(RISING, [_fill(5, 110, Side.SELL)]), charts.SOLD)

    def wide(pixels: Pixels, y: int) -> int:
        return sum(1 for _, at in pixels if at == y)

    tip, base = min(y for _, y in bought), max(y for _, y in bought)
    assert wide(bought, tip) < wide(bought, base)
    assert wide(sold, min(y for _, y in sold)) > wide(sold, max(y for _, y in sold))
    assert abs(tip - max(y for _, y in sold)) <= 8  # both touch the same price, but for the white rim


def test_fills_before_and_after_the_candles_are_left_out() -> None:
    image = candles_picture(RISING, [_fill(-1, 104), _fill(10, 104)])
    assert image == candles_picture(RISING)


def test_a_fill_beyond_the_candles_prices_is_still_seen() -> None:
    assert _where(candles_picture(RISING, [_fill(5, 150)]), charts.BOUGHT)


def test_a_working_order_is_a_dashed_line_at_its_price() -> None:
    order = OrderMark(Decimal(112), Side.SELL, "SELL 0.01")
    line = _where(candles_picture(RISING, orders=[order]), charts.SOLD, lambda x, y: x > 400)
    fill = _where(candles_picture(RISING, [_fill(9, 112, Side.SELL)]), charts.SOLD)
    assert {y for _, y in line} <= set(range(min(y for _, y in line), min(y for _, y in line) + 2))
    assert max(y for _, y in fill) == pytest.approx(line[0][1], abs=8)  # where a fill at that price points to
    row = {x for x, y in line if y == line[0][1]}
    assert len(row) == pytest.approx((850 - 400) / 2, abs=12)  # one half drawn, the other not
    assert _where(candles_picture(RISING, orders=[order]), charts.SOLD, lambda x, y: x < 150)  # the label
    assert not _where(candles_picture(RISING), charts.SOLD)


def test_an_order_far_away_stands_at_the_edge_and_does_not_flatten_the_candles() -> None:
    far = candles_picture(RISING, orders=[OrderMark(Decimal(9000), Side.SELL, "SELL 1")])
    near = candles_picture(RISING)
    assert _where(far, charts.SOLD, lambda x, y: y < 70)
    assert _where(far, charts.UP, lambda x, y: y > 150) == _where(near, charts.UP, lambda x, y: y > 150)


def test_rising_candles_are_green_and_falling_ones_red() -> None:
    up, down = candles_picture(RISING), candles_picture(_candles(*range(98, 78, -2)))
    assert (bool(_where(up, charts.UP)), bool(_where(up, charts.DOWN))) == (True, False)
    assert (bool(_where(down, charts.UP)), bool(_where(down, charts.DOWN))) == (False, True)
    bodies = _where(candles_picture(_candles(110, 105)), charts.UP)
    assert _middle(bodies)[0] == pytest.approx(16 + 0.25 * 834, abs=1)


@pytest.mark.parametrize("candles", [_candles(100), _candles(101), _candles(*[100] * 400)])
def test_any_number_of_candles_can_be_drawn(candles: list[Candle]) -> None:
    assert _where(candles_picture(candles), charts.UP)


def test_times_are_in_the_zone_of_the_desk() -> None:
    assert candles_picture(RISING, zone="Europe/Vienna") != candles_picture(RISING, zone="UTC")


def _equity(*values: int) -> list[tuple[datetime, Decimal]]:
    return [(START + timedelta(hours=n), Decimal(value)) for n, value in enumerate(values)]


def test_a_curve_that_only_rises_has_no_drawdown() -> None:
    assert not _where(equity_picture(_equity(100, 110, 120), "USDT"), charts.LOSS)


def test_the_drawdown_is_deepest_where_the_fall_from_the_best_is() -> None:
    image = equity_picture(_equity(100, 120, 90, 100, 130), "USDT")
    shade, curve = _where(image, charts.DOWN, lambda x, y: y > 430), _where(image, charts.LINE)
    assert _where(image, charts.LOSS)
    deepest = max(shade, key=lambda at: at[1])
    assert deepest[0] == pytest.approx(16 + 834 * 2 / 4, abs=4)  # at the third of five points
    lowest, highest = max(curve, key=lambda at: at[1]), min(curve, key=lambda at: at[1])
    assert lowest[0] == pytest.approx(16 + 834 * 2 / 4, abs=4)
    assert highest[0] == pytest.approx(850, abs=6)
    assert max(y for _, y in curve) < min(y for _, y in shade)  # the two do not touch


def test_a_short_fall_among_many_points_is_not_lost() -> None:
    values = [1000] * 20_000
    values[10_007] = 500  # neither the first nor the last of its pixel
    image = equity_picture(_equity(*values), "USDT")
    assert max(y for x, y in _where(image, charts.DOWN, lambda x, y: y > 430) if 430 < x < 436) > 580


@pytest.mark.parametrize("values", [(100,), (100, 100), (0, 0), (-5, 5), (0, 10)])
def test_few_or_flat_points_can_be_drawn(values: tuple[int, ...]) -> None:
    assert _where(equity_picture(_equity(*values), "USDT"), charts.LINE)


def test_nothing_to_draw_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one candle"):
        candles_picture([])
    with pytest.raises(ValueError, match="at least one point"):
        equity_picture([], "USDT")
