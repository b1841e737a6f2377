"""Crossovers against averages counted anew, exactly, at every bar."""

from collections.abc import Sequence
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from tests.trading.strategies.bars import flat_bars, wishes
from trading.strategies.sma_cross import SmaCross
from trading.strategies.strategy import Wish

lengths = st.tuples(st.integers(1, 6), st.integers(1, 6)).map(lambda pair: (pair[0], pair[0] + pair[1]))
few_prices = st.lists(st.integers(6_150_010, 6_150_016), min_size=1, max_size=80)  # so few that averages tie often


def crosses(closes: Sequence[int], fast: int, slow: int) -> list[Wish | None]:
    """The rule as it is written: the side of each bar by exact means, ties left out, where it changes."""
    found: list[Wish | None] = []
    sides: list[int] = []
    for end in range(1, len(closes) + 1):
        wish = None
        if end >= slow:
            lead = Fraction(sum(closes[end - fast : end]), fast) - Fraction(sum(closes[end - slow : end]), slow)
            side = (lead > 0) - (lead < 0)
            if side and sides and side != sides[-1]:
                wish = Wish.BUY if side > 0 else Wish.SELL
            sides += [side] if side else []
        found.append(wish)
    return found


def shown(closes: Sequence[int], fast: int, slow: int, tick: float = 0.01) -> list[Wish | None]:
    return wishes(SmaCross.make({"fast": fast, "slow": slow}, tick), flat_bars(closes))


@given(few_prices, lengths)
def test_crosses_are_those_of_exact_averages(closes: list[int], fast_slow: tuple[int, int]) -> None:
    assert shown(closes, *fast_slow) == crosses(closes, *fast_slow)


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=80), lengths)
def test_crosses_are_exact_at_any_price(closes: list[int], fast_slow: tuple[int, int]) -> None:
    assert shown(closes, *fast_slow) == crosses(closes, *fast_slow)


def test_a_tie_that_doubles_would_miss_is_a_tie() -> None:
    # The last three closes are 0.3, 0.1, 0.2 and the last six the same twice: both averages are 0.2, no
    # side. The doubles say (0.3 + 0.1 + 0.2) / 3 = 0.20000000000000004 and would see the fast one above.
    assert (0.3 + 0.1 + 0.2) / 3 > 0.2
    falling = [90, 80, 70, 60, 50, 40]  # the fast average is below
    assert shown([*falling, 30, 10, 20, 30, 10, 20], 3, 6) == [None] * 12


def test_touching_and_turning_back_is_no_cross_and_coming_through_a_tie_is_one() -> None:
    # With 1 and 2 the lead is the last change: below, tie, below; then tie, above.
    assert shown([50, 40, 40, 30, 30, 45], 1, 2) == [None, None, None, None, None, Wish.BUY]


def test_the_first_side_is_no_cross() -> None:
    assert shown([10, 20, 30, 40], 1, 2) == [None] * 4
    assert shown([10, 10, 10, 20, 10], 1, 2) == [None, None, None, None, Wish.SELL]


@given(few_prices, few_prices, lengths)
def test_after_its_warm_up_it_wishes_what_one_wishes_that_saw_everything(
    past: list[int], future: list[int], fast_slow: tuple[int, int]
) -> None:
    fast, slow = fast_slow
    history = past[-slow:]
    if len(history) < slow or sum(history[-fast:]) * slow == sum(history) * fast:
        return  # too short, or tied at that moment: the side before the tie is not known then
    warm = SmaCross.make({"fast": fast, "slow": slow}, 0.01)
    assert warm.warmup == slow
    wishes(warm, flat_bars(history))
    assert wishes(warm, flat_bars(future)) == shown([*past, *future], fast, slow)[len(past) :]
