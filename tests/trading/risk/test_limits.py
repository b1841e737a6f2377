"""How limits are written and which of several holds."""

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.trading.risk.desk import OFF, D
from trading.errors import ConfigError, IntentError
from trading.risk.checks.permission import matches
from trading.risk.limits import (
    LIMITS,
    Kind,
    Limits,
    Overrides,
    Value,
    effective,
    loosens,
    parse,
    shown,
    text_of,
    tightest,
)

NAMES = sorted(LIMITS)
NUMBERS = [name for name in NAMES if LIMITS[name].kind is not Kind.SYMBOLS]
SYMBOLS = ["BTC/USDT", "ETH/USDT", "BTC/USDC", "EURUSD", "DOGE/EUR"]
PATTERNS = ["*/USDT", "BTC/*", "EURUSD", "*", "ETH/USDT"]


def values(name: str) -> st.SearchStrategy[Value]:
    kind = LIMITS[name].kind
    if kind is Kind.SYMBOLS:
        return st.lists(st.sampled_from(PATTERNS), unique=True).map(lambda found: tuple(sorted(found)))
    if kind in (Kind.COUNT, Kind.SECONDS):
        return st.integers(0, 999999)
    most = 100 if kind is Kind.PERCENT else 10**9
    return st.decimals(0, most, places=2, allow_nan=False).map(lambda number: number or Decimal(0))


named = st.sampled_from(NAMES)
overrides = st.fixed_dictionaries({}, optional={name: values(name) for name in NAMES})


def refuses(name: str, limit: Value, order: object) -> bool:
    """What each limit says of one case, told apart from the code: 0 is off, `order` is what it looks at."""
    if isinstance(limit, tuple):
        hit = any(matches(order, pattern) for pattern in limit)
        return hit if name == "deny" else bool(limit) and not hit
    assert isinstance(order, Decimal)
    if not limit:
        return False
    return order < limit if name in ("min_order_value", "duplicate_window_s", "cooldown_s") else order > limit


def cases(name: str) -> st.SearchStrategy[object]:
    if LIMITS[name].kind is Kind.SYMBOLS:
        return st.sampled_from(SYMBOLS)
    return st.decimals(0, 10**9, places=2)


def test_every_field_is_described_and_nothing_else() -> None:
    assert tuple(LIMITS) == Limits.__struct_fields__


@pytest.mark.parametrize(
    ("name", "text", "value", "told"),
    [
        ("max_order_value", "1000", D(1000), "1000 USDT"),
        ("max_order_value", " 0.50 ", D("0.5"), "0.5 USDT"),
        ("max_order_value", "OFF", D(0), "off"),
        ("max_daily_loss", "0.00", D(0), "off"),
        ("max_drawdown", "20%", D(20), "20%"),
        ("price_band", "2.5", D("2.5"), "2.5%"),
        ("price_band", "100%", D(100), "100%"),
        ("max_leverage", "3x", D(3), "3x"),
        ("max_open_positions", "7", 7, "7 positions"),
        ("max_open_positions", "none", 0, "off"),
        ("cooldown_s", "90", 90, "90s"),
        ("cooldown_s", "90s", 90, "90s"),
        ("cooldown_s", "15m", 900, "15m"),
        ("cooldown_s", "8h", 28800, "8h"),
        ("cooldown_s", "2d", 172800, "2d"),
        ("allow", "btc/usdt, */usdc", ("*/USDC", "BTC/USDT"), "*/USDC, BTC/USDT"),
        ("allow", "off", (), "any"),
        ("deny", "none", (), "none"),
    ],
)
def test_values_as_people_write_and_read_them(name: str, text: str, value: Value, told: str) -> None:
    assert parse(name, text) == value
    assert type(parse(name, text)) is type(value)
    assert shown(name, value, "USDT") == told


HOSTILE = [
    "", " ", "-1", "+1", "NaN", "nan", "inf", "Infinity", "-Infinity", "1e3", "1E400", "1" + "0" * 400, "0x10", "1_000",
    "1,000", "١٢", "１２", "²", "½", "1\x00", "1\n2", "--", "%", "x", "1 000", "1.2.3", "0.1234567890123456789", "null",
    "<b>", "'; DROP TABLE", "[a-z]", "🙂",
]  # fmt: skip


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_not_a_number_is_refused(name: str, text: str) -> None:
    with pytest.raises(IntentError) as refused:
        parse(name, text)
    assert refused.value.code == "BAD_LIMIT"
    assert refused.value.remedy.startswith(f"Write /limit {name} ")
    assert len(refused.value.text) < 100


@pytest.mark.parametrize("name", ["allow", "deny"])
@pytest.mark.parametrize("text", ["", ",", "[a-z]", "🙂", "BTC/USDT;ETH", "a" * 65, "'", "BTC\x00", "ＢＴＣ"])
def test_what_is_not_a_symbol_is_refused(name: str, text: str) -> None:
    with pytest.raises(IntentError, match="is not a value of"):
        parse(name, text)


