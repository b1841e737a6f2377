"""Lines: what they mean, that nothing but IntentError comes out, and that what is formatted reads back."""

import unicodedata
from datetime import time, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.actor import Role
from handlers.context import Context
from handlers.literals import show
from handlers.parse import LONGEST_LINE, UNSEEN, MissingArgument, bind, find, format_line, read
from handlers.values import OrderRef, Part
from tests.handlers.desk import ANA, COMMANDS, PINE, HandDesk
from tests.kit import BTC, HandMarket
from trading.errors import IntentError
from trading.instruments import Symbol
from trading.intent import Size, TimeInForce, Trail, Unit
from trading.valuation import Valuation

DESK = HandDesk()


def values(line: str, ctx: Context | None = None) -> dict[str, Any]:
    spec, rest = find(line, Role.ADMIN, COMMANDS)
    return read(spec, rest, ctx or DESK.context())


def refusal(line: str, ctx: Context | None = None) -> str:
    with pytest.raises(IntentError) as why:
        values(line, ctx)
    assert "\n" not in str(why.value)
    return str(why.value)


BOUGHT = {"symbol": Symbol("BTC/USDT"), "size": Size(Decimal("0.01"))}


@pytest.mark.parametrize(
    "line",
    [
        "/buy BTC/USDT 0.01",
        "buy BTC/USDT 0.01",
        "  /BUY@tiller_bot\u00a0btcusdt   0.01 ",
        "/b btc-usdt .01",
        "buy BTC_USDT 0.010",
        "buy BINANCE:BTCUSDT 0.01",
        "buy binance:btc/usdt 0.01",
        "buy \"BTC/USDT\" '0.01'",
        "buy “BTC/USDT” 0.01",
        "buy size=0.01 BTC/USDT",
        'buy size="0.01" SYMBOL=BTCUSDT',
    ],
)
def test_the_same_line_in_many_spellings(line: str) -> None:
    assert values(line) == BOUGHT


