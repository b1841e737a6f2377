"""Through the bridge the package is the same: every call, every field, every error."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.bridge.served import aside, served
from tests.emulators.mt5 import records, states
from tests.emulators.mt5.desk import NOW, Mt5Desk, desk
from tests.emulators.mt5.module import FUNCTIONS
from tests.emulators.mt5.symbols import renamed
from trading.mt5.bridge import structures
from trading.mt5.bridge.calls import CALLS
from trading.mt5.constants import Constants
from trading.mt5.constants import Constants as Theirs

START, END = datetime.fromtimestamp(NOW - 86_400, UTC), NOW + 86_400
QUESTIONS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("version", (), {}),
    ("terminal_info", (), {}),
    ("account_info", (), {}),
    ("symbols_total", (), {}),
    ("symbols_get", (), {"group": "*USD*"}),
    ("symbol_info", ("EURUSD",), {}),
    ("symbol_info", ("NONE",), {}),
    ("symbol_info_tick", ("EURUSD",), {}),
    ("symbol_select", ("GBPUSD", True), {}),
    ("symbol_select", ("NONE", True), {}),
    ("market_book_add", ("ACME",), {}),
    ("market_book_get", ("ACME",), {}),
    ("market_book_release", ("ACME",), {}),
    ("copy_rates_from", ("EURUSD", Constants.TIMEFRAME_M1, datetime.fromtimestamp(END, UTC), 5), {}),
    ("copy_rates_from_pos", ("EURUSD", Constants.TIMEFRAME_H1, 0, 5), {}),
    ("copy_rates_range", ("EURUSD", Constants.TIMEFRAME_M1, START, END), {}),
    ("copy_ticks_from", ("EURUSD", START, 10, Constants.COPY_TICKS_ALL), {}),
    ("copy_ticks_range", ("EURUSD", START, END, Constants.COPY_TICKS_ALL), {}),
    ("orders_total", (), {}),
    ("orders_get", (), {}),
    ("orders_get", (), {"symbol": "GBPUSD"}),
    ("positions_total", (), {}),
    ("positions_get", (), {}),
    ("positions_get", (), {"ticket": 1}),
    ("history_orders_total", (START, END), {}),
    ("history_orders_get", (START, END), {}),
    ("history_deals_total", (START, END), {}),
    ("history_deals_get", (START, END), {"group": "*EUR*"}),
    ("history_deals_get", (), {"position": 99}),
    ("history_deals_get", (), {}),
    ("order_calc_margin", (0, "EURUSD", 1.0, 1.08), {}),
    ("order_calc_profit", (0, "EURUSD", 1.0, 1.08, 1.09), {}),
    ("order_check", ({"action": 1, "symbol": "EURUSD", "volume": 0.1, "type": 0, "type_filling": 1},), {}),
]


def plain(answer: Any) -> Any:
    """An answer with the names of its fields."""
    if hasattr(answer, "_fields"):
        return type(answer).__name__, {name: plain(getattr(answer, name)) for name in answer._fields}
    if hasattr(answer, "dtype"):
        return answer.dtype.names, answer.tolist(), [row["time"] for row in answer], answer["time"]
    if isinstance(answer, tuple):
        return tuple(plain(each) for each in answer)
    return type(answer), answer


def test_the_calls_and_constants_are_those_of_the_package() -> None:
    assert set(CALLS) == FUNCTIONS
    assert len(CALLS) == 32
    public = {name: value for name, value in vars(Theirs).items() if not name.startswith("__") or name == "__version__"}
    ours = {name: value for name, value in vars(Constants).items() if name in public}
    assert ours == public


async def test_every_answer_is_the_one_that_the_package_gives(tmp_path: Path) -> None:
    there = desk()
    there.buy("EURUSD", 0.1, comment="first", magic=7)
    there.place("GBPUSD", Constants.ORDER_TYPE_BUY_LIMIT, 0.2, 1.2)
    async with served(tmp_path, there=there, tls=True) as bridge:
        mt5 = await bridge.linked()
        for name, unnamed, named in QUESTIONS:
            if name.startswith("market_book"):
                getattr(there.mt5, name)(*unnamed)
            expected = getattr(there.mt5, name)(*unnamed, **named)
            error = there.mt5.last_error()
            answer = await aside(getattr(mt5, name), *unnamed, **named)
            assert plain(answer) == plain(expected), name
            assert mt5.last_error() == error, name
        await aside(_trade, mt5, there)


def _trade(mt5: Any, there: Mt5Desk) -> None:
    sent = mt5.order_send(there.request("EURUSD", 0.3, magic=2**63, comment="ours"))
    assert (sent.retcode, sent.volume, sent.request.magic, sent.request.comment) == (10009, 0.3, 2**63, "ours")
    assert sent._asdict()["request"]._asdict()["symbol"] == "EURUSD"
    assert [deal.volume for deal in mt5.history_deals_get(ticket=sent.order)] == [0.3]
    assert mt5.order_send({**there.request("EURUSD", 0.001)}).retcode == Constants.TRADE_RETCODE_INVALID_VOLUME
    mt5.shutdown()
    assert mt5.account_info() is None
    assert mt5.last_error() == (-10004, "No IPC connection")
    assert mt5.initialize(login=5001, password="wrong") is False
    assert mt5.last_error()[0] == Constants.RES_E_AUTH_FAILED
    assert mt5.initialize(login=5001, password="secret", server="Emulated-Demo") is True


async def test_what_the_package_refuses_is_refused_before_it_is_sent(tmp_path: Path) -> None:
    async with served(tmp_path) as bridge:
        mt5 = await bridge.linked()
        assert await aside(mt5.order_send, {**bridge.desk.request("EURUSD", 0.1), "volume": None}) is None
        assert mt5.last_error() == (-2, 'Invalid "volume" argument')
        assert await aside(mt5.symbol_select, 7) is False
        assert mt5.last_error() == (-2, 'Invalid "symbol" argument')
        with pytest.raises(TypeError):
            mt5.symbol_info()
        with pytest.raises(TypeError):
            mt5.positions_get(colour="red")
        with pytest.raises(AttributeError):
            mt5.eval("1")
        assert bridge.desk.terminal.executed.rows() == []


async def test_another_process_has_a_link_of_its_own(tmp_path: Path) -> None:
    async with served(tmp_path) as bridge:
        first = await bridge.linked()
        await aside(first.close)
        second = bridge.client()
        assert await aside(second.account_info) is None
        assert second.last_error() == (-10004, "No IPC connection")
        assert await aside(second.initialize)
        assert (await aside(second.account_info)).login == 5001


async def test_which_terminal_is_started_is_not_the_bots_to_say(tmp_path: Path) -> None:
    async with served(tmp_path, path="C:\\elsewhere\\terminal64.exe") as bridge:
        mt5 = bridge.client()
        assert await aside(mt5.initialize, "C:\\Windows\\System32\\calc.exe") is False
        assert mt5.last_error() == (-2, "Which terminal is started is decided beside it: [bridge] terminal.")
        assert await aside(mt5.initialize) is False  # the emulated terminal is not where the settings say
        assert mt5.last_error()[0] == Constants.RES_E_INTERNAL_FAIL_INIT


async def test_an_answer_that_is_too_large_is_refused_in_words(tmp_path: Path) -> None:
    async with served(tmp_path) as bridge:
        mt5 = await bridge.linked()
        terminal = bridge.desk.terminal
        for number in range(100):
            terminal.list_symbol(renamed(terminal.market.symbols["EURUSD"], f"X{number}", description="é" * 100_000))
        assert await aside(mt5.symbols_get) is None
        code, text = mt5.last_error()
        assert code == Constants.RES_E_NO_MEMORY
        assert "ask for less" in text
        assert (await aside(mt5.symbol_info, "EURUSD")).name == "EURUSD"


def test_the_structures_are_those_of_the_package() -> None:
    theirs = {**vars(records), **vars(states)}
    ours = {name: kind for name, kind in vars(structures).items() if hasattr(kind, "_fields") and name != "Fields"}
    assert len(ours) == 11
    for name, kind in ours.items():
        assert kind._fields == theirs[name]._fields, name
