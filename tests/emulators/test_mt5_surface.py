"""The emulated package against the real one's surface: names, constants, structures, arguments, errors."""

import hashlib
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import pytest

from tests.emulators.mt5 import records, states
from tests.emulators.mt5.desk import NOW, Mt5Desk, desk
from tests.emulators.mt5.module import FUNCTIONS, MetaTrader5
from tests.emulators.mt5.symbols import renamed

STRUCTURES = "AccountInfo BookInfo OrderCheckResult OrderSendResult SymbolInfo TerminalInfo Tick TradeDeal TradeOrder "
STRUCTURES += "TradePosition TradeRequest"


def _digest(lines: list[str]) -> str:
    return hashlib.sha256(" ".join(sorted(lines)).encode()).hexdigest()[:16]


def test_constants_are_those_of_the_package() -> None:
    """The digest is of all `name=value` in the `__init__.py` of the wheel 5.0.6231."""
    names = [name for name in dir(MetaTrader5) if name.isupper() and not name.startswith("_")]
    assert len(names) == 223
    assert _digest([f"{name}={getattr(MetaTrader5, name)}" for name in names]) == "085637eba3aa7818"
    assert MetaTrader5.__version__ == "5.0.6231"


def test_structures_have_the_fields_of_the_package_in_their_order() -> None:
    """The digest is of `name:field,field...` in the structure tables of the wheel 5.0.6231."""
    found = {name: getattr(records, name, None) or getattr(states, name) for name in STRUCTURES.split()}
    assert _digest([f"{name}:{','.join(kind._fields)}" for name, kind in found.items()]) == "2d11d4a8fc07e161"


def test_there_are_32_functions_and_nothing_else_to_call() -> None:
    assert len(FUNCTIONS) == 32
    with pytest.raises(AttributeError):
        desk().mt5.Buy  # noqa: B018


def _checked(record: Any) -> None:
    """Every field has exactly its type: a float is never an int, an enum never a float."""
    for name, value in record._asdict().items():
        kind = type(record).__annotations__[name]
        assert type(value) is kind, f"{type(record).__name__}.{name} is {value!r}"


def test_every_field_has_the_type_of_the_real_one() -> None:
    at = desk()
    assert at.buy("EURUSD", 1, sl=1, tp=2, magic=2**64 - 1).retcode == 10009
    sent = at.place("USDJPY", at.mt5.ORDER_TYPE_BUY_LIMIT, 1, 140)
    at.person.close(at.mt5.positions_get()[0].ticket, "0.4")
    for record in [
        sent,
        sent.request,
        at.mt5.order_check(at.request("EURUSD", 1)),
        at.mt5.account_info(),
        at.mt5.terminal_info(),
        at.mt5.symbol_info_tick("EURUSD"),
        *at.mt5.symbols_get(),
        *at.mt5.positions_get(),
        *at.mt5.orders_get(),
        *at.mt5.history_orders_get(0, NOW * 2),
        *at.mt5.history_deals_get(0, NOW * 2),
    ]:
        _checked(record)
    assert at.mt5.market_book_add("EURUSD")
    for row in at.mt5.market_book_get("EURUSD"):
        _checked(row)
    assert type(at.mt5.order_calc_margin(0, "EURUSD", 1, 1)) is float
    assert at.mt5.positions_get()[0].magic == 2**64 - 1


def test_nothing_answers_before_initialize_and_after_shutdown() -> None:
    at = desk()
    fresh = at.link()
    for link in (fresh, at.mt5):
        link.shutdown()
        assert (link.positions_get(), link.last_error()) == (None, (-10004, "No IPC connection"))
        assert link.order_send(at.request("EURUSD", 0.1)) is None
        assert link.symbol_select("EURUSD", True) is False
    assert fresh.initialize()
    assert (fresh.positions_get(), fresh.last_error()) == ((), (1, "Success"))
    assert at.mt5.account_info() is None  # each process initializes for itself


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"login": 5001, "password": "wrong", "server": "Emulated-Demo"}, -6),
        ({"login": 5001, "password": "secret", "server": "Other-Real"}, -6),
        ({"login": 9999, "password": "secret", "server": "Emulated-Demo"}, -6),
        ({"login": "5001"}, -2),
        ({"path": "D:\\nowhere\\terminal64.exe"}, -10003),
        ({"user": 5001}, -2),
    ],
)
def test_a_login_that_is_wrong(options: dict[str, Any], error: int) -> None:
    fresh = desk().link()
    assert fresh.initialize(**options) is False
    assert fresh.last_error()[0] == error
    assert fresh.account_info() is None