@pytest.mark.parametrize(("name", "text"), [("max_drawdown", "100.01%"), ("max_open_positions", "1.5"),
                                            ("cooldown_s", "1.5h"), ("max_open_positions", "1000000")])  # fmt: skip
def test_out_of_its_range(name: str, text: str) -> None:
    with pytest.raises(IntentError):
        parse(name, text)


def test_the_example_of_a_refusal_is_itself_right() -> None:
    for name in NAMES:
        with pytest.raises(IntentError) as refused:
            parse(name, "?!")
        example_text = refused.value.remedy.removeprefix(f"Write /limit {name} ").removesuffix(".")
        assert parse(name, example_text)


def test_an_unknown_limit_names_the_nearest() -> None:
    with pytest.raises(IntentError) as refused:
        parse("max_ordr_value", "1")
    assert str(refused.value) == "'max_ordr_value' is not a limit. Did you mean max_order_value?"
    with pytest.raises(IntentError, match="Limits are max_order_value, "):
        parse("\x00" * 999, "1")


@given(named, st.text(max_size=40))
@example("max_order_value", "1" * 400)
def test_any_text_is_a_value_or_refused(name: str, text: str) -> None:
    try:
        value = parse(name, text)
    except IntentError:
        return
    if isinstance(value, Decimal | int):
        assert 0 <= value < 10**15
    Limits(**{name: value})  # type: ignore[arg-type]


@given(st.data())
def test_what_is_journalled_reads_back(data: st.DataObject) -> None:
    name = data.draw(named)
    value = data.draw(values(name))
    assert parse(name, text_of(value)) == value


@pytest.mark.parametrize("bad", [D("NaN"), D("Infinity"), D(-1), D(10**15)])
def test_limits_that_are_no_limits_are_refused_at_start(bad: Decimal) -> None:
    with pytest.raises(ConfigError, match="max_daily_loss"):
        Limits(max_daily_loss=bad)


# --- which holds -----------------------------------------------------------------------------


@given(st.data())
def test_the_tightest_refuses_what_either_refuses_and_nothing_else(data: st.DataObject) -> None:
    name = data.draw(named)
    one, other, case = data.draw(values(name)), data.draw(values(name)), data.draw(cases(name))
    held = tightest(name, one, other)
    assert refuses(name, held, case) == (refuses(name, one, case) or refuses(name, other, case))


@given(st.data())
def test_what_does_not_loosen_lets_nothing_new_pass(data: st.DataObject) -> None:
    name = data.draw(named)
    old, new, case = data.draw(values(name)), data.draw(values(name)), data.draw(cases(name))
    if not loosens(name, old, new):
        assert refuses(name, new, case) or not refuses(name, old, case)


@pytest.mark.parametrize(
    ("name", "old", "new", "loose"),
    [
        ("max_order_value", D(100), D(101), True),
        ("max_order_value", D(100), D(100), False),
        ("max_order_value", D(100), D(99), False),
        ("max_order_value", D(100), D(0), True),
        ("max_order_value", D(0), D(100), False),
        ("min_order_value", D(10), D(9), True),
        ("min_order_value", D(10), D(11), False),
        ("stale_price_s", 15, 16, True),
        ("stale_price_s", 15, 0, True),
        ("duplicate_window_s", 2, 1, True),
        ("cooldown_s", 60, 61, False),
        ("allow", (), ("BTC/USDT",), False),
        ("allow", ("BTC/USDT",), (), True),
        ("allow", ("BTC/USDT", "ETH/USDT"), ("BTC/USDT",), False),
        ("deny", ("BTC/USDT",), ("BTC/USDT", "ETH/USDT"), False),
        ("deny", ("BTC/USDT",), ("ETH/USDT",), True),
    ],
)
def test_raising_is_told_from_lowering(name: str, old: Value, new: Value, loose: bool) -> None:
    assert loosens(name, old, new) is loose


@given(overrides, overrides, overrides, st.data())
def test_an_account_is_never_looser_than_the_desk(
    account: Overrides, chat_desk: Overrides, chat_account: Overrides, data: st.DataObject
) -> None:
    desk = Limits(**(OFF | data.draw(overrides)))  # type: ignore[arg-type]
    whole = effective(desk, {}, chat_desk, {})
    held = effective(desk, account, chat_desk, chat_account)
    for name in NAMES:
        assert getattr(whole, name) == chat_desk.get(name, getattr(desk, name))
        assert not loosens(name, getattr(whole, name), getattr(held, name)) or name in ("allow", "deny")
        case = data.draw(cases(name))
        sources = [getattr(whole, name), account.get(name), chat_account.get(name)]
        expected = any(refuses(name, source, case) for source in sources if source is not None)
        assert refuses(name, getattr(held, name), case) == expected
