"""The relative strength index against Wilder's definition in exact fractions."""

import random
from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate, pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.trading.strategies.bars import flat_bars, wishes
from trading.strategies.rsi_reversion import RsiReversion
from trading.strategies.strategy import Wish

HALF = Fraction(50)


def indexes(closes: Sequence[int], period: int) -> list[Fraction | None]:
    """Wilder 1978: the means of the first `period` rises and falls, then (average * (n - 1) + next) / n."""
    changes = [after - before for before, after in pairwise(closes)]
    found: list[Fraction | None] = [None] * min(period, len(closes))
    for end in range(period, len(changes) + 1):
        averages = []
        for sign in (1, -1):
            moves = [max(sign * change, 0) for change in changes[:end]]
            average = Fraction(sum(moves[:period]), period)
            for move in moves[period:]:
                average = (average * (period - 1) + move) / period
            averages.append(average)
        rise, fall = averages
        found.append(100 * rise / (rise + fall) if rise + fall else HALF)
    return found


def entries(values: Sequence[Fraction | None], low: int, high: int) -> list[Wish | None]:
    """BUY at the first bar of each stay below `low`, SELL at the first of each stay above `high`."""
    zones = [0 if v is None else -1 if v < low else 1 if v > high else 0 for v in values]
    steps = zip([0, *zones], zones, strict=False)
    return [None if after in (0, before) else Wish.BUY if after < 0 else Wish.SELL for before, after in steps]


@given(
    st.lists(st.integers(9_900, 10_100), min_size=1, max_size=45),
    st.integers(2, 7),
    st.integers(20, 49),
    st.integers(51, 80),
)
def test_wishes_are_those_of_the_exact_index(closes: list[int], period: int, low: int, high: int) -> None:
    values = indexes(closes, period)
    near = Fraction(1, 10**9)  # where a double may fall on either side of a level
    assume(all(v is None or min(abs(v - low), abs(v - high)) > near for v in values))
    strategy = RsiReversion.make({"period": period, "low": low, "high": high}, 0.01)
    assert wishes(strategy, flat_bars(closes)) == entries(values, low, high)


def test_a_worked_example() -> None:
    # 14 changes; rises 6+72+50+27+32+42+24+14+67 = 334, falls 25+54+19+42 = 140 hundredths:
    # RSI = 100 * 334 / 474 = 70.46, reached with the 15th close and not before.
    closes = [4434, 4409, 4415, 4361, 4433, 4483, 4510, 4542, 4584, 4608, 4589, 4603, 4561, 4628, 4628]
    assert wishes(RsiReversion.make({"high": 70.4}, 0.01), flat_bars(closes)) == [None] * 14 + [Wish.SELL]
    assert wishes(RsiReversion.make({"high": 70.5}, 0.01), flat_bars(closes)) == [None] * 15


def test_a_market_that_does_not_move_is_neither_high_nor_low() -> None:
    assert wishes(RsiReversion.make({"low": 49.9, "high": 50.1}, 0.01), flat_bars([100] * 40)) == [None] * 40


def test_one_stay_in_a_zone_is_one_wish_and_the_next_stay_another() -> None:
    # Period 2. Falls only: 0. Then a rise of 100 makes 100 * 50 / (50 + 25) = 67, out of the zone, and the
    # fall of 100 after it 100 * 25 / (25 + 62.5) = 29, which is below 30 again.
    strategy = RsiReversion.make({"period": 2, "low": 30, "high": 90}, 0.01)
    closes = [1000, 950, 900, 850, 800, 900, 800, 700, 600]
    assert [number for number, wish in enumerate(wishes(strategy, flat_bars(closes))) if wish] == [2, 6]


@pytest.mark.parametrize("seed", range(10))
def test_after_its_warm_up_the_past_no_longer_matters(seed: int) -> None:
    chance = random.Random(seed)
    closes = list(accumulate(chance.randint(-30, 30) for _ in range(1_500)))
    bars = flat_bars([100_000 + close for close in closes])
    warm = RsiReversion.make({}, 0.01)
    wishes(warm, bars[1_000 - warm.warmup : 1_000])
    later = wishes(warm, bars[1_000:])
    assert later == wishes(RsiReversion.make({}, 0.01), bars)[1_000:]
    assert any(later)