def test_login_changes_the_account() -> None:
    at = desk()
    at.terminal.account(7007, 50, password="other", trade_mode=at.mt5.ACCOUNT_TRADE_MODE_REAL, currency="EUR")
    assert at.mt5.login(7007, password="wrong") is False
    assert at.mt5.last_error() == (-6, "Terminal: Authorization failed")
    assert at.mt5.account_info().login == 5001
    assert at.mt5.login(login=7007, password="other", server="Emulated-Demo")
    info = at.mt5.account_info()
    assert (info.login, info.trade_mode, info.balance, info.currency) == (7007, 2, 50.0, "EUR")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"volume": "0.1"}, 'Invalid "volume" argument'),
        ({"volume": None}, 'Invalid "volume" argument'),
        ({"volume": Decimal("0.1")}, 'Invalid "volume" argument'),
        ({"price": float("nan")}, 'Invalid "price" argument'),
        ({"magic": -1}, 'Invalid "magic" argument'),
        ({"magic": 2**64}, 'Invalid "magic" argument'),
        ({"magic": 1.0}, 'Invalid "magic" argument'),
        ({"type_filling": True}, 'Invalid "type_filling" argument'),
        ({"expiration": "tomorrow"}, 'Invalid "expiration" argument'),
        ({"symbol": 5}, 'Invalid "symbol" argument'),
        ({"comment": None}, 'Invalid "comment" argument'),
        ({"comment": "x" * 30}, 'Invalid "comment" argument'),
        ({"comment": "order[1]"}, 'Invalid "comment" argument'),
    ],
)
def test_a_request_that_cannot_be_read_is_none_and_never_sent(change: dict[str, Any], text: str) -> None:
    at = desk()
    asked = {**at.request("EURUSD", 0.1), **change}
    assert at.mt5.order_send(asked) is None
    assert at.mt5.last_error() == (-2, text)
    assert at.mt5.order_check(asked) is None
    assert at.terminal.executed.facts == []
    assert at.mt5.order_send({}) is None
    assert at.mt5.order_send([]) is None


def test_comments_are_kept_as_far_as_the_server_keeps_them() -> None:
    at = desk()
    assert at.buy("EURUSD", 0.1, comment="x" * 29).retcode == 10009
    at.terminal.comment_limit = 0
    assert at.buy("EURUSD", 0.1, comment="y" * 40).retcode == 10009
    assert [one.comment for one in at.mt5.positions_get()] == ["x" * 29, "y" * 31]


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({"symbol": "EURUSD"}, {"EURUSD"}),
        ({"symbol": "NOPE"}, set()),
        ({"group": "*USD*"}, {"EURUSD", "GBPUSD", "USDJPY"}),
        ({"group": "*USD*, !EUR*"}, {"GBPUSD", "USDJPY"}),
        ({"ticket": 1}, set()),
    ],
)
def test_positions_are_filtered(asked: dict[str, Any], names: set[str]) -> None:
    at = desk()
    for name in ("EURUSD", "GBPUSD", "USDJPY", "EURJPY"):
        at.person.buy(name, "0.01")
    found = at.mt5.positions_get(**asked)
    assert found is not None
    assert {one.symbol for one in found} == names
    assert at.mt5.positions_total() == 4
    assert at.mt5.positions_get("EURUSD") is None
    assert at.mt5.last_error() == (-2, "Unnamed arguments not allowed")
    assert at.mt5.positions_get(ticket="5") is None


def test_history_is_in_the_brokers_time() -> None:
    """Everything is stamped three hours ahead of UTC: a range that ends with now in UTC misses it."""
    at = desk()
    sent = at.buy("EURUSD", 0.1)
    now = datetime.fromtimestamp(NOW, timezone.utc)
    assert at.mt5.history_deals_get(0, now) == ()
    assert at.mt5.history_deals_total(0, NOW + 3 * 3600) == 2  # the deposit is one
    deals = at.mt5.history_deals_get(ticket=sent.order)
    assert [one.ticket for one in deals] == [sent.deal]
    assert deals[0].time == at.mt5.symbol_info_tick("EURUSD").time == NOW + 3 * 3600
    assert at.mt5.history_deals_get(position=sent.order) == deals
    held, pending = at.mt5.positions_get()[0], at.place("EURUSD", at.mt5.ORDER_TYPE_BUY_LIMIT, 0.1, 1.07).order
    assert (held.time, held.time_msc, held.time_update) == (NOW + 10_800, (NOW + 10_800) * 1000, NOW + 10_800)
    assert at.mt5.orders_get(ticket=pending)[0].time_setup == NOW + 10_800
    assert [one.ticket for one in at.mt5.history_orders_get(ticket=sent.order)] == [sent.order]
    assert at.mt5.history_orders_total(NOW, NOW + 4 * 3600) == 1
    assert at.mt5.history_deals_get(0) is None
    assert at.mt5.last_error() == (-2, "Invalid number of arguments")
    assert at.mt5.history_deals_get("yesterday", 5) is None
    assert at.mt5.last_error()[1] == "Invalid 1st unnamed argument"