@pytest.mark.parametrize(
    ("line", "more"),
    [
        ("buy BTC/USDT 0.01 59000 tif=IOC", {"limit": Decimal(59000), "tif": TimeInForce.IOC}),
        ("buy tif=ioc BTC/USDT sl=58000 0.01 59000", {"limit": Decimal(59000), "tif": TimeInForce.IOC, "sl": 58000}),
        ("buy BTC/USDT risk=1% sl=58000", {"size": Size(Decimal(1), Unit.RISK), "sl": 58000}),
        ("buy BTC/USDT sl=58000 risk=1%", {"size": Size(Decimal(1), Unit.RISK), "sl": 58000}),
        ("buy BTC/USDT size=risk=1% sl=58000", {"size": Size(Decimal(1), Unit.RISK), "sl": 58000}),
        ("buy BTC/USDT $100", {"size": Size(Decimal(100), Unit.VALUE)}),
        ("buy BTC/USDT 0.01 account=DEMO", {"account": "demo"}),
        ("buy eurusd 0.01 account=broker", {"symbol": "EURUSD", "account": "broker"}),
        ("buy account=broker EUR/USD 0.01", {"symbol": "EURUSD", "account": "broker"}),
        ("buy ETHUSDT.P 0.01", {"symbol": "ETH/USDT:USDT"}),
    ],
)
def test_options_stand_anywhere(line: str, more: dict[str, Any]) -> None:
    assert values(line) == BOUGHT | more


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("close all", {"symbol": "all"}),
        ("close ALL 50%", {"symbol": "all", "part": Part(Decimal(50), Unit.POSITION)}),
        ("close btc/usdt 0.5", {"symbol": "BTC/USDT", "part": Part(Decimal("0.5"))}),
        ("mode", {}),
        ("mode demo", {"account": "demo"}),
        ("mode live", {"to": "live"}),
        ("mode live 8h", {"to": "live", "duration": timedelta(hours=8)}),
        ("mode demo live 2d", {"account": "demo", "to": "live", "duration": timedelta(days=2)}),
        ("schedule", {}),
        ("schedule buy BTC/USDT 0.01 sl=5 every=1h", {"line": "buy BTC/USDT 0.01 sl=5", "every": timedelta(hours=1)}),
        ("schedule at=08:30 buy  'it''s'", {"line": "buy  'it''s'", "at": time(8, 30)}),
        ('schedule line="close all" at=8:30', {"line": "close all", "at": time(8, 30)}),
        ('dryrun "close all"', {"line": "close all"}),
        ("confirm abc go  live", {"token": "abc", "phrase": "go  live"}),
        ("look it's", {"what": "it's"}),
        ('look "a \\"b\\" \\\\ c"', {"what": 'a "b" \\ c'}),
        ("kinds EURUSD 1", {"symbol": "EURUSD", "size": Size(Decimal(1))}),
    ],
)
def test_other_lines(line: str, expected: dict[str, Any]) -> None:
    assert values(line) == expected


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "empty"),
        ("/", "not a command"),
        ("hello there", "/hello is not a command"),
        ("/byu BTC/USDT 1", "Did you mean /buy?"),
        ("/backtest sma BTC/USDT 1m", "/backtest is not part of this version."),
        ("/buy", "/buy needs SYMBOL: What to buy. Example: /buy BTC/USDT 0.01"),
        ("/buy BTC/USDT", "/buy needs SIZE: 0.01, $100, 5% or risk=1%. Example: /buy BTC/USDT 0.01"),
        ("/buy BTC/USTD 0.01", "Did you mean BTC/USDT? Example: /buy BTC/USDT 0.01"),
        ("/buy BTX/USDT 0.01", "Did you mean BTC/USDT? Example: /buy BTC/USDT 0.01"),
        ("/buy BTCEUR 0.01", "Did you mean BTC/USDT"),
        ("/buy XRP/USDT 0.01", "See /instruments. Example: /buy BTC/USDT 0.01"),
        ("/buy BTCUSDT.P 0.01", "perpetual future, which demo does not trade. Write BTC/USDT for spot."),
        ("/buy EURUSD 0.01", "'EURUSD' is not traded on demo. It is on broker: add account=broker."),
        ("/buy BTC/USDT:USDT 0.01", "is not a symbol"),
        ("/buy BTC/USDT 0", "size: The size is zero."),
        ("/buy BTC/USDT -1", "size: '-1' is not a size."),
        ("/buy BTC/USDT 1e3", "'1e3' is not a size"),
        ("/buy BTC/USDT nan", "'nan' is not a size"),
        ("/buy BTC/USDT 0.01 inf", "limit: 'inf' is not a price"),
        ("/buy BTC/USDT ١٢", "'١٢' is not a size"),
        ("/buy BTC/USDT 0.01 0", "limit: The price is zero"),
        ("/buy BTC/USDT 1,5", "'1,5' is not a size"),
        ("/buy BTC/USDT 0.01 tif=day", "'day' is not one of gtc, ioc, fok"),
        ("/buy BTC/USDT 0.01 tfi=gtc", "/buy has no option 'tfi'. Did you mean tif?"),
        ("/buy BTC/USDT 0.01 risk=1%", "/buy has no option 'risk'."),
        ("/buy BTC/USDT 0.01 account=dem", "'dem' is not an account. Did you mean demo?"),
        ("/buy BTC/USDT 0.01 59000 60000", "'60000' is one too many for /buy. Write /buy SYMBOL SIZE [LIMIT]"),
        ("/buy BTC/USDT 0.01 sl=1 sl=2", "sl is given twice"),
        ("/buy BTC/USDT symbol=BTC/USDT 0.01", "symbol is given twice"),
        ("/schedule every=1h close all every=2h", "every is given twice"),
        ("/schedule close all every=400d", "'400d' is not a duration"),
        ("/schedule close all every=0s", "'0s' is not a duration"),
        ("/schedule close all at=25:00", "'25:00' is not a time of day"),
        ("/look a\nb", "a line break"),
        ("/look a\x00b", "an invisible character (U+0000)"),
        ("/look \u202eabc", "an invisible character (U+202E)"),
        ("/look \ud83d", "an invisible character (U+D83D)"),
        ("/look " + "a" * LONGEST_LINE, "at most 1000"),
        ("/close 150%", "is not a symbol or all"),
        ("/close all 150%", "part: '150%' is not a part"),
        ("/login secret1 secret2", "/login: That is one too many"),
        ("/kinds BTC/USDT 1 1 nosuch1", "what: 'nosuch1' is not a symbol or an order id or all."),
        ("/kinds BTC/USDT 1 count=0", "count: '0' is not a whole number from 1"),
        ("/kinds BTC/USDT 1 post=maybe", "post: 'maybe' is neither yes nor no"),
        ("/kinds BTC/USDT 1 strategy=trent", "Did you mean trend?"),
        ("/kinds BTC/USDT 1 scope=tren", "scope: 'tren' is not a scope. Did you mean trend"),
        ("/kinds BTC/USDT 1 frame=1w", "'1w' is not a timeframe"),
        ("/kinds BTC/USDT 1 trail=100%", "trail: '100%' is not a trailing distance"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(line: str, says: str) -> None:
    said = refusal(line)
    assert says.replace("/login: That", "That") in said
    assert "secret" not in said


def test_a_missing_argument_names_the_command_and_the_parameter() -> None:
    with pytest.raises(MissingArgument) as why:
        values("buy BTC/USDT")
    assert (why.value.spec.name, why.value.param.name) == ("buy", "size")


def test_hints_name_only_what_one_may_run() -> None:
    with pytest.raises(IntentError) as why:
        find("/clos", Role.VIEWER, COMMANDS)
    assert "close" not in str(why.value)


def test_an_actor_with_an_account_of_its_own_trades_there() -> None:
    ctx = DESK.context(PINE)
    assert values("buy BTCUSDT 0.01", ctx)["symbol"] == "BTC/USDT"
    desk = HandDesk(accounts=("broker", "demo"))
    assert values("buy BTCUSDT 0.01", desk.context(PINE))["symbol"] == "BTC/USDT"
    assert "not traded on broker" in refusal("buy BTCUSDT 0.01", desk.context(ANA))


def test_a_spelling_of_two_symbols_is_refused() -> None:
    desk = HandDesk(accounts=("demo",))
    twin = msgspec.structs.replace(BTC, symbol=Symbol("BTCUSDT_"))
    desk.valuation = Valuation(desk.book, {"demo": HandMarket(desk.clock, BTC, twin)}, "USDT")
    assert "'btcusdt' could be BTC/USDT or BTCUSDT_" in refusal("buy btcusdt 1", desk.context())
    assert values("buy btc/usdt 1", desk.context())["symbol"] == "BTC/USDT"


async def test_orders_by_id_or_the_beginning_of_one() -> None:
    desk = HandDesk()
    for order_id in ("abcdaaaaaaaaaaaa", "abceaaaaaaaaaaaa", "abcebbbbbbbbbbbb"):
        await desk.add_order(order_id)
    ctx = desk.context()

    def target(text: str) -> Any:
        return values(f"kinds BTC/USDT 1 1 {text}", ctx)["what"]

    assert target("abcdaaaaaaaaaaaa") == "abcdaaaaaaaaaaaa"
    assert isinstance(target("abcd"), OrderRef)
    assert target("#ABCD") == "abcdaaaaaaaaaaaa"
    assert target("btcusdt") == "BTC/USDT"
    assert not isinstance(target("btcusdt"), OrderRef)
    assert target("ALL") == "all"
    assert "Write more of it: abceaaaaaaaaaaaa or abcebbbbbbbbbbbb." in refusal("kinds BTC/USDT 1 1 abce", ctx)
    assert "is not a symbol or an order id or all" in refusal("kinds BTC/USDT 1 1 abc", ctx)
    assert values("kinds BTC/USDT 1 from=abcd", ctx) == {
        "symbol": "BTC/USDT", "size": Size(Decimal(1)), "from_": "abcdaaaaaaaaaaaa"
    }  # fmt: skip


# --- properties ------------------------------------------------------------------------------

VISIBLE = st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"]), max_size=12)
AMOUNT = st.decimals("0.000001", "999999", places=6)
OPTIONAL: dict[str, st.SearchStrategy[Any]] = {
    "part": st.builds(Part, AMOUNT, st.sampled_from([Unit.UNITS, Unit.VALUE]))
    | st.builds(Part, st.decimals("0.01", "100", places=2), st.just(Unit.POSITION)),
    "what": st.sampled_from(["all", "BTC/USDT", "EURUSD"]),
    "scope": st.sampled_from(["all", "demo", "trend", "ETH/USDT"]),
    "text": VISIBLE,
    "words": VISIBLE.map(str.strip),
    "quantity": AMOUNT,
    "value": st.decimals("0", "999999999", places=4),
    "trail": st.builds(Trail, st.decimals("0.01", "99", places=2), st.booleans()),
    "every": st.integers(1, 366 * 86400).map(lambda seconds: timedelta(seconds=seconds)),
    "at": st.builds(time, st.integers(0, 23), st.integers(0, 59)),
    "frame": st.sampled_from(["1m", "4h", "1d"]),
    "count": st.integers(1, 999999999),
    "post": st.booleans(),
    "tif": st.sampled_from(TimeInForce),
    "strategy": st.sampled_from(["trend", "mean"]),
}
SIZES = st.builds(Size, AMOUNT, st.sampled_from([Unit.UNITS, Unit.VALUE, Unit.EQUITY])) | st.builds(
    Size, st.decimals("0.01", "100", places=2), st.just(Unit.RISK)
)


@given(st.sampled_from(["BTC/USDT", "ETH/USDT:USDT", "EURUSD"]), SIZES, st.fixed_dictionaries({}, optional=OPTIONAL))
def test_what_is_formatted_reads_back(symbol: str, size: Size, optional: dict[str, Any]) -> None:
    meant = {"symbol": symbol, "size": size, **optional}
    line = format_line(COMMANDS["kinds"], {name: show(value) for name, value in meant.items()})
    assert values(f"/{line}") == meant


@given(
    st.sampled_from([spec for spec in COMMANDS.values() if spec.params]),
    st.data(),
)
def test_any_texts_reach_their_parameters(spec: Any, data: st.DataObject) -> None:
    odd = VISIBLE | st.sampled_from(
        ["a=b", "risk=1%", "at=1", "line=x", '"', "'", "“", '\\"', "live", "yes", "x every=1h"]
    )
    texts = {}
    for param in spec.params:
        if param.required or data.draw(st.booleans(), label=param.name):
            texts[param.name] = data.draw(odd, label=param.name).strip()
    line = format_line(spec, texts)
    found, rest = find(line, Role.ADMIN, COMMANDS)
    assert (found, bind(found, rest)) == (spec, texts)


PIECES = st.sampled_from(
    ["/", "buy", "kinds", "mode", "schedule", "confirm", "BTC/USDT", "btcusdt.p", "0.01", "risk=1%", "sl=", "=", '"',
     "'", "\\", "“", "every=1h", "line=", "all", "<b>x</b>", "'; DROP TABLE orders;--", "1e400", "NaN", "\u0661",
     "\x00", "\n", "\u202e", "\ud800", "x" * 400, "@bot", "#", "abcd", "account=demo"]
)  # fmt: skip
LINES = st.text(max_size=60) | st.lists(PIECES, max_size=8).map(" ".join) | st.lists(PIECES, max_size=8).map("".join)


@given(LINES)
def test_no_line_raises_anything_but_intent_error(line: str) -> None:
    said = ""
    try:
        values(line)
    except IntentError as why:
        said = str(why)
    assert not any(unicodedata.category(char) in UNSEEN for char in said)
    assert len(said) < 400
