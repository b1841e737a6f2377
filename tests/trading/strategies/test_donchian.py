"""Channels against the highest and lowest counted anew at every bar."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from tests.trading.strategies.bars import price
from trading.strategies.donchian import Donchian
from trading.strategies.strategy import Bar, Wish

Row = tuple[int, int, int]  # high, low, close in ticks
row = st.tuples(st.integers(95, 105), st.integers(0, 5), st.integers(0, 5)).map(
    lambda x: (x[0], x[0] - x[1], x[0] - min(x[1], x[2]))
)
rows = st.lists(row, min_size=1, max_size=80)
lengths = st.integers(2, 8).flatmap(lambda entry: st.tuples(st.just(entry), st.integers(1, entry)))


def bar(each: Row) -> Bar:
    high, low, close = map(price, each)
    return Bar(0, close, high, low, close, 1.0)


def breakouts(bars: Sequence[Row], held: Sequence[int], entry: int, exit_: int) -> list[Wish | None]:
    """The rule as it is written, with every channel looked up in the whole history."""

    def side(at: int) -> int:
        before = bars[at - entry : at]
        if at < entry:
            return 0
        close = bars[at][2]
        return (close > max(b[0] for b in before)) - (close < min(b[1] for b in before))

    found: list[Wish | None] = []
    for at, (_, _, close) in enumerate(bars):
        wish = None
        if at >= entry:
            near = bars[at - exit_ : at]
            if side(at) and side(at) != side(at - 1):
                wish = Wish.BUY if side(at) > 0 else Wish.SELL
            elif (held[at] > 0 and close < min(b[1] for b in near)) or (
                held[at] < 0 and close > max(b[0] for b in near)
            ):
                wish = Wish.CLOSE
        found.append(wish)
    return found


@given(rows, st.lists(st.sampled_from([-1, 0, 1]), min_size=80, max_size=80), lengths)
def test_breakouts_are_those_of_channels_looked_up_anew(
    bars: list[Row], held: list[int], lengths: tuple[int, int]
) -> None:
    entry, exit_ = lengths
    strategy = Donchian.make({"entry": entry, "exit": exit_}, 0.01)
    seen = [strategy.on_bar(bar(each), float(position)) for each, position in zip(bars, held, strict=False)]
    assert seen == breakouts(bars, held, entry, exit_)


def test_closing_at_the_edge_is_not_beyond_it_and_a_bar_is_not_in_its_own_channel() -> None:
    strategy = Donchian.make({"entry": 2, "exit": 1}, 0.01)
    bars = [(100, 98, 99), (101, 99, 100), (101, 100, 101), (105, 101, 102)]
    assert [strategy.on_bar(bar(each), 0.0) for each in bars] == [None, None, None, Wish.BUY]


def test_new_highs_in_a_row_are_one_breakout() -> None:
    strategy = Donchian.make({"entry": 2, "exit": 1}, 0.01)
    bars = [(n, n - 1, n) for n in range(100, 108)]
    assert [strategy.on_bar(bar(each), 0.0) for each in bars] == [None, None, Wish.BUY, *[None] * 5]


def test_an_exit_is_wished_again_for_as_long_as_the_position_is_there() -> None:
    strategy = Donchian.make({"entry": 4, "exit": 1}, 0.01)
    for _ in range(4):
        strategy.on_bar(bar((110, 90, 100)), 0.0)
    assert strategy.on_bar(bar((99, 95, 96)), 1.0) is None
    assert strategy.on_bar(bar((95, 93, 94)), 1.0) is Wish.CLOSE
    assert strategy.on_bar(bar((93, 91, 92)), 1.0) is Wish.CLOSE
    assert strategy.on_bar(bar((92, 90, 90)), 0.0) is None


@given(rows, rows, lengths)
def test_after_its_warm_up_it_wishes_what_one_wishes_that_saw_everything(
    past: list[Row], future: list[Row], lengths: tuple[int, int]
) -> None:
    entry, exit_ = lengths
    everything, warm = (Donchian.make({"entry": entry, "exit": exit_}, 0.01) for _ in range(2))
    if len(past) < warm.warmup:
        return
    for each in past:
        everything.on_bar(bar(each), 1.0)
    for each in past[-warm.warmup :]:
        warm.on_bar(bar(each), 0.0)
    for each in future:
        assert warm.on_bar(bar(each), 1.0) == everything.on_bar(bar(each), 1.0)


def test_a_breakout_that_goes_on_when_the_warm_up_ends_is_not_a_new_one() -> None:
    rising = [bar((n, n - 1, n)) for n in range(100, 120)]
    warm = Donchian.make({"entry": 4, "exit": 2}, 0.01)
    for each in rising[10 - warm.warmup : 10]:
        warm.on_bar(each, 0.0)
    assert [warm.on_bar(each, 0.0) for each in rising[10:]] == [None] * 10