def test_symbols_and_the_market_watch() -> None:
    at = desk()
    at.terminal.list_symbol(renamed(at.terminal.market.symbols["EURUSD"], "EURUSD.m", shown=False, volume_min="0.1"))
    at.terminal.show("EURUSD.m", "1.08", "1.0802")
    found = at.mt5.symbols_get("EURUSD*")
    assert found is not None
    assert [(one.name, one.visible, one.volume_min) for one in found] == [
        ("EURUSD", True, 0.01),
        ("EURUSD.m", False, 0.1),
    ]
    assert at.mt5.symbol_info_tick("EURUSD.m") is None
    assert at.buy("EURUSD.m", 0.1).retcode == 10021
    assert at.mt5.symbol_select("EURUSD.m", True)
    assert at.mt5.symbol_info_tick("EURUSD.m").ask == 1.0802
    assert at.buy("EURUSD.m", 0.1).retcode == 10009
    assert at.mt5.symbol_select("EURUSD.m", False) is False  # there is a position
    assert at.mt5.symbol_info("NOPE") is None
    assert at.mt5.last_error() == (-4, "Terminal: Not found")
    assert at.mt5.symbol_select("NOPE") is False
    assert at.mt5.symbols_total() == len(at.mt5.symbols_get())


def test_bars_and_ticks() -> None:
    """Four prices over seven minutes: by hand, M1 has three bars and M5 has two."""
    at = desk()
    start = NOW + 3 * 3600
    at.terminal.advance(60)
    at.terminal.show("EURUSD", "1.09", "1.0901")
    at.terminal.show("EURUSD", "1.07", "1.0702")
    at.terminal.advance(360)
    at.terminal.show("EURUSD", "1.075", "1.0751")
    table = at.mt5.copy_rates_from_pos("EURUSD", at.mt5.TIMEFRAME_M1, 0, 10)
    assert table is not None
    assert table.tolist() == [
        (start, 1.08, 1.08, 1.08, 1.08, 1, 10, 0),
        (start + 60, 1.09, 1.09, 1.07, 1.07, 2, 10, 0),
        (start + 420, 1.075, 1.075, 1.075, 1.075, 1, 10, 0),
    ]
    five = at.mt5.copy_rates_range("EURUSD", at.mt5.TIMEFRAME_M5, start, start + 3600)
    assert five is not None
    assert [(row["time"], row["open"], row["high"], row["low"], row["close"]) for row in five] == [
        (start, 1.08, 1.09, 1.07, 1.07),
        (start + 300, 1.075, 1.075, 1.075, 1.075),
    ]
    assert five["tick_volume"] == [3, 1]
    assert at.mt5.copy_rates_from("EURUSD", at.mt5.TIMEFRAME_M1, start + 60, 1)[0]["time"] == start + 60
    assert at.mt5.copy_rates_from_pos("EURUSD", at.mt5.TIMEFRAME_M1, 1, 1)[0]["time"] == start + 60
    assert at.mt5.copy_rates_from_pos("EURUSD", at.mt5.TIMEFRAME_D1, 0, 5)[0]["time"] % 86_400 == 0
    assert at.mt5.copy_rates_from_pos("NOPE", at.mt5.TIMEFRAME_M1, 0, 5) is None
    assert at.mt5.copy_rates_from_pos("EURUSD", 7, 0, 5) is None
    assert at.mt5.last_error() == (-2, "Terminal: Invalid params")
    ticks = at.mt5.copy_ticks_from("EURUSD", start + 60, 2, at.mt5.COPY_TICKS_ALL)
    assert [row["bid"] for row in ticks] == [1.09, 1.07]
    assert len(at.mt5.copy_ticks_range("EURUSD", 0, NOW * 2, at.mt5.COPY_TICKS_INFO)) == 4
    assert len(at.mt5.copy_ticks_range("EURUSD", 0, NOW * 2, at.mt5.COPY_TICKS_TRADE)) == 0


def test_depth_of_market() -> None:
    at = desk()
    assert at.mt5.market_book_get("EURUSD") is None
    assert at.mt5.market_book_add("EURUSD")
    at.terminal.market.show_book("EURUSD", [("1.08", "5"), ("1.07", "9")], [("1.081", "4"), ("1.082", "8")])
    book = at.mt5.market_book_get("EURUSD")
    assert book is not None
    assert [(row.type, row.price, row.volume_dbl) for row in book] == [
        (1, 1.082, 8.0),
        (1, 1.081, 4.0),
        (2, 1.08, 5.0),
        (2, 1.07, 9.0),
    ]
    assert at.mt5.market_book_release("EURUSD")
    assert at.mt5.market_book_get("EURUSD") is None


def test_version_and_terminal() -> None:
    at: Mt5Desk = desk()
    version, info = at.mt5.version(), at.mt5.terminal_info()
    assert version is not None
    assert info is not None
    assert (version[0], version[1], info.connected, info.trade_allowed) == (500, info.build, True, True)
