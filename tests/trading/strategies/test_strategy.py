"""What all strategies have in common: names, parameters, memory, and bars made of candles."""

import pickle
import random
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trading.strategies.bars import flat_bars
from trading.errors import ConfigError
from trading.instruments import Symbol
from trading.quotes import Candle
from trading.strategies import STRATEGIES, strategy_class
from trading.strategies.donchian import DonchianParameters
from trading.strategies.rsi_reversion import RsiReversionParameters
from trading.strategies.sma_cross import SmaCrossParameters
from trading.strategies.strategy import Bar, Parameters, Wish

EVERY = pytest.mark.parametrize("name", STRATEGIES)


def test_an_unknown_strategy_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(ConfigError, match=r"'sma_kross' is not a strategy\. Did you mean sma_cross\?"):
        strategy_class("sma_kross")
    with pytest.raises(ConfigError, match="There is sma_cross, rsi_reversion, donchian"):
        strategy_class("zzz")


@EVERY
def test_settings_text_and_numbers_make_the_same_parameters(name: str) -> None:
    kind = strategy_class(name).parameters
    defaults = {field: getattr(kind(), field) for field in kind.__struct_fields__}
    assert kind.read({}) == kind()
    assert kind.read(defaults) == kind()
    assert kind.read({field: str(value) for field, value in defaults.items()}) == kind()


def test_an_unknown_parameter_is_answered_with_the_nearest_one() -> None:
    with pytest.raises(ConfigError, match=r"'fsat' is not a parameter\. Did you mean fast\?"):
        SmaCrossParameters.read({"fsat": "20"})
    with pytest.raises(ConfigError, match="There is period, low, high"):
        RsiReversionParameters.read({"zzz": "1"})


@pytest.mark.parametrize("text", ["", "ten", "1e2", "nan", "inf", "0x10", "1_0", " 5", "٥", "9" * 400, "true", "1.2.3"])
@pytest.mark.parametrize(("kind", "field"), [(SmaCrossParameters, "fast"), (RsiReversionParameters, "low")])
def test_what_is_not_a_number_is_refused_by_name(kind: type[Parameters], field: str, text: str) -> None:
    with pytest.raises(ConfigError, match=f"Parameter {field} is .*, not a number"):
        kind.read({field: text})


@pytest.mark.parametrize(
    ("kind", "given_"),
    [
        (SmaCrossParameters, {"fast": "0"}),
        (SmaCrossParameters, {"fast": "-3"}),
        (SmaCrossParameters, {"fast": "2.5"}),
        (SmaCrossParameters, {"fast": True}),
        (SmaCrossParameters, {"slow": 10_001}),
        (RsiReversionParameters, {"period": 1}),
        (RsiReversionParameters, {"low": float("nan")}),
        (RsiReversionParameters, {"high": float("inf")}),
        (RsiReversionParameters, {"high": 100}),
        (DonchianParameters, {"exit": "0"}),
    ],
)
def test_what_is_out_of_range_is_refused_however_it_is_made(
    kind: type[Parameters], given_: dict[str, str | int | float]
) -> None:
    field = next(iter(given_))
    with pytest.raises(ConfigError, match=f"Parameter {field} is .*: expected"):
        kind.read(given_)
    if not isinstance(given_[field], str):
        with pytest.raises(ConfigError, match=f"Parameter {field} is"):
            kind(**given_)


@pytest.mark.parametrize(
    ("kind", "given_"),
    [
        (SmaCrossParameters, {"fast": 50}),
        (SmaCrossParameters, {"slow": "20"}),
        (RsiReversionParameters, {"low": "70"}),
        (DonchianParameters, {"exit": 21}),
    ],
)
def test_parameters_that_contradict_each_other_are_refused(
    kind: type[Parameters], given_: dict[str, str | int | float]
) -> None:
    with pytest.raises(ConfigError, match=r"is (not less|more) than"):
        kind.read(given_)


@EVERY
def test_memory_does_not_grow_with_the_bars_seen(name: str) -> None:
    chance, close, closes = random.Random(1), 100_000, []
    for _ in range(20_000):
        close += chance.randint(-30, 30)
        closes.append(close)
    strategy = strategy_class(name).make({}, 0.01)
    for bar in flat_bars(closes):
        strategy.on_bar(bar, 0.0)
    assert len(pickle.dumps(strategy)) < 2_000


@EVERY
@given(st.lists(st.integers(9_900, 10_100), max_size=120))
def test_nothing_is_wished_before_the_warm_up_could_be_over(name: str, closes: list[int]) -> None:
    strategy = strategy_class(name).make({}, 0.01)
    least = {"sma_cross": 50, "rsi_reversion": 14, "donchian": 20}[name]  # bars without which nothing is defined
    assert strategy.warmup >= least
    assert not any(strategy.on_bar(bar, 0.0) for bar in flat_bars(closes)[:least])


def test_a_wish_is_a_side_to_be_on() -> None:
    assert [wish.target(shorting=True) for wish in (Wish.BUY, Wish.CLOSE, Wish.SELL)] == [1, 0, -1]
    assert [wish.target(shorting=False) for wish in (Wish.BUY, Wish.CLOSE, Wish.SELL)] == [1, 0, 0]


def test_a_bar_is_its_candle_and_is_named_by_its_close() -> None:
    start = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
    texts = ("61500.01", "61502.5", "61499", "61501.12", "3.00001")
    bar = Bar.of(Candle(Symbol("BTC/USDT"), "15m", start, *map(Decimal, texts)))
    assert bar.time == datetime(2026, 1, 5, 12, 15, tzinfo=UTC).timestamp()
    for value, text in zip((bar.open, bar.high, bar.low, bar.close, bar.volume), texts, strict=True):
        assert abs(Fraction(value) - Fraction(text)) < Fraction(1, 10**10)
